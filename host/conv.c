/*
 * conv.c - convolution: packing of weights, choice of the tile, launch. The arithmetic stands in cl/conv.cl.
 */
#include <stdio.h>
#include <stdlib.h>

#include "depthwise.h"
#include "grouped.h"
#include "tile.h"

/* ---- Groups and panels ------------------------------------------------------------------------------------------ */

static int group_in(const cr_conv *conv)
{
  return conv->channels / conv->groups;
}

static int group_out(const cr_conv *conv)
{
  return conv->out_channels / conv->groups;
}

/* Input channels that the outputs of one panel read, the same for all panels: those of every group that a panel of
 * CR_PANEL outputs can touch. */
static int panel_depth(const cr_conv *conv)
{
  const int out = group_out(conv), panels = (int)cr_padded(conv->out_channels) / CR_PANEL;
  int most = 1;
  for (int p = 0; p < panels; p++) {
    const int last =
        p * CR_PANEL + CR_PANEL - 1 < conv->out_channels ? p * CR_PANEL + CR_PANEL - 1 : conv->out_channels - 1;
    const int groups = last / out - p * CR_PANEL / out + 1;
    if (groups > most) most = groups;
  }
  return most * group_in(conv);
}

static int first_channel(const cr_conv *conv, int panel, int depth)
{
  const int first = panel * CR_PANEL / group_out(conv) * group_in(conv);
  return first < conv->channels - depth ? first : conv->channels - depth;
}

/* ---- Weights ---------------------------------------------------------------------------------------------------- */

/* [out][in / groups][kh][kw] -> [panel][tap][depth][CR_PANEL]; see cl/conv.cl. packed is all zero before. */
static void pack_panels(const cr_conv *conv, const float *weights, const float *scale, float *packed)
{
  const int taps = conv->kernel_height * conv->kernel_width, depth = panel_depth(conv);
  const int in = group_in(conv), out = group_out(conv);
  for (int o = 0; o < conv->out_channels; o++) {
    const int panel = o / CR_PANEL;
    const int shift = o / out * in - first_channel(conv, panel, depth);
    const float factor = scale ? scale[o] : 1;
    for (int t = 0; t < taps; t++) {
      float *lane = packed + (((size_t)panel * taps + t) * depth + shift) * CR_PANEL + o % CR_PANEL;
      const float *from = weights + (size_t)o * in * taps + t;
      for (int i = 0; i < in; i++) lane[(size_t)i * CR_PANEL] = from[(size_t)i * taps] * factor;
    }
  }
}

clreid_status cr_conv_pack(cr_device *device, const cr_op *op, const float *weights, const float *scale,
                           cr_buffer **packed, clreid_error *error)
{
  const cr_conv *conv = &op->conv;
  const bool depthwise = cr_depthwise_fits(op), grouped = cr_grouped_fits(device, op);
  const int depth = depthwise ? 1 : grouped ? group_in(conv) : panel_depth(conv);
  const size_t count = cr_padded(conv->out_channels) * conv->kernel_height * conv->kernel_width * depth;
  float *floats = calloc(count, sizeof *floats);
  uint16_t *halves = op->half ? malloc(count * sizeof *halves) : NULL;
  clreid_status status = CLREID_OK;
  if (!floats || (op->half && !halves)) {
    status = cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for the %zu weights of %s", count, op->name);
  } else {
    (depthwise ? cr_depthwise_pack : grouped ? cr_grouped_pack : pack_panels)(conv, weights, scale, floats);
    if (op->half) cr_to_half(floats, halves, count);
    status = cr_buffer_create_constant(device, count * (op->half ? sizeof *halves : sizeof *floats),
                                       op->half ? (const void *)halves : floats, packed, error);
  }
  free(floats);
  free(halves);
  return status;
}

/* ---- Launch ----------------------------------------------------------------------------------------------------- */

enum { ARG_ROWS = 37 }; /* index of the one argument that depends on the batch */

