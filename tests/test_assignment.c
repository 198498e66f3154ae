/*
 * test_assignment.c - proves samples/video/assignment.c against all assignments, one by one.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "assignment.h"
#include "support.h"

enum { MOST = 6 };

/* The least cost of rows from `row` on, each to a column not in `taken` or alone for limit. */
static double search(const double *costs, size_t rows, size_t columns, double limit, size_t row, unsigned taken)
{
  if (row == rows) return 0;
  double best = limit + search(costs, rows, columns, limit, row + 1, taken);
  for (size_t c = 0; c < columns; ++c) {
    if (taken & 1u << c || costs[row * columns + c] >= limit) continue;
    best = fmin(best, costs[row * columns + c] + search(costs, rows, columns, limit, row + 1, taken | 1u << c));
  }
  return best;
}

/* What the answer costs; fails if it is no assignment. */
static double price(const double *costs, size_t rows, size_t columns, double limit, const long *columns_of)
{
  double sum = 0;
  unsigned taken = 0;
  for (size_t r = 0; r < rows; ++r) {
    const long c = columns_of[r];
    if (c == ASSIGNMENT_NONE) {
      sum += limit;
      continue;
    }
    assert_in_range(c, 0, columns - 1);
    assert_false(taken & 1u << c);
    taken |= 1u << c;
    assert_true(costs[r * columns + (size_t)c] < limit);
    sum += costs[r * columns + (size_t)c];
  }
  return sum;
}

static void nothing_is_cheaper(void **state)
{
  (void)state;
  uint64_t drawn = 0;
  for (int trial = 0; trial < 3000; ++trial) {
    const size_t rows = (size_t)support_random(drawn++, 0, MOST), columns = (size_t)support_random(drawn++, 0, MOST);
    const int range = trial % 3 == 0 ? 3 : 1000; /* many ties, and hardly any */
    const double limit = support_random(drawn++, -range, 2 * range);
    double costs[MOST * MOST] = {0};
    for (size_t i = 0; i < rows * columns; ++i) costs[i] = support_random(drawn++, -range, range);
    long columns_of[MOST];
    assert_true(assignment_solve(costs, rows, columns, limit, columns_of));
    const double found = price(costs, rows, columns, limit, columns_of),
                 least = search(costs, rows, columns, limit, 0, 0);
    if (found != least)
      fail_msg("trial %d, %zu x %zu, limit %g: %g, but %g can be had", trial, rows, columns, limit, found, least);
  }
}

/* A row each with one cheap column, hidden in a large matrix. */
static void a_large_one_is_solved(void **state)
{
  (void)state;
  enum { SIDE = 300 };
  double *costs = malloc(SIDE * SIDE * sizeof *costs);
  long columns_of[SIDE];
  for (size_t i = 0; i < SIDE * SIDE; ++i) costs[i] = 10 + support_random(i, 0, 1000);
  for (size_t r = 0; r < SIDE; ++r) costs[r * SIDE + (r * 7 + 3) % SIDE] = 1;
  assert_true(assignment_solve(costs, SIDE, SIDE, 1e6, columns_of));
  for (size_t r = 0; r < SIDE; ++r) assert_int_equal(columns_of[r], (r * 7 + 3) % SIDE);
  free(costs);
}

int main(int argc, char **argv)
{
  support_start(argc, argv);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_is_cheaper),
      cmocka_unit_test(a_large_one_is_solved),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
