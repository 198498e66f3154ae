/*
 * shape.h - the solids that everything in the street but its ground and walls is made of, and where a ray meets them.
 *
 * A limb is a tapered tube of elliptic section with round or flat ends: arms, heads, wheels, lamp posts, crowns of
 * trees. A convex body is what is left between planes: cars, boxes, benches. Shapes know their colour by a function;
 * light is the business of light.h.
 */
#ifndef SHAPE_H
#define SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "vector.h"

enum { SHAPE_MOST_PLANES = 10, OBJECT_MOST_SHAPES = 96 };

typedef enum shape_kind { SHAPE_LIMB, SHAPE_CONVEX } shape_kind;

typedef struct shape shape;

/* What light meets at a point. */
typedef struct surface {
  vector colour; /* share of the light that is given back, linear */
  float gloss;   /* 0 cloth ... 1 glass */
} surface;

/* point and normal are in the shape's own axes; along a limb z runs from 0 to its length. */
typedef surface shape_surface(const shape *of, vector point, vector normal);

struct shape {
  shape_kind kind;
  vector origin, axes[3]; /* in the street; axes are of length 1 and at right angles */
  /* ---- Limbs */
  float length, start_radius, end_radius;
  float flatness;               /* its extent along y, as a share of that along x */
  float start_round, end_round; /* height of the round end as a share of the radius; 0 is flat */
  /* ---- Convex bodies */
  int plane_count;
  struct {
    vector normal;
    float distance;
  } planes[SHAPE_MOST_PLANES];
  vector low, high; /* a box around it, in its own axes */
  /* ---- Looks */
  shape_surface *surface;
  const void *look; /* what surface wants to know of the whole object */
  int part;         /* and of this shape */
  vector colour;
};

typedef struct object {
  int count;
  shape shapes[OBJECT_MOST_SHAPES];
} object;

/* An object's place in the street: its own x is ahead, y to the left, z up. */
typedef struct place {
  vector origin;
  float heading; /* radians from the street's x */
} place;

/* The lines p = origin + t * (direction + column * right + row * down) in the axes of one shape. */
typedef struct shape_rays {
  vector origin, direction, right, down;
} shape_rays;

/* Adds a limb from a to b, in the object's axes. side tells which way its x points. */
shape *object_add_limb(object *to, const place *at, vector a, vector b, float start_radius, float end_radius,
                       vector side);
/* Adds a body without planes; its axes are those of the object, turned by `turn` radians about z. */
shape *object_add_convex(object *to, const place *at, vector origin, float turn);
shape *object_add_box(object *to, const place *at, vector centre, vector half, float turn);
void shape_add_plane(shape *to, vector normal, float distance);

/* Transforms the rays of a camera at `from`. */
shape_rays shape_rays_of(const shape *of, vector from, vector direction, vector right, vector down);
/* The least t at which the ray enters, or a negative number. */
float shape_meet(const shape *of, const shape_rays *rays, float column, float row);
/* The point and normal of a meeting, in the shape's axes. */
void shape_point(const shape *of, const shape_rays *rays, float column, float row, float t, vector *point,
                 vector *normal);
vector shape_to_street(const shape *of, vector direction);

#endif
