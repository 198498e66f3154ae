/*
 * test_graph.c - proves lib/graph.c, lib/networks.c and lib/net_rga.c: shapes, counts and names of what is built, and
 * that a graph keeps the first thing that was wrong with it.
 */
#include "support.h"

#include "networks.h"

/* ---- Helpers ---------------------------------------------------------------------------------------------------- */

/* "key=value key=value": the value of a key, or NULL. */
static const char *get_option(const void *user, const char *key)
{
  static char value[64];
  const char *at = user;
  const size_t length = strlen(key);
  while (at && *at) {
    const size_t size = strcspn(at, " ");
    if (size > length && !strncmp(at, key, length) && at[length] == '=') {
      snprintf(value, sizeof value, "%.*s", (int)(size - length - 1), at + length + 1);
      return value;
    }
    at += size + (at[size] == ' ');
  }
  return NULL;
}

static clreid_status build(const char *name, const char *text, cr_graph **graph, clreid_error *error)
{
  const cr_options options = {get_option, text};
  const cr_network *network = cr_network_find(name, error);
  return network ? cr_network_build(network, &options, graph, error) : CLREID_INVALID_NETWORK;
}

static void assert_shape(const cr_graph *graph, cr_node node, int height, int width, int channels)
{
  int count;
  const cr_graph_node *nodes = cr_graph_nodes(graph, &count);
  clreid_error error = {CLREID_OK, ""};
  if (cr_graph_status(graph, &error) != CLREID_OK) fail_msg("%s", error.text);
  assert_true(node >= 0 && node < count);
  assert_int_equal(nodes[node].height, height);
  assert_int_equal(nodes[node].width, width);
  assert_int_equal(nodes[node].channels, channels);
}

static const cr_weight_spec *find_weight(const cr_graph *graph, const char *name)
{
  size_t count;
  const cr_weight_spec *specs = cr_graph_weights(graph, &count);
  for (size_t i = 0; i < count; i++)
    if (!strcmp(specs[i].name, name)) return &specs[i];
  fail_msg("there are no weights %s", name);
  return NULL;
}

static void assert_weight(const cr_graph *graph, const char *name, cr_role role, int dims, int a, int b, int c)
{
  const cr_weight_spec *spec = find_weight(graph, name);
  const int shape[4] = {a, b, c, c};
  assert_int_equal(spec->role, role);
  assert_int_equal(spec->dims, dims);
  assert_memory_equal(spec->shape, shape, (size_t)dims * sizeof(int));
}

/* ---- Shapes ----------------------------------------------------------------------------------------------------- */

static void convolutions(void **state)
{
  (void)state;
  static const struct {
    cr_conv_spec spec;
    int height, width, row; /* of the result; row: channels that one output reads */
  } table[] = {
      {{.out = 7}, 17, 10, 12},
      {{.out = 7, .kernel = 3}, 15, 8, 12},
      {{.out = 8, .kernel = 3, .padding = 1}, 17, 10, 12},
      {{.out = 8, .kernel = 3, .padding = 1, .stride = 2}, 9, 5, 12},
      {{.out = 8, .kernel = 7, .padding = 3, .stride = 2}, 9, 5, 12},
      {{.out = 8, .kernel = 1, .stride = 2}, 9, 5, 12},
      {{.out = 8, .kernel = 3, .padding = 2, .dilation = 2}, 17, 10, 12},
      {{.out = 8, .kernel = 3, .dilation = 4}, 9, 2, 12},
      {{.out = 8, .kernel = 3, .padding = 1, .dilation = 4, .stride = 3}, 4, 2, 12},
      {{.out = 8, .kernel = 3, .padding = 1, .groups = 4, .bias = true}, 17, 10, 3},
      {{.out = 12, .kernel = 5, .padding = 2, .groups = 12}, 17, 10, 1},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    const cr_conv_spec *s = &table[i].spec;
    cr_graph *g = cr_graph_create();
    const cr_node x = cr_graph_conv(g, cr_graph_input(g, 17, 10, 12), "c", *s);
    assert_shape(g, x, table[i].height, table[i].width, s->out);
    const int kernel = s->kernel ? s->kernel : 1;
    assert_weight(g, "c.weight", CR_ROLE_KERNEL, 4, s->out, table[i].row, kernel);
    const uint64_t taps = (uint64_t)s->out * table[i].row * kernel * kernel;
    assert_int_equal(cr_graph_parameters(g), taps + (s->bias ? s->out : 0));
    assert_int_equal(cr_graph_multiply_adds(g), taps * table[i].height * table[i].width);
    if (s->bias) assert_weight(g, "c.bias", CR_ROLE_BIAS, 1, s->out, 0, 0);
    cr_graph_destroy(g);
  }
}

