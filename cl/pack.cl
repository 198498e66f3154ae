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
