/*
 * ops_resize.h - pictures as a network wants them: resize and normalise; a part of ops.h.
 */
#ifndef CR_OPS_RESIZE_H
#define CR_OPS_RESIZE_H

#include "ops_adopt.h"
#include "ops_step.h"

/* One axis of a resize in Pillow's fixed-point arithmetic: output i sums count[i] inputs from first[i] on, with
 * weights[i * taps ...], scaled by 2^22. */
typedef struct cr_axis {
  int in, out, taps;
  const int32_t *first;   /* [out] */
  const int32_t *count;   /* [out] */
  const int32_t *weights; /* [out][taps] */
} cr_axis;

typedef struct cr_resize_picture {
  const uint8_t *pixels; /* [height][pitch_bytes], RGB; NULL: ... */
  cr_foreign memory;     /* ... here, in the device's memory; all pictures of a run or none */
  int width, height;
  size_t pitch_bytes;
  bool mirrored;
  const cr_axis *across, *down; /* of width -> spec.width, of height -> spec.height */
} cr_resize_picture;

/* Crop, resize, normalise: the picture as the network wants it, [margin + height + margin][margin + width + margin][3]
 * elements, its margin zero. */
typedef struct cr_resize_spec {
  int height, width, margin;
  bool reversed; /* output channels B, G, R */
  bool half;
  bool bytes_only;     /* for tests: output the resized bytes, uint8_t, instead of normalised elements */
  float table[3][256]; /* value of byte v in output channel c */
} cr_resize_spec;

typedef struct cr_resize cr_resize; /* owns its upload buffers; belongs to one queue's thread */

clreid_status cr_resize_create(cr_queue *queue, const cr_resize_spec *spec, const cr_view *output, int largest_batch,
                               cr_resize **resize, clreid_error *error);
void cr_resize_destroy(cr_resize *resize); /* NULL allowed */
/* Uploads count pictures and enqueues one launch for all of them. Grows the upload buffers if it must. */
clreid_status cr_resize_run(cr_resize *resize, const cr_resize_picture *pictures, int count, clreid_error *error);

#endif