/* Sizes as PyTorch gives them: rounded up, the last window must still begin inside the map or its left padding. */
static void pools(void **state)
{
  (void)state;
  static const struct {
    cr_pool_spec spec;
    int height, width;
  } table[] = {
      {{.kernel = 3, .stride = 2, .padding = 1}, 9, 5},
      {{.kernel = 2, .stride = 2}, 8, 5},
      {{.kernel = 2, .stride = 2, .round_up = true}, 9, 5},
      {{.kernel = 3, .stride = 2, .round_up = true}, 8, 5},
      {{.kernel = 3, .stride = 2, .padding = 1, .round_up = true}, 9, 6},
      {{.kernel = 3, .stride = 5, .padding = 1, .round_up = true}, 4, 3},
      {{.kernel = 1, .stride = 6, .round_up = true}, 3, 2},
      {{.kernel = 2, .stride = 3, .padding = 1, .round_up = true}, 6, 4},
      {{.kernel = 2, .stride = 9, .round_up = true}, 2, 2},
      {{.kernel = 5, .maximum = true}, 13, 6},
      {{.global = true}, 1, 1},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    cr_graph *g = cr_graph_create();
    assert_shape(g, cr_graph_pool(g, cr_graph_input(g, 17, 10, 12), table[i].spec), table[i].height, table[i].width,
                 12);
    assert_int_equal(cr_graph_parameters(g), 0);
    cr_graph_destroy(g);
  }
}

static void the_rest(void **state)
{
  (void)state;
  cr_graph *g = cr_graph_create();
  const cr_node x = cr_graph_input(g, 6, 5, 32);
  const cr_node norm = cr_graph_batch_norm(g, x, "n", 0.5f);
  assert_shape(g, norm, 6, 5, 32);
  assert_weight(g, "n.weight", CR_ROLE_GAMMA, 1, 32, 0, 0);
  assert_weight(g, "n.bias", CR_ROLE_BETA, 1, 32, 0, 0);
  assert_weight(g, "n.running_mean", CR_ROLE_MEAN, 1, 32, 0, 0);
  assert_weight(g, "n.running_var", CR_ROLE_VARIANCE, 1, 32, 0, 0);
  assert_true(find_weight(g, "n.weight")->gain == 0.5f);
  assert_shape(g, cr_graph_relu(g, norm), 6, 5, 32);
  assert_shape(g, cr_graph_add(g, norm, x), 6, 5, 32);
  const cr_relation_spec spec = {.relation = true, .visual = true, .embedding_ratio = 4, .inside_ratio = 3};
  cr_relation_spec channels = spec;
  channels.of_channels = true;
  const cr_node spatial = cr_graph_relation(g, x, "a", spec), channel = cr_graph_relation(g, x, "a", channels);
  assert_shape(g, spatial, 6, 5, 1);
  assert_shape(g, channel, 1, 1, 32);
  assert_shape(g, cr_graph_mask(g, x, spatial, channel), 6, 5, 32);
  assert_shape(g, cr_graph_mask(g, x, CR_NO_MASK, cr_graph_sigmoid(g, channel)), 6, 5, 32);
  /* 30 nodes of 32 features: embeddings of 8, gg 2 * 30 -> 7, W 1 + 7 -> 2 -> 1 */
  assert_weight(g, "a.theta_spatial.0.weight", CR_ROLE_KERNEL, 4, 8, 32, 1);
  assert_weight(g, "a.gg_spatial.0.weight", CR_ROLE_KERNEL, 4, 7, 60, 1);
  assert_weight(g, "a.gg_spatial.1.running_var", CR_ROLE_VARIANCE, 1, 7, 0, 0);
  assert_weight(g, "a.W_spatial.0.weight", CR_ROLE_KERNEL, 4, 2, 8, 1);
  assert_weight(g, "a.W_spatial.3.weight", CR_ROLE_KERNEL, 4, 1, 2, 1);
  /* 32 nodes of 30 features: embeddings of 7, gg 2 * 32 -> 8, W 1 + 8 -> 3 -> 1 */
  assert_weight(g, "a.phi_channel.0.weight", CR_ROLE_KERNEL, 4, 7, 30, 1);
  assert_weight(g, "a.gx_channel.1.weight", CR_ROLE_GAMMA, 1, 7, 0, 0);
  assert_weight(g, "a.gg_channel.0.weight", CR_ROLE_KERNEL, 4, 8, 64, 1);
  assert_weight(g, "a.W_channel.0.weight", CR_ROLE_KERNEL, 4, 3, 9, 1);
  cr_graph_destroy(g);
}

