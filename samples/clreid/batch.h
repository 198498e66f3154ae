/*
 * batch.h - picture files read a batch at a time, the next one in the background while the device works on this one.
 *
 * Memory: two batches of decoded pictures, each at most BATCH_LARGEST_BYTES and one picture more.
 */
#ifndef BATCH_H
#define BATCH_H

#include <stddef.h>

#include "picture.h"

enum { BATCH_LARGEST_BYTES = 256 << 20 }; /* a batch of large pictures ends early */

/* Pictures first ... first + count - 1 of the list. Where pictures[i] has no pixels, errors[i] says why. */
typedef struct batch {
  size_t first, count;
  picture *pictures;
  clreid_error *errors;
} batch;

typedef struct batch_reader batch_reader;

/* Borrows paths[count] and begins to read. */
clreid_status batch_reader_create(const char *const *paths, size_t count, size_t most, batch_reader **reader,
                                  clreid_error *error);
/* The next batch, valid until the next call; NULL: there is none left. */
const batch *batch_reader_next(batch_reader *reader);
void batch_reader_destroy(batch_reader *reader); /* waits; NULL is allowed */

#endif
