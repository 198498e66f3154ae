/*
 * picture.h - picture files as 8-bit RGB: JPEG, PNG and BMP, decoded by stb_image, or JPEG by libjpeg-turbo where the
 * build says so.
 *
 * Grey becomes RGB, transparency is dropped, 16 bits become 8; a camera's orientation tag is not applied. Owns the
 * limits that a hostile file meets; knows nothing of networks.
 *
 * The two JPEG decoders differ a little. Over 100 crops of persons and 24 synthetic pictures, saved at quality 75 to
 * 95: in 0.7 to 1.5 % of the bytes without chroma subsampling, in 4 to 8 % with 4:2:0, by one level mostly and by three
 * at most (stb_image 2.27, libjpeg-turbo 2.1.5). What that does to embeddings, over the 100 crops: with rga-none
 * (random weights, calibrated batch norm) a cosine distance of 1.4e-6 in the median and 1.9e-5 at most, where different
 * pictures lie 0.12 apart; with the attention of rga-sc, which random weights make chaotic, 8e-5 in the median, and
 * single pictures far more. An application that compares embeddings across programs should use one decoder.
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
