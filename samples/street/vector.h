/*
 * vector.h - points, directions and linear-light colours as three floats.
 *
 * The street's axes in metres: x along it, y across it, z up.
 */
#ifndef VECTOR_H
#define VECTOR_H

#include <math.h>

#define PI 3.14159265f

typedef struct vector {
  float x, y, z;
} vector;

static inline vector add(vector a, vector b)
{
  return (vector){a.x + b.x, a.y + b.y, a.z + b.z};
}

static inline vector subtract(vector a, vector b)
{
  return (vector){a.x - b.x, a.y - b.y, a.z - b.z};
}

static inline vector scale(vector a, float by)
{
  return (vector){a.x * by, a.y * by, a.z * by};
}

static inline vector multiply(vector a, vector b)
{
  return (vector){a.x * b.x, a.y * b.y, a.z * b.z};
}

static inline float dot(vector a, vector b)
{
  return a.x * b.x + a.y * b.y + a.z * b.z;
}

static inline vector cross(vector a, vector b)
{
  return (vector){a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

static inline vector unit(vector a)
{
  const float length = sqrtf(dot(a, a));
  return length > 0 ? scale(a, 1 / length) : a;
}

static inline vector blend(vector a, vector b, float share)
{
  return add(scale(a, 1 - share), scale(b, share));
}

static inline float clamp(float value, float least, float most)
{
  return value < least ? least : value > most ? most : value;
}

/* 0 up to from, 1 beyond to, smooth between. */
static inline float ramp(float from, float to, float value)
{
  const float share = clamp((value - from) / (to - from), 0, 1);
  return share * share * (3 - 2 * share);
}

static inline float fraction(float value)
{
  return value - floorf(value);
}

#endif
