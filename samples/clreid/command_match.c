/*
 * command_match.c - clreid match: the nearest gallery features of each query feature.
 *
 * Walks both files in blocks, so neither has to fit into memory: as many gallery features as a slab holds are searched
 * at a time, and what is found in each is merged. Both files are checked whole before the first line of result.
 */
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <clreid/clreid_gallery.h>

#include "command.h"
#include "console.h"
#include "match_report.h"
#include "npy.h"
#include "progress.h"
#include "reranked.h"
#include "reranking.h"

enum {
  BLOCK_BYTES = 16 << 20,  /* of rows of a file, at a time */
  SLAB_BYTES = 512 << 20,  /* of gallery features, on the device at a time */
  BLOCK_ENTRIES = 1 << 19, /* of the lists of a block of queries: 24 MiB */
  TOGETHER = 64,           /* queries of a search */
};

typedef struct settings {
  const char *query, *gallery;
  int metric;
  uint64_t top;
  bool json;
  reranking rerank;
  const char *sheet;
  sheet_side query_side, gallery_side;
  options_common common;
} settings;

/* Some rows of a file. */
typedef struct block {
  npy file;
  uint64_t first, count, most;
  float *rows; /* [most][columns] */
} block;

typedef struct entry {
  double distance;
  uint64_t index;
} entry;

/* The nearest so far of a query, nearest first. */
typedef struct list {
  entry *entries; /* [top] */
  size_t count;
} list;

typedef struct run {
  const settings *set;
  block query, gallery;
  uint64_t top;          /* min(--top, rows of the gallery) */
  list *lists;           /* [query.most] */
  entry *entries;        /* [query.most][top] */
  entry *merged;         /* [top] */
  clreid_match *matches; /* [TOGETHER][top] */
  clreid_device *device;
  clreid_gallery *slab;
  uint64_t slab_first, slab_count, slab_most; /* which rows of the gallery lie in it */
  sheet_match *told;                          /* [top] */
  match_report report;
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
  part->first = first;
  part->count = least_of(part->most, part->file.rows - first);
  return npy_read(&part->file, first, part->count, part->rows, error);
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
  char named[128] = "";
  size_t listed = 0;
  uint64_t count = 0;
  for (uint64_t first = 0; first < part->file.rows; first += part->most) {
    const clreid_status status = load(part, first, error);
    if (status != CLREID_OK) return status;
    for (uint64_t i = 0; i < part->count; ++i) {
      if (is_finite(part->rows + i * part->file.columns, part->file.columns)) continue;
      if (++count > 5) continue;
      listed += (size_t)snprintf(named + listed, sizeof named - listed, "%s%" PRIu64, count > 1 ? ", " : "", first + i);
    }
  }
  if (count == 0) return CLREID_OK;
  return console_fail(error, CLREID_INVALID_FILE,
                      "'%s' has %" PRIu64 " of %" PRIu64 " rows that are not finite (%s%s): leave their pictures out",
                      part->file.path, count, part->file.rows, named, count > 5 ? ", ..." : "");
}

static clreid_status allocate_block(block *part, uint64_t most, clreid_error *error)
{
  const uint64_t row_bytes = part->file.columns * sizeof *part->rows;
  const uint64_t fitting = row_bytes < BLOCK_BYTES ? BLOCK_BYTES / row_bytes : 1;
  part->most = least_of(least_of(fitting, most), part->file.rows);
  part->rows = malloc(part->most * row_bytes);
  return part->rows ? CLREID_OK : no_memory(error);
}

