/*
 * no_device.c - stands in for the queue and the search of host/ (linked with --wrap): a gallery whose rows lie in the
 * host's memory and in which nothing is ever found. Rows that are put and taken are checked against the room there is.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "ops.h"

struct cr_search {
  cr_search_spec spec;
  size_t row_bytes;
};

clreid_status __wrap_cr_queue_create(cr_device *device, cr_queue **queue, clreid_error *error);
void __wrap_cr_queue_destroy(cr_queue *queue);
clreid_status __wrap_cr_queue_finish(cr_queue *queue, clreid_error *error);
clreid_status __wrap_cr_search_create_proven(cr_queue *queue, const cr_search_spec *spec, cr_search **search,
                                             clreid_error *error);
void __wrap_cr_search_destroy(cr_search *search);
size_t __wrap_cr_search_bytes(const cr_search *search);
const char *__wrap_cr_search_variant(const cr_search *search);
clreid_status __wrap_cr_search_block_create(cr_search *search, cr_search_block *block, clreid_error *error);
void __wrap_cr_search_block_release(cr_search_block *block);
clreid_status __wrap_cr_search_put(cr_search *search, const cr_search_block *block, int first, int count,
                                   const void *rows, clreid_error *error);
clreid_status __wrap_cr_search_put_lengths(cr_search *search, const cr_search_block *block, int first, int count,
                                           const float *lengths, clreid_error *error);
clreid_status __wrap_cr_search_get(cr_search *search, const cr_search_block *block, const int32_t *list, int count,
                                   void *rows, clreid_error *error);
clreid_status __wrap_cr_search_set_queries(cr_search *search, const float *queries, int count, clreid_error *error);
clreid_status __wrap_cr_search_products(cr_search *search, const cr_search_block *block, int first, int count,
                                        clreid_error *error);
clreid_status __wrap_cr_search_select(cr_search *search, const cr_search_block *block, const cr_search_limit *limits,
                                      int first, int count, int32_t *counts, int32_t *rows, float *values,
                                      clreid_error *error);

clreid_status __wrap_cr_queue_create(cr_device *device, cr_queue **queue, clreid_error *error)
{
  (void)device;
  (void)error;
  *queue = malloc(1);
  fuzz_expect(*queue, "there is memory for a queue");
  return CLREID_OK;
}

void __wrap_cr_queue_destroy(cr_queue *queue)
{
  free(queue);
}

clreid_status __wrap_cr_queue_finish(cr_queue *queue, clreid_error *error)
{
  (void)queue;
  (void)error;
  return CLREID_OK;
}

clreid_status __wrap_cr_search_create_proven(cr_queue *queue, const cr_search_spec *spec, cr_search **search,
                                             clreid_error *error)
{
  (void)queue;
  (void)error;
  cr_search *made = malloc(sizeof *made);
  fuzz_expect(made, "there is memory for a search");
  *made = (cr_search){*spec, (size_t)spec->length * (spec->half ? sizeof(uint16_t) : sizeof(float))};
  *search = made;
  return CLREID_OK;
}

void __wrap_cr_search_destroy(cr_search *search)
{
  free(search);
}

size_t __wrap_cr_search_bytes(const cr_search *search)
{
  return search->row_bytes;
}

const char *__wrap_cr_search_variant(const cr_search *search)
{
  (void)search;
  return "no device";
}

clreid_status __wrap_cr_search_block_create(cr_search *search, cr_search_block *block, clreid_error *error)
{
  (void)error;
  block->features = malloc((size_t)search->spec.block_rows * search->row_bytes);
  block->lengths = malloc((size_t)search->spec.block_rows * sizeof(float));
  fuzz_expect(block->features && block->lengths, "there is memory for a block");
  return CLREID_OK;
}

void __wrap_cr_search_block_release(cr_search_block *block)
{
  free(block->features);
  free(block->lengths);
}

static void expect_rows(const cr_search *search, int first, int count, int most)
{
  fuzz_expect(first >= 0 && count >= 0 && count <= most && first <= search->spec.block_rows - count,
              "rows lie in their block");
}

clreid_status __wrap_cr_search_put(cr_search *search, const cr_search_block *block, int first, int count,
                                   const void *rows, clreid_error *error)
{
  (void)error;
  expect_rows(search, first, count, search->spec.staged);
  memcpy((char *)block->features + (size_t)first * search->row_bytes, rows, (size_t)count * search->row_bytes);
  return CLREID_OK;
}

clreid_status __wrap_cr_search_put_lengths(cr_search *search, const cr_search_block *block, int first, int count,
                                           const float *lengths, clreid_error *error)
{
  (void)error;
  expect_rows(search, first, count, search->spec.block_rows);
  memcpy((float *)block->lengths + first, lengths, (size_t)count * sizeof *lengths);
  return CLREID_OK;
}

clreid_status __wrap_cr_search_get(cr_search *search, const cr_search_block *block, const int32_t *list, int count,
                                   void *rows, clreid_error *error)
{
  (void)error;
  fuzz_expect(count <= search->spec.staged, "no more rows are taken than there is room for");
  for (int i = 0; i < count; i++) {
    expect_rows(search, list[i], 1, 1);
    memcpy((char *)rows + (size_t)i * search->row_bytes, (char *)block->features + (size_t)list[i] * search->row_bytes,
           search->row_bytes);
  }
  return CLREID_OK;
}

clreid_status __wrap_cr_search_set_queries(cr_search *search, const float *queries, int count, clreid_error *error)
{
  (void)error;
  fuzz_touch(queries, (size_t)count * (size_t)search->spec.length * sizeof *queries);
  return CLREID_OK;
}

clreid_status __wrap_cr_search_products(cr_search *search, const cr_search_block *block, int first, int count,
                                        clreid_error *error)
{
  (void)block;
  (void)error;
  expect_rows(search, first, count, search->spec.block_rows);
  return CLREID_OK;
}

clreid_status __wrap_cr_search_select(cr_search *search, const cr_search_block *block, const cr_search_limit *limits,
                                      int first, int count, int32_t *counts, int32_t *rows, float *values,
                                      clreid_error *error)
{
  (void)block;
  (void)limits;
  (void)rows;
  (void)values;
  (void)error;
  expect_rows(search, first, count, search->spec.block_rows);
  memset(counts, 0, CR_SEARCH_QUERIES * sizeof *counts);
  return CLREID_OK;
}
