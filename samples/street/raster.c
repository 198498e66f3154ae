/*
 * raster.c - see raster.h. An object is met shape by shape inside the rectangle that each can cover, then lit where it
 * is nearer than what stands there.
 */
#include "raster.h"

#include <stdlib.h>

#include "console.h"

/* Where a view's axis meets the raster. */
static const float middle_column = RASTER_COLUMNS / 2.0f, middle_row = RASTER_ROWS / 2.0f;

/* ---- Perspective ------------------------------------------------------------------------------------------------- */

view view_make(vector from, float yaw, float pitch, float focal_pixels)
{
  view made = {.from = from, .focal = focal_pixels * RASTER_FINE};
  made.ahead = (vector){cosf(yaw) * cosf(pitch), sinf(yaw) * cosf(pitch), -sinf(pitch)};
  made.right = unit(cross(made.ahead, (vector){0, 0, 1}));
  made.down = cross(made.ahead, made.right);
  return made;
}

int view_project(const view *of, vector point, float *column, float *row, float *distance)
{
  const vector towards = subtract(point, of->from);
  *distance = dot(towards, of->ahead);
  if (*distance < 0.1f) return 0;
  *column = middle_column + of->focal * dot(towards, of->right) / *distance;
  *row = middle_row + of->focal * dot(towards, of->down) / *distance;
  return 1;
}

vector view_direction(const view *of, float column, float row)
{
  const float right = (column + 0.5f - middle_column) / of->focal;
  const float down = (row + 0.5f - middle_row) / of->focal;
  return add(of->ahead, add(scale(of->right, right), scale(of->down, down)));
}

/* ---- Areas ------------------------------------------------------------------------------------------------------- */

area area_join(area a, area b)
{
  if (a.left >= a.right) return b;
  if (b.left >= b.right) return a;
  return (area){a.left < b.left ? a.left : b.left, a.top < b.top ? a.top : b.top, a.right > b.right ? a.right : b.right,
                a.bottom > b.bottom ? a.bottom : b.bottom};
}

area area_clip(area a)
{
  if (a.left < 0) a.left = 0;
  if (a.top < 0) a.top = 0;
  if (a.right > RASTER_COLUMNS) a.right = RASTER_COLUMNS;
  if (a.bottom > RASTER_ROWS) a.bottom = RASTER_ROWS;
  if (a.left >= a.right || a.top >= a.bottom) return (area){0, 0, 0, 0};
  return a;
}

/* The area that a ball covers; nothing if it reaches behind the camera. */
static area area_of_ball(const view *from, vector centre, float radius)
{
  float column, row, distance;
  if (!view_project(from, centre, &column, &row, &distance) || distance < radius + 0.3f) return (area){0, 0, 0, 0};
  /* A ball off the axis is seen as an ellipse: longer by 1 / cos of the angle at most. */
  const float wide = (column - middle_column) / from->focal, high = (row - middle_row) / from->focal;
  const float reach =
      radius * from->focal / sqrtf(distance * distance - radius * radius) * sqrtf(1 + wide * wide + high * high);
  const float far = 1e6f;
  return (area){(int)floorf(clamp(column - reach, -far, far)), (int)floorf(clamp(row - reach, -far, far)),
                (int)ceilf(clamp(column + reach, -far, far)) + 1, (int)ceilf(clamp(row + reach, -far, far)) + 1};
}

static area area_of_box(const view *from, const shape *of)
{
  area sum = {0, 0, 0, 0};
  for (int i = 0; i < 8; ++i) {
    const vector corner = {i & 1 ? of->high.x : of->low.x, i & 2 ? of->high.y : of->low.y,
                           i & 4 ? of->high.z : of->low.z};
    sum = area_join(sum, area_of_ball(from, add(of->origin, shape_to_street(of, corner)), 0.005f));
  }
  return sum;
}

static area area_of_shape(const view *from, const shape *of)
{
  if (of->kind == SHAPE_CONVEX) return area_of_box(from, of);
  const float wider = of->flatness > 1 ? of->flatness : 1;
  const float start = of->start_radius * fmaxf(of->start_round, wider),
              end = of->end_radius * fmaxf(of->end_round, wider);
  return area_join(area_of_ball(from, of->origin, start),
                   area_of_ball(from, add(of->origin, scale(of->axes[2], of->length)), end));
}

/* ---- Samples ----------------------------------------------------------------------------------------------------- */

