/*
 * draws.h - random numbers that depend on nothing but a seed and a place: the same on every run and in every thread.
 */
#ifndef DRAWS_H
#define DRAWS_H

#include <stdbool.h>
#include <stdint.h>

/* What is drawn for: each has its own stream. */
typedef enum draws_purpose {
  DRAWS_STREET,
  DRAWS_FIGURE,
  DRAWS_CAR,
  DRAWS_SITE,
  DRAWS_VISIT,
  DRAWS_LANE,
  DRAWS_SCENERY,
  DRAWS_LENS,
  DRAWS_DETECTOR,
} draws_purpose;

typedef struct draws {
  uint64_t key, count;
} draws;

draws draws_begin(uint64_t seed, draws_purpose purpose, uint64_t index);
uint64_t draws_bits(draws *from);
float draws_between(draws *from, float least, float most);
int draws_below(draws *from, int count); /* 0 ... count - 1 */
bool draws_chance(draws *from, float chance);
float draws_normal(draws *from); /* mean 0, deviation 1 */

/* A number from 0 to 1 of a place in a grid. */
float draws_at(uint64_t seed, int x, int y, int z);
/* Smooth noise from 0 to 1 over the plane, of features one unit wide. */
float draws_smooth(uint64_t seed, float x, float y);

#endif
