/*
 * command_bench.c - clreid bench: how long a picture takes, from 8-bit pixels in host memory to features in host
 * memory.
 *
 * Times whole passes through clreid_embed, or of boxes of a frame through clreid_embed_boxes, and reports the median of
 * the steady ones. At most 60 seconds in all.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "command.h"
#include "console.h"
#include "device_set.h"
#include "interrupt.h"
#include "json.h"
#include "profile.h"
#include "progress.h"
#include "scratch.h"

enum { MOST_BATCH = 1024, MOST_PASSES = 1000, FEWEST_PASSES = 5, MOST_PROFILED = 500 };

static const double MOST_SECONDS = 60;   /* for everything */
static const double ENOUGH_SECONDS = 10; /* of measured passes, once there are FEWEST_PASSES */
static const double PROFILE_SECONDS = 5; /* of passes with a profile, likewise */

/* A camera's frame. */
enum { FRAME_WIDTH = 1920, FRAME_HEIGHT = 1080, NO_FRAME = -1 };

static const struct {
  const char *name;
  clreid_format format;
  int pixel_bytes; /* of the first plane */
} frame_kinds[] = {{"rgb", CLREID_FORMAT_RGB, 3},   {"bgr", CLREID_FORMAT_BGR, 3},
                   {"rgba", CLREID_FORMAT_RGBA, 4}, {"bgra", CLREID_FORMAT_BGRA, 4},
                   {"grey", CLREID_FORMAT_GREY, 1}, {"nv12", CLREID_FORMAT_NV12_BT709, 1}};

static const char *const precision_names[] = {[CLREID_FP32] = "fp32", [CLREID_FP16] = "fp16"};

typedef struct settings {
  const char *network, *weights;
  uint64_t batch;
  int precision;
  int frame; /* of frame_kinds, or NO_FRAME */
  bool json, profile;
  options_common common;
} settings;

typedef struct run {
  const settings *set;
  double started; /* seconds of the clock */
  scratch random; /* weights, where none are given */
  device_set devices;
  clreid_group *group;       /* of all devices ... */
  clreid_model *own_model;   /* ... or of one: its model, */
  clreid_session *session;   /* and its session */
  const clreid_model *model; /* of the first device that runs */
  clreid_session_info info;  /* of the usual session */
  profile *profile;          /* NULL: not asked for */
  uint8_t *pixels;           /* [batch][height][width][3], or of a frame */
  clreid_picture *pictures;  /* [batch]; or ... */
  clreid_frame frame;
  clreid_box *boxes; /* ... [batch] of the frame; NULL: none */
  float *features;   /* [batch][D] */
  double seconds[MOST_PASSES];
  int passes;
  double prepare_seconds;
} run;

/* ---- A session and its pictures ---------------------------------------------------------------------------------- */

static clreid_status open_session(run *it, const char *path, const clreid_model_config *model,
                                  const clreid_session_config *session, clreid_error *error)
{
  clreid_status status = clreid_model_load(it->devices.items[0], path, model, &it->own_model, error);
  if (status == CLREID_OK) status = clreid_session_create(it->own_model, session, &it->session, error);
  it->model = it->own_model;
  return status;
}

static clreid_status open_group(run *it, const char *path, const clreid_model_config *model,
                                const clreid_session_config *session, clreid_error *error)
{
  clreid_group_member member = {0};
  const clreid_status status =
      clreid_group_create(it->devices.items, it->devices.count, path, model, session, &it->group, error);
  for (size_t i = 0; status == CLREID_OK && !member.model && clreid_group_member_at(it->group, i, &member); ++i) {
    it->model = member.model;
  }
  return status;
}

static clreid_status open_network(run *it, clreid_error *error)
{
  const settings *set = it->set;
  const clreid_model_config model = {.network = set->network,
                                     .precision = set->precision == 1 ? CLREID_FP16 : CLREID_FP32};
  const clreid_session_config session = {.largest_batch = (int)set->batch};
  interrupt_start(); /* before the device brings its threads */
  clreid_status status = device_set_open(&set->common, &it->devices, error);
  if (status == CLREID_OK && !set->weights) status = scratch_make(&it->random, set->network, error);
  if (status != CLREID_OK) return status;

  const double before = clock_seconds();
  const char *path = set->weights ? set->weights : it->random.path;
  status = options_all_devices(&set->common) ? open_group(it, path, &model, &session, error)
                                             : open_session(it, path, &model, &session, error);
  it->prepare_seconds = clock_seconds() - before;
  scratch_remove(&it->random); /* the model does not need the file any more */
  return status;
}

/* A byte of noise for each position: a well-mixed integer, the same on every machine. */
static uint8_t noise(uint32_t position)
{
  uint32_t x = position * 0x9e3779b9u + 0x7f4a7c15u;
  x = (x ^ (x >> 16)) * 0x21f0aaadu;
  x = (x ^ (x >> 15)) * 0x735a2d97u;
  return (uint8_t)(x >> 24);
}

