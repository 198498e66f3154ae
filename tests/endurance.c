/*
 * endurance.c - a hundred thousand batches of changing size through one session: nothing is allocated, on the host or
 * on the device, the bits stay the same, and the last batches take as long as the first.
 *
 *     endurance [BATCHES]
 *
 * The linker sends the library's calls of malloc and of OpenCL's creating functions through this file (tests/
 * CMakeLists.txt), which counts them. What the driver allocates for itself shows in the size of the process, which is
 * printed and may grow by little. ctest runs a short version; the long one by `ctest -C endurance -R endurance`.
 */
#include "support.h"

#include <unistd.h>

#include <CL/cl.h>

#include "clreid/clreid.h"
#include "folder.h"
#include "system.h"

enum { PICTURES = 5, PASS = 3, FEWEST = 100, MOST = 10000000, MANY = 1000 };

static const double MOST_DRIFT = 1.25;

static int batches = 100000;

/* ---- What the library asks for ---------------------------------------------------------------------------------- */

static bool watching;
static long memory_calls, object_calls;

#define WRAP(type, name, parameters, arguments, counter)                                                               \
  type __real_##name parameters;                                                                                       \
  type __wrap_##name parameters;                                                                                       \
  type __wrap_##name parameters                                                                                        \
  {                                                                                                                    \
    counter += watching;                                                                                               \
    return __real_##name arguments;                                                                                    \
  }
#define WRAP_CREATE(type, name, parameters, arguments) WRAP(type, name, parameters, arguments, object_calls)

WRAP(void *, malloc, (size_t size), (size), memory_calls)
WRAP(void *, calloc, (size_t count, size_t size), (count, size), memory_calls)
WRAP(void *, realloc, (void *old, size_t size), (old, size), memory_calls)
WRAP_CREATE(cl_mem, clCreateBuffer, (cl_context context, cl_mem_flags flags, size_t size, void *data, cl_int *code),
            (context, flags, size, data, code))
WRAP_CREATE(cl_command_queue, clCreateCommandQueue,
            (cl_context context, cl_device_id device, cl_command_queue_properties properties, cl_int *code),
            (context, device, properties, code))
WRAP_CREATE(cl_program, clCreateProgramWithSource,
            (cl_context context, cl_uint count, const char **texts, const size_t *lengths, cl_int *code),
            (context, count, texts, lengths, code))
WRAP_CREATE(cl_kernel, clCreateKernel, (cl_program program, const char *name, cl_int *code), (program, name, code))

/* ---- The run ---------------------------------------------------------------------------------------------------- */

static void must(clreid_status status, const clreid_error *error)
{
  if (status != CLREID_OK) fail_msg("%s: %s", clreid_status_name(status), error->text);
}

/* Pages of the process that are in memory; 0 where the system does not say. */
static long resident_kib(void)
{
  long whole = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file) return 0;
  if (fscanf(file, "%ld %ld", &whole, &resident) != 2) resident = 0;
  fclose(file);
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static int compare(const void *left, const void *right)
{
  const double a = *(const double *)left, b = *(const double *)right;
  return a < b ? -1 : a > b;
}

/* The given part of the way from the least to the greatest of seconds[count]. */
static double quantile(const double *seconds, int count, double part)
{
  double *sorted = malloc((size_t)count * sizeof *sorted);
  assert_non_null(sorted);
  memcpy(sorted, seconds, (size_t)count * sizeof *sorted);
  qsort(sorted, (size_t)count, sizeof *sorted, compare);
  const double value = sorted[(int)(part * (count - 1))];
  free(sorted);
  return value;
}

typedef struct run {
  clreid_session *session;
  clreid_picture pictures[PICTURES];
  float *first, *again; /* [PICTURES][length] */
  size_t length;
  double *seconds; /* [batches]: of a picture */
} run;

/* Pictures from ... from + count - 1 of the batch of this number: sizes and places go round. */
static int batch_of(int number, int *from)
{
  const int count = 1 + number % PICTURES;
  *from = number / PICTURES * 3 % (PICTURES - count + 1);
  return count;
}

static void embed(run *r, int from, int count, float *features)
{
  clreid_error error = {CLREID_OK, ""};
  must(clreid_embed(r->session, &r->pictures[from], (size_t)count, features, NULL, &error), &error);
}

static void run_batches(run *r)
{
  memory_calls = object_calls = 0;
  for (int b = 0; b < batches; b++) {
    int from;
    const int count = batch_of(b, &from);
    const double before = cr_seconds();
    watching = true;
    embed(r, from, count, r->again);
    watching = false;
    r->seconds[b] = (cr_seconds() - before) / count;
    const size_t bytes = (size_t)count * r->length * sizeof(float);
    if (memcmp(r->again, r->first + (size_t)from * r->length, bytes) != 0)
      fail_msg("batch %d, %d pictures from %d on: other features than alone", b, count, from);
  }
}

