/*
 * tune.c - a model's layers, each shape once, given to the tuner; the most expensive first, each for its share of the
 * time.
 *
 * Runs single steps in an arena of its own, over noise: no session, no pictures. How variants are tried and what is
 * kept of them is host/'s business.
 */
#include <stdlib.h>
#include <string.h>

#include "api.h"

static const double SECONDS = 60, MOST_SECONDS = 1e6;

/* All steps that are given the same variant. */
typedef struct layer_kind {
  cr_tune_key key;
  int step, count; /* the first step, how many */
  double cost;     /* seconds of all in a pass */
} layer_kind;

typedef struct tuning {
  const clreid_model *model;
  int batch; /* pictures of a session's pass */
  cr_queue *queue;
  cr_buffer *arena;
  layer_kind *kinds; /* [plan->step_count] */
  int count;
} tuning;

/* ---- The layers ------------------------------------------------------------------------------------------------- */

static layer_kind *find_kind(const tuning *t, const cr_tune_key *key)
{
  for (int k = 0; k < t->count; k++)
    if (!strcmp(t->kinds[k].key.text, key->text)) return &t->kinds[k];
  return NULL;
}

/* Seconds of one run, the median of three. */
static clreid_status measure(const tuning *t, int index, double *cost, clreid_error *error)
{
  const cr_op op = cr_model_operator(t->model, index, t->arena, t->batch);
  cr_step *step;
  double seconds[3];
  CR_TRY(cr_step_create(t->queue, &op, t->batch, &step, error));
  clreid_status status = CLREID_OK;
  for (int i = -1; i < 3 && status == CLREID_OK; i++) {
    const double before = cr_seconds();
    status = cr_step_run(step, t->batch, error);
    if (status == CLREID_OK) status = cr_queue_finish(t->queue, error);
    if (i >= 0) seconds[i] = cr_seconds() - before;
  }
  cr_step_destroy(step);
  if (status != CLREID_OK) return status;
  const double low = seconds[0] < seconds[1] ? seconds[0] : seconds[1];
  const double high = seconds[0] < seconds[1] ? seconds[1] : seconds[0];
  *cost = seconds[2] < low ? low : seconds[2] > high ? high : seconds[2];
  return CLREID_OK;
}

static int by_cost(const void *left, const void *right)
{
  const double a = ((const layer_kind *)left)->cost, b = ((const layer_kind *)right)->cost;
  return (a < b) - (a > b);
}

static clreid_status find_kinds(tuning *t, clreid_error *error)
{
  const cr_plan *plan = t->model->plan;
  t->kinds = calloc((size_t)plan->step_count, sizeof *t->kinds);
  if (!t->kinds) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for %d layers", plan->step_count);
  for (int s = 0; s < plan->step_count; s++) {
    cr_tune_key key;
    if (!cr_tune_key_of(t->model->device, &plan->steps[s].op, t->batch, &key)) continue;
    layer_kind *kind = find_kind(t, &key);
    if (!kind) {
      kind = &t->kinds[t->count++];
      *kind = (layer_kind){.key = key, .step = s};
      CR_TRY(measure(t, s, &kind->cost, error));
    }
    kind->count++;
  }
  for (int k = 0; k < t->count; k++) t->kinds[k].cost *= t->kinds[k].count;
  qsort(t->kinds, (size_t)t->count, sizeof *t->kinds, by_cost);
  return CLREID_OK;
}

/* ---- Tuning ----------------------------------------------------------------------------------------------------- */

static double cost_from(const tuning *t, int first)
{
  double sum = 0;
  for (int k = first; k < t->count; k++) sum += t->kinds[k].cost;
  return sum;
}

static clreid_status tune_kind(const tuning *t, const layer_kind *kind, double until, cr_tune_result *result,
                               clreid_error *error)
{
  const cr_plan *plan = t->model->plan;
  const cr_op op = cr_model_operator(t->model, kind->step, t->arena, t->batch);
  const cr_plan_tensor *output = &plan->tensors[plan->steps[kind->step].op.view[CR_OUTPUT].tensor];
  const size_t batch = (size_t)t->batch;
  const cr_tune_task task = {.op = &op,
                             .batch = t->batch,
                             .arena = t->arena,
                             .output_bytes =
                                 cr_plan_tensor_elements(output) * cr_plan_element_bytes(plan, output) * batch,
                             .output_offset_bytes = output->offset_bytes * batch,
                             .until = until};
  return cr_tune(t->queue, &task, result, error);
}

static clreid_status tune(tuning *t, double end, clreid_tune_progress *progress, void *user, clreid_tune_info *info,
                          clreid_error *error)
{
  const size_t bytes = t->model->plan->arena_bytes * (size_t)t->batch;
  CR_TRY(cr_queue_create(t->model->device, &t->queue, error));
  CR_TRY(cr_buffer_create(t->model->device, bytes, NULL, &t->arena, error));
  CR_TRY(find_kinds(t, error));
  CR_TRY(cr_tune_fill(t->queue, t->arena, error));
  info->shapes = t->count;
  for (int k = 0; k < t->count; k++) {
    const layer_kind *kind = &t->kinds[k];
    const double now = cr_seconds(), left = end > now ? end - now : 0;
    if (k && left == 0) break; /* the first one has a try, however long the preparation took */
    cr_tune_result result;
    CR_TRY(tune_kind(t, kind, now + (left + 1e-3) * kind->cost / cost_from(t, k), &result, error));
    info->tuned++;
    info->tried += result.tried;
    info->refused += result.wrong;
    info->kept += result.after[0] != 0;
    const clreid_tune_layer layer = {.done = k + 1,
                                     .total = t->count,
                                     .name = t->model->plan->steps[kind->step].name,
                                     .shape = kind->key.text,
                                     .layers = kind->count,
                                     .before = result.before,
                                     .after = result.after[0] ? result.after : NULL,
                                     .ratio = result.ratio,
                                     .tried = result.tried};
    if (progress) progress(user, &layer);
  }
  return CLREID_OK;
}

clreid_status clreid_tune(clreid_model *model, const clreid_tune_config *config, clreid_tune_progress *progress,
                          void *user, clreid_tune_info *result, clreid_error *error)
{
  int batch;
  if (!model) return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_tune needs a model");
  const double seconds = config && config->seconds != 0 ? config->seconds : SECONDS, start = cr_seconds();
  CR_TRY(cr_model_batch(config ? config->largest_batch : 0, &batch, error));
  if (!(seconds > 0 && seconds <= MOST_SECONDS))
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "%g seconds are outside 0 to %g", seconds, MOST_SECONDS);
  tuning t = {.model = model, .batch = cr_model_pass(model, batch)};
  clreid_tune_info info = {0};
  const clreid_status status = tune(&t, start + seconds, progress, user, &info, error);
  cr_queue_destroy(t.queue);
  cr_buffer_release(t.arena);
  free(t.kinds);
  info.seconds = cr_seconds() - start;
  info.folder = cr_tuning_folder(model->device);
  if (result) *result = info;
  return status;
}

clreid_status clreid_tune_reset(clreid_device *device, size_t *dropped, clreid_error *error)
{
  size_t count;
  if (!device) return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_tune_reset needs a device");
  return cr_tuning_reset(device->device, dropped ? dropped : &count, error);
}
