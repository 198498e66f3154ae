/*
 * tracker.h - the boxes of one camera that show the same person or vehicle, frame after frame: its track.
 *
 * A track is where motion says that it is, and looks as it has looked so far; both make the cost of giving it a box.
 * What is lost is remembered for a while and taken up again by its looks, where it can have come to in that time. A
 * track counts once it has had a few boxes. Knows one camera; the same person later or elsewhere is the business of
 * identities.h.
 */
#ifndef TRACKER_H
#define TRACKER_H

#include "boxes.h"

enum { TRACKER_NONE = -1 };

typedef struct tracker_config {
  double rate;           /* frames a second */
  double memory_seconds; /* that a lost track is remembered */
  double least_overlap;  /* of a box with where its track is expected */
  double far;            /* cosine distance from which a box cannot be its track's; twice it where they overlap fully */
  double take_up;        /* ... or that of a track that was lost */
  double looks;          /* the share of looks in the cost, from 0 to 1; the rest is overlap */
  double least_score;    /* of a box that begins a track */
} tracker_config;

/* boxes[count] by frame, features[count][length] of length 1. track_of[count], of the caller, receives a track's number
 * from 0, in the order of their first boxes, or TRACKER_NONE; *tracks their number. */
clreid_status tracker_run(const tracker_config *config, const frame_box *boxes, const float *features, size_t count,
                          size_t length, long *track_of, size_t *tracks, clreid_error *error);

#endif