/* Persons near and far: as many of 50 to 100 pixels' height as of 250 to 500, a third to a half as wide as high. */
static clreid_box make_box(uint32_t seed)
{
  const double height = 50 * pow(10, noise(4 * seed) / 255.0),
               width = height * (0.35 + 0.15 * noise(4 * seed + 1) / 255);
  return (clreid_box){(float)((FRAME_WIDTH - width) * noise(4 * seed + 2) / 255),
                      (float)((FRAME_HEIGHT - height) * noise(4 * seed + 3) / 255), (float)width, (float)height};
}

static clreid_status make_boxes(run *it, clreid_error *error)
{
  clreid_model_info info;
  clreid_model_describe(it->model, &info);
  const size_t batch = it->set->batch;
  const size_t luma = (size_t)frame_kinds[it->set->frame].pixel_bytes * FRAME_WIDTH * FRAME_HEIGHT,
               bytes = luma + FRAME_WIDTH * FRAME_HEIGHT / 2;
  it->pixels = malloc(bytes);
  it->boxes = calloc(batch, sizeof *it->boxes);
  it->features = malloc(batch * (size_t)info.feature_length * sizeof *it->features);
  if (!it->pixels || !it->boxes || !it->features) {
    return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for a frame with %zu boxes", batch);
  }
  for (size_t i = 0; i < bytes; ++i) it->pixels[i] = noise((uint32_t)i);
  for (size_t i = 0; i < batch; ++i) it->boxes[i] = make_box((uint32_t)i);
  it->frame = (clreid_frame){.pixels = it->pixels,
                             .chroma = it->pixels + luma,
                             .width = FRAME_WIDTH,
                             .height = FRAME_HEIGHT,
                             .format = frame_kinds[it->set->frame].format};
  return CLREID_OK;
}

static clreid_status make_pictures(run *it, clreid_error *error)
{
  clreid_model_info info;
  if (it->set->frame != NO_FRAME) return make_boxes(it, error);
  clreid_model_describe(it->model, &info);
  const size_t batch = it->set->batch, bytes = (size_t)info.height * (size_t)info.width * 3;
  it->pixels = malloc(batch * bytes);
  it->pictures = calloc(batch, sizeof *it->pictures);
  it->features = malloc(batch * (size_t)info.feature_length * sizeof *it->features);
  if (!it->pixels || !it->pictures || !it->features) {
    return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for a batch of %zu pictures", batch);
  }
  for (size_t i = 0; i < batch * bytes; ++i) it->pixels[i] = noise((uint32_t)i);
  for (size_t i = 0; i < batch; ++i) {
    it->pictures[i] = (clreid_picture){.pixels = it->pixels + i * bytes, .width = info.width, .height = info.height};
  }
  return CLREID_OK;
}

/* ---- Passes ------------------------------------------------------------------------------------------------------ */

static clreid_status time_pass(run *it, double *seconds, clreid_error *error)
{
  const double before = clock_seconds();
  const size_t batch = it->set->batch;
  const clreid_status status =
      it->group   ? clreid_group_embed(it->group, it->pictures, batch, it->features, NULL, NULL, error)
      : it->boxes ? clreid_embed_boxes(it->session, &it->frame, it->boxes, batch, it->features, NULL, error)
                  : clreid_embed(it->session, it->pictures, batch, it->features, NULL, error);
  *seconds = clock_seconds() - before;
  return status;
}

/* The first pass warms up and counts only if there is no time for another. */
static clreid_status measure(run *it, clreid_error *error)
{
  double last, measured = 0;
  clreid_status status = time_pass(it, &last, error);
  if (status != CLREID_OK) return status;
  it->seconds[0] = last;
  progress_start("bench", (size_t)ENOUGH_SECONDS);
  while (it->passes < MOST_PASSES && (it->passes < FEWEST_PASSES || measured < ENOUGH_SECONDS) &&
         clock_seconds() - it->started + last < MOST_SECONDS) {
    status = time_pass(it, &last, error);
    if (status != CLREID_OK) break;
    it->seconds[it->passes++] = last;
    measured += last;
    progress_show((size_t)measured);
  }
  progress_clear();
  if (it->passes == 0) it->passes = 1;
  return status;
}

static int compare(const void *left, const void *right)
{
  const double a = *(const double *)left, b = *(const double *)right;
  return a < b ? -1 : a > b;
}

static double median(double *values, int count)
{
  qsort(values, (size_t)count, sizeof *values, compare);
  return 0.5 * (values[(count - 1) / 2] + values[count / 2]);
}

