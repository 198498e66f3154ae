/*
 * embedder.h - one weight file, or several whose features stand side by side, as one thing that embeds.
 *
 * With several each model's feature is scaled to length 1 before they are joined, so that each has the same say in a
 * distance (feature fusion). Several devices share the pictures. Owns models, sessions and the room for maps; devices,
 * pictures and files are the caller's.
 */
#ifndef EMBEDDER_H
#define EMBEDDER_H

#include "device_set.h"
#include "picture.h"

typedef struct embedder_config {
  const char *const *weights; /* [count] */
  size_t count;
  const char *network; /* NULL: as the weight file says */
  clreid_precision precision;
  bool pooled;       /* the feature before the last batch norm */
  bool unit_length;  /* scale what comes out to length 1 */
  int largest_batch; /* that the device works on at a time */
  size_t most;       /* pictures of a call */
  const char *masks; /* a folder for maps of attention, or NULL */
} embedder_config;

typedef struct embedder embedder;

/* Borrows what config points to. */
clreid_status embedder_create(const device_set *devices, const embedder_config *config, embedder **made,
                              clreid_error *error);
void embedder_destroy(embedder *made); /* NULL is allowed */

size_t embedder_length(const embedder *made); /* of all features of a picture together */

/* features[count][length]: those of each model, as it gives them. */
clreid_status embedder_run(embedder *made, const clreid_picture *pictures, size_t count, float *features,
                           clreid_error *error);

/* row[length] from a picture's features, and its mirror image's or NULL: their mean, scaled. */
void embedder_finish(const embedder *made, const float *feature, const float *mirrored, float *row);

/* Writes the maps of the last run's picture `place` as picture number index, if maps are wanted. */
clreid_status embedder_write_masks(const embedder *made, size_t place, size_t index, const picture *shown,
                                   clreid_error *error);

#endif
