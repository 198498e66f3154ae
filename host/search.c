/*
 * search.c - blocks of a gallery: moves rows, launches products and selection. The arithmetic stands in cl/search.cl.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tile.h"

enum { PUT, GET, PRODUCTS, SELECT, KERNELS };
enum { STAGED, LIST, QUERIES, SUMS, LIMITS, COUNTS, ROWS, VALUES, BUFFERS };

enum {
  SPAN_OF_LOOPS = 2048, /* rows that a work-item of the selection walks, where one is a loop */
  NAN_ROWS = 1024,      /* lengths written at a time */
};

struct cr_search {
  cr_queue *queue; /* borrowed */
  cr_search_spec spec;
  bool walks; /* products_walk, not products_tile */
  int span;
  int queries;   /* set last */
  float *packed; /* as the kernels read them: [tiles of queries][length][TM] */
  cr_tile tile;
  cr_step *steps[KERNELS];
  cr_buffer *buffers[BUFFERS];
};

/* ---- Life -------------------------------------------------------------------------------------------------------- */

/* For devices whose work-item is a loop: queries by panels, as many sums as there are registers beside the row. */
static const cr_tile walk_16 = {.rows = 8, .vectors = 2, .vector = 16, .local_rows = 1, .local_columns = 1};
static const cr_tile walk_8 = {.rows = 6, .vectors = 1, .vector = 16, .local_rows = 1, .local_columns = 1};
static const cr_tile walk_4 = {.rows = 2, .vectors = 1, .vector = 16, .local_rows = 1, .local_columns = 1};

static void choose(cr_search *search)
{
  const cr_device *device = search->queue->device;
  const cr_facts *facts = cr_device_facts(device);
  const bool loops = cr_facts_walk(facts);
  search->span = loops ? SPAN_OF_LOOPS : CR_PANEL;
  search->walks = loops && !search->spec.tile;
  const cr_tiled_shape shape = {.kernel = CR_TILED_GEMM,
                                .rows = CR_SEARCH_QUERIES,
                                .columns = (size_t)search->spec.block_rows,
                                .depth = (size_t)search->spec.length,
                                .taps = 1,
                                .groups = 1,
                                .half = search->spec.half};
  if (search->walks)
    search->tile = facts->float_vector_width >= 16 ? walk_16 : facts->float_vector_width >= 8 ? walk_8 : walk_4;
  else
    search->tile = search->spec.tile ? *search->spec.tile : cr_tile_choose(device, &shape);
}

/* The index space is set, and the arguments are given, before each run. */
static clreid_status bind(cr_step *step, int batch, clreid_error *error)
{
  (void)step;
  (void)batch;
  (void)error;
  return CLREID_OK;
}

static const cr_operator operator_search = {.bind = bind};

static clreid_status create_step(cr_search *search, int kernel, clreid_error *error)
{
  const bool plain = search->spec.plain;
  const char *const names[KERNELS] = {[PUT] = "search_put",
                                      [GET] = "search_get",
                                      [PRODUCTS] = plain           ? "products_plain"
                                                   : search->walks ? "products_walk"
                                                                   : "products_tile",
                                      [SELECT] = plain ? "select_plain" : "select_rows"};
  cr_step *step = search->steps[kernel] = calloc(1, sizeof *step);
  if (!step) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for the search");
  *step = (cr_step){
      .operator_ = &operator_search, .queue = search->queue, .streams = 1, .largest_batch = 1, .local = {1, 1, 1}};
  step->op.name = names[kernel];
  step->op.plain = plain;
  step->op.half = search->spec.half;
  step->tile = search->tile;
  char options[256];
  const int at = cr_tile_options(step, 0, options, sizeof options);
  snprintf(options + at, sizeof options - (size_t)at, " -DQUERIES=%d -DSPAN=%d", CR_SEARCH_QUERIES, search->span);
  CR_TRY(cr_step_kernel(step, "search.cl", options, names[kernel], error));
  cr_tile_name(step, search->walks ? "products walk" : "products");
  return CLREID_OK;
}

static size_t element_bytes(const cr_search *search)
{
  return search->spec.half ? sizeof(uint16_t) : sizeof(float);
}

