/*
 * enqueue.c - the public functions of clreid_opencl.h: an application's device and queue, and passes from its memory to
 * its memory that nobody waits for. OpenCL's handles are passed on to host/ untouched.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "clreid/clreid_opencl.h"
#include "frame.h"
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
  if (config && config->profile)
    return cr_fail(error, CLREID_INVALID_ARGUMENT,
                   "a session on a queue of yours has no profile; ask clreid_session_create for one");
  CR_TRY(cr_queue_adoptable(model->device, queue, error));
  return cr_session_create(model, config, queue, session, error);
}

/* ---- What is given ---------------------------------------------------------------------------------------------- */

/* Without the memory: what a frame on the device shares with one in host memory. */
static clreid_frame frame_of(const clreid_opencl_frame *given)
{
  return (clreid_frame){.width = given->width,
                        .height = given->height,
                        .pitch_bytes = given->pitch_bytes,
                        .chroma_pitch_bytes = given->chroma_pitch_bytes,
                        .format = given->format};
}

static clreid_status check_plane(const clreid_session *s, size_t index, const char *which, cr_foreign plane,
                                 size_t pitch_bytes, size_t row_bytes, size_t rows, clreid_error *error)
{
  char name[64];
  snprintf(name, sizeof name, "%sframe %zu", which, index);
  if (pitch_bytes > INT32_MAX)
    return cr_fail(error, CLREID_INVALID_PICTURE, "%s has rows %zu bytes apart, but at most %d are addressed", name,
                   pitch_bytes, INT32_MAX);
  return cr_foreign_check(s->model->device, &plane, (rows - 1) * pitch_bytes + row_bytes, name, error);
}

static clreid_status check_frame(const clreid_session *s, size_t index, const clreid_opencl_frame *given,
                                 clreid_error *error)
{
  const clreid_frame shape = frame_of(given);
  CR_TRY(cr_frame_check("frame", index, &shape, error));
  if (!given->memory) return cr_fail(error, CLREID_INVALID_PICTURE, "frame %zu has no memory", index);
  const cr_frame frame = cr_frame_of(&shape);
  const size_t pairs = cr_format_chroma_bytes(frame.format, frame.width), height = (size_t)frame.height;
  CR_TRY(check_plane(s, index, "", (cr_foreign){given->memory, given->offset_bytes}, frame.pitch_bytes,
                     cr_format_row_bytes(frame.format, frame.width), height, error));
  if (!pairs) return CLREID_OK;
  return check_plane(s, index, "the chroma of ", (cr_foreign){given->memory, given->chroma_offset_bytes},
                     frame.chroma_pitch_bytes, pairs, (height + 1) / 2, error);
}

/* The frame and its boxes, of which *count gets more. */
static clreid_status check_entry(const clreid_session *s, size_t index, const clreid_opencl_boxes *entry, size_t *count,
                                 clreid_error *error)
{
  if (!entry->frame || (!entry->whole && entry->count && !entry->boxes))
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "frame %zu has no %s", index,
                   entry->frame ? "boxes, but a count of them" : "address");
  CR_TRY(check_frame(s, index, entry->frame, error));
  *count += entry->whole ? 1 : entry->count;
  for (size_t b = 0; !entry->whole && b < entry->count; b++) {
    char which[64];
    clreid_rectangle rectangle;
    const clreid_frame shape = frame_of(entry->frame);
    snprintf(which, sizeof which, "box %zu of frame %zu", b, index);
    CR_TRY(cr_frame_cut(which, &shape, &entry->boxes[b], &rectangle, error));
  }
  return CLREID_OK;
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

/* What is enqueued, box by box. */
typedef struct feed {
  const clreid_opencl_boxes *entries;
  size_t count, entry, box; /* entry, box: what comes next */
} feed;

/* Moves on to the next entry that has a box left; false at the end. */
static bool find_box(feed *f)
{
  for (; f->entry < f->count; f->entry++, f->box = 0)
    if (f->box < (f->entries[f->entry].whole ? 1 : f->entries[f->entry].count)) return true;
  return false;
}

/* Neighbours in the same memory share a loan, so that one launch reads them all. */
static clreid_status lend(clreid_session *s, const clreid_opencl_frame *given, const clreid_opencl_frame *before,
                          int index, clreid_error *error)
{
  const clreid_frame shape = frame_of(given);
  cr_frame *frame = &s->frames[index];
  *frame = cr_frame_of(&shape);
  frame->offset_bytes = given->offset_bytes;
  frame->chroma_offset_bytes = given->chroma_offset_bytes;
  if (!before || before->memory != given->memory)
    return cr_loans_set(s->loans, index, given->memory, &frame->buffer, error);
  frame->buffer = s->frames[index - 1].buffer;
  return CLREID_OK;
}

