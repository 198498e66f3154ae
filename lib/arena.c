/*
 * arena.c - see arena.h.
 */
#include "arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static int larger_first(const void *a, const void *b)
{
  const cr_life *x = *(cr_life *const *)a, *y = *(cr_life *const *)b;
  if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
  return x->first != y->first ? (x->first > y->first) - (x->first < y->first) : (x > y) - (x < y);
}

static bool live_together(const cr_life *x, const cr_life *y)
{
  return x->first <= y->last && y->first <= x->last;
}

static size_t aligned(size_t bytes)
{
  return (bytes + CR_ARENA_ALIGNMENT - 1) / CR_ARENA_ALIGNMENT * CR_ARENA_ALIGNMENT;
}

/* The placed tensor that lives with x and stands in the way of x at offset, or NULL. */
static const cr_life *obstacle(cr_life *const *placed, int count, const cr_life *x, size_t offset)
{
  for (int i = 0; i < count; i++)
    if (live_together(placed[i], x) && offset < placed[i]->offset + aligned(placed[i]->bytes) &&
        placed[i]->offset < offset + aligned(x->bytes))
      return placed[i];
  return NULL;
}

static void place(cr_life *const *placed, int count, cr_life *x)
{
  /* The lowest free offset is 0 or the end of some obstacle. */
  size_t best = 0;
  bool found = !obstacle(placed, count, x, 0);
  for (int i = 0; i < count; i++) {
    const size_t end = placed[i]->offset + aligned(placed[i]->bytes);
    if (!live_together(placed[i], x) || (found && end >= best) || obstacle(placed, count, x, end)) continue;
    best = end;
    found = true;
  }
  x->offset = best;
}

/* Places all in order; *top: the one that ends highest. */
static size_t place_all(cr_life *const *order, int count, int *top)
{
  size_t bytes = 0;
  for (int i = 0; i < count; i++) {
    place(order, i, order[i]);
    const size_t end = order[i]->offset + aligned(order[i]->bytes);
    if (end <= bytes) continue;
    bytes = end;
    *top = i;
  }
  return bytes;
}

static void move_to_front(cr_life **order, int index)
{
  cr_life *first = order[index];
  memmove(order + 1, order, (size_t)index * sizeof *order);
  order[0] = first;
}

clreid_status cr_arena_plan(cr_life *lives, int count, size_t *bytes, clreid_error *error)
{
  cr_life **order = malloc(((size_t)count + 1) * sizeof *order);
  size_t *best = malloc(((size_t)count + 1) * sizeof *best); /* offsets */
  if (!order || !best) {
    free(order);
    free(best);
    return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory to plan %d tensors", count);
  }
  for (int i = 0; i < count; i++) order[i] = &lives[i];
  qsort(order, (size_t)count, sizeof *order, larger_first);
  enum { ATTEMPTS = 16 };
  *bytes = SIZE_MAX;
  for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
    int top = 0;
    const size_t end = place_all(order, count, &top);
    for (int i = 0; i < count && end < *bytes; i++) best[i] = lives[i].offset;
    if (end < *bytes) *bytes = end;
    move_to_front(order, top);
  }
  for (int i = 0; i < count; i++) lives[i].offset = best[i];
  free(order);
  free(best);
  return CLREID_OK;
}
