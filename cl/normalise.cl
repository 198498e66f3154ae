/*
 * normalise.cl - parts of a vector divided by their L2 norms.
 *
 * Parameters: those of common.clh. Vectors are float, whatever the storage.
 *
 *   index space   parts x pictures
 *   sum           PANEL sums of the squares of columns that are equal modulo PANEL, ascending, then added by halves
 */
#include "common.clh"

#define LEAST_NORM 1e-12f

__kernel void normalise(__global const float *restrict input, const ulong input_offset, const ulong input_picture,
                        __global float *restrict output, const ulong output_offset, const ulong output_picture,
                        const int columns, const int parts)
{
  const int part = get_global_id(0);
  const ulong batch = get_global_id(1);
  if (part >= parts) return;
  __global const float *from = input + input_offset + batch * input_picture + part * columns;
  __global float *to = output + output_offset + batch * output_picture + part * columns;
  float16 sum = (float16)(0.0f);
  for (int c = 0; c < columns; c += 16) {
    const float16 x = vload16(0, from + c);
    sum = MULTIPLY_ADD(x, x, sum);
  }
  const float8 by8 = sum.lo + sum.hi;
  const float4 by4 = by8.lo + by8.hi;
  const float2 by2 = by4.lo + by4.hi;
  const float norm = fmax(sqrt(by2.x + by2.y), LEAST_NORM);
  for (int c = 0; c < columns; c += 16) vstore16(vload16(0, from + c) / norm, 0, to + c);
}

/* The plain twin: one work-item an element; it adds in the same order. */
__kernel void normalise_plain(__global const float *input, const ulong input_offset, const ulong input_picture,
                              __global float *output, const ulong output_offset, const ulong output_picture,
                              const int columns, const int parts)
{
  const int column = get_global_id(0), part = column / columns;
  const ulong batch = get_global_id(1);
  if (part >= parts) return;
  __global const float *from = input + input_offset + batch * input_picture;
  float sum[PANEL];
  for (int i = 0; i < PANEL; i++) {
    sum[i] = 0.0f;
    for (int c = i; c < columns; c += PANEL)
      sum[i] = MULTIPLY_ADD(from[part * columns + c], from[part * columns + c], sum[i]);
  }
  for (int count = PANEL / 2; count > 0; count /= 2)
    for (int i = 0; i < count; i++) sum[i] += sum[i + count];
  output[output_offset + batch * output_picture + column] = from[column] / fmax(sqrt(sum[0]), LEAST_NORM);
}
