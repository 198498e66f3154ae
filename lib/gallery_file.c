/*
 * gallery_file.c - a gallery as a safetensors file: what stands in it, and what is asked of one that comes from
 * elsewhere. The format itself is weights.c's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gallery.h"
#include "weights.h"

enum { FEATURES, IDS, LABELS, TIMES, TENSORS };
enum { PIECE = 4096 }; /* ids, labels and times written at a time */

static const char *const names[TENSORS] = {"features", "ids", "labels", "times"};
static const char *const metrics[] = {[CLREID_COSINE] = "cosine", [CLREID_EUCLIDEAN] = "euclidean"};
static const char format[] = "clreid-gallery", version[] = "1";

/* ---- Save -------------------------------------------------------------------------------------------------------- */

static clreid_status put_features(clreid_gallery *g, cr_file *file, clreid_error *error)
{
  const size_t length = (size_t)g->config.feature_length;
  for (size_t b = 0; b < g->block_count; b++) {
    const cr_gallery_block *block = g->blocks[b];
    for (int r = 0; r < block->used;) {
      int listed = 0;
      for (; r < block->used && listed < g->staged; r++)
        if (cr_gallery_there(&block->rows[r])) g->list[listed++] = r;
      if (!listed) continue;
      CR_TRY(cr_gallery_fetch(g, block, g->list, listed, error));
      CR_TRY(cr_tensors_put(file, g->elements, (size_t)listed * length, (unsigned)cr_gallery_element_bytes(g), error));
    }
  }
  return CLREID_OK;
}

static clreid_status put_tensor(void *user, size_t index, cr_file *file, clreid_error *error)
{
  clreid_gallery *g = user;
  int64_t numbers[PIECE];
  if (index == FEATURES) return put_features(g, file, error);
  for (size_t first = 0; first < g->count; first += PIECE) {
    const size_t some = g->count - first < PIECE ? g->count - first : PIECE;
    CR_TRY(clreid_gallery_read(g, first, some, NULL, index == IDS ? numbers : NULL, index == LABELS ? numbers : NULL,
                               index == TIMES ? numbers : NULL, error));
    CR_TRY(cr_tensors_put(file, numbers, some, sizeof *numbers, error));
  }
  return CLREID_OK;
}

clreid_status clreid_gallery_save(clreid_gallery *g, const char *path, clreid_error *error)
{
  if (!g || !path) return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_gallery_save needs gallery and path");
  char next[32];
  snprintf(next, sizeof next, "%lld", (long long)g->next_id);
  const cr_metadata metadata[] = {
      {"format", format}, {"version", version}, {"metric", metrics[g->config.metric]}, {"next_id", next}};
  cr_tensor tensors[TENSORS];
  for (int t = 0; t < TENSORS; t++)
    tensors[t] = (cr_tensor){.name = names[t], .dtype = "I64", .dims = 1, .shape = {g->count}};
  tensors[FEATURES].dtype = g->config.precision == CLREID_FP16 ? "F16" : "F32";
  tensors[FEATURES].dims = 2;
  tensors[FEATURES].shape[1] = (uint64_t)g->config.feature_length;
  return cr_tensors_write(path, tensors, TENSORS, metadata, sizeof metadata / sizeof *metadata, put_tensor, g, error);
}

/* ---- Load -------------------------------------------------------------------------------------------------------- */

typedef struct source {
  const char *path;
  cr_weights *file;
  cr_tensor tensors[TENSORS]; /* name NULL: not there */
  size_t count;
  clreid_gallery_config config;
  int64_t next_id; /* -1: not told */
} source;

