/*
 * plan.c - units into operators, tensors into the arena. See plan.h; relation.c and attention.c lower composites.
 */
#include "plan.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "contract.h"

const cr_view cr_no_view = {.tensor = -1};

/* ---- Growing ---------------------------------------------------------------------------------------------------- */

static void *grown(cr_planner *planner, void *list, int count, size_t size)
{
  void *larger = planner->status == CLREID_OK ? realloc(list, ((size_t)count + 1) * size) : NULL;
  if (!larger && planner->status == CLREID_OK)
    planner->status = cr_fail(planner->error, CLREID_OUT_OF_MEMORY, "no memory for item %d of a plan", count);
  if (larger) memset((char *)larger + (size_t)count * size, 0, size);
  return larger;
}

int cr_plan_tensor_add(cr_planner *planner, size_t rows, size_t row, bool is_float)
{
  cr_plan *plan = planner->plan;
  cr_plan_tensor *tensors = grown(planner, plan->tensors, plan->tensor_count, sizeof *tensors);
  if (!tensors) return -1;
  plan->tensors = tensors;
  tensors[plan->tensor_count] =
      (cr_plan_tensor){.rows = rows, .row = row, .is_float = is_float, .first = plan->step_count, .last = -1};
  return plan->tensor_count++;
}

size_t cr_plan_tensor_elements(const cr_plan_tensor *tensor)
{
  return tensor->rows * tensor->row;
}

size_t cr_plan_element_bytes(const cr_plan *plan, const cr_plan_tensor *tensor)
{
  return plan->config.half && !tensor->is_float ? sizeof(uint16_t) : sizeof(float);
}

cr_view cr_plan_view(const cr_planner *planner, int tensor, size_t offset)
{
  if (tensor < 0) return cr_no_view;
  const cr_plan_tensor *t = &planner->plan->tensors[tensor];
  return (cr_view){.tensor = tensor, .offset = offset, .picture = cr_plan_tensor_elements(t), .row = t->row};
}

cr_plan_step *cr_plan_step_add(cr_planner *planner, cr_kind kind, const char *name, const char *what)
{
  cr_plan *plan = planner->plan;
  cr_plan_step *steps = grown(planner, plan->steps, plan->step_count, sizeof *steps);
  if (!steps) return &planner->nobody;
  plan->steps = steps;
  cr_plan_step *step = &steps[plan->step_count++];
  snprintf(step->name, sizeof step->name, *what ? "%.72s.%s" : "%.72s%s", name, what);
  step->op.kind = kind;
  step->op.half = plan->config.half;
  step->op.plain = plan->config.plain_kernels;
  for (int v = 0; v < CR_VIEWS; v++) step->op.view[v] = cr_no_view;
  return step;
}

/* ---- Operators -------------------------------------------------------------------------------------------------- */

cr_plan_step *cr_plan_pointwise(cr_planner *planner, const char *name, const char *what, int rows, int in, int out,
                                cr_view input, cr_view output, cr_activation activation)
{
  cr_plan_step *step = cr_plan_step_add(planner, CR_CONV, name, what);
  step->op.conv = (cr_conv){.height = 1,
                            .width = rows,
                            .channels = in,
                            .out_height = 1,
                            .out_width = rows,
                            .out_channels = out,
                            .kernel_height = 1,
                            .kernel_width = 1,
                            .stride_height = 1,
                            .stride_width = 1,
                            .dilation_height = 1,
                            .dilation_width = 1,
                            .groups = 1};
  step->op.view[CR_INPUT] = input;
  step->op.view[CR_OUTPUT] = output;
  step->op.activation = activation;
  step->multiply_adds = (uint64_t)rows * in * out;
  step->weights = (cr_constant){.kind = CR_CONSTANT_PANELS, .out = out, .in = in, .taps_height = 1, .taps_width = 1};
  step->bias = (cr_constant){.kind = CR_CONSTANT_BIAS, .out = out};
  return step;
}

