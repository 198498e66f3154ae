/*
 * props.c - the part of site.h that stands on the pavements and hides who walks behind: lamp posts, trees, bins,
 * benches, bollards, planters, boards, pillar boxes, awnings.
 */
#include <stdlib.h>

#include "console.h"
#include "palette.h"
#include "site.h"

static surface prop_surface(const shape *of, vector point, vector normal)
{
  (void)point;
  (void)normal;
  return (surface){of->colour, 0.06f};
}

static surface leaf_surface(const shape *of, vector p, vector normal)
{
  (void)normal;
  const float leaf = draws_at((uint64_t)of->part, (int)floorf(p.x * 21), (int)floorf(p.y * 21), (int)floorf(p.z * 21));
  return (surface){scale(of->colour, 0.55f + 0.9f * leaf), 0.02f};
}

static surface bark_surface(const shape *of, vector p, vector normal)
{
  (void)normal;
  const float crack = sinf(atan2f(p.y, p.x) * 9 + 2 * sinf(p.z * 7));
  return (surface){scale(of->colour, 0.85f + 0.25f * crack), 0};
}

static surface awning_surface(const shape *of, vector p, vector normal)
{
  (void)normal;
  return (surface){fraction(p.x / 0.5f) < 0.5f ? of->colour : (vector){0.75f, 0.73f, 0.68f}, 0};
}

static surface board_surface(const shape *of, vector p, vector normal)
{
  const bool chalk = fabsf(normal.z) < 0.5f && fraction(p.z / 0.13f) < 0.4f && fabsf(p.x) + fabsf(p.y) < 0.3f;
  return (surface){chalk ? (vector){0.7f, 0.7f, 0.6f} : of->colour, 0.02f};
}

static shape *painted(shape *of, vector colour, shape_surface *looks)
{
  of->colour = colour;
  of->surface = looks;
  return of;
}

static shape *post(object *made, const place *at, float bottom, float top, float start, float end, vector colour)
{
  shape *of = object_add_limb(made, at, (vector){0, 0, bottom}, (vector){0, 0, top}, start, end, (vector){1, 0, 0});
  of->start_round = of->end_round = 0;
  return painted(of, colour, prop_surface);
}

static void add_lamp(object *made, const place *at, draws *from)
{
  const vector iron = draws_chance(from, 0.5f) ? (vector){0.03f, 0.04f, 0.035f} : (vector){0.25f, 0.26f, 0.27f};
  const float inward = at->origin.y > 0 ? -1 : 1;
  post(made, at, 0, 0.9f, 0.12f, 0.1f, iron);
  post(made, at, 0.9f, 5.4f, 0.065f, 0.05f, iron);
  painted(object_add_limb(made, at, (vector){0, 0, 5.4f}, (vector){0, inward * 1.1f, 5.7f}, 0.05f, 0.04f,
                          (vector){1, 0, 0}),
          iron, prop_surface);
  painted(object_add_limb(made, at, (vector){0, inward * 1.1f, 5.68f}, (vector){0, inward * 1.6f, 5.68f}, 0.1f, 0.08f,
                          (vector){1, 0, 0}),
          (vector){0.8f, 0.8f, 0.75f}, prop_surface);
}

static void add_tree(object *made, const place *at, draws *from)
{
  const float trunk = draws_between(from, 0.11f, 0.17f), bare = draws_between(from, 2.2f, 2.9f);
  const float wide = draws_between(from, 0.9f, 1.4f), ripe = draws_between(from, 0, 1);
  const vector leaves = blend((vector){0.06f, 0.13f, 0.035f}, (vector){0.16f, 0.16f, 0.04f}, ripe);
  painted(post(made, at, 0, bare + 1, trunk, 0.7f * trunk, (vector){0.13f, 0.1f, 0.075f}),
          (vector){0.13f, 0.1f, 0.075f}, bark_surface);
  post(made, at, 0, 0.03f, 0.5f, 0.5f, (vector){0.07f, 0.055f, 0.04f});
  for (int i = 0; i < 84; ++i) {
    const float round = draws_between(from, 0, 2 * PI), out = wide * sqrtf(draws_between(from, 0, 1));
    const float up = bare + 0.4f + 2.4f * draws_between(from, 0, 1);
    const float narrow = 1 - 0.6f * fabsf(up - bare - 1.3f) / 1.6f;
    const vector c = {out * narrow * cosf(round), out * narrow * sinf(round), up};
    shape *clump = object_add_limb(made, at, c, c, draws_between(from, 0.17f, 0.33f), 0, (vector){1, 0, 0});
    clump->end_radius = clump->start_radius;
    clump->part = i;
    painted(clump, scale(leaves, draws_between(from, 0.8f, 1.2f)), leaf_surface);
  }
}

static void add_bin(object *made, const place *at, draws *from)
{
  const vector colour = draws_chance(from, 0.5f) ? (vector){0.03f, 0.1f, 0.05f} : (vector){0.06f, 0.06f, 0.065f};
  post(made, at, 0, 0.95f, 0.24f, 0.28f, colour);
  post(made, at, 0.95f, 1.02f, 0.3f, 0.3f, scale(colour, 0.6f));
  post(made, at, 0.7f, 0.8f, 0.285f, 0.285f, (vector){0.6f, 0.6f, 0.58f});
}