static void free_block(block *part)
{
  npy_close(&part->file);
  free(part->rows);
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

/* Queries of a search, so many that their matches are no more than the lists of a block. */
static uint64_t together(const run *it)
{
  return it->top < BLOCK_ENTRIES / TOGETHER ? TOGETHER : 1;
}

static clreid_status allocate(run *it, clreid_error *error)
{
  it->top = least_of(it->set->top, it->gallery.file.rows);
  const uint64_t lists = it->top < BLOCK_ENTRIES ? BLOCK_ENTRIES / it->top : 1;
  clreid_status status = allocate_block(&it->query, lists, error);
  if (status == CLREID_OK) status = allocate_block(&it->gallery, UINT64_MAX, error);
  if (status != CLREID_OK) return status;
  it->lists = calloc(it->query.most, sizeof *it->lists);
  it->entries = calloc(it->query.most, it->top * sizeof *it->entries);
  it->merged = calloc(it->top, sizeof *it->merged);
  it->matches = calloc(together(it), it->top * sizeof *it->matches);
  it->told = calloc(it->top, sizeof *it->told);
  if (!it->lists || !it->entries || !it->merged || !it->matches || !it->told) return no_memory(error);
  for (uint64_t q = 0; q < it->query.most; ++q) it->lists[q].entries = it->entries + q * it->top;
  return CLREID_OK;
}

static clreid_status open_slab(run *it, clreid_error *error)
{
  const uint64_t columns = it->gallery.file.columns, fitting = SLAB_BYTES / sizeof(float) / columns;
  const clreid_gallery_config config = {.feature_length = columns < INT_MAX ? (int)columns : INT_MAX,
                                        .metric = it->set->metric ? CLREID_EUCLIDEAN : CLREID_COSINE};
  it->slab_most = fitting ? fitting : 1;
  const clreid_status status = command_open_device(&it->set->common, &it->device, error);
  return status == CLREID_OK ? clreid_gallery_create(it->device, &config, &it->slab, error) : status;
}

/* Names the file that a row was refused of. */
static clreid_status name_file(const block *part, clreid_status status, clreid_error *error)
{
  if (status != CLREID_INVALID_ARGUMENT) return status;
  const clreid_error cause = *error;
  return console_fail(error, status, "'%s', counted from row %" PRIu64 ": %s", part->file.path, part->first,
                      cause.text);
}

/* Fills the slab with gallery rows first, first + 1, ... unless they are there already. */
static clreid_status load_slab(run *it, uint64_t first, clreid_error *error)
{
  if (it->slab_count && it->slab_first == first) return CLREID_OK;
  const uint64_t end = first + least_of(it->slab_most, it->gallery.file.rows - first);
  it->slab_first = first;
  it->slab_count = 0;
  clreid_status status = clreid_gallery_remove_before(it->slab, INT64_MAX, NULL, error); /* all: their time is 0 */
  for (uint64_t at = first; at < end && status == CLREID_OK; at += it->gallery.count) {
    status = load(&it->gallery, at, error);
    if (status != CLREID_OK) return status;
    it->gallery.count = least_of(it->gallery.count, end - at);
    status = clreid_gallery_add(it->slab, it->gallery.rows, NULL, NULL, it->gallery.count, NULL, error);
    if (status != CLREID_OK) return name_file(&it->gallery, status, error);
  }
  it->slab_count = end - first;
  return status;
}

/* The nearest of both lists, each nearest first; of equal distances those of the list are first, as they have the lower
 * rows. */
static void merge(run *it, list *of, const clreid_match *matches, size_t found, int64_t first_id)
{
  size_t old = 0, new = 0, count = 0;
  for (; count < it->top && (old < of->count || new < found); ++count) {
    if (new == found || (old < of->count && of->entries[old].distance <= matches[new].distance)) {
      it->merged[count] = of->entries[old++];
    } else {
      it->merged[count] = (entry){matches[new].distance, it->slab_first + (uint64_t)(matches[new].id - first_id)};
      ++new;
    }
  }
  memcpy(of->entries, it->merged, count * sizeof *it->merged);
  of->count = count;
}

/* Searches the slab for the block of queries. */
static clreid_status search_slab(run *it, clreid_error *error)
{
  const uint64_t columns = it->query.file.columns, most = together(it);
  clreid_gallery_info info;
  clreid_gallery_describe(it->slab, &info);
  for (uint64_t q = 0; q < it->query.count; q += most) {
    const uint64_t some = least_of(most, it->query.count - q);
    size_t found;
    const clreid_status status =
        clreid_gallery_search(it->slab, it->query.rows + q * columns, some, it->top, it->matches, &found, error);
    if (status != CLREID_OK) return name_file(&it->query, status, error);
    for (uint64_t i = 0; i < some; ++i) {
      merge(it, &it->lists[q + i], it->matches + i * it->top, found, info.next_id - (int64_t)info.count);
    }
    progress_show((size_t)(it->query.first + (q + some) * (it->slab_first + it->slab_count) / it->gallery.file.rows));
  }
  return CLREID_OK;
}

/* Tells the matches of a query of the block. */
static clreid_status tell_matches(run *it, uint64_t place, clreid_error *error)
{
  const list *of = &it->lists[place];
  for (size_t i = 0; i < of->count; ++i) it->told[i] = (sheet_match){of->entries[i].index, of->entries[i].distance};
  return match_report_query(&it->report, it->query.first + place, it->told, of->count, error);
}

/* Matches the block of queries with the whole gallery and prints what was found. */
static clreid_status match_queries(run *it, clreid_error *error)
{
  for (uint64_t q = 0; q < it->query.count; ++q) it->lists[q].count = 0;
  for (uint64_t first = 0; first < it->gallery.file.rows; first += it->slab_count) {
    clreid_status status = load_slab(it, first, error);
    if (status == CLREID_OK) status = search_slab(it, error);
    if (status != CLREID_OK) return status;
  }
  progress_clear();
  clreid_status status = CLREID_OK;
  for (uint64_t q = 0; q < it->query.count && status == CLREID_OK; ++q) {
    status = tell_matches(it, q, error);
  }
  return status;
}

static clreid_status match_directly(run *it, clreid_error *error)
{
  clreid_status status = allocate(it, error);
  if (status == CLREID_OK) status = check_finite(&it->query, error);
  if (status == CLREID_OK) status = check_finite(&it->gallery, error);
  if (status == CLREID_OK) status = open_slab(it, error);
  if (status != CLREID_OK) return status;

  progress_start("match", (size_t)it->query.file.rows);
  for (uint64_t first = 0; first < it->query.file.rows && status == CLREID_OK; first += it->query.most) {
    status = load(&it->query, first, error);
    if (status == CLREID_OK) status = match_queries(it, error);
  }
  progress_clear();
  return status;
}

static clreid_status match_reranked(run *it, clreid_error *error)
{
  const settings *set = it->set;
  const clreid_rerank_config config = reranking_config(&set->rerank, set->metric);
  clreid_device *device;
  clreid_status status = command_open_device(&set->common, &device, error);
  if (status != CLREID_OK) return status;
  status = reranked_match(device, set->query, set->gallery, &config, set->top, &it->report, error);
  clreid_device_close(device);
  return status;
}

static clreid_status create_sheet(run *it, clreid_error *error)
{
  sheet_side query = it->set->query_side, gallery = it->set->gallery_side;
  query.features = it->set->query;
  query.rows = it->query.file.rows;
  gallery.features = it->set->gallery;
  gallery.rows = it->gallery.file.rows;
  return sheet_create(it->set->sheet, &query, &gallery, &it->report.sheet, error);
}

static clreid_status match(run *it, clreid_error *error)
{
  clreid_status status = open_files(it, error);
  if (status == CLREID_OK && it->set->sheet) status = create_sheet(it, error);
  if (status == CLREID_OK) status = it->set->rerank.wanted ? match_reranked(it, error) : match_directly(it, error);
  return status == CLREID_OK ? match_report_finish(&it->report, error) : status;
}

/* Whether all that a sheet needs is given, and nothing without it; false after a complaint. */
static bool sheet_is_clear(const settings *set)
{
  const sheet_side *query = &set->query_side, *gallery = &set->gallery_side;
  if (!set->sheet && (query->pictures || gallery->pictures || query->labels || gallery->labels)) {
    console_complain("match: pictures and labels are for --sheet, which is not given");
    return false;
  }
  if (set->sheet && (!query->pictures || !gallery->pictures)) {
    console_complain("match: --sheet needs --query-pictures and --gallery-pictures");
    return false;
  }
  if (!query->labels != !gallery->labels) {
    console_complain("match: --%s-labels is missing: frames need the labels of both sides",
                     query->labels ? "gallery" : "query");
    return false;
  }
  return true;
}

int command_match(int argc, char **argv)
{
  settings set = {.top = 10, .rerank = RERANKING_DEFAULTS};
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
      RERANKING_OPTIONS(set.rerank),
      {.name = "sheet",
       .kind = OPTIONS_TEXT,
       .value = &set.sheet,
       .argument = "S.png",
       .help = "a picture of each query and its first ten matches"},
      {.name = "query-pictures",
       .kind = OPTIONS_TEXT,
       .value = &set.query_side.pictures,
       .argument = "LIST",
       .help = "with --sheet: a text file, a path a row"},
      {.name = "gallery-pictures",
       .kind = OPTIONS_TEXT,
       .value = &set.gallery_side.pictures,
       .argument = "LIST",
       .help = "likewise"},
      {.name = "query-labels",
       .kind = OPTIONS_TEXT,
       .value = &set.query_side.labels,
       .argument = "Q.csv",
       .help = "with --sheet: for green and red frames, as evaluate takes them"},
      {.name = "gallery-labels",
       .kind = OPTIONS_TEXT,
       .value = &set.gallery_side.labels,
       .argument = "G.csv",
       .help = "likewise"},
      {.name = "json", .kind = OPTIONS_FLAG, .value = &set.json, .help = "one array, an object a query"},
  };
  const options_table table = {.summary =
                                   "Prints the nearest gallery features of each query feature, nearest first. "
                                   "Rows are counted from 0;\nof equal distances the lower gallery row is first.",
                               .rows = rows,
                               .row_count = sizeof rows / sizeof *rows};
  int first, code;
  if (!options_parse(&table, argc, argv, &set.common, &first, &code)) return code;
  if (!reranking_is_clear("match", &set.rerank) || !sheet_is_clear(&set)) return PROGRAM_USAGE;

  run it = {.set = &set, .report.json = set.json, .query.file.handle = -1, .gallery.file.handle = -1};
  clreid_error error;
  const clreid_status status = match(&it, &error);
  sheet_destroy(it.report.sheet);
  free_block(&it.query);
  free_block(&it.gallery);
  free(it.lists);
  free(it.entries);
  free(it.merged);
  free(it.matches);
  clreid_gallery_destroy(it.slab);
  clreid_device_close(it.device);
  free(it.told);
  return status == CLREID_OK ? PROGRAM_DONE : console_error(&error);
}
