/*
 * grouped.cl - 3x3 convolution in small groups, as many channels out as in, NHWC, any padding; bias and ReLU. For
 * devices that run a work-item as a loop.
 *
 * Parameters: those of common.clh and
 *   GROUP   channels of a group: 4, 8 or 16
 *   STRIP   output pixels of a line that a work-item computes together
 *   STRIDE  1 or 2, of rows and columns
 *
 * A panel of outputs reads a panel of inputs, each lane the channels of its own group. Where a group is smaller than
 * the panel, step k of the sum wants channel k of every group, spread over the group's lanes:
 *
 *     GROUP = 4      pixel     a b c d   e f g h   i j k l   m n o p
 *                    step 0    a a a a   e e e e   i i i i   m m m m
 *                    step 1    b b b b   f f f f   j j j j   n n n n     ...
 *
 * An input pixel is used by nine taps, so it is spread once, into private memory: a ring of three input rows under the
 * strip, of which the next line of outputs needs STRIDE new ones. A work-item goes down the lines of one strip, and
 * asks ahead for what a line writes and the next one reads, where the compiler knows how.
 *
 *   index space   panels x (strips x blocks of lines) x pictures
 *   weights       [panel][tap][GROUP][PANEL]
 *   sum           taps in row-major order, channels of the group ascending within a tap; bias, activation
 */
#include "common.clh"
#include "prefetch.clh"

#ifndef GROUP
#define GROUP 4
#endif
#ifndef STRIP
#define STRIP 4
#endif
#ifndef STRIDE
#define STRIDE 1
#endif

#if HAS_PREFETCH
#define GROUPED_PREFETCH(p, to_write) __builtin_prefetch(p, to_write)
#endif
#ifndef GROUPED_PREFETCH
#define GROUPED_PREFETCH(p, to_write)
#endif

#define SPAN   ((STRIP - 1) * STRIDE + 3)  /* input pixels under a strip */
#define SPREAD (GROUP < PANEL ? GROUP : 1)  /* vectors of an input pixel in the ring */

/* Vectors, not floats: so they are stored and loaded in one piece. */
static void grouped_spread(const float16 pixel, float16 *to)
{
#if GROUP == 4
  to[0] = pixel.s000044448888cccc;
  to[1] = pixel.s111155559999dddd;
  to[2] = pixel.s22226666aaaaeeee;
  to[3] = pixel.s33337777bbbbffff;
#elif GROUP == 8
  to[0] = pixel.s0000000088888888;
  to[1] = pixel.s1111111199999999;
  to[2] = pixel.s22222222aaaaaaaa;
  to[3] = pixel.s33333333bbbbbbbb;
  to[4] = pixel.s44444444cccccccc;
  to[5] = pixel.s55555555dddddddd;
  to[6] = pixel.s66666666eeeeeeee;
  to[7] = pixel.s77777777ffffffff;
#else
  to[0] = pixel;
#endif
}

/* What step k of the sum multiplies. */
#if GROUP < PANEL
#define GROUPED_STEP(pixel, k) ((pixel)[k])
#else
#define GROUPED_STEP(pixel, k) ((float16)(((const float *)(pixel))[k]))
#endif

/* A row of the ring: input row y from column left on, zero outside the map. map begins at the panel's first channel. */
static void grouped_row(__global const STORAGE *restrict map, const int row, const int height, const int width,
                        const int y, const int left, float16 *to)
{
  __global const STORAGE *from = map + ((long)y * width + left) * row;
  const bool there = y >= 0 && y < height;
  const int begin = there ? clamp(-left, 0, SPAN) : SPAN, end = there ? clamp(width - left, begin, SPAN) : SPAN;
  for (int x = 0; x < begin; x++) grouped_spread((float16)(0.0f), to + x * SPREAD);
  for (int x = begin; x < end; x++) grouped_spread(LOADV(16, from + (long)x * row), to + x * SPREAD);
  for (int x = end; x < SPAN; x++) grouped_spread((float16)(0.0f), to + x * SPREAD);
}

