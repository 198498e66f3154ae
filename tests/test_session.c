/*
 * test_session.c - proves lib/session.c and lib/model.c: one model under several threads, the shapes of other devices,
 * and batches that a device has no room for. Every feature must have the same bits as that of one session on the device
 * as it is.
 *
 * The linker sends clCreateBuffer and clEnqueueNDRangeKernel through this file (tests/CMakeLists.txt), which lets them
 * fail as on a device without memory.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../lib/api.h"
#include "device.h"
#include "folder.h"
#include "pretend.h"

enum { PICTURES = 5, THREADS = 3, ROUNDS = 4, MOST_FEATURES = 4096, WIDTH = 70, HEIGHT = 151 };

static uint8_t pixels[PICTURES][HEIGHT][WIDTH][3];
static clreid_picture pictures[PICTURES];

static void make_pictures(void)
{
  uint32_t noise = 1;
  for (size_t i = 0; i < sizeof pixels; i++) {
    noise = noise * 1664525u + 1013904223u;
    (&pixels[0][0][0][0])[i] = (uint8_t)(noise >> 24);
  }
  for (int k = 0; k < PICTURES; k++) /* each smaller than the one before */
    pictures[k] = (clreid_picture){.pixels = &pixels[k][0][0][0],
                                   .width = WIDTH - 7 * k,
                                   .height = HEIGHT - 11 * k,
                                   .pitch_bytes = sizeof pixels[k][0],
                                   .mirrored = k & 1};
}

static clreid_model *load(clreid_device *device, const char *path, clreid_precision precision)
{
  clreid_error error = {CLREID_OK, ""};
  const clreid_model_config config = {.precision = precision};
  clreid_model *model = NULL;
  if (clreid_model_load(device, path, &config, &model, &error) != CLREID_OK) fail_msg("%s", error.text);
  clreid_model_info info;
  clreid_model_describe(model, &info);
  assert_true(info.feature_length <= MOST_FEATURES);
  return model;
}

/* All pictures through a session of its own, several times. */
static clreid_status embed(clreid_model *model, int largest_batch, int rounds, float *features, clreid_error *error)
{
  clreid_session *session = NULL;
  clreid_status status =
      clreid_session_create(model, &(clreid_session_config){.largest_batch = largest_batch}, &session, error);
  for (int r = 0; r < rounds && status == CLREID_OK; r++)
    status = clreid_embed(session, pictures, PICTURES, features, NULL, error);
  clreid_session_destroy(session);
  return status;
}

static clreid_device *open_device(void)
{
  clreid_error error = {CLREID_OK, ""};
  clreid_device *device = NULL;
  if (clreid_device_open(&(clreid_device_config){.cache_folder = ""}, &device, &error) != CLREID_OK)
    fail_msg("%s", error.text);
  return device;
}

static void write_weights(const char *network, const char *path)
{
  clreid_error error = {CLREID_OK, ""};
  static const char *const small[] = {"height=64", "width=32"};
  const size_t options = !strncmp(network, "rga", 3) ? 2 : 0;
  if (clreid_weights_random(network, small, options, 1, path, &error) != CLREID_OK) fail_msg("%s", error.text);
}

/* ---- Threads ---------------------------------------------------------------------------------------------------- */

typedef struct worker {
  pthread_t thread;
  clreid_model *model;
  int largest_batch;
  clreid_status status;
  clreid_error error;
  float features[PICTURES * MOST_FEATURES];
} worker;

static void *work(void *user)
{
  worker *w = user;
  w->status = embed(w->model, w->largest_batch, ROUNDS, w->features, &w->error);
  return NULL;
}

