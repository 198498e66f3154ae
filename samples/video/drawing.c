/*
 * drawing.c - see drawing.h.
 */
#include "drawing.h"

#include <math.h>
#include <stdio.h>

static const uint8_t white[3] = {255, 255, 255}, black[3] = {0, 0, 0};
static const double golden_part = 0.61803398875; /* of a turn: the hues of any first few lie far apart */
enum { LINES_OF_FRAME = 240, MOST_SCALE = 6 };   /* a step of letters' size */

/* Hue, saturation and value, each from 0 to 1. */
static void from_hue(double hue, double saturation, double value, uint8_t colour[3])
{
  for (int c = 0; c < 3; ++c) {
    const double place = fmod(hue * 6 + 5 - 2 * c + 6, 6), part = fmin(fmin(place, 4 - place), 1);
    colour[c] = (uint8_t)lround(255 * (value - value * saturation * fmax(part, 0)));
  }
}

void drawing_colour(size_t identity, uint8_t colour[3])
{
  static const double kinds[][2] = {{0.85, 1}, {0.55, 1}, {0.9, 0.75}}; /* saturation, value */
  const double *kind = kinds[identity / 7 % 3];
  from_hue(fmod((double)identity * golden_part, 1), kind[0], kind[1], colour);
}

const uint8_t *drawing_ink(const uint8_t colour[3])
{
  return 299 * colour[0] + 587 * colour[1] + 114 * colour[2] > 128000 ? black : white;
}

int drawing_scale(int frame_height)
{
  const int scale = 1 + frame_height / LINES_OF_FRAME;
  return scale < MOST_SCALE ? scale : MOST_SCALE;
}

int drawing_label(const sketch *on, int left, int top, int scale, size_t identity)
{
  char text[24];
  uint8_t colour[3];
  snprintf(text, sizeof text, "%zu", identity + 1);
  drawing_colour(identity, colour);
  const int width = sketch_text_width(text, scale) + scale;
  sketch_fill(on, left, top, width, (SKETCH_LETTER_HEIGHT + 2) * scale, colour);
  sketch_text(on, left + scale, top + scale, scale, drawing_ink(colour), text);
  return width;
}

static void draw_sighting(const sketch *on, const sighting *item, bool shared)
{
  const int scale = drawing_scale(on->height), thin = (scale + 1) / 2;
  const int left = (int)lroundf(item->box.x), top = (int)lroundf(item->box.y);
  const int width = (int)lroundf(item->box.x + item->box.width) - left,
            height = (int)lroundf(item->box.y + item->box.height) - top;
  uint8_t colour[3];
  drawing_colour(item->identity, colour);
  sketch_outline(on, left, top, width, height, shared ? 2 * thin : thin, colour);
  if (shared) sketch_outline(on, left + 2 * thin, top + 2 * thin, width - 4 * thin, height - 4 * thin, thin, white);
  /* Above the box, or in it where that is outside the frame. */
  const int label = (SKETCH_LETTER_HEIGHT + 2) * scale, above = top - label;
  drawing_label(on, left > 0 ? left : 0, above >= 0 ? above : top > 0 ? top : 0, scale, item->identity);
}

void drawing_sightings(const sketch *on, const sighting *items, size_t count, const identity_list *identities)
{
  for (int shared = 0; shared <= 1; ++shared) { /* shared ones over the others */
    for (size_t i = 0; i < count; ++i) {
      if ((identities->items[items[i].identity].cameras > 1) == (shared == 1))
        draw_sighting(on, &items[i], shared == 1);
    }
  }
}
