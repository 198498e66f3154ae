/*
 * upload.h - host memory on its way to the device: filled, sent, and not touched before the device has it.
 *
 * A queue that is written to without waiting may have several batches on their way; each has a block of its own. Blocks
 * are used again, so that nothing is allocated once there are as many as are on their way at a time.
 */
#ifndef CR_UPLOAD_H
#define CR_UPLOAD_H

#include "event.h"

typedef struct cr_upload {
  struct cr_upload_block *blocks; /* the one being filled first */
} cr_upload;

/* *memory: at least so many bytes of zeros or of an earlier batch, to be filled until the next cr_upload_send. A block
 * that must be made gets `room` bytes. */
clreid_status cr_upload_take(cr_upload *upload, size_t bytes, size_t room, uint8_t **memory, clreid_error *error);
/* Writes bytes of it to the buffer. */
clreid_status cr_upload_send(cr_upload *upload, cr_queue *queue, const cr_buffer *buffer, size_t bytes,
                             clreid_error *error);
void cr_upload_free(cr_upload *upload); /* what is on its way arrives all the same */

#endif
