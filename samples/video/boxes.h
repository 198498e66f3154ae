/*
 * boxes.h - box files in MOTChallenge form: what a detector found in the frames of a video, or the truth about them.
 *
 * A row of text a box, its numbers apart by commas or blanks: frame (from 1), id, left, top, width, height, and, where
 * they are given, score, class, visibility; what comes after is passed over. Trusts nothing that a file says; knows
 * nothing of the video, so whether a box lies in it is the embedding's business (embed.h).
 */
#ifndef BOXES_H
#define BOXES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <clreid/clreid.h>

typedef struct frame_box {
  uint64_t frame;   /* from 1 */
  int64_t id;       /* -1: not known */
  clreid_box box;   /* pixels */
  float score;      /* of a detector; in a truth file 0 marks a box that is not to be judged. 1 if it is not given */
  float visibility; /* of the truth, from 0 to 1; 1 if it is not given */
} frame_box;

typedef struct box_list {
  frame_box *items; /* [count], by frame; within a frame as in the file */
  size_t count;
  size_t unusable; /* rows left out: a side that is 0 or less, or a number that is not finite */
} box_list;

/* A row that is no box is an error that names its line; on failure *list is empty. */
clreid_status boxes_read(const char *path, box_list *list, clreid_error *error);
void boxes_free(box_list *list);

/* The first item of the frame or of a later one; count if there is none. */
size_t boxes_find(const box_list *list, uint64_t frame);

/* Intersection over union: from 0, apart, to 1, the same. */
double boxes_overlap(const clreid_box *a, const clreid_box *b);

#endif
