/*
 * session.h - the struct behind clreid_session, for session.c and enqueue.c.
 */
#ifndef CR_SESSION_H
#define CR_SESSION_H

#include "api.h"

struct clreid_session {
  clreid_model *model;
  int largest_batch;
  cr_queue *queue;
  cr_buffer *arena;
  cr_step **steps; /* [plan->step_count] */
  cr_resize *resize;
  cr_axes *axes;
  cr_resize_picture *pictures; /* [largest_batch] */
  float *features;             /* [largest_batch][padded D]: what comes back from the device ... */
  uint16_t *halves;            /* ... where an output is stored as half */
  void *map;                   /* a map's tensor of the largest batch; NULL: no maps */
  cr_deliver *deliver;         /* features into an application's memory; NULL: the device is our own */
  size_t enqueued;             /* pictures since the last check */
  clreid_session_info info;
};

/* On `queue`, an application's, or on one of its own if that is NULL. */
clreid_status cr_session_create(clreid_model *model, const clreid_session_config *config,
                                struct _cl_command_queue *queue, clreid_session **session, clreid_error *error);

/* A view of the plan, which is within one picture, in the arena of a whole batch. */
void cr_session_resolve(const clreid_session *session, cr_view *view);

/* All steps of the plan, for the pictures that the resize has put into the arena. */
clreid_status cr_session_run_steps(clreid_session *session, int batch, clreid_error *error);

/* Is it a size that a picture may have? pitch_bytes 0: without gaps. */
clreid_status cr_session_check_size(size_t index, int width, int height, size_t pitch_bytes, clreid_error *error);

/* The tables of a picture's axes, whose width and height are set. */
clreid_status cr_session_find_axes(clreid_session *session, cr_resize_picture *picture, clreid_error *error);

#endif
