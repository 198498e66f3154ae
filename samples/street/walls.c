/*
 * walls.c - the part of site.h that paints the ground and the houses: shops with signs, doors, windows, slabs and road
 * markings. Everything hangs on the number of the house and the seed.
 */
#include "palette.h"
#include "site.h"

enum house_fact { FACT_WALL, FACT_KIND, FACT_TRIM, FACT_SIGN, FACT_DOOR, FACT_WINDOW, FACT_HEIGHT, FACT_BRICK };

#define HOUSE_METRES  7.f
#define STOREY_METRES 3.2f

typedef struct house {
  uint64_t seed;
  int number;
  float x; /* from its left edge, 0 to HOUSE_METRES */
} house;

static house house_at(const site *of, int side, float x)
{
  const uint64_t seed = of->seed * 2 + (uint64_t)(side > 0);
  const float shifted = x + 100 * HOUSE_METRES + HOUSE_METRES * draws_at(seed, 1, 2, 3);
  const int number = (int)floorf(shifted / HOUSE_METRES);
  return (house){seed, number, shifted - (float)number * HOUSE_METRES};
}

static float fact(const house *of, int which)
{
  return draws_at(of->seed, of->number, which, 7);
}

static vector pick(const int *colours, int count, float share)
{
  const int at = (int)(share * (float)count);
  return palette_linear(colours[at < count ? at : count - 1]);
}

float wall_height(const site *of, int side, float x)
{
  const house h = house_at(of, side, x);
  return STOREY_METRES * (2 + floorf(3 * fact(&h, FACT_HEIGHT))) + 0.6f;
}

static bool inside(float value, float least, float most)
{
  return value >= least && value < most;
}

static surface matt(vector colour)
{
  return (surface){colour, 0};
}

/* ---- Houses ------------------------------------------------------------------------------------------------------ */

static vector masonry(const house *h, float x, float z)
{
  const vector colour = pick(palette_walls, PALETTE_WALLS, fact(h, FACT_WALL));
  const float stain =
      0.85f + 0.25f * draws_smooth(h->seed, x * 0.9f, z * 1.3f) + 0.06f * draws_smooth(h->seed, x * 9, z * 9);
  if (fact(h, FACT_BRICK) > 0.55f) return scale(colour, stain);
  const int course = (int)floorf(z / 0.16f);
  const float along = (h->x + 0.2f * (float)(course & 1)) / 0.4f;
  const bool joint = fraction(z / 0.16f) < 0.13f || fraction(along) < 0.06f;
  const float each = 0.86f + 0.28f * draws_at(h->seed, course, (int)floorf(along), h->number);
  return joint ? scale(blend(colour, (vector){0.5f, 0.48f, 0.44f}, 0.5f), stain) : scale(colour, stain * each);
}

/* A window of so many metres about its middle; u and v are the distances from there. */
static surface window(const house *h, float u, float v, float half_width, float half_height, uint32_t number)
{
  const vector frame = fact(h, FACT_TRIM) > 0.3f ? (vector){0.8f, 0.8f, 0.78f} : (vector){0.08f, 0.1f, 0.09f};
  const float edge = fminf(half_width - fabsf(u), half_height - fabsf(v));
  if (edge < 0.07f || fabsf(u) < 0.03f || fabsf(v - 0.25f * half_height) < 0.025f) return matt(frame);
  const float curtain = draws_at(h->seed, (int)number, h->number, 3);
  if (curtain < 0.4f && fabsf(u) > half_width * (0.45f + 0.5f * curtain)) {
    return (surface){scale((vector){0.6f, 0.57f, 0.5f}, 0.75f + 0.25f * sinf(u * 60)), 0.4f};
  }
  if (curtain > 0.8f && v > half_height * (curtain - 0.8f) * 4) return (surface){{0.5f, 0.5f, 0.46f}, 0.4f};
  return (surface){{0.03f, 0.035f, 0.04f}, 1};
}

static surface upper_storey(const house *h, float x, float z)
{
  const float up = fraction((z - 0.6f) / STOREY_METRES) * STOREY_METRES;
  const int count = 2 + (int)(2 * fact(h, FACT_WINDOW));
  const float pitch = HOUSE_METRES / (float)count, u = (fraction(h->x / pitch) - 0.5f) * pitch, v = up - 1.6f;
  const float half_width = 0.38f + 0.25f * fact(h, FACT_TRIM);
  const uint32_t number = (uint32_t)(floorf(h->x / pitch) + 8 * floorf(z / STOREY_METRES));
  if (fabsf(u) < half_width && fabsf(v) < 0.8f) return window(h, u, v, half_width, 0.8f, number);
  if (fabsf(u) < half_width + 0.1f && inside(v, -0.92f, -0.8f)) return matt((vector){0.55f, 0.53f, 0.5f});
  if (fabsf(u) < half_width + 0.1f && inside(v, 0.8f, 1)) return matt(scale(masonry(h, x, z), 0.75f));
  if (up < 0.12f) return matt(scale(masonry(h, x, z), 0.8f));
  return matt(masonry(h, x, z));
}

