/*
 * event.h - waiting for commands, and memory that commands still use.
 */
#ifndef CR_EVENT_H
#define CR_EVENT_H

#include "buffer.h"

/* Waits for a command of the queue, asleep if the queue's waits sleep. A command that failed is an error. */
clreid_status cr_event_wait(const cr_queue *queue, cl_event event, clreid_error *error);

/* Is the command over, well or not? false where the driver does not say. Does not wait. */
clreid_status cr_event_is_over(cl_event event, bool *over, clreid_error *error);

/* Releases the event, and frees memory, which its command uses, as soon as that is over. Does not wait. event NULL: at
 * once. */
void cr_event_free(cl_event event, void *memory);

#endif
