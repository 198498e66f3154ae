/*
 * api.c - the public functions about the library, its devices and its networks. Models are in model.c, sessions in
 * session.c.
 */
#include "api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"

const char *clreid_version(void)
{
  return CLREID_VERSION;
}

const char *clreid_status_name(clreid_status status)
{
  switch (status) {
#define NAME(status)                                                                                                   \
  case status:                                                                                                         \
    return #status
    NAME(CLREID_OK);
    NAME(CLREID_INVALID_ARGUMENT);
    NAME(CLREID_INVALID_FILE);
    NAME(CLREID_INVALID_WEIGHTS);
    NAME(CLREID_INVALID_NETWORK);
    NAME(CLREID_INVALID_PICTURE);
    NAME(CLREID_UNSUPPORTED_PLATFORM);
    NAME(CLREID_UNSUPPORTED_DEVICE);
    NAME(CLREID_UNSUPPORTED_MODEL);
    NAME(CLREID_NOT_FINITE);
    NAME(CLREID_OUT_OF_MEMORY);
    NAME(CLREID_OUT_OF_DEVICE_MEMORY);
    NAME(CLREID_DEVICE_FAILED);
#undef NAME
  }
  return "an unknown status";
}

/* ---- Devices ---------------------------------------------------------------------------------------------------- */

static void fill_info(clreid_device_info *info, const cr_facts *facts)
{
  static const clreid_device_type types[] = {[CR_DEVICE_OTHER] = CLREID_DEVICE_OTHER,
                                             [CR_DEVICE_CPU] = CLREID_DEVICE_CPU,
                                             [CR_DEVICE_GPU] = CLREID_DEVICE_GPU,
                                             [CR_DEVICE_ACCELERATOR] = CLREID_DEVICE_ACCELERATOR};
  memset(info, 0, sizeof *info);
  info->index = facts->index;
  info->type = types[facts->type];
  info->is_default = facts->is_default;
  info->usable = facts->usable;
  snprintf(info->name, sizeof info->name, "%s", facts->name);
  snprintf(info->vendor, sizeof info->vendor, "%s", facts->vendor);
  snprintf(info->platform, sizeof info->platform, "%s", facts->platform);
  snprintf(info->version, sizeof info->version, "%s", facts->version);
  snprintf(info->driver, sizeof info->driver, "%s", facts->driver);
  snprintf(info->problem, sizeof info->problem, "%s", facts->problem);
  info->compute_units = facts->compute_units;
  info->clock_mhz = facts->clock_mhz;
  info->float_vector_width = facts->float_vector_width;
  info->fused_multiply_add = facts->fused_multiply_add;
  info->half_arithmetic = facts->half_arithmetic;
  info->global_memory_bytes = facts->global_memory_bytes;
  info->largest_buffer_bytes = facts->largest_buffer_bytes;
  info->local_memory_bytes = facts->local_memory_bytes;
  info->largest_work_group = facts->largest_work_group;
}

clreid_status clreid_devices_list(clreid_device_info **list, size_t *count, clreid_log *log, void *log_user,
                                  clreid_error *error)
{
  if (!list || !count) return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_devices_list needs list and count");
  *list = NULL;
  *count = 0;
  const cr_log to = {log, log_user};
  cr_facts *facts;
  size_t found, default_index;
  CR_TRY(cr_devices_list(&facts, &found, &default_index, &to, error));
  *list = calloc(found, sizeof **list);
  for (size_t i = 0; *list && i < found; i++) fill_info(&(*list)[i], &facts[i]);
  free(facts);
  if (!*list) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a list of %zu devices", found);
  *count = found;
  return CLREID_OK;
}

void clreid_devices_free(clreid_device_info *list)
{
  free(list);
}

cr_device_config cr_api_device_config(const clreid_device_config *config)
{
  return (cr_device_config){.choice = config->choice,
                            .cache_folder = config->cache_folder,
                            .tuning_folder = config->tuning_folder,
                            .kernel_folder = config->kernel_folder,
                            .log = {config->log, config->log_user}};
}

clreid_status clreid_device_open(const clreid_device_config *config, clreid_device **result, clreid_error *error)
{
  if (!result) return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_device_open needs device");
  *result = NULL;
  const clreid_device_config defaults = {0};
  if (!config) config = &defaults;
  const cr_device_config host = cr_api_device_config(config);
  clreid_device *device = calloc(1, sizeof *device);
  if (!device) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a device");
  const clreid_status status = cr_device_open(&host, &device->device, error);
  if (status != CLREID_OK) {
    free(device);
    return status;
  }
  *result = device;
  return CLREID_OK;
}

void clreid_device_close(clreid_device *device)
{
  if (!device) return;
  cr_device_release(device->device);
  free(device);
}

void clreid_device_describe(const clreid_device *device, clreid_device_info *info)
{
  if (device && info) fill_info(info, cr_device_facts(device->device));
}

clreid_status clreid_device_measure(clreid_device *device, clreid_device_peaks *peaks, clreid_error *error)
{
  if (!device || !peaks) return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_device_measure needs device and peaks");
  cr_peaks measured;
  CR_TRY(cr_peaks_measure(device->device, &measured, error));
  *peaks = (clreid_device_peaks){.multiply_adds = measured.multiply_adds, .copied_bytes = measured.copied_bytes};
  return CLREID_OK;
}

