/*
 * attention.cl - softmax(G H) P for a picture's positions: the weights of TM rows live in local memory, nowhere else.
 *
 * Parameters: those of common.clh and tile.clh (but ROW_DIM).
 *
 *   index space   lanes x row tiles x pictures; the lanes of a work-group (one on a CPU) share a tile of TM rows
 *   h             in panels, [positions / PANEL][inner][PANEL]: what cl/pack.cl makes of rows
 *
 *      1. weights[TM][positions] = G H       lanes deal out the columns, tile by tile
 *      2. softmax of each row, as in softmax.cl
 *      3. output[TM][inner] = weights P      lanes deal out the columns again
 *
 *   sums          k, columns, positions: all ascending, in one chain each
 */
#include "common.clh"
#include "tile.clh"
#include "softmax.clh"

/* As tile_accumulate, with rows in local memory. */
static void attention_accumulate(VECTOR acc[TM][TN], __local const float *rows, const int stride,
                                 __global const STORAGE *b[TN], const int b_step, const int depth)
{
  for (int k = 0; k < depth; k++) {
    VECTOR vector[TN];
#pragma unroll
    for (int j = 0; j < TN; j++) vector[j] = LOADV(V, b[j] + (size_t)k * b_step);
#pragma unroll
    for (int i = 0; i < TM; i++) {
      const VECTOR row = (VECTOR)(rows[i * stride + k]);
#pragma unroll
      for (int j = 0; j < TN; j++) acc[i][j] = MULTIPLY_ADD(row, vector[j], acc[i][j]);
    }
  }
}

static void attention_clear(VECTOR acc[TM][TN])
{
#pragma unroll
  for (int i = 0; i < TM; i++)
#pragma unroll
    for (int j = 0; j < TN; j++) acc[i][j] = (VECTOR)(0.0f);
}

/* Softmax of the rows in place: lanes deal out rows for the sums, vectors for the exponentials. */
static void attention_softmax(__local float *weights, __local float *of_row, const int stride, const int columns,
                              const int lane, const int lanes)
{
  const int vectors = stride / V;
  for (int i = lane; i < TM; i += lanes) {
    float most = -INFINITY;
    for (int c = 0; c < columns; c++) most = softmax_larger(most, weights[i * stride + c]);
    of_row[i] = most;
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int v = lane; v < TM * vectors; v += lanes) {
    const VECTOR x = JOIN(vload, V)(v, weights);
    JOIN(vstore, V)(softmax_exp(x, of_row[v / vectors]), v, weights);
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int i = lane; i < TM; i += lanes) {
    float sum = 0.0f;
    for (int c = 0; c < columns; c++) sum += weights[i * stride + c];
    of_row[i] = sum;
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int v = lane; v < TM * vectors; v += lanes)
    JOIN(vstore, V)(JOIN(vload, V)(v, weights) / of_row[v / vectors], v, weights);
  barrier(CLK_LOCAL_MEM_FENCE);
}

__kernel void attention(__global const STORAGE *restrict g, const ulong g_offset, const ulong g_picture,
                        const int g_row, __global const STORAGE *restrict h, const ulong h_offset,
                        const ulong h_picture, __global const STORAGE *restrict p, const ulong p_offset,
                        const ulong p_picture, const int p_row, __global STORAGE *restrict output,
                        const ulong output_offset, const ulong output_picture, const int output_row,
                        const int positions, const int inner, __local float *weights, __local float *of_row)
{
  const int lane = get_local_id(0), lanes = get_local_size(0);
  const int row = get_global_id(1) * TM;
  const ulong batch = get_global_id(2);
  const int vectors = (positions + PANEL - 1) / PANEL * PANEL_VECTORS, stride = vectors * V;
  const int inner_vectors = (inner + PANEL - 1) / PANEL * PANEL_VECTORS;
  VECTOR acc[TM][TN];

  __global const STORAGE *rows[TM], *columns[TN];
#pragma unroll
  for (int i = 0; i < TM; i++) rows[i] = g + g_offset + batch * g_picture + (ulong)min(row + i, positions - 1) * g_row;
  for (int v = lane * TN; v < vectors; v += lanes * TN) {
#pragma unroll
    for (int j = 0; j < TN; j++) {
      const int vector = min(v + j, vectors - 1);
      columns[j] = h + h_offset + batch * h_picture + (ulong)(vector / PANEL_VECTORS) * inner * PANEL +
                   vector % PANEL_VECTORS * V;
    }
    attention_clear(acc);
    tile_accumulate(acc, rows, 1, columns, PANEL, inner);
#pragma unroll
    for (int i = 0; i < TM; i++)
#pragma unroll
      for (int j = 0; j < TN; j++)
        if (v + j < vectors) JOIN(vstore, V)(acc[i][j], 0, weights + i * stride + (v + j) * V);
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  attention_softmax(weights, of_row, stride, positions, lane, lanes);

  for (int v = lane * TN; v < inner_vectors; v += lanes * TN) {
#pragma unroll
    for (int j = 0; j < TN; j++)
      columns[j] = p + p_offset + batch * p_picture + (ulong)min(v + j, inner_vectors - 1) * V;
    attention_clear(acc);
    attention_accumulate(acc, weights, stride, columns, p_row, positions);
#pragma unroll
    for (int i = 0; i < TM; i++)
#pragma unroll
      for (int j = 0; j < TN; j++)
        if (row + i < positions && v + j < inner_vectors)
          STOREV(V, output + output_offset + batch * output_picture + (ulong)(row + i) * output_row + (v + j) * V,
                 acc[i][j]);
  }
}