cr_plan_step *cr_plan_product(cr_planner *planner, const char *name, const char *what, int m, int n, int k)
{
  cr_plan_step *step = cr_plan_step_add(planner, CR_GEMM, name, what);
  step->op.gemm = (cr_gemm){.m = m, .n = n, .k = k, .input_column = 1};
  step->multiply_adds = (uint64_t)m * n * k;
  return step;
}

static void plan_scale(cr_planner *planner, const cr_unit *unit, int x, int residual, int out)
{
  const cr_graph_node *node = &planner->nodes[unit->result];
  cr_plan_step *step = cr_plan_step_add(planner, CR_SCALE, planner->nodes[unit->node].name, "");
  step->op.scale = (cr_scale){.rows = node->height * node->width, .columns = node->channels};
  step->op.view[CR_INPUT] = cr_plan_view(planner, x, 0);
  step->op.view[CR_RESIDUAL] = cr_plan_view(planner, residual, 0);
  step->op.view[CR_OUTPUT] = cr_plan_view(planner, out, 0);
  step->op.activation = unit->activation;
  if (unit->norm < 0) return;
  step->weights = (cr_constant){.kind = CR_CONSTANT_SCALE, .out = node->channels, .parts = 1};
  step->weights.part[0].out = node->channels;
  snprintf(step->weights.part[0].norm, CR_NAME, "%s", planner->nodes[unit->norm].name);
  step->bias = step->weights;
  step->bias.kind = CR_CONSTANT_BIAS;
}

/* Can the convolution read a line of its window as one run? */
static bool reads_runs(const cr_graph_node *node)
{
  return node->kind == CR_NODE_CONV && node->conv.groups == 1 && node->conv.dilation == 1;
}

/* The picture is stored with a zero margin of the first layer's padding, three channels a pixel; a line of the window
 * is then one run of kernel * 3 numbers, and no tap is outside. */
static void read_runs(const cr_planner *planner, cr_conv *conv, cr_plan_step *step)
{
  const int margin = planner->plan->input_margin, channels = conv->channels;
  conv->height += 2 * margin;
  conv->width += 2 * margin;
  conv->padding_height = conv->padding_width = 0;
  conv->input_line = (size_t)conv->width * channels;
  conv->channels = channels * conv->kernel_width;
  conv->kernel_width = 1;
  step->weights.rows_as_runs = true;
}

static void plan_conv(cr_planner *planner, const cr_unit *unit, int x, int gate, int residual, int out)
{
  const cr_graph_node *node = &planner->nodes[unit->node], *in = &planner->nodes[node->input[0]];
  const cr_conv_spec *s = &node->conv;
  cr_plan_step *step = cr_plan_step_add(planner, CR_CONV, node->name, "");
  cr_op *op = &step->op;
  op->conv = (cr_conv){.height = in->height,
                       .width = in->width,
                       .channels = in->channels,
                       .out_height = node->height,
                       .out_width = node->width,
                       .out_channels = node->channels,
                       .kernel_height = s->kernel,
                       .kernel_width = s->kernel,
                       .stride_height = s->stride,
                       .stride_width = s->stride,
                       .padding_height = s->padding,
                       .padding_width = s->padding,
                       .dilation_height = s->dilation,
                       .dilation_width = s->dilation,
                       .groups = s->groups};
  op->view[CR_INPUT] = cr_plan_view(planner, x, 0);
  op->view[CR_GATE] = cr_plan_view(planner, gate, 0);
  op->view[CR_RESIDUAL] = cr_plan_view(planner, residual, 0);
  op->view[CR_OUTPUT] = cr_plan_view(planner, out, 0);
  op->activation = unit->activation;
  const int group_in = in->channels / s->groups;
  step->multiply_adds = (uint64_t)node->height * node->width * node->channels * s->kernel * s->kernel * group_in;
  step->weights = (cr_constant){.kind = CR_CONSTANT_PANELS,
                                .out = s->out,
                                .in = group_in,
                                .taps_height = s->kernel,
                                .taps_width = s->kernel,
                                .parts = 1};
  cr_part *part = &step->weights.part[0];
  snprintf(part->kernel, CR_NAME, "%s", node->name);
  if (unit->norm >= 0) snprintf(part->norm, CR_NAME, "%s", planner->nodes[unit->norm].name);
  part->bias = s->bias;
  part->out = s->out;
  part->own_in = part->in = group_in;
  if (unit->norm >= 0 || s->bias) {
    step->bias = step->weights;
    step->bias.kind = CR_CONSTANT_BIAS;
  }
  if (x == planner->plan->input && reads_runs(node)) read_runs(planner, &op->conv, step);
}