/* Before and after the passes: another process may be in the way of one of them. */
static clreid_status measure_peaks(run *it, clreid_error *error)
{
  clreid_device_peaks peaks;
  const clreid_status status = clreid_device_measure(it->devices.items[0], &peaks, error);
  if (status == CLREID_OK) profile_compare(it->profile, &peaks);
  return status;
}

/* With the first pass in it, too: there may be time for no other. */
static clreid_status profile_run(run *it, clreid_error *error)
{
  double last;
  const double started = clock_seconds();
  do {
    clreid_status status = time_pass(it, &last, error);
    if (status == CLREID_OK) status = profile_add(it->profile, it->session, error);
    if (status != CLREID_OK) return status;
  } while (profile_passes(it->profile) < MOST_PROFILED &&
           (profile_passes(it->profile) < FEWEST_PASSES || clock_seconds() - started < PROFILE_SECONDS) &&
           clock_seconds() - it->started + last < MOST_SECONDS);
  return CLREID_OK;
}

/* The same passes in a session of its own that notes times, after the usual one is gone. */
static clreid_status measure_profile(run *it, clreid_error *error)
{
  const clreid_session_config config = {.largest_batch = (int)it->set->batch, .profile = true};
  clreid_session_destroy(it->session);
  it->session = NULL;
  it->profile = profile_create(MOST_PROFILED);
  if (!it->profile) return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for a profile");
  clreid_status status = measure_peaks(it, error);
  if (status == CLREID_OK) status = clreid_session_create(it->own_model, &config, &it->session, error);
  if (status == CLREID_OK) status = profile_run(it, error);
  if (status == CLREID_OK) status = measure_peaks(it, error);
  return status;
}

/* ---- The report -------------------------------------------------------------------------------------------------- */

/* Launches and memory of all members of a group together; session is that of a single one. */
static void describe(const run *it, clreid_model_info *model, clreid_session_info *session)
{
  clreid_model_describe(it->model, model);
  if (!it->group) return;
  model->weight_bytes = 0;
  clreid_group_member member;
  for (size_t i = 0; clreid_group_member_at(it->group, i, &member); ++i) {
    clreid_model_info of_model = {0};
    clreid_session_info of_session = {0};
    clreid_model_describe(member.model, &of_model);
    clreid_session_describe(member.session, &of_session);
    model->weight_bytes += of_model.weight_bytes;
    session->launches += of_session.launches;
    session->arena_bytes += of_session.arena_bytes;
  }
}

/* What each device had of the last pass. */
static json_t *members_json(const run *it)
{
  json_t *list = json_array();
  clreid_group_member member;
  for (size_t i = 0; clreid_group_member_at(it->group, i, &member); ++i) {
    clreid_device_info device;
    clreid_device_describe(it->devices.items[i], &device);
    list = json_add(list, json_pack("{s:o, s:b, s:f, s:I}", "device", json_text(device.name), "failed", member.failed,
                                    "images_per_second", member.pictures_per_second, "pictures",
                                    (json_int_t)member.pictures));
  }
  return list;
}

static void show_members(const run *it)
{
  clreid_group_member member;
  for (size_t i = 0; clreid_group_member_at(it->group, i, &member); ++i) {
    clreid_device_info device;
    clreid_device_describe(it->devices.items[i], &device);
    printf("device %d, %s: %zu pictures of the last pass, %.2f pictures/s%s\n", device.index, device.name,
           member.pictures, member.pictures_per_second, member.failed ? ", failed" : "");
  }
}