static clreid_status set_arguments(cr_step *step, clreid_error *error)
{
  const cr_op *op = &step->op;
  const cr_conv *c = &op->conv;
  const cr_view *input = &op->view[CR_INPUT], *output = &op->view[CR_OUTPUT], *residual = &op->view[CR_RESIDUAL];
  const cr_view *gate = &op->view[CR_GATE];
  cr_args args = {step->kernel, 0, CL_SUCCESS};
  cr_arg_buffer(&args, input->buffer, NULL);
  cr_arg_ulong(&args, input->offset);
  cr_arg_ulong(&args, input->picture);
  cr_arg_int(&args, c->input_line ? c->input_line : c->width * input->row);
  cr_arg_int(&args, input->row);
  cr_arg_buffer(&args, op->weights, NULL);
  cr_arg_buffer(&args, op->bias, step->zeros);
  cr_arg_buffer(&args, residual->buffer, step->zeros);
  cr_arg_ulong(&args, residual->offset);
  cr_arg_ulong(&args, residual->picture);
  cr_arg_int(&args, residual->row);
  cr_arg_buffer(&args, gate->buffer, step->zeros);
  cr_arg_ulong(&args, gate->offset);
  cr_arg_ulong(&args, gate->picture);
  cr_arg_buffer(&args, output->buffer, NULL);
  cr_arg_ulong(&args, output->offset);
  cr_arg_ulong(&args, output->picture);
  cr_arg_int(&args, output->row);
  cr_arg_buffer(&args, step->zeros, NULL);
  cr_arg_int(&args, c->height);
  cr_arg_int(&args, c->width);
  cr_arg_int(&args, c->channels);
  cr_arg_int(&args, c->out_width);
  cr_arg_int(&args, (size_t)c->out_height * c->out_width);
  cr_arg_int(&args, cr_padded(c->out_channels) / CR_PANEL);
  cr_arg_int(&args, c->kernel_height);
  cr_arg_int(&args, c->kernel_width);
  cr_arg_int(&args, c->stride_height);
  cr_arg_int(&args, c->stride_width);
  cr_arg_int(&args, c->padding_height);
  cr_arg_int(&args, c->padding_width);
  cr_arg_int(&args, c->dilation_height);
  cr_arg_int(&args, c->dilation_width);
  cr_arg_int(&args, group_in(c));
  cr_arg_int(&args, group_out(c));
  cr_arg_int(&args, panel_depth(c));
  cr_arg_int(&args, cr_epilogue_flags(op));
  return cr_args_done(&args, error);
}

static clreid_status create_zeros(cr_step *step, clreid_error *error)
{
  const size_t bytes = cr_padded(step->op.conv.channels) * sizeof(float);
  void *zeros = calloc(1, bytes);
  if (!zeros) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for %zu bytes", bytes);
  const clreid_status status = cr_buffer_create(step->queue->device, bytes, zeros, &step->zeros, error);
  free(zeros);
  return status;
}

/* A row of the input for each row of the output. */
static bool is_pointwise(const cr_conv *c)
{
  return c->kernel_height == 1 && c->kernel_width == 1 && c->stride_height == 1 && c->stride_width == 1 &&
         !c->padding_height && !c->padding_width && c->groups == 1;
}

static clreid_status prepare(cr_step *step, clreid_error *error)
{
  const cr_conv *c = &step->op.conv;
  char options[192];
  cr_step_tile(step);
  CR_TRY(create_zeros(step, error));
  const int used = cr_tile_options(step, cr_epilogue_flags(&step->op), options, sizeof options);
  snprintf(options + used, sizeof options - (size_t)used, " -DPOINTWISE=%d -DFOLLOW=%d", is_pointwise(c),
           step->queue->device->facts.type == CR_DEVICE_CPU);
  CR_TRY(cr_step_kernel(step, "conv.cl", options, step->op.plain ? "conv_plain" : "conv", error));
  cr_tile_name(step, "conv");
  return set_arguments(step, error);
}

static clreid_status bind(cr_step *step, int batch, clreid_error *error)
{
  const cr_conv *c = &step->op.conv;
  const size_t rows = (size_t)batch * c->out_height * c->out_width;
  cr_args args = {step->kernel, ARG_ROWS, CL_SUCCESS};
  cr_arg_int(&args, rows);
  if (step->op.plain)
    cr_step_space(step, cr_padded(c->out_channels), rows, 1);
  else
    cr_tile_space(step, rows, c->out_channels, 1);
  return cr_args_done(&args, error);
}

const cr_operator cr_operator_conv = {.prepare = prepare, .bind = bind, .floats = CR_OF_OUTPUT};