static void plan_pool(cr_planner *planner, const cr_unit *unit, int x, int mask, int out)
{
  const cr_graph_node *node = &planner->nodes[unit->node], *in = &planner->nodes[node->input[0]];
  const cr_pool_spec *s = &node->pool;
  cr_plan_step *step = cr_plan_step_add(planner, CR_POOL, node->name, "");
  step->op.pool = (cr_pool){.maximum = s->maximum,
                            .global = s->global,
                            .height = in->height,
                            .width = in->width,
                            .channels = in->channels,
                            .out_height = node->height,
                            .out_width = node->width,
                            .kernel_height = s->kernel,
                            .kernel_width = s->kernel,
                            .stride_height = s->stride,
                            .stride_width = s->stride,
                            .padding_height = s->padding,
                            .padding_width = s->padding};
  step->op.view[CR_INPUT] = cr_plan_view(planner, x, 0);
  step->op.view[CR_SECOND] = cr_plan_view(planner, mask, 0);
  step->op.view[CR_OUTPUT] = cr_plan_view(planner, out, 0);
}

static void plan_mask(cr_planner *planner, const cr_unit *unit, int x, int spatial, int channel, int out)
{
  const cr_graph_node *node = &planner->nodes[unit->node];
  cr_plan_step *step = cr_plan_step_add(planner, CR_MASK, node->name, "");
  step->op.mask = (cr_mask){.rows = node->height * node->width, .columns = node->channels};
  step->op.view[CR_INPUT] = cr_plan_view(planner, x, 0);
  step->op.view[CR_SECOND] = cr_plan_view(planner, spatial, 0);
  step->op.view[CR_RESIDUAL] = cr_plan_view(planner, channel, 0);
  step->op.view[CR_OUTPUT] = cr_plan_view(planner, out, 0);
}

/* Copies of both inputs, side by side. */
static void plan_concat(cr_planner *planner, const cr_unit *unit, const int *tensor_of, int out)
{
  const cr_graph_node *node = &planner->nodes[unit->node];
  size_t column = 0;
  for (int i = 0; i < 2; i++) {
    const int from = tensor_of[node->input[i]], columns = planner->nodes[node->input[i]].channels;
    cr_plan_step *step = cr_plan_step_add(planner, CR_SCALE, node->name, i ? "second" : "first");
    step->op.scale = (cr_scale){.rows = node->height * node->width, .columns = columns};
    step->op.view[CR_INPUT] = cr_plan_view(planner, from, 0);
    step->op.view[CR_OUTPUT] = cr_plan_view(planner, out, column);
    column += (size_t)columns;
  }
}

static void plan_normalise(cr_planner *planner, const cr_unit *unit, int x, int out)
{
  const cr_graph_node *node = &planner->nodes[unit->node];
  cr_plan_step *step = cr_plan_step_add(planner, CR_NORMALISE, node->name, "");
  step->op.normalise = (cr_normalise){.columns = node->channels, .parts = node->parts};
  step->op.view[CR_INPUT] = cr_plan_view(planner, x, 0);
  step->op.view[CR_OUTPUT] = cr_plan_view(planner, out, 0);
}

/* ---- Units ------------------------------------------------------------------------------------------------------ */

