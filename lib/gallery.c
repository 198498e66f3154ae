/*
 * gallery.c - the rows of a gallery: create, add, remove, read. Searching is in gallery_search.c, files are in
 * gallery_file.c.
 *
 * Rows lie in blocks of one size, so that growing moves nothing. A removed row stays where it is, without a length,
 * until two neighbouring blocks fit into one: then they become one, in order, so the memory is never more than about
 * twice what is there.
 */
#include "gallery.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"

enum {
  BLOCK_BYTES = 32 << 20, /* of features */
  MOST_BLOCK_ROWS = 16384,
  STAGED_BYTES = 2 << 20,
  MOST_STAGED = 1024,
};

/* Lengths that squares and products in float can tell apart; what the rounding of their last digit does is no error. */
static const double shortest = 0x1p-40, longest = 0x1p40;

/* ---- Life -------------------------------------------------------------------------------------------------------- */

static clreid_status add_block(clreid_gallery *g, clreid_error *error)
{
  if (g->block_count == g->block_room) {
    const size_t room = g->block_room ? 2 * g->block_room : 16;
    cr_gallery_block **grown = realloc(g->blocks, room * sizeof *grown);
    if (!grown) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a gallery of %zu blocks", room);
    g->blocks = grown;
    g->block_room = room;
  }
  cr_gallery_block *block = calloc(1, sizeof *block);
  if (block) block->rows = calloc((size_t)g->block_rows, sizeof *block->rows);
  clreid_status status =
      block && block->rows ? cr_search_block_create(g->search, &block->device, error)
                           : cr_fail(error, CLREID_OUT_OF_MEMORY,
                                     "no memory for %d more features, after %zu; remove some", g->block_rows, g->count);
  if (status != CLREID_OK) {
    if (block) free(block->rows);
    free(block);
    return status;
  }
  g->blocks[g->block_count++] = block;
  return CLREID_OK;
}

static void free_block(cr_gallery_block *block)
{
  cr_search_block_release(&block->device);
  free(block->rows);
  free(block);
}

/* As many rows as the bytes hold, within bounds. */
static int rows_of(size_t bytes, size_t row_bytes, int most)
{
  const size_t rows = bytes / row_bytes;
  return rows > (size_t)most ? most : rows < 1 ? 1 : (int)rows;
}

static clreid_status prepare(clreid_gallery *g, clreid_error *error)
{
  const size_t row_bytes = (size_t)g->config.feature_length * cr_gallery_element_bytes(g);
  if (!g->block_rows) g->block_rows = (int)cr_padded((size_t)rows_of(BLOCK_BYTES, row_bytes, MOST_BLOCK_ROWS));
  g->staged = rows_of(STAGED_BYTES, row_bytes, MOST_STAGED);
  g->elements = malloc((size_t)g->staged * row_bytes);
  g->row = malloc((size_t)g->config.feature_length * sizeof *g->row);
  g->list = malloc((size_t)g->staged * sizeof *g->list);
  if (!g->elements || !g->row || !g->list) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a gallery");
  const cr_search_spec spec = {.length = g->config.feature_length,
                               .half = g->config.precision == CLREID_FP16,
                               .plain = g->config.plain_kernels,
                               .block_rows = g->block_rows,
                               .room = CR_GALLERY_ROOM,
                               .staged = g->staged};
  CR_TRY(cr_queue_create(g->device, &g->queue, error));
  CR_TRY(cr_search_create_proven(g->queue, &spec, &g->search, error));
  CR_TRY(add_block(g, error));
  CR_TRY(cr_gallery_warm_up(g, error));
  cr_say(cr_device_log(g->device), "gallery: features of length %d, blocks of %d, %s", g->config.feature_length,
         g->block_rows, cr_search_variant(g->search));
  return CLREID_OK;
}

static clreid_status check_config(const clreid_gallery_config *config, clreid_error *error)
{
  if (config->feature_length < 1 || config->feature_length > CR_GALLERY_LONGEST)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "a gallery of features of length %d; give 1 to %d",
                   config->feature_length, CR_GALLERY_LONGEST);
  if (config->metric != CLREID_COSINE && config->metric != CLREID_EUCLIDEAN)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "metric %d is neither cosine (%d) nor euclidean (%d)",
                   (int)config->metric, (int)CLREID_COSINE, (int)CLREID_EUCLIDEAN);
  if (config->precision != CLREID_FP32 && config->precision != CLREID_FP16)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "precision %d is neither float32 (%d) nor float16 (%d)",
                   (int)config->precision, (int)CLREID_FP32, (int)CLREID_FP16);
  return CLREID_OK;
}

