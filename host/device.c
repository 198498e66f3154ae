/*
 * device.c - finding devices, their facts, and opening one. Every quirk of a driver has its place in `quirks` below.
 *
 * A platform or device that fails is passed over and said to the log: a broken driver does no harm to a good one.
 */
#include "device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pretend.h"
#include "program.h"
#include "proof.h"
#include "slab.h"
#include "tuning.h"
#ifdef CLREID_CLBLAST
#include "clblast.h"
#endif

typedef struct found {
  cr_facts *facts;
  cl_device_id *ids;
  size_t count;
} found;

/* ---- Facts ------------------------------------------------------------------------------------------------------ */

/* Text facts come cut and trimmed; a driver that gives none leaves the empty string. */
static void trim(char *text)
{
  size_t begin = strspn(text, " \t"), end = strlen(text);
  while (end > begin && (text[end - 1] == ' ' || text[end - 1] == '\t' || text[end - 1] == '\n')) end--;
  memmove(text, text + begin, end - begin);
  text[end - begin] = 0;
}

/* The device that is asked. What it does not know has a default; where the machine failed before it could say, the
 * default would make another device of it, with other kernels and other bits: failure keeps the first such code. */
typedef struct interview {
  cl_platform_id platform;
  cl_device_id id;
  cl_int failure;
  bool no_memory; /* of our own */
} interview;

static bool answers(interview *device, cl_int code)
{
  const bool failed = code == CL_OUT_OF_RESOURCES || code == CL_OUT_OF_HOST_MEMORY || code == CL_DEVICE_NOT_AVAILABLE;
  if (failed && device->failure == CL_SUCCESS) device->failure = code;
  return code == CL_SUCCESS;
}

static void read_text(interview *device, cl_device_info what, char *text, size_t size)
{
  char long_text[1024] = "";
  if (!answers(device, clGetDeviceInfo(device->id, what, sizeof long_text - 1, long_text, NULL))) long_text[0] = 0;
  trim(long_text);
  snprintf(text, size, "%.*s", (int)size - 1, long_text);
}

static void read_platform_text(interview *device, cl_platform_info what, char *text, size_t size)
{
  char long_text[1024] = "";
  if (!answers(device, clGetPlatformInfo(device->platform, what, sizeof long_text - 1, long_text, NULL)))
    long_text[0] = 0;
  trim(long_text);
  snprintf(text, size, "%.*s", (int)size - 1, long_text);
}

/* A number of a device that may be of 4 or 8 bytes; 0 if the driver does not say. */
static uint64_t read_number(interview *device, cl_device_info what)
{
  union {
    uint64_t whole;
    uint32_t half[2];
  } value = {0};
  size_t size = 0;
  if (!answers(device, clGetDeviceInfo(device->id, what, sizeof value, &value, &size))) return 0;
  return size == sizeof(uint32_t) ? value.half[0] : value.whole;
}

/* "OpenCL MAJOR.MINOR ...": at least 1.2? */
static bool is_recent(const char *version)
{
  unsigned major = 0, minor = 0;
  return sscanf(version, "OpenCL %3u.%3u", &major, &minor) == 2 && (major > 1 || (major == 1 && minor >= 2));
}

static bool has_extension(interview *device, const char *name)
{
  size_t size = 0;
  if (!answers(device, clGetDeviceInfo(device->id, CL_DEVICE_EXTENSIONS, 0, NULL, &size)) || !size) return false;
  char *all = malloc(size + 1);
  if (!all) {
    device->no_memory = true;
    return false;
  }
  bool has = false;
  if (answers(device, clGetDeviceInfo(device->id, CL_DEVICE_EXTENSIONS, size, all, NULL))) {
    all[size] = 0;
    const size_t length = strlen(name);
    for (const char *at = all; (at = strstr(at, name)); at += length)
      if ((at == all || at[-1] == ' ') && (at[length] == 0 || at[length] == ' ')) has = true;
  }
  free(all);
  return has;
}

