/*
 * gallery_search.c - the nearest features of a gallery, as a walk over all of them in double precision would find them.
 *
 * The device multiplies a block of rows with all queries in float32 (cl/search.cl) and lists the rows that may be
 * nearer than the k-th best so far. "May" is a proof: with s the product of row g and the scaled query q' = q / 2^e,
 *
 *     |s - q'.g| <= gamma |q'| |g|      gamma from the length of the sums, see cr_search_products
 *
 * so each listed row has a lower and an upper bound of its distance. The k smallest upper bounds say where the k-th
 * best is at most; rows whose lower bound is beyond it are out. Those left at the end, k and seldom many more, are
 * fetched, and their distances computed in double: they decide.
 *
 * Bounds are those of a number that grows with the distance: 1 - cosine itself, or the square of the L2 distance.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gallery.h"

enum {
  MOST_POOLED = 1 << 20, /* k times queries at a time */
  POOL_MORE = 1024,      /* candidates kept of a query beside 2 k */
  FIRST_ROWS = 1024, /* of the first step of a walk, when all rows are candidates; each step is as long as all before */
};

/* What the bounds allow for beside gamma: roundings of lengths and limits to float, of the device's limit, and of the
 * double sums. */
#define SLACK 0x1p-19

typedef struct candidate {
  double lower, upper; /* bounds */
  double distance;     /* -1: not known yet */
  uint64_t place;      /* block and row: ascends with the id */
} candidate;

typedef struct query {
  double square; /* the sum of its squares */
  double scaled; /* the length of q' */
  double scale;  /* 2^e */
  candidate *pool;
  size_t pooled;
  double *best; /* the k smallest upper bounds: a heap, the largest on top */
  size_t best_count;
} query;

/* A candidate that is to be fetched. */
typedef struct wanted {
  uint64_t place;
  size_t query, index;
} wanted;

struct cr_gallery_work {
  size_t bytes;        /* but for pools, bests and wanted */
  size_t k, pool_room; /* of each query of this search */
  size_t group;        /* queries at a time */
  int count;           /* of them now */
  query queries[CR_SEARCH_QUERIES];
  cr_search_limit limits[CR_SEARCH_QUERIES];
  int32_t counts[CR_SEARCH_QUERIES];
  float *values;    /* [CR_SEARCH_QUERIES][D]: queries as they are stored */
  float *scaled;    /* [CR_SEARCH_QUERIES][D] */
  uint16_t *halves; /* [D] */
  int32_t *rows;    /* [CR_GALLERY_ROOM][CR_SEARCH_QUERIES]: what the device lists */
  float *products;  /* [CR_GALLERY_ROOM][CR_SEARCH_QUERIES] */
  candidate *pools; /* [pooled]: [group][pool_room] */
  double *bests;    /* [kept]: [group][k] */
  wanted *wanted;   /* [pooled] */
  size_t pooled, kept;
};

/* ---- Room -------------------------------------------------------------------------------------------------------- */

void cr_gallery_work_destroy(cr_gallery_work *work)
{
  if (!work) return;
  free(work->values);
  free(work->scaled);
  free(work->halves);
  free(work->rows);
  free(work->products);
  free(work->pools);
  free(work->bests);
  free(work->wanted);
  free(work);
}

size_t cr_gallery_work_bytes(const cr_gallery_work *work)
{
  if (!work) return 0;
  return work->bytes + work->pooled * (sizeof *work->pools + sizeof *work->wanted) + work->kept * sizeof *work->bests;
}

static clreid_status create_work(clreid_gallery *g, clreid_error *error)
{
  const size_t length = (size_t)g->config.feature_length, listed = (size_t)CR_GALLERY_ROOM * CR_SEARCH_QUERIES;
  cr_gallery_work *work = calloc(1, sizeof *work);
  if (work) {
    work->values = malloc(CR_SEARCH_QUERIES * length * sizeof *work->values);
    work->scaled = malloc(CR_SEARCH_QUERIES * length * sizeof *work->scaled);
    work->halves = malloc(length * sizeof *work->halves);
    work->rows = malloc(listed * sizeof *work->rows);
    work->products = malloc(listed * sizeof *work->products);
  }
  if (!work || !work->values || !work->scaled || !work->halves || !work->rows || !work->products) {
    cr_gallery_work_destroy(work);
    return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory to search features of length %zu", length);
  }
  work->bytes = sizeof *work + CR_SEARCH_QUERIES * length * 2 * sizeof(float) + length * sizeof *work->halves +
                listed * (sizeof *work->rows + sizeof *work->products);
  g->work = work;
  return CLREID_OK;
}

