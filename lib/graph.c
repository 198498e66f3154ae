/*
 * graph.c - building graphs: shapes, weight specifications, counts. See graph.h.
 */
#include "graph.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../host/ops.h"

struct cr_graph {
  cr_graph_node *nodes;
  int node_count;
  cr_weight_spec *weights;
  size_t weight_count;
  cr_node output[CR_OUTPUTS];
  cr_graph_map *maps;
  int map_count;
  clreid_error broken; /* the first error */
};

cr_graph *cr_graph_create(void)
{
  cr_graph *graph = calloc(1, sizeof *graph);
  if (graph)
    for (int o = 0; o < CR_OUTPUTS; o++) graph->output[o] = CR_BROKEN;
  return graph;
}

void cr_graph_destroy(cr_graph *graph)
{
  if (!graph) return;
  free(graph->nodes);
  free(graph->weights);
  free(graph->maps);
  free(graph);
}

clreid_status cr_graph_status(const cr_graph *graph, clreid_error *error)
{
  if (graph->broken.status != CLREID_OK && error) *error = graph->broken;
  return graph->broken.status;
}

cr_node cr_graph_fail(cr_graph *graph, clreid_status status, const char *format, ...)
{
  if (graph->broken.status != CLREID_OK) return CR_BROKEN;
  va_list list;
  va_start(list, format);
  cr_fail_list(&graph->broken, status, format, list);
  va_end(list);
  return CR_BROKEN;
}

/* ---- Growing ---------------------------------------------------------------------------------------------------- */

static void add_weight(cr_graph *graph, const char *prefix, const char *suffix, cr_role role, float gain, int dims,
                       const int shape[4])
{
  cr_weight_spec *larger = realloc(graph->weights, (graph->weight_count + 1) * sizeof *larger);
  if (!larger) {
    cr_graph_fail(graph, CLREID_OUT_OF_MEMORY, "no memory for weight %zu", graph->weight_count);
    return;
  }
  graph->weights = larger;
  cr_weight_spec *spec = &larger[graph->weight_count++];
  memset(spec, 0, sizeof *spec);
  if (snprintf(spec->name, sizeof spec->name, "%s.%s", prefix, suffix) >= (int)sizeof spec->name)
    cr_graph_fail(graph, CLREID_INVALID_NETWORK, "a weight's name begins with %.64s... and is longer than %zu bytes",
                  prefix, sizeof spec->name - 1);
  spec->dims = dims;
  memcpy(spec->shape, shape, (size_t)dims * sizeof *shape);
  spec->role = role;
  spec->gain = gain;
}

static void add_kernel(cr_graph *graph, const char *prefix, int out, int in, int kernel)
{
  add_weight(graph, prefix, "weight", CR_ROLE_KERNEL, 1, 4, (int[4]){out, in, kernel, kernel});
}

static void add_batch_norm(cr_graph *graph, const char *prefix, int channels, float gain, float variance)
{
  const int shape[4] = {channels};
  add_weight(graph, prefix, "weight", CR_ROLE_GAMMA, gain, 1, shape);
  add_weight(graph, prefix, "bias", CR_ROLE_BETA, 1, 1, shape);
  add_weight(graph, prefix, "running_mean", CR_ROLE_MEAN, 1, 1, shape);
  add_weight(graph, prefix, "running_var", CR_ROLE_VARIANCE, variance, 1, shape);
}

/* False breaks the graph. */
static bool is_node(cr_graph *graph, cr_node x, const char *reader)
{
  if (x >= 0 && x < graph->node_count) return true;
  cr_graph_fail(graph, CLREID_INVALID_NETWORK, "%s reads node %d, but the graph has %d nodes", reader, x,
                graph->node_count);
  return false;
}

