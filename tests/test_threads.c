/*
 * test_threads.c - eight threads, each with sessions of its own on one model, at once: every feature has the bits that
 * one thread alone computes. A thread creates its session while others run, takes another size of batch each time, and
 * every now and then ends its session for a new one.
 *
 *     test_threads [RUNS]      runs of each thread; ctest runs a few, and 1,000 by ctest -C threads -R '^threads$'
 *
 * No assertion of the test library is made in another thread.
 */
#include "support.h"

#include <pthread.h>

#include "clreid/clreid.h"
#include "folder.h"

enum { THREADS = 8, PICTURES = 4, WIDTH = 40, HEIGHT = 70, LENGTH = 1024, OF_A_SESSION = 50, MOST = 1000000 };

static int runs = 6;

static uint8_t pixels[PICTURES][WIDTH * HEIGHT * 3];
static clreid_picture pictures[PICTURES];
static float expected[PICTURES][LENGTH];

typedef struct worker {
  pthread_t thread;
  clreid_model *model;
  int number;
  long wrong; /* features with other bits */
  clreid_error error;
  float features[PICTURES * LENGTH];
} worker;

static void must(clreid_status status, const clreid_error *error)
{
  if (status != CLREID_OK) fail_msg("%s: %s", clreid_status_name(status), error->text);
}

/* Pictures first ... first + count - 1, in passes of two. */
static clreid_status run(worker *w, clreid_session *session, int first, int count)
{
  const clreid_status status = clreid_embed(session, pictures + first, (size_t)count, w->features, NULL, &w->error);
  for (int k = 0; k < count && status == CLREID_OK; k++)
    w->wrong += memcmp(w->features + k * LENGTH, expected[first + k], sizeof expected[0]) != 0;
  return status;
}

static void *work(void *user)
{
  worker *w = user;
  clreid_session *session = NULL;
  const clreid_session_config config = {.largest_batch = 2, .sleeping_wait = w->number % 4 == 3};
  clreid_status status = CLREID_OK;
  for (int r = 0; r < runs && status == CLREID_OK; r++) {
    const int first = (r + w->number) % PICTURES, count = 1 + (r * 5 + w->number) % (PICTURES - first);
    if (r % OF_A_SESSION == 0) {
      clreid_session_destroy(session);
      session = NULL;
      status = clreid_session_create(w->model, &config, &session, &w->error);
    }
    if (status == CLREID_OK) status = run(w, session, first, count);
  }
  clreid_session_destroy(session);
  return NULL;
}

static clreid_model *load_model(void)
{
  clreid_device *device;
  clreid_model *model;
  clreid_error error = {CLREID_OK, ""};
  char path[512];
  const folder files = folder_make();
  folder_file(&files, "weights", path);
  must(clreid_weights_random("han-small", NULL, 0, 1, path, &error), &error);
  must(clreid_device_open(&(clreid_device_config){.choice = support_choice(), .cache_folder = ""}, &device, &error),
       &error);
  must(clreid_model_load(device, path, NULL, &model, &error), &error);
  clreid_device_close(device);
  folder_remove(&files);
  return model;
}

static void embed_alone(clreid_model *model)
{
  clreid_session *session;
  clreid_error error = {CLREID_OK, ""};
  must(clreid_session_create(model, NULL, &session, &error), &error);
  must(clreid_embed(session, pictures, PICTURES, expected[0], NULL, &error), &error);
  clreid_session_destroy(session);
}

static void eight_threads_have_the_right_bits(void **state)
{
  (void)state;
  static worker workers[THREADS];
  uint32_t z = 1;
  for (int k = 0; k < PICTURES; k++) {
    for (size_t i = 0; i < sizeof pixels[k]; i++) pixels[k][i] = (uint8_t)((z = z * 1664525u + 1013904223u) >> 24);
    pictures[k] = (clreid_picture){.pixels = pixels[k], .width = WIDTH - k, .height = HEIGHT, .pitch_bytes = WIDTH * 3};
  }
  clreid_model *model = load_model();
  clreid_model_info info;
  clreid_model_describe(model, &info);
  assert_int_equal(info.feature_length, LENGTH);
  embed_alone(model);
  for (int t = 0; t < THREADS; t++) {
    workers[t] = (worker){.model = model, .number = t};
    assert_int_equal(pthread_create(&workers[t].thread, NULL, work, &workers[t]), 0);
  }
  for (int t = 0; t < THREADS; t++) assert_int_equal(pthread_join(workers[t].thread, NULL), 0);
  clreid_model_free(model);
  for (int t = 0; t < THREADS; t++) {
    must(workers[t].error.status, &workers[t].error);
    if (workers[t].wrong) fail_msg("thread %d: %ld features have other bits", t, workers[t].wrong);
  }
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(eight_threads_have_the_right_bits)};
  if (argc > 1) runs = atoi(argv[1]);
  if (runs < 1 || runs > MOST || argc > 2) {
    fprintf(stderr, "test_threads: wants a number of runs from 1 to %d\n", MOST);
    return 2;
  }
  printf("%d threads, %d runs each\n", THREADS, runs);
  return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
