/*
 * test_api.c - proves the public functions: every status, every way to end, pictures of every kind, threads, memory.
 *
 * The linker sends the library's calls of malloc and of OpenCL's creating functions through this file (tests/
 * CMakeLists.txt), which counts them, and lets one fail where a test asks for it.
 */
#include "support.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api.h"
#include "clreid/clreid.h"
#include "folder.h"
#include "random.h"

/* ---- What the library asks for ---------------------------------------------------------------------------------- */

static struct {
  bool on;
  long memory, objects, launches; /* calls since it is on */
  long noted;                     /* launches whose event was asked for */
  long fails_at;                  /* this call for memory gets NULL; 0: none does */
} watch;

static bool gets_memory(void)
{
  return !watch.on || ++watch.memory != watch.fails_at;
}

#define WRAP(type, name, parameters, call)                                                                             \
  type __real_##name parameters;                                                                                       \
  type __wrap_##name parameters;                                                                                       \
  type __wrap_##name parameters                                                                                        \
  {                                                                                                                    \
    return call;                                                                                                       \
  }
#define WRAP_CREATE(type, name, parameters, arguments)                                                                 \
  WRAP(type, name, parameters, (watch.objects += watch.on, __real_##name arguments))

WRAP(void *, malloc, (size_t size), gets_memory() ? __real_malloc(size) : NULL)
WRAP(void *, calloc, (size_t count, size_t size), gets_memory() ? __real_calloc(count, size) : NULL)
WRAP(void *, realloc, (void *old, size_t size), gets_memory() ? __real_realloc(old, size) : NULL)
WRAP_CREATE(cl_mem, clCreateBuffer, (cl_context context, cl_mem_flags flags, size_t size, void *data, cl_int *code),
            (context, flags, size, data, code))
WRAP_CREATE(cl_command_queue, clCreateCommandQueue,
            (cl_context context, cl_device_id device, cl_command_queue_properties properties, cl_int *code),
            (context, device, properties, code))
WRAP_CREATE(cl_program, clCreateProgramWithSource,
            (cl_context context, cl_uint count, const char **texts, const size_t *lengths, cl_int *code),
            (context, count, texts, lengths, code))
WRAP_CREATE(cl_kernel, clCreateKernel, (cl_program program, const char *name, cl_int *code), (program, name, code))
WRAP_CREATE(cl_int, clBuildProgram,
            (cl_program program, cl_uint count, const cl_device_id *devices, const char *options,
             void(CL_CALLBACK *notify)(cl_program program, void *user), void *user),
            (program, count, devices, options, notify, user))
WRAP(cl_int, clEnqueueNDRangeKernel,
     (cl_command_queue queue, cl_kernel kernel, cl_uint dimensions, const size_t *offset, const size_t *global,
      const size_t *local, cl_uint waits, const cl_event *wait, cl_event *event),
     (watch.launches += watch.on, watch.noted += watch.on && event,
      __real_clEnqueueNDRangeKernel(queue, kernel, dimensions, offset, global, local, waits, wait, event)))

static void watch_from_now(long fails_at)
{
  memset(&watch, 0, sizeof watch);
  watch.fails_at = fails_at;
  watch.on = true;
}

/* ---- What all tests share --------------------------------------------------------------------------------------- */

enum { PICTURES = 9, STATUSES = CLREID_DEVICE_FAILED + 1 };

static folder files;
static clreid_device *device;
static clreid_model *model; /* han-small: little to compute */
static clreid_picture pictures[PICTURES];
static bool seen[STATUSES]; /* which statuses were provoked */

static const char *in_folder(const char *name)
{
  static char paths[4][512];
  static int next;
  next = (next + 1) % 4;
  return folder_file(&files, name, paths[next]);
}

static void must(clreid_status status, const clreid_error *error)
{
  if (status != CLREID_OK) fail_msg("%s: %s", clreid_status_name(status), error->text);
}

/* One line, no full stop at its end, with something in it. */
static void check_text(const char *text)
{
  const size_t length = strlen(text);
  bool control = false;
  for (size_t i = 0; i < length; i++) control |= (unsigned char)text[i] < ' ';
  if (length < 10 || length >= CLREID_ERROR_TEXT_BYTES - 1 || control || text[length - 1] == '.')
    fail_msg("'%s' is no error text", text);
}

static void expect(clreid_status status, const clreid_error *error, clreid_status wanted, const char *says,
                   const char *call)
{
  if (status != wanted)
    fail_msg("%s gives %s, not %s: %s", call, clreid_status_name(status), clreid_status_name(wanted), error->text);
  seen[status] = true;
  if (status == CLREID_OK) {
    assert_string_equal(error->text, ""); /* left alone */
    return;
  }
  assert_int_equal(error->status, status);
  check_text(error->text);
  if (!strstr(error->text, says)) fail_msg("%s: '%s' does not say '%s'", call, error->text, says);
}

/* The call, which gives its error to `e`, with and without one. */
#define PROVOKE(wanted, says, call)                                                                                    \
  do {                                                                                                                 \
    clreid_error error_ = {CLREID_OK, ""}, *e = &error_;                                                               \
    expect((call), &error_, (wanted), (says), #call);                                                                  \
    e = NULL;                                                                                                          \
    assert_int_equal((call), (wanted));                                                                                \
  } while (0)

static void check_line(void *user, const char *line)
{
  (void)user;
  assert_true(*line && !strchr(line, '\n'));
}

static clreid_device *open_device(void)
{
  clreid_device *opened;
  clreid_error error = {CLREID_OK, ""};
  must(clreid_device_open(&(clreid_device_config){.choice = support_choice(), .log = check_line}, &opened, &error),
       &error);
  return opened;
}

static clreid_model *load(const char *name, const clreid_model_config *config)
{
  clreid_model *loaded;
  clreid_error error = {CLREID_OK, ""};
  must(clreid_model_load(device, in_folder(name), config, &loaded, &error), &error);
  return loaded;
}

static clreid_session *create(clreid_model *of, int largest_batch)
{
  clreid_session *session;
  clreid_error error = {CLREID_OK, ""};
  must(clreid_session_create(of, &(clreid_session_config){largest_batch}, &session, &error), &error);
  return session;
}

static size_t feature_length(const clreid_model *of)
{
  clreid_model_info info;
  clreid_model_describe(of, &info);
  return (size_t)info.feature_length;
}

/* Features of the model's neck, to be freed. */
static float *embed(clreid_session *session, const clreid_picture *list, size_t count, size_t length)
{
  clreid_error error = {CLREID_OK, ""};
  float *features = malloc(count * length * sizeof *features);
  assert_non_null(features);
  must(clreid_embed(session, list, count, features, NULL, &error), &error);
  return features;
}

static float *embed_once(clreid_model *of, int largest_batch, const clreid_picture *list, size_t count)
{
  clreid_session *session = create(of, largest_batch);
  float *features = embed(session, list, count, feature_length(of));
  clreid_session_destroy(session);
  return features;
}

static double relative_error(const float *got, const float *expected, size_t count)
{
  double difference = 0, size = 0;
  for (size_t i = 0; i < count; i++) {
    difference += ((double)got[i] - expected[i]) * ((double)got[i] - expected[i]);
    size += (double)expected[i] * expected[i];
  }
  return sqrt(difference / size);
}

static void make_pictures(void)
{
  static const int sizes[PICTURES][2] = {{64, 160}, {32, 64}, {1, 1}, {100, 333}, {64, 160},
                                         {63, 161}, {200, 7}, {5, 1}, {640, 480}};
  for (int k = 0; k < PICTURES; k++) {
    const int width = sizes[k][0], height = sizes[k][1];
    uint8_t *pixels = malloc((size_t)width * height * 3);
    assert_non_null(pixels);
    for (int i = 0; i < width * height * 3; i++) pixels[i] = (uint8_t)support_random((uint64_t)k << 32 | i, 0, 255);
    pictures[k] = (clreid_picture){.pixels = pixels, .width = width, .height = height};
  }
}

static void write_random(const char *name, const char *network, const char *const *options, size_t count)
{
  clreid_error error = {CLREID_OK, ""};
  must(clreid_weights_random(network, options, count, support_seed(), in_folder(name), &error), &error);
}

static int open_all(void **state)
{
  (void)state;
  static const char *const small[] = {"height=16", "width=16", "stages=1", "s1=2"};
  device = open_device();
  write_random("han", "han-small", NULL, 0);
  write_random("rga", "rga-sc", small, 4);
  make_pictures();
  model = load("han", NULL);
  return 0;
}

static int close_all(void **state)
{
  (void)state;
  clreid_model_free(model);
  clreid_device_close(device);
  for (int k = 0; k < PICTURES; k++) free((void *)(uintptr_t)pictures[k].pixels);
  folder_remove(&files);
  return 0;
}

/* ---- Statuses --------------------------------------------------------------------------------------------------- */

/* In a process of its own: the OpenCL loader looks for drivers once. */
static void no_platform(void **state)
{
  (void)state;
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    clreid_device_info *list = (clreid_device_info *)&files;
    clreid_device *opened = (clreid_device *)&files;
    size_t count = 7;
    clreid_error error = {CLREID_OK, ""};
    setenv("OCL_ICD_VENDORS", files.path, 1); /* an empty folder */
    const bool listed = clreid_devices_list(&list, &count, NULL, NULL, &error) == CLREID_UNSUPPORTED_PLATFORM;
    const bool open = clreid_device_open(NULL, &opened, NULL) == CLREID_UNSUPPORTED_PLATFORM;
    const bool said = error.status == CLREID_UNSUPPORTED_PLATFORM && strstr(error.text, "pocl-opencl-icd");
    _exit(listed && open && said && !list && !count && !opened ? 0 : 1);
  }
  int state_of_child = 0;
  assert_int_equal(waitpid(child, &state_of_child, 0), child);
  assert_true(WIFEXITED(state_of_child) && WEXITSTATUS(state_of_child) == 0);
  seen[CLREID_UNSUPPORTED_PLATFORM] = true;
}

static void devices(void **state)
{
  (void)state;
  clreid_device_info *list = NULL;
  clreid_device *opened = NULL;
  size_t count = 0, defaults = 0;
  PROVOKE(CLREID_INVALID_ARGUMENT, "list and count", clreid_devices_list(NULL, &count, NULL, NULL, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "list and count", clreid_devices_list(&list, NULL, NULL, NULL, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "needs device", clreid_device_open(NULL, NULL, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "cpu, gpu or an index",
          clreid_device_open(&(clreid_device_config){.choice = "tpu\n"}, &opened, e));
  clreid_error device_error = {CLREID_OK, ""};
  assert_int_equal(clreid_devices_list(&list, &count, NULL, NULL, NULL), CLREID_OK);
  clreid_devices_free(list);
  clreid_device_open(&(clreid_device_config){.choice = "4711"}, &opened, &device_error);
  assert_non_null(strstr(device_error.text, count == 1 ? "the only one has index 0" : "have indices 0 to"));
  PROVOKE(CLREID_UNSUPPORTED_DEVICE, "no device 4711",
          clreid_device_open(&(clreid_device_config){.choice = "4711"}, &opened, e));
  assert_null(opened);
  PROVOKE(CLREID_INVALID_ARGUMENT, "needs a device", clreid_selftest(NULL, NULL, e));

  clreid_error error = {CLREID_OK, ""};
  must(clreid_devices_list(&list, &count, check_line, NULL, &error), &error);
  for (size_t i = 0; i < count; i++) {
    assert_int_equal(list[i].index, i);
    assert_int_equal(list[i].usable, !*list[i].problem);
    defaults += list[i].is_default;
  }
  assert_int_equal(defaults, 1);
  clreid_device_info info;
  clreid_device_describe(device, &info);
  assert_memory_equal(&info, &list[info.index], sizeof info);
  clreid_devices_free(list);
}

static void networks(void **state)
{
  (void)state;
  size_t count = 0;
  clreid_network_info info;
  for (; clreid_network_at(count, &info); count++) {
    assert_true(*info.name && info.height > 0 && info.width > 0 && info.feature_length > 0 && info.parameters);
    /* A gate that is known before its convolution costs that convolution of one more position: 0.1 % at most. */
    assert_true(info.planned_multiply_adds && info.planned_multiply_adds <= info.multiply_adds * 1001 / 1000);
  }
  assert_true(count >= 6);
  assert_false(clreid_network_at((size_t)-1, &info));
  assert_false(clreid_network_at(0, NULL));
}

static void wrong_random_weights(void **state)
{
  (void)state;
  static const char *const options[] = {"stages=7", "colour=red", "height", "=1", NULL, "s1=8", "s1=8", "mean=a"};
  const char *path = in_folder("never");
  PROVOKE(CLREID_INVALID_ARGUMENT, "network, options and path", clreid_weights_random(NULL, NULL, 0, 1, path, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "network, options and path", clreid_weights_random("rga-s", NULL, 0, 1, NULL, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "network, options and path", clreid_weights_random("rga-s", NULL, 1, 1, path, e));
  PROVOKE(CLREID_INVALID_NETWORK, "no network 'rga'", clreid_weights_random("rga", NULL, 0, 1, path, e));
  PROVOKE(CLREID_INVALID_NETWORK, "stages is '7'", clreid_weights_random("rga-s", options, 1, 1, path, e));
  PROVOKE(CLREID_INVALID_NETWORK, "takes no option colour", clreid_weights_random("rga-s", options + 1, 1, 1, path, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "KEY=VALUE", clreid_weights_random("rga-s", options + 2, 1, 1, path, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "KEY=VALUE", clreid_weights_random("rga-s", options + 3, 1, 1, path, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "KEY=VALUE", clreid_weights_random("rga-s", options + 4, 1, 1, path, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "given twice", clreid_weights_random("rga-s", options + 5, 2, 1, path, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "at most", clreid_weights_random("rga-s", options, 1000, 1, path, e));
  PROVOKE(CLREID_INVALID_WEIGHTS, "mean", clreid_weights_random("rga-s", options + 7, 1, 1, path, e));
  PROVOKE(CLREID_INVALID_FILE, "never", clreid_weights_random("han-small", NULL, 0, 1, in_folder("never/in\nhere"), e));
  assert_int_equal(access(path, F_OK), -1);
}

static void wrong_models(void **state)
{
  (void)state;
  clreid_model *m = (clreid_model *)&files;
  folder_write(in_folder("text"), "no weights at all\n", 18);
  PROVOKE(CLREID_INVALID_ARGUMENT, "device, path and model", clreid_model_load(NULL, in_folder("han"), NULL, &m, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "device, path and model", clreid_model_load(device, NULL, NULL, &m, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "device, path and model",
          clreid_model_load(device, in_folder("han"), NULL, NULL, e));
  assert_non_null(m);
  PROVOKE(CLREID_INVALID_FILE, "not-there", clreid_model_load(device, in_folder("not-there"), NULL, &m, e));
  assert_null(m);
  PROVOKE(CLREID_INVALID_WEIGHTS, "not a safetensors file", clreid_model_load(device, in_folder("text"), NULL, &m, e));
  PROVOKE(CLREID_INVALID_NETWORK, "is for network han-small, not for rga-sc",
          clreid_model_load(device, in_folder("han"), &(clreid_model_config){.network = "rga-sc"}, &m, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "precision 2",
          clreid_model_load(device, in_folder("han"), &(clreid_model_config){.precision = (clreid_precision)2}, &m, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "relation -1",
          clreid_model_load(device, in_folder("han"), &(clreid_model_config){.relation = (clreid_relation)-1}, &m, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "gemm 2",
          clreid_model_load(device, in_folder("han"), &(clreid_model_config){.gemm = (clreid_gemm)2}, &m, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "attention 9 is outside",
          clreid_model_load(device, in_folder("han"), &(clreid_model_config){.attention = (clreid_attention)9}, &m, e));
  assert_null(m);
#ifndef CLREID_CLBLAST
  clreid_session *s;
  m = load("rga", &(clreid_model_config){.gemm = CLREID_GEMM_CLBLAST});
  PROVOKE(CLREID_UNSUPPORTED_MODEL, "CLBlast", clreid_session_create(m, NULL, &s, e));
  clreid_model_free(m);
#endif
}

static void wrong_sessions(void **state)
{
  (void)state;
  clreid_session *s = (clreid_session *)&files;
  PROVOKE(CLREID_INVALID_ARGUMENT, "model and session", clreid_session_create(NULL, NULL, &s, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "model and session", clreid_session_create(model, NULL, NULL, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "-1 is outside 1 to",
          clreid_session_create(model, &(clreid_session_config){.largest_batch = -1}, &s, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "1000000 is outside 1 to",
          clreid_session_create(model, &(clreid_session_config){.largest_batch = 1000000}, &s, e));
  uint64_t *const largest = &device->device->facts.largest_buffer_bytes, was = *largest;
  *largest = 500000; /* less than the activations of a single picture */
  PROVOKE(CLREID_OUT_OF_DEVICE_MEMORY, "a pass of 1 picture needs", clreid_session_create(model, NULL, &s, e));
  *largest = was;
  assert_null(s);
}

/* A kernel that does not compile: a driver that fails. */
static void a_device_that_fails(void **state)
{
  (void)state;
  clreid_device *broken;
  clreid_model *m;
  clreid_session *s;
  clreid_error error = {CLREID_OK, ""};
  folder_write(in_folder("resize.cl"), "__kernel void resize(\n", 22);
  const clreid_device_config config = {
      .choice = support_choice(), .cache_folder = "", .kernel_folder = files.path, .log = check_line};
  must(clreid_device_open(&config, &broken, &error), &error);
  must(clreid_model_load(broken, in_folder("han"), NULL, &m, &error), &error);
  PROVOKE(CLREID_DEVICE_FAILED, "resize.cl does not build", clreid_session_create(m, NULL, &s, e));
  clreid_model_free(m);
  clreid_device_close(broken);
}

static void wrong_pictures(void **state)
{
  (void)state;
  clreid_session *session = create(model, 2);
  const size_t length = feature_length(model);
  float *expected = embed(session, pictures, 2, length), neck[4096];
  assert_true(length <= 2048);
  clreid_picture list[2] = {pictures[0], pictures[1]};
  PROVOKE(CLREID_INVALID_ARGUMENT, "session and pictures", clreid_embed(NULL, list, 1, neck, NULL, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "session and pictures", clreid_embed(session, NULL, 1, neck, NULL, e));
  static const struct {
    clreid_picture picture; /* no pixels: those of another */
    const char *says;
  } table[] = {
      {{.width = 0, .height = 5}, "picture 1 is 0 x 5"},
      {{.width = 5, .height = 0}, "picture 1 is 5 x 0"},
      {{.width = -5, .height = 5}, "picture 1 is -5 x 5"},
      {{.width = 65536, .height = 1}, "from 1 to 65535"},
      {{.width = 1, .height = 2147483647}, "from 1 to 65535"},
      {{.width = 5, .height = 5, .pitch_bytes = 14}, "pitch of 14 bytes, but a row of 5 pixels takes 15"},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    list[1] = table[i].picture;
    list[1].pixels = pictures[1].pixels;
    PROVOKE(CLREID_INVALID_PICTURE, table[i].says, clreid_embed(session, list, 2, neck, NULL, e));
  }
  list[1] = pictures[1];
  list[1].pixels = NULL;
  PROVOKE(CLREID_INVALID_PICTURE, "picture 1 has no pixels", clreid_embed(session, list, 2, neck, NULL, e));
  PROVOKE(CLREID_OK, "", clreid_embed(session, NULL, 0, NULL, NULL, e));
  PROVOKE(CLREID_OK, "", clreid_embed(session, pictures, 2, NULL, NULL, e));
  PROVOKE(CLREID_OK, "", clreid_embed(session, pictures, 2, neck, NULL, e));
  assert_memory_equal(neck, expected, 2 * length * sizeof *neck); /* none of these did it harm */
  free(expected);
  clreid_session_destroy(session);
}

/* More pixels than the device takes in one buffer. */
static void a_picture_too_large_for_the_device(void **state)
{
  (void)state;
  clreid_device *small = open_device();
  clreid_model *m;
  clreid_session *session;
  clreid_error error = {CLREID_OK, ""};
  const size_t length = feature_length(model);
  must(clreid_model_load(small, in_folder("han"), NULL, &m, &error), &error);
  must(clreid_session_create(m, NULL, &session, &error), &error);
  float *expected = embed(session, pictures, 1, length), *features = calloc(length, sizeof *features);
  assert_non_null(features);
  small->device->facts.largest_buffer_bytes = 500000;
  for (int again = 0; again < 2; again++) {
    PROVOKE(CLREID_OUT_OF_DEVICE_MEMORY, "allows 500000",
            clreid_embed(session, &pictures[PICTURES - 1], 1, features, NULL, e)); /* 640 x 480 x 3 = 921600 */
    must(clreid_embed(session, pictures, 1, features, NULL, &error), &error);
    assert_memory_equal(features, expected, length * sizeof *features);
  }
  free(expected);
  free(features);
  clreid_session_destroy(session);
  clreid_model_free(m);
  clreid_device_close(small);
}

/* ---- Not finite ------------------------------------------------------------------------------------------------- */

typedef struct excess {
  const char *name; /* of the tensor */
  float value;
} excess;

static void fill_excessive(void *user, const cr_weight_spec *spec, float *values, size_t count)
{
  const excess *x = user;
  cr_random_fill(support_seed(), spec, values, count);
  for (size_t i = 0; i < count && !strcmp(spec->name, x->name); i++) values[i] = x->value;
}

static void write_excessive(const char *file, excess x)
{
  cr_graph *graph;
  size_t count;
  clreid_error error = {CLREID_OK, ""};
  const cr_metadata metadata = {"network", "han-small"};
  must(cr_network_build(cr_network_find("han-small", NULL), NULL, &graph, &error), &error);
  const cr_weight_spec *specs = cr_graph_weights(graph, &count);
  must(cr_weights_write(in_folder(file), specs, count, &metadata, 1, fill_excessive, &x, &error), &error);
  cr_graph_destroy(graph);
}

static void a_feature_that_is_not_finite_names_the_step(void **state)
{
  (void)state;
  static const struct {
    excess x;
    clreid_precision precision;
    bool finite;
    const char *says;
  } table[] = {
      {{"global2.1.pointwise.bn.weight", 1e38f}, CLREID_FP32, false, "global2.1.pointwise"},
      {{"global1.2.depthwise.bn.bias", 3e38f}, CLREID_FP32, false, "step "},
      {{"global2.1.pointwise.bn.weight", 1e5f}, CLREID_FP32, true, ""},
      {{"global2.1.pointwise.bn.weight", 1e5f}, CLREID_FP16, false, "global2.1.pointwise"},
  };
  float neck[4 * 2048];
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    write_excessive("excess", table[i].x);
    clreid_model *m = load("excess", &(clreid_model_config){.precision = table[i].precision});
    clreid_session *session = create(m, 3);
    const clreid_status wanted = table[i].finite ? CLREID_OK : CLREID_NOT_FINITE;
    PROVOKE(wanted, table[i].says, clreid_embed(session, pictures, 4, neck, NULL, e));
    PROVOKE(wanted, table[i].precision == CLREID_FP16 ? "65504, use fp32" : "not finite",
            clreid_embed(session, pictures, 2, NULL, neck, e));
    clreid_session_destroy(session);
    clreid_model_free(m);
  }
}

/* ---- What the metadata says -------------------------------------------------------------------------------------- */

static void fill_random(void *user, const cr_weight_spec *spec, float *values, size_t count)
{
  (void)user;
  cr_random_fill(support_seed(), spec, values, count);
}

static void write_metadata(const char *file, const cr_metadata *metadata, size_t metadata_count)
{
  cr_graph *graph;
  size_t count;
  clreid_error error = {CLREID_OK, ""};
  must(cr_network_build(cr_network_find("han-small", NULL), NULL, &graph, &error), &error);
  const cr_weight_spec *specs = cr_graph_weights(graph, &count);
  must(cr_weights_write(in_folder(file), specs, count, metadata, metadata_count, fill_random, NULL, &error), &error);
  cr_graph_destroy(graph);
}

static void wrong_metadata_is_told_with_the_file(void **state)
{
  (void)state;
  static const struct {
    cr_metadata metadata[2];
    size_t count;
    clreid_status status;
    const char *says;
  } table[] = {
      {{{"", ""}}, 0, CLREID_INVALID_NETWORK, "metadata' does not name its network"},
      {{{"network", "gan"}}, 1, CLREID_INVALID_NETWORK, "metadata': there is no network 'gan'"},
      {{{"network", "han-small"}, {"mean", "a"}}, 2, CLREID_INVALID_WEIGHTS, "metadata': metadata mean"},
      {{{"network", "rga-sc"}, {"height", "x"}}, 2, CLREID_INVALID_NETWORK, "metadata': "},
  };
  clreid_model *m;
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    write_metadata("metadata", table[i].metadata, table[i].count);
    PROVOKE(table[i].status, table[i].says, clreid_model_load(device, in_folder("metadata"), NULL, &m, e));
  }
  /* a wrong name of the caller's is not the file's fault */
  write_metadata("metadata", NULL, 0);
  clreid_error error = {CLREID_OK, ""};
  const clreid_model_config config = {.network = "gan"};
  assert_int_equal(clreid_model_load(device, in_folder("metadata"), &config, &m, &error), CLREID_INVALID_NETWORK);
  assert_null(strstr(error.text, "metadata"));
}

static void count_unknown(void *user, const char *line)
{
  check_line(NULL, line);
  if (!strstr(line, "is not known")) return;
  assert_non_null(strstr(line, "metadata': the metadata 'colour?' is not known"));
  ++*(int *)user;
}

static void unknown_metadata_is_said(void **state)
{
  (void)state;
  static const cr_metadata metadata[] = {
      {"network", "han-small"}, {"format", "pt"}, {"random_seed", "1"}, {"std", "1,1,1"}, {"colour\n", "red"}};
  int lines = 0;
  clreid_device *d;
  clreid_model *m;
  clreid_error error = {CLREID_OK, ""};
  const clreid_device_config config = {.choice = support_choice(), .log = count_unknown, .log_user = &lines};
  write_metadata("metadata", metadata, sizeof metadata / sizeof metadata[0]);
  must(clreid_device_open(&config, &d, &error), &error);
  must(clreid_model_load(d, in_folder("metadata"), NULL, &m, &error), &error);
  assert_int_equal(lines, 1);
  clreid_model_free(m);
  clreid_device_close(d);
}

/* ---- Ends ------------------------------------------------------------------------------------------------------- */

static void nothing_is_null_safe(void **state)
{
  (void)state;
  clreid_device_info device_info = {.index = 77};
  clreid_model_info model_info = {.height = 77};
  clreid_session_info session_info = {.launches = 77};
  clreid_devices_free(NULL);
  clreid_device_close(NULL);
  clreid_model_free(NULL);
  clreid_session_destroy(NULL);
  clreid_device_describe(NULL, &device_info);
  clreid_model_describe(NULL, &model_info);
  clreid_session_describe(NULL, &session_info);
  assert_int_equal(device_info.index + model_info.height + session_info.launches, 3 * 77);
  clreid_device_describe(device, NULL);
  clreid_model_describe(model, NULL);
  assert_non_null(clreid_version());
  for (int s = -1; s <= STATUSES; s++) assert_non_null(clreid_status_name((clreid_status)s));
  assert_string_equal(clreid_status_name(CLREID_OK), "CLREID_OK");
  assert_string_equal(clreid_status_name(CLREID_DEVICE_FAILED), "CLREID_DEVICE_FAILED");
}

/* The handles of a session end in any order; those that live go on to work. */
static void ends_in_any_order(void **state)
{
  (void)state;
  static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  const size_t length = feature_length(model);
  float *expected = embed_once(model, 1, pictures, 2);
  for (int i = 0; i < 6; i++) {
    clreid_device *d = open_device();
    clreid_model *m;
    clreid_session *s;
    clreid_error error = {CLREID_OK, ""};
    must(clreid_model_load(d, in_folder("han"), NULL, &m, &error), &error);
    must(clreid_session_create(m, NULL, &s, &error), &error);
    for (int end = 0; end < 3; end++) {
      if (orders[i][end] == 0) clreid_device_close(d);
      if (orders[i][end] == 1) clreid_model_free(m);
      if (orders[i][end] == 2) {
        float *features = embed(s, pictures, 2, length);
        assert_memory_equal(features, expected, 2 * length * sizeof *features);
        free(features);
        clreid_session_destroy(s);
      }
    }
  }
  free(expected);
}

/* ---- Runs ------------------------------------------------------------------------------------------------------- */

static void descriptions(void **state)
{
  (void)state;
  clreid_model_info m;
  clreid_session_info s;
  clreid_session *session = create(model, 0);
  clreid_model_describe(model, &m);
  clreid_session_describe(session, &s);
  assert_string_equal(m.network, "han-small");
  assert_int_equal(m.height, 160);
  assert_int_equal(m.width, 64);
  assert_int_equal(m.feature_length, 1024);
  assert_true(m.weight_bytes >= 4 * 1900000 && m.parameters > 2000000 && m.planned_multiply_adds < m.multiply_adds);
  assert_int_equal(s.largest_batch, 1);
  assert_int_equal(s.pass_batch, 1);
  clreid_session *four = create(model, 4);
  clreid_session_info of_four;
  clreid_session_describe(four, &of_four);
  assert_int_equal(of_four.launches, s.launches);
  assert_int_equal(of_four.arena_bytes, 4 * s.arena_bytes);
  clreid_session_destroy(four);
  clreid_session_destroy(session);
}

/* Nine pictures in passes of four give what each gives alone; the second output is the one before the neck. */
static void more_pictures_than_the_largest_batch(void **state)
{
  (void)state;
  static const char *const names[] = {"han", "rga"};
  for (int n = 0; n < 2; n++) {
    clreid_model *m = load(names[n], NULL);
    const size_t length = feature_length(m);
    clreid_session *one = create(m, 1), *four = create(m, 4);
    float *neck = calloc(2 * PICTURES * length, sizeof *neck), *pooled = neck + PICTURES * length;
    assert_non_null(neck);
    clreid_error error = {CLREID_OK, ""};
    must(clreid_embed(four, pictures, PICTURES, neck, pooled, &error), &error);
    for (int k = 0; k < PICTURES; k++) {
      float *alone = embed(one, &pictures[k], 1, length);
      assert_memory_equal(alone, neck + (size_t)k * length, length * sizeof *alone);
      must(clreid_embed(one, &pictures[k], 1, NULL, alone, &error), &error);
      assert_memory_equal(alone, pooled + (size_t)k * length, length * sizeof *alone);
      free(alone);
    }
    assert_memory_not_equal(neck, pooled, length * sizeof *neck);
    assert_memory_not_equal(neck, neck + length, length * sizeof *neck);
    free(neck);
    clreid_session_destroy(one);
    clreid_session_destroy(four);
    clreid_model_free(m);
  }
}

/* A picture in the middle of a larger one, and one seen in a mirror. */
static void pitch_and_mirror(void **state)
{
  (void)state;
  enum { WIDTH = 64, HEIGHT = 160, PITCH = 3 * WIDTH + 37 }; /* the network's own size: no resize */
  const uint8_t *from = pictures[0].pixels;
  uint8_t *wide = malloc(PITCH * HEIGHT), *flipped = malloc(3 * WIDTH * HEIGHT);
  assert_true(wide && flipped && pictures[0].width == WIDTH && pictures[0].height == HEIGHT);
  memset(wide, 99, PITCH * HEIGHT);
  for (int y = 0; y < HEIGHT; y++) {
    memcpy(wide + y * PITCH, from + y * 3 * WIDTH, 3 * WIDTH);
    for (int x = 0; x < WIDTH; x++) memcpy(flipped + (y * WIDTH + WIDTH - 1 - x) * 3, from + (y * WIDTH + x) * 3, 3);
  }
  const clreid_picture list[] = {
      pictures[0],
      {.pixels = wide, .width = WIDTH, .height = HEIGHT, .pitch_bytes = PITCH},
      {.pixels = flipped, .width = WIDTH, .height = HEIGHT},
      {.pixels = from, .width = WIDTH, .height = HEIGHT, .mirrored = true},
      {.pixels = flipped, .width = WIDTH, .height = HEIGHT, .mirrored = true},
  };
  const size_t length = feature_length(model), bytes = length * sizeof(float);
  float *features = embed_once(model, 5, list, 5);
  assert_memory_equal(features, features + length, bytes);
  assert_memory_equal(features + 2 * length, features + 3 * length, bytes);
  assert_memory_equal(features, features + 4 * length, bytes);
  assert_memory_not_equal(features, features + 2 * length, bytes);
  free(features);
  free(wide);
  free(flipped);
}

static void every_configuration(void **state)
{
  (void)state;
  static const struct {
    clreid_model_config config;
    double allowed; /* relative error to the first; 0: the same bits */
  } table[] = {
      {{.relation = CLREID_RELATION_AUTO}, 0},
      {{.relation = CLREID_RELATION_CONTRACTED}, 4e-5},
      {{.relation = CLREID_RELATION_PLAIN}, 4e-5},
      {{.plain_kernels = true}, 0},
      {{.precision = CLREID_FP16}, 3e-2},
      {{.precision = CLREID_FP16, .relation = CLREID_RELATION_PLAIN, .plain_kernels = true}, 3e-2},
      {{.network = "rga-sc"}, 0},
#ifdef CLREID_CLBLAST
      {{.gemm = CLREID_GEMM_CLBLAST}, 4e-5},
#endif
  };
  float *expected = NULL;
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    clreid_model *m = load("rga", &table[i].config);
    const size_t length = feature_length(m);
    float *features = embed_once(m, 2, pictures, 3);
    if (!expected) expected = features;
    const double error = relative_error(features, expected, 3 * length);
    if (!(error <= table[i].allowed)) fail_msg("configuration %zu errs by %.1e", i, error);
    if (features != expected) free(features);
    clreid_model_free(m);
  }
  free(expected);
}

/* ---- Threads ---------------------------------------------------------------------------------------------------- */

typedef struct worker {
  pthread_t thread;
  clreid_model *model;
  const clreid_picture *pictures;
  int largest_batch;
  size_t count, length;
  float *features;
  clreid_error error;
} worker;

enum { ROUNDS = 5 };

/* No assertion of the test library may be made in another thread. */
static void *work(void *user)
{
  worker *w = user;
  clreid_session *session = NULL;
  const clreid_session_config config = {w->largest_batch};
  if (clreid_session_create(w->model, &config, &session, &w->error) != CLREID_OK) return NULL;
  for (int round = 0; round < ROUNDS && w->error.status == CLREID_OK; round++)
    clreid_embed(session, w->pictures, w->count, w->features, NULL, &w->error);
  clreid_session_destroy(session);
  return NULL;
}

static void two_sessions_in_two_threads(void **state)
{
  (void)state;
  const size_t length = feature_length(model), half = PICTURES / 2;
  float *expected = embed_once(model, 1, pictures, PICTURES);
  worker workers[2] = {
      {.model = model, .pictures = pictures, .largest_batch = 1, .count = half},
      {.model = model, .pictures = pictures + half, .largest_batch = 3, .count = PICTURES - half},
  };
  for (int t = 0; t < 2; t++) {
    workers[t].features = calloc(workers[t].count * length, sizeof(float));
    assert_non_null(workers[t].features);
    assert_int_equal(pthread_create(&workers[t].thread, NULL, work, &workers[t]), 0);
  }
  for (int t = 0; t < 2; t++) assert_int_equal(pthread_join(workers[t].thread, NULL), 0);
  for (int t = 0; t < 2; t++) {
    must(workers[t].error.status, &workers[t].error);
    assert_memory_equal(workers[t].features, expected + t * half * length,
                        workers[t].count * length * sizeof *expected);
    free(workers[t].features);
  }
  free(expected);
}

/* ---- Memory ----------------------------------------------------------------------------------------------------- */

static void a_run_allocates_nothing(void **state)
{
  (void)state;
  enum { RUNS = 7, LARGEST = 4, PASSES = (PICTURES + LARGEST - 1) / LARGEST };
  static const clreid_model_config configs[] = {{.precision = CLREID_FP32}, {.precision = CLREID_FP16}};
  for (int c = 0; c < 2; c++) {
    clreid_model *m = load("han", &configs[c]);
    clreid_session *session = create(m, LARGEST);
    clreid_session_info info;
    clreid_session_describe(session, &info);
    const size_t length = feature_length(m);
    float *neck = calloc(2 * PICTURES * length, sizeof *neck), *pooled = neck + PICTURES * length;
    assert_non_null(neck);
    clreid_error error = {CLREID_OK, ""};
    must(clreid_embed(session, pictures, PICTURES, neck, pooled, &error), &error);
    watch_from_now(0);
    clreid_status status = CLREID_OK;
    for (int run = 0; run < RUNS && status == CLREID_OK; run++)
      status = clreid_embed(session, pictures, PICTURES, neck, pooled, &error);
    watch.on = false;
    must(status, &error);
    assert_int_equal(watch.memory, 0);
    assert_int_equal(watch.objects, 0);
    assert_int_equal(watch.launches, RUNS * PASSES * info.launches);
    assert_int_equal(watch.noted, 0);
    free(neck);
    clreid_session_destroy(session);
    clreid_model_free(m);
  }
}

/* ---- Profiles --------------------------------------------------------------------------------------------------- */

static clreid_session *create_profiled(clreid_model *of, int largest_batch)
{
  clreid_session *session;
  clreid_error error = {CLREID_OK, ""};
  const clreid_session_config config = {.largest_batch = largest_batch, .profile = true};
  must(clreid_session_create(of, &config, &session, &error), &error);
  return session;
}

static void wrong_profiles(void **state)
{
  (void)state;
  const clreid_profile_row *rows = (const clreid_profile_row *)&files;
  size_t count = 7;
  double ms = 7;
  clreid_device_peaks peaks;
  PROVOKE(CLREID_INVALID_ARGUMENT, "device and peaks", clreid_device_measure(NULL, &peaks, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "device and peaks", clreid_device_measure(device, NULL, e));
  clreid_session *plain = create(model, 1), *profiled = create_profiled(model, 1);
  float *features = embed(plain, pictures, 1, feature_length(model));
  PROVOKE(CLREID_INVALID_ARGUMENT, "pass_ms", clreid_session_profile(NULL, &rows, &count, &ms, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "pass_ms", clreid_session_profile(profiled, NULL, &count, &ms, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "pass_ms", clreid_session_profile(profiled, &rows, NULL, &ms, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "pass_ms", clreid_session_profile(profiled, &rows, &count, NULL, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "with profile set", clreid_session_profile(plain, &rows, &count, &ms, e));
  assert_true(!rows && !count && ms == 0);
  PROVOKE(CLREID_INVALID_ARGUMENT, "embed pictures first", clreid_session_profile(profiled, &rows, &count, &ms, e));
  /* What a failed call left is no pass; the next good one is. */
  PROVOKE(CLREID_INVALID_PICTURE, "no pixels",
          clreid_embed(profiled, &(clreid_picture){.width = 1}, 1, features, NULL, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "embed pictures first", clreid_session_profile(profiled, &rows, &count, &ms, e));
  PROVOKE(CLREID_OK, "", clreid_embed(profiled, pictures, 1, features, NULL, e));
  PROVOKE(CLREID_OK, "", clreid_session_profile(profiled, &rows, &count, &ms, e));
  free(features);
  clreid_session_destroy(plain);
  clreid_session_destroy(profiled);
}

/* The first calls for memory: later ones come after a second of measuring. */
static void measuring_without_memory(void **state)
{
  (void)state;
  for (long at = 1; at <= 6; at++) {
    clreid_error error = {CLREID_OK, ""};
    clreid_device_peaks peaks = {.multiply_adds = 77};
    watch_from_now(at);
    const clreid_status status = clreid_device_measure(device, &peaks, &error);
    watch.on = false;
    expect(status, &error, CLREID_OUT_OF_MEMORY, "no memory", "clreid_device_measure without memory");
    assert_true(peaks.multiply_adds == 77);
  }
}

static const clreid_profile_row *row_named(const clreid_profile_row *rows, size_t count, const char *name)
{
  for (size_t i = 0; i < count; i++)
    if (!strcmp(rows[i].name, name)) return &rows[i];
  fail_msg("the profile has no row %s", name);
  return NULL;
}

static double check_rows(const clreid_profile_row *rows, size_t count)
{
  double sum = 0;
  for (size_t i = 0; i < count; i++) {
    assert_true(*rows[i].name && *rows[i].kind && rows[i].variant);
    assert_int_equal(rows[i].launches > 0, *rows[i].variant != 0);
    if (rows[i].launches && !(rows[i].ms > 0 && rows[i].bytes))
      fail_msg("%s: %g ms, %llu bytes", rows[i].name, rows[i].ms, (unsigned long long)rows[i].bytes);
    sum += rows[i].ms;
  }
  return sum;
}

/* The last of the three passes of nine pictures has one picture; all outputs and the maps are read. */
static void a_profile_adds_up(void **state)
{
  (void)state;
  enum { LARGEST = 4 };
  static const struct {
    const char *file;
    clreid_model_config config;
  } table[] = {
      {"han", {.maps = true}},
      {"han", {.precision = CLREID_FP16}},
      {"rga", {.relation = CLREID_RELATION_PLAIN}},
#ifdef CLREID_CLBLAST
      {"rga", {.gemm = CLREID_GEMM_CLBLAST}},
#endif
  };
  for (size_t t = 0; t < sizeof table / sizeof table[0]; t++) {
    clreid_model *m = load(table[t].file, &table[t].config);
    clreid_session *plain = create(m, LARGEST), *profiled = create_profiled(m, LARGEST);
    clreid_model_info model_info;
    clreid_session_info info;
    clreid_model_describe(m, &model_info);
    clreid_session_describe(profiled, &info);
    const size_t length = feature_length(m);
    float *features = calloc(3 * PICTURES * length, sizeof *features);
    float *neck = features + PICTURES * length, *pooled = neck + PICTURES * length;
    assert_non_null(features);
    clreid_error error = {CLREID_OK, ""};
    must(clreid_embed(plain, pictures, PICTURES, features, NULL, &error), &error);
    must(clreid_embed(profiled, pictures, PICTURES, neck, pooled, &error), &error);
    assert_memory_equal(features, neck, PICTURES * length * sizeof *features);
    for (size_t pictures_of_pass = 1; pictures_of_pass <= LARGEST; pictures_of_pass += LARGEST - 1) {
      const clreid_profile_row *rows;
      size_t count;
      double pass_ms;
      uint64_t multiply_adds = 0;
      int launches = 0;
      if (pictures_of_pass > 1) must(clreid_embed(profiled, pictures, LARGEST, neck, NULL, &error), &error);
      must(clreid_session_profile(profiled, &rows, &count, &pass_ms, &error), &error);
      const double sum = check_rows(rows, count);
      for (size_t i = 0; i < count; i++) launches += rows[i].launches;
      for (size_t i = 0; i < count; i++) multiply_adds += rows[i].multiply_adds;
      assert_int_equal(launches, info.launches);
      assert_int_equal(multiply_adds, pictures_of_pass * model_info.planned_multiply_adds);
      const uint64_t outputs = pictures_of_pass == 1 ? 2 : 1;
      assert_int_equal(row_named(rows, count, "read back")->bytes, outputs * pictures_of_pass * length * sizeof(float));
      const size_t pixels = (size_t)(pictures_of_pass == 1 ? 640 * 480 : 64 * 160 + 32 * 64 + 1 + 100 * 333);
      const uint64_t upload = row_named(rows, count, "upload")->bytes;
      assert_true(upload >= 3 * pixels && upload < 3 * pixels + 200000); /* and tables */
      printf("%s, %zu: the lines explain %.1f %% of %.3f ms\n", table[t].file, pictures_of_pass, 100 * sum / pass_ms,
             pass_ms);
      assert_true(sum > 0 && sum < 1.05 * pass_ms);
    }
    free(features);
    clreid_session_destroy(plain);
    clreid_session_destroy(profiled);
    clreid_model_free(m);
  }
}

/* ---- Memory that runs out --------------------------------------------------------------------------------------- */

typedef clreid_status attempt(clreid_error *error);

static clreid_status try_list(clreid_error *error)
{
  size_t count;
  clreid_device_info *list;
  const clreid_status status = clreid_devices_list(&list, &count, NULL, NULL, error);
  watch.on = false;
  assert_int_equal(status == CLREID_OK, list != NULL);
  clreid_devices_free(list);
  return status;
}

static clreid_status try_open(clreid_error *error)
{
  clreid_device *d;
  const clreid_status status = clreid_device_open(NULL, &d, error);
  watch.on = false;
  assert_int_equal(status == CLREID_OK, d != NULL);
  clreid_device_close(d);
  return status;
}

static clreid_status try_random(clreid_error *error)
{
  const clreid_status status = clreid_weights_random("han-small", NULL, 0, 1, in_folder("try"), error);
  watch.on = false;
  return status;
}

static clreid_status try_load(clreid_error *error)
{
  clreid_model *m;
  const clreid_status status = clreid_model_load(device, in_folder("han"), NULL, &m, error);
  watch.on = false;
  assert_int_equal(status == CLREID_OK, m != NULL);
  clreid_model_free(m);
  return status;
}

static clreid_status try_create(clreid_error *error)
{
  clreid_session *s;
  const clreid_status status = clreid_session_create(model, NULL, &s, error);
  watch.on = false;
  assert_int_equal(status == CLREID_OK, s != NULL);
  clreid_session_destroy(s);
  return status;
}

static clreid_status try_create_profiled(clreid_error *error)
{
  clreid_session *s;
  const clreid_session_config config = {.profile = true};
  const clreid_status status = clreid_session_create(model, &config, &s, error);
  watch.on = false;
  assert_int_equal(status == CLREID_OK, s != NULL);
  clreid_session_destroy(s);
  return status;
}

/* The first, the second ... call for memory fails, until a call succeeds without having met the failure. */
static void memory_runs_out(void **state)
{
  (void)state;
  static attempt *const attempts[] = {try_list, try_open, try_random, try_load, try_create, try_create_profiled};
  for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
    int tried = 0, failed = 0;
    for (long at = 1;; at++, tried++) {
      clreid_error error = {CLREID_OK, ""};
      watch_from_now(at);
      const clreid_status status = attempts[i](&error);
      if (watch.memory < at) {
        must(status, &error);
        break;
      }
      if (status == CLREID_OK) continue; /* what failed was not needed: an entry of the cache */
      failed++;
      expect(status, &error, CLREID_OUT_OF_MEMORY, "no memory", "a call without memory");
    }
    printf("attempt %zu: %d places, %d errors\n", i, tried, failed);
    assert_true(failed > 0);
  }
}

static void every_status_was_provoked(void **state)
{
  (void)state;
#ifdef CLREID_CLBLAST
  printf("SKIPPED: CLREID_UNSUPPORTED_MODEL, which takes a library built without CLBlast\n");
  seen[CLREID_UNSUPPORTED_MODEL] = true;
#endif
  for (int s = 0; s < STATUSES; s++)
    if (!seen[s]) fail_msg("%s was never seen", clreid_status_name((clreid_status)s));
}

int main(int argc, char **argv)
{
  const struct CMUnitTest before[] = {cmocka_unit_test(no_platform)}; /* before any other call of OpenCL */
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(devices),
      cmocka_unit_test(networks),
      cmocka_unit_test(wrong_random_weights),
      cmocka_unit_test(wrong_models),
      cmocka_unit_test(wrong_sessions),
      cmocka_unit_test(a_device_that_fails),
      cmocka_unit_test(wrong_pictures),
      cmocka_unit_test(a_picture_too_large_for_the_device),
      cmocka_unit_test(a_feature_that_is_not_finite_names_the_step),
      cmocka_unit_test(wrong_metadata_is_told_with_the_file),
      cmocka_unit_test(unknown_metadata_is_said),
      cmocka_unit_test(nothing_is_null_safe),
      cmocka_unit_test(ends_in_any_order),
      cmocka_unit_test(descriptions),
      cmocka_unit_test(more_pictures_than_the_largest_batch),
      cmocka_unit_test(pitch_and_mirror),
      cmocka_unit_test(every_configuration),
      cmocka_unit_test(two_sessions_in_two_threads),
      cmocka_unit_test(a_run_allocates_nothing),
      cmocka_unit_test(wrong_profiles),
      cmocka_unit_test(measuring_without_memory),
      cmocka_unit_test(a_profile_adds_up),
      cmocka_unit_test(memory_runs_out),
      cmocka_unit_test(every_status_was_provoked),
  };
  support_start(argc, argv);
  files = folder_make();
  const int failed = cmocka_run_group_tests_name("api, no driver", before, NULL, NULL);
  return failed + cmocka_run_group_tests_name("api", tests, open_all, close_all);
}
