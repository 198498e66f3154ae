/*
 * winograd.c - 3x3 convolution by minimal filtering: packing of weights and the launches of its three steps. The
 * transforms stand in cl/winograd.cl, the products in cl/gemm.cl.
 *
 * Planes hold all tiles of the batch that runs, so that a product reads its weights once for all pictures; their stride
 * is set in bind.
 */
#include <stdio.h>
#include <stdlib.h>

#include "rows.h"
#include "tile.h"

enum { TAPS = 3, LARGEST_SIDE = 6 };

static int side(const cr_winograd *w)
{
  return w->tile + TAPS - 1;
}

static int planes(const cr_winograd *w)
{
  return side(w) * side(w);
}

static int tiles_across(const cr_winograd *w)
{
  return (w->out_width + w->tile - 1) / w->tile;
}

int cr_winograd_tiles(const cr_winograd *w)
{
  return (w->out_height + w->tile - 1) / w->tile * tiles_across(w);
}

int cr_winograd_planes(const cr_winograd *w)
{
  return planes(w);
}

/* From plane to plane, in elements; cl/winograd.cl has the same. */
static size_t plane_stride(size_t tiles, size_t row)
{
  return tiles * row + CR_PANEL;
}

size_t cr_winograd_rows(const cr_winograd *w, size_t row)
{
  return (planes(w) * plane_stride(cr_winograd_tiles(w), row) + row - 1) / row;
}

/* ---- Weights ---------------------------------------------------------------------------------------------------- */

/* T_weights of F(2 x 2) and F(4 x 4): rows of A, columns of taps. */
static const double transforms[2][LARGEST_SIDE][TAPS] = {
    {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}},
    {{1.0 / 4, 0, 0},
     {-1.0 / 6, -1.0 / 6, -1.0 / 6},
     {-1.0 / 6, 1.0 / 6, -1.0 / 6},
     {1.0 / 24, 1.0 / 12, 1.0 / 6},
     {1.0 / 24, -1.0 / 12, 1.0 / 6},
     {0, 0, 1}},
};

/* T g T^t for one 3x3 window g, in double, rounded once. */
static void transform_window(const cr_winograd *w, const float *g, float *to, size_t plane)
{
  const int a = side(w);
  const double(*t)[TAPS] = transforms[w->tile == 4];
  for (int y = 0; y < a; y++) {
    double line[TAPS];
    for (int x = 0; x < TAPS; x++) line[x] = t[y][0] * g[x] + t[y][1] * g[TAPS + x] + t[y][2] * g[2 * TAPS + x];
    for (int x = 0; x < a; x++)
      to[(size_t)(y * a + x) * plane] = (float)(line[0] * t[x][0] + line[1] * t[x][1] + line[2] * t[x][2]);
  }
}

clreid_status cr_winograd_pack(cr_device *device, const cr_op *op, const float *weights, cr_buffer **packed,
                               clreid_error *error)
{
  const cr_winograd *w = &op->winograd;
  const size_t in = (size_t)w->channels, out = (size_t)w->out_channels, plane = cr_padded(out) * in;
  float *floats = calloc((size_t)planes(w) * plane, sizeof *floats);
  if (!floats) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for the transformed weights of %s", op->name);
  for (size_t panel = 0; panel < out; panel += CR_PANEL) /* whole lines of memory at a time */
    for (size_t i = 0; i < in; i++)
      for (size_t o = panel; o < out && o < panel + CR_PANEL; o++)
        transform_window(w, weights + (o * in + i) * TAPS * TAPS, floats + (panel * in + i * CR_PANEL) + (o - panel),
                         plane);
  const clreid_status status =
      cr_buffer_create_constant(device, (size_t)planes(w) * plane * sizeof *floats, floats, packed, error);
  free(floats);
  return status;
}

/* ---- The input's transform -------------------------------------------------------------------------------------- */

static clreid_status create_kernel(cr_step *step, const char *kernel, clreid_error *error)
{
  char options[64];
  const int vector = cr_rows_vector(step);
  snprintf(options, sizeof options, "-DV=%d -DWALK=%d -DHALF=%d -DM=%d", vector, cr_rows_walk(step), step->op.half,
           step->op.winograd.tile);
  snprintf(step->variant, sizeof step->variant, "%s F%d vec%d", kernel, step->op.winograd.tile, vector);
  return cr_step_kernel(step, "winograd.cl", options, kernel, error);
}

static clreid_status prepare_input(cr_step *step, clreid_error *error)
{
  const cr_winograd *w = &step->op.winograd;
  const cr_view *output = &step->op.view[CR_OUTPUT];
  CR_TRY(create_kernel(step, "winograd_input", error));
  cr_args args = {step->kernel, 0, CL_SUCCESS};
  cr_arg_view(&args, &step->op.view[CR_INPUT], NULL);
  cr_arg_buffer(&args, output->buffer, NULL);
  cr_arg_ulong(&args, output->offset);
  cr_arg_int(&args, output->row);
  cr_arg_int(&args, w->height);
  cr_arg_int(&args, w->width);
  cr_arg_int(&args, cr_padded(w->channels));
  cr_arg_int(&args, tiles_across(w));
  cr_arg_int(&args, cr_winograd_tiles(w));
  cr_arg_int(&args, w->padding);
  return cr_args_done(&args, error);
}

