/*
 * command_match.c - clreid match: the nearest gallery features of each query feature.
 *
 * Walks both files in blocks, so neither has to fit into memory. Both are checked whole before the first line of
 * result.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "console.h"
#include "json.h"
#include "nearest.h"
#include "npy.h"
#include "progress.h"

enum {
  BLOCK_BYTES = 16 << 20,  /* of rows of a file, at a time */
  BLOCK_ENTRIES = 1 << 20, /* of the lists of a block of queries: 16 MiB */
};

typedef struct settings {
  const char *query, *gallery;
  int metric;
  uint64_t top;
  bool json;
} settings;

/* Some rows of a file. */
typedef struct block {
  npy file;
  uint64_t first, count, most;
  float *rows;     /* [most][columns] */
  double *lengths; /* [most], for the cosine */
} block;

typedef struct run {
  const settings *set;
  block query, gallery;
  uint64_t top;           /* min(--top, rows of the gallery) */
  nearest_list *lists;    /* [query.most] */
  nearest_entry *entries; /* [query.most][2 * top] */
} run;

static clreid_status no_memory(clreid_error *error)
{
  return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for matching: make --top smaller");
}

static uint64_t least_of(uint64_t a, uint64_t b)
{
  return a < b ? a : b;
}

/* ---- Blocks ------------------------------------------------------------------------------------------------------ */

static clreid_status load(block *part, uint64_t first, clreid_error *error)
{
  const uint64_t columns = part->file.columns;
  part->first = first;
  part->count = least_of(part->most, part->file.rows - first);
  const clreid_status status = npy_read(&part->file, first, part->count, part->rows, error);
  for (uint64_t i = 0; i < part->count && status == CLREID_OK; ++i) {
    part->lengths[i] = nearest_length(part->rows + i * columns, columns);
  }
  return status;
}

static bool is_finite(const float *row, uint64_t columns)
{
  for (uint64_t c = 0; c < columns; ++c) {
    if (!isfinite(row[c])) return false;
  }
  return true;
}

/* Counts the rows of the file that are not finite and names the first few. */
static clreid_status check_finite(block *part, clreid_error *error)
{
  char list[128] = "";
  size_t listed = 0;
  uint64_t count = 0;
  for (uint64_t first = 0; first < part->file.rows; first += part->most) {
    const clreid_status status = load(part, first, error);
    if (status != CLREID_OK) return status;
    for (uint64_t i = 0; i < part->count; ++i) {
      if (is_finite(part->rows + i * part->file.columns, part->file.columns)) continue;
      if (++count > 5) continue;
      listed += (size_t)snprintf(list + listed, sizeof list - listed, "%s%" PRIu64, count > 1 ? ", " : "", first + i);
    }
  }
  if (count == 0) return CLREID_OK;
  return console_fail(error, CLREID_INVALID_FILE,
                      "'%s' has %" PRIu64 " of %" PRIu64 " rows that are not finite (%s%s): leave their pictures out",
                      part->file.path, count, part->file.rows, list, count > 5 ? ", ..." : "");
}

static clreid_status allocate_block(block *part, uint64_t most, clreid_error *error)
{
  const uint64_t row_bytes = part->file.columns * sizeof *part->rows;
  const uint64_t fitting = row_bytes < BLOCK_BYTES ? BLOCK_BYTES / row_bytes : 1;
  part->most = least_of(least_of(fitting, most), part->file.rows);
  part->rows = malloc(part->most * row_bytes);
  part->lengths = malloc(part->most * sizeof *part->lengths);
  return part->rows && part->lengths ? CLREID_OK : no_memory(error);
}

static void free_block(block *part)
{
  npy_close(&part->file);
  free(part->rows);
  free(part->lengths);
}

/* ---- Matching ---------------------------------------------------------------------------------------------------- */

static clreid_status open_files(run *it, clreid_error *error)
{
  clreid_status status = npy_open(it->set->query, &it->query.file, error);
  if (status == CLREID_OK) status = npy_open(it->set->gallery, &it->gallery.file, error);
  if (status == CLREID_OK && it->query.file.columns != it->gallery.file.columns) {
    status = console_fail(error, CLREID_INVALID_FILE,
                          "the features of '%s' have length %" PRIu64 ", those of '%s' %" PRIu64
                          ": embed both with the same network",
                          it->set->query, it->query.file.columns, it->set->gallery, it->gallery.file.columns);
  }
  return status;
}

static clreid_status allocate(run *it, clreid_error *error)
{
  it->top = least_of(it->set->top, it->gallery.file.rows);
  const uint64_t lists = it->top < BLOCK_ENTRIES / 2 ? BLOCK_ENTRIES / (2 * it->top) : 1;
  clreid_status status = allocate_block(&it->query, lists, error);
  if (status == CLREID_OK) status = allocate_block(&it->gallery, UINT64_MAX, error);
  if (status != CLREID_OK) return status;
  it->lists = calloc(it->query.most, sizeof *it->lists);
  it->entries = calloc(it->query.most * 2, it->top * sizeof *it->entries);
  if (!it->lists || !it->entries) return no_memory(error);
  for (uint64_t q = 0; q < it->query.most; ++q) {
    it->lists[q] = (nearest_list){.entries = it->entries + q * 2 * it->top, .most = it->top};
  }
  return CLREID_OK;
}

