/*
 * command_tune.c - clreid tune: the fastest kernels for a network on this device, kept for all later commands.
 *
 * Progress, a line a shape, goes to stderr; what was kept goes to stdout.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "console.h"
#include "interrupt.h"
#include "json.h"
#include "scratch.h"

enum { MOST_BATCH = 1024, MOST_SECONDS = 86400 };

typedef struct settings {
  const char *network, *weights;
  uint64_t batch, seconds;
  int precision;
  bool json, reset;
  options_common common;
} settings;

typedef struct run {
  const settings *set;
  scratch random; /* weights, where none are given */
  clreid_device *device;
  clreid_model *model;
  clreid_tune_info info;
  size_t dropped; /* rows, by --reset */
  json_t *rows;   /* what was kept */
} run;

/* ---- What is said ------------------------------------------------------------------------------------------------ */

static void show_layer(void *user, const clreid_tune_layer *layer)
{
  run *it = user;
  char line[640];
  if (layer->after)
    snprintf(line, sizeof line, "tune: %d of %d: %s: %s takes %.2f of the time of %s (%d tried, %d layers)",
             layer->done, layer->total, layer->name, layer->after, layer->ratio, layer->before, layer->tried,
             layer->layers);
  else
    snprintf(line, sizeof line, "tune: %d of %d: %s: %s stays (%d tried, %d layers)", layer->done, layer->total,
             layer->name, layer->before, layer->tried, layer->layers);
  console_log(NULL, line);
  if (!layer->after) return;
  if (!it->set->json)
    printf("%.3f  %s -> %s  %s, %d layers: %s\n", layer->ratio, layer->before, layer->after, layer->name, layer->layers,
           layer->shape);
  else
    it->rows = json_add(it->rows, json_pack("{s:s, s:s, s:i, s:s, s:s, s:f}", "shape", layer->shape, "layer",
                                            layer->name, "layers", layer->layers, "before", layer->before, "after",
                                            layer->after, "ratio", layer->ratio));
}

static int report(run *it)
{
  const clreid_tune_info *info = &it->info;
  if (!it->set->json) {
    if (it->set->reset) printf("%zu rows dropped\n", it->dropped);
    if (!it->model) return PROGRAM_DONE;
    printf("%d of %d shapes tuned in %.1f s: %d variants tried, %d refused, %d rows kept in %s\n", info->tuned,
           info->shapes, info->seconds, info->tried, info->refused, info->kept,
           info->folder ? info->folder : "no folder");
    return PROGRAM_DONE;
  }
  json_t *rows = it->rows;
  it->rows = NULL;
  const int code = json_show(json_pack("{s:I, s:i, s:i, s:i, s:i, s:i, s:f, s:o}", "dropped", (json_int_t)it->dropped,
                                       "shapes", info->shapes, "tuned", info->tuned, "kept", info->kept, "tried",
                                       info->tried, "refused", info->refused, "seconds", info->seconds, "rows", rows),
                             2);
  printf("\n");
  return code;
}

/* ---- The work ---------------------------------------------------------------------------------------------------- */

static clreid_status load(run *it, clreid_error *error)
{
  const settings *set = it->set;
  const clreid_model_config config = {.network = set->network,
                                      .precision = set->precision == 1 ? CLREID_FP16 : CLREID_FP32};
  clreid_status status = CLREID_OK;
  if (!set->weights) status = scratch_make(&it->random, set->network, error);
  if (status == CLREID_OK)
    status = clreid_model_load(it->device, set->weights ? set->weights : it->random.path, &config, &it->model, error);
  scratch_remove(&it->random);
  return status;
}

static clreid_status work(run *it, clreid_error *error)
{
  const settings *set = it->set;
  const clreid_tune_config config = {.largest_batch = (int)set->batch, .seconds = (double)set->seconds};
  interrupt_start(); /* before the device brings its threads */
  clreid_status status = command_open_device(&set->common, &it->device, error);
  if (status == CLREID_OK && set->reset) status = clreid_tune_reset(it->device, &it->dropped, error);
  if (status != CLREID_OK || (!set->network && !set->weights)) return status;
  status = load(it, error);
  if (status == CLREID_OK) status = clreid_tune(it->model, &config, show_layer, it, &it->info, error);
  return status;
}

static int tune(const settings *set)
{
  run *it = calloc(1, sizeof *it);
  clreid_error error;
  if (!it) {
    console_complain("no memory left");
    return PROGRAM_FAILED;
  }
  it->set = set;
  it->rows = json_array();
  const clreid_status status = work(it, &error);
  const int code = status == CLREID_OK ? report(it) : console_error(&error);
  json_decref(it->rows);
  clreid_model_free(it->model);
  clreid_device_close(it->device);
  free(it);
  return code;
}

int command_tune(int argc, char **argv)
{
  settings set = {.batch = 1, .seconds = 60};
  const options_row rows[] = {
      {.name = "network",
       .kind = OPTIONS_TEXT,
       .value = &set.network,
       .argument = "NAME",
       .help = "with random weights, or where the weight file does not say it"},
      {.name = "weights",
       .kind = OPTIONS_TEXT,
       .value = &set.weights,
       .argument = "W.safetensors",
       .help = "the weight file: for a network with options of its own"},
      {.name = "batch",
       .kind = OPTIONS_NUMBER,
       .value = &set.batch,
       .argument = "N",
       .least = 1,
       .most = MOST_BATCH,
       .help = "pictures that the device works on at a time (1)"},
      {.name = "precision",
       .kind = OPTIONS_WORD,
       .value = &set.precision,
       .argument = "fp32|fp16",
       .help = "of what is stored; sums are fp32 (fp32)"},
      {.name = "seconds",
       .kind = OPTIONS_NUMBER,
       .value = &set.seconds,
       .argument = "S",
       .least = 1,
       .most = MOST_SECONDS,
       .help = "that it may take, roughly (60)"},
      {.name = "reset",
       .kind = OPTIONS_FLAG,
       .value = &set.reset,
       .help = "first drop what was found for this device; alone: only that"},
      {.name = "json", .kind = OPTIONS_FLAG, .value = &set.json, .help = "one object"},
  };
  const options_table table = {
      .summary = "Looks for the fastest kernel variant of each layer of a network on this device, and keeps what is "
                 "faster by 3 % or\nmore in tuning.rows, in clreid/ of the user's cache folder or in the folder that "
                 "CLREID_TUNING names. Later commands\nwith the same network, batch and precision use it; their "
                 "features have the same bits as before. Nothing else should\nrun meanwhile. Needs --network, "
                 "--weights or --reset.",
      .rows = rows,
      .row_count = sizeof rows / sizeof *rows};
  int first, code;
  if (!options_parse(&table, argc, argv, &set.common, &first, &code)) return code;
  if (!set.network && !set.weights && !set.reset) {
    console_complain("tune: --network NAME, --weights W.safetensors or --reset is missing: see clreid tune --help");
    return PROGRAM_USAGE;
  }
  return tune(&set);
}
