/*
 * pool.cl - pooling: maximum or average of a window, and the mean of all positions, of the map or of its product with a
 * mask that is as large. NHWC.
 *
 * Parameters: those of common.clh and rows.clh.
 *
 *   index space   pool: vectors x output pixels x pictures; pool_global: vectors x 1 x pictures
 *   average       over the positions inside the map; sums in row-major order
 */
#include "common.clh"
#include "rows.clh"

__kernel void pool(__global const INPUT *restrict input, const ulong input_offset, const ulong input_picture,
                   const int input_row, __global OUTPUT *restrict output, const ulong output_offset,
                   const ulong output_picture, const int output_row, const int height, const int width,
                   const int channels, const int out_width, const int out_pixels, const int kernel_height,
                   const int kernel_width, const int stride_height, const int stride_width, const int padding_height,
                   const int padding_width, const int maximum)
{
  const int pixel = get_global_id(1);
  const ulong batch = get_global_id(2);
  if (pixel >= out_pixels) return;
  const int top = pixel / out_width * stride_height - padding_height;
  const int left = pixel % out_width * stride_width - padding_width;
  const int first_y = max(top, 0), last_y = min(top + kernel_height, height);
  const int first_x = max(left, 0), last_x = min(left + kernel_width, width);
  const float count = (float)((last_y - first_y) * (last_x - first_x));
  ROW_VECTORS(c, channels)
  {
    __global const INPUT *map = input + input_offset + batch * input_picture + c;
    VECTOR value = (VECTOR)(maximum ? -INFINITY : 0.0f);
    for (int y = first_y; y < last_y; y++)
      for (int x = first_x; x < last_x; x++) {
        const VECTOR at = LOAD_INPUT(map + (ulong)(y * width + x) * input_row);
        value = maximum ? (at > value || at != at ? at : value) : value + at; /* a NaN wins */
      }
    if (!maximum) value /= count;
    STORE_OUTPUT(output + output_offset + batch * output_picture + (ulong)pixel * output_row + c, value);
  }
}

__kernel void pool_global(__global const INPUT *restrict input, const ulong input_offset, const ulong input_picture,
                          const int input_row, __global OUTPUT *restrict output, const ulong output_offset,
                          const ulong output_picture, __global const SECOND *restrict mask, const ulong mask_offset,
                          const ulong mask_picture, const int mask_row, const int positions, const int channels,
                          const int masked)
{
  const int c = get_global_id(0) * V;
  const ulong batch = get_global_id(2);
  if (c >= channels) return;
  __global const INPUT *map = input + input_offset + batch * input_picture + c;
  VECTOR sum = (VECTOR)(0.0f);
  if (masked) {
    __global const SECOND *factor = mask + mask_offset + batch * mask_picture + c;
    for (int p = 0; p < positions; p++)
      sum = MULTIPLY_ADD(LOAD_INPUT(map + (ulong)p * input_row), LOADV_OF(SECOND, V, factor + (ulong)p * mask_row),
                         sum);
  } else {
    for (int p = 0; p < positions; p++) sum += LOAD_INPUT(map + (ulong)p * input_row);
  }
  STORE_OUTPUT(output + output_offset + batch * output_picture + c, sum / (float)positions);
}
