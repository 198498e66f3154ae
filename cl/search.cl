/*
 * search.cl - the nearest features of a gallery: rows into panels and back, products with queries, and a short list of
 * those rows that may be near enough.
 *
 * Parameters: those of common.clh and tile.clh, and
 *   QUERIES   the most queries
 *   SPAN      rows that a work-item of `select_rows` walks; a multiple of 16
 *
 * A block of the gallery: features in panels of PANEL rows, [rows / PANEL][length][PANEL], as the tile core wants its
 * right side; lengths[rows], the L2 norm of each, NaN where a row is empty.
 *
 * Queries lie as TM of them are read, [queries / TM][length][TM], the last TM filled up with zeros.
 *
 *   sum     chunks of CHUNK products, each from zero with k ascending, added in order: short sums keep the error small
 *   limit   a row is listed if its product > limit.x + limit.y n + limit.z n^2, n its length. NaN is never listed
 */
#include "common.clh"
#include "tile.clh"

#ifndef QUERIES
#define QUERIES 64
#endif
#ifndef SPAN
#define SPAN 16
#endif

#define CHUNK 128

/* What is only moved keeps its bits. */
#if HALF
#define ELEMENT ushort
#else
#define ELEMENT uint
#endif

/* ---- Rows into panels and back ----------------------------------------------------------------------------------- */

/* rows[count][length] to the rows first ... of a block.   index space: work-items of a panel x panels touched */
__kernel void search_put(__global const ELEMENT *restrict rows, __global ELEMENT *restrict panels, const int length,
                         const int first, const int count)
{
  const int panel = first / PANEL + get_global_id(1);
  if (panel * PANEL >= first + count) return;
  __global ELEMENT *to = panels + (ulong)panel * length * PANEL;
  const int begin = max(first - panel * PANEL, 0), end = min(first + count - panel * PANEL, PANEL);
  __global const ELEMENT *from = rows + (ulong)(panel * PANEL + begin - first) * length;
  for (int k = get_global_id(0); k < length; k += get_global_size(0))
    for (int r = begin; r < end; r++) to[(ulong)k * PANEL + r] = from[(ulong)(r - begin) * length + k];
}

/* The rows listed, to rows[count][length].   index space: work-items of a row x rows */
__kernel void search_get(__global const ELEMENT *restrict panels, __global const int *restrict list,
                         __global ELEMENT *restrict rows, const int length, const int count)
{
  const int at = get_global_id(1);
  if (at >= count) return;
  __global const ELEMENT *from = panels + (ulong)(list[at] / PANEL) * length * PANEL + list[at] % PANEL;
  __global ELEMENT *to = rows + (ulong)at * length;
  for (int k = get_global_id(0); k < length; k += get_global_size(0)) to[k] = from[(ulong)k * PANEL];
}

/* ---- Products: products[query][row] = queries[query] . row ------------------------------------------------------- */

/* Where a work-item is a loop: it owns TN panels and all queries. It reads a chunk of its panels once, and keeps it as
 * floats beside the sums.   index space: TN panels */
__kernel void products_walk(__global const STORAGE *restrict panels, __global const float *restrict queries,
                            __global float *restrict products, const int products_row, const int length,
                            const int first_panel, const int panel_count, const int query_count)
{
  const int panel = get_global_id(0) * TN;
  if (panel >= panel_count) return;
  __global const STORAGE *from[TN];
#pragma unroll
  for (int j = 0; j < TN; j++)
    from[j] = panels + (ulong)(first_panel + min(panel + j, panel_count - 1)) * length * PANEL;
  float16 sum[(QUERIES + TM - 1) / TM * TM][TN];
  float16 part[CHUNK][TN];
  for (int q = 0; q < query_count; q += TM)
    for (int i = 0; i < TM; i++)
      for (int j = 0; j < TN; j++) sum[q + i][j] = (float16)(0.0f);

  for (int begin = 0; begin < length; begin += CHUNK) {
    const int depth = min(CHUNK, length - begin);
    for (int k = 0; k < depth; k++)
#pragma unroll
      for (int j = 0; j < TN; j++) part[k][j] = LOADV(16, from[j] + (ulong)(begin + k) * PANEL);
    for (int q = 0; q < query_count; q += TM) {
      __global const float *query = queries + (ulong)q * length + begin * TM;
      float16 acc[TM][TN];
#pragma unroll
      for (int i = 0; i < TM; i++)
#pragma unroll
        for (int j = 0; j < TN; j++) acc[i][j] = (float16)(0.0f);
      for (int k = 0; k < depth; k++)
#pragma unroll
        for (int i = 0; i < TM; i++)
#pragma unroll
          for (int j = 0; j < TN; j++) acc[i][j] = MULTIPLY_ADD((float16)(query[k * TM + i]), part[k][j], acc[i][j]);
#pragma unroll
      for (int i = 0; i < TM; i++)
#pragma unroll
        for (int j = 0; j < TN; j++) sum[q + i][j] += acc[i][j];
    }
  }
  for (int q = 0; q < query_count; q++)
    for (int j = 0; j < TN; j++)
      if (panel + j < panel_count)
        vstore16(sum[q][j], 0, products + (ulong)q * products_row + (first_panel + panel + j) * PANEL);
}

/* Where work-items run side by side: each owns a tile, TM queries by TN vectors of rows.
 * index space: tiles of queries x tiles of rows, in the order that ROW_DIM says */
