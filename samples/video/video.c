/*
 * video.c - clreid-video: who walks or drives past several cameras. Videos and the boxes of a detector in; identities
 * over time and cameras out, as text files, annotated videos and a contact sheet.
 *
 * Owns the options, and the order of the stages: boxes to features (box_features.h), features and boxes to tracks
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
#include "options.h"
#include "out_folder.h"
#include "program.h"
#include "report.h"
#include "tracker.h"

const char program_name[] = "clreid-video";

enum { MOST_CAMERAS = 64, MOST_BATCH = 1024 };

typedef struct settings {
  const char *weights, *network, *out;
  options_texts videos, boxes, truths;
  uint64_t batch;
  int precision;
  bool json, no_video, features_only;
  tracker_config tracker; /* its rate is each video's own */
  identities_config identities;
  double fill_seconds, least_visibility;
  options_common common;
} settings;

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
  camera_files files[MOST_CAMERAS];
  for (size_t c = 0; c < count; ++c) {
    files[c] =
        (camera_files){set->videos.items[c], set->boxes.items[c], set->truths.count ? set->truths.items[c] : NULL};
  }
  it->cameras = calloc(count, sizeof *it->cameras);
  it->lists = calloc(count, sizeof *it->lists);
  it->result.each = calloc(count, sizeof *it->result.each);
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

/* ---- The command line -------------------------------------------------------------------------------------------- */

static bool counts_agree(const settings *set)
{
  if (set->videos.count > MOST_CAMERAS) {
    console_complain("%zu times --video, at most %d can be taken together", set->videos.count, MOST_CAMERAS);
    return false;
  }
  if (set->boxes.count != set->videos.count) {
    console_complain("%zu times --video but %zu times --boxes: give a box file for each video, in the same order",
                     set->videos.count, set->boxes.count);
    return false;
  }
  if (set->truths.count != 0 && set->truths.count != set->videos.count) {
    console_complain("%zu times --video but %zu times --truth: give a truth for each video, in the same order, or none",
                     set->videos.count, set->truths.count);
    return false;
  }
  return true;
}

static bool parse(int argc, char **argv, settings *set, int *code)
{
  const options_row rows[] = {
      {"weights", OPTIONS_TEXT, &set->weights, "W.safetensors", "the weight file", true, 0, 0},
      {"video", OPTIONS_TEXTS, &set->videos, "A.mp4", "a camera's video; again for each camera", true, 0, 0},
      {"boxes", OPTIONS_TEXTS, &set->boxes, "A.det.txt", "what a detector found in it, MOTChallenge form", true, 0, 0},
      {"truth", OPTIONS_TEXTS, &set->truths, "A.gt.txt", "who is in it, to judge the result by", false, 0, 0},
      {"out", OPTIONS_TEXT, &set->out, "FOLDER", "for the results; made if it is missing", true, 0, 0},
      {"network", OPTIONS_TEXT, &set->network, "NAME", "where the weight file does not say it", false, 0, 0},
      {"batch", OPTIONS_NUMBER, &set->batch, "N", "boxes that the device works on at a time (32)", false, 1,
       MOST_BATCH},
      {"precision", OPTIONS_WORD, &set->precision, "fp32|fp16", "of what is stored; sums are fp32 (fp32)", false, 0, 0},
      {"features-only", OPTIONS_FLAG, &set->features_only, NULL, "write FOLDER/NAME.npy and nothing else", false, 0, 0},
      {"no-video", OPTIONS_FLAG, &set->no_video, NULL, "write no annotated videos", false, 0, 0},
      {"json", OPTIONS_FLAG, &set->json, NULL, "print one JSON object", false, 0, 0},
      {"score", OPTIONS_REAL, &set->tracker.least_score, "S", "a box below it begins no track (0.3)", false, 0,
       1000000},
      {"memory", OPTIONS_REAL, &set->tracker.memory_seconds, "S", "seconds that a lost track is remembered (3)", false,
       0, 3600},
      {"overlap", OPTIONS_SHARE, &set->tracker.least_overlap, "X", "least overlap of a box and its track (0.1)", false,
       0, 0},
      {"looks", OPTIONS_SHARE, &set->tracker.looks, "X", "the share of looks beside overlap (0.4)", false, 0, 0},
      {"far", OPTIONS_REAL, &set->tracker.far, "X", "cosine distance that ends a track (0.6)", false, 0, 2},
      {"take-up", OPTIONS_REAL, &set->tracker.take_up, "X", "... up to which a lost one goes on (0.35)", false, 0, 2},
      {"join", OPTIONS_REAL, &set->identities.joined, "X", "... up to which one camera's tracks are one (0.2)", false,
       0, 2},
      {"connect", OPTIONS_REAL, &set->identities.connected, "X", "... and tracks of several cameras (0.35)", false, 0,
       2},
      {"fill", OPTIONS_REAL, &set->fill_seconds, "S", "seconds that a track is drawn on without a box (0.5)", false, 0,
       60},
      {"visibility", OPTIONS_SHARE, &set->least_visibility, "X", "true boxes seen less are not judged (0.3)", false, 0,
       0},
  };
  const options_table table = {.summary =
                                   "Follows persons or vehicles through the videos of one or more cameras: which "
                                   "boxes show the same one,\nin one camera and in the others.",
                               .rows = rows,
                               .row_count = sizeof rows / sizeof *rows,
                               .program = true};
  int first;
  if (!options_parse(&table, argc, argv, &set->common, &first, code)) return false;
  *code = PROGRAM_USAGE;
  return counts_agree(set);
}

int main(int argc, char **argv)
{
  settings set = {
      .batch = 32,
      .tracker =
          {.memory_seconds = 3, .least_overlap = 0.1, .far = 0.6, .take_up = 0.35, .looks = 0.4, .least_score = 0.3},
      .identities = {.joined = 0.2, .connected = 0.35},
      .fill_seconds = 0.5,
      .least_visibility = 0.3};
  int code;
  if (parse(argc, argv, &set, &code)) code = run_all(&set);
  free(set.videos.items);
  free(set.boxes.items);
  free(set.truths.items);
  if (fflush(stdout) != 0 || ferror(stdout)) {
    console_complain("cannot write the results: %s", strerror(errno));
    if (code == PROGRAM_DONE) code = PROGRAM_FAILED;
  }
  return code;
}
