/*
 * gallery.h - a gallery as its files see it: blocks of rows on the device, what is known of each row beside them, and
 * the room in which a search works.
 *
 * gallery.c owns the rows (add, remove, read), gallery_search.c finds the nearest, gallery_file.c saves and loads.
 */
#ifndef CR_GALLERY_H
#define CR_GALLERY_H

#include <math.h>

#include "../host/ops.h"
#include "clreid/clreid_gallery.h"
#include "sums.h"

typedef struct cr_gallery_row {
  int64_t id, label, time;
  float length; /* the L2 norm of the row as it is stored; NaN: removed; with its sign set: about to be */
} cr_gallery_row;

/* Rows [0, used) were added, `alive` of them are there; ids do not descend. The device's lengths of all others are NaN.
 */
typedef struct cr_gallery_block {
  cr_search_block device;
  cr_gallery_row *rows; /* [block_rows] */
  int used, alive;
  int told;     /* rows that the device may have lengths of */
  int leaving;  /* rows about to be removed */
  bool changed; /* the device has lengths of rows that are not there, or lacks some: put before the next search */
} cr_gallery_block;

typedef struct cr_gallery_work cr_gallery_work; /* what a search needs; gallery_search.c */

struct clreid_gallery {
  cr_device *device;
  cr_queue *queue;
  cr_search *search;
  clreid_gallery_config config;
  int block_rows, staged;
  cr_gallery_block **blocks; /* [block_count]; in the order of ids; never empty but the last */
  size_t block_count, block_room;
  size_t count;
  int64_t next_id;
  void *elements; /* [staged][D] as they are stored: what is moved to or from the device */
  float *row;     /* [D] */
  int32_t *list;  /* [staged] */
  cr_gallery_work *work;
};

enum {
  CR_GALLERY_ROOM = 1024,     /* rows that the device lists of a query at a time */
  CR_GALLERY_LONGEST = 65536, /* feature */
};

static inline size_t cr_gallery_element_bytes(const clreid_gallery *g)
{
  return g->config.precision == CLREID_FP16 ? sizeof(uint16_t) : sizeof(float);
}

static inline bool cr_gallery_there(const cr_gallery_row *row)
{
  return !signbit(row->length) && row->length == row->length; /* no NaN */
}

/* clreid_gallery_create with blocks of so many rows, a multiple of CR_PANEL; 0: as fits. For tests. */
clreid_status cr_gallery_create(clreid_device *device, const clreid_gallery_config *config, int block_rows,
                                clreid_gallery **gallery, clreid_error *error);

/* Features to be added, features[count][D]; for messages, `before` others of `all` stand before them. */
typedef struct cr_gallery_batch {
  const float *features;
  const int64_t *ids;            /* ascending, from next_id on; NULL: next_id and so on */
  const int64_t *labels, *times; /* NULL: -1, 0 each */
  size_t count, before, all;
} cr_gallery_batch;
clreid_status cr_gallery_append(clreid_gallery *g, const cr_gallery_batch *batch, clreid_error *error);

/* The feature as it is stored: rounded where the precision says so, to elements (may be NULL) and as floats to values;
 * *square: the sum of its squares. Says what is wrong with "WHAT INDEX of COUNT". */
clreid_status cr_gallery_round(const clreid_gallery *g, const float *feature, void *elements, float *values,
                               double *square, const char *what, size_t index, size_t count, clreid_error *error);

/* Are there features at the places first ... first + count - 1? */
clreid_status cr_gallery_check_places(const clreid_gallery *g, size_t first, size_t count, clreid_error *error);

/* Tells the device what a call that failed half way left untold. */
clreid_status cr_gallery_refresh(clreid_gallery *g, clreid_error *error);

/* The rows list[count] of a block, count at most staged, to g->elements. */
clreid_status cr_gallery_fetch(clreid_gallery *g, const cr_gallery_block *block, const int32_t *list, int count,
                               clreid_error *error);
/* One of those, as floats in g->row. */
const float *cr_gallery_fetched(clreid_gallery *g, int index);

void cr_gallery_work_destroy(cr_gallery_work *work); /* NULL allowed */
size_t cr_gallery_work_bytes(const cr_gallery_work *work);

/* Launches everything once, so that the first search compiles nothing. */
clreid_status cr_gallery_warm_up(clreid_gallery *g, clreid_error *error);

#endif
