/*
 * figure.c - the part of figure.h that poses: a stride bends hips, knees, shoulders and elbows, and the pelvis stands
 * so high that the lower foot touches the ground.
 *
 * A figure's own axes: x ahead, y to the left, z up; lengths are shares of its height, after the usual tables of
 * proportions.
 */
#include "figure.h"

#include "figure_surface.h"
#include "palette.h"

static const vector right_side = {0, -1, 0};

typedef struct body {
  const figure *of;
  const place *at;
  object *made;
  float metres;            /* the height */
  vector hip, neck, chest; /* middles */
  vector ahead;            /* the torso's front, in the figure's axes */
} body;

/* ---- Pieces ------------------------------------------------------------------------------------------------------ */

static shape *limb(const body *b, vector from, vector to, float start, float end, shape_surface *looks, int part,
                   vector colour)
{
  shape *made = object_add_limb(b->made, b->at, from, to, start, end, right_side);
  made->surface = looks;
  made->look = b->of;
  made->part = part;
  made->colour = colour;
  return made;
}

static vector clothes_colour(int colour)
{
  return palette_linear(palette_clothes[colour]);
}

/* From a joint, so far along a direction that swings ahead by an angle. */
static vector swung(vector joint, float length, float angle)
{
  return add(joint, (vector){length * sinf(angle), 0, -length * cosf(angle)});
}

typedef struct leg {
  vector hip, knee, ankle, toe;
} leg;

static leg pose_leg(const body *b, float phase, float side)
{
  const float thigh = 0.245f * b->metres, shin = 0.235f * b->metres;
  const float reach = 0.46f, ahead = reach * sinf(phase) + 0.06f;
  const float lifted = fmaxf(0, cosf(phase)), bent = 0.1f + 0.95f * lifted * sqrtf(lifted);
  leg made = {.hip = {0, side * 0.52f * b->of->hips, 0}};
  made.knee = swung(made.hip, thigh, ahead);
  made.ankle = swung(made.knee, shin, ahead - bent);
  /* The foot is flat on the ground, toes down behind, heel down ahead. */
  const float pitch = 0.5f * (ahead - bent) + 0.1f;
  made.toe = add(made.ankle, (vector){0.105f * b->metres * cosf(pitch), 0, 0.105f * b->metres * sinf(pitch) - 0.022f});
  return made;
}

static void add_leg(const body *b, const leg *l, int part)
{
  const figure *of = b->of;
  const float stout = 0.5f + 0.5f * of->build;
  const vector skin = palette_linear(palette_skins[of->skin]);
  const bool bare_thigh = of->top == TOP_DRESS || of->legs == LEGS_SKIRT;
  const bool bare_shin = bare_thigh || of->legs == LEGS_SHORTS;
  const float loose = of->legs == LEGS_SHORTS ? 0.014f : 0.008f;
  limb(b, l->hip, l->knee, 0.083f * stout, 0.056f * stout + (bare_thigh ? 0 : loose),
       bare_thigh ? figure_plain_surface : figure_leg_surface, part, skin);
  limb(b, l->knee, l->ankle, bare_shin ? 0.052f * stout : 0.058f * stout + 0.004f, bare_shin ? 0.034f : 0.05f,
       bare_shin ? figure_plain_surface : figure_leg_surface, FIGURE_SHIN, skin);
  const vector heel = add(l->ankle, (vector){-0.02f, 0, -0.035f});
  shape *shoe =
      limb(b, heel, l->toe, 0.045f, 0.036f, figure_plain_surface, FIGURE_PLAIN, clothes_colour(of->shoe_colour));
  shoe->flatness = 0.85f;
}

