/*
 * nearest.c - see nearest.h.
 */
#include "nearest.h"

#include <math.h>
#include <stdlib.h>

/* Sums stand in LANES parts, added at the end in one order: the compiler can use vectors, and every machine gets the
 * same result. */
enum { LANES = 8 };

static double add_lanes(const double sums[LANES])
{
  return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

static double dot_product(const float *a, const float *b, size_t length)
{
  double sums[LANES] = {0};
  size_t i = 0;
  for (; i + LANES <= length; i += LANES) {
    for (size_t lane = 0; lane < LANES; ++lane) sums[lane] += (double)a[i + lane] * (double)b[i + lane];
  }
  for (size_t lane = 0; i < length; ++i, ++lane) sums[lane] += (double)a[i] * (double)b[i];
  return add_lanes(sums);
}

static double squared_difference(const float *a, const float *b, size_t length)
{
  double sums[LANES] = {0};
  size_t i = 0;
  for (; i + LANES <= length; i += LANES) {
    for (size_t lane = 0; lane < LANES; ++lane) {
      const double difference = (double)a[i + lane] - (double)b[i + lane];
      sums[lane] += difference * difference;
    }
  }
  for (size_t lane = 0; i < length; ++i, ++lane) {
    const double difference = (double)a[i] - (double)b[i];
    sums[lane] += difference * difference;
  }
  return add_lanes(sums);
}

double nearest_length(const float *feature, size_t length)
{
  return sqrt(dot_product(feature, feature, length));
}

double nearest_distance(nearest_metric metric, const float *a, double a_length, const float *b, double b_length,
                        size_t length)
{
  if (metric == NEAREST_EUCLIDEAN) return sqrt(squared_difference(a, b, length));
  const double lengths = a_length * b_length;
  const double distance = lengths > 0 ? 1 - dot_product(a, b, length) / lengths : 1;
  return distance > 0 ? distance : 0; /* rounding may put the cosine of equal directions a little above 1 */
}

static int compare(const void *left, const void *right)
{
  const nearest_entry *a = left, *b = right;
  if (a->distance != b->distance) return a->distance < b->distance ? -1 : 1;
  return a->index < b->index ? -1 : a->index > b->index;
}

void nearest_offer(nearest_list *list, nearest_entry entry)
{
  list->entries[list->count++] = entry;
  if (list->count < 2 * list->most) return;
  /* Full twice over: sort and forget the farther half, once in `most` offers. */
  nearest_finish(list);
}

void nearest_finish(nearest_list *list)
{
  qsort(list->entries, list->count, sizeof *list->entries, compare);
  if (list->count > list->most) list->count = list->most;
}
