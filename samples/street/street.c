/*
 * street.c - see street.h.
 */
#include "street.h"

#include <stdlib.h>

#include "console.h"

/* ---- Who --------------------------------------------------------------------------------------------------------- */

/* Draws until nobody before looks alike; the demand falls slowly, so that any number of persons ends. */
static void draw_figures(street *made)
{
  for (int i = 0; i < made->persons; ++i) {
    for (uint64_t try = 0;; ++try) {
      draws from = draws_begin(made->seed, DRAWS_FIGURE, (uint64_t)i << 20 | try);
      made->figures[i] = figure_draw(&from);
      const float demand = 3.2f - 0.005f * (float)try;
      int other = 0;
      while (other < i && figure_difference(&made->figures[i], &made->figures[other]) >= demand) ++other;
      if (other == i) break;
    }
  }
}

static void draw_cars(street *made)
{
  for (int i = 0; i < made->cars; ++i) {
    for (uint64_t try = 0;; ++try) {
      draws from = draws_begin(made->seed, DRAWS_CAR, (uint64_t)i << 20 | try);
      made->driven[i] = car_draw(&from);
      const float demand = 2.5f - 0.005f * (float)try;
      int other = 0;
      while (other < i && car_difference(&made->driven[i], &made->driven[other]) >= demand) ++other;
      if (other == i) break;
    }
  }
}

/* ---- Where ------------------------------------------------------------------------------------------------------- */

typedef struct range {
  float least, most; /* x in metres */
} range;

static bool in_frame(const view *from, vector point, float margin_pixels)
{
  float column, row, distance;
  const float margin = margin_pixels * RASTER_FINE;
  return view_project(from, point, &column, &row, &distance) && column > margin && column < RASTER_COLUMNS - margin &&
         row > margin && row < RASTER_ROWS - margin;
}

/* Where somebody of that height on that lane is seen from head to foot, and large enough. */
static range seen_range(const view *from, float y, float height, float least_pixels)
{
  range seen = {1, 0};
  for (int quarter = -45 * 4; quarter <= 45 * 4; ++quarter) {
    const float x = (float)quarter / 4;
    const vector foot = {x, y, 0}, head = {x, y, height};
    float column, row, distance;
    if (!in_frame(from, foot, 2) || !in_frame(from, head, 2)) continue;
    if (!view_project(from, foot, &column, &row, &distance)) continue;
    if (height * from->focal / distance < least_pixels * RASTER_FINE) continue;
    if (seen.least > seen.most) seen.least = x;
    seen.most = x;
  }
  return seen;
}

static void add_point(visit *to, float x, float y)
{
  if (to->point_count < VISIT_MOST_POINTS) to->points[to->point_count++] = (vector){x, y, 0};
}

/* Who would appear or vanish in full view comes out of a house or goes into one. */
static void add_end(visit *to, const view *from, float x, float y, bool first)
{
  const float wall = y > 0 ? SITE_WALL + 0.8f : -SITE_WALL - 0.8f;
  const bool seen = in_frame(from, (vector){x, y, 1}, -40);
  if (first && seen) add_point(to, x, wall);
  add_point(to, x, y);
  if (!first && seen) add_point(to, x, wall);
}

static float way_to(const visit *of, int point)
{
  float sum = 0;
  for (int i = 1; i <= point; ++i) {
    const vector step = subtract(of->points[i], of->points[i - 1]);
    sum += sqrtf(dot(step, step));
  }
  return sum;
}

/* Sets the times so that the middle of the part that is seen well is passed at `middle`. */
static void set_times(visit *of, int first, int last, float before, float after, float middle)
{
  const float enter = way_to(of, first) + before, leave = way_to(of, last) - after;
  of->start = middle - 0.5f * (enter + leave) / of->speed;
  of->enter = of->start + enter / of->speed;
  of->leave = of->start + leave / of->speed;
}