static void add_bench(object *made, const place *at, draws *from)
{
  const vector wood = {0.22f, 0.12f, 0.06f};
  const float back = at->origin.y > 0 ? -0.24f : 0.24f;
  (void)from;
  for (int i = 0; i < 3; ++i) {
    painted(object_add_box(made, at, (vector){0, -0.17f + 0.17f * (float)i, 0.45f}, (vector){0.85f, 0.07f, 0.02f}, 0),
            wood, prop_surface);
    painted(object_add_box(made, at, (vector){0, back, 0.55f + 0.14f * (float)i}, (vector){0.85f, 0.02f, 0.05f}, 0),
            wood, prop_surface);
  }
  for (int i = -1; i < 2; i += 2) {
    painted(object_add_box(made, at, (vector){0.7f * (float)i, 0, 0.22f}, (vector){0.03f, 0.2f, 0.22f}, 0),
            (vector){0.03f, 0.03f, 0.03f}, prop_surface);
  }
}

static void add_bollards(object *made, const place *at, draws *from)
{
  (void)from;
  for (int i = -1; i < 2; ++i) {
    place each = *at;
    each.origin.x += 1.3f * (float)i;
    post(made, &each, 0, 0.9f, 0.085f, 0.075f, (vector){0.03f, 0.03f, 0.033f})->end_round = 0.8f;
    post(made, &each, 0.7f, 0.78f, 0.084f, 0.083f, (vector){0.7f, 0.7f, 0.68f});
  }
}

static void add_planter(object *made, const place *at, draws *from)
{
  painted(object_add_box(made, at, (vector){0, 0, 0.25f}, (vector){0.7f, 0.28f, 0.25f}, 0),
          (vector){0.3f, 0.27f, 0.24f}, prop_surface);
  for (int i = 0; i < 14; ++i) {
    const vector c = {draws_between(from, -0.6f, 0.6f), draws_between(from, -0.2f, 0.2f),
                      draws_between(from, 0.5f, 0.95f)};
    shape *clump = object_add_limb(made, at, c, c, 0.19f, 0.19f, (vector){1, 0, 0});
    clump->part = i;
    const bool bloom = i % 4 == 0;
    painted(clump, bloom ? (vector){0.5f, 0.1f, 0.12f} : (vector){0.06f, 0.14f, 0.04f}, leaf_surface);
  }
}

static void add_board(object *made, const place *at, draws *from)
{
  const vector colour = palette_linear(palette_clothes[draws_below(from, PALETTE_CLOTHES)]);
  painted(object_add_box(made, at, (vector){0, 0, 0.5f}, (vector){0.05f, 0.32f, 0.5f}, 0.15f), colour, board_surface);
}

static void add_box(object *made, const place *at, draws *from)
{
  const vector colour = draws_chance(from, 0.4f) ? (vector){0.4f, 0.03f, 0.03f} : (vector){0.1f, 0.14f, 0.12f};
  post(made, at, 0, 1.45f, 0.24f, 0.24f, colour)->end_round = 0.4f;
  post(made, at, 1.3f, 1.38f, 0.26f, 0.26f, colour);
}

typedef void add_prop(object *made, const place *at, draws *from);

static void draw_object(const site *of, raster *on, object *made)
{
  trace left;
  raster_shadow(on, &of->view, &of->light, made);
  raster_draw(on, &of->view, &of->light, made, 0, &left);
}

static void draw_awnings(const site *of, raster *on, object *made, draws *from)
{
  for (int i = 0; i < 3; ++i) {
    const place at = {{draws_between(from, -18, 18), 0, 0}, 0};
    const float side = of->view.from.y > 0 ? -1 : 1; /* before the camera it would hide all */
    made->count = 0;
    shape *cloth = object_add_convex(made, &at, (vector){0, side * SITE_WALL, 2.6f}, 0);
    cloth->low = (vector){-1.8f, -1.1f, -0.3f};
    cloth->high = (vector){1.8f, 1.1f, 0.4f};
    shape_add_plane(cloth, (vector){1, 0, 0}, 1.8f);
    shape_add_plane(cloth, (vector){-1, 0, 0}, 1.8f);
    shape_add_plane(cloth, (vector){0, -side, 0}, 1);
    shape_add_plane(cloth, (vector){0, side, 0}, 0);
    shape_add_plane(cloth, (vector){0, -0.55f * side, 1}, 0.4f);
    shape_add_plane(cloth, (vector){0, 0.4f * side, -1}, 0.3f);
    painted(cloth, palette_linear(palette_clothes[draws_below(from, PALETTE_CLOTHES)]), awning_surface);
    trace left;
    raster_draw(on, &of->view, &of->light, made, 0, &left);
  }
}

/* So near that it would hide much of the picture. */
static bool is_in_the_way(const site *of, vector foot, bool tree)
{
  const vector towards = subtract(foot, of->view.from);
  const float ahead = dot(towards, of->view.ahead);
  return ahead > -2 && ahead < (tree ? 10.f : 5.5f);
}

clreid_status props_draw(const site *of, raster *on, clreid_error *error)
{
  static add_prop *const kinds[] = {add_lamp, add_tree,     add_bin,     add_bench, add_tree,
                                    add_box,  add_bollards, add_planter, add_board, add_lamp};
  draws from = draws_begin(of->seed, DRAWS_SCENERY, 0);
  object *made = malloc(sizeof *made);
  if (!made) return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for what stands in the street");
  draw_awnings(of, on, made, &from);
  for (int side = -1; side < 2; side += 2) {
    float x = -32;
    while (x < 32) {
      x += draws_between(&from, 2.2f, 6.5f);
      const place at = {{x, (float)side * (SITE_KERB + draws_between(&from, 0.3f, 0.5f)), 0}, 0};
      made->count = 0;
      add_prop *const kind = kinds[draws_below(&from, (int)(sizeof kinds / sizeof *kinds))];
      kind(made, &at, &from);
      if (is_in_the_way(of, at.origin, kind == add_tree)) continue;
      draw_object(of, on, made);
    }
  }
  free(made);
  return CLREID_OK;
}
