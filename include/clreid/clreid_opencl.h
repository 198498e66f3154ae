/**
 * @file
 * clreid_opencl.h - libclreid within an OpenCL application: its own context, device and queue, pictures and features in
 * its own device memory, events to wait for and to be waited for. Nothing here waits or copies through the host, but
 * where it says so.
 *
 *     clreid_device_adopt -> clreid_model_load -> clreid_session_create_on -> clreid_enqueue ...
 *     clreid_session_destroy, clreid_model_free, clreid_device_close, and the application's own releases, in any order
 *
 * The handles of OpenCL are declared here as its headers declare them, which C11 and C++ allow: <CL/cl.h> may be
 * included before, after, or not at all. Everything that clreid.h says holds here too.
 */
#ifndef CLREID_OPENCL_H
#define CLREID_OPENCL_H

#include "clreid.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct _cl_device_id *cl_device_id;         /**< OpenCL's */
typedef struct _cl_context *cl_context;             /**< OpenCL's */
typedef struct _cl_command_queue *cl_command_queue; /**< OpenCL's */
typedef struct _cl_mem *cl_mem;                     /**< OpenCL's */
typedef struct _cl_event *cl_event;                 /**< OpenCL's */

/** A device of the application's context; both are retained until the device, its models and its sessions are gone. id
 * NULL: the context's only device. config as for clreid_device_open, but its choice must be NULL.
 * clreid_device_describe says index -1 of an adopted device. *device belongs to the caller: give it to
 * clreid_device_close.
 * @threads any
 * @errors CLREID_INVALID_ARGUMENT: the context has no such device, or has several and none is named, or config has a
 * choice; CLREID_UNSUPPORTED_DEVICE: it lacks what is needed; the machine's */
CLREID_API clreid_status clreid_device_adopt(cl_context context, cl_device_id id, const clreid_device_config *config,
                                             clreid_device **device, clreid_error *error);

/** clreid_session_create, of model and config, for the application's queue, which is retained: whatever the session
 * runs, it enqueues there, in the order of the calls. The queue must be of the model's device and context and run its
 * commands in order. Creating builds and launches everything once, on a queue of its own: it waits for that, not for
 * what is in the application's queue. clreid_session_destroy does not wait: what is enqueued still runs. clreid_embed
 * works as with any session, and waits for all that is in the queue.
 *
 * A session that clreid_session_create makes on an adopted device takes clreid_enqueue as well, and runs it on a queue
 * of its own, beside what is in the application's: events alone order the two. Its clreid_session_destroy waits for
 * what it has enqueued. *session belongs to the caller: give it to clreid_session_destroy.
 * @threads any
 * @errors CLREID_INVALID_ARGUMENT: another queue than that, or config has profile; those of clreid_session_create */
CLREID_API clreid_status clreid_session_create_on(clreid_model *model, const clreid_session_config *config,
                                                  cl_command_queue queue, clreid_session **session,
                                                  clreid_error *error);

/** A clreid_frame in device memory. A frame of more than one plane has both in one buffer. */
typedef struct clreid_opencl_frame {
  cl_mem memory;              /**< a buffer of the session's context */
  size_t offset_bytes;        /**< where pixels[height][pitch_bytes] begins */
  size_t chroma_offset_bytes; /**< NV12 alone: where chroma[(height + 1) / 2][chroma_pitch_bytes] begins */
  int width;                  /**< in pixels, 1 to 65535 */
  int height;                 /**< likewise */
  size_t pitch_bytes;         /**< from row to row; 0: without gaps */
  size_t chroma_pitch_bytes;  /**< likewise */
  clreid_format format;       /**< as clreid_frame says */
} clreid_opencl_frame;

/** Some boxes of such a frame. */
typedef struct clreid_opencl_boxes {
  const clreid_opencl_frame *frame; /**< borrowed for the call */
  const clreid_box *boxes;          /**< [count], in host memory; there may be none */
  size_t count;                     /**< of boxes */
  bool whole;                       /**< the frame is a picture, one box over all of it: boxes and count are ignored */
  bool mirrored;                    /**< left and right exchanged after the resize: for the flip test */
} clreid_opencl_boxes;

/** Where features go: float[boxes of all frames][D] from the offset on, which must be a multiple of 4. */
typedef struct clreid_opencl_features {
  cl_mem neck;                /**< feat; NULL: not wanted */
  size_t neck_offset_bytes;   /**< a multiple of 4 */
  cl_mem pooled;              /**< feat_; NULL: not wanted */
  size_t pooled_offset_bytes; /**< a multiple of 4 */
} clreid_opencl_features;

/** clreid_embed_frames without waiting: enqueues all of frames[frame_count], for any number of boxes, and hands it to
 * the device (clFlush). It runs after what is in the queue and after wait_list[wait_count]. *event (if event is not
 * NULL) is complete when the features are there; it is the caller's to release, and NULL after a failure. frames,
 * features and wait_list are borrowed for the call; the application may release memory objects and events as soon as it
 * returns, but not write to the frames before the event. Features have the bits that clreid_embed_frames gives.
 *
 * Numbers that are not finite cannot be an error of this call, which is long over when they appear. The row of a box
 * whose feature has one becomes NaN as a whole, so that its first number tells a kernel, and no distance to it is less
 * than another; clreid_enqueue_check tells the host. Everything else is checked before anything is enqueued; if OpenCL
 * fails in between, the content of the features is undefined.
 *
 * Allocates nothing but: resize tables for sizes not seen before, and a block of host memory for them, kept for later
 * calls, while the blocks of all earlier ones are still on their way to the device.
 * @threads one a session at a time; several sessions may share a queue
 * @errors CLREID_INVALID_PICTURE: a frame or box that cannot be, named by its index; CLREID_INVALID_ARGUMENT: a session
 * that is on no adopted device or was created with profile, a buffer of another context or too small for what is asked,
 * an offset that is no multiple of 4, a wait_list without events; CLREID_UNSUPPORTED_DEVICE: as clreid_embed; the
 * machine's */
CLREID_API clreid_status clreid_enqueue(clreid_session *session, const clreid_opencl_boxes *frames, size_t frame_count,
                                        const clreid_opencl_features *features, uint32_t wait_count,
                                        const cl_event *wait_list, cl_event *event, clreid_error *error);

/** Waits for the session's last clreid_enqueue (not for what the application has put into the queue after it) and says
 * whether all features since the last check are finite.
 * @threads one a session at a time
 * @errors CLREID_NOT_FINITE: one was not, the text names the first such box, counted from 0 over all calls since the
 * last check (clreid_embed_boxes of the same box names the step); CLREID_DEVICE_FAILED: the commands failed;
 * CLREID_INVALID_ARGUMENT: the session is on no adopted device */
CLREID_API clreid_status clreid_enqueue_check(clreid_session *session, clreid_error *error);

#ifdef __cplusplus
}
#endif
#endif
