/*
 * overlay.c - see overlay.h.
 */
#include "overlay.h"

#include <math.h>

/* Even steps along a path in Oklab: lightness rises from 0.28 to 0.92, the hue turns from blue over red to yellow, as
 * colourful as sRGB allows. Greater is brighter, so it can be read without seeing colours, and in print. */
static const float heat[][3] = {
    {3, 0, 133},   {69, 1, 156},   {126, 2, 158}, {181, 0, 140}, {234, 1, 102},
    {255, 87, 53}, {254, 146, 36}, {254, 191, 2}, {238, 239, 8},
};
enum { HEAT_STEPS = sizeof heat / sizeof heat[0] - 1 };
static const float tint = 0.55f; /* of the colour; the rest is the picture */

/* Of boxes: told apart by people who see red and green alike. */
static const uint8_t box_colours[][3] = {{255, 176, 0}, {0, 158, 255}, {220, 38, 127}, {0, 200, 120}};
enum { BOX_COLOURS = sizeof box_colours / sizeof box_colours[0] };

static uint8_t as_byte(float value)
{
  return value <= 0 ? 0 : value >= 255 ? 255 : (uint8_t)lroundf(value);
}

/* ---- Heat -------------------------------------------------------------------------------------------------------- */

/* Between four numbers of the map; half-pixel centres, the border's numbers go on outside. */
static float bilinear(const float *map, int rows, int columns, float y, float x)
{
  y = fminf(fmaxf(y - 0.5f, 0), (float)(rows - 1));
  x = fminf(fmaxf(x - 0.5f, 0), (float)(columns - 1));
  const int top = (int)y, left = (int)x;
  const int bottom = top + 1 < rows ? top + 1 : top, right = left + 1 < columns ? left + 1 : left;
  const float down = y - (float)top, across = x - (float)left;
  const float above = map[top * columns + left] * (1 - across) + map[top * columns + right] * across;
  const float below = map[bottom * columns + left] * (1 - across) + map[bottom * columns + right] * across;
  return above * (1 - down) + below * down;
}

/* level: 0 to 1 */
static void tint_pixel(uint8_t *pixel, float level)
{
  const float grey = 0.299f * pixel[0] + 0.587f * pixel[1] + 0.114f * pixel[2];
  const float place = level * HEAT_STEPS;
  const int step = place < HEAT_STEPS ? (int)place : HEAT_STEPS - 1;
  for (int c = 0; c < 3; ++c) {
    const float colour = heat[step][c] + (heat[step + 1][c] - heat[step][c]) * (place - (float)step);
    pixel[c] = as_byte(tint * colour + (1 - tint) * grey);
  }
}

/* The ends of the colours: the map's least and greatest, or further apart where these are close. */
static void find_range(const float *map, int count, float *least, float *greatest)
{
  const float closest = 1e-3f;
  *least = *greatest = map[0];
  for (int i = 1; i < count; ++i) {
    *least = fminf(*least, map[i]);
    *greatest = fmaxf(*greatest, map[i]);
  }
  const float more = (closest - (*greatest - *least)) / 2;
  if (more <= 0) return;
  *least -= more;
  *greatest += more;
}

void overlay_heat(uint8_t *canvas, int height, int width, const float *map, int rows, int columns)
{
  float least, greatest;
  find_range(map, rows * columns, &least, &greatest);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const float value = bilinear(map, rows, columns, ((float)y + 0.5f) * (float)rows / (float)height,
                                   ((float)x + 0.5f) * (float)columns / (float)width);
      const float level = (value - least) / (greatest - least);
      tint_pixel(canvas + ((size_t)y * width + x) * 3, fminf(fmaxf(level, 0), 1));
    }
  }
}

/* ---- Boxes ------------------------------------------------------------------------------------------------------- */

typedef struct box {
  int top, left, bottom, right; /* pixels, both ends inside; may lie outside the canvas */
} box;

static box place_box(int height, int width, const float *centre, float box_height, float box_width)
{
  const float y = (centre[1] + 1) / 2, x = (centre[0] + 1) / 2;
  return (box){.top = (int)lroundf((y - box_height / 2) * (float)height),
               .left = (int)lroundf((x - box_width / 2) * (float)width),
               .bottom = (int)lroundf((y + box_height / 2) * (float)height) - 1,
               .right = (int)lroundf((x + box_width / 2) * (float)width) - 1};
}

/* A frame of one pixel. */
static void draw_frame(uint8_t *canvas, int height, int width, box b, const uint8_t colour[3])
{
  for (int y = b.top > 0 ? b.top : 0; y <= b.bottom && y < height; ++y) {
    for (int x = b.left > 0 ? b.left : 0; x <= b.right && x < width; ++x) {
      if (y != b.top && y != b.bottom && x != b.left && x != b.right) continue;
      for (int c = 0; c < 3; ++c) canvas[((size_t)y * width + x) * 3 + c] = colour[c];
    }
  }
}

void overlay_boxes(uint8_t *canvas, int height, int width, const float *centres, int count, float box_height,
                   float box_width)
{
  enum { THICKNESS = 2 };
  for (int k = 0; k < count; ++k) {
    box b = place_box(height, width, centres + 2 * k, box_height, box_width);
    for (int i = 0; i < THICKNESS; ++i) {
      draw_frame(canvas, height, width, b, box_colours[k % BOX_COLOURS]);
      b = (box){b.top + 1, b.left + 1, b.bottom - 1, b.right - 1};
    }
  }
}
