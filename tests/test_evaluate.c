/*
 * test_evaluate.c - proves lib/evaluate.c against a full sort of plain double distances.
 */
#include "support_features.h"

enum { RANKS = 12 };

/* ---- The oracle ----------------------------------------------------------------------------------------------------
 */

static const double *sorted_by; /* distances of a query, for qsort */

static int compare(const void *left, const void *right)
{
  const size_t a = *(const size_t *)left, b = *(const size_t *)right;
  if (sorted_by[a] != sorted_by[b]) return sorted_by[a] < sorted_by[b] ? -1 : 1;
  return a < b ? -1 : a > b;
}

/* distances[queries][entries] */
static void expect(const double *distances, const clreid_label *query, size_t queries, const clreid_label *gallery,
                   size_t entries, clreid_evaluation *result)
{
  size_t *order = calloc(entries, sizeof *order);
  assert_non_null(order);
  double sum = 0;
  result->queries = queries;
  result->counted = 0;
  memset(result->cmc, 0, RANKS * sizeof *result->cmc);
  for (size_t q = 0; q < queries; q++) {
    size_t kept = 0, right = 0, first = 0;
    double precision = 0;
    for (size_t g = 0; g < entries; g++)
      if (gallery[g].person != -1 && (gallery[g].person != query[q].person || gallery[g].camera != query[q].camera))
        order[kept++] = g;
    sorted_by = distances + q * entries;
    qsort(order, kept, sizeof *order, compare);
    for (size_t r = 0; r < kept; r++) {
      if (gallery[order[r]].person != query[q].person) continue;
      if (!right) first = r;
      precision += (double)++right / (double)(r + 1);
    }
    if (!right) continue;
    result->counted++;
    sum += precision / (double)right;
    for (size_t k = first; k < RANKS; k++) result->cmc[k]++;
  }
  for (size_t k = 0; k < RANKS; k++) result->cmc[k] /= (double)result->counted;
  result->mean_average_precision = sum / (double)result->counted;
  free(order);
}

static double *all_distances(const float *query, size_t queries, const float *gallery, size_t entries, size_t length,
                             clreid_metric metric)
{
  clreid_error error = {CLREID_OK, ""};
  cr_features x, y;
  double *distances = calloc(queries * entries, sizeof *distances);
  assert_int_equal(cr_features_make(&x, query, queries, length, "query", &error), CLREID_OK);
  assert_int_equal(cr_features_make(&y, gallery, entries, length, "gallery", &error), CLREID_OK);
  for (size_t q = 0; q < queries; q++)
    for (size_t g = 0; g < entries; g++)
      distances[q * entries + g] =
          metric == CLREID_COSINE ? cr_cosine_distance(&x, q, &y, g) : sqrt(cr_squared_distance(&x, q, &y, g));
  cr_features_free(&x);
  cr_features_free(&y);
  return distances;
}

static void assert_equal_results(const clreid_evaluation *found, const clreid_evaluation *expected, const char *what)
{
  if (fabs(found->mean_average_precision - expected->mean_average_precision) > 1e-12)
    fail_msg("%s: mAP %.15g instead of %.15g", what, found->mean_average_precision, expected->mean_average_precision);
  assert_int_equal(found->queries, expected->queries);
  assert_int_equal(found->counted, expected->counted);
  for (size_t k = 0; k < RANKS; k++)
    if (fabs(found->cmc[k] - expected->cmc[k]) > 1e-12)
      fail_msg("%s: cmc[%zu] %.15g instead of %.15g", what, k, found->cmc[k], expected->cmc[k]);
}

/* ---- The tests -----------------------------------------------------------------------------------------------------
 */

static const struct {
  size_t queries, entries, length;
  support_spread spread;
} table[] = {
    {10, 50, 16, SUPPORT_WIDE},   {25, 130, 3, SUPPORT_COARSE}, {7, 9, 1, SUPPORT_WIDE},
    {210, 60, 5, SUPPORT_WIDE},   {20, 300, 64, SUPPORT_TIGHT}, {4, 4200, 6, SUPPORT_WIDE},
    {5, 4100, 2, SUPPORT_COARSE}, {3, 80, 2048, SUPPORT_WIDE},
};

