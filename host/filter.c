/*
 * filter.c - the products of Winograd's planes from filters that are not transformed yet: packing of weights, launch.
 * The arithmetic stands in cl/filter.cl.
 *
 * One launch reads each filter once from the memory for up to ROWS tiles of the batch, as convolution would; the
 * products of transformed weights (winograd.c) read four times as much.
 */
#include "filter.h"

#include <stdio.h>
#include <stdlib.h>

#include "device.h"
#include "tile.h"
#include "winograd.h"

enum { TAPS = 9, BLOCK = 32, ROWS = 96 };

/* As many sums as fit the registers beside a vector of each panel. */
static cr_tile tile_of(const cr_device *device, size_t rows)
{
  const unsigned width = device->facts.float_vector_width;
  const size_t waste8 = (8 - rows % 8) % 8, waste12 = (12 - rows % 12) % 12;
  cr_tile tile = {.rows = 4, .vectors = 2, .vector = 4, .local_rows = 1, .local_columns = 1};
  if (width >= 16)
    tile.rows = rows > 8 && waste12 <= waste8 ? 12 : 8, tile.vectors = 2, tile.vector = CR_PANEL;
  else if (width >= 8)
    tile.rows = 6, tile.vectors = 1, tile.vector = CR_PANEL;
  return tile;
}

static size_t scratch_bytes(const cr_winograd *w, const cr_tile *tile)
{
  return (size_t)(w->tile + 2) * (BLOCK * tile->vectors + 1) * tile->vector * sizeof(float);
}

bool cr_filter_fits(const cr_device *device, const cr_op *op)
{
  const cr_winograd *w = &op->winograd;
  if (op->kind != CR_WINOGRAD_PRODUCT || device->facts.type != CR_DEVICE_CPU) return false;
  const size_t bytes = cr_winograd_planes(w) * cr_padded(w->out_channels) * w->channels * sizeof(float);
  const cr_tile tile = tile_of(device, 1);
  return bytes >= device->filter_bytes && scratch_bytes(w, &tile) <= device->facts.local_memory_bytes;
}

clreid_status cr_filter_pack(cr_device *device, const cr_op *op, const float *weights, cr_buffer **packed,
                             clreid_error *error)
{
  const cr_winograd *w = &op->winograd;
  const size_t in = (size_t)w->channels, out = (size_t)w->out_channels, count = cr_padded(out) * in * TAPS;
  float *floats = calloc(count, sizeof *floats);
  if (!floats) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for the packed weights of %s", op->name);
  for (size_t o = 0; o < out; o++)
    for (size_t i = 0; i < in; i++)
      for (size_t t = 0; t < TAPS; t++)
        floats[((o / CR_PANEL * in + i) * TAPS + t) * CR_PANEL + o % CR_PANEL] = weights[(o * in + i) * TAPS + t];
  const clreid_status status = cr_buffer_create(device, count * sizeof *floats, floats, packed, error);
  free(floats);
  return status;
}

/* ---- Launch ----------------------------------------------------------------------------------------------------- */

static size_t rows_of(const cr_step *step, int batch)
{
  return (size_t)batch * cr_winograd_tiles(&step->op.winograd);
}

static clreid_status prepare(cr_step *step, clreid_error *error)
{
  const cr_op *op = &step->op;
  const cr_winograd *w = &op->winograd;
  const cr_view *input = &op->view[CR_INPUT], *output = &op->view[CR_OUTPUT];
  char options[128];
  step->tile = tile_of(step->queue->device, rows_of(step, step->largest_batch));
  const int used = cr_tile_options(step, 0, options, sizeof options);
  snprintf(options + used, sizeof options - (size_t)used, " -DFOLLOW=1 -DM=%d -DBLOCK=%d", w->tile, BLOCK);
  CR_TRY(cr_step_kernel(step, "filter.cl", options, op->plain ? "filter_plain" : "filter", error));
  cr_tile_name(step, "filter");
  cr_args args = {step->kernel, 0, CL_SUCCESS};
  cr_arg_buffer(&args, input->buffer, NULL);
  cr_arg_ulong(&args, input->offset);
  cr_arg_ulong(&args, 0); /* from plane to plane: bind */
  cr_arg_int(&args, input->row);
  cr_arg_buffer(&args, op->weights, NULL);
  cr_arg_buffer(&args, output->buffer, NULL);
  cr_arg_ulong(&args, output->offset);
  cr_arg_ulong(&args, 0); /* bind */
  cr_arg_int(&args, output->row);
  cr_arg_int(&args, 0); /* rows: bind */
  cr_arg_int(&args, ROWS);
  cr_arg_int(&args, cr_padded(w->out_channels) / CR_PANEL);
  cr_arg_int(&args, w->channels);
  cr_arg_local(&args, scratch_bytes(w, &step->tile));
  return cr_args_done(&args, error);
}

static clreid_status bind(cr_step *step, int batch, clreid_error *error)
{
  enum { INPUT_PLANE = 2, OUTPUT_PLANE = 7, ROW_COUNT = 9 };
  const cr_winograd *w = &step->op.winograd;
  const size_t rows = rows_of(step, batch), columns = cr_padded(w->out_channels);
  const size_t width = (size_t)step->tile.vectors * step->tile.vector;
  cr_args args = {step->kernel, INPUT_PLANE, CL_SUCCESS};
  cr_arg_ulong(&args, cr_winograd_plane(rows, step->op.view[CR_INPUT].row));
  args.next = OUTPUT_PLANE;
  cr_arg_ulong(&args, cr_winograd_plane(rows, step->op.view[CR_OUTPUT].row));
  args.next = ROW_COUNT;
  cr_arg_int(&args, rows);
  if (step->op.plain)
    cr_step_space(step, columns, rows, cr_winograd_planes(w));
  else
    cr_step_space(step, (columns + width - 1) / width, (rows + ROWS - 1) / ROWS, 1);
  return cr_args_done(&args, error);
}

const cr_operator cr_operator_filter = {prepare, bind, NULL};
