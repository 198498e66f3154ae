/*
 * drawing.h - how an identity looks in pictures: its colour and its number, and a frame with the boxes of those who are
 * in it.
 */
#ifndef DRAWING_H
#define DRAWING_H

#include "identities.h"
#include "sightings.h"
#include "sketch.h"

/* The same on every run; neighbours in number are far apart in colour. */
void drawing_colour(size_t identity, uint8_t colour[3]);
/* Black or white, what is read better on the colour. */
const uint8_t *drawing_ink(const uint8_t colour[3]);
/* The number, from 1, on its colour; returns the width. */
int drawing_label(const sketch *on, int left, int top, int scale, size_t identity);
/* Of letters on a frame of this height. */
int drawing_scale(int frame_height);

/* The sightings of one frame. Those whom several cameras saw have a double, thicker frame. */
void drawing_sightings(const sketch *on, const sighting *items, size_t count, const identity_list *identities);

#endif
