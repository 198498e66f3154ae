/*
 * gemm.cl - batched matrix product: output[m][n] = act(sum over k of a[m][k] b[k][n] + bias + residual[m][n]).
 *
 * Parameters: those of common.clh and tile.clh.
 *
 * a may stand transposed (its two strides are free); b is read V columns at a time, from rows (b_row = its row stride,
 * b_panel = PANEL) or from panels (b_row = PANEL, b_panel = k * PANEL). Nothing is ever transposed in memory.
 *
 *   index space   row tiles x column tiles x pictures
 *   sum           k ascending; bias, residual, activation
 */
#include "common.clh"
#include "tile.clh"

__kernel void gemm(__global const INPUT *restrict a, const ulong a_offset, const ulong a_picture, const int a_row,
                   const int a_column, __global const SECOND *restrict b, const ulong b_offset, const ulong b_picture,
                   const int b_row, const ulong b_panel, __global const float *restrict bias,
                   __global const RESIDUAL *restrict residual, const ulong residual_offset,
                   const ulong residual_picture, const int residual_row, __global OUTPUT *restrict output,
                   const ulong output_offset, const ulong output_picture, const int output_row, const int m,
                   const int panels, const int depth, const int flags)
{
  const int row = get_global_id(ROW_DIM) * TM;
  const int column = get_global_id(1 - ROW_DIM) * TN; /* in vectors */
  const ulong batch = get_global_id(2);
  if (row >= m || column >= panels * PANEL_VECTORS) return;

  __global const INPUT *rows[TM];
  __global const SECOND *vectors[TN];
#pragma unroll
  for (int i = 0; i < TM; i++) rows[i] = a + a_offset + batch * a_picture + (ulong)min(row + i, m - 1) * a_row;
#pragma unroll
  for (int j = 0; j < TN; j++) {
    const int vector = min(column + j, panels * PANEL_VECTORS - 1);
    vectors[j] = b + b_offset + batch * b_picture + vector / PANEL_VECTORS * b_panel + vector % PANEL_VECTORS * V;
  }
  VECTOR acc[TM][TN];
#pragma unroll
  for (int i = 0; i < TM; i++)
#pragma unroll
    for (int j = 0; j < TN; j++) acc[i][j] = (VECTOR)(0.0f);
  tile_next next = {vectors[0], 0};
#if FOLLOW /* panels lie one after the other, from matrix to matrix too */
  const int after = min(column + TN, panels * PANEL_VECTORS) / PANEL_VECTORS;
  next = tile_share(b + b_offset + batch * b_picture + after * b_panel, get_global_id(ROW_DIM), (m + TM - 1) / TM,
                    depth);
#endif
  tile_accumulate_next(acc, rows, a_column, vectors, b_row, depth, next);

#pragma unroll
  for (int i = 0; i < TM; i++)
#pragma unroll
    for (int j = 0; j < TN; j++)
      if (row + i < m && column + j < panels * PANEL_VECTORS) {
        const ulong at = (ulong)(column + j) * V;
        VECTOR add = (VECTOR)(0.0f), shift = (VECTOR)(0.0f);
        if (DOES(EPILOGUE_RESIDUAL))
          add = LOADV_OF(RESIDUAL, V,
                         residual + residual_offset + batch * residual_picture + (ulong)(row + i) * residual_row + at);
        if (DOES(EPILOGUE_BIAS_BY_ROW))
          shift = (VECTOR)(bias[row + i]);
        else if (DOES(EPILOGUE_BIAS))
          shift = JOIN(vload, V)(0, bias + at);
        STOREV_OF(OUTPUT, V, output + output_offset + batch * output_picture + (ulong)(row + i) * output_row + at,
                  tile_epilogue(acc[i][j], flags, shift, (VECTOR)(1.0f), add));
      }
}

/* The plain twin: one work-item an output element. */
__kernel void gemm_plain(__global const INPUT *a, const ulong a_offset, const ulong a_picture, const int a_row,
                         const int a_column, __global const SECOND *b, const ulong b_offset, const ulong b_picture,
                         const int b_row, const ulong b_panel, __global const float *bias,
                         __global const RESIDUAL *residual, const ulong residual_offset, const ulong residual_picture,
                         const int residual_row, __global OUTPUT *output, const ulong output_offset,
                         const ulong output_picture, const int output_row, const int m, const int panels,
                         const int depth, const int flags)
{
  const int row = get_global_id(1), column = get_global_id(0);
  const ulong batch = get_global_id(2);
  if (row >= m || column >= panels * PANEL) return;
  __global const INPUT *left = a + a_offset + batch * a_picture + (ulong)row * a_row;
  __global const SECOND *right = b + b_offset + batch * b_picture + column / PANEL * b_panel + column % PANEL;
  float sum = 0.0f;
  for (int k = 0; k < depth; k++)
    sum = MULTIPLY_ADD(LOAD1_OF(INPUT, left + (ulong)k * a_column), LOAD1_OF(SECOND, right + (ulong)k * b_row), sum);
  if (flags & EPILOGUE_BIAS) sum += bias[flags & EPILOGUE_BIAS_BY_ROW ? row : column];
  if (flags & EPILOGUE_RESIDUAL)
    sum += LOAD1_OF(RESIDUAL,
                    residual + residual_offset + batch * residual_picture + (ulong)row * residual_row + column);
  if (flags & EPILOGUE_RELU) sum = RELU(sum, 0.0f);
  if (flags & EPILOGUE_SIGMOID) sum = sigmoid_float(sum);
  STORE1_OF(OUTPUT, output + output_offset + batch * output_picture + (ulong)row * output_row + column, sum);
}
