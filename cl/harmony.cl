/*
 * harmony.cl - what harmonious attention sees in a map: means, six small layers, a small map and its resize. One
 * work-group a picture, one launch for all of it.
 *
 * Parameters: those of common.clh and
 *   V  columns of a vector of a layer's outputs; it divides PANEL
 *
 *   index space   the work-group's items x pictures; items share every loop, and a barrier stands between the steps
 *   scratch       m[positions] q[channels] c1[reduced] c2[channels] small[positions of the small map], each padded, and
 *                 parts[PARTS][padded channels]
 *   weights       six layers, host/ops_kinds.h says which: each [panel][in][PANEL] and shift[padded out]
 *   sums          mean over channels: PANEL sums, one for the channels that are equal modulo PANEL, ascending, then
 *                 added by halves; mean over positions: PARTS sums over equal runs of positions, ascending, then added
 *                 in order; layers: inputs ascending, then the shift. Equal for any V and any number of items
 */
#include "common.clh"

#ifndef V
#define V 4
#endif
#define VECTOR        JOIN(float, V)
#define PANEL_VECTORS (PANEL / V)
#define PARTS         8

#define ITEMS(i, count) for (int i = get_local_id(0); i < (count); i += get_local_size(0))
#define PADDED(columns) (((columns) + PANEL - 1) / PANEL * PANEL)

/* The sum over the channels of one position. */
static float sum_of_channels(__global const STORAGE *row, const int channels)
{
  float16 sum = (float16)(0.0f);
  int c = 0;
  for (; c + PANEL <= channels; c += PANEL) sum += LOADV(16, row + c);
  if (c < channels) {
    float rest[PANEL];
    for (int i = 0; i < PANEL; i++) rest[i] = c + i < channels ? LOAD1(row + c + i) : 0.0f;
    sum += vload16(0, rest);
  }
  const float8 by8 = sum.lo + sum.hi;
  const float4 by4 = by8.lo + by8.hi;
  const float2 by2 = by4.lo + by4.hi;
  return by2.x + by2.y;
}

/* Sum of positions first .. last - 1 of V channels. */
static VECTOR sum_of_positions(__global const STORAGE *column, const int row, const int first, const int last)
{
  VECTOR sum = (VECTOR)(0.0f);
  for (int p = first; p < last; p++) sum += LOADV(V, column + (ulong)p * row);
  return sum;
}

/* Columns column .. column + V - 1 of a layer, without its shift. */
static VECTOR layer_product(__local const float *in, const int depth, __global const float *weights, const int column)
{
  __global const float *panel = weights + column / PANEL * depth * PANEL + column % PANEL;
  VECTOR sum = (VECTOR)(0.0f);
  for (int k = 0; k < depth; k++) sum = MULTIPLY_ADD((VECTOR)(in[k]), JOIN(vload, V)(0, panel + k * PANEL), sum);
  return sum;
}

static void layer_relu(__local const float *in, const int depth, __global const float *weights, const int columns,
                       __local float *out)
{
  const int padded = PADDED(columns);
  __global const float *shift = weights + depth * padded;
  ITEMS(v, padded / V)
  {
    const VECTOR sum = layer_product(in, depth, weights, v * V) + JOIN(vload, V)(0, shift + v * V);
    JOIN(vstore, V)(RELU(sum, (VECTOR)(0.0f)), 0, out + v * V);
  }
}

/* 3x3, stride 2, padding 1, of a map of one channel, with shift and ReLU. Weights: the first column of a panel. */
static void small_convolution(__local const float *map, const int height, const int width,
                              __global const float *weights, const int out_width, const int out_pixels,
                              __local float *out)
{
  const float shift = weights[9 * PANEL];
  ITEMS(p, out_pixels)
  {
    const int top = p / out_width * 2 - 1, left = p % out_width * 2 - 1;
    float sum = 0.0f;
    for (int t = 0; t < 9; t++) {
      const int y = top + t / 3, x = left + t % 3;
      if (y >= 0 && y < height && x >= 0 && x < width)
        sum = MULTIPLY_ADD(map[y * width + x], weights[t * PANEL], sum);
    }
    sum += shift;
    out[p] = RELU(sum, 0.0f);
  }
}

