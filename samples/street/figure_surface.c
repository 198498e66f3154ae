/*
 * figure_surface.c - see figure_surface.h. Everything but the outline is cloth and skin: patterns, folds, seams, a
 * face.
 */
#include "figure_surface.h"

#include "cloth.h"
#include "figure.h"
#include "palette.h"

/* Folds and weave: cloth is never of one brightness. */
static vector worn(vector colour, vector point)
{
  const float fold = sinf(point.z * 23 + 9 * sinf(point.x * 17)) * 0.05f + sinf(point.x * 61 + point.z * 31) * 0.03f;
  return scale(colour, 1 + fold);
}

surface figure_plain_surface(const shape *of, vector point, vector normal)
{
  (void)point;
  (void)normal;
  return (surface){of->colour, 0.03f};
}

/* A limb's x is the right side, so a person's own left is at -x; y is ahead. Length round the body is the angle times a
 * middle radius. */
static float around(const shape *of, vector point)
{
  const float angle = atan2f(point.x, fabsf(point.y) / of->flatness);
  return angle * 0.5f * (of->start_radius + of->end_radius);
}

surface figure_torso_surface(const shape *of, vector point, vector normal)
{
  (void)normal;
  const figure *wearer = of->look;
  const float across = around(of, point), hem = of->part == FIGURE_PELVIS ? 0.f : 0.13f;
  const float along = point.z + hem, length = of->part == FIGURE_PELVIS ? 0.55f : of->length + hem + 0.05f;
  if (wearer->top == TOP_JACKET && point.y > 0) {
    const float open = 0.035f + 0.05f * clamp(along / length, 0, 1);
    if (fabsf(point.x) < open) return (surface){worn(cloth_colour(&wearer->inner, across, along, length), point), 0};
  }
  if (wearer->top == TOP_COAT && point.y > 0 && fabsf(point.x) < 0.008f) {
    return (surface){scale(palette_linear(palette_clothes[wearer->upper.colour]), 0.4f), 0};
  }
  return (surface){worn(cloth_colour(&wearer->upper, across, along, length), point), 0.02f};
}

surface figure_sleeve_surface(const shape *of, vector point, vector normal)
{
  (void)normal;
  const figure *wearer = of->look;
  cloth sleeve = wearer->top == TOP_VEST ? wearer->inner : wearer->upper;
  if (sleeve.pattern > PATTERN_DOTS) sleeve.pattern = PATTERN_PLAIN;
  if (wearer->two_sleeves && wearer->top != TOP_VEST) {
    sleeve.colour = sleeve.second;
    sleeve.pattern = PATTERN_PLAIN;
  }
  return (surface){worn(cloth_colour(&sleeve, around(of, point), point.z, 0.6f), point), 0.02f};
}

surface figure_leg_surface(const shape *of, vector point, vector normal)
{
  (void)normal;
  const figure *wearer = of->look;
  cloth legs = wearer->lower;
  const bool shin = of->part == FIGURE_SHIN;
  if (legs.pattern == PATTERN_STRIPES) { /* one, down the outer seams */
    legs.pattern = PATTERN_PLAIN;
    if (fabsf(point.y) < 0.022f) legs.colour = legs.second;
  } else if (legs.pattern == PATTERN_HALVES) {
    legs.pattern = PATTERN_PLAIN;
    if (shin) legs.colour = legs.second;
  }
  return (surface){worn(cloth_colour(&legs, around(of, point), point.z, 0.9f), point), 0.02f};
}

surface figure_skirt_surface(const shape *of, vector point, vector normal)
{
  (void)normal;
  const figure *wearer = of->look;
  const bool upper = wearer->top == TOP_DRESS || wearer->top == TOP_COAT;
  const float across = around(of, point);
  const float pleat = 1 + 0.1f * sinf(across * 60);
  vector colour = cloth_colour(upper ? &wearer->upper : &wearer->lower, across, point.z, upper ? 0.9f : of->length);
  if (upper && wearer->upper.pattern > PATTERN_DOTS) {
    colour = palette_linear(palette_clothes[wearer->upper.colour]);
    if (wearer->upper.pattern == PATTERN_SIDES) colour = cloth_colour(&wearer->upper, across, 0, 1);
  }
  return (surface){scale(worn(colour, point), pleat), 0.02f};
}

surface figure_head_surface(const shape *of, vector point, vector normal)
{
  (void)normal;
  const vector skin = of->colour;
  /* Eyes, brows and mouth are shadows at this size. */
  const float up = point.z, side = fabsf(point.x);
  if (point.y > 0) {
    if (fabsf(up - 0.085f) < 0.009f && side > 0.018f && side < 0.05f) return (surface){scale(skin, 0.25f), 0};
    if (fabsf(up - 0.02f) < 0.006f && side < 0.025f) return (surface){multiply(skin, (vector){0.6f, 0.35f, 0.35f}), 0};
  }
  return (surface){skin, 0.03f};
}
