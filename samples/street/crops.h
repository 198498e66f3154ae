/*
 * crops.h - pictures of persons and vehicles cut from the footage of many streets, named as Market-1501 names them.
 */
#ifndef CROPS_H
#define CROPS_H

#include <stdint.h>

#include <clreid/clreid_status.h>

typedef struct crops_config {
  const char *folder;
  uint64_t seed;
  int streets, persons, cars; /* persons and cars of each street */
  int views;                  /* pictures of an identity and camera, at most */
} crops_config;

/* Writes FOLDER/PPPPP_cCCCs1_FFFFFF_BB.png: identity (from 1, over all streets), camera (2 a street, from 1), frame,
 * and the place among the boxes of the frame. */
clreid_status crops_write(const crops_config *config, uint64_t *written, clreid_error *error);

#endif
