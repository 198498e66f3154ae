/*
 * contract.c - see contract.h.
 *
 * The mean over positions of a 1x1 convolution is the convolution of the mean; the same holds for batch norm, for sums,
 * and for a gate of one value a channel:
 *
 *     mean(W y + b) = W mean(y) + b        mean(a + b) = mean(a) + mean(b)        mean(gate * y) = gate * mean(y)
 *
 * So a global mean is taken of the first value before which something not linear stands. For squeeze-and-excitation
 * after conv3 and its batch norm it is the mean of conv3's input: the gate is known before conv3 runs, and conv3's
 * epilogue can apply it. Where nothing but the mean of a map is asked for, the map is never made.
 *
 * Nodes are copied as the outputs ask for them, masks and shortcuts before what they are applied to: what a launch
 * takes in its epilogue must be there when it runs.
 */
#include "contract.h"

#include <stdio.h>
#include <stdlib.h>

enum { INPUTS = 3, UNKNOWN = -3 };

typedef struct contraction {
  const cr_graph_node *from;
  cr_graph *to;
  cr_node *value; /* [count]: the node of `to` with this node's value, or UNKNOWN */
  cr_node *mean;  /* [count]: that with its mean over positions, or UNKNOWN */
} contraction;

static cr_node value_of(contraction *c, cr_node n);
static cr_node mean_of(contraction *c, cr_node n);

static bool is_vector(const cr_graph_node *node)
{
  return node->height == 1 && node->width == 1;
}

static bool is_pointwise(const cr_graph_node *node)
{
  return node->kind == CR_NODE_CONV && node->conv.kernel == 1 && node->conv.stride == 1 && node->conv.padding == 0;
}

static cr_node dense(contraction *c, cr_node x, const char *name, const char *part, int out)
{
  char full[112];
  snprintf(full, sizeof full, "%s.%s", name, part);
  return cr_graph_conv(c->to, x, full, (cr_conv_spec){.out = out, .bias = true});
}

/* x * sigmoid(fc2(relu(fc1(mean)))), of the value or of its mean */
static cr_node gated(contraction *c, const cr_graph_node *squeeze, cr_node mean, cr_node (*of)(contraction *, cr_node))
{
  cr_node gate = dense(c, mean, squeeze->name, "fc1", squeeze->squeeze.middle);
  gate = dense(c, cr_graph_relu(c->to, gate), squeeze->name, "fc2", squeeze->channels);
  gate = cr_graph_sigmoid(c->to, gate);
  return cr_graph_mask(c->to, of(c, squeeze->input[0]), CR_NO_MASK, gate);
}

static cr_node copy(contraction *c, const cr_graph_node *node)
{
  cr_node input[INPUTS];
  for (int i = INPUTS - 1; i >= 0; i--) input[i] = node->input[i] >= 0 ? value_of(c, node->input[i]) : node->input[i];
  return cr_graph_copy(c->to, node, input);
}

static bool is_plain_mean(const cr_graph_node *node)
{
  return node->kind == CR_NODE_POOL && node->pool.global && node->input[1] < 0;
}

static cr_node value_of(contraction *c, cr_node n)
{
  const cr_graph_node *node = &c->from[n];
  if (c->value[n] != UNKNOWN) return c->value[n];
  if (node->kind == CR_NODE_SQUEEZE)
    c->value[n] = gated(c, node, mean_of(c, node->input[0]), value_of);
  else
    c->value[n] = is_plain_mean(node) ? mean_of(c, node->input[0]) : copy(c, node);
  return c->value[n];
}

/* A copy of a linear node that reads means instead of maps. */
static cr_node copy_of_means(contraction *c, const cr_graph_node *node)
{
  cr_graph_node vector = *node;
  cr_node input[INPUTS] = {CR_BROKEN, CR_BROKEN, CR_BROKEN};
  vector.height = vector.width = 1;
  for (int i = INPUTS - 1; i >= 0; i--)
    if (node->input[i] >= 0) input[i] = mean_of(c, node->input[i]);
  return cr_graph_copy(c->to, &vector, input);
}

/* Does a mean move before the node? Not to the picture: it is stored with a margin, for the first convolution alone. */
static bool is_linear(const contraction *c, const cr_graph_node *node)
{
  for (int i = 0; i < INPUTS; i++)
    if (node->input[i] >= 0 && c->from[node->input[i]].kind == CR_NODE_INPUT) return false;
  return is_pointwise(node) || node->kind == CR_NODE_BATCH_NORM || node->kind == CR_NODE_ADD;
}

static cr_node mean_of(contraction *c, cr_node n)
{
  const cr_graph_node *node = &c->from[n];
  if (c->mean[n] != UNKNOWN) return c->mean[n];
  if (is_vector(node))
    c->mean[n] = value_of(c, n);
  else if (is_linear(c, node))
    c->mean[n] = copy_of_means(c, node);
  else if (node->kind == CR_NODE_SQUEEZE)
    c->mean[n] = gated(c, node, mean_of(c, node->input[0]), mean_of);
  else
    c->mean[n] = cr_graph_pool(c->to, value_of(c, n), (cr_pool_spec){.global = true});
  return c->mean[n];
}

/* After all that the outputs ask for: what only maps need comes last. */
static void copy_maps(contraction *c, const cr_graph *graph)
{
  int count;
  const cr_graph_map *maps = cr_graph_maps(graph, &count);
  for (int m = 0; m < count; m++) cr_graph_map_add(c->to, maps[m].name, value_of(c, maps[m].node));
}

clreid_status cr_contract(const cr_graph *graph, bool maps, cr_graph **contracted, clreid_error *error)
{
  int count;
  contraction c = {.from = cr_graph_nodes(graph, &count), .to = cr_graph_create()};
  clreid_status status = CLREID_OK;
  c.value = malloc(2 * (size_t)count * sizeof *c.value);
  if (!c.to || !c.value) {
    status = cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a graph of %d nodes", count);
  } else {
    c.mean = c.value + count;
    for (int n = 0; n < 2 * count; n++) c.value[n] = UNKNOWN;
    for (int o = 0; o < CR_OUTPUTS; o++)
      cr_graph_output(c.to, (cr_output)o, value_of(&c, cr_graph_output_node(graph, (cr_output)o)));
    if (maps) copy_maps(&c, graph);
    status = cr_graph_status(c.to, error);
  }
  free(c.value);
  if (status == CLREID_OK)
    *contracted = c.to;
  else
    cr_graph_destroy(c.to);
  return status;
}
