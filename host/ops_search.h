/*
 * ops_search.h - blocks of a gallery on the device: rows in and out, products with queries, and which rows are worth a
 * second look; a part of ops.h.
 *
 * A block holds block_rows rows of `length` elements, and for each row its L2 norm as a float: NaN where there is no
 * row. What the rows mean, and which of those listed are the nearest, is the caller's business.
 */
#ifndef CR_OPS_SEARCH_H
#define CR_OPS_SEARCH_H

#include "ops_step.h"

enum {
  CR_SEARCH_QUERIES = 64, /* at a time */
  CR_SEARCH_CHUNK = 128,  /* products of a sum that are added from zero; see cr_search_products */
};

typedef struct cr_search_spec {
  int length;
  bool half;                  /* rows are stored as half; queries are float always */
  bool plain;                 /* the plain twins */
  int block_rows;             /* a multiple of CR_PANEL */
  int room;                   /* rows that a selection can list of a query, at least CR_PANEL */
  int staged;                 /* rows that are moved at a time */
  const struct cr_tile *tile; /* for tests: the products' tile; NULL: chosen */
} cr_search_spec;

typedef struct cr_search_block {
  cr_buffer *features; /* panels: [block_rows / CR_PANEL][length][CR_PANEL] */
  cr_buffer *lengths;  /* float[block_rows] */
} cr_search_block;

typedef struct cr_search cr_search; /* belongs to one queue's thread; the queue outlives it */

/* Builds the kernels and makes room for queries, products and lists. Nothing below allocates, but block_create. */
clreid_status cr_search_create(cr_queue *queue, const cr_search_spec *spec, cr_search **search, clreid_error *error);
/* The same, once its kernels have given a known answer; see cr_step_create_proven. */
clreid_status cr_search_create_proven(cr_queue *queue, const cr_search_spec *spec, cr_search **search,
                                      clreid_error *error);
void cr_search_destroy(cr_search *search);       /* NULL allowed */
size_t cr_search_bytes(const cr_search *search); /* of device memory, without blocks */
const char *cr_search_variant(const cr_search *search);
const cr_step *cr_search_step(const cr_search *search);        /* that of the products, which stays the search's */
const struct cr_tile *cr_search_tile(const cr_search *search); /* as spec.tile, for one like it */

/* A block without rows. */
clreid_status cr_search_block_create(cr_search *search, cr_search_block *block, clreid_error *error);
void cr_search_block_release(cr_search_block *block);

/* Rows first ... first + count - 1 of the block, at most `staged`: [count][length], float or half as they are stored.
 */
clreid_status cr_search_put(cr_search *search, const cr_search_block *block, int first, int count, const void *rows,
                            clreid_error *error);
/* Their norms. */
clreid_status cr_search_put_lengths(cr_search *search, const cr_search_block *block, int first, int count,
                                    const float *lengths, clreid_error *error);
/* The rows list[count] of the block, at most `staged`, to rows[count][length]. */
clreid_status cr_search_get(cr_search *search, const cr_search_block *block, const int32_t *list, int count, void *rows,
                            clreid_error *error);

/* queries[count][length], at most CR_SEARCH_QUERIES: used by all that follows until the next ones. */
clreid_status cr_search_set_queries(cr_search *search, const float *queries, int count, clreid_error *error);

/* The products of all queries with the rows first ... first + count - 1 of the block, kept on the device; first is a
 * multiple of CR_PANEL. A sum's chunks of CR_SEARCH_CHUNK products are summed from zero, ascending, and added in order:
 * with u = 2^-24 its error is at most (CR_SEARCH_CHUNK + length / CR_SEARCH_CHUNK + 2) u |query| |row|, doubled where
 * the device multiplies and adds in two roundings. Its bits depend on nothing but the query and the row. */
clreid_status cr_search_products(cr_search *search, const cr_search_block *block, int first, int count,
                                 clreid_error *error);
/* Some of them: products[count]. */
clreid_status cr_search_read_products(cr_search *search, int query, int first, int count, float *products,
                                      clreid_error *error);

/* Which rows are worth a look: product > x + y n + z n^2, n the row's norm; never one without a row. */
typedef struct cr_search_limit {
  float x, y, z, unused;
} cr_search_limit;

/* Lists those of the rows first ... first + count - 1 whose products were made, first a multiple of CR_PANEL:
 * counts[queries], and for each, in no order, rows[room][queries] and values[room][queries], its product. A count
 * beyond the room says that the list is not whole. */
clreid_status cr_search_select(cr_search *search, const cr_search_block *block, const cr_search_limit *limits,
                               int first, int count, int32_t *counts, int32_t *rows, float *values,
                               clreid_error *error);

#endif
