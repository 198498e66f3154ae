/*
 * command_embed.c - clreid embed: picture files in, a .npy file of features out, a batch at a time.
 *
 * Row k is picture k's. A picture that cannot be read or embedded costs its own row, which becomes NaN, and is named at
 * the end. The file and the device are tried before the first picture is read. With several weight files each picture
 * is read once, and its row holds the features of all (embedder.c); with --masks it gets files of its own (masks.c).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "command.h"
#include "console.h"
#include "embedder.h"
#include "masks.h"
#include "npy.h"
#include "output.h"
#include "progress.h"

enum { MOST_BATCH = 1024, FEATURE_NECK = 0 };

typedef struct settings {
  options_texts weights;
  const char *network, *out, *masks;
  const char *const *paths;
  size_t count; /* of paths */
  uint64_t batch;
  int precision, feature;
  bool unit_length, flip;
  options_common common;
} settings;

/* What a run holds. All of it is released by release(). */
typedef struct run {
  const settings *set;
  device_set devices;
  embedder *network;
  batch_reader *reader;
  output *file;
  size_t length;            /* D */
  clreid_picture *pictures; /* [2 * batch]: the readable ones of a batch, with --flip each again, mirrored */
  float *features;          /* [2 * batch][D]: theirs */
  float *rows;              /* [batch][D]: what is written */
  char **problems;          /* [count]: why a picture has no feature; NULL: it has one */
  size_t problem_count;
} run;

static clreid_status no_memory(clreid_error *error)
{
  return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for the features of a batch: make --batch smaller");
}

/* ---- Before the first picture ------------------------------------------------------------------------------------ */

static clreid_status open_network(run *it, clreid_error *error)
{
  const settings *set = it->set;
  const size_t passes = set->flip ? 2 * set->count : set->count;
  const embedder_config config = {.weights = set->weights.items,
                                  .count = set->weights.count,
                                  .network = set->network,
                                  .precision = set->precision == 1 ? CLREID_FP16 : CLREID_FP32,
                                  .pooled = set->feature != FEATURE_NECK,
                                  .unit_length = set->unit_length,
                                  .largest_batch = (int)(passes < set->batch ? passes : set->batch),
                                  .most = (size_t)set->batch * (set->flip ? 2 : 1),
                                  .masks = set->masks};
  const clreid_status status = device_set_open(&set->common, &it->devices, error);
  return status == CLREID_OK ? embedder_create(&it->devices, &config, &it->network, error) : status;
}

static clreid_status allocate(run *it, clreid_error *error)
{
  it->length = embedder_length(it->network);
  const size_t most = it->set->batch;
  it->pictures = calloc(2 * most, sizeof *it->pictures);
  it->features = calloc(2 * most * it->length, sizeof *it->features);
  it->rows = calloc(most * it->length, sizeof *it->rows);
  it->problems = calloc(it->set->count, sizeof *it->problems);
  return it->pictures && it->features && it->rows && it->problems ? CLREID_OK : no_memory(error);
}

static clreid_status begin_file(run *it, clreid_error *error)
{
  char header[NPY_HEADER_BYTES];
  const size_t bytes = npy_header(it->set->count, it->length, header);
  const clreid_status status =
      output_reserve(it->file, bytes + (uint64_t)it->set->count * it->length * sizeof(float), error);
  return status == CLREID_OK ? output_write(it->file, header, bytes, error) : status;
}

static clreid_status check_inputs(const settings *set, clreid_error *error)
{
  clreid_status status = CLREID_OK;
  for (size_t i = 0; i < set->weights.count && status == CLREID_OK; ++i) {
    status = output_check_input(set->out, set->weights.items[i], error);
  }
  for (size_t i = 0; i < set->count && status == CLREID_OK; ++i) {
    status = output_check_input(set->out, set->paths[i], error);
  }
  return status;
}

static clreid_status prepare(run *it, clreid_error *error)
{
  clreid_status status = check_inputs(it->set, error);
  if (status == CLREID_OK && it->set->masks) status = masks_check_folder(it->set->masks, error);
  if (status == CLREID_OK) status = output_create(it->set->out, &it->file, error);
  if (status == CLREID_OK) status = open_network(it, error);
  if (status == CLREID_OK) status = allocate(it, error);
  if (status == CLREID_OK) status = begin_file(it, error);
  if (status == CLREID_OK) {
    status = batch_reader_create(it->set->paths, it->set->count, (size_t)it->set->batch, &it->reader, error);
  }
  return status;
}

