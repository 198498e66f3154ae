/*
 * car.c - see car.h. A car is two bodies between planes, the lower one and the cabin, with wheels and loads.
 */
#include "car.h"

#include "car_surface.h"
#include "palette.h"

car car_draw(draws *from)
{
  static const int tone[PALETTE_PAINTS] = {2, 2, 1, 0, 0, 1, 1, 0, 2, 2};
  car made = {.body = (car_body)draws_below(from, CAR_BODIES),
              .mark = draws_chance(from, 0.15f) ? MARK_NONE : (car_mark)(1 + draws_below(from, CAR_MARKS - 1)),
              .load = draws_chance(from, 0.4f) ? LOAD_NONE : (car_load)(1 + draws_below(from, CAR_LOADS - 1)),
              .paint = draws_below(from, PALETTE_PAINTS)};
  do made.second = draws_below(from, PALETTE_PAINTS);
  while (tone[made.second] == tone[made.paint]);
  made.load_colour = draws_below(from, PALETTE_PAINTS);
  made.second_roof = draws_chance(from, 0.3f);
  made.dark_wheels = draws_chance(from, 0.3f);
  made.grime = draws_between(from, 0, 1);
  made.seed = draws_bits(from);
  return made;
}

float car_difference(const car *a, const car *b)
{
  float sum = a->body != b->body ? 1.5f : 0;
  sum += a->paint != b->paint ? 1.2f : 0;
  sum += a->mark != b->mark ? 1.5f : a->mark != MARK_NONE && a->second != b->second ? 1 : 0;
  sum += a->load != b->load ? 1 : a->load != LOAD_NONE && a->load_colour != b->load_colour ? 0.4f : 0;
  sum += a->second_roof != b->second_roof ? 0.7f : 0;
  sum += a->dark_wheels != b->dark_wheels ? 0.3f : 0;
  return sum;
}

static shape *looks(shape *of, const car *look, shape_surface *shown)
{
  of->look = look;
  of->surface = shown;
  return of;
}

/* A plane across the car through two points of its side view; the body is where the normal does not point: to the left
 * of the way from the first point to the second one. */
static void add_profile(shape *to, float x0, float z0, float x1, float z1)
{
  const vector normal = {z1 - z0, 0, x0 - x1};
  shape_add_plane(to, normal, normal.x * x0 + normal.z * z0);
}

/* Sides that lean in by so much a metre above z. */
static void add_sides(shape *to, float half_width, float z, float leaning)
{
  for (int side = -1; side < 2; side += 2) {
    shape_add_plane(to, (vector){0, (float)side, leaning}, half_width + leaning * z);
  }
}

static void add_lower(const car *of, const car_measures *m, const place *at, object *made)
{
  shape *body = looks(object_add_convex(made, at, (vector){0}, 0), of, car_body_surface);
  body->low = (vector){-m->half_length, -m->half_width, m->sill};
  body->high = (vector){m->half_length, m->half_width, fmaxf(m->belt, fminf(m->boot, m->roof)) + 0.06f};
  if (of->body == CAR_VAN) body->high.z = m->belt + 0.06f;
  const float front = m->half_length, rear = -m->half_length;
  add_profile(body, front - 0.05f, m->sill, front, m->sill + 0.25f);
  add_profile(body, front, m->sill + 0.25f, front - 0.06f, m->nose);
  add_profile(body, front - 0.06f, m->nose, m->cabin_front, m->belt + 0.02f);
  shape_add_plane(body, (vector){0, 0, 1}, m->belt + 0.02f);
  add_profile(body, m->cabin_rear, m->belt + 0.02f, rear + 0.03f, fminf(m->boot, m->belt));
  shape_add_plane(body, (vector){-1, 0, 0}, -rear);
  add_profile(body, rear, m->sill + 0.2f, rear + 0.12f, m->sill);
  shape_add_plane(body, (vector){0, 0, -1}, -m->sill);
  add_sides(body, m->half_width, 0.55f, 0.03f);
}

static void add_cabin(const car *of, const car_measures *m, const place *at, object *made)
{
  shape *cabin = looks(object_add_convex(made, at, (vector){0}, 0), of, car_cabin_surface);
  cabin->low = (vector){m->cabin_rear, -m->half_width, m->belt};
  cabin->high = (vector){m->cabin_front, m->half_width, m->roof + 0.04f};
  add_profile(cabin, m->cabin_front, m->belt, m->roof_front, m->roof);
  /* The roof is a little higher in its middle. */
  const float middle = 0.5f * (m->roof_front + m->roof_rear);
  add_profile(cabin, m->roof_front, m->roof, middle, m->roof + 0.04f);
  add_profile(cabin, middle, m->roof + 0.04f, m->roof_rear, m->roof);
  add_profile(cabin, m->roof_rear, m->roof, m->cabin_rear, m->belt);
  shape_add_plane(cabin, (vector){0, 0, -1}, -m->belt);
  add_sides(cabin, m->half_width - 0.015f, m->belt, of->body == CAR_VAN ? 0.1f : 0.26f);
}

