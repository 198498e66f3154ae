/*
 * winograd.h - the layout of Winograd's planes, which the products of both kinds share.
 */
#ifndef CR_WINOGRAD_H
#define CR_WINOGRAD_H

#include <stddef.h>

/* From plane to plane of tiles rows of row elements, in elements; cl/winograd.cl has the same. */
size_t cr_winograd_plane(size_t tiles, size_t row);

#endif