/* Sets the middle of the hips so that the lower sole stands on the ground. */
static void add_legs(body *b, float phase)
{
  leg legs[2] = {pose_leg(b, phase, 1), pose_leg(b, phase + PI, -1)};
  float lowest = 0;
  for (int i = 0; i < 2; ++i) lowest = fminf(lowest, fminf(legs[i].ankle.z - 0.08f, legs[i].toe.z - 0.036f));
  b->hip = (vector){0, 0, -lowest};
  for (int i = 0; i < 2; ++i) {
    vector *joints[4] = {&legs[i].hip, &legs[i].knee, &legs[i].ankle, &legs[i].toe};
    for (int k = 0; k < 4; ++k) *joints[k] = add(*joints[k], b->hip);
    add_leg(b, &legs[i], i ? FIGURE_LEG_RIGHT : FIGURE_LEG_LEFT);
  }
}

static void add_torso(body *b)
{
  const figure *of = b->of;
  const float lean = of->lean, up = 0.29f * b->metres;
  b->neck = add(b->hip, (vector){up * sinf(lean), 0, up * cosf(lean)});
  b->chest = blend(b->hip, b->neck, 0.72f);
  const vector waist = blend(b->hip, b->neck, 0.22f);
  const float coat = of->top == TOP_JACKET || of->top == TOP_COAT ? 0.015f : 0;
  shape *chest = limb(b, waist, b->chest, 0.86f * of->hips + coat, of->shoulders * 0.95f + coat, figure_torso_surface,
                      FIGURE_TORSO, (vector){0});
  chest->flatness = 0.6f * (0.6f + 0.4f * of->build);
  chest->end_round = 0.42f;
  shape *pelvis = limb(b, add(b->hip, (vector){0, 0, -0.05f}), waist, of->hips + coat, 0.86f * of->hips + coat,
                       figure_torso_surface, FIGURE_PELVIS, (vector){0});
  pelvis->flatness = 0.68f * (0.6f + 0.4f * of->build);
  pelvis->start_round = 0.35f;
}

static void add_skirt(const body *b, float phase)
{
  const figure *of = b->of;
  const bool coat = of->top == TOP_COAT, skirt = of->top == TOP_DRESS || of->legs == LEGS_SKIRT;
  if (!coat && !skirt) return;
  const float length = (coat ? 0.2f : of->lower.period < 0.13f ? 0.2f : 0.27f) * b->metres;
  const float opened = 0.02f * fabsf(sinf(phase));
  const vector hem = add(b->hip, (vector){0, 0, -length});
  shape *made = limb(b, hem, add(b->hip, (vector){0, 0, 0.03f}), of->hips * (coat ? 1.12f : 1.3f) + opened,
                     of->hips + 0.012f, figure_skirt_surface, FIGURE_SKIRT, (vector){0});
  made->flatness = 0.85f;
  made->start_round = 0;
  made->end_round = 0.2f;
}

/* Returns the hand. */
static vector add_arm(const body *b, float phase, float side)
{
  const figure *of = b->of;
  const float stout = 0.5f + 0.5f * of->build, upper = 0.172f * b->metres, fore = 0.15f * b->metres;
  const bool carries = of->bag >= BAG_HAND && side * (float)of->bag_side > 0;
  const float ahead = -of->swing * sinf(phase) * (carries ? 0.3f : 1), bent = 0.25f + 0.2f * of->swing;
  const vector shoulder = add(b->chest, (vector){0, side * (of->shoulders + 0.012f), 0.045f});
  const vector elbow = add(swung(shoulder, upper, ahead), (vector){0, side * 0.035f, 0});
  const vector hand = add(swung(elbow, fore, ahead + (carries ? 0.05f : bent)), (vector){0, side * -0.005f, 0});
  const vector skin = palette_linear(palette_skins[of->skin]);
  const bool short_sleeves = of->top == TOP_TSHIRT || of->top == TOP_DRESS;
  const float coat = of->top == TOP_JACKET || of->top == TOP_COAT ? 0.008f : 0;
  if (short_sleeves) {
    limb(b, shoulder, blend(shoulder, elbow, 0.62f), 0.058f * stout, 0.056f * stout, figure_sleeve_surface,
         FIGURE_SLEEVE, skin)
        ->end_round = 0;
    limb(b, shoulder, elbow, 0.044f * stout, 0.038f * stout, figure_plain_surface, FIGURE_PLAIN, skin);
    limb(b, elbow, hand, 0.037f * stout, 0.027f * stout, figure_plain_surface, FIGURE_PLAIN, skin);
  } else {
    limb(b, shoulder, elbow, 0.056f * stout + coat, 0.046f * stout + coat, figure_sleeve_surface, FIGURE_SLEEVE, skin);
    limb(b, elbow, hand, 0.045f * stout + coat, 0.036f * stout + coat, figure_sleeve_surface, FIGURE_SLEEVE, skin);
  }
  const vector fist = swung(hand, 0.045f, ahead + bent);
  limb(b, hand, fist, 0.034f, 0.03f, figure_plain_surface, FIGURE_PLAIN, skin)->flatness = 0.9f;
  return fist;
}