static void read_type(interview *device, cr_facts *facts)
{
  const cl_device_type type = read_number(device, CL_DEVICE_TYPE);
  const bool cpu = type & CL_DEVICE_TYPE_CPU, gpu = type & CL_DEVICE_TYPE_GPU,
             other = type & CL_DEVICE_TYPE_ACCELERATOR;
  facts->several_types = cpu + gpu + other > 1;
  facts->type = gpu ? CR_DEVICE_GPU : cpu ? CR_DEVICE_CPU : other ? CR_DEVICE_ACCELERATOR : CR_DEVICE_OTHER;
}

/* What no fact of OpenCL tells, one line of why each: an entry names device, driver and date, and changes facts. */
static void quirks(cr_facts *facts)
{
  /* llvmpipe of Mesa 22.3.6, 26 November 2026: gallivm's limit of turns, of all loops of a work-item together, beyond
   * which it goes on behind them. test_resize showed it. */
  if (!strncmp(facts->name, "llvmpipe", strlen("llvmpipe"))) facts->most_turns = 65535;
  /* Drivers without the query leave 0; every device runs float4. */
  if (!facts->float_vector_width) facts->float_vector_width = facts->type == CR_DEVICE_CPU ? 4 : 1;
  if (!facts->largest_work_group) facts->largest_work_group = 1;
}

/* The one place where the environment may make a device smaller than it is. */
static clreid_status pretend(cr_facts *facts, clreid_error *error)
{
  CR_TRY(cr_pretend(getenv("CLREID_PRETEND"), facts, error));
  facts->fma_may_be_slow = facts->type != CR_DEVICE_CPU; /* on a CPU it is said only where there is the instruction */
  return CLREID_OK;
}

