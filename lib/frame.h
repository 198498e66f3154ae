/*
 * frame.h - what a call embeds, box by box: pictures, which are frames with one box over all of them, or boxes of
 * frames.
 *
 * Owns the check of what a caller gave, the rounding of boxes, and the order in which batches are filled.
 */
#ifndef CR_FRAME_H
#define CR_FRAME_H

#include "../host/ops.h"
#include "clreid/clreid.h"

/* A frame's format, size and pitches, wherever its pixels lie: CLREID_INVALID_PICTURE, "WHAT INDEX has ...". */
clreid_status cr_frame_check(const char *what, size_t index, const clreid_frame *frame, clreid_error *error);
/* As host/ wants a frame that was checked. */
cr_frame cr_frame_of(const clreid_frame *frame);
/* clreid_box_pixels; which: the box's name in messages. */
clreid_status cr_frame_cut(const char *which, const clreid_frame *frame, const clreid_box *box,
                           clreid_rectangle *rectangle, clreid_error *error);

/* Begins with pictures or frames, count and serial set and the rest zero. */
typedef struct cr_feed {
  const clreid_picture *pictures;   /* [count]; or, being NULL, ... */
  const clreid_frame_boxes *frames; /* ... [count] */
  size_t count;
  uint64_t *serial;  /* the number of the last frame that any feed of this session gave */
  size_t entry, box; /* what comes next */
  size_t group_end;  /* the first entry with another frame than the one that is open */
  cr_frame frame;    /* the one that is open, as far as its boxes need it */
  int x, y;          /* where that begins in the caller's */
} cr_feed;

/* Everything that the feed will give, before anything is embedded: the error names picture, or frame and box. */
clreid_status cr_feed_check(const cr_feed *feed, clreid_error *error);

/* The next batch of a feed that was checked: up to most pictures, without their tables, and the frames that they point
 * to, both [most]. Fewer if the frames would take very much memory; 0 at the end. */
int cr_feed_fill(cr_feed *feed, cr_frame *frames, cr_resize_picture *pictures, int most);

#endif
