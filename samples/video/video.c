/*
 * video.c - clreid-video: who walks or drives past several cameras. Videos and the boxes of a detector in; identities
 * over time and cameras out, as text files, annotated videos and a contact sheet.
 *
 * Owns the order of the stages: boxes to features (box_features.h), features and boxes to tracks
 * (tracker.h), tracks to identities (identities.h), judged by the truth where there is one (judge.h, ranking.h), shown
 * (annotate.h, album.h, still.h).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "annotate.h"
#include "box_features.h"
#include "clock.h"
#include "console.h"
#include "interrupt.h"
#include "movie.h"
#include "out_folder.h"
#include "program.h"
#include "report.h"
#include "settings.h"
#include "tracker.h"

const char program_name[] = "clreid-video";

/* What a run holds. All of it is released by release(). */
typedef struct run {
  const settings *set;
  camera *cameras; /* [count] */
  size_t count;
  clreid_device *device;
  clreid_model *model;
  clreid_session *session;
  sighting_list *lists; /* [count] */
  album *album;
  still *still;
  report result;
} run;

static clreid_status no_memory(clreid_error *error)
{
  return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for the list of videos");
}

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

static clreid_status open_cameras(run *it, clreid_error *error)
{
  const settings *set = it->set;
  const size_t count = set->videos.count;
  camera_files files[SETTINGS_MOST_CAMERAS];
  for (size_t c = 0; c < count; ++c) {
    files[c] =
        (camera_files){set->videos.items[c], set->boxes.items[c], set->truths.count ? set->truths.items[c] : NULL};
  }
  it->cameras = calloc(SETTINGS_MOST_CAMERAS, sizeof *it->cameras);
  it->lists = calloc(SETTINGS_MOST_CAMERAS, sizeof *it->lists);
  it->result.each = calloc(SETTINGS_MOST_CAMERAS, sizeof *it->result.each);
  if (!it->cameras || !it->lists || !it->result.each) return no_memory(error);
  it->count = count;
  clreid_status status = cameras_open(files, count, it->cameras, error);
  if (status == CLREID_OK) status = folder_prepare(set->out, it->cameras, count, set->weights, error);
  return status;
}

static clreid_status open_model(run *it, clreid_error *error)
{
  const settings *set = it->set;
  const clreid_device_config device = {.choice = set->common.device, .log = set->common.verbose ? console_log : NULL};
  const clreid_model_config model = {.network = set->network,
                                     .precision = set->precision == 1 ? CLREID_FP16 : CLREID_FP32};
  const clreid_session_config session = {.largest_batch = (int)set->batch};
  clreid_status status = clreid_device_open(&device, &it->device, error);
  if (status == CLREID_OK) status = clreid_model_load(it->device, set->weights, &model, &it->model, error);
  if (status == CLREID_OK) status = clreid_session_create(it->model, &session, &it->session, error);
  if (status != CLREID_OK) return status;
  clreid_model_info info;
  clreid_model_describe(it->model, &info);
  it->result.length = (size_t)info.feature_length;
  return CLREID_OK;
}

