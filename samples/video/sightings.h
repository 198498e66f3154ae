/*
 * sightings.h - the result for one camera: who is where in which frame.
 *
 * Made of the boxes that have a track; where a track has no box for a moment, straight lines between the box before and
 * the one after fill the hole.
 */
#ifndef SIGHTINGS_H
#define SIGHTINGS_H

#include "camera.h"

typedef struct sighting {
  uint64_t frame;
  size_t identity; /* from 0; shown and written from 1 */
  clreid_box box;
  float score;
  bool filled; /* no box was found here */
} sighting;

typedef struct sighting_list {
  sighting *items; /* [count], by frame, then by identity */
  size_t count;
} sighting_list;

/* Holes of up to fill_seconds are filled. On success give the list to sightings_free. */
clreid_status sightings_collect(const camera *of, double fill_seconds, sighting_list *list, clreid_error *error);
void sightings_free(sighting_list *list);

/* The first item of the frame or of a later one. */
size_t sightings_find(const sighting_list *list, uint64_t frame);

/* MOTChallenge result form, a row of text each: frame,id,x,y,width,height,score,-1,-1,-1. */
clreid_status sightings_write(const char *path, const sighting_list *list, clreid_error *error);

#endif