/* A new node of x's shape, or NULL if the graph is broken. */
static cr_graph_node *add_node(cr_graph *graph, cr_node_kind kind, cr_node x, const char *name)
{
  if (graph->broken.status != CLREID_OK || (kind != CR_NODE_INPUT && !is_node(graph, x, name))) return NULL;
  cr_graph_node *larger = realloc(graph->nodes, ((size_t)graph->node_count + 1) * sizeof *larger);
  if (!larger) {
    cr_graph_fail(graph, CLREID_OUT_OF_MEMORY, "no memory for node %d of a graph", graph->node_count);
    return NULL;
  }
  graph->nodes = larger;
  cr_graph_node *node = &larger[graph->node_count++];
  memset(node, 0, sizeof *node);
  node->kind = kind;
  node->input[0] = x;
  node->input[1] = node->input[2] = CR_BROKEN;
  snprintf(node->name, sizeof node->name, "%s", name);
  if (x >= 0) {
    node->height = larger[x].height;
    node->width = larger[x].width;
    node->channels = larger[x].channels;
    node->streams = larger[x].streams;
  }
  return node;
}

static cr_node number(const cr_graph *graph, const cr_graph_node *node)
{
  return node && graph->broken.status == CLREID_OK ? (cr_node)(node - graph->nodes) : CR_BROKEN;
}

/* ---- Builders --------------------------------------------------------------------------------------------------- */

cr_node cr_graph_input(cr_graph *graph, int height, int width, int channels)
{
  cr_graph_node *node = add_node(graph, CR_NODE_INPUT, CR_BROKEN, "input");
  if (!node) return CR_BROKEN;
  if (graph->node_count > 1 || height < 1 || width < 1 || channels < 1)
    return cr_graph_fail(graph, CLREID_INVALID_NETWORK,
                         "an input of %d x %d x %d as node %d; it must be positive, and the first", height, width,
                         channels, graph->node_count - 1);
  node->height = height;
  node->width = width;
  node->channels = channels;
  node->streams = 1;
  return number(graph, node);
}

static int one_if_zero(int value)
{
  return value ? value : 1;
}

static int windows(int size, int kernel, int stride, int padding, bool round_up)
{
  const int room = size + 2 * padding - kernel;
  if (room < 0) return 0;
  int count = room / stride + 1;
  if (round_up && room % stride && count * stride < size + padding) count++; /* it must begin inside the map */
  return count;
}

cr_node cr_graph_conv(cr_graph *graph, cr_node x, const char *name, cr_conv_spec spec)
{
  cr_graph_node *node = add_node(graph, CR_NODE_CONV, x, name);
  if (!node) return CR_BROKEN;
  spec.kernel = one_if_zero(spec.kernel);
  spec.stride = one_if_zero(spec.stride);
  spec.dilation = one_if_zero(spec.dilation);
  spec.groups = one_if_zero(spec.groups);
  if (spec.linear && (spec.kernel != 1 || spec.stride != 1 || spec.padding || spec.groups != 1))
    return cr_graph_fail(graph, CLREID_INVALID_NETWORK,
                         "linear layer %s has kernel %d, stride %d, padding %d, groups %d; it takes a vector", name,
                         spec.kernel, spec.stride, spec.padding, spec.groups);
  if (spec.out < 1 || spec.kernel < 1 || spec.stride < 1 || spec.padding < 0 || spec.dilation < 1 || spec.groups < 1)
    return cr_graph_fail(
        graph, CLREID_INVALID_NETWORK,
        "convolution %s: %d outputs, kernel %d, stride %d, padding %d, dilation %d, groups %d; none may "
        "be negative, and there must be outputs",
        name, spec.out, spec.kernel, spec.stride, spec.padding, spec.dilation, spec.groups);
  const int reach = (spec.kernel - 1) * spec.dilation + 1;
  const int in = node->channels;
  node->conv = spec;
  node->height = windows(node->height, reach, spec.stride, spec.padding, false);
  node->width = windows(node->width, reach, spec.stride, spec.padding, false);
  node->channels = spec.out;
  if (node->height < 1 || node->width < 1)
    return cr_graph_fail(graph, CLREID_INVALID_NETWORK, "the map is too small for convolution %s of %d x %d", name,
                         spec.kernel, spec.kernel);
  if (in % spec.groups || spec.out % spec.groups)
    return cr_graph_fail(graph, CLREID_INVALID_NETWORK,
                         "convolution %s: %d and %d channels do not divide into %d groups", name, in, spec.out,
                         spec.groups);
  if (spec.linear)
    add_weight(graph, name, "weight", CR_ROLE_KERNEL, 1, 2, (int[4]){spec.out, in});
  else
    add_kernel(graph, name, spec.out, in / spec.groups, spec.kernel);
  if (spec.bias) add_weight(graph, name, "bias", CR_ROLE_BIAS, 1, 1, (int[4]){spec.out});
  return number(graph, node);
}

