/*
 * box_features.h - the first pass over a video: each box of each frame to a feature, in batches that are filled across
 * frames.
 *
 * Decodes once and holds a few frames at most. Boxes that lie in no frame are left out, and said.
 */
#ifndef BOX_FEATURES_H
#define BOX_FEATURES_H

#include "camera.h"

typedef struct features_config {
  clreid_session *session;
  size_t length; /* D */
  size_t batch;
} features_config;

/* Fills features, frames, outside and beyond of the camera, and leaves of its boxes and its truth what lies in the
 * video. */
clreid_status features_embed(const features_config *config, camera *of, clreid_error *error);

/* float32 (boxes, 10 + length): frame, -1, x, y, width, height, score, -1, -1, -1, feature, as trackers of the DeepSORT
 * kind read it. */
clreid_status features_write(const char *path, const camera *of, size_t length, clreid_error *error);

#endif
