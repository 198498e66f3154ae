/*
 * test_nearest.c - proves samples/clreid/nearest.c: distances against plain sums, the list against a full sort.
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

#include "nearest.h"

static uint64_t mix(uint64_t x)
{
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
  x = (x ^ x >> 27) * 0x94d049bb133111ebu;
  return x ^ x >> 31;
}

static void distances_are_plain_sums(void **state)
{
  (void)state;
  enum { MOST = 41 };
  float a[MOST], b[MOST];
  for (size_t length = 1; length <= MOST; ++length) {
    double ab = 0, aa = 0, bb = 0, difference = 0;
    for (size_t i = 0; i < length; ++i) {
      a[i] = (float)(mix(length * 100 + i) % 2001) / 1000 - 1;
      b[i] = (float)(mix(length * 100 + i + 50) % 2001) / 1000 - 1;
      ab += (double)a[i] * b[i];
      aa += (double)a[i] * a[i];
      bb += (double)b[i] * b[i];
      difference += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
    }
    const double la = nearest_length(a, length), lb = nearest_length(b, length);
    assert_true(fabs(la - sqrt(aa)) <= 1e-13 * la);
    assert_true(fabs(nearest_distance(NEAREST_COSINE, a, la, b, lb, length) - (1 - ab / sqrt(aa * bb))) < 1e-13);
    assert_true(fabs(nearest_distance(NEAREST_EUCLIDEAN, a, la, b, lb, length) - sqrt(difference)) < 1e-13);
    assert_true(nearest_distance(NEAREST_COSINE, a, la, a, la, length) >= 0);
    assert_true(nearest_distance(NEAREST_COSINE, a, la, a, la, length) < 1e-15);
  }
}

static void a_feature_of_zeros_is_at_distance_one(void **state)
{
  (void)state;
  const float zeros[3] = {0}, other[3] = {1, 2, 3};
  assert_true(nearest_distance(NEAREST_COSINE, zeros, 0, other, sqrt(14), 3) == 1);
  assert_true(nearest_distance(NEAREST_COSINE, zeros, 0, zeros, 0, 3) == 1);
}

/* Offers count entries of few different distances in order, and compares with counting which come before. */
static void the_list_is_the_head_of_a_full_sort(void **state)
{
  (void)state;
  enum { COUNT = 60 };
  double distances[COUNT];
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    for (uint64_t i = 0; i < COUNT; ++i) distances[i] = (double)(mix(seed * 1000 + i) % 9);
    for (size_t most = 1; most <= COUNT; most += 7) {
      nearest_entry entries[2 * COUNT];
      nearest_list list = {.entries = entries, .most = most};
      for (uint64_t i = 0; i < COUNT; ++i) nearest_offer(&list, (nearest_entry){distances[i], i});
      nearest_finish(&list);
      assert_int_equal(list.count, most);
      for (uint64_t i = 0; i < COUNT; ++i) {
        size_t before = 0;
        for (uint64_t j = 0; j < COUNT; ++j)
          before += distances[j] < distances[i] || (distances[j] == distances[i] && j < i);
        if (before < most && (entries[before].index != i || entries[before].distance != distances[i])) {
          fail_msg("seed %d: place %d of %d is entry %d, not %d", (int)seed, (int)before, (int)most,
                   (int)entries[before].index, (int)i);
        }
      }
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(distances_are_plain_sums),
      cmocka_unit_test(a_feature_of_zeros_is_at_distance_one),
      cmocka_unit_test(the_list_is_the_head_of_a_full_sort),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
