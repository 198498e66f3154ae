/*
 * light.h - how bright a surface of the street is: sun, sky, what the ground throws back, and the shade of the houses.
 */
#ifndef LIGHT_H
#define LIGHT_H

#include "shape.h"

typedef struct light {
  vector sun; /* the direction towards it, of length 1 */
  vector sun_colour, sky_colour, ground_colour;
  float roof_metres; /* height of the houses that throw their shade */
  float wall_metres; /* their distance from the middle of the road */
  float haze_metres; /* what is so far away has lost two thirds of its colour */
} light;

/* The share of the sun that reaches a point, 0 to 1. */
float light_sun_at(const light *of, vector point);
/* How much of the light on open ground is the sun's, 0 to 1. */
float light_sun_share(const light *of);
vector light_sky(const light *of, vector direction);
/* The light that goes from a surface to an eye; view is the direction from the eye, openness the share of the sky that
 * nothing hides. */
vector light_on(const light *of, vector point, vector normal, vector view, surface meets, float openness);
vector light_through_haze(const light *of, vector colour, float metres);

#endif