static clreid_status read_facts(cl_platform_id platform, cl_device_id id, cr_facts *facts, clreid_error *error)
{
  interview device = {platform, id, CL_SUCCESS, false};
  memset(facts, 0, sizeof *facts);
  read_platform_text(&device, CL_PLATFORM_NAME, facts->platform, sizeof facts->platform);
  read_platform_text(&device, CL_PLATFORM_VERSION, facts->platform_version, sizeof facts->platform_version);
  read_text(&device, CL_DEVICE_NAME, facts->name, sizeof facts->name);
  read_text(&device, CL_DEVICE_VENDOR, facts->vendor, sizeof facts->vendor);
  read_text(&device, CL_DEVICE_VERSION, facts->version, sizeof facts->version);
  read_text(&device, CL_DRIVER_VERSION, facts->driver, sizeof facts->driver);
  read_type(&device, facts);
  facts->compute_units = (unsigned)read_number(&device, CL_DEVICE_MAX_COMPUTE_UNITS);
  facts->clock_mhz = (unsigned)read_number(&device, CL_DEVICE_MAX_CLOCK_FREQUENCY);
  facts->float_vector_width = (unsigned)read_number(&device, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT);
  facts->fused_multiply_add = read_number(&device, CL_DEVICE_SINGLE_FP_CONFIG) & CL_FP_FMA;
  facts->half_arithmetic = has_extension(&device, "cl_khr_fp16");
  facts->local_memory_is_real = read_number(&device, CL_DEVICE_LOCAL_MEM_TYPE) == CL_LOCAL;
  facts->images = read_number(&device, CL_DEVICE_IMAGE_SUPPORT);
  facts->sub_groups = has_extension(&device, "cl_khr_subgroups") || has_extension(&device, "cl_intel_subgroups");
  facts->global_memory_bytes = read_number(&device, CL_DEVICE_GLOBAL_MEM_SIZE);
  facts->largest_buffer_bytes = read_number(&device, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
  facts->local_memory_bytes = read_number(&device, CL_DEVICE_LOCAL_MEM_SIZE);
  facts->largest_work_group = read_number(&device, CL_DEVICE_MAX_WORK_GROUP_SIZE);
  quirks(facts);

  const char *problem = !read_number(&device, CL_DEVICE_AVAILABLE) ? "the driver says that it is not available"
                        : !read_number(&device, CL_DEVICE_COMPILER_AVAILABLE) ? "its driver has no compiler"
                        : !read_number(&device, CL_DEVICE_ENDIAN_LITTLE)      ? "it is big-endian"
                        : !is_recent(facts->version)                          ? "it is older than OpenCL 1.2"
                                                                              : "";
  snprintf(facts->problem, sizeof facts->problem, "%s", problem);
  if (device.failure != CL_SUCCESS)
    snprintf(facts->problem, sizeof facts->problem, "its driver failed to tell its facts (%s, %d)",
             cr_code_name(device.failure), device.failure);
  facts->usable = !*facts->problem;
  if (device.no_memory) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for the facts of %s", facts->name);
  return pretend(facts, error);
}

/* ---- The list --------------------------------------------------------------------------------------------------- */

static clreid_status add_device(found *all, cl_platform_id platform, cl_device_id id, clreid_error *error)
{
  cr_facts *facts = realloc(all->facts, (all->count + 1) * sizeof *facts);
  if (facts) all->facts = facts;
  cl_device_id *ids = realloc(all->ids, (all->count + 1) * sizeof *ids);
  if (ids) all->ids = ids;
  if (!facts || !ids)
    return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a list of %zu devices", all->count + 1);
  CR_TRY(read_facts(platform, id, &all->facts[all->count], error));
  all->facts[all->count].index = (int)all->count;
  all->ids[all->count++] = id;
  return CLREID_OK;
}

static clreid_status pass_over(cl_platform_id platform, cl_int code, const cr_log *log)
{
  char name[128];
  read_platform_text(&(interview){.platform = platform}, CL_PLATFORM_NAME, name, sizeof name);
  cr_say(log, "platform %s is passed over: clGetDeviceIDs gave %s (%d)", name, cr_code_name(code), code);
  return CLREID_OK;
}

static clreid_status add_platform(found *all, cl_platform_id platform, const cr_log *log, clreid_error *error)
{
  cl_uint count = 0, given = 0;
  cl_int code = clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, NULL, &count);
  if (code != CL_SUCCESS) return pass_over(platform, code, log);
  cl_device_id *ids = calloc((size_t)count + 1, sizeof *ids);
  if (!ids) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a list of %u devices", count);
  code = count ? clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, count, ids, &given) : CL_DEVICE_NOT_FOUND;
  clreid_status status = code == CL_SUCCESS ? CLREID_OK : pass_over(platform, code, log);
  for (cl_uint i = 0; code == CL_SUCCESS && i < count && i < given && status == CLREID_OK; i++)
    status = add_device(all, platform, ids[i], error);
  free(ids);
  return status;
}

static void found_free(found *all)
{
  free(all->facts);
  free(all->ids);
}

/* The greater, the rather it is the default: usable, of one type, a GPU, a CPU, and among equals the faster by units
 * times clock. */
static double preference(const cr_facts *facts)
{
  const double speed = (double)facts->compute_units * (facts->clock_mhz ? facts->clock_mhz : 1);
  return (facts->usable ? 8e12 : 0) + (facts->several_types ? 0 : 4e12) +
         (facts->type == CR_DEVICE_GPU   ? 2e12
          : facts->type == CR_DEVICE_CPU ? 1e12
                                         : 0) +
         (speed < 1e12 ? speed : 1e12 - 1);
}

/* The preferred device of a type (CR_DEVICE_OTHER: of any), or count if there is none that is usable. */
static size_t preferred(const found *all, cr_device_type type)
{
  size_t best = all->count;
  for (size_t i = 0; i < all->count; i++) {
    if (!all->facts[i].usable || (type != CR_DEVICE_OTHER && all->facts[i].type != type)) continue;
    if (best == all->count || preference(&all->facts[i]) > preference(&all->facts[best])) best = i;
  }
  return best;
}

