/*
 * car_surface.h - the measures of car bodies, and the colours of their parts.
 */
#ifndef CAR_SURFACE_H
#define CAR_SURFACE_H

#include "car.h"

/* A side view in metres: x ahead of the middle, z up from the road. */
typedef struct car_measures {
  float half_length, half_width;
  float sill, belt, roof;        /* heights */
  float nose;                    /* height of the front edge of the bonnet */
  float axle_front, axle_rear;   /* x */
  float wheel;                   /* radius */
  float cabin_front, cabin_rear; /* x of the glass at the belt */
  float roof_front, roof_rear;   /* and at the roof */
  float boot;                    /* height of the rear edge */
  float glass_rear;              /* x where the side glass ends: vans are closed behind it */
} car_measures;

extern const car_measures car_measures_of[CAR_BODIES];

shape_surface car_body_surface, car_cabin_surface, car_wheel_surface, car_plain_surface, car_sign_surface;

#endif
