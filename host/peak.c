/*
 * peak.c - what a device can do at most, by measurement: multiply-adds a second, and bytes moved a second by a copy.
 * The kernels stand in cl/peak.cl.
 *
 * Each figure is the best of several short runs by the host's clock: a run takes milliseconds, its launch some
 * microseconds. How many sums fill a device's pipes and still fit its registers no fact of OpenCL tells, so several
 * numbers of them are tried.
 */
#include "peak.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum { ARG_ROUNDS = 3 };

static const float FACTOR = 0.5f, SUMMAND = 1.0f; /* sums go to 2: they never overflow, nor become denormal */

/* ---- Kernels ---------------------------------------------------------------------------------------------------- */

static clreid_status bind(cr_step *step, int batch, clreid_error *error)
{
  (void)step, (void)batch, (void)error; /* all arguments are set */
  return CLREID_OK;
}

static const cr_operator operator_peak = {.bind = bind};

static bool is_cpu(const cr_peak *peak)
{
  return peak->step->queue->device->facts.type == CR_DEVICE_CPU;
}

/* A CPU's work-item is a loop over wide vectors; elsewhere many of them stand side by side. */
enum { GROUP = 256 };

static void choose_space(cr_peak *peak, size_t items)
{
  cr_step *step = peak->step;
  const uint64_t largest = step->queue->device->facts.largest_work_group;
  step->local[0] = is_cpu(peak) ? 1 : largest < GROUP ? (size_t)largest : GROUP;
  cr_step_space(step, items, 1, 1);
  peak->items = step->global[0];
}

static clreid_status create(cr_queue *queue, int chains, cr_peak **result, clreid_error *error)
{
  cr_peak *peak = calloc(1, sizeof *peak);
  cr_step *step = calloc(1, sizeof *step);
  if (!peak || !step) {
    free(peak);
    free(step);
    return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory to measure the device");
  }
  *step = (cr_step){.operator_ = &operator_peak, .queue = queue, .streams = 1, .largest_batch = 1, .local = {1, 1, 1}};
  step->op.name = "peak";
  peak->step = step;
  peak->chains = chains;
  peak->vector = is_cpu(peak) ? 16 : 4;
  *result = peak;
  char options[64];
  snprintf(options, sizeof options, "-DV=%d -DCHAINS=%d", peak->vector, chains ? chains : 1);
  return cr_step_kernel(step, "peak.cl", options, chains ? "peak_chains" : "peak_copy", error);
}

static clreid_status prepare_chains(cr_peak *peak, clreid_error *error)
{
  enum { ITEMS_OF_A_CPU = 4, ITEMS_OF_OTHERS = 2048 }; /* a compute unit */
  cr_device *device = peak->step->queue->device;
  const size_t units = device->facts.compute_units ? device->facts.compute_units : 1;
  const uint64_t room = device->facts.largest_buffer_bytes / ((uint64_t)peak->vector * sizeof(float)) / GROUP * GROUP;
  size_t items = units * (cr_facts_walk(&device->facts) ? ITEMS_OF_A_CPU : ITEMS_OF_OTHERS);
  if (room && items > room) items = (size_t)room;
  choose_space(peak, items);
  peak->numbers = peak->items * (size_t)peak->vector;
  CR_TRY(cr_buffer_create(device, peak->numbers * sizeof(float), NULL, &peak->output, error));
  cr_args args = {peak->step->kernel, 0, CL_SUCCESS};
  cr_arg_buffer(&args, peak->output, NULL);
  cr_arg_float(&args, FACTOR);
  cr_arg_float(&args, SUMMAND);
  return cr_args_done(&args, error);
}

static clreid_status prepare_copy(cr_peak *peak, size_t numbers, const float *data, clreid_error *error)
{
  enum { RUN_OF_A_CPU = 4096 };
  cr_device *device = peak->step->queue->device;
  const size_t vectors = numbers / (size_t)peak->vector, run = is_cpu(peak) ? RUN_OF_A_CPU : 1;
  peak->numbers = numbers;
  choose_space(peak, (vectors + run - 1) / run);
  CR_TRY(cr_buffer_create(device, numbers * sizeof(float), data, &peak->input, error));
  CR_TRY(cr_buffer_create(device, numbers * sizeof(float), NULL, &peak->output, error));
  cr_args args = {peak->step->kernel, 0, CL_SUCCESS};
  cr_arg_buffer(&args, peak->input, NULL);
  cr_arg_buffer(&args, peak->output, NULL);
  cr_arg_ulong(&args, vectors);
  cr_arg_ulong(&args, run);
  return cr_args_done(&args, error);
}

static clreid_status done(clreid_status status, cr_peak *made, cr_peak **peak)
{
  if (status != CLREID_OK) cr_peak_destroy(made);
  if (status == CLREID_OK) *peak = made;
  return status;
}

clreid_status cr_peak_create_chains(cr_queue *queue, int chains, cr_peak **peak, clreid_error *error)
{
  cr_peak *made = NULL;
  clreid_status status = create(queue, chains, &made, error);
  if (status == CLREID_OK) status = prepare_chains(made, error);
  return done(status, made, peak);
}

