/*
 * event.c - see event.h.
 */
#include "event.h"

#include <stdlib.h>

/* Between two looks at an event: a part of what was waited so far, within bounds. */
static const double shortest_sleep_s = 20e-6, longest_sleep_s = 5e-3, part_of_wait = 1.0 / 16;

static clreid_status read_state(cl_event event, cl_int *state, clreid_error *error)
{
  return cr_check(clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof *state, state, NULL),
                  "clGetEventInfo", error);
}

static clreid_status wait_asleep(cl_event event, clreid_error *error)
{
  cl_int state;
  const double begin = cr_seconds();
  CR_TRY(read_state(event, &state, error));
  while (state > CL_COMPLETE) {
    const double sleep = (cr_seconds() - begin) * part_of_wait;
    cr_sleep(sleep < shortest_sleep_s ? shortest_sleep_s : sleep > longest_sleep_s ? longest_sleep_s : sleep);
    CR_TRY(read_state(event, &state, error));
  }
  return cr_check(state, "a command of the device", error);
}

clreid_status cr_event_wait(const cr_queue *queue, cl_event event, clreid_error *error)
{
  if (!queue->sleeps) return cr_check(clWaitForEvents(1, &event), "clWaitForEvents", error);
  clreid_status status = cr_check(clFlush(queue->queue), "clFlush", error);
  if (status == CLREID_OK) status = wait_asleep(event, error);
  /* The command may not be over, and what it reads or writes is its caller's. */
  if (status != CLREID_OK) clWaitForEvents(1, &event);
  return status;
}

clreid_status cr_event_is_over(cl_event event, bool *over, clreid_error *error)
{
  cl_int state = CL_QUEUED;
  *over = false;
  CR_TRY(read_state(event, &state, error));
  *over = state <= CL_COMPLETE;
  return CLREID_OK;
}

static void CL_CALLBACK free_memory(cl_event event, cl_int state, void *memory)
{
  (void)event, (void)state;
  free(memory);
}

void cr_event_free(cl_event event, void *memory)
{
  if (!event) {
    free(memory);
    return;
  }
  /* A driver that takes no callback keeps the memory: better lost than written to by a command after it is freed. */
  bool over;
  cr_event_is_over(event, &over, NULL);
  if (over)
    free(memory);
  else
    clSetEventCallback(event, CL_COMPLETE, free_memory, memory);
  clReleaseEvent(event);
}
