/*
 * preprocess.h - how a picture becomes a network's input: the options that a weight file names, and Pillow's resize as
 * tables of fixed-point weights.
 *
 * Owns the arithmetic of Pillow's coefficients (double, then integers of 22 fraction bits) and a small cache of them;
 * the device does the rest (host/resize.c).
 */
#ifndef CR_PREPROCESS_H
#define CR_PREPROCESS_H

#include "../host/ops.h"

typedef enum cr_filter { CR_BILINEAR = 0, CR_BICUBIC } cr_filter;

typedef struct cr_preprocess {
  double mean[3], std[3]; /* for pixels in [0, 1], in the order of the network's channels */
  bool bgr;
  cr_filter filter;
} cr_preprocess;

/* Reads mean, std, channels and resize through get(user, key) (NULL: key absent); the defaults are those of ImageNet,
 * rgb, bilinear. An unknown value is CLREID_INVALID_WEIGHTS with the values that are known. */
clreid_status cr_preprocess_read(cr_preprocess *preprocess, const char *(*get)(const void *user, const char *key),
                                 const void *user, clreid_error *error);

bool cr_preprocess_takes(const char *key); /* is it one of the keys above? */

/* table[c][v] = (v / 255 - mean[c]) / std[c], computed in double, rounded once. */
void cr_preprocess_table(const cr_preprocess *preprocess, float table[3][256]);

/* Tables for resizing in -> out, computed once for each pair and kept until the cache is destroyed or full (then all
 * are dropped before the next batch: cr_axes_trim, to be called between batches). Not thread-safe. */
typedef struct cr_axes cr_axes;
cr_axes *cr_axes_create(cr_filter filter); /* NULL: out of memory */
void cr_axes_destroy(cr_axes *axes);
void cr_axes_trim(cr_axes *axes);
size_t cr_axes_bytes(const cr_axes *axes); /* of all tables that it keeps */
clreid_status cr_axes_get(cr_axes *axes, int in, int out, const cr_axis **axis, clreid_error *error);

#endif
