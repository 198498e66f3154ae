/*
 * separable.c - pointwise and depthwise convolution in one pass: launch. The arithmetic stands in cl/separable.cl.
 */
#include <stdio.h>

#include "rows.h"
#include "tile.h"

enum { RING = 8 }; /* as in cl/separable.cl */
enum { ARG_BAND = 16 };

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
  cr_arg_local(&args, (size_t)RING * s->width * CR_PANEL * sizeof(float));
  return cr_args_done(&args, error);
}

static clreid_status prepare(cr_step *step, clreid_error *error)
{
  const cr_facts *facts = &step->queue->device->facts;
  const cr_separable *s = &step->op.separable;
  const size_t bytes = (size_t)RING * s->width * CR_PANEL * sizeof(float);
  if (facts->local_memory_bytes && bytes > facts->local_memory_bytes)
    return cr_fail(error, CLREID_UNSUPPORTED_DEVICE,
                   "%s needs %zu bytes of local memory, but the device has %llu; use another device", step->op.name,
                   bytes, (unsigned long long)facts->local_memory_bytes);
  char options[128];
  cr_step_tile(step);
  snprintf(options, sizeof options, "-DTM=%d -DSTRIDE=%d -DHALF=%d", step->tile.rows, s->stride, step->op.half);
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
  const size_t items = cr_padded(s->out_channels) / CR_PANEL * (size_t)batch;
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
  cr_step_space(step, cr_padded(s->out_channels) / CR_PANEL, (size_t)(s->out_height + band - 1) / band, batch);
  return cr_args_done(&args, error);
}

const cr_operator cr_operator_separable = {prepare, bind, NULL};