/* *platforms is freed by the caller, whatever the status. */
static clreid_status find_platforms(cl_platform_id **platforms, cl_uint *count, clreid_error *error)
{
  CR_TRY(cr_opencl_load(error));
  cl_int code = clGetPlatformIDs(0, NULL, count);
  if (code == CL_SUCCESS && *count) {
    *platforms = calloc(*count, sizeof **platforms);
    if (!*platforms) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a list of %u platforms", *count);
    code = clGetPlatformIDs(*count, *platforms, NULL);
    if (code == CL_SUCCESS) return CLREID_OK;
  }
  return cr_fail(
      error, CLREID_UNSUPPORTED_PLATFORM,
      "no OpenCL platform is installed (%s, %d); install the driver of your GPU, or pocl-opencl-icd to run on "
      "the CPU",
      cr_code_name(code), code);
}

static clreid_status find_devices(found *all, const cr_log *log, clreid_error *error)
{
  cl_platform_id *platforms = NULL;
  cl_uint count = 0;
  clreid_status status = find_platforms(&platforms, &count, error);
  for (cl_uint i = 0; i < count && status == CLREID_OK; i++) status = add_platform(all, platforms[i], log, error);
  free(platforms);
  if (status == CLREID_OK && all->count) {
    const size_t best = preferred(all, CR_DEVICE_OTHER);
    if (best < all->count) all->facts[best].is_default = true;
    return CLREID_OK;
  }
  found_free(all);
  if (status != CLREID_OK) return status;
  return cr_fail(
      error, CLREID_UNSUPPORTED_PLATFORM,
      "%u OpenCL platforms are installed, but 0 devices; install the driver of your GPU, or pocl-opencl-icd to "
      "run on the CPU",
      count);
}

clreid_status cr_devices_list(cr_facts **list, size_t *count, size_t *default_index, const cr_log *log,
                              clreid_error *error)
{
  found all = {0};
  CR_TRY(find_devices(&all, log, error));
  *list = all.facts;
  *count = all.count;
  *default_index = preferred(&all, CR_DEVICE_OTHER);
  free(all.ids);
  return CLREID_OK;
}

/* ---- Opening ---------------------------------------------------------------------------------------------------- */

static clreid_status choose(const found *all, const char *choice, size_t *index, clreid_error *error)
{
  if (!choice || !strcmp(choice, "cpu") || !strcmp(choice, "gpu")) {
    const cr_device_type type = !choice ? CR_DEVICE_OTHER : *choice == 'c' ? CR_DEVICE_CPU : CR_DEVICE_GPU;
    *index = preferred(all, type);
    if (*index < all->count) return CLREID_OK;
    return cr_fail(error, CLREID_UNSUPPORTED_DEVICE,
                   "none of the %zu OpenCL devices is a usable %s; `clreid devices` lists them", all->count,
                   choice ? choice : "device");
  }
  char *end;
  const unsigned long number = strtoul(choice, &end, 10);
  if (*choice < '0' || *choice > '9' || *end)
    return cr_fail(error, CLREID_INVALID_ARGUMENT,
                   "device '%.64s' is none of cpu, gpu or an index; `clreid devices` lists the %zu devices", choice,
                   all->count);
  if (number >= all->count && all->count == 1)
    return cr_fail(error, CLREID_UNSUPPORTED_DEVICE, "there is no device %.64s: the only one has index 0", choice);
  if (number >= all->count)
    return cr_fail(error, CLREID_UNSUPPORTED_DEVICE, "there is no device %.64s: the %zu devices have indices 0 to %zu",
                   choice, all->count, all->count - 1);
  if (!all->facts[number].usable)
    return cr_fail(error, CLREID_UNSUPPORTED_DEVICE, "device %lu (%s) cannot be used: %s", number,
                   all->facts[number].name, all->facts[number].problem);
  *index = number;
  return CLREID_OK;
}

static char *copy_text(const char *text)
{
  char *copy = text && *text ? malloc(strlen(text) + 1) : NULL;
  return copy ? strcpy(copy, text) : NULL;
}

