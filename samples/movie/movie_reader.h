/*
 * movie_reader.h - the frames of a video file as 8-bit RGB, one after another: whatever libav reads.
 *
 * open -> next, pixels (if wanted) ... -> close. Holds one frame. A file that is cut short or damaged gives the frames
 * that can be decoded, then says what was wrong. A camera's rotation tag is not applied; where the size changes within
 * a file, later frames are scaled to the first one's. Trusts nothing that a file says, and opens no other file for it.
 */
#ifndef MOVIE_READER_H
#define MOVIE_READER_H

#include <stdbool.h>
#include <stdint.h>

#include <clreid/clreid_status.h>

typedef struct movie_reader movie_reader;

typedef struct movie_facts {
  int width, height;                    /* pixels */
  int rate_numerator, rate_denominator; /* frames a second; 25/1 where the file does not say */
  uint64_t frames;                      /* as the file announces them; 0: it does not */
} movie_facts;

/* On failure *made is NULL. Thread rule: a reader belongs to one thread at a time. */
clreid_status movie_reader_open(const char *path, movie_reader **made, clreid_error *error);
void movie_reader_close(movie_reader *made); /* NULL is allowed */
movie_facts movie_reader_describe(const movie_reader *made);

/* Decodes the next frame. *number counts from 1, and is 0 behind the last one. A file without any frame is an error.
 * Frames that are lost in a damaged file leave a hole in the numbers, where its times tell. */
clreid_status movie_reader_next(movie_reader *made, uint64_t *number, clreid_error *error);
/* That frame's pixels[height][width][3]. */
clreid_status movie_reader_pixels(movie_reader *made, uint8_t *pixels, clreid_error *error);

/* After the last frame: true, and a line about it, if not all frames came or some are damaged. */
bool movie_reader_damage(const movie_reader *made, clreid_error *warning);

#endif