static void add_hair(const body *b, vector head, float size)
{
  const figure *of = b->of;
  const vector colour = palette_linear(palette_hairs[of->hair_colour]);
  if (of->hair == HAIR_BALD) return;
  limb(b, add(head, (vector){-0.012f, 0, 0.066f}), add(head, (vector){-0.014f, 0, 0.08f}), 0.094f * size, 0.09f * size,
       figure_plain_surface, FIGURE_PLAIN, colour);
  if (of->hair == HAIR_LONG) {
    limb(b, add(head, (vector){-0.055f, 0, 0.03f}), add(head, (vector){-0.08f, 0, -0.2f}), 0.088f, 0.1f,
         figure_plain_surface, FIGURE_PLAIN, colour)
        ->flatness = 0.5f;
  } else if (of->hair == HAIR_BUN) {
    limb(b, add(head, (vector){-0.09f, 0, 0.13f}), add(head, (vector){-0.1f, 0, 0.14f}), 0.05f, 0.05f,
         figure_plain_surface, FIGURE_PLAIN, colour);
  } else if (of->hair == HAIR_TAIL) {
    limb(b, add(head, (vector){-0.11f, 0, 0.1f}), add(head, (vector){-0.15f, 0, -0.12f}), 0.035f, 0.022f,
         figure_plain_surface, FIGURE_PLAIN, colour);
  }
}

static void add_hat(const body *b, vector head)
{
  const vector colour = clothes_colour(b->of->hat_colour);
  if (b->of->hat == HAT_NONE) return;
  const float brim = b->of->hat == HAT_BRIM ? 0.165f : 0;
  shape *crown = limb(b, add(head, (vector){-0.008f, 0, 0.085f}), add(head, (vector){-0.014f, 0, 0.125f}), 0.104f,
                      0.095f, figure_plain_surface, FIGURE_PLAIN, colour);
  crown->start_round = 0.1f;
  crown->end_round = b->of->hat == HAT_CAP ? 0.5f : 0.7f;
  if (b->of->hat == HAT_CAP) {
    shape *peak = limb(b, add(head, (vector){0.1f, 0, 0.085f}), add(head, (vector){0.1f, 0, 0.095f}), 0.075f, 0.075f,
                       figure_plain_surface, FIGURE_PLAIN, scale(colour, 0.8f));
    peak->start_round = peak->end_round = 0.15f;
  } else if (brim > 0) {
    shape *disc = limb(b, add(head, (vector){-0.008f, 0, 0.085f}), add(head, (vector){-0.008f, 0, 0.095f}), brim, brim,
                       figure_plain_surface, FIGURE_PLAIN, colour);
    disc->start_round = disc->end_round = 0.1f;
  } else if (b->of->hat == HAT_WOOLLEN) {
    limb(b, add(head, (vector){-0.03f, 0, 0.21f}), add(head, (vector){-0.03f, 0, 0.22f}), 0.035f, 0.035f,
         figure_plain_surface, FIGURE_PLAIN, clothes_colour(b->of->bag_colour));
  }
}

