/*
 * softmax.cl - rows of exp(x - most) / sum: the most of a row is taken off first, so logits of any size are safe.
 *
 * Parameters: those of common.clh and rows.clh.
 *
 *   index space   rows x 1 x pictures, a work-item a row
 *   sum           columns ascending
 */
#include "common.clh"
#include "rows.clh"

DEFINE_EXP(VECTOR, JOIN(int, V))
#include "softmax.clh"

__kernel void softmax(__global const INPUT *restrict input, const ulong input_offset, const ulong input_picture,
                      const int input_row, __global OUTPUT *restrict output, const ulong output_offset,
                      const ulong output_picture, const int output_row, const int rows, const int columns)
{
  const int row = get_global_id(0);
  const ulong batch = get_global_id(2);
  if (row >= rows) return;
  __global const INPUT *from = input + input_offset + batch * input_picture + (ulong)row * input_row;
  __global OUTPUT *to = output + output_offset + batch * output_picture + (ulong)row * output_row;
  float most = -INFINITY, sum = 0.0f;
  for (int c = 0; c < columns; c++) most = softmax_larger(most, LOAD1_OF(INPUT, from + c));
  for (int c = 0; c < columns; c += V) {
    float values[V];
    JOIN(vstore, V)(softmax_exp(LOAD_INPUT(from + c), most), 0, values);
    for (int i = 0; i < V && c + i < columns; i++) sum += values[i];
  }
  for (int c = 0; c < (columns + PANEL - 1) / PANEL * PANEL; c += V) {
    float values[V];
    JOIN(vstore, V)(softmax_exp(LOAD_INPUT(from + c), most) / sum, 0, values);
    for (int i = 0; i < V; i++) STORE1_OF(OUTPUT, to + c + i, c + i < columns ? values[i] : 0.0f);
  }
}
