/*
 * rerank.c - k-reciprocal re-ranking (Zhong et al., CVPR 2017; see clreid_evaluate.h).
 *
 * Queries and gallery are one list of entries, queries first. An entry is encoded by its mutual neighbours and theirs:
 * a sparse row V[i] of weights that fall with the distance. The rows of its k2 nearest entries are averaged, and the
 * Jaccard distance of two averaged rows joins the original one. No matrix of entries by entries is ever formed; the
 * averaged rows of the gallery are kept by columns, those of a query are made when it is its turn.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "clreid/clreid_evaluate.h"
#include "neighbours.h"

/* Some of the neighbours of each entry. */
typedef struct sets {
  uint32_t *items; /* [count][most] */
  uint32_t *sizes; /* [count] */
  size_t most;
} sets;

/* Sparse rows; row i is at first[i] ... first[i + 1] - 1. */
typedef struct sparse {
  size_t *first;     /* [rows + 1] */
  uint32_t *columns; /* [room] */
  float *weights;    /* [room] */
  size_t room;
} sparse;

/* A row under construction, for any column: weights[count], zero outside columns[used]. */
typedef struct row {
  double *weights;
  uint32_t *columns;
  size_t used;
} row;

typedef struct run {
  size_t queries, count; /* of entries: queries and gallery */
  size_t k1, half, k2;
  double lambda;
  float *copy; /* [count][length] */
  cr_features all;
  cr_neighbours near;
  sets mutual, half_mutual; /* k1-reciprocal neighbours, and those of half of k1 */
  sparse encoded;           /* V, a row an entry */
  sparse gallery;           /* averaged, a row for each column of V: the gallery entries that have it */
  row average;
  uint32_t *stamps; /* [count]: sets that entries are found in */
  uint32_t stamp;
  double *shared; /* [gallery]: sums of minima */
} run;

static clreid_status no_memory(const run *it, clreid_error *error)
{
  return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for re-ranking %zu entries: make the gallery smaller",
                 it->count);
}

/* ---- Entries ----------------------------------------------------------------------------------------------------- */

static void scale_to_one(float *feature, double norm, size_t length)
{
  for (size_t i = 0; i < length && norm > 0; i++) feature[i] = (float)(feature[i] / norm);
}

/* Squares of L2 distances are floats on their way: lengths beyond these would leave the range of a float. */
static clreid_status check_lengths(const cr_features *features, const char *what, clreid_error *error)
{
  for (size_t i = 0; i < features->count; i++) {
    const double norm = features->norms[i];
    if (norm != 0 && !(norm >= 1e-12 && norm <= 1e12))
      return cr_fail(
          error, CLREID_INVALID_ARGUMENT,
          "row %zu of the %zu of %s has the length %g; re-ranking by L2 distance takes lengths from 1e-12 to "
          "1e12, or 0: scale all features",
          i, features->count, what, norm);
  }
  return CLREID_OK;
}

static clreid_status check_rows(const float *values, size_t count, size_t length, clreid_metric metric,
                                const char *what, clreid_error *error)
{
  cr_features features;
  clreid_status status = cr_features_make(&features, values, count, length, what, error);
  if (status == CLREID_OK && metric == CLREID_EUCLIDEAN) status = check_lengths(&features, what, error);
  cr_features_free(&features);
  return status;
}

static clreid_status gather(run *it, const float *query, const float *gallery, size_t length, clreid_metric metric,
                            clreid_error *error)
{
  const size_t entries = it->count - it->queries;
  CR_TRY(check_rows(query, it->queries, length, metric, "the query features", error));
  CR_TRY(check_rows(gallery, entries, length, metric, "the gallery features", error));
  it->copy = calloc(it->count, length * sizeof *it->copy);
  if (!it->copy) return no_memory(it, error);
  memcpy(it->copy, query, it->queries * length * sizeof *it->copy);
  memcpy(it->copy + it->queries * length, gallery, entries * length * sizeof *it->copy);
  CR_TRY(cr_features_make(&it->all, it->copy, it->count, length, "all features", error));
  if (metric == CLREID_EUCLIDEAN) return CLREID_OK;
  for (size_t i = 0; i < it->count; i++) scale_to_one(it->copy + i * length, it->all.norms[i], length);
  cr_features_free(&it->all);
  return cr_features_make(&it->all, it->copy, it->count, length, "all features", error);
}

