/*
 * identities.h - which tracks show the same person or vehicle: later in the same camera, or in another one.
 *
 * By looks alone, the mean feature of each track; but two tracks that one camera sees at the same time are two. Knows
 * nothing of frames and pictures.
 */
#ifndef IDENTITIES_H
#define IDENTITIES_H

#include "camera.h"

typedef struct identity_facts {
  size_t cameras; /* that saw it */
  size_t tracks, boxes;
} identity_facts;

typedef struct identity_list {
  identity_facts *items; /* [count]; those that several cameras saw come first */
  size_t count;
  size_t shared; /* that several cameras saw */
} identity_list;

typedef struct identities_config {
  double joined;    /* cosine distance below which tracks of one camera are the same */
  double connected; /* ... of different cameras */
} identities_config;

/* Fills identity_of of each camera. On success give the list to identities_free. */
clreid_status identities_find(const identities_config *config, camera *cameras, size_t count, size_t length,
                              identity_list *list, clreid_error *error);
void identities_free(identity_list *list);

#endif
