/*
 * test_contract.c - proves lib/contract.c: means move before what is linear and stop before what is not; what a gate
 * needs is there before the convolution that takes it. That the values stay is test_networks' business.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract.h"
#include "fuse.h"

enum { HEIGHT = 6, WIDTH = 5, CHANNELS = 16 };

typedef struct contracted {
  cr_graph *from, *to;
  const cr_graph_node *nodes;
  int count;
} contracted;

/* The graph with x for both outputs, contracted. */
static contracted contract(cr_graph *g, cr_node x)
{
  clreid_error error = {CLREID_OK, ""};
  contracted c = {.from = g};
  cr_graph_output(g, CR_OUTPUT_POOLED, x);
  cr_graph_output(g, CR_OUTPUT_NECK, x);
  if (cr_graph_status(g, &error) || cr_contract(g, false, &c.to, &error)) fail_msg("%s", error.text);
  c.nodes = cr_graph_nodes(c.to, &c.count);
  return c;
}

static void release(contracted *c)
{
  cr_graph_destroy(c->from);
  cr_graph_destroy(c->to);
}

static int count(const contracted *c, cr_node_kind kind, bool maps)
{
  int found = 0;
  for (int n = 0; n < c->count; n++)
    found += c->nodes[n].kind == kind && (c->nodes[n].height * c->nodes[n].width > 1) == maps;
  return found;
}

static cr_node relu_of_conv(cr_graph *g, cr_node x, const char *name)
{
  return cr_graph_relu(g, cr_graph_conv(g, x, name, (cr_conv_spec){.out = CHANNELS, .kernel = 3, .padding = 1}));
}

static cr_node pointwise(cr_graph *g, cr_node x, const char *name)
{
  return cr_graph_conv(g, x, name, (cr_conv_spec){.out = 32, .bias = true});
}

static cr_node mean(cr_graph *g, cr_node x)
{
  return cr_graph_pool(g, x, (cr_pool_spec){.global = true});
}

/* relu(squeeze(bn(conv3(y))) + shortcut): the gate comes from the mean of y, and one unit does the rest. */
static void a_gate_is_known_before_its_convolution(void **state)
{
  (void)state;
  cr_graph *g = cr_graph_create();
  const cr_node x = cr_graph_input(g, HEIGHT, WIDTH, CHANNELS), shortcut = pointwise(g, x, "shortcut");
  cr_node y = cr_graph_batch_norm(g, pointwise(g, relu_of_conv(g, x, "conv2"), "conv3"), "bn3", 1);
  y = cr_graph_squeeze(g, y, "se", (cr_squeeze_spec){.middle = 2});
  contracted c = contract(g, mean(g, cr_graph_relu(g, cr_graph_add(g, y, shortcut))));
  assert_int_equal(count(&c, CR_NODE_CONV, true), 3);  /* shortcut, conv2, conv3 */
  assert_int_equal(count(&c, CR_NODE_CONV, false), 3); /* conv3 of the mean, fc1, fc2 */
  assert_int_equal(count(&c, CR_NODE_SQUEEZE, true), 0);
  assert_int_equal(count(&c, CR_NODE_POOL, false), 2);
  for (int n = 0; n < c.count; n++) /* both of what a ReLU gives */
    if (c.nodes[n].kind == CR_NODE_POOL) assert_int_equal(c.nodes[c.nodes[n].input[0]].kind, CR_NODE_RELU);
  cr_unit *units;
  int unit_count, gated = 0;
  clreid_error error;
  assert_int_equal(cr_fuse(c.to, &units, &unit_count, &error), CLREID_OK);
  for (int u = 0; u < unit_count; u++) {
    if (units[u].gate < 0) continue;
    assert_string_equal(c.nodes[units[u].node].name, "conv3");
    assert_true(units[u].gate < units[u].node && units[u].residual >= 0 && units[u].norm >= 0);
    assert_int_equal(units[u].activation, CR_RELU);
    gated++;
  }
  assert_int_equal(gated, 1);
  assert_int_equal(unit_count, 8); /* six convolutions and two means */
  free(units);
  release(&c);
}

/* mean(conv(y) + x): no map of the convolution is made. */
static void a_mean_moves_before_sums_and_convolutions(void **state)
{
  (void)state;
  cr_graph *g = cr_graph_create();
  const cr_node x = cr_graph_input(g, HEIGHT, WIDTH, CHANNELS), y = relu_of_conv(g, x, "a");
  const cr_node z = cr_graph_squeeze(g, pointwise(g, y, "b"), "se", (cr_squeeze_spec){.middle = 2});
  contracted c = contract(g, mean(g, cr_graph_add(g, z, pointwise(g, relu_of_conv(g, y, "c"), "d"))));
  assert_int_equal(count(&c, CR_NODE_CONV, true), 2);  /* a, c */
  assert_int_equal(count(&c, CR_NODE_CONV, false), 4); /* b, fc1, fc2, d */
  assert_int_equal(count(&c, CR_NODE_ADD, false), 1);
  assert_int_equal(count(&c, CR_NODE_ADD, true), 0);
  release(&c);
}

/* Windows, strides, masks of positions and what is not linear stay where they are; so does what reads the picture. */
static void a_mean_stops_before_what_is_not_linear(void **state)
{
  (void)state;
  cr_graph *g = cr_graph_create();
  const cr_node picture = cr_graph_input(g, HEIGHT, WIDTH, CHANNELS), x = relu_of_conv(g, picture, "first");
  const cr_node wide = cr_graph_conv(g, x, "wide", (cr_conv_spec){.out = 32, .kernel = 3});
  const cr_node strided = cr_graph_conv(g, x, "strided", (cr_conv_spec){.out = 32, .stride = 2});
  const cr_node masked = cr_graph_masked_mean(g, pointwise(g, x, "a"), cr_graph_sigmoid(g, pointwise(g, x, "b")));
  const cr_node of_picture = mean(g, pointwise(g, picture, "c"));
  const cr_node sum =
      cr_graph_add(g, cr_graph_add(g, cr_graph_add(g, mean(g, wide), mean(g, strided)), masked), of_picture);
  contracted c = contract(g, sum);
  assert_int_equal(count(&c, CR_NODE_CONV, true), 6);
  assert_int_equal(count(&c, CR_NODE_CONV, false), 0);
  assert_int_equal(count(&c, CR_NODE_POOL, false), 4);
  release(&c);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_gate_is_known_before_its_convolution),
      cmocka_unit_test(a_mean_moves_before_sums_and_convolutions),
      cmocka_unit_test(a_mean_stops_before_what_is_not_linear),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
