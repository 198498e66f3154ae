/*
 * test_half.c - proves host/half.c: all 65536 halves, and the rounding of floats between them.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ops.h"

/* The value of a finite half by its definition. */
static double meaning(unsigned half)
{
  int exponent = (int)(half >> 10 & 31u);
  double fraction = (double)(half & 1023u);
  double size = exponent ? ldexp(1024.0 + fraction, exponent - 25) : ldexp(fraction, -24);
  return half & 0x8000u ? -size : size;
}

static uint16_t to_half(float value)
{
  uint16_t half;
  cr_to_half(&value, &half, 1);
  return half;
}

static float from_bits(uint32_t bits)
{
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static void every_half_has_its_meaning_and_comes_back(void **state)
{
  (void)state;
  static uint16_t halves[65536], back[65536];
  static float values[65536];
  for (unsigned i = 0; i < 65536; i++) halves[i] = (uint16_t)i;
  cr_from_half(halves, values, 65536);
  cr_to_half(values, back, 65536);
  for (unsigned i = 0; i < 65536; i++) {
    unsigned exponent = i >> 10 & 31u;
    if (exponent == 31 && (i & 1023u)) {
      assert_true(isnan(values[i]));
      assert_int_equal(back[i], i | 0x200u); /* quiet, the rest kept */
      continue;
    }
    if (exponent == 31)
      assert_true(isinf(values[i]) && !signbit(values[i]) == !(i & 0x8000u));
    else
      assert_true((double)values[i] == meaning(i) && !signbit(values[i]) == !(i & 0x8000u));
    assert_int_equal(back[i], i);
  }
}

/* Between two neighbouring halves the nearer is chosen; in the middle the even one. */
static void floats_round_to_the_nearest_half_and_ties_to_even(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 0x7bff; i++) {
    float low = (float)meaning(i), high = (float)meaning(i + 1);
    float middle = (float)((meaning(i) + meaning(i + 1)) / 2); /* exact */
    unsigned even = i & 1u ? i + 1 : i;
    for (unsigned sign = 0; sign < 2; sign++) {
      float s = sign ? -1.0f : 1.0f;
      unsigned top = sign << 15;
      assert_int_equal(to_half(s * middle), top | even);
      assert_int_equal(to_half(s * nextafterf(middle, 0.0f)), top | i);
      assert_int_equal(to_half(s * nextafterf(middle, INFINITY)), top | (i + 1));
      assert_int_equal(to_half(s * nextafterf(low, INFINITY)), top | i);
      assert_int_equal(to_half(s * nextafterf(high, 0.0f)), top | (i + 1));
    }
  }
}

static void the_ends_of_the_range(void **state)
{
  (void)state;
  assert_int_equal(to_half(65504.0f), 0x7bff);
  assert_int_equal(to_half(nextafterf(65520.0f, 0.0f)), 0x7bff);
  assert_int_equal(to_half(65520.0f), 0x7c00); /* the middle to 65536, which would be even */
  assert_int_equal(to_half(3e38f), 0x7c00);
  assert_int_equal(to_half(-INFINITY), 0xfc00);
  assert_int_equal(to_half(0x1p-25f), 0); /* the middle of 0 and the smallest */
  assert_int_equal(to_half(nextafterf(0x1p-25f, 1.0f)), 1);
  assert_int_equal(to_half(-0x1p-26f), 0x8000);
  assert_int_equal(to_half(from_bits(1)), 0); /* the smallest float */
  assert_int_equal(to_half(-0.0f), 0x8000);
  assert_int_equal(to_half(from_bits(0x7f800001u)), 0x7e00); /* a NaN whose fraction lies below: still NaN */
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_half_has_its_meaning_and_comes_back),
      cmocka_unit_test(floats_round_to_the_nearest_half_and_ties_to_even),
      cmocka_unit_test(the_ends_of_the_range),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
