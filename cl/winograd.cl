/*
 * winograd.cl - 3x3 convolution of stride 1 by Winograd's minimal filtering F(M x M, 3 x 3): the transforms of the
 * input and of the products. The products themselves are gemm.cl's, one matrix for each of the A x A planes.
 *
 *     output = T_out ((T_weights w) . (T_in d))          A = M + 2, d an A x A window, output M x M
 *
 * Parameters: those of common.clh and rows.clh, and
 *   M   2 or 4: side of the tile of outputs that one window gives. Multiply-adds fall from 9 M^2 to (M + 2)^2
 *
 *   planes        [A * A][tiles of the batch][padded channels], a panel of nothing after each
 *   index space   vectors x tiles of the batch
 *   transforms    Lavin and Gray, arXiv 1509.09308, interpolation points 0, 1, -1 (2, -2), infinity
 */
#include "common.clh"
#include "rows.clh"

#ifndef M
#define M 2
#endif
#define A (M + 2)

DEFINE_EXP(VECTOR, JOIN(int, V))
DEFINE_SIGMOID(VECTOR)

#if M == 2
static void transform_input(const VECTOR d[A], VECTOR t[A])
{
  t[0] = d[0] - d[2];
  t[1] = d[1] + d[2];
  t[2] = d[2] - d[1];
  t[3] = d[1] - d[3];
}

static void transform_output(const VECTOR p[A], VECTOR s[M])
{
  s[0] = p[0] + p[1] + p[2];
  s[1] = p[1] - p[2] - p[3];
}
#else
static void transform_input(const VECTOR d[A], VECTOR t[A])
{
  const VECTOR even = d[4] - 4.0f * d[2], odd = d[3] - 4.0f * d[1];
  const VECTOR even_half = d[4] - d[2], odd_half = 2.0f * (d[3] - d[1]);
  t[0] = 4.0f * d[0] - 5.0f * d[2] + d[4];
  t[1] = even + odd;
  t[2] = even - odd;
  t[3] = even_half + odd_half;
  t[4] = even_half - odd_half;
  t[5] = 4.0f * d[1] - 5.0f * d[3] + d[5];
}

static void transform_output(const VECTOR p[A], VECTOR s[M])
{
  const VECTOR sum = p[1] + p[2], difference = p[1] - p[2];
  const VECTOR far_sum = p[3] + p[4], far_difference = p[3] - p[4];
  s[0] = p[0] + sum + far_sum;
  s[1] = difference + 2.0f * far_difference;
  s[2] = sum + 4.0f * far_sum;
  s[3] = difference + 8.0f * far_difference + p[5];
}
#endif

__kernel void winograd_input(__global const STORAGE *restrict input, const ulong input_offset,
                             const ulong input_picture, const int input_row, __global STORAGE *restrict planes,
                             const ulong planes_offset, const int planes_row, const int height, const int width,
                             const int channels, const int tiles_across, const int tiles_of_picture,
                             const int padding, const int tiles)
{
  const int tile = get_global_id(1);
  if (tile >= tiles) return;
  const int top = tile % tiles_of_picture / tiles_across * M - padding;
  const int left = tile % tiles_of_picture % tiles_across * M - padding;
  __global const STORAGE *map = input + input_offset + tile / tiles_of_picture * input_picture;
  const ulong plane = (ulong)tiles * planes_row + PANEL;
  __global STORAGE *to = planes + planes_offset + (ulong)tile * planes_row;
  ROW_VECTORS(c, channels)
  {
    VECTOR window[A][A];
#pragma unroll
    for (int y = 0; y < A; y++) {
      VECTOR line[A];
#pragma unroll
      for (int x = 0; x < A; x++) {
        const bool inside = top + y >= 0 && top + y < height && left + x >= 0 && left + x < width;
        line[x] = inside ? LOADV(V, map + ((long)(top + y) * width + left + x) * input_row + c) : (VECTOR)(0.0f);
      }
      transform_input(line, window[y]);
    }
#pragma unroll
    for (int x = 0; x < A; x++) {
      VECTOR column[A], done[A];
#pragma unroll
      for (int y = 0; y < A; y++) column[y] = window[y][x];
      transform_input(column, done);
#pragma unroll
      for (int y = 0; y < A; y++) STOREV(V, to + (ulong)(y * A + x) * plane + c, done[y]);
    }
  }
}

__kernel void winograd_output(__global const STORAGE *restrict planes, const ulong planes_offset, const int planes_row,
                              __global const float *restrict bias, __global const STORAGE *restrict residual,
                              const ulong residual_offset, const ulong residual_picture, const int residual_row,
                              __global STORAGE *restrict output, const ulong output_offset,
                              const ulong output_picture, const int output_row, const int height, const int width,
                              const int channels, const int tiles_across, const int tiles_of_picture, const int flags,
                              const int tiles)
{
  const int tile = get_global_id(1);
  if (tile >= tiles) return;
  const ulong picture = tile / tiles_of_picture;
  const int top = tile % tiles_of_picture / tiles_across * M, left = tile % tiles_of_picture % tiles_across * M;
  const ulong plane = (ulong)tiles * planes_row + PANEL;
  __global const STORAGE *from = planes + planes_offset + (ulong)tile * planes_row;
  ROW_VECTORS(c, channels)
  {
    const VECTOR shift = flags & EPILOGUE_BIAS ? JOIN(vload, V)(0, bias + c) : (VECTOR)(0.0f);
    VECTOR lines[A][M];
#pragma unroll
    for (int y = 0; y < A; y++) {
      VECTOR line[A];
#pragma unroll
      for (int x = 0; x < A; x++) line[x] = LOADV(V, from + (ulong)(y * A + x) * plane + c);
      transform_output(line, lines[y]);
    }
#pragma unroll
    for (int x = 0; x < M; x++) {
      VECTOR column[A], done[M];
#pragma unroll
      for (int y = 0; y < A; y++) column[y] = lines[y][x];
      transform_output(column, done);
#pragma unroll
      for (int y = 0; y < M; y++)
        if (top + y < height && left + x < width) {
          const ulong pixel = (ulong)(top + y) * width + left + x;
          VECTOR value = done[y] + shift;
          if (flags & EPILOGUE_RESIDUAL)
            value += LOADV(V, residual + residual_offset + picture * residual_picture + pixel * residual_row + c);
          if (flags & EPILOGUE_RELU) value = RELU(value, (VECTOR)(0.0f));
          if (flags & EPILOGUE_SIGMOID) value = JOIN(sigmoid_, VECTOR)(value);
          STOREV(V, output + output_offset + picture * output_picture + pixel * output_row + c, value);
        }
    }
  }
}
