/*
 * seeds.c - fuzz_seeds FOLDER: writes FOLDER/NAME/..., small files for each fuzz target to begin with, by the library's
 * and the samples' own writers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "weights.h"

enum { MOST_PATH = 4096 };

static const char *folder;

static void stop(const char *what)
{
  fprintf(stderr, "fuzz_seeds: %s\n", what);
  exit(1);
}

static void must(clreid_status status, const clreid_error *error)
{
  if (status != CLREID_OK) stop(error->text);
}

/* FOLDER/TARGET/NAME, whose folder is there. */
static const char *seed_path(const char *target, const char *name)
{
  static char path[MOST_PATH];
  clreid_error error = {CLREID_OK, ""};
  snprintf(path, sizeof path, "%s/%s", folder, target);
  must(cr_make_folders(path, &error), &error);
  if (snprintf(path, sizeof path, "%s/%s/%s", folder, target, name) >= (int)sizeof path) stop("a path is too long");
  return path;
}

/* ---- safetensors ------------------------------------------------------------------------------------------------- */

static const cr_metadata network = {"network", "fnc"};
static const cr_metadata gallery[] = {
    {"format", "clreid-gallery"}, {"version", "1"}, {"metric", "cosine"}, {"next_id", "7"}};
static const cr_metadata distances[] = {
    {"format", "clreid-gallery"}, {"version", "1"}, {"metric", "euclidean"}, {"next_id", "99"}};

/* The files, and the tensors of each: name, dtype, shape. */
static const struct {
  const char *target, *name;
  const cr_metadata *metadata;
  size_t metadata_count, count;
  cr_tensor tensors[4];
} tensor_files[] = {
    {"weights",
     "whole",
     &network,
     1,
     3,
     {{"conv.weight", "F32", 4, {2, 1, 1, 3}}, {"conv.bias", "F32", 1, {2}}, {"norm.running_var", "F32", 1, {2}}}},
    {"weights",
     "halves",
     &network,
     1,
     4,
     {{"conv.weight", "F16", 4, {2, 1, 1, 3}},
      {"conv.bias", "BF16", 1, {2}},
      {"norm.running_var", "F16", 1, {2}},
      {"norm.num_batches_tracked", "I64", 0, {0}}}},
    {"weights",
     "strange",
     NULL,
     0,
     3,
     {{"conv.weight", "F64", 2, {2, 3}}, {"a", "U8", 3, {1, 0, 5}}, {"norm.running_var", "I32", 1, {4}}}},
    {"weights", "empty", NULL, 0, 0, {{0}}},
    {"gallery",
     "whole",
     gallery,
     4,
     4,
     {{"features", "F32", 2, {3, 4}}, {"ids", "I64", 1, {3}}, {"labels", "I64", 1, {3}}, {"times", "I64", 1, {3}}}},
    {"gallery",
     "halves",
     distances,
     4,
     3,
     {{"features", "F16", 2, {3, 2}}, {"labels", "I64", 1, {3}}, {"times", "I64", 1, {3}}}},
    {"gallery", "bare", NULL, 0, 1, {{"features", "BF16", 2, {2, 5}}}},
    {"gallery", "none", gallery, 3, 2, {{"features", "F32", 2, {0, 4}}, {"ids", "I64", 1, {0}}}},
};

/* Small ascending numbers, valid as features, variances, ids and labels alike. */
static clreid_status fill(void *user, size_t index, cr_file *file, clreid_error *error)
{
  const cr_tensor *t = (const cr_tensor *)user + index;
  size_t count = 1;
  for (int i = 0; i < t->dims; i++) count *= (size_t)t->shape[i];
  const unsigned bytes = strstr(t->dtype, "64") ? 8 : strstr(t->dtype, "32") ? 4 : strstr(t->dtype, "16") ? 2 : 1;
  for (size_t i = 0; i < count; i++) {
    const float value = 1.0f + (float)i;
    uint32_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    const uint16_t half = (uint16_t)(0x3c00 + i), top = (uint16_t)(bits >> 16);
    const uint64_t integer = i;
    const uint8_t byte = (uint8_t)i;
    const void *number = &bits;
    if (bytes == 8) number = &integer;
    if (bytes == 2) number = t->dtype[0] == 'B' ? &top : &half;
    CR_TRY(bytes == 1 ? cr_file_write(file, &byte, 1, error) : cr_tensors_put(file, number, 1, bytes, error));
  }
  return CLREID_OK;
}

static void make_tensor_files(void)
{
  for (size_t i = 0; i < sizeof tensor_files / sizeof *tensor_files; i++) {
    clreid_error error = {CLREID_OK, ""};
    must(cr_tensors_write(seed_path(tensor_files[i].target, tensor_files[i].name), tensor_files[i].tensors,
                          tensor_files[i].count, tensor_files[i].metadata, tensor_files[i].metadata_count, fill,
                          (void *)(uintptr_t)tensor_files[i].tensors, &error),
         &error);
  }
}

int main(int count, char **arguments)
{
  if (count != 2) stop("give the folder to write to");
  folder = arguments[1];
  make_tensor_files();
  return 0;
}
