/*
 * test_adopt.c - proves host/adopt.c, host/event.c, host/upload.c and lib/enqueue.c: an application's context, queue
 * and memory. The application here speaks OpenCL itself; what is expected comes from clreid_embed on a device of its
 * own.
 *
 * The calls of OpenCL that wait are replaced by some that count and pass on (the linker prefers those of the program,
 * for the library of matrix products too); those for memory go through here by the linker's --wrap.
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include "support.h"

#include <CL/cl.h>
#include <dlfcn.h>
#include <time.h>

#include "../lib/api.h"
#include "clreid/clreid_opencl.h"
#include "folder.h"
#include "random.h"

/* ---- What the library calls ------------------------------------------------------------------------------------- */

static struct {
  bool on;
  long waits, launches, memory, objects;
} watch;

static void watch_from_now(void)
{
  memset(&watch, 0, sizeof watch);
  watch.on = true;
}

static void *next(const char *name)
{
  void *symbol = dlsym(RTLD_NEXT, name);
  assert_non_null(symbol);
  return symbol;
}

/* A call of the same name that counts if `counted`, and passes on. */
#define COUNT_CALL(counter, counted, name, parameters, arguments)                                                      \
  __attribute__((visibility("default"))) cl_int name parameters                                                        \
  {                                                                                                                    \
    static cl_int(*real) parameters;                                                                                   \
    if (!real) *(void **)&real = next(#name);                                                                          \
    watch.counter += watch.on && (counted);                                                                            \
    return real arguments;                                                                                             \
  }

COUNT_CALL(waits, true, clFinish, (cl_command_queue queue), (queue))
COUNT_CALL(waits, true, clWaitForEvents, (cl_uint count, const cl_event *events), (count, events))
COUNT_CALL(waits, blocking, clEnqueueReadBuffer,
           (cl_command_queue queue, cl_mem memory, cl_bool blocking, size_t offset, size_t size, void *data,
            cl_uint wait_count, const cl_event *waits, cl_event *event),
           (queue, memory, blocking, offset, size, data, wait_count, waits, event))
COUNT_CALL(waits, blocking, clEnqueueWriteBuffer,
           (cl_command_queue queue, cl_mem memory, cl_bool blocking, size_t offset, size_t size, const void *data,
            cl_uint wait_count, const cl_event *waits, cl_event *event),
           (queue, memory, blocking, offset, size, data, wait_count, waits, event))
COUNT_CALL(launches, true, clEnqueueNDRangeKernel,
           (cl_command_queue queue, cl_kernel kernel, cl_uint dimensions, const size_t *offset, const size_t *global,
            const size_t *local, cl_uint wait_count, const cl_event *waits, cl_event *event),
           (queue, kernel, dimensions, offset, global, local, wait_count, waits, event))
/* Nobody maps memory: a mapping would wait as well. */
__attribute__((visibility("default"))) void *clEnqueueMapBuffer(cl_command_queue queue, cl_mem memory, cl_bool blocking,
                                                                cl_map_flags flags, size_t offset, size_t size,
                                                                cl_uint wait_count, const cl_event *waits,
                                                                cl_event *event, cl_int *code)
{
  (void)queue, (void)memory, (void)blocking, (void)flags, (void)offset, (void)size, (void)wait_count, (void)waits;
  (void)event;
  watch.waits += watch.on;
  *code = CL_MAP_FAILURE;
  return NULL;
}

#define WRAP(type, counter, name, parameters, arguments)                                                               \
  type __real_##name parameters;                                                                                       \
  type __wrap_##name parameters;                                                                                       \
  type __wrap_##name parameters                                                                                        \
  {                                                                                                                    \
    watch.counter += watch.on;                                                                                         \
    return __real_##name arguments;                                                                                    \
  }
WRAP(void *, memory, malloc, (size_t size), (size))
WRAP(void *, memory, calloc, (size_t count, size_t size), (count, size))
WRAP(void *, memory, realloc, (void *old, size_t size), (old, size))
WRAP(cl_mem, objects, clCreateBuffer, (cl_context context, cl_mem_flags flags, size_t size, void *data, cl_int *code),
     (context, flags, size, data, code))
WRAP(cl_kernel, objects, clCreateKernel, (cl_program program, const char *name, cl_int *code), (program, name, code))

/* ---- The application -------------------------------------------------------------------------------------------- */

enum { PICTURES = 9, D = 1024, GUARD = 8, FRAME_BYTES = 1 << 20 };

typedef struct application {
  cl_context context;
  cl_device_id id;
  cl_command_queue queue, reader; /* reader: what the test looks with */
  cl_mem frame, features;         /* features: [GUARD + PICTURES * D + GUARD], then the same once more */
} application;

static cl_device_id device_id;
static folder files;
static clreid_picture pictures[PICTURES];
static clreid_opencl_frame placed[PICTURES]; /* the same, in FRAME_BYTES; memory is to be filled in */
static uint8_t frame_bytes[FRAME_BYTES], other_bytes[FRAME_BYTES]; /* other: of a second frame */
static float *expected_neck, *expected_pooled;                     /* of han-small */

static void must(clreid_status status, const clreid_error *error)
{
  if (status != CLREID_OK) fail_msg("%s: %s", clreid_status_name(status), error->text);
}

static void ok(cl_int code)
{
  if (code != CL_SUCCESS) fail_msg("OpenCL says %d", code);
}

static const char *in_folder(const char *name)
{
  static char paths[4][512];
  static int turn;
  turn = (turn + 1) % 4;
  return folder_file(&files, name, paths[turn]);
}

static cl_device_id find_device(void)
{
  const char *choice = getenv("CLREID_TEST_DEVICE");
  const cl_device_type type = choice && !strcmp(choice, "gpu") ? CL_DEVICE_TYPE_GPU : CL_DEVICE_TYPE_CPU;
  cl_platform_id platforms[16];
  cl_uint count = 0;
  ok(clGetPlatformIDs(16, platforms, &count));
  for (cl_uint p = 0; p < count && p < 16; p++) {
    cl_device_id id;
    if (clGetDeviceIDs(platforms[p], type, 1, &id, NULL) == CL_SUCCESS) return id;
  }
  fail_msg("no device to test on");
  return NULL;
}

static cl_command_queue make_queue(cl_context context, cl_device_id id, cl_command_queue_properties properties)
{
  cl_int code;
  const cl_command_queue queue = clCreateCommandQueue(context, id, properties, &code);
  ok(code);
  return queue;
}

static cl_mem make_memory(cl_context context, size_t bytes)
{
  cl_int code;
  const cl_mem memory = clCreateBuffer(context, CL_MEM_READ_WRITE, bytes, NULL, &code);
  ok(code);
  return memory;
}

static const float untouched = -77.0f;
enum { FEATURES = GUARD + PICTURES * D + GUARD, FEATURES_BYTES = 2 * FEATURES * (int)sizeof(float) };

static void clear_features(const application *a)
{
  ok(clEnqueueFillBuffer(a->reader, a->features, &untouched, sizeof untouched, 0, FEATURES_BYTES, 0, NULL, NULL));
  ok(clFinish(a->reader));
}

static application start_on(cl_context context, cl_device_id id)
{
  application a = {.context = context, .id = id};
  a.queue = make_queue(a.context, a.id, 0);
  a.reader = make_queue(a.context, a.id, 0);
  a.frame = make_memory(a.context, FRAME_BYTES);
  a.features = make_memory(a.context, FEATURES_BYTES);
  ok(clEnqueueWriteBuffer(a.reader, a.frame, CL_TRUE, 0, FRAME_BYTES, frame_bytes, 0, NULL, NULL));
  clear_features(&a);
  return a;
}

static application start(void)
{
  cl_int code;
  const cl_context context = clCreateContext(NULL, 1, &device_id, NULL, NULL, &code);
  ok(code);
  return start_on(context, device_id);
}

static void stop(application *a)
{
  ok(clReleaseMemObject(a->frame));
  ok(clReleaseMemObject(a->features));
  ok(clReleaseCommandQueue(a->queue));
  ok(clReleaseCommandQueue(a->reader));
  ok(clReleaseContext(a->context));
}

static clreid_device *adopt(const application *a)
{
  clreid_device *device;
  clreid_error error = {CLREID_OK, ""};
  must(clreid_device_adopt(a->context, a->id, NULL, &device, &error), &error);
  return device;
}

static clreid_model *load(clreid_device *device, const char *name, const clreid_model_config *config)
{
  clreid_model *model;
  clreid_error error = {CLREID_OK, ""};
  must(clreid_model_load(device, in_folder(name), config, &model, &error), &error);
  return model;
}

static clreid_session *create(clreid_model *model, int largest_batch, cl_command_queue queue)
{
  clreid_session *session;
  clreid_error error = {CLREID_OK, ""};
  const clreid_session_config config = {.largest_batch = largest_batch};
  must(queue ? clreid_session_create_on(model, &config, queue, &session, &error)
             : clreid_session_create(model, &config, &session, &error),
       &error);
  return session;
}

/* Of all that is usual: han-small on the application's queue. */
typedef struct handles {
  clreid_device *device;
  clreid_model *model;
  clreid_session *session;
} handles;

static handles open_handles(const application *a, int largest_batch)
{
  handles h = {.device = adopt(a)};
  h.model = load(h.device, "han", NULL);
  h.session = create(h.model, largest_batch, a->queue);
  return h;
}

static void close_handles(handles *h)
{
  clreid_session_destroy(h->session);
  clreid_model_free(h->model);
  clreid_device_close(h->device);
}

/* The pictures in the application's memory. */
static const clreid_opencl_boxes *picture_list(const application *a)
{
  static clreid_opencl_frame frames[PICTURES];
  static clreid_opencl_boxes list[PICTURES];
  memcpy(frames, placed, sizeof frames);
  for (int k = 0; k < PICTURES; k++) {
    frames[k].memory = a->frame;
    list[k] = (clreid_opencl_boxes){.frame = &frames[k], .whole = true, .mirrored = pictures[k].mirrored};
  }
  return list;
}

/* neck, then pooled, each between guards. */
static clreid_opencl_features both_features(const application *a)
{
  return (clreid_opencl_features){.neck = a->features,
                                  .neck_offset_bytes = GUARD * sizeof(float),
                                  .pooled = a->features,
                                  .pooled_offset_bytes = (FEATURES + GUARD) * sizeof(float)};
}

static void enqueue(clreid_session *session, const application *a, size_t count, cl_event before, cl_event *after)
{
  clreid_error error = {CLREID_OK, ""};
  const clreid_opencl_features to = both_features(a);
  must(clreid_enqueue(session, picture_list(a), count, &to, before ? 1 : 0, before ? &before : NULL, after, &error),
       &error);
}

/* What lies in the features now: nothing but guards if count is 0. */
static void features_are(const application *a, size_t count)
{
  static float got[2 * FEATURES];
  const float *const expected[] = {expected_neck, expected_pooled};
  ok(clEnqueueReadBuffer(a->reader, a->features, CL_TRUE, 0, sizeof got, got, 0, NULL, NULL));
  for (int output = 0; output < 2; output++) {
    const float *from = got + output * FEATURES;
    for (size_t i = 0; i < GUARD; i++) assert_true(from[i] == untouched);
    for (size_t i = GUARD + count * D; i < FEATURES; i++) assert_true(from[i] == untouched);
    assert_memory_equal(from + GUARD, expected[output], count * D * sizeof *from);
  }
}

static cl_event user_event(cl_context context)
{
  cl_int code;
  const cl_event event = clCreateUserEvent(context, &code);
  ok(code);
  return event;
}

static cl_int state_of(cl_event event)
{
  cl_int state;
  ok(clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state, &state, NULL));
  return state;
}

