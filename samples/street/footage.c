/*
 * footage.c - see footage.h. Each camera has a thread of its own; files appear when both are done.
 */
#include "footage.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "movie_writer.h"
#include "output.h"
#include "progress.h"
#include "scene.h"

/* 12.5 frames a second. */
enum { RATE_NUMERATOR = 25, RATE_DENOMINATOR = 2, CLASS_PEDESTRIAN = 1, CLASS_CAR = 3 };

/* Shared by the threads. */
typedef struct progress_count {
  atomic_int frames;
  atomic_bool failed;
} progress_count;

typedef struct shot {
  const footage_config *config;
  const street *street;
  progress_count *count;
  int camera, frames;
  movie_writer *movie;
  output *truth, *detections;
  clreid_status status;
  clreid_error error;
} shot;

/* ---- Lines ------------------------------------------------------------------------------------------------------- */

static clreid_status write_truth(shot *of, int frame, const truth *t)
{
  char line[160];
  const int kind = t->identity < of->config->persons ? CLASS_PEDESTRIAN : CLASS_CAR;
  const int length = snprintf(line, sizeof line, "%d,%d,%d,%d,%d,%d,1,%d,%.3f\n", frame, t->identity + 1, t->box.left,
                              t->box.top, t->box.right - t->box.left, t->box.bottom - t->box.top, kind, t->visibility);
  return output_write(of->truth, line, (size_t)length, &of->error);
}

static clreid_status write_detection(shot *of, int frame, area box, float score)
{
  char line[160];
  const int length = snprintf(line, sizeof line, "%d,-1,%d,%d,%d,%d,%.3f,-1,-1,-1\n", frame, box.left, box.top,
                              box.right - box.left, box.bottom - box.top, score);
  return output_write(of->detections, line, (size_t)length, &of->error);
}

static clreid_status write_lines(shot *of, const scene *s, int frame)
{
  clreid_status status = CLREID_OK;
  float score;
  for (int i = 0; i < s->truth_count && status == CLREID_OK; ++i) {
    const truth *t = &s->truths[i];
    if (t->visibility <= 0) continue;
    status = write_truth(of, frame, t);
    const area box = truth_detect(t, of->config->seed, of->camera, frame, &score);
    if (status == CLREID_OK && box.left < box.right) status = write_detection(of, frame, box, score);
  }
  const area wrong = truth_mistake(of->config->seed, of->camera, frame, &score);
  if (status == CLREID_OK && wrong.left < wrong.right) status = write_detection(of, frame, wrong, score);
  return status;
}

/* ---- Frames ------------------------------------------------------------------------------------------------------ */

static clreid_status shoot_frames(shot *of, scene *s, uint8_t *clean, uint8_t *noisy)
{
  const size_t bytes = (size_t)RASTER_WIDTH * RASTER_HEIGHT * 3;
  clreid_status status = CLREID_OK;
  memcpy(clean, s->site->picture, bytes);
  for (int frame = 1; frame <= of->frames && status == CLREID_OK; ++frame) {
    if (atomic_load(&of->count->failed)) break;
    scene_render(s, (float)(frame - 1) * RATE_DENOMINATOR / RATE_NUMERATOR);
    scene_develop(s, clean);
    memcpy(noisy, clean, bytes);
    scene_clean(s, clean);
    lens_add_noise(&s->site->lens, (uint32_t)frame, (area){0, 0, RASTER_WIDTH, RASTER_HEIGHT}, noisy);
    status = movie_writer_add(of->movie, noisy, &of->error);
    if (status == CLREID_OK) status = write_lines(of, s, frame);
    const int done = atomic_fetch_add(&of->count->frames, 1) + 1;
    if (of->camera == 0) progress_show((size_t)done); /* camera 1 is the main thread's */
  }
  return status;
}

