/*
 * tuning.h - rows of data that say which tile (tile.h) a shape is given on a device: those shipped with the library
 * (tiles.rows) and those of the user's folder (tuning.rows), in one format, read by one parser, found by one search.
 *
 * A row is a line of words KEY=VALUE, in any order, blanks between them; '#' begins a comment.
 *
 *   kernel=conv|gemm|winograd|separable|attention|any     needed; any: all but separable
 *   tile=TMxTNxV                                          needed: rows, vectors, columns of a vector
 *   order=rows|columns                                    which of them neighbouring work-items take; rows
 *   group=RxC                                             work-items of a group; 1x1
 *   precision=fp32|fp16                                   of what is stored; both
 *   rows= columns= depth= taps= groups=                   of the shape: N, N-M, N- or -M; all
 *   type=cpu|gpu                                          gpu: whatever is no CPU; all
 *   width= units=                                         the device's floats in a vector, compute units; all
 *   platform="" device="" driver="" library=""            one device, all four or none
 *
 * The first row that fits device and shape is taken, the user's before the shipped ones. A row that is not understood,
 * or not valid, or for another device, driver or version of the library, is passed over, which the log is told. In the
 * user's file a row of attention has no effect: its tiles are bound to local memory.
 */
#ifndef CR_TUNING_H
#define CR_TUNING_H

#include "tile.h"

typedef struct cr_range {
  size_t least, most; /* both within */
} cr_range;

enum {
  CR_TUNED_NUMBERS = 7,
  CR_TUNED_TEXTS = 4
}; /* rows columns depth taps groups width units; platform ... library */

struct cr_tuned {
  unsigned kernels;                  /* bit k: cr_tiled k */
  int type, precision;               /* 0: all; 1: cpu or fp32; 2: gpu or fp16 */
  cr_range number[CR_TUNED_NUMBERS]; /* in the order of the head */
  char text[CR_TUNED_TEXTS][128];    /* all empty: not bound to one device */
  cr_tile tile;
  bool kept; /* by this process */
};

/* Reads a line without its newline. NULL: a good row, or with *row's kernels 0 a line without one; else what is wrong
 * with it, a constant text. */
const char *cr_tuned_read(const char *line, size_t size, cr_tuned *row);
/* The line for a row, without newline, as snprintf gives it. */
int cr_tuned_write(const cr_tuned *row, char *line, size_t size);
/* Is the row for this device, and does it fit the shape? */
bool cr_tuned_fits(const cr_tuned *row, const cr_facts *facts, const cr_tiled_shape *shape);
/* The row that gives a shape a tile on this device alone. Many rows are rounded to a range: tiles of up to 16 rows
 * waste little of them. */
cr_tuned cr_tuned_make(const cr_facts *facts, const cr_tiled_shape *shape, const cr_tile *tile);

/* Fills the device's list: the rows of its folder's file, then the shipped ones. Never a reason to fail. */
void cr_tuning_load(cr_device *device);
void cr_tuning_free(cr_device *device);
/* The tile of the first row that fits; false, and *tile as it was, if none does. */
bool cr_tuning_find(const cr_device *device, const cr_tiled_shape *shape, cr_tile *tile);
/* The row of this place in the list; false past its end. */
bool cr_tuning_at(const cr_device *device, size_t index, cr_tuned *row);
/* Puts the row before all others, in the list and in the folder's file (written aside and renamed), in the place of one
 * for the same shape. */
clreid_status cr_tuning_keep(cr_device *device, const cr_tuned *row, clreid_error *error);

#endif
