/*
 * raster.h - what a camera of the street sees, sample by sample: four samples a pixel, each with its colour, its
 * distance and the object it belongs to.
 *
 * Owns the perspective and the drawing of objects and shadows; what is drawn where is scene.h's business.
 */
#ifndef RASTER_H
#define RASTER_H

#include <stddef.h>
#include <stdint.h>

#include <clreid/clreid_status.h>

#include "light.h"

enum {
  RASTER_WIDTH = 960, /* pixels */
  RASTER_HEIGHT = 540,
  RASTER_FINE = 2, /* samples a pixel, along each side */
  RASTER_COLUMNS = RASTER_WIDTH * RASTER_FINE,
  RASTER_ROWS = RASTER_HEIGHT * RASTER_FINE,
  RASTER_FULL = 16384, /* a sample's value for 1.0; four times that is the brightest */
};

typedef struct sample {
  uint16_t colour[3]; /* linear */
  uint16_t id;        /* of the object, from 1; 0: nothing that moves */
  float distance;     /* metres along the camera's axis */
} sample;

/* From left, top up to but not including right, bottom. */
typedef struct area {
  int left, top, right, bottom;
} area;

typedef struct view {
  vector from, ahead, right, down; /* unit vectors */
  float focal;                     /* samples at one metre's distance, of one metre */
} view;

typedef struct raster {
  sample *samples; /* [RASTER_ROWS][RASTER_COLUMNS] */
  struct meeting {
    float distance;
    int shape;  /* -1: none */
  } * meetings; /* the same shape: of one object, before it is known what is in front */
} raster;

/* What became of a drawn object, in samples. */
typedef struct trace {
  area extent;   /* of its samples inside the frame, hidden ones too; left == right: none */
  area whole;    /* about its extent if the frame had no end */
  int64_t drawn; /* samples inside the frame, hidden ones too */
} trace;

view view_make(vector from, float yaw, float pitch, float focal_pixels);
/* Returns 0 for what is behind the camera. */
int view_project(const view *of, vector point, float *column, float *row, float *distance);
vector view_direction(const view *of, float column, float row);

clreid_status raster_create(raster *made, clreid_error *error);
void raster_free(raster *made);

void raster_draw(raster *on, const view *from, const light *by, const object *drawn, uint16_t id, trace *left);
/* The object's shadow on the ground, before any object is drawn. Returns what it touched. */
area raster_shadow(raster *on, const view *from, const light *by, const object *drawn);
/* How many samples of the area belong to the object. */
int64_t raster_count(const raster *on, area within, uint16_t id);
void raster_store(sample *into, vector colour);

area area_join(area a, area b);
area area_clip(area a);

#endif
