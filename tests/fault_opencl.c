/*
 * fault_opencl.c - see fault_opencl.h. The functions here have the names of OpenCL's: the linker prefers those of the
 * program, for libraries that it uses too. The loader's own are found by name.
 *
 * A call that fails does nothing, as a driver's would, but for two kinds: what waits has waited when it fails, because
 * commands of a lost device are over; and what releases has released, because nobody could do it again.
 */
#define CR_OPENCL_BY_NAME
#include "fault_opencl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "opencl_load.h"

/* ---- The loader's functions -------------------------------------------------------------------------------------- */

enum {
#define ROW(function) INDEX_##function,
  CR_OPENCL_FUNCTIONS(ROW)
#undef ROW
      FUNCTIONS
};

static const struct {
  const char *name;
  size_t place;
} functions[] = {
#define ROW(function) {#function, offsetof(cr_opencl_functions, function)},
    CR_OPENCL_FUNCTIONS(ROW)
#undef ROW
};

static cr_opencl_functions real;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* of all that is below */

static void find_functions(void)
{
  void *loader = dlopen("libOpenCL.so.1", RTLD_NOW);
  for (int f = 0; f < FUNCTIONS; f++) {
    void *address = loader ? dlsym(loader, functions[f].name) : NULL;
    if (!address) {
      fprintf(stderr, "fault_opencl: libOpenCL.so.1 has no %s\n", functions[f].name);
      abort();
    }
    memcpy((char *)&real + functions[f].place, &address, sizeof address);
  }
}

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

enum { MOST_SITES = 1024, MOST_LOGGED = 1 << 17 };

static struct {
  bool on, paused;
  fault_plan plan;
  long calls;
  const char *fired;
  long fired_at;
  bool failed[FUNCTIONS];
  fault_site sites[MOST_SITES];
  int site_functions[MOST_SITES];
  size_t site_count;
  int log[MOST_LOGGED]; /* the site of each call */
} watch;

void fault_watch(fault_plan plan)
{
  pthread_mutex_lock(&mutex);
  watch.plan = plan;
  watch.calls = 0;
  watch.fired = NULL;
  watch.fired_at = 0;
  memset(watch.failed, 0, sizeof watch.failed);
  watch.on = true;
  pthread_mutex_unlock(&mutex);
}

void fault_ignore(void)
{
  pthread_mutex_lock(&mutex);
  watch.on = false;
  pthread_mutex_unlock(&mutex);
}

void fault_pause(bool pause)
{
  pthread_mutex_lock(&mutex);
  watch.paused = pause;
  pthread_mutex_unlock(&mutex);
}

long fault_calls(void)
{
  return watch.calls;
}

long fault_site_of(long call)
{
  return call >= 1 && call <= watch.calls && call <= MOST_LOGGED ? watch.log[call - 1] : -1;
}

fault_place fault_place_of(long call)
{
  fault_place place = {fault_site_of(call), 0};
  for (long c = 1; c <= call; c++) place.nth += fault_site_of(c) == place.site;
  return place;
}

bool fault_failed(const char *function)
{
  for (int f = 0; f < FUNCTIONS; f++)
    if (!strcmp(functions[f].name, function)) return watch.failed[f];
  return false;
}

bool fault_covers(const char *function)
{
  for (int f = 0; f < FUNCTIONS; f++)
    if (!strcmp(functions[f].name, function)) return true;
  return false;
}

const char *fault_fired(void)
{
  return watch.fired;
}

long fault_fired_at(void)
{
  return watch.fired_at;
}

const fault_site *fault_sites(size_t *count)
{
  *count = watch.site_count;
  return watch.sites;
}

static int find_site(int function, uintptr_t address)
{
  for (size_t s = 0; s < watch.site_count; s++)
    if (watch.site_functions[s] == function && watch.sites[s].address == address) return (int)s;
  if (watch.site_count == MOST_SITES) abort();
  watch.site_functions[watch.site_count] = function;
  watch.sites[watch.site_count] = (fault_site){.function = functions[function].name, .address = address};
  return (int)watch.site_count++;
}

typedef enum manner { ONCE_LOST, NEVER_LOST } manner; /* does it fail because another call before did? */

/* Counts down to the call. */
static bool is_due(fault_place *place, int site)
{
  return place->nth && place->site == site && !--place->nth;
}