static clreid_status create_buffers(cr_search *search, clreid_error *error)
{
  const cr_search_spec *spec = &search->spec;
  const size_t length = (size_t)spec->length, queries = CR_SEARCH_QUERIES;
  const size_t rows = (size_t)search->tile.rows, packed = (queries + rows - 1) / rows * rows * length;
  const size_t bytes[BUFFERS] = {
      [STAGED] = (size_t)spec->staged * length * element_bytes(search),
      [LIST] = (size_t)spec->staged * sizeof(int32_t),
      [QUERIES] = packed * sizeof(float),
      [SUMS] = queries * (size_t)spec->block_rows * sizeof(float),
      [LIMITS] = queries * sizeof(cr_search_limit),
      [COUNTS] = queries * sizeof(int32_t),
      [ROWS] = queries * (size_t)spec->room * sizeof(int32_t),
      [VALUES] = queries * (size_t)spec->room * sizeof(float),
  };
  search->packed = malloc(bytes[QUERIES]);
  if (!search->packed) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for queries of length %zu", length);
  for (int b = 0; b < BUFFERS; b++)
    CR_TRY(cr_buffer_create(search->queue->device, bytes[b], NULL, &search->buffers[b], error));
  return CLREID_OK;
}

static clreid_status prepare(cr_search *search, clreid_error *error)
{
  choose(search);
  for (int k = 0; k < KERNELS; k++) CR_TRY(create_step(search, k, error));
  if (!search->walks && !search->spec.plain) /* its group, as it will be: proof.c knows a kernel by it */
    cr_tile_space(search->steps[PRODUCTS], CR_SEARCH_QUERIES, (size_t)search->spec.block_rows, 1);
  return create_buffers(search, error);
}

clreid_status cr_search_create(cr_queue *queue, const cr_search_spec *spec, cr_search **result, clreid_error *error)
{
  if (spec->length < 1 || spec->block_rows < CR_PANEL || spec->block_rows % CR_PANEL || spec->room < CR_PANEL ||
      spec->staged < 1)
    return cr_fail(
        error, CLREID_INVALID_ARGUMENT,
        "a search of rows of length %d in blocks of %d rows (a multiple of %d), %d listed, %d moved at a time",
        spec->length, spec->block_rows, CR_PANEL, spec->room, spec->staged);
  const cr_facts *facts = cr_device_facts(queue->device);
  if (facts->most_turns && (uint64_t)spec->length > facts->most_turns / 2) /* a product is a sum over the row */
    return cr_fail(
        error, CLREID_UNSUPPORTED_DEVICE,
        "a search of rows of length %d takes as many turns of a loop, but %s is trusted with %llu; use another "
        "device",
        spec->length, facts->name, (unsigned long long)facts->most_turns / 2);
  cr_search *search = calloc(1, sizeof *search);
  if (!search) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for the search");
  search->queue = queue;
  search->spec = *spec;
  const clreid_status status = prepare(search, error);
  if (status != CLREID_OK) {
    cr_search_destroy(search);
    return status;
  }
  *result = search;
  return CLREID_OK;
}

void cr_search_destroy(cr_search *search)
{
  if (!search) return;
  for (int k = 0; k < KERNELS; k++) cr_step_destroy(search->steps[k]);
  for (int b = 0; b < BUFFERS; b++) cr_buffer_release(search->buffers[b]);
  free(search->packed);
  free(search);
}

size_t cr_search_bytes(const cr_search *search)
{
  size_t bytes = 0;
  for (int b = 0; b < BUFFERS; b++) bytes += cr_buffer_bytes(search->buffers[b]);
  return bytes;
}

const cr_step *cr_search_step(const cr_search *search)
{
  return search->steps[PRODUCTS];
}

const cr_tile *cr_search_tile(const cr_search *search)
{
  return search->walks ? NULL : &search->tile;
}

const char *cr_search_variant(const cr_search *search)
{
  return cr_step_variant(search->steps[PRODUCTS]);
}

/* ---- Blocks ------------------------------------------------------------------------------------------------------ */

static clreid_status empty_rows(cr_search *search, const cr_search_block *block, clreid_error *error)
{
  float nans[NAN_ROWS];
  for (int i = 0; i < NAN_ROWS; i++) nans[i] = NAN;
  for (int first = 0; first < search->spec.block_rows; first += NAN_ROWS) {
    const int left = search->spec.block_rows - first;
    CR_TRY(cr_search_put_lengths(search, block, first, left < NAN_ROWS ? left : NAN_ROWS, nans, error));
  }
  return CLREID_OK;
}

clreid_status cr_search_block_create(cr_search *search, cr_search_block *block, clreid_error *error)
{
  const size_t rows = (size_t)search->spec.block_rows;
  *block = (cr_search_block){NULL, NULL};
  clreid_status status = cr_buffer_create(
      search->queue->device, rows * (size_t)search->spec.length * element_bytes(search), NULL, &block->features, error);
  if (status == CLREID_OK)
    status = cr_buffer_create(search->queue->device, rows * sizeof(float), NULL, &block->lengths, error);
  if (status == CLREID_OK) status = empty_rows(search, block, error);
  if (status != CLREID_OK) cr_search_block_release(block);
  return status;
}