static void sessions_of_one_model_run_side_by_side(void **state)
{
  (void)state;
  static worker workers[THREADS];
  static float alone[PICTURES * MOST_FEATURES];
  char path[512];
  const folder files = folder_make();
  folder_file(&files, "w.safetensors", path);
  /* A network of few kernels: PoCL 3.1 keeps 128 of them loaded, and while threads compile it has ended the process in
   * an assertion about one that it had put away (pocl_release_dlhandle_cache). */
  write_weights("han-small", path);
  clreid_device *device = open_device();
  clreid_model *model = load(device, path, CLREID_FP32);
  clreid_device_close(device); /* the model keeps it */
  for (int t = 0; t < THREADS; t++) {
    workers[t] = (worker){.model = model, .largest_batch = t + 1};
    assert_int_equal(pthread_create(&workers[t].thread, NULL, work, &workers[t]), 0);
  }
  for (int t = 0; t < THREADS; t++) assert_int_equal(pthread_join(workers[t].thread, NULL), 0);
  clreid_error error = {CLREID_OK, ""};
  if (embed(model, PICTURES, 1, alone, &error) != CLREID_OK) fail_msg("%s", error.text);
  for (int t = 0; t < THREADS; t++) {
    if (workers[t].status != CLREID_OK) fail_msg("thread %d: %s", t, workers[t].error.text);
    assert_memory_equal(workers[t].features, alone, sizeof alone);
  }
  assert_true(alone[0] != alone[1]);
  clreid_model_free(model);
  folder_remove(&files);
}

/* ---- Other devices ---------------------------------------------------------------------------------------------- */

/* This device told that it is another: what a GPU is given, tiles, groups and walks, must make the same numbers. */
static void shapes_of_other_devices_make_the_same_bits(void **state)
{
  (void)state;
  static const struct {
    const char *network;
    clreid_precision precision;
  } models[] = {{"rga-parallel", CLREID_FP16}, {"han-small", CLREID_FP32}};
  static const char *const others[] = {"gpu,work-group=8", "gpu,work-group=64"};
  static float as_it_is[PICTURES * MOST_FEATURES], features[PICTURES * MOST_FEATURES];
  clreid_error error = {CLREID_OK, ""};
  char path[512];
  const folder files = folder_make();
  folder_file(&files, "w.safetensors", path);
  for (size_t m = 0; m < sizeof models / sizeof models[0]; m++) {
    write_weights(models[m].network, path);
    clreid_device *device = open_device();
    clreid_model *model = load(device, path, models[m].precision);
    if (embed(model, 3, 1, as_it_is, &error) != CLREID_OK) fail_msg("%s", error.text);
    const cr_facts own = device->device->facts;
    for (size_t g = 0; g < sizeof others / sizeof others[0]; g++) {
      device->device->facts = own;
      assert_int_equal(cr_pretend(others[g], &device->device->facts, &error), CLREID_OK);
      if (embed(model, 3, 1, features, &error) != CLREID_OK) fail_msg("%s", error.text);
      if (memcmp(features, as_it_is, sizeof features)) fail_msg("%s: other bits as %s", models[m].network, others[g]);
    }
    clreid_model_free(model);
    clreid_device_close(device);
  }
  folder_remove(&files);
}

/* ---- Too little memory ------------------------------------------------------------------------------------------- */

static size_t largest_allowed = SIZE_MAX; /* bytes of a buffer that the driver has */
static int failing_launches;              /* the next ones find no memory: drivers that allocate late */

cl_mem __real_clCreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void *data, cl_int *code);
cl_mem __wrap_clCreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void *data, cl_int *code);
cl_mem __wrap_clCreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void *data, cl_int *code)
{
  if (size <= largest_allowed) return __real_clCreateBuffer(context, flags, size, data, code);
  *code = CL_MEM_OBJECT_ALLOCATION_FAILURE;
  return NULL;
}

cl_int __real_clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions, const size_t *offset,
                                     const size_t *global, const size_t *local, cl_uint waits, const cl_event *wait,
                                     cl_event *event);
cl_int __wrap_clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions, const size_t *offset,
                                     const size_t *global, const size_t *local, cl_uint waits, const cl_event *wait,
                                     cl_event *event);