/* Notes the call. What it shall return instead of going on; CL_SUCCESS: go on. */
static cl_int enter(int function, manner how, cl_int own_code, void *address)
{
  cl_int code = CL_SUCCESS;
  pthread_once(&once, find_functions);
  pthread_mutex_lock(&mutex);
  const int site = find_site(function, (uintptr_t)address);
  if (!watch.on && !watch.paused) watch.sites[site].passed++;
  if (watch.on && !watch.paused) {
    const bool hit = is_due(&watch.plan.at, site) | is_due(&watch.plan.then, site);
    const bool lost = watch.plan.lasting && watch.fired && how == ONCE_LOST;
    if (++watch.calls <= MOST_LOGGED) watch.log[watch.calls - 1] = site;
    watch.sites[site].calls++;
    if (hit || lost) {
      code = watch.plan.code ? watch.plan.code : own_code;
      watch.sites[site].failed++;
      watch.failed[function] = true;
      if (!watch.fired) watch.fired = functions[function].name, watch.fired_at = watch.calls;
    }
  }
  pthread_mutex_unlock(&mutex);
  return code;
}

/* ---- Objects ------------------------------------------------------------------------------------------------------
 */

enum { MOST_OBJECTS = 1 << 14 };

static struct {
  struct {
    void *handle;
    fault_kind kind;
    long references;
  } list[MOST_OBJECTS];
  size_t count;
  long released_twice;
} objects;

static void hold(fault_kind kind, void *handle)
{
  size_t i = 0;
  pthread_mutex_lock(&mutex);
  while (i < objects.count && (objects.list[i].handle != handle || objects.list[i].kind != kind)) i++;
  if (i == MOST_OBJECTS) abort();
  if (i == objects.count) {
    objects.list[objects.count].handle = handle;
    objects.list[objects.count].kind = kind;
    objects.list[objects.count++].references = 0;
  }
  objects.list[i].references++;
  pthread_mutex_unlock(&mutex);
}

void fault_own(fault_kind kind, void *handle)
{
  hold(kind, handle);
}

/* False: nobody holds it. */
static bool let_go(fault_kind kind, void *handle)
{
  size_t i = objects.count;
  pthread_mutex_lock(&mutex);
  for (size_t k = objects.count; k-- > 0 && i == objects.count;) /* what is new goes first */
    if (objects.list[k].handle == handle && objects.list[k].kind == kind) i = k;
  const bool held = i < objects.count;
  if (!held) objects.released_twice++;
  if (held && !--objects.list[i].references) objects.list[i] = objects.list[--objects.count];
  pthread_mutex_unlock(&mutex);
  return held;
}

fault_objects fault_alive(void)
{
  fault_objects alive = {.released_twice = objects.released_twice};
  pthread_mutex_lock(&mutex);
  for (size_t i = 0; i < objects.count; i++) alive.references[objects.list[i].kind] += objects.list[i].references;
  pthread_mutex_unlock(&mutex);
  return alive;
}

const char *fault_kind_name(fault_kind kind)
{
  static const char *const names[FAULT_KINDS] = {"contexts", "devices", "queues", "programs",
                                                 "kernels",  "buffers", "events"};
  return names[kind];
}

/* ---- OpenCL -------------------------------------------------------------------------------------------------------
 */

static bool build_for_all;

void fault_build_for_all(bool all)
{
  build_for_all = all;
}

#define EXPORT __attribute__((visibility("default")))
#define CALLER __builtin_extract_return_addr(__builtin_return_address(0))

#define HERE(name) enum { HERE_##name = INDEX_##name };

