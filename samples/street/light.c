/*
 * light.c - see light.h.
 */
#include "light.h"

float light_sun_at(const light *of, vector point)
{
  if (fabsf(of->sun.y) < 0.01f) return 1;
  const float wall = of->sun.y > 0 ? of->wall_metres : -of->wall_metres;
  const float way = (wall - point.y) / of->sun.y;
  if (way <= 0) return 1;
  const float x = point.x + way * of->sun.x;
  /* Roofs are not all of one height. */
  const float roof = of->roof_metres + 0.8f * sinf(floorf(x / 8) * 2.3f);
  return ramp(-0.15f, 0.15f, point.z + way * of->sun.z - roof);
}

static float brightness(vector colour)
{
  return 0.3f * colour.x + 0.6f * colour.y + 0.1f * colour.z;
}

float light_sun_share(const light *of)
{
  const float sun = brightness(of->sun_colour) * of->sun.z;
  return sun / (sun + brightness(of->sky_colour));
}

vector light_sky(const light *of, vector direction)
{
  const vector horizon = add(scale(of->sky_colour, 0.8f), scale(of->sun_colour, 0.2f));
  return blend(horizon, scale(of->sky_colour, 0.9f), ramp(0, 0.6f, direction.z));
}

vector light_on(const light *of, vector point, vector normal, vector view, surface meets, float openness)
{
  const float facing = dot(normal, of->sun), lit = facing > 0 ? light_sun_at(of, point) : 0;
  const float up = 0.5f + 0.5f * normal.z;
  vector sum = scale(of->sky_colour, up * openness);
  sum = add(sum, scale(of->ground_colour, (1 - up) * openness));
  if (lit > 0) sum = add(sum, scale(of->sun_colour, facing * lit));
  vector seen = multiply(meets.colour, sum);
  if (meets.gloss <= 0.02f) return seen;
  const float towards = dot(normal, view);
  const vector mirrored = subtract(view, scale(normal, 2 * towards));
  const float graze = 1 - fabsf(towards), share = meets.gloss * (0.12f + 0.88f * graze * graze * graze * graze);
  const vector around =
      mirrored.z > 0.25f ? light_sky(of, mirrored)
                         : blend(scale(of->ground_colour, 0.6f), light_sky(of, mirrored), ramp(0, 0.25f, mirrored.z));
  const float glint = dot(mirrored, of->sun);
  seen = add(scale(seen, 1 - share), scale(around, share * openness));
  if (glint > 0.9f) seen = add(seen, scale(of->sun_colour, 2 * meets.gloss * ramp(0.96f, 1, glint) * lit));
  return seen;
}

vector light_through_haze(const light *of, vector colour, float metres)
{
  const float left = expf(-metres / of->haze_metres);
  return add(scale(colour, left), scale(light_sky(of, (vector){0, 0, 0}), 1 - left));
}
