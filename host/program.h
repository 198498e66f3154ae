/*
 * program.h - a kernel file with its parameters, built for a device, once.
 */
#ifndef CR_PROGRAM_H
#define CR_PROGRAM_H

#include "cache.h"
#include "device.h"

/* A kernel of cl/FILE.cl built with options ("-DTM=6 ..."); programs are built once a device and kept with it. The
 * kernel is the caller's own: release it with clReleaseKernel. *key: of the program. */
clreid_status cr_kernel_create(cr_device *device, const char *file, const char *options, const char *name,
                               cl_kernel *kernel, cr_cache_key *key, clreid_error *error);

void cr_programs_free(cr_device *device);

#endif