static cr_resize_picture take(const clreid_opencl_boxes *entry, size_t box, const cr_frame *frame)
{
  clreid_rectangle rectangle = {0, 0, frame->width, frame->height};
  const clreid_frame shape = frame_of(entry->frame);
  if (!entry->whole) cr_frame_cut("", &shape, &entry->boxes[box], &rectangle, NULL);
  return (cr_resize_picture){.frame = frame,
                             .x = rectangle.x,
                             .y = rectangle.y,
                             .width = rectangle.width,
                             .height = rectangle.height,
                             .mirrored = entry->mirrored};
}

/* The next batch, in the session's pictures; 0 of them at the end. */
static clreid_status fill(clreid_session *s, feed *f, int *batch, clreid_error *error)
{
  int filled = 0, frames = 0;
  const clreid_opencl_frame *before = NULL;
  for (; filled < s->pass_batch && find_box(f); f->box++) {
    const clreid_opencl_boxes *entry = &f->entries[f->entry];
    if (entry->frame != before) {
      CR_TRY(lend(s, entry->frame, before, frames, error));
      before = entry->frame;
      frames++;
    }
    s->pictures[filled++] = take(entry, f->box, &s->frames[frames - 1]);
  }
  *batch = filled;
  return CLREID_OK;
}

/* done: the number of the pass's first feature. */
static clreid_status enqueue_pass(clreid_session *s, int batch, size_t done, const cr_foreign to[CR_DELIVERIES],
                                  clreid_error *error)
{
  enum { LAST = INT_MAX - 65536 }; /* a report has no higher numbers */
  const size_t row = (size_t)s->model->plan->feature_length * sizeof(float);
  const int first = s->enqueued < LAST ? (int)s->enqueued : LAST;
  CR_TRY(cr_session_resize(s, batch, error));
  CR_TRY(cr_session_run_steps(s, batch, error));
  for (int output = 0; output < CR_DELIVERIES; output++) {
    const cr_foreign here = {to[output].memory, to[output].offset_bytes + done * row};
    if (here.memory) CR_TRY(cr_deliver_run(s->deliver, output, &here, batch, first, error));
  }
  s->enqueued += (size_t)batch;
  return CLREID_OK;
}

static clreid_status enqueue_all(clreid_session *s, feed f, const cr_foreign to[CR_DELIVERIES], clreid_error *error)
{
  for (size_t done = 0;;) {
    int batch;
    CR_TRY(fill(s, &f, &batch, error));
    if (!batch) break;
    CR_TRY(enqueue_pass(s, batch, done, to, error));
    done += (size_t)batch;
  }
  return cr_deliver_report(s->deliver, error);
}

clreid_status clreid_enqueue(clreid_session *s, const clreid_opencl_boxes *frames, size_t frame_count,
                             const clreid_opencl_features *features, uint32_t wait_count, const cl_event *wait_list,
                             cl_event *event, clreid_error *error)
{
  size_t count = 0;
  if (event) *event = NULL;
  if (!s || !features || (frame_count && !frames))
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_enqueue needs session, frames and features");
  if (!wait_count != !wait_list)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "%u events to wait for were given, but %s list", wait_count,
                   wait_list ? "a" : "no");
  if (!s->deliver)
    return cr_fail(error, CLREID_INVALID_ARGUMENT,
                   "the session's device has a context of its own, where no memory of yours is; adopt your context "
                   "with clreid_device_adopt");
  if (s->profile)
    return cr_fail(error, CLREID_INVALID_ARGUMENT,
                   "the session was created for profiles, which clreid_enqueue does not make; create one without");
  const cr_foreign to[CR_DELIVERIES] = {[CR_OUTPUT_NECK] = {features->neck, features->neck_offset_bytes},
                                        [CR_OUTPUT_POOLED] = {features->pooled, features->pooled_offset_bytes}};
  for (size_t k = 0; k < frame_count; k++) CR_TRY(check_entry(s, k, &frames[k], &count, error));
  CR_TRY(check_output(s, &to[CR_OUTPUT_NECK], count, "neck", error));
  CR_TRY(check_output(s, &to[CR_OUTPUT_POOLED], count, "pooled", error));
  CR_TRY(cr_queue_wait_for(s->queue, wait_count, wait_list, error));
  CR_TRY(enqueue_all(s, (feed){.entries = frames, .count = frame_count}, to, error));
  CR_TRY(cr_queue_flush(s->queue, error));
  return event ? cr_deliver_event(s->deliver, event, error) : CLREID_OK; /* the last: none after a failure */
}

clreid_status clreid_enqueue_check(clreid_session *s, clreid_error *error)
{
  int box;
  if (!s || !s->deliver)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_enqueue_check needs a session on an adopted device");
  const clreid_status status = cr_deliver_wait(s->deliver, &box, error);
  const size_t enqueued = s->enqueued;
  s->enqueued = 0;
  if (status != CLREID_OK || box < 0) return status;
  return cr_fail(error, CLREID_NOT_FINITE,
                 "the feature of box %d of %zu is not finite; clreid_embed_boxes of the same box names the step", box,
                 enqueued);
}