/* Launches everything once, in a small and in a large index space: drivers compile at the first launch. The block is
 * still empty; what stands in its memory does not matter, as nothing without a length is listed. */
static clreid_status launch_all(clreid_gallery *g, clreid_error *error)
{
  cr_gallery_work *work = g->work;
  const cr_search_block *block = &g->blocks[0]->device;
  const int rows[] = {CR_PANEL, g->block_rows};
  memset(g->elements, 0, (size_t)g->config.feature_length * cr_gallery_element_bytes(g));
  memset(work->scaled, 0, (size_t)g->config.feature_length * sizeof *work->scaled);
  g->list[0] = 0;
  CR_TRY(cr_search_put(g->search, block, 0, 1, g->elements, error));
  CR_TRY(cr_search_get(g->search, block, g->list, 1, g->elements, error));
  CR_TRY(cr_search_set_queries(g->search, work->scaled, 1, error));
  for (int i = 0; i < 2; i++) {
    CR_TRY(cr_search_products(g->search, block, 0, rows[i], error));
    CR_TRY(
        cr_search_select(g->search, block, work->limits, 0, rows[i], work->counts, work->rows, work->products, error));
  }
  return CLREID_OK;
}

clreid_status cr_gallery_warm_up(clreid_gallery *g, clreid_error *error)
{
  CR_TRY(create_work(g, error));
  cr_device_compile_alone(g->device);
  const clreid_status status = launch_all(g, error);
  cr_device_compile_done(g->device);
  return status;
}

/* Makes room for k matches of each query of a group. */
static clreid_status make_room(cr_gallery_work *work, size_t k, clreid_error *error)
{
  const size_t most = MOST_POOLED / k, group = most < 1 ? 1 : most < CR_SEARCH_QUERIES ? most : CR_SEARCH_QUERIES;
  const size_t pooled = group * (2 * k + POOL_MORE), kept = group * k;
  work->k = k;
  work->pool_room = 2 * k + POOL_MORE;
  work->group = group;
  if (pooled <= work->pooled && kept <= work->kept) return CLREID_OK;
  candidate *pools = calloc(pooled, sizeof *pools);
  double *bests = calloc(kept, sizeof *bests);
  wanted *list = calloc(pooled, sizeof *list);
  if (!pools || !bests || !list) {
    free(pools);
    free(bests);
    free(list);
    work->group = 0;
    return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for %zu matches of a query; ask for fewer", k);
  }
  free(work->pools);
  free(work->bests);
  free(work->wanted);
  work->pools = pools;
  work->bests = bests;
  work->wanted = list;
  work->pooled = pooled;
  work->kept = kept;
  return CLREID_OK;
}

/* ---- Queries ----------------------------------------------------------------------------------------------------- */

/* Rounds the query as features are, and scales it by a power of two to a length in [0.5, 1). */
static clreid_status take_query(clreid_gallery *g, const float *from, int q, size_t index, size_t count,
                                clreid_error *error)
{
  cr_gallery_work *work = g->work;
  const size_t length = (size_t)g->config.feature_length;
  float *values = work->values + (size_t)q * length, *scaled = work->scaled + (size_t)q * length;
  query *to = &work->queries[q];
  CR_TRY(cr_gallery_round(g, from, g->config.precision == CLREID_FP16 ? (void *)work->halves : NULL, values,
                          &to->square, "query", index, count, error));
  int exponent;
  to->scaled = frexp(sqrt(to->square), &exponent);
  to->scale = ldexp(1, exponent);
  for (size_t i = 0; i < length; i++) scaled[i] = ldexpf(values[i], -exponent);
  to->pool = work->pools && (size_t)q < work->group ? work->pools + (size_t)q * work->pool_room : NULL;
  to->best = to->pool ? work->bests + (size_t)q * work->k : NULL;
  to->pooled = to->best_count = 0;
  return CLREID_OK;
}

