/*
 * cosine.h - how near features are: cosines of all pairs in float from the device, a block at a time, and distances of
 * single pairs in double.
 *
 * The device's cosines come with a bound on their error. What is decided by them and the bound, and by the double
 * distance where they leave it open, does not depend on the device. Owns no files and no labels.
 */
#ifndef CR_COSINE_H
#define CR_COSINE_H

#include "../host/ops.h"

/* Features with their L2 norms. */
typedef struct cr_features {
  const float *values; /* [count][length], borrowed */
  double *norms;       /* [count], owned */
  size_t count, length;
} cr_features;

/* Computes the norms; fails if a row is not finite, naming it as row of `what`. Then cr_features_free. */
clreid_status cr_features_make(cr_features *features, const float *values, size_t count, size_t length,
                               const char *what, clreid_error *error);
void cr_features_free(cr_features *features);

/* Sums in double, of rows a of one and b of the other. */
double cr_squared_distance(const cr_features *x, size_t a, const cr_features *y, size_t b);
double cr_cosine_distance(const cr_features *x, size_t a, const cr_features *y, size_t b);

/* Some rows against some columns. */
typedef struct cr_block {
  size_t first_row, rows, first_column, columns;
  size_t stride;        /* from row to row, in floats */
  const float *cosines; /* [rows][stride] */
} cr_block;

typedef clreid_status cr_block_take(void *user, const cr_block *block, clreid_error *error);

/* Gives `take` every pair of a row and a column once, in an order that depends on the sizes alone. NULL device: on the
 * host. */
clreid_status cr_cosines(cr_device *device, const cr_features *rows, const cr_features *columns, cr_block_take *take,
                         void *user, clreid_error *error);

/* How far such a cosine may be from the true one. */
double cr_cosine_bound(size_t length);

#endif