cl_int __wrap_clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions, const size_t *offset,
                                     const size_t *global, const size_t *local, cl_uint waits, const cl_event *wait,
                                     cl_event *event)
{
  if (failing_launches > 0 && failing_launches--) return CL_OUT_OF_RESOURCES;
  return __real_clEnqueueNDRangeKernel(queue, kernel, dimensions, offset, global, local, waits, wait, event);
}

static clreid_session *create(clreid_model *model, int largest_batch)
{
  clreid_error error = {CLREID_OK, ""};
  clreid_session *session = NULL;
  const clreid_session_config config = {.largest_batch = largest_batch};
  if (clreid_session_create(model, &config, &session, &error) != CLREID_OK) fail_msg("%s", error.text);
  return session;
}

static clreid_session_info describe(const clreid_session *session)
{
  clreid_session_info info;
  clreid_session_describe(session, &info);
  return info;
}

/* The session's features are those expected; it is destroyed. */
static void check_and_destroy(clreid_session *session, const float *expected, const char *what)
{
  static float features[PICTURES * MOST_FEATURES];
  clreid_error error = {CLREID_OK, ""};
  memset(features, 0, sizeof features);
  if (clreid_embed(session, pictures, PICTURES, features, NULL, &error) != CLREID_OK) fail_msg("%s", error.text);
  if (memcmp(features, expected, sizeof features)) fail_msg("other bits %s", what);
  clreid_session_destroy(session);
}

static char said[4096];

static void listen(void *user, const char *line)
{
  (void)user;
  const size_t used = strlen(said);
  snprintf(said + used, sizeof said - used, "%s\n", line);
}

typedef struct place {
  folder files;
  clreid_device *device;
  clreid_model *model;
  uint64_t arena; /* bytes of a picture */
  float expected[PICTURES * MOST_FEATURES];
} place;

static place *open_place(void)
{
  clreid_error error = {CLREID_OK, ""};
  place *p = calloc(1, sizeof *p);
  char path[512];
  assert_non_null(p);
  p->files = folder_make();
  folder_file(&p->files, "w.safetensors", path);
  write_weights("rga-parallel", path);
  if (clreid_device_open(&(clreid_device_config){.cache_folder = "", .log = listen}, &p->device, &error) != CLREID_OK)
    fail_msg("%s", error.text);
  p->model = load(p->device, path, CLREID_FP32);
  clreid_session *session = create(p->model, PICTURES);
  p->arena = describe(session).arena_bytes / PICTURES;
  assert_int_equal(describe(session).pass_batch, PICTURES);
  if (clreid_embed(session, pictures, PICTURES, p->expected, NULL, &error) != CLREID_OK) fail_msg("%s", error.text);
  clreid_session_destroy(session);
  said[0] = 0;
  return p;
}

static void close_place(place *p)
{
  clreid_model_free(p->model);
  clreid_device_close(p->device);
  folder_remove(&p->files);
  free(p);
}

/* By the facts: the largest buffer, and the memory beside the weights. */
static void a_batch_that_does_not_fit_runs_in_passes(void **state)
{
  (void)state;
  place *p = open_place();
  cr_facts *facts = &p->device->device->facts;
  const cr_facts as_it_is = *facts;
  clreid_model_info model;
  clreid_model_describe(p->model, &model);
  for (int fit = 1; fit <= PICTURES; fit++)
    for (int by_buffer = 0; by_buffer < 2; by_buffer++) {
      *facts = as_it_is;
      said[0] = 0;
      if (by_buffer) facts->largest_buffer_bytes = fit * p->arena + p->arena / 2;
      if (!by_buffer) facts->global_memory_bytes = model.weight_bytes + 2 * fit * p->arena + p->arena / 2;
      clreid_session *session = create(p->model, PICTURES);
      const clreid_session_info info = describe(session);
      const int passes = (PICTURES + fit - 1) / fit, even = (PICTURES + passes - 1) / passes;
      char line[64];
      snprintf(line, sizeof line, "session: batch %d in passes of up to %d", PICTURES, even);
      assert_int_equal(info.largest_batch, PICTURES);
      assert_int_equal(info.pass_batch, even);
      assert_int_equal(info.arena_bytes, even * p->arena);
      if (!strstr(said, line)) fail_msg("'%s' was not said, but: %s", line, said);
      *facts = as_it_is;
      check_and_destroy(session, p->expected, "in small passes");
    }
  close_place(p);
}

