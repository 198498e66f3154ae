/*
 * ops_adopt.h - work in an application's own context and queue; a part of ops.h.
 *
 * OpenCL's handles are named by their struct tags, which are the same in every OpenCL header, so that no such header is
 * needed here.
 */
#ifndef CR_OPS_ADOPT_H
#define CR_OPS_ADOPT_H

#include "ops_kinds.h"

struct _cl_context;
struct _cl_device_id;
struct _cl_command_queue;
struct _cl_mem;
struct _cl_event;

/* A device of the context, which is retained. id NULL: the only one. config->choice must be NULL. Queues of such a
 * device never wait to write: cr_upload. */
clreid_status cr_device_adopt(struct _cl_context *context, struct _cl_device_id *id, const cr_device_config *config,
                              cr_device **device, clreid_error *error);
bool cr_device_is_adopted(const cr_device *device);

/* Could cr_queue_adopt take it: in order, of the device and its context? */
clreid_status cr_queue_adoptable(const cr_device *device, struct _cl_command_queue *from, clreid_error *error);
/* From now on the queue is the application's, retained: what is enqueued goes there. Waits for what is in the old one.
 * An adopted queue is never waited for when it is destroyed. */
clreid_status cr_queue_adopt(cr_queue *queue, struct _cl_command_queue *from, clreid_error *error);
/* Waits sleep instead of leaving it to the driver, which may spin: polls at times that are apart by a sixteenth of what
 * was waited so far, so that no more than that is lost, and writes do not wait. */
void cr_queue_sleep(cr_queue *queue);
/* What is enqueued later runs after the events. */
clreid_status cr_queue_wait_for(cr_queue *queue, unsigned count, struct _cl_event *const *events, clreid_error *error);
/* Hands what is enqueued to the device; does not wait. */
clreid_status cr_queue_flush(cr_queue *queue, clreid_error *error);

/* An application's buffer, from a byte on; borrowed. */
typedef struct cr_foreign {
  struct _cl_mem *memory;
  size_t offset_bytes;
} cr_foreign;

/* Is it a buffer of the device's context, with so many bytes after the offset? what: its name in the message. */
clreid_status cr_foreign_check(const cr_device *device, const cr_foreign *foreign, size_t bytes, const char *what,
                               clreid_error *error);

/* Buffers that stand for an application's memory: borrowed, neither retained nor released. */
typedef struct cr_loans cr_loans;
cr_loans *cr_loans_create(cr_device *device, int count); /* NULL: out of memory */
void cr_loans_destroy(cr_loans *loans);                  /* NULL allowed */
/* *buffer, the one of this index, now stands for that memory, which was checked. */
clreid_status cr_loans_set(cr_loans *loans, int index, struct _cl_mem *memory, cr_buffer **buffer, clreid_error *error);

/* ---- Features, to where the application wants them -------------------------------------------------------------- */

/* Copies rows of a session's tensors to dense float[batch][columns] and looks at every number: a row with one that is
 * not finite becomes NaN as a whole and is reported. */
typedef struct cr_deliver cr_deliver; /* belongs to one queue's thread */

enum { CR_DELIVERIES = 2 }; /* tensors that one of them delivers from */

typedef struct cr_deliver_spec {
  cr_view view[CR_DELIVERIES]; /* one row a picture */
  bool half[CR_DELIVERIES];    /* storage of each */
  bool plain;                  /* the plain twin of the kernel: the same with vectors of two */
  int columns;
} cr_deliver_spec;

clreid_status cr_deliver_create(cr_queue *queue, const cr_deliver_spec *spec, int largest_batch, cr_deliver **deliver,
                                clreid_error *error);
/* The same, once its kernels have given a known answer; see cr_step_create_proven. */
clreid_status cr_deliver_create_proven(cr_queue *queue, const cr_deliver_spec *spec, int largest_batch,
                                       cr_deliver **deliver, clreid_error *error);
void cr_deliver_destroy(cr_deliver *deliver);                                /* waits for nothing; NULL allowed */
const struct cr_step *cr_deliver_step(const cr_deliver *deliver, int which); /* stays the delivery's */
/* Enqueues the rows of `batch` pictures from tensor `which`, to `to`, which is checked already. first: what the report
 * calls the first of them. */
clreid_status cr_deliver_run(cr_deliver *deliver, int which, const cr_foreign *to, int batch, int first,
                             clreid_error *error);
/* Enqueues the report of all that was delivered since the last cr_deliver_wait. */
clreid_status cr_deliver_report(cr_deliver *deliver, clreid_error *error);
/* *event, the caller's, is complete when the last report and all before it is. */
clreid_status cr_deliver_event(cr_deliver *deliver, struct _cl_event **event, clreid_error *error);
/* Waits for the last report. *picture: the first whose row was not finite, -1 if there is none. Begins a new one. */
clreid_status cr_deliver_wait(cr_deliver *deliver, int *picture, clreid_error *error);

#endif
