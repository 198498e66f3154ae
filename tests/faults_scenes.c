/*
 * faults_scenes.c - see faults.h. The network is the one with the fewest weights; most scenes work on handles that live
 * as long as the world, so that a fault meets them in use, and the run after it shows whether they took harm.
 */
#include "faults.h"

#include <CL/cl.h>

#include "api.h"
#include "clreid/clreid_evaluate.h"
#include "clreid/clreid_gallery.h"
#include "clreid/clreid_group.h"
#include "clreid/clreid_opencl.h"
#include "fault_opencl.h"
#include "folder.h"
#include "gallery.h"
#include "peak.h"
#include "support.h"

enum { PICTURES = 3, SIDE = 20, FRAME_WIDTH = 48, FRAME_HEIGHT = 32, MOST_MAPS = 8, MAP_NUMBERS = 4096 };
enum { LENGTH = 1024 }; /* of a feature of the network */
enum { D = 32, ROWS = 150, BLOCK_ROWS = 64, QUERIES = 3, NEAREST = 4 };

struct world {
  folder files, cache;
  char weights[512], saved[512];
  uint8_t pixels[PICTURES][SIDE * SIDE * 3], frame[FRAME_HEIGHT * FRAME_WIDTH * 3 / 2];
  clreid_picture pictures[PICTURES];
  float features[ROWS * D];
  XXH64_state_t *results;

  clreid_device *device, *adopted;
  clreid_model *model, *adopted_model;
  clreid_session *session, *sleeping, *profiled, *adopted_session, *profiled_adopted;
  clreid_gallery *gallery; /* BLOCK_ROWS a block */

  cl_context context, crowded, divided; /* the application's; of this and another device; of a part of this one */
  cl_device_id id, other, part;         /* others may be missing: NULL */
  cl_command_queue queue, reader;
  cl_mem picture, output;
  cl_event before; /* over long since */
};

static void note(world *w, const void *bytes, size_t size)
{
  XXH64_update(w->results, bytes, size);
}

static void must(clreid_status status, const clreid_error *error)
{
  if (status != CLREID_OK) fail_msg("%s: %s", clreid_status_name(status), error->text);
}

