/*
 * canvas.h - drawing on 8-bit RGB pixels: rectangles, small letters, pictures in a box; and a PNG file of it.
 *
 * What lies outside the canvas is not drawn. Owns the letters; what the drawings mean is the callers'.
 */
#ifndef CANVAS_H
#define CANVAS_H

#include <stdbool.h>
#include <stdint.h>

#include "output.h"
#include "picture.h"

typedef struct canvas {
  uint8_t *pixels; /* [height][width][3] */
  int width, height;
} canvas;

/* All of one colour. pixels is NULL if there is no memory. */
canvas canvas_make(int width, int height, const uint8_t colour[3]);
void canvas_free(canvas *on);

void canvas_fill(const canvas *on, int left, int top, int width, int height, const uint8_t colour[3]);
/* A frame along the inside of a rectangle. */
void canvas_outline(const canvas *on, int left, int top, int width, int height, int thickness, const uint8_t colour[3]);
/* pixels[height][width][3] as they are. */
void canvas_put(const canvas *on, int left, int top, int width, int height, const uint8_t *pixels);
/* The picture as large as the box allows, in its own proportions, in the middle. False: no memory. */
bool canvas_fit(const canvas *on, int left, int top, int width, int height, const picture *shown);

/* Letters have 3 x 5 cells of scale x scale pixels, with a gap of one cell. Digits, A to Z (small letters are shown
 * as capitals) and what numbers need; another one is a blank. */
enum { CANVAS_LETTER_STEP = 4, CANVAS_LETTER_HEIGHT = 5 };
void canvas_text(const canvas *on, int left, int top, int scale, const uint8_t colour[3], const char *text);
int canvas_text_width(const char *text, int scale);

/* The first `rows` rows as a PNG file; file is not committed. */
clreid_status canvas_write(const canvas *on, int rows, output *file, clreid_error *error);

#endif