/* ---- Networks --------------------------------------------------------------------------------------------------- */

/* Numbers, tensors and multiply-adds of the definitions, as PyTorch counts them. */
static void counts_are_those_of_the_definitions(void **state)
{
  (void)state;
  static const struct {
    const char *network, *options;
    size_t tensors;
    uint64_t parameters, multiply_adds;
    int length; /* of a feature */
  } table[] = {
      {"rga-none", "", 269, 23569344, 4053270528, 2048},
      {"rga-s", "", 389, 26796824, 6762152960, 2048},
      {"rga-c", "", 389, 26662840, 7115581440, 2048},
      {"rga-sc", "", 509, 29890320, 9824463872, 2048}, /* 9.82 G */
      {"rga-cs", "", 509, 29890320, 9824463872, 2048},
      {"rga-parallel", "", 509, 29890320, 9824463872, 2048},
      {"rga-sc", "s1=4 s2=16", 509, 36210640, 15595342848, 2048},
      {"rga-sc", "s1=3 s2=7", 509, 40511284, 19616848896, 2048},
      {"rga-sc", "visual=0", 469, 28629416, 9549579776, 2048},
      {"rga-s", "relation=0", 329, 24267624, 4170716672, 2048},
      {"rga-sc", "stages=4,1 height=384 width=128", 389, 32191522, 17304011392, 2048},
      {"han-small", "", 216, 2040046, 185632426, 1024}, /* the paper counts two operations each: 3.7e8 */
      {"han-medium", "", 216, 2040046, 269974186, 1024},
      {"han-large", "", 216, 2040046, 354315946, 1024},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    cr_graph *g;
    size_t tensors;
    clreid_error error = {CLREID_OK, ""};
    if (build(table[i].network, table[i].options, &g, &error) != CLREID_OK) fail_msg("%s", error.text);
    cr_graph_weights(g, &tensors);
    assert_int_equal(tensors, table[i].tensors);
    assert_int_equal(cr_graph_parameters(g), table[i].parameters);
    assert_int_equal(cr_graph_multiply_adds(g), table[i].multiply_adds);
    assert_shape(g, cr_graph_output_node(g, CR_OUTPUT_POOLED), 1, 1, table[i].length);
    assert_shape(g, cr_graph_output_node(g, CR_OUTPUT_NECK), 1, 1, table[i].length);
    cr_graph_destroy(g);
  }
}

static void wrong_options(void **state)
{
  (void)state;
  static const struct {
    const char *network, *options;
    const char *says; /* a part of the text */
  } table[] = {
      {"rga-sc", "stages=5", "stages is '5'"},
      {"rga-sc", "stages=0", "stages is '0'"},
      {"rga-sc", "stages=1,1", "stages is '1,1', but must be different numbers from 1 to 4"},
      {"rga-sc", "stages=", "stages is ''"},
      {"rga-sc", "stages=1,", "stages is '1,'"},
      {"rga-sc", "stages=,1", "stages is ',1'"},
      {"rga-sc", "stages=12", "stages is '12'"},
      {"rga-sc", "stages=1;2", "stages is '1;2'"},
      {"rga-sc", "stages=1\n2", "stages is '1?2'"},
      {"rga-sc", "stages=all", "stages is 'all'"},
      {"rga-sc", "height=100", "height is 100, but must be a multiple of 16"},
      {"rga-sc", "height=104", "height is 104"},
      {"rga-sc", "width=8", "width is '8', but must be a whole number from 16 to 4096"},
      {"rga-sc", "height=8192", "from 16 to 4096"},
      {"rga-sc", "height=99999999999999999999", "from 16 to 4096"},
      {"rga-sc", "height=-256", "'-256'"},
      {"rga-sc", "height=+256", "'+256'"},
      {"rga-sc", "height=256.0", "'256.0'"},
      {"rga-sc", "height=0x100", "'0x100'"},
      {"rga-sc", "width=", "width is ''"},
      {"rga-sc", "s1=0", "s1 is '0', but must be a whole number from 1"},
      {"rga-sc", "s1=-8", "s1 is '-8'"},
      {"rga-sc", "s1=8x", "s1 is '8x'"},
      {"rga-sc", "s2=0", "s2 is '0'"},
      {"rga-sc", "s1=1000000", "an embedding ratio s1 of 1000000 leaves nothing"},
      {"rga-s", "height=32 width=16", "s1 of 8 leaves nothing of 2 nodes"},
      {"rga-sc", "relation=2", "relation is '2', but must be a whole number from 0 to 1"},
      {"rga-sc", "visual=yes", "visual is 'yes'"},
      {"rga-sc", "relation=0 visual=0", "neither its relation nor its visual part"},
      {"rga-sc", "s1=0 height=100", "s1"}, /* the first of two */
      {"rga", "", "known are rga-none, rga-s,"},
      {"", "", "no network ''"},
      {"RGA-SC", "", "no network 'RGA-SC'"},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    cr_graph *g = NULL;
    clreid_error error = {CLREID_OK, ""};
    const clreid_status status = build(table[i].network, table[i].options, &g, &error);
    if (status != CLREID_INVALID_NETWORK || error.status != status || !strstr(error.text, table[i].says))
      fail_msg("%s with %s: %d, '%s' does not say '%s'", table[i].network, table[i].options, status, error.text,
               table[i].says);
    assert_null(g);
  }
}