clreid_status clreid_selftest(clreid_device *device, int *checks, clreid_error *error)
{
  int count = 0;
  if (!device) return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_selftest needs a device");
  return cr_selftest(device->device, checks ? checks : &count, error);
}

/* ---- Networks --------------------------------------------------------------------------------------------------- */

static uint64_t planned_multiply_adds(const cr_graph *graph, int *feature_length)
{
  cr_plan *plan;
  const cr_plan_config config = {0};
  const cr_log silent = {NULL, NULL};
  if (cr_plan_create(graph, &config, &silent, &plan, NULL) != CLREID_OK) return 0;
  const uint64_t sum = plan->multiply_adds;
  *feature_length = plan->feature_length;
  cr_plan_destroy(plan);
  return sum;
}

bool clreid_network_at(size_t index, clreid_network_info *info)
{
  const cr_network *network = cr_network_at(index);
  cr_graph *graph;
  if (!network || !info || cr_network_build(network, NULL, &graph, NULL) != CLREID_OK) return false;
  int count;
  const cr_graph_node *nodes = cr_graph_nodes(graph, &count);
  *info = (clreid_network_info){.name = network->name,
                                .height = nodes[0].height,
                                .width = nodes[0].width,
                                .parameters = cr_graph_parameters(graph),
                                .multiply_adds = cr_graph_multiply_adds(graph)};
  info->planned_multiply_adds = planned_multiply_adds(graph, &info->feature_length);
  cr_graph_destroy(graph);
  return true;
}

/* ---- Random weights --------------------------------------------------------------------------------------------- */

enum { MOST_OPTIONS = 32, OPTION_BYTES = 64 };

typedef struct option_list {
  char key[MOST_OPTIONS][OPTION_BYTES], value[MOST_OPTIONS][OPTION_BYTES];
  size_t count;
} option_list;

static const char *get_option(const void *user, const char *key)
{
  const option_list *list = user;
  for (size_t i = 0; i < list->count; i++)
    if (!strcmp(list->key[i], key)) return list->value[i];
  return NULL;
}

static clreid_status read_options(const cr_network *network, const char *const *options, size_t count,
                                  option_list *list, clreid_error *error)
{
  if (count > MOST_OPTIONS)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "%zu options were given, at most %d can be", count, MOST_OPTIONS);
  for (size_t i = 0; i < count; i++) {
    const char *equals = options[i] ? strchr(options[i], '=') : NULL;
    if (!equals || equals == options[i] || equals - options[i] >= OPTION_BYTES || strlen(equals + 1) >= OPTION_BYTES)
      return cr_fail(error, CLREID_INVALID_ARGUMENT, "option '%.64s' is not KEY=VALUE with less than %d bytes each",
                     options[i] ? options[i] : "", OPTION_BYTES);
    snprintf(list->key[i], OPTION_BYTES, "%.*s", (int)(equals - options[i]), options[i]);
    snprintf(list->value[i], OPTION_BYTES, "%s", equals + 1);
    if (!cr_network_takes(network, list->key[i]) && !cr_preprocess_takes(list->key[i]))
      return cr_fail(error, CLREID_INVALID_NETWORK, "%s takes no option %s", network->name, list->key[i]);
    if (get_option(list, list->key[i]))
      return cr_fail(error, CLREID_INVALID_ARGUMENT, "option %s is given twice", list->key[i]);
    list->count++;
  }
  return CLREID_OK;
}

static void fill_random(void *user, const cr_weight_spec *spec, float *values, size_t count)
{
  cr_random_fill(*(const uint64_t *)user, spec, values, count);
}

static clreid_status write_random(const cr_network *network, const cr_graph *graph, const option_list *list,
                                  uint64_t seed, const char *path, clreid_error *error)
{
  char seed_text[32];
  cr_metadata metadata[MOST_OPTIONS + 2] = {{"network", network->name}, {"random_seed", seed_text}};
  snprintf(seed_text, sizeof seed_text, "%llu", (unsigned long long)seed);
  for (size_t i = 0; i < list->count; i++) metadata[2 + i] = (cr_metadata){list->key[i], list->value[i]};
  size_t count;
  const cr_weight_spec *specs = cr_graph_weights(graph, &count);
  return cr_weights_write(path, specs, count, metadata, 2 + list->count, fill_random, &seed, error);
}

clreid_status clreid_weights_random(const char *name, const char *const *options, size_t option_count, uint64_t seed,
                                    const char *path, clreid_error *error)
{
  if (!name || !path || (option_count && !options))
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_weights_random needs network, options and path");
  const cr_network *network = cr_network_find(name, error);
  if (!network) return CLREID_INVALID_NETWORK;
  option_list *list = calloc(1, sizeof *list);
  if (!list) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for options");
  const cr_options get = {get_option, list};
  cr_preprocess preprocess;
  cr_graph *graph = NULL;
  clreid_status status = read_options(network, options, option_count, list, error);
  if (status == CLREID_OK) status = cr_preprocess_read(&preprocess, get_option, list, error);
  if (status == CLREID_OK) status = cr_network_build(network, &get, &graph, error);
  if (status == CLREID_OK) status = write_random(network, graph, list, seed, path, error);
  cr_graph_destroy(graph);
  free(list);
  return status;
}
