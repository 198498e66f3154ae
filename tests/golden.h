/*
 * golden.h - fixtures of tests/golden: the features that a network must give for the committed pictures.
 *
 * A test asks the graph for the network's weight specifications, writes a weight file with golden_fill, loads it
 * through the public API and compares features. tests/golden/make.py says what a fixture holds and makes it.
 */
#ifndef GOLDEN_H
#define GOLDEN_H

#include <stddef.h>
#include <stdint.h>

#include "clreid/clreid_status.h"
#include "graph.h"
#include "weights.h"

#define GOLDEN_PICTURES 2
#define GOLDEN_OPTIONS  8

typedef struct golden_norm {
  char name[96]; /* of the batch norm: its statistics are NAME.running_mean and NAME.running_var */
  size_t channels;
  const uint8_t *mean; /* halves, little endian */
  const uint8_t *deviation;
} golden_norm;

typedef struct golden {
  char stem[64];  /* of the file: "rga-sc.1" */
  char hint[160]; /* how the fixture was made */
  char network[32];
  char option[GOLDEN_OPTIONS][64]; /* "KEY=VALUE" */
  size_t option_count;
  uint64_t seed;
  float loudness;       /* what g and h of attention are multiplied by, 0: by 1 */
  double float32_error; /* relative L2 error of neck when the definition itself runs in float32 */
  size_t pictures, length;
  float *neck, *pooled; /* [pictures][length] */
  char problem[128];    /* set by golden_fill: what it was asked for and does not know; empty if nothing */
  golden_norm *norms;
  size_t norm_count;
  uint8_t *bytes; /* of the file */
} golden;

/* The stems of all fixtures, in the order of make.py's table; NULL ends them. */
extern const char *const golden_stems[];

/* Reads TESTS_FOLDER/golden/STEM.golden. */
clreid_status golden_load(const char *stem, golden *fixture, clreid_error *error);
void golden_free(golden *fixture);

/* A cr_weights_fill whose user is a golden: statistics from the fixture, everything else from the hash. */
cr_weights_fill golden_fill;

/* Writes the weight file of the fixture for a network of these specifications, with its name and options as metadata.
 */
clreid_status golden_write(golden *fixture, const cr_weight_spec *specs, size_t count, const char *path,
                           clreid_error *error);

/* Decodes picture index, 0 .. GOLDEN_PICTURES - 1: RGB, 3 * width bytes a row, to be freed with free(). NULL: failed.
 */
uint8_t *golden_picture(int index, int *width, int *height);

#endif