static void examine(size_t row, clreid_metric metric)
{
  const size_t queries = table[row].queries, entries = table[row].entries, length = table[row].length;
  const support_spread spread = table[row].spread;
  float *query = support_features(1 + row, queries, length, spread);
  float *gallery = support_features(101 + row, entries, length, spread);
  clreid_label *query_labels = support_labels(1 + row, queries), *gallery_labels = support_labels(51 + row, entries);
  memcpy(gallery + (entries - 1) * length, gallery, length * sizeof *gallery);
  query_labels[0] = (clreid_label){3, 0};
  gallery_labels[0] = (clreid_label){3, 1};
  double *distances = all_distances(query, queries, gallery, entries, length, metric);
  double expected_cmc[RANKS], found_cmc[RANKS];
  clreid_evaluation expected = {.cmc = expected_cmc, .ranks = RANKS}, found = {.cmc = found_cmc, .ranks = RANKS};
  expect(distances, query_labels, queries, gallery_labels, entries, &expected);
  const clreid_labelled a = {query, query_labels, queries}, b = {gallery, gallery_labels, entries};
  const clreid_evaluate_config config = {.metric = metric};
  clreid_device *const devices[] = {support_public_device(), NULL};
  for (int d = 0; d < 2; d++) {
    char what[64];
    clreid_error error = {CLREID_OK, ""};
    snprintf(what, sizeof what, "row %zu, metric %d, %s", row, metric, d ? "host" : "device");
    if (clreid_evaluate(devices[d], &a, &b, length, &config, &found, &error) != CLREID_OK)
      fail_msg("%s: %s", what, error.text);
    assert_equal_results(&found, &expected, what);
  }
  free(query);
  free(gallery);
  free(query_labels);
  free(gallery_labels);
  free(distances);
}

static void results_are_those_of_a_full_sort(void **state)
{
  (void)state;
  for (size_t row = 0; row < sizeof table / sizeof table[0]; row++) {
    examine(row, CLREID_EUCLIDEAN);
    examine(row, CLREID_COSINE);
  }
}

/* By hand: the first query's order is 1 (other), 0 (right), 3 (right); entry 2 is its own camera's, entry 4 junk. */
static void a_small_case_by_hand(void **state)
{
  (void)state;
  static const clreid_label query[] = {{7, 0}, {8, 0}, {-1, 0}}, gallery[] = {{7, 1}, {9, 1}, {7, 0}, {7, 2}, {-1, 3}};
  static const float distances[3][5] = {{2, 1, 0, 2, 0}, {0}, {0}};
  double cmc[4];
  clreid_evaluation result = {.cmc = cmc, .ranks = 4};
  assert_int_equal(clreid_evaluate_distances(&distances[0][0], query, 3, gallery, 5, &result, NULL), CLREID_OK);
  assert_true(fabs(result.mean_average_precision - (1.0 / 2 + 2.0 / 3) / 2) < 1e-15);
  assert_int_equal(result.counted, 1);
  assert_int_equal(result.queries, 3);
  assert_true(cmc[0] == 0 && cmc[1] == 1 && cmc[2] == 1 && cmc[3] == 1);
  result = (clreid_evaluation){0};
  assert_int_equal(clreid_evaluate_distances(&distances[0][0], query, 3, gallery, 5, &result, NULL), CLREID_OK);
  assert_int_equal(result.counted, 1);
}

static void re_ranked_distances_are_evaluated(void **state)
{
  (void)state;
  enum { QUERIES = 12, ENTRIES = 90, LENGTH = 9 };
  float *query = support_features(31, QUERIES, LENGTH, SUPPORT_WIDE),
        *gallery = support_features(32, ENTRIES, LENGTH, SUPPORT_WIDE);
  clreid_label *query_labels = support_labels(31, QUERIES), *gallery_labels = support_labels(32, ENTRIES);
  float distances[QUERIES * ENTRIES];
  double expected_cmc[RANKS], found_cmc[RANKS];
  clreid_evaluation expected = {.cmc = expected_cmc, .ranks = RANKS}, found = {.cmc = found_cmc, .ranks = RANKS};
  clreid_rerank_config rerank = {.k1 = 9, .k2 = 3, .metric = CLREID_EUCLIDEAN};
  const clreid_labelled a = {query, query_labels, QUERIES}, b = {gallery, gallery_labels, ENTRIES};
  clreid_error error = {CLREID_OK, ""};
  assert_int_equal(
      clreid_rerank(support_public_device(), query, QUERIES, gallery, ENTRIES, LENGTH, &rerank, distances, &error),
      CLREID_OK);
  assert_int_equal(
      clreid_evaluate_distances(distances, query_labels, QUERIES, gallery_labels, ENTRIES, &expected, &error),
      CLREID_OK);
  const clreid_evaluate_config config = {.metric = CLREID_EUCLIDEAN, .rerank = &rerank};
  rerank.metric = CLREID_COSINE; /* is not looked at */
  assert_int_equal(clreid_evaluate(support_public_device(), &a, &b, LENGTH, &config, &found, &error), CLREID_OK);
  assert_equal_results(&found, &expected, "re-ranked");
  free(query);
  free(gallery);
  free(query_labels);
  free(gallery_labels);
}