static void release(run *it)
{
  batch_reader_destroy(it->reader);
  embedder_destroy(it->network);
  device_set_close(&it->devices);
  output_abandon(it->file);
  for (size_t i = 0; it->problems && i < it->set->count; ++i) free(it->problems[i]);
  free(it->problems);
  free(it->pictures);
  free(it->features);
  free(it->rows);
}

/* ---- A batch ----------------------------------------------------------------------------------------------------- */

static clreid_status note_problem(run *it, size_t place, const char *text, clreid_error *error)
{
  it->problems[place] = strdup(text);
  if (!it->problems[place]) return no_memory(error);
  ++it->problem_count;
  return CLREID_OK;
}

static clreid_picture as_picture(const picture *read, bool mirrored)
{
  return (clreid_picture){.pixels = read->pixels, .width = read->width, .height = read->height, .mirrored = mirrored};
}

static float *row_of(const run *it, size_t place)
{
  return it->rows + place * it->length;
}

/* Embeds pictures places[count] of the batch together. */
static clreid_status embed_places(run *it, const batch *now, const size_t *places, size_t count, clreid_error *error)
{
  for (size_t i = 0; i < count; ++i) {
    it->pictures[i] = as_picture(&now->pictures[places[i]], false);
    it->pictures[count + i] = as_picture(&now->pictures[places[i]], true);
  }
  clreid_status status =
      embedder_run(it->network, it->pictures, it->set->flip ? 2 * count : count, it->features, error);
  for (size_t i = 0; i < count && status == CLREID_OK; ++i) {
    const float *feature = it->features + i * it->length, *mirrored = feature + count * it->length;
    embedder_finish(it->network, feature, it->set->flip ? mirrored : NULL, row_of(it, places[i]));
    status = embedder_write_masks(it->network, i, now->first + places[i], &now->pictures[places[i]], error);
  }
  return status;
}

/* A status that a picture may be to blame for, and not the device or the disk. */
static bool is_the_pictures_fault(clreid_status status)
{
  return status == CLREID_INVALID_PICTURE || status == CLREID_NOT_FINITE;
}

/* Together first; if that fails by the fault of one of them, each alone, to find out which. */
static clreid_status embed_batch(run *it, const batch *now, clreid_error *error)
{
  size_t places[MOST_BATCH], count = 0;
  clreid_status status = CLREID_OK;
  for (size_t i = 0; i < now->count && status == CLREID_OK; ++i) {
    if (now->pictures[i].pixels) {
      places[count++] = i;
    } else {
      status = note_problem(it, now->first + i, now->errors[i].text, error);
    }
  }
  if (status != CLREID_OK || count == 0) return status;
  status = embed_places(it, now, places, count, error);
  if (!is_the_pictures_fault(status)) return status;
  status = CLREID_OK;
  for (size_t i = 0; i < count && status == CLREID_OK; ++i) {
    status = embed_places(it, now, &places[i], 1, error);
    if (is_the_pictures_fault(status)) status = note_problem(it, now->first + places[i], error->text, error);
  }
  return status;
}

static void mark_missing_rows(const run *it, const batch *now)
{
  for (size_t i = 0; i < now->count; ++i) {
    if (!it->problems[now->first + i]) continue;
    for (size_t c = 0; c < it->length; ++c) row_of(it, i)[c] = NAN;
  }
}

static clreid_status embed_all(run *it, clreid_error *error)
{
  clreid_status status = CLREID_OK;
  progress_start("embed", it->set->count);
  for (const batch *now; status == CLREID_OK && (now = batch_reader_next(it->reader)) != NULL;) {
    status = embed_batch(it, now, error);
    if (status != CLREID_OK) break;
    mark_missing_rows(it, now);
    status = output_write(it->file, it->rows, now->count * it->length * sizeof *it->rows, error);
    progress_show(now->first + now->count);
  }
  progress_clear();
  return status;
}

