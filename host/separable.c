/*
 * separable.c - pointwise and depthwise convolution in one pass: launch. The arithmetic stands in cl/separable.cl.
 */
#include <stdio.h>

#include "rows.h"
#include "tile.h"

enum { RING = 8 }; /* as in cl/separable.cl */
enum { ARG_BAND = 16 };

/* Bytes of local memory of a work-group. */
static size_t ring_bytes(const cr_step *step)
{
  return (size_t)RING * step->op.separable.width * step->tile.vectors * CR_PANEL * sizeof(float);
}

int cr_separable_most(const cr_device *device)
{
  enum { MANY = 1 << 14 };
  const uint64_t most = device->facts.local_memory_bytes / (RING * CR_PANEL * sizeof(float));
  return most && most < MANY ? (int)most : MANY; /* a driver that does not say gives 0 */
}

static size_t panel_tiles(const cr_step *step)
{
  const size_t panels = cr_padded(step->op.separable.out_channels) / CR_PANEL, wide = (size_t)step->tile.vectors;
  return (panels + wide - 1) / wide;
}

static clreid_status set_arguments(cr_step *step, clreid_error *error)
{
  const cr_op *op = &step->op;
  const cr_separable *s = &op->separable;
  cr_args args = {step->kernel, 0, CL_SUCCESS};
  cr_arg_view(&args, &op->view[CR_INPUT], NULL);
  cr_arg_buffer(&args, op->weights, NULL);
  cr_arg_buffer(&args, op->bias, NULL);
  cr_arg_view(&args, &op->view[CR_OUTPUT], NULL);
  cr_arg_int(&args, s->height);
  cr_arg_int(&args, s->width);
  cr_arg_int(&args, s->channels);
  cr_arg_int(&args, s->out_height);
  cr_arg_int(&args, s->out_width);
  cr_arg_int(&args, cr_padded(s->out_channels) / CR_PANEL);
  cr_arg_int(&args, s->out_height);
  cr_arg_local(&args, ring_bytes(step));
  return cr_args_done(&args, error);
}

static clreid_status prepare(cr_step *step, clreid_error *error)
{
  const cr_facts *facts = &step->queue->device->facts;
  const cr_separable *s = &step->op.separable;
  cr_step_tile(step);
  while (facts->local_memory_bytes && ring_bytes(step) > facts->local_memory_bytes && step->tile.vectors > 1)
    step->tile.vectors--;
  const size_t bytes = ring_bytes(step);
  if (facts->local_memory_bytes && bytes > facts->local_memory_bytes)
    return cr_fail(error, CLREID_UNSUPPORTED_DEVICE,
                   "%s needs %zu bytes of local memory, but the device has %llu; use another device", step->op.name,
                   bytes, (unsigned long long)facts->local_memory_bytes);
  char options[128];
  snprintf(options, sizeof options, "-DTM=%d -DTN=%d -DSTRIDE=%d -DHALF=%d", step->tile.rows, step->tile.vectors,
           s->stride, step->op.half);
  CR_TRY(cr_step_kernel(step, "separable.cl", options, step->op.plain ? "separable_plain" : "separable", error));
  cr_tile_name(step, "separable");
  return set_arguments(step, error);
}

/* Lines of a band: all, for a band computes two lines of its neighbours again; fewer while there is less than a
 * work-item or two a core. Sums do not depend on it. */
static int band_lines(const cr_step *step, int batch)
{
  enum { FEWEST = 4 };
  const cr_separable *s = &step->op.separable;
  const size_t wanted = 2 * (size_t)step->queue->device->facts.compute_units;
  const size_t items = panel_tiles(step) * (size_t)batch;
  int band = s->out_height;
  while (band > FEWEST && items * (size_t)((s->out_height + band - 1) / band) < wanted) band = (band + 1) / 2;
  return band;
}

static clreid_status bind(cr_step *step, int batch, clreid_error *error)
{
  const cr_separable *s = &step->op.separable;
  const int band = band_lines(step, batch);
  if (step->op.plain) {
    cr_step_space(step, cr_padded(s->out_channels), (size_t)s->out_height * s->out_width, batch);
    return CLREID_OK;
  }
  cr_args args = {step->kernel, ARG_BAND, CL_SUCCESS};
  cr_arg_int(&args, band);
  cr_step_space(step, panel_tiles(step), (size_t)(s->out_height + band - 1) / band, batch);
  return cr_args_done(&args, error);
}

const cr_operator cr_operator_separable = {.prepare = prepare, .bind = bind};