static clreid_status take_queries(clreid_gallery *g, const float *from, size_t first, int group, size_t count,
                                  clreid_error *error)
{
  const size_t length = (size_t)g->config.feature_length;
  for (int q = 0; q < group; q++)
    CR_TRY(take_query(g, from + (first + (size_t)q) * length, q, first + (size_t)q, count, error));
  g->work->count = group;
  return cr_search_set_queries(g->search, g->work->scaled, group, error);
}

/* ---- Bounds ------------------------------------------------------------------------------------------------------ */

static double gamma_of(const clreid_gallery *g)
{
  const int chunks = g->config.feature_length / CR_SEARCH_CHUNK;
  const double terms = CR_SEARCH_CHUNK + 2 + (double)chunks;
  const double roundings = cr_device_facts(g->device)->fused_multiply_add ? 1 : 2;
  return terms * roundings * 0x1p-24;
}

/* The number that bounds are about, of a query and a row of this length with this product, as far as float32 tells. */
static double estimate(const clreid_gallery *g, const query *q, double row_length, double product)
{
  if (g->config.metric == CLREID_EUCLIDEAN) return q->square + row_length * row_length - 2 * q->scale * product;
  return q->scaled * row_length > 0 ? 1 - product / (q->scaled * row_length) : 1;
}

/* How far it may be from the truth. */
static double margin(const clreid_gallery *g, const query *q, double row_length)
{
  const double gamma = gamma_of(g);
  if (g->config.metric == CLREID_EUCLIDEAN)
    return 2 * gamma * q->scale * q->scaled * row_length + SLACK * (q->square + row_length * row_length);
  return q->scaled * row_length > 0 ? gamma + SLACK : 0;
}

/* Which rows the device lists: those whose number may be below `most`. */
static cr_search_limit limit_of(const clreid_gallery *g, const query *q, double most)
{
  if (isinf(most)) return (cr_search_limit){-INFINITY, 0, 0, 0};
  const double gamma = gamma_of(g);
  if (g->config.metric == CLREID_EUCLIDEAN) {
    /* q.q + n^2 - 2 2^e s < most, solved for s; each term made smaller by what it may be wrong. */
    const double x = (q->square - most) / (2 * q->scale), z = 1 / (2 * q->scale);
    const double wrong = SLACK * (q->square + most) / (2 * q->scale);
    return (cr_search_limit){(float)(x - wrong), (float)(-q->scaled * (gamma + SLACK)), (float)(z * (1 - SLACK)), 0};
  }
  /* s > (1 - most) |q'| n; x is for rows of zeros alone, whose number is 1. */
  const double wrong = q->scaled > 0 ? q->scaled * (gamma + SLACK) : 0;
  return (cr_search_limit){most > 1 ? -0x1p-90f : 0x1p-90f, (float)(q->scaled * (1 - most) - wrong), 0, 0};
}

/* ---- The k smallest upper bounds --------------------------------------------------------------------------------- */

static void sink(double *heap, size_t count, size_t at)
{
  for (size_t child; (child = 2 * at + 1) < count; at = child) {
    if (child + 1 < count && heap[child + 1] > heap[child]) child++;
    if (heap[at] >= heap[child]) return;
    const double smaller = heap[at];
    heap[at] = heap[child];
    heap[child] = smaller;
  }
}

static void rise(double *heap, size_t at)
{
  for (size_t parent; at && heap[parent = (at - 1) / 2] < heap[at]; at = parent) {
    const double larger = heap[at];
    heap[at] = heap[parent];
    heap[parent] = larger;
  }
}

static void note_upper(query *q, double upper, size_t k)
{
  if (q->best_count < k) {
    q->best[q->best_count++] = upper;
    rise(q->best, q->best_count - 1);
  } else if (upper < q->best[0]) {
    q->best[0] = upper;
    sink(q->best, k, 0);
  }
}