static void release(run *it)
{
  album_destroy(it->album);
  still_destroy(it->still);
  for (size_t c = 0; c < it->count; ++c) sightings_free(&it->lists[c]);
  identities_free(&it->result.identities);
  if (it->cameras) cameras_close(it->cameras, it->count);
  clreid_session_destroy(it->session);
  clreid_model_free(it->model);
  clreid_device_close(it->device);
  free(it->cameras);
  free(it->lists);
  free(it->result.each);
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

/* The path of a result in the folder; NULL, after filling *error, if there is no memory. For free(). */
static char *path_in(const run *it, const char *name, const char *ending, clreid_error *error)
{
  char *path = folder_path(it->set->out, name, ending);
  if (!path) no_memory(error);
  return path;
}

static clreid_status write_features(const run *it, const camera *of, clreid_error *error)
{
  char *path = path_in(it, of->name, ".npy", error);
  const clreid_status status = path ? features_write(path, of, it->result.length, error) : error->status;
  free(path);
  return status;
}

static clreid_status write_sightings(const run *it, size_t place, clreid_error *error)
{
  char *path = path_in(it, it->cameras[place].name, ".txt", error);
  const clreid_status status = path ? sightings_write(path, &it->lists[place], error) : error->status;
  free(path);
  return status;
}

/* ---- The stages -------------------------------------------------------------------------------------------------- */

static clreid_status embed(run *it, clreid_error *error)
{
  const features_config config = {.session = it->session, .length = it->result.length, .batch = (size_t)it->set->batch};
  const double started = clock_seconds();
  size_t boxes = 0;
  clreid_status status = CLREID_OK;
  for (size_t c = 0; c < it->count && status == CLREID_OK; ++c) {
    status = features_embed(&config, &it->cameras[c], error);
    boxes += it->cameras[c].boxes.count;
  }
  it->result.embed_seconds = clock_seconds() - started;
  if (status == CLREID_OK && boxes == 0) {
    return console_fail(error, CLREID_INVALID_FILE, "no box is left in '%s'%s: needed are boxes that lie in its frames",
                        it->cameras[0].files.boxes, it->count > 1 ? " and the others" : "");
  }
  for (size_t c = 0; c < it->count && status == CLREID_OK; ++c) status = write_features(it, &it->cameras[c], error);
  return status;
}

static clreid_status track(run *it, clreid_error *error)
{
  clreid_status status = CLREID_OK;
  for (size_t c = 0; c < it->count && status == CLREID_OK; ++c) {
    camera *of = &it->cameras[c];
    tracker_config config = it->set->tracker;
    config.rate = (double)of->movie.rate_numerator / of->movie.rate_denominator;
    of->track_of = calloc(of->boxes.count + 1, sizeof *of->track_of);
    if (!of->track_of) return no_memory(error);
    status = tracker_run(&config, of->boxes.items, of->features, of->boxes.count, it->result.length, of->track_of,
                         &of->tracks, error);
  }
  return status;
}

static clreid_status identify(run *it, clreid_error *error)
{
  clreid_status status =
      identities_find(&it->set->identities, it->cameras, it->count, it->result.length, &it->result.identities, error);
  for (size_t c = 0; c < it->count && status == CLREID_OK; ++c) {
    status = sightings_collect(&it->cameras[c], it->set->fill_seconds, &it->lists[c], error);
    if (status == CLREID_OK) status = write_sightings(it, c, error);
  }
  return status;
}

static clreid_status judge(run *it, clreid_error *error)
{
  report *result = &it->result;
  const double visible = it->set->least_visibility;
  result->judged = it->set->truths.count > 0;
  if (!result->judged) return CLREID_OK;
  clreid_status status = judge_identities(it->cameras, it->lists, 0, it->count, visible, &result->all, error);
  for (size_t c = 0; c < it->count && status == CLREID_OK; ++c) {
    status = judge_identities(it->cameras, it->lists, c, c + 1, visible, &result->each[c], error);
  }
  if (status != CLREID_OK) return status;
  return ranking_judge(it->device, it->cameras, it->count, result->length, visible, &result->ranking, error);
}

static clreid_status annotate(run *it, size_t place, clreid_error *error)
{
  char *path = path_in(it, it->cameras[place].name, ".mp4", error);
  if (!path) return error->status;
  const annotate_job job = {.camera = &it->cameras[place],
                            .place = place,
                            .list = &it->lists[place],
                            .identities = &it->result.identities,
                            .album = it->album,
                            .still = it->still,
                            .path = it->set->no_video ? NULL : path};
  const clreid_status status = annotate_run(&job, error);
  free(path);
  return status;
}

static clreid_status write_pictures(run *it, clreid_error *error)
{
  char *sheet = path_in(it, "identities", ".png", error), *shot = path_in(it, "still", ".png", error);
  clreid_status status = sheet && shot ? CLREID_OK : error->status;
  if (status == CLREID_OK && album_rows(it->album) > 0) status = album_write(it->album, sheet, error);
  if (status == CLREID_OK) status = still_write(it->still, shot, error);
  free(sheet);
  free(shot);
  return status;
}

static clreid_status show(run *it, clreid_error *error)
{
  const identity_list *identities = &it->result.identities;
  clreid_status status = album_create(it->cameras, it->count, identities, &it->album, error);
  if (status == CLREID_OK) status = still_create(it->lists, it->count, identities, &it->still, error);
  for (size_t c = 0; c < it->count && status == CLREID_OK; ++c) status = annotate(it, c, error);
  return status == CLREID_OK ? write_pictures(it, error) : status;
}

static int run_all(const settings *set)
{
  run it = {.set = set};
  clreid_error error = {0};
  interrupt_start(); /* before the device and the decoders bring their threads */
  movie_log_to(set->common.verbose ? console_log : NULL, NULL);
  clreid_status status = open_cameras(&it, &error);
  if (status == CLREID_OK) status = open_model(&it, &error);
  if (status == CLREID_OK) status = embed(&it, &error);
  if (!set->features_only) {
    if (status == CLREID_OK) status = track(&it, &error);
    if (status == CLREID_OK) status = identify(&it, &error);
    if (status == CLREID_OK) status = judge(&it, &error);
    if (status == CLREID_OK) status = show(&it, &error);
  }
  it.result.cameras = it.cameras;
  it.result.camera_count = it.count;
  it.result.lists = set->features_only ? NULL : it.lists;
  const int code = status == CLREID_OK ? report_print(&it.result, set->json) : console_error(&error);
  release(&it);
  return code;
}

int main(int argc, char **argv)
{
  settings set;
  int code;
  if (settings_parse(argc, argv, &set, &code)) code = run_all(&set);
  settings_free(&set);
  errno = 0;
  const bool lost = ferror(stdout) != 0;
  if ((fflush(stdout) != 0 || lost) && code == PROGRAM_DONE) {
    console_complain("cannot write the results to stdout: %s", errno ? strerror(errno) : "the disk may be full");
    code = PROGRAM_FAILED;
  }
  return code;
}
