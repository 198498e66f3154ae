/*
 * device.h - an open device, as the files of host/ see it.
 */
#ifndef CR_DEVICE_H
#define CR_DEVICE_H

#include "opencl.h"
#include "ops.h"
#include "system.h"

typedef struct cr_program cr_program;
typedef struct cr_tuned cr_tuned;
typedef struct cr_proof cr_proof;

struct cr_device {
  cr_facts facts;
  cl_device_id id;
  cl_context context;
  cr_log log;
  char *cache_folder;   /* NULL: no cache */
  char *kernel_folder;  /* NULL: built-in kernels */
  cr_mutex *mutex;      /* guards what says so here, for a moment */
  cr_mutex *building;   /* guards programs and first launches, for as long as a compiler takes; the log may be called
                           under it */
  int references;       /* guarded by mutex */
  struct cr_slab *slab; /* that constants are put into next (slab.h); guarded by mutex */
  bool is_adopted;      /* context and id are an application's, retained */
  bool uses_clblast;    /* guarded by mutex */
  cr_program *programs; /* built ones, newest first */
  char *tuning_folder;  /* NULL: rows are kept for the device's life alone */
  cr_tuned *tuned;      /* rows that say which tile a shape is given, the first that fits; guarded by mutex */
  size_t tuned_count;
  cr_proof *proofs; /* of known answers (proof.h); guarded by mutex */
  size_t proof_count;
  bool proofs_loaded;
  uint64_t forced_launch_work; /* of a launch, for tests, see limit.h; 0: by facts */
  int half_wide;               /* HALF_WIDE of cl/half.clh; by facts, tests try the others */
};

#endif