/* The number of the k-th best is at most this. */
static double most_of(const query *q, size_t k)
{
  return q->best_count < k ? INFINITY : q->best[0];
}

/* ---- Candidates -------------------------------------------------------------------------------------------------- */

static uint64_t place_of(size_t block, int row)
{
  return (uint64_t)block << 32 | (uint32_t)row;
}

static const cr_gallery_row *row_at(const clreid_gallery *g, uint64_t place)
{
  return &g->blocks[place >> 32]->rows[place & 0xffffffffu];
}

static int by_place(const void *left, const void *right)
{
  const wanted *a = left, *b = right;
  return (a->place > b->place) - (a->place < b->place);
}

static int by_distance(const void *left, const void *right)
{
  const candidate *a = left, *b = right;
  if (a->distance != b->distance) return a->distance < b->distance ? -1 : 1;
  return (a->place > b->place) - (a->place < b->place);
}

/* Sorts in place: qsort may allocate. */
static void sort(void *items, size_t count, size_t size, int (*compare)(const void *left, const void *right))
{
  char *at = items;
  candidate room; /* as large as any, and aligned */
  char *kept = (char *)&room;
  for (size_t top = count / 2, end = count; end > 1;) {
    /* First every place from the middle on becomes the top of a heap, then the largest goes to the end, again and
     * again. */
    if (top) {
      memcpy(kept, at + --top * size, size);
    } else {
      memcpy(kept, at + --end * size, size);
      memcpy(at + end * size, at, size);
    }
    size_t hole = top;
    for (size_t child; (child = 2 * hole + 1) < end; hole = child) {
      if (child + 1 < end && compare(at + (child + 1) * size, at + child * size) > 0) child++;
      if (compare(kept, at + child * size) >= 0) break;
      memcpy(at + hole * size, at + child * size, size);
    }
    memcpy(at + hole * size, kept, size);
  }
}

/* Computes the distance of a fetched row. */
static void decide(const clreid_gallery *g, size_t index, candidate *c, const float *row, double row_square)
{
  const query *q = &g->work->queries[index];
  const size_t length = (size_t)g->config.feature_length;
  const float *values = g->work->values + index * length;
  if (g->config.metric == CLREID_EUCLIDEAN) {
    c->lower = c->upper = cr_sum_differences(values, row, length);
    c->distance = sqrt(c->lower);
    return;
  }
  /* Of equal features both squares and the product are one number, whose square's root it is again. */
  const double squares = q->square * row_square;
  const double distance = squares > 0 ? 1 - cr_sum_products(values, row, length) / sqrt(squares) : 1;
  c->lower = c->upper = c->distance = distance > 0 ? distance : 0;
}

/* Decides wanted[first ... end - 1], which all lie in one block and are at most `staged` different rows. */
static clreid_status decide_some(clreid_gallery *g, size_t first, size_t end, int rows, clreid_error *error)
{
  const wanted *list = g->work->wanted;
  const size_t length = (size_t)g->config.feature_length;
  CR_TRY(cr_gallery_fetch(g, g->blocks[list[first].place >> 32], g->list, rows, error));
  const float *row = NULL;
  double square = 0;
  for (size_t i = first, at = 0; i < end; i++) {
    if (i == first || list[i].place != list[i - 1].place) {
      row = cr_gallery_fetched(g, (int)at++);
      square = cr_sum_products(row, row, length);
    }
    decide(g, list[i].query, &g->work->queries[list[i].query].pool[list[i].index], row, square);
  }
  return CLREID_OK;
}

/* Decides wanted[count]. */
static clreid_status decide_all(clreid_gallery *g, size_t count, clreid_error *error)
{
  const wanted *list = g->work->wanted;
  sort(g->work->wanted, count, sizeof *list, by_place);
  size_t first = 0;
  int rows = 0;
  for (size_t i = 0; i < count; i++) {
    if (i > first && list[i].place == list[i - 1].place) continue;
    if (i > first && (rows == g->staged || list[i].place >> 32 != list[first].place >> 32)) {
      CR_TRY(decide_some(g, first, i, rows, error));
      first = i;
      rows = 0;
    }
    g->list[rows++] = (int32_t)(list[i].place & 0xffffffffu);
  }
  return count ? decide_some(g, first, count, rows, error) : CLREID_OK;
}

