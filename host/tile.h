/*
 * tile.h - the parameters of the tile core (cl/tile.clh), which convolution and matrix product share.
 */
#ifndef CR_TILE_H
#define CR_TILE_H

#include "launch.h"

/* A rectangle of the tile core's parameters, and its index space. The numbers exist here once. */
typedef struct cr_tile {
  int rows;           /* TM */
  int vectors;        /* TN */
  int vector;         /* V */
  bool columns_first; /* neighbouring work-items take neighbouring columns (ROW_DIM 1) */
  size_t local_rows, local_columns;
} cr_tile;

extern const cr_tile cr_tiles[]; /* every tile that may be chosen; tests run them all */
extern const size_t cr_tile_count;

/* May the tile run on a device with these facts? The one answer for choice, loader and tests. */
bool cr_tile_valid(const cr_tile *tile, const cr_facts *facts);
/* The tile for a product of rows x columns. */
const cr_tile *cr_tile_choose(const cr_device *device, size_t rows, int columns);
/* For tests and tuning: the tile of this index for all steps created by this device from now on; -1: choose. */
void cr_tile_force(cr_device *device, int index);
/* The same tile with so few vectors that it stays within one panel. */
const cr_tile *cr_tile_within_panel(const cr_tile *tile);
/* "conv 6x16" as the step's variant, or "conv plain". */
void cr_tile_name(cr_step *step, const char *stem);
/* flags: of the epilogue, CR_EPILOGUE_... */
int cr_tile_options(const cr_step *step, int flags, char *text, size_t size);
/* Index space and local sizes of a step that computes rows x columns in tiles, third times. */
void cr_tile_space(cr_step *step, const cr_tile *tile, size_t rows, size_t columns, size_t third);

#endif
