/*
 * program.c - building programs: from the cache of compiled ones if it has them, else from source.
 */
#include "program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source.h"

enum { MOST_DEVICES = 64 }; /* of a context whose programs are cached */

struct cr_program {
  cr_program *next;
  cl_program program;
  char *key; /* file and options */
  cr_cache_key cached;
};

/* Every program: the language that all devices have, and the facts that kernels may see. No fast-math. -w: PoCL prints
 * to stderr how many warnings there were, and vectors wider than the CPU's give some. */
static int all_options(const cr_device *device, const char *options, char *text, size_t size)
{
  const int fma = !device->facts.fused_multiply_add ? 0 : device->facts.fma_may_be_slow ? 2 : 1; /* cl/common.clh */
  return snprintf(text, size, "-cl-std=CL1.2 -w -DFMA=%d -DHALF_WIDE=%d %s", fma, device->half_wide, options) <
         (int)size;
}

static clreid_status build(cr_device *device, cl_program program, const char *file, const char *options,
                           clreid_error *error)
{
  const cl_int code = clBuildProgram(program, 1, &device->id, options, NULL, NULL);
  if (code == CL_SUCCESS) return CLREID_OK;
  size_t size = 0;
  clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, 0, NULL, &size);
  char *log = calloc(1, size + 1);
  if (log) clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, size, log, NULL);
  cr_say(&device->log, "%s with %s: %s", file, options, log ? log : "");
  const char *problem = log ? strstr(log, "error") : NULL;
  const size_t length = problem ? strcspn(problem, "\n") : 0;
  clreid_status status =
      cr_fail(error, CLREID_DEVICE_FAILED, "%s does not build on %s (%s, %d): %.*s", file, device->facts.name,
              cr_code_name(code), code, (int)(length < 300 ? length : 300), problem ? problem : "");
  free(log);
  return status;
}

/* A binary that the driver no longer takes is dropped: never a reason to fail. */
static bool build_from_cache(cr_device *device, const cr_cache_key *key, const char *file, const char *options,
                             cl_program *program)
{
  unsigned char *binary;
  size_t size;
  if (!cr_cache_read(device, key, &binary, &size)) return false;
  cl_int code, binary_code = CL_SUCCESS;
  *program = clCreateProgramWithBinary(device->context, 1, &device->id, &size, (const unsigned char **)&binary,
                                       &binary_code, &code);
  free(binary);
  if (code == CL_SUCCESS && binary_code == CL_SUCCESS && build(device, *program, file, options, NULL) == CLREID_OK)
    return true;
  if (*program) clReleaseProgram(*program);
  *program = NULL;
  cr_say(&device->log, "the cached program of %s is not taken by the driver: built anew", file);
  cr_cache_drop(device, key);
  return false;
}

/* The device's place in the lists of binaries, which have `count` entries: one for each device of an application's
 * context, or, by some drivers, for each that the program was built for, which is ours alone. */
static size_t find_device(const cr_device *device, cl_program program, size_t count)
{
  cl_device_id ids[MOST_DEVICES];
  size_t bytes = 0;
  if (count == 1 || clGetProgramInfo(program, CL_PROGRAM_DEVICES, sizeof ids, ids, &bytes) != CL_SUCCESS) return 0;
  for (size_t i = 0; i < count && i < bytes / sizeof *ids; i++)
    if (ids[i] == device->id) return i;
  return 0; /* which is empty if it is another's */
}

/* All binaries are asked for: PoCL 3.1 writes to an entry that is NULL, which the standard lets skip a device. */
static void write_binary(cr_device *device, const cr_cache_key *key, cl_program program, const size_t *sizes,
                         size_t count)
{
  unsigned char *binaries[MOST_DEVICES];
  const size_t index = find_device(device, program, count);
  size_t all = 0;
  for (size_t i = 0; i < count; i++) all += sizes[i];
  unsigned char *memory = all && sizes[index] ? malloc(all) : NULL;
  if (!memory) return;
  all = 0;
  for (size_t i = 0; i < count; all += sizes[i++]) binaries[i] = memory + all;
  if (clGetProgramInfo(program, CL_PROGRAM_BINARIES, count * sizeof *binaries, binaries, NULL) == CL_SUCCESS)
    cr_cache_write(device, key, binaries[index], sizes[index]);
  free(memory);
}

/* Nothing is asked of the driver without a cache: PoCL 3.1 compiles every kernel of a program, for groups of any size,
 * to give its binary. */
static void write_to_cache(cr_device *device, const cr_cache_key *key, cl_program program)
{
  if (!device->cache_folder) return;
  size_t sizes[MOST_DEVICES] = {0}, bytes = 0;
  if (clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof sizes, sizes, &bytes) != CL_SUCCESS) return;
  write_binary(device, key, program, sizes, bytes / sizeof *sizes);
}

static clreid_status build_from_source(cr_device *device, const char *text, const char *file, const char *options,
                                       cl_program *program, clreid_error *error)
{
  cl_int code;
  *program = clCreateProgramWithSource(device->context, 1, &text, NULL, &code);
  CR_TRY(cr_check(code, "clCreateProgramWithSource", error));
  const clreid_status status = build(device, *program, file, options, error);
  if (status != CLREID_OK) clReleaseProgram(*program);
  return status;
}

static clreid_status build_any(cr_device *device, const char *file, const char *options, cr_program *entry,
                               clreid_error *error)
{
  char *text;
  CR_TRY(cr_source_read(device->kernel_folder, file, &text, error));
  const cr_cache_key key = entry->cached = cr_cache_make_key(device, text, options);
  clreid_status status = CLREID_OK;
  if (!build_from_cache(device, &key, file, options, &entry->program)) {
    status = build_from_source(device, text, file, options, &entry->program, error);
    if (status == CLREID_OK) write_to_cache(device, &key, entry->program);
  }
  free(text);
  return status;
}

static clreid_status find_or_build(cr_device *device, const char *file, const char *options, const cr_program **found,
                                   clreid_error *error)
{
  char full[512], key[640];
  if (!all_options(device, options, full, sizeof full) ||
      snprintf(key, sizeof key, "%s %s", file, full) >= (int)sizeof key)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "the options of %s are longer than %zu bytes", file, sizeof full);
  for (cr_program *p = device->programs; p; p = p->next)
    if (!strcmp(p->key, key)) {
      *found = p;
      return CLREID_OK;
    }
  cr_program *entry = calloc(1, sizeof *entry);
  char *own_key = malloc(strlen(key) + 1);
  clreid_status status = entry && own_key ? build_any(device, file, full, entry, error)
                                          : cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a program");
  if (status != CLREID_OK) {
    free(entry);
    free(own_key);
    return status;
  }
  entry->key = strcpy(own_key, key);
  entry->next = device->programs;
  device->programs = entry;
  *found = entry;
  return CLREID_OK;
}

clreid_status cr_kernel_create(cr_device *device, const char *file, const char *options, const char *name,
                               cl_kernel *kernel, cr_cache_key *key, clreid_error *error)
{
  const cr_program *program = NULL;
  cr_mutex_lock(device->building);
  clreid_status status = find_or_build(device, file, options, &program, error);
  if (status == CLREID_OK) {
    cl_int code;
    *kernel = clCreateKernel(program->program, name, &code);
    *key = program->cached;
    status = cr_check(code, "clCreateKernel", error);
  }
  cr_mutex_unlock(device->building);
  return status;
}

void cr_programs_free(cr_device *device)
{
  while (device->programs) {
    cr_program *next = device->programs->next;
    clReleaseProgram(device->programs->program);
    free(device->programs->key);
    free(device->programs);
    device->programs = next;
  }
}
