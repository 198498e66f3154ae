/*
 * masks.h - maps of attention as files: for each picture and map of a model FOLDER/INDEX.NAME.npy, its numbers, and
 * FOLDER/INDEX.NAME.png, the map drawn over the picture.
 *
 * Owns the files' names and the room for maps of a batch; overlay.c draws.
 */
#ifndef MASKS_H
#define MASKS_H

#include <clreid/clreid.h>

#include "picture.h"

typedef struct masks masks;

/* Fails if nothing can be written into the folder: for the time before the long work. */
clreid_status masks_check_folder(const char *folder, clreid_error *error);

/* Borrows folder and model, which was loaded with maps. Room for the maps of `most` pictures. */
clreid_status masks_create(const char *folder, const clreid_model *model, size_t most, masks **made,
                           clreid_error *error);
void masks_destroy(masks *made); /* NULL is allowed */

/* How many maps the model has, and the name of one. */
size_t masks_count(const masks *made);
const char *masks_name(const masks *made, size_t map);

/* Where clreid_embed_maps puts the maps of `most` pictures. */
float *const *masks_room(const masks *made);

/* Writes the files of the picture in that place of the room, as picture number index. Each file appears whole or not at
 * all. */
clreid_status masks_write(const masks *made, size_t place, size_t index, const picture *shown, clreid_error *error);

#endif
