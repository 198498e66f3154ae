/*
 * known_search.c - a known answer for a gallery's search: rows and queries whose every product is exact in float, which
 * of the rows are listed, and rows that come back as they were put.
 *
 * The kernels are those of the spec, in its storage and tile; length, rows and queries are the question's own. Rows are
 * put in pieces that begin and end within panels, products and lists begin at row 0 and further on.
 */
#include "known.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST = 200, ROWS = 40, BLOCK = 48, QUERIES = 9 };

_Static_assert(CR_KNOWN_SEARCH_CHECKS == QUERIES * (ROWS + 2) + ROWS, "what is compared");
_Static_assert(CR_PANEL * 3 == BLOCK, "products and lists are made from a panel on");

typedef struct question {
  cr_search *search;
  cr_search_block block;
  int length;
  bool half;
  float queries[QUERIES * LONGEST], rows[ROWS * LONGEST]; /* rows as they are stored, as halves if they are */
  /* As cr_search_select writes them. */
  int32_t counts[QUERIES], listed[BLOCK][QUERIES];
  float values[BLOCK][QUERIES];
} question;

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

static size_t row_bytes(const question *q)
{
  return (size_t)q->length * (q->half ? sizeof(uint16_t) : sizeof(float));
}

static const char *row_of(const question *q, int row)
{
  return (const char *)q->rows + (size_t)row * row_bytes(q);
}

static void draw(question *q)
{
  float values[LONGEST];
  for (int r = 0; r < ROWS; r++) {
    char *to = (char *)q->rows + (size_t)r * row_bytes(q);
    for (int k = 0; k < q->length; k++) values[k] = row_at(r, k);
    if (q->half)
      cr_to_half(values, (uint16_t *)(void *)to, (size_t)q->length);
    else
      memcpy(to, values, row_bytes(q));
  }
  for (int i = 0; i < QUERIES; i++)
    for (int k = 0; k < q->length; k++) q->queries[i * q->length + k] = query_at(i, k);
}

/* What no row is put to keeps NaNs, not what a question before this one left there. */
static clreid_status forget(cr_queue *queue, question *q, clreid_error *error)
{
  memset(q->rows, 0xff, sizeof q->rows);
  for (int first = 0; first < BLOCK; first += CR_PANEL)
    CR_TRY(cr_queue_write(queue, q->block.features, (size_t)first * row_bytes(q), CR_PANEL * row_bytes(q), q->rows,
                          error));
  return CLREID_OK;
}

static clreid_status put(question *q, clreid_error *error)
{
  static const int begins[] = {0, 7, 21, ROWS};
  float norms[ROWS];
  draw(q);
  for (int i = 0; i < 3; i++)
    CR_TRY(cr_search_put(q->search, &q->block, begins[i], begins[i + 1] - begins[i], row_of(q, begins[i]), error));
  for (int r = 0; r < ROWS; r++) norms[r] = norm_of(r);
  CR_TRY(cr_search_put_lengths(q->search, &q->block, 0, ROWS, norms, error));
  return cr_search_set_queries(q->search, q->queries, QUERIES, error);
}

/* ---- What must come ---------------------------------------------------------------------------------------------- */

static double product_of(const question *q, int query, int row)
{
  double sum = 0;
  for (int k = 0; k < q->length; k++) sum += (double)query_at(query, k) * (double)row_at(row, k);
  return sum;
}

static clreid_status compare_products(const question *q, int query, const float *sums, clreid_error *reason)
{
  for (int r = 0; r < ROWS; r++)
    if ((double)sums[r] != product_of(q, query, r))
      return cr_fail(reason, CLREID_DEVICE_FAILED, "%s: query %d times row %d is %.9g, it should be %.9g",
                     cr_search_variant(q->search), query, r, (double)sums[r], product_of(q, query, r));
  return CLREID_OK;
}

