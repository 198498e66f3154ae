/*
 * resize.cl - Pillow's antialiased resize of 8-bit pictures to the last bit, then a table lookup that normalises.
 *
 * Parameters
 *   ELEMENT_BYTES  of an output element: 4 float; 2 half, moved as its 16 bits; 1 the resized byte itself
 *   WHOLE_ROWS     1: a work-item makes a row of the output, 0: one pixel of it
 *
 * Pillow resizes across, rounds and clips to 8 bits, then resizes down. Here each output pixel computes the rows that
 * its vertical taps need, with that rounding between, so there is no temporary picture and one launch does a batch of
 * mixed sizes. Sums are int: 22 fraction bits, weights that add up to 1, 8-bit pixels.
 *
 *   index space   margin + width + margin (or 1 where a work-item makes a row)
 *                 +---------------------------+
 *       margin    | 0   0   0   0   0   0   0 |
 *                 |   +-------------------+   |
 *       + height  | 0 | resized, then     | 0 |   x pictures
 *                 | 0 | values[c][byte]   | 0 |
 *                 |   +-------------------+   |
 *       + margin  | 0   0   0   0   0   0   0 |
 *                 +---------------------------+
 *
 *   upload        one buffer: jobs, tables of axes, pixels in rows of 3 * width bytes
 *   job           of a picture, [JOB_INTS]: where its pixels and tables begin, whether it is mirrored
 *   table         of an axis: first[out], count[out], weights[out][taps], taps padded to TAPS_UNIT
 *   values        [3][256]: of output channel and byte
 */
#ifndef ELEMENT_BYTES
#define ELEMENT_BYTES 4
#endif
#ifndef WHOLE_ROWS
#define WHOLE_ROWS 0
#endif

#if ELEMENT_BYTES == 4
#define ELEMENT float
#elif ELEMENT_BYTES == 2
#define ELEMENT ushort
#else
#define ELEMENT uchar
#endif

/* What a job consists of; host/resize.c has the same names. */
#define JOB_PIXELS      0 /* in units of PIXEL_UNIT bytes from the start of the buffer */
#define JOB_LINE        1 /* bytes of a row of pixels */
#define JOB_MIRRORED    2
#define JOB_ACROSS      3 /* tables in ints from the start of the buffer */
#define JOB_ACROSS_TAPS 4
#define JOB_DOWN        5
#define JOB_DOWN_TAPS   6
#define JOB_INTS        8
#define PIXEL_UNIT      16
#define TAPS_UNIT       4 /* weights of an output are padded with zeros to a multiple of it */

#define FRACTION_BITS 22
#define HALF_UNIT     (1 << (FRACTION_BITS - 1))

static int4 resize_clip(const int4 sum)
{
  return clamp(sum >> FRACTION_BITS, (int4)(0), (int4)(255));
}

/* Weighted sum of count neighbouring pixels, four at a time: the first twelve of sixteen bytes, each lane with the
 * weight of the pixel that it belongs to (x y z w), the last four with none.
 *
 *   lane     0 1 2 3 4 5 6 7 8 9 a b c d e f
 *   channel  R G B R G B R G B R G B
 *   weight   x x x y y y z z z w w w 0 0 0 0
 *
 * Beyond count the weights are zero; what is loaded there may be anything, even bytes behind the last picture. */
static int4 resize_across(__global const uchar *pixels, __global const int *weights, const int count)
{
  int16 sum = (int16)(0);
  for (int k = 0; k < count; k += TAPS_UNIT) {
    const int4 weight = vload4(0, weights + k);
    sum += convert_int16(vload16(0, pixels + 3 * k)) * (int16)(weight.xxxy, weight.yyzz, weight.zwww, (int4)(0));
  }
  return resize_clip(sum.s012f + sum.s345f + sum.s678f + sum.s9abf + HALF_UNIT);
}

/* The pixel of column x, row y of the resized picture. */
static int4 resize_pixel(__global const int *tables, __global const uchar *bytes, __global const int *job, const int x,
                         const int y, const int width, const int height)
{
  __global const int *across = tables + job[JOB_ACROSS], *down = tables + job[JOB_DOWN];
  __global const int *weights_across = across + 2 * width + x * job[JOB_ACROSS_TAPS];
  __global const int *weights_down = down + 2 * height + y * job[JOB_DOWN_TAPS];
  const int line = job[JOB_LINE], count_across = across[width + x], count_down = down[height + y];
  __global const uchar *pixels =
      bytes + (ulong)job[JOB_PIXELS] * PIXEL_UNIT + (ulong)down[y] * line + (ulong)across[x] * 3;

  int4 sum = (int4)(HALF_UNIT);
  for (int k = 0; k < count_down; k++)
    sum += resize_across(pixels + (ulong)k * line, weights_across, count_across) * weights_down[k];
  return resize_clip(sum);
}

__kernel void resize(__global const int *restrict tables, __global const uchar *restrict bytes,
                     __global const ELEMENT *restrict values, __global ELEMENT *restrict output,
                     const ulong output_offset, const ulong output_picture, const int width, const int height,
                     const int margin, const int reversed, const int pictures)
{
  const int line = width + 2 * margin, lines = height + 2 * margin;
  const int row = get_global_id(1), picture = get_global_id(2);
  if (row >= lines || picture >= pictures) return;
  __global const int *job = tables + picture * JOB_INTS;
  __global ELEMENT *to = output + output_offset + picture * output_picture + (ulong)row * line * 3;

#if WHOLE_ROWS
  for (int column = 0; column < line; column++) {
#else
  const int column = get_global_id(0);
  if (column < line) {
#endif
    const int x = column - margin, y = row - margin;
    ELEMENT first = 0, second = 0, third = 0;
    if (x >= 0 && x < width && y >= 0 && y < height) {
      const int4 rgb = resize_pixel(tables, bytes, job, job[JOB_MIRRORED] ? width - 1 - x : x, y, width, height);
      first = values[reversed ? rgb.z : rgb.x];
      second = values[256 + rgb.y];
      third = values[512 + (reversed ? rgb.x : rgb.z)];
    }
    to[3 * column] = first;
    to[3 * column + 1] = second;
    to[3 * column + 2] = third;
  }
}
