/*
 * test_rerank.c - proves lib/rerank.c against dense matrices in double precision, written from the paper.
 */
#include "support_features.h"

/* ---- The oracle: everything by everything -------------------------------------------------------------------------
 */

typedef struct oracle {
  size_t count, queries, length;
  double *distances; /* [count][count], each row divided by its greatest */
  size_t *order;     /* [count][count]: by distance, then index */
  double *weights;   /* [count][count]: V */
} oracle;

static const double *sorted_by; /* a row of distances, for qsort */

static int compare(const void *left, const void *right)
{
  const size_t a = *(const size_t *)left, b = *(const size_t *)right;
  if (sorted_by[a] != sorted_by[b]) return sorted_by[a] < sorted_by[b] ? -1 : 1;
  return a < b ? -1 : a > b;
}

static void measure(oracle *it, const double *all)
{
  for (size_t i = 0; i < it->count; i++) {
    double *row = it->distances + i * it->count, greatest = 0;
    for (size_t j = 0; j < it->count; j++) {
      for (size_t k = 0; k < it->length; k++) row[j] += pow(all[i * it->length + k] - all[j * it->length + k], 2);
      greatest = fmax(greatest, row[j]);
    }
    for (size_t j = 0; j < it->count; j++) {
      row[j] = greatest > 0 ? row[j] / greatest : 0;
      it->order[i * it->count + j] = j;
    }
    sorted_by = row;
    qsort(it->order + i * it->count, it->count, sizeof *it->order, compare);
  }
}

static bool is_near(const oracle *it, size_t i, size_t j, size_t k)
{
  for (size_t n = 0; n <= k; n++)
    if (it->order[i * it->count + n] == j) return true;
  return false;
}

static bool is_mutual(const oracle *it, size_t i, size_t j, size_t k)
{
  return is_near(it, i, j, k) && is_near(it, j, i, k);
}

static bool is_widening(const oracle *it, size_t i, size_t j, size_t k1, size_t half)
{
  size_t all = 0, shared = 0;
  for (size_t m = 0; m < it->count; m++) {
    if (!is_mutual(it, j, m, half)) continue;
    all++;
    shared += is_mutual(it, i, m, k1);
  }
  return 3 * shared > 2 * all;
}

static void encode(oracle *it, size_t k1)
{
  const size_t half = (size_t)nearbyint((double)k1 / 2);
  for (size_t i = 0; i < it->count; i++) {
    double *row = it->weights + i * it->count, sum = 0;
    for (size_t j = 0; j < it->count; j++) {
      if (!is_mutual(it, i, j, k1)) continue;
      row[j] = 1;
      for (size_t m = 0; is_widening(it, i, j, k1, half) && m < it->count; m++)
        if (is_mutual(it, j, m, half)) row[m] = 1;
    }
    for (size_t j = 0; j < it->count; j++) sum += row[j] *= exp(-it->distances[i * it->count + j]);
    for (size_t j = 0; j < it->count && sum > 0; j++) row[j] /= sum;
  }
}

static void average(oracle *it, size_t k2)
{
  double *averaged = calloc(it->count * it->count, sizeof *averaged);
  for (size_t i = 0; i < it->count; i++)
    for (size_t n = 0; n < k2; n++)
      for (size_t j = 0; j < it->count; j++)
        averaged[i * it->count + j] += it->weights[it->order[i * it->count + n] * it->count + j] / (double)k2;
  free(it->weights);
  it->weights = averaged;
}

static double joined(const oracle *it, size_t q, size_t g, double lambda)
{
  double least = 0, most = 0;
  for (size_t j = 0; j < it->count; j++) {
    const double a = it->weights[q * it->count + j], b = it->weights[g * it->count + j];
    least += fmin(a, b);
    most += fmax(a, b);
  }
  const double jaccard = most > 0 ? 1 - least / most : 1;
  return (1 - lambda) * jaccard + lambda * it->distances[q * it->count + g];
}

static void expect(const double *all, size_t queries, size_t count, size_t length, size_t k1, size_t k2, double lambda,
                   double *expected)
{
  oracle it = {count,
               queries,
               length,
               calloc(count * count, sizeof(double)),
               calloc(count * count, sizeof(size_t)),
               calloc(count * count, sizeof(double))};
  assert_non_null(it.distances);
  assert_non_null(it.order);
  assert_non_null(it.weights);
  measure(&it, all);
  encode(&it, k1);
  if (k2 > 1) average(&it, k2);
  for (size_t q = 0; q < queries; q++)
    for (size_t g = queries; g < count; g++) expected[q * (count - queries) + g - queries] = joined(&it, q, g, lambda);
  free(it.distances);
  free(it.order);
  free(it.weights);
}