cr_node cr_graph_batch_norm(cr_graph *graph, cr_node x, const char *name, float gain)
{
  cr_graph_node *node = add_node(graph, CR_NODE_BATCH_NORM, x, name);
  if (node) add_batch_norm(graph, name, node->channels, gain, 1);
  return number(graph, node);
}

cr_node cr_graph_relu(cr_graph *graph, cr_node x)
{
  return number(graph, add_node(graph, CR_NODE_RELU, x, "relu"));
}

cr_node cr_graph_sigmoid(cr_graph *graph, cr_node x)
{
  return number(graph, add_node(graph, CR_NODE_SIGMOID, x, "sigmoid"));
}

cr_node cr_graph_add(cr_graph *graph, cr_node a, cr_node b)
{
  cr_graph_node *node = add_node(graph, CR_NODE_ADD, a, "add");
  if (!node || !is_node(graph, b, "add")) return CR_BROKEN;
  node->input[1] = b;
  const cr_graph_node *other = &graph->nodes[b];
  if (other->height != node->height || other->width != node->width || other->channels != node->channels)
    return cr_graph_fail(graph, CLREID_INVALID_NETWORK, "a sum of %d x %d x %d and %d x %d x %d", node->height,
                         node->width, node->channels, other->height, other->width, other->channels);
  return number(graph, node);
}

static void check_mask(cr_graph *graph, cr_node mask, int height, int width, int channels)
{
  if (mask == CR_NO_MASK || !is_node(graph, mask, "mask")) return;
  const cr_graph_node *m = &graph->nodes[mask];
  if (m->height != height || m->width != width || m->channels != channels)
    cr_graph_fail(graph, CLREID_INVALID_NETWORK, "a mask of %d x %d x %d where %d x %d x %d is needed", m->height,
                  m->width, m->channels, height, width, channels);
}

cr_node cr_graph_mask(cr_graph *graph, cr_node x, cr_node spatial, cr_node channel)
{
  cr_graph_node *node = add_node(graph, CR_NODE_MASK, x, "mask");
  if (!node) return CR_BROKEN;
  node->input[1] = spatial;
  node->input[2] = channel;
  check_mask(graph, spatial, node->height, node->width, 1);
  check_mask(graph, channel, 1, 1, node->channels);
  return number(graph, node);
}

cr_node cr_graph_pool(cr_graph *graph, cr_node x, cr_pool_spec spec)
{
  cr_graph_node *node = add_node(graph, CR_NODE_POOL, x,
                                 spec.global    ? "global mean"
                                 : spec.maximum ? "max pool"
                                                : "average pool");
  if (!node) return CR_BROKEN;
  spec.stride = one_if_zero(spec.stride);
  if (!spec.global && (spec.kernel < 1 || spec.stride < 1 || spec.padding < 0 || spec.padding >= spec.kernel))
    return cr_graph_fail(graph, CLREID_INVALID_NETWORK,
                         "a pool with kernel %d, stride %d, padding %d; every window must reach into the map",
                         spec.kernel, spec.stride, spec.padding);
  node->pool = spec;
  node->height = spec.global ? 1 : windows(node->height, spec.kernel, spec.stride, spec.padding, spec.round_up);
  node->width = spec.global ? 1 : windows(node->width, spec.kernel, spec.stride, spec.padding, spec.round_up);
  if (node->height < 1 || node->width < 1)
    return cr_graph_fail(graph, CLREID_INVALID_NETWORK, "the map is too small for a pool of %d x %d", spec.kernel,
                         spec.kernel);
  return number(graph, node);
}

