/*
 * broken_icd.c - an OpenCL driver that fails, for test_device.c and test_command.c: a shared library that the ICD
 * loader takes for a vendor's.
 *
 * BROKEN_ICD says where it fails; tests/CMakeLists.txt builds one library for each value. Past that point it does as
 * little as the loader demands. It computes nothing; a device of it is only good for being listed, chosen and refused.
 */
#include <CL/cl_icd.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define FAILS_PLATFORMS   1 /* it gives an error when asked for platforms */
#define FAILS_NO_PLATFORM 2 /* it has no platform */
#define FAILS_DEVICES     3 /* its platform gives an error when asked for devices */
#define FAILS_NO_DEVICE   4 /* its platform has no device */
#define FAILS_FACTS       5 /* its device answers no question */
#define FAILS_CONTEXT     6 /* its devices answer, with the facts below, but none can be opened */
#define FAILS_CROWDED     7 /* the same, and the devices are a hundred */
#define FAILS_EXITS       8 /* it ends the process, with code 7, when asked for platforms */
#ifndef BROKEN_ICD
#define BROKEN_ICD FAILS_CONTEXT
#endif

/* The loader reads the table at the head of each object. */
struct _cl_platform_id {
  const cl_icd_dispatch *dispatch;
};
struct _cl_device_id {
  const cl_icd_dispatch *dispatch;
  const char *name, *version;
  cl_device_type type;
  cl_uint units, clock_mhz;
  cl_bool available, compiler;
};

static const cl_icd_dispatch table;
static struct _cl_platform_id platform = {&table};

/* Facts to choose among. The name of the first is longer than any the library keeps. */
#define TEN(text) text text text text text text text text text text
static const struct _cl_device_id devices[] = {
    {&table, TEN("a long name, twenty.") TEN("a long name, twenty."), "OpenCL 1.2 x", CL_DEVICE_TYPE_ACCELERATOR, 900,
     900, 1, 1},
    {&table, "slow GPU", "OpenCL 3.0 x", CL_DEVICE_TYPE_GPU, 10, 1000, 1, 1},
    {&table, "fast GPU", "OpenCL 1.2 x", CL_DEVICE_TYPE_GPU | CL_DEVICE_TYPE_DEFAULT, 20, 1500, 1, 1},
    {&table, "of two types", "OpenCL 1.2 x", CL_DEVICE_TYPE_GPU | CL_DEVICE_TYPE_CPU, 4000, 4000, 1, 1},
    {&table, "unavailable", "OpenCL 1.2 x", CL_DEVICE_TYPE_GPU, 4000, 4000, 0, 1},
    {&table, "without a compiler", "OpenCL 1.2 x", CL_DEVICE_TYPE_GPU, 4000, 4000, 1, 0},
    {&table, "old", "OpenCL 1.1 x", CL_DEVICE_TYPE_GPU, 4000, 4000, 1, 1},
    {&table, "of no known version", "Vulkan 1.3", CL_DEVICE_TYPE_GPU, 4000, 4000, 1, 1},
    {&table, "of a version with two digits", "OpenCL 1.10 x", CL_DEVICE_TYPE_ACCELERATOR, 1, 1, 1, 1},
};
enum { KINDS = sizeof devices / sizeof *devices };
enum { DEVICES = BROKEN_ICD == FAILS_FACTS ? 1 : BROKEN_ICD == FAILS_CROWDED ? 100 : KINDS };

/* Answers a query as OpenCL does: size, and as many bytes as fit. */
static cl_int answer(const void *value, size_t value_size, size_t size, void *out, size_t *out_size)
{
  if (out_size) *out_size = value_size;
  if (!out) return CL_SUCCESS;
  if (size < value_size) return CL_INVALID_VALUE;
  memcpy(out, value, value_size);
  return CL_SUCCESS;
}

static cl_int CL_API_CALL platform_info(cl_platform_id id, cl_platform_info what, size_t size, void *out,
                                        size_t *out_size)
{
  (void)id;
  const char *text = what == CL_PLATFORM_NAME             ? "broken"
                     : what == CL_PLATFORM_VENDOR         ? "the tests"
                     : what == CL_PLATFORM_VERSION        ? "OpenCL 1.2 broken"
                     : what == CL_PLATFORM_PROFILE        ? "FULL_PROFILE"
                     : what == CL_PLATFORM_EXTENSIONS     ? "cl_khr_icd"
                     : what == CL_PLATFORM_ICD_SUFFIX_KHR ? "BROKEN"
                                                          : NULL;
  return text ? answer(text, strlen(text) + 1, size, out, out_size) : CL_INVALID_VALUE;
}