clreid_status clreid_gallery_create(clreid_device *device, const clreid_gallery_config *config,
                                    clreid_gallery **gallery, clreid_error *error)
{
  return cr_gallery_create(device, config, 0, gallery, error);
}

clreid_status cr_gallery_create(clreid_device *device, const clreid_gallery_config *config, int block_rows,
                                clreid_gallery **result, clreid_error *error)
{
  if (!device || !config || !result)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_gallery_create needs device, config and gallery");
  *result = NULL;
  CR_TRY(check_config(config, error));
  clreid_gallery *g = calloc(1, sizeof *g);
  if (!g) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a gallery");
  g->device = device->device;
  cr_device_retain(g->device);
  g->config = *config;
  g->block_rows = block_rows;
  const clreid_status status = prepare(g, error);
  cr_proofs_save(device->device);
  if (status != CLREID_OK) {
    clreid_gallery_destroy(g);
    return status;
  }
  *result = g;
  return CLREID_OK;
}

void clreid_gallery_destroy(clreid_gallery *g)
{
  if (!g) return;
  if (g->queue) cr_queue_finish(g->queue, NULL);
  for (size_t b = 0; b < g->block_count; b++) free_block(g->blocks[b]);
  cr_search_destroy(g->search);
  cr_gallery_work_destroy(g->work);
  cr_queue_destroy(g->queue);
  cr_device_release(g->device);
  free(g->blocks);
  free(g->elements);
  free(g->row);
  free(g->list);
  free(g);
}

void clreid_gallery_describe(const clreid_gallery *g, clreid_gallery_info *info)
{
  if (!g || !info) return;
  const size_t length = (size_t)g->config.feature_length, rows = (size_t)g->block_rows;
  const size_t row_bytes = length * cr_gallery_element_bytes(g);
  *info = (clreid_gallery_info){.feature_length = g->config.feature_length,
                                .metric = g->config.metric,
                                .precision = g->config.precision,
                                .count = g->count,
                                .next_id = g->next_id};
  info->device_bytes = cr_search_bytes(g->search) + g->block_count * rows * (row_bytes + sizeof(float));
  info->host_bytes = sizeof *g + g->block_room * sizeof *g->blocks +
                     g->block_count * (sizeof **g->blocks + rows * sizeof(cr_gallery_row)) +
                     (size_t)g->staged * (row_bytes + sizeof *g->list) + length * sizeof *g->row +
                     cr_gallery_work_bytes(g->work);
}

/* ---- Adding ------------------------------------------------------------------------------------------------------ */

clreid_status cr_gallery_round(const clreid_gallery *g, const float *feature, void *elements, float *values,
                               double *square, const char *what, size_t index, size_t count, clreid_error *error)
{
  const size_t length = (size_t)g->config.feature_length;
  for (size_t i = 0; i < length; i++) {
    if (!isfinite(feature[i]))
      return cr_fail(error, CLREID_INVALID_ARGUMENT, "number %zu of %s %zu of %zu is %s; leave it out", i, what, index,
                     count, isnan(feature[i]) ? "not a number" : "infinite");
    if (g->config.precision == CLREID_FP16 && fabsf(feature[i]) >= 65520.0f)
      return cr_fail(error, CLREID_INVALID_ARGUMENT,
                     "number %zu of %s %zu of %zu is %g, but float16 ends at 65504; scale them, or take float32", i,
                     what, index, count, (double)feature[i]);
  }
  if (g->config.precision == CLREID_FP16) {
    uint16_t *halves = elements;
    cr_to_half(feature, halves, length);
    cr_from_half(halves, values, length);
  } else {
    memcpy(values, feature, length * sizeof *values);
    if (elements) memcpy(elements, feature, length * sizeof *values);
  }
  *square = cr_sum_products(values, values, length);
  const double norm = sqrt(*square);
  if (norm == 0 || (norm >= shortest && norm <= longest)) return CLREID_OK;
  return cr_fail(error, CLREID_INVALID_ARGUMENT,
                 "%s %zu of %zu has the length %g; give lengths from 1e-12 to 1e12, or 0: scale all features", what,
                 index, count, norm);
}