static void walk(draws *from, const view *by, float middle, visit *made)
{
  const float near = by->from.y > 0 ? 1 : -1, ahead = draws_chance(from, 0.5f) ? 1 : -1;
  float side = draws_chance(from, 0.45f) ? near : -near,
        lane = draws_between(from, SITE_WALK + 0.1f, SITE_WALL - 0.55f);
  range seen = seen_range(by, side * lane, 1.75f, 62);
  if (seen.most - seen.least < 4) {
    side = -near;
    seen = seen_range(by, side * lane, 1.75f, 62);
  }
  const float begin = ahead > 0 ? seen.least - 1.2f : seen.most + 1.2f,
              end = ahead > 0 ? seen.most + 1.2f : seen.least - 1.2f;
  made->speed = draws_between(from, 0.95f, 1.65f);
  made->point_count = 0;
  add_end(made, by, begin, side * lane, true);
  const int first = made->point_count - 1;
  if (draws_chance(from, 0.16f) && seen.most - seen.least > 6) { /* across the road */
    const float at = seen.least + (seen.most - seen.least) * draws_between(from, 0.3f, 0.6f);
    const float other = draws_between(from, SITE_WALK + 0.1f, SITE_WALL - 0.55f);
    add_point(made, at, side * lane);
    add_point(made, at + ahead * draws_between(from, 0.5f, 2.5f), -side * other);
    add_point(made, end + ahead * 2.5f, -side * other);
    set_times(made, first, made->point_count - 1, 1.2f, 2, middle);
    return;
  }
  add_end(made, by, end, side * lane, false);
  const int last = first + 1;
  set_times(made, first, last, 1.2f, 1.2f, middle);
}

/* All that drive on a lane are equally fast: nobody overtakes in a street so narrow. */
static float lane_speed(const street *of, int camera, bool ahead)
{
  draws from = draws_begin(of->seed, DRAWS_LANE, 2 * (uint64_t)camera + ahead);
  return draws_between(&from, 4.5f, 8);
}

static void drive(draws *from, const street *of, int camera, const view *by, float middle, visit *made)
{
  const float ahead = draws_chance(from, 0.5f) ? 1 : -1, lane = ahead > 0 ? -SITE_LANE : SITE_LANE;
  const range seen = seen_range(by, lane, 1.4f, 40);
  made->speed = lane_speed(of, camera, ahead > 0);
  made->point_count = 0;
  add_point(made, ahead > 0 ? -55 : 55, lane);
  add_point(made, ahead > 0 ? 55 : -55, lane);
  const float begin = ahead > 0 ? seen.least : seen.most, end = ahead > 0 ? seen.most : seen.least;
  set_times(made, 0, 1, fabsf(begin - made->points[0].x), fabsf(made->points[1].x - end), middle);
}

/* ---- When -------------------------------------------------------------------------------------------------------- */

/* Beside somebody: the same way at the same time, a little further from or nearer to the road. */
static void join(const visit *other, visit *made)
{
  const int identity = made->identity;
  *made = *other;
  made->identity = identity;
  for (int i = 0; i < made->point_count; ++i) {
    float *y = &made->points[i].y;
    const float across = fabsf(*y);
    if (across > SITE_WALL) continue;
    const float moved = across > 0.5f * (SITE_WALK + SITE_WALL) ? across - 0.62f : across + 0.62f;
    *y = *y > 0 ? moved : -moved;
  }
  made->start += 0.25f;
}

/* Behind those on the same lane, not in them. */
static void keep_distance(const street *of, int camera, visit *made)
{
  const float apart = 9 / made->speed; /* seconds; a car is up to 5.1 m long */
  for (int i = 0; i < of->visit_counts[camera]; ++i) {
    const visit *other = &of->visits[camera][i];
    if (other->identity < of->persons || other->points[0].y != made->points[0].y) continue;
    const float behind = made->start - other->start;
    if (fabsf(behind) >= apart) continue;
    const float later = apart - behind + 0.1f; /* more than the rounding of floats */
    made->start += later;
    made->enter += later;
    made->leave += later;
    i = -1; /* now it may be too near to another one */
  }
}

