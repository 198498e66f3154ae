/*
 * resize.cl - boxes of frames: Pillow's antialiased resize of 8-bit pixels to the last bit, then a table lookup that
 * normalises.
 *
 * Parameters
 *   ELEMENT_BYTES  of an output element: 4 float; 2 half, moved as its 16 bits; 1 the resized byte itself
 *   BAND           lines of the output that a work-item makes; 0: it makes one pixel of it
 *   WIDEST         resized picture at most, where BAND is not 0: a multiple of 4
 *
 * Pillow resizes across, rounds and clips to 8 bits, then resizes down. So does this, with no picture between in global
 * memory, and one launch does a batch of mixed sizes, frames and formats. Sums are int: 22 fraction bits, weights that
 * add up to 1, 8-bit pixels. No pixel outside the box counts, and no byte outside the buffer is read.
 *
 *   index space   margin + width + margin (1 where a work-item makes a band)
 *                 +---------------------------+
 *       margin    | 0   0   0   0   0   0   0 |
 *                 |   +-------------------+   |
 *       + height  | 0 | resized, then     | 0 |   x pictures
 *                 | 0 | values[c][byte]   | 0 |
 *                 |   +-------------------+   |
 *       + margin  | 0   0   0   0   0   0   0 |
 *                 +---------------------------+
 *
 *   tables        jobs, then tables of axes
 *   job           of a picture, [JOB_INTS]: its frame, its box in it, its tables, whether it is mirrored
 *   table         of an axis: first[out], count[out], weights[out][taps], taps padded to TAPS_UNIT
 *   bytes         [size], where the frames lie
 *   values        [3][256]: of output channel and byte
 */
#ifndef ELEMENT_BYTES
#define ELEMENT_BYTES 4
#endif
#ifndef BAND
#define BAND 0
#endif
#ifndef WIDEST
#define WIDEST 512
#endif

#if ELEMENT_BYTES == 4
#define ELEMENT float
#elif ELEMENT_BYTES == 2
#define ELEMENT ushort
#else
#define ELEMENT uchar
#endif

/* What a job consists of; host/resize.c has the same names. */
#define JOB_PIXELS       0 /* where the frame begins in the buffer, in bytes: low half, high half */
#define JOB_CHROMA       2 /* its second plane, the same way */
#define JOB_PITCH        4 /* bytes from row to row */
#define JOB_CHROMA_PITCH 5
#define JOB_FORMAT       6
#define JOB_X            7 /* the box in the frame, in pixels */
#define JOB_Y            8
#define JOB_WIDTH        9
#define JOB_MIRRORED     10
#define JOB_ACROSS       11 /* tables in ints from the start of the buffer */
#define JOB_ACROSS_TAPS  12
#define JOB_DOWN         13
#define JOB_DOWN_TAPS    14
#define JOB_INTS         16
#define TAPS_UNIT        4 /* weights of an output are padded with zeros to a multiple of it */

/* Formats; host/ops_resize.h has the same order. YUV: two planes of limited range. */
#define RGB     0
#define BGR     1
#define RGBA    2
#define BGRA    3
#define GREY    4
#define YUV_601 5
#define YUV_709 6

#define FRACTION_BITS 22
#define HALF_UNIT     (1 << (FRACTION_BITS - 1))

/* ---- Pixels of a frame ------------------------------------------------------------------------------------------ */

/* One row of a box. */
typedef struct row {
  __global const uchar *pixels; /* of the box's first column */
  __global const uchar *chroma; /* of the pair that this column has */
  int odd;                      /* is this column the second one of its pair? */
  int format;
  bool whole; /* 16 bytes from the start of any pixel, and 8 from that of its pair, lie in the buffer */
} row;

static ulong resize_place(__global const int *job, const int at)
{
  return (ulong)(uint)job[at] | (ulong)(uint)job[at + 1] << 32;
}

static int resize_pixel_bytes(const int format)
{
  return format <= BGR ? 3 : format <= BGRA ? 4 : 1;
}