static void wait_and_release(cl_event event)
{
  ok(clWaitForEvents(1, &event));
  assert_int_equal(state_of(event), CL_COMPLETE);
  ok(clReleaseEvent(event));
}

static void a_moment(void)
{
  nanosleep(&(struct timespec){0, 50000000}, NULL);
}

/* ---- Setup ------------------------------------------------------------------------------------------------------ */

/* Pictures of all kinds in one frame: odd places, pitches, sizes; the last ends where the frame ends. */
static void make_pictures(void)
{
  static const struct {
    int width, height;
    size_t gap; /* bytes between rows */
    bool mirrored;
  } table[PICTURES] = {{64, 160, 0, false}, {32, 64, 5, false}, {1, 1, 0, false},
                       {100, 333, 0, true}, {64, 160, 1, true}, {63, 161, 2, false},
                       {200, 7, 0, false},  {5, 1, 99, false},  {97, 211, 301, false}};
  size_t at = 1;
  for (size_t i = 0; i < FRAME_BYTES; i++) {
    frame_bytes[i] = (uint8_t)support_random(i, 0, 255);
    other_bytes[i] = (uint8_t)~frame_bytes[i];
  }
  for (int k = 0; k < PICTURES; k++) {
    const size_t line = (size_t)table[k].width * 3, pitch = line + table[k].gap;
    const size_t bytes = pitch * (size_t)(table[k].height - 1) + line;
    if (k == PICTURES - 1) at = FRAME_BYTES - bytes;
    assert_true(at + bytes <= FRAME_BYTES);
    placed[k] = (clreid_opencl_frame){.offset_bytes = at,
                                      .width = table[k].width,
                                      .height = table[k].height,
                                      .pitch_bytes = table[k].gap ? pitch : 0};
    pictures[k] = (clreid_picture){.pixels = frame_bytes + at,
                                   .width = table[k].width,
                                   .height = table[k].height,
                                   .pitch_bytes = placed[k].pitch_bytes,
                                   .mirrored = table[k].mirrored};
    at += bytes + 3;
  }
}

