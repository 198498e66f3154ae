/*
 * filter.cl - the products of winograd.cl's planes where the transformed weights would outgrow the caches: F(4 x 4) has
 * four times the weights of the convolution, and a product that reads them once waits for the memory. Here a work-item
 * reads the 3x3 filters themselves and transforms them on the way, as many at a time as a core's first cache holds.
 *
 *     products[p][row][o] = sum over c, ascending, of windows[p][row][c] (T filter[o][c] T^t)[p]
 *
 * Parameters: those of common.clh and tile.clh, without ROW_DIM, and
 *   M      2 or 4: side of a tile of outputs, as in winograd.cl
 *   BLOCK  channels that are transformed at a time, a row of planes after the other, into local memory
 *
 * The transform's sums are made of numbers and powers of two, and each is scaled once, at its end: host/winograd.c, which
 * transforms smaller weights when a model is loaded, gets the same bits.
 *
 *   index space   column tiles x blocks of rows
 *   filters       [panel][channels][9 taps][PANEL]
 *   planes        as in winograd.cl; those of the output hold the sums of the blocks so far
 */
#include "common.clh"
#include "tile.clh"

#ifndef M
#define M 4
#endif
#ifndef BLOCK
#define BLOCK 32
#endif
#define A     (M + 2)
#define TAPS  9
#define PLANE (BLOCK * TN + 1) /* vectors from plane to plane: a power of two would fall on few lines of a cache */

/* Row y of T: its factor, and what it makes of three numbers before it is scaled. */
#if M == 2
__constant float filter_scale[A] = {1.0f, 0.5f, 0.5f, 1.0f};
#else
__constant float filter_scale[A] = {1.0f / 4, -1.0f / 6, -1.0f / 6, 1.0f / 12, 1.0f / 12, 1.0f};
#endif
#define DEFINE_FILTER_ROW(TYPE)                                                                                        \
  static TYPE JOIN(filter_row_, TYPE)(const int y, const TYPE a, const TYPE b, const TYPE c)                           \
  {                                                                                                                    \
    if (y == 0) return a;                                                                                              \
    if (y == A - 1) return c;                                                                                          \
    const TYPE ends = y <= 2 ? a + c : 0.5f * a + 2.0f * c;                                                            \
    return y & 1 ? ends + b : ends - b;                                                                                \
  }
#define FILTER_ROW JOIN(filter_row_, VECTOR)

DEFINE_FILTER_ROW(VECTOR)

/* The A planes of row y, of count channels of one vector of columns -> transformed[A][BLOCK][TN] vectors. */
static void transform(__global const float *filter, const int y, const int count, __local VECTOR *transformed)
{
  for (int k = 0; k < count; k++) {
    VECTOR line[3];
#pragma unroll
    for (int x = 0; x < 3; x++) {
      __global const float *column = filter + (k * TAPS + x) * PANEL;
      line[x] = FILTER_ROW(y, LOADV(V, column), LOADV(V, column + 3 * PANEL),
                           LOADV(V, column + 6 * PANEL));
    }
#pragma unroll
    for (int x = 0; x < A; x++)
      transformed[x * PLANE + k * TN] =
          FILTER_ROW(x, line[0], line[1], line[2]) * (filter_scale[y] * filter_scale[x]);
  }
}

/* The same; the compiler makes a loop for each row. */
static void transform_row(__global const float *filter, const int y, const int count, __local VECTOR *transformed)
{
  switch (y) {
  case 0:
    transform(filter, 0, count, transformed);
    break;
  case 1:
    transform(filter, 1, count, transformed);
    break;
  case 2:
    transform(filter, 2, count, transformed);
    break;
#if M == 4
  case 3:
    transform(filter, 3, count, transformed);
    break;
  case 4:
    transform(filter, 4, count, transformed);
    break;
#endif
  default:
    transform(filter, A - 1, count, transformed);
  }
}

/* Adds count channels of one plane to the sums of TM rows, of which so many are to be kept; the first block begins them.
 * Rows past the last one and vectors past the last panel are those before them once more. */
