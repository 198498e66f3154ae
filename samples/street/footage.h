/*
 * footage.h - a street's two cameras as videos, each with the truth about every frame and what a detector would have
 * said.
 */
#ifndef FOOTAGE_H
#define FOOTAGE_H

#include <stdint.h>

#include <clreid/clreid_status.h>

typedef struct footage_config {
  const char *folder;
  uint64_t seed;
  int seconds, persons, cars;
} footage_config;

/* Writes FOLDER/cameraN.mp4 and, as lines of MOTChallenge, FOLDER/cameraN.gt.txt (frame from 1, identity from 1, left,
 * top, width, height, 1, class, visibility) and FOLDER/cameraN.det.txt (frame, -1, left, top, width, height, score, -1,
 * -1, -1), N being 1 and 2. Class 1 is a pedestrian, 3 a car. Objects of which no pixel is seen have no line. */
clreid_status footage_write(const footage_config *config, clreid_error *error);

#endif
