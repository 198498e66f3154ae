/*
 * album.h - FOLDER/identities.png, a contact sheet: a row for each identity that two or more cameras saw, with some
 * pictures of it from each, side by side. With one camera alone, a row for each identity.
 *
 * Says before the second pass which boxes it wants, takes their pixels as frames go by, draws at the end.
 */
#ifndef ALBUM_H
#define ALBUM_H

#include "identities.h"

typedef struct album album;

enum { ALBUM_ROWS = 100 }; /* identities at most */

/* Borrows cameras and identities. */
clreid_status album_create(const camera *cameras, size_t count, const identity_list *identities, album **made,
                           clreid_error *error);
void album_destroy(album *made); /* NULL is allowed */
size_t album_rows(const album *made);

bool album_wants(const album *made, size_t camera_place, uint64_t frame);
/* pixels[height][width][3] of that camera's frame. */
clreid_status album_take(album *made, size_t camera_place, uint64_t frame, const uint8_t *pixels, clreid_error *error);
clreid_status album_write(const album *made, const char *path, clreid_error *error);

#endif