static surface door(const house *h, float u, float z)
{
  const vector colour = pick(palette_clothes, PALETTE_CLOTHES, fact(h, FACT_DOOR));
  if (fabsf(u) > 0.5f || z > 2.2f) return matt((vector){0.7f, 0.69f, 0.66f});
  if (inside(z, 1.45f, 2) && fabsf(u) < 0.33f && fabsf(u) > 0.04f) return (surface){{0.04f, 0.045f, 0.05f}, 1};
  const bool panel = fabsf(u) > 0.08f && fabsf(u) < 0.38f && (inside(z, 0.25f, 0.7f) || inside(z, 0.85f, 1.3f));
  if (inside(u, 0.38f, 0.44f) && inside(z, 0.95f, 1.1f)) return (surface){{0.7f, 0.6f, 0.3f}, 0.5f};
  return (surface){scale(colour, panel ? 0.7f : 1), 0.15f};
}

static surface home(const house *h, float x, float z)
{
  const float at = 1.2f + 4.6f * fact(h, FACT_DOOR), u = h->x - at;
  if (fabsf(u) < 0.6f && z < 2.32f) return door(h, u, z);
  if (z < 0.45f) return matt(scale(masonry(h, x, z), 0.55f));
  for (int i = 0; i < 3; ++i) {
    const float middle = 1.1f + 2.4f * (float)i, du = h->x - middle, dv = z - 1.65f;
    if (fabsf(middle - at) < 1.35f) continue;
    if (fabsf(du) < 0.65f && fabsf(dv) < 0.75f) return window(h, du, dv, 0.65f, 0.75f, (uint32_t)i);
    if (fabsf(du) < 0.75f && inside(dv, -0.87f, -0.75f)) return matt((vector){0.55f, 0.53f, 0.5f});
  }
  return matt(masonry(h, x, z));
}

/* Goods behind glass: shelves of coloured things. */
static surface shown_goods(const house *h, float z)
{
  const int column = (int)floorf(h->x / 0.24f), shelf = (int)floorf(z / 0.5f);
  const float chosen = draws_at(h->seed, column, shelf, h->number), tall = 0.2f + 0.7f * fraction(chosen * 7);
  if (fraction(z / 0.5f) < 0.08f) return (surface){{0.2f, 0.19f, 0.17f}, 0.8f};
  if (chosen > 0.35f && fraction(z / 0.5f) < tall && fabsf(fraction(h->x / 0.24f) - 0.5f) < 0.36f) {
    return (surface){scale(pick(palette_clothes, PALETTE_CLOTHES, fraction(chosen * 13)), 0.45f), 0.8f};
  }
  return (surface){{0.06f, 0.055f, 0.05f}, 0.9f};
}

static surface sign(const house *h, float z)
{
  const vector board = pick(palette_clothes, PALETTE_CLOTHES, fact(h, FACT_SIGN));
  const bool bright = board.x + board.y + board.z > 0.9f;
  const float begin = 0.8f + 1.5f * fact(h, FACT_DOOR), end = HOUSE_METRES - 0.9f - 2 * fact(h, FACT_WINDOW);
  if (inside(h->x, begin, end) && inside(z, 2.72f, 3.07f)) {
    const int column = (int)((h->x - begin) / 0.085f), row = (int)((z - 2.72f) / 0.07f);
    if (column % 4 != 3 && column / 4 % 7 != 5 &&
        draws_at(h->seed, column / 4 * 4 + column % 4, row, h->number) < 0.62f) {
      return matt(bright ? (vector){0.06f, 0.05f, 0.05f} : (vector){0.8f, 0.77f, 0.65f});
    }
  }
  return (surface){board, 0.1f};
}

