/*
 * evaluate.c - CMC and mean average precision.
 *
 * Nothing is sorted but the true matches of a query: each other gallery entry is counted at the place among them that
 * its distance gives it. A distance in float with a bound on its error is enough for most; only an entry whose place it
 * leaves open is compared in double.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "clreid/clreid_evaluate.h"
#include "cosine.h"

enum { JUNK = -1 };

/* A true match. */
typedef struct match {
  double distance;
  size_t index;
  size_t others; /* entries that are none and lie between the match before and this one */
} match;

/* Distance of a query and a gallery entry that decides. */
typedef double exact_distance(const void *user, size_t query, size_t entry);

typedef struct judge {
  const clreid_label *query, *gallery;
  size_t queries, entries;
  exact_distance *exact;
  const void *user;
  size_t *first;  /* [queries + 1]: query q has matches[first[q] ... first[q + 1] - 1], nearest first */
  match *matches; /* [first[queries]] */
} judge;

/* ---- Labels ------------------------------------------------------------------------------------------------------ */

static bool is_left_out(const clreid_label *query, const clreid_label *entry)
{
  return entry->person == JUNK || (entry->person == query->person && entry->camera == query->camera);
}

static bool is_match(const clreid_label *query, const clreid_label *entry)
{
  return query->person != JUNK && entry->person == query->person && entry->camera != query->camera;
}

/* ---- The true matches -------------------------------------------------------------------------------------------- */

static int compare(double distance, size_t index, const match *other)
{
  if (distance != other->distance) return distance < other->distance ? -1 : 1;
  return index < other->index ? -1 : index > other->index;
}

static int compare_matches(const void *left, const void *right)
{
  const match *a = left;
  return compare(a->distance, a->index, right);
}

static void find_matches(judge *it, size_t q)
{
  match *to = it->matches + it->first[q];
  for (size_t g = 0; g < it->entries; g++)
    if (is_match(&it->query[q], &it->gallery[g])) *to++ = (match){.distance = it->exact(it->user, q, g), .index = g};
  qsort(it->matches + it->first[q], it->first[q + 1] - it->first[q], sizeof *to, compare_matches);
}

static clreid_status judge_make(judge *it, clreid_error *error)
{
  it->first = calloc(it->queries + 1, sizeof *it->first);
  if (!it->first) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for %zu queries", it->queries);
  for (size_t q = 0; q < it->queries; q++) {
    it->first[q + 1] = it->first[q];
    for (size_t g = 0; g < it->entries; g++) it->first[q + 1] += is_match(&it->query[q], &it->gallery[g]);
  }
  const size_t count = it->first[it->queries];
  if (!count)
    return cr_fail(error, CLREID_INVALID_ARGUMENT,
                   "none of %zu queries has a true match, one of its person from another camera, among %zu gallery "
                   "entries: check the labels",
                   it->queries, it->entries);
  it->matches = calloc(count, sizeof *it->matches);
  if (!it->matches) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for %zu true matches", count);
  for (size_t q = 0; q < it->queries; q++) find_matches(it, q);
  return CLREID_OK;
}

static void judge_free(judge *it)
{
  free(it->first);
  free(it->matches);
}

/* ---- The others -------------------------------------------------------------------------------------------------- */