static void write_random(const char *name, const char *network, const char *const *options, size_t count)
{
  clreid_error error = {CLREID_OK, ""};
  must(clreid_weights_random(network, options, count, support_seed(), in_folder(name), &error), &error);
}

/* By clreid_embed, on a device of the library's own. Both are to be freed. */
static void embed_all(const char *name, const clreid_model_config *config, float **neck, float **pooled)
{
  clreid_device *device;
  clreid_error error = {CLREID_OK, ""};
  const clreid_device_config device_config = {.choice = support_choice(), .cache_folder = ""};
  must(clreid_device_open(&device_config, &device, &error), &error);
  clreid_model *model = load(device, name, config);
  clreid_session *session = create(model, 4, NULL);
  clreid_model_info info;
  clreid_model_describe(model, &info);
  *neck = calloc((size_t)PICTURES * info.feature_length, sizeof **neck);
  *pooled = calloc((size_t)PICTURES * info.feature_length, sizeof **pooled);
  assert_true(*neck && *pooled);
  must(clreid_embed(session, pictures, PICTURES, *neck, *pooled, &error), &error);
  clreid_session_destroy(session);
  clreid_model_free(model);
  clreid_device_close(device);
}

static int open_all(void **state)
{
  (void)state;
  static const char *const small[] = {"height=16", "width=16", "stages=1", "s1=2"};
  device_id = find_device();
  files = folder_make();
  write_random("han", "han-small", NULL, 0);
  write_random("rga", "rga-sc", small, 4);
  make_pictures();
  embed_all("han", NULL, &expected_neck, &expected_pooled);
  return 0;
}

static int close_all(void **state)
{
  (void)state;
  free(expected_neck);
  free(expected_pooled);
  folder_remove(&files);
  return 0;
}

/* ---- Numbers ---------------------------------------------------------------------------------------------------- */

static void the_same_bits_as_embed(void **state)
{
  (void)state;
  static const struct {
    const char *name;
    clreid_model_config config;
  } table[] = {
      {"han", {.precision = CLREID_FP16}},
      {"rga", {.precision = CLREID_FP32}},
      {"rga", {.precision = CLREID_FP16, .plain_kernels = true}},
#ifdef CLREID_CLBLAST
      {"rga", {.gemm = CLREID_GEMM_CLBLAST, .relation = CLREID_RELATION_PLAIN}},
#endif
  };
  application a = start();
  clreid_device *device = adopt(&a);
  clreid_error error = {CLREID_OK, ""};
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    float *neck, *pooled;
    embed_all(table[i].name, &table[i].config, &neck, &pooled);
    clreid_model *model = load(device, table[i].name, &table[i].config);
    clreid_model_info info;
    clreid_model_describe(model, &info);
    const size_t bytes = (size_t)PICTURES * info.feature_length * sizeof(float);
    const cl_mem memory = make_memory(a.context, bytes);
    float *got = malloc(bytes);
    assert_non_null(got);
    for (int largest = 4; largest <= PICTURES; largest += 5) {
      clreid_session *session = create(model, largest, a.queue);
      for (int output = 0; output < 2; output++) {
        const clreid_opencl_features to = {.neck = output ? NULL : memory, .pooled = output ? memory : NULL};
        must(clreid_enqueue(session, picture_list(&a), PICTURES, &to, 0, NULL, NULL, &error), &error);
        must(clreid_enqueue_check(session, &error), &error);
        ok(clEnqueueReadBuffer(a.reader, memory, CL_TRUE, 0, bytes, got, 0, NULL, NULL));
        assert_memory_equal(got, output ? pooled : neck, bytes);
      }
      clreid_session_destroy(session);
    }
    clreid_model_free(model);
    ok(clReleaseMemObject(memory));
    free(got);
    free(neck);
    free(pooled);
  }
  clreid_device_close(device);
  stop(&a);
}

/* Boxes of frames in all formats, at odd places of one buffer and of a second one; frames without boxes between. */
static void boxes_of_frames_in_every_format(void **state)
{
  (void)state;
  enum { FORMATS = CLREID_FORMAT_NV12_BT709 + 1, BOXES = 3, WIDTH = 75, HEIGHT = 61, COUNT = FORMATS * BOXES + 1 };
  static const clreid_box boxes[BOXES] = {{0, 0, 75, 61}, {13, 7, 31, 44.4f}, {70.6f, -3, 9, 64}};
  static clreid_frame host[FORMATS];
  static clreid_frame_boxes host_list[FORMATS + 1];
  static clreid_opencl_frame frames[FORMATS];
  static clreid_opencl_boxes list[FORMATS + 2];
  static float expected[COUNT * D], got[COUNT * D];
  application a = start(), b = a;
  handles h = open_handles(&a, 4);
  clreid_error error = {CLREID_OK, ""};
  b.frame = make_memory(a.context, FRAME_BYTES);
  b.features = make_memory(a.context, sizeof got);
  ok(clEnqueueWriteBuffer(a.reader, b.frame, CL_TRUE, 0, FRAME_BYTES, other_bytes, 0, NULL, NULL));
  for (int f = 0; f < FORMATS; f++) {
    const size_t pitch = (f == 2 || f == 3 ? 4 : f < 2 ? 3 : 1) * WIDTH + (size_t)f;
    const size_t at = 1000 * (size_t)f + 1, chroma = FRAME_BYTES - 31 * 77 - (size_t)f; /* 31 rows of 38 pairs */
    const uint8_t *bytes = f % 3 ? frame_bytes : other_bytes;
    host[f] = (clreid_frame){.pixels = bytes + at,
                             .chroma = bytes + chroma,
                             .width = WIDTH,
                             .height = HEIGHT,
                             .pitch_bytes = pitch,
                             .chroma_pitch_bytes = 77,
                             .format = (clreid_format)f};
    host_list[f] = (clreid_frame_boxes){.frame = &host[f], .boxes = boxes, .count = BOXES, .mirrored = f & 1};
    frames[f] = (clreid_opencl_frame){.memory = f % 3 ? a.frame : b.frame,
                                      .offset_bytes = at,
                                      .chroma_offset_bytes = chroma,
                                      .width = WIDTH,
                                      .height = HEIGHT,
                                      .pitch_bytes = pitch,
                                      .chroma_pitch_bytes = 77,
                                      .format = (clreid_format)f};
    list[f] = (clreid_opencl_boxes){.frame = &frames[f], .boxes = boxes, .count = BOXES, .mirrored = f & 1};
  }
  host_list[FORMATS] = host_list[FORMATS - 1];
  host_list[FORMATS].count = 1; /* boxes[0] is all of it */
  list[FORMATS] = (clreid_opencl_boxes){.frame = &frames[FORMATS - 1]};
  list[FORMATS + 1] =
      (clreid_opencl_boxes){.frame = &frames[FORMATS - 1], .whole = true, .mirrored = host_list[FORMATS].mirrored};
  must(clreid_embed_frames(h.session, host_list, FORMATS + 1, expected, NULL, NULL, &error), &error);
  const clreid_opencl_features to = {.neck = b.features};
  must(clreid_enqueue(h.session, list, FORMATS + 2, &to, 0, NULL, NULL, &error), &error);
  must(clreid_enqueue_check(h.session, &error), &error);
  ok(clEnqueueReadBuffer(a.reader, b.features, CL_TRUE, 0, sizeof got, got, 0, NULL, NULL));
  for (int k = 0; k < COUNT; k++)
    if (memcmp(got + k * D, expected + k * D, D * sizeof *got)) fail_msg("box %d of %d has other bits", k, COUNT);
  ok(clReleaseMemObject(b.frame));
  ok(clReleaseMemObject(b.features));
  close_handles(&h);
  stop(&a);
}

