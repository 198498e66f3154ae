/*
 * profile.c - where the time of a pass went.
 *
 * A pass is cut at moments that either the host's clock or the device's has seen, never at a difference of the two:
 *
 *     host     |-- upload --|                                                        |-- copy --|
 *     device                 . [resize] . [step] . [step] ... [step] . [read ... read]
 *
 * The dots, between a command's end and the next one's begin, and from the moment that the first is enqueued, are the
 * line "between launches". What remains of the whole pass, the host's waking up at the end, is in no line: the caller
 * sees it as the difference between the pass and the sum of all lines.
 */
#include "profile.h"

#include <stdlib.h>

enum { OTHERS = 4 }; /* lines that are no steps */

struct cr_profile {
  const clreid_model *model;
  cr_step *const *steps;
  const cr_resize *resize;
  cr_queue *queue;
  int batch; /* of the last pass; 0: none is over */
  double seconds[CR_STAMP_STEP];
  size_t *noted; /* commands before each stamp: [CR_STAMP_STEP + step_count + 1] */
  clreid_profile_row *rows;
};

static const char *const kind_names[CR_KINDS] = {
    [CR_CONV] = "conv",
    [CR_GEMM] = "gemm",
    [CR_PACK] = "pack",
    [CR_POOL] = "pool",
    [CR_SCALE] = "scale",
    [CR_MASK] = "mask",
    [CR_SOFTMAX] = "softmax",
    [CR_ATTENTION] = "attention",
    [CR_HARMONY] = "harmony",
    [CR_ATTEND] = "attend",
    [CR_CROP] = "crop",
    [CR_NORMALISE] = "normalise",
    [CR_WINOGRAD_INPUT] = "winograd input",
    [CR_WINOGRAD_PRODUCT] = "winograd product",
    [CR_WINOGRAD_OUTPUT] = "winograd output",
    [CR_SEPARABLE] = "separable",
};

/* ---- Life ------------------------------------------------------------------------------------------------------- */

size_t cr_profile_commands(const cr_plan *plan)
{
  enum { LAUNCHES_OF_A_STEP = 2 }; /* at most: a library's call and what follows it */
  enum { BEFORE_STEPS = 3 };       /* frames, tables, resize */
  return LAUNCHES_OF_A_STEP * (size_t)plan->step_count + BEFORE_STEPS + CR_OUTPUTS + (size_t)plan->map_count;
}

/* A step that is too long for one launch is several; a smaller batch may be cut a little differently. */
static size_t most_commands(const cr_plan *plan, cr_step *const *steps)
{
  enum { LAUNCHES_OF_A_RESIZE = 256 };
  size_t launches = LAUNCHES_OF_A_RESIZE;
  for (int k = 0; k < plan->step_count; k++) launches += 2 * (size_t)cr_step_launches(steps[k]);
  return launches + cr_profile_commands(plan);
}

clreid_status cr_profile_create(const clreid_model *model, cr_step *const *steps, const cr_resize *resize,
                                cr_queue *queue, cr_profile **result, clreid_error *error)
{
  const size_t count = (size_t)model->plan->step_count;
  CR_TRY(cr_queue_note_more(queue, most_commands(model->plan, steps), error));
  cr_profile *profile = calloc(1, sizeof *profile);
  size_t *noted = calloc(CR_STAMP_STEP + count + 1, sizeof *noted);
  clreid_profile_row *rows = calloc(count + OTHERS, sizeof *rows);
  if (!profile || !noted || !rows) {
    free(profile);
    free(noted);
    free(rows);
    return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a profile of %zu steps", count);
  }
  *profile = (cr_profile){model, steps, resize, queue, .noted = noted, .rows = rows};
  *result = profile;
  return CLREID_OK;
}

void cr_profile_destroy(cr_profile *profile)
{
  if (!profile) return;
  free(profile->noted);
  free(profile->rows);
  free(profile);
}

/* ---- A pass ----------------------------------------------------------------------------------------------------- */

void cr_profile_stamp(cr_profile *profile, int stamp)
{
  if (!profile) return;
  if (stamp == CR_STAMP_BEGIN) {
    cr_queue_forget(profile->queue);
    profile->batch = 0;
  }
  profile->noted[stamp] = cr_queue_noted(profile->queue);
  if (stamp < CR_STAMP_STEP) profile->seconds[stamp] = cr_seconds();
}

void cr_profile_end(cr_profile *profile, int batch)
{
  if (!profile) return;
  cr_profile_stamp(profile, CR_STAMP_END);
  profile->batch = batch;
}

/* ---- Rows ------------------------------------------------------------------------------------------------------- */

/* Signed: drivers round. */
static double ms_between(uint64_t from_ns, uint64_t to_ns)
{
  return 1e-6 * (double)(int64_t)(to_ns - from_ns);
}

