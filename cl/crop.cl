/*
 * crop.cl - maps cropped from one at places that were computed, bilinear, zero outside, plus what was there before.
 *
 * Parameters: those of common.clh and rows.clh.
 *
 * A crop is not scaled, so all of its pixels lie alike between those of the map: four weights serve a whole stream.
 *
 *   index space   vectors x (streams x output lines, each of `pixels` pixels or in parts of them) x pictures
 *   centres       x, y of each stream, -1 .. 1 from edge to edge of the map
 *   sum           row-major over the four pixels, residual last
 */
#include "common.clh"
#include "rows.clh"

__kernel void crop(__global const STORAGE *restrict input, const ulong input_offset, const ulong input_picture,
                   const int input_row, __global const float *restrict centres, const ulong centres_offset,
                   const ulong centres_picture, __global const STORAGE *restrict residual, const ulong residual_offset,
                   const ulong residual_picture, const int residual_row, __global STORAGE *restrict output,
                   const ulong output_offset, const ulong output_picture, const int output_row, const int height,
                   const int width, const int columns, const int out_height, const int out_width, const int streams,
                   const int pixels, const int has_residual)
{
  const ulong batch = get_global_id(2);
  const int first = get_global_id(1) * pixels; /* of the pixels of all streams; `pixels` divides out_width */
  const int stream = first / (out_width * out_height), i = first / out_width % out_height, j = first % out_width;
  if (stream >= streams) return;
  __global const float *centre = centres + centres_offset + batch * centres_picture + 2 * stream;
  const float left = MULTIPLY_ADD(centre[0] + 1.0f, 0.5f * width, -0.5f * out_width);
  const float top = MULTIPLY_ADD(centre[1] + 1.0f, 0.5f * height, -0.5f * out_height);
  const float across = left - floor(left), down = top - floor(top);
  const float weight[4] = {(1.0f - down) * (1.0f - across), (1.0f - down) * across, down * (1.0f - across),
                           down * across};
  const int y = (int)floor(top) + i, x = (int)floor(left) + j;
  __global const STORAGE *map = input + input_offset + batch * input_picture;
  for (int p = 0; p < pixels; p++)
    ROW_VECTORS(c, columns)
    {
      VECTOR sum = (VECTOR)(0.0f);
#pragma unroll
      for (int t = 0; t < 4; t++) {
        const int at_y = y + t / 2, at_x = x + p + t % 2;
        if (at_y >= 0 && at_y < height && at_x >= 0 && at_x < width)
          sum = MULTIPLY_ADD((VECTOR)(weight[t]), LOADV(V, map + (ulong)(at_y * width + at_x) * input_row + c), sum);
      }
      if (has_residual)
        sum += LOADV(V, residual + residual_offset + batch * residual_picture + (ulong)(first + p) * residual_row + c);
      STOREV(V, output + output_offset + batch * output_picture + (ulong)(first + p) * output_row + c, sum);
    }
}