/* More than a pass, fewer than one, none, and by clreid_embed on the same queue between them. */
static void any_number_of_pictures(void **state)
{
  (void)state;
  application a = start();
  handles h = open_handles(&a, 4);
  static const size_t counts[] = {PICTURES, 4, 1, 0, 3};
  float neck[2 * D];
  clreid_error error = {CLREID_OK, ""};
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
    cl_event done;
    clear_features(&a);
    enqueue(h.session, &a, counts[i], NULL, &done);
    wait_and_release(done);
    features_are(&a, counts[i]);
    watch_from_now();
    const clreid_status status = clreid_embed(h.session, pictures, 2, neck, NULL, &error);
    watch.on = false;
    must(status, &error);
    assert_true(watch.waits > 0); /* those that count are called */
    assert_memory_equal(neck, expected_neck, sizeof neck);
    must(clreid_enqueue_check(h.session, &error), &error);
  }
  close_handles(&h);
  stop(&a);
}

/* Each picture in a buffer of its own, which is released as soon as it is enqueued. */
static void memory_may_go_at_once(void **state)
{
  (void)state;
  application a = start();
  handles h = open_handles(&a, 4);
  clreid_opencl_frame frames[PICTURES];
  clreid_opencl_boxes list[PICTURES];
  clreid_error error = {CLREID_OK, ""};
  cl_event done;
  const cl_event gate = user_event(a.context);
  memcpy(frames, placed, sizeof frames);
  memcpy(list, picture_list(&a), sizeof list);
  for (int k = 0; k < PICTURES; k++) {
    const size_t pitch = frames[k].pitch_bytes ? frames[k].pitch_bytes : (size_t)frames[k].width * 3;
    const size_t bytes = pitch * (size_t)(frames[k].height - 1) + (size_t)frames[k].width * 3;
    frames[k].memory = make_memory(a.context, bytes); /* to the byte */
    ok(clEnqueueWriteBuffer(a.reader, frames[k].memory, CL_TRUE, 0, bytes, frame_bytes + frames[k].offset_bytes, 0,
                            NULL, NULL));
    frames[k].offset_bytes = 0;
    list[k].frame = &frames[k];
  }
  const clreid_opencl_features to = both_features(&a);
  must(clreid_enqueue(h.session, list, PICTURES, &to, 1, &gate, &done, &error), &error);
  for (int k = 0; k < PICTURES; k++) ok(clReleaseMemObject(frames[k].memory));
  ok(clSetUserEventStatus(gate, CL_COMPLETE));
  ok(clReleaseEvent(gate));
  wait_and_release(done);
  features_are(&a, PICTURES);
  close_handles(&h);
  stop(&a);
}

/* ---- Order ------------------------------------------------------------------------------------------------------ */

/* Several calls behind one event that is set later: nothing runs before, and what each call has given stays its own. */
static void nothing_runs_before_its_events(void **state)
{
  (void)state;
  application a = start();
  handles h = open_handles(&a, 2);
  clreid_error error = {CLREID_OK, ""};
  cl_event done[PICTURES];
  const cl_event gate = user_event(a.context);
  for (int k = 0; k < PICTURES; k++) { /* sizes change from call to call */
    clreid_opencl_features to = both_features(&a);
    to.neck_offset_bytes += (size_t)k * D * sizeof(float);
    to.pooled_offset_bytes += (size_t)k * D * sizeof(float);
    must(clreid_enqueue(h.session, &picture_list(&a)[k], 1, &to, k ? 0 : 1, k ? NULL : &gate, &done[k], &error),
         &error);
  }
  a_moment();
  features_are(&a, 0);
  for (int k = 0; k < PICTURES; k++) assert_true(state_of(done[k]) > CL_RUNNING);
  ok(clSetUserEventStatus(gate, CL_COMPLETE));
  for (int k = PICTURES - 1; k >= 0; k--) wait_and_release(done[k]);
  features_are(&a, PICTURES);
  must(clreid_enqueue_check(h.session, &error), &error);
  ok(clReleaseEvent(gate));
  close_handles(&h);
  stop(&a);
}

/* The application's own commands before and after, on the same queue and on another one, ordered by events alone. */
static void commands_of_the_application_around(void **state)
{
  (void)state;
  application a = start();
  handles h = open_handles(&a, 4);
  clreid_session *apart = create(h.model, 4, NULL);
  clreid_session *const sessions[] = {h.session, apart};
  const cl_mem later = make_memory(a.context, FRAME_BYTES), copy = make_memory(a.context, FEATURES_BYTES);
  for (int i = 0; i < 2; i++) {
    const uint8_t zero = 0;
    cl_event filled, done, gate = user_event(a.context);
    application b = a;
    b.frame = later;
    clear_features(&a);
    ok(clEnqueueFillBuffer(a.reader, later, &zero, 1, 0, FRAME_BYTES, 0, NULL, NULL));
    ok(clFinish(a.reader));
    ok(clEnqueueCopyBuffer(a.queue, a.frame, later, 0, 0, FRAME_BYTES, 1, &gate, &filled));
    enqueue(sessions[i], &b, PICTURES, filled, &done);
    ok(clEnqueueCopyBuffer(a.queue, a.features, copy, 0, 0, FEATURES_BYTES, 1, &done, NULL));
    ok(clSetUserEventStatus(gate, CL_COMPLETE));
    ok(clFinish(a.queue));
    b.features = copy;
    features_are(&b, PICTURES);
    ok(clReleaseEvent(filled));
    ok(clReleaseEvent(done));
    ok(clReleaseEvent(gate));
  }
  ok(clReleaseMemObject(later));
  ok(clReleaseMemObject(copy));
  clreid_session_destroy(apart);
  close_handles(&h);
  stop(&a);
}

