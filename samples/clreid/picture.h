/*
 * picture.h - picture files as 8-bit RGB: JPEG, PNG and BMP, decoded by stb_image, or JPEG by libjpeg-turbo where the
 * build says so.
 *
 * Grey becomes RGB, transparency is dropped, 16 bits become 8; a camera's orientation tag is not applied. Owns the
 * limits that a hostile file meets; knows nothing of networks.
 */
#ifndef PICTURE_H
#define PICTURE_H

#include <stdint.h>

#include <clreid/clreid_status.h>

enum {
  PICTURE_LARGEST_SIDE = 16384,     /* pixels */
  PICTURE_LARGEST_PIXELS = 1 << 27, /* 134 million: 384 MiB as RGB */
  PICTURE_LARGEST_FILE_BYTES = 1 << 29,
};

typedef struct picture {
  uint8_t *pixels; /* [height][width][3] */
  int width, height;
} picture;

/* Reads the file. On failure picture has no pixels, and the error says why without naming the path, which the caller
 * knows. Thread rule: any thread. */
clreid_status picture_read(const char *path, picture *read, clreid_error *error);
void picture_free(picture *read);

#endif