/* Forgets the candidates that are beyond the k-th best for certain. */
static void prune(query *q, size_t k)
{
  const double most = most_of(q, k);
  size_t kept = 0;
  for (size_t i = 0; i < q->pooled; i++)
    if (q->pool[i].lower <= most) q->pool[kept++] = q->pool[i];
  q->pooled = kept;
}

/* Of decided candidates the k nearest, nearest first. */
static void keep_nearest(query *q, size_t k)
{
  sort(q->pool, q->pooled, sizeof *q->pool, by_distance);
  if (q->pooled > k) q->pooled = k;
  q->best_count = 0;
  for (size_t i = 0; i < q->pooled; i++) note_upper(q, q->pool[i].upper, k);
}

static size_t want(clreid_gallery *g, size_t index, size_t count)
{
  const query *q = &g->work->queries[index];
  for (size_t i = 0; i < q->pooled; i++)
    if (q->pool[i].distance < 0) g->work->wanted[count++] = (wanted){q->pool[i].place, index, i};
  return count;
}

/* Makes room in a full pool: by the bounds, and where these leave too many, by deciding. */
static clreid_status make_place(clreid_gallery *g, size_t index, size_t k, clreid_error *error)
{
  query *q = &g->work->queries[index];
  prune(q, k);
  if (q->pooled < g->work->pool_room - POOL_MORE / 2) return CLREID_OK;
  CR_TRY(decide_all(g, want(g, index, 0), error));
  keep_nearest(q, k);
  return CLREID_OK;
}

static clreid_status offer(clreid_gallery *g, size_t index, size_t block, int row, double product, size_t k,
                           clreid_error *error)
{
  query *q = &g->work->queries[index];
  const double length = (double)g->blocks[block]->rows[row].length;
  const double number = estimate(g, q, length, product), wrong = margin(g, q, length);
  if (number - wrong > most_of(q, k)) return CLREID_OK;
  if (q->pooled == g->work->pool_room) CR_TRY(make_place(g, index, k, error));
  q->pool[q->pooled++] =
      (candidate){.lower = number - wrong, .upper = number + wrong, .distance = -1, .place = place_of(block, row)};
  note_upper(q, number + wrong, k);
  return CLREID_OK;
}

/* ---- The walk ---------------------------------------------------------------------------------------------------- */

/* Offers what the device lists of these rows; *whole: false if a list was too long for its room, then nothing was. */
static clreid_status select_rows(clreid_gallery *g, size_t block, int first, int count, size_t k, bool *whole,
                                 clreid_error *error)
{
  cr_gallery_work *work = g->work;
  const size_t queries = (size_t)work->count;
  for (size_t q = 0; q < queries; q++) work->limits[q] = limit_of(g, &work->queries[q], most_of(&work->queries[q], k));
  CR_TRY(cr_search_select(g->search, &g->blocks[block]->device, work->limits, first, count, work->counts, work->rows,
                          work->products, error));
  *whole = true;
  for (size_t q = 0; q < queries; q++) *whole &= work->counts[q] <= CR_GALLERY_ROOM;
  for (size_t q = 0; q < queries && *whole; q++)
    for (size_t i = 0; i < (size_t)work->counts[q]; i++)
      CR_TRY(offer(g, q, block, work->rows[i * queries + q], (double)work->products[i * queries + q], k, error));
  return CLREID_OK;
}

/* Multiplies and selects these rows: where a list is too long by fewer rows at a time, with nearer limits each time. */
static clreid_status walk_rows(clreid_gallery *g, size_t block, int first, int count, size_t k, clreid_error *error)
{
  CR_TRY(cr_search_products(g->search, &g->blocks[block]->device, first, count, error));
  int step = count;
  for (int done = 0; done < count;) {
    bool whole;
    if (step > count - done) step = count - done;
    CR_TRY(select_rows(g, block, first + done, step, k, &whole, error));
    if (whole)
      done += step;
    else
      step = step / 2 / CR_PANEL * CR_PANEL;
  }
  return CLREID_OK;
}