static row resize_row(__global const uchar *bytes, const ulong size, __global const int *job, const int y)
{
  row r;
  const int pixel_bytes = resize_pixel_bytes(job[JOB_FORMAT]), x = job[JOB_X], last = x + job[JOB_WIDTH] - 1;
  const ulong begin = resize_place(job, JOB_PIXELS) + (ulong)(job[JOB_Y] + y) * job[JOB_PITCH];
  r.format = job[JOB_FORMAT];
  r.pixels = bytes + begin + (ulong)x * pixel_bytes;
  r.whole = begin + (ulong)last * pixel_bytes + 16 <= size;
  r.chroma = r.pixels;
  r.odd = x & 1;
  if (r.format >= YUV_601) {
    const ulong pairs = resize_place(job, JOB_CHROMA) + (ulong)((job[JOB_Y] + y) / 2) * job[JOB_CHROMA_PITCH];
    r.chroma = bytes + pairs + (x & ~1);
    r.whole = r.whole && pairs + last + 8 <= size;
  }
  return r;
}

/* Colours of limited range, ITU-R BT.601-7 (section 2.5) and BT.709-6 (section 3): Kr, Kb = 0.299, 0.114 and 0.2126,
 * 0.0722; Kg = 1 - Kr - Kb. With y = (Y - 16) / 219, u = (U - 128) / 224, v = (V - 128) / 224:
 *
 *     R = y + 2 (1 - Kr) v,   B = y + 2 (1 - Kb) u,   G = y - 2 Kb (1 - Kb) / Kg u - 2 Kr (1 - Kr) / Kg v
 *
 * times 255, rounded to the nearest and clipped; the factors are rounded to 20 fraction bits. */
#define COLOUR_BITS 20
#define COLOUR_HALF (1 << (COLOUR_BITS - 1))
#define OF_LUMA     1220945
#define OF_U_601    (int4)(0, -410793, 2115221, 0)
#define OF_V_601    (int4)(1673555, -852458, 0, 0)
#define OF_U_709    (int4)(0, -223607, 2215014, 0)
#define OF_V_709    (int4)(1879825, -558796, 0, 0)

static int4 resize_colour(const int luma, const int u, const int v, const int format)
{
  const int4 of_u = format == YUV_601 ? OF_U_601 : OF_U_709, of_v = format == YUV_601 ? OF_V_601 : OF_V_709;
  const int4 sum = (luma - 16) * OF_LUMA + COLOUR_HALF + (u - 128) * of_u + (v - 128) * of_v;
  return clamp(sum >> COLOUR_BITS, (int4)(0), (int4)(255));
}

/* Red, green, blue of column x of the box; what stands in w is nobody's business. */
static int4 resize_load(const row r, const int x)
{
  __global const uchar *at = r.pixels + (ulong)x * resize_pixel_bytes(r.format);
  if (r.format == RGB || r.format == RGBA) return (int4)(at[0], at[1], at[2], 0);
  if (r.format == BGR || r.format == BGRA) return (int4)(at[2], at[1], at[0], 0);
  if (r.format == GREY) return (int4)(at[0]);
  __global const uchar *pair = r.chroma + (r.odd + x) / 2 * 2;
  return resize_colour(at[0], pair[0], pair[1], r.format);
}

static int4 resize_clip(const int4 sum)
{
  return clamp(sum >> FRACTION_BITS, (int4)(0), (int4)(255));
}

/* Weighted sum of count neighbouring pixels. */
static int4 resize_pixels(const row r, const int first, __global const int *weights, const int count)
{
  int4 sum = (int4)(HALF_UNIT);
  for (int k = 0; k < count; k++) sum += resize_load(r, first + k) * weights[k];
  return resize_clip(sum);
}

/* Red, green, blue as three elements of the output. */
static void resize_store(__global ELEMENT *to, const int4 rgb, __global const ELEMENT *values, const int reversed)
{
  to[0] = values[reversed ? rgb.z : rgb.x];
  to[1] = values[256 + rgb.y];
  to[2] = values[512 + (reversed ? rgb.x : rgb.z)];
}

#if BAND == 0

/* ---- One pixel a work-item: plain ------------------------------------------------------------------------------- */

/* The pixel of column x, row y of the resized picture: each computes the rows that its vertical taps need. */
static int4 resize_pixel(__global const int *tables, __global const uchar *bytes, const ulong size,
                         __global const int *job, const int x, const int y, const int width, const int height)
{
  __global const int *across = tables + job[JOB_ACROSS], *down = tables + job[JOB_DOWN];
  __global const int *weights_across = across + 2 * width + x * job[JOB_ACROSS_TAPS];
  __global const int *weights_down = down + 2 * height + y * job[JOB_DOWN_TAPS];
  int4 sum = (int4)(HALF_UNIT);
  for (int k = 0; k < down[height + y]; k++)
    sum += resize_pixels(resize_row(bytes, size, job, down[y] + k), across[x], weights_across, across[width + x]) *
           weights_down[k];
  return resize_clip(sum);
}

