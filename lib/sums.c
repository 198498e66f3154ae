/*
 * sums.c - see sums.h.
 */
#include "sums.h"

/* Sums stand in LANES parts, added at the end in one order: the compiler can use vectors, and every machine gets the
 * same result. */
enum { LANES = 8 };

static double add_lanes(const double sums[LANES])
{
  return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

double cr_sum_products(const float *a, const float *b, size_t length)
{
  double sums[LANES] = {0};
  size_t i = 0;
  for (; i + LANES <= length; i += LANES)
    for (size_t lane = 0; lane < LANES; lane++) sums[lane] += (double)a[i + lane] * (double)b[i + lane];
  for (size_t lane = 0; i < length; i++, lane++) sums[lane] += (double)a[i] * (double)b[i];
  return add_lanes(sums);
}

double cr_sum_differences(const float *a, const float *b, size_t length)
{
  double sums[LANES] = {0};
  size_t i = 0;
  for (; i + LANES <= length; i += LANES)
    for (size_t lane = 0; lane < LANES; lane++) {
      const double difference = (double)a[i + lane] - (double)b[i + lane];
      sums[lane] += difference * difference;
    }
  for (size_t lane = 0; i < length; i++, lane++) {
    const double difference = (double)a[i] - (double)b[i];
    sums[lane] += difference * difference;
  }
  return add_lanes(sums);
}
