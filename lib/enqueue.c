/*
 * enqueue.c - the public functions of clreid_opencl.h: an application's device and queue, and passes from its memory to
 * its memory that nobody waits for. OpenCL's handles are passed on to host/ untouched.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "clreid/clreid_opencl.h"
#include "session.h"

clreid_status clreid_device_adopt(cl_context context, cl_device_id id, const clreid_device_config *config,
                                  clreid_device **result, clreid_error *error)
{
  if (!context || !result)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_device_adopt needs context and device");
  *result = NULL;
  const clreid_device_config defaults = {0};
  if (!config) config = &defaults;
  const cr_device_config host = cr_api_device_config(config);
  clreid_device *device = calloc(1, sizeof *device);
  if (!device) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a device");
  const clreid_status status = cr_device_adopt(context, id, &host, &device->device, error);
  if (status != CLREID_OK) {
    free(device);
    return status;
  }
  *result = device;
  return CLREID_OK;
}

clreid_status clreid_session_create_on(clreid_model *model, const clreid_session_config *config, cl_command_queue queue,
                                       clreid_session **session, clreid_error *error)
{
  if (!model || !queue || !session)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_session_create_on needs model, queue and session");
  *session = NULL;
  CR_TRY(cr_queue_adoptable(model->device, queue, error));
  return cr_session_create(model, config, queue, session, error);
}

/* ---- What is given ---------------------------------------------------------------------------------------------- */

static size_t pitch_of(const clreid_opencl_picture *p)
{
  return p->pitch_bytes ? p->pitch_bytes : (size_t)p->width * 3;
}

static clreid_status check_picture(const clreid_session *s, const clreid_opencl_picture *p, size_t index,
                                   clreid_error *error)
{
  char name[48];
  if (!p->memory) return cr_fail(error, CLREID_INVALID_PICTURE, "picture %zu has no memory", index);
  CR_TRY(cr_session_check_size(index, p->width, p->height, p->pitch_bytes, error));
  const size_t line = (size_t)p->width * 3, above = (size_t)(p->height - 1);
  if (above && pitch_of(p) > (SIZE_MAX - line) / above)
    return cr_fail(error, CLREID_INVALID_PICTURE, "picture %zu has %d rows %zu bytes apart, more than memory can have",
                   index, p->height, p->pitch_bytes);
  const cr_foreign foreign = {p->memory, p->offset_bytes};
  snprintf(name, sizeof name, "picture %zu", index);
  return cr_foreign_check(s->model->device, &foreign, above * pitch_of(p) + line, name, error);
}

static clreid_status check_output(const clreid_session *s, const cr_foreign *to, size_t count, const char *name,
                                  clreid_error *error)
{
  const size_t row = (size_t)s->model->plan->feature_length * sizeof(float);
  if (!to->memory) return CLREID_OK;
  if (to->offset_bytes % sizeof(float))
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "%s begins at byte %zu, which is no multiple of %zu", name,
                   to->offset_bytes, sizeof(float));
  if (count > SIZE_MAX / row)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "%zu features of %zu bytes are more than memory can have", count,
                   row);
  return cr_foreign_check(s->model->device, to, count * row, name, error);
}

/* ---- Passes ----------------------------------------------------------------------------------------------------- */

static clreid_status enqueue_resize(clreid_session *s, const clreid_opencl_picture *pictures, int batch,
                                    clreid_error *error)
{
  cr_axes_trim(s->axes);
  for (int k = 0; k < batch; k++) {
    const clreid_opencl_picture *p = &pictures[k];
    s->pictures[k] = (cr_resize_picture){.memory = {p->memory, p->offset_bytes},
                                         .width = p->width,
                                         .height = p->height,
                                         .mirrored = p->mirrored,
                                         .pitch_bytes = pitch_of(p)};
    CR_TRY(cr_session_find_axes(s, &s->pictures[k], error));
  }
  return cr_resize_run(s->resize, s->pictures, batch, error);
}

static clreid_status enqueue_pass(clreid_session *s, const clreid_opencl_picture *pictures, int batch, size_t done,
                                  const cr_foreign to[CR_DELIVERIES], clreid_error *error)
{
  const size_t row = (size_t)s->model->plan->feature_length * sizeof(float);
  const int first = s->enqueued < INT_MAX - 65536 ? (int)s->enqueued : INT_MAX - 65536;
  CR_TRY(enqueue_resize(s, pictures, batch, error));
  CR_TRY(cr_session_run_steps(s, batch, error));
  for (int output = 0; output < CR_DELIVERIES; output++) {
    const cr_foreign here = {to[output].memory, to[output].offset_bytes + done * row};
    if (here.memory) CR_TRY(cr_deliver_run(s->deliver, output, &here, batch, first, error));
  }
  s->enqueued += (size_t)batch;
  return CLREID_OK;
}

static clreid_status enqueue_all(clreid_session *s, const clreid_opencl_picture *pictures, size_t count,
                                 const cr_foreign to[CR_DELIVERIES], struct _cl_event **event, clreid_error *error)
{
  for (size_t done = 0; done < count;) {
    const size_t left = count - done;
    const int batch = left < (size_t)s->largest_batch ? (int)left : s->largest_batch;
    CR_TRY(enqueue_pass(s, pictures + done, batch, done, to, error));
    done += (size_t)batch;
  }
  return cr_deliver_report(s->deliver, event, error);
}

clreid_status clreid_enqueue(clreid_session *s, const clreid_opencl_picture *pictures, size_t count,
                             const clreid_opencl_features *features, uint32_t wait_count, const cl_event *wait_list,
                             cl_event *event, clreid_error *error)
{
  if (event) *event = NULL;
  if (!s || !features || (count && !pictures))
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_enqueue needs session, pictures and features");
  if (!wait_count != !wait_list)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "%u events to wait for were given, but %s list", wait_count,
                   wait_list ? "a" : "no");
  if (!s->deliver)
    return cr_fail(error, CLREID_INVALID_ARGUMENT,
                   "the session's device has a context of its own, where no memory of yours is; adopt your context "
                   "with clreid_device_adopt");
  const cr_foreign to[CR_DELIVERIES] = {[CR_OUTPUT_NECK] = {features->neck, features->neck_offset_bytes},
                                        [CR_OUTPUT_POOLED] = {features->pooled, features->pooled_offset_bytes}};
  for (size_t k = 0; k < count; k++) CR_TRY(check_picture(s, &pictures[k], k, error));
  CR_TRY(check_output(s, &to[CR_OUTPUT_NECK], count, "neck", error));
  CR_TRY(check_output(s, &to[CR_OUTPUT_POOLED], count, "pooled", error));
  CR_TRY(cr_queue_wait_for(s->queue, wait_count, wait_list, error));
  const clreid_status status = enqueue_all(s, pictures, count, to, event, error);
  /* What was enqueued before a failure runs too. */
  return status == CLREID_OK ? cr_queue_flush(s->queue, error) : status;
}

clreid_status clreid_enqueue_check(clreid_session *s, clreid_error *error)
{
  int picture;
  if (!s || !s->deliver)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_enqueue_check needs a session on an adopted device");
  const clreid_status status = cr_deliver_wait(s->deliver, &picture, error);
  const size_t enqueued = s->enqueued;
  s->enqueued = 0;
  if (status != CLREID_OK || picture < 0) return status;
  return cr_fail(error, CLREID_NOT_FINITE,
                 "the feature of picture %d of %zu is not finite; clreid_embed of the same picture names the step",
                 picture, enqueued);
}
