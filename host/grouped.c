/*
 * grouped.c - 3x3 convolution in small groups: packing of weights, launch. The arithmetic stands in cl/grouped.cl.
 */
#include "grouped.h"

#include <stdio.h>

#include "rows.h"

enum { TAPS = 9 };

static int group(const cr_conv *c)
{
  return c->channels / c->groups;
}

bool cr_grouped_fits(const cr_device *device, const cr_op *op)
{
  const cr_conv *c = &op->conv;
  return cr_facts_walk(&device->facts) && op->kind == CR_CONV && c->channels == c->out_channels &&
         c->channels % CR_PANEL == 0 && c->groups >= 1 && c->channels % c->groups == 0 &&
         (group(c) == 4 || group(c) == 8 || group(c) == 16) && c->kernel_height == 3 && c->kernel_width == 3 &&
         c->stride_height == c->stride_width && c->stride_height <= 2 && c->dilation_height == 1 &&
         c->dilation_width == 1 && !c->input_line && op->activation != CR_SIGMOID && !op->as_float[CR_OUTPUT] &&
         !op->view[CR_RESIDUAL].row && !op->view[CR_GATE].row; /* a view of nothing has no rows */
}

void cr_grouped_pack(const cr_conv *conv, const float *weights, const float *scale, float *packed)
{
  const size_t in = (size_t)group(conv);
  for (size_t o = 0; o < (size_t)conv->out_channels; o++) {
    float *lane = packed + o / CR_PANEL * TAPS * in * CR_PANEL + o % CR_PANEL;
    for (size_t t = 0; t < TAPS; t++)
      for (size_t i = 0; i < in; i++)
        lane[(t * in + i) * CR_PANEL] = weights[(o * in + i) * TAPS + t] * (scale ? scale[o] : 1);
  }
}

/* ---- Launch ----------------------------------------------------------------------------------------------------- */

/* Output pixels of a strip: as many sums as fit the registers beside a vector of weights. What lies under a strip of
 * stride 2 is twice as wide, and is kept as small. */
static int strip(const cr_step *step)
{
  const unsigned width = step->queue->device->facts.float_vector_width;
  const int pixels = width >= 16 ? 12 : width >= 8 ? 6 : 2;
  return step->op.conv.stride_height == 2 && pixels > 2 ? pixels / 2 : pixels;
}

/* Lines of a work-item: equal blocks of about 16, so that all cores have some of a single picture and few rows are
 * spread twice. */
static int lines(const cr_conv *c)
{
  const int blocks = c->out_height < 24 ? 1 : (c->out_height + 8) / 16;
  return (c->out_height + blocks - 1) / blocks;
}

static clreid_status set_arguments(cr_step *step, clreid_error *error)
{
  const cr_op *op = &step->op;
  const cr_conv *c = &op->conv;
  cr_args args = {step->kernel, 0, CL_SUCCESS};
  cr_arg_view(&args, &op->view[CR_INPUT], NULL);
  cr_arg_buffer(&args, op->weights, NULL);
  cr_arg_buffer(&args, op->bias, op->weights);
  cr_arg_view(&args, &op->view[CR_OUTPUT], NULL);
  cr_arg_int(&args, c->height);
  cr_arg_int(&args, c->width);
  cr_arg_int(&args, c->out_height);
  cr_arg_int(&args, c->out_width);
  cr_arg_int(&args, c->padding_height);
  cr_arg_int(&args, c->padding_width);
  cr_arg_int(&args, lines(c));
  cr_arg_int(&args, cr_epilogue_flags(op));
  return cr_args_done(&args, error);
}

static clreid_status prepare(cr_step *step, clreid_error *error)
{
  const cr_conv *c = &step->op.conv;
  const bool plain = step->op.plain;
  char options[128];
  snprintf(options, sizeof options, "-DHALF=%d -DGROUP=%d -DSTRIP=%d -DSTRIDE=%d", step->op.half, group(c), strip(step),
           c->stride_height);
  CR_TRY(cr_step_kernel(step, "grouped.cl", options, plain ? "grouped_plain" : "grouped", error));
  if (plain)
    snprintf(step->variant, sizeof step->variant, "grouped plain");
  else
    snprintf(step->variant, sizeof step->variant, "grouped %d of %d", strip(step), group(c));
  return set_arguments(step, error);
}

static clreid_status bind(cr_step *step, int batch, clreid_error *error)
{
  (void)error;
  const cr_conv *c = &step->op.conv;
  const size_t strips = ((size_t)c->out_width + strip(step) - 1) / strip(step);
  const size_t blocks = ((size_t)c->out_height + lines(c) - 1) / lines(c);
  if (step->op.plain)
    cr_step_space(step, c->channels, (size_t)c->out_height * c->out_width, batch);
  else
    cr_step_space(step, c->channels / CR_PANEL, strips * blocks, batch);
  return CLREID_OK;
}

const cr_operator cr_operator_grouped = {.prepare = prepare, .bind = bind};