static void destroy(cr_device *device)
{
#ifdef CLREID_CLBLAST
  if (device->uses_clblast) cr_clblast_leave();
#endif
  cr_programs_free(device);
  cr_slab_give(device->slab);
  if (device->is_adopted) clReleaseDevice(device->id);
  if (device->context) clReleaseContext(device->context);
  cr_mutex_destroy(device->mutex);
  cr_mutex_destroy(device->building);
  cr_tuning_free(device);
  cr_proofs_free(device);
  free(device->cache_folder);
  free(device->tuning_folder);
  free(device->kernel_folder);
  free(device);
}

static clreid_status take_context(cr_device *device, cl_context context, clreid_error *error)
{
  cl_int code = CL_SUCCESS;
  if (!context) {
    device->context = clCreateContext(NULL, 1, &device->id, NULL, NULL, &code);
    return cr_check(code, "clCreateContext", error);
  }
  CR_TRY(cr_check(clRetainContext(context), "clRetainContext", error));
  device->context = context;
  CR_TRY(cr_check(clRetainDevice(device->id), "clRetainDevice", error));
  device->is_adopted = true;
  return CLREID_OK;
}

/* In the context, which is retained, or in one of its own if that is NULL. */
static clreid_status create(const cr_device_config *config, const cr_facts *facts, cl_device_id id, cl_context context,
                            cr_device **result, clreid_error *error)
{
  cr_device *device = calloc(1, sizeof *device);
  if (!device) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a device");
  device->facts = *facts;
  device->id = id;
  device->log = config->log;
  device->references = 1;
  device->half_wide = facts->type == CR_DEVICE_CPU && !facts->half_arithmetic;
  device->mutex = cr_mutex_create();
  device->building = cr_mutex_create();
  const char *kernels = config->kernel_folder ? config->kernel_folder : getenv("CLREID_KERNELS");
  device->kernel_folder = copy_text(kernels);
  char folder[1024];
  if (config->cache_folder)
    device->cache_folder = copy_text(config->cache_folder);
  else if (cr_cache_folder(folder, sizeof folder))
    device->cache_folder = copy_text(folder);
  const char *tuning = config->tuning_folder ? config->tuning_folder : getenv("CLREID_TUNING");
  if (tuning)
    device->tuning_folder = copy_text(tuning);
  else if (cr_cache_folder(folder, sizeof folder))
    device->tuning_folder = copy_text(folder);
  clreid_status status = take_context(device, context, error);
  if (status == CLREID_OK && (!device->mutex || !device->building))
    status = cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a lock");
  if (status == CLREID_OK && kernels && *kernels && !device->kernel_folder)
    status = cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for the path of the kernels");
  if (status != CLREID_OK) {
    destroy(device);
    return status;
  }
  cr_tuning_load(device);
  if (device->is_adopted)
    cr_say(&device->log, "device of the application: %s (%s, driver %s)", facts->name, facts->platform, facts->driver);
  else
    cr_say(&device->log, "device %d: %s (%s, driver %s)", facts->index, facts->name, facts->platform, facts->driver);
  *result = device;
  return CLREID_OK;
}

clreid_status cr_device_open(const cr_device_config *config, cr_device **device, clreid_error *error)
{
  found all = {0};
  CR_TRY(find_devices(&all, &config->log, error));
  size_t index = 0;
  clreid_status status = choose(&all, config->choice, &index, error);
  if (status == CLREID_OK) status = create(config, &all.facts[index], all.ids[index], NULL, device, error);
  found_free(&all);
  return status;
}

/* ---- Adopting --------------------------------------------------------------------------------------------------- */

/* *ids is freed by the caller, whatever the status. */
static clreid_status devices_of(cl_context context, cl_device_id **ids, cl_uint *count, clreid_error *error)
{
  size_t bytes = 0;
  CR_TRY(cr_check(clGetContextInfo(context, CL_CONTEXT_DEVICES, 0, NULL, &bytes), "clGetContextInfo", error));
  *count = (cl_uint)(bytes / sizeof **ids);
  *ids = calloc((size_t)*count + 1, sizeof **ids);
  if (!*ids) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a list of %u devices", *count);
  return cr_check(clGetContextInfo(context, CL_CONTEXT_DEVICES, bytes, *ids, NULL), "clGetContextInfo", error);
}