static void the_table_of_networks(void **state)
{
  (void)state;
  size_t count = 0;
  for (const cr_network *n; (n = cr_network_at(count)); count++) {
    clreid_error error = {CLREID_OK, ""};
    assert_ptr_equal(cr_network_find(n->name, &error), n);
    cr_graph *g;
    assert_int_equal(cr_network_build(n, NULL, &g, &error), CLREID_OK);
    cr_graph_destroy(g);
  }
  assert_true(count >= 6);
  assert_null(cr_network_at(count + 1));
}

/* ---- Broken graphs ---------------------------------------------------------------------------------------------- */

typedef cr_node breaker(cr_graph *g, cr_node x); /* x is an input of 6 x 5 x 32 */

static cr_node too_large_kernel(cr_graph *g, cr_node x)
{
  return cr_graph_conv(g, x, "c", (cr_conv_spec){.out = 8, .kernel = 7});
}

static cr_node too_far_dilation(cr_graph *g, cr_node x)
{
  return cr_graph_conv(g, x, "c", (cr_conv_spec){.out = 8, .kernel = 3, .dilation = 3});
}

static cr_node odd_groups(cr_graph *g, cr_node x)
{
  return cr_graph_conv(g, x, "c", (cr_conv_spec){.out = 9, .groups = 3});
}

static cr_node no_outputs(cr_graph *g, cr_node x)
{
  return cr_graph_conv(g, x, "c", (cr_conv_spec){.kernel = 3});
}

static cr_node negative_stride(cr_graph *g, cr_node x)
{
  return cr_graph_conv(g, x, "c", (cr_conv_spec){.out = 8, .stride = -1});
}

static cr_node long_name(cr_graph *g, cr_node x)
{
  char name[100];
  memset(name, 'n', sizeof name);
  name[99] = 0;
  return cr_graph_conv(g, x, name, (cr_conv_spec){.out = 8});
}

static cr_node unlike_sum(cr_graph *g, cr_node x)
{
  return cr_graph_add(g, x, cr_graph_pool(g, x, (cr_pool_spec){.global = true}));
}

static cr_node sum_of_nothing(cr_graph *g, cr_node x)
{
  return cr_graph_add(g, x, 17);
}

static cr_node too_large_pool(cr_graph *g, cr_node x)
{
  return cr_graph_pool(g, x, (cr_pool_spec){.kernel = 6});
}

static cr_node too_much_padding(cr_graph *g, cr_node x)
{
  return cr_graph_pool(g, x, (cr_pool_spec){.kernel = 2, .padding = 2});
}

static cr_node pool_of_nothing(cr_graph *g, cr_node x)
{
  return cr_graph_pool(g, x, (cr_pool_spec){.maximum = true});
}

static cr_node unlike_mask(cr_graph *g, cr_node x)
{
  return cr_graph_mask(g, x, x, CR_NO_MASK);
}

static cr_node no_ratio(cr_graph *g, cr_node x)
{
  return cr_graph_relation(g, x, "a", (cr_relation_spec){.relation = true, .inside_ratio = 8});
}

static cr_node second_input(cr_graph *g, cr_node x)
{
  (void)x;
  return cr_graph_input(g, 1, 1, 1);
}

static cr_node of_nothing(cr_graph *g, cr_node x)
{
  (void)x;
  return cr_graph_relu(g, CR_BROKEN);
}

static cr_node output_of_nothing(cr_graph *g, cr_node x)
{
  cr_graph_output(g, CR_OUTPUT_NECK, x + 1);
  return CR_BROKEN;
}

