/*
 * car_surface.c - see car_surface.h. Everything but the outline is paint: lights, doors, glass and grille.
 */
#include "car_surface.h"

#include "palette.h"

const car_measures car_measures_of[CAR_BODIES] = {
    [CAR_HATCHBACK] = {1.95f, 0.85f, 0.2f, 0.92f, 1.46f, 0.72f, 1.22f, -1.22f, 0.31f, 1.0f, -1.9f, 0.35f, -1.55f, 0.9f,
                       -1.65f},
    [CAR_SALOON] = {2.3f, 0.88f, 0.2f, 0.92f, 1.42f, 0.72f, 1.4f, -1.35f, 0.32f, 0.95f, -1.5f, 0.25f, -0.95f, 0.88f,
                    -1.2f},
    [CAR_ESTATE] = {2.35f, 0.88f, 0.2f, 0.92f, 1.48f, 0.72f, 1.4f, -1.4f, 0.32f, 0.98f, -2.3f, 0.3f, -2.0f, 0.92f,
                    -2.05f},
    [CAR_VAN] = {2.5f, 0.97f, 0.24f, 1.08f, 2.05f, 0.95f, 1.6f, -1.55f, 0.34f, 2.05f, -2.48f, 1.35f, -2.42f, 1.08f,
                 0.35f},
    [CAR_PICKUP] = {2.55f, 0.92f, 0.3f, 1.0f, 1.72f, 0.92f, 1.6f, -1.55f, 0.39f, 1.05f, -0.5f, 0.55f, -0.3f, 1.0f,
                    -0.4f},
};

static vector paint_of(int number)
{
  return palette_linear(palette_paints[number]);
}

static bool within(float value, float least, float most)
{
  return value >= least && value < most;
}

/* The paint with its marks, without lights and gaps. */
static vector painted(const car *of, const car_measures *m, vector p, vector normal)
{
  const vector first = paint_of(of->paint), second = paint_of(of->second);
  const bool side = fabsf(normal.y) > 0.6f;
  switch (of->mark) {
  case MARK_BELT:
    return side && within(p.z, m->belt - 0.32f, m->belt - 0.17f) ? second : first;
  case MARK_SILLS:
    return p.z < 0.5f * (m->sill + m->belt) + 0.05f ? second : first;
  case MARK_RALLY:
    return !side && within(fabsf(p.y), 0.1f, 0.34f) ? second : first;
  case MARK_DISC: {
    const float x = p.x + 0.1f, z = p.z - 0.62f * m->belt - 0.02f;
    return side && x * x + z * z < 0.075f ? second : first;
  }
  case MARK_LETTERS: {
    if (!side || !within(p.x, -1.3f, 0.85f) || !within(p.z, m->belt - 0.45f, m->belt - 0.15f)) return first;
    const float column = (p.x + 1.3f) / 0.09f, row = (m->belt - 0.15f - p.z) / 0.06f;
    const int letter = (int)column / 4;
    if ((int)column % 4 == 3) return first;
    return draws_at(of->seed, letter, (int)column % 4, (int)row) < 0.6f ? second : first;
  }
  case MARK_CHEQUER:
    if (!side || !within(p.z, m->belt - 0.36f, m->belt - 0.12f)) return first;
    return (fraction(p.x / 0.3f) < 0.5f) != (p.z < m->belt - 0.24f) ? second : first;
  case MARK_WEDGE:
    return p.x + 0.8f * (p.z - 0.6f) < -0.35f ? second : first;
  default:
    return first;
  }
}

static surface dirty(const car *of, vector colour, float gloss, float height)
{
  const float dirt = of->grime * ramp(0.7f, 0.15f, height) * 0.6f;
  return (surface){blend(colour, (vector){0.09f, 0.08f, 0.065f}, dirt), gloss * (1 - dirt)};
}

static surface front_surface(const car *of, const car_measures *m, vector p, vector colour)
{
  const float y = fabsf(p.y), z = p.z;
  (void)of;
  if (within(y, m->half_width - 0.36f, m->half_width - 0.06f) && within(z, m->nose - 0.17f, m->nose - 0.03f)) {
    return (surface){{0.85f, 0.88f, 0.9f}, 0.7f};
  }
  if (y < m->half_width - 0.42f && within(z, m->nose - 0.19f, m->nose - 0.05f)) {
    return (surface){fraction(z / 0.05f) < 0.5f ? (vector){0.02f, 0.02f, 0.02f} : (vector){0.2f, 0.2f, 0.2f}, 0.3f};
  }
  if (y < 0.26f && within(z, m->sill + 0.16f, m->sill + 0.28f)) return (surface){{0.75f, 0.75f, 0.68f}, 0.1f};
  if (z < m->sill + 0.1f) return (surface){{0.03f, 0.03f, 0.035f}, 0.05f};
  return (surface){colour, 0.45f};
}

static surface rear_surface(const car_measures *m, vector p, vector colour)
{
  const float y = fabsf(p.y), z = p.z, top = m->boot < 1.5f ? m->boot : 1.1f;
  if (within(y, m->half_width - 0.3f, m->half_width - 0.05f) && within(z, top - 0.27f, top - 0.07f)) {
    return (surface){{0.5f, 0.02f, 0.02f}, 0.5f};
  }
  if (y < 0.26f && within(z, 0.56f, 0.67f)) return (surface){{0.75f, 0.68f, 0.25f}, 0.1f};
  if (z < m->sill + 0.12f) return (surface){{0.03f, 0.03f, 0.035f}, 0.05f};
  if (fabsf(z - 0.72f * top) < 0.012f) return (surface){scale(colour, 0.35f), 0.1f};
  return (surface){colour, 0.45f};
}

