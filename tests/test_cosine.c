/*
 * test_cosine.c - proves lib/cosine.c: every pair of a row and a column comes once, and its cosine is within the bound.
 */
#include "support_features.h"

typedef struct pairs {
  const cr_features *rows, *columns;
  unsigned char *seen; /* [rows][columns] */
  double bound, worst;
} pairs;

static clreid_status take(void *user, const cr_block *block, clreid_error *error)
{
  pairs *it = user;
  (void)error;
  for (size_t r = 0; r < block->rows; r++)
    for (size_t c = 0; c < block->columns; c++) {
      const size_t row = block->first_row + r, column = block->first_column + c;
      const double exact = 1 - cr_cosine_distance(it->rows, row, it->columns, column);
      const double error_here = fabs(block->cosines[r * block->stride + c] - exact);
      it->seen[row * it->columns->count + column]++;
      it->worst = fmax(it->worst, error_here);
    }
  return CLREID_OK;
}

static void examine(cr_device *device, size_t rows, size_t columns, size_t length, float scale)
{
  clreid_error error = {CLREID_OK, ""};
  float *a = support_features(1, rows, length, SUPPORT_WIDE), *b = support_features(2, columns, length, SUPPORT_WIDE);
  for (size_t i = 0; i < rows * length; i++) a[i] *= scale;
  memset(b, 0, length * sizeof *b); /* a column of zeros */
  cr_features x, y;
  assert_int_equal(cr_features_make(&x, a, rows, length, "rows", &error), CLREID_OK);
  assert_int_equal(cr_features_make(&y, b, columns, length, "columns", &error), CLREID_OK);
  pairs it = {&x, &y, calloc(rows, columns), cr_cosine_bound(length), 0};
  assert_non_null(it.seen);
  if (cr_cosines(device, &x, &y, take, &it, &error) != CLREID_OK) fail_msg("%s", error.text);
  for (size_t i = 0; i < rows * columns; i++)
    if (it.seen[i] != 1) fail_msg("pair %zu, %zu came %d times", i / columns, i % columns, it.seen[i]);
  print_message("%zu x %zu, length %zu: worst error %.3g, bound %.3g\n", rows, columns, length, it.worst, it.bound);
  assert_true(it.worst <= it.bound);
  free(it.seen);
  cr_features_free(&x);
  cr_features_free(&y);
  free(a);
  free(b);
}

static void every_pair_comes_once(void **state)
{
  (void)state;
  cr_device *const devices[] = {support_device(), NULL};
  for (int d = 0; d < 2; d++) {
    examine(devices[d], 1, 1, 1, 1);
    examine(devices[d], 3, 17, 33, 1);
    examine(devices[d], 200, 31, 5, 1);  /* two blocks of rows */
    examine(devices[d], 5, 4100, 7, 1);  /* two blocks of columns */
    examine(devices[d], 2, 90, 2048, 1); /* a usual length */
    examine(devices[d], 4, 20, 40, 1e18f);
    examine(devices[d], 4, 20, 40, 1e-18f);
  }
  examine(support_device(), 1, 40, 1 << 20, 1); /* the longest: blocks of few columns */
}

static void rows_that_are_not_finite_are_named(void **state)
{
  (void)state;
  clreid_error error = {CLREID_OK, ""};
  cr_features x;
  float *values = support_features(3, 9, 4, SUPPORT_WIDE);
  values[7 * 4 + 3] = NAN;
  assert_int_equal(cr_features_make(&x, values, 9, 4, "the gallery", &error), CLREID_INVALID_ARGUMENT);
  assert_non_null(strstr(error.text, "row 7 of the 9 of the gallery"));
  cr_features_free(&x);
  values[7 * 4 + 3] = -INFINITY;
  assert_int_equal(cr_features_make(&x, values, 9, 4, "the gallery", &error), CLREID_INVALID_ARGUMENT);
  cr_features_free(&x);
  assert_int_equal(cr_features_make(&x, values, 0, 4, "the gallery", &error), CLREID_INVALID_ARGUMENT);
  assert_int_equal(cr_features_make(&x, values, 1, (size_t)1 << 21, "the gallery", &error), CLREID_INVALID_ARGUMENT);
  free(values);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_pair_comes_once),
      cmocka_unit_test(rows_that_are_not_finite_are_named),
  };
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, support_open, support_close);
}
