/*
 * picture_head.c - see picture_head.h.
 */
#include "picture_head.h"

#include <stdlib.h>
#include <string.h>

#include "jpeg.h"

const char *picture_format(const uint8_t *data, size_t size)
{
  if (size >= 3 && memcmp(data, "\xff\xd8\xff", 3) == 0) return "JPEG";
  if (size >= 8 && memcmp(data, "\x89PNG\r\n\x1a\n", 8) == 0) return "PNG";
  if (size >= 2 && memcmp(data, "BM", 2) == 0) return "BMP";
  return NULL;
}

static uint32_t little(const uint8_t *at)
{
  return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint32_t big(const uint8_t *at)
{
  return at[3] | (uint32_t)at[2] << 8 | (uint32_t)at[1] << 16 | (uint32_t)at[0] << 24;
}

bool picture_stated_size(const char *format, const uint8_t *data, size_t size, int64_t *width, int64_t *height)
{
  if (strcmp(format, "JPEG") == 0) return jpeg_size(data, size, width, height);
  if (strcmp(format, "PNG") == 0 && size >= 26) {
    *width = big(data + 16);
    *height = big(data + 20);
    return true;
  }
  if (strcmp(format, "BMP") == 0 && size >= 30) {
    if (little(data + 14) == 12) { /* the first BMP header: 16-bit sizes */
      *width = data[18] | data[19] << 8;
      *height = data[20] | data[21] << 8;
    } else {
      *width = (int32_t)little(data + 18);
      *height = llabs((int64_t)(int32_t)little(data + 22)); /* negative: rows from the top */
    }
    return true;
  }
  return false;
}

uint64_t picture_least_bytes(const char *format, const uint8_t *data, uint64_t pixels)
{
  static const unsigned channels[] = {[0] = 1, [2] = 3, [3] = 1, [4] = 2, [6] = 4}; /* by PNG's colour type */
  if (strcmp(format, "JPEG") == 0) return pixels / (64 * 8);
  if (strcmp(format, "PNG") == 0) {
    const unsigned colour = data[25] < sizeof channels / sizeof *channels ? channels[data[25]] : 0;
    return pixels * data[24] * colour / 8 / 1032;
  }
  const unsigned bits = little(data + 14) == 12 ? data[24] : data[28];
  return pixels * (bits ? bits : 1) / 8;
}