/* Puts the first count of g->elements behind the rows of the last block, whose rows[used ...] are filled. */
static clreid_status put_staged(clreid_gallery *g, int count, clreid_error *error)
{
  cr_gallery_block *block = g->blocks[g->block_count - 1];
  float lengths[MOST_STAGED];
  for (int i = 0; i < count; i++) lengths[i] = block->rows[block->used + i].length;
  CR_TRY(cr_search_put(g->search, &block->device, block->used, count, g->elements, error));
  if (block->told < block->used + count) block->told = block->used + count;
  CR_TRY(cr_search_put_lengths(g->search, &block->device, block->used, count, lengths, error));
  for (int i = 0; i < count; i++) block->alive += cr_gallery_there(&block->rows[block->used + i]);
  block->used += count;
  return CLREID_OK;
}

/* The device's lengths of a block, as rows[] say. */
static clreid_status put_lengths(clreid_gallery *g, cr_gallery_block *block, clreid_error *error)
{
  float lengths[MOST_STAGED];
  block->changed = true; /* until it is done */
  if (block->told < block->used) block->told = block->used;
  for (int first = 0; first < block->told;) {
    const int left = block->told - first, count = left < MOST_STAGED ? left : MOST_STAGED;
    for (int i = 0; i < count; i++) {
      const cr_gallery_row *row = &block->rows[first + i];
      lengths[i] = first + i < block->used && cr_gallery_there(row) ? row->length : NAN;
    }
    CR_TRY(cr_search_put_lengths(g->search, &block->device, first, count, lengths, error));
    first += count;
  }
  block->told = block->used;
  block->changed = false;
  return CLREID_OK;
}

clreid_status cr_gallery_refresh(clreid_gallery *g, clreid_error *error)
{
  for (size_t b = 0; b < g->block_count; b++)
    if (g->blocks[b]->changed) CR_TRY(put_lengths(g, g->blocks[b], error));
  return CLREID_OK;
}

typedef struct mark {
  size_t block_count;
  int used, alive; /* of the last block */
} mark;

/* Forgets all rows behind the mark. */
static void go_back(clreid_gallery *g, mark to)
{
  while (g->block_count > to.block_count) free_block(g->blocks[--g->block_count]);
  cr_gallery_block *last = g->blocks[g->block_count - 1];
  last->used = to.used;
  last->alive = to.alive;
  put_lengths(g, last, NULL); /* at the next search, if the device cannot be told now */
}

/* As many rows from first on as the last block and a move take. */
static clreid_status append_some(clreid_gallery *g, const cr_gallery_batch *from, size_t first, size_t *taken,
                                 clreid_error *error)
{
  if (g->blocks[g->block_count - 1]->used == g->block_rows) CR_TRY(add_block(g, error));
  cr_gallery_block *block = g->blocks[g->block_count - 1];
  const size_t length = (size_t)g->config.feature_length, bytes = length * cr_gallery_element_bytes(g);
  size_t count = (size_t)(g->block_rows - block->used);
  if (count > (size_t)g->staged) count = (size_t)g->staged;
  if (count > from->count - first) count = from->count - first;
  for (size_t i = 0; i < count; i++) {
    const size_t at = first + i;
    cr_gallery_row *row = &block->rows[block->used + (int)i];
    double square = 0;
    CR_TRY(cr_gallery_round(g, from->features + at * length, (char *)g->elements + i * bytes, g->row, &square,
                            "feature", from->before + at, from->all, error));
    *row = (cr_gallery_row){.id = from->ids ? from->ids[at] : g->next_id + (int64_t)at,
                            .label = from->labels ? from->labels[at] : -1,
                            .time = from->times ? from->times[at] : 0,
                            .length = (float)sqrt(square)};
  }
  *taken = count;
  return put_staged(g, (int)count, error);
}