static cr_node harmony_of_nothing(cr_graph *g, cr_node x)
{
  return cr_graph_harmony(g, x, "h", (cr_harmony_spec){.reduction = 0, .regions = 4});
}

static cr_node attends_to_a_map(cr_graph *g, cr_node x)
{
  return cr_graph_attend(g, x, x);
}

static cr_node crops_by_nothing(cr_graph *g, cr_node x)
{
  return cr_graph_crop(g, x, CR_BROKEN, CR_NO_RESIDUAL, 2, 2);
}

static cr_node joins_maps(cr_graph *g, cr_node x)
{
  return cr_graph_join(g, x, x);
}

static cr_node joins_nothing(cr_graph *g, cr_node x)
{
  return cr_graph_join(g, cr_graph_pool(g, x, (cr_pool_spec){.global = true}), 9);
}

static cr_node normalises_maps(cr_graph *g, cr_node x)
{
  return cr_graph_normalise(g, x, 1);
}

static void a_broken_graph_keeps_the_first_error(void **state)
{
  (void)state;
  static const struct {
    breaker *breaks;
    const char *says;
  } table[] = {
      {too_large_kernel, "too small for convolution c of 7 x 7"},
      {too_far_dilation, "too small for convolution c of 3 x 3"},
      {odd_groups, "32 and 9 channels do not divide into 3 groups"},
      {no_outputs, "convolution c: 0 outputs"},
      {negative_stride, "stride -1"},
      {long_name, "longer than 95 bytes"},
      {unlike_sum, "a sum of 6 x 5 x 32 and 1 x 1 x 32"},
      {sum_of_nothing, "add reads node 17, but the graph has 2 nodes"},
      {too_large_pool, "too small for a pool of 6 x 6"},
      {too_much_padding, "kernel 2, stride 1, padding 2"},
      {pool_of_nothing, "kernel 0"},
      {unlike_mask, "a mask of 6 x 5 x 32 where 6 x 5 x 1 is needed"},
      {no_ratio, "s1 = 0"},
      {harmony_of_nothing, "32 channels reduced by 0"},
      {attends_to_a_map, "attend reads node 0, input, as harmonious attention"},
      {crops_by_nothing, "crop reads node -1"},
      {joins_maps, "6 x 5 x 32 and 6 x 5 x 32 are not joined"},
      {joins_nothing, "join reads node 9"},
      {normalises_maps, "is not normalised in 1 parts"},
      {second_input, "as node 1"},
      {of_nothing, "relu reads node -1"},
      {output_of_nothing, "output reads node 1, but the graph has 1 nodes"},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    cr_graph *g = cr_graph_create();
    const cr_node x = cr_graph_input(g, 6, 5, 32);
    assert_int_equal(table[i].breaks(g, x), CR_BROKEN);
    /* Building goes on without harm, and without another error. */
    cr_node y = cr_graph_conv(g, x, "later", (cr_conv_spec){.out = 8, .groups = 7});
    assert_int_equal(y, CR_BROKEN);
    y = cr_graph_add(g, cr_graph_batch_norm(g, y, "later", 1), cr_graph_relu(g, y));
    y = cr_graph_mask(g, y, cr_graph_sigmoid(g, y), CR_NO_MASK);
    y = cr_graph_relation(g, cr_graph_pool(g, y, (cr_pool_spec){.global = true}), "later", (cr_relation_spec){0});
    cr_graph_output(g, CR_OUTPUT_POOLED, y);
    assert_int_equal(y, CR_BROKEN);
    assert_int_equal(cr_graph_output_node(g, CR_OUTPUT_POOLED), CR_BROKEN);
    cr_graph_fail(g, CLREID_OUT_OF_MEMORY, "later");
    clreid_error error = {CLREID_OK, ""};
    assert_int_equal(cr_graph_status(g, &error), CLREID_INVALID_NETWORK);
    assert_int_equal(cr_graph_status(g, NULL), CLREID_INVALID_NETWORK);
    assert_int_equal(error.status, CLREID_INVALID_NETWORK);
    if (!strstr(error.text, table[i].says)) fail_msg("'%s' does not say '%s'", error.text, table[i].says);
    cr_graph_destroy(g);
  }
  cr_graph_destroy(NULL);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(convolutions),
      cmocka_unit_test(pools),
      cmocka_unit_test(the_rest),
      cmocka_unit_test(counts_are_those_of_the_definitions),
      cmocka_unit_test(wrong_options),
      cmocka_unit_test(the_table_of_networks),
      cmocka_unit_test(a_broken_graph_keeps_the_first_error),
  };
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
