/*
 * figure_surface.h - the parts of a figure whose looks differ, and the colours of each; their solids are those of
 * figure.c.
 */
#ifndef FIGURE_SURFACE_H
#define FIGURE_SURFACE_H

#include "shape.h"

typedef enum figure_part {
  FIGURE_PLAIN,
  FIGURE_TORSO,
  FIGURE_PELVIS,
  FIGURE_SLEEVE,
  FIGURE_LEG_LEFT,
  FIGURE_LEG_RIGHT,
  FIGURE_SHIN,
  FIGURE_SKIRT,
  FIGURE_HEAD
} figure_part;

/* look is the figure, part a figure_part. */
shape_surface figure_plain_surface, figure_torso_surface, figure_sleeve_surface, figure_leg_surface,
    figure_skirt_surface, figure_head_surface;

#endif
