/*
 * ops_device.h - devices and their facts, device memory, queues; a part of ops.h.
 */
#ifndef CR_OPS_DEVICE_H
#define CR_OPS_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report.h"

/* ---- Devices ---------------------------------------------------------------------------------------------------- */

typedef enum cr_device_type { CR_DEVICE_OTHER = 0, CR_DEVICE_CPU, CR_DEVICE_GPU, CR_DEVICE_ACCELERATOR } cr_device_type;

/* What the library knows of a device; every decision is made from these, none from a name. Read once. */
typedef struct cr_facts {
  int index; /* in the flat list over all platforms */
  cr_device_type type;
  bool several_types; /* it claims more than one type */
  bool usable;
  bool is_default; /* what a NULL choice opens */
  char name[128], vendor[128], platform[128], platform_version[128], version[128], driver[128];
  char problem[128]; /* why it is not usable */
  unsigned compute_units;
  unsigned clock_mhz;
  unsigned float_vector_width; /* native */
  bool fused_multiply_add;     /* there is fma(): CL_FP_FMA */
  bool fma_may_be_slow;        /* but perhaps in many instructions: the compiler of kernels knows */
  bool half_arithmetic;
  bool local_memory_is_real; /* not a part of global memory */
  bool images, sub_groups;   /* no kernel asks for either */
  uint64_t global_memory_bytes, largest_buffer_bytes, local_memory_bytes;
  uint64_t largest_work_group;
  uint64_t most_turns; /* of all loops of a work-item together: the driver ends them then, without a word; 0: any */
} cr_facts;

/* Does a work-item do many rows or lines, one after another? A core's work-items are a loop of it, so that larger ones
 * lose nothing, but the driver must let their loops be long. Where that is not in question (memory, vectors, groups,
 * limits of a launch) it is the type that counts. */
bool cr_facts_walk(const cr_facts *facts);

/* All devices of all platforms; *list is freed with free(). default_index: what a NULL choice opens. */
clreid_status cr_devices_list(cr_facts **list, size_t *count, size_t *default_index, const cr_log *log,
                              clreid_error *error);

typedef struct cr_device cr_device; /* counted references; any thread */

typedef struct cr_device_config {
  const char *choice; /* as clreid_device_config */
  const char *cache_folder;
  const char *tuning_folder;
  const char *kernel_folder;
  cr_log log;
} cr_device_config;

clreid_status cr_device_open(const cr_device_config *config, cr_device **device, clreid_error *error);
void cr_device_retain(cr_device *device);
void cr_device_release(cr_device *device); /* NULL allowed */
/* Between the two nothing else is compiled on the device: for first launches, at which drivers compile, and some (PoCL
 * 3.1) end the process when two threads let them do so at a time. */
void cr_device_compile_alone(cr_device *device);
void cr_device_compile_done(cr_device *device);
const cr_facts *cr_device_facts(const cr_device *device);
const cr_log *cr_device_log(const cr_device *device);

/* What the device does at most in a second, measured on it: float multiply-adds, and bytes that a copy between buffers
 * larger than its caches reads and writes, both counted. */
typedef struct cr_peaks {
  double multiply_adds, copied_bytes;
} cr_peaks;

/* Takes about a second, and two buffers of up to 256 MiB for that time. */
clreid_status cr_peaks_measure(cr_device *device, cr_peaks *peaks, clreid_error *error);

/* ---- Buffers and queues ----------------------------------------------------------------------------------------- */

typedef struct cr_buffer cr_buffer; /* device memory; counted references; holds its device */
typedef struct cr_queue cr_queue;   /* in order; one thread at a time; holds its device */

/* bytes of device memory, a copy of data if not NULL, undefined otherwise. A buffer larger than the device allows fails
 * with both numbers. */
clreid_status cr_buffer_create(cr_device *device, size_t bytes, const void *data, cr_buffer **buffer,
                               clreid_error *error);
/* The same for what a model keeps: bytes that are written once and read in every pass. */
clreid_status cr_buffer_create_constant(cr_device *device, size_t bytes, const void *data, cr_buffer **buffer,
                                        clreid_error *error);
void cr_buffer_retain(cr_buffer *buffer);
void cr_buffer_release(cr_buffer *buffer); /* NULL allowed */
size_t cr_buffer_bytes(const cr_buffer *buffer);

clreid_status cr_queue_create(cr_device *device, cr_queue **queue, clreid_error *error);
void cr_queue_destroy(cr_queue *queue); /* waits; NULL allowed */
clreid_status cr_queue_write(cr_queue *queue, cr_buffer *buffer, size_t offset_bytes, size_t bytes, const void *data,
                             clreid_error *error); /* returns when data may be reused */
/* May return before: data stays as it is until a later call on the queue has waited. */
clreid_status cr_queue_write_ahead(cr_queue *queue, cr_buffer *buffer, size_t offset_bytes, size_t bytes,
                                   const void *data, clreid_error *error);
clreid_status cr_queue_read(cr_queue *queue, cr_buffer *buffer, size_t offset_bytes, size_t bytes, void *data,
                            clreid_error *error); /* waits for all before it */
clreid_status cr_queue_finish(cr_queue *queue, clreid_error *error);

/* When the device ran a command, in nanoseconds of its own clock. */
typedef struct cr_span {
  uint64_t queued_ns, begin_ns, end_ns;
  size_t bytes; /* that it moved between host and device */
} cr_span;

/* A queue that notes when each command runs, `most` of them at most; what comes after is not noted until
 * cr_queue_forget begins anew. The driver keeps an event for each: for profiles. */
clreid_status cr_queue_create_timed(cr_device *device, size_t most, cr_queue **queue, clreid_error *error);
clreid_status cr_queue_note_more(cr_queue *queue, size_t most, clreid_error *error); /* nothing if it is not timed */
void cr_queue_forget(cr_queue *queue);
size_t cr_queue_noted(const cr_queue *queue); /* commands so far; 0 if the queue is not timed */
/* Waits; *spans[cr_queue_noted()] in the order of the commands, the queue's own until the next call of it. */
clreid_status cr_queue_spans(cr_queue *queue, const cr_span **spans, clreid_error *error);

#endif
