/*
 * buffer.c - device memory with counted references, and in-order queues to move it.
 */
#include "event.h"
#include "slab.h"
#include "times.h"

#include <stdlib.h>
#include <string.h>

static clreid_status check_size(const cr_device *device, size_t bytes, clreid_error *error)
{
  const uint64_t largest = device->facts.largest_buffer_bytes;
  if (largest && bytes > largest)
    return cr_fail(
        error, CLREID_OUT_OF_DEVICE_MEMORY,
        "a buffer of %zu bytes is needed, but %s allows %llu at most; use smaller pictures or another device", bytes,
        device->facts.name, (unsigned long long)largest);
  return CLREID_OK;
}

static void CL_CALLBACK give_piece(cl_mem memory, void *slab)
{
  (void)memory;
  cr_slab_give(slab);
}

/* The piece lives as long as the driver's object. */
static cl_mem create_in_piece(cl_context context, size_t bytes, cr_piece piece, cl_int *code)
{
  cl_mem memory = clCreateBuffer(context, CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR, bytes, piece.memory, code);
  if (*code == CL_SUCCESS) *code = clSetMemObjectDestructorCallback(memory, give_piece, piece.slab);
  if (*code == CL_SUCCESS) return memory;
  if (memory) clReleaseMemObject(memory); /* nothing uses it yet */
  cr_slab_give(piece.slab);
  return NULL;
}

/* Where a CPU's large pages pay: constants share them, as they live as long as their model; others have their own if
 * they fill one. */
static cr_piece take_piece(cr_device *device, size_t bytes, bool constant)
{
  if (device->facts.type != CR_DEVICE_CPU) return (cr_piece){0};
  if (constant) return cr_slab_take(device, bytes);
  return bytes >= CR_LARGE_PAGE ? cr_slab_take_alone(bytes) : (cr_piece){0};
}

static cl_mem create_memory(cr_device *device, size_t bytes, const void *data, bool constant, cl_int *code)
{
  const cr_piece piece = take_piece(device, bytes, constant);
  if (piece.slab) {
    if (data) memcpy(piece.memory, data, bytes);
    return create_in_piece(device->context, bytes, piece, code);
  }
  return clCreateBuffer(device->context, CL_MEM_READ_WRITE | (data ? CL_MEM_COPY_HOST_PTR : 0), bytes,
                        (void *)(uintptr_t)data, code); /* the standard takes it without const */
}

static clreid_status create_buffer(cr_device *device, size_t bytes, const void *data, bool constant, cr_buffer **result,
                                   clreid_error *error)
{
  if (!bytes) bytes = 1;
  CR_TRY(check_size(device, bytes, error));
  cr_buffer *buffer = calloc(1, sizeof *buffer);
  if (!buffer) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a buffer");
  cl_int code;
  buffer->memory = create_memory(device, bytes, data, constant, &code);
  const clreid_status status = cr_check(code, "clCreateBuffer", error);
  if (status != CLREID_OK) {
    free(buffer);
    return status;
  }
  buffer->device = device;
  buffer->bytes = bytes;
  buffer->references = 1;
  cr_device_retain(device);
  *result = buffer;
  return CLREID_OK;
}

clreid_status cr_buffer_create(cr_device *device, size_t bytes, const void *data, cr_buffer **buffer,
                               clreid_error *error)
{
  return create_buffer(device, bytes, data, false, buffer, error);
}

clreid_status cr_buffer_create_constant(cr_device *device, size_t bytes, const void *data, cr_buffer **buffer,
                                        clreid_error *error)
{
  return create_buffer(device, bytes, data, true, buffer, error);
}

void cr_buffer_retain(cr_buffer *buffer)
{
  cr_mutex_lock(buffer->device->mutex);
  buffer->references++;
  cr_mutex_unlock(buffer->device->mutex);
}

