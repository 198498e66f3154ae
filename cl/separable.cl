/*
 * separable.cl - a pointwise and a depthwise 3x3 convolution in one pass, each with bias and ReLU: what is between them
 * never leaves the cache.
 *
 * Parameters: those of common.clh and
 *   TM      pixels of a tile of the pointwise product
 *   TN      panels of columns of a tile
 *   STRIDE  1 or 2, of the depthwise convolution; its padding is 1
 *
 * A work-item owns TN panels of channels and a band of output lines. It computes lines of the pointwise product into a
 * ring, LINES at a time, and output lines as soon as the three lines under them are there. The ring holds floats.
 *
 *   index space   tiles of panels x bands of `band` lines x maps; a work-group is one work-item
 *   weights       [panel][channels + 9][PANEL]: the pointwise weights, then the nine taps
 *   bias          [panels][PANEL] of the pointwise, then of the depthwise convolution
 *   ring          [RING][width][TN][PANEL]
 *   sum           channels ascending, bias, ReLU; taps in row-major order, bias, ReLU: as conv.cl and depthwise.cl add
 */
#ifndef TM
#define TM 2
#endif
#ifndef STRIDE
#define STRIDE 1
#endif
#ifndef TN
#define TN 1
#endif
#define V       16
#define ROW_DIM 0

#include "common.clh"
#include "tile.clh"

#define LINES 3
#define RING  8 /* lines; a window, and those computed ahead of it: at most 2 * LINES + 2 */
#define STRIP 4
#define SPAN  ((STRIP - 1) * STRIDE + 3)

/* Positions first .. last - 1 of the map, counted through its lines, into the ring. */
static void fill_ring(__local float *ring, const int ring_size, const int first, const int last,
                      __global const STORAGE *map, const int row, __global const STORAGE *weights[TN],
                      __global const float *bias[TN], const int channels)
{
  int at = first % ring_size;
  for (int p = first; p < last; p += TM) {
    __global const STORAGE *rows[TM];
    float16 acc[TM][TN];
#pragma unroll
    for (int i = 0; i < TM; i++) {
      rows[i] = map + (long)min(p + i, last - 1) * row;
#pragma unroll
      for (int j = 0; j < TN; j++) acc[i][j] = (float16)(0.0f);
    }
    tile_accumulate(acc, rows, 1, weights, PANEL, channels);
#pragma unroll
    for (int i = 0; i < TM; i++) {
#pragma unroll
      for (int j = 0; j < TN; j++) {
        const float16 sum = acc[i][j] + vload16(0, bias[j]);
        if (p + i < last) vstore16(RELU(sum, (float16)(0.0f)), at * TN + j, ring);
      }
      if (p + i < last) at = at + 1 == ring_size ? 0 : at + 1;
    }
  }
}

/* STRIP output pixels of a line and one panel, of which `pixels` are wanted; left: input column under the first tap. */
static void strip(__local const float *ring, const int y, const int left, const int height, const int width,
                  __global const STORAGE *taps, const float16 shift, __global STORAGE *output, const int output_row,
                  const int pixels)
{
  float16 acc[STRIP];
#pragma unroll
  for (int i = 0; i < STRIP; i++) acc[i] = (float16)(0.0f);
  const bool inside = left >= 0 && left + SPAN <= width;
  for (int ky = 0; ky < 3; ky++) {
    if (y + ky < 0 || y + ky >= height) continue;
    float16 tap[3];
#pragma unroll
    for (int kx = 0; kx < 3; kx++) tap[kx] = LOADV(16, taps + (ky * 3 + kx) * PANEL);
    __local const float *line = ring + ((y + ky) % RING * width + left) * TN * PANEL;
#pragma unroll
    for (int x = 0; x < SPAN; x++) {
      float16 pixel = (float16)(0.0f);
      if (inside || (left + x >= 0 && left + x < width)) pixel = vload16(x * TN, line);
#pragma unroll
      for (int i = 0; i < STRIP; i++)
        if (x - i * STRIDE >= 0 && x - i * STRIDE < 3) acc[i] = MULTIPLY_ADD(pixel, tap[x - i * STRIDE], acc[i]);
    }
  }
#pragma unroll
  for (int i = 0; i < STRIP; i++) {
    const float16 sum = acc[i] + shift;
    if (i < pixels) STOREV(16, output + i * output_row, RELU(sum, (float16)(0.0f)));
  }
}