static double run_ms(const cr_span *spans, size_t from, size_t to)
{
  double sum = 0;
  for (size_t k = from; k < to; k++) sum += ms_between(spans[k].begin_ns, spans[k].end_ns);
  return sum;
}

static uint64_t moved_bytes(const cr_span *spans, size_t from, size_t to)
{
  uint64_t sum = 0;
  for (size_t k = from; k < to; k++) sum += spans[k].bytes;
  return sum;
}

/* From the moment that command `from` is enqueued to the begin of command `to`, less what runs in that time. */
static double gaps_ms(const cr_span *spans, size_t from, size_t to)
{
  return ms_between(spans[from].queued_ns, spans[to].begin_ns) - run_ms(spans, from, to);
}

static clreid_profile_row upload_row(const cr_profile *p, const cr_span *spans)
{
  return (clreid_profile_row){.name = "upload",
                              .kind = "upload",
                              .variant = "",
                              .ms = 1e3 * (p->seconds[CR_STAMP_UPLOADED] - p->seconds[CR_STAMP_BEGIN]),
                              .bytes = moved_bytes(spans, 0, p->noted[CR_STAMP_UPLOADED])};
}

static clreid_profile_row resize_row(const cr_profile *p, const cr_span *spans)
{
  const cr_plan *plan = p->model->plan;
  const cr_plan_tensor *input = &plan->tensors[plan->input];
  const uint64_t written = (uint64_t)p->batch * cr_plan_tensor_elements(input) * cr_plan_element_bytes(plan, input);
  const size_t from = p->noted[CR_STAMP_UPLOADED];
  return (clreid_profile_row){.name = "resize",
                              .kind = "resize",
                              .variant = cr_resize_variant(p->resize),
                              .launches = (int)(p->noted[CR_STAMP_STEP] - from),
                              .ms = run_ms(spans, from, p->noted[CR_STAMP_STEP]),
                              .bytes = moved_bytes(spans, 0, from) + written};
}

static clreid_profile_row step_row(const cr_profile *p, int k, const cr_span *spans)
{
  const cr_plan_step *step = &p->model->plan->steps[k];
  const size_t from = p->noted[CR_STAMP_STEP + k], to = p->noted[CR_STAMP_STEP + k + 1];
  return (clreid_profile_row){.name = step->name,
                              .kind = kind_names[step->op.kind],
                              .variant = cr_step_variant(p->steps[k]),
                              .launches = (int)(to - from),
                              .ms = run_ms(spans, from, to),
                              .multiply_adds = (uint64_t)p->batch * step->multiply_adds,
                              .bytes = cr_traffic(p->model->plan, k, &p->model->constants[k], p->batch)};
}

static clreid_profile_row between_row(const cr_profile *p, const cr_span *spans, size_t read)
{
  return (clreid_profile_row){.name = "between launches",
                              .kind = "between launches",
                              .variant = "",
                              .ms = gaps_ms(spans, p->noted[CR_STAMP_UPLOADED], read)};
}

static clreid_profile_row read_row(const cr_profile *p, const cr_span *spans, size_t read, size_t count)
{
  return (clreid_profile_row){.name = "read back",
                              .kind = "read back",
                              .variant = "",
                              .ms = ms_between(spans[read].begin_ns, spans[count - 1].end_ns) +
                                    1e3 * (p->seconds[CR_STAMP_END] - p->seconds[CR_STAMP_READ]),
                              .bytes = moved_bytes(spans, read, count)};
}

clreid_status cr_profile_rows(cr_profile *p, const clreid_profile_row **rows, size_t *count, double *pass_ms,
                              clreid_error *error)
{
  const int steps = p->model->plan->step_count;
  const cr_span *spans;
  if (!p->batch)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "no pass of the session has come to its end; embed pictures first");
  CR_TRY(cr_queue_spans(p->queue, &spans, error));
  const size_t read = p->noted[CR_STAMP_STEP + steps], noted = p->noted[CR_STAMP_END];
  if (read >= noted)
    return cr_fail(error, CLREID_DEVICE_FAILED, "the driver noted %zu commands of a pass, but %zu is the first read",
                   noted, read + 1);
  clreid_profile_row *row = p->rows;
  *row++ = upload_row(p, spans);
  *row++ = resize_row(p, spans);
  for (int k = 0; k < steps; k++) *row++ = step_row(p, k, spans);
  *row++ = between_row(p, spans, read);
  *row++ = read_row(p, spans, read, noted);
  *rows = p->rows;
  *count = (size_t)(row - p->rows);
  *pass_ms = 1e3 * (p->seconds[CR_STAMP_END] - p->seconds[CR_STAMP_BEGIN]);
  return CLREID_OK;
}
