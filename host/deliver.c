/*
 * deliver.c - features to where an application wants them, and the report of those that are not finite: launch. The
 * arithmetic stands in cl/deliver.cl.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "event.h"
#include "rows.h"

enum { ARG_OUTPUT = 4, ARG_FIRST = 7, NOBODY = INT_MAX };

struct cr_deliver {
  cr_queue *queue;
  cr_step *step[CR_DELIVERIES]; /* the input is op.view[CR_INPUT] */
  int columns;
  cr_buffer *report; /* one int: the first picture that is not finite, or NOBODY */
  cl_int *told;      /* the report as it was read last */
  cl_event read;     /* of the last read; NULL: none since the last wait */
};

/* ---- The step --------------------------------------------------------------------------------------------------- */

/* Groups of a picture each; their number is the batch. */
static void shape(cr_step *step, int columns)
{
  const cr_facts *facts = &step->queue->device->facts;
  const size_t items = ((size_t)columns + 3) / 4;
  step->local[0] = 1;
  if (facts->type == CR_DEVICE_CPU) return;
  while (step->local[0] < items && step->local[0] < 256 && step->local[0] * 2 <= step->largest_group)
    step->local[0] *= 2;
}

static clreid_status bind(cr_step *step, int batch, clreid_error *error)
{
  (void)error;
  cr_step_space(step, step->local[0], (size_t)batch, 1);
  return CLREID_OK;
}

static const cr_operator operator_deliver = {.bind = bind};

static clreid_status prepare(cr_deliver *deliver, cr_step *step, clreid_error *error)
{
  const cr_view *input = &step->op.view[CR_INPUT];
  CR_TRY(cr_rows_kernel(step, "deliver.cl", "deliver", error));
  shape(step, deliver->columns);
  cr_args args = {step->kernel, 0, CL_SUCCESS};
  cr_arg_buffer(&args, input->buffer, NULL);
  cr_arg_ulong(&args, input->offset);
  cr_arg_ulong(&args, input->picture);
  cr_arg_int(&args, (size_t)deliver->columns);
  args.next = ARG_FIRST - 1;
  cr_arg_buffer(&args, deliver->report, NULL);
  return cr_args_done(&args, error);
}

static clreid_status create_step(cr_deliver *deliver, const cr_deliver_spec *spec, int which, int largest_batch,
                                 clreid_error *error)
{
  cr_step *step = calloc(1, sizeof *step);
  if (!step) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a step");
  *step = (cr_step){.operator_ = &operator_deliver,
                    .queue = deliver->queue,
                    .streams = 1,
                    .largest_batch = largest_batch,
                    .local = {1, 1, 1}};
  step->op.name = "deliver";
  step->op.half = spec->half[which];
  step->op.plain = spec->plain;
  step->op.view[CR_INPUT] = spec->view[which];
  cr_buffer_retain(spec->view[which].buffer);
  deliver->step[which] = step;
  return prepare(deliver, step, error);
}

/* ---- Life ------------------------------------------------------------------------------------------------------- */

static clreid_status create(cr_deliver *deliver, const cr_deliver_spec *spec, int largest_batch, clreid_error *error)
{
  const cl_int nobody = NOBODY;
  deliver->told = malloc(sizeof *deliver->told);
  if (!deliver->told) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a report");
  *deliver->told = NOBODY;
  CR_TRY(cr_buffer_create(deliver->queue->device, sizeof nobody, &nobody, &deliver->report, error));
  for (int which = 0; which < CR_DELIVERIES; which++) CR_TRY(create_step(deliver, spec, which, largest_batch, error));
  return CLREID_OK;
}

static clreid_status begin_anew(cr_deliver *deliver, clreid_error *error)
{
  const cl_int nobody = NOBODY;
  *deliver->told = NOBODY;
  return cr_check(clEnqueueFillBuffer(deliver->queue->queue, deliver->report->memory, &nobody, sizeof nobody, 0,
                                      sizeof nobody, 0, NULL, NULL),
                  "clEnqueueFillBuffer", error);
}