clreid_status cr_gallery_append(clreid_gallery *g, const cr_gallery_batch *batch, clreid_error *error)
{
  const cr_gallery_block *last = g->blocks[g->block_count - 1];
  const mark before = {g->block_count, last->used, last->alive};
  clreid_status status = CLREID_OK;
  for (size_t first = 0, taken = 0; first < batch->count && status == CLREID_OK; first += taken)
    status = append_some(g, batch, first, &taken, error);
  if (status != CLREID_OK) {
    go_back(g, before);
    return status;
  }
  g->count += batch->count;
  if (batch->count) g->next_id = batch->ids ? batch->ids[batch->count - 1] + 1 : g->next_id + (int64_t)batch->count;
  return CLREID_OK;
}

clreid_status clreid_gallery_add(clreid_gallery *g, const float *features, const int64_t *labels, const int64_t *times,
                                 size_t count, int64_t *first_id, clreid_error *error)
{
  if (!g || (count && !features))
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_gallery_add needs gallery and features");
  const int64_t first = g->next_id;
  const cr_gallery_batch batch = {features, NULL, labels, times, count, 0, count};
  CR_TRY(cr_gallery_append(g, &batch, error));
  if (first_id) *first_id = first;
  return CLREID_OK;
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

clreid_status cr_gallery_fetch(clreid_gallery *g, const cr_gallery_block *block, const int32_t *list, int count,
                               clreid_error *error)
{
  return cr_search_get(g->search, &block->device, list, count, g->elements, error);
}

const float *cr_gallery_fetched(clreid_gallery *g, int index)
{
  const size_t length = (size_t)g->config.feature_length;
  if (g->config.precision == CLREID_FP32) return (const float *)g->elements + (size_t)index * length;
  cr_from_half((const uint16_t *)g->elements + (size_t)index * length, g->row, length);
  return g->row;
}

/* Where a call of clreid_gallery_read writes, from feature `at` on. */
typedef struct readout {
  float *features;
  int64_t *ids, *labels, *times;
  size_t at;
} readout;

/* Reads the listed rows of the block. */
static clreid_status read_list(clreid_gallery *g, const cr_gallery_block *block, int count, readout *to,
                               clreid_error *error)
{
  const size_t length = (size_t)g->config.feature_length;
  if (to->features) {
    CR_TRY(cr_gallery_fetch(g, block, g->list, count, error));
    for (int i = 0; i < count; i++)
      memcpy(to->features + (to->at + (size_t)i) * length, cr_gallery_fetched(g, i), length * sizeof(float));
  }
  for (int i = 0; i < count; i++, to->at++) {
    const cr_gallery_row *row = &block->rows[g->list[i]];
    if (to->ids) to->ids[to->at] = row->id;
    if (to->labels) to->labels[to->at] = row->label;
    if (to->times) to->times[to->at] = row->time;
  }
  return CLREID_OK;
}

clreid_status cr_gallery_check_places(const clreid_gallery *g, size_t first, size_t count, clreid_error *error)
{
  if (first <= g->count && count <= g->count - first) return CLREID_OK;
  return cr_fail(error, CLREID_INVALID_ARGUMENT, "%zu features from place %zu on were asked of a gallery of %zu", count,
                 first, g->count);
}

clreid_status clreid_gallery_read(clreid_gallery *g, size_t first, size_t count, float *features, int64_t *ids,
                                  int64_t *labels, int64_t *times, clreid_error *error)
{
  if (!g) return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_gallery_read needs gallery");
  CR_TRY(cr_gallery_check_places(g, first, count, error));
  readout to = {features, ids, labels, times, 0};
  size_t place = 0; /* of the block's first row that is there */
  for (size_t b = 0; b < g->block_count && to.at < count; place += (size_t)g->blocks[b++]->alive) {
    const cr_gallery_block *block = g->blocks[b];
    size_t at = place;
    int listed = 0;
    for (int r = 0; r < block->used && to.at + (size_t)listed < count; r++) {
      if (!cr_gallery_there(&block->rows[r]) || at++ < first) continue;
      g->list[listed++] = r;
      if (listed < g->staged) continue;
      CR_TRY(read_list(g, block, listed, &to, error));
      listed = 0;
    }
    if (listed) CR_TRY(read_list(g, block, listed, &to, error));
  }
  return CLREID_OK;
}

/* ---- Removing ---------------------------------------------------------------------------------------------------- */

/* The last block that begins at the id or before it: no other can have it. */
static cr_gallery_block *block_of(const clreid_gallery *g, int64_t id)
{
  size_t low = 0, high = g->block_count;
  while (high - low > 1) {
    const size_t middle = low + (high - low) / 2;
    if (g->blocks[middle]->used && g->blocks[middle]->rows[0].id <= id)
      low = middle;
    else
      high = middle;
  }
  return g->blocks[low];
}

/* The row with the id, or NULL. */
static cr_gallery_row *find(const cr_gallery_block *block, int64_t id)
{
  int begin = 0, end = block->used;
  while (begin < end) {
    const int middle = begin + (end - begin) / 2;
    if (block->rows[middle].id < id)
      begin = middle + 1;
    else
      end = middle;
  }
  cr_gallery_row *row = &block->rows[begin];
  return begin < block->used && row->id == id && cr_gallery_there(row) ? row : NULL;
}

/* Until finish_removal it may come back. */
static void take_out(clreid_gallery *g, cr_gallery_block *block, cr_gallery_row *row)
{
  row->length = -row->length;
  block->alive--;
  block->leaving++;
  block->changed = true;
  g->count--;
}

/* The listed rows of `from`, behind those of `to`, which may be the same block: never onto one that is still to be
 * moved. A failure has moved none of them. */
static clreid_status move_listed(clreid_gallery *g, cr_gallery_block *from, int listed, cr_gallery_block *to, int at,
                                 clreid_error *error)
{
  CR_TRY(cr_gallery_fetch(g, from, g->list, listed, error));
  CR_TRY(cr_search_put(g->search, &to->device, at, listed, g->elements, error));
  from->changed = to->changed = true;
  for (int i = 0; i < listed; i++) {
    cr_gallery_row *row = &from->rows[g->list[i]];
    const cr_gallery_row moved = *row;
    row->length = NAN;
    to->rows[at + i] = moved;
  }
  from->alive -= listed;
  to->alive += listed;
  return CLREID_OK;
}

/* Lists rows that are there from *next on, as many as are moved at a time. */
static int list_rows(clreid_gallery *g, const cr_gallery_block *block, int *next)
{
  int listed = 0;
  for (; *next < block->used && listed < g->staged; ++*next)
    if (cr_gallery_there(&block->rows[*next])) g->list[listed++] = *next;
  return listed;
}

/* Closes the gaps between the rows of a block. Where that ends half way there is one gap, whose rows have the id before
 * it, so that ids do not descend. */
static clreid_status close_up(clreid_gallery *g, cr_gallery_block *block, clreid_error *error)
{
  int packed = 0, next = 0, listed;
  clreid_status status = CLREID_OK;
  if (block->alive == block->used) return CLREID_OK;
  while (status == CLREID_OK && (listed = list_rows(g, block, &next)) > 0) {
    const int from = g->list[0];
    status = move_listed(g, block, listed, block, packed, error);
    if (status == CLREID_OK)
      packed += listed;
    else
      next = from;
  }
  if (status == CLREID_OK) {
    block->used = packed;
    return CLREID_OK;
  }
  for (int r = packed; r < next; r++) {
    block->rows[r].length = NAN;
    if (packed) block->rows[r].id = block->rows[packed - 1].id;
  }
  return status;
}

/* The rows of the next block, behind those of a block without gaps. */
static clreid_status move_rows(clreid_gallery *g, cr_gallery_block *next, cr_gallery_block *block, clreid_error *error)
{
  for (int r = 0, listed; (listed = list_rows(g, next, &r)) > 0;) {
    CR_TRY(move_listed(g, next, listed, block, block->used, error));
    block->used += listed;
  }
  return CLREID_OK;
}

static void drop_block(clreid_gallery *g, size_t index)
{
  free_block(g->blocks[index]);
  g->block_count--;
  memmove(g->blocks + index, g->blocks + index + 1, (g->block_count - index) * sizeof *g->blocks);
}

/* Empty blocks go, and of two neighbours that fit into three quarters of one the second. */
static clreid_status tidy(clreid_gallery *g, clreid_error *error)
{
  for (size_t b = 0; b + 1 < g->block_count;) {
    cr_gallery_block *block = g->blocks[b], *next = g->blocks[b + 1];
    if (!block->alive || !next->alive) {
      drop_block(g, block->alive ? b + 1 : b);
    } else if (block->alive + next->alive <= g->block_rows / 4 * 3) {
      CR_TRY(close_up(g, block, error));
      CR_TRY(move_rows(g, next, block, error));
      drop_block(g, b + 1);
    } else {
      b++;
    }
  }
  cr_gallery_block *last = g->blocks[g->block_count - 1];
  return last->alive ? CLREID_OK : close_up(g, last, error);
}

/* Rows that were about to leave do: or, where the device could not be told, stay. */
static void settle(clreid_gallery *g, bool leave)
{
  for (size_t b = 0; b < g->block_count; b++) {
    cr_gallery_block *block = g->blocks[b];
    for (int r = 0; r < block->used && block->leaving; r++) {
      cr_gallery_row *row = &block->rows[r];
      if (!signbit(row->length) || isnan(row->length)) continue;
      block->leaving--;
      row->length = leave ? NAN : -row->length;
      if (leave) continue;
      block->alive++;
      block->changed = true;
      g->count++;
    }
  }
}

/* Tells the device who was taken out, and tidies up: if that fails, another removal will. */
static clreid_status finish_removal(clreid_gallery *g, clreid_error *error)
{
  clreid_error untidy = {CLREID_OK, ""};
  const clreid_status status = cr_gallery_refresh(g, error);
  settle(g, status == CLREID_OK);
  CR_TRY(status);
  clreid_status tidied = tidy(g, &untidy);
  if (tidied == CLREID_OK) tidied = cr_gallery_refresh(g, &untidy);
  if (tidied != CLREID_OK) cr_say(cr_device_log(g->device), "gallery: blocks stay as they are: %s", untidy.text);
  return CLREID_OK;
}

clreid_status clreid_gallery_remove(clreid_gallery *g, const int64_t *ids, size_t count, clreid_error *error)
{
  if (!g || (count && !ids))
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_gallery_remove needs gallery and ids");
  for (size_t i = 0; i < count; i++)
    if (!find(block_of(g, ids[i]), ids[i]))
      return cr_fail(error, CLREID_INVALID_ARGUMENT,
                     "id %lld (number %zu of %zu) is not among the %zu of the gallery, whose next is %lld",
                     (long long)ids[i], i, count, g->count, (long long)g->next_id);
  for (size_t i = 0; i < count; i++) {
    cr_gallery_block *block = block_of(g, ids[i]);
    cr_gallery_row *row = find(block, ids[i]);
    if (row) take_out(g, block, row); /* it may stand there twice */
  }
  return finish_removal(g, error);
}

static clreid_status remove_where(clreid_gallery *g, bool (*goes)(const cr_gallery_row *row, int64_t number),
                                  int64_t number, size_t *removed, clreid_error *error)
{
  const size_t before = g->count;
  for (size_t b = 0; b < g->block_count; b++) {
    cr_gallery_block *block = g->blocks[b];
    for (int r = 0; r < block->used; r++)
      if (cr_gallery_there(&block->rows[r]) && goes(&block->rows[r], number)) take_out(g, block, &block->rows[r]);
  }
  const size_t taken = before - g->count;
  if (removed) *removed = 0;
  CR_TRY(finish_removal(g, error));
  if (removed) *removed = taken;
  return CLREID_OK;
}

static bool has_label(const cr_gallery_row *row, int64_t label)
{
  return row->label == label;
}

static bool is_before(const cr_gallery_row *row, int64_t time)
{
  return row->time < time;
}

clreid_status clreid_gallery_remove_label(clreid_gallery *g, int64_t label, size_t *removed, clreid_error *error)
{
  if (!g) return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_gallery_remove_label needs gallery");
  return remove_where(g, has_label, label, removed, error);
}

clreid_status clreid_gallery_remove_before(clreid_gallery *g, int64_t before, size_t *removed, clreid_error *error)
{
  if (!g) return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_gallery_remove_before needs gallery");
  return remove_where(g, is_before, before, removed, error);
}
