/*
 * times.c - when the device ran what was enqueued. A queue that is not timed has none of this, and pays nothing.
 */
#include "times.h"

#include <stdlib.h>
#include <string.h>

struct cr_times {
  size_t most, count;
  cl_event *events; /* [most]; NULL: the command failed */
  bool *calls;      /* [most] the span begins where the one before it ends */
  cr_span *spans;   /* [most] */
};

static cr_times *create(size_t most)
{
  cr_times *times = calloc(1, sizeof *times);
  if (!times) return NULL;
  times->most = most;
  times->events = calloc(most, sizeof(cl_event));
  times->calls = calloc(most, sizeof *times->calls);
  times->spans = calloc(most, sizeof *times->spans);
  if (times->events && times->calls && times->spans) return times;
  cr_times_destroy(times);
  return NULL;
}

static void forget(cr_times *times)
{
  for (size_t k = 0; k < times->count; k++)
    if (times->events[k]) clReleaseEvent(times->events[k]);
  times->count = 0;
}

void cr_times_destroy(cr_times *times)
{
  if (!times) return;
  forget(times);
  free(times->events);
  free(times->calls);
  free(times->spans);
  free(times);
}

/* Room for most entries of size bytes; what is new is zero. */
static bool grow(void **entries, size_t size, size_t had, size_t most)
{
  char *grown = realloc(*entries, most * size);
  if (!grown) return false;
  memset(grown + had * size, 0, (most - had) * size);
  *entries = grown;
  return true;
}

clreid_status cr_queue_note_more(cr_queue *queue, size_t most, clreid_error *error)
{
  cr_times *times = queue->times;
  if (!times || most <= times->most) return CLREID_OK;
  if (!grow((void **)&times->events, sizeof *times->events, times->most, most) ||
      !grow((void **)&times->calls, sizeof *times->calls, times->most, most) ||
      !grow((void **)&times->spans, sizeof *times->spans, times->most, most))
    return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for the times of %zu commands", most);
  times->most = most;
  return CLREID_OK;
}

clreid_status cr_queue_create_timed(cr_device *device, size_t most, cr_queue **result, clreid_error *error)
{
  cr_queue *queue = calloc(1, sizeof *queue);
  cr_times *times = create(most);
  if (!queue || !times) {
    free(queue);
    cr_times_destroy(times);
    return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a queue that notes the times of %zu commands", most);
  }
  cl_int code;
  queue->queue = clCreateCommandQueue(device->context, device->id, CL_QUEUE_PROFILING_ENABLE, &code);
  const clreid_status status = cr_check(code, "clCreateCommandQueue", error);
  if (status != CLREID_OK) {
    free(queue);
    cr_times_destroy(times);
    return status;
  }
  queue->device = device;
  queue->defers = device->is_adopted;
  queue->times = times;
  cr_device_retain(device);
  *result = queue;
  return CLREID_OK;
}

static cl_event *note(cr_queue *queue, size_t bytes, bool call)
{
  cr_times *times = queue->times;
  if (!times || times->count == times->most) return NULL;
  const size_t k = times->count++;
  times->events[k] = NULL;
  times->calls[k] = call;
  times->spans[k] = (cr_span){.bytes = bytes};
  return &times->events[k];
}

cl_event *cr_times_note(cr_queue *queue, size_t bytes)
{
  return note(queue, bytes, false);
}

cl_event *cr_times_note_call(cr_queue *queue)
{
  return note(queue, 0, true);
}

void cr_queue_forget(cr_queue *queue)
{
  if (queue->times) forget(queue->times);
}

size_t cr_queue_noted(const cr_queue *queue)
{
  return queue->times ? queue->times->count : 0;
}

static clreid_status read_span(cr_times *times, size_t k, clreid_error *error)
{
  const cl_event event = times->events[k];
  cr_span *span = &times->spans[k];
  cl_ulong queued = 0, begin = 0, end = 0;
  if (!event) return CLREID_OK;
  cl_int code = clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_QUEUED, sizeof queued, &queued, NULL);
  if (code == CL_SUCCESS) code = clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof begin, &begin, NULL);
  if (code == CL_SUCCESS) code = clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof end, &end, NULL);
  span->queued_ns = queued;
  span->begin_ns = times->calls[k] && k > 0 && times->events[k - 1] ? times->spans[k - 1].end_ns : begin;
  span->end_ns = end;
  return cr_check(code, "clGetEventProfilingInfo", error);
}

clreid_status cr_queue_spans(cr_queue *queue, const cr_span **spans, clreid_error *error)
{
  CR_TRY(cr_queue_finish(queue, error));
  for (size_t k = 0; k < cr_queue_noted(queue); k++) CR_TRY(read_span(queue->times, k, error));
  *spans = queue->times ? queue->times->spans : NULL;
  return CLREID_OK;
}