/* ---- Mutual neighbours ------------------------------------------------------------------------------------------- */

static const cr_neighbour *nearest_of(const run *it, size_t entry)
{
  return it->near.nearest + entry * it->near.most;
}

static bool is_near(const run *it, size_t entry, size_t other, size_t reach)
{
  const cr_neighbour *list = nearest_of(it, other);
  for (size_t n = 0; n < reach; n++)
    if (list[n].index == entry) return true;
  return false;
}

/* Those of the k + 1 nearest entries (an entry is mostly its own nearest) that have this one among theirs. */
static clreid_status find_mutual(const run *it, size_t k, sets *made, clreid_error *error)
{
  made->most = k + 1;
  made->items = calloc(it->count, made->most * sizeof *made->items);
  made->sizes = calloc(it->count, sizeof *made->sizes);
  if (!made->items || !made->sizes) return no_memory(it, error);
  for (size_t i = 0; i < it->count; i++)
    for (size_t n = 0; n < made->most; n++) {
      const uint32_t other = nearest_of(it, i)[n].index;
      if (is_near(it, i, other, made->most)) made->items[i * made->most + made->sizes[i]++] = other;
    }
  return CLREID_OK;
}

/* ---- Encodings --------------------------------------------------------------------------------------------------- */

static void clear_row(row *made)
{
  for (size_t n = 0; n < made->used; n++) made->weights[made->columns[n]] = 0;
  made->used = 0;
}

static void add_to_row(row *made, uint32_t column, double weight)
{
  if (made->weights[column] == 0) made->columns[made->used++] = column;
  made->weights[column] += weight;
}

/* Adds a set to the row, an entry that is there already not again; the row's weights are ones. */
static void add_set(row *made, const uint32_t *items, size_t size)
{
  for (size_t n = 0; n < size; n++)
    if (made->weights[items[n]] == 0) add_to_row(made, items[n], 1);
}

/* How many of the set bear the current stamp. */
static size_t count_stamped(const run *it, const uint32_t *items, size_t size)
{
  size_t count = 0;
  for (size_t n = 0; n < size; n++) count += it->stamps[items[n]] == it->stamp;
  return count;
}

/* The mutual neighbours of an entry, and of each of them the nearer ones, if more than two thirds of these are among
 * the entry's own. */
static void expand(run *it, size_t entry)
{
  const uint32_t *own = it->mutual.items + entry * it->mutual.most;
  const size_t size = it->mutual.sizes[entry];
  it->stamp++;
  for (size_t n = 0; n < size; n++) it->stamps[own[n]] = it->stamp;
  add_set(&it->average, own, size);
  for (size_t n = 0; n < size; n++) {
    const uint32_t *others = it->half_mutual.items + own[n] * it->half_mutual.most;
    const size_t count = it->half_mutual.sizes[own[n]];
    if (3 * count_stamped(it, others, count) > 2 * count) add_set(&it->average, others, count);
  }
}

static double share_of_farthest(const run *it, size_t entry, double distance)
{
  return it->near.farthest[entry] > 0 ? fmin(distance / it->near.farthest[entry], 1) : 0;
}

/* Weights of the row: exp(-distance), their sum one. */
static void weigh(run *it, size_t entry)
{
  row *made = &it->average;
  double sum = 0;
  for (size_t n = 0; n < made->used; n++) {
    const uint32_t other = made->columns[n];
    const double distance = cr_squared_distance(&it->all, entry, &it->all, other);
    made->weights[other] = exp(-share_of_farthest(it, entry, distance));
    sum += made->weights[other];
  }
  for (size_t n = 0; n < made->used; n++) made->weights[made->columns[n]] /= sum;
}

static clreid_status grow(const run *it, sparse *rows, size_t room, clreid_error *error)
{
  if (room <= rows->room) return CLREID_OK;
  room = room > 2 * rows->room ? room : 2 * rows->room;
  uint32_t *columns = realloc(rows->columns, room * sizeof *columns);
  if (columns) rows->columns = columns;
  float *weights = columns ? realloc(rows->weights, room * sizeof *weights) : NULL;
  if (!weights) return no_memory(it, error);
  rows->weights = weights;
  rows->room = room;
  return CLREID_OK;
}

