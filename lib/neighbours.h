/*
 * neighbours.h - the nearest of all features to each of them, and the farthest.
 *
 * Decided by squared L2 distances in double, whatever the device computes; equal distances: the lower index is nearer.
 */
#ifndef CR_NEIGHBOURS_H
#define CR_NEIGHBOURS_H

#include "cosine.h"

typedef struct cr_neighbour {
  double distance; /* squared */
  uint32_t index;
} cr_neighbour;

typedef struct cr_neighbours {
  size_t count, most;
  cr_neighbour *nearest; /* [count][most], nearest first */
  double *farthest;      /* [count]: the greatest squared distance */
} cr_neighbours;

/* Finds most <= all->count neighbours of each. distances, of the caller, receives squared distances as the device knows
 * them, of the first `queries` features to the rest: float[queries][count - queries]. Then cr_neighbours_free. */
clreid_status cr_neighbours_find(cr_device *device, const cr_features *all, size_t most, float *distances,
                                 size_t queries, cr_neighbours *found, clreid_error *error);
void cr_neighbours_free(cr_neighbours *found);

#endif
