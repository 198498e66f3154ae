/*
 * conv.cl - convolution as a sum of products, one for each tap of the window: NHWC; any stride, padding, dilation and
 * groups.
 *
 * Parameters: those of common.clh and tile.clh, and
 *   POINTWISE  1: 1x1, stride 1, no padding, one group: a row of the input for each row of the output
 *
 * Rows are output pixels, counted through the whole batch; columns are output channels. For each tap, a row's pointer
 * is the input pixel under the tap, or a page of zeros outside the map: the inner loop knows nothing of borders.
 *
 *   index space   row tiles x column tiles
 *   weights       [panel][tap][depth][PANEL], depth = the input channels that the panel's groups read; weights of other
 *                 groups within a panel are zero. A panel's channels begin at min(panel * PANEL / group_out * group_in,
 *                 channels - depth)
 *   sum           taps in row-major order, channels ascending within a tap; bias, gate, residual, activation
 */
#include "common.clh"
#include "tile.clh"

#ifndef POINTWISE
#define POINTWISE 0
#endif

typedef struct conv_place {
  int batch, pixel, y, x; /* picture, and the output pixel in it */
} conv_place;

static conv_place conv_locate(const int row, const int out_width, const int out_pixels)
{
  conv_place place;
  place.batch = row / out_pixels;
  place.pixel = row % out_pixels;
  place.y = place.pixel / out_width;
  place.x = place.pixel % out_width;
  return place;
}

/* The next row's: a tile divides once, not once a row. */
static conv_place conv_next(conv_place place, const int out_width, const int out_pixels)
{
  place.pixel++;
  place.x++;
  if (place.x == out_width) {
    place.x = 0;
    place.y++;
  }
  if (place.pixel == out_pixels) {
    place.batch++;
    place.pixel = place.y = 0;
  }
  return place;
}

static int conv_first_channel(const int panel, const int group_in, const int group_out, const int channels,
                              const int depth)
{
  return min(panel * PANEL / group_out * group_in, channels - depth);
}

__kernel void conv(__global const STORAGE *restrict input, const ulong input_offset, const ulong input_picture,
                   const int input_line, const int input_row, __global const STORAGE *restrict weights,
                   __global const float *restrict bias, __global const STORAGE *restrict residual,
                   const ulong residual_offset, const ulong residual_picture, const int residual_row,
                   __global const STORAGE *restrict gate, const ulong gate_offset, const ulong gate_picture,
                   __global OUTPUT *restrict output, const ulong output_offset, const ulong output_picture,
                   const int output_row, __global const STORAGE *restrict zeros,
                   const int height, const int width, const int channels, const int out_width, const int out_pixels,
                   const int out_panels, const int kernel_height, const int kernel_width, const int stride_height,
                   const int stride_width, const int padding_height, const int padding_width,
                   const int dilation_height, const int dilation_width, const int group_in, const int group_out,
                   const int depth, const int flags, const int rows)
{
  const int row = get_global_id(ROW_DIM) * TM;
  const int column = get_global_id(1 - ROW_DIM) * TN; /* in vectors */
  const int taps = kernel_height * kernel_width;
  if (row >= rows || column >= out_panels * PANEL_VECTORS) return;

  const conv_place first_place = conv_locate(row, out_width, out_pixels);
  conv_place place = first_place;
  __global const STORAGE *picture[TM]; /* of the row, and its pixel where one is enough */
  int y[TM], x[TM];                    /* of tap (0, 0) in the input */
#pragma unroll
  for (int i = 0; i < TM; i++) {
    picture[i] = input + input_offset + place.batch * input_picture + (POINTWISE ? (long)place.pixel * input_row : 0);
    y[i] = place.y * stride_height - padding_height;
    x[i] = place.x * stride_width - padding_width;
    /* Two more maps go through the caches at the end: ask for their lines while the sums are made. */
#pragma unroll
    for (int j = 0; j < (DOES(EPILOGUE_RESIDUAL) ? TN : 0); j++) {
      const ulong at = (ulong)(column + j) * V;
      TILE_PREFETCH(residual + residual_offset + place.batch * residual_picture +
                    (ulong)place.pixel * residual_row + at, 0);
      TILE_PREFETCH(output + output_offset + place.batch * output_picture + (ulong)place.pixel * output_row + at, 1);
    }
    if (row + i + 1 < rows) place = conv_next(place, out_width, out_pixels);
  }
  /* One tile reads one range of channels: with several groups, host/conv.c keeps it within a panel or a group. */
  const int first = conv_first_channel(column / PANEL_VECTORS, group_in, group_out, channels, depth);
  __global const STORAGE *panel[TN];
#pragma unroll
  for (int j = 0; j < TN; j++) {
    const int vector = min(column + j, out_panels * PANEL_VECTORS - 1);
    panel[j] = weights + (ulong)(vector / PANEL_VECTORS) * taps * depth * PANEL + vector % PANEL_VECTORS * V;
  }

  /* Weights lie panel after panel. */
  const int after = min(column + TN, out_panels * PANEL_VECTORS) / PANEL_VECTORS;
  tile_next next = tile_share(weights + (ulong)after * taps * depth * PANEL, get_global_id(ROW_DIM),
                              (rows + TM - 1) / TM, (ulong)taps * depth);
  VECTOR acc[TM][TN];
#pragma unroll
  for (int i = 0; i < TM; i++)
#pragma unroll
    for (int j = 0; j < TN; j++) acc[i][j] = (VECTOR)(0.0f);
#if POINTWISE
  tile_accumulate_next(acc, picture, 1, panel, PANEL, depth, next);
#else
  for (int ky = 0; ky < kernel_height; ky++)
    for (int kx = 0; kx < kernel_width; kx++) {
      __global const STORAGE *pixel[TM];
#pragma unroll
      for (int i = 0; i < TM; i++) {
        const int at_y = y[i] + ky * dilation_height, at_x = x[i] + kx * dilation_width;
        const bool inside = at_y >= 0 && at_y < height && at_x >= 0 && at_x < width;
        pixel[i] = inside ? picture[i] + (long)at_y * input_line + (long)at_x * input_row + first : zeros;
      }
      tile_accumulate_next(acc, pixel, 1, panel, PANEL, depth, next);
      next.at += (ulong)depth * next.step >> 8;
#pragma unroll
      for (int j = 0; j < TN; j++) panel[j] += (ulong)depth * PANEL;
    }
#endif

  place = first_place;
#pragma unroll
  for (int i = 0; i < TM; i++) {
    const ulong from = residual_offset + place.batch * residual_picture + (ulong)place.pixel * residual_row;
    const ulong to = output_offset + place.batch * output_picture + (ulong)place.pixel * output_row;
    const ulong by = gate_offset + place.batch * gate_picture;
#pragma unroll
    for (int j = 0; j < TN; j++)
      if (row + i < rows && column + j < out_panels * PANEL_VECTORS) {
        const ulong at = (ulong)(column + j) * V;
        VECTOR add = (VECTOR)(0.0f), shift = (VECTOR)(0.0f), factor = (VECTOR)(1.0f);
        if (DOES(EPILOGUE_RESIDUAL)) add = LOADV(V, residual + from + at);
        if (DOES(EPILOGUE_BIAS)) shift = JOIN(vload, V)(0, bias + at);
        if (DOES(EPILOGUE_GATE)) factor = LOADV(V, gate + by + at);
        STOREV_OF(OUTPUT, V, output + to + at, tile_epilogue(acc[i][j], flags, shift, factor, add));
      }
    place = conv_next(place, out_width, out_pixels);
  }
}

