/*
 * test_golden.c - proves the fixtures of tests/golden and their reader: all are there, whole, and alive.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "golden.h"

static double length_of(const float *values, size_t count)
{
  double squares = 0.0;
  for (size_t i = 0; i < count; i++) squares += (double)values[i] * (double)values[i];
  return sqrt(squares);
}

/* A network that gives the same for every picture would prove little. */
static void check_features(const golden *g)
{
  double product = 0.0, lengths = length_of(g->neck, g->length) * length_of(g->neck + g->length, g->length);
  for (size_t i = 0; i < g->length; i++) product += (double)g->neck[i] * (double)g->neck[i + g->length];
  assert_true(isfinite(lengths) && lengths > 1.0);
  assert_true(fabs(product / lengths) < 0.95);
  assert_true(length_of(g->pooled, g->pictures * g->length) > 1.0);
}

static void check_statistics(golden *g)
{
  static float values[2048];
  for (size_t i = 0; i < g->norm_count; i++) {
    size_t channels = g->norms[i].channels;
    cr_weight_spec spec = {.dims = 1, .shape = {(int)channels}, .role = CR_ROLE_VARIANCE, .gain = 1};
    assert_true(channels <= 2048 && strlen(g->norms[i].name) + sizeof ".running_mean" <= sizeof spec.name);
    strcpy(stpcpy(spec.name, g->norms[i].name), ".running_var");
    golden_fill(g, &spec, values, channels);
    for (size_t k = 0; k < channels; k++) assert_true(values[k] > 0.0f && isfinite(values[k]));
    spec.role = CR_ROLE_MEAN;
    strcpy(stpcpy(spec.name, g->norms[i].name), ".running_mean");
    golden_fill(g, &spec, values, channels);
    for (size_t k = 0; k < channels; k++) assert_true(isfinite(values[k]));
  }
  assert_string_equal(g->problem, "");
}

static void every_fixture_is_whole_and_alive(void **state)
{
  (void)state;
  for (const char *const *stem = golden_stems; *stem; stem++) {
    golden g;
    clreid_error error = {0};
    if (golden_load(*stem, &g, &error)) fail_msg("%s", error.text);
    assert_int_equal(strncmp(*stem, g.network, strlen(g.network)), 0);
    assert_non_null(strstr(g.hint, *stem)); /* it says how to make it again */
    const bool han = !strncmp(g.network, "han-", 4), fnc = !strncmp(g.network, "fnc", 3);
    assert_int_equal(g.length, han ? 1024 : fnc ? 1536 : 2048);
    assert_true(g.norm_count >= (han ? 42 : 54) && g.seed >= 1);
    assert_true(g.float32_error > 1e-7 && g.float32_error < 3e-5); /* a calm network: rounding is not blown up */
    check_features(&g);
    check_statistics(&g);
    golden_free(&g);
  }
}

static void what_a_fixture_does_not_know_is_said(void **state)
{
  (void)state;
  golden g;
  clreid_error error = {0};
  cr_weight_spec other = {"backbone.bn9.running_var", 1, {1}, CR_ROLE_VARIANCE, 1};
  cr_weight_spec longer = {"backbone.bn1.running_mean", 1, {65}, CR_ROLE_MEAN, 1};
  float values[65];
  assert_int_equal(golden_load("rga-none.1", &g, &error), CLREID_OK);
  golden_fill(&g, &other, values, 1);
  assert_string_equal(g.problem, "backbone.bn9.running_var[1] is not in the fixture");
  g.problem[0] = '\0';
  golden_fill(&g, &longer, values, 65);
  assert_string_equal(g.problem, "backbone.bn1.running_mean[65] is not in the fixture");
  golden_free(&g);
  assert_int_equal(golden_load("rga-none.9", &g, &error), CLREID_INVALID_FILE);
}

static void the_pictures_are_of_the_networks_size(void **state)
{
  (void)state;
  for (int k = 0; k < GOLDEN_PICTURES; k++) {
    int width, height;
    uint8_t *pixels = golden_picture(k, &width, &height);
    assert_non_null(pixels);
    assert_true(width == 128 && height == 256);
    free(pixels);
  }
  assert_null(golden_picture(GOLDEN_PICTURES, &(int){0}, &(int){0}));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_fixture_is_whole_and_alive),
      cmocka_unit_test(what_a_fixture_does_not_know_is_said),
      cmocka_unit_test(the_pictures_are_of_the_networks_size),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
