/*
 * constants.h - recipes for the constants of a plan: which weights, folded with which batch norm, stand where in a
 * matrix.
 *
 * A plan names its constants by recipes, so that it can be made without a weight file or a device; cr_constant_make
 * reads the weights, folds in double precision and puts the result on the device.
 */
#ifndef CR_CONSTANTS_H
#define CR_CONSTANTS_H

#include "../host/ops.h"
#include "weights.h"

enum { CR_PARTS = 6, CR_NAME = 112 };

/* A block of a matrix [out][in][taps]: rows of NAME.weight, columns first_in .. first_in + in of its own_in, times the
 * batch norm's scale; it stands at (to_out, to_in). */
typedef struct cr_part {
  char kernel[CR_NAME]; /* prefix of .weight; empty: no block, the part is its batch norm alone */
  char norm[CR_NAME];   /* prefix of the batch norm; empty: none */
  bool bias;            /* kernel has .bias */
  int out, own_in, first_in, in;
  int to_out, to_in;
  int spread; /* > 1: the single column stands in `spread` columns, each divided by spread: a mean by weights */
} cr_part;

typedef enum cr_constant_kind {
  CR_CONSTANT_NONE = 0,
  CR_CONSTANT_PANELS,   /* convolution weights, as cr_conv_pack lays them out for the step's conv */
  CR_CONSTANT_COLUMNS,  /* the transposed matrix in panels: what a product reads as B, B[k][n] = matrix[n][k] */
  CR_CONSTANT_ROWS,     /* the matrix itself, row-major: what a product reads as A */
  CR_CONSTANT_LAYERS,   /* a layer for each part, one after the other, floats always: its matrix as COLUMNS, then its
                            shifts [padded(out)]; out and in of the whole do not count */
  CR_CONSTANT_WINOGRAD, /* 3x3 weights as cr_winograd_pack transforms them */
  CR_CONSTANT_SCALE,    /* the batch norms' factors, float[padded(out)] */
  CR_CONSTANT_BIAS,     /* the batch norms' shifts (with the convolutions' biases), float[padded(out)] */
} cr_constant_kind;

typedef struct cr_constant {
  cr_constant_kind kind;
  int parts;
  cr_part part[CR_PARTS];
  int out, in;                 /* size of the matrix; what no part covers is zero */
  bool mean;                   /* no part: every number is 1 / in */
  int taps_height, taps_width; /* 1 x 1 unless it is a convolution's */
  bool rows_as_runs;           /* a line of the window is one run: [out][in][kh][kw] becomes [out][kw * in][kh][1] */
} cr_constant;

/* Do two recipes make the same constant, for steps of the same storage and groups? Those of no constant do. */
bool cr_constant_same(const cr_constant *a, const cr_constant *b);

/* op: the step that the constant is for (its conv, its storage). *buffer NULL for CR_CONSTANT_NONE. */
clreid_status cr_constant_make(const cr_constant *constant, const cr_op *op, const cr_weights *weights,
                               const cr_weight_spec *specs, size_t spec_count, cr_device *device, cr_buffer **buffer,
                               clreid_error *error);

#endif