/* Where output i of `out` lies in `in` positions, half-pixel centres; the fraction towards the next goes to *part. */
static int place_between(const int i, const int out, const int in, float *part)
{
  const float at = max(MULTIPLY_ADD(i + 0.5f, (float)in / (float)out, -0.5f), 0.0f);
  const int below = min((int)at, in - 1);
  *part = at - below;
  return below;
}

static float resized(__local const float *small, const int small_height, const int small_width, const int y,
                     const int x, const int height, const int width)
{
  float down, across;
  const int top = place_between(y, height, small_height, &down);
  const int left = place_between(x, width, small_width, &across);
  const int bottom = min(top + 1, small_height - 1), right = min(left + 1, small_width - 1);
  __local const float *upper = small + top * small_width, *lower = small + bottom * small_width;
  const float above = MULTIPLY_ADD(across, upper[right], (1 - across) * upper[left]);
  const float below = MULTIPLY_ADD(across, lower[right], (1 - across) * lower[left]);
  return MULTIPLY_ADD(down, below, (1 - down) * above);
}

__kernel void harmony(__global const STORAGE *restrict input, const ulong input_offset, const ulong input_picture,
                      const int input_row, __global const float *restrict weights, __global float *restrict output,
                      const ulong output_offset, const ulong output_picture, const int height, const int width,
                      const int channels, const int reduced, const int centres, __local float *scratch)
{
  const ulong batch = get_global_id(1);
  __global const STORAGE *map = input + input_offset + batch * input_picture;
  const int positions = height * width, padded = PADDED(channels);
  const int small_height = (height + 1) / 2, small_width = (width + 1) / 2;
  __local float *m = scratch, *q = m + PADDED(positions), *c1 = q + padded, *c2 = c1 + PADDED(reduced);
  __local float *small = c2 + padded, *parts = small + PADDED(small_height * small_width);
  __global const float *spatial1 = weights, *spatial2 = spatial1 + 10 * PANEL, *channel1 = spatial2 + 2 * PANEL;
  __global const float *channel2 = channel1 + (channels + 1) * PADDED(reduced);
  __global const float *blend = channel2 + (reduced + 1) * padded;
  __global const float *regions = blend + (channels + 1) * padded;
  __global float *out_blend = output + output_offset + batch * output_picture, *out_centres = out_blend + padded;
  __global float *out_map = out_centres + PADDED(centres);

  ITEMS(p, positions) m[p] = sum_of_channels(map + (ulong)p * input_row, channels) / channels;
  const int run = (positions + PARTS - 1) / PARTS, vectors = padded / V;
  ITEMS(i, PARTS * vectors)
  {
    const int part = i / vectors, v = i % vectors;
    const int begin = min(part * run, positions), end = min(begin + run, positions);
    JOIN(vstore, V)(sum_of_positions(map + v * V, input_row, begin, end), 0, parts + part * padded + v * V);
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  ITEMS(v, vectors)
  {
    VECTOR sum = JOIN(vload, V)(0, parts + v * V);
    for (int part = 1; part < PARTS; part++) sum += JOIN(vload, V)(0, parts + part * padded + v * V);
    JOIN(vstore, V)(sum / (float)positions, 0, q + v * V);
  }
  small_convolution(m, height, width, spatial1, small_width, small_height * small_width, small);
  barrier(CLK_LOCAL_MEM_FENCE);
  layer_relu(q, channels, channel1, reduced, c1);
  ITEMS(c, PADDED(centres))
  {
    float sum = 0.0f;
    for (int k = 0; k < channels; k++)
      sum = MULTIPLY_ADD(q[k], regions[(c / PANEL * channels + k) * PANEL + c % PANEL], sum);
    out_centres[c] = tanh(sum + regions[channels * PADDED(centres) + c]);
  }
  ITEMS(p, PADDED(positions))
  {
    float s = 0.0f;
    if (p < positions) {
      s = resized(small, small_height, small_width, p / width, p % width, height, width);
      s = spatial2[0] * s + spatial2[PANEL];
      s = RELU(s, 0.0f);
    }
    out_map[p] = s;
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  layer_relu(c1, reduced, channel2, channels, c2);
  barrier(CLK_LOCAL_MEM_FENCE);
  ITEMS(v, vectors) JOIN(vstore, V)(layer_product(c2, channels, blend, v * V), 0, out_blend + v * V);
}