static clreid_status walk(clreid_gallery *g, size_t k, clreid_error *error)
{
  size_t before = 0; /* rows walked */
  for (size_t b = 0; b < g->block_count; b++) {
    const int used = g->blocks[b]->used;
    for (int first = 0; first < used;) {
      const size_t most = before < FIRST_ROWS ? FIRST_ROWS : before / CR_PANEL * CR_PANEL;
      const int count = most < (size_t)(used - first) ? (int)most : used - first;
      CR_TRY(walk_rows(g, b, first, count, k, error));
      first += count;
      before += (size_t)count;
    }
  }
  return CLREID_OK;
}

static clreid_status decide_group(clreid_gallery *g, size_t k, clreid_error *error)
{
  size_t count = 0;
  for (int q = 0; q < g->work->count; q++) {
    prune(&g->work->queries[q], k);
    count = want(g, (size_t)q, count);
  }
  CR_TRY(decide_all(g, count, error));
  for (int q = 0; q < g->work->count; q++) keep_nearest(&g->work->queries[q], k);
  return CLREID_OK;
}

static void hand_out(const clreid_gallery *g, const query *q, clreid_match *matches)
{
  for (size_t i = 0; i < q->pooled; i++) {
    const cr_gallery_row *row = row_at(g, q->pool[i].place);
    matches[i] = (clreid_match){row->id, row->label, row->time, q->pool[i].distance};
  }
}

static clreid_status check_queries(clreid_gallery *g, const float *queries, size_t count, clreid_error *error)
{
  const size_t length = (size_t)g->config.feature_length;
  double square = 0;
  for (size_t i = 0; i < count; i++)
    CR_TRY(cr_gallery_round(g, queries + i * length,
                            g->config.precision == CLREID_FP16 ? (void *)g->work->halves : NULL, g->work->values,
                            &square, "query", i, count, error));
  return CLREID_OK;
}

clreid_status clreid_gallery_search(clreid_gallery *g, const float *queries, size_t count, size_t k,
                                    clreid_match *matches, size_t *found, clreid_error *error)
{
  if (!g || (count && (!queries || !matches)))
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_gallery_search needs gallery, queries and matches");
  if (k < 1) return cr_fail(error, CLREID_INVALID_ARGUMENT, "0 matches a query were asked for; ask for 1 or more");
  CR_TRY(check_queries(g, queries, count, error));
  const size_t most = k < g->count ? k : g->count;
  if (found) *found = most;
  if (!most) return CLREID_OK;
  CR_TRY(cr_gallery_refresh(g, error));
  CR_TRY(make_room(g->work, most, error));
  for (size_t first = 0; first < count; first += (size_t)g->work->count) {
    const size_t left = count - first;
    CR_TRY(take_queries(g, queries, first, (int)(left < g->work->group ? left : g->work->group), count, error));
    CR_TRY(walk(g, most, error));
    CR_TRY(decide_group(g, most, error));
    for (int q = 0; q < g->work->count; q++) hand_out(g, &g->work->queries[q], matches + (first + (size_t)q) * k);
  }
  return CLREID_OK;
}

/* ---- All distances ----------------------------------------------------------------------------------------------- */

enum { TOO_NEAR = 4 }; /* margins: a number that is less has too few digits */

/* Some rows of a block, and where the distances of those that are there begin among those asked for. */
typedef struct stretch {
  size_t block;
  int first, end;
  size_t at;
} stretch;

/* Computes the distances of the listed rows to query q in double: out[places[i]]. */
static clreid_status decide_listed(clreid_gallery *g, size_t q, size_t block, int listed, const int32_t *places,
                                   float *out, clreid_error *error)
{
  const size_t length = (size_t)g->config.feature_length;
  CR_TRY(cr_gallery_fetch(g, g->blocks[block], g->list, listed, error));
  for (int i = 0; i < listed; i++) {
    const float *row = cr_gallery_fetched(g, i);
    candidate c = {0};
    decide(g, q, &c, row, cr_sum_products(row, row, length));
    out[places[i]] = (float)c.distance;
  }
  return CLREID_OK;
}