/* A 1x1 convolution with a bias: NAME.PART.weight, .bias. */
static void add_dense(cr_graph *graph, const char *name, const char *part, int out, int in)
{
  char full[112];
  snprintf(full, sizeof full, "%s.%s", name, part);
  add_kernel(graph, full, out, in, 1);
  add_weight(graph, full, "bias", CR_ROLE_BIAS, 1, 1, (int[4]){out});
}

cr_node cr_graph_squeeze(cr_graph *graph, cr_node x, const char *name, cr_squeeze_spec spec)
{
  cr_graph_node *node = add_node(graph, CR_NODE_SQUEEZE, x, name);
  if (!node) return CR_BROKEN;
  node->squeeze = spec;
  const int channels = node->channels;
  if (spec.middle < 1)
    return cr_graph_fail(graph, CLREID_INVALID_NETWORK, "%s squeezes %d channels into %d", name, channels, spec.middle);
  add_dense(graph, name, "fc1", spec.middle, channels);
  add_dense(graph, name, "fc2", channels, spec.middle);
  return number(graph, node);
}

cr_node cr_graph_attention(cr_graph *graph, cr_node x, const char *name, cr_attention_spec spec)
{
  static const char *const parts[] = {"g", "h", "p"};
  cr_graph_node *node = add_node(graph, CR_NODE_ATTENTION, x, name);
  if (!node) return CR_BROKEN;
  const int in = node->channels;
  node->attention = spec;
  node->channels = spec.inner;
  if (spec.inner < 1)
    return cr_graph_fail(graph, CLREID_INVALID_NETWORK, "attention %s embeds %d channels in %d", name, in, spec.inner);
  for (int i = 0; i < 3; i++) add_dense(graph, name, parts[i], spec.inner, in);
  return number(graph, node);
}

cr_node cr_graph_masked_mean(cr_graph *graph, cr_node x, cr_node mask)
{
  cr_graph_node *node = add_node(graph, CR_NODE_POOL, x, "masked mean");
  if (!node || !is_node(graph, mask, node->name)) return CR_BROKEN;
  const cr_graph_node *other = &graph->nodes[mask];
  if (other->height != node->height || other->width != node->width || other->channels != node->channels)
    return cr_graph_fail(graph, CLREID_INVALID_NETWORK, "a map of %d x %d x %d with a mask of %d x %d x %d",
                         node->height, node->width, node->channels, other->height, other->width, other->channels);
  node->pool = (cr_pool_spec){.global = true, .stride = 1};
  node->input[1] = mask;
  node->height = node->width = 1;
  return number(graph, node);
}

cr_node cr_graph_concat(cr_graph *graph, cr_node a, cr_node b)
{
  cr_graph_node *node = add_node(graph, CR_NODE_CONCAT, a, "concat");
  if (!node || !is_node(graph, b, node->name)) return CR_BROKEN;
  const cr_graph_node *other = &graph->nodes[b];
  node->input[1] = b;
  if (other->height != node->height || other->width != node->width || node->channels % CR_CONCAT_UNIT)
    return cr_graph_fail(
        graph, CLREID_INVALID_NETWORK,
        "%d x %d x %d and %d x %d x %d do not join; sizes must agree and the first channels be a multiple of %d",
        node->height, node->width, node->channels, other->height, other->width, other->channels, CR_CONCAT_UNIT);
  node->channels += other->channels;
  return number(graph, node);
}

