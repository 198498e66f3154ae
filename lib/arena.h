/*
 * arena.h - places for tensors in one block of memory: tensors that live at different times may share a place.
 *
 * Works on numbers alone: sizes and life ranges in, offsets out.
 */
#ifndef CR_ARENA_H
#define CR_ARENA_H

#include <stddef.h>

#include "../host/report.h"

enum { CR_ARENA_ALIGNMENT = 64 }; /* bytes, of every offset */

typedef struct cr_life {
  size_t bytes;
  int first, last; /* steps that write and read it, both included */
  size_t offset;   /* the answer */
} cr_life;

/* Greedy: the largest first, each at the lowest offset that is free for its whole life. Then again a few times with
 * what ended highest placed first; the best attempt counts. *bytes: of all. */
clreid_status cr_arena_plan(cr_life *lives, int count, size_t *bytes, clreid_error *error);

#endif