/* The parts of a joined vector are written where they belong in it: the planner's tensor for a unit's result, and where
 * it begins in `offset`. */
static int plan_result(cr_planner *planner, const cr_unit *unit, bool is_float, int *tensor_of, size_t *offset)
{
  const cr_graph_node *result = &planner->nodes[unit->result];
  const cr_node join = planner->join_of[unit->result];
  const cr_graph_node *whole = join >= 0 ? &planner->nodes[join] : result;
  *offset = join >= 0 && whole->input[1] == unit->result ? (size_t)planner->nodes[whole->input[0]].channels : 0;
  if (join >= 0 && tensor_of[join] >= 0) return tensor_of[join];
  const int tensor = cr_plan_tensor_add(planner, (size_t)whole->streams * whole->height * whole->width,
                                        cr_padded(whole->channels), is_float);
  tensor_of[join >= 0 ? join : unit->result] = tensor;
  return tensor;
}

/* A step over streams runs over more pictures, each a part of its tensors. */
static void run_over_streams(cr_planner *planner, cr_plan_step *step, int streams)
{
  if (streams <= 1 || planner->status != CLREID_OK) return;
  step->op.streams = streams;
  step->multiply_adds *= (uint64_t)streams;
  for (int v = 0; v < CR_VIEWS; v++) step->op.view[v].picture /= (size_t)streams;
}

/* Vectors stay float as far as only batch norms, layers and joins follow them up to the caller: they are few, and they
 * are what the caller gets. What goes back into a map is stored as maps are. */
static bool is_float_vector(const cr_planner *planner, cr_node n)
{
  const cr_graph_node *node = &planner->nodes[n];
  if (node->height != 1 || node->width != 1 || node->kind == CR_NODE_RELATION) return false;
  for (int r = n + 1; r < planner->node_count; r++)
    for (int i = 0; i < 3; i++) {
      if (planner->nodes[r].input[i] != n) continue;
      switch (planner->nodes[r].kind) {
      case CR_NODE_CONCAT:
      case CR_NODE_JOIN:
      case CR_NODE_NORMALISE:
        break;
      case CR_NODE_CONV:
      case CR_NODE_BATCH_NORM:
      case CR_NODE_RELU:
      case CR_NODE_SIGMOID:
      case CR_NODE_STREAMS_AS_CHANNELS:
        if (!is_float_vector(planner, r)) return false;
        break;
      default:
        return false;
      }
    }
  return true;
}

/* Vectors begin as the means of maps; a map of one pixel is a map all the same. */
static bool gives_float(const cr_planner *planner, const cr_unit *unit, int x)
{
  const cr_graph_node *node = &planner->nodes[unit->node];
  const bool begins = node->kind == CR_NODE_POOL && node->pool.global;
  return (begins || planner->plan->tensors[x].is_float) && is_float_vector(planner, unit->result);
}

static int tensor_or_none(const int *tensor_of, cr_node node)
{
  return node >= 0 ? tensor_of[node] : -1;
}

/* ---- Pointwise, then depthwise ---- */

static bool is_separable(const cr_planner *planner, const cr_unit *pointwise, const cr_unit *depthwise)
{
  const cr_graph_node *p = &planner->nodes[pointwise->node], *d = &planner->nodes[depthwise->node];
  const cr_conv_spec *a = &p->conv, *b = &d->conv;
  if (p->kind != CR_NODE_CONV || d->kind != CR_NODE_CONV || d->input[0] != pointwise->result) return false;
  if (pointwise->norm < 0 || depthwise->norm < 0 || pointwise->residual >= 0 || depthwise->residual >= 0) return false;
  if (pointwise->activation != CR_RELU || depthwise->activation != CR_RELU) return false;
  if (p->width > planner->plan->config.separable_width) return false;
  return a->kernel == 1 && a->stride == 1 && !a->padding && a->groups == 1 && !a->bias && !a->linear &&
         b->kernel == 3 && b->padding == 1 && b->dilation == 1 && b->stride <= 2 && b->groups == d->channels &&
         b->groups == p->channels && !b->bias;
}