/* The distances of query q to the rows of the stretch, whose products were made: out[...]. */
static clreid_status distances_of(clreid_gallery *g, size_t q, const stretch *s, float *out, clreid_error *error)
{
  cr_gallery_work *work = g->work;
  const cr_gallery_row *rows = g->blocks[s->block]->rows;
  CR_TRY(cr_search_read_products(g->search, (int)q, s->first, s->end - s->first, work->products, error));
  int listed = 0;
  for (int r = s->first, at = 0; r < s->end; r++) {
    if (!cr_gallery_there(&rows[r])) continue;
    const double length = (double)rows[r].length;
    const double number = estimate(g, &work->queries[q], length, (double)work->products[r - s->first]);
    if (number > 0 && number > TOO_NEAR * margin(g, &work->queries[q], length)) {
      out[at++] = (float)(g->config.metric == CLREID_EUCLIDEAN ? sqrt(number) : number);
      continue;
    }
    g->list[listed] = r;
    work->rows[listed++] = at++;
    if (listed < g->staged) continue;
    CR_TRY(decide_listed(g, q, s->block, listed, work->rows, out, error));
    listed = 0;
  }
  return listed ? decide_listed(g, q, s->block, listed, work->rows, out, error) : CLREID_OK;
}

/* The next stretch of rows at places [first, first + count), from a block on, whose first row that is there has this
 * place; both go on to the next. */
static bool next_stretch(const clreid_gallery *g, size_t first, size_t count, size_t *block, size_t *place, stretch *s)
{
  for (; *block < g->block_count; *place += (size_t)g->blocks[(*block)++]->alive) {
    const cr_gallery_block *b = g->blocks[*block];
    if (*place >= first + count) return false;
    if (*place + (size_t)b->alive <= first) continue;
    size_t at = *place;
    int row = 0;
    for (; at < first || !cr_gallery_there(&b->rows[row]); row++) at += cr_gallery_there(&b->rows[row]);
    *s = (stretch){.block = *block, .first = row, .end = row, .at = at - first};
    for (; s->end < b->used && at < first + count; s->end++) at += cr_gallery_there(&b->rows[s->end]);
    *place += (size_t)g->blocks[(*block)++]->alive;
    return true;
  }
  return false;
}

/* Of the queries of a group: distances[group][count]. */
static clreid_status group_distances(clreid_gallery *g, size_t first, size_t count, float *distances,
                                     clreid_error *error)
{
  stretch s;
  size_t block = 0, place = 0;
  while (next_stretch(g, first, count, &block, &place, &s)) {
    const int panel = s.first / CR_PANEL * CR_PANEL;
    CR_TRY(cr_search_products(g->search, &g->blocks[s.block]->device, panel, s.end - panel, error));
    for (int q = 0; q < g->work->count; q++)
      CR_TRY(distances_of(g, (size_t)q, &s, distances + (size_t)q * count + s.at, error));
  }
  return CLREID_OK;
}

clreid_status clreid_gallery_distances(clreid_gallery *g, const float *queries, size_t query_count, size_t first,
                                       size_t count, float *distances, clreid_error *error)
{
  if (!g || (query_count && count && (!queries || !distances)))
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_gallery_distances needs gallery, queries and distances");
  CR_TRY(cr_gallery_check_places(g, first, count, error));
  CR_TRY(check_queries(g, queries, query_count, error));
  for (size_t done = 0; done < query_count && count; done += (size_t)g->work->count) {
    const size_t left = query_count - done;
    const int group = left < CR_SEARCH_QUERIES ? (int)left : CR_SEARCH_QUERIES;
    CR_TRY(take_queries(g, queries, done, group, query_count, error));
    CR_TRY(group_distances(g, first, count, distances + done * count, error));
  }
  return CLREID_OK;
}