/* Those from `first` on that are beyond their bound, each once, no others. */
static clreid_status compare_list(const question *q, int query, int first, clreid_error *reason)
{
  bool seen[ROWS] = {false};
  int beyond = 0;
  for (int r = first; r < ROWS; r++) beyond += product_of(q, query, r) > bound_of(r);
  if (q->counts[query] != beyond)
    return cr_fail(reason, CLREID_DEVICE_FAILED, "search: query %d lists %d rows from row %d on, it should list %d",
                   query, (int)q->counts[query], first, beyond);
  for (int i = 0; i < beyond; i++) {
    const int row = q->listed[i][query];
    const bool is_new = row >= first && row < ROWS && !seen[row];
    if (!is_new || product_of(q, query, row) <= bound_of(row) ||
        (double)q->values[i][query] != product_of(q, query, row))
      return cr_fail(reason, CLREID_DEVICE_FAILED, "search: query %d lists row %d with %.9g, which is wrong", query,
                     row, (double)q->values[i][query]);
    seen[row] = true;
  }
  return CLREID_OK;
}

static clreid_status ask_products(question *q, bool *wrong, clreid_error *reason)
{
  float sums[ROWS];
  CR_TRY(cr_search_products(q->search, &q->block, 0, CR_PANEL, reason));
  CR_TRY(cr_search_products(q->search, &q->block, CR_PANEL, BLOCK - CR_PANEL, reason)); /* and where no row is */
  for (int query = 0; query < QUERIES && !*wrong; query++) {
    CR_TRY(cr_search_read_products(q->search, query, 0, ROWS, sums, reason));
    *wrong = compare_products(q, query, sums, reason) != CLREID_OK;
  }
  return CLREID_OK;
}

static clreid_status ask_lists(question *q, bool *wrong, clreid_error *reason)
{
  cr_search_limit limits[QUERIES];
  for (int query = 0; query < QUERIES; query++) limits[query] = limit;
  for (int first = 0; first <= CR_PANEL && !*wrong; first += CR_PANEL) {
    CR_TRY(cr_search_select(q->search, &q->block, limits, first, BLOCK - first, q->counts, q->listed[0], q->values[0],
                            reason));
    for (int query = 0; query < QUERIES && !*wrong; query++)
      *wrong = compare_list(q, query, first, reason) != CLREID_OK;
  }
  return CLREID_OK;
}

/* The last first. */
static clreid_status ask_rows(question *q, bool *wrong, clreid_error *reason)
{
  int32_t list[ROWS];
  float got[ROWS * LONGEST];
  for (int i = 0; i < ROWS; i++) list[i] = ROWS - 1 - i;
  CR_TRY(cr_search_get(q->search, &q->block, list, ROWS, got, reason));
  for (int i = 0; i < ROWS && !*wrong; i++) {
    *wrong = memcmp((const char *)got + (size_t)i * row_bytes(q), row_of(q, list[i]), row_bytes(q)) != 0;
    if (*wrong)
      (void)cr_fail(reason, CLREID_DEVICE_FAILED, "search: row %d has other bits than those that were put",
                    (int)list[i]);
  }
  return CLREID_OK;
}

static clreid_status ask(cr_queue *queue, question *q, bool *wrong, clreid_error *reason)
{
  CR_TRY(cr_search_block_create(q->search, &q->block, reason));
  CR_TRY(forget(queue, q, reason));
  CR_TRY(put(q, reason));
  CR_TRY(ask_rows(q, wrong, reason));
  if (!*wrong) CR_TRY(ask_products(q, wrong, reason));
  if (!*wrong) CR_TRY(ask_lists(q, wrong, reason));
  return CLREID_OK;
}

/* No longer than the device's loops may be. */
static int length_for(const cr_facts *facts)
{
  const uint64_t most = facts->most_turns / 2;
  return most && most < LONGEST ? (int)most : LONGEST;
}

clreid_status cr_known_search(cr_queue *queue, const cr_search_spec *spec, bool *wrong, clreid_error *reason)
{
  cr_search_spec own = *spec;
  question *q = calloc(1, sizeof *q);
  *wrong = false;
  if (!q) return cr_fail(reason, CLREID_OUT_OF_MEMORY, "no memory for the question of a search");
  q->length = own.length = length_for(cr_device_facts(queue->device));
  q->half = own.half;
  own.block_rows = own.room = BLOCK;
  own.staged = ROWS;
  clreid_status status = cr_search_create(queue, &own, &q->search, reason);
  if (status == CLREID_OK) status = ask(queue, q, wrong, reason);
  cr_search_block_release(&q->block);
  cr_search_destroy(q->search);
  free(q);
  return status;
}
