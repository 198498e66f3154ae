/*
 * jpeg.c - see jpeg.h. The format is ITU-T T.81, annex B.
 */
#include "jpeg.h"

enum { SOI = 0xd8, EOI = 0xd9, DHT = 0xc4, SOS = 0xda, TEM = 0x01 };

/* A marker and the bytes after its length field, as far as the file goes. */
typedef struct segment {
  uint8_t marker;
  const uint8_t *bytes;
  size_t size; /* of the segment */
  size_t left; /* to the end of the file */
} segment;

/* Without a length: the bytes that follow belong to no segment. */
static bool stands_alone(uint8_t marker)
{
  return marker == 0 || marker == TEM || (marker >= 0xd0 && marker <= EOI);
}

/* The next marker from *at on, over the coded data of a scan and whatever else stands between. Sees every marker that a
 * decoder could come upon: within coded data a 0xff byte that is no marker is followed by 0 or by a restart marker. */
static bool next_segment(const uint8_t *data, size_t size, size_t *at, segment *next)
{
  while (*at + 1 < size) {
    if (data[*at] != 0xff || data[*at + 1] == 0xff || stands_alone(data[*at + 1])) {
      ++*at;
      continue;
    }
    next->marker = data[*at + 1];
    const size_t left = size - *at - 2; /* after the marker */
    if (left < 2) return false;
    size_t length = (size_t)(data[*at + 2] << 8 | data[*at + 3]);
    if (length < 2) length = 2;
    if (length > left) length = left;
    next->bytes = data + *at + 4;
    next->size = length - 2;
    next->left = left - 2;
    *at += 2 + length;
    return true;
  }
  return false;
}

/* SOF0 ... SOF15 share their numbers with DHT, JPG and DAC. */
static bool is_frame(uint8_t marker)
{
  return marker >= 0xc0 && marker <= 0xcf && marker != DHT && marker != 0xc8 && marker != 0xcc;
}

bool jpeg_size(const uint8_t *data, size_t size, int64_t *width, int64_t *height)
{
  segment next;
  for (size_t at = 0; next_segment(data, size, &at, &next);) {
    if (!is_frame(next.marker) || next.size < 5) continue;
    *height = next.bytes[1] << 8 | next.bytes[2];
    *width = next.bytes[3] << 8 | next.bytes[4];
    return true;
  }
  return false;
}

size_t jpeg_scans(const uint8_t *data, size_t size)
{
  segment next;
  size_t scans = 0;
  for (size_t at = 0; next_segment(data, size, &at, &next);) scans += next.marker == SOS;
  return scans;
}

/* A DHT segment holds tables: a byte of class and number, 16 counts, as many symbols as the counts say together. The
 * last one may run over the segment's end: a decoder sees that only after it has built the table. */
static bool segment_fits(const segment *tables)
{
  for (size_t at = 0; at < tables->size;) {
    size_t codes = 0;
    for (size_t i = 1; i <= 16 && at + i < tables->left; ++i) codes += tables->bytes[at + i];
    if (codes > 256) return false;
    at += 17 + codes;
  }
  return true;
}

bool jpeg_tables_fit(const uint8_t *data, size_t size)
{
  segment next;
  for (size_t at = 0; next_segment(data, size, &at, &next);) {
    if (next.marker == DHT && !segment_fits(&next)) return false;
  }
  return true;
}
