/*
 * site.c - see site.h. The backdrop is ground, walls and sky, then what stands before them with its shadows.
 */
#include "site.h"

#include <stdlib.h>
#include <string.h>

#include "console.h"

/* Camera 1 looks along the way of those who walk towards x, camera 2 comes towards them or looks across: people show
 * their backs to one and faces or sides to the other. */
static view draw_view(draws *from, int camera)
{
  const float side = draws_chance(from, 0.5f) ? 1 : -1;
  const float height = draws_between(from, 2.6f, 4.4f), back = SITE_WALL - 0.4f;
  const float turn = camera ? draws_between(from, 0.7f, 1.1f) : draws_between(from, 0.42f, 0.72f);
  const float yaw = camera ? PI - turn : turn;
  const float focal = draws_between(from, 780, 920), pitch = draws_between(from, 0.17f, 0.24f) + 0.02f * (height - 3);
  return view_make((vector){0, -side * back, height}, side * yaw, pitch, focal);
}

static light draw_light(draws *from)
{
  const float high = draws_between(from, 0.65f, 1.1f), round = draws_between(from, 0, 2 * PI);
  const float cloud = draws_chance(from, 0.25f) ? draws_between(from, 0.7f, 1) : draws_between(from, 0, 0.4f);
  const float sun = 1.35f * (1 - cloud), sky = 0.42f + 0.38f * cloud, warm = draws_between(from, 0, 1);
  return (light){.sun = {cosf(round) * cosf(high), sinf(round) * cosf(high), sinf(high)},
                 .sun_colour = {sun * (1 + 0.05f * warm), sun * (0.96f - 0.06f * warm), sun * (0.88f - 0.2f * warm)},
                 .sky_colour = {sky * 0.9f, sky * 0.98f, sky * (1.08f + 0.1f * (1 - cloud))},
                 .ground_colour = {sky * 0.5f, sky * 0.47f, sky * 0.43f},
                 .roof_metres = draws_between(from, 2.2f, 6),
                 .wall_metres = SITE_WALL,
                 .haze_metres = draws_between(from, 150, 400)};
}

/* ---- Ground, walls and sky --------------------------------------------------------------------------------------- */

typedef struct found {
  float t;
  int side; /* of the wall; 0: the ground */
} found;

static found find(const site *of, vector d)
{
  const vector o = of->view.from;
  found made = {1e9f, 0};
  if (d.z < -1e-5f) made.t = -o.z / d.z;
  for (int side = -1; side < 2; side += 2) {
    if (d.y * (float)side <= 1e-5f) continue;
    const float t = ((float)side * SITE_WALL - o.y) / d.y;
    if (t > 0 && t < made.t && o.z + t * d.z < wall_height(of, side, o.x + t * d.x)) made = (found){t, side};
  }
  return made;
}

static vector sky_seen(const site *of, vector d)
{
  const vector n = unit(d);
  const float cloud = draws_smooth(of->seed ^ 5, 4 * n.y / (n.z + 0.25f), 4 * n.x / (n.z + 0.25f));
  const vector clear = scale(multiply(of->light.sky_colour, (vector){0.75f, 1, 1.4f}), 1.3f);
  return blend(clear, scale(light_sky(&of->light, (vector){0, 0, 0}), 1.5f), clamp(0.35f + 0.9f * cloud - n.z, 0, 1));
}

static vector seen_along(const site *of, vector d, float *distance)
{
  const found at = find(of, d);
  *distance = at.t;
  if (at.t > 200) return sky_seen(of, d);
  const vector point = add(of->view.from, scale(d, at.t)), look = unit(d);
  vector normal = {0, (float)-at.side, 0};
  float openness = 1;
  surface meets;
  if (at.side) {
    meets = wall_surface(of, at.side, point.x, point.z);
    openness = 0.55f + 0.3f * ramp(0, 3, point.z);
  } else {
    normal = (vector){0, 0, 1};
    meets = ground_surface(of, point.x, point.y);
    openness = 0.5f + 0.5f * ramp(0, 1.6f, SITE_WALL - fabsf(point.y));
  }
  return light_through_haze(&of->light, light_on(&of->light, point, normal, look, meets, openness), at.t);
}

static void draw_backdrop(const site *of, raster *on)
{
  for (int row = 0; row < RASTER_ROWS; ++row) {
    for (int column = 0; column < RASTER_COLUMNS; ++column) {
      sample *at = on->samples + (size_t)row * RASTER_COLUMNS + column;
      at->id = 0;
      raster_store(at, seen_along(of, view_direction(&of->view, (float)column, (float)row), &at->distance));
    }
  }
}

view site_view(uint64_t seed, int camera)
{
  draws from = draws_begin(seed, DRAWS_SITE, (uint64_t)camera);
  return draw_view(&from, camera);
}

/* ---- Life -------------------------------------------------------------------------------------------------------- */

clreid_status site_create(uint64_t seed, int camera, raster *with, site *made, clreid_error *error)
{
  const size_t samples = (size_t)RASTER_COLUMNS * RASTER_ROWS * sizeof(sample);
  draws from = draws_begin(seed, DRAWS_SITE, (uint64_t)camera),
        of_lens = draws_begin(seed, DRAWS_LENS, (uint64_t)camera);
  *made = (site){.view = draw_view(&from, camera)};
  made->seed = draws_bits(&from);
  made->light = draw_light(&from);
  lens_draw(&of_lens, 0.3f, &made->lens);
  made->backdrop = malloc(samples);
  made->picture = malloc((size_t)RASTER_WIDTH * RASTER_HEIGHT * 3);
  clreid_status status = CLREID_OK;
  if (!made->backdrop || !made->picture) {
    status = console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for a backdrop of %zu bytes", samples);
  }
  if (status == CLREID_OK) {
    draw_backdrop(made, with);
    status = props_draw(made, with, error);
  }
  if (status != CLREID_OK) {
    site_free(made);
    return status;
  }
  memcpy(made->backdrop, with->samples, samples);
  lens_develop(&made->lens, with, (area){0, 0, RASTER_WIDTH, RASTER_HEIGHT}, made->picture);
  return CLREID_OK;
}

void site_free(site *made)
{
  free(made->backdrop);
  free(made->picture);
  made->backdrop = NULL;
  made->picture = NULL;
}