/* Does a unit but the next read the unit's value, or the caller? */
static bool is_shared(const cr_planner *planner, const cr_graph *graph, const cr_unit *unit)
{
  int count, readers = 0;
  cr_graph_nodes(graph, &count);
  for (int n = 0; n < count; n++)
    for (int i = 0; i < 3; i++) readers += planner->nodes[n].input[i] == unit->result;
  for (int o = 0; o < CR_OUTPUTS; o++) readers += cr_graph_output_node(graph, (cr_output)o) == unit->result;
  return readers != 1;
}

static cr_part separable_part(const cr_planner *planner, const cr_unit *unit, int in)
{
  const cr_graph_node *node = &planner->nodes[unit->node];
  cr_part part = {.out = node->channels, .own_in = in, .in = in};
  snprintf(part.kernel, CR_NAME, "%s", node->name);
  snprintf(part.norm, CR_NAME, "%s", planner->nodes[unit->norm].name);
  return part;
}

/* Both in one step, named after the first. */
static void plan_separable(cr_planner *planner, const cr_unit *pointwise, const cr_unit *depthwise, int *tensor_of)
{
  const cr_graph_node *first = &planner->nodes[pointwise->node], *in = &planner->nodes[first->input[0]];
  const cr_graph_node *out = &planner->nodes[depthwise->node];
  const int x = tensor_of[first->input[0]], channels = in->channels, taps = 9;
  const int padded = (int)cr_padded(out->channels);
  const int tensor =
      cr_plan_tensor_add(planner, (size_t)out->streams * out->height * out->width, (size_t)padded, false);
  tensor_of[depthwise->result] = tensor;
  cr_plan_step *step = cr_plan_step_add(planner, CR_SEPARABLE, first->name, "");
  step->op.separable = (cr_separable){.height = in->height,
                                      .width = in->width,
                                      .channels = channels,
                                      .out_height = out->height,
                                      .out_width = out->width,
                                      .out_channels = out->channels,
                                      .stride = out->conv.stride};
  step->op.view[CR_INPUT] = cr_plan_view(planner, x, 0);
  step->op.view[CR_OUTPUT] = cr_plan_view(planner, tensor, 0);
  step->op.activation = CR_RELU;
  step->multiply_adds = (uint64_t)in->height * in->width * channels * out->channels +
                        (uint64_t)out->height * out->width * out->channels * taps;
  step->weights = (cr_constant){.kind = CR_CONSTANT_COLUMNS,
                                .parts = 2,
                                .out = out->channels,
                                .in = channels + taps,
                                .taps_height = 1,
                                .taps_width = 1};
  step->weights.part[0] = separable_part(planner, pointwise, channels);
  step->weights.part[1] = separable_part(planner, depthwise, taps);
  step->weights.part[1].to_in = channels;
  step->bias = step->weights;
  step->bias.kind = CR_CONSTANT_BIAS;
  step->bias.out = 2 * padded;
  step->bias.part[1].to_out = padded;
  run_over_streams(planner, step, out->streams);
}

/* Nodes that other files lower, and those that are another view of a tensor. */
static bool plan_composite(cr_planner *planner, const cr_unit *unit, int x, int *tensor_of)
{
  const cr_graph_node *node = &planner->nodes[unit->node];
  int *out = &tensor_of[unit->result];
  switch (node->kind) {
  case CR_NODE_RELATION:
    *out = cr_plan_relation(planner, unit, x);
    return true;
  case CR_NODE_ATTENTION:
    *out = cr_plan_attention(planner, unit, x);
    return true;
  case CR_NODE_HARMONY:
    *out = cr_plan_harmony(planner, unit, x);
    return true;
  case CR_NODE_ATTEND:
    *out = cr_plan_attend(planner, unit, x, tensor_of[node->input[1]]);
    return true;
  case CR_NODE_CROP:
    *out = cr_plan_crop(planner, unit, x, tensor_of[node->input[1]], tensor_or_none(tensor_of, node->input[2]));
    return true;
  case CR_NODE_STREAMS_AS_CHANNELS:
    *out = x;
    return true;
  case CR_NODE_JOIN:
    return true; /* its parts have made it */
  default:
    return false;
  }
}

