/*
 * street.h - who passes which camera when: the persons and cars of a street, their ways and their times.
 *
 * An identity is a number from 0: persons first, then cars. In files it is that number plus one, the same for both
 * cameras.
 */
#ifndef STREET_H
#define STREET_H

#include <clreid/clreid_status.h>

#include "car.h"
#include "figure.h"
#include "site.h"

enum { STREET_CAMERAS = 2, VISIT_MOST_POINTS = 6 };

/* A way past a camera at one speed. */
typedef struct visit {
  int identity;
  int point_count;
  vector points[VISIT_MOST_POINTS];
  float speed;               /* metres a second */
  float start, enter, leave; /* seconds: of the way; and of the part that is seen well */
} visit;

typedef struct street {
  uint64_t seed;
  int persons, cars;
  float seconds;
  figure *figures;               /* [persons] */
  car *driven;                   /* [cars] */
  visit *visits[STREET_CAMERAS]; /* [visit_counts[camera]] */
  int visit_counts[STREET_CAMERAS];
} street;

/* passes_both: nobody passes one camera alone. */
clreid_status street_create(uint64_t seed, int persons, int cars, float seconds, bool passes_both,
                            const view views[STREET_CAMERAS], street *made, clreid_error *error);
void street_free(street *made);

bool visit_is_on(const visit *of, float seconds);
/* Poses the visitor of a visit that is on. */
void street_pose(const street *of, const visit *by, float seconds, object *made);

#endif