/* ---- Harmonious attention, streams, vectors ---------------------------------------------------------------------- */

/* PREFIX.NAME.conv and PREFIX.NAME.bn */
static void add_harmony_layer(cr_graph *graph, const char *prefix, const char *what, int out, int in, int kernel)
{
  char name[112];
  snprintf(name, sizeof name, "%.60s.%s.conv", prefix, what);
  add_kernel(graph, name, out, in, kernel);
  snprintf(name, sizeof name, "%.60s.%s.bn", prefix, what);
  add_batch_norm(graph, name, out, 1, 1);
}

cr_node cr_graph_harmony(cr_graph *graph, cr_node x, const char *prefix, cr_harmony_spec spec)
{
  cr_graph_node *node = add_node(graph, CR_NODE_HARMONY, x, prefix);
  if (!node) return CR_BROKEN;
  const int channels = node->channels, reduced = spec.reduction > 0 ? channels / spec.reduction : 0;
  node->harmony = spec;
  if (reduced < 1 || spec.regions < 1)
    return cr_graph_fail(graph, CLREID_INVALID_NETWORK,
                         "%s: %d channels reduced by %d, and %d regions; neither may be none", prefix, channels,
                         spec.reduction, spec.regions);
  add_harmony_layer(graph, prefix, "spatial1", 1, 1, 3);
  add_harmony_layer(graph, prefix, "spatial2", 1, 1, 1);
  add_harmony_layer(graph, prefix, "channel1", reduced, channels, 1);
  add_harmony_layer(graph, prefix, "channel2", channels, reduced, 1);
  add_harmony_layer(graph, prefix, "blend", channels, channels, 1);
  char name[112];
  snprintf(name, sizeof name, "%.60s.regions", prefix);
  add_weight(graph, name, "weight", CR_ROLE_KERNEL, 1, 2, (int[4]){2 * spec.regions, channels});
  add_weight(graph, name, "bias", CR_ROLE_BIAS, 1, 1, (int[4]){2 * spec.regions});
  return number(graph, node);
}

/* False breaks the graph. */
static bool is_harmony(cr_graph *graph, cr_node harmony, const char *reader)
{
  if (!is_node(graph, harmony, reader)) return false;
  if (graph->nodes[harmony].kind == CR_NODE_HARMONY) return true;
  cr_graph_fail(graph, CLREID_INVALID_NETWORK, "%s reads node %d, %s, as harmonious attention", reader, harmony,
                graph->nodes[harmony].name);
  return false;
}

cr_node cr_graph_attend(cr_graph *graph, cr_node x, cr_node harmony)
{
  cr_graph_node *node = add_node(graph, CR_NODE_ATTEND, x, "attend");
  if (!node || !is_harmony(graph, harmony, "attend")) return CR_BROKEN;
  const cr_graph_node *seen = &graph->nodes[harmony];
  if (seen->height != node->height || seen->width != node->width || seen->channels != node->channels)
    return cr_graph_fail(graph, CLREID_INVALID_NETWORK, "the mask of a map of %d x %d x %d on one of %d x %d x %d",
                         seen->height, seen->width, seen->channels, node->height, node->width, node->channels);
  snprintf(node->name, sizeof node->name, "%s", graph->nodes[harmony].name);
  node->input[1] = harmony;
  return number(graph, node);
}