__kernel void resize(__global const int *restrict tables, __global const uchar *restrict bytes, const ulong size,
                     __global const ELEMENT *restrict values, __global ELEMENT *restrict output,
                     const ulong output_offset, const ulong output_picture, const int width, const int height,
                     const int margin, const int reversed, const int first, const int pictures)
{
  const int line = width + 2 * margin, lines = height + 2 * margin;
  const int column = get_global_id(0), at = get_global_id(1), picture = first + get_global_id(2);
  if (column >= line || at >= lines || picture >= first + pictures) return;
  __global const int *job = tables + picture * JOB_INTS;
  __global ELEMENT *to = output + output_offset + picture * output_picture + ((ulong)at * line + column) * 3;
  const int x = column - margin, y = at - margin;
  if (x >= 0 && x < width && y >= 0 && y < height) {
    const int from = job[JOB_MIRRORED] ? width - 1 - x : x;
    resize_store(to, resize_pixel(tables, bytes, size, job, from, y, width, height), values, reversed);
  } else {
    to[0] = to[1] = to[2] = 0;
  }
}

#else

/* ---- A band of lines a work-item -------------------------------------------------------------------------------- */

/* Each row of the box that the band needs is resized across once, four weights by four pixels of four bytes, and kept
 * for the next lines: these need most of it again.
 *
 *   a row of the box   unpacked to R G B - R G B - ...; rows beyond MOST_COLUMNS are read pixel by pixel
 *   rows               [SLOTS][WIDEST][4] bytes, resized across; row r in slot r % SLOTS
 *   sums               [WIDEST][4], of one line of the output
 */
#define SLOTS        16
#define MOST_COLUMNS 4096

/* A vector at any address, in one piece: vload may be made of single bytes. */
typedef struct __attribute__((packed)) loose4 {
  uchar4 v;
} loose4;
typedef struct __attribute__((packed)) loose8 {
  uchar8 v;
} loose8;
typedef struct __attribute__((packed)) loose16 {
  uchar16 v;
} loose16;
typedef struct __attribute__((packed)) loose_weights {
  int4 v;
} loose_weights;

/* Four pixels with the first at x, as resize_load gives them. */
static uchar16 resize_four(const row r, const int x)
{
  if (r.format == GREY) {
    const uchar4 grey = ((__global const loose4 *)(r.pixels + x))->v;
    return (uchar16)(grey.xxxx, grey.yyyy, grey.zzzz, grey.wwww);
  }
  const uchar16 four = ((__global const loose16 *)(r.pixels + resize_pixel_bytes(r.format) * x))->v;
  switch (r.format) {
  case RGB:
    return (uchar16)(four.s0123, four.s3456, four.s6789, four.s9abc);
  case BGR:
    return (uchar16)(four.s2103, four.s5436, four.s8769, four.sba9c);
  case RGBA:
    return four;
  default:
    return (uchar16)(four.s2103, four.s6547, four.sa98b, four.sedcf);
  }
}

/* The same of two planes; x is a multiple of four. Lanes are those of resize_colour, four times. */
static uchar16 resize_four_colours(const row r, const int x)
{
  const bool first = r.format == YUV_601;
  const int4 of_u = first ? OF_U_601 : OF_U_709, of_v = first ? OF_V_601 : OF_V_709;
  const uchar4 luma = ((__global const loose4 *)(r.pixels + x))->v;
  const uchar8 near = ((__global const loose8 *)(r.chroma + x))->v;
  const uchar8 pairs = r.odd ? near.s01232345 : near.s01012323;
  const int16 y = convert_int16((uchar16)(luma.xxxx, luma.yyyy, luma.zzzz, luma.wwww)) - 16;
  const int16 u = convert_int16((uchar16)(pairs.s0000, pairs.s2222, pairs.s4444, pairs.s6666)) - 128;
  const int16 v = convert_int16((uchar16)(pairs.s1111, pairs.s3333, pairs.s5555, pairs.s7777)) - 128;
  const int16 colour = u * (int16)(of_u, of_u, of_u, of_u) + v * (int16)(of_v, of_v, of_v, of_v);
  const int16 sum = y * OF_LUMA + COLOUR_HALF + colour;
  return convert_uchar16(clamp(sum >> COLOUR_BITS, (int16)(0), (int16)(255)));
}

