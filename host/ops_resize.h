/*
 * ops_resize.h - pictures as a network wants them: resize and normalise; a part of ops.h.
 */
#ifndef CR_OPS_RESIZE_H
#define CR_OPS_RESIZE_H

#include "ops_step.h"

/* One axis of a resize in Pillow's fixed-point arithmetic: output i sums count[i] inputs from first[i] on, with
 * weights[i * taps ...], scaled by 2^22. */
typedef struct cr_axis {
  int in, out, taps;
  const int32_t *first;   /* [out] */
  const int32_t *count;   /* [out] */
  const int32_t *weights; /* [out][taps] */
} cr_axis;

/* 8-bit pixels; cl/resize.cl has the same order. */
typedef enum cr_format {
  CR_RGB = 0,
  CR_BGR,
  CR_RGBA,
  CR_BGRA,
  CR_GREY,
  CR_NV12_601, /* two planes of limited range: Y[height][width], and for each 2 x 2 pixels a pair U, V; BT.601 ... */
  CR_NV12_709, /* ... or BT.709 */
  CR_FORMATS
} cr_format;

/* Where boxes are cut from, in host memory or on the device. */
typedef struct cr_frame {
  cr_format format;
  int width, height;
  size_t pitch_bytes, chroma_pitch_bytes;   /* from row to row; chroma: of NV12 alone, as all that is called so */
  const uint8_t *pixels, *chroma;           /* in host memory, to be uploaded; or, pixels being NULL, ... */
  cr_buffer *buffer;                        /* ... in device memory, borrowed, ... */
  size_t offset_bytes, chroma_offset_bytes; /* ... where the planes begin */
  uint64_t serial; /* of a frame in host memory: equal numbers are equal pixels, which need no second upload in the run
                      that follows; 0: unlike any other */
} cr_frame;

size_t cr_format_row_bytes(cr_format format, int width); /* of the first plane, without gaps */
size_t cr_format_chroma_bytes(cr_format format, int width);
size_t cr_frame_bytes(const cr_frame *frame); /* of all planes, without gaps */

/* A box of a frame. */
typedef struct cr_resize_picture {
  const cr_frame *frame;   /* neighbours in a run that have the same one share its upload */
  int x, y, width, height; /* in pixels, within the frame; no pixel outside counts */
  bool mirrored;
  const cr_axis *across, *down; /* of width -> spec.width, of height -> spec.height */
} cr_resize_picture;

/* Crop, resize, normalise: the picture as the network wants it, [margin + height + margin][margin + width + margin][3]
 * elements, its margin zero. */
typedef struct cr_resize_spec {
  int height, width, margin;
  bool reversed; /* output channels B, G, R */
  bool half;
  bool plain;          /* the plain twin of the kernel */
  bool bytes_only;     /* for tests: output the resized bytes, uint8_t, instead of normalised elements */
  float table[3][256]; /* value of byte v in output channel c */
} cr_resize_spec;

size_t cr_resize_element_bytes(const cr_resize_spec *spec); /* of the output */

typedef struct cr_resize cr_resize; /* owns its upload buffers; belongs to one queue's thread */

clreid_status cr_resize_create(cr_queue *queue, const cr_resize_spec *spec, const cr_view *output, int largest_batch,
                               cr_resize **resize, clreid_error *error);
/* The same, once its kernel has given a known answer; see cr_step_create_proven. */
clreid_status cr_resize_create_proven(cr_queue *queue, const cr_resize_spec *spec, const cr_view *output,
                                      int largest_batch, cr_resize **resize, clreid_error *error);
void cr_resize_destroy(cr_resize *resize); /* NULL allowed */
/* Uploads the frames of count pictures, each once: they may be reused when it returns. The last frame stays on the
 * device for the run that follows. Grows the upload buffers if it must. */
clreid_status cr_resize_upload(cr_resize *resize, const cr_resize_picture *pictures, int count, clreid_error *error);
/* Enqueues one launch for all `count` that were uploaded, or, if the frames of some lie in a caller's buffers, one for
 * neighbours in the same buffer. */
clreid_status cr_resize_launch(cr_resize *resize, int count, clreid_error *error);
const char *cr_resize_variant(const cr_resize *resize); /* for profiles */
const cr_step *cr_resize_step(const cr_resize *resize); /* its launch, which stays the resize's */
bool cr_resize_by_pixels(const cr_resize *resize);      /* is it in the plain shape, asked for or not? */
/* Both, one after the other. */
clreid_status cr_resize_run(cr_resize *resize, const cr_resize_picture *pictures, int count, clreid_error *error);

#endif
