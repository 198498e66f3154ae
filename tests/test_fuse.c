/*
 * test_fuse.c - proves lib/fuse.c: what a launch takes in, and what it must leave alone.
 */
#include "support.h"

#include "fuse.h"

/* ---- Graphs in words -------------------------------------------------------------------------------------------- */

static cr_node conv(cr_graph *g, cr_node x)
{
  char name[16];
  int count;
  cr_graph_nodes(g, &count);
  snprintf(name, sizeof name, "c%d", count);
  return cr_graph_conv(g, x, name, (cr_conv_spec){.out = 16});
}

static cr_node norm(cr_graph *g, cr_node x)
{
  return cr_graph_batch_norm(g, x, "n", 1);
}

static cr_node pool(cr_graph *g, cr_node x)
{
  return cr_graph_pool(g, x, (cr_pool_spec){.kernel = 1});
}

/* Units as text: node+norm+residual+activation=result, nodes by number. "1n2r0R4" is convolution 1 with batch norm 2,
 * sum with 0, ReLU, that gives node 4. */
static const char *fused(const cr_graph *g)
{
  static char text[512];
  size_t at = 0;
  int count = 0;
  cr_unit *units = NULL;
  clreid_error error = {CLREID_OK, ""};
  if (cr_graph_status(g, &error) != CLREID_OK || cr_fuse(g, &units, &count, &error) != CLREID_OK)
    fail_msg("%s", error.text);
  *text = 0;
  for (int i = 0; i < count; i++) {
    const cr_unit *u = &units[i];
    at += (size_t)snprintf(text + at, sizeof text - at, "%s%d", i ? " " : "", u->node);
    if (u->norm >= 0) at += (size_t)snprintf(text + at, sizeof text - at, "n%d", u->norm);
    if (u->residual >= 0) at += (size_t)snprintf(text + at, sizeof text - at, "r%d", u->residual);
    at += (size_t)snprintf(text + at, sizeof text - at, "%s=%d",
                           u->activation == CR_RELU      ? "R"
                           : u->activation == CR_SIGMOID ? "S"
                                                         : "",
                           u->result);
  }
  free(units);
  return text;
}

/* ---- What is taken ---------------------------------------------------------------------------------------------- */

static void everything_in_order(cr_graph *g, cr_node x)
{
  const cr_node shortcut = pool(g, x); /* 1 */
  cr_graph_relu(g, cr_graph_add(g, norm(g, conv(g, x)), shortcut));
}

static void the_other_summand_first(cr_graph *g, cr_node x)
{
  const cr_node shortcut = pool(g, x);
  cr_graph_relu(g, cr_graph_add(g, shortcut, norm(g, conv(g, x))));
}

static void activation_alone(cr_graph *g, cr_node x)
{
  cr_graph_sigmoid(g, conv(g, x));
}

static void norm_without_convolution(cr_graph *g, cr_node x)
{
  cr_graph_relu(g, cr_graph_add(g, norm(g, pool(g, x)), x));
}

static void sum_of_pools(cr_graph *g, cr_node x)
{
  const cr_node first = pool(g, x), second = pool(g, x);
  cr_graph_sigmoid(g, cr_graph_add(g, first, second));
}

static void activations_of_pool_and_mask(cr_graph *g, cr_node x)
{
  cr_graph_relu(g, cr_graph_mask(g, cr_graph_relu(g, pool(g, x)), CR_NO_MASK, CR_NO_MASK));
}

static void mask_of_a_relation(cr_graph *g, cr_node x)
{
  const cr_relation_spec r = {.visual = true, .embedding_ratio = 1, .inside_ratio = 1};
  cr_graph_mask(g, x, cr_graph_sigmoid(g, cr_graph_relation(g, x, "a", r)), CR_NO_MASK);
}

/* ---- What is left ----------------------------------------------------------------------------------------------- */

static void norm_is_read_twice(cr_graph *g, cr_node x)
{
  const cr_node y = norm(g, conv(g, x));
  cr_graph_relu(g, y);
  cr_graph_sigmoid(g, y);
}

static void convolution_is_read_twice(cr_graph *g, cr_node x)
{
  const cr_node y = conv(g, x);
  cr_graph_add(g, norm(g, y), y); /* the sum may take the convolution's value as its residual: it is there before */
}

static void square(cr_graph *g, cr_node x)
{
  const cr_node y = conv(g, x);
  cr_graph_add(g, y, y);
}

/* The shortcut is computed after the convolution: the sum belongs to the shortcut's unit. */
static void residual_comes_later(cr_graph *g, cr_node x)
{
  const cr_node y = norm(g, conv(g, x));
  cr_graph_relu(g, cr_graph_add(g, y, norm(g, conv(g, x))));
}

static void residual_is_never_first(cr_graph *g, cr_node x)
{
  const cr_node y = conv(g, x);
  cr_graph_add(g, y, pool(g, x)); /* a pool takes no sum, and the convolution cannot */
}

