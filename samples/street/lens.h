/*
 * lens.h - what a camera makes of light: exposure, colour cast, contrast, blur and noise, 8 bits a channel.
 */
#ifndef LENS_H
#define LENS_H

#include "draws.h"
#include "raster.h"

enum { LENS_LEVELS = 4096, LENS_NOISE = 1 << 16 };

typedef struct lens {
  float matrix[3][3]; /* exposure, cast and saturation, linear */
  float blur;         /* share of a pixel's light that goes to its eight neighbours */
  uint64_t seed;
  uint8_t levels[LENS_LEVELS]; /* of linear light from 0 to 1 */
  int8_t noise[LENS_NOISE];
} lens;

/* strength: 0 is a faithful camera, 1 what cheap cameras do. */
void lens_draw(draws *from, float strength, lens *made);
/* Develops the pixels of an area (in pixels, not samples) into picture[RASTER_HEIGHT][RASTER_WIDTH][3], without
 * noise. */
void lens_develop(const lens *of, const raster *seen, area pixels, uint8_t *picture);
/* Adds the noise of a frame to an area. */
void lens_add_noise(const lens *of, uint32_t frame, area pixels, uint8_t *picture);

#endif
