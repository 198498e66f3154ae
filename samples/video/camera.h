/*
 * camera.h - one camera: its video and box files, and all that the stages find out about it.
 *
 * Opening reads the box files and looks at the video; each later stage fills its own part (box_features.h, tracker.h,
 * identities.h). Frames are never kept.
 */
#ifndef CAMERA_H
#define CAMERA_H

#include "boxes.h"
#include "movie_reader.h"

typedef struct camera_files {
  const char *video, *boxes, *truth; /* truth: NULL if there is none */
} camera_files;

typedef struct camera {
  camera_files files;
  char *name; /* the video's file name without its ending; for FOLDER/NAME.npy */
  movie_facts movie;
  box_list boxes; /* of the detector; from the embedding on those that lie in the video's frames */
  box_list truth;
  /* box_features.h */
  uint64_t frames;        /* that could be decoded: the last one's number */
  float *features;        /* [boxes.count][length], of length 1 */
  size_t outside, beyond; /* boxes left out: in no frame's rectangle, in no frame */
  /* tracker.h */
  long *track_of; /* [boxes.count] */
  size_t tracks;
  /* identities.h */
  long *identity_of; /* [tracks], from 0 */
} camera;

/* cameras[count] of files[count]. On success or failure give them to cameras_close. */
clreid_status cameras_open(const camera_files *files, size_t count, camera *cameras, clreid_error *error);
void cameras_close(camera *cameras, size_t count);

/* Its video from the first frame on. Fails if the frames are no longer those that cameras_open saw: callers have room
 * for frames of camera.movie's size. On failure *reader is NULL. */
clreid_status camera_open_video(const camera *of, movie_reader **reader, clreid_error *error);

/* The identity of a box, or TRACKER_NONE. */
long camera_identity(const camera *of, size_t box);

#endif
