/*
 * sketch.h - drawing on 8-bit RGB pixels: rectangles, small letters, pictures in a box; and a PNG file of it.
 *
 * What lies outside the sketch is not drawn. Owns the letters; what the drawings mean is the callers'.
 */
#ifndef SKETCH_H
#define SKETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "output.h"
#include "picture.h"

typedef struct sketch {
  uint8_t *pixels; /* [height][width][3] */
  int width, height;
} sketch;

/* All of one colour. pixels is NULL if there is no memory. */
sketch sketch_make(int width, int height, const uint8_t colour[3]);
void sketch_free(sketch *on);

void sketch_fill(const sketch *on, int left, int top, int width, int height, const uint8_t colour[3]);
/* A frame along the inside of a rectangle. */
void sketch_outline(const sketch *on, int left, int top, int width, int height, int thickness, const uint8_t colour[3]);
/* pixels[height][width][3] as they are. */
void sketch_put(const sketch *on, int left, int top, int width, int height, const uint8_t *pixels);
/* The picture as large as the box allows, in its own proportions, in the middle. False: no memory. */
bool sketch_fit(const sketch *on, int left, int top, int width, int height, const picture *shown);

/* Letters have 3 x 5 cells of scale x scale pixels, with a gap of one cell. Digits, A to Z (small letters are shown
 * as capitals) and what numbers need; another one is a blank. */
enum { SKETCH_LETTER_STEP = 4, SKETCH_LETTER_HEIGHT = 5 };
void sketch_text(const sketch *on, int left, int top, int scale, const uint8_t colour[3], const char *text);
int sketch_text_width(const char *text, int scale);

/* The first `rows` rows as a PNG file; file is not committed. */
clreid_status sketch_write(const sketch *on, int rows, output *file, clreid_error *error);

#endif
