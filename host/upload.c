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

static clreid_status is_free(block *b, bool *result, clreid_error *error)
{
  *result = !b->sent;
  if (!b->sent) return CLREID_OK;
  CR_TRY(cr_event_is_over(b->sent, result, error));
  if (!*result) return CLREID_OK;
  clReleaseEvent(b->sent);
  b->sent = NULL;
  return CLREID_OK;
}

/* Takes a block out of the list: one that is free and large enough; NULL if there is none. A free one that is too small
 * is given back. A driver that does not say what is free is an error, or blocks would become more and more. */
static clreid_status find(cr_upload *upload, size_t bytes, block **found, clreid_error *error)
{
  *found = NULL;
  for (block **at = &upload->blocks; *at;) {
    block *b = *at;
    bool ready;
    CR_TRY(is_free(b, &ready, error));
    if (!ready) {
      at = &b->next;
      continue;
    }
    *at = b->next;
    if (b->bytes >= bytes) {
      *found = b;
      return CLREID_OK;
    }
    free(b);
  }
  return CLREID_OK;
}

clreid_status cr_upload_take(cr_upload *upload, size_t bytes, size_t room, uint8_t **memory, clreid_error *error)
{
  block *b;
  CR_TRY(find(upload, bytes, &b, error));
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
  const clreid_status status = cr_check(clRetainEvent(*noted), "clRetainEvent", error);
  if (status == CLREID_OK)
    b->sent = *noted;
  else
    cr_event_wait(queue, *noted, NULL); /* nobody would know when the block is free */
  return status;
}

void cr_upload_free(cr_upload *upload)
{
  while (upload->blocks) {
    block *b = upload->blocks;
    upload->blocks = b->next;
    cr_event_free(b->sent, b);
  }
}