clreid_status raster_create(raster *made, clreid_error *error)
{
  const size_t count = (size_t)RASTER_COLUMNS * RASTER_ROWS;
  made->samples = malloc(count * sizeof *made->samples);
  made->meetings = malloc(count * sizeof *made->meetings);
  if (made->samples && made->meetings) return CLREID_OK;
  raster_free(made);
  return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for a raster of %d x %d samples", RASTER_COLUMNS,
                      RASTER_ROWS);
}

void raster_free(raster *made)
{
  free(made->samples);
  free(made->meetings);
  *made = (raster){0};
}

static uint16_t stored(float value)
{
  return (uint16_t)(clamp(value, 0, 3.99f) * RASTER_FULL);
}

void raster_store(sample *into, vector colour)
{
  into->colour[0] = stored(colour.x);
  into->colour[1] = stored(colour.y);
  into->colour[2] = stored(colour.z);
}

/* ---- Objects ----------------------------------------------------------------------------------------------------- */

/* The rays of whole columns and rows: sample (column, row) has its middle half a sample further. */
static shape_rays rays_of(const view *from, const shape *of)
{
  const vector right = scale(from->right, 1 / from->focal), down = scale(from->down, 1 / from->focal);
  const vector first = add(from->ahead, add(scale(right, 0.5f - middle_column), scale(down, 0.5f - middle_row)));
  return shape_rays_of(of, from->from, first, right, down);
}

static void meet(raster *on, const shape *of, const shape_rays *rays, int number, area within)
{
  for (int row = within.top; row < within.bottom; ++row) {
    struct meeting *meetings = on->meetings + (size_t)row * RASTER_COLUMNS;
    for (int column = within.left; column < within.right; ++column) {
      const float t = shape_meet(of, rays, (float)column, (float)row);
      if (t > 0 && t < meetings[column].distance) meetings[column] = (struct meeting){t, number};
    }
  }
}

static vector lit(const view *from, const light *by, const shape *of, const shape_rays *rays, int column, int row,
                  float t)
{
  vector point, normal;
  shape_point(of, rays, (float)column, (float)row, t, &point, &normal);
  const surface meets = of->surface(of, point, normal);
  const vector spot = add(of->origin, shape_to_street(of, point)), facing = shape_to_street(of, normal);
  /* Near the ground half of the sky is hidden by the ground's own things. */
  const float openness = 0.6f + 0.4f * ramp(0, 1.1f, spot.z);
  const vector colour = light_on(by, spot, facing, unit(subtract(spot, from->from)), meets, openness);
  return light_through_haze(by, colour, t);
}

void raster_draw(raster *on, const view *from, const light *by, const object *drawn, uint16_t id, trace *left)
{
  area areas[OBJECT_MOST_SHAPES];
  shape_rays rays[OBJECT_MOST_SHAPES];
  *left = (trace){0};
  for (int i = 0; i < drawn->count; ++i) {
    areas[i] = area_of_shape(from, &drawn->shapes[i]);
    left->whole = area_join(left->whole, areas[i]);
    areas[i] = area_clip(areas[i]);
  }
  const area within = area_clip(left->whole);
  for (int row = within.top; row < within.bottom; ++row) {
    for (int column = within.left; column < within.right; ++column) {
      on->meetings[(size_t)row * RASTER_COLUMNS + column] = (struct meeting){1e9f, -1};
    }
  }
  for (int i = 0; i < drawn->count; ++i) {
    rays[i] = rays_of(from, &drawn->shapes[i]);
    meet(on, &drawn->shapes[i], &rays[i], i, areas[i]);
  }
  for (int row = within.top; row < within.bottom; ++row) {
    for (int column = within.left; column < within.right; ++column) {
      const size_t at = (size_t)row * RASTER_COLUMNS + column;
      const int met = on->meetings[at].shape;
      if (met < 0) continue;
      left->extent = area_join(left->extent, (area){column, row, column + 1, row + 1});
      ++left->drawn;
      if (on->meetings[at].distance >= on->samples[at].distance) continue;
      on->samples[at].distance = on->meetings[at].distance;
      on->samples[at].id = id;
      raster_store(&on->samples[at],
                   lit(from, by, &drawn->shapes[met], &rays[met], column, row, on->meetings[at].distance));
    }
  }
}

int64_t raster_count(const raster *on, area within, uint16_t id)
{
  int64_t count = 0;
  for (int row = within.top; row < within.bottom; ++row) {
    for (int column = within.left; column < within.right; ++column) {
      count += on->samples[(size_t)row * RASTER_COLUMNS + column].id == id;
    }
  }
  return count;
}