void cr_buffer_release(cr_buffer *buffer)
{
  if (!buffer) return;
  cr_mutex_lock(buffer->device->mutex);
  const int left = --buffer->references;
  cr_mutex_unlock(buffer->device->mutex);
  if (left) return;
  clReleaseMemObject(buffer->memory);
  cr_device_release(buffer->device);
  free(buffer);
}

size_t cr_buffer_bytes(const cr_buffer *buffer)
{
  return buffer->bytes;
}

clreid_status cr_queue_create(cr_device *device, cr_queue **result, clreid_error *error)
{
  cr_queue *queue = calloc(1, sizeof *queue);
  if (!queue) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a queue");
  cl_int code;
  queue->queue = clCreateCommandQueue(device->context, device->id, 0, &code);
  const clreid_status status = cr_check(code, "clCreateCommandQueue", error);
  if (status != CLREID_OK) {
    free(queue);
    return status;
  }
  queue->device = device;
  queue->defers = device->is_adopted;
  cr_device_retain(device);
  *result = queue;
  return CLREID_OK;
}

void cr_queue_destroy(cr_queue *queue)
{
  if (!queue) return;
  if (!queue->is_adopted) clFinish(queue->queue);
  cr_times_destroy(queue->times);
  clReleaseCommandQueue(queue->queue);
  cr_device_release(queue->device);
  free(queue);
}

/* Waits for a transfer that was enqueued without blocking; the event is its, kept by somebody else if `noted`. */
static clreid_status finish_asleep(cr_queue *queue, cl_event event, bool noted, clreid_error *error)
{
  const clreid_status status = cr_event_wait(queue, event, error);
  if (!noted) clReleaseEvent(event);
  return status;
}

clreid_status cr_queue_write(cr_queue *queue, cr_buffer *buffer, size_t offset_bytes, size_t bytes, const void *data,
                             clreid_error *error)
{
  if (!bytes) return CLREID_OK;
  cl_event own = NULL, *noted = cr_times_note(queue, bytes), *event = noted ? noted : queue->sleeps ? &own : NULL;
  CR_TRY(cr_check(clEnqueueWriteBuffer(queue->queue, buffer->memory, queue->sleeps ? CL_FALSE : CL_TRUE, offset_bytes,
                                       bytes, data, 0, NULL, event),
                  "clEnqueueWriteBuffer", error));
  return queue->sleeps ? finish_asleep(queue, *event, noted, error) : CLREID_OK;
}

clreid_status cr_queue_write_ahead(cr_queue *queue, cr_buffer *buffer, size_t offset_bytes, size_t bytes,
                                   const void *data, clreid_error *error)
{
  if (!bytes) return CLREID_OK;
  if (queue->sleeps || queue->defers) return cr_queue_write(queue, buffer, offset_bytes, bytes, data, error);
  return cr_check(clEnqueueWriteBuffer(queue->queue, buffer->memory, CL_FALSE, offset_bytes, bytes, data, 0, NULL,
                                       cr_times_note(queue, bytes)),
                  "clEnqueueWriteBuffer", error);
}

clreid_status cr_queue_read(cr_queue *queue, cr_buffer *buffer, size_t offset_bytes, size_t bytes, void *data,
                            clreid_error *error)
{
  if (!bytes) return CLREID_OK;
  cl_event own = NULL, *noted = cr_times_note(queue, bytes), *event = noted ? noted : queue->sleeps ? &own : NULL;
  CR_TRY(cr_check(clEnqueueReadBuffer(queue->queue, buffer->memory, queue->sleeps ? CL_FALSE : CL_TRUE, offset_bytes,
                                      bytes, data, 0, NULL, event),
                  "clEnqueueReadBuffer", error));
  return queue->sleeps ? finish_asleep(queue, *event, noted, error) : CLREID_OK;
}

clreid_status cr_queue_finish(cr_queue *queue, clreid_error *error)
{
  return cr_check(clFinish(queue->queue), "clFinish", error);
}
