/*
 * tile.h - the parameters of the tile core (cl/tile.clh), which convolution and matrix product share; and what a tile
 * is chosen for.
 */
#ifndef CR_TILE_H
#define CR_TILE_H

#include "launch.h"

/* The operators whose kernels have a tile. */
typedef enum cr_tiled {
  CR_TILED_CONV,
  CR_TILED_GEMM,
  CR_TILED_WINOGRAD, /* its products */
  CR_TILED_SEPARABLE,
  CR_TILED_ATTENTION,
  CR_TILED_KINDS
} cr_tiled;

/* What a tile is chosen for: a product of rows[rows][taps * depth] by [taps * depth][columns]. Winograd's planes are
 * taps; groups is a convolution's, else 1. */
typedef struct cr_tiled_shape {
  cr_tiled kernel;
  size_t rows, columns, depth, taps, groups;
  bool half;
} cr_tiled_shape;

/* The shape of an operator over maps (pictures times streams); false if its kernel has no tile. */
bool cr_tiled_shape_of(const cr_op *op, int maps, cr_tiled_shape *shape);

/* May the tile run on a device with these facts? The one answer for choice, loader, tuner and tests. */
bool cr_tile_valid(const cr_tile *tile, const cr_facts *facts);
/* Can the kernel of this shape be built with the tile? */
bool cr_tile_fits(const cr_tile *tile, const cr_tiled_shape *shape);
bool cr_tile_same(const cr_tile *a, const cr_tile *b);
/* The tile for a shape: that of the first row that fits (tuning.h). */
cr_tile cr_tile_choose(const cr_device *device, const cr_tiled_shape *shape);
/* Sets step->tile: the operator's own, or the device's choice for the largest batch. */
void cr_step_tile(cr_step *step);
/* "conv 6x1x16" as the step's variant, "conv 8x1x4 in 4x16" where groups have several work-items, or "conv plain". */
void cr_tile_name(cr_step *step, const char *stem);
/* flags: of the epilogue, CR_EPILOGUE_... */
int cr_tile_options(const cr_step *step, int flags, char *text, size_t size);
/* Index space and local sizes of a step that computes rows x columns in tiles, third times. */
void cr_tile_space(cr_step *step, size_t rows, size_t columns, size_t third);

#endif
