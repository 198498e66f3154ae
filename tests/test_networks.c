/*
 * test_networks.c - proves the networks of lib/ against their definitions: golden features (tests/golden), through the
 * public API alone; only the weights' names come from inside.
 *
 * CLREID_TEST_CASE=STEM runs one fixture: CLREID_TEST_CASE=rga-sc.1 test_networks
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clreid/clreid.h"
#include "folder.h"
#include "golden.h"
#include "networks.h"

enum { BATCH = 8 };

static bool is_fnc(const golden *g)
{
  return !strncmp(g->network, "fnc", 3);
}

/* What is allowed of the relative L2 error of a feature. float32: eight times the definition's own error, or the
 * family's least; HAN's random layers have no residual branch to damp, so it multiplies rounding by more. */
static double allowed(const golden *g, clreid_precision precision)
{
  const bool han = !strncmp(g->network, "han-", 4);
  if (precision == CLREID_FP16) return han ? 1e-1 : is_fnc(g) ? 2e-2 : 3e-2;
  return fmax(han ? 1e-4 : 4e-5, 8.0 * g->float32_error);
}

static double relative_error(const float *got, const float *expected, size_t count)
{
  double difference = 0.0, size = 0.0;
  for (size_t i = 0; i < count; i++) {
    double d = (double)got[i] - (double)expected[i];
    difference += d * d;
    size += (double)expected[i] * (double)expected[i];
  }
  return sqrt(difference / size); /* NaN if got has one: fails every comparison that asks for less */
}

/* What all tests share: a device, a folder, and the pictures (picture k of a batch is picture k % GOLDEN_PICTURES). */
typedef struct bench {
  folder files;
  clreid_device *device;
  clreid_picture pictures[BATCH];
} bench;

static void try_call(clreid_status status, const clreid_error *error, const golden *g)
{
  if (status != CLREID_OK)
    fail_msg("%s (%s): %s; run again with CLREID_TEST_CASE=%s", g ? g->stem : "", g ? g->hint : "", error->text,
             g ? g->stem : "");
}

static int make_bench(void **state)
{
  static bench b;
  clreid_error error = {0};
  b.files = folder_make();
  try_call(clreid_device_open(&(clreid_device_config){.cache_folder = ""}, &b.device, &error), &error, NULL);
  for (int k = 0; k < BATCH; k++) {
    clreid_picture *p = &b.pictures[k];
    if (k >= GOLDEN_PICTURES)
      *p = b.pictures[k % GOLDEN_PICTURES];
    else if (!(p->pixels = golden_picture(k, &p->width, &p->height)))
      fail_msg("cannot read golden/picture%d.png", k);
  }
  *state = &b;
  return 0;
}

static int clean_bench(void **state)
{
  bench *b = *state;
  for (int k = 0; k < GOLDEN_PICTURES; k++) free((void *)(uintptr_t)b->pictures[k].pixels);
  clreid_device_close(b->device);
  folder_remove(&b->files);
  return 0;
}

static const char *get_option(const void *user, const char *key)
{
  const golden *g = user;
  const size_t length = strlen(key);
  for (size_t i = 0; i < g->option_count; i++)
    if (!strncmp(g->option[i], key, length) && g->option[i][length] == '=') return g->option[i] + length + 1;
  return NULL;
}

/* Writes the fixture's weight file; the names and shapes are those of the network's graph. */
static const char *write_weights(const bench *b, golden *g)
{
  static char path[512];
  clreid_error error = {0};
  cr_graph *graph = NULL;
  const cr_options options = {get_option, g};
  const cr_network *network = cr_network_find(g->network, &error);
  if (!network) fail_msg("%s", error.text);
  try_call(cr_network_build(network, &options, &graph, &error), &error, g);
  size_t count;
  const cr_weight_spec *specs = cr_graph_weights(graph, &count);
  try_call(golden_write(g, specs, count, folder_file(&b->files, "w.safetensors", path), &error), &error, g);
  cr_graph_destroy(graph);
  return path;
}

/* A session on the fixture's weights. */
static clreid_session *open_session(const bench *b, const golden *g, const char *path,
                                    const clreid_model_config *config, int largest_batch)
{
  clreid_error error = {0};
  clreid_model *model;
  clreid_session *session;
  clreid_session_config batch = {.largest_batch = largest_batch};
  try_call(clreid_model_load(b->device, path, config, &model, &error), &error, g);
  clreid_model_info info;
  clreid_model_describe(model, &info);
  assert_int_equal(info.feature_length, g->length);
  assert_string_equal(info.network, g->network);
  try_call(clreid_session_create(model, &batch, &session, &error), &error, g);
  clreid_model_free(model); /* the session keeps it */
  return session;
}

static void check_features(const golden *g, const clreid_model_config *config, const float *neck, const float *pooled)
{
  for (size_t k = 0; k < g->pictures; k++) {
    double errors[2] = {relative_error(neck + k * g->length, g->neck + k * g->length, g->length),
                        relative_error(pooled + k * g->length, g->pooled + k * g->length, g->length)};
    for (int i = 0; i < 2; i++)
      if (!(errors[i] <= allowed(g, config->precision)))
        fail_msg("%s of picture %zu errs by %.2e, allowed are %.2e (relation %d, precision %d); run again with "
                 "CLREID_TEST_CASE=%s",
                 i ? "pooled" : "neck", k, errors[i], allowed(g, config->precision), config->relation,
                 config->precision, g->stem);
    print_message("%-14s picture %zu: neck %.1e, pooled %.1e, allowed %.1e (relation %d, precision %d)\n", g->stem, k,
                  errors[0], errors[1], allowed(g, config->precision), config->relation, config->precision);
  }
}