static cl_int CL_API_CALL device_ids(cl_platform_id id, cl_device_type type, cl_uint room, cl_device_id *ids,
                                     cl_uint *count)
{
  (void)id, (void)type;
  if (BROKEN_ICD == FAILS_DEVICES) return CL_OUT_OF_RESOURCES;
  if (BROKEN_ICD == FAILS_NO_DEVICE) return CL_DEVICE_NOT_FOUND;
  if (count) *count = DEVICES;
  for (cl_uint i = 0; ids && i < room && i < DEVICES; i++) ids[i] = (cl_device_id)&devices[i % KINDS];
  return CL_SUCCESS;
}

static cl_int CL_API_CALL device_info(cl_device_id id, cl_device_info what, size_t size, void *out, size_t *out_size)
{
  static const cl_ulong memory = 1u << 30;
  static const cl_uint one = 1;
  static const size_t group = 256;
  if (BROKEN_ICD == FAILS_FACTS) return CL_OUT_OF_RESOURCES;
  switch (what) {
  case CL_DEVICE_NAME:
    return answer(id->name, strlen(id->name) + 1, size, out, out_size);
  case CL_DEVICE_VERSION:
    return answer(id->version, strlen(id->version) + 1, size, out, out_size);
  case CL_DEVICE_TYPE:
    return answer(&id->type, sizeof id->type, size, out, out_size);
  case CL_DEVICE_MAX_COMPUTE_UNITS:
    return answer(&id->units, sizeof id->units, size, out, out_size);
  case CL_DEVICE_MAX_CLOCK_FREQUENCY:
    return answer(&id->clock_mhz, sizeof id->clock_mhz, size, out, out_size);
  case CL_DEVICE_AVAILABLE:
    return answer(&id->available, sizeof id->available, size, out, out_size);
  case CL_DEVICE_COMPILER_AVAILABLE:
    return answer(&id->compiler, sizeof id->compiler, size, out, out_size);
  case CL_DEVICE_ENDIAN_LITTLE:
    return answer(&one, sizeof one, size, out, out_size);
  case CL_DEVICE_GLOBAL_MEM_SIZE:
  case CL_DEVICE_MAX_MEM_ALLOC_SIZE:
  case CL_DEVICE_LOCAL_MEM_SIZE:
    return answer(&memory, sizeof memory, size, out, out_size);
  case CL_DEVICE_MAX_WORK_GROUP_SIZE:
    return answer(&group, sizeof group, size, out, out_size);
  default:
    return CL_INVALID_VALUE; /* vendor, driver, extensions and others: it does not say */
  }
}

static cl_context CL_API_CALL create_context(const cl_context_properties *properties, cl_uint count,
                                             const cl_device_id *ids,
                                             void(CL_CALLBACK *notify)(const char *, const void *, size_t, void *),
                                             void *user, cl_int *code)
{
  (void)properties, (void)count, (void)ids, (void)notify, (void)user;
  if (code) *code = CL_DEVICE_NOT_AVAILABLE;
  return NULL;
}

static cl_int CL_API_CALL keep_device(cl_device_id id)
{
  (void)id;
  return CL_SUCCESS;
}

static const cl_icd_dispatch table = {
    .clGetPlatformInfo = platform_info,
    .clGetDeviceIDs = device_ids,
    .clGetDeviceInfo = device_info,
    .clCreateContext = create_context,
    .clRetainDevice = keep_device,
    .clReleaseDevice = keep_device,
};

/* ---- What the loader looks for ---------------------------------------------------------------------------------- */

static cl_int CL_API_CALL platform_ids(cl_uint room, cl_platform_id *ids, cl_uint *count)
{
  if (BROKEN_ICD == FAILS_EXITS) exit(7);
  if (BROKEN_ICD == FAILS_PLATFORMS) return CL_OUT_OF_HOST_MEMORY;
  const cl_uint platforms = BROKEN_ICD == FAILS_NO_PLATFORM ? 0 : 1;
  if (count) *count = platforms;
  if (ids && room && platforms) ids[0] = &platform;
  return platforms ? CL_SUCCESS : CL_PLATFORM_NOT_FOUND_KHR;
}

typedef void (*any_function)(void);

__attribute__((visibility("default"))) void *clGetExtensionFunctionAddress(const char *name)
{
  const any_function function = !strcmp(name, "clIcdGetPlatformIDsKHR") ? (any_function)platform_ids
                                : !strcmp(name, "clGetPlatformInfo")    ? (any_function)platform_info
                                                                        : NULL;
  void *address;
  memcpy(&address, &function, sizeof address);
  return address;
}