__kernel void products_tile(__global const STORAGE *restrict panels, __global const float *restrict queries,
                            __global float *restrict products, const int products_row, const int length,
                            const int first_panel, const int panel_count, const int query_count)
{
  const int q = get_global_id(ROW_DIM) * TM;
  const int vector = get_global_id(1 - ROW_DIM) * TN, vectors = panel_count * PANEL_VECTORS;
  if (q >= query_count || vector >= vectors) return;
  __global const STORAGE *from[TN];
  VECTOR sum[TM][TN];
#pragma unroll
  for (int j = 0; j < TN; j++) {
    const int v = first_panel * PANEL_VECTORS + min(vector + j, vectors - 1);
    from[j] = panels + (ulong)(v / PANEL_VECTORS) * length * PANEL + v % PANEL_VECTORS * V;
  }
#pragma unroll
  for (int i = 0; i < TM; i++)
#pragma unroll
    for (int j = 0; j < TN; j++) sum[i][j] = (VECTOR)(0.0f);

  for (int begin = 0; begin < length; begin += CHUNK) {
    const int depth = min(CHUNK, length - begin);
    VECTOR acc[TM][TN];
    __global const float *query = queries + (ulong)q * length + begin * TM;
#pragma unroll
    for (int i = 0; i < TM; i++)
#pragma unroll
      for (int j = 0; j < TN; j++) acc[i][j] = (VECTOR)(0.0f);
    for (int k = 0; k < depth; k++) {
      VECTOR rows[TN];
#pragma unroll
      for (int j = 0; j < TN; j++) rows[j] = LOADV(V, from[j] + (ulong)(begin + k) * PANEL);
#pragma unroll
      for (int i = 0; i < TM; i++)
#pragma unroll
        for (int j = 0; j < TN; j++) acc[i][j] = MULTIPLY_ADD((VECTOR)(query[k * TM + i]), rows[j], acc[i][j]);
    }
#pragma unroll
    for (int i = 0; i < TM; i++)
#pragma unroll
      for (int j = 0; j < TN; j++) sum[i][j] += acc[i][j];
  }
#pragma unroll
  for (int i = 0; i < TM; i++)
#pragma unroll
    for (int j = 0; j < TN; j++)
      if (q + i < query_count && vector + j < vectors)
        JOIN(vstore, V)(sum[i][j], 0,
                        products + (ulong)(q + i) * products_row + first_panel * PANEL + (ulong)(vector + j) * V);
}

/* The plain twin: one work-item a product.   index space: rows x queries */
__kernel void products_plain(__global const STORAGE *panels, __global const float *queries, __global float *products,
                             const int products_row, const int length, const int first_panel, const int panel_count,
                             const int query_count)
{
  const int row = first_panel * PANEL + get_global_id(0), q = get_global_id(1);
  if (row >= (first_panel + panel_count) * PANEL || q >= query_count) return;
  __global const STORAGE *from = panels + (ulong)(row / PANEL) * length * PANEL + row % PANEL;
  __global const float *query = queries + (ulong)(q / TM * TM) * length + q % TM;
  float sum = 0.0f;
  for (int begin = 0; begin < length; begin += CHUNK) {
    float part = 0.0f;
    for (int k = begin; k < length && k < begin + CHUNK; k++)
      part = MULTIPLY_ADD(query[(ulong)k * TM], LOAD1(from + (ulong)k * PANEL), part);
    sum += part;
  }
  products[(ulong)q * products_row + row] = sum;
}

/* ---- Selection --------------------------------------------------------------------------------------------------- */

static void list_row(__global int *counts, __global int *rows, __global float *values, const int q, const int queries,
                     const int room, const int row, const float product)
{
  const int place = atomic_inc(counts + q);
  if (place >= room) return;
  rows[(ulong)place * queries + q] = row;
  values[(ulong)place * queries + q] = product;
}

/* Lists the rows first ... first + count - 1 that are beyond the limit of a query: rows[room][query_count] and their
 * products, in any order. counts[query] goes on counting past the room.   index space: spans of rows x queries */
__kernel void select_rows(__global const float *restrict products, __global const float *restrict lengths,
                          __global const float4 *restrict limits, __global int *restrict counts,
                          __global int *restrict rows, __global float *restrict values, const int products_row,
                          const int room, const int first, const int count, const int query_count)
{
  const int begin = get_global_id(0) * SPAN, q = get_global_id(1);
  if (begin >= count || q >= query_count) return;
  const float4 limit = limits[q];
  __global const float *product = products + (ulong)q * products_row;
  for (int r = first + begin; r < first + min(begin + SPAN, count); r += PANEL) {
    const float16 n = vload16(0, lengths + r), x = vload16(0, product + r);
    const float16 least = MULTIPLY_ADD(n, MULTIPLY_ADD(n, (float16)(limit.z), (float16)(limit.y)), (float16)(limit.x));
    if (!any(isgreater(x, least))) continue;
    for (int i = 0; i < PANEL; i++) {
      const float length = lengths[r + i];
      if (isgreater(product[r + i], MULTIPLY_ADD(length, MULTIPLY_ADD(length, limit.z, limit.y), limit.x)))
        list_row(counts, rows, values, q, query_count, room, r + i, product[r + i]);
    }
  }
}

/* The plain twin: one work-item a row and query. */
__kernel void select_plain(__global const float *products, __global const float *lengths, __global const float4 *limits,
                           __global int *counts, __global int *rows, __global float *values, const int products_row,
                           const int room, const int first, const int count, const int query_count)
{
  const int row = first + get_global_id(0), q = get_global_id(1);
  if (row >= first + count || q >= query_count) return;
  const float length = lengths[row], product = products[(ulong)q * products_row + row];
  const float least = MULTIPLY_ADD(length, MULTIPLY_ADD(length, limits[q].z, limits[q].y), limits[q].x);
  if (isgreater(product, least)) list_row(counts, rows, values, q, query_count, room, row, product);
}
