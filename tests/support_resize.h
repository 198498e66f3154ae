/*
 * support_resize.h - what the tests of preprocessing share: pictures from a hash, Pillow's digests of them, and a
 * resize in plain C that goes the way Pillow goes, two passes with a picture between.
 */
#ifndef SUPPORT_RESIZE_H
#define SUPPORT_RESIZE_H

#include "preprocess.h"

enum { RESIZE_GROUPS = 25, RESIZE_BATCH = 8 };

typedef struct resize_case {
  int width, height; /* of the source */
  cr_filter filter;
  uint32_t seed;
  uint64_t digest; /* of the resized bytes: XXH64, seed 0 */
} resize_case;

typedef struct resize_group {
  int width, height; /* of the result */
  resize_case cases[RESIZE_BATCH];
} resize_group;

extern const resize_group resize_cases[RESIZE_GROUPS];

/* uint8[height][pitch_bytes]: three bytes a pixel, the rest of a row 0xA5. The caller frees it; NULL: out of memory. */
uint8_t *test_picture(uint32_t seed, int width, int height, size_t pitch_bytes);

/* pixels[down->in][pitch_bytes] -> resized[down->out][across->out][3]; false: out of memory. */
bool test_resize(const uint8_t *pixels, size_t pitch_bytes, const cr_axis *across, const cr_axis *down,
                 uint8_t *resized);

#endif
