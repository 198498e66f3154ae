/*
 * map.c - lowering of maps that people look at: which tensor holds each, and the steps that only they need.
 *
 * They come after all others, so that what makes the features is the same with and without them. A marked value that
 * some fused step never writes is computed once more, up to that value; a map of several channels is their mean, a 1x1
 * convolution.
 */
#include <stdio.h>
#include <stdlib.h>

#include "plan.h"

static bool is_there(const cr_planner *planner, cr_node n)
{
  return planner->tensor_of[n] >= 0;
}

/* The unit that ends in node n: a sigmoid goes into the convolution before it. */
static cr_unit make_unit(const cr_planner *planner, cr_node n)
{
  const cr_graph_node *nodes = planner->nodes;
  cr_unit unit = {.node = n, .norm = CR_BROKEN, .gate = CR_BROKEN, .residual = CR_BROKEN, .result = n};
  if (nodes[n].kind != CR_NODE_SIGMOID) return unit;
  unit.activation = CR_SIGMOID;
  const cr_node x = nodes[n].input[0];
  if (nodes[x].kind == CR_NODE_CONV && !is_there(planner, x)) unit.node = x;
  return unit;
}

static void compute(cr_planner *planner, cr_node n)
{
  if (is_there(planner, n) || planner->status != CLREID_OK) return;
  const cr_unit unit = make_unit(planner, n);
  for (int i = 0; i < 3; i++)
    if (planner->nodes[unit.node].input[i] >= 0) compute(planner, planner->nodes[unit.node].input[i]);
  cr_plan_unit(planner, &unit);
}

/* x[pixels][channels] -> a tensor [pixels], the mean over the channels in the first column of each row. */
static int mean_of_channels(cr_planner *planner, const char *name, const cr_graph_node *node, int x)
{
  const int pixels = node->height * node->width;
  const int mean = cr_plan_tensor_add(planner, pixels, cr_padded(1), false);
  cr_plan_step *step = cr_plan_pointwise(planner, name, "mean", pixels, node->channels, 1, cr_plan_view(planner, x, 0),
                                         cr_plan_view(planner, mean, 0), CR_LINEAR);
  step->weights.mean = true;
  step->bias.kind = CR_CONSTANT_NONE;
  return mean;
}

/* Harmonious attention's mask is never stored: it is made once more, applied to nothing. */
static int attend_alone(cr_planner *planner, cr_node n)
{
  const cr_unit unit = {.node = n, .result = n};
  return cr_plan_attend(planner, &unit, -1, planner->tensor_of[planner->nodes[n].input[1]]);
}

static cr_plan_map plan_regions(cr_planner *planner, const cr_graph_node *crop)
{
  const cr_graph_node *of = &planner->nodes[crop->input[0]];
  cr_plan_map map = {.kind = CLREID_MAP_REGIONS,
                     .height = crop->streams,
                     .width = 2,
                     .region_height = (float)crop->height / (float)of->height,
                     .region_width = (float)crop->width / (float)of->width,
                     .view = cr_plan_centres(planner, crop)};
  map.view.row = 1;
  return map;
}

static cr_plan_map plan_heat(cr_planner *planner, const cr_graph_map *marked)
{
  const cr_graph_node *node = &planner->nodes[marked->node];
  cr_plan_map map = {.kind = CLREID_MAP_HEAT, .height = node->height, .width = node->width};
  int tensor = -1;
  if (node->kind == CR_NODE_ATTEND) {
    tensor = attend_alone(planner, marked->node);
  } else {
    compute(planner, marked->node);
    tensor = planner->tensor_of[marked->node];
  }
  if (node->channels > 1) tensor = mean_of_channels(planner, marked->name, node, tensor);
  map.view = cr_plan_view(planner, tensor, 0);
  return map;
}

static cr_plan_map plan_map(cr_planner *planner, const cr_graph_map *marked)
{
  const cr_graph_node *node = &planner->nodes[marked->node];
  cr_plan_map map = node->kind == CR_NODE_CROP ? plan_regions(planner, node) : plan_heat(planner, marked);
  snprintf(map.name, sizeof map.name, "%s", marked->name);
  return map;
}

void cr_plan_maps(cr_planner *planner, const cr_graph *graph)
{
  int count;
  cr_plan *plan = planner->plan;
  const cr_graph_map *marked = cr_graph_maps(graph, &count);
  if (!count || !plan->config.maps || planner->status != CLREID_OK) return;
  plan->maps = calloc((size_t)count, sizeof *plan->maps);
  if (!plan->maps) {
    planner->status = cr_fail(planner->error, CLREID_OUT_OF_MEMORY, "no memory for %d maps", count);
    return;
  }
  for (int m = 0; m < count && planner->status == CLREID_OK; m++) plan->maps[m] = plan_map(planner, &marked[m]);
  plan->map_count = count;
}
