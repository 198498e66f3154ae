/*
 * ops_step.h - an operator with its operands, and the launches that it becomes; a part of ops.h.
 */
#ifndef CR_OPS_STEP_H
#define CR_OPS_STEP_H

#include "ops_kinds.h"

typedef struct cr_op {
  cr_kind kind;
  const char *name; /* for messages and profiles; lives as long as the step */
  cr_view view[CR_VIEWS];
  cr_buffer *weights, *bias; /* borrowed from the model; NULL: none */
  cr_activation activation;
  bool half;                  /* storage of all views and of packed weights; sums are float */
  bool as_float[CR_VIEWS];    /* views that are float even where the storage is half, if the kernel takes such */
  bool plain;                 /* the plain twin of the kernel */
  const struct cr_tile *tile; /* for tests and tuning: the tile to run in, if the kernel can; NULL: chosen */
  int streams; /* > 1: maps a picture; the views' picture stride is from map to map, for 0 and 1 there is one */
  union {
    cr_conv conv;
    cr_gemm gemm;
    cr_pack pack;
    cr_pool pool;
    cr_scale scale;
    cr_mask mask;
    cr_softmax softmax;
    cr_attention attention;
    cr_harmony harmony;
    cr_attend attend;
    cr_crop crop;
    cr_normalise normalise;
    cr_winograd winograd;
    cr_separable separable;
  };
} cr_op;

typedef struct cr_step cr_step; /* belongs to one queue's thread */

/* The most pictures that a step of op can count: the largest batch of a step goes up to it. */
int cr_op_most_pictures(const cr_op *op);

/* Builds what op needs on the queue's device. Views must be resolved; buffers are retained. */
clreid_status cr_step_create(cr_queue *queue, const cr_op *op, int largest_batch, cr_step **step, clreid_error *error);
/* The same, once its kernel has given a known answer, which is asked for once a device, driver and version of the
 * library and remembered: a variant that gives another is replaced by the plain one, which the log is told. */
clreid_status cr_step_create_proven(cr_queue *queue, const cr_op *op, int largest_batch, cr_step **step,
                                    clreid_error *error);
void cr_proofs_save(cr_device *device); /* what was asked since, to the cache folder */
void cr_step_destroy(cr_step *step);    /* NULL allowed */
/* Enqueues the step for batch pictures, 1 .. largest_batch. Allocates and compiles nothing once it has run for the
 * largest batch and for one. */
clreid_status cr_step_run(cr_step *step, int batch, clreid_error *error);
int cr_step_launches(const cr_step *step);        /* of the largest batch; a call of CLBlast counts as one */
const char *cr_step_variant(const cr_step *step); /* "conv 6x1x16": for profiles */

/* Lays out convolution weights for the device's kernels: weights[out_channels][channels / groups][kernel_height]
 * [kernel_width] times scale[out_channels] -> a buffer, of halves if op->half. Uses op->conv, op->half, op->plain. */
clreid_status cr_conv_pack(cr_device *device, const cr_op *op, const float *weights, const float *scale,
                           cr_buffer **packed, clreid_error *error);

/* The same for CR_WINOGRAD_PRODUCT: weights[out_channels][channels][3][3] -> planes of panels, floats. */
clreid_status cr_winograd_pack(cr_device *device, const cr_op *op, const float *weights, cr_buffer **packed,
                               clreid_error *error);

/* Rounds floats to halves, to nearest even, and back. */
void cr_to_half(const float *from, uint16_t *to, size_t count);
void cr_from_half(const uint16_t *from, float *to, size_t count);

#endif
