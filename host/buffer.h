/*
 * buffer.h - device memory and queues, as the files of host/ see them.
 */
#ifndef CR_BUFFER_H
#define CR_BUFFER_H

#include "device.h"

struct cr_buffer {
  cr_device *device;
  cl_mem memory;
  size_t bytes;
  int references; /* guarded by the device's mutex */
};

typedef struct cr_times cr_times;

struct cr_queue {
  cr_device *device;
  cl_command_queue queue;
  bool is_adopted; /* an application's: nobody waits for it unasked */
  bool sleeps;     /* waits by sleeping */
  bool defers;     /* cr_upload_send returns before the memory is written */
  cr_times *times; /* NULL: nobody asked for times */
};

#endif
