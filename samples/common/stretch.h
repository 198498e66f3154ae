/*
 * stretch.h - a picture in another size, for people to look at: the mean of what a pixel covers, neighbours in between.
 * What networks see is resized on the device, by other rules.
 */
#ifndef STRETCH_H
#define STRETCH_H

#include "picture.h"

/* pixels[height][width][3], for free(): the picture, stretched. NULL: no memory. */
uint8_t *stretch_picture(const picture *shown, int height, int width);

#endif