/* Takes the direct convolution that was planned last back, if it goes through minimal filtering. */
static void filter(cr_planner *planner, int step)
{
  cr_plan *plan = planner->plan;
  const cr_plan_step direct = plan->steps[step];
  const bool plainly = direct.op.kind == CR_CONV && direct.op.streams <= 1 &&
                       !plan->tensors[direct.op.view[CR_OUTPUT].tensor].is_float && direct.op.view[CR_GATE].tensor < 0;
  const int tile = plainly ? cr_winograd_tile(&plan->config, &direct.op.conv) : 0;
  if (!tile) return;
  plan->step_count = step;
  cr_plan_winograd(planner, direct, tile);
}

void cr_plan_unit(cr_planner *planner, const cr_unit *unit)
{
  int *tensor_of = planner->tensor_of;
  const cr_graph_node *node = &planner->nodes[unit->node];
  const int x = tensor_of[node->input[0]];
  const int residual = tensor_or_none(tensor_of, unit->residual);
  if (plan_composite(planner, unit, x, tensor_of)) return;
  const bool is_float = gives_float(planner, unit, x);
  size_t offset;
  const int out = plan_result(planner, unit, is_float, tensor_of, &offset);
  if (out < 0) return;
  const int step = planner->plan->step_count;
  switch (node->kind) {
  case CR_NODE_CONV:
    plan_conv(planner, unit, x, tensor_or_none(tensor_of, unit->gate), residual, out);
    break;
  case CR_NODE_POOL:
    plan_pool(planner, unit, x, tensor_or_none(tensor_of, node->input[1]), out);
    break;
  case CR_NODE_CONCAT:
    plan_concat(planner, unit, tensor_of, out);
    return;
  case CR_NODE_MASK:
    plan_mask(planner, unit, x, tensor_or_none(tensor_of, node->input[1]), tensor_or_none(tensor_of, node->input[2]),
              out);
    break;
  case CR_NODE_NORMALISE:
    plan_normalise(planner, unit, x, out);
    break;
  default:
    plan_scale(planner, unit, x, residual, out);
    break;
  }
  if (planner->status != CLREID_OK) return;
  cr_plan_step *planned = &planner->plan->steps[step];
  if (node->kind == CR_NODE_CONV && planner->plan->tensors[x].is_float)
    planned->op.half = false; /* a layer of pooled vectors */
  planned->op.view[CR_OUTPUT].offset += offset;
  run_over_streams(planner, planned, node->streams);
  filter(planner, step);
}

/* The picture stands with a margin for its readers and without padding of its rows: they must agree on the margin, and
 * read runs or need neither. */
static clreid_status check_input(const cr_graph *graph, clreid_error *error)
{
  int count, least = INT_MAX, most = 0;
  bool runs = true;
  const cr_graph_node *nodes = cr_graph_nodes(graph, &count);
  for (int n = 1; n < count; n++)
    for (int i = 0; i < 3; i++) {
      if (nodes[n].input[i] != 0) continue;
      const int margin = nodes[n].kind == CR_NODE_CONV ? nodes[n].conv.padding : 0;
      least = margin < least ? margin : least;
      most = margin > most ? margin : most;
      runs = runs && reads_runs(&nodes[n]);
    }
  if (most <= least && (runs || (!most && nodes[0].channels % CR_PANEL == 0))) return CLREID_OK;
  return cr_fail(error, CLREID_UNSUPPORTED_MODEL,
                 "a picture of %d channels is read with margins from %d to %d; let one convolution without groups or "
                 "dilation read it",
                 nodes[0].channels, least, most);
}