/* The device that it is a part of, NULL if it is whole or none at all. */
static clreid_status parent_of(cl_device_id id, cl_device_id *parent, clreid_error *error)
{
  *parent = NULL;
  const cl_int code = clGetDeviceInfo(id, CL_DEVICE_PARENT_DEVICE, sizeof *parent, parent, NULL);
  if (code == CL_SUCCESS) return CLREID_OK;
  *parent = NULL;
  return code == CL_INVALID_DEVICE ? CLREID_OK : cr_check(code, "clGetDeviceInfo", error);
}

/* Is it one of them, or a part of one? Some drivers list the whole device where a context was made for a part. */
static clreid_status find_in(cl_device_id id, const cl_device_id *ids, cl_uint count, clreid_error *error)
{
  for (cl_device_id whole = id, parent; whole; whole = parent) {
    for (cl_uint i = 0; i < count; i++)
      if (ids[i] == whole) return CLREID_OK;
    CR_TRY(parent_of(whole, &parent, error));
  }
  return cr_fail(error, CLREID_INVALID_ARGUMENT, "the device is none of the context's %u; name one of those", count);
}

/* The one that is asked for, or the only one if none is. */
static clreid_status choose_of(cl_context context, cl_device_id asked, cl_device_id *id, clreid_error *error)
{
  cl_device_id *ids = NULL;
  cl_uint count = 0;
  clreid_status status = devices_of(context, &ids, &count, error);
  if (status == CLREID_OK && !asked && count != 1)
    status = cr_fail(error, CLREID_INVALID_ARGUMENT, "the context has %u devices; name the one to be used", count);
  if (status == CLREID_OK) *id = asked ? asked : ids[0];
  if (status == CLREID_OK) status = find_in(*id, ids, count, error);
  free(ids);
  return status;
}

clreid_status cr_device_adopt(cl_context context, cl_device_id asked, const cr_device_config *config,
                              cr_device **device, clreid_error *error)
{
  cl_device_id id;
  cl_platform_id platform;
  cr_facts facts;
  if (config->choice)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "a device is adopted, so there is nothing for the choice '%.64s'",
                   config->choice);
  CR_TRY(cr_opencl_load(error));
  CR_TRY(choose_of(context, asked, &id, error));
  CR_TRY(cr_check(clGetDeviceInfo(id, CL_DEVICE_PLATFORM, sizeof platform, &platform, NULL), "clGetDeviceInfo", error));
  CR_TRY(read_facts(platform, id, &facts, error));
  facts.index = -1;
  if (!facts.usable)
    return cr_fail(error, CLREID_UNSUPPORTED_DEVICE, "the context's device (%s) cannot be used: %s", facts.name,
                   facts.problem);
  return create(config, &facts, id, context, device, error);
}

bool cr_device_is_adopted(const cr_device *device)
{
  return device->is_adopted;
}

/* ---- Life ------------------------------------------------------------------------------------------------------- */

void cr_device_retain(cr_device *device)
{
  cr_mutex_lock(device->mutex);
  device->references++;
  cr_mutex_unlock(device->mutex);
}

void cr_device_release(cr_device *device)
{
  if (!device) return;
  cr_mutex_lock(device->mutex);
  const int left = --device->references;
  cr_mutex_unlock(device->mutex);
  if (!left) destroy(device);
}

void cr_device_compile_alone(cr_device *device)
{
  cr_mutex_lock(device->building);
}

void cr_device_compile_done(cr_device *device)
{
  cr_mutex_unlock(device->building);
}

bool cr_facts_walk(const cr_facts *facts)
{
  return facts->type == CR_DEVICE_CPU && !facts->most_turns;
}

const cr_facts *cr_device_facts(const cr_device *device)
{
  return &device->facts;
}

const cr_log *cr_device_log(const cr_device *device)
{
  return &device->log;
}
