/*
 * feature_file.c - see feature_file.h.
 */
#include "feature_file.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "console.h"
#include "labels.h"
#include "npy.h"

static clreid_status no_memory(const char *path, uint64_t rows, uint64_t columns, clreid_error *error)
{
  return console_fail(error, CLREID_OUT_OF_MEMORY,
                      "no memory left for '%s', %" PRIu64 " features of length %" PRIu64 ": take fewer", path, rows,
                      columns);
}

static clreid_status read_values(const npy *file, feature_file *loaded, clreid_error *error)
{
  if (file->rows > SIZE_MAX / sizeof *loaded->values / file->columns) {
    return no_memory(file->path, file->rows, file->columns, error);
  }
  loaded->rows = (size_t)file->rows;
  loaded->length = (size_t)file->columns;
  loaded->values = malloc(loaded->rows * loaded->length * sizeof *loaded->values);
  if (!loaded->values) return no_memory(file->path, file->rows, file->columns, error);
  return npy_read(file, 0, file->rows, loaded->values, error);
}

static bool is_finite(const float *row, size_t length)
{
  for (size_t i = 0; i < length; ++i) {
    if (!isfinite(row[i])) return false;
  }
  return true;
}

/* Counts the rows that are not finite and names the first few. */
static clreid_status check_finite(const feature_file *loaded, clreid_error *error)
{
  char list[128] = "";
  size_t listed = 0, count = 0;
  for (size_t row = 0; row < loaded->rows; ++row) {
    if (is_finite(loaded->values + row * loaded->length, loaded->length) || ++count > 5) continue;
    listed += (size_t)snprintf(list + listed, sizeof list - listed, "%s%zu", count > 1 ? ", " : "", row);
  }
  if (count == 0) return CLREID_OK;
  return console_fail(error, CLREID_INVALID_FILE,
                      "'%s' has %zu of %zu rows that are not finite (%s%s): leave their pictures out", loaded->path,
                      count, loaded->rows, list, count > 5 ? ", ..." : "");
}

static clreid_status read_labels(const char *path, feature_file *loaded, clreid_error *error)
{
  loaded->labels = calloc(loaded->rows, sizeof *loaded->labels);
  if (!loaded->labels) return no_memory(loaded->path, loaded->rows, loaded->length, error);
  return labels_read(path, loaded->path, loaded->rows, loaded->labels, error);
}

clreid_status feature_file_load(const char *path, const char *labels, feature_file *loaded, clreid_error *error)
{
  npy file;
  *loaded = (feature_file){.path = path};
  clreid_status status = npy_open(path, &file, error);
  if (status != CLREID_OK) return status;
  status = read_values(&file, loaded, error);
  npy_close(&file);
  if (status == CLREID_OK) status = check_finite(loaded, error);
  if (status == CLREID_OK && labels) status = read_labels(labels, loaded, error);
  return status;
}

void feature_file_free(feature_file *loaded)
{
  free(loaded->values);
  free(loaded->labels);
  *loaded = (feature_file){0};
}

clreid_status feature_file_check(const feature_file *query, const feature_file *gallery, clreid_error *error)
{
  if (query->length == gallery->length) return CLREID_OK;
  return console_fail(error, CLREID_INVALID_FILE,
                      "the features of '%s' have length %zu, those of '%s' %zu: embed both with the same network",
                      query->path, query->length, gallery->path, gallery->length);
}
