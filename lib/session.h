/*
 * session.h - the struct behind clreid_session, for session.c and enqueue.c.
 */
#ifndef CR_SESSION_H
#define CR_SESSION_H

#include "api.h"
#include "profile.h"

struct clreid_session {
  clreid_model *model;
  int pass_batch; /* pictures of a pass: the largest batch, or what of it fits the device */
  cr_queue *queue;
  cr_buffer *arena;
  cr_step **steps; /* [plan->step_count] */
  cr_resize *resize;
  cr_axes *axes;
  cr_resize_picture *pictures; /* [pass_batch], of a batch ... */
  cr_frame *frames;            /* ... and what they point to */
  uint64_t serial;             /* of the last frame that was embedded */
  float *features;             /* [pass_batch][padded D]: what comes back from the device ... */
  uint16_t *halves;            /* ... where an output is stored as half */
  void *map;                   /* a map's tensor of a pass; NULL: no maps */
  cr_deliver *deliver;         /* features into an application's memory; NULL: the device is our own */
  cr_loans *loans;             /* [pass_batch]: the application's memory that frames lie in */
  size_t enqueued;             /* pictures since the last check */
  clreid_session_info info;
  cr_profile *profile; /* NULL: nobody asked for one */
};

/* On `queue`, an application's, or on one of its own if that is NULL. */
clreid_status cr_session_create(clreid_model *model, const clreid_session_config *config,
                                struct _cl_command_queue *queue, clreid_session **session, clreid_error *error);

/* All steps of the plan, for the pictures that the resize has put into the arena. */
clreid_status cr_session_run_steps(clreid_session *session, int batch, clreid_error *error);

/* Puts the pictures of a batch, in session->pictures without their tables, on the device as the network wants them. */
clreid_status cr_session_resize(clreid_session *session, int batch, clreid_error *error);

#endif