static void match_block(run *it)
{
  const uint64_t columns = it->query.file.columns;
  for (uint64_t q = 0; q < it->query.count; ++q) {
    const float *query = it->query.rows + q * columns;
    for (uint64_t g = 0; g < it->gallery.count; ++g) {
      const double distance = nearest_distance((nearest_metric)it->set->metric, query, it->query.lengths[q],
                                               it->gallery.rows + g * columns, it->gallery.lengths[g], columns);
      nearest_offer(&it->lists[q], (nearest_entry){distance, it->gallery.first + g});
    }
  }
}

static void print_rows(uint64_t query, const nearest_list *list)
{
  for (size_t i = 0; i < list->count; ++i) {
    printf("%6" PRIu64 " %5zu %8" PRIu64 "  %.6g\n", query, i + 1, list->entries[i].index, list->entries[i].distance);
  }
}

static int print_object(uint64_t query, const nearest_list *list)
{
  json_t *matches = json_array();
  for (size_t i = 0; i < list->count; ++i) {
    matches = json_add(matches, json_pack("{s:I, s:f}", "index", (json_int_t)list->entries[i].index, "distance",
                                          list->entries[i].distance));
  }
  printf(query > 0 ? ",\n" : "");
  return json_show(json_pack("{s:I, s:o}", "query", (json_int_t)query, "matches", matches), 0);
}

/* Matches the block of queries with the whole gallery and prints what was found. */
static clreid_status match_queries(run *it, clreid_error *error)
{
  for (uint64_t q = 0; q < it->query.count; ++q) it->lists[q].count = 0;
  for (uint64_t first = 0; first < it->gallery.file.rows; first += it->gallery.most) {
    const clreid_status status = load(&it->gallery, first, error);
    if (status != CLREID_OK) return status;
    match_block(it);
    progress_show((size_t)(it->query.first + it->query.count * (first + it->gallery.count) / it->gallery.file.rows));
  }
  progress_clear();
  for (uint64_t q = 0; q < it->query.count; ++q) {
    nearest_finish(&it->lists[q]);
    if (!it->set->json) {
      print_rows(it->query.first + q, &it->lists[q]);
    } else if (print_object(it->query.first + q, &it->lists[q]) != COMMAND_DONE) {
      return no_memory(error);
    }
  }
  return CLREID_OK;
}

static clreid_status match(run *it, clreid_error *error)
{
  clreid_status status = open_files(it, error);
  if (status == CLREID_OK) status = allocate(it, error);
  if (status == CLREID_OK) status = check_finite(&it->query, error);
  if (status == CLREID_OK) status = check_finite(&it->gallery, error);
  if (status != CLREID_OK) return status;

  printf(it->set->json ? "[" : " query  rank  gallery  distance\n");
  progress_start("match", (size_t)it->query.file.rows);
  for (uint64_t first = 0; first < it->query.file.rows && status == CLREID_OK; first += it->query.most) {
    status = load(&it->query, first, error);
    if (status == CLREID_OK) status = match_queries(it, error);
  }
  progress_clear();
  if (it->set->json) printf("]\n");
  return status;
}

int command_match(int argc, char **argv)
{
  settings set = {.top = 10};
  const options_row rows[] = {
      {.name = "query",
       .kind = OPTIONS_TEXT,
       .value = &set.query,
       .argument = "Q.npy",
       .required = true,
       .help = "features to look for"},
      {.name = "gallery",
       .kind = OPTIONS_TEXT,
       .value = &set.gallery,
       .argument = "G.npy",
       .required = true,
       .help = "features to look among"},
      {.name = "metric",
       .kind = OPTIONS_WORD,
       .value = &set.metric,
       .argument = "cosine|euclidean",
       .help = "1 - cosine, or the L2 distance (cosine)"},
      {.name = "top",
       .kind = OPTIONS_NUMBER,
       .value = &set.top,
       .argument = "K",
       .least = 1,
       .most = UINT32_MAX,
       .help = "matches to print of each query (10)"},
      {.name = "json", .kind = OPTIONS_FLAG, .value = &set.json, .help = "one array, an object a query"},
  };
  const options_table table = {.summary =
                                   "Prints the nearest gallery features of each query feature, nearest first. "
                                   "Rows are counted from 0;\nof equal distances the lower gallery row is first.",
                               .rows = rows,
                               .row_count = sizeof rows / sizeof *rows};
  options_common common;
  int first, code;
  if (!options_parse(&table, argc, argv, &common, &first, &code)) return code;

  run it = {.set = &set, .query.file.handle = -1, .gallery.file.handle = -1};
  clreid_error error;
  const clreid_status status = match(&it, &error);
  free_block(&it.query);
  free_block(&it.gallery);
  free(it.lists);
  free(it.entries);
  return status == CLREID_OK ? COMMAND_DONE : console_error(&error);
}