static void several_sessions_on_one_queue(void **state)
{
  (void)state;
  application a = start();
  handles h = open_handles(&a, 4);
  clreid_session *other = create(h.model, 2, a.queue);
  clreid_error error = {CLREID_OK, ""};
  const clreid_opencl_features to = both_features(&a);
  const cl_event gate = user_event(a.context);
  must(clreid_enqueue(h.session, picture_list(&a), PICTURES,
                      &(clreid_opencl_features){.neck = to.neck, .neck_offset_bytes = to.neck_offset_bytes}, 1, &gate,
                      NULL, &error),
       &error);
  must(clreid_enqueue(other, picture_list(&a), PICTURES,
                      &(clreid_opencl_features){.pooled = to.pooled, .pooled_offset_bytes = to.pooled_offset_bytes}, 0,
                      NULL, NULL, &error),
       &error);
  ok(clSetUserEventStatus(gate, CL_COMPLETE));
  must(clreid_enqueue_check(other, &error), &error);
  must(clreid_enqueue_check(h.session, &error), &error);
  features_are(&a, PICTURES);
  ok(clReleaseEvent(gate));
  clreid_session_destroy(other);
  close_handles(&h);
  stop(&a);
}

/* ---- Waiting ---------------------------------------------------------------------------------------------------- */

/* Enqueuing neither waits nor, after the first call, allocates; CLBlast makes what it likes. */
static void nothing_waits(void **state)
{
  (void)state;
  enum { CALLS = 5, LARGEST = 4, PASSES = (PICTURES + LARGEST - 1) / LARGEST };
  static const clreid_model_config configs[] = {{.gemm = CLREID_GEMM_OWN},
#ifdef CLREID_CLBLAST
                                                {.gemm = CLREID_GEMM_CLBLAST, .relation = CLREID_RELATION_PLAIN}
#endif
  };
  application a = start();
  clreid_device *device = adopt(&a);
  for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
    clreid_model *model = load(device, "rga", &configs[i]);
    clreid_session *session = create(model, LARGEST, a.queue);
    clreid_session_info info;
    clreid_model_info model_info;
    clreid_session_describe(session, &info);
    clreid_model_describe(model, &model_info);
    const cl_mem memory = make_memory(a.context, (size_t)PICTURES * model_info.feature_length * sizeof(float));
    const clreid_opencl_features to = {.neck = memory};
    const clreid_opencl_boxes *list = picture_list(&a);
    clreid_error error = {CLREID_OK, ""};
    clreid_status status = CLREID_OK;
    cl_event gate[CALLS], done[CALLS] = {NULL};
    for (int round = 0; round < 2; round++) {
      for (int call = 0; call < CALLS; call++) gate[call] = user_event(a.context);
      watch_from_now();
      for (int call = 0; call < CALLS && status == CLREID_OK; call++)
        status = clreid_enqueue(session, list, PICTURES, &to, 1, &gate[call], &done[call], &error);
      watch.on = false;
      must(status, &error);
      assert_int_equal(watch.waits, 0);
      if (round == 1) assert_int_equal(watch.memory, 0);
      if (round == 1) assert_int_equal(watch.objects, 0);
      if (i == 0) assert_int_equal(watch.launches, CALLS * PASSES * (info.launches + 1)); /* and the delivery */
      for (int call = 0; call < CALLS; call++) {
        ok(clSetUserEventStatus(gate[call], CL_COMPLETE));
        ok(clReleaseEvent(gate[call]));
      }
      for (int call = 0; call < CALLS; call++) wait_and_release(done[call]);
    }
    watch_from_now();
    clreid_session_destroy(session);
    watch.on = false;
    assert_int_equal(watch.waits, 0);
    clreid_model_free(model);
    ok(clReleaseMemObject(memory));
  }
  clreid_device_close(device);
  stop(&a);
}

/* A session that sleeps while it waits asks the driver to wait for nothing. */
static void waits_that_sleep(void **state)
{
  (void)state;
  application a = start();
  clreid_device *device = adopt(&a), *own;
  clreid_error error = {CLREID_OK, ""};
  must(clreid_device_open(&(clreid_device_config){.choice = support_choice(), .cache_folder = ""}, &own, &error),
       &error);
  clreid_device *const devices[] = {device, own};
  const clreid_session_config config = {.largest_batch = 4, .sleeping_wait = true};
  for (int i = 0; i < 2; i++) {
    clreid_model *model = load(devices[i], "han", NULL);
    clreid_session *session;
    float *neck = calloc(PICTURES * D, sizeof *neck);
    assert_non_null(neck);
    must(clreid_session_create(model, &config, &session, &error), &error);
    must(clreid_embed(session, pictures, PICTURES, neck, NULL, &error), &error);
    watch_from_now();
    const clreid_status status = clreid_embed(session, pictures, PICTURES, neck, NULL, &error);
    watch.on = false;
    must(status, &error);
    assert_int_equal(watch.waits, 0);
    assert_int_equal(watch.memory, 0);
    assert_memory_equal(neck, expected_neck, PICTURES * D * sizeof *neck);
    if (i == 0) {
      watch_from_now();
      enqueue(session, &a, PICTURES, NULL, NULL);
      const clreid_status checked = clreid_enqueue_check(session, &error);
      watch.on = false;
      must(checked, &error);
      assert_int_equal(watch.waits, 0);
      features_are(&a, PICTURES);
    }
    free(neck);
    clreid_session_destroy(session);
    clreid_model_free(model);
    clreid_device_close(devices[i]);
  }
  stop(&a);
}

/* ---- Ends ------------------------------------------------------------------------------------------------------- */

static cl_uint references(const application *a)
{
  cl_uint count;
  ok(clGetContextInfo(a->context, CL_CONTEXT_REFERENCE_COUNT, sizeof count, &count, NULL));
  return count;
}

static cl_uint queue_references(cl_command_queue queue)
{
  cl_uint count;
  ok(clGetCommandQueueInfo(queue, CL_QUEUE_REFERENCE_COUNT, sizeof count, &count, NULL));
  return count;
}