/* By trying: what the driver refuses when it is asked, or later. */
static void memory_that_runs_out_halves_the_pass(void **state)
{
  (void)state;
  place *p = open_place();
  clreid_error error = {CLREID_OK, ""};
  clreid_session *session;
  largest_allowed = p->arena * 2;
  session = create(p->model, PICTURES);
  assert_int_equal(describe(session).pass_batch, 2); /* 5, 2 */
  assert_non_null(strstr(said, "no room for passes of 5 pictures"));
  check_and_destroy(session, p->expected, "in passes of 2");
  largest_allowed = p->arena;
  session = create(p->model, PICTURES);
  assert_int_equal(describe(session).pass_batch, 1);
  largest_allowed = SIZE_MAX;
  check_and_destroy(session, p->expected, "in passes of 1");
  failing_launches = 1;
  session = create(p->model, PICTURES);
  assert_int_equal(describe(session).pass_batch, 2);
  check_and_destroy(session, p->expected, "in passes of 2, after a launch failed");

  largest_allowed = p->arena - 1;
  const clreid_status status = clreid_session_create(p->model, NULL, &session, &error);
  largest_allowed = SIZE_MAX;
  assert_int_equal(status, CLREID_OUT_OF_DEVICE_MEMORY);
  assert_null(session);
  char needs[64];
  snprintf(needs, sizeof needs, "a pass of 1 picture needs %llu bytes", (unsigned long long)p->arena);
  if (!strstr(error.text, needs) || !strstr(error.text, "CL_MEM_OBJECT_ALLOCATION_FAILURE")) fail_msg("%s", error.text);
  close_place(p);
}

/* Pictures of a pass whose pixels are too many for one upload. */
static void pictures_that_do_not_fit_are_uploaded_in_parts(void **state)
{
  (void)state;
  place *p = open_place();
  clreid_session *session = create(p->model, PICTURES);
  p->device->device->facts.largest_buffer_bytes = 3 * sizeof pixels[0];
  largest_allowed = 2 * sizeof pixels[0]; /* the first is the largest */
  check_and_destroy(session, p->expected, "in uploads of two or so");
  largest_allowed = SIZE_MAX;
  close_place(p);
}

/* A run of many short launches, as a device with a watch-dog is given. */
static void launches_in_pieces_make_the_same_bits(void **state)
{
  (void)state;
  place *p = open_place();
  const uint64_t limits[] = {5000000, 200000};
  clreid_session *whole = create(p->model, PICTURES);
  int before = describe(whole).launches;
  clreid_session_destroy(whole);
  for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
    p->device->device->forced_launch_work = limits[i];
    clreid_session *session = create(p->model, PICTURES);
    printf("work of %d: %d launches\n", (int)limits[i], describe(session).launches);
    assert_true(describe(session).launches > before + 20);
    before = describe(session).launches;
    check_and_destroy(session, p->expected, "in pieces");
  }
  close_place(p);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sessions_of_one_model_run_side_by_side),
      cmocka_unit_test(shapes_of_other_devices_make_the_same_bits),
      cmocka_unit_test(a_batch_that_does_not_fit_runs_in_passes),
      cmocka_unit_test(memory_that_runs_out_halves_the_pass),
      cmocka_unit_test(pictures_that_do_not_fit_are_uploaded_in_parts),
      cmocka_unit_test(launches_in_pieces_make_the_same_bits),
  };
  make_pictures();
  printf("seed 1; again with: test_session\n");
  return cmocka_run_group_tests(tests, NULL, NULL);
}
