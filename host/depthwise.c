/*
 * depthwise.c - depthwise 3x3 convolution: packing of weights, launch. The arithmetic stands in cl/depthwise.cl.
 */
#include "depthwise.h"

#include <stdio.h>

#include "rows.h"

enum { TAPS = 9, STRIP = 4 }; /* STRIP: output pixels of a strip */

bool cr_depthwise_fits(const cr_op *op)
{
  const cr_conv *c = &op->conv;
  return op->kind == CR_CONV && c->groups == c->channels && c->groups == c->out_channels && c->groups > 1 &&
         c->kernel_height == 3 && c->kernel_width == 3 && c->stride_height == c->stride_width &&
         c->stride_height <= 2 && c->dilation_height == 1 && c->dilation_width == 1 && !c->input_line &&
         op->activation != CR_SIGMOID && !op->view[CR_RESIDUAL].row; /* a view of nothing has no rows */
}

void cr_depthwise_pack(const cr_conv *conv, const float *weights, const float *scale, float *packed)
{
  const size_t padded = cr_padded(conv->channels);
  for (int c = 0; c < conv->channels; c++)
    for (size_t t = 0; t < TAPS; t++) packed[t * padded + c] = weights[(size_t)c * TAPS + t] * (scale ? scale[c] : 1);
}

static size_t strips(const cr_conv *c)
{
  return ((size_t)c->out_width + STRIP - 1) / STRIP;
}

/* Lines of a work-item on a CPU: few enough that all cores have some of a single picture. */
enum { LINES = 4 };

static bool walks(const cr_step *step)
{
  return cr_rows_walk(step) && !step->op.plain;
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
  cr_arg_int(&args, cr_padded(c->channels));
  cr_arg_int(&args, c->out_height);
  cr_arg_int(&args, c->out_width);
  cr_arg_int(&args, c->padding_height);
  cr_arg_int(&args, c->padding_width);
  cr_arg_int(&args, walks(step) ? LINES : 1);
  cr_arg_int(&args, cr_epilogue_flags(op));
  return cr_args_done(&args, error);
}

static clreid_status prepare(cr_step *step, clreid_error *error)
{
  const cr_facts *facts = &step->queue->device->facts;
  const cr_conv *c = &step->op.conv;
  const int vector = cr_rows_vector(step);
  char options[128];
  snprintf(options, sizeof options, "-DV=%d -DHALF=%d -DSTRIP=%d -DSTRIDE=%d -DWALK=%d", vector, step->op.half,
           step->op.plain ? 1 : STRIP, c->stride_height, walks(step));
  CR_TRY(cr_step_kernel(step, "depthwise.cl", options, step->op.plain ? "depthwise_plain" : "depthwise", error));
  snprintf(step->variant, sizeof step->variant, step->op.plain ? "depthwise plain" : "depthwise %dx%d", STRIP, vector);
  const size_t vectors = cr_padded(c->channels) / vector;
  if (facts->type != CR_DEVICE_CPU && !step->op.plain)
    while (step->local[0] < vectors && step->local[0] < 64 && step->local[0] * 2 <= facts->largest_work_group)
      step->local[0] *= 2;
  return set_arguments(step, error);
}

static clreid_status bind(cr_step *step, int batch, clreid_error *error)
{
  (void)error;
  const cr_conv *c = &step->op.conv;
  const size_t padded = cr_padded(c->channels), lines = (size_t)c->out_height;
  if (step->op.plain)
    cr_step_space(step, padded, lines * c->out_width, batch);
  else if (walks(step))
    cr_step_space(step, 1, (lines + LINES - 1) / LINES, batch);
  else
    cr_step_space(step, padded / cr_rows_vector(step), lines * strips(c), batch);
  return CLREID_OK;
}

const cr_operator cr_operator_depthwise = {.prepare = prepare, .bind = bind};