static int report(run *it)
{
  char device[160];
  clreid_model_info model;
  clreid_session_info session = it->info;
  device_set_name(&it->devices, it->group != NULL, device, sizeof device);
  describe(it, &model, &session);
  const double pass_seconds = median(it->seconds, it->passes), picture_seconds = pass_seconds / (double)it->set->batch;
  const double gflops = 2e-9 * (double)model.planned_multiply_adds / picture_seconds;

  if (!it->set->json) {
    printf("%s, %s, batch %" PRIu64 ", on %s\n", model.network, precision_names[it->set->precision], it->set->batch,
           device);
    if (it->boxes)
      printf("boxes of a frame of %d x %d, %s\n", FRAME_WIDTH, FRAME_HEIGHT, frame_kinds[it->set->frame].name);
    printf(
        "%.3f ms a picture, %.2f pictures/s, %.1f GFLOP/s of the planned %.3f G multiply-adds (median of %d passes)\n",
        1e3 * picture_seconds, 1 / picture_seconds, gflops, 1e-9 * (double)model.planned_multiply_adds, it->passes);
    printf("%d launches a pass, %.1f MiB of activations, %.1f MiB of weights, prepared in %.0f ms\n", session.launches,
           (double)session.arena_bytes / 1048576, (double)model.weight_bytes / 1048576, 1e3 * it->prepare_seconds);
    if (it->group) show_members(it);
    if (it->profile) profile_print(it->profile, 1e3 * pass_seconds);
    return PROGRAM_DONE;
  }
  json_t *object = json_pack(
      "{s:s, s:o, s:I, s:s, s:f, s:f, s:i, s:I, s:I, s:f, s:i, s:I, s:I, s:f, s:i}",              //
      "network", model.network, "device", json_text(device), "batch", (json_int_t)it->set->batch, //
      "precision", precision_names[it->set->precision],                                           //
      "ms_per_image", 1e3 * picture_seconds, "images_per_second", 1 / picture_seconds,            //
      "launches", session.launches, "arena_bytes", (json_int_t)session.arena_bytes,               //
      "weight_bytes", (json_int_t)model.weight_bytes, "prepare_ms", 1e3 * it->prepare_seconds,    //
      "feature_length", model.feature_length, "multiply_adds", (json_int_t)model.multiply_adds,   //
      "planned_multiply_adds", (json_int_t)model.planned_multiply_adds, "gflops", gflops, "passes", it->passes);
  if (it->group) json_object_set_new(object, "devices", members_json(it));
  if (it->boxes) json_object_set_new(object, "frame", json_string(frame_kinds[it->set->frame].name));
  if (it->profile) object = profile_json(it->profile, 1e3 * pass_seconds, object);
  const int code = json_show(object, 2);
  printf("\n");
  return code;
}

static int bench(const settings *set)
{
  run *it = calloc(1, sizeof *it);
  clreid_error error;
  if (!it) {
    console_complain("no memory left");
    return PROGRAM_FAILED;
  }
  it->set = set;
  it->started = clock_seconds();
  clreid_status status = open_network(it, &error);
  scratch_remove(&it->random);
  if (status == CLREID_OK) status = make_pictures(it, &error);
  if (status == CLREID_OK) status = measure(it, &error);
  if (status == CLREID_OK) clreid_session_describe(it->session, &it->info);
  if (status == CLREID_OK && set->profile) status = measure_profile(it, &error);
  const int code = status == CLREID_OK ? report(it) : console_error(&error);
  profile_destroy(it->profile);
  clreid_group_destroy(it->group);
  clreid_session_destroy(it->session);
  clreid_model_free(it->own_model);
  device_set_close(&it->devices);
  free(it->pixels);
  free(it->pictures);
  free(it->boxes);
  free(it->features);
  free(it);
  return code;
}

int command_bench(int argc, char **argv)
{
  settings set = {.batch = 1, .frame = NO_FRAME};
  const options_row rows[] = {
      {.name = "network",
       .kind = OPTIONS_TEXT,
       .value = &set.network,
       .argument = "NAME",
       .help = "with random weights, or where the weight file does not say it"},
      {.name = "weights",
       .kind = OPTIONS_TEXT,
       .value = &set.weights,
       .argument = "W.safetensors",
       .help = "the weight file"},
      {.name = "batch",
       .kind = OPTIONS_NUMBER,
       .value = &set.batch,
       .argument = "N",
       .least = 1,
       .most = MOST_BATCH,
       .help = "pictures that the device works on at a time (1)"},
      {.name = "precision",
       .kind = OPTIONS_WORD,
       .value = &set.precision,
       .argument = "fp32|fp16",
       .help = "of what is stored; sums are fp32 (fp32)"},
      {.name = "frame",
       .kind = OPTIONS_WORD,
       .value = &set.frame,
       .argument = "rgb|bgr|rgba|bgra|grey|nv12",
       .help = "boxes of one frame of 1920 x 1080, in this format (pictures of their own)"},
      {.name = "profile",
       .kind = OPTIONS_FLAG,
       .value = &set.profile,
       .help = "where the time goes, step by step, beside what the device could do"},
      {.name = "json", .kind = OPTIONS_FLAG, .value = &set.json, .help = "one object"},
  };
  const options_table table = {.summary =
                                   "Measures the time from 8-bit pictures of the network's size in host memory to "
                                   "features in host memory:\nthe median of whole passes. Needs --network or "
                                   "--weights; takes at most a minute.",
                               .rows = rows,
                               .row_count = sizeof rows / sizeof *rows,
                               .all_devices = true};
  int first, code;
  if (!options_parse(&table, argc, argv, &set.common, &first, &code)) return code;
  if (!set.network && !set.weights) {
    console_complain("bench: --network NAME or --weights W.safetensors is missing: see clreid bench --help");
    return PROGRAM_USAGE;
  }
  if ((set.profile || set.frame != NO_FRAME) && options_all_devices(&set.common)) {
    console_complain("bench: --%s is for one device, not for all: give --device an index",
                     set.profile ? "profile" : "frame");
    return PROGRAM_USAGE;
  }
  return bench(&set);
}