/* Does nothing where it fails. */
#define PLAIN(own_code, name, parameters, arguments)                                                                   \
  HERE(name)                                                                                                           \
  EXPORT cl_int name parameters                                                                                        \
  {                                                                                                                    \
    const cl_int code = enter(INDEX_##name, ONCE_LOST, own_code, CALLER);                                              \
    return code != CL_SUCCESS ? code : real.name arguments;                                                            \
  }

/* Has waited where it fails. */
#define WAIT(own_code, name, parameters, arguments)                                                                    \
  HERE(name)                                                                                                           \
  EXPORT cl_int name parameters                                                                                        \
  {                                                                                                                    \
    const cl_int code = enter(INDEX_##name, ONCE_LOST, own_code, CALLER), waited = real.name arguments;                \
    return code != CL_SUCCESS ? code : waited;                                                                         \
  }

/* Gives an event to whoever asks for it. */
#define ENQUEUE(own_code, name, parameters, arguments)                                                                 \
  HERE(name)                                                                                                           \
  EXPORT cl_int name parameters                                                                                        \
  {                                                                                                                    \
    cl_int code = enter(INDEX_##name, ONCE_LOST, own_code, CALLER);                                                    \
    if (code == CL_SUCCESS) code = real.name arguments;                                                                \
    if (code == CL_SUCCESS && event) hold(FAULT_EVENT, *event);                                                        \
    return code;                                                                                                       \
  }

/* The last parameter takes the code. */
#define CREATE(kind, own_code, type, name, parameters, arguments)                                                      \
  HERE(name)                                                                                                           \
  EXPORT type name parameters                                                                                          \
  {                                                                                                                    \
    const cl_int failure = enter(INDEX_##name, ONCE_LOST, own_code, CALLER);                                           \
    type made = failure == CL_SUCCESS ? real.name arguments : NULL;                                                    \
    if (failure != CL_SUCCESS && code) *code = failure;                                                                \
    if (made) hold(kind, made);                                                                                        \
    return made;                                                                                                       \
  }

#define RETAIN(kind, type, name)                                                                                       \
  HERE(name)                                                                                                           \
  EXPORT cl_int name(type handle)                                                                                      \
  {                                                                                                                    \
    cl_int code = enter(INDEX_##name, ONCE_LOST, CL_OUT_OF_RESOURCES, CALLER);                                         \
    if (code == CL_SUCCESS) code = real.name(handle);                                                                  \
    if (code == CL_SUCCESS) hold(kind, handle);                                                                        \
    return code;                                                                                                       \
  }

/* Releases in any case. */
#define RELEASE(kind, type, name)                                                                                      \
  HERE(name)                                                                                                           \
  EXPORT cl_int name(type handle)                                                                                      \
  {                                                                                                                    \
    const cl_int failure = enter(INDEX_##name, NEVER_LOST, CL_OUT_OF_RESOURCES, CALLER);                               \
    const cl_int code = let_go(kind, handle) ? real.name(handle) : CL_INVALID_VALUE;                                   \
    return failure != CL_SUCCESS ? failure : code;                                                                     \
  }

/* clang-format off */
CREATE(FAULT_CONTEXT, CL_DEVICE_NOT_AVAILABLE, cl_context, clCreateContext,
       (const cl_context_properties *properties, cl_uint count, const cl_device_id *devices,
        void(CL_CALLBACK *notify)(const char *text, const void *data, size_t size, void *user), void *user,
        cl_int *code),
       (properties, count, devices, notify, user, code))
CREATE(FAULT_QUEUE, CL_OUT_OF_RESOURCES, cl_command_queue, clCreateCommandQueue,
       (cl_context context, cl_device_id device, cl_command_queue_properties properties, cl_int *code),
       (context, device, properties, code))
CREATE(FAULT_BUFFER, CL_MEM_OBJECT_ALLOCATION_FAILURE, cl_mem, clCreateBuffer,
       (cl_context context, cl_mem_flags flags, size_t size, void *data, cl_int *code),
       (context, flags, size, data, code))
CREATE(FAULT_PROGRAM, CL_OUT_OF_HOST_MEMORY, cl_program, clCreateProgramWithSource,
       (cl_context context, cl_uint count, const char **texts, const size_t *lengths, cl_int *code),
       (context, count, texts, lengths, code))
CREATE(FAULT_PROGRAM, CL_INVALID_BINARY, cl_program, clCreateProgramWithBinary,
       (cl_context context, cl_uint count, const cl_device_id *devices, const size_t *sizes,
        const unsigned char **binaries, cl_int *status, cl_int *code),
       (context, count, devices, sizes, binaries, status, code))
CREATE(FAULT_KERNEL, CL_OUT_OF_HOST_MEMORY, cl_kernel, clCreateKernel,
       (cl_program program, const char *name, cl_int *code), (program, name, code))

RETAIN(FAULT_CONTEXT, cl_context, clRetainContext)
RETAIN(FAULT_DEVICE, cl_device_id, clRetainDevice)
RETAIN(FAULT_QUEUE, cl_command_queue, clRetainCommandQueue)
RETAIN(FAULT_EVENT, cl_event, clRetainEvent)
RELEASE(FAULT_CONTEXT, cl_context, clReleaseContext)
RELEASE(FAULT_DEVICE, cl_device_id, clReleaseDevice)
RELEASE(FAULT_QUEUE, cl_command_queue, clReleaseCommandQueue)
RELEASE(FAULT_PROGRAM, cl_program, clReleaseProgram)
RELEASE(FAULT_KERNEL, cl_kernel, clReleaseKernel)
RELEASE(FAULT_BUFFER, cl_mem, clReleaseMemObject)
RELEASE(FAULT_EVENT, cl_event, clReleaseEvent)

ENQUEUE(CL_OUT_OF_RESOURCES, clEnqueueNDRangeKernel,
        (cl_command_queue queue, cl_kernel kernel, cl_uint dimensions, const size_t *offset, const size_t *global,
         const size_t *local, cl_uint waits, const cl_event *wait, cl_event *event),
        (queue, kernel, dimensions, offset, global, local, waits, wait, event))
ENQUEUE(CL_OUT_OF_RESOURCES, clEnqueueReadBuffer,
        (cl_command_queue queue, cl_mem memory, cl_bool blocking, size_t offset, size_t size, void *data,
         cl_uint waits, const cl_event *wait, cl_event *event),
        (queue, memory, blocking, offset, size, data, waits, wait, event))
ENQUEUE(CL_OUT_OF_RESOURCES, clEnqueueWriteBuffer,
        (cl_command_queue queue, cl_mem memory, cl_bool blocking, size_t offset, size_t size, const void *data,
         cl_uint waits, const cl_event *wait, cl_event *event),
        (queue, memory, blocking, offset, size, data, waits, wait, event))
ENQUEUE(CL_MEM_OBJECT_ALLOCATION_FAILURE, clEnqueueFillBuffer,
        (cl_command_queue queue, cl_mem memory, const void *pattern, size_t pattern_size, size_t offset, size_t size,
         cl_uint waits, const cl_event *wait, cl_event *event),
        (queue, memory, pattern, pattern_size, offset, size, waits, wait, event))
ENQUEUE(CL_OUT_OF_RESOURCES, clEnqueueBarrierWithWaitList,
        (cl_command_queue queue, cl_uint waits, const cl_event *wait, cl_event *event), (queue, waits, wait, event))

WAIT(CL_OUT_OF_RESOURCES, clFinish, (cl_command_queue queue), (queue))
WAIT(CL_OUT_OF_RESOURCES, clFlush, (cl_command_queue queue), (queue))
WAIT(CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, clWaitForEvents, (cl_uint count, const cl_event *events),
     (count, events))

PLAIN(CL_BUILD_PROGRAM_FAILURE, clBuildProgram,
      (cl_program program, cl_uint count, const cl_device_id *devices, const char *options,
       void(CL_CALLBACK *notify)(cl_program program, void *user), void *user),
      (program, build_for_all ? 0 : count, build_for_all ? NULL : devices, options, notify, user))
PLAIN(CL_OUT_OF_RESOURCES, clSetKernelArg, (cl_kernel kernel, cl_uint index, size_t size, const void *value),
      (kernel, index, size, value))
PLAIN(CL_OUT_OF_HOST_MEMORY, clSetEventCallback,
      (cl_event event, cl_int state, void(CL_CALLBACK *notify)(cl_event event, cl_int state, void *user), void *user),
      (event, state, notify, user))
PLAIN(CL_OUT_OF_HOST_MEMORY, clSetMemObjectDestructorCallback,
      (cl_mem memory, void(CL_CALLBACK *notify)(cl_mem memory, void *user), void *user), (memory, notify, user))
PLAIN(CL_OUT_OF_HOST_MEMORY, clGetPlatformIDs, (cl_uint room, cl_platform_id *list, cl_uint *count),
      (room, list, count))
PLAIN(CL_OUT_OF_HOST_MEMORY, clGetDeviceIDs,
      (cl_platform_id platform, cl_device_type type, cl_uint room, cl_device_id *list, cl_uint *count),
      (platform, type, room, list, count))

#define INFO(name, type, what)                                                                                         \
  PLAIN(CL_OUT_OF_RESOURCES, name, (type object, what which, size_t size, void *value, size_t *needed),                \
        (object, which, size, value, needed))
INFO(clGetPlatformInfo, cl_platform_id, cl_platform_info)
INFO(clGetDeviceInfo, cl_device_id, cl_device_info)
INFO(clGetContextInfo, cl_context, cl_context_info)
INFO(clGetCommandQueueInfo, cl_command_queue, cl_command_queue_info)
INFO(clGetMemObjectInfo, cl_mem, cl_mem_info)
INFO(clGetProgramInfo, cl_program, cl_program_info)
INFO(clGetEventInfo, cl_event, cl_event_info)
INFO(clGetEventProfilingInfo, cl_event, cl_profiling_info)
PLAIN(CL_OUT_OF_RESOURCES, clGetProgramBuildInfo,
      (cl_program program, cl_device_id device, cl_program_build_info which, size_t size, void *value, size_t *needed),
      (program, device, which, size, value, needed))
PLAIN(CL_OUT_OF_RESOURCES, clGetKernelWorkGroupInfo,
      (cl_kernel kernel, cl_device_id device, cl_kernel_work_group_info which, size_t size, void *value,
       size_t *needed),
      (kernel, device, which, size, value, needed))
/* clang-format on */

/* A function of the table that is missing above. */
enum {
#define ROW(function) ALL_##function = HERE_##function,
  CR_OPENCL_FUNCTIONS(ROW)
#undef ROW
};