cr_node cr_graph_crop(cr_graph *graph, cr_node x, cr_node harmony, cr_node residual, int height, int width)
{
  cr_graph_node *node = add_node(graph, CR_NODE_CROP, x, "crop");
  if (!node || !is_harmony(graph, harmony, "crop")) return CR_BROKEN;
  if (height < 1 || width < 1 || node->streams != 1)
    return cr_graph_fail(graph, CLREID_INVALID_NETWORK,
                         "a crop of %d x %d from %d streams; it must be positive, from one", height, width,
                         node->streams);
  snprintf(node->name, sizeof node->name, "%s", graph->nodes[harmony].name);
  node->input[1] = harmony;
  node->input[2] = residual;
  node->height = height;
  node->width = width;
  node->streams = graph->nodes[harmony].harmony.regions;
  if (residual == CR_NO_RESIDUAL) return number(graph, node);
  if (!is_node(graph, residual, "crop")) return CR_BROKEN;
  const cr_graph_node *other = &graph->nodes[residual];
  if (other->height != height || other->width != width || other->channels != node->channels ||
      other->streams != node->streams)
    return cr_graph_fail(graph, CLREID_INVALID_NETWORK, "a crop to %d maps of %d x %d x %d plus %d of %d x %d x %d",
                         node->streams, height, width, node->channels, other->streams, other->height, other->width,
                         other->channels);
  return number(graph, node);
}

cr_node cr_graph_streams_as_channels(cr_graph *graph, cr_node x)
{
  cr_graph_node *node = add_node(graph, CR_NODE_STREAMS_AS_CHANNELS, x, "streams");
  if (!node) return CR_BROKEN;
  if (node->height != 1 || node->width != 1 || cr_padded(node->channels) != (size_t)node->channels)
    return cr_graph_fail(graph, CLREID_INVALID_NETWORK,
                         "streams of %d x %d x %d cannot be one vector: they must be vectors of a multiple of %d",
                         node->height, node->width, node->channels, CR_PANEL);
  node->channels *= node->streams;
  node->streams = 1;
  return number(graph, node);
}

cr_node cr_graph_join(cr_graph *graph, cr_node a, cr_node b)
{
  cr_graph_node *node = add_node(graph, CR_NODE_JOIN, a, "join");
  if (!node || !is_node(graph, b, "join")) return CR_BROKEN;
  const cr_graph_node *other = &graph->nodes[b];
  node->input[1] = b;
  if (node->height != 1 || node->width != 1 || other->height != 1 || other->width != 1 || node->streams != 1 ||
      other->streams != 1 || cr_padded(node->channels) != (size_t)node->channels)
    return cr_graph_fail(
        graph, CLREID_INVALID_NETWORK,
        "%d x %d x %d and %d x %d x %d are not joined: both must be vectors, the first of a multiple of %d",
        node->height, node->width, node->channels, other->height, other->width, other->channels, CR_PANEL);
  node->channels += other->channels;
  return number(graph, node);
}

cr_node cr_graph_copy(cr_graph *graph, const cr_graph_node *from, const cr_node input[3])
{
  cr_graph_node *node = add_node(graph, from->kind, input[0], from->name);
  if (!node) return CR_BROKEN;
  *node = *from;
  memcpy(node->input, input, sizeof node->input);
  return number(graph, node);
}

cr_node cr_graph_normalise(cr_graph *graph, cr_node x, int parts)
{
  cr_graph_node *node = add_node(graph, CR_NODE_NORMALISE, x, "normalise");
  if (!node) return CR_BROKEN;
  node->parts = parts;
  if (node->height != 1 || node->width != 1 || parts < 1 || node->channels % (parts * CR_PANEL))
    return cr_graph_fail(graph, CLREID_INVALID_NETWORK,
                         "%d x %d x %d is not normalised in %d parts: they must be vectors of a multiple of %d",
                         node->height, node->width, node->channels, parts, CR_PANEL);
  return number(graph, node);
}

void cr_graph_output(cr_graph *graph, cr_output output, cr_node x)
{
  if (graph->broken.status == CLREID_OK && is_node(graph, x, "output")) graph->output[output] = x;
}