static surface shop(const house *h, float x, float z)
{
  const vector trim = pick(palette_clothes, PALETTE_CLOTHES, fact(h, FACT_TRIM));
  const float at = fact(h, FACT_DOOR) > 0.5f ? 1.3f : HOUSE_METRES - 1.3f, u = h->x - at;
  if (h->x < 0.3f || h->x > HOUSE_METRES - 0.3f) return matt(masonry(h, x, z));
  if (inside(z, 2.6f, 3.2f)) return sign(h, z);
  if (z > 3.2f) return matt(scale(masonry(h, x, z), 0.8f));
  if (fabsf(u) < 0.55f) {
    if (fabsf(u) > 0.47f || z < 0.25f || z > 2.2f) return (surface){trim, 0.1f};
    if (inside(u, 0.3f, 0.36f) && inside(z, 0.8f, 1.3f)) return (surface){{0.6f, 0.6f, 0.6f}, 0.4f};
    return (surface){{0.04f, 0.042f, 0.045f}, 1};
  }
  if (z < 0.5f) return (surface){scale(trim, fabsf(fraction(h->x / 0.9f) - 0.5f) < 0.4f ? 0.75f : 1), 0.1f};
  if (z > 2.5f || fabsf(fraction(h->x / 1.75f) - 0.5f) > 0.475f) return (surface){trim, 0.1f};
  return shown_goods(h, z);
}

surface wall_surface(const site *of, int side, float x, float z)
{
  const house h = house_at(of, side, x);
  const float top = wall_height(of, side, x);
  if (h.x < 0.05f) return matt((vector){0.15f, 0.14f, 0.13f});
  if (z > top - 0.35f) return matt(scale(masonry(&h, x, z), z > top - 0.12f ? 1.15f : 0.65f));
  if (z > STOREY_METRES + 0.6f) return upper_storey(&h, x, z);
  return fact(&h, FACT_KIND) < 0.6f ? shop(&h, x, z) : home(&h, x, z);
}

/* ---- Ground ------------------------------------------------------------------------------------------------------ */

static vector road(const site *of, float x, float y)
{
  const float grain = draws_at(of->seed, (int)floorf(x * 40), (int)floorf(y * 40), 1);
  const float worn = draws_smooth(of->seed, x * 0.5f, y * 1.5f), wheels = 0.04f * cosf((fabsf(y) - SITE_LANE) * 4.2f);
  const float tone = 0.095f + 0.03f * worn + 0.025f * grain + 0.3f * wheels * wheels;
  const vector colour = {tone, tone * 1.01f, tone * 1.04f};
  const float faded = 0.35f + 0.6f * draws_smooth(of->seed ^ 9, x * 3, y * 5);
  const float zebra = 4 + 9 * draws_at(of->seed, 3, 3, 3);
  const bool crossing = fabsf(x - zebra) < 1.3f || fabsf(x + zebra) < 1.3f;
  if (crossing && fraction(y / 0.95f + 0.25f) < 0.5f && fabsf(y) < SITE_KERB - 0.2f) {
    return blend(colour, (vector){0.62f, 0.62f, 0.6f}, faded);
  }
  if (!crossing && fabsf(y) < 0.06f && fraction(x / 3) < 0.55f)
    return blend(colour, (vector){0.6f, 0.6f, 0.58f}, faded);
  if (!crossing && inside(SITE_KERB - fabsf(y), 0.22f, 0.31f))
    return blend(colour, (vector){0.62f, 0.5f, 0.12f}, faded);
  const float mx = fraction(x / 11) * 11 - 4, my = y - 0.7f;
  if (mx * mx + my * my < 0.1f) return (vector){0.05f, 0.048f, 0.045f};
  return SITE_KERB - fabsf(y) < 0.2f ? scale(colour, 0.7f) : colour;
}

static vector pavement(const site *of, float x, float y)
{
  const float size = draws_at(of->seed, 4, 4, 4) < 0.5f ? 0.6f : 0.45f;
  const int row = (int)floorf(y / size), column = (int)floorf(x / size + 0.5f * (float)(row & 1));
  const float each = draws_at(of->seed, column, row, 2),
              grain = draws_at(of->seed, (int)floorf(x * 45), (int)floorf(y * 45), 3);
  const float tone = 0.25f + 0.07f * each + 0.03f * grain - 0.09f * draws_smooth(of->seed ^ 3, x * 0.8f, y * 1.2f);
  const bool joint = fraction(y / size) < 0.035f || fraction(x / size + 0.5f * (float)(row & 1)) < 0.035f;
  const float warm = draws_at(of->seed, 5, 5, 5);
  return scale((vector){1 + 0.12f * warm, 1, 0.97f - 0.12f * warm}, joint ? 0.6f * tone : tone);
}

surface ground_surface(const site *of, float x, float y)
{
  const float across = fabsf(y);
  if (across < SITE_KERB) return (surface){road(of, x, y), 0.04f};
  if (across < SITE_KERB + 0.16f) {
    const float tone = (fraction(x / 0.9f) < 0.02f ? 0.2f : 0.4f) * (across < SITE_KERB + 0.04f ? 0.55f : 1);
    return matt((vector){tone, tone, tone * 0.97f});
  }
  return (surface){pavement(of, x, y), 0.02f};
}