#define ok(call)                                                                                                       \
  do {                                                                                                                 \
    const cl_int code_ = (call);                                                                                       \
    if (code_ != CL_SUCCESS) fail_msg("%s: OpenCL says %d", #call, code_);                                             \
  } while (0)

#define TRY(call)                                                                                                      \
  do {                                                                                                                 \
    const clreid_status status_ = (call);                                                                              \
    if (status_ != CLREID_OK) return status_;                                                                          \
  } while (0)

/* ---- Devices ----------------------------------------------------------------------------------------------------- */

static clreid_device_config device_config(const world *w)
{
  return (clreid_device_config){
      .choice = support_choice(), .cache_folder = w->cache.path, .tuning_folder = w->cache.path};
}

/* A device that cannot be used says why. */
static clreid_status refuse(const clreid_device_info *info, clreid_error *error)
{
  *error = (clreid_error){.status = CLREID_UNSUPPORTED_DEVICE};
  snprintf(error->text, sizeof error->text, "%s", info->problem);
  return error->status;
}

static clreid_status list_devices(world *w, clreid_error *error)
{
  clreid_device_info *list = NULL;
  size_t count = 0;
  const clreid_status status = clreid_devices_list(&list, &count, NULL, NULL, error);
  if (status == CLREID_OK) note(w, list, count * sizeof *list);
  clreid_status usable = status;
  for (size_t i = 0; i < count; i++)
    if (!list[i].usable) usable = refuse(&list[i], error);
  clreid_devices_free(list);
  return usable;
}

static clreid_status open_device(world *w, clreid_error *error)
{
  clreid_device *device;
  const clreid_device_config config = device_config(w);
  TRY(clreid_device_open(&config, &device, error));
  clreid_device_info info;
  clreid_device_describe(device, &info);
  info.index = 0; /* another one of the same kind is taken where one does not say what it is */
  note(w, &info, sizeof info);
  clreid_device_close(device);
  return CLREID_OK;
}

/* One of the kernels that measure_device runs thousands of times. */
static clreid_status run_peak(world *w, clreid_error *error)
{
  enum { CHAINS = 3, ROUNDS = 5 };
  cr_queue *queue;
  cr_peak *peak = NULL;
  float number;
  TRY(cr_queue_create(w->device->device, &queue, error));
  clreid_status status = cr_peak_create_chains(queue, CHAINS, &peak, error);
  if (status == CLREID_OK) status = cr_peak_run(peak, ROUNDS, NULL, error);
  if (status == CLREID_OK) status = cr_queue_read(queue, peak->output, 0, sizeof number, &number, error);
  if (status == CLREID_OK) note(w, &number, sizeof number);
  cr_peak_destroy(peak);
  cr_queue_destroy(queue);
  return status;
}

static clreid_status measure_device(world *w, clreid_error *error)
{
  clreid_device_peaks peaks;
  return clreid_device_measure(w->device, &peaks, error);
}

static clreid_status check_device(world *w, clreid_error *error)
{
  int checks = 0;
  TRY(clreid_selftest(w->device, &checks, error));
  note(w, &checks, sizeof checks);
  return CLREID_OK;
}

/* ---- Models and sessions ----------------------------------------------------------------------------------------- */

static const clreid_model_config with_maps = {.maps = true}, in_half = {.precision = CLREID_FP16};

static clreid_status load_model(world *w, clreid_error *error)
{
  clreid_model *model;
  clreid_model_info info;
  TRY(clreid_model_load(w->device, w->weights, &with_maps, &model, error));
  clreid_model_describe(model, &info);
  note(w, &info.weight_bytes, sizeof info.weight_bytes);
  clreid_model_free(model);
  return CLREID_OK;
}

static clreid_status embed_on(world *w, clreid_session *session, size_t count, clreid_error *error)
{
  float neck[PICTURES * LENGTH] = {0}, pooled[PICTURES * LENGTH] = {0};
  TRY(clreid_embed(session, w->pictures, count, neck, pooled, error));
  note(w, neck, count * LENGTH * sizeof *neck);
  note(w, pooled, count * LENGTH * sizeof *pooled);
  return CLREID_OK;
}

/* Two sizes of batch: arguments that a failed run left half set show in the run after it. */
static clreid_status embed_both(world *w, clreid_session *session, clreid_error *error)
{
  TRY(embed_on(w, session, PICTURES, error));
  return embed_on(w, session, 1, error);
}

static clreid_status create_session(world *w, clreid_error *error)
{
  clreid_session *session;
  TRY(clreid_session_create(w->model, &(clreid_session_config){.largest_batch = 2}, &session, error));
  const clreid_status status = embed_on(w, session, PICTURES, error);
  clreid_session_destroy(session);
  return status;
}

static clreid_status run_on(world *w, clreid_device *device, const clreid_model_config *config, clreid_error *error)
{
  clreid_model *model;
  clreid_session *session = NULL;
  TRY(clreid_model_load(device, w->weights, config, &model, error));
  clreid_status status = clreid_session_create(model, NULL, &session, error);
  if (status == CLREID_OK) status = embed_on(w, session, 1, error);
  clreid_session_destroy(session);
  clreid_model_free(model);
  return status;
}

static clreid_status profile_anew(world *w, clreid_error *error)
{
  clreid_session *session;
  TRY(clreid_session_create(w->model, &(clreid_session_config){.profile = true}, &session, error));
  const clreid_status status = embed_on(w, session, 1, error);
  clreid_session_destroy(session);
  return status;
}

/* All of it, on a device that has built nothing yet. */
static clreid_status run_all(world *w, clreid_error *error)
{
  clreid_device *device;
  const clreid_device_config config = device_config(w);
  TRY(clreid_device_open(&config, &device, error));
  const clreid_status status = run_on(w, device, &with_maps, error);
  clreid_device_close(device);
  return status;
}

static clreid_status run_half(world *w, clreid_error *error)
{
  return run_on(w, w->device, &in_half, error);
}

static clreid_status embed(world *w, clreid_error *error)
{
  return embed_both(w, w->session, error);
}

static clreid_status embed_sleeping(world *w, clreid_error *error)
{
  return embed_both(w, w->sleeping, error);
}

static clreid_status embed_profiled_on(world *w, clreid_session *session, clreid_error *error)
{
  const clreid_profile_row *rows;
  size_t count;
  double ms;
  TRY(embed_both(w, session, error));
  TRY(clreid_session_profile(session, &rows, &count, &ms, error));
  note(w, &count, sizeof count);
  return CLREID_OK;
}

static clreid_status embed_profiled(world *w, clreid_error *error)
{
  TRY(embed_profiled_on(w, w->profiled, error));
  return embed_profiled_on(w, w->profiled_adopted, error);
}

static clreid_status embed_maps(world *w, clreid_error *error)
{
  static float numbers[MOST_MAPS][PICTURES * MAP_NUMBERS];
  float *maps[MOST_MAPS];
  clreid_map_info info;
  size_t count = 0;
  while (count < MOST_MAPS && clreid_model_map_at(w->model, count, &info)) {
    assert_true(info.height * info.width <= MAP_NUMBERS);
    maps[count] = numbers[count];
    count++;
  }
  assert_true(count > 0);
  TRY(clreid_embed_maps(w->session, w->pictures, PICTURES, NULL, NULL, maps, error));
  for (size_t m = 0; m < count && clreid_model_map_at(w->model, m, &info); m++)
    note(w, numbers[m], (size_t)PICTURES * (size_t)info.height * (size_t)info.width * sizeof(float));
  return CLREID_OK;
}

/* More boxes than a pass has, so that the frame stays on the device between passes. */
static clreid_status embed_boxes(world *w, clreid_error *error)
{
  enum { BOXES = 5 };
  static const clreid_box boxes[BOXES] = {
      {0, 0, 20, 30}, {9, 3, 17, 20}, {20, 0, 28, 32}, {1, 1, 3, 3}, {0, 0, 48, 32}};
  const clreid_frame frame = {.pixels = w->frame,
                              .chroma = w->frame + FRAME_HEIGHT * FRAME_WIDTH,
                              .width = FRAME_WIDTH,
                              .height = FRAME_HEIGHT,
                              .format = CLREID_FORMAT_NV12_BT709};
  float neck[BOXES * LENGTH];
  TRY(clreid_embed_boxes(w->session, &frame, boxes, BOXES, neck, NULL, error));
  note(w, neck, BOXES * LENGTH * sizeof *neck);
  return CLREID_OK;
}

/* A device of its own: what is kept of it ends with the device. The bits after it are those from before. */
static clreid_status tune(world *w, clreid_error *error)
{
  clreid_device *device;
  clreid_model *model;
  clreid_device_config config = device_config(w);
  config.tuning_folder = "";
  TRY(clreid_device_open(&config, &device, error));
  clreid_status status = clreid_model_load(device, w->weights, NULL, &model, error);
  if (status == CLREID_OK) {
    status = clreid_tune(model, &(clreid_tune_config){.seconds = 1e-3}, NULL, NULL, NULL, error);
    clreid_model_free(model);
  }
  if (status == CLREID_OK) status = run_on(w, device, &with_maps, error);
  clreid_device_close(device);
  return status;
}

static clreid_status embed_group(world *w, clreid_error *error)
{
  clreid_group *group;
  clreid_device *const devices[] = {w->device, w->adopted};
  float neck[PICTURES * LENGTH] = {0};
  TRY(clreid_group_create(devices, 2, w->weights, NULL, NULL, &group, error));
  clreid_status status = CLREID_OK;
  for (int turn = 0; turn < 2 && status == CLREID_OK; turn++) {
    status = clreid_group_embed(group, w->pictures, PICTURES, neck, NULL, NULL, error);
    if (status == CLREID_OK) note(w, neck, PICTURES * LENGTH * sizeof *neck);
  }
  clreid_group_destroy(group);
  return status;
}

/* ---- Galleries ----------------------------------------------------------------------------------------------------
 */

/* first: the id of the gallery's first feature. */
static clreid_status search(world *w, clreid_gallery *gallery, int64_t first, clreid_error *error)
{
  clreid_match matches[QUERIES * NEAREST];
  float distances[QUERIES * NEAREST];
  memset(matches, 0, sizeof matches);
  TRY(clreid_gallery_search(gallery, w->features, QUERIES, NEAREST, matches, NULL, error));
  TRY(clreid_gallery_distances(gallery, w->features, QUERIES, 1, NEAREST, distances, error));
  for (int i = 0; i < QUERIES * NEAREST; i++) matches[i].id -= first;
  note(w, matches, sizeof matches);
  note(w, distances, sizeof distances);
  return CLREID_OK;
}

static clreid_status create_gallery_on(world *w, clreid_device *device, clreid_error *error)
{
  clreid_gallery *gallery;
  const clreid_gallery_config config = {.feature_length = D, .precision = CLREID_FP16};
  TRY(clreid_gallery_create(device, &config, &gallery, error));
  clreid_status status = clreid_gallery_add(gallery, w->features, NULL, NULL, ROWS / 2, NULL, error);
  if (status == CLREID_OK) status = search(w, gallery, 0, error);
  clreid_gallery_destroy(gallery);
  return status;
}

static clreid_status create_gallery(world *w, clreid_error *error)
{
  return create_gallery_on(w, w->device, error);
}

/* What a gallery holds, whatever blocks it lies in. */
static XXH64_hash_t content(clreid_gallery *gallery)
{
  static float features[2 * ROWS * D];
  static int64_t numbers[3][2 * ROWS];
  clreid_gallery_info info;
  clreid_error error = {CLREID_OK, ""};
  clreid_gallery_describe(gallery, &info);
  assert_true(info.count <= 2 * ROWS);
  memset(numbers, 0, sizeof numbers);
  fault_pause(true);
  must(clreid_gallery_read(gallery, 0, info.count, features, numbers[0], numbers[1], numbers[2], &error), &error);
  fault_pause(false);
  return XXH64(features, info.count * D * sizeof *features, XXH64(numbers, sizeof numbers, info.count));
}

/* One call that changes the world's gallery: it must have done all of it or nothing. */
#define CHANGE(call)                                                                                                   \
  do {                                                                                                                 \
    const XXH64_hash_t before_ = content(w->gallery);                                                                  \
    const clreid_status status_ = (call);                                                                              \
    if (status_ != CLREID_OK) {                                                                                        \
      if (content(w->gallery) != before_) fail_msg("%s failed, but has changed the gallery", #call);                   \
      return status_;                                                                                                  \
    }                                                                                                                  \
  } while (0)

/* Adds rows until there are several blocks, and removes them so that blocks become one. Ids go up from run to run. */
static clreid_status fill_gallery(world *w, clreid_error *error)
{
  int64_t times[ROWS], labels[ROWS], label = 7, first;
  size_t removed = 0;
  for (int i = 0; i < ROWS; i++) times[i] = 1 + i % 5;
  for (int i = 0; i < ROWS; i++) labels[i] = i % 3 ? label : label + 1;
  CHANGE(clreid_gallery_add(w->gallery, w->features, labels, times, ROWS, &first, error));
  TRY(search(w, w->gallery, first, error));
  CHANGE(clreid_gallery_remove_label(w->gallery, label, &removed, error));
  CHANGE(clreid_gallery_remove_before(w->gallery, 99, &removed, error));
  return CLREID_OK;
}

static clreid_status change_gallery(world *w, clreid_error *error)
{
  clreid_error second = {CLREID_OK, ""};
  size_t removed;
  const clreid_status status = fill_gallery(w, error);
  fault_pause(true); /* the next run begins with an empty one */
  must(clreid_gallery_remove_before(w->gallery, 99, &removed, &second), &second);
  fault_pause(false);
  return status;
}

static clreid_status save_gallery(world *w, clreid_error *error)
{
  clreid_gallery *gallery, *again = NULL;
  const clreid_gallery_config config = {.feature_length = D, .metric = CLREID_EUCLIDEAN};
  remove(w->saved);
  TRY(cr_gallery_create(w->device, &config, BLOCK_ROWS, &gallery, error));
  clreid_status status = clreid_gallery_add(gallery, w->features, NULL, NULL, ROWS, NULL, error);
  if (status == CLREID_OK) status = clreid_gallery_save(gallery, w->saved, error);
  if (status == CLREID_OK) status = clreid_gallery_load(w->device, w->saved, &again, error);
  if (status == CLREID_OK) status = search(w, again, 0, error);
  clreid_gallery_destroy(gallery);
  clreid_gallery_destroy(again);
  return status;
}

static clreid_status evaluate(world *w, clreid_error *error)
{
  enum { ASKED = 20 };
  clreid_label labels[ROWS];
  double cmc[5];
  clreid_evaluation result = {.cmc = cmc, .ranks = 5};
  static const clreid_rerank_config rerank = {.k1 = 5, .k2 = 3};
  for (int i = 0; i < ROWS; i++) labels[i] = (clreid_label){i % 10, i < ASKED ? 0 : 1};
  const clreid_labelled query = {w->features, labels, ASKED},
                        gallery = {w->features + ASKED * D, labels + ASKED, ROWS - ASKED};
  const clreid_evaluate_config configs[] = {{.metric = CLREID_COSINE}, {.rerank = &rerank}};
  for (int i = 0; i < 2; i++) {
    TRY(clreid_evaluate(w->device, &query, &gallery, D, &configs[i], &result, error));
    note(w, cmc, sizeof cmc);
    note(w, &result.mean_average_precision, sizeof result.mean_average_precision);
  }
  return CLREID_OK;
}

/* ---- An application's context --------------------------------------------------------------------------------------
 */

static clreid_status adopt_from(world *w, cl_context context, cl_device_id id, clreid_error *error)
{
  clreid_device *device;
  clreid_device_info info;
  const clreid_device_config config = {.cache_folder = w->cache.path, .tuning_folder = ""};
  TRY(clreid_device_adopt(context, id, &config, &device, error));
  clreid_device_describe(device, &info);
  note(w, &info, sizeof info);
  clreid_device_close(device);
  return CLREID_OK;
}

static clreid_status adopt(world *w, clreid_error *error)
{
  return adopt_from(w, w->context, w->id, error);
}

static clreid_status adopt_part(world *w, clreid_error *error)
{
  return w->part ? adopt_from(w, w->divided, w->part, error) : CLREID_OK;
}

/* On a device that has built nothing yet, in a context that has several. */
static clreid_status search_in_crowd(world *w, clreid_error *error)
{
  clreid_device *device;
  const clreid_device_config config = {.cache_folder = w->cache.path, .tuning_folder = ""};
  TRY(clreid_device_adopt(w->crowded, w->id, &config, &device, error));
  const clreid_status status = create_gallery_on(w, device, error);
  clreid_device_close(device);
  return status;
}

/* Where the other device's binaries stand before ours. */
static clreid_status search_in_lists(world *w, clreid_error *error)
{
  fault_build_for_all(true);
  const clreid_status status = search_in_crowd(w, error);
  fault_build_for_all(false);
  return status;
}

static clreid_status enqueue_on(world *w, clreid_session *session, cl_event before, cl_event *event,
                                clreid_error *error)
{
  const clreid_opencl_frame frame = {.memory = w->picture, .width = SIDE, .height = SIDE};
  const clreid_opencl_boxes list[] = {{.frame = &frame, .whole = true},
                                      {.frame = &frame, .whole = true, .mirrored = true}};
  const clreid_opencl_features to = {
      .neck = w->output, .pooled = w->output, .pooled_offset_bytes = 2 * LENGTH * sizeof(float)};
  cl_event given = NULL;
  const clreid_status status = clreid_enqueue(session, list, 2, &to, 1, &before, &given, error);
  if (status != CLREID_OK && given) fail_msg("clreid_enqueue failed, but has given an event");
  *event = given;
  return status;
}

static void read_output(world *w)
{
  static float numbers[4 * LENGTH];
  ok(clFinish(w->queue));
  ok(clEnqueueReadBuffer(w->reader, w->output, CL_TRUE, 0, 4 * LENGTH * sizeof *numbers, numbers, 0, NULL, NULL));
  note(w, numbers, 4 * LENGTH * sizeof *numbers);
}

/* Twice before it is checked. */
static clreid_status enqueue_and_check(world *w, clreid_session *session, clreid_error *error)
{
  cl_event event, second = NULL;
  TRY(enqueue_on(w, session, w->before, &event, error));
  clreid_status status = enqueue_on(w, session, w->before, &second, error);
  if (status == CLREID_OK) status = clreid_enqueue_check(session, error);
  fault_pause(true);
  ok(clReleaseEvent(event));
  if (second) ok(clReleaseEvent(second));
  if (status == CLREID_OK) read_output(w);
  fault_pause(false);
  return status;
}

static clreid_status enqueue(world *w, clreid_error *error)
{
  clreid_status status = enqueue_and_check(w, w->adopted_session, error);
  if (status == CLREID_OK) status = embed_on(w, w->adopted_session, 1, error);
  fault_pause(true);
  ok(clFinish(w->queue));
  fault_pause(false);
  return status;
}

/* Sessions that end while what they enqueued still waits for the application. */
static clreid_status leave_in_flight(world *w, clreid_error *error)
{
  clreid_session *session;
  cl_int code;
  cl_event event = NULL;
  TRY(clreid_session_create_on(w->adopted_model, NULL, w->queue, &session, error));
  fault_pause(true);
  const cl_event gate = clCreateUserEvent(w->context, &code);
  ok(code);
  fault_own(FAULT_EVENT, gate);
  fault_pause(false);
  const clreid_status status = enqueue_on(w, session, gate, &event, error);
  clreid_session_destroy(session);
  fault_pause(true);
  ok(clSetUserEventStatus(gate, CL_COMPLETE));
  ok(clReleaseEvent(gate));
  ok(clFinish(w->queue));
  if (event) ok(clReleaseEvent(event));
  if (status == CLREID_OK) read_output(w);
  fault_pause(false);
  return status;
}

/* ---- Table ---------------------------------------------------------------------------------------------------------
 */

const scene faults_scenes[] = {
    {.name = "list devices", .run = list_devices},
    {.name = "open a device", .run = open_device},
    {.name = "two devices, nothing compiled yet", .run = search_in_lists, .cold = true},
    {.name = "two devices", .run = search_in_crowd},
    {.name = "load a model", .run = load_model},
    {.name = "create a session", .run = create_session},
    {.name = "create a profiled session", .run = profile_anew, .most = 4},
    {.name = "embed", .run = embed},
    {.name = "embed with sleeping waits", .run = embed_sleeping},
    {.name = "embed with a profile", .run = embed_profiled},
    {.name = "embed with maps", .run = embed_maps},
    {.name = "embed boxes", .run = embed_boxes},
    {.name = "embed in a group", .run = embed_group, .most = 4},
    {.name = "create a gallery", .run = create_gallery},
    {.name = "change a gallery", .run = change_gallery},
    {.name = "save and load a gallery", .run = save_gallery},
    {.name = "evaluate", .run = evaluate},
    {.name = "adopt", .run = adopt},
    {.name = "adopt a part", .run = adopt_part},
    {.name = "enqueue", .run = enqueue},
    {.name = "leave in flight", .run = leave_in_flight},
    {.name = "half", .run = run_half, .most = 4},
    {.name = "everything", .run = run_all, .most = 8},
    {.name = "everything, nothing compiled yet", .run = run_all, .most = 1, .cold = true},
    {.name = "tune", .run = tune, .most = 2},
    {.name = "a kernel that measures", .run = run_peak},
    {.name = "measure", .run = measure_device, .long_form = true, .most_long = 150},
    {.name = "self-test", .run = check_device, .long_form = true, .most_long = 30},
};
const size_t faults_scene_count = sizeof faults_scenes / sizeof faults_scenes[0];

clreid_status faults_run(world *w, const scene *s, XXH64_hash_t *hash, clreid_error *error)
{
  if (s->cold) {
    fault_pause(true);
    folder_remove(&w->cache);
    fault_pause(false);
  }
  XXH64_reset(w->results, 0);
  const clreid_status status = s->run(w, error);
  *hash = XXH64_digest(w->results);
  return status;
}

/* ---- The world ------------------------------------------------------------------------------------------------------
 */

/* The application's device, by its name, and another of its platform. */
static void find_devices(world *w)
{
  cl_platform_id platforms[16];
  cl_uint count = 0;
  clreid_device_info info;
  clreid_device_describe(w->device, &info);
  ok(clGetPlatformIDs(16, platforms, &count));
  for (cl_uint p = 0; p < count && p < 16 && !w->id; p++) {
    cl_device_id ids[16];
    cl_uint found = 0;
    char name[256] = "";
    if (clGetDeviceIDs(platforms[p], CL_DEVICE_TYPE_ALL, 16, ids, &found) != CL_SUCCESS) continue;
    for (cl_uint d = 0; d < found && d < 16 && !w->id; d++) {
      ok(clGetDeviceInfo(ids[d], CL_DEVICE_NAME, sizeof name - 1, name, NULL));
      if (strstr(name, info.name)) w->id = ids[d];
    }
    for (cl_uint d = 0; d < found && d < 16; d++)
      if (w->id && ids[d] != w->id) w->other = ids[d];
  }
  assert_non_null(w->id);
  if (!w->other) puts("SKIPPED: two devices in a context, this platform has one");
}

static void create_contexts(world *w)
{
  const cl_device_partition_property one_unit[] = {CL_DEVICE_PARTITION_BY_COUNTS, 1,
                                                   CL_DEVICE_PARTITION_BY_COUNTS_LIST_END, 0};
  cl_int code;
  find_devices(w);
  w->context = clCreateContext(NULL, 1, &w->id, NULL, NULL, &code);
  ok(code);
  const cl_device_id both[] = {w->other, w->id};
  for (cl_uint count = w->other ? 2 : 1; !w->crowded; count--) {
    w->crowded = clCreateContext(NULL, count, both + 2 - count, NULL, NULL, &code);
    if (count == 1) ok(code);
    if (code == CL_SUCCESS) continue;
    printf("SKIPPED: two devices in a context, which OpenCL does not make: %d\n", code);
    w->other = NULL;
  }
  if (clCreateSubDevices(w->id, one_unit, 1, &w->part, NULL) != CL_SUCCESS) {
    puts("SKIPPED: a part of a device, this one cannot be divided");
    w->part = NULL;
    return;
  }
  fault_own(FAULT_DEVICE, w->part);
  w->divided = clCreateContext(NULL, 1, &w->part, NULL, NULL, &code);
  ok(code);
}

static void start_application(world *w)
{
  cl_int code;
  create_contexts(w);
  w->queue = clCreateCommandQueue(w->context, w->id, 0, &code);
  ok(code);
  w->reader = clCreateCommandQueue(w->context, w->id, 0, &code);
  ok(code);
  w->picture = clCreateBuffer(w->context, CL_MEM_READ_WRITE, sizeof w->pixels[0], NULL, &code);
  ok(code);
  w->output = clCreateBuffer(w->context, CL_MEM_READ_WRITE, 4 * LENGTH * sizeof(float), NULL, &code);
  ok(code);
  ok(clEnqueueWriteBuffer(w->reader, w->picture, CL_TRUE, 0, sizeof w->pixels[0], w->pixels[0], 0, NULL, &w->before));
}

static clreid_session *session_of(clreid_model *model, const clreid_session_config *config)
{
  clreid_session *session;
  clreid_error error = {CLREID_OK, ""};
  must(clreid_session_create(model, config, &session, &error), &error);
  return session;
}

static void open_handles(world *w)
{
  clreid_error error = {CLREID_OK, ""};
  clreid_model_info info;
  const clreid_device_config config = device_config(w);
  const clreid_gallery_config gallery = {.feature_length = D};
  must(clreid_device_open(&config, &w->device, &error), &error);
  fault_pause(true);
  start_application(w);
  fault_pause(false);
  must(clreid_model_load(w->device, w->weights, &with_maps, &w->model, &error), &error);
  clreid_model_describe(w->model, &info);
  assert_int_equal(info.feature_length, LENGTH);
  w->session = session_of(w->model, &(clreid_session_config){.largest_batch = PICTURES});
  w->sleeping = session_of(w->model, &(clreid_session_config){.largest_batch = 2, .sleeping_wait = true});
  w->profiled = session_of(w->model, &(clreid_session_config){.largest_batch = 2, .profile = true});
  must(cr_gallery_create(w->device, &gallery, BLOCK_ROWS, &w->gallery, &error), &error);
  const clreid_device_config adopting = {.cache_folder = w->cache.path, .tuning_folder = ""};
  must(clreid_device_adopt(w->context, w->id, &adopting, &w->adopted, &error), &error);
  must(clreid_model_load(w->adopted, w->weights, NULL, &w->adopted_model, &error), &error);
  must(clreid_session_create_on(w->adopted_model, NULL, w->queue, &w->adopted_session, &error), &error);
  w->profiled_adopted = session_of(w->adopted_model, &(clreid_session_config){.profile = true, .sleeping_wait = true});
}

world *faults_world_make(bool *whole)
{
  clreid_error error = {CLREID_OK, ""};
  world *w = calloc(1, sizeof *w);
  assert_non_null(w);
  w->results = XXH64_createState();
  w->files = folder_make();
  w->cache = folder_make();
  folder_file(&w->files, "weights", w->weights);
  folder_file(&w->files, "gallery", w->saved);
  must(clreid_weights_random("han-small", NULL, 0, 1, w->weights, &error), &error);
  uint32_t z = 1;
  for (int k = 0; k < PICTURES; k++) {
    for (size_t i = 0; i < sizeof w->pixels[k]; i++)
      w->pixels[k][i] = (uint8_t)((z = z * 1664525u + 1013904223u) >> 24);
    w->pictures[k] = (clreid_picture){.pixels = w->pixels[k], .width = SIDE - k, .height = SIDE, .mirrored = k == 1};
  }
  for (size_t i = 0; i < sizeof w->frame; i++) w->frame[i] = (uint8_t)((z = z * 1664525u + 1013904223u) >> 24);
  for (int i = 0; i < ROWS * D; i++) w->features[i] = (float)((z = z * 1664525u + 1013904223u) >> 8) * 0x1p-24f - 0.5f;
  open_handles(w);
  *whole = w->other && w->part;
  return w;
}

void faults_world_free(world *w)
{
  clreid_session_destroy(w->session);
  clreid_session_destroy(w->sleeping);
  clreid_session_destroy(w->profiled);
  clreid_session_destroy(w->adopted_session);
  clreid_session_destroy(w->profiled_adopted);
  clreid_gallery_destroy(w->gallery);
  clreid_model_free(w->model);
  clreid_model_free(w->adopted_model);
  clreid_device_close(w->device);
  clreid_device_close(w->adopted);
  fault_pause(true);
  ok(clReleaseEvent(w->before));
  ok(clReleaseMemObject(w->picture));
  ok(clReleaseMemObject(w->output));
  ok(clReleaseCommandQueue(w->queue));
  ok(clReleaseCommandQueue(w->reader));
  ok(clReleaseContext(w->context));
  ok(clReleaseContext(w->crowded));
  if (w->part) ok(clReleaseContext(w->divided));
  if (w->part) ok(clReleaseDevice(w->part));
  fault_pause(false);
  XXH64_freeState(w->results);
  folder_remove(&w->files);
  folder_remove(&w->cache);
  free(w);
}