static void queries_of_one_person_and_camera_are_joined(void **state)
{
  (void)state;
  static const float query[4][2] = {{4, 0}, {0, 1}, {0, 0}, {9, 9}}, means[2][2] = {{2, 0}, {0, 1}};
  static const clreid_label query_labels[] = {{1, 0}, {1, 1}, {1, 0}, {-1, 5}}, joined_labels[] = {{1, 0}, {1, 1}};
  float *gallery = support_features(33, 40, 2, SUPPORT_WIDE);
  clreid_label *gallery_labels = support_labels(33, 40);
  double expected_cmc[RANKS], found_cmc[RANKS];
  clreid_evaluation expected = {.cmc = expected_cmc, .ranks = RANKS}, found = {.cmc = found_cmc, .ranks = RANKS};
  const clreid_labelled a = {&query[0][0], query_labels, 4}, joined = {&means[0][0], joined_labels, 2},
                        b = {gallery, gallery_labels, 40};
  for (int metric = 0; metric < 2; metric++) {
    clreid_evaluate_config config = {.metric = (clreid_metric)metric};
    assert_int_equal(clreid_evaluate(NULL, &joined, &b, 2, &config, &expected, NULL), CLREID_OK);
    config.multiple_query = true;
    assert_int_equal(clreid_evaluate(NULL, &a, &b, 2, &config, &found, NULL), CLREID_OK);
    assert_int_equal(found.queries, 3); /* junk is one of them, which does not count */
    expected.queries = 3;
    assert_equal_results(&found, &expected, "joined");
  }
  free(gallery);
  free(gallery_labels);
}

static void wrong_calls_are_refused(void **state)
{
  (void)state;
  float features[6] = {1, 2, 3, 4, 5, 6};
  clreid_label labels[3] = {{1, 0}, {1, 1}, {2, 0}}, strangers[3] = {{5, 0}, {6, 0}, {-1, 0}};
  const clreid_labelled good = {features, labels, 3}, none = {features, strangers, 3}, unlabelled = {features, NULL, 3},
                        empty = {features, labels, 0}, missing = {NULL, labels, 3};
  clreid_evaluation result = {0};
  clreid_error error = {CLREID_OK, ""};
  const clreid_rerank_config rerank = {.k1 = 2, .k2 = 1};
  const clreid_evaluate_config wrong = {.metric = (clreid_metric)9}, reranked = {.rerank = &rerank},
                               joining = {.multiple_query = true};
  assert_int_equal(clreid_evaluate(NULL, &none, &good, 2, NULL, &result, &error), CLREID_INVALID_ARGUMENT);
  assert_non_null(strstr(error.text, "none of 3 queries"));
  assert_int_equal(clreid_evaluate(NULL, &unlabelled, &good, 2, NULL, &result, &error), CLREID_INVALID_ARGUMENT);
  assert_int_equal(clreid_evaluate(NULL, &good, &good, 2, NULL, NULL, &error), CLREID_INVALID_ARGUMENT);
  assert_int_equal(clreid_evaluate(NULL, &good, &good, 2, &wrong, &result, &error), CLREID_INVALID_ARGUMENT);
  const clreid_evaluate_config *const configs[] = {NULL, &reranked, &joining};
  for (int c = 0; c < 3; c++) {
    assert_int_equal(clreid_evaluate(NULL, &empty, &good, 2, configs[c], &result, &error), CLREID_INVALID_ARGUMENT);
    assert_int_equal(clreid_evaluate(NULL, &good, &empty, 2, configs[c], &result, &error), CLREID_INVALID_ARGUMENT);
    assert_int_equal(clreid_evaluate(NULL, &missing, &good, 2, configs[c], &result, &error), CLREID_INVALID_ARGUMENT);
    assert_int_equal(clreid_evaluate(NULL, &good, &good, 0, configs[c], &result, &error), CLREID_INVALID_ARGUMENT);
  }
  features[4] = NAN;
  for (int c = 0; c < 3; c++) {
    assert_int_equal(clreid_evaluate(NULL, &good, &good, 2, configs[c], &result, &error), CLREID_INVALID_ARGUMENT);
    assert_non_null(strstr(error.text, "row 2 of the 3 of the query features"));
  }
  assert_int_equal(clreid_evaluate_distances(features, labels, 2, labels, 3, &result, &error), CLREID_INVALID_ARGUMENT);
  assert_non_null(strstr(error.text, "query 1 and gallery entry 1"));
  assert_int_equal(clreid_evaluate_distances(NULL, labels, 2, labels, 3, &result, &error), CLREID_INVALID_ARGUMENT);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(results_are_those_of_a_full_sort),
      cmocka_unit_test(a_small_case_by_hand),
      cmocka_unit_test(re_ranked_distances_are_evaluated),
      cmocka_unit_test(queries_of_one_person_and_camera_are_joined),
      cmocka_unit_test(wrong_calls_are_refused),
  };
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, support_open, support_close);
}