/* Windows of a tenth. The median is what is reported; whatever else runs on the machine moves it, so the limit is on
 * the fast batches, and only where there are many. */
static void check_times(const run *r)
{
  const int window = batches / 10;
  const double *last = r->seconds + batches - window;
  const double medians[2] = {quantile(r->seconds, window, 0.5), quantile(last, window, 0.5)};
  const double fast[2] = {quantile(r->seconds, window, 0.1), quantile(last, window, 0.1)};
  printf("a picture, first %d batches: median %.3f ms, last %d: %.3f ms, ratio %.3f; fastest tenth: %.3f ms, %.3f ms, "
         "ratio %.3f\n",
         window, 1e3 * medians[0], window, 1e3 * medians[1], medians[1] / medians[0], 1e3 * fast[0], 1e3 * fast[1],
         fast[1] / fast[0]);
  if (window >= MANY && fast[1] > MOST_DRIFT * fast[0])
    fail_msg("the time drifts: the last %d batches take more than %.2f times as long as the first", window, MOST_DRIFT);
}

static void check_memory(long before_kib)
{
  enum { MOST_KIB = 8192 };
  const long after_kib = resident_kib();
  printf("%ld calls for memory, %ld for objects of OpenCL; the process grew by %ld KiB from %ld\n", memory_calls,
         object_calls, after_kib - before_kib, before_kib);
  assert_int_equal(memory_calls, 0);
  assert_int_equal(object_calls, 0);
  if (after_kib - before_kib > MOST_KIB) fail_msg("the process grew by more than %d KiB", MOST_KIB);
}

static void make_pictures(run *r)
{
  static const int sizes[PICTURES][2] = {{64, 160}, {80, 200}, {50, 100}, {64, 128}, {33, 177}};
  for (int k = 0; k < PICTURES; k++) {
    const int width = sizes[k][0], height = sizes[k][1];
    uint8_t *pixels = malloc((size_t)width * height * 3);
    assert_non_null(pixels);
    for (int i = 0; i < width * height * 3; i++) pixels[i] = (uint8_t)((uint32_t)(i + k) * 0x9e3779b9u >> 24);
    r->pictures[k] = (clreid_picture){.pixels = pixels, .width = width, .height = height};
  }
}

static void nothing_is_allocated_and_nothing_drifts(void **state)
{
  (void)state;
  clreid_device *device;
  clreid_model *model;
  clreid_model_info info;
  clreid_error error = {CLREID_OK, ""};
  run r = {0};
  char path[512];
  const folder files = folder_make();
  folder_file(&files, "weights", path);
  must(clreid_weights_random("han-small", NULL, 0, 1, path, &error), &error);
  must(clreid_device_open(&(clreid_device_config){.choice = support_choice(), .cache_folder = ""}, &device, &error),
       &error);
  must(clreid_model_load(device, path, NULL, &model, &error), &error);
  must(clreid_session_create(model, &(clreid_session_config){.largest_batch = PASS}, &r.session, &error), &error);
  clreid_model_describe(model, &info);
  folder_remove(&files);
  make_pictures(&r);
  r.length = (size_t)info.feature_length;
  r.first = malloc(PICTURES * r.length * sizeof *r.first);
  r.again = malloc(PICTURES * r.length * sizeof *r.again);
  r.seconds = calloc((size_t)batches, sizeof *r.seconds); /* touched before the process is measured */
  assert_true(r.first && r.again && r.seconds);
  for (int b = 0; b < batches; b++) r.seconds[b] = 1;
  for (int k = 0; k < PICTURES; k++) embed(&r, k, 1, r.first + (size_t)k * r.length); /* each alone */
  for (int b = 0; b < 3 * PICTURES; b++) {                                            /* and each batch once */
    int from;
    const int count = batch_of(b, &from);
    embed(&r, from, count, r.again);
  }
  const long before_kib = resident_kib();
  run_batches(&r);
  check_memory(before_kib);
  check_times(&r);
  for (int k = 0; k < PICTURES; k++) free((void *)(uintptr_t)r.pictures[k].pixels);
  free(r.first);
  free(r.again);
  free(r.seconds);
  clreid_session_destroy(r.session);
  clreid_model_free(model);
  clreid_device_close(device);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_allocated_and_nothing_drifts)};
  if (argc > 1) batches = atoi(argv[1]);
  if (batches < FEWEST || batches > MOST || argc > 2) {
    fprintf(stderr, "endurance: wants a number of batches from %d to %d\n", FEWEST, MOST);
    return 2;
  }
  printf("%d batches of 1 to 5 pictures; again with: %s %d\n", batches, argv[0], batches);
  return cmocka_run_group_tests_name("endurance", tests, NULL, NULL);
}