static void add_visit(street *to, int camera, draws *from, int identity, const view *by, float middle, bool joins)
{
  visit *made = &to->visits[camera][to->visit_counts[camera]];
  made->identity = identity;
  if (joins && to->visit_counts[camera] > 0 && made[-1].identity == identity - 1) {
    join(&made[-1], made);
  } else if (identity < to->persons) {
    walk(from, by, middle, made);
  } else {
    drive(from, to, camera, by, middle, made);
    keep_distance(to, camera, made);
  }
  ++to->visit_counts[camera];
}

static void draw_visits(street *made, bool passes_both, const view views[STREET_CAMERAS])
{
  for (int identity = 0; identity < made->persons + made->cars; ++identity) {
    const bool person = identity < made->persons;
    const int place_in_kind = person ? identity : identity - made->persons;
    draws from = draws_begin(made->seed, DRAWS_VISIT, (uint64_t)identity);
    /* Spread over the time like cards dealt, each with some play. */
    float middle = made->seconds * ((float)place_in_kind + draws_between(&from, 0.1f, 0.9f));
    middle = clamp(middle / (float)(person ? made->persons : made->cars), 2, fmaxf(2, made->seconds - 2));
    float gap = draws_between(&from, 5, 13);
    if (middle + gap > made->seconds - 2) gap = -gap;
    const int missed = !passes_both && draws_chance(&from, 0.17f) ? draws_below(&from, STREET_CAMERAS) : -1;
    const bool joins = person && draws_chance(&from, 0.12f);
    for (int camera = 0; camera < STREET_CAMERAS; ++camera) {
      if (camera == missed) continue;
      add_visit(made, camera, &from, identity, &views[camera], middle + (camera ? gap : 0), joins);
    }
  }
}

clreid_status street_create(uint64_t seed, int persons, int cars, float seconds, bool passes_both,
                            const view views[STREET_CAMERAS], street *made, clreid_error *error)
{
  *made = (street){.seed = seed, .persons = persons, .cars = cars, .seconds = seconds};
  const size_t all = (size_t)persons + (size_t)cars + 1;
  made->figures = calloc(all, sizeof *made->figures);
  made->driven = calloc(all, sizeof *made->driven);
  for (int i = 0; i < STREET_CAMERAS; ++i) made->visits[i] = calloc(all, sizeof *made->visits[i]);
  if (!made->figures || !made->driven || !made->visits[0] || !made->visits[1]) {
    street_free(made);
    return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for %d persons and %d vehicles", persons, cars);
  }
  draw_figures(made);
  draw_cars(made);
  draw_visits(made, passes_both, views);
  return CLREID_OK;
}

void street_free(street *made)
{
  free(made->figures);
  free(made->driven);
  for (int i = 0; i < STREET_CAMERAS; ++i) free(made->visits[i]);
  *made = (street){0};
}

/* ---- Poses ------------------------------------------------------------------------------------------------------- */

bool visit_is_on(const visit *of, float seconds)
{
  return seconds >= of->start && (seconds - of->start) * of->speed < way_to(of, of->point_count - 1);
}

static vector along(const visit *of, float way)
{
  for (int i = 1; i < of->point_count; ++i) {
    const vector step = subtract(of->points[i], of->points[i - 1]);
    const float length = sqrtf(dot(step, step));
    if (way < length || i == of->point_count - 1) return add(of->points[i - 1], scale(step, way / length));
    way -= length;
  }
  return of->points[0];
}

void street_pose(const street *of, const visit *by, float seconds, object *made)
{
  const float way = (seconds - by->start) * by->speed;
  /* Corners are cut: looking a little back and a little ahead. */
  const vector behind = along(by, fmaxf(0, way - 0.35f)), before = along(by, way + 0.35f);
  const place at = {blend(behind, before, 0.5f), atan2f(before.y - behind.y, before.x - behind.x)};
  if (by->identity < of->persons) {
    figure_pose(&of->figures[by->identity], &at, way, made);
  } else {
    car_pose(&of->driven[by->identity - of->persons], &at, way, made);
  }
}