/* How many of matches[count] are nearer than distance, or with `equal` not farther. */
static size_t nearer(const match *matches, size_t count, double distance, bool equal)
{
  size_t low = 0, high = count;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    const double other = matches[middle].distance;
    if (other < distance || (equal && other == distance))
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static size_t place_exactly(const judge *it, size_t q, size_t entry)
{
  const match *matches = it->matches + it->first[q];
  const double distance = it->exact(it->user, q, entry);
  size_t low = 0, high = it->first[q + 1] - it->first[q];
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (compare(distance, entry, &matches[middle]) > 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Counts an entry at a distance that is wrong by at most bound. A number that is none leaves its place open. */
static void judge_offer(judge *it, size_t q, size_t entry, double distance, double bound)
{
  match *matches = it->matches + it->first[q];
  const size_t count = it->first[q + 1] - it->first[q];
  size_t place = nearer(matches, count, distance - bound, false);
  if (!isfinite(distance) || place != nearer(matches, count, distance + bound, true))
    place = place_exactly(it, q, entry);
  if (place < count) matches[place].others++;
}

/* ---- The verdict ------------------------------------------------------------------------------------------------- */

static double average_precision(const match *matches, size_t count)
{
  double sum = 0;
  size_t others = 0;
  for (size_t m = 0; m < count; m++) {
    others += matches[m].others;
    sum += (double)(m + 1) / (double)(m + 1 + others);
  }
  return sum / (double)count;
}

static void judge_finish(const judge *it, clreid_evaluation *result)
{
  double sum = 0;
  result->queries = it->queries;
  result->counted = 0;
  for (size_t k = 0; result->cmc && k < result->ranks; k++) result->cmc[k] = 0;
  for (size_t q = 0; q < it->queries; q++) {
    const match *matches = it->matches + it->first[q];
    const size_t count = it->first[q + 1] - it->first[q];
    if (!count) continue;
    result->counted++;
    sum += average_precision(matches, count);
    if (result->cmc && matches[0].others < result->ranks) result->cmc[matches[0].others]++;
  }
  result->mean_average_precision = sum / (double)result->counted;
  for (size_t k = 1; result->cmc && k < result->ranks; k++) result->cmc[k] += result->cmc[k - 1];
  for (size_t k = 0; result->cmc && k < result->ranks; k++) result->cmc[k] /= (double)result->counted;
}

/* ---- Distances that the caller has ------------------------------------------------------------------------------- */

typedef struct matrix {
  const float *distances;
  size_t entries;
} matrix;

static double matrix_distance(const void *user, size_t query, size_t entry)
{
  const matrix *given = user;
  return given->distances[query * given->entries + entry];
}

static clreid_status check_distances(const float *distances, size_t queries, size_t entries, clreid_error *error)
{
  for (size_t i = 0; i < queries * entries; i++)
    if (!isfinite(distances[i]))
      return cr_fail(error, CLREID_INVALID_ARGUMENT, "the distance of query %zu and gallery entry %zu is not finite",
                     i / entries, i % entries);
  return CLREID_OK;
}

clreid_status clreid_evaluate_distances(const float *distances, const clreid_label *query, size_t queries,
                                        const clreid_label *gallery, size_t entries, clreid_evaluation *result,
                                        clreid_error *error)
{
  if (!distances || !query || !gallery || !result || !queries || !entries)
    return cr_fail(
        error, CLREID_INVALID_ARGUMENT,
        "clreid_evaluate_distances needs distances, labels and a result: %zu queries and %zu gallery entries "
        "were given",
        queries, entries);
  CR_TRY(check_distances(distances, queries, entries, error));
  const matrix given = {distances, entries};
  judge it = {.query = query,
              .gallery = gallery,
              .queries = queries,
              .entries = entries,
              .exact = matrix_distance,
              .user = &given};
  const clreid_status status = judge_make(&it, error);
  for (size_t q = 0; q < queries && status == CLREID_OK; q++)
    for (size_t g = 0; g < entries; g++)
      if (it.first[q] < it.first[q + 1] && !is_left_out(&query[q], &gallery[g]) && !is_match(&query[q], &gallery[g]))
        judge_offer(&it, q, g, matrix_distance(&given, q, g), 0);
  if (status == CLREID_OK) judge_finish(&it, result);
  judge_free(&it);
  return status;
}

/* ---- Distances of features --------------------------------------------------------------------------------------- */

typedef struct pair {
  cr_features query, gallery;
  clreid_metric metric;
  judge judge;
  double bound; /* of a cosine */
} pair;

/* Squared: the order is the same. */
static double feature_distance(const void *user, size_t query, size_t entry)
{
  const pair *p = user;
  return p->metric == CLREID_EUCLIDEAN ? cr_squared_distance(&p->query, query, &p->gallery, entry)
                                       : cr_cosine_distance(&p->query, query, &p->gallery, entry);
}

static void offer_cosine(pair *p, size_t q, size_t g, double cosine)
{
  const double a = p->query.norms[q], b = p->gallery.norms[g], slack = 1e-14;
  if (p->metric == CLREID_EUCLIDEAN)
    judge_offer(&p->judge, q, g, a * a + b * b - 2 * a * b * cosine, 2 * a * b * p->bound + slack * (a * a + b * b));
  else
    judge_offer(&p->judge, q, g, 1 - cosine, p->bound + slack);
}

static clreid_status take_block(void *user, const cr_block *block, clreid_error *error)
{
  pair *p = user;
  judge *it = &p->judge;
  (void)error;
  for (size_t r = 0; r < block->rows; r++) {
    const size_t q = block->first_row + r;
    const clreid_label *query = &it->query[q];
    if (it->first[q] == it->first[q + 1]) continue;
    for (size_t c = 0; c < block->columns; c++) {
      const clreid_label *entry = &it->gallery[block->first_column + c];
      if (is_left_out(query, entry) || entry->person == query->person) continue;
      offer_cosine(p, q, block->first_column + c, block->cosines[r * block->stride + c]);
    }
  }
  return CLREID_OK;
}

static clreid_status evaluate_features(clreid_device *device, const clreid_labelled *query,
                                       const clreid_labelled *gallery, size_t length, clreid_metric metric,
                                       clreid_evaluation *result, clreid_error *error)
{
  pair p = {.metric = metric, .bound = cr_cosine_bound(length)};
  p.judge = (judge){.query = query->labels,
                    .gallery = gallery->labels,
                    .queries = query->count,
                    .entries = gallery->count,
                    .exact = feature_distance,
                    .user = &p};
  clreid_status status = cr_features_make(&p.query, query->features, query->count, length, "the query features", error);
  if (status == CLREID_OK)
    status = cr_features_make(&p.gallery, gallery->features, gallery->count, length, "the gallery features", error);
  if (status == CLREID_OK) status = judge_make(&p.judge, error);
  if (status == CLREID_OK)
    status = cr_cosines(device ? device->device : NULL, &p.query, &p.gallery, take_block, &p, error);
  if (status == CLREID_OK) judge_finish(&p.judge, result);
  judge_free(&p.judge);
  cr_features_free(&p.query);
  cr_features_free(&p.gallery);
  return status;
}

static clreid_status evaluate_reranked(clreid_device *device, const clreid_labelled *query,
                                       const clreid_labelled *gallery, size_t length,
                                       const clreid_evaluate_config *config, clreid_evaluation *result,
                                       clreid_error *error)
{
  clreid_rerank_config rerank = *config->rerank;
  rerank.metric = config->metric;
  float *distances = calloc(query->count, gallery->count * sizeof *distances);
  if (!distances)
    return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for the distances of %zu queries and %zu gallery entries",
                   query->count, gallery->count);
  clreid_status status = clreid_rerank(device, query->features, query->count, gallery->features, gallery->count, length,
                                       &rerank, distances, error);
  if (status == CLREID_OK)
    status = clreid_evaluate_distances(distances, query->labels, query->count, gallery->labels, gallery->count, result,
                                       error);
  free(distances);
  return status;
}

/* ---- Multiple query ---------------------------------------------------------------------------------------------- */

/* What joined queries are made of: rows in the order of person, camera, place. */
typedef struct row {
  clreid_label label;
  size_t index;
} row;

static int compare_rows(const void *left, const void *right)
{
  const row *a = left, *b = right;
  if (a->label.person != b->label.person) return a->label.person < b->label.person ? -1 : 1;
  if (a->label.camera != b->label.camera) return a->label.camera < b->label.camera ? -1 : 1;
  return a->index < b->index ? -1 : a->index > b->index;
}

static bool same_label(const clreid_label *a, const clreid_label *b)
{
  return a->person == b->person && a->camera == b->camera;
}

/* mean[length] of the features of rows[count]; sums[length] is room. */
static void take_mean(const float *features, size_t length, const row *rows, size_t count, double *sums, float *mean)
{
  memset(sums, 0, length * sizeof *sums);
  for (size_t r = 0; r < count; r++)
    for (size_t i = 0; i < length; i++) sums[i] += features[rows[r].index * length + i];
  for (size_t i = 0; i < length; i++) mean[i] = (float)(sums[i] / (double)count);
}

/* What join fills: for free(). */
typedef struct joined {
  row *rows;
  double *sums;
  float *features;
  clreid_label *labels;
} joined;

static size_t join_rows(joined *to, const clreid_labelled *query, size_t length)
{
  size_t count = 0;
  for (size_t q = 0; q < query->count; q++) to->rows[q] = (row){query->labels[q], q};
  qsort(to->rows, query->count, sizeof *to->rows, compare_rows);
  for (size_t first = 0, end; first < query->count; first = end, count++) {
    for (end = first + 1; end < query->count && same_label(&to->rows[first].label, &to->rows[end].label);) end++;
    to->labels[count] = to->rows[first].label;
    take_mean(query->features, length, to->rows + first, end - first, to->sums, to->features + count * length);
  }
  return count;
}

static clreid_status evaluate_queries(clreid_device *device, const clreid_labelled *query,
                                      const clreid_labelled *gallery, size_t length,
                                      const clreid_evaluate_config *config, clreid_evaluation *result,
                                      clreid_error *error)
{
  return config->rerank ? evaluate_reranked(device, query, gallery, length, config, result, error)
                        : evaluate_features(device, query, gallery, length, config->metric, result, error);
}

static clreid_status evaluate_joined(clreid_device *device, const clreid_labelled *query,
                                     const clreid_labelled *gallery, size_t length,
                                     const clreid_evaluate_config *config, clreid_evaluation *result,
                                     clreid_error *error)
{
  cr_features check; /* a row that is not finite is named by its own number */
  clreid_status status = cr_features_make(&check, query->features, query->count, length, "the query features", error);
  cr_features_free(&check);
  if (status != CLREID_OK) return status;
  joined to = {.rows = calloc(query->count, sizeof *to.rows),
               .sums = calloc(length, sizeof *to.sums),
               .features = calloc(query->count, length * sizeof *to.features),
               .labels = calloc(query->count, sizeof *to.labels)};
  if (to.rows && to.sums && to.features && to.labels) {
    const clreid_labelled means = {to.features, to.labels, join_rows(&to, query, length)};
    status = evaluate_queries(device, &means, gallery, length, config, result, error);
  } else {
    status = cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for the means of %zu queries", query->count);
  }
  free(to.rows);
  free(to.sums);
  free(to.features);
  free(to.labels);
  return status;
}

clreid_status clreid_evaluate(clreid_device *device, const clreid_labelled *query, const clreid_labelled *gallery,
                              size_t length, const clreid_evaluate_config *config, clreid_evaluation *result,
                              clreid_error *error)
{
  static const clreid_evaluate_config defaults;
  if (!config) config = &defaults;
  if (!query || !gallery || !query->labels || !gallery->labels || !result)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_evaluate needs query, gallery, their labels and a result");
  if (!query->features || !gallery->features || !query->count || !gallery->count || !length)
    return cr_fail(error, CLREID_INVALID_ARGUMENT,
                   "clreid_evaluate needs features: %zu queries and %zu gallery entries of length %zu were given",
                   query->count, gallery->count, length);
  if (config->metric != CLREID_COSINE && config->metric != CLREID_EUCLIDEAN)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "metric %d is neither CLREID_COSINE (%d) nor CLREID_EUCLIDEAN (%d)",
                   (int)config->metric, CLREID_COSINE, CLREID_EUCLIDEAN);
  return config->multiple_query ? evaluate_joined(device, query, gallery, length, config, result, error)
                                : evaluate_queries(device, query, gallery, length, config, result, error);
}
