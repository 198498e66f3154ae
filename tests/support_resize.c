/*
 * support_resize.c - see support_resize.h.
 */
#include "support_resize.h"

#include <stdlib.h>
#include <string.h>

#include "resize_cases.h"

static uint32_t scramble(uint32_t x)
{
  x = (x ^ (x >> 16)) * 0x9E3779B1u;
  x = (x ^ (x >> 13)) * 0x85EBCA77u;
  return x ^ (x >> 16);
}

/* Byte c of pixel (x, y): the picture consists of blocks of 2^shift pixels a side, each a ramp, noise, black or white,
 * or pixels of 0 or 255. The last two make a cubic overshoot. picture() in tests/golden/resize.py says the same. */
static uint8_t picture_byte(uint32_t seed, uint32_t shift, uint32_t x, uint32_t y, uint32_t c)
{
  const uint32_t block = scramble(seed + (y >> shift) * 65537u + (x >> shift));
  const uint32_t noise = scramble(seed ^ scramble(y * 196613u + x * 3u + c));
  switch (block % 4) {
  case 0:
    return (uint8_t)((x * 3 + y * 5 + c * 80) >> 1);
  case 1:
    return (uint8_t)noise;
  case 2:
    return (block >> 8 & 1) ? 255 : 0;
  default:
    return (noise >> 8 & 1) ? 255 : 0;
  }
}

uint8_t *test_picture(uint32_t seed, int width, int height, size_t pitch_bytes)
{
  const uint32_t scrambled = scramble(seed), shift = scrambled % 6;
  uint8_t *pixels = malloc((size_t)height * pitch_bytes);
  if (!pixels) return NULL;
  memset(pixels, 0xA5, (size_t)height * pitch_bytes);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      for (int c = 0; c < 3; c++)
        pixels[(size_t)y * pitch_bytes + (size_t)x * 3 + (size_t)c] =
            picture_byte(scrambled, shift, (uint32_t)x, (uint32_t)y, (uint32_t)c);
  return pixels;
}

/* Output i of an axis, of inputs that lie step bytes apart, rounded and clipped. */
static uint8_t weighted(const cr_axis *axis, int i, const uint8_t *inputs, size_t step)
{
  int64_t sum = 1 << 21;
  for (int k = 0; k < axis->count[i]; k++)
    sum += (int64_t)axis->weights[i * axis->taps + k] * inputs[(size_t)(axis->first[i] + k) * step];
  sum >>= 22;
  return (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

bool test_resize(const uint8_t *pixels, size_t pitch_bytes, const cr_axis *across, const cr_axis *down,
                 uint8_t *resized)
{
  const size_t line = (size_t)across->out * 3;
  uint8_t *between = malloc((size_t)down->in * line); /* [down->in][across->out][3] */
  if (!between) return false;
  for (int y = 0; y < down->in; y++)
    for (size_t b = 0; b < line; b++)
      between[(size_t)y * line + b] = weighted(across, (int)(b / 3), pixels + (size_t)y * pitch_bytes + b % 3, 3);
  for (int y = 0; y < down->out; y++)
    for (size_t b = 0; b < line; b++) resized[(size_t)y * line + b] = weighted(down, y, between + b, line);
  free(between);
  return true;
}