static clreid_status bind_input(cr_step *step, int batch, clreid_error *error)
{
  enum { TILES = 13 };
  const cr_winograd *w = &step->op.winograd;
  const size_t tiles = (size_t)batch * cr_winograd_tiles(w);
  cr_args args = {step->kernel, TILES, CL_SUCCESS};
  cr_arg_int(&args, tiles);
  cr_rows_space(step, w->channels, tiles, 1);
  return cr_args_done(&args, error);
}

const cr_operator cr_operator_winograd_input = {.prepare = prepare_input, .bind = bind_input};

/* ---- The products: gemm, with planes for pictures ---------------------------------------------------------------- */

static clreid_status prepare_product(cr_step *step, clreid_error *error)
{
  const cr_op *op = &step->op;
  const cr_winograd *w = &op->winograd;
  const cr_view *input = &op->view[CR_INPUT], *output = &op->view[CR_OUTPUT];
  char options[128];
  cr_step_tile(step);
  const int used = cr_tile_options(step, 0, options, sizeof options);
  if (step->queue->device->facts.type == CR_DEVICE_CPU) /* on others it is gemm's own program */
    snprintf(options + used, sizeof options - (size_t)used, " -DFOLLOW=1");
  CR_TRY(cr_step_kernel(step, "gemm.cl", options, op->plain ? "gemm_plain" : "gemm", error));
  cr_tile_name(step, "winograd_product");
  cr_args args = {step->kernel, 0, CL_SUCCESS};
  cr_arg_buffer(&args, input->buffer, NULL);
  cr_arg_ulong(&args, input->offset);
  cr_arg_ulong(&args, 0); /* from plane to plane: bind */
  cr_arg_int(&args, input->row);
  cr_arg_int(&args, 1);
  cr_arg_buffer(&args, op->weights, NULL);
  cr_arg_ulong(&args, 0);
  cr_arg_ulong(&args, cr_padded(w->out_channels) * w->channels);
  cr_arg_int(&args, CR_PANEL);
  cr_arg_ulong(&args, (size_t)w->channels * CR_PANEL);
  cr_arg_buffer(&args, NULL, input->buffer); /* no bias */
  cr_arg_buffer(&args, NULL, input->buffer); /* no residual */
  cr_arg_ulong(&args, 0);
  cr_arg_ulong(&args, 0);
  cr_arg_int(&args, 0);
  cr_arg_buffer(&args, output->buffer, NULL);
  cr_arg_ulong(&args, output->offset);
  cr_arg_ulong(&args, 0); /* bind */
  cr_arg_int(&args, output->row);
  cr_arg_int(&args, 0); /* rows: bind */
  cr_arg_int(&args, cr_padded(w->out_channels) / CR_PANEL);
  cr_arg_int(&args, w->channels);
  cr_arg_int(&args, 0);
  return cr_args_done(&args, error);
}

static clreid_status bind_product(cr_step *step, int batch, clreid_error *error)
{
  enum { A_PICTURE = 2, OUTPUT_PICTURE = 17, ROWS = 19 };
  const cr_winograd *w = &step->op.winograd;
  const size_t rows = (size_t)batch * cr_winograd_tiles(w);
  cr_args args = {step->kernel, A_PICTURE, CL_SUCCESS};
  cr_arg_ulong(&args, plane_stride(rows, step->op.view[CR_INPUT].row));
  args.next = OUTPUT_PICTURE;
  cr_arg_ulong(&args, plane_stride(rows, step->op.view[CR_OUTPUT].row));
  args.next = ROWS;
  cr_arg_int(&args, rows);
  if (step->op.plain)
    cr_step_space(step, cr_padded(w->out_channels), rows, planes(w));
  else
    cr_tile_space(step, rows, w->out_channels, planes(w));
  return cr_args_done(&args, error);
}

const cr_operator cr_operator_winograd_product = {.prepare = prepare_product, .bind = bind_product};

/* ---- The output's transform -------------------------------------------------------------------------------------- */

static clreid_status prepare_output(cr_step *step, clreid_error *error)
{
  const cr_op *op = &step->op;
  const cr_winograd *w = &op->winograd;
  const cr_view *input = &op->view[CR_INPUT];
  CR_TRY(create_kernel(step, "winograd_output", error));
  cr_args args = {step->kernel, 0, CL_SUCCESS};
  cr_arg_buffer(&args, input->buffer, NULL);
  cr_arg_ulong(&args, input->offset);
  cr_arg_int(&args, input->row);
  cr_arg_buffer(&args, op->bias, input->buffer);
  cr_arg_view(&args, &op->view[CR_RESIDUAL], input->buffer);
  cr_arg_view(&args, &op->view[CR_OUTPUT], NULL);
  cr_arg_int(&args, w->out_height);
  cr_arg_int(&args, w->out_width);
  cr_arg_int(&args, cr_padded(w->out_channels));
  cr_arg_int(&args, tiles_across(w));
  cr_arg_int(&args, cr_winograd_tiles(w));
  cr_arg_int(&args, cr_epilogue_flags(op));
  return cr_args_done(&args, error);
}

static clreid_status bind_output(cr_step *step, int batch, clreid_error *error)
{
  enum { TILES = 18 };
  const cr_winograd *w = &step->op.winograd;
  const size_t tiles = (size_t)batch * cr_winograd_tiles(w);
  cr_args args = {step->kernel, TILES, CL_SUCCESS};
  cr_arg_int(&args, tiles);
  cr_rows_space(step, w->out_channels, tiles, 1);
  return cr_args_done(&args, error);
}

const cr_operator cr_operator_winograd_output = {.prepare = prepare_output, .bind = bind_output};
