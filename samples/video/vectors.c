/*
 * vectors.c - see vectors.h.
 */
#include "vectors.h"

#include <math.h>

void vector_scale_to_unit(float *values, size_t count)
{
  double squares = 0;
  for (size_t i = 0; i < count; ++i) squares += (double)values[i] * values[i];
  const double scale = squares > 0 ? 1 / sqrt(squares) : 0;
  for (size_t i = 0; i < count; ++i) values[i] = (float)(values[i] * scale);
}

double vector_distance(const float *a, const float *b, size_t count)
{
  double sum = 0;
  for (size_t i = 0; i < count; ++i) sum += (double)a[i] * b[i];
  return 1 - sum;
}