static void add_head(const body *b)
{
  const vector skin = palette_linear(palette_skins[b->of->skin]);
  const vector head = add(b->neck, (vector){0.02f, 0, 0.052f * b->metres});
  limb(b, add(b->neck, (vector){-0.01f, 0, -0.06f}), add(head, (vector){0, 0, 0.02f}), 0.056f, 0.05f,
       figure_plain_surface, FIGURE_PLAIN, skin);
  shape *face = limb(b, add(head, (vector){0.005f, 0, -0.005f}), add(head, (vector){0, 0, 0.075f}), 0.068f, 0.085f,
                     figure_head_surface, FIGURE_HEAD, skin);
  face->flatness = 1.08f;
  limb(b, add(head, (vector){0.098f, 0, 0.04f}), add(head, (vector){0.088f, 0, 0.065f}), 0.014f, 0.01f,
       figure_plain_surface, FIGURE_PLAIN, skin);
  add_hair(b, head, 1);
  add_hat(b, head);
}

static void add_bag(const body *b, const vector hands[2])
{
  const figure *of = b->of;
  const float side = (float)of->bag_side;
  const vector colour = clothes_colour(of->bag_colour), hand = hands[of->bag_side > 0 ? 0 : 1];
  const vector strap = scale(colour, 0.6f);
  if (of->bag == BAG_BACKPACK) {
    const float behind = -0.17f - 0.05f * (of->build - 0.88f);
    shape *pack = limb(b, add(b->chest, (vector){behind, 0, -0.27f}), add(b->chest, (vector){behind, 0, -0.03f}), 0.15f,
                       0.135f, figure_plain_surface, FIGURE_PLAIN, colour);
    pack->flatness = 0.62f;
    pack->start_round = pack->end_round = 0.4f;
    for (int i = -1; i < 2; i += 2) {
      const float y = (float)i * 0.55f * of->shoulders;
      limb(b, add(b->chest, (vector){0.07f, y, 0.085f}), add(b->chest, (vector){0.125f, y, -0.12f}), 0.022f, 0.02f,
           figure_plain_surface, FIGURE_PLAIN, strap);
    }
  } else if (of->bag == BAG_SHOULDER) {
    const vector at = add(b->hip, (vector){-0.02f, side * (of->hips + 0.07f), 0.02f});
    shape *bag = limb(b, add(at, (vector){0, 0, -0.14f}), add(at, (vector){0, 0, 0.06f}), 0.07f, 0.06f,
                      figure_plain_surface, FIGURE_PLAIN, colour);
    bag->flatness = 2.2f;
    bag->start_round = bag->end_round = 0.3f;
    limb(b, add(b->chest, (vector){0.1f, -side * 0.06f, 0.05f}), add(at, (vector){0.07f, -side * 0.02f, 0.06f}), 0.02f,
         0.02f, figure_plain_surface, FIGURE_PLAIN, strap);
    limb(b, add(b->chest, (vector){-0.1f, -side * 0.06f, 0.05f}), add(at, (vector){-0.07f, -side * 0.02f, 0.06f}),
         0.02f, 0.02f, figure_plain_surface, FIGURE_PLAIN, strap);
  } else if (of->bag == BAG_HAND || of->bag == BAG_PLASTIC) {
    const bool plastic = of->bag == BAG_PLASTIC;
    shape *bag = limb(b, add(hand, (vector){0, 0, plastic ? -0.32f : -0.27f}), add(hand, (vector){0, 0, -0.1f}),
                      plastic ? 0.07f : 0.06f, plastic ? 0.05f : 0.06f, figure_plain_surface, FIGURE_PLAIN, colour);
    bag->flatness = plastic ? 1.8f : 2.9f;
    bag->start_round = bag->end_round = plastic ? 0.5f : 0.15f;
    limb(b, hand, add(hand, (vector){0, 0, -0.1f}), 0.012f, 0.03f, figure_plain_surface, FIGURE_PLAIN, strap);
  }
}

void figure_pose(const figure *of, const place *at, float walked, object *made)
{
  const float phase = 2 * PI * walked / of->stride;
  body b = {.of = of, .at = at, .made = made, .metres = of->height};
  made->count = 0;
  add_legs(&b, phase);
  add_torso(&b);
  add_skirt(&b, phase);
  const vector hands[2] = {add_arm(&b, phase, 1), add_arm(&b, phase + PI, -1)};
  add_head(&b);
  add_bag(&b, hands);
}
