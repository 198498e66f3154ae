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

#endif