/* What a driver still holds of commands that are over goes soon. */
static void references_are(const application *a, cl_uint of_context, cl_uint of_queue)
{
  for (int i = 0; i < 40 && (references(a) != of_context || queue_references(a->queue) != of_queue); i++) a_moment();
  assert_int_equal(references(a), of_context);
  assert_int_equal(queue_references(a->queue), of_queue);
}

/* Everything is let go while the commands still wait for an event, in orders where each handle is first and last once;
 * the work is done all the same, and nothing of the application is held in the end. */
static void ends_in_any_order(void **state)
{
  (void)state;
  enum { HANDLES = 5 };
  for (int order = 0; order < 2 * HANDLES; order++) {
    application a = start();
    ok(clEnqueueFillBuffer(a.queue, a.features, &untouched, sizeof untouched, 0, FEATURES_BYTES, 0, NULL, NULL));
    ok(clFinish(a.queue)); /* a driver may hold a queue for its last command */
    const cl_uint of_context = references(&a), of_queue = queue_references(a.queue);
    handles h = open_handles(&a, 4);
    const cl_event gate = user_event(a.context);
    cl_event done;
    enqueue(h.session, &a, PICTURES, gate, &done);
    ok(clRetainContext(a.context)); /* what `references` asks */
    ok(clRetainCommandQueue(a.queue));
    for (int i = 0; i < HANDLES; i++) {
      const int which = order < HANDLES ? (order + i) % HANDLES : (2 * HANDLES - 1 - order + HANDLES - i) % HANDLES;
      if (which == 0) ok(clReleaseContext(a.context));
      if (which == 1) ok(clReleaseCommandQueue(a.queue));
      if (which == 2) clreid_session_destroy(h.session);
      if (which == 3) clreid_model_free(h.model);
      if (which == 4) clreid_device_close(h.device);
    }
    features_are(&a, 0);
    ok(clSetUserEventStatus(gate, CL_COMPLETE));
    wait_and_release(done);
    ok(clReleaseEvent(gate));
    features_are(&a, PICTURES);
    references_are(&a, of_context, of_queue);
    stop(&a);
  }
}

/* ---- What is refused -------------------------------------------------------------------------------------------- */

#define PROVOKE(wanted, says, call)                                                                                    \
  do {                                                                                                                 \
    clreid_error error_ = {CLREID_OK, ""}, *e = &error_;                                                               \
    const clreid_status status_ = (call);                                                                              \
    if (status_ != (wanted) || !strstr(error_.text, says))                                                             \
      fail_msg("%s gives %s, '%s', not %s, '%s'", #call, clreid_status_name(status_), error_.text,                     \
               clreid_status_name(wanted), says);                                                                      \
    e = NULL;                                                                                                          \
    assert_int_equal((call), (wanted));                                                                                \
  } while (0)

/* Another device of the same platform; NULL, said aloud, if there is none. */
static cl_device_id another_device(void)
{
  cl_platform_id platform;
  cl_device_id ids[64];
  cl_uint count = 0;
  ok(clGetDeviceInfo(device_id, CL_DEVICE_PLATFORM, sizeof platform, &platform, NULL));
  ok(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 64, ids, &count));
  for (cl_uint i = 0; i < count && i < 64; i++)
    if (ids[i] != device_id) return ids[i];
  printf("SKIPPED: several devices, since this platform has only one\n");
  return NULL;
}

/* A part of the device; NULL, said aloud, if it cannot be divided. */
static cl_device_id part_of_device(void)
{
  const cl_device_partition_property how[] = {CL_DEVICE_PARTITION_BY_COUNTS, 1, CL_DEVICE_PARTITION_BY_COUNTS_LIST_END,
                                              0};
  cl_device_id part;
  if (clCreateSubDevices(device_id, how, 1, &part, NULL) == CL_SUCCESS) return part;
  printf("SKIPPED: a part of a device, since this one cannot be divided\n");
  return NULL;
}