__kernel void grouped(__global const STORAGE *restrict input, const ulong input_offset, const ulong input_picture,
                      const int input_row, __global const STORAGE *restrict weights,
                      __global const float *restrict bias, __global STORAGE *restrict output,
                      const ulong output_offset, const ulong output_picture, const int output_row, const int height,
                      const int width, const int out_height, const int out_width, const int padding_height,
                      const int padding_width, const int lines, const int flags)
{
  const int strips = (out_width + STRIP - 1) / STRIP;
  const int panel = get_global_id(0), strip = get_global_id(1) % strips, first = get_global_id(1) / strips * lines;
  const ulong batch = get_global_id(2);
  __global const STORAGE *map = input + input_offset + batch * input_picture + panel * PANEL;
  __global const STORAGE *taps = weights + (ulong)panel * 9 * GROUP * PANEL;
  const float16 shift = flags & EPILOGUE_BIAS ? vload16(panel, bias) : (float16)(0.0f);
  float16 ring[3][SPAN * SPREAD]; /* input row y is in row (y + padding_height) % 3 */
  int next = first * STRIDE - padding_height;
  for (int y = first; y < min(first + lines, out_height); y++) {
    const int top = y * STRIDE - padding_height, left = strip * STRIP * STRIDE - padding_width;
    for (next = max(next, top); next < top + 3; next++)
      grouped_row(map, input_row, height, width, next, left, ring[(next + padding_height) % 3]);

    __global STORAGE *to = output + output_offset + batch * output_picture +
                           ((ulong)y * out_width + strip * STRIP) * output_row + panel * PANEL;
    const int pixels = min(STRIP, out_width - strip * STRIP);
    for (int i = 0; i < pixels; i++) GROUPED_PREFETCH(to + (ulong)i * output_row, 1);
    if (next < height)
      for (int x = max(left, 0); x < min(left + SPAN, width); x++)
        GROUPED_PREFETCH(map + ((long)next * width + x) * input_row, 0);

    float16 acc[STRIP];
#pragma unroll
    for (int i = 0; i < STRIP; i++) acc[i] = (float16)(0.0f);
    __global const STORAGE *tap = taps;
    for (int ky = 0; ky < 3; ky++) {
      const float16 *line = ring[(top + padding_height + ky) % 3];
      for (int kx = 0; kx < 3; kx++, line += SPREAD)
#pragma unroll 4
        for (int k = 0; k < GROUP; k++, tap += PANEL) {
          const float16 weight = LOADV(16, tap);
#pragma unroll
          for (int i = 0; i < STRIP; i++)
            acc[i] = MULTIPLY_ADD(GROUPED_STEP(line + i * STRIDE * SPREAD, k), weight, acc[i]);
        }
    }

#pragma unroll
    for (int i = 0; i < STRIP; i++) {
      if (flags & EPILOGUE_BIAS) acc[i] += shift;
      if (flags & EPILOGUE_RELU) acc[i] = RELU(acc[i], (float16)(0.0f));
      if (i < pixels) STOREV(16, to + (ulong)i * output_row, acc[i]);
    }
  }
}

/* The plain twin: one work-item an output element, taps outside the map skipped. */
__kernel void grouped_plain(__global const STORAGE *input, const ulong input_offset, const ulong input_picture,
                            const int input_row, __global const STORAGE *weights, __global const float *bias,
                            __global STORAGE *output, const ulong output_offset, const ulong output_picture,
                            const int output_row, const int height, const int width, const int out_height,
                            const int out_width, const int padding_height, const int padding_width, const int lines,
                            const int flags)
{
  const int c = get_global_id(0), pixel = get_global_id(1);
  const ulong batch = get_global_id(2);
  if (pixel >= out_height * out_width) return;
  float sum = 0.0f;
  for (int tap = 0; tap < 9; tap++) {
    const int y = pixel / out_width * STRIDE - padding_height + tap / 3;
    const int x = pixel % out_width * STRIDE - padding_width + tap % 3;
    if (y < 0 || y >= height || x < 0 || x >= width) continue;
    __global const STORAGE *from =
        input + input_offset + batch * input_picture + (ulong)(y * width + x) * input_row + c / GROUP * GROUP;
    __global const STORAGE *lane = weights + (ulong)(c / PANEL * 9 + tap) * GROUP * PANEL + c % PANEL;
    for (int k = 0; k < GROUP; k++) sum = MULTIPLY_ADD(LOAD1(from + k), LOAD1(lane + k * PANEL), sum);
  }
  if (flags & EPILOGUE_BIAS) sum += bias[c];
  if (flags & EPILOGUE_RELU) sum = RELU(sum, 0.0f);
  STORE1(output + output_offset + batch * output_picture + (ulong)pixel * output_row + c, sum);
}
