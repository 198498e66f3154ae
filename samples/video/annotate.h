/*
 * annotate.h - the second pass over a video: frames with boxes and numbers to a video, and what album.h and still.h
 * want.
 */
#ifndef ANNOTATE_H
#define ANNOTATE_H

#include "album.h"
#include "sightings.h"
#include "still.h"

typedef struct annotate_job {
  const camera *camera;
  size_t place; /* of the camera among all */
  const sighting_list *list;
  const identity_list *identities;
  album *album;
  still *still;
  const char *path; /* of the video to be written; NULL: none */
} annotate_job;

clreid_status annotate_run(const annotate_job *job, clreid_error *error);

#endif