static clreid_status check_features(source *from, clreid_error *error)
{
  const cr_tensor *t = &from->tensors[FEATURES];
  if (!t->name)
    return cr_fail(error, CLREID_INVALID_FILE, "'%s' has no tensor 'features': it is no gallery", from->path);
  if (t->dims != 2 || (strcmp(t->dtype, "F32") && strcmp(t->dtype, "F16") && strcmp(t->dtype, "BF16")))
    return cr_fail(error, CLREID_INVALID_FILE,
                   "'%s': the tensor 'features' has %d dimensions of %s; give two, of F32, F16 or BF16", from->path,
                   t->dims, t->dtype);
  if (t->shape[1] < 1 || t->shape[1] > CR_GALLERY_LONGEST)
    return cr_fail(error, CLREID_INVALID_FILE, "'%s' has features of length %llu; 1 to %d can be", from->path,
                   (unsigned long long)t->shape[1], CR_GALLERY_LONGEST);
  from->count = (size_t)t->shape[0];
  from->config.feature_length = (int)t->shape[1];
  from->config.precision = strcmp(t->dtype, "F16") ? CLREID_FP32 : CLREID_FP16;
  return CLREID_OK;
}

static clreid_status check_integers(const source *from, int tensor, clreid_error *error)
{
  const cr_tensor *t = &from->tensors[tensor];
  if (!t->name || (t->dims == 1 && t->shape[0] == from->count && !strcmp(t->dtype, "I64"))) return CLREID_OK;
  return cr_fail(error, CLREID_INVALID_FILE,
                 "'%s': the tensor '%s' has %d dimensions, the first of %llu, of %s; give one of %zu as there are "
                 "features, of I64",
                 from->path, t->name, t->dims, (unsigned long long)(t->dims ? t->shape[0] : 0), t->dtype, from->count);
}

static clreid_status check_metadata(source *from, clreid_error *error)
{
  const char *is = cr_weights_metadata(from->file, "format"), *metric = cr_weights_metadata(from->file, "metric");
  const char *has = cr_weights_metadata(from->file, "version"), *next = cr_weights_metadata(from->file, "next_id");
  if (is && !strcmp(is, format) && (!has || strcmp(has, version)))
    return cr_fail(error, CLREID_INVALID_FILE, "'%s' is a gallery of version '%.32s', '%s' is known; save it again",
                   from->path, has ? has : "", version);
  if (metric && strcmp(metric, metrics[CLREID_COSINE]) && strcmp(metric, metrics[CLREID_EUCLIDEAN]))
    return cr_fail(error, CLREID_INVALID_FILE, "'%s': the metric '%.32s' is neither %s nor %s", from->path, metric,
                   metrics[CLREID_COSINE], metrics[CLREID_EUCLIDEAN]);
  from->config.metric = metric && !strcmp(metric, metrics[CLREID_EUCLIDEAN]) ? CLREID_EUCLIDEAN : CLREID_COSINE;
  from->next_id = -1;
  if (!next) return CLREID_OK;
  const size_t digits = strspn(next, "0123456789");
  from->next_id = strtoll(next, NULL, 10); /* INT64_MAX if it is beyond */
  if (digits >= 1 && !next[digits] && from->next_id <= INT64_MAX / 2) return CLREID_OK;
  return cr_fail(error, CLREID_INVALID_FILE,
                 "'%s': the metadata next_id is '%.32s'; give an id, digits alone, up to %lld", from->path, next,
                 (long long)(INT64_MAX / 2));
}

