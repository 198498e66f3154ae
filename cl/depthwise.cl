/*
 * depthwise.cl - 3x3 convolution of every channel by itself, NHWC, any padding; bias and ReLU.
 *
 * Parameters: those of common.clh and
 *   V       channels of a vector; it divides PANEL
 *   STRIP   output pixels of a line that a work-item computes together, so that weights and input pixels are loaded
 *           once for several of them
 *   STRIDE  1 or 2, of rows and columns
 *   WALK    1: a work-item walks whole lines and all channels (CPUs); 0: one strip of one vector
 *
 *   index space   WALK: 1 x groups of lines x pictures; else vectors x (lines x strips) x pictures
 *   weights       [tap][padded channels]
 *   sum           taps in row-major order; bias, activation
 *
 * STRIP = 2, STRIDE = 1: a line of taps (a b c) goes over four input pixels, each loaded once
 *
 *     input    0   1   2   3
 *     acc[0]   a   b   c
 *     acc[1]       a   b   c
 */
#include "common.clh"

#ifndef V
#define V 4
#endif
#ifndef STRIP
#define STRIP 4
#endif
#ifndef STRIDE
#define STRIDE 1
#endif
#ifndef WALK
#define WALK 0
#endif

#define VECTOR JOIN(float, V)
#define SPAN   ((STRIP - 1) * STRIDE + 3) /* input pixels under a strip */

/* map, weights, bias and output begin at the vector's first channel; top, left: input position under tap (0, 0). */
static void depthwise_strip(__global const STORAGE *restrict map, const int line, const int row,
                            __global const STORAGE *restrict weights, const int padded,
                            __global const float *restrict bias, __global STORAGE *restrict output,
                            const int output_row, const int height, const int width, const int top, const int left,
                            const int pixels, const int flags)
{
  VECTOR acc[STRIP];
#pragma unroll
  for (int i = 0; i < STRIP; i++) acc[i] = (VECTOR)(0.0f);
  const bool inside = left >= 0 && left + SPAN <= width;
  for (int ky = 0; ky < 3; ky++) {
    const int y = top + ky;
    if (y < 0 || y >= height) continue;
    VECTOR tap[3];
#pragma unroll
    for (int kx = 0; kx < 3; kx++) tap[kx] = LOADV(V, weights + (ky * 3 + kx) * padded);
    __global const STORAGE *from = map + (long)y * line + (long)left * row;
#pragma unroll
    for (int x = 0; x < SPAN; x++) {
      VECTOR pixel = (VECTOR)(0.0f);
      if (inside || (left + x >= 0 && left + x < width)) pixel = LOADV(V, from + x * row);
#pragma unroll
      for (int i = 0; i < STRIP; i++)
        if (x - i * STRIDE >= 0 && x - i * STRIDE < 3) acc[i] = MULTIPLY_ADD(pixel, tap[x - i * STRIDE], acc[i]);
    }
  }
  const VECTOR shift = flags & EPILOGUE_BIAS ? JOIN(vload, V)(0, bias) : (VECTOR)(0.0f);
#pragma unroll
  for (int i = 0; i < STRIP; i++) {
    VECTOR value = acc[i];
    if (flags & EPILOGUE_BIAS) value += shift;
    if (flags & EPILOGUE_RELU) value = RELU(value, (VECTOR)(0.0f));
    if (i < pixels) STOREV(V, output + i * output_row, value);
  }
}

__kernel void depthwise(__global const STORAGE *restrict input, const ulong input_offset, const ulong input_picture,
                        const int input_row, __global const STORAGE *restrict weights,
                        __global const float *restrict bias, __global STORAGE *restrict output,
                        const ulong output_offset, const ulong output_picture, const int output_row, const int height,
                        const int width, const int channels, const int out_height, const int out_width,
                        const int padding_height, const int padding_width, const int lines, const int flags)
{
  const ulong batch = get_global_id(2);
  __global const STORAGE *map = input + input_offset + batch * input_picture;
  __global STORAGE *out = output + output_offset + batch * output_picture;
#if WALK
  const int first = get_global_id(1) * lines;
  for (int y = first; y < min(first + lines, out_height); y++)
    for (int c = 0; c < channels; c += V)
      for (int x = 0; x < out_width; x += STRIP)
#else
  const int strips = (out_width + STRIP - 1) / STRIP;
  const int c = get_global_id(0) * V, y = get_global_id(1) / strips, x = get_global_id(1) % strips * STRIP;
  if (c < channels && y < out_height)
#endif
        depthwise_strip(map + c, width * input_row, input_row, weights + c, channels, bias + c,
                        out + (ulong)(y * out_width + x) * output_row + c, output_row, height, width,
                        y * STRIDE - padding_height, x * STRIDE - padding_width, out_width - x, flags);
}

/* The plain twin: one work-item an output element, taps outside the map skipped. */
__kernel void depthwise_plain(__global const STORAGE *input, const ulong input_offset, const ulong input_picture,
                              const int input_row, __global const STORAGE *weights, __global const float *bias,
                              __global STORAGE *output, const ulong output_offset, const ulong output_picture,
                              const int output_row, const int height, const int width, const int channels,
                              const int out_height, const int out_width, const int padding_height,
                              const int padding_width, const int lines, const int flags)
{
  const int c = get_global_id(0), pixel = get_global_id(1);
  const ulong batch = get_global_id(2);
  if (c >= channels || pixel >= out_height * out_width) return;
  float sum = 0.0f;
  for (int ky = 0; ky < 3; ky++)
    for (int kx = 0; kx < 3; kx++) {
      const int y = pixel / out_width * STRIDE - padding_height + ky;
      const int x = pixel % out_width * STRIDE - padding_width + kx;
      if (y < 0 || y >= height || x < 0 || x >= width) continue;
      sum = MULTIPLY_ADD(LOAD1(input + input_offset + batch * input_picture + (ulong)(y * width + x) * input_row + c),
                         LOAD1(weights + (ky * 3 + kx) * channels + c), sum);
    }
  if (flags & EPILOGUE_BIAS) sum += bias[c];
  if (flags & EPILOGUE_RELU) sum = RELU(sum, 0.0f);
  STORE1(output + output_offset + batch * output_picture + (ulong)pixel * output_row + c, sum);
}