static void wrong_devices(void **state)
{
  (void)state;
  application a = start();
  clreid_device *device;
  PROVOKE(CLREID_INVALID_ARGUMENT, "context and device", clreid_device_adopt(NULL, a.id, NULL, &device, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "context and device", clreid_device_adopt(a.context, a.id, NULL, NULL, e));
  const clreid_device_config config = {.choice = "gpu"};
  PROVOKE(CLREID_INVALID_ARGUMENT, "choice 'gpu'", clreid_device_adopt(a.context, a.id, &config, &device, e));
  assert_null(device);
  clreid_device_info info;
  clreid_error error = {CLREID_OK, ""};
  must(clreid_device_adopt(a.context, NULL, NULL, &device, &error), &error);
  clreid_device_describe(device, &info);
  assert_int_equal(info.index, -1);
  assert_true(info.usable && *info.name && info.compute_units);
  clreid_device_close(device);
  const cl_device_id other = another_device();
  if (other)
    PROVOKE(CLREID_INVALID_ARGUMENT, "none of the context's 1",
            clreid_device_adopt(a.context, other, NULL, &device, e));
  stop(&a);
}

static void wrong_queues(void **state)
{
  (void)state;
  application a = start(), other = start();
  clreid_device *device = adopt(&a);
  clreid_model *model = load(device, "han", NULL);
  clreid_session *session;
  PROVOKE(CLREID_INVALID_ARGUMENT, "needs model, queue", clreid_session_create_on(NULL, NULL, a.queue, &session, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "needs model, queue", clreid_session_create_on(model, NULL, NULL, &session, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "needs model, queue", clreid_session_create_on(model, NULL, a.queue, NULL, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "another context", clreid_session_create_on(model, NULL, other.queue, &session, e));
  assert_null(session);
  cl_int code;
  const cl_command_queue loose = clCreateCommandQueue(a.context, a.id, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, &code);
  if (code == CL_SUCCESS) {
    PROVOKE(CLREID_INVALID_ARGUMENT, "out of order", clreid_session_create_on(model, NULL, loose, &session, e));
    ok(clReleaseCommandQueue(loose));
  } else {
    printf("SKIPPED: a queue out of order, which this device has not\n");
  }
  clreid_model_free(model);
  clreid_device_close(device);
  stop(&a);
  stop(&other);
}

static void wrong_pictures_and_features(void **state)
{
  (void)state;
  application a = start(), other = start();
  handles h = open_handles(&a, 2);
  clreid_session *s = h.session;
  cl_event event = (cl_event)&a;
  clreid_opencl_features to = both_features(&a);
  const clreid_opencl_boxes good = picture_list(&a)[0];
  const cl_event foreign = user_event(other.context), own = user_event(a.context);
  PROVOKE(CLREID_INVALID_ARGUMENT, "session, frames", clreid_enqueue(NULL, &good, 1, &to, 0, NULL, &event, e));
  assert_null(event);
  PROVOKE(CLREID_INVALID_ARGUMENT, "session, frames", clreid_enqueue(s, NULL, 1, &to, 0, NULL, &event, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "session, frames", clreid_enqueue(s, &good, 1, NULL, 0, NULL, &event, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "0 events", clreid_enqueue(s, &good, 1, &to, 0, &own, &event, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "1 events", clreid_enqueue(s, &good, 1, &to, 1, NULL, &event, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "wait list of 1", clreid_enqueue(s, &good, 1, &to, 1, &foreign, &event, e));
  enum { END = FRAME_BYTES };
  const clreid_format nv12 = CLREID_FORMAT_NV12_BT601;
  const struct {
    clreid_opencl_frame frame;
    clreid_status status;
    const char *says;
  } table[] = {
      {{NULL, 0, 0, 5, 5, 0, 0, 0}, CLREID_INVALID_PICTURE, "frame 1 has no memory"},
      {{a.frame, 0, 0, 0, 5, 0, 0, 0}, CLREID_INVALID_PICTURE, "frame 1 is 0 x 5"},
      {{a.frame, 0, 0, 5, 65536, 0, 0, 0}, CLREID_INVALID_PICTURE, "frame 1 is 5 x 65536"},
      {{a.frame, 0, 0, 5, 5, 14, 0, 0}, CLREID_INVALID_PICTURE, "pitch of 14 bytes"},
      {{a.frame, 0, 0, 5, 5, 0, 0, (clreid_format)7}, CLREID_INVALID_PICTURE, "format 7"},
      {{a.frame, 0, 0, 5, 5, (size_t)-1, 0, 0}, CLREID_INVALID_PICTURE, "at most 2147483647"},
      {{a.frame, END - 74, 0, 5, 5, 0, 0, 0},
       CLREID_INVALID_ARGUMENT,
       "75 bytes from byte 1048502 on, but its buffer has 1048576"},
      {{a.frame, (size_t)-1, 0, 5, 5, 0, 0, 0}, CLREID_INVALID_ARGUMENT, "its buffer has 1048576"},
      {{other.frame, 0, 0, 5, 5, 0, 0, 0}, CLREID_INVALID_ARGUMENT, "frame 1 belongs to another context"},
      {{a.frame, 0, END - 17, 5, 5, 0, 0, nv12}, CLREID_INVALID_ARGUMENT, "the chroma of frame 1 needs 18 bytes"},
      {{a.frame, 0, 0, 5, 5, 0, 5, nv12}, CLREID_INVALID_PICTURE, "chroma pitch of 5 bytes"},
      {{a.frame, END - 75, 0, 5, 5, 0, 0, 0}, CLREID_OK, ""},
      {{a.frame, END - 25, END - 18, 5, 5, 0, 0, nv12}, CLREID_OK, ""},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    const clreid_opencl_boxes list[] = {good, {.frame = &table[i].frame, .whole = true}};
    PROVOKE(table[i].status, table[i].says, clreid_enqueue(s, list, 2, &to, 0, NULL, NULL, e));
  }
  const clreid_box boxes[] = {{0, 0, 5, 5}, {64, 0, 9, 9}};
  const clreid_opencl_boxes no_frame = {.boxes = boxes, .count = 2};
  const clreid_opencl_boxes no_boxes = {.frame = good.frame, .count = 2};
  const clreid_opencl_boxes outside = {.frame = good.frame, .boxes = boxes, .count = 2};
  PROVOKE(CLREID_INVALID_ARGUMENT, "frame 0 has no address", clreid_enqueue(s, &no_frame, 1, &to, 0, NULL, NULL, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "a count of them", clreid_enqueue(s, &no_boxes, 1, &to, 0, NULL, NULL, e));
  PROVOKE(CLREID_INVALID_PICTURE, "box 1 of frame 0", clreid_enqueue(s, &outside, 1, &to, 0, NULL, NULL, e));
  to.neck_offset_bytes = 6;
  PROVOKE(CLREID_INVALID_ARGUMENT, "neck begins at byte 6", clreid_enqueue(s, &good, 1, &to, 0, NULL, NULL, e));
  to.neck_offset_bytes = FEATURES_BYTES - D * sizeof(float) + 4;
  PROVOKE(CLREID_INVALID_ARGUMENT, "neck needs 4096 bytes", clreid_enqueue(s, &good, 1, &to, 0, NULL, NULL, e));
  to.neck = other.features;
  PROVOKE(CLREID_INVALID_ARGUMENT, "neck belongs to another", clreid_enqueue(s, &good, 1, &to, 0, NULL, NULL, e));
  to.neck = NULL;
  to.pooled_offset_bytes = 1;
  PROVOKE(CLREID_INVALID_ARGUMENT, "pooled begins", clreid_enqueue(s, &good, 1, &to, 0, NULL, NULL, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "adopted device", clreid_enqueue_check(NULL, e));
  PROVOKE(CLREID_OK, "", clreid_enqueue_check(s, e));
  ok(clReleaseEvent(foreign));
  ok(clReleaseEvent(own));

  /* None of these did it harm. */
  cl_event done;
  clear_features(&a);
  enqueue(s, &a, PICTURES, NULL, &done);
  wait_and_release(done);
  features_are(&a, PICTURES);
  close_handles(&h);
  stop(&a);
  stop(&other);
}

static void a_device_of_the_librarys_own(void **state)
{
  (void)state;
  application a = start();
  clreid_device *device;
  clreid_session *session;
  clreid_error error = {CLREID_OK, ""};
  must(clreid_device_open(&(clreid_device_config){.choice = support_choice(), .cache_folder = ""}, &device, &error),
       &error);
  clreid_model *model = load(device, "han", NULL);
  PROVOKE(CLREID_INVALID_ARGUMENT, "another context", clreid_session_create_on(model, NULL, a.queue, &session, e));
  session = create(model, 1, NULL);
  const clreid_opencl_features to = both_features(&a);
  PROVOKE(CLREID_INVALID_ARGUMENT, "clreid_device_adopt",
          clreid_enqueue(session, picture_list(&a), 1, &to, 0, NULL, NULL, e));
  PROVOKE(CLREID_INVALID_ARGUMENT, "adopted device", clreid_enqueue_check(session, e));
  clreid_session_destroy(session);
  clreid_model_free(model);
  clreid_device_close(device);
  stop(&a);
}

/* ---- Not finite, and failures ----------------------------------------------------------------------------------- */

static void fill_excessive(void *user, const cr_weight_spec *spec, float *values, size_t count)
{
  (void)user;
  cr_random_fill(support_seed(), spec, values, count);
  for (size_t i = 0; i < count && !strcmp(spec->name, "global2.1.pointwise.bn.weight"); i++) values[i] = 1e38f;
}

static void write_excessive(const char *file)
{
  cr_graph *graph;
  size_t count;
  clreid_error error = {CLREID_OK, ""};
  const cr_metadata metadata = {"network", "han-small"};
  must(cr_network_build(cr_network_find("han-small", NULL), NULL, &graph, &error), &error);
  const cr_weight_spec *specs = cr_graph_weights(graph, &count);
  must(cr_weights_write(in_folder(file), specs, count, &metadata, 1, fill_excessive, NULL, &error), &error);
  cr_graph_destroy(graph);
}

static void a_feature_that_is_not_finite(void **state)
{
  (void)state;
  static float got[2 * FEATURES];
  application a = start();
  clreid_device *device = adopt(&a);
  write_excessive("excess");
  clreid_model *model = load(device, "excess", NULL);
  clreid_session *session = create(model, 2, a.queue);
  for (int call = 0; call < 2; call++) {
    enqueue(session, &a, 3, NULL, NULL);
    enqueue(session, &a, 2, NULL, NULL);
    clreid_error error = {CLREID_OK, ""};
    assert_int_equal(clreid_enqueue_check(session, &error), CLREID_NOT_FINITE);
    assert_non_null(strstr(error.text, "box 0 of 5 is not finite"));
    PROVOKE(CLREID_OK, "", clreid_enqueue_check(session, e)); /* said once */
    ok(clEnqueueReadBuffer(a.reader, a.features, CL_TRUE, 0, sizeof got, got, 0, NULL, NULL));
    for (size_t i = 0; i < 3 * D; i++) assert_true(isnan(got[GUARD + i]));
    assert_true(got[GUARD + 3 * D] == untouched);
  }
  clreid_session_destroy(session);
  clreid_model_free(model);
  clreid_device_close(device);
  stop(&a);
}

/* PoCL 3.1 (Debian 12) ends the process when an event fails that a command of a queue in order waits for. */
static bool survives_failing_events(void)
{
  char name[128] = "";
  cl_platform_id platform;
  ok(clGetDeviceInfo(device_id, CL_DEVICE_PLATFORM, sizeof platform, &platform, NULL));
  ok(clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof name - 1, name, NULL));
  if (!strstr(name, "Portable Computing Language")) return true;
  printf("SKIPPED: an event that fails, which ends the process in some versions of PoCL\n");
  return false;
}

/* The event that the pictures wait for comes to nothing: the check says that the commands failed. */
static void an_event_that_fails(void **state)
{
  (void)state;
  if (!survives_failing_events()) return;
  application a = start();
  handles h = open_handles(&a, 4);
  const cl_event gate = user_event(a.context);
  cl_event done;
  enqueue(h.session, &a, PICTURES, gate, &done);
  ok(clSetUserEventStatus(gate, -5));
  clreid_error error = {CLREID_OK, ""};
  assert_int_equal(clreid_enqueue_check(h.session, &error), CLREID_DEVICE_FAILED);
  assert_true(state_of(done) < 0);
  features_are(&a, 0);
  ok(clReleaseEvent(done));
  ok(clReleaseEvent(gate));
  close_handles(&h);
  stop(&a);
}

/* ---- Several devices -------------------------------------------------------------------------------------------- */

/* A context of two devices, of which the library uses the second; what it compiles is cached. */
static void one_of_several_devices(void **state)
{
  (void)state;
  const cl_device_id parts[2] = {another_device(), device_id};
  cl_int code;
  if (!parts[0]) return;
  const cl_context context = clCreateContext(NULL, 2, parts, NULL, NULL, &code);
  ok(code);
  application a = start_on(context, parts[1]);
  const cl_command_queue first = make_queue(a.context, parts[0], 0);
  clreid_device *device;
  clreid_error error = {CLREID_OK, ""};
  folder cache = folder_make();
  const clreid_device_config config = {.cache_folder = cache.path};
  PROVOKE(CLREID_INVALID_ARGUMENT, "has 2 devices; name", clreid_device_adopt(a.context, NULL, NULL, &device, e));
  must(clreid_device_adopt(a.context, parts[1], &config, &device, &error), &error);
  clreid_model *model = load(device, "han", NULL);
  clreid_session *session;
  PROVOKE(CLREID_INVALID_ARGUMENT, "another device", clreid_session_create_on(model, NULL, first, &session, e));
  assert_int_equal(folder_entries(&cache), 0);
  session = create(model, 4, a.queue);
  assert_true(folder_entries(&cache) > 5);
  cl_event done;
  enqueue(session, &a, PICTURES, NULL, &done);
  wait_and_release(done);
  features_are(&a, PICTURES);
  clreid_session_destroy(session);
  clreid_model_free(model);
  clreid_device_close(device);
  ok(clReleaseCommandQueue(first));
  stop(&a);
  folder_remove(&cache);
}

static void a_part_of_a_device(void **state)
{
  (void)state;
  const cl_device_id part = part_of_device();
  cl_int code;
  if (!part) return;
  const cl_context context = clCreateContext(NULL, 1, &part, NULL, NULL, &code);
  ok(code);
  application a = start_on(context, part);
  handles h = open_handles(&a, 4);
  cl_event done;
  enqueue(h.session, &a, PICTURES, NULL, &done);
  wait_and_release(done);
  features_are(&a, PICTURES);
  close_handles(&h);
  stop(&a);
  ok(clReleaseDevice(part));
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_same_bits_as_embed),
      cmocka_unit_test(boxes_of_frames_in_every_format),
      cmocka_unit_test(any_number_of_pictures),
      cmocka_unit_test(memory_may_go_at_once),
      cmocka_unit_test(nothing_runs_before_its_events),
      cmocka_unit_test(commands_of_the_application_around),
      cmocka_unit_test(several_sessions_on_one_queue),
      cmocka_unit_test(nothing_waits),
      cmocka_unit_test(waits_that_sleep),
      cmocka_unit_test(ends_in_any_order),
      cmocka_unit_test(wrong_devices),
      cmocka_unit_test(wrong_queues),
      cmocka_unit_test(wrong_pictures_and_features),
      cmocka_unit_test(a_device_of_the_librarys_own),
      cmocka_unit_test(a_feature_that_is_not_finite),
      cmocka_unit_test(an_event_that_fails),
      cmocka_unit_test(one_of_several_devices),
      cmocka_unit_test(a_part_of_a_device),
  };
  setenv("POCL_DEVICES", "pthread pthread", 0); /* PoCL has two devices then */
  support_start(argc, argv);
  if (argc > 1) cmocka_set_test_filter(argv[1]);
  return cmocka_run_group_tests(tests, open_all, close_all);
}
