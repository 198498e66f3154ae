/*
 * known_search.c - a known answer for a gallery's search: rows and queries whose every product is exact in float, which
 * of them are listed, and rows that come back as they were put.
 *
 * The kernels are those of the spec, in its storage and tile; length, rows and queries are the question's own.
 */
#include "known.h"

#include <stdlib.h>
#include <string.h>

enum { LENGTH = 200, ROWS = 40, BLOCK = 48, QUERIES = 9 };

_Static_assert(CR_KNOWN_SEARCH_CHECKS == QUERIES * (ROWS + 1) + ROWS * LENGTH, "what is compared");

/* As cr_search_select writes it. */
typedef struct listing {
  int32_t counts[QUERIES], rows[BLOCK][QUERIES];
  float values[BLOCK][QUERIES];
} listing;

/* ---- What is asked ----------------------------------------------------------------------------------------------- */

/* Multiples of 1/32 up to 1: no sum of their products is rounded, nor is one of them as half. */
static float number(unsigned i)
{
  return (float)((int)((i * 2654435761u) >> 26) - 32) / 32;
}

static float row_at(int row, int column)
{
  return number((unsigned)(row * 1009 + column));
}

static float query_at(int query, int column)
{
  return number((unsigned)(100000 + query * 1013 + column));
}

/* What selection is told of a row, and its bound for it: exact too. */
static float norm_of(int row)
{
  return (float)(1 + row % 3);
}

static const cr_search_limit limit = {.x = 0.5f, .y = 0.25f, .z = -0.125f};

static double bound_of(int row)
{
  const double n = (double)norm_of(row);
  return (double)limit.x + (double)limit.y * n + (double)limit.z * n * n;
}

/* The row as it is stored. */
static void fill_row(int row, bool half, void *elements)
{
  float values[LENGTH];
  for (int k = 0; k < LENGTH; k++) values[k] = row_at(row, k);
  if (half)
    cr_to_half(values, elements, LENGTH);
  else
    memcpy(elements, values, sizeof values);
}

static clreid_status fill(cr_search *search, const cr_search_block *block, bool half, clreid_error *error)
{
  float elements[LENGTH], queries[QUERIES * LENGTH];
  for (int r = 0; r < ROWS; r++) {
    const float length = norm_of(r);
    fill_row(r, half, elements);
    CR_TRY(cr_search_put(search, block, r, 1, elements, error));
    CR_TRY(cr_search_put_lengths(search, block, r, 1, &length, error));
  }
  for (int q = 0; q < QUERIES; q++)
    for (int k = 0; k < LENGTH; k++) queries[q * LENGTH + k] = query_at(q, k);
  return cr_search_set_queries(search, queries, QUERIES, error);
}

/* ---- What must come ---------------------------------------------------------------------------------------------- */

static double product_of(int query, int row)
{
  double sum = 0;
  for (int k = 0; k < LENGTH; k++) sum += (double)query_at(query, k) * (double)row_at(row, k);
  return sum;
}

static clreid_status compare_products(const char *variant, int query, const float *sums, clreid_error *reason)
{
  for (int r = 0; r < ROWS; r++)
    if ((double)sums[r] != product_of(query, r))
      return cr_fail(reason, CLREID_DEVICE_FAILED, "%s: query %d times row %d is %.9g, it should be %.9g", variant,
                     query, r, (double)sums[r], product_of(query, r));
  return CLREID_OK;
}

/* Those beyond their bound, each once, no others. */
static clreid_status compare_list(const char *variant, int query, const listing *list, clreid_error *reason)
{
  bool listed[ROWS] = {false};
  int above = 0;
  for (int r = 0; r < ROWS; r++) above += product_of(query, r) > bound_of(r);
  if (list->counts[query] != above)
    return cr_fail(reason, CLREID_DEVICE_FAILED, "%s: query %d lists %d rows, it should list %d", variant, query,
                   (int)list->counts[query], above);
  for (int i = 0; i < above; i++) {
    const int row = list->rows[i][query];
    const bool known = row >= 0 && row < ROWS && !listed[row];
    if (!known || product_of(query, row) <= bound_of(row) || (double)list->values[i][query] != product_of(query, row))
      return cr_fail(reason, CLREID_DEVICE_FAILED, "%s: query %d lists row %d with %.9g, which is wrong", variant,
                     query, row, (double)list->values[i][query]);
    listed[row] = true;
  }
  return CLREID_OK;
}

static clreid_status ask_products(cr_search *search, const cr_search_block *block, bool *wrong, clreid_error *reason)
{
  const char *variant = cr_search_variant(search);
  cr_search_limit limits[QUERIES];
  listing list;
  float sums[ROWS];
  for (int q = 0; q < QUERIES; q++) limits[q] = limit;
  CR_TRY(cr_search_products(search, block, 0, BLOCK, reason)); /* places without a row, too */
  CR_TRY(cr_search_select(search, block, limits, 0, BLOCK, list.counts, list.rows[0], list.values[0], reason));
  for (int q = 0; q < QUERIES && !*wrong; q++) {
    CR_TRY(cr_search_read_products(search, q, 0, ROWS, sums, reason));
    *wrong =
        compare_products(variant, q, sums, reason) != CLREID_OK || compare_list(variant, q, &list, reason) != CLREID_OK;
  }
  return CLREID_OK;
}

static clreid_status ask_rows(cr_search *search, const cr_search_block *block, bool half, bool *wrong,
                              clreid_error *reason)
{
  float got[LENGTH], wanted[LENGTH];
  for (int32_t r = 0; r < ROWS && !*wrong; r++) {
    CR_TRY(cr_search_get(search, block, &r, 1, got, reason));
    fill_row(r, half, wanted);
    *wrong = memcmp(got, wanted, LENGTH * (half ? sizeof(uint16_t) : sizeof(float))) != 0;
    if (*wrong)
      (void)cr_fail(reason, CLREID_DEVICE_FAILED, "%s: row %d has other bits than those that were put",
                    cr_search_variant(search), (int)r);
  }
  return CLREID_OK;
}

clreid_status cr_known_search(cr_queue *queue, const cr_search_spec *spec, bool *wrong, clreid_error *reason)
{
  cr_search_spec own = *spec;
  cr_search *search;
  cr_search_block block = {NULL, NULL};
  own.length = LENGTH;
  own.block_rows = own.room = BLOCK;
  own.staged = 1;
  *wrong = false;
  CR_TRY(cr_search_create(queue, &own, &search, reason));
  clreid_status status = cr_search_block_create(search, &block, reason);
  if (status == CLREID_OK) status = fill(search, &block, own.half, reason);
  if (status == CLREID_OK) status = ask_products(search, &block, wrong, reason);
  if (status == CLREID_OK && !*wrong) status = ask_rows(search, &block, own.half, wrong, reason);
  cr_search_block_release(&block);
  cr_search_destroy(search);
  return status;
}
