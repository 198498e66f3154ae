/*
 * tuner.c - the tuner: which tile is fastest for an operator on this device.
 *
 * Every candidate runs in turns with the tile that the operator is given today, so that what else the machine does hits
 * both; what counts is the median of the ratios. A candidate that is about to win is measured anew, or the luckiest of
 * many would be taken for the fastest. No summation class is ever chosen here: tiles give the same bits, and one that
 * does not is refused.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "depthwise.h"
#include "grouped.h"
#include "selftest.h"
#include "tuning.h"

static const double GAIN = 0.97; /* what is kept takes at most so much of the time */
static const double HOPELESS = 1.06;
static const double RUN_SECONDS = 0.002; /* the least that is timed at once */

enum { FEW_TURNS = 3, MANY_TURNS = 9, MOST_RUNS = 64, MOST_CANDIDATES = 512 };

typedef struct trial {
  cr_queue *queue;
  const cr_tune_task *task;
  cr_tiled_shape shape;
  cr_step *today;
  void *bytes; /* [output_bytes], of noise or of what was read */
  XXH64_hash_t wanted;
  int runs;     /* that last RUN_SECONDS */
  bool in_time; /* when it began: then one candidate is tried at least */
} trial;

/* ---- Operands --------------------------------------------------------------------------------------------------- */

/* Words that are moderate numbers as a float and as two halves: each half has the bits of a half in 1 .. 1.87, and the
 * upper one begins a float in 0.0078 .. 1; signs are drawn. */