__kernel void separable(__global const STORAGE *restrict input, const ulong input_offset, const ulong input_picture,
                        const int input_row, __global const STORAGE *restrict weights,
                        __global const float *restrict bias, __global STORAGE *restrict output,
                        const ulong output_offset, const ulong output_picture, const int output_row, const int height,
                        const int width, const int channels, const int out_height, const int out_width,
                        const int panels, const int band, __local float *ring)
{
  const int panel = get_global_id(0) * TN, first = get_global_id(1) * band, last = min(first + band, out_height);
  const ulong batch = get_global_id(2);
  __global const STORAGE *map = input + input_offset + batch * input_picture;
  __global const STORAGE *pointwise[TN];
  __global const float *shift[TN];
#pragma unroll
  for (int j = 0; j < TN; j++) {
    const int owned = min(panel + j, panels - 1);
    pointwise[j] = weights + (ulong)owned * (channels + 9) * PANEL;
    shift[j] = bias + owned * PANEL;
  }
  __global STORAGE *out = output + output_offset + batch * output_picture + panel * PANEL;
  int ready = max(first * STRIDE - 1, 0); /* lines before it are in the ring, or not needed */
  for (int y = first; y < last; y++) {
    while (ready < min(y * STRIDE + 2, height)) {
      const int end = min(ready + LINES, height);
      fill_ring(ring, RING * width, ready * width, end * width, map, input_row, pointwise, shift, channels);
      ready = end;
    }
    for (int j = 0; j < min(TN, panels - panel); j++)
      for (int x = 0; x < out_width; x += STRIP)
        strip(ring + j * PANEL, y * STRIDE - 1, x * STRIDE - 1, height, width, pointwise[j] + channels * PANEL,
              vload16(0, shift[j] + panels * PANEL), out + (long)(y * out_width + x) * output_row + j * PANEL,
              output_row, out_width - x);
  }
}

/* The plain twin: one work-item an output element, which computes the nine products under it. */
__kernel void separable_plain(__global const STORAGE *input, const ulong input_offset, const ulong input_picture,
                              const int input_row, __global const STORAGE *weights, __global const float *bias,
                              __global STORAGE *output, const ulong output_offset, const ulong output_picture,
                              const int output_row, const int height, const int width, const int channels,
                              const int out_height, const int out_width, const int panels, const int band,
                              __local float *ring)
{
  const int column = get_global_id(0), pixel = get_global_id(1);
  const ulong batch = get_global_id(2);
  if (column >= panels * PANEL || pixel >= out_height * out_width) return;
  __global const STORAGE *lane = weights + (ulong)(column / PANEL) * (channels + 9) * PANEL + column % PANEL;
  float total = 0.0f;
  for (int t = 0; t < 9; t++) {
    const int y = pixel / out_width * STRIDE - 1 + t / 3, x = pixel % out_width * STRIDE - 1 + t % 3;
    if (y < 0 || y >= height || x < 0 || x >= width) continue;
    __global const STORAGE *row = input + input_offset + batch * input_picture + (ulong)(y * width + x) * input_row;
    float sum = 0.0f;
    for (int k = 0; k < channels; k++) sum = MULTIPLY_ADD(LOAD1(row + k), LOAD1(lane + k * PANEL), sum);
    sum += bias[column];
    total = MULTIPLY_ADD(RELU(sum, 0.0f), LOAD1(lane + (channels + t) * PANEL), total);
  }
  total += bias[panels * PANEL + column];
  STORE1(output + output_offset + batch * output_picture + (ulong)pixel * output_row + column, RELU(total, 0.0f));
}
