/*
 * test_random.c - proves lib/random.c: the same bits as its twin in Python, and the distributions that it promises.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "random.h"

enum { LARGEST = 1 << 16 };

/* As golden/random_weights.py prints them when it is run. */
static const struct {
  uint64_t seed;
  const char *name;
  int dims;
  int shape[4];
  cr_role role;
  float gain;
  uint32_t first, last; /* bits of these elements */
  uint64_t digest;      /* FNV-1a of all elements' bytes, little endian */
} twins[] = {
    {1u,
     "backbone.conv1.weight",
     4,
     {64, 3, 7, 7},
     CR_ROLE_KERNEL,
     1.0f,
     0x3cf7ca59u,
     0x3dea157bu,
     0xc8422375194f89aeu},
    {2u,
     "backbone.conv1.weight",
     4,
     {64, 3, 7, 7},
     CR_ROLE_KERNEL,
     1.0f,
     0xbc889297u,
     0x3da0c26cu,
     0x6764171128fd667au},
    {1u, "a.bias", 1, {5}, CR_ROLE_BIAS, 1.0f, 0xbc90f0afu, 0x3da775a5u, 0x3491ef014486ca6au},
    {1u, "backbone.layer1.0.bn3.weight", 1, {256}, CR_ROLE_GAMMA, 0.1f, 0x3da254fbu, 0x3de0a4b2u, 0xf7af191c61efc7fbu},
    {UINT64_MAX, "feat_bn.bias", 1, {2048}, CR_ROLE_BETA, 1.0f, 0x3d30e582u, 0xbd9fd8bdu, 0x5eace0ead1e00482u},
    {0u, "x", 4, {3, 1, 1, 1}, CR_ROLE_KERNEL, 0.25f, 0xbe1b8875u, 0x3eecd5c5u, 0x17c5e1ededa7ececu},
};

static cr_weight_spec spec_of(size_t twin, size_t *count)
{
  cr_weight_spec spec = {.dims = twins[twin].dims, .role = twins[twin].role, .gain = twins[twin].gain};
  memcpy(spec.shape, twins[twin].shape, sizeof spec.shape);
  memcpy(spec.name, twins[twin].name, strlen(twins[twin].name) + 1);
  *count = 1;
  for (int i = 0; i < spec.dims; i++) *count *= (size_t)spec.shape[i];
  return spec;
}

static uint32_t bits_of(float value)
{
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static void the_twin_in_python_gives_the_same_bits(void **state)
{
  (void)state;
  static float values[LARGEST];
  for (size_t i = 0; i < sizeof twins / sizeof *twins; i++) {
    size_t count;
    cr_weight_spec spec = spec_of(i, &count);
    cr_random_fill(twins[i].seed, &spec, values, count);
    uint64_t digest = 0xcbf29ce484222325u;
    for (size_t k = 0; k < 4 * count; k++)
      digest = (digest ^ (bits_of(values[k / 4]) >> 8 * (k % 4) & 0xff)) * 0x100000001b3u;
    assert_int_equal(bits_of(values[0]), twins[i].first);
    assert_int_equal(bits_of(values[count - 1]), twins[i].last);
    assert_true(digest == twins[i].digest);
  }
}

static void no_element_depends_on_the_others(void **state)
{
  (void)state;
  size_t count;
  cr_weight_spec spec = spec_of(0, &count);
  float *all = malloc(count * sizeof *all), few[7];
  assert_non_null(all);
  cr_random_fill(1, &spec, all, count);
  cr_random_fill(1, &spec, few, 7);
  assert_memory_equal(all, few, sizeof few);
  free(all);
}

static void moments(const cr_weight_spec *spec, double *mean, double *deviation, float *least, float *most)
{
  static float values[LARGEST];
  double sum = 0.0, squares = 0.0;
  cr_random_fill(7, spec, values, LARGEST);
  *least = *most = values[0];
  for (size_t i = 0; i < LARGEST; i++) {
    sum += (double)values[i];
    squares += (double)values[i] * (double)values[i];
    *least = fminf(*least, values[i]);
    *most = fmaxf(*most, values[i]);
  }
  *mean = sum / LARGEST;
  *deviation = sqrt(squares / LARGEST - *mean * *mean);
}

/* 65536 draws: a mean is good to deviation / 256, a deviation to about a 300th of itself; allowed are five of these. */
static void roles_have_their_distributions(void **state)
{
  (void)state;
  double mean, deviation;
  float least, most;
  cr_weight_spec kernel = {"k", 4, {LARGEST / 256, 64, 2, 2}, CR_ROLE_KERNEL, 0.5f};
  double expected = 0.5 * sqrt(2.0 / 256.0);
  moments(&kernel, &mean, &deviation, &least, &most);
  assert_true(fabs(mean) < 5.0 / 256.0 * expected && fabs(deviation / expected - 1.0) < 0.02);

  cr_weight_spec beta = {"b", 1, {LARGEST}, CR_ROLE_BETA, 1.0f};
  moments(&beta, &mean, &deviation, &least, &most);
  assert_true(fabs(mean) < 5.0 / 256.0 * 0.1 && fabs(deviation / 0.1 - 1.0) < 0.02);

  cr_weight_spec gamma = {"g", 1, {LARGEST}, CR_ROLE_GAMMA, 1.0f};
  moments(&gamma, &mean, &deviation, &least, &most);
  assert_true(least >= 0.6f && least < 0.601f && most < 1.4f && most > 1.399f);
  assert_true(fabs(mean - 1.0) < 0.005 && fabs(deviation / (0.8 / sqrt(12.0)) - 1.0) < 0.02);

  cr_weight_spec variance = {"v", 1, {LARGEST}, CR_ROLE_VARIANCE, 3.0f};
  moments(&variance, &mean, &deviation, &least, &most);
  assert_true(least == 3.0f && most == 3.0f);
  cr_weight_spec centre = {"m", 1, {LARGEST}, CR_ROLE_MEAN, 3.0f};
  moments(&centre, &mean, &deviation, &least, &most);
  assert_true(least == 0.0f && most == 0.0f);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_twin_in_python_gives_the_same_bits),
      cmocka_unit_test(no_element_depends_on_the_others),
      cmocka_unit_test(roles_have_their_distributions),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
