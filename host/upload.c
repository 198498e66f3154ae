/*
 * upload.c - see upload.h.
 */
#include "upload.h"

#include <stdlib.h>

#include "times.h"

typedef struct cr_upload_block {
  struct cr_upload_block *next;
  cl_event sent; /* NULL: nothing is on its way from here */
  size_t bytes;
  uint8_t memory[];
} block;

static bool is_free(block *b)
{
  if (b->sent && cr_event_is_over(b->sent)) {
    clReleaseEvent(b->sent);
    b->sent = NULL;
  }
  return !b->sent;
}

/* Takes a block out of the list: one that is free and large enough. A free one that is too small is given back. */
static block *find(cr_upload *upload, size_t bytes)
{
  for (block **at = &upload->blocks; *at;) {
    block *b = *at;
    if (!is_free(b)) {
      at = &b->next;
      continue;
    }
    *at = b->next;
    if (b->bytes >= bytes) return b;
    free(b);
  }
  return NULL;
}

clreid_status cr_upload_take(cr_upload *upload, size_t bytes, size_t room, uint8_t **memory, clreid_error *error)
{
  block *b = find(upload, bytes);
  if (!b) {
    b = calloc(1, sizeof *b + room);
    if (!b)
      return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory to pack pictures of %zu bytes; use a smaller batch",
                     bytes);
    b->bytes = room;
  }
  b->next = upload->blocks;
  upload->blocks = b;
  *memory = b->memory;
  return CLREID_OK;
}

clreid_status cr_upload_send(cr_upload *upload, cr_queue *queue, const cr_buffer *buffer, size_t bytes,
                             clreid_error *error)
{
  block *b = upload->blocks;
  cl_event *noted = cr_times_note(queue, bytes), *event = noted ? noted : queue->defers ? &b->sent : NULL;
  CR_TRY(cr_check(clEnqueueWriteBuffer(queue->queue, buffer->memory, queue->defers ? CL_FALSE : CL_TRUE, 0, bytes,
                                       b->memory, 0, NULL, event),
                  "clEnqueueWriteBuffer", error));
  if (!noted || !queue->defers) return CLREID_OK;
  b->sent = *noted;
  return cr_check(clRetainEvent(b->sent), "clRetainEvent", error);
}

void cr_upload_free(cr_upload *upload)
{
  while (upload->blocks) {
    block *b = upload->blocks;
    upload->blocks = b->next;
    cr_event_free(b->sent, b);
  }
}
