/*
 * times.h - when the device ran what was enqueued, as the files of host/ note it: one event a command.
 */
#ifndef CR_TIMES_H
#define CR_TIMES_H

#include "buffer.h"

/* Where the next command's event goes; NULL: the queue notes nothing. bytes: that the command moves between host and
 * device. */
cl_event *cr_times_note(cr_queue *queue, size_t bytes);
/* The same for a library's call that launches what it likes and gives the event of its last: its time counts from the
 * end of the command before it. */
cl_event *cr_times_note_call(cr_queue *queue);

void cr_times_destroy(cr_times *times); /* NULL allowed */

#endif