/* Whatever is in the tensors now, to nowhere: drivers compile at the first launch. */
static clreid_status launch_all(cr_deliver *deliver, int largest_batch, clreid_error *error)
{
  cr_buffer *nowhere;
  const size_t bytes = (size_t)largest_batch * deliver->columns * sizeof(float);
  const int batches[] = {largest_batch, 1};
  CR_TRY(cr_buffer_create(deliver->queue->device, bytes, NULL, &nowhere, error));
  const cr_foreign to = {nowhere->memory, 0};
  clreid_status status = CLREID_OK;
  for (int i = 0; i < 2 * CR_DELIVERIES && status == CLREID_OK; i++)
    status = cr_deliver_run(deliver, i % CR_DELIVERIES, &to, batches[i / CR_DELIVERIES], 0, error);
  if (status == CLREID_OK) status = begin_anew(deliver, error);
  if (status == CLREID_OK) status = cr_queue_finish(deliver->queue, error);
  cr_buffer_release(nowhere);
  return status;
}

static clreid_status warm_up(cr_deliver *deliver, int largest_batch, clreid_error *error)
{
  cr_device_compile_alone(deliver->queue->device);
  const clreid_status status = launch_all(deliver, largest_batch, error);
  cr_device_compile_done(deliver->queue->device);
  return status;
}

clreid_status cr_deliver_create(cr_queue *queue, const cr_deliver_spec *spec, int largest_batch, cr_deliver **result,
                                clreid_error *error)
{
  cr_deliver *deliver = calloc(1, sizeof *deliver);
  if (!deliver) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a delivery");
  deliver->queue = queue;
  deliver->columns = spec->columns;
  clreid_status status = create(deliver, spec, largest_batch, error);
  if (status == CLREID_OK) status = warm_up(deliver, largest_batch, error);
  if (status != CLREID_OK) {
    cr_deliver_destroy(deliver);
    return status;
  }
  *result = deliver;
  return CLREID_OK;
}

void cr_deliver_destroy(cr_deliver *deliver)
{
  if (!deliver) return;
  for (int which = 0; which < CR_DELIVERIES; which++) cr_step_destroy(deliver->step[which]);
  cr_buffer_release(deliver->report);
  cr_event_free(deliver->read, deliver->told);
  free(deliver);
}

const cr_step *cr_deliver_step(const cr_deliver *deliver, int which)
{
  return deliver->step[which];
}

/* ---- Run -------------------------------------------------------------------------------------------------------- */

clreid_status cr_deliver_run(cr_deliver *deliver, int which, const cr_foreign *to, int batch, int first,
                             clreid_error *error)
{
  cr_step *step = deliver->step[which];
  const cr_buffer output = {.memory = to->memory};
  cr_args args = {step->kernel, ARG_OUTPUT, CL_SUCCESS};
  cr_arg_buffer(&args, &output, NULL);
  cr_arg_ulong(&args, to->offset_bytes / sizeof(float));
  args.next = ARG_FIRST;
  cr_arg_int(&args, (size_t)first);
  CR_TRY(cr_args_done(&args, error));
  return cr_step_run(step, batch, error);
}

clreid_status cr_deliver_report(cr_deliver *deliver, clreid_error *error)
{
  cl_event read;
  CR_TRY(cr_check(clEnqueueReadBuffer(deliver->queue->queue, deliver->report->memory, CL_FALSE, 0,
                                      sizeof *deliver->told, deliver->told, 0, NULL, &read),
                  "clEnqueueReadBuffer", error));
  if (deliver->read) clReleaseEvent(deliver->read);
  deliver->read = read;
  return CLREID_OK;
}

clreid_status cr_deliver_event(cr_deliver *deliver, cl_event *event, clreid_error *error)
{
  CR_TRY(cr_check(clRetainEvent(deliver->read), "clRetainEvent", error));
  *event = deliver->read;
  return CLREID_OK;
}

clreid_status cr_deliver_wait(cr_deliver *deliver, int *picture, clreid_error *error)
{
  *picture = -1;
  if (!deliver->read) return CLREID_OK;
  const clreid_status status = cr_event_wait(deliver->queue, deliver->read, error);
  clReleaseEvent(deliver->read);
  deliver->read = NULL;
  CR_TRY(status);
  if (*deliver->told == NOBODY) return CLREID_OK;
  *picture = *deliver->told;
  return begin_anew(deliver, error);
}