static void *shoot(void *user)
{
  shot *of = user;
  raster with = {0};
  site at = {0};
  scene s = {0};
  uint8_t *clean = malloc((size_t)RASTER_WIDTH * RASTER_HEIGHT * 3);
  uint8_t *noisy = malloc((size_t)RASTER_WIDTH * RASTER_HEIGHT * 3);
  of->status =
      clean && noisy ? CLREID_OK : console_fail(&of->error, CLREID_OUT_OF_MEMORY, "no memory left for a frame");
  if (of->status == CLREID_OK) of->status = raster_create(&with, &of->error);
  if (of->status == CLREID_OK) of->status = site_create(of->config->seed, of->camera, &with, &at, &of->error);
  if (of->status == CLREID_OK) of->status = scene_create(of->street, &at, of->camera, with, &s, &of->error);
  if (of->status == CLREID_OK) of->status = shoot_frames(of, &s, clean, noisy);
  if (of->status != CLREID_OK) atomic_store(&of->count->failed, true);
  scene_free(&s);
  site_free(&at);
  raster_free(&with);
  free(clean);
  free(noisy);
  return NULL;
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

static clreid_status open_shot(shot *of, clreid_error *error)
{
  char path[4096];
  static const char *const ends[3] = {"mp4", "gt.txt", "det.txt"};
  clreid_status status = CLREID_OK;
  for (int i = 0; i < 3 && status == CLREID_OK; ++i) {
    const int length = snprintf(path, sizeof path, "%s/camera%d.%s", of->config->folder, of->camera + 1, ends[i]);
    if (length < 0 || (size_t)length >= sizeof path) {
      return console_fail(error, CLREID_INVALID_FILE, "%s: a path of %d bytes is too long", of->config->folder, length);
    }
    if (i == 0) {
      status =
          movie_writer_create(path, RASTER_WIDTH, RASTER_HEIGHT, RATE_NUMERATOR, RATE_DENOMINATOR, &of->movie, error);
    } else {
      status = output_create(path, i == 1 ? &of->truth : &of->detections, error);
    }
  }
  return status;
}

static clreid_status commit_shot(shot *of, clreid_error *error)
{
  output *files[2] = {of->truth, of->detections};
  of->truth = of->detections = NULL;
  clreid_status status = movie_writer_finish(of->movie, error);
  for (int i = 0; i < 2; ++i) {
    if (status == CLREID_OK) {
      status = output_commit(files[i], error);
    } else {
      output_abandon(files[i]);
    }
  }
  return status;
}

static void close_shot(shot *of)
{
  movie_writer_destroy(of->movie);
  output_abandon(of->truth);
  output_abandon(of->detections);
}

static clreid_status shoot_both(shot shots[STREET_CAMERAS], clreid_error *error)
{
  pthread_t other;
  const bool started = pthread_create(&other, NULL, shoot, &shots[1]) == 0;
  shoot(&shots[0]);
  if (started) {
    pthread_join(other, NULL);
  } else {
    shoot(&shots[1]);
  }
  progress_clear();
  for (int i = 0; i < STREET_CAMERAS; ++i) {
    if (shots[i].status == CLREID_OK) continue;
    *error = shots[i].error;
    return shots[i].status;
  }
  clreid_status status = CLREID_OK;
  for (int i = 0; i < STREET_CAMERAS && status == CLREID_OK; ++i) status = commit_shot(&shots[i], error);
  return status;
}

clreid_status footage_write(const footage_config *config, clreid_error *error)
{
  const view views[STREET_CAMERAS] = {site_view(config->seed, 0), site_view(config->seed, 1)};
  const int frames = config->seconds * RATE_NUMERATOR / RATE_DENOMINATOR;
  street s;
  progress_count count = {0};
  shot shots[STREET_CAMERAS] = {{0}};
  clreid_status status =
      street_create(config->seed, config->persons, config->cars, (float)config->seconds, false, views, &s, error);
  if (status != CLREID_OK) return status;
  for (int i = 0; i < STREET_CAMERAS; ++i) {
    shots[i] = (shot){.config = config, .street = &s, .count = &count, .camera = i, .frames = frames};
    if (status == CLREID_OK) status = open_shot(&shots[i], error);
  }
  progress_start("frames", STREET_CAMERAS * (size_t)frames);
  if (status == CLREID_OK) status = shoot_both(shots, error);
  progress_clear();
  for (int i = 0; i < STREET_CAMERAS; ++i) close_shot(&shots[i]);
  street_free(&s);
  return status;
}