/* ---- The end ----------------------------------------------------------------------------------------------------- */

/* One line for each picture without a feature, saying what became of it. */
static void name_problems(const run *it, bool written)
{
  for (size_t i = 0; i < it->set->count; ++i) {
    if (!it->problems[i]) continue;
    if (written) {
      console_complain("%s: %s; row %zu of %s is NaN", it->set->paths[i], it->problems[i], i, it->set->out);
    } else {
      console_complain("%s: %s; no picture is left for %s", it->set->paths[i], it->problems[i], it->set->out);
    }
  }
}

static clreid_status finish_file(run *it, clreid_error *error)
{
  output *file = it->file;
  it->file = NULL;
  if (it->problem_count == it->set->count) {
    output_abandon(file);
    return CLREID_OK;
  }
  return output_commit(file, error);
}

static int embed_pictures(const settings *set)
{
  run it = {.set = set};
  clreid_error error;
  clreid_status status = prepare(&it, &error);
  if (status == CLREID_OK) status = embed_all(&it, &error);
  if (status == CLREID_OK) status = finish_file(&it, &error);
  if (status == CLREID_OK) name_problems(&it, it.problem_count < set->count);
  const bool whole = status == CLREID_OK && it.problem_count == 0;
  release(&it);
  if (status != CLREID_OK) return console_error(&error);
  return whole ? PROGRAM_DONE : PROGRAM_FAILED;
}

/* A name for several files would be right for networks of one kind alone, where none of them says it. */
static bool network_is_clear(const settings *set)
{
  if (!set->network || set->weights.count == 1) return true;
  console_complain("embed: --network can be given with one --weights, not with %zu: let the files name their networks",
                   set->weights.count);
  return false;
}

int command_embed(int argc, char **argv)
{
  settings set = {.batch = 8};
  const options_row rows[] = {
      {.name = "weights",
       .kind = OPTIONS_TEXTS,
       .value = &set.weights,
       .argument = "W.safetensors",
       .required = true,
       .help = "the weight file; of several, features of length 1 stand side by side"},
      {.name = "out",
       .kind = OPTIONS_TEXT,
       .value = &set.out,
       .argument = "F.npy",
       .required = true,
       .help = "the features, float32 (pictures, feature length)"},
      {.name = "network",
       .kind = OPTIONS_TEXT,
       .value = &set.network,
       .argument = "NAME",
       .help = "where the weight file does not say it"},
      {.name = "batch",
       .kind = OPTIONS_NUMBER,
       .value = &set.batch,
       .argument = "N",
       .least = 1,
       .most = MOST_BATCH,
       .help = "pictures that the device works on at a time (8)"},
      {.name = "precision",
       .kind = OPTIONS_WORD,
       .value = &set.precision,
       .argument = "fp32|fp16",
       .help = "of what is stored; sums are fp32 (fp32)"},
      {.name = "feature",
       .kind = OPTIONS_WORD,
       .value = &set.feature,
       .argument = "neck|pooled",
       .help = "after or before the last batch norm (neck)"},
      {.name = "l2", .kind = OPTIONS_FLAG, .value = &set.unit_length, .help = "scale each feature to length 1"},
      {.name = "flip",
       .kind = OPTIONS_FLAG,
       .value = &set.flip,
       .help = "the mean of a picture's feature and its mirror image's"},
      {.name = "masks",
       .kind = OPTIONS_TEXT,
       .value = &set.masks,
       .argument = "FOLDER",
       .help = "what the network attends to, as INDEX.NAME.png and .npy there"},
  };
  const options_table table = {.summary =
                                   "Turns pictures (JPEG, PNG, BMP) into features: row k is picture k's. The row "
                                   "of a picture that\ncannot be read is NaN, and the exit code is 1.",
                               .operands = "PICTURE...",
                               .rows = rows,
                               .row_count = sizeof rows / sizeof *rows,
                               .all_devices = true};
  int first, code;
  if (options_parse(&table, argc, argv, &set.common, &first, &code)) {
    set.paths = (const char *const *)(argv + first);
    set.count = (size_t)(argc - first);
    code = network_is_clear(&set) ? embed_pictures(&set) : PROGRAM_USAGE;
  }
  free(set.weights.items);
  return code;
}