/* Doors: gaps, handles, wheel arches. */
static surface side_surface(const car *of, const car_measures *m, vector p, vector colour)
{
  for (int i = 0; i < 2; ++i) {
    const float x = p.x - (i ? m->axle_rear : m->axle_front), z = p.z - m->wheel;
    if (x * x + z * z < (m->wheel + 0.065f) * (m->wheel + 0.065f)) return (surface){{0.012f, 0.012f, 0.014f}, 0};
  }
  if (p.z < m->sill + 0.05f) return (surface){{0.03f, 0.03f, 0.035f}, 0.05f};
  const float gaps[3] = {m->cabin_front - 0.12f, of->body == CAR_VAN ? 0.4f : -0.12f, m->axle_rear + 0.42f};
  for (int i = 0; i < 3; ++i) {
    if (of->body == CAR_PICKUP && i == 2) continue;
    if (fabsf(p.x - gaps[i]) < 0.014f) return (surface){scale(colour, 0.3f), 0.1f};
    if (i && within(p.x, gaps[i] + 0.06f, gaps[i] + 0.24f) && within(p.z, m->belt - 0.14f, m->belt - 0.1f)) {
      return (surface){scale(colour, 0.4f), 0.4f};
    }
  }
  if (within(p.x, m->half_length - 0.2f, m->half_length) && within(p.z, m->nose - 0.16f, m->nose - 0.05f)) {
    return (surface){{0.8f, 0.55f, 0.25f}, 0.6f};
  }
  if (p.x < 0.15f - m->half_length && within(p.z, m->belt - 0.25f, m->belt - 0.07f))
    return (surface){{0.5f, 0.02f, 0.02f}, 0.5f};
  return (surface){colour, 0.45f};
}

surface car_body_surface(const shape *of, vector p, vector normal)
{
  const car *driven = of->look;
  const car_measures *m = &car_measures_of[driven->body];
  const vector colour = painted(driven, m, p, normal);
  surface made = {colour, 0.45f};
  if (fabsf(normal.y) > 0.6f) {
    made = side_surface(driven, m, p, colour);
  } else if (normal.x > 0.75f) {
    made = front_surface(driven, m, p, colour);
  } else if (normal.x < -0.75f) {
    made = rear_surface(m, p, colour);
  }
  return dirty(driven, made.colour, made.gloss, p.z);
}

static surface glass(void)
{
  return (surface){{0.02f, 0.025f, 0.028f}, 1};
}

surface car_cabin_surface(const shape *of, vector p, vector normal)
{
  const car *driven = of->look;
  const car_measures *m = &car_measures_of[driven->body];
  const vector body = painted(driven, m, p, normal);
  const vector roof = driven->second_roof ? paint_of(driven->second) : body;
  const float up = (p.z - m->belt) / (m->roof - m->belt);
  const float front = m->cabin_front + (m->roof_front - m->cabin_front) * up;
  const float rear = m->cabin_rear + (m->roof_rear - m->cabin_rear) * up;
  if (normal.z > 0.8f || up > 0.93f) return (surface){roof, 0.45f};
  if (fabsf(normal.y) > 0.6f) {
    const float high = driven->body == CAR_VAN ? 0.72f : 0.86f, pillar = driven->body == CAR_VAN ? 9 : -0.12f;
    if (up < 0.06f || up > high) return (surface){up > high ? roof : body, 0.45f};
    if (p.x > front - 0.13f || p.x < rear + 0.13f || p.x < m->glass_rear) return (surface){body, 0.45f};
    if (fabsf(p.x - pillar) < 0.045f) return (surface){{0.02f, 0.02f, 0.02f}, 0.2f};
    return glass();
  }
  const float edge = m->half_width - 0.1f - 0.16f * up;
  if (fabsf(p.y) > edge || up < 0.05f) return (surface){body, 0.45f};
  if (normal.x < 0 && driven->body == CAR_VAN) {
    if (fabsf(p.y) < 0.012f) return (surface){scale(body, 0.3f), 0};
    return within(up, 0.3f, 0.75f) && within(fabsf(p.y), 0.15f, 0.7f) ? glass() : (surface){body, 0.45f};
  }
  return glass();
}

surface car_wheel_surface(const shape *of, vector p, vector normal)
{
  const car *driven = of->look;
  const float radius = sqrtf(p.x * p.x + p.y * p.y) / of->start_radius;
  if (fabsf(normal.z) < 0.5f || radius > 0.68f) return (surface){{0.018f, 0.018f, 0.02f}, 0.03f};
  const float spoke = cosf(5 * atan2f(p.y, p.x));
  const vector rim = driven->dark_wheels ? (vector){0.07f, 0.07f, 0.075f} : (vector){0.5f, 0.5f, 0.52f};
  return (surface){radius < 0.2f || radius > 0.6f || spoke > 0 ? rim : scale(rim, 0.2f), 0.3f};
}

surface car_plain_surface(const shape *of, vector p, vector normal)
{
  (void)p;
  (void)normal;
  return (surface){of->colour, 0.2f};
}

surface car_sign_surface(const shape *of, vector p, vector normal)
{
  (void)normal;
  const bool letters = fabsf(p.z) < 0.05f && fraction(p.y / 0.12f) < 0.6f;
  return (surface){letters ? (vector){0.02f, 0.02f, 0.02f} : of->colour, 0.2f};
}
