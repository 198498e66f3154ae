/*
 * movie.h - what reading and writing of moving pictures share: what libav says and why it failed, in our lines.
 *
 * Owns libav's one log, which is the process's: libav prints nothing by itself once a movie was opened.
 */
#ifndef MOVIE_H
#define MOVIE_H

#include <clreid/clreid.h>

enum { MOVIE_LARGEST_SIDE = 16384 }; /* pixels */

/* From here on log (NULL: nobody) is told what libav has to say of damaged files. Thread rule: before the first movie.
 */
void movie_log_to(clreid_log *log, void *user);

/* For movie_reader and movie_writer: takes over libav's log, and libav's error number as words. */
void movie_silence(void);
enum { MOVIE_REASON_BYTES = 128 };
const char *movie_reason(int number, char text[MOVIE_REASON_BYTES]);

#endif