clreid_status cr_peak_create_copy(cr_queue *queue, size_t numbers, const float *data, cr_peak **peak,
                                  clreid_error *error)
{
  cr_peak *made = NULL;
  clreid_status status = create(queue, 0, &made, error);
  if (status == CLREID_OK) status = prepare_copy(made, numbers, data, error);
  return done(status, made, peak);
}

void cr_peak_destroy(cr_peak *peak)
{
  if (!peak) return;
  cr_step_destroy(peak->step);
  cr_buffer_release(peak->input);
  cr_buffer_release(peak->output);
  free(peak);
}

clreid_status cr_peak_run(cr_peak *peak, int rounds, double *work, clreid_error *error)
{
  if (peak->chains) {
    cr_args args = {peak->step->kernel, ARG_ROUNDS, CL_SUCCESS};
    cr_arg_int(&args, (size_t)rounds);
    CR_TRY(cr_args_done(&args, error));
  }
  CR_TRY(cr_step_run(peak->step, 1, error));
  CR_TRY(cr_queue_finish(peak->step->queue, error));
  if (work) *work = peak->chains ? (double)peak->numbers * peak->chains * rounds : 2.0 * sizeof(float) * peak->numbers;
  return CLREID_OK;
}

/* ---- The best of several runs ----------------------------------------------------------------------------------- */

static clreid_status time_run(cr_peak *peak, int rounds, double *seconds, double *rate, clreid_error *error)
{
  double work;
  const double before = cr_seconds();
  CR_TRY(cr_peak_run(peak, rounds, &work, error));
  *seconds = cr_seconds() - before;
  const double now = *seconds > 0 ? work / *seconds : 0;
  if (now > *rate) *rate = now;
  return CLREID_OK;
}

/* Rounds that take long enough for a launch not to count. The first run may compile. */
static clreid_status find_rounds(cr_peak *peak, int *rounds, double *rate, clreid_error *error)
{
  enum { FIRST = 1 << 4 };
  static const double LEAST_SECONDS = 0.004;
  const uint64_t turns = peak->step->queue->device->facts.most_turns / 2;
  const int most = turns && turns < INT_MAX ? (int)turns : INT_MAX;
  double seconds;
  *rounds = most < FIRST ? most : FIRST;
  CR_TRY(cr_peak_run(peak, 1, NULL, error));
  CR_TRY(time_run(peak, *rounds, &seconds, rate, error));
  while (seconds < LEAST_SECONDS && *rounds <= most / 4) {
    *rounds *= seconds < LEAST_SECONDS / 4 ? 4 : 2;
    CR_TRY(time_run(peak, *rounds, &seconds, rate, error));
  }
  return CLREID_OK;
}

/* For about so many seconds; *rate grows to work a second of the best run. */
static clreid_status measure(cr_peak *peak, double enough, double *rate, clreid_error *error)
{
  enum { FEWEST = 3 };
  int rounds = 1;
  double seconds;
  const double started = cr_seconds();
  if (peak->chains)
    CR_TRY(find_rounds(peak, &rounds, rate, error));
  else
    CR_TRY(cr_peak_run(peak, rounds, NULL, error)); /* the system gives the memory only now */
  for (int run = 0; run < FEWEST || cr_seconds() - started < enough; run++)
    CR_TRY(time_run(peak, rounds, &seconds, rate, error));
  return CLREID_OK;
}

static clreid_status measure_chains(cr_queue *queue, double *rate, clreid_error *error)
{
  static const int chains[] = {3, 6, 12, 24};
  for (size_t i = 0; i < sizeof chains / sizeof chains[0]; i++) {
    cr_peak *peak;
    CR_TRY(cr_peak_create_chains(queue, chains[i], &peak, error));
    const clreid_status status = measure(peak, 0.06, rate, error);
    cr_peak_destroy(peak);
    CR_TRY(status);
  }
  return CLREID_OK;
}

/* Larger than the caches of any device known today, if the device has that much. */
static size_t copy_bytes(const cr_facts *facts)
{
  const uint64_t memory = facts->global_memory_bytes / 8, largest = facts->largest_buffer_bytes;
  uint64_t bytes = (uint64_t)1 << 28;
  if (memory && bytes > memory) bytes = memory;
  if (largest && bytes > largest) bytes = largest;
  return (size_t)(bytes / (CR_PANEL * sizeof(float)) * (CR_PANEL * sizeof(float)));
}

static clreid_status measure_copy(cr_queue *queue, double *rate, clreid_error *error)
{
  cr_peak *peak;
  CR_TRY(cr_peak_create_copy(queue, copy_bytes(&queue->device->facts) / sizeof(float), NULL, &peak, error));
  const clreid_status status = measure(peak, 0.25, rate, error);
  cr_peak_destroy(peak);
  return status;
}

clreid_status cr_peaks_measure(cr_device *device, cr_peaks *peaks, clreid_error *error)
{
  cr_queue *queue;
  cr_peaks measured = {0};
  CR_TRY(cr_queue_create(device, &queue, error));
  clreid_status status = measure_chains(queue, &measured.multiply_adds, error);
  if (status == CLREID_OK) status = measure_copy(queue, &measured.copied_bytes, error);
  cr_queue_destroy(queue);
  if (status == CLREID_OK) *peaks = measured;
  return status;
}
