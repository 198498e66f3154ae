/*
 * still.h - FOLDER/still.png: one annotated frame of each camera, side by side.
 *
 * Of the first camera the frame that shows most, identities that several cameras saw counting most; of each other
 * camera the frame that shows most of the same ones.
 */
#ifndef STILL_H
#define STILL_H

#include "identities.h"
#include "sightings.h"
#include "sketch.h"

typedef struct still still;

enum { STILL_CAMERAS = 4 }; /* that are shown at most */

/* Borrows all it is given. */
clreid_status still_create(const sighting_list *lists, size_t count, const identity_list *identities, still **made,
                           clreid_error *error);
void still_destroy(still *made); /* NULL is allowed */

bool still_wants(const still *made, size_t camera_place, uint64_t frame);
clreid_status still_take(still *made, size_t camera_place, const sketch *annotated, clreid_error *error);
/* Writes nothing if it has no frame. */
clreid_status still_write(const still *made, const char *path, clreid_error *error);

#endif
