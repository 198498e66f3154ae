/*
 * api.h - the structs behind the public handles.
 */
#ifndef CR_API_H
#define CR_API_H

#include "../host/system.h"
#include "networks.h"
#include "plan.h"
#include "preprocess.h"

struct clreid_device {
  cr_device *device;
};

/* Constants of one step, on the device. */
typedef struct cr_step_constants {
  cr_buffer *weights, *bias, *matrix;
} cr_step_constants;

struct clreid_model {
  cr_device *device;
  const cr_network *network;
  cr_preprocess preprocess;
  cr_plan *plan;
  cr_step_constants *constants; /* [plan->step_count] */
  clreid_model_info info;
  cr_mutex *mutex;
  int references; /* guarded by mutex: the caller's and one a session */
};

/* What host/ is told of it. */
cr_device_config cr_api_device_config(const clreid_device_config *config);

void cr_model_retain(clreid_model *model);

/* A view of the plan, which is within one picture, in the arena of a batch. */
void cr_model_resolve(const clreid_model *model, cr_buffer *arena, int batch, cr_view *view);
/* The operator of a step of the plan, its views resolved, its constants in place. */
cr_op cr_model_operator(const clreid_model *model, int step, cr_buffer *arena, int batch);

/* Is it a largest batch that sessions take? *batch: it, or 1 for 0. */
clreid_status cr_model_batch(int largest_batch, int *batch, clreid_error *error);
/* Of `batch` pictures as many as fit a pass by the device's facts, 1 at least, in as few equal passes as can be. */
int cr_model_pass(const clreid_model *model, int batch);

#endif