static clreid_status encode(run *it, clreid_error *error)
{
  sparse *rows = &it->encoded;
  rows->first = calloc(it->count + 1, sizeof *rows->first);
  if (!rows->first) return no_memory(it, error);
  for (size_t i = 0; i < it->count; i++) {
    const row *made = &it->average;
    clear_row(&it->average);
    expand(it, i);
    weigh(it, i);
    const size_t first = rows->first[i];
    CR_TRY(grow(it, rows, first + made->used, error));
    for (size_t n = 0; n < made->used; n++) {
      rows->columns[first + n] = made->columns[n];
      rows->weights[first + n] = (float)made->weights[made->columns[n]];
    }
    rows->first[i + 1] = first + made->used;
  }
  return CLREID_OK;
}

/* The mean of the rows of the entry's k2 nearest entries; k2 = 1: its own row. */
static void take_average(run *it, size_t entry)
{
  const sparse *rows = &it->encoded;
  row *made = &it->average;
  clear_row(made);
  for (size_t n = 0; n < it->k2; n++) {
    const size_t other = it->k2 == 1 ? entry : nearest_of(it, entry)[n].index;
    for (size_t at = rows->first[other]; at < rows->first[other + 1]; at++)
      add_to_row(made, rows->columns[at], rows->weights[at]);
  }
  for (size_t n = 0; n < made->used; n++) made->weights[made->columns[n]] /= (double)it->k2;
}

/* The averaged rows of the gallery, sorted by column: counted first, then filled in. */
static clreid_status invert(run *it, clreid_error *error)
{
  sparse *columns = &it->gallery;
  const row *made = &it->average;
  columns->first = calloc(it->count + 2, sizeof *columns->first);
  if (!columns->first) return no_memory(it, error);
  for (size_t i = it->queries; i < it->count; i++) {
    take_average(it, i);
    for (size_t n = 0; n < made->used; n++) columns->first[made->columns[n] + 2]++;
  }
  for (size_t c = 2; c < it->count + 2; c++) columns->first[c] += columns->first[c - 1];
  CR_TRY(grow(it, columns, columns->first[it->count + 1] + 1, error));
  for (size_t i = it->queries; i < it->count; i++) { /* first[c + 1] runs from the start of c to its end */
    take_average(it, i);
    for (size_t n = 0; n < made->used; n++) {
      const size_t at = columns->first[made->columns[n] + 1]++;
      columns->columns[at] = (uint32_t)(i - it->queries);
      columns->weights[at] = (float)made->weights[made->columns[n]];
    }
  }
  return CLREID_OK;
}

/* ---- Distances --------------------------------------------------------------------------------------------------- */

/* distances[gallery]: of the query, squared; becomes the result. */
static void finish_query(run *it, size_t query, float *distances)
{
  const size_t entries = it->count - it->queries;
  const sparse *columns = &it->gallery;
  memset(it->shared, 0, entries * sizeof *it->shared);
  take_average(it, query);
  for (size_t n = 0; n < it->average.used; n++) {
    const uint32_t column = it->average.columns[n];
    const float weight = (float)it->average.weights[column];
    for (size_t at = columns->first[column]; at < columns->first[column + 1]; at++)
      it->shared[columns->columns[at]] += fminf(weight, columns->weights[at]);
  }
  for (size_t g = 0; g < entries; g++) {
    const double shared = fmin(it->shared[g], 1); /* rounding may put it a little above */
    const double jaccard = 1 - shared / (2 - shared);
    const double original = share_of_farthest(it, query, distances[g]);
    distances[g] = (float)((1 - it->lambda) * jaccard + it->lambda * original);
  }
}

static clreid_status allocate(run *it, clreid_error *error)
{
  it->average.weights = calloc(it->count, sizeof *it->average.weights);
  it->average.columns = calloc(it->count, sizeof *it->average.columns);
  it->stamps = calloc(it->count, sizeof *it->stamps);
  it->shared = calloc(it->count, sizeof *it->shared);
  return it->average.weights && it->average.columns && it->stamps && it->shared ? CLREID_OK : no_memory(it, error);
}