static clreid_status check_graph(const cr_graph *graph, clreid_error *error)
{
  int count;
  const cr_graph_node *nodes = cr_graph_nodes(graph, &count);
  CR_TRY(cr_graph_status(graph, error));
  if (!count || nodes[0].kind != CR_NODE_INPUT)
    return cr_fail(error, CLREID_INVALID_NETWORK, "a graph of %d nodes does not begin with its input", count);
  for (int o = 0; o < CR_OUTPUTS; o++)
    if (cr_graph_output_node(graph, (cr_output)o) < 1)
      return cr_fail(error, CLREID_INVALID_NETWORK, "a graph of %d nodes has no output %s", count,
                     o == CR_OUTPUT_NECK ? "neck" : "pooled");
  return check_input(graph, error);
}

/* The picture's tensor: one row holds a line with its margins. Its first reader says how wide the margin is. */
static int plan_input(cr_planner *planner, const cr_graph *graph)
{
  int count;
  const cr_graph_node *nodes = cr_graph_nodes(graph, &count);
  cr_plan *plan = planner->plan;
  for (int n = 0; n < count; n++)
    if (nodes[n].kind == CR_NODE_CONV && nodes[n].input[0] == 0) plan->input_margin = nodes[n].conv.padding;
  plan->input_height = nodes[0].height;
  plan->input_width = nodes[0].width;
  const size_t margins = 2 * (size_t)plan->input_margin;
  plan->input = cr_plan_tensor_add(planner, (nodes[0].height + margins) * (nodes[0].width + margins),
                                   (size_t)nodes[0].channels, false);
  return plan->input;
}

/* ---- The arena -------------------------------------------------------------------------------------------------- */

static void find_lives(cr_plan *plan)
{
  plan->tensors[plan->input].first = 0;
  for (int t = 0; t < plan->tensor_count; t++) plan->tensors[t].last = plan->tensors[t].first;
  for (int s = 0; s < plan->step_count; s++)
    for (int v = 0; v < CR_VIEWS; v++) {
      const int t = plan->steps[s].op.view[v].tensor;
      if (t < 0) continue;
      if (v == CR_OUTPUT && plan->tensors[t].first > s) plan->tensors[t].first = s;
      plan->tensors[t].last = s;
    }
  for (int o = 0; o < CR_OUTPUTS; o++) plan->tensors[plan->outputs[o]].last = plan->step_count;
  for (int m = 0; m < plan->map_count; m++) plan->tensors[plan->maps[m].view.tensor].last = plan->step_count;
}

static clreid_status place_tensors(cr_plan *plan, clreid_error *error)
{
  cr_life *lives = calloc((size_t)plan->tensor_count, sizeof *lives);
  if (!lives) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory to plan %d tensors", plan->tensor_count);
  for (int t = 0; t < plan->tensor_count; t++) {
    const cr_plan_tensor *tensor = &plan->tensors[t];
    lives[t] = (cr_life){.bytes = cr_plan_tensor_elements(tensor) * cr_plan_element_bytes(plan, tensor),
                         .first = tensor->first,
                         .last = tensor->last};
  }
  const clreid_status status = cr_arena_plan(lives, plan->tensor_count, &plan->arena_bytes, error);
  for (int t = 0; t < plan->tensor_count && status == CLREID_OK; t++) plan->tensors[t].offset_bytes = lives[t].offset;
  free(lives);
  return status;
}

/* ---- The whole -------------------------------------------------------------------------------------------------- */

