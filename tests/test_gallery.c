/*
 * test_gallery.c - proves lib/gallery*.c: a search gives, to the last bit, what a plain walk in double precision gives;
 * whatever was removed, however the blocks lie, whichever queries are searched together; files keep everything, and no
 * file is too hostile.
 */
#include "support.h"

#include "api.h"
#include "folder.h"
#include "gallery.h"

static clreid_error error;
static clreid_device *device;

/* ---- What the library asks for ---------------------------------------------------------------------------------- */

static long asked = -1; /* calls for memory since it is 0; -1: not counted */
static long denied;     /* this call for memory of the host gets none; 0: all do */

static bool denies(void)
{
  return asked >= 0 && ++asked == denied;
}

#define WRAP(type, name, parameters, call)                                                                             \
  type __real_##name parameters;                                                                                       \
  type __wrap_##name parameters;                                                                                       \
  type __wrap_##name parameters                                                                                        \
  {                                                                                                                    \
    return call;                                                                                                       \
  }
WRAP(void *, malloc, (size_t size), denies() ? NULL : __real_malloc(size))
WRAP(void *, calloc, (size_t count, size_t size), denies() ? NULL : __real_calloc(count, size))
WRAP(void *, realloc, (void *old, size_t size), denies() ? NULL : __real_realloc(old, size))
void __wrap_qsort(void *items, size_t count, size_t size, int (*compare)(const void *, const void *));
void __real_qsort(void *items, size_t count, size_t size, int (*compare)(const void *, const void *));
void __wrap_qsort(void *items, size_t count, size_t size, int (*compare)(const void *, const void *))
{
  if (asked >= 0) asked++; /* it may */
  __real_qsort(items, count, size, compare);
}
WRAP(cl_mem, clCreateBuffer, (cl_context context, cl_mem_flags flags, size_t size, void *data, cl_int *code),
     (asked += asked >= 0, __real_clCreateBuffer(context, flags, size, data, code)))
WRAP(cl_kernel, clCreateKernel, (cl_program program, const char *name, cl_int *code),
     (asked += asked >= 0, __real_clCreateKernel(program, name, code)))

