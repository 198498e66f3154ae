/*
 * slab.h - memory in large pages for buffers of a CPU, many in one: a processor reads weights from where they stand,
 * once a pass, and with a page table entry for each 4 KiB it waits for the table as well as for the weights.
 */
#ifndef CR_SLAB_H
#define CR_SLAB_H

#include "device.h"

typedef struct cr_slab cr_slab;

/* A piece of a slab: undefined bytes, aligned to 256. It lives until cr_slab_give, which the slab's other
 * pieces wait for too, so pieces of one slab should live equally long. */
typedef struct cr_piece {
  cr_slab *slab; /* NULL: there are no such pages, or no memory for them */
  void *memory;
} cr_piece;

/* Of the slab that the device fills, or of a new one; alone if it is more than half a slab. Thread rule: any thread. */
cr_piece cr_slab_take(cr_device *device, size_t bytes);
/* Of a slab of its own. Thread rule: any thread. */
cr_piece cr_slab_take_alone(size_t bytes);
/* One piece, or the device's own share, is no longer used. NULL allowed. Thread rule: any thread. */
void cr_slab_give(cr_slab *slab);

#endif