/* ---- The tests -----------------------------------------------------------------------------------------------------
 */

static double *as_doubles(const float *query, size_t queries, const float *gallery, size_t entries, size_t length,
                          clreid_metric metric)
{
  double *all = calloc((queries + entries) * length, sizeof *all);
  assert_non_null(all);
  for (size_t i = 0; i < queries * length; i++) all[i] = query[i];
  for (size_t i = 0; i < entries * length; i++) all[queries * length + i] = gallery[i];
  for (size_t r = 0; metric == CLREID_COSINE && r < queries + entries; r++) {
    double square = 0;
    for (size_t i = 0; i < length; i++) square += pow(all[r * length + i], 2);
    /* As the library stores them: equal directions stay equal. */
    for (size_t i = 0; i < length && square > 0; i++) all[r * length + i] = (float)(all[r * length + i] / sqrt(square));
  }
  return all;
}

static const struct {
  size_t queries, entries, length;
  clreid_rerank_config config;
  support_spread spread;
} table[] = {
    {5, 40, 16, {0}, SUPPORT_WIDE},
    {5, 40, 16, {.metric = CLREID_EUCLIDEAN}, SUPPORT_WIDE},
    {9, 120, 8, {.k1 = 75, .k2 = 10, .lambda = 0.1f}, SUPPORT_WIDE},
    {8, 70, 3, {.metric = CLREID_EUCLIDEAN, .k1 = 25, .k2 = 4}, SUPPORT_COARSE}, /* many that are equally far */
    {8, 70, 2, {.metric = CLREID_EUCLIDEAN, .k1 = 7, .k2 = 8}, SUPPORT_COARSE},
    {8, 70, 1, {.metric = CLREID_EUCLIDEAN, .k1 = 3, .k2 = 1}, SUPPORT_COARSE}, /* many equal features */
    {6, 60, 40, {.k1 = 9, .k2 = 3}, SUPPORT_TIGHT},
    {3, 30, 33, {.k1 = 5, .k2 = 1, .jaccard_alone = true}, SUPPORT_WIDE},
    {3, 30, 33, {.k1 = 13, .k2 = 2, .lambda = 1}, SUPPORT_WIDE},
    {1, 1, 4, {.k1 = 1, .k2 = 1}, SUPPORT_WIDE},
    {20, 190, 5, {.k1 = 10, .k2 = 3}, SUPPORT_WIDE}, /* two blocks of rows */
};

static void distances_are_those_of_the_paper(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    const size_t queries = table[i].queries, entries = table[i].entries, length = table[i].length;
    const clreid_rerank_config *c = &table[i].config;
    float *query = support_features(20 + i, queries, length, table[i].spread);
    float *gallery = support_features(40 + i, entries, length, table[i].spread);
    memcpy(gallery, query, length * sizeof *query); /* at distance 0 */
    double *all = as_doubles(query, queries, gallery, entries, length, c->metric);
    double *expected = calloc(queries * entries, sizeof *expected);
    float *found = calloc(2 * queries * entries, sizeof *found), *again = found + queries * entries;
    expect(all, queries, queries + entries, length, c->k1 ? c->k1 : 20, c->k2 ? c->k2 : 6,
           c->jaccard_alone ? 0
           : c->lambda > 0  ? (double)c->lambda
                            : 0.3,
           expected);
    clreid_device *const devices[] = {support_public_device(), NULL};
    for (int d = 0; d < 2; d++) {
      clreid_error error = {CLREID_OK, ""};
      if (clreid_rerank(devices[d], query, queries, gallery, entries, length, c, found, &error) != CLREID_OK)
        fail_msg("row %zu: %s", i, error.text);
      for (size_t p = 0; p < queries * entries; p++)
        if (!(fabs(found[p] - expected[p]) < 2e-6))
          fail_msg("row %zu: query %zu, entry %zu: %.9g instead of %.9g", i, p / entries, p % entries, found[p],
                   expected[p]);
      assert_int_equal(clreid_rerank(devices[d], query, queries, gallery, entries, length, c, again, &error),
                       CLREID_OK);
      assert_memory_equal(found, again, queries * entries * sizeof *found);
    }
    free(query);
    free(gallery);
    free(all);
    free(expected);
    free(found);
  }
}