static void fill_noise(void *bytes, size_t size, uint64_t at)
{
  uint16_t *halves = bytes;
  for (size_t i = 0; i < size / sizeof *halves; i++) {
    uint64_t z = (at / sizeof *halves + i + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z ^= z >> 27;
    halves[i] = (uint16_t)(0x3c00 + z % 0x380 + (z >> 40 & 1) * 0x8000);
  }
}

static clreid_status write_noise(cr_queue *queue, cr_buffer *arena, size_t from, size_t size, clreid_error *error)
{
  enum { CHUNK = 1 << 20 };
  void *bytes = malloc(CHUNK);
  if (!bytes) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for %d bytes of noise", CHUNK);
  clreid_status status = CLREID_OK;
  for (size_t at = from; at < from + size && status == CLREID_OK; at += CHUNK) {
    const size_t count = from + size - at < CHUNK ? from + size - at : CHUNK;
    fill_noise(bytes, count, at);
    status = cr_queue_write(queue, arena, at, count, bytes, error);
  }
  free(bytes);
  return status;
}

clreid_status cr_tune_fill(cr_queue *queue, cr_buffer *arena, clreid_error *error)
{
  return write_noise(queue, arena, 0, cr_buffer_bytes(arena), error);
}

/* The hash of what a run leaves in the output, which is noise before. */
static clreid_status run_and_hash(trial *t, cr_step *step, XXH64_hash_t *hash, clreid_error *error)
{
  const cr_tune_task *task = t->task;
  CR_TRY(write_noise(t->queue, task->arena, task->output_offset_bytes, task->output_bytes, error));
  CR_TRY(cr_step_run(step, task->batch, error));
  CR_TRY(cr_queue_read(t->queue, task->arena, task->output_offset_bytes, task->output_bytes, t->bytes, error));
  *hash = XXH3_64bits(t->bytes, task->output_bytes);
  return CLREID_OK;
}

/* ---- Time ------------------------------------------------------------------------------------------------------- */

static clreid_status time_runs(const trial *t, cr_step *step, double *seconds, clreid_error *error)
{
  const double before = cr_seconds();
  for (int i = 0; i < t->runs; i++) CR_TRY(cr_step_run(step, t->task->batch, error));
  CR_TRY(cr_queue_finish(t->queue, error));
  *seconds = cr_seconds() - before;
  return CLREID_OK;
}

static int compare(const void *left, const void *right)
{
  const double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

/* The median, over turns, of the step's time by today's; who goes first changes from turn to turn. */
static clreid_status measure(const trial *t, cr_step *step, int turns, double *ratio, clreid_error *error)
{
  double ratios[MANY_TURNS] = {0}, own = 0, todays = 0;
  for (int i = 0; i < turns; i++) {
    if (i % 2) CR_TRY(time_runs(t, step, &own, error));
    CR_TRY(time_runs(t, t->today, &todays, error));
    if (i % 2 == 0) CR_TRY(time_runs(t, step, &own, error));
    ratios[i] = own / todays;
  }
  qsort(ratios, (size_t)turns, sizeof *ratios, compare);
  *ratio = ratios[turns / 2];
  return CLREID_OK;
}

static clreid_status prepare(trial *t, clreid_error *error)
{
  double seconds;
  t->bytes = malloc(t->task->output_bytes);
  if (!t->bytes) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for %zu bytes", t->task->output_bytes);
  CR_TRY(cr_step_create(t->queue, t->task->op, t->task->batch, &t->today, error));
  CR_TRY(run_and_hash(t, t->today, &t->wanted, error));
  t->runs = 1;
  CR_TRY(time_runs(t, t->today, &seconds, error));
  t->runs = seconds <= 0 || RUN_SECONDS / seconds > MOST_RUNS ? MOST_RUNS : 1 + (int)(RUN_SECONDS / seconds);
  return CLREID_OK;
}

/* ---- Candidates ------------------------------------------------------------------------------------------------- */

typedef struct candidate {
  cr_tile tile;
  double distance; /* from today's tile */
} candidate;

/* On a CPU the sums, a row and the panel's vectors stay within 32 registers, and a third over it for luck. */
static bool is_sensible(const cr_tile *t, const cr_facts *facts)
{
  const int width = (int)facts->float_vector_width;
  if (facts->type != CR_DEVICE_CPU) return t->rows * t->vectors * t->vector <= 128;
  const int registers = t->vector > width ? t->vector / width : 1;
  return t->vector >= width / 2 && (t->rows + 1) * t->vectors * registers <= (width >= 16 ? 40 : 22);
}

static double distance(const cr_tile *a, const cr_tile *b)
{
  return fabs(log2((double)a->rows / b->rows)) + fabs(log2((double)a->vectors / b->vectors)) +
         fabs(log2((double)a->vector / b->vector)) + fabs(log2((double)a->local_rows / (double)b->local_rows)) +
         fabs(log2((double)a->local_columns / (double)b->local_columns)) + (a->columns_first != b->columns_first);
}

static int by_distance(const void *left, const void *right)
{
  const double a = ((const candidate *)left)->distance, b = ((const candidate *)right)->distance;
  return (a > b) - (a < b);
}

/* Nearest to today's tile first: what time is left for is tried. */
static int list_candidates(const trial *t, candidate list[MOST_CANDIDATES])
{
  static const int rows[] = {1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16}, vectors[] = {1, 2, 3, 4},
                   widths[] = {2, 4, 8, 16};
  static const size_t groups[][2] = {{1, 1}, {4, 16}, {8, 8}, {2, 32}, {1, 64}, {4, 4}, {8, 16}, {4, 32}, {16, 16}};
  const cr_facts *facts = &t->queue->device->facts;
  const bool cpu = facts->type == CR_DEVICE_CPU;
  int count = 0;
  for (int r = 0; r < 12; r++)
    for (int v = 0; v < 4; v++)
      for (int w = 0; w < 4; w++)
        for (int g = cpu ? 0 : 1; g < (cpu ? 1 : 9); g++) {
          const cr_tile tile = {.rows = rows[r],
                                .vectors = vectors[v],
                                .vector = widths[w],
                                .columns_first = !cpu,
                                .local_rows = groups[g][0],
                                .local_columns = groups[g][1]};
          if (!cpu && (tile.rows & (tile.rows - 1))) continue; /* powers of two: there are more groups to try */
          if (!cr_tile_valid(&tile, facts) || !cr_tile_fits(&tile, &t->shape) || !is_sensible(&tile, facts)) continue;
          if (cr_tile_same(&tile, &t->today->tile) || count == MOST_CANDIDATES) continue;
          list[count++] = (candidate){tile, distance(&tile, &t->today->tile)};
        }
  qsort(list, (size_t)count, sizeof *list, by_distance);
  return count;
}

/* ---- One candidate ---------------------------------------------------------------------------------------------- */

/* Its bits, then its time; *ratio stays where it is slower than the best one. An error is the candidate's own. */
static clreid_status examine(trial *t, cr_step *step, double *ratio, clreid_error *error)
{
  XXH64_hash_t hash;
  double measured;
  CR_TRY(run_and_hash(t, step, &hash, error));
  if (hash != t->wanted)
    return cr_fail(error, CLREID_DEVICE_FAILED, "%s gives other bits than %s", cr_step_variant(step),
                   cr_step_variant(t->today));
  CR_TRY(measure(t, step, FEW_TURNS, &measured, error));
  if (measured > HOPELESS * *ratio) return CLREID_OK;
  CR_TRY(measure(t, step, MANY_TURNS, &measured, error));
  if (measured < *ratio) *ratio = measured;
  return CLREID_OK;
}

static void try_candidate(trial *t, const cr_tile *tile, cr_tile *best, cr_tune_result *result)
{
  clreid_error error = {CLREID_OK, ""};
  cr_op op = *t->task->op;
  cr_step *step = NULL;
  double ratio = result->ratio;
  op.tile = tile;
  result->tried++;
  clreid_status status = cr_step_create(t->queue, &op, t->task->batch, &step, &error);
  if (status == CLREID_OK) status = examine(t, step, &ratio, &error);
  if (status != CLREID_OK) {
    result->wrong++;
    cr_say(&t->queue->device->log, "%s: a variant is refused: %s", op.name, error.text);
  } else if (ratio < result->ratio) {
    result->ratio = ratio;
    *best = *tile;
    snprintf(result->after, sizeof result->after, "%s", cr_step_variant(step));
  }
  cr_step_destroy(step);
}

/* Once more, now that it was chosen, and at odd shapes against double precision. */
static clreid_status confirm(trial *t, const cr_tile *best, cr_tune_result *result, clreid_error *error)
{
  cr_op op = *t->task->op;
  cr_step *step = NULL;
  int checks = 0;
  op.tile = best;
  CR_TRY(cr_step_create(t->queue, &op, t->task->batch, &step, error));
  clreid_status status = cr_step_run(step, t->task->batch, error);
  if (status == CLREID_OK) status = measure(t, step, MANY_TURNS, &result->ratio, error);
  cr_step_destroy(step);
  if (status == CLREID_OK && result->ratio <= GAIN)
    status = cr_selftest_tile(t->queue, t->shape.kernel, best, op.half, &checks, error);
  return status;
}

/* ---- An operator ------------------------------------------------------------------------------------------------ */

static clreid_status search(trial *t, cr_tune_result *result, clreid_error *error)
{
  cr_tile best;
  candidate *list = malloc(MOST_CANDIDATES * sizeof *list);
  if (!list) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for %d variants", MOST_CANDIDATES);
  const int count = list_candidates(t, list);
  result->ratio = 1;
  for (int i = 0; i < count && ((t->in_time && i == 0) || cr_seconds() < t->task->until); i++)
    try_candidate(t, &list[i].tile, &best, result);
  free(list);
  if (result->ratio <= GAIN) CR_TRY(confirm(t, &best, result, error));
  if (result->ratio > GAIN) {
    result->after[0] = 0;
    result->ratio = 1;
    return CLREID_OK;
  }
  const cr_tuned row = cr_tuned_make(&t->queue->device->facts, &t->shape, &best);
  return cr_tuning_keep(t->queue->device, &row, error);
}

static bool has_variants(const cr_device *device, const cr_op *op)
{
  if (cr_depthwise_fits(op) || cr_grouped_fits(device, op)) return false;
  return !op->plain && op->kind != CR_ATTENTION && !(op->kind == CR_GEMM && op->gemm.library);
}

bool cr_tune_key_of(const cr_device *device, const cr_op *op, int batch, cr_tune_key *key)
{
  cr_tiled_shape shape;
  if (!has_variants(device, op) || !cr_tiled_shape_of(op, batch * (op->streams > 1 ? op->streams : 1), &shape))
    return false;
  cr_tuned row = cr_tuned_make(&device->facts, &shape, &(cr_tile){.local_rows = 1, .local_columns = 1});
  for (int i = 0; i < CR_TUNED_TEXTS; i++) row.text[i][0] = 0;
  return cr_tuned_write(&row, key->text, sizeof key->text) < (int)sizeof key->text;
}

clreid_status cr_tune(cr_queue *queue, const cr_tune_task *task, cr_tune_result *result, clreid_error *error)
{
  trial t = {.queue = queue, .task = task, .in_time = cr_seconds() < task->until};
  memset(result, 0, sizeof *result);
  if (!has_variants(queue->device, task->op) ||
      !cr_tiled_shape_of(task->op, task->batch * (task->op->streams > 1 ? task->op->streams : 1), &t.shape))
    return CLREID_OK;
  clreid_status status = prepare(&t, error);
  if (status == CLREID_OK) {
    snprintf(result->before, sizeof result->before, "%s", cr_step_variant(t.today));
    status = search(&t, result, error);
  }
  if (status == CLREID_OK)
    status = write_noise(queue, task->arena, task->output_offset_bytes, task->output_bytes, error);
  cr_step_destroy(t.today);
  free(t.bytes);
  return status;
}

const char *cr_tuning_folder(const cr_device *device)
{
  return device->tuning_folder;
}