/* The plain twin: one work-item an output element, taps outside the map skipped. */
__kernel void conv_plain(__global const STORAGE *input, const ulong input_offset, const ulong input_picture,
                         const int input_line, const int input_row, __global const STORAGE *weights,
                         __global const float *bias, __global const STORAGE *residual, const ulong residual_offset,
                         const ulong residual_picture, const int residual_row, __global const STORAGE *gate,
                         const ulong gate_offset, const ulong gate_picture, __global OUTPUT *output,
                         const ulong output_offset, const ulong output_picture, const int output_row,
                         __global const STORAGE *zeros, const int height, const int width,
                         const int channels, const int out_width, const int out_pixels, const int out_panels,
                         const int kernel_height, const int kernel_width, const int stride_height,
                         const int stride_width, const int padding_height, const int padding_width,
                         const int dilation_height, const int dilation_width, const int group_in, const int group_out,
                         const int depth, const int flags, const int rows)
{
  const int row = get_global_id(1), column = get_global_id(0);
  if (row >= rows || column >= out_panels * PANEL) return;
  const conv_place place = conv_locate(row, out_width, out_pixels);
  const int panel = column / PANEL;
  const int first = conv_first_channel(panel, group_in, group_out, channels, depth);
  float sum = 0.0f;
  for (int ky = 0; ky < kernel_height; ky++)
    for (int kx = 0; kx < kernel_width; kx++) {
      const int y = place.y * stride_height - padding_height + ky * dilation_height;
      const int x = place.x * stride_width - padding_width + kx * dilation_width;
      if (y < 0 || y >= height || x < 0 || x >= width) continue;
      __global const STORAGE *pixel =
          input + input_offset + place.batch * input_picture + (long)y * input_line + (long)x * input_row + first;
      __global const STORAGE *lane =
          weights + ((ulong)(panel * kernel_height + ky) * kernel_width + kx) * depth * PANEL + column % PANEL;
      for (int k = 0; k < depth; k++) sum = MULTIPLY_ADD(LOAD1(pixel + k), LOAD1(lane + k * PANEL), sum);
    }
  if (flags & EPILOGUE_BIAS) sum += bias[column];
  if (flags & EPILOGUE_GATE) sum *= LOAD1(gate + gate_offset + place.batch * gate_picture + column);
  if (flags & EPILOGUE_RESIDUAL)
    sum += LOAD1(residual + residual_offset + place.batch * residual_picture + (ulong)place.pixel * residual_row +
                 column);
  if (flags & EPILOGUE_RELU) sum = RELU(sum, 0.0f);
  if (flags & EPILOGUE_SIGMOID) sum = sigmoid_float(sum);
  STORE1_OF(OUTPUT, output + output_offset + place.batch * output_picture + (ulong)place.pixel * output_row + column,
            sum);
}
