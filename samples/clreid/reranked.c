/*
 * reranked.c - see reranked.h.
 */
#include "reranked.h"

#include <stdlib.h>

#include "console.h"
#include "feature_file.h"

static clreid_status no_memory(size_t queries, size_t entries, clreid_error *error)
{
  return console_fail(error, CLREID_OUT_OF_MEMORY,
                      "no memory left for the distances of %zu queries and %zu gallery rows: take fewer", queries,
                      entries);
}

/* ---- The nearest of a query -------------------------------------------------------------------------------------- */

typedef struct shortlist {
  sheet_match *entries; /* [2 * most] */
  size_t most, count;
} shortlist;

static int compare(const void *left, const void *right)
{
  const sheet_match *a = left, *b = right;
  if (a->distance != b->distance) return a->distance < b->distance ? -1 : 1;
  return a->index < b->index ? -1 : a->index > b->index;
}

static void shorten(shortlist *list)
{
  qsort(list->entries, list->count, sizeof *list->entries, compare);
  if (list->count > list->most) list->count = list->most;
}

/* Full twice over it is sorted, and forgets the farther half. */
static void offer(shortlist *list, sheet_match entry)
{
  list->entries[list->count++] = entry;
  if (list->count == 2 * list->most) shorten(list);
}

static clreid_status tell_all(const float *distances, size_t queries, size_t entries, uint64_t top,
                              const match_report *to, clreid_error *error)
{
  shortlist list = {.most = top < entries ? (size_t)top : entries};
  list.entries = calloc(list.most, 2 * sizeof *list.entries);
  clreid_status status = list.entries ? CLREID_OK : no_memory(queries, entries, error);
  for (size_t q = 0; q < queries && status == CLREID_OK; ++q) {
    list.count = 0;
    for (size_t g = 0; g < entries; ++g) offer(&list, (sheet_match){g, distances[q * entries + g]});
    shorten(&list);
    status = match_report_query(to, q, list.entries, list.count, error);
  }
  free(list.entries);
  return status;
}

/* ---- All of it --------------------------------------------------------------------------------------------------- */

static clreid_status match(clreid_device *device, const feature_file *query, const feature_file *gallery,
                           const clreid_rerank_config *config, uint64_t top, const match_report *to,
                           clreid_error *error)
{
  float *distances = calloc(query->rows, gallery->rows * sizeof *distances);
  if (!distances) return no_memory(query->rows, gallery->rows, error);
  clreid_status status = clreid_rerank(device, query->values, query->rows, gallery->values, gallery->rows,
                                       query->length, config, distances, error);
  if (status == CLREID_OK) status = tell_all(distances, query->rows, gallery->rows, top, to, error);
  free(distances);
  return status;
}

clreid_status reranked_match(clreid_device *device, const char *query, const char *gallery,
                             const clreid_rerank_config *config, uint64_t top, const match_report *to,
                             clreid_error *error)
{
  feature_file queries, entries = {0};
  clreid_status status = feature_file_load(query, NULL, &queries, error);
  if (status == CLREID_OK) status = feature_file_load(gallery, NULL, &entries, error);
  if (status == CLREID_OK) status = feature_file_check(&queries, &entries, error);
  if (status == CLREID_OK) status = match(device, &queries, &entries, config, top, to, error);
  feature_file_free(&queries);
  feature_file_free(&entries);
  return status;
}
