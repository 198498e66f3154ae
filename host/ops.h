/*
 * ops.h - all that lib/ sees of host/, an include a family: devices, buffers, queues, operators ready to be launched.
 *
 * An operator is described by a cr_op: plain numbers, no OpenCL type. cr_step_create turns it into launches for batches
 * up to a largest one; cr_step_run enqueues them. Nothing here knows what a network is.
 *
 * Layout. Activations are NHWC: a matrix of positions (rows) by channels (columns). Every row starts at a multiple of
 * CR_PANEL elements from the tensor's start and its length is padded to one (the picture, with its three channels, is
 * the exception, see cr_resize). A kernel may read and write the padding of a row; what is in it is zero wherever a
 * product over columns follows, because padded weights and biases are zero.
 * Elements are float, or half where the storage is half; sums are float always.
 */
#ifndef CR_OPS_H
#define CR_OPS_H

#include "ops_adopt.h"
#include "ops_device.h"
#include "ops_kinds.h"
#include "ops_resize.h"
#include "ops_search.h"
#include "ops_step.h"
#include "ops_tune.h"

/* Every operator and variant that the device may be given, against double precision. */
clreid_status cr_selftest(cr_device *device, int *checks, clreid_error *error);

#endif