/* A row of the box, four bytes a pixel; beyond its width stand up to eight pixels that meet only zero weights. */
static void resize_unpack(const row r, const int width, uchar16 *to)
{
  const int fours = (width + 3) / 4;
  if (!r.whole) {
    for (int x = 0; x < width; x++) ((uchar4 *)to)[x] = convert_uchar4(resize_load(r, x));
  } else if (r.format >= YUV_601) {
    for (int f = 0; f < fours; f++) to[f] = resize_four_colours(r, 4 * f);
  } else {
    for (int f = 0; f < fours; f++) to[f] = resize_four(r, 4 * f);
  }
  to[fours] = (uchar16)(0);
}

/* A row of the box to a row of the resized picture, [width][4], and zeros to a multiple of four pixels. */
static void resize_across(const row r, __global const int *job, __global const int *table, const int width,
                          uchar16 *unpacked, uchar16 *to)
{
  const int taps = job[JOB_ACROSS_TAPS];
  __global const int *weights = table + 2 * width;
  const bool wide = job[JOB_WIDTH] > MOST_COLUMNS;
  const uchar4 *pixels = (const uchar4 *)unpacked;
  uchar4 *resized = (uchar4 *)to;
  if (!wide) resize_unpack(r, job[JOB_WIDTH], unpacked);
  to[(width - 1) / 4] = (uchar16)(0);
  for (int x = 0; x < width; x++, weights += taps) {
    const int first = table[x], count = table[width + x];
    if (wide) {
      resized[x] = convert_uchar4(resize_pixels(r, first, weights, count));
      continue;
    }
    int16 sums = (int16)(0);
    for (int k = 0; k < count; k += TAPS_UNIT) {
      const int4 weight = ((__global const loose_weights *)(weights + k))->v;
      sums += convert_int16(((const loose16 *)(pixels + first + k))->v) *
              (int16)(weight.xxxx, weight.yyyy, weight.zzzz, weight.wwww);
    }
    const int8 sum = sums.lo + sums.hi;
    resized[x] = convert_uchar4(resize_clip(sum.lo + sum.hi + HALF_UNIT));
  }
}

__kernel void resize(__global const int *restrict tables, __global const uchar *restrict bytes, const ulong size,
                     __global const ELEMENT *restrict values, __global ELEMENT *restrict output,
                     const ulong output_offset, const ulong output_picture, const int width, const int height,
                     const int margin, const int reversed, const int first, const int pictures)
{
  const int line = width + 2 * margin, lines = height + 2 * margin;
  const int begin = get_global_id(1) * BAND, picture = first + get_global_id(2);
  if (picture >= first + pictures) return;
  __global const int *job = tables + picture * JOB_INTS;
  __global const int *across = tables + job[JOB_ACROSS], *down = tables + job[JOB_DOWN];
  const int fours = (width + 3) / 4;
  uchar16 unpacked[MOST_COLUMNS / 4 + 2], rows[SLOTS * WIDEST / 4];
  int16 sums[WIDEST / 4];
  int held[SLOTS]; /* which row a slot has */
  for (int s = 0; s < SLOTS; s++) held[s] = -1;

  for (int at = begin; at < min(begin + BAND, lines); at++) {
    const int y = at - margin;
    const bool inside = y >= 0 && y < height;
    __global ELEMENT *to = output + output_offset + picture * output_picture + (ulong)at * line * 3;
    for (int x = 0; x < 3 * (inside ? margin : line); x++) to[x] = to[3 * line - 1 - x] = 0;
    if (!inside) continue;

    __global const int *weights = down + 2 * height + y * job[JOB_DOWN_TAPS];
    for (int f = 0; f < fours; f++) sums[f] = (int16)(HALF_UNIT);
    for (int k = 0; k < down[height + y]; k++) {
      const int r = down[y] + k, slot = r % SLOTS;
      uchar16 *resized = rows + slot * WIDEST / 4;
      if (held[slot] != r) resize_across(resize_row(bytes, size, job, r), job, across, width, unpacked, resized);
      held[slot] = r;
      for (int f = 0; f < fours; f++) sums[f] += convert_int16(resized[f]) * weights[k];
    }
    for (int x = 0; x < width; x++) {
      const int column = margin + (job[JOB_MIRRORED] ? width - 1 - x : x);
      resize_store(to + 3 * column, resize_clip(((const int4 *)sums)[x]), values, reversed);
    }
  }
}

#endif
