/*
 * movie_writer.h - frames in, an MP4 file out: H.264 where libavcodec has x264, else MPEG-4 part 2; 4:2:0, no sound.
 *
 * create -> add ... -> finish -> destroy. The file appears whole or not at all, and an interrupt removes what was
 * written so far. Owns the encoder's settings: nearly lossless to the eye, quick, two threads. The same frames make the
 * same file. A width or height that is odd, which 4:2:0 has not, is made even by repeating the last column or row.
 */
#ifndef MOVIE_WRITER_H
#define MOVIE_WRITER_H

#include <stdint.h>

#include <clreid/clreid_status.h>

typedef struct movie_writer movie_writer;

/* A movie of rate_numerator / rate_denominator frames a second. Fails where path cannot be written, so create it before
 * the long work. On failure *made is NULL. Thread rule: a writer belongs to one thread at a time. */
clreid_status movie_writer_create(const char *path, int width, int height, int rate_numerator, int rate_denominator,
                                  movie_writer **made, clreid_error *error);
/* The next frame: RGB, pixels[height][width][3], borrowed for the call. */
clreid_status movie_writer_add(movie_writer *made, const uint8_t *pixels, clreid_error *error);
/* The file stands at its path. At least one frame must have been added; nothing can be added afterwards. */
clreid_status movie_writer_finish(movie_writer *made, clreid_error *error);
/* Removes what is not finished; NULL is allowed. */
void movie_writer_destroy(movie_writer *made);

#endif
