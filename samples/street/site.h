/*
 * site.h - the piece of the street that one camera sees: the camera itself, the light, and everything that stands
 * still.
 */
#ifndef SITE_H
#define SITE_H

#include <clreid/clreid_status.h>

#include "lens.h"
#include "light.h"
#include "raster.h"

/* Metres from the middle of the road. */
#define SITE_KERB 2.9f  /* where the pavements begin */
#define SITE_WALK 3.75f /* what stands on pavements stands nearer to the road */
#define SITE_WALL 5.9f  /* houses */
#define SITE_LANE 1.45f /* the middle of a lane */

typedef struct site {
  uint64_t seed;
  view view;
  light light;
  lens lens;
  sample *backdrop; /* [RASTER_ROWS][RASTER_COLUMNS] */
  uint8_t *picture; /* the backdrop developed, [RASTER_HEIGHT][RASTER_WIDTH][3] */
} site;

/* Where the camera'th camera of a street stands, 0 or 1. */
view site_view(uint64_t seed, int camera);
/* Draws all that stands still before a camera. raster is used and left dirty. */
clreid_status site_create(uint64_t seed, int camera, raster *with, site *made, clreid_error *error);
void site_free(site *made);

/* What things without a shape look like. */
surface ground_surface(const site *of, float x, float y);
/* A wall at y = SITE_WALL (side 1) or -SITE_WALL (side -1), seen at x and at height z. */
surface wall_surface(const site *of, int side, float x, float z);
/* How high the houses are there. */
float wall_height(const site *of, int side, float x);
/* Draws what stands on the pavements. */
clreid_status props_draw(const site *of, raster *on, clreid_error *error);

#endif
