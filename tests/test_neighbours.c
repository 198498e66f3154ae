/*
 * test_neighbours.c - proves lib/neighbours.c: the neighbours are those that a walk in double precision finds, in its
 * order, and so is the farthest.
 */
#include "neighbours.h"
#include "support_features.h"

/* How many features come before entry in the list of row. */
static size_t rank_of(const cr_features *all, size_t row, cr_neighbour entry)
{
  size_t rank = 0;
  for (size_t i = 0; i < all->count; i++) {
    const double distance = cr_squared_distance(all, row, all, i);
    rank += distance < entry.distance || (distance == entry.distance && i < entry.index);
  }
  return rank;
}

static void check_row(const cr_features *all, const cr_neighbours *found, size_t row)
{
  double farthest = 0;
  for (size_t i = 0; i < all->count; i++) farthest = fmax(farthest, cr_squared_distance(all, row, all, i));
  if (found->farthest[row] != farthest)
    fail_msg("row %zu: %g, not %g is farthest", row, found->farthest[row], farthest);
  for (size_t n = 0; n < found->most; n++) {
    const cr_neighbour entry = found->nearest[row * found->most + n];
    assert_true(entry.distance == cr_squared_distance(all, row, all, entry.index));
    const size_t rank = rank_of(all, row, entry);
    if (rank != n) fail_msg("row %zu: neighbour %zu is entry %u, whose rank is %zu", row, n, entry.index, rank);
  }
}

static void examine(cr_device *device, size_t count, size_t length, size_t most, support_spread spread)
{
  clreid_error error = {CLREID_OK, ""};
  float *values = support_features(4 + count, count, length, spread);
  cr_features all;
  cr_neighbours found;
  const size_t queries = count / 3;
  float *distances = calloc(queries * (count - queries), sizeof *distances);
  assert_int_equal(cr_features_make(&all, values, count, length, "all", &error), CLREID_OK);
  if (cr_neighbours_find(device, &all, most, distances, queries, &found, &error) != CLREID_OK)
    fail_msg("%s", error.text);
  for (size_t row = 0; row < count; row += 1 + count / 60) check_row(&all, &found, row);
  for (size_t q = 0; q < queries; q++)
    for (size_t g = queries; g < count; g++) {
      const double exact = cr_squared_distance(&all, q, &all, g);
      const double bound = 2 * all.norms[q] * all.norms[g] * cr_cosine_bound(length) + 1e-6 * exact;
      assert_true(fabs(distances[q * (count - queries) + g - queries] - exact) <= bound);
    }
  cr_neighbours_free(&found);
  cr_features_free(&all);
  free(distances);
  free(values);
}

static void neighbours_are_those_of_a_walk_in_double(void **state)
{
  (void)state;
  cr_device *const devices[] = {support_device(), NULL};
  for (int d = 0; d < 2; d++) {
    examine(devices[d], 3, 1, 3, SUPPORT_WIDE);
    examine(devices[d], 60, 16, 21, SUPPORT_WIDE);
    examine(devices[d], 150, 40, 76, SUPPORT_WIDE);
    examine(devices[d], 230, 3, 21, SUPPORT_COARSE); /* many that are equally far */
    examine(devices[d], 230, 1, 5, SUPPORT_COARSE);  /* more equal ones than are wanted */
  }
  examine(support_device(), 4400, 6, 9, SUPPORT_WIDE); /* blocks of rows and columns */
  examine(support_device(), 4200, 2, 9, SUPPORT_COARSE);
  examine(support_device(), 500, 40, 21, SUPPORT_TIGHT);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(neighbours_are_those_of_a_walk_in_double),
  };
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, support_open, support_close);
}
