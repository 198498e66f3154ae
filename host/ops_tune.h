/*
 * ops_tune.h - finding the variant of an operator that is fastest on a device; a part of ops.h.
 */
#ifndef CR_OPS_TUNE_H
#define CR_OPS_TUNE_H

#include "ops_step.h"

/* What variants are chosen by: equal texts, one choice. */
typedef struct cr_tune_key {
  char text[256]; /* "kernel=conv precision=fp32 rows=2048 ..." */
} cr_tune_key;

/* False: the operator has one variant only. */
bool cr_tune_key_of(const cr_device *device, const cr_op *op, int batch, cr_tune_key *key);

/* An operator with room to run in: an arena full of the noise of cr_tune_fill, which cr_tune leaves as it finds it. */
typedef struct cr_tune_task {
  const cr_op *op; /* its views resolved */
  int batch;
  cr_buffer *arena;                         /* where its views are, but for those of weights */
  size_t output_offset_bytes, output_bytes; /* of all that the operator may write */
  double until; /* of cr_seconds: no variant but the first is tried after it; none at all if it is over at the start */
} cr_tune_task;

/* Numbers that are moderate as floats and as halves, the same on every call. */
clreid_status cr_tune_fill(cr_queue *queue, cr_buffer *arena, clreid_error *error);

typedef struct cr_tune_result {
  char before[64], after[64]; /* variants; after is empty where nothing was better */
  double ratio;               /* time of after / time of before */
  int tried, wrong;           /* variants; wrong: they gave other bits or failed, the log knows which */
} cr_tune_result;

/* Tries the valid variants of the operator against the one that it is given today: each must give the same bits and
 * must pass the self-test's odd shapes before it counts. What is faster by 3 % or more is kept for the device, in its
 * folder too. */
clreid_status cr_tune(cr_queue *queue, const cr_tune_task *task, cr_tune_result *result, clreid_error *error);

/* Drops the rows that were kept for the device, those for its other drivers and versions of the library too. */
clreid_status cr_tuning_reset(cr_device *device, size_t *dropped, clreid_error *error);
const char *cr_tuning_folder(const cr_device *device); /* NULL: none */

#endif