static void equal_features_and_zeros_are_no_trouble(void **state)
{
  (void)state;
  enum { QUERIES = 3, ENTRIES = 30, LENGTH = 4 };
  clreid_error error = {CLREID_OK, ""};
  float features[ENTRIES * LENGTH] = {0}, distances[QUERIES * ENTRIES];
  for (int filled = 0; filled < 2; filled++) {
    for (int i = 0; i < ENTRIES * LENGTH; i++) features[i] = (float)filled;
    assert_int_equal(
        clreid_rerank(support_public_device(), features, QUERIES, features, ENTRIES, LENGTH, NULL, distances, &error),
        CLREID_OK);
    for (int i = 0; i < QUERIES * ENTRIES; i++) assert_true(distances[i] >= 0 && distances[i] <= 1);
  }
}

static void wrong_calls_are_refused(void **state)
{
  (void)state;
  enum { QUERIES = 2, ENTRIES = 8, LENGTH = 3 };
  static const struct {
    clreid_rerank_config config;
    const char *says;
  } rows[] = {
      {{.k1 = 10, .k2 = 2}, "k1 is 10, but there are 10 entries"},
      {{0}, "k1 is 20, but there are 10 entries"},
      {{.k1 = -1}, "k1 is -1"},
      {{.k1 = 4, .k2 = 6}, "k2 is 6; with a k1 of 4"},
      {{.k1 = 4, .k2 = -2}, "k2 is -2"},
      {{.k1 = 4, .k2 = 2, .lambda = 1.5f}, "lambda is 1.5"},
      {{.k1 = 4, .k2 = 2, .lambda = -0.25f}, "lambda is -0.25"},
      {{.k1 = 4, .k2 = 2, .lambda = NAN}, "lambda is nan"},
      {{.k1 = 4, .k2 = 2, .lambda = 0.5f, .jaccard_alone = true}, "jaccard_alone"},
      {{.metric = (clreid_metric)7}, "metric 7"},
  };
  float *features = support_features(60, ENTRIES, LENGTH, SUPPORT_WIDE), distances[QUERIES * ENTRIES];
  clreid_error error = {CLREID_OK, ""};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    assert_int_equal(
        clreid_rerank(NULL, features, QUERIES, features, ENTRIES, LENGTH, &rows[i].config, distances, &error),
        CLREID_INVALID_ARGUMENT);
    if (!strstr(error.text, rows[i].says)) fail_msg("'%s' does not say '%s'", error.text, rows[i].says);
  }
  const clreid_rerank_config good = {.k1 = 4, .k2 = 2};
  assert_int_equal(clreid_rerank(NULL, NULL, QUERIES, features, ENTRIES, LENGTH, &good, distances, &error),
                   CLREID_INVALID_ARGUMENT);
  assert_int_equal(clreid_rerank(NULL, features, QUERIES, features, ENTRIES, LENGTH, &good, NULL, NULL),
                   CLREID_INVALID_ARGUMENT);
  assert_int_equal(clreid_rerank(NULL, features, SIZE_MAX, features, ENTRIES, LENGTH, &good, distances, &error),
                   CLREID_INVALID_ARGUMENT);
  static const float scales[] = {1e-20f, 1e20f};
  const clreid_rerank_config by_distance = {.k1 = 4, .k2 = 2, .metric = CLREID_EUCLIDEAN};
  for (int i = 0; i < 2; i++) {
    float scaled[ENTRIES * LENGTH];
    for (int k = 0; k < ENTRIES * LENGTH; k++) scaled[k] = features[k] * (k / LENGTH == 3 ? scales[i] : 1);
    assert_int_equal(clreid_rerank(NULL, features, QUERIES, scaled, ENTRIES, LENGTH, &by_distance, distances, &error),
                     CLREID_INVALID_ARGUMENT);
    if (!strstr(error.text, "row 3 of the 8 of the gallery features has the length")) fail_msg("%s", error.text);
    assert_int_equal(clreid_rerank(NULL, features, QUERIES, scaled, ENTRIES, LENGTH, &good, distances, &error),
                     CLREID_OK);
  }
  features[5 * LENGTH] = NAN;
  assert_int_equal(clreid_rerank(NULL, features, QUERIES, features, ENTRIES, LENGTH, &good, distances, &error),
                   CLREID_INVALID_ARGUMENT);
  assert_non_null(strstr(error.text, "row 5 of the 8 of the gallery"));
  free(features);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(distances_are_those_of_the_paper),
      cmocka_unit_test(equal_features_and_zeros_are_no_trouble),
      cmocka_unit_test(wrong_calls_are_refused),
  };
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, support_open, support_close);
}
