/*
 * annotate.c - see annotate.h.
 */
#include "annotate.h"

#include <stdlib.h>

#include "console.h"
#include "drawing.h"
#include "movie_writer.h"
#include "progress.h"

/* pixels: room for a frame. A frame that nobody wants is not even turned into RGB. */
static clreid_status run_frame(const annotate_job *job, movie_reader *reader, movie_writer *writer, uint64_t number,
                               uint8_t *pixels, clreid_error *error)
{
  const bool for_album = album_wants(job->album, job->place, number),
             for_still = still_wants(job->still, job->place, number);
  if (!writer && !for_album && !for_still) return CLREID_OK;
  clreid_status status = movie_reader_pixels(reader, pixels, error);
  if (status == CLREID_OK && for_album) status = album_take(job->album, job->place, number, pixels, error);
  const sketch on = {pixels, job->camera->movie.width, job->camera->movie.height};
  const size_t first = sightings_find(job->list, number), end = sightings_find(job->list, number + 1);
  if (status == CLREID_OK) drawing_sightings(&on, job->list->items + first, end - first, job->identities);
  if (status == CLREID_OK && for_still) status = still_take(job->still, job->place, &on, error);
  return status == CLREID_OK && writer ? movie_writer_add(writer, pixels, error) : status;
}

static clreid_status run_frames(const annotate_job *job, movie_reader *reader, movie_writer *writer, uint8_t *pixels,
                                clreid_error *error)
{
  uint64_t number = 0;
  clreid_status status;
  progress_start(job->camera->name, (size_t)job->camera->frames);
  while ((status = movie_reader_next(reader, &number, error)) == CLREID_OK && number > 0) {
    status = run_frame(job, reader, writer, number, pixels, error);
    if (status != CLREID_OK) break;
    progress_show((size_t)number);
  }
  progress_clear();
  return status;
}

clreid_status annotate_run(const annotate_job *job, clreid_error *error)
{
  const movie_facts *facts = &job->camera->movie;
  movie_reader *reader = NULL;
  movie_writer *writer = NULL;
  uint8_t *pixels = malloc((size_t)facts->width * (size_t)facts->height * 3);
  clreid_status status = CLREID_OK;
  if (!pixels) {
    status = console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for a frame of '%s'", job->camera->files.video);
  }
  if (status == CLREID_OK) status = camera_open_video(job->camera, &reader, error);
  if (status == CLREID_OK && job->path) {
    status = movie_writer_create(job->path, facts->width, facts->height, facts->rate_numerator, facts->rate_denominator,
                                 &writer, error);
  }
  if (status == CLREID_OK) status = run_frames(job, reader, writer, pixels, error);
  if (status == CLREID_OK && writer) status = movie_writer_finish(writer, error);
  movie_writer_destroy(writer);
  movie_reader_close(reader);
  free(pixels);
  return status;
}