void cr_graph_map_add(cr_graph *graph, const char *name, cr_node x)
{
  if (graph->broken.status != CLREID_OK || !is_node(graph, x, "map")) return;
  cr_graph_map *larger = realloc(graph->maps, ((size_t)graph->map_count + 1) * sizeof *larger);
  if (!larger) {
    cr_graph_fail(graph, CLREID_OUT_OF_MEMORY, "no memory for map %d of a graph", graph->map_count);
    return;
  }
  graph->maps = larger;
  cr_graph_map *map = &larger[graph->map_count++];
  *map = (cr_graph_map){.node = x};
  if (snprintf(map->name, sizeof map->name, "%s", name) >= (int)sizeof map->name)
    cr_graph_fail(graph, CLREID_INVALID_NETWORK, "a map's name begins with %s... and is longer than %zu bytes",
                  map->name, sizeof map->name - 1);
}

/* ---- Relation --------------------------------------------------------------------------------------------------- */

void cr_relation_name(const cr_graph_node *node, const char *what, char *text)
{
  snprintf(text, 96, "%.60s.%s_%s", node->name, what, node->relation.of_channels ? "channel" : "spatial");
}

/* A 1x1 convolution without bias and its batch norm: PREFIX.WHAT_KIND.INDEX and .INDEX+1. variance: what to expect
 * before the batch norm with random weights. */
static void add_relation_layer(cr_graph *graph, const cr_graph_node *node, const char *what, int index, int out, int in,
                               float gain, float variance)
{
  char base[96], name[112];
  cr_relation_name(node, what, base);
  snprintf(name, sizeof name, "%s.%d", base, index);
  add_kernel(graph, name, out, in, 1);
  snprintf(name, sizeof name, "%s.%d", base, index + 1);
  add_batch_norm(graph, name, out, gain, variance);
}

/* Random weights: theta and phi end in ReLU of something near unit normal, so a product of theirs is about 0.16 a
 * term: the variance of gg's sums is 2 E[R^2], E[R] = 0.16 inner. */
static float expected_relation_variance(int inner)
{
  const float product = 0.16f * (float)inner;
  return 2 * product * product;
}

cr_node cr_graph_relation(cr_graph *graph, cr_node x, const char *prefix, cr_relation_spec r)
{
  enum { LEAST = 1, LONGEST_PREFIX = 60 }; /* cr_relation_name cuts longer ones */
  cr_graph_node *node = add_node(graph, CR_NODE_RELATION, x, prefix);
  if (!node) return CR_BROKEN;
  if (r.embedding_ratio < LEAST || r.inside_ratio < LEAST || strlen(prefix) > LONGEST_PREFIX)
    return cr_graph_fail(graph, CLREID_INVALID_NETWORK,
                         "%s: ratios s1 = %d and s2 = %d must be positive, and its name at most %d bytes long", prefix,
                         r.embedding_ratio, r.inside_ratio, LONGEST_PREFIX);
  const int pixels = node->height * node->width;
  r.nodes = r.of_channels ? node->channels : pixels;
  r.features = r.of_channels ? pixels : node->channels;
  r.inner = r.features / r.embedding_ratio;
  r.related = r.nodes / r.embedding_ratio;
  const int joint = (r.visual ? 1 : 0) + (r.relation ? r.related : 0);
  r.middle = joint / r.inside_ratio > LEAST ? joint / r.inside_ratio : LEAST;
  node->relation = r;
  if (r.of_channels)
    node->height = node->width = 1;
  else
    node->channels = 1;
  if (r.inner < LEAST || r.related < LEAST)
    return cr_graph_fail(graph, CLREID_INVALID_NETWORK,
                         "%s: an embedding ratio s1 of %d leaves nothing of %d nodes with features of %d", prefix,
                         r.embedding_ratio, r.nodes, r.features);
  if (!joint)
    return cr_graph_fail(graph, CLREID_INVALID_NETWORK,
                         "%s has neither its relation nor its visual part; set relation=1 "
                         "or visual=1",
                         prefix);
  if (r.visual) add_relation_layer(graph, node, "gx", 0, r.inner, r.features, 1, 1);
  if (r.relation)
    add_relation_layer(graph, node, "gg", 0, r.related, 2 * r.nodes, 1, expected_relation_variance(r.inner));
  add_relation_layer(graph, node, "W", 0, r.middle, joint, 1, 1);
  add_relation_layer(graph, node, "W", 3, 1, r.middle, 0.25f, 1);
  if (r.relation) {
    add_relation_layer(graph, node, "theta", 0, r.inner, r.features, 1, 1);
    add_relation_layer(graph, node, "phi", 0, r.inner, r.features, 1, 1);
  }
  return number(graph, node);
}

