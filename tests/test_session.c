/*
 * test_session.c - proves lib/session.c and lib/model.c: one model under several threads, and the shapes of other
 * devices. Every feature must have the same bits as that of one session on the device as it is.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../lib/api.h"
#include "device.h"
#include "folder.h"

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
  if (clreid_device_open(NULL, &device, &error) != CLREID_OK) fail_msg("%s", error.text);
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
  write_weights("rga-parallel", path);
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
  static const size_t groups[] = {8, 64};
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
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
      device->device->facts.type = CR_DEVICE_GPU;
      device->device->facts.largest_work_group = groups[g];
      if (embed(model, 3, 1, features, &error) != CLREID_OK) fail_msg("%s", error.text);
      if (memcmp(features, as_it_is, sizeof features))
        fail_msg("%s: other bits as a GPU with groups of %zu", models[m].network, groups[g]);
    }
    clreid_model_free(model);
    clreid_device_close(device);
  }
  folder_remove(&files);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sessions_of_one_model_run_side_by_side),
      cmocka_unit_test(shapes_of_other_devices_make_the_same_bits),
  };
  make_pictures();
  printf("seed 1; again with: test_session\n");
  return cmocka_run_group_tests(tests, NULL, NULL);
}
