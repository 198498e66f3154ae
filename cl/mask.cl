/*
 * mask.cl - attention masks: x[r][c] * spatial[r] * channel[c], either mask or both.
 *
 * Parameters: those of common.clh and rows.clh.
 *
 *   index space   vectors x rows x pictures
 */
#include "common.clh"
#include "rows.clh"

#define MASK_SPATIAL 1
#define MASK_CHANNEL 2

__kernel void mask(__global const INPUT *restrict input, const ulong input_offset, const ulong input_picture,
                   const int input_row, __global const SECOND *restrict spatial, const ulong spatial_offset,
                   const ulong spatial_picture, const int spatial_row, __global const RESIDUAL *restrict channel,
                   const ulong channel_offset, const ulong channel_picture, __global OUTPUT *restrict output,
                   const ulong output_offset, const ulong output_picture, const int output_row, const int rows,
                   const int columns, const int flags)
{
  const int row = get_global_id(1);
  const ulong batch = get_global_id(2);
  if (row >= rows) return;
  float of_row = 1.0f;
  if (flags & MASK_SPATIAL)
    of_row = LOAD1_OF(SECOND, spatial + spatial_offset + batch * spatial_picture + (ulong)row * spatial_row);
  ROW_VECTORS(c, columns)
  {
    VECTOR value = LOAD_INPUT(input + input_offset + batch * input_picture + (ulong)row * input_row + c);
    if (flags & MASK_SPATIAL) value *= of_row;
    if (flags & MASK_CHANNEL) value *= LOADV_OF(RESIDUAL, V, channel + channel_offset + batch * channel_picture + c);
    STORE_OUTPUT(output + output_offset + batch * output_picture + (ulong)row * output_row + c, value);
  }
}
