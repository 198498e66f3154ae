/*
 * scene.h - one moment of one camera: everybody drawn, and the truth about where each is and how much of it is seen.
 */
#ifndef SCENE_H
#define SCENE_H

#include "street.h"

/* In pixels; edges, so that width is right - left. */
typedef struct truth {
  int identity;
  area box;         /* of all its pixels inside the frame, hidden ones too */
  float visibility; /* the share of its pixels that is seen, 0 to 1 */
} truth;

typedef struct scene {
  const street *street;
  const site *site;
  int camera;
  raster raster;
  object *posed; /* of the visit at hand */
  truth *truths; /* [truth_count] */
  int truth_count;
  area *dirty; /* [dirty_count] samples that differ from the backdrop */
  int dirty_count;
} scene;

/* Borrows the street, the site and the raster, which holds the site's backdrop. */
clreid_status scene_create(const street *of, const site *at, int camera, raster with, scene *made, clreid_error *error);
void scene_free(scene *made);
void scene_render(scene *of, float seconds);
/* Develops what is dirty into a picture that holds the site's own one. */
void scene_develop(const scene *of, uint8_t *picture);
/* Puts the site's own picture back where something was developed. */
void scene_clean(const scene *of, uint8_t *picture);

/* What a detector would have seen of a truth; left == right: nothing. */
area truth_detect(const truth *of, uint64_t seed, int camera, int frame, float *score);
/* A box where nobody is, in a few frames; left == right: none. */
area truth_mistake(uint64_t seed, int camera, int frame, float *score);

#endif
