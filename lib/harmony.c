/*
 * harmony.c - lowering of harmonious attention: its six small layers become one step, for the blend's input is rank
 * one:
 *
 *     blend(s[p] c) = s[p] (W c) + shift
 *
 * so a product of W with one vector replaces a convolution over the map, and the step that applies the mask does the
 * rest.
 */
#include <stdio.h>

#include "plan.h"

/* PREFIX.WHAT.conv with its batch norm; in: the numbers that one output reads. */
static cr_part make_layer(const cr_graph_node *node, const char *what, int out, int in)
{
  cr_part part = {.out = out, .own_in = in, .in = in};
  snprintf(part.kernel, CR_NAME, "%s.%s.conv", node->name, what);
  snprintf(part.norm, CR_NAME, "%s.%s.bn", node->name, what);
  return part;
}

/* Without its shift, which the mask adds at every position. */
static cr_part make_blend(const cr_graph_node *node, int channels)
{
  return make_layer(node, "blend", channels, channels);
}

static cr_part make_regions(const cr_graph_node *node, int centres, int channels)
{
  cr_part part = {.out = centres, .own_in = channels, .in = channels, .bias = true};
  snprintf(part.kernel, CR_NAME, "%s.regions", node->name);
  return part;
}

static cr_harmony harmony_of(const cr_graph_node *node)
{
  return (cr_harmony){.height = node->height,
                      .width = node->width,
                      .channels = node->channels,
                      .reduced = node->channels / node->harmony.reduction,
                      .centres = 2 * node->harmony.regions};
}

static uint64_t multiply_adds(const cr_harmony *h)
{
  const uint64_t channels = h->channels, pixels = (uint64_t)h->height * h->width;
  const uint64_t small_map = (uint64_t)((h->height + 1) / 2) * ((h->width + 1) / 2);
  return 9 * small_map + pixels + channels * (2 * (uint64_t)h->reduced + channels + (uint64_t)h->centres);
}

int cr_plan_harmony(cr_planner *planner, const cr_unit *unit, int x)
{
  const cr_graph_node *node = &planner->nodes[unit->node];
  const cr_harmony h = harmony_of(node);
  const int out = cr_plan_tensor_add(planner, 1, cr_harmony_length(&h), true);
  cr_plan_step *step = cr_plan_step_add(planner, CR_HARMONY, node->name, "vectors");
  step->op.harmony = h;
  step->op.view[CR_INPUT] = cr_plan_view(planner, x, 0);
  step->op.view[CR_OUTPUT] = cr_plan_view(planner, out, 0);
  step->multiply_adds = multiply_adds(&h);
  step->weights = (cr_constant){.kind = CR_CONSTANT_LAYERS, .parts = 6};
  const cr_part layers[6] = {
      make_layer(node, "spatial1", 1, 9),
      make_layer(node, "spatial2", 1, 1),
      make_layer(node, "channel1", h.reduced, h.channels),
      make_layer(node, "channel2", h.channels, h.reduced),
      make_blend(node, h.channels),
      make_regions(node, h.centres, h.channels),
  };
  for (int i = 0; i < 6; i++) step->weights.part[i] = layers[i];
  return out;
}

int cr_plan_attend(cr_planner *planner, const cr_unit *unit, int x, int harmony)
{
  const cr_graph_node *node = &planner->nodes[unit->node], *source = &planner->nodes[node->input[1]];
  const cr_harmony h = harmony_of(source);
  const size_t rows = (size_t)node->height * node->width;
  const int out = cr_plan_tensor_add(planner, rows, cr_padded(node->channels), false);
  cr_plan_step *step = cr_plan_step_add(planner, CR_ATTEND, source->name, "apply");
  step->op.attend = (cr_attend){.rows = (int)rows, .columns = node->channels, .map = cr_harmony_map(&h)};
  step->op.view[CR_INPUT] = cr_plan_view(planner, x, 0);
  step->op.view[CR_SECOND] = cr_plan_view(planner, harmony, 0);
  step->op.view[CR_OUTPUT] = cr_plan_view(planner, out, 0);
  step->multiply_adds = (uint64_t)rows * node->channels;
  step->bias = (cr_constant){.kind = CR_CONSTANT_BIAS, .parts = 1, .out = node->channels};
  step->bias.part[0] = make_blend(source, node->channels);
  return out;
}

cr_view cr_plan_centres(const cr_planner *planner, const cr_graph_node *crop)
{
  const cr_harmony h = harmony_of(&planner->nodes[crop->input[1]]);
  return cr_plan_view(planner, planner->tensor_of[crop->input[1]], cr_harmony_centres(&h));
}

int cr_plan_crop(cr_planner *planner, const cr_unit *unit, int x, int harmony, int residual)
{
  const cr_graph_node *node = &planner->nodes[unit->node], *in = &planner->nodes[node->input[0]];
  const cr_graph_node *source = &planner->nodes[node->input[1]];
  const cr_harmony h = harmony_of(source);
  const int out =
      cr_plan_tensor_add(planner, (size_t)node->streams * node->height * node->width, cr_padded(node->channels), false);
  cr_plan_step *step = cr_plan_step_add(planner, CR_CROP, source->name, "crop");
  step->op.crop = (cr_crop){.height = in->height,
                            .width = in->width,
                            .channels = node->channels,
                            .out_height = node->height,
                            .out_width = node->width,
                            .streams = node->streams};
  step->op.view[CR_INPUT] = cr_plan_view(planner, x, 0);
  step->op.view[CR_SECOND] = cr_plan_view(planner, harmony, cr_harmony_centres(&h));
  step->op.view[CR_RESIDUAL] = cr_plan_view(planner, residual, 0);
  step->op.view[CR_OUTPUT] = cr_plan_view(planner, out, 0);
  return out;
}
