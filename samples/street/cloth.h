/*
 * cloth.h - the colour of cloth at a place of it.
 */
#ifndef CLOTH_H
#define CLOTH_H

#include "figure.h"

/* across: metres round the body from its middle line, in front or behind; along: metres up from the hem; length: of the
 * whole piece, from hem to collar. */
vector cloth_colour(const cloth *of, float across, float along, float length);

#endif
