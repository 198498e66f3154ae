/*
 * wardrobe.c - the part of figure.h that draws what a figure wears, and tells whether two look alike.
 */
#include "figure.h"
#include "palette.h"

/* A colour that can be told from another one in bad light. */
static int other_colour(draws *from, int than)
{
  /* Black, charcoal, navy, burgundy, brown are dark; grey, blue, red, green between; white, beige, mustard light. */
  static const int tone[PALETTE_CLOTHES] = {0, 0, 1, 2, 0, 1, 1, 0, 1, 2, 0, 2};
  for (;;) {
    const int colour = draws_below(from, PALETTE_CLOTHES);
    if (tone[colour] != tone[than]) return colour;
  }
}

static cloth draw_cloth(draws *from, float plain)
{
  cloth made = {.pattern = draws_chance(from, plain) ? PATTERN_PLAIN : (pattern)(1 + draws_below(from, PATTERNS - 1)),
                .colour = draws_below(from, PALETTE_CLOTHES)};
  made.second = other_colour(from, made.colour);
  made.period = draws_chance(from, 0.5f) ? draws_between(from, 0.09f, 0.12f) : draws_between(from, 0.15f, 0.2f);
  return made;
}

static void draw_body(figure *made, draws *from)
{
  const bool woman = draws_chance(from, 0.5f);
  made->height = woman ? draws_between(from, 1.55f, 1.78f) : draws_between(from, 1.65f, 1.95f);
  made->build = draws_between(from, 0.88f, 1.2f);
  made->shoulders = (woman ? 0.165f : 0.195f) * (0.5f + 0.5f * made->build);
  made->hips = (woman ? 0.165f : 0.155f) * made->build;
  made->stride = made->height * draws_between(from, 0.76f, 0.88f);
  made->swing = draws_between(from, 0.3f, 0.6f);
  made->lean = draws_between(from, 0, 0.07f);
  made->skin = draws_below(from, PALETTE_SKINS);
  made->hair_colour = draws_below(from, PALETTE_HAIRS);
  made->hair = woman ? (hair_kind)draws_below(from, HAIR_BALD) : draws_chance(from, 0.15f) ? HAIR_BALD : HAIR_SHORT;
  made->legs = woman && draws_chance(from, 0.35f) ? LEGS_SKIRT : draws_chance(from, 0.2f) ? LEGS_SHORTS : LEGS_TROUSERS;
  made->top = woman && draws_chance(from, 0.2f) ? TOP_DRESS : (top_kind)draws_below(from, TOP_DRESS);
}

figure figure_draw(draws *from)
{
  figure made = {0};
  draw_body(&made, from);
  made.upper = draw_cloth(from, made.top == TOP_JACKET || made.top == TOP_COAT ? 0.5f : 0.2f);
  made.inner = draw_cloth(from, 0.5f);
  made.inner.colour = other_colour(from, made.upper.colour);
  made.lower = draw_cloth(from, made.legs == LEGS_SKIRT ? 0.5f : 0.75f);
  /* Trousers have stripes down the sides, checks, two colours; dots and logos are for the rest. */
  if (made.legs != LEGS_SKIRT && made.lower.pattern != PATTERN_PLAIN && made.lower.pattern != PATTERN_CHECKS) {
    made.lower.pattern = draws_chance(from, 0.6f) ? PATTERN_STRIPES : PATTERN_HALVES;
  }
  made.two_sleeves = draws_chance(from, 0.25f);
  made.shoe_colour = draws_below(from, PALETTE_CLOTHES);
  made.hat = draws_chance(from, 0.65f) ? HAT_NONE : (hat_kind)(1 + draws_below(from, HATS - 1));
  made.hat_colour = draws_below(from, PALETTE_CLOTHES);
  made.bag = draws_chance(from, 0.45f) ? BAG_NONE : (bag_kind)(1 + draws_below(from, BAGS - 1));
  made.bag_colour = other_colour(from, made.upper.colour);
  made.bag_side = draws_chance(from, 0.5f) ? 1 : -1;
  return made;
}

static float cloth_difference(const cloth *a, const cloth *b)
{
  if (a->pattern != b->pattern) return 1.5f + (a->colour != b->colour ? 1 : 0);
  if (a->pattern == PATTERN_PLAIN) return a->colour != b->colour ? 1 : 0;
  return (a->colour != b->colour ? 1 : 0) + (a->second != b->second ? 0.7f : 0) +
         (fabsf(a->period - b->period) > 0.05f ? 0.5f : 0);
}

float figure_difference(const figure *a, const figure *b)
{
  float sum = cloth_difference(&a->upper, &b->upper) + 0.8f * cloth_difference(&a->lower, &b->lower);
  sum += a->top != b->top ? 0.8f : 0;
  if (a->top == b->top && (a->top == TOP_JACKET || a->top == TOP_VEST)) {
    sum += 0.5f * cloth_difference(&a->inner, &b->inner);
  }
  sum += a->legs != b->legs ? 1 : 0;
  sum += a->bag != b->bag ? 0.8f : 0;
  sum += a->hat != b->hat ? 0.6f : 0;
  sum += a->hair != b->hair ? 0.3f : 0;
  sum += a->two_sleeves != b->two_sleeves ? 0.3f : 0;
  return sum + 4 * fabsf(a->height - b->height);
}
