/*
 * attend.cl - harmonious attention's mask, made and applied: x[r][c] sigmoid(relu(s[r] v[c] + bias[c])); or
 * the mask alone.
 *
 * Parameters: those of common.clh and rows.clh.
 *
 *   index space   vectors x groups of `lines` rows x pictures
 */
#include "common.clh"
#include "rows.clh"

DEFINE_EXP(VECTOR, JOIN(int, V))
DEFINE_SIGMOID(VECTOR)

__kernel void attend(__global const STORAGE *restrict input, const ulong input_offset, const ulong input_picture,
                     const int input_row, __global const float *restrict vectors, const ulong vectors_offset,
                     const ulong vectors_picture, const ulong map, __global const float *restrict bias,
                     __global STORAGE *restrict output, const ulong output_offset, const ulong output_picture,
                     const int output_row, const int rows, const int columns, const int lines,
                     const int alone)
{
  const ulong batch = get_global_id(2);
  const int first = get_global_id(1) * lines;
  __global const float *of_column = vectors + vectors_offset + batch * vectors_picture, *of_row = of_column + map;
  for (int row = first; row < min(first + lines, rows); row++) {
    const VECTOR s = (VECTOR)(of_row[row]);
    ROW_VECTORS(c, columns)
    {
      VECTOR x = (VECTOR)(1.0f);
      if (!alone) x = LOADV(V, input + input_offset + batch * input_picture + (ulong)row * input_row + c);
      const VECTOR mask = MULTIPLY_ADD(s, JOIN(vload, V)(0, of_column + c), JOIN(vload, V)(0, bias + c));
      STOREV(V, output + output_offset + batch * output_picture + (ulong)row * output_row + c,
             x * JOIN(sigmoid_, VECTOR)(RELU(mask, (VECTOR)(0.0f))));
    }
  }
}