/* Calls test for every fixture, or for the one that is asked for. */
static void each_fixture(bench *b, void (*test)(bench *b, golden *g, const char *path))
{
  const char *only = getenv("CLREID_TEST_CASE");
  for (const char *const *stem = golden_stems; *stem; stem++) {
    golden g;
    clreid_error error = {0};
    if (only && strcmp(only, *stem) != 0) continue;
    if (golden_load(*stem, &g, &error)) fail_msg("%s", error.text);
    test(b, &g, write_weights(b, &g));
    golden_free(&g);
  }
}

enum { CONFIGS = 5 };

static void compare_with_definition(bench *b, golden *g, const char *path)
{
  static const clreid_model_config of_rga[CONFIGS] = {
      {.relation = CLREID_RELATION_AUTO}, {.relation = CLREID_RELATION_PLAIN}, {.relation = CLREID_RELATION_CONTRACTED},
      {.precision = CLREID_FP16},         {.direct_convolution = true},
  };
  static const clreid_model_config of_fnc[CONFIGS] = {
      {.attention = CLREID_ATTENTION_FUSED},
      {.attention = CLREID_ATTENTION_PLAIN},
      {.attention = CLREID_ATTENTION_FUSED, .precision = CLREID_FP16},
      {.attention = CLREID_ATTENTION_PLAIN, .precision = CLREID_FP16},
      {.direct_convolution = true},
  };
  const clreid_model_config *configs = is_fnc(g) ? of_fnc : of_rga;
  float *neck = calloc(2 * g->pictures * g->length, sizeof *neck), *pooled = neck + g->pictures * g->length;
  assert_non_null(neck);
  for (int c = 0; c < CONFIGS; c++) {
    clreid_error error = {0};
    clreid_session *session = open_session(b, g, path, &configs[c], (int)g->pictures);
    try_call(clreid_embed(session, b->pictures, g->pictures, neck, pooled, &error), &error, g);
    check_features(g, &configs[c], neck, pooled);
    clreid_session_destroy(session);
  }
  free(neck);
}

static void features_are_those_of_the_definition(void **state)
{
  each_fixture(*state, compare_with_definition);
}

/* Logits beyond 65504, where half ends: the plain form keeps them in memory, the fused one does not, and both give the
 * same bits. */
static void compare_loud(bench *b, golden *g, const char *path)
{
  static const clreid_attention forms[2] = {CLREID_ATTENTION_FUSED, CLREID_ATTENTION_PLAIN};
  if (!is_fnc(g)) return;
  g->loudness = 256;
  path = write_weights(b, g);
  float *features = calloc(2 * g->length, sizeof *features);
  assert_non_null(features);
  for (int f = 0; f < 2; f++) {
    const clreid_model_config config = {.attention = forms[f], .precision = CLREID_FP16};
    clreid_error error = {0};
    clreid_session *session = open_session(b, g, path, &config, 1);
    try_call(clreid_embed(session, b->pictures, 1, features + f * g->length, NULL, &error), &error, g);
    clreid_session_destroy(session);
  }
  assert_memory_equal(features, features + g->length, g->length * sizeof *features);
  free(features);
}

static void logits_may_be_beyond_half(void **state)
{
  each_fixture(*state, compare_loud);
}

/* Alone, anywhere in a batch, in passes of another size, and again: the same bits. */
static void compare_batches(bench *b, golden *g, const char *path)
{
  size_t d = g->length;
  float *alone = calloc((GOLDEN_PICTURES + BATCH) * d, sizeof *alone), *batch = alone + GOLDEN_PICTURES * d;
  assert_non_null(alone);
  clreid_error error = {0};
  clreid_model_config config = {0};
  clreid_session *one = open_session(b, g, path, &config, 1), *eight = open_session(b, g, path, &config, BATCH);
  for (int k = 0; k < GOLDEN_PICTURES; k++)
    try_call(clreid_embed(one, &b->pictures[k], 1, alone + (size_t)k * d, NULL, &error), &error, g);
  for (int run = 0; run < 3; run++) {
    size_t count = run == 2 ? BATCH - 3 : BATCH;
    try_call(clreid_embed(eight, b->pictures, count, batch, NULL, &error), &error, g);
    for (size_t k = 0; k < count; k++)
      assert_memory_equal(batch + k * d, alone + k % GOLDEN_PICTURES * d, d * sizeof(float));
  }
  clreid_session_destroy(one);
  clreid_session_destroy(eight);
  free(alone);
}

static void first_seed_only(bench *b, golden *g, const char *path)
{
  if (g->seed == 1) compare_batches(b, g, path);
}

static void a_feature_does_not_depend_on_its_batch(void **state)
{
  each_fixture(*state, first_seed_only);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(features_are_those_of_the_definition),
      cmocka_unit_test(logits_may_be_beyond_half),
      cmocka_unit_test(a_feature_does_not_depend_on_its_batch),
  };
  return cmocka_run_group_tests(tests, make_bench, clean_bench);
}
