/*
 * adopt.c - an application's queue and memory: what is asked of them, and waiting in their order. Its context and
 * device are device.c's.
 */
#include <stdlib.h>

#include "buffer.h"

static clreid_status check_order(cl_command_queue from, clreid_error *error)
{
  cl_command_queue_properties properties;
  CR_TRY(cr_check(clGetCommandQueueInfo(from, CL_QUEUE_PROPERTIES, sizeof properties, &properties, NULL),
                  "clGetCommandQueueInfo", error));
  if (properties & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE)
    return cr_fail(error, CLREID_INVALID_ARGUMENT,
                   "the queue runs its commands out of order; give one that runs them in order, which may wait for "
                   "events of the other");
  return CLREID_OK;
}

clreid_status cr_queue_adoptable(const cr_device *device, cl_command_queue from, clreid_error *error)
{
  cl_context context;
  cl_device_id id;
  CR_TRY(cr_check(clGetCommandQueueInfo(from, CL_QUEUE_CONTEXT, sizeof context, &context, NULL),
                  "clGetCommandQueueInfo", error));
  CR_TRY(cr_check(clGetCommandQueueInfo(from, CL_QUEUE_DEVICE, sizeof id, &id, NULL), "clGetCommandQueueInfo", error));
  if (context != device->context)
    return cr_fail(error, CLREID_INVALID_ARGUMENT,
                   "the queue belongs to another context than the model's device; create it in the context that "
                   "clreid_device_adopt got");
  if (id != device->id)
    return cr_fail(error, CLREID_INVALID_ARGUMENT,
                   "the queue belongs to another device of the context than the model; create it for %s",
                   device->facts.name);
  return check_order(from, error);
}

clreid_status cr_queue_adopt(cr_queue *queue, cl_command_queue from, clreid_error *error)
{
  CR_TRY(cr_queue_adoptable(queue->device, from, error));
  CR_TRY(cr_queue_finish(queue, error));
  CR_TRY(cr_check(clRetainCommandQueue(from), "clRetainCommandQueue", error));
  clReleaseCommandQueue(queue->queue);
  queue->queue = from;
  queue->is_adopted = true;
  return CLREID_OK;
}

void cr_queue_sleep(cr_queue *queue)
{
  queue->sleeps = queue->defers = true;
}

clreid_status cr_queue_wait_for(cr_queue *queue, unsigned count, const cl_event *events, clreid_error *error)
{
  if (!count) return CLREID_OK;
  const cl_int code = clEnqueueBarrierWithWaitList(queue->queue, count, events, NULL);
  if (code == CL_INVALID_EVENT_WAIT_LIST || code == CL_INVALID_CONTEXT || code == CL_INVALID_EVENT)
    return cr_fail(error, CLREID_INVALID_ARGUMENT,
                   "the wait list of %u events is not valid (%s, %d); all must be events of the queue's context", count,
                   cr_code_name(code), code);
  return cr_check(code, "clEnqueueBarrierWithWaitList", error);
}

clreid_status cr_queue_flush(cr_queue *queue, clreid_error *error)
{
  return cr_check(clFlush(queue->queue), "clFlush", error);
}

clreid_status cr_foreign_check(const cr_device *device, const cr_foreign *foreign, size_t bytes, const char *what,
                               clreid_error *error)
{
  cl_context context = NULL;
  cl_mem_object_type type = 0;
  size_t size = 0;
  cl_int code = clGetMemObjectInfo(foreign->memory, CL_MEM_CONTEXT, sizeof context, &context, NULL);
  if (code == CL_SUCCESS) code = clGetMemObjectInfo(foreign->memory, CL_MEM_TYPE, sizeof type, &type, NULL);
  if (code == CL_SUCCESS) code = clGetMemObjectInfo(foreign->memory, CL_MEM_SIZE, sizeof size, &size, NULL);
  if (code == CL_INVALID_MEM_OBJECT)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "%s is no memory object (%s, %d)", what, cr_code_name(code), code);
  CR_TRY(cr_check(code, "clGetMemObjectInfo", error));
  if (type != CL_MEM_OBJECT_BUFFER)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "%s is an image or a pipe (type 0x%x); give a buffer", what,
                   (unsigned)type);
  if (context != device->context)
    return cr_fail(error, CLREID_INVALID_ARGUMENT,
                   "%s belongs to another context than the session; create it in the context that clreid_device_adopt "
                   "got",
                   what);
  if (foreign->offset_bytes > size || bytes > size - foreign->offset_bytes)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "%s needs %zu bytes from byte %zu on, but its buffer has %zu", what,
                   bytes, foreign->offset_bytes, size);
  return CLREID_OK;
}

/* ---- Loans ------------------------------------------------------------------------------------------------------ */

struct cr_loans {
  cr_device *device;
  cr_buffer buffers[];
};

cr_loans *cr_loans_create(cr_device *device, int count)
{
  cr_loans *loans = calloc(1, sizeof *loans + (size_t)count * sizeof *loans->buffers);
  if (loans) loans->device = device;
  return loans;
}

void cr_loans_destroy(cr_loans *loans)
{
  free(loans);
}

clreid_status cr_loans_set(cr_loans *loans, int index, cl_mem memory, cr_buffer **buffer, clreid_error *error)
{
  cr_buffer *loan = &loans->buffers[index];
  *loan = (cr_buffer){.device = loans->device, .memory = memory, .references = 1};
  *buffer = loan;
  return cr_check(clGetMemObjectInfo(memory, CL_MEM_SIZE, sizeof loan->bytes, &loan->bytes, NULL), "clGetMemObjectInfo",
                  error);
}
