/*
 * pack.cl - a row-major matrix into panels of PANEL columns, so that a product reads its columns one after the other.
 *
 * Parameters: those of common.clh and rows.clh. V must be PANEL or divide it.
 *
 *   index space   vectors x rows x pictures
 *   output        [panel][row][PANEL]
 */
#include "common.clh"
#include "rows.clh"

__kernel void pack(__global const STORAGE *restrict input, const ulong input_offset, const ulong input_picture,
                   const int input_row, __global STORAGE *restrict output, const ulong output_offset,
                   const ulong output_picture, const int rows, const int columns)
{
  const int row = get_global_id(1);
  const ulong batch = get_global_id(2);
  if (row >= rows) return;
  ROW_VECTORS(c, columns)
  {
    const ulong to = ((ulong)(c / PANEL) * rows + row) * PANEL + c % PANEL;
    const VECTOR value = LOADV(V, input + input_offset + batch * input_picture + (ulong)row * input_row + c);
    STOREV(V, output + output_offset + batch * output_picture + to, value);
  }
}

/* The transpose of the matrix into panels: output [panel of rows][column][PANEL], zero past the last row. One work-item
 * writes one vector: rows of the input that begin at its first.
 *
 *   index space   columns x vectors of rows x pictures
 */
__kernel void pack_transposed(__global const STORAGE *restrict input, const ulong input_offset,
                              const ulong input_picture, const int input_row, __global STORAGE *restrict output,
                              const ulong output_offset, const ulong output_picture, const int rows, const int columns)
{
  const int column = get_global_id(0), row = get_global_id(1) * V;
  const ulong batch = get_global_id(2);
  if (column >= columns || row >= (rows + PANEL - 1) / PANEL * PANEL) return;
  __global const STORAGE *from = input + input_offset + batch * input_picture + column;
  const ulong to = ((ulong)(row / PANEL) * columns + column) * PANEL + row % PANEL;
  for (int i = 0; i < V; i++)
    STORE1(output + output_offset + batch * output_picture + to + i,
           row + i < rows ? LOAD1(from + (ulong)(row + i) * input_row) : 0.0f);
}
