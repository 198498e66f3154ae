/*
 * winograd.c - which convolutions go through minimal filtering, and the three steps they become: the input's transform,
 * one product for each plane, the output's transform with everything that the convolution's epilogue does.
 *
 * Exact in real arithmetic; in float32 the transforms cost some accuracy, so it is a summation class of its own: the
 * choice is made by the layer's shape, never by the batch. Halves keep to direct convolution: transformed weights and
 * inputs need more digits than they have.
 */
#include "plan.h"

/* F(4 x 4) needs 4 times the weights of direct convolution, F(2 x 2) 16 / 9 times. Where even those are more than this,
 * reading them costs more than the arithmetic saves. */
enum { MOST_WEIGHTS = 1 << 24 };

int cr_winograd_tile(const cr_plan_config *config, const cr_conv *conv)
{
  static const int sides[] = {4, 2};
  const bool window = conv->kernel_height == 3 && conv->kernel_width == 3 && conv->stride_height == 1 &&
                      conv->stride_width == 1 && conv->dilation_height == 1 && conv->dilation_width == 1 &&
                      conv->padding_height == conv->padding_width && conv->groups == 1;
  if (config->half || config->direct_convolution || !window) return 0;
  if (conv->channels < CR_PANEL || conv->out_channels < CR_PANEL) return 0; /* the transforms would cost more */
  for (int i = 0; i < 2; i++) {
    const cr_winograd shape = {.tile = sides[i], .out_height = conv->out_height, .out_width = conv->out_width};
    const int64_t planes = cr_winograd_planes(&shape), pixels = (int64_t)conv->out_height * conv->out_width;
    const bool fewer =
        2 * planes * cr_winograd_tiles(&shape) < 9 * pixels; /* by half at least: small maps waste tiles */
    if (fewer && planes * conv->channels * conv->out_channels <= MOST_WEIGHTS) return sides[i];
  }
  return 0;
}

void cr_plan_winograd(cr_planner *planner, cr_plan_step direct, int tile)
{
  const cr_conv *conv = &direct.op.conv;
  const cr_winograd shape = {.tile = tile,
                             .height = conv->height,
                             .width = conv->width,
                             .channels = conv->channels,
                             .out_height = conv->out_height,
                             .out_width = conv->out_width,
                             .out_channels = conv->out_channels,
                             .padding = conv->padding_height};
  const size_t row = cr_padded(conv->channels), out_row = cr_padded(conv->out_channels);
  const int windows = cr_plan_tensor_add(planner, cr_winograd_rows(&shape, row), row, false);
  cr_plan_step *step = cr_plan_step_add(planner, CR_WINOGRAD_INPUT, direct.name, "windows");
  step->op.winograd = shape;
  step->op.view[CR_INPUT] = direct.op.view[CR_INPUT];
  step->op.view[CR_OUTPUT] = cr_plan_view(planner, windows, 0);

  const int products = cr_plan_tensor_add(planner, cr_winograd_rows(&shape, out_row), out_row, false);
  step = cr_plan_step_add(planner, CR_WINOGRAD_PRODUCT, direct.name, "products");
  step->op.winograd = shape;
  step->op.view[CR_INPUT] = cr_plan_view(planner, windows, 0);
  step->op.view[CR_OUTPUT] = cr_plan_view(planner, products, 0);
  step->weights = direct.weights;
  step->weights.kind = CR_CONSTANT_WINOGRAD;
  step->multiply_adds =
      (uint64_t)cr_winograd_planes(&shape) * cr_winograd_tiles(&shape) * conv->channels * conv->out_channels;

  step = cr_plan_step_add(planner, CR_WINOGRAD_OUTPUT, direct.name, "tiles");
  step->op.winograd = shape;
  step->op.view[CR_INPUT] = cr_plan_view(planner, products, 0);
  step->op.view[CR_RESIDUAL] = direct.op.view[CR_RESIDUAL];
  step->op.view[CR_OUTPUT] = direct.op.view[CR_OUTPUT];
  step->op.activation = direct.op.activation;
  step->bias = direct.bias;
}