/* ---- What was built --------------------------------------------------------------------------------------------- */

const cr_graph_node *cr_graph_nodes(const cr_graph *graph, int *count)
{
  *count = graph->node_count;
  return graph->nodes;
}

cr_node cr_graph_output_node(const cr_graph *graph, cr_output output)
{
  return graph->output[output];
}

const cr_graph_map *cr_graph_maps(const cr_graph *graph, int *count)
{
  *count = graph->map_count;
  return graph->maps;
}

const cr_weight_spec *cr_graph_weights(const cr_graph *graph, size_t *count)
{
  *count = graph->weight_count;
  return graph->weights;
}

uint64_t cr_graph_parameters(const cr_graph *graph)
{
  uint64_t sum = 0;
  for (size_t i = 0; i < graph->weight_count; i++) {
    uint64_t elements = 1;
    for (int d = 0; d < graph->weights[i].dims; d++) elements *= (uint64_t)graph->weights[i].shape[d];
    sum += elements;
  }
  return sum;
}

static uint64_t relation_multiply_adds(const cr_relation_spec *r)
{
  const uint64_t nodes = r->nodes, embed = nodes * r->inner * r->features;
  const uint64_t joint = (r->visual ? 1 : 0) + (r->relation ? r->related : 0);
  uint64_t sum = nodes * r->middle * (joint + 1);
  if (r->visual) sum += embed;
  if (r->relation) sum += 2 * embed + nodes * nodes * r->inner + nodes * 2 * nodes * r->related;
  return sum;
}

static uint64_t attention_multiply_adds(const cr_graph_node *node, uint64_t channels)
{
  const uint64_t positions = (uint64_t)node->height * node->width, inner = node->attention.inner;
  return 3 * positions * channels * inner + 2 * positions * positions * inner;
}

static uint64_t harmony_multiply_adds(const cr_graph_node *node)
{
  const uint64_t pixels = (uint64_t)node->height * node->width, channels = node->channels;
  const uint64_t small_map = (uint64_t)((node->height + 1) / 2) * ((node->width + 1) / 2);
  return small_map * 9 + pixels + 2 * channels * (channels / node->harmony.reduction) + pixels * channels * channels +
         channels * 2 * node->harmony.regions;
}

uint64_t cr_graph_multiply_adds(const cr_graph *graph)
{
  uint64_t sum = 0;
  for (int n = 0; n < graph->node_count; n++) {
    const cr_graph_node *node = &graph->nodes[n];
    if (node->kind == CR_NODE_RELATION) sum += relation_multiply_adds(&node->relation);
    if (node->kind == CR_NODE_SQUEEZE) sum += 2 * (uint64_t)node->channels * node->squeeze.middle;
    if (node->kind == CR_NODE_ATTENTION)
      sum += attention_multiply_adds(node, (uint64_t)graph->nodes[node->input[0]].channels);
    if (node->kind == CR_NODE_HARMONY) sum += harmony_multiply_adds(node);
    if (node->kind == CR_NODE_CONV)
      sum += (uint64_t)node->streams * node->height * node->width * node->channels * node->conv.kernel *
             node->conv.kernel * (graph->nodes[node->input[0]].channels / node->conv.groups);
  }
  return sum;
}