static void free_sparse(sparse *rows)
{
  free(rows->first);
  free(rows->columns);
  free(rows->weights);
}

static void release(run *it)
{
  cr_features_free(&it->all);
  cr_neighbours_free(&it->near);
  free(it->copy);
  free(it->mutual.items);
  free(it->mutual.sizes);
  free(it->half_mutual.items);
  free(it->half_mutual.sizes);
  free_sparse(&it->encoded);
  free_sparse(&it->gallery);
  free(it->average.weights);
  free(it->average.columns);
  free(it->stamps);
  free(it->shared);
}

static clreid_status rerank(run *it, cr_device *device, float *distances, clreid_error *error)
{
  const size_t entries = it->count - it->queries;
  CR_TRY(allocate(it, error));
  CR_TRY(cr_neighbours_find(device, &it->all, it->k1 + 1, distances, it->queries, &it->near, error));
  CR_TRY(find_mutual(it, it->k1, &it->mutual, error));
  CR_TRY(find_mutual(it, it->half, &it->half_mutual, error));
  CR_TRY(encode(it, error));
  CR_TRY(invert(it, error));
  for (size_t q = 0; q < it->queries; q++) finish_query(it, q, distances + q * entries);
  return CLREID_OK;
}

/* ---- Settings ---------------------------------------------------------------------------------------------------- */

static clreid_status check_config(const clreid_rerank_config *config, clreid_error *error)
{
  if (config->metric != CLREID_COSINE && config->metric != CLREID_EUCLIDEAN)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "metric %d is neither CLREID_COSINE (%d) nor CLREID_EUCLIDEAN (%d)",
                   (int)config->metric, CLREID_COSINE, CLREID_EUCLIDEAN);
  if (!(config->lambda >= 0 && config->lambda <= 1))
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "lambda is %g; it must be from 0 to 1", (double)config->lambda);
  if (config->jaccard_alone && config->lambda > 0)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "lambda is %g beside jaccard_alone, which needs 0",
                   (double)config->lambda);
  return CLREID_OK;
}

static clreid_status set_up(run *it, const clreid_rerank_config *config, clreid_error *error)
{
  const int k1 = config->k1 ? config->k1 : 20, k2 = config->k2 ? config->k2 : 6;
  if (k1 < 1 || (size_t)k1 >= it->count)
    return cr_fail(error, CLREID_INVALID_ARGUMENT,
                   "k1 is %d, but there are %zu entries, queries and gallery: it must be from 1 to %zu", k1, it->count,
                   it->count - 1);
  if (k2 < 1 || k2 > k1 + 1)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "k2 is %d; with a k1 of %d it must be from 1 to %d", k2, k1, k1 + 1);
  it->k1 = (size_t)k1;
  it->k2 = (size_t)k2;
  it->half = it->k1 / 2;
  if (it->k1 % 2) it->half += it->half % 2; /* half to even */
  it->lambda = config->jaccard_alone ? 0 : config->lambda > 0 ? (double)config->lambda : 0.3;
  return CLREID_OK;
}

clreid_status clreid_rerank(clreid_device *device, const float *query, size_t queries, const float *gallery,
                            size_t entries, size_t length, const clreid_rerank_config *config, float *distances,
                            clreid_error *error)
{
  static const clreid_rerank_config defaults;
  if (!config) config = &defaults;
  if (!query || !gallery || !distances || !queries || !entries || !length)
    return cr_fail(error, CLREID_INVALID_ARGUMENT,
                   "clreid_rerank needs features and room for distances: %zu queries and %zu gallery entries of length "
                   "%zu were given",
                   queries, entries, length);
  if (queries > INT32_MAX || entries > INT32_MAX - queries)
    return cr_fail(error, CLREID_INVALID_ARGUMENT,
                   "%zu queries and %zu gallery entries are more than the %d that can "
                   "be re-ranked together",
                   queries, entries, INT32_MAX);
  run it = {.queries = queries, .count = queries + entries};
  clreid_status status = check_config(config, error);
  if (status == CLREID_OK) status = set_up(&it, config, error);
  if (status == CLREID_OK) status = gather(&it, query, gallery, length, config->metric, error);
  if (status == CLREID_OK) status = rerank(&it, device ? device->device : NULL, distances, error);
  release(&it);
  return status;
}