/* join_of[n]: the node that joins the value of n with another, or CR_BROKEN. */
static clreid_status find_joins(cr_planner *planner, const cr_unit *units, int unit_count, int node_count)
{
  for (int n = 0; n < node_count; n++) planner->join_of[n] = CR_BROKEN;
  for (int n = 0; n < node_count; n++)
    for (int i = 0; i < 2 && planner->nodes[n].kind == CR_NODE_JOIN; i++) {
      const cr_node part = planner->nodes[n].input[i];
      bool made = false; /* by a unit that writes a tensor of its own */
      for (int u = 0; u < unit_count; u++)
        if (units[u].result == part)
          made =
              planner->nodes[units[u].node].kind == CR_NODE_CONV || planner->nodes[units[u].node].kind == CR_NODE_POOL;
      if (!made || planner->join_of[part] >= 0)
        return cr_fail(planner->error, CLREID_INVALID_NETWORK, "%s (node %d) cannot be a part of a joined vector",
                       planner->nodes[part].name, part);
      planner->join_of[part] = n;
    }
  return CLREID_OK;
}

static clreid_status plan_units(cr_planner *planner, const cr_graph *graph, const cr_unit *units, int unit_count)
{
  cr_plan *plan = planner->plan;
  planner->nodes = cr_graph_nodes(graph, &planner->node_count);
  const int count = planner->node_count;
  int *tensor_of = malloc(2 * (size_t)count * sizeof *tensor_of);
  if (!tensor_of) return cr_fail(planner->error, CLREID_OUT_OF_MEMORY, "no memory for a graph of %d nodes", count);
  for (int n = 0; n < count; n++) tensor_of[n] = -1;
  planner->tensor_of = tensor_of;
  planner->join_of = tensor_of + count;
  planner->status = find_joins(planner, units, unit_count, count);
  tensor_of[0] = plan_input(planner, graph);
  for (int u = 0; u < unit_count && planner->status == CLREID_OK; u++) {
    if (plan->config.separable_width && u + 1 < unit_count && is_separable(planner, &units[u], &units[u + 1]) &&
        !is_shared(planner, graph, &units[u])) {
      plan_separable(planner, &units[u], &units[u + 1], tensor_of);
      u++;
    } else {
      cr_plan_unit(planner, &units[u]);
    }
  }
  cr_plan_maps(planner, graph);
  for (int o = 0; o < CR_OUTPUTS; o++) plan->outputs[o] = tensor_of[cr_graph_output_node(graph, (cr_output)o)];
  plan->feature_length = planner->nodes[cr_graph_output_node(graph, CR_OUTPUT_NECK)].channels;
  free(tensor_of);
  return planner->status;
}

static void finish_steps(cr_plan *plan)
{
  for (int s = 0; s < plan->step_count; s++) {
    cr_op *op = &plan->steps[s].op;
    op->name = plan->steps[s].name;
    for (int v = 0; v < CR_VIEWS; v++)
      op->as_float[v] = op->view[v].tensor >= 0 && plan->tensors[op->view[v].tensor].is_float;
    plan->multiply_adds += plan->steps[s].multiply_adds;
  }
}

clreid_status cr_plan_create(const cr_graph *graph, const cr_plan_config *config, const cr_log *log, cr_plan **result,
                             clreid_error *error)
{
  cr_unit *units = NULL;
  int unit_count = 0;
  CR_TRY(check_graph(graph, error));
  cr_plan *plan = calloc(1, sizeof *plan);
  if (!plan) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a plan");
  plan->config = *config;
  cr_planner planner = {.plan = plan, .log = log, .error = error};
  cr_graph *contracted = NULL;
  clreid_status status = cr_contract(graph, config->maps, &contracted, error);
  if (status == CLREID_OK) status = check_graph(contracted, error);
  if (status == CLREID_OK) status = cr_fuse(contracted, &units, &unit_count, error);
  if (status == CLREID_OK) status = plan_units(&planner, contracted, units, unit_count);
  free(units);
  cr_graph_destroy(contracted);
  if (status == CLREID_OK) {
    finish_steps(plan);
    find_lives(plan);
    status = place_tensors(plan, error);
  }
  if (status != CLREID_OK) {
    cr_plan_destroy(plan);
    return status;
  }
  *result = plan;
  return CLREID_OK;
}

void cr_plan_destroy(cr_plan *plan)
{
  if (!plan) return;
  free(plan->steps);
  free(plan->tensors);
  free(plan->maps);
  free(plan);
}