static void add_wheels(const car *of, const car_measures *m, const place *at, float driven, object *made)
{
  const float angle = -driven / m->wheel;
  for (int i = 0; i < 4; ++i) {
    const float x = i & 1 ? m->axle_rear : m->axle_front, out = i & 2 ? 1 : -1;
    const vector inner = {x, out * (m->half_width - 0.2f), m->wheel},
                 outer = {x, out * (m->half_width + 0.012f), m->wheel};
    shape *wheel = object_add_limb(made, at, inner, outer, m->wheel, m->wheel, (vector){cosf(angle), 0, sinf(angle)});
    wheel->start_round = wheel->end_round = 0;
    looks(wheel, of, car_wheel_surface);
  }
}

static shape *add_plain_box(const car *of, const place *at, object *made, vector centre, vector half, vector colour)
{
  shape *box = looks(object_add_box(made, at, centre, half, 0), of, car_plain_surface);
  box->colour = colour;
  return box;
}

static void add_load(const car *of, const car_measures *m, const place *at, object *made)
{
  const vector dark = {0.05f, 0.05f, 0.05f}, colour = palette_linear(palette_paints[of->load_colour]);
  const float middle = 0.5f * (m->roof_front + m->roof_rear), top = m->roof + 0.09f;
  if (of->load == LOAD_NONE) return;
  if (of->load == LOAD_SIGN) {
    shape *sign =
        add_plain_box(of, at, made, (vector){middle + 0.2f, 0, m->roof + 0.13f}, (vector){0.1f, 0.34f, 0.1f}, colour);
    sign->surface = car_sign_surface;
    return;
  }
  for (int i = -1; i < 2; i += 2) {
    const float x = middle + 0.35f * (float)i;
    add_plain_box(of, at, made, (vector){x, 0, top}, (vector){0.03f, m->half_width - 0.22f, 0.02f}, dark);
  }
  if (of->load == LOAD_BOX) {
    add_plain_box(of, at, made, (vector){middle, 0.1f, top + 0.19f}, (vector){0.68f, 0.36f, 0.16f}, colour);
  } else if (of->load == LOAD_LADDER) {
    for (int i = -1; i < 2; i += 2) {
      add_plain_box(of, at, made, (vector){middle, 0.2f * (float)i, top + 0.06f}, (vector){1.1f, 0.03f, 0.04f}, colour);
    }
    for (int i = -3; i < 4; ++i) {
      add_plain_box(of, at, made, (vector){middle + 0.3f * (float)i, 0, top + 0.06f}, (vector){0.02f, 0.2f, 0.02f},
                    colour);
    }
  } else {
    for (int i = -1; i < 2; i += 2) {
      const float y = (float)i * (m->half_width - 0.25f);
      add_plain_box(of, at, made, (vector){middle, y, top}, (vector){0.6f, 0.025f, 0.03f}, dark);
    }
  }
}

static void add_details(const car *of, const car_measures *m, const place *at, object *made)
{
  const vector paint = palette_linear(palette_paints[of->second_roof ? of->second : of->paint]);
  for (int i = -1; i < 2; i += 2) {
    const vector mirror = {m->cabin_front - 0.3f, (float)i * (m->half_width + 0.07f), m->belt + 0.08f};
    add_plain_box(of, at, made, mirror, (vector){0.06f, 0.09f, 0.065f}, paint);
  }
  if (of->body == CAR_PICKUP) { /* the bed's walls, dark inside */
    add_plain_box(of, at, made, (vector){-1.5f, 0, m->belt - 0.02f}, (vector){0.92f, m->half_width - 0.12f, 0.05f},
                  (vector){0.03f, 0.03f, 0.03f});
    add_plain_box(of, at, made, (vector){-0.55f, 0, m->belt + 0.3f}, (vector){0.03f, m->half_width - 0.2f, 0.3f},
                  (vector){0.06f, 0.06f, 0.06f});
  }
}

void car_pose(const car *of, const place *at, float driven, object *made)
{
  car_measures m = car_measures_of[of->body];
  made->count = 0;
  add_lower(of, &m, at, made);
  add_cabin(of, &m, at, made);
  add_wheels(of, &m, at, driven, made);
  add_details(of, &m, at, made);
  add_load(of, &m, at, made);
}
