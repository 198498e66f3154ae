/*
 * neighbours.c - see neighbours.h.
 *
 * A row of a block is searched by the device's distances, whose error is bounded; only what may be among the nearest,
 * or the farthest, is compared in double. That is a few entries more than are wanted, unless very many are equally far.
 */
#include "neighbours.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct search {
  const cr_features *all;
  cr_neighbours *found;
  float *output; /* [queries][count - queries] */
  size_t queries;
  uint32_t *filled;  /* [count]: how many of nearest there are yet */
  double *distances; /* [columns of a block] of the row at hand */
  double *smallest;  /* [most] of these */
  size_t room;       /* of distances */
  double greatest_norm, bound;
} search;

/* ---- Of one row of a block --------------------------------------------------------------------------------------- */

static void compute_distances(search *it, const cr_block *block, size_t r)
{
  const double *norms = it->all->norms + block->first_column;
  const double norm = it->all->norms[block->first_row + r];
  const float *cosines = block->cosines + r * block->stride;
  for (size_t c = 0; c < block->columns; c++) {
    const double distance = norm * norm + norms[c] * norms[c] - 2 * norm * norms[c] * cosines[c];
    it->distances[c] = distance > 0 ? distance : 0;
  }
}

/* How far a distance of the row may be from the true one. */
static double error_of(const search *it, size_t row)
{
  const double slack = 1e-14, a = it->all->norms[row], b = it->greatest_norm;
  return 2 * a * b * it->bound + slack * (a * a + b * b);
}

/* The number of that rank among distances[count], from the smallest; INFINITY if there are not as many. */
static double ranked(search *it, size_t count, size_t rank)
{
  size_t kept = 0;
  for (size_t c = 0; c < count; c++) {
    const double distance = it->distances[c];
    if (kept == rank && distance >= it->smallest[rank - 1]) continue;
    size_t place = kept < rank ? kept++ : rank - 1;
    for (; place > 0 && it->smallest[place - 1] > distance; place--) it->smallest[place] = it->smallest[place - 1];
    it->smallest[place] = distance;
  }
  return kept == rank ? it->smallest[rank - 1] : INFINITY;
}

static bool comes_before(cr_neighbour a, cr_neighbour b)
{
  return a.distance < b.distance || (a.distance == b.distance && a.index < b.index);
}

static void insert(search *it, size_t row, cr_neighbour entry)
{
  cr_neighbour *list = it->found->nearest + row * it->found->most;
  const uint32_t most = (uint32_t)it->found->most;
  if (it->filled[row] == most && !comes_before(entry, list[most - 1])) return;
  uint32_t place = it->filled[row] < most ? it->filled[row]++ : most - 1;
  for (; place > 0 && comes_before(entry, list[place - 1]); place--) list[place] = list[place - 1];
  list[place] = entry;
}

/* Columns come with ascending index: once as many equal features as are wanted were found, none comes before them. */
static bool is_settled(const search *it, size_t row)
{
  const size_t most = it->found->most;
  return it->filled[row] == most && it->found->nearest[row * most + most - 1].distance == 0;
}

static void take_nearest(search *it, size_t row, size_t first, size_t count)
{
  const size_t most = it->found->most;
  const double error = error_of(it, row);
  const double worst = it->filled[row] == most ? it->found->nearest[row * most + most - 1].distance : INFINITY;
  const double limit = fmin(ranked(it, count, most) + 2 * error, worst + error);
  for (size_t c = 0; c < count && !is_settled(it, row); c++)
    if (it->distances[c] <= limit)
      insert(it, row, (cr_neighbour){cr_squared_distance(it->all, row, it->all, first + c), (uint32_t)(first + c)});
}

static void take_farthest(search *it, size_t row, size_t first, size_t count)
{
  const double error = error_of(it, row);
  double *farthest = &it->found->farthest[row], greatest = 0;
  for (size_t c = 0; c < count; c++) greatest = it->distances[c] > greatest ? it->distances[c] : greatest;
  const double limit = fmax(greatest - 2 * error, *farthest - error);
  for (size_t c = 0; c < count; c++)
    if (it->distances[c] >= limit) *farthest = fmax(*farthest, cr_squared_distance(it->all, row, it->all, first + c));
}

static void give_distances(search *it, size_t row, size_t first, size_t count)
{
  if (row >= it->queries) return;
  float *to = it->output + row * (it->all->count - it->queries);
  for (size_t c = 0; c < count; c++)
    if (first + c >= it->queries) to[first + c - it->queries] = (float)it->distances[c];
}

static clreid_status take_block(void *user, const cr_block *block, clreid_error *error)
{
  search *it = user;
  if (it->room < block->columns) { /* once: the first block is the widest */
    free(it->distances);
    it->distances = malloc(block->columns * sizeof *it->distances);
    it->room = it->distances ? block->columns : 0;
    if (!it->distances) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for %zu distances", block->columns);
  }
  for (size_t r = 0; r < block->rows; r++) {
    const size_t row = block->first_row + r;
    compute_distances(it, block, r);
    give_distances(it, row, block->first_column, block->columns);
    take_nearest(it, row, block->first_column, block->columns);
    take_farthest(it, row, block->first_column, block->columns);
  }
  return CLREID_OK;
}

/* ---- Of all ------------------------------------------------------------------------------------------------------ */

static clreid_status allocate(search *it, clreid_error *error)
{
  cr_neighbours *found = it->found;
  found->nearest = calloc(found->count, found->most * sizeof *found->nearest);
  found->farthest = calloc(found->count, sizeof *found->farthest);
  it->filled = calloc(found->count, sizeof *it->filled);
  it->smallest = calloc(found->most, sizeof *it->smallest);
  if (found->nearest && found->farthest && it->filled && it->smallest) return CLREID_OK;
  return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for %zu neighbours of %zu features", found->most,
                 found->count);
}

clreid_status cr_neighbours_find(cr_device *device, const cr_features *all, size_t most, float *distances,
                                 size_t queries, cr_neighbours *found, clreid_error *error)
{
  *found = (cr_neighbours){.count = all->count, .most = most};
  search it = {
      .all = all, .found = found, .output = distances, .queries = queries, .bound = cr_cosine_bound(all->length)};
  for (size_t i = 0; i < all->count; i++) it.greatest_norm = fmax(it.greatest_norm, all->norms[i]);
  clreid_status status = allocate(&it, error);
  if (status == CLREID_OK) status = cr_cosines(device, all, all, take_block, &it, error);
  free(it.filled);
  free(it.distances);
  free(it.smallest);
  return status;
}

void cr_neighbours_free(cr_neighbours *found)
{
  free(found->nearest);
  free(found->farthest);
  *found = (cr_neighbours){0};
}
