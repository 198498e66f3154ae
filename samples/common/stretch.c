/*
 * stretch.c - see stretch.h.
 */
#include "stretch.h"

#include <math.h>
#include <stdlib.h>

static uint8_t as_byte(float value)
{
  return value <= 0 ? 0 : value >= 255 ? 255 : (uint8_t)lroundf(value);
}

/* Neighbours that output number `at` of `out` sums, and their weights: a triangle as wide as a step, at least one pixel
 * each way, so that nothing is skipped when a picture shrinks. Returns the first; weights has room for 2 * in / out
 * + 3. */
static int triangle(int in, int out, int at, float *weights, int *count)
{
  const double step = (double)in / out, reach = step > 1 ? step : 1, centre = (at + 0.5) * step;
  const int first = centre - reach > 0 ? (int)(centre - reach) : 0;
  const int end = centre + reach < in ? (int)ceil(centre + reach) : in;
  const int sums = end - first;
  double sum = 0;
  for (int i = 0; i < sums; ++i) {
    const double weight = 1 - fabs(first + i + 0.5 - centre) / reach;
    weights[i] = weight > 0 ? (float)weight : 0;
    sum += weights[i];
  }
  for (int i = 0; i < sums; ++i) weights[i] /= (float)sum;
  *count = sums;
  return first;
}

/* [rows][columns][3] -> [rows][width][3] */
static void stretch_rows(const uint8_t *from, int rows, int columns, int width, float *weights, float *to)
{
  for (int x = 0; x < width; ++x) {
    int count;
    const int first = triangle(columns, width, x, weights, &count);
    for (int y = 0; y < rows; ++y) {
      for (int c = 0; c < 3; ++c) {
        float sum = 0;
        for (int i = 0; i < count; ++i) sum += weights[i] * from[((size_t)y * columns + first + i) * 3 + c];
        to[((size_t)y * width + x) * 3 + c] = sum;
      }
    }
  }
}

/* [rows][width][3] -> [height][width][3] */
static void stretch_columns(const float *from, int rows, int width, int height, float *weights, uint8_t *to)
{
  const size_t line = (size_t)width * 3;
  for (int y = 0; y < height; ++y) {
    int count;
    const int first = triangle(rows, height, y, weights, &count);
    for (size_t i = 0; i < line; ++i) {
      float sum = 0;
      for (int k = 0; k < count; ++k) sum += weights[k] * from[(first + k) * line + i];
      to[y * line + i] = as_byte(sum);
    }
  }
}

uint8_t *stretch_picture(const picture *shown, int height, int width)
{
  const size_t longest = (size_t)(shown->width > shown->height ? shown->width : shown->height);
  float *weights = malloc((2 * longest + 3) * sizeof *weights);
  float *rows = calloc((size_t)shown->height * width, 3 * sizeof *rows);
  uint8_t *canvas = malloc((size_t)height * width * 3);
  if (weights && rows && canvas) {
    stretch_rows(shown->pixels, shown->height, shown->width, width, weights, rows);
    stretch_columns(rows, shown->height, width, height, weights, canvas);
  } else {
    free(canvas);
    canvas = NULL;
  }
  free(weights);
  free(rows);
  return canvas;
}