#define MUST(call)                                                                                                     \
  do {                                                                                                                 \
    if ((call) != CLREID_OK) fail_msg("%s: %s", #call, error.text);                                                    \
  } while (0)
#define REFUSED(status, says, call)                                                                                    \
  do {                                                                                                                 \
    error = (clreid_error){CLREID_OK, ""};                                                                             \
    assert_int_equal((call), (status));                                                                                \
    if (!strstr(error.text, (says))) fail_msg("%s: '%s' does not say '%s'", #call, error.text, (says));                \
  } while (0)

/* ---- The plain walk ---------------------------------------------------------------------------------------------- */

/* What a gallery holds, beside it. */
typedef struct model {
  int length;
  clreid_metric metric;
  size_t count;
  float *features; /* [count][length] as they are stored */
  int64_t *ids;
  bool *gone;
} model;

typedef struct pair {
  double distance;
  int64_t id;
} pair;

static int by_distance(const void *left, const void *right)
{
  const pair *a = left, *b = right;
  if (a->distance != b->distance) return a->distance < b->distance ? -1 : 1;
  return (a->id > b->id) - (a->id < b->id);
}

static double distance_of(const model *m, const float *q, const float *g)
{
  const size_t length = (size_t)m->length;
  if (m->metric == CLREID_EUCLIDEAN) return sqrt(cr_sum_differences(q, g, length));
  const double squares = cr_sum_products(q, q, length) * cr_sum_products(g, g, length);
  const double distance = squares > 0 ? 1 - cr_sum_products(q, g, length) / sqrt(squares) : 1;
  return distance > 0 ? distance : 0;
}

/* All that are there, sorted; returns how many. */
static size_t walk(const model *m, const float *query, pair *pairs)
{
  size_t count = 0;
  for (size_t i = 0; i < m->count; i++)
    if (!m->gone[i]) pairs[count++] = (pair){distance_of(m, query, m->features + i * (size_t)m->length), m->ids[i]};
  qsort(pairs, count, sizeof *pairs, by_distance);
  return count;
}

static void round_all(float *values, size_t count)
{
  uint16_t half;
  for (size_t i = 0; i < count; i++) {
    cr_to_half(&values[i], &half, 1);
    cr_from_half(&half, &values[i], 1);
  }
}

/* Searches and compares: ids, and the bits of distances. */
static void check_search(clreid_gallery *g, const model *m, const float *queries, size_t count, size_t k)
{
  clreid_match *matches = calloc(count * k, sizeof *matches);
  pair *pairs = calloc(m->count + 1, sizeof *pairs);
  size_t found = 0;
  MUST(clreid_gallery_search(g, queries, count, k, matches, &found, &error));
  for (size_t q = 0; q < count; q++) {
    const size_t there = walk(m, queries + q * (size_t)m->length, pairs);
    assert_int_equal(found, there < k ? there : k);
    for (size_t i = 0; i < found; i++) {
      const clreid_match *got = &matches[q * k + i];
      if (got->id != pairs[i].id || got->distance != pairs[i].distance)
        fail_msg("query %zu of %zu, k %zu, place %zu: id %lld at %.17g, not %lld at %.17g", q, count, k, i,
                 (long long)got->id, got->distance, (long long)pairs[i].id, pairs[i].distance);
      assert_int_equal(got->label, got->id * 3 + 1);
      assert_int_equal(got->time, -got->id);
    }
  }
  free(matches);
  free(pairs);
}

static void check_distances(clreid_gallery *g, const model *m, const float *queries, size_t count, size_t first,
                            size_t end)
{
  float *got = calloc(count * (end - first) + 1, sizeof *got);
  MUST(clreid_gallery_distances(g, queries, count, first, end - first, got, &error));
  for (size_t q = 0; q < count; q++)
    for (size_t i = 0, at = 0; i < m->count; i++) {
      if (m->gone[i] || at++ < first || at > end) continue;
      const float *query = queries + q * (size_t)m->length, *feature = m->features + i * (size_t)m->length;
      const double wanted = distance_of(m, query, feature), is = (double)got[q * (end - first) + at - 1 - first];
      const size_t length = (size_t)m->length;
      const double squares = cr_sum_products(query, query, length) + cr_sum_products(feature, feature, length);
      const bool cosine = m->metric == CLREID_COSINE;
      const double wrong = fabs(cosine ? is - wanted : is * is - wanted * wanted);
      if (!(wrong <= (cosine ? 2e-5 : 2e-5 * squares)) || (wanted == 0 && is != 0))
        fail_msg("query %zu, feature %zu: %.9g, not %.9g", q, i, is, wanted);
    }
  free(got);
}

/* ---- Galleries --------------------------------------------------------------------------------------------------- */

typedef enum content { RANDOM, CLOSE, EQUAL, FALLING, ZEROS, SCALES, CONTENTS } content;

/* Feature i of a gallery with this content. */
static void fill(content kind, size_t i, int length, float *feature)
{
  for (int k = 0; k < length; k++) {
    const float noise = (float)support_random(i * 4096 + (uint64_t)k, -1000, 1000) / 1000;
    const float base = (float)support_random((uint64_t)k, -1000, 1000) / 500;
    switch (kind) {
    case RANDOM:
      feature[k] = noise;
      break;
    case CLOSE: /* differences that float32 sums cannot tell */
      feature[k] = base + (k == (int)i % length ? noise * 1e-6f : 0);
      break;
    case EQUAL: /* three different ones */
      feature[k] = base + (float)(i % 3);
      break;
    case FALLING: /* each nearer to feature 0's direction than all before: the worst order */
      feature[k] = base + noise * (float)(5000 - (int)i) / 5000;
      break;
    case ZEROS:
      feature[k] = i % 5 == 2 ? 0 : noise;
      break;
    case SCALES:
      feature[k] = ldexpf(noise, (int)(i % 13) - 6);
      break;
    default:
      break;
    }
  }
}

static model make_model(content kind, int length, clreid_metric metric, bool half, size_t count)
{
  model m = {length,
             metric,
             count,
             calloc(count * (size_t)length, sizeof(float)),
             calloc(count, sizeof(int64_t)),
             calloc(count, sizeof(bool))};
  for (size_t i = 0; i < count; i++) {
    fill(kind, i, length, m.features + i * (size_t)length);
    m.ids[i] = (int64_t)i;
  }
  if (half) round_all(m.features, count * (size_t)length);
  return m;
}

static void free_model(model *m)
{
  free(m->features);
  free(m->ids);
  free(m->gone);
}

static clreid_gallery *make_gallery(const model *m, bool half, bool plain, int block_rows)
{
  const clreid_gallery_config config = {.feature_length = m->length,
                                        .metric = m->metric,
                                        .precision = half ? CLREID_FP16 : CLREID_FP32,
                                        .plain_kernels = plain};
  clreid_gallery *g;
  MUST(cr_gallery_create(device, &config, block_rows, &g, &error));
  return g;
}

/* Adds features first ... end - 1 in pieces of odd sizes. */
static void add(clreid_gallery *g, const model *m, size_t first, size_t end)
{
  int64_t labels[300], times[300], id = -1;
  for (size_t count; first < end; first += count) {
    count = (first * 7 + 41) % 300 + 1;
    if (count > end - first) count = end - first;
    for (size_t i = 0; i < count; i++) {
      labels[i] = (int64_t)(first + i) * 3 + 1;
      times[i] = -(int64_t)(first + i);
    }
    MUST(clreid_gallery_add(g, m->features + first * (size_t)m->length, labels, times, count, &id, &error));
    assert_int_equal(id, first);
  }
}

static float *make_queries(const model *m, content kind, bool half, size_t count)
{
  float *queries = calloc(count * (size_t)m->length, sizeof *queries);
  for (size_t q = 0; q < count; q++)
    fill(kind, q % 3 == 0 ? q : 100000 + q, m->length, queries + q * (size_t)m->length); /* some are in the gallery */
  if (half) round_all(queries, count * (size_t)m->length);
  return queries;
}

/* Every content, metric and storage, in one block and in many, few matches and more than there are. */
static void a_search_is_a_plain_walk(void **state)
{
  (void)state;
  static const int features[] = {1, 7, 300, 40}; /* 300: three chunks of a sum */
  enum { COUNT = 1500, QUERIES = 7 };
  for (int kind = 0; kind < CONTENTS; kind++)
    for (int metric = 0; metric < 2; metric++)
      for (int half = 0; half < 2; half++) {
        const int length = features[(kind + metric + half) % 4];
        model m = make_model((content)kind, length, (clreid_metric)metric, half, COUNT);
        float *queries = make_queries(&m, (content)kind, half, QUERIES);
        clreid_gallery *g = make_gallery(&m, half, false, kind % 2 ? 0 : 112);
        add(g, &m, 0, COUNT);
        check_search(g, &m, queries, QUERIES, 1);
        check_search(g, &m, queries, QUERIES, 10);
        check_search(g, &m, queries, 2, 700);
        check_search(g, &m, queries, 2, COUNT + 5);
        check_distances(g, &m, queries, QUERIES, 0, COUNT);
        check_distances(g, &m, queries, 1, 500, 501);
        check_search(g, &m, queries, QUERIES, 3);
        clreid_gallery_destroy(g);
        free(queries);
        free_model(&m);
      }
}

/* More rows than the pool of a query holds that the bounds cannot tell apart, in an order that brings nearer ones. */
static void candidates_beyond_all_room(void **state)
{
  (void)state;
  enum { COUNT = 5000 };
  static const content kinds[] = {CLOSE, EQUAL, FALLING};
  for (size_t i = 0; i < 3; i++)
    for (int metric = 0; metric < 2; metric++) {
      model m = make_model(kinds[i], 24, (clreid_metric)metric, false, COUNT);
      float *queries = make_queries(&m, kinds[i], false, 3);
      clreid_gallery *g = make_gallery(&m, false, i == 0, 0);
      add(g, &m, 0, COUNT);
      check_search(g, &m, queries, 3, 5);
      check_search(g, &m, queries, 1, 2000);
      clreid_gallery_destroy(g);
      free(queries);
      free_model(&m);
    }
}

/* Alone or with others, in blocks of any size: the same matches. check_search compares with the walk, which knows of
 * neither. */
static void neither_queries_nor_blocks_matter(void **state)
{
  (void)state;
  enum { COUNT = 900, QUERIES = 131 };
  static const int blocks[] = {16, 48, 0};
  model m = make_model(RANDOM, 33, CLREID_COSINE, true, COUNT);
  float *queries = make_queries(&m, RANDOM, true, QUERIES);
  float *together = calloc((size_t)QUERIES * COUNT, sizeof *together), alone[COUNT];
  for (size_t i = 0; i < 3; i++) {
    clreid_gallery *g = make_gallery(&m, true, false, blocks[i]);
    add(g, &m, 0, COUNT);
    check_search(g, &m, queries, QUERIES, 3);
    check_search(g, &m, queries + 130 * 33, 1, 3);
    if (i == 0) MUST(clreid_gallery_distances(g, queries, QUERIES, 0, COUNT, together, &error));
    for (size_t q = 0; q < QUERIES; q += 26) {
      MUST(clreid_gallery_distances(g, queries + q * 33, 1, 5, COUNT - 7, alone, &error));
      assert_memory_equal(alone, together + q * COUNT + 5, (COUNT - 7) * sizeof *alone);
    }
    clreid_gallery_destroy(g);
  }
  free(together);
  free(queries);
  free_model(&m);
}

/* The second search with the same k asks for no memory, nor one with fewer matches or queries. */
static void a_search_allocates_nothing(void **state)
{
  (void)state;
  enum { COUNT = 600, K = 20 };
  model m = make_model(RANDOM, 30, CLREID_EUCLIDEAN, true, COUNT);
  float *queries = make_queries(&m, RANDOM, true, 70);
  clreid_gallery *g = make_gallery(&m, true, false, 0);
  clreid_match *matches = calloc(70 * K, sizeof *matches);
  add(g, &m, 0, COUNT);
  asked = 0;
  MUST(clreid_gallery_search(g, queries, 70, K, matches, NULL, &error));
  assert_true(asked > 0); /* it is counted */
  asked = 0;
  MUST(clreid_gallery_search(g, queries, 70, K, matches, NULL, &error));
  MUST(clreid_gallery_search(g, queries, 3, K - 1, matches, NULL, &error));
  assert_int_equal(asked, 0);
  asked = -1;
  free(matches);
  clreid_gallery_destroy(g);
  free(queries);
  free_model(&m);
}

static void check_read(clreid_gallery *g, const model *m);

/* Every call for memory denied once: an error that says so, and the gallery is as it was. */
static void memory_that_runs_out(void **state)
{
  (void)state;
  enum { COUNT = 100 };
  model m = make_model(RANDOM, 5, CLREID_COSINE, false, COUNT);
  clreid_gallery *g = NULL;
  clreid_match matches[3];
  clreid_status status = CLREID_OUT_OF_MEMORY;
  long created = 0, added = 0, searched = 0, calls;
  denied = 1;
  do { /* until there is no call of this number */
    const clreid_gallery_config config = {.feature_length = 5};
    asked = 0;
    status = cr_gallery_create(device, &config, 16, &g, &error);
    calls = asked;
    asked = -1;
    created += status != CLREID_OK;
    if (status != CLREID_OK && (g || status != CLREID_OUT_OF_MEMORY)) fail_msg("call %ld: %s", denied, error.text);
    if (status == CLREID_OK && calls >= denied) clreid_gallery_destroy(g); /* a call that cannot be denied */
  } while (calls >= denied++);
  add(g, &m, 0, 10);
  int64_t labels[COUNT], times[COUNT];
  for (int64_t i = 10; i < COUNT; i++) labels[i] = 3 * i + 1, times[i] = -i;
  denied = 1;
  do {
    asked = 0;
    status = clreid_gallery_add(g, m.features + 10 * 5, labels + 10, times + 10, COUNT - 10, NULL, &error);
    asked = -1;
    added += status != CLREID_OK;
    for (size_t i = 10; i < COUNT; i++) m.gone[i] = status != CLREID_OK;
    check_read(g, &m);
    denied++;
  } while (status != CLREID_OK);
  denied = 1;
  do {
    asked = 0;
    status = clreid_gallery_search(g, m.features, 1, 3, matches, NULL, &error);
    asked = -1;
    searched += status != CLREID_OK;
    if (status != CLREID_OK) check_distances(g, &m, m.features, 2, 0, COUNT);
    denied++;
  } while (status != CLREID_OK);
  denied = 0;
  printf("denied %ld calls of create, %ld of add, %ld of search\n", created, added, searched);
  assert_true(created > 10 && added == 3 && searched == 3);
  check_search(g, &m, m.features, 4, 7);
  clreid_gallery_destroy(g);
  free_model(&m);
}

/* The sums that decide, against plain ones; and what is at distance 1 from everything. */
static void sums_are_plain_sums(void **state)
{
  (void)state;
  enum { MOST = 41 };
  float a[MOST], b[MOST];
  for (size_t length = 1; length <= MOST; length++) {
    double ab = 0, difference = 0;
    for (size_t i = 0; i < length; i++) {
      a[i] = (float)support_random(length * 100 + i, -1000, 1000) / 1000;
      b[i] = (float)support_random(length * 100 + i + 50, -1000, 1000) / 1000;
      ab += (double)a[i] * (double)b[i];
      difference += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
    }
    assert_true(fabs(cr_sum_products(a, b, length) - ab) < 1e-13);
    assert_true(fabs(cr_sum_differences(a, b, length) - difference) < 1e-13);
  }
  const clreid_gallery_config config = {.feature_length = 3};
  const float features[4][3] = {{0, 0, 0}, {1, 2, 3}, {2, 4, 6}, {-1, -2, -3}};
  clreid_match matches[4];
  clreid_gallery *g;
  MUST(clreid_gallery_create(device, &config, &g, &error));
  MUST(clreid_gallery_add(g, features[0], NULL, NULL, 4, NULL, &error));
  MUST(clreid_gallery_search(g, features[1], 1, 4, matches, NULL, &error));
  static const int order[] = {1, 2, 0, 3}, distances[] = {0, 0, 1, 2};
  for (int i = 0; i < 4; i++) assert_true(matches[i].id == order[i] && matches[i].distance == distances[i]);
  MUST(clreid_gallery_search(g, features[0], 1, 4, matches, NULL, &error));
  for (int i = 0; i < 4; i++) assert_true(matches[i].id == i && matches[i].distance == 1);
  clreid_gallery_destroy(g);
}

static void check_read(clreid_gallery *g, const model *m)
{
  clreid_gallery_info info;
  clreid_gallery_describe(g, &info);
  float *features = calloc(info.count * (size_t)m->length + 1, sizeof *features);
  int64_t *ids = calloc(info.count + 1, sizeof *ids), *labels = calloc(info.count + 1, sizeof *labels);
  int64_t *times = calloc(info.count + 1, sizeof *times);
  const size_t half = info.count / 2, row = (size_t)m->length * sizeof *features;
  MUST(clreid_gallery_read(g, 0, half, features, ids, NULL, times, &error));
  MUST(clreid_gallery_read(g, half, info.count - half, features + half * (size_t)m->length, ids + half, NULL,
                           times + half, &error));
  MUST(clreid_gallery_read(g, 0, info.count, NULL, NULL, labels, NULL, &error));
  size_t at = 0;
  for (size_t i = 0; i < m->count; i++) {
    if (m->gone[i]) continue;
    assert_int_equal(ids[at], m->ids[i]);
    assert_int_equal(labels[at], m->ids[i] * 3 + 1);
    assert_int_equal(times[at], -m->ids[i]);
    assert_memory_equal(features + at * (size_t)m->length, m->features + i * (size_t)m->length, row);
    at++;
  }
  assert_int_equal(at, info.count);
  free(features);
  free(ids);
  free(labels);
  free(times);
}

static void remove_some(clreid_gallery *g, model *m, size_t added, size_t first, size_t step)
{
  int64_t ids[2000];
  size_t count = 0;
  for (size_t i = first; i < added; i += step) {
    if (m->gone[i]) continue;
    m->gone[i] = true;
    ids[count++] = (int64_t)i;
  }
  if (count) ids[count] = ids[0], count++; /* one of them twice */
  MUST(clreid_gallery_remove(g, ids, count, &error));
}

/* Removes and adds in turns, until blocks were joined and dropped; ids stay what they were. */
static void what_was_removed_is_gone(void **state)
{
  (void)state;
  enum { COUNT = 1800 };
  for (int half = 0; half < 2; half++) {
    model m = make_model(RANDOM, 19, half ? CLREID_COSINE : CLREID_EUCLIDEAN, half, COUNT);
    float *queries = make_queries(&m, RANDOM, half, 5);
    clreid_gallery *g = make_gallery(&m, half, false, 160);
    for (size_t i = 0; i < COUNT; i++) m.gone[i] = true;
    size_t added = 0;
    for (int round = 0; round < 6; round++) {
      for (size_t i = added; i < added + 300; i++) m.gone[i] = false;
      add(g, &m, added, added + 300);
      added += 300;
      remove_some(g, &m, added, (size_t)round, (size_t)(round % 3 + 2));
      if (round == 3) remove_some(g, &m, 700, 0, 1);
      check_read(g, &m);
      check_search(g, &m, queries, 5, 4);
      check_search(g, &m, queries, 1, COUNT);
      check_distances(g, &m, queries, 2, 3, g->count);
    }
    assert_true(g->block_count * 160 <= 3 * g->count + 2 * 160);
    size_t removed;
    MUST(clreid_gallery_remove_before(g, -1500, &removed, &error)); /* ids above 1500 */
    for (size_t i = 1501; i < COUNT; i++) removed -= !m.gone[i], m.gone[i] = true;
    assert_int_equal(removed, 0);
    check_read(g, &m);
    MUST(clreid_gallery_remove_label(g, 12345678, &removed, &error));
    assert_int_equal(removed, 0);
    remove_some(g, &m, added, 0, 1);
    assert_int_equal(g->count, 0);
    size_t found = 7;
    clreid_match match;
    MUST(clreid_gallery_search(g, queries, 1, 1, &match, &found, &error));
    assert_int_equal(found, 0);
    int64_t id = 0;
    MUST(clreid_gallery_add(g, queries, NULL, NULL, 1, &id, &error));
    assert_int_equal(id, COUNT);
    MUST(clreid_gallery_search(g, queries, 1, 9, &match, &found, &error));
    assert_int_equal(found, 1);
    assert_true(match.distance == 0 && match.id == COUNT && match.label == -1 && match.time == 0);
    clreid_gallery_destroy(g);
    free(queries);
    free_model(&m);
  }
}

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

static void what_cannot_be_is_refused(void **state)
{
  (void)state;
  model m = make_model(RANDOM, 3, CLREID_COSINE, false, 40);
  clreid_gallery *g = make_gallery(&m, false, false, 16), *other = g;
  add(g, &m, 0, 30);
  clreid_match match;
  size_t found;
  float bad[40][3];
  memcpy(bad, m.features, sizeof bad);
  bad[33][1] = NAN;
  REFUSED(CLREID_INVALID_ARGUMENT, "number 1 of feature 33 of 40 is not a number",
          clreid_gallery_add(g, &bad[0][0], NULL, NULL, 40, NULL, &error));
  bad[33][1] = -INFINITY;
  REFUSED(CLREID_INVALID_ARGUMENT, "infinite", clreid_gallery_add(g, &bad[0][0], NULL, NULL, 40, NULL, &error));
  REFUSED(CLREID_INVALID_ARGUMENT, "query 33 of 40", clreid_gallery_search(g, &bad[0][0], 40, 1, &match, NULL, &error));
  for (int i = 0; i < 3; i++) bad[33][i] = 1e-20f;
  REFUSED(CLREID_INVALID_ARGUMENT, "length 1.7", clreid_gallery_add(g, &bad[0][0], NULL, NULL, 40, NULL, &error));
  bad[33][0] = 2e12f;
  REFUSED(CLREID_INVALID_ARGUMENT, "length 2e+12", clreid_gallery_add(g, &bad[0][0], NULL, NULL, 40, NULL, &error));
  for (size_t i = 30; i < 40; i++) m.gone[i] = true;
  check_read(g, &m); /* nothing of the 40 stayed */
  check_search(g, &m, m.features, 3, 40);
  REFUSED(CLREID_INVALID_ARGUMENT, "0 matches", clreid_gallery_search(g, m.features, 1, 0, &match, &found, &error));
  REFUSED(CLREID_INVALID_ARGUMENT, "id 30 (number 1 of 2)",
          clreid_gallery_remove(g, (const int64_t[]){29, 30}, 2, &error));
  REFUSED(CLREID_INVALID_ARGUMENT, "id -1", clreid_gallery_remove(g, (const int64_t[]){-1}, 1, &error));
  assert_int_equal(g->count, 30);
  MUST(clreid_gallery_remove(g, (const int64_t[]){29}, 1, &error));
  REFUSED(CLREID_INVALID_ARGUMENT, "id 29", clreid_gallery_remove(g, (const int64_t[]){29}, 1, &error));
  REFUSED(CLREID_INVALID_ARGUMENT, "gallery of 29", clreid_gallery_read(g, 29, 1, NULL, NULL, NULL, NULL, &error));
  REFUSED(CLREID_INVALID_ARGUMENT, "gallery of 29", clreid_gallery_distances(g, bad[0], 1, 0, 30, bad[1], &error));
  REFUSED(CLREID_INVALID_ARGUMENT, "needs", clreid_gallery_search(g, NULL, 1, 1, &match, NULL, &error));
  REFUSED(CLREID_INVALID_ARGUMENT, "needs", clreid_gallery_add(NULL, bad[0], NULL, NULL, 1, NULL, &error));
  REFUSED(CLREID_INVALID_ARGUMENT, "length 0; give 1",
          clreid_gallery_create(device, &(clreid_gallery_config){0}, &other, &error));
  assert_null(other);
  clreid_gallery_destroy(g);
  clreid_gallery_destroy(NULL);

  g = make_gallery(&m, true, false, 0);
  bad[2][0] = 65520;
  REFUSED(CLREID_INVALID_ARGUMENT, "float16 ends at 65504", clreid_gallery_add(g, bad[2], NULL, NULL, 1, NULL, &error));
  bad[2][0] = 65519;
  MUST(clreid_gallery_add(g, bad[2], NULL, NULL, 1, NULL, &error));
  clreid_gallery_destroy(g);
  free_model(&m);
}

static void what_is_missing_is_named(void **state)
{
  (void)state;
  clreid_gallery *other = NULL;
  const clreid_gallery_config odd_metric = {.feature_length = 8, .metric = (clreid_metric)9};
  const clreid_gallery_config odd_precision = {.feature_length = 8, .precision = (clreid_precision)9};
  float distance;
  REFUSED(CLREID_INVALID_ARGUMENT, "metric 9", clreid_gallery_create(device, &odd_metric, &other, &error));
  REFUSED(CLREID_INVALID_ARGUMENT, "precision 9", clreid_gallery_create(device, &odd_precision, &other, &error));
  REFUSED(CLREID_INVALID_ARGUMENT, "needs device", clreid_gallery_create(NULL, &odd_metric, &other, &error));
  REFUSED(CLREID_INVALID_ARGUMENT, "needs gallery", clreid_gallery_read(NULL, 0, 1, NULL, NULL, NULL, NULL, &error));
  REFUSED(CLREID_INVALID_ARGUMENT, "needs gallery", clreid_gallery_remove(NULL, NULL, 1, &error));
  REFUSED(CLREID_INVALID_ARGUMENT, "needs gallery", clreid_gallery_remove_label(NULL, 1, NULL, &error));
  REFUSED(CLREID_INVALID_ARGUMENT, "needs gallery", clreid_gallery_remove_before(NULL, 1, NULL, &error));
  REFUSED(CLREID_INVALID_ARGUMENT, "needs gallery", clreid_gallery_save(NULL, "file", &error));
  REFUSED(CLREID_INVALID_ARGUMENT, "needs device", clreid_gallery_load(NULL, "file", &other, &error));
  REFUSED(CLREID_INVALID_ARGUMENT, "needs gallery", clreid_gallery_distances(NULL, NULL, 1, 0, 1, &distance, &error));
  assert_null(other);
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

static unsigned char *slurp(const char *path, size_t *size)
{
  FILE *file = fopen(path, "rb");
  if (!file) fail_msg("cannot open %s", path);
  fseek(file, 0, SEEK_END);
  *size = (size_t)ftell(file);
  rewind(file);
  unsigned char *bytes = malloc(*size + 1);
  assert_int_equal(fread(bytes, 1, *size, file), *size);
  fclose(file);
  return bytes;
}

/* A file keeps all that a gallery has, and a gallery from it writes the same file. */
static void files_keep_everything(void **state)
{
  (void)state;
  enum { COUNT = 700 };
  const folder f = folder_make();
  char path[512], again[512];
  folder_file(&f, "g.safetensors", path);
  folder_file(&f, "again.safetensors", again);
  for (int half = 0; half < 2; half++)
    for (size_t count = 0; count <= COUNT; count += COUNT / 2) {
      model m = make_model(RANDOM, 21, half ? CLREID_EUCLIDEAN : CLREID_COSINE, half, count);
      float *queries = make_queries(&m, RANDOM, half, 4);
      clreid_gallery *g = make_gallery(&m, half, false, 160), *loaded;
      add(g, &m, 0, count);
      remove_some(g, &m, count, 3, 5);
      MUST(clreid_gallery_save(g, path, &error));
      MUST(clreid_gallery_load(device, path, &loaded, &error));
      clreid_gallery_info was, is;
      clreid_gallery_describe(g, &was);
      clreid_gallery_describe(loaded, &is);
      assert_true(is.feature_length == 21 && is.metric == was.metric && is.precision == was.precision &&
                  is.count == was.count && is.next_id == was.next_id && is.next_id == (int64_t)count);
      check_read(loaded, &m);
      check_search(loaded, &m, queries, 4, 6);
      MUST(clreid_gallery_save(loaded, again, &error));
      size_t size, other;
      unsigned char *bytes = slurp(path, &size), *others = slurp(again, &other);
      assert_int_equal(size, other);
      assert_memory_equal(bytes, others, size);
      REFUSED(CLREID_INVALID_FILE, "/dev/full", clreid_gallery_save(loaded, "/dev/full", &error));
      REFUSED(CLREID_INVALID_FILE, f.path, clreid_gallery_save(loaded, f.path, &error));
      assert_int_equal(folder_entries(&f), 2);
      check_search(loaded, &m, queries, 1, 1);
      free(bytes);
      free(others);
      clreid_gallery_destroy(g);
      clreid_gallery_destroy(loaded);
      free(queries);
      free_model(&m);
    }
  folder_remove(&f);
}

static void write_file(const char *path, const char *header, const void *data, size_t bytes)
{
  unsigned char file[4096] = {0};
  const size_t length = strlen(header);
  file[0] = (unsigned char)length;
  file[1] = (unsigned char)(length >> 8);
  memcpy(file + 8, header, length);
  memcpy(file + 8 + length, data, bytes);
  folder_write(path, file, 8 + length + bytes);
}

#define F(type, shape, end) "\"features\":{\"dtype\":\"" type "\",\"shape\":[" shape "],\"data_offsets\":[0," end "]}"
#define I(name, type, shape, begin, end)                                                                               \
  "\"" name "\":{\"dtype\":\"" type "\",\"shape\":[" shape "],\"data_offsets\":[" begin "," end "]}"
#define M(values) "\"__metadata__\":{" values "}"

/* Files of other tools: what is not there has its default; and files that are no gallery, each told what it lacks. */
static void files_of_others(void **state)
{
  (void)state;
  const folder f = folder_make();
  char path[512];
  folder_file(&f, "o.safetensors", path);
  float data[20] = {3, 4, 0, 5};
  int64_t numbers[2] = {7, 9}, id;
  clreid_gallery *g;
  clreid_match matches[2];
  size_t found;
  memcpy(data + 4, numbers, sizeof numbers);

  write_file(path, "{" F("F32", "2,2", "16") "}", data, 16);
  MUST(clreid_gallery_load(device, path, &g, &error));
  MUST(clreid_gallery_search(g, data, 1, 2, matches, &found, &error));
  assert_int_equal(found, 2);
  assert_true(matches[0].id == 0 && matches[0].label == -1 && matches[0].time == 0 && matches[0].distance == 0);
  assert_true(matches[1].id == 1 && fabs(matches[1].distance - 0.2) < 1e-15);
  clreid_gallery_destroy(g);

  write_file(path, "{" F("F32", "2,2", "16") "," I("ids", "I64", "2", "16", "32") "}", data, 32);
  MUST(clreid_gallery_load(device, path, &g, &error));
  MUST(clreid_gallery_add(g, data, NULL, NULL, 1, &id, &error));
  assert_int_equal(id, 10);
  clreid_gallery_destroy(g);

  static const struct {
    const char *header, *says;
    size_t bytes;
  } bad[] = {
      {"{" I("feature", "F32", "2,2", "0", "16") "}", "no tensor 'features'", 16},
      {"{" F("F64", "1,2", "16") "}", "two, of F32", 16},
      {"{" F("F32", "4", "16") "}", "1 dimensions of F32", 16},
      {"{" F("F32", "1,2,2", "16") "}", "3 dimensions", 16},
      {"{" F("F32", "4,0", "0") "}", "length 0", 0},
      {"{" F("F16", "0,65537", "0") "}", "65537", 0},
      {"{" F("F32", "2,2", "16") "," I("ids", "I64", "1", "16", "24") "}", "'ids' has 1 dimensions, the first of 1",
       24},
      {"{" F("F32", "2,2", "16") "," I("labels", "F64", "2", "16", "32") "}", "of F64", 32},
      {"{" F("F32", "2,2", "16") "," I("times", "I64", "2,1", "16", "32") "}", "2 dimensions", 32},
      {"{" F("F32", "4,2", "32") "," I("ids", "I64", "4", "32", "64") "}", "ids ascend", 64},
      {"{" F("F32", "2,2", "16") "," M("\"metric\":\"hamming\"") "}", "'hamming'", 16},
      {"{" F("F32", "2,2", "16") "," M("\"format\":\"clreid-gallery\"") "}", "version ''", 16},
      {"{" F("F32", "2,2", "16") "," M("\"format\":\"clreid-gallery\",\"version\":\"2\"") "}", "version '2'", 16},
      {"{" F("F32", "2,2", "16") "," M("\"next_id\":\"1\"") "}", "next id is 1, but there is id 1", 16},
      {"{" F("F32", "2,2", "16") "," M("\"next_id\":\"-3\"") "}", "digits alone", 16},
      {"{" F("F32", "2,2", "16") "," M("\"next_id\":\"9999999999999999999\"") "}", "digits alone", 16},
      {"{" F("F32", "2,2", "16") "}", "no tensor owns", 20},
      {"{" F("F32", "2,2", "16") "}", "do not lie within", 12},
      {"[1]", "not a safetensors file", 0},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    write_file(path, bad[i].header, data, bad[i].bytes);
    REFUSED(CLREID_INVALID_FILE, bad[i].says, clreid_gallery_load(device, path, &g, &error));
    assert_null(g);
    if (!strstr(error.text, "o.safetensors")) fail_msg("'%s' does not name the file", error.text);
    assert_int_equal(clreid_gallery_load(device, path, &g, NULL), CLREID_INVALID_FILE);
  }
  data[3] = NAN;
  write_file(path, "{" F("F32", "2,2", "16") "}", data, 16);
  REFUSED(CLREID_INVALID_FILE, "number 1 of feature 1 of 2 is not a number",
          clreid_gallery_load(device, path, &g, &error));
  REFUSED(CLREID_INVALID_FILE, "missing", clreid_gallery_load(device, "missing.safetensors", &g, &error));
  folder_remove(&f);
}

/* Every byte of a file changed, and every length: a gallery or an error, never anything else. */
static void hostile_files(void **state)
{
  (void)state;
  const folder f = folder_make();
  char path[512];
  folder_file(&f, "h.safetensors", path);
  model m = make_model(RANDOM, 2, CLREID_EUCLIDEAN, true, 3);
  clreid_gallery *g = make_gallery(&m, true, false, 0);
  add(g, &m, 0, 3);
  MUST(clreid_gallery_save(g, path, &error));
  clreid_gallery_destroy(g);
  size_t size, loaded = 0, refused = 0;
  unsigned char *bytes = slurp(path, &size);
  for (size_t i = 0; i < 2 * size; i++) {
    const size_t at = i / 2;
    unsigned char was = bytes[at];
    bytes[at] = i % 2 ? (unsigned char)support_random(i, 0, 255) : (unsigned char)(was ^ 1u << (at % 8));
    folder_write(path, bytes, i % 7 == 3 ? at : size);
    bytes[at] = was;
    const clreid_status status = clreid_gallery_load(device, path, &g, &error);
    if (status == CLREID_OK)
      loaded++;
    else if (status == CLREID_INVALID_FILE)
      refused++;
    else
      fail_msg("byte %zu: %s: %s", at, clreid_status_name(status), error.text);
    clreid_gallery_destroy(g);
  }
  printf("%zu files: %zu loaded, %zu refused\n", 2 * size, loaded, refused);
  assert_true(loaded && refused > loaded);
  free(bytes);
  free_model(&m);
  folder_remove(&f);
}

/* ---- Start ------------------------------------------------------------------------------------------------------- */

static int open_device(void **state)
{
  if (support_open(state)) return -1;
  device = calloc(1, sizeof *device); /* the handle around the tests' own device */
  device->device = support_device();
  cr_device_retain(device->device);
  return 0;
}

static int close_device(void **state)
{
  clreid_device_close(device);
  return support_close(state);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_search_is_a_plain_walk),
      cmocka_unit_test(candidates_beyond_all_room),
      cmocka_unit_test(neither_queries_nor_blocks_matter),
      cmocka_unit_test(what_was_removed_is_gone),
      cmocka_unit_test(a_search_allocates_nothing),
      cmocka_unit_test(memory_that_runs_out),
      cmocka_unit_test(sums_are_plain_sums),
      cmocka_unit_test(what_cannot_be_is_refused),
      cmocka_unit_test(what_is_missing_is_named),
      cmocka_unit_test(files_keep_everything),
      cmocka_unit_test(files_of_others),
      cmocka_unit_test(hostile_files),
  };
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, open_device, close_device);
}
