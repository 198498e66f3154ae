/*
 * shadow.c - the part of raster.h that darkens the ground: below an object, where it hides the sky, and along the sun's
 * direction, where it hides the sun. Each shape throws the shadow of a line with a thickness.
 */
#include "raster.h"

/* A thick line on the ground. */
typedef struct streak {
  float x, y, along_x, along_y, squared_length; /* from (x, y) */
  float radius, height;                         /* height: of its middle over the ground, which blurs its edge */
} streak;

typedef struct streaks {
  int count;
  streak items[2 * OBJECT_MOST_SHAPES];
  float left, top, right, bottom; /* in metres of the ground */
} streaks;

static void add_streak(streaks *to, vector a, vector b, float radius)
{
  streak *made = &to->items[to->count++];
  *made = (streak){a.x, a.y, b.x - a.x, b.y - a.y, 0, radius, 0.5f * (a.z + b.z)};
  made->squared_length = made->along_x * made->along_x + made->along_y * made->along_y;
  const float reach = 1.6f * radius + 0.1f;
  to->left = fminf(to->left, fminf(a.x, b.x) - reach);
  to->right = fmaxf(to->right, fmaxf(a.x, b.x) + reach);
  to->top = fminf(to->top, fminf(a.y, b.y) - reach);
  to->bottom = fmaxf(to->bottom, fmaxf(a.y, b.y) + reach);
}

/* Thrown to the ground along the sun; z keeps the height. */
static vector thrown(const light *by, vector point)
{
  const float way = point.z / by->sun.z;
  return (vector){point.x - way * by->sun.x, point.y - way * by->sun.y, point.z};
}

static void throw_shape(streaks *to, const light *by, const shape *of)
{
  if (of->kind == SHAPE_LIMB) {
    const vector end = add(of->origin, scale(of->axes[2], of->length));
    add_streak(to, thrown(by, of->origin), thrown(by, end), 0.5f * (of->start_radius + of->end_radius));
    return;
  }
  /* A box: two lines along it, one low, one high. */
  const float radius = 0.5f * fminf(of->high.y - of->low.y, of->high.x - of->low.x);
  for (int i = 0; i < 2; ++i) {
    const float z = i ? of->high.z : 0.5f * (of->low.z + of->high.z);
    const vector a = {of->low.x + radius * 0.8f, 0.5f * (of->low.y + of->high.y), z};
    const vector b = {of->high.x - radius * 0.8f, a.y, z};
    add_streak(to, thrown(by, add(of->origin, shape_to_street(of, a))),
               thrown(by, add(of->origin, shape_to_street(of, b))), radius);
  }
}

/* How dark it is at a point, 0 to 1. */
static float darkness(const streaks *of, float x, float y)
{
  float most = 0;
  for (int i = 0; i < of->count; ++i) {
    const streak *s = &of->items[i];
    const float dx = x - s->x, dy = y - s->y;
    const float share =
        s->squared_length > 0 ? clamp((dx * s->along_x + dy * s->along_y) / s->squared_length, 0, 1) : 0;
    const float ex = dx - share * s->along_x, ey = dy - share * s->along_y, squared = ex * ex + ey * ey;
    const float edge = 0.02f + 0.03f * s->height, most_far = s->radius + edge;
    if (squared >= most_far * most_far) continue;
    most = fmaxf(most, 1 - ramp(s->radius - edge, s->radius + edge, sqrtf(squared)));
  }
  return most;
}

static area area_of_ground(const view *from, const streaks *of)
{
  area sum = {0, 0, 0, 0};
  for (int i = 0; i < 4; ++i) {
    float column, row, distance;
    const vector corner = {i & 1 ? of->right : of->left, i & 2 ? of->bottom : of->top, 0};
    if (!view_project(from, corner, &column, &row, &distance) || distance < 0.3f) continue;
    column = clamp(column, -1e6f, 1e6f);
    row = clamp(row, -1e6f, 1e6f);
    sum = area_join(sum, (area){(int)column - 2, (int)row - 2, (int)column + 3, (int)row + 3});
  }
  sum = area_clip(sum);
  sum.left -= sum.left % RASTER_FINE;
  sum.top -= sum.top % RASTER_FINE;
  return sum;
}

static void darken(raster *on, int column, int row, float left)
{
  for (int i = 0; i < RASTER_FINE * RASTER_FINE; ++i) {
    sample *at = on->samples + (size_t)(row + i / RASTER_FINE) * RASTER_COLUMNS + column + i % RASTER_FINE;
    for (int k = 0; k < 3; ++k) at->colour[k] = (uint16_t)((float)at->colour[k] * left);
  }
}

static bool is_ground(const raster *on, const view *from, int column, int row, vector *point)
{
  const sample *at = on->samples + (size_t)row * RASTER_COLUMNS + column;
  *point = add(from->from, scale(view_direction(from, (float)column, (float)row), at->distance));
  return fabsf(point->z) < 0.01f;
}

static area apply(raster *on, const view *from, const light *by, const streaks *of, float strength, bool sun)
{
  const area within = area_of_ground(from, of);
  for (int row = within.top; row < within.bottom; row += RASTER_FINE) {
    for (int column = within.left; column < within.right; column += RASTER_FINE) {
      vector point;
      if (!is_ground(on, from, column, row, &point)) continue;
      const float dark = darkness(of, point.x, point.y);
      if (dark > 0) darken(on, column, row, 1 - dark * strength * (sun ? light_sun_at(by, point) : 1));
    }
  }
  return within;
}

area raster_shadow(raster *on, const view *from, const light *by, const object *drawn)
{
  streaks below = {.left = 1e9f, .top = 1e9f, .right = -1e9f, .bottom = -1e9f}, beside = below;
  for (int i = 0; i < drawn->count; ++i) {
    const shape *of = &drawn->shapes[i];
    throw_shape(&beside, by, of);
    if (of->origin.z < 0.7f) {
      /* What is low keeps the sky from the ground, the sun standing in the zenith for once. */
      const light above = {.sun = {0, 0, 1}};
      const int first = below.count;
      throw_shape(&below, &above, of);
      for (int k = first; k < below.count; ++k) {
        below.items[k].radius += 0.02f;
        below.items[k].height = 4;
      }
    }
  }
  area touched = {0, 0, 0, 0};
  if (light_sun_share(by) > 0.1f) touched = apply(on, from, by, &beside, light_sun_share(by), true);
  if (below.count) touched = area_join(touched, apply(on, from, by, &below, 0.45f, false));
  return touched;
}
