/*
 * overlay.h - pictures with what a network attends to drawn over them.
 *
 * Owns colours and drawing, on canvas[height][width][3] of the caller. A picture is shown as the network sees it,
 * stretched to the network's proportions; numbers go to files in masks.c.
 */
#ifndef OVERLAY_H
#define OVERLAY_H

#include <stddef.h>

#include "picture.h"

/* Tints the canvas, turned grey, by map[rows][columns]: dark blue where it is least, over red, to yellow where it is
 * greatest. Differences of less than a thousandth are not stretched to that: a map of equal numbers is red all over. */
void overlay_heat(uint8_t *canvas, int height, int width, const float *map, int rows, int columns);

/* Draws count boxes, each in a colour of its own, box_height x box_width of the canvas's sides; centres[count] are
 * (x, y), from -1 (left, top) to 1. What lies outside the canvas is not drawn. */
void overlay_boxes(uint8_t *canvas, int height, int width, const float *centres, int count, float box_height,
                   float box_width);

#endif
