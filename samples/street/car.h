/*
 * car.h - what drives in the street: bodies, paints and what is stuck on them.
 */
#ifndef CAR_H
#define CAR_H

#include "draws.h"
#include "shape.h"

typedef enum car_body { CAR_HATCHBACK, CAR_SALOON, CAR_ESTATE, CAR_VAN, CAR_PICKUP, CAR_BODIES } car_body;
typedef enum car_mark {
  MARK_NONE,
  MARK_BELT,    /* a stripe along the side */
  MARK_SILLS,   /* the lower half in another colour */
  MARK_RALLY,   /* two stripes along bonnet, roof and boot */
  MARK_DISC,    /* a disc on the doors */
  MARK_LETTERS, /* blocks of writing on the side */
  MARK_CHEQUER, /* a chequered belt */
  MARK_WEDGE,   /* the rear part in another colour */
  CAR_MARKS,
} car_mark;
typedef enum car_load { LOAD_NONE, LOAD_RACK, LOAD_BOX, LOAD_LADDER, LOAD_SIGN, CAR_LOADS } car_load;

typedef struct car {
  car_body body;
  car_mark mark;
  car_load load;
  int paint, second, load_colour; /* places in the palette */
  bool second_roof;               /* the roof has the second colour */
  bool dark_wheels;
  float grime;   /* 0 to 1 */
  uint64_t seed; /* of letters and plates */
} car;

car car_draw(draws *from);
float car_difference(const car *a, const car *b);
void car_pose(const car *of, const place *at, float driven, object *made);

#endif