static void an_output_is_kept(cr_graph *g, cr_node x)
{
  const cr_node y = conv(g, x);
  cr_graph_output(g, CR_OUTPUT_POOLED, y);
  cr_graph_output(g, CR_OUTPUT_NECK, norm(g, y));
}

static void an_output_in_the_middle(cr_graph *g, cr_node x)
{
  const cr_node y = norm(g, conv(g, x));
  cr_graph_output(g, CR_OUTPUT_POOLED, y);
  cr_graph_output(g, CR_OUTPUT_NECK, cr_graph_relu(g, y));
}

static void only_a_map_reads_it(cr_graph *g, cr_node x)
{
  const cr_node y = conv(g, x);
  cr_graph_map_add(g, "m", cr_graph_sigmoid(g, y));
  const cr_node sum = cr_graph_add(g, y, x);
  cr_graph_output(g, CR_OUTPUT_POOLED, sum);
  cr_graph_output(g, CR_OUTPUT_NECK, sum);
}

static void one_node_is_both_outputs(cr_graph *g, cr_node x)
{
  const cr_node y = cr_graph_relu(g, conv(g, x));
  cr_graph_output(g, CR_OUTPUT_POOLED, y);
  cr_graph_output(g, CR_OUTPUT_NECK, y);
}

static void only_in_the_order_of_the_kernel(cr_graph *g, cr_node x)
{
  /* activation before norm; norm after sum; two activations */
  cr_graph_relu(g, cr_graph_sigmoid(g, norm(g, cr_graph_add(g, cr_graph_relu(g, conv(g, x)), x))));
}

static void nobody_reads_it(cr_graph *g, cr_node x)
{
  conv(g, x);
  pool(g, x);
}

/* What nobody reads is left out; so a graph without outputs gets its last nodes for them. */
static void keep_what_nobody_reads(cr_graph *g)
{
  int count, outputs = 0;
  const cr_graph_node *nodes = cr_graph_nodes(g, &count);
  for (int o = 0; o < CR_OUTPUTS; o++)
    if (cr_graph_output_node(g, (cr_output)o) >= 0) return;
  for (int n = 0; n < count; n++) {
    bool read = false;
    for (int r = 0; r < count; r++)
      for (int i = 0; i < 3; i++) read |= nodes[r].input[i] == n;
    if (!read && outputs < CR_OUTPUTS) cr_graph_output(g, (cr_output)outputs++, n);
  }
}

/* ---- The table -------------------------------------------------------------------------------------------------- */

static void units(void **state)
{
  (void)state;
  static const struct {
    const char *name;
    void (*build)(cr_graph *g, cr_node x); /* x is node 0 */
    const char *expected;
  } table[] = {
      {"everything_in_order", everything_in_order, "1=1 2n3r1R=5"},
      {"the_other_summand_first", the_other_summand_first, "1=1 2n3r1R=5"},
      {"activation_alone", activation_alone, "1S=2"},
      {"norm_without_convolution", norm_without_convolution, "1=1 2n2r0R=4"},
      {"sum_of_pools", sum_of_pools, "1=1 2=2 3r2S=4"},
      {"activations_of_pool_and_mask", activations_of_pool_and_mask, "1=1 2R=2 3=3 4R=4"},
      {"mask_of_a_relation", mask_of_a_relation, "1S=2 3=3"},
      {"norm_is_read_twice", norm_is_read_twice, "1n2=2 3R=3 4S=4"},
      {"convolution_is_read_twice", convolution_is_read_twice, "1=1 2n2r1=3"},
      {"square", square, "1=1 2r1=2"},
      {"residual_comes_later", residual_comes_later, "1n2=2 3n4r2R=6"},
      {"residual_is_never_first", residual_is_never_first, "1=1 2=2 3r2=3"},
      {"an_output_is_kept", an_output_is_kept, "1=1 2n2=2"},
      {"an_output_in_the_middle", an_output_in_the_middle, "1n2=2 3R=3"},
      {"only_a_map_reads_it", only_a_map_reads_it, "1r0=3"},
      {"one_node_is_both_outputs", one_node_is_both_outputs, "1R=2"},
      {"only_in_the_order_of_the_kernel", only_in_the_order_of_the_kernel, "1R=2 3r0=3 4n4S=5 6R=6"},
      {"nobody_reads_it", nobody_reads_it, "1=1 2=2"},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    cr_graph *g = cr_graph_create();
    table[i].build(g, cr_graph_input(g, 4, 4, 16));
    keep_what_nobody_reads(g);
    const char *got = fused(g);
    if (strcmp(got, table[i].expected) != 0) fail_msg("%s: '%s', not '%s'", table[i].name, got, table[i].expected);
    cr_graph_destroy(g);
  }
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(units)};
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