void cr_search_block_release(cr_search_block *block)
{
  cr_buffer_release(block->features);
  cr_buffer_release(block->lengths);
  *block = (cr_search_block){NULL, NULL};
}

static clreid_status check_rows(const cr_search *search, int first, int count, int most, const char *what,
                                clreid_error *error)
{
  if (first >= 0 && count >= 1 && count <= most && first <= search->spec.block_rows - count) return CLREID_OK;
  return cr_fail(error, CLREID_INVALID_ARGUMENT, "%s %d rows from %d of a block of %d, at most %d at a time", what,
                 count, first, search->spec.block_rows, most);
}

/* Work-items that share a row or a panel, where work-items run side by side. */
static size_t sharing(const cr_search *search)
{
  return cr_facts_walk(cr_device_facts(search->queue->device)) ? 1 : 64;
}

static clreid_status run(cr_search *search, int kernel, const cr_args *args, size_t first, size_t second,
                         clreid_error *error)
{
  CR_TRY(cr_args_done(args, error));
  if (first) cr_step_space(search->steps[kernel], first, second, 1); /* 0: it is set */
  return cr_step_run(search->steps[kernel], 1, error);
}

clreid_status cr_search_put(cr_search *search, const cr_search_block *block, int first, int count, const void *rows,
                            clreid_error *error)
{
  CR_TRY(check_rows(search, first, count, search->spec.staged, "stages", error));
  const size_t bytes = (size_t)count * (size_t)search->spec.length * element_bytes(search);
  CR_TRY(cr_queue_write(search->queue, search->buffers[STAGED], 0, bytes, rows, error));
  cr_args args = {search->steps[PUT]->kernel, 0, CL_SUCCESS};
  cr_arg_buffer(&args, search->buffers[STAGED], NULL);
  cr_arg_buffer(&args, block->features, NULL);
  cr_arg_int(&args, (size_t)search->spec.length);
  cr_arg_int(&args, (size_t)first);
  cr_arg_int(&args, (size_t)count);
  const int panels = (first + count - 1) / CR_PANEL - first / CR_PANEL + 1;
  return run(search, PUT, &args, sharing(search), (size_t)panels, error);
}

clreid_status cr_search_put_lengths(cr_search *search, const cr_search_block *block, int first, int count,
                                    const float *lengths, clreid_error *error)
{
  CR_TRY(check_rows(search, first, count, search->spec.block_rows, "puts the lengths of", error));
  return cr_queue_write(search->queue, block->lengths, (size_t)first * sizeof *lengths, (size_t)count * sizeof *lengths,
                        lengths, error);
}

clreid_status cr_search_get(cr_search *search, const cr_search_block *block, const int32_t *list, int count, void *rows,
                            clreid_error *error)
{
  CR_TRY(check_rows(search, 0, count, search->spec.staged, "gets", error));
  for (int i = 0; i < count; i++) CR_TRY(check_rows(search, list[i], 1, 1, "gets", error));
  CR_TRY(cr_queue_write(search->queue, search->buffers[LIST], 0, (size_t)count * sizeof *list, list, error));
  cr_args args = {search->steps[GET]->kernel, 0, CL_SUCCESS};
  cr_arg_buffer(&args, block->features, NULL);
  cr_arg_buffer(&args, search->buffers[LIST], NULL);
  cr_arg_buffer(&args, search->buffers[STAGED], NULL);
  cr_arg_int(&args, (size_t)search->spec.length);
  cr_arg_int(&args, (size_t)count);
  CR_TRY(run(search, GET, &args, sharing(search), (size_t)count, error));
  const size_t bytes = (size_t)count * (size_t)search->spec.length * element_bytes(search);
  return cr_queue_read(search->queue, search->buffers[STAGED], 0, bytes, rows, error);
}

/* ---- Products and selection -------------------------------------------------------------------------------------- */

clreid_status cr_search_set_queries(cr_search *search, const float *queries, int count, clreid_error *error)
{
  if (count < 1 || count > CR_SEARCH_QUERIES)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "%d queries were given, 1 to %d can be at a time", count,
                   CR_SEARCH_QUERIES);
  const size_t length = (size_t)search->spec.length, rows = (size_t)search->tile.rows, given = (size_t)count;
  const size_t filled = (given + rows - 1) / rows * rows;
  for (size_t q = 0; q < filled; q++) {
    float *to = search->packed + q / rows * rows * length + q % rows;
    for (size_t k = 0; k < length; k++) to[k * rows] = q < given ? queries[q * length + k] : 0.0f;
  }
  search->queries = count;
  return cr_queue_write(search->queue, search->buffers[QUERIES], 0, filled * length * sizeof *queries, search->packed,
                        error);
}

static int panels_of(int rows)
{
  return (rows + CR_PANEL - 1) / CR_PANEL;
}