static int64_t integer_at(const cr_tensor *t, size_t index)
{
  uint64_t bits = 0;
  for (unsigned b = 0; b < 8; b++) bits |= (uint64_t)t->bytes[8 * index + b] << 8 * b;
  int64_t value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static clreid_status check_ids(const source *from, clreid_error *error)
{
  const cr_tensor *ids = &from->tensors[IDS];
  int64_t before = -1;
  for (size_t i = 0; i < from->count && ids->name; i++) {
    const int64_t id = integer_at(ids, i);
    if (id <= before || id >= INT64_MAX / 2)
      return cr_fail(error, CLREID_INVALID_FILE, "'%s': id %lld of feature %zu after %lld; ids ascend from 0 on",
                     from->path, (long long)id, i, (long long)before);
    before = id;
  }
  const int64_t last = ids->name ? before : (int64_t)from->count - 1;
  if (from->next_id < 0 || from->next_id > last) return CLREID_OK;
  return cr_fail(error, CLREID_INVALID_FILE, "'%s': the next id is %lld, but there is id %lld; it must be beyond",
                 from->path, (long long)from->next_id, (long long)last);
}

static clreid_status check(source *from, clreid_error *error)
{
  for (int t = 0; t < TENSORS; t++)
    if (!cr_weights_tensor(from->file, names[t], &from->tensors[t])) from->tensors[t] = (cr_tensor){0};
  CR_TRY(check_metadata(from, error));
  CR_TRY(check_features(from, error));
  for (int t = IDS; t < TENSORS; t++) CR_TRY(check_integers(from, t, error));
  return check_ids(from, error);
}

/* Integers first ... first + count - 1 of a tensor, to numbers; NULL if there is none. */
static const int64_t *some_integers(const source *from, int tensor, size_t first, size_t count, int64_t *numbers)
{
  if (!from->tensors[tensor].name) return NULL;
  for (size_t i = 0; i < count; i++) numbers[i] = integer_at(&from->tensors[tensor], first + i);
  return numbers;
}

/* Adds all features, through values[staged][D] and numbers[TENSORS][staged]. */
static clreid_status add_all(clreid_gallery *g, const source *from, float *values, int64_t *numbers,
                             clreid_error *error)
{
  const size_t length = (size_t)g->config.feature_length, staged = (size_t)g->staged;
  for (size_t first = 0; first < from->count; first += staged) {
    const size_t some = from->count - first < staged ? from->count - first : staged;
    cr_weights_values(from->file, names[FEATURES], first * length, some * length, values);
    const cr_gallery_batch batch = {.features = values,
                                    .ids = some_integers(from, IDS, first, some, numbers + IDS * staged),
                                    .labels = some_integers(from, LABELS, first, some, numbers + LABELS * staged),
                                    .times = some_integers(from, TIMES, first, some, numbers + TIMES * staged),
                                    .count = some,
                                    .before = first,
                                    .all = from->count};
    CR_TRY(cr_gallery_append(g, &batch, error));
  }
  if (from->next_id >= 0) g->next_id = from->next_id;
  return CLREID_OK;
}

static clreid_status load(clreid_gallery *g, const source *from, clreid_error *error)
{
  const size_t length = (size_t)g->config.feature_length, staged = (size_t)g->staged;
  float *values = malloc(staged * length * sizeof *values);
  int64_t *numbers = malloc(TENSORS * staged * sizeof *numbers);
  const clreid_status status = values && numbers
                                   ? add_all(g, from, values, numbers, error)
                                   : cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory to load '%s'", from->path);
  free(values);
  free(numbers);
  return status;
}

/* What is wrong with the file, whoever found it. */
static clreid_status blame_file(const char *path, clreid_status status, const clreid_error *cause, clreid_error *error)
{
  if (status == CLREID_INVALID_ARGUMENT) return cr_fail(error, CLREID_INVALID_FILE, "'%s': %s", path, cause->text);
  return cr_fail(error, status == CLREID_INVALID_WEIGHTS ? CLREID_INVALID_FILE : status, "%s", cause->text);
}

clreid_status clreid_gallery_load(clreid_device *device, const char *path, clreid_gallery **result, clreid_error *error)
{
  if (!device || !path || !result)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_gallery_load needs device, path and gallery");
  *result = NULL;
  source from = {.path = path};
  clreid_gallery *g = NULL;
  clreid_error cause = {CLREID_OK, ""};
  clreid_status status = cr_weights_open(path, &from.file, &cause);
  if (status == CLREID_OK) status = check(&from, &cause);
  if (status == CLREID_OK) status = clreid_gallery_create(device, &from.config, &g, &cause);
  if (status == CLREID_OK) status = load(g, &from, &cause);
  cr_weights_close(from.file);
  if (status != CLREID_OK) {
    clreid_gallery_destroy(g);
    return blame_file(path, status, &cause, error);
  }
  *result = g;
  return CLREID_OK;
}
