/*
 * scale.cl - act(scale[c] * x[r][c] + bias[c] + residual[r][c]): batch norm and activations that stand alone.
 *
 * Parameters: those of common.clh and rows.clh.
 *
 *   index space   vectors x rows x pictures; the output may be the input, so neither is `restrict`
 */
#include "common.clh"
#include "rows.clh"

DEFINE_EXP(VECTOR, JOIN(int, V))
DEFINE_SIGMOID(VECTOR)

#define SCALE_WEIGHTS 32 /* flag beside those of the epilogue: scale is given */

__kernel void scale(__global const INPUT *input, const ulong input_offset, const ulong input_picture,
                    const int input_row, __global const float *restrict weights, __global const float *restrict bias,
                    __global const RESIDUAL *restrict residual, const ulong residual_offset,
                    const ulong residual_picture, const int residual_row, __global OUTPUT *output,
                    const ulong output_offset, const ulong output_picture, const int output_row, const int rows,
                    const int columns, const int flags)
{
  const int row = get_global_id(1);
  const ulong batch = get_global_id(2);
  if (row >= rows) return;
  ROW_VECTORS(c, columns)
  {
    VECTOR value = LOAD_INPUT(input + input_offset + batch * input_picture + (ulong)row * input_row + c);
    VECTOR shift = (VECTOR)(0.0f);
    if (flags & EPILOGUE_BIAS_BY_ROW)
      shift = (VECTOR)(bias[row]);
    else if (flags & EPILOGUE_BIAS)
      shift = JOIN(vload, V)(0, bias + c);
    value = flags & SCALE_WEIGHTS ? MULTIPLY_ADD(JOIN(vload, V)(0, weights + c), value, shift) : value + shift;
    if (flags & EPILOGUE_RESIDUAL)
      value += LOADV_OF(RESIDUAL, V,
                        residual + residual_offset + batch * residual_picture + (ulong)row * residual_row + c);
    if (flags & EPILOGUE_RELU) value = RELU(value, (VECTOR)(0.0f));
    if (flags & EPILOGUE_SIGMOID) value = JOIN(sigmoid_, VECTOR)(value);
    STORE_OUTPUT(output + output_offset + batch * output_picture + (ulong)row * output_row + c, value);
  }
}