static void multiply(__global const float *windows[TM], __local const VECTOR *transformed, const int count,
                     __global float *sums[TM], const int rows, const int vectors, const bool begins)
{
  VECTOR acc[TM][TN];
#pragma unroll
  for (int i = 0; i < TM; i++)
#pragma unroll
    for (int j = 0; j < TN; j++)
      acc[i][j] = begins ? (VECTOR)(0.0f) : JOIN(vload, V)(min(j, vectors - 1), sums[i]);
  for (int k = 0; k < count; k++) {
    VECTOR vector[TN];
#pragma unroll
    for (int j = 0; j < TN; j++) vector[j] = transformed[k * TN + j];
#pragma unroll
    for (int i = 0; i < TM; i++)
#pragma unroll
      for (int j = 0; j < TN; j++) acc[i][j] = MULTIPLY_ADD((VECTOR)(windows[i][k]), vector[j], acc[i][j]);
  }
#pragma unroll
  for (int i = 0; i < TM; i++)
#pragma unroll
    for (int j = 0; j < TN; j++)
      if (i < rows && j < vectors) JOIN(vstore, V)(acc[i][j], j, sums[i]);
}

__kernel void filter(__global const float *restrict windows, const ulong windows_offset, const ulong windows_plane,
                     const int windows_row, __global const float *restrict filters, __global float *restrict products,
                     const ulong products_offset, const ulong products_plane, const int products_row, const int rows,
                     const int block_rows, const int panels, const int channels, __local VECTOR *transformed)
{
  const int column = get_global_id(0) * TN; /* in vectors */
  const int first_row = get_global_id(1) * block_rows, last_row = min(first_row + block_rows, rows);
  const int vectors = min(TN, panels * PANEL_VECTORS - column);
  if (first_row >= rows || vectors <= 0) return;
  for (int first = 0; first < channels; first += BLOCK) {
    const int count = min(BLOCK, channels - first);
    __global const float *from[TN];
#pragma unroll
    for (int j = 0; j < TN; j++) {
      const int vector = column + min(j, vectors - 1);
      from[j] = filters + ((ulong)(vector / PANEL_VECTORS) * channels + first) * TAPS * PANEL +
                vector % PANEL_VECTORS * V;
    }
    for (int plane = 0; plane < A * A; plane++) {
      const int y = plane / A, x = plane % A;
      if (x == 0)
#pragma unroll
        for (int j = 0; j < TN; j++) transform_row(from[j], y, count, transformed + j);
      /* The next block's filters are asked for meanwhile, in equal shares. */
      for (int line = plane * BLOCK * TAPS / (A * A); line < (plane + 1) * BLOCK * TAPS / (A * A); line++)
#pragma unroll
        for (int j = 0; j < TN; j++) TILE_PREFETCH_FAR(from[j] + (ulong)(count * TAPS + line) * PANEL);
      for (int row = first_row; row < last_row; row += TM) {
        __global const float *window[TM];
        __global float *sums[TM];
#pragma unroll
        for (int i = 0; i < TM; i++) {
          const ulong at = min(row + i, rows - 1);
          window[i] = windows + windows_offset + plane * windows_plane + at * windows_row + first;
          sums[i] = products + products_offset + plane * products_plane + at * products_row + column * V;
        }
        multiply(window, transformed + x * PLANE, count, sums, last_row - row, vectors, first == 0);
      }
    }
  }
}

DEFINE_FILTER_ROW(float)

/* The plain twin: one work-item an element of a plane; columns x rows x planes. */
__kernel void filter_plain(__global const float *windows, const ulong windows_offset, const ulong windows_plane,
                           const int windows_row, __global const float *filters, __global float *products,
                           const ulong products_offset, const ulong products_plane, const int products_row,
                           const int rows, const int block_rows, const int panels, const int channels,
                           __local VECTOR *transformed)
{
  const int column = get_global_id(0), row = get_global_id(1), plane = get_global_id(2);
  if (row >= rows || column >= panels * PANEL) return;
  const int y = plane / A, x = plane % A;
  __global const float *window = windows + windows_offset + plane * windows_plane + (ulong)row * windows_row;
  __global const float *own = filters + (ulong)(column / PANEL) * channels * TAPS * PANEL + column % PANEL;
  float sum = 0.0f;
  for (int k = 0; k < channels; k++) {
    float line[3];
    for (int tap = 0; tap < 3; tap++) {
      __global const float *from = own + (ulong)(k * TAPS + tap) * PANEL;
      line[tap] = filter_row_float(y, from[0], from[3 * PANEL], from[6 * PANEL]);
    }
    const float transformed_k = filter_row_float(x, line[0], line[1], line[2]) * (filter_scale[y] * filter_scale[x]);
    sum = MULTIPLY_ADD(window[k], transformed_k, sum);
  }
  products[products_offset + plane * products_plane + (ulong)row * products_row + column] = sum;
}
