/*
 * batch.c - see batch.h. A thread lives for one batch: what it costs to start is nothing beside a batch.
 */
#include "batch.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "console.h"

struct batch_reader {
  const char *const *paths;
  size_t count, most; /* of all, of a batch */
  batch batches[2];
  int filling; /* the one that the thread fills */
  bool running;
  pthread_t thread;
};

static void empty(batch *used)
{
  for (size_t i = 0; i < used->count; ++i) picture_free(&used->pictures[i]);
  used->count = 0;
}

static void *fill(void *user)
{
  batch_reader *reader = user;
  batch *filled = &reader->batches[reader->filling];
  size_t bytes = 0;
  while (filled->count < reader->most && filled->first + filled->count < reader->count && bytes < BATCH_LARGEST_BYTES) {
    const size_t i = filled->count++;
    picture_read(reader->paths[filled->first + i], &filled->pictures[i], &filled->errors[i]);
    bytes += (size_t)filled->pictures[i].width * (size_t)filled->pictures[i].height * 3;
  }
  return NULL;
}

/* Fills the batch in the background, or here if no thread can be had. */
static void start(batch_reader *reader, size_t first)
{
  reader->batches[reader->filling].first = first;
  reader->running = pthread_create(&reader->thread, NULL, fill, reader) == 0;
  if (!reader->running) fill(reader);
}

static void wait(batch_reader *reader)
{
  if (reader->running) pthread_join(reader->thread, NULL);
  reader->running = false;
}

clreid_status batch_reader_create(const char *const *paths, size_t count, size_t most, batch_reader **reader,
                                  clreid_error *error)
{
  batch_reader *made = calloc(1, sizeof *made);
  bool whole = made != NULL;
  for (int i = 0; i < 2 && made; ++i) {
    made->batches[i].pictures = calloc(most, sizeof *made->batches[i].pictures);
    made->batches[i].errors = calloc(most, sizeof *made->batches[i].errors);
    whole = whole && made->batches[i].pictures && made->batches[i].errors;
  }
  if (!whole) {
    batch_reader_destroy(made);
    return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for batches of %zu pictures", most);
  }
  made->paths = paths;
  made->count = count;
  made->most = most;
  start(made, 0);
  *reader = made;
  return CLREID_OK;
}

const batch *batch_reader_next(batch_reader *reader)
{
  wait(reader);
  const batch *ready = &reader->batches[reader->filling];
  if (ready->count == 0) return NULL;
  reader->filling = 1 - reader->filling;
  empty(&reader->batches[reader->filling]);
  start(reader, ready->first + ready->count);
  return ready;
}

void batch_reader_destroy(batch_reader *reader)
{
  if (!reader) return;
  wait(reader);
  for (int i = 0; i < 2; ++i) {
    if (reader->batches[i].pictures) empty(&reader->batches[i]);
    free(reader->batches[i].pictures);
    free(reader->batches[i].errors);
  }
  free(reader);
}
