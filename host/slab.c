/*
 * slab.c - see slab.h. A slab is memory and a count of those who use it; pieces are cut off from its beginning to its
 * end.
 */
#include "slab.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "system.h"

/* A page that nothing was written to takes no memory, so a slab may be larger than what it is filled with. */
enum { SLAB_BYTES = 64 << 20, ALIGNMENT = 256 };

struct cr_slab {
  atomic_int users;
  size_t bytes, used; /* guarded by the device's mutex */
  char *memory;
};

static cr_slab *create(size_t bytes)
{
  cr_slab *slab = malloc(sizeof *slab);
  char *memory = slab ? cr_pages_take(bytes) : NULL;
  if (!memory) {
    free(slab);
    return NULL;
  }
  *slab = (cr_slab){.bytes = bytes, .memory = memory};
  atomic_init(&slab->users, 1);
  return slab;
}

void cr_slab_give(cr_slab *slab)
{
  if (!slab || atomic_fetch_sub(&slab->users, 1) > 1) return;
  free(slab->memory);
  free(slab);
}

cr_piece cr_slab_take_alone(size_t bytes)
{
  cr_slab *slab = create(bytes);
  return (cr_piece){slab, slab ? slab->memory : NULL};
}

static cr_piece cut(cr_slab *slab, size_t bytes)
{
  const cr_piece piece = {slab, slab->memory + slab->used};
  slab->used += (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  atomic_fetch_add(&slab->users, 1);
  return piece;
}

cr_piece cr_slab_take(cr_device *device, size_t bytes)
{
  cr_piece piece = {0};
  if (bytes > SLAB_BYTES / 2) return cr_slab_take_alone(bytes);
  cr_mutex_lock(device->mutex);
  if (device->slab && atomic_load(&device->slab->users) == 1) device->slab->used = 0; /* all pieces are back */
  if (!device->slab || device->slab->used + bytes > device->slab->bytes) {
    cr_slab *next = create(SLAB_BYTES);
    if (next) {
      cr_slab_give(device->slab);
      device->slab = next;
    }
  }
  if (device->slab && device->slab->used + bytes <= device->slab->bytes) piece = cut(device->slab, bytes);
  cr_mutex_unlock(device->mutex);
  return piece;
}
