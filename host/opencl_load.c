/*
 * opencl_load.c - finds OpenCL at run time, under the names that it has on different systems, and fills the table of
 * opencl_load.h. Compiled with CLREID_LOAD_OPENCL alone.
 *
 * What is loaded stays: a driver's threads do not outlive it well.
 */
#define CR_OPENCL_BY_NAME /* names in the table below are those of the library's functions */
#include "opencl_load.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "opencl.h"
#include "system.h"

/* In the order in which they are tried: a loader first, which sees the drivers of all devices. */
static const char *const file_names[] = {
    "libOpenCL.so.1",
    "libOpenCL.so",
    "/vendor/lib64/libOpenCL.so", /* Android: drivers lie outside of the folders that are searched, and some carry ...
                                   */
    "/system/vendor/lib64/libOpenCL.so",
    "libGLES_mali.so", /* ... all their functions in one library */
    "/vendor/lib64/egl/libGLES_mali.so",
    "/System/Library/Frameworks/OpenCL.framework/OpenCL",
    "OpenCL.dll",
};
static const char variable[] = "CLREID_OPENCL"; /* of the environment: a file that is tried instead */

static const struct {
  const char *name;
  size_t place;
} functions[] = {
#define ROW(function) {#function, offsetof(cr_opencl_functions, function)},
    CR_OPENCL_FUNCTIONS(ROW)
#undef ROW
};

cr_opencl_functions cr_opencl;

/* Functions of a library that is there; the first one missing is named. */
static clreid_status take_functions(void *library, const char *name, cr_opencl_functions *table, clreid_error *error)
{
  for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
    if (!cr_library_function(library, functions[i].name, (char *)table + functions[i].place))
      return cr_fail(error, CLREID_UNSUPPORTED_PLATFORM,
                     "%s has no function %s, which OpenCL 1.2 has; install a newer driver or loader "
                     "(Debian: ocl-icd-libopencl1), or let %s name another",
                     name, functions[i].name, variable);
  }
  return CLREID_OK;
}

static clreid_status find_functions(cr_opencl_functions *table, clreid_error *error)
{
  char reason[256] = "";
  const char *named = getenv(variable);
  if (named && *named) {
    void *library = cr_library_open(named, reason, sizeof reason);
    if (library) return take_functions(library, named, table, error);
    return cr_fail(error, CLREID_UNSUPPORTED_PLATFORM,
                   "OpenCL cannot be loaded from '%s', which %s names (%s); name another, or none", named, variable,
                   reason);
  }
  bool is_there = false; /* one that lacks something, which the error says if no other is whole */
  for (size_t i = 0; i < sizeof file_names / sizeof file_names[0]; i++) {
    void *library = cr_library_open(file_names[i], reason, sizeof reason);
    if (library && take_functions(library, file_names[i], table, error) == CLREID_OK) return CLREID_OK;
    is_there = is_there || library;
  }
  if (is_there) return CLREID_UNSUPPORTED_PLATFORM;
  return cr_fail(error, CLREID_UNSUPPORTED_PLATFORM,
                 "there is no OpenCL on this machine (%s and %zu other names were tried); install the driver of your "
                 "GPU, or pocl-opencl-icd to run on the CPU, or let %s name the library",
                 file_names[0], sizeof file_names / sizeof file_names[0] - 1, variable);
}

clreid_status cr_opencl_load(clreid_error *error)
{
  enum { EMPTY, FILLING, FILLED };
  static atomic_int state = EMPTY;
  if (atomic_load(&state) == FILLED) return CLREID_OK;
  cr_opencl_functions found;
  CR_TRY(find_functions(&found, error));
  int expected = EMPTY;
  if (atomic_compare_exchange_strong(&state, &expected, FILLING)) {
    cr_opencl = found;
    atomic_store(&state, FILLED);
  }
  while (atomic_load(&state) != FILLED) continue; /* another thread is copying its table, the same */
  return CLREID_OK;
}
