/*
 * selftest.h - the part of the self-test that the tuner asks for.
 */
#ifndef CR_SELFTEST_H
#define CR_SELFTEST_H

#include "tile.h"

/* Runs the kernel in this tile at odd and even shapes against double precision; shapes that the tile cannot be built
 * for are left out. *checks grows by the elements compared. */
clreid_status cr_selftest_tile(cr_queue *queue, cr_tiled kernel, const cr_tile *tile, bool half, int *checks,
                               clreid_error *error);

#endif