static clreid_status check_walk(const cr_search *search, int first, int count, const char *what, clreid_error *error)
{
  if (first % CR_PANEL || search->queries < 1)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "%s from row %d, not a multiple of %d, of %d queries", what, first,
                   CR_PANEL, search->queries);
  return check_rows(search, first, count, search->spec.block_rows, what, error);
}

clreid_status cr_search_products(cr_search *search, const cr_search_block *block, int first, int count,
                                 clreid_error *error)
{
  CR_TRY(check_walk(search, first, count, "multiplies", error));
  cr_step *step = search->steps[PRODUCTS];
  const size_t panels = (size_t)panels_of(count), queries = (size_t)search->queries;
  cr_args args = {step->kernel, 0, CL_SUCCESS};
  cr_arg_buffer(&args, block->features, NULL);
  cr_arg_buffer(&args, search->buffers[QUERIES], NULL);
  cr_arg_buffer(&args, search->buffers[SUMS], NULL);
  cr_arg_int(&args, (size_t)search->spec.block_rows);
  cr_arg_int(&args, (size_t)search->spec.length);
  cr_arg_int(&args, (size_t)first / CR_PANEL);
  cr_arg_int(&args, panels);
  cr_arg_int(&args, queries);
  if (search->spec.plain) return run(search, PRODUCTS, &args, panels * CR_PANEL, queries, error);
  if (search->walks) {
    const size_t width = (size_t)search->tile.vectors;
    return run(search, PRODUCTS, &args, (panels + width - 1) / width, 1, error);
  }
  cr_tile_space(step, queries, panels * CR_PANEL, 1);
  return run(search, PRODUCTS, &args, 0, 0, error);
}

clreid_status cr_search_read_products(cr_search *search, int query, int first, int count, float *products,
                                      clreid_error *error)
{
  CR_TRY(check_rows(search, first, count, search->spec.block_rows, "reads products of", error));
  if (query < 0 || query >= search->queries)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "reads products of query %d of %d", query, search->queries);
  const size_t at = (size_t)query * (size_t)search->spec.block_rows + (size_t)first;
  return cr_queue_read(search->queue, search->buffers[SUMS], at * sizeof *products, (size_t)count * sizeof *products,
                       products, error);
}

static clreid_status launch_select(cr_search *search, const cr_search_block *block, int first, int count,
                                   clreid_error *error)
{
  const size_t rows = (size_t)panels_of(count) * CR_PANEL, span = (size_t)search->span;
  cr_args args = {search->steps[SELECT]->kernel, 0, CL_SUCCESS};
  cr_arg_buffer(&args, search->buffers[SUMS], NULL);
  cr_arg_buffer(&args, block->lengths, NULL);
  cr_arg_buffer(&args, search->buffers[LIMITS], NULL);
  cr_arg_buffer(&args, search->buffers[COUNTS], NULL);
  cr_arg_buffer(&args, search->buffers[ROWS], NULL);
  cr_arg_buffer(&args, search->buffers[VALUES], NULL);
  cr_arg_int(&args, (size_t)search->spec.block_rows);
  cr_arg_int(&args, (size_t)search->spec.room);
  cr_arg_int(&args, (size_t)first);
  cr_arg_int(&args, rows);
  cr_arg_int(&args, (size_t)search->queries);
  return run(search, SELECT, &args, search->spec.plain ? rows : (rows + span - 1) / span, (size_t)search->queries,
             error);
}

clreid_status cr_search_select(cr_search *search, const cr_search_block *block, const cr_search_limit *limits,
                               int first, int count, int32_t *counts, int32_t *rows, float *values, clreid_error *error)
{
  static const int32_t zeros[CR_SEARCH_QUERIES];
  CR_TRY(check_walk(search, first, count, "selects", error));
  cr_queue *queue = search->queue;
  const size_t queries = (size_t)search->queries;
  CR_TRY(cr_queue_write(queue, search->buffers[LIMITS], 0, queries * sizeof *limits, limits, error));
  CR_TRY(cr_queue_write(queue, search->buffers[COUNTS], 0, queries * sizeof *counts, zeros, error));
  CR_TRY(launch_select(search, block, first, count, error));
  CR_TRY(cr_queue_read(queue, search->buffers[COUNTS], 0, queries * sizeof *counts, counts, error));
  int32_t most = 0;
  for (size_t q = 0; q < queries; q++) most = counts[q] > most ? counts[q] : most;
  const size_t listed = (size_t)(most < search->spec.room ? most : search->spec.room) * queries;
  CR_TRY(cr_queue_read(queue, search->buffers[ROWS], 0, listed * sizeof *rows, rows, error));
  return cr_queue_read(queue, search->buffers[VALUES], 0, listed * sizeof *values, values, error);
}
