/*
 * filter.h - which products of Winograd's planes transform their filters on the way (cl/filter.cl), and their weights.
 */
#ifndef CR_FILTER_H
#define CR_FILTER_H

#include "launch.h"

/* Is op a product of planes on a CPU whose weights, transformed, would be at least device->filter_bytes? */
bool cr_filter_fits(const cr_device *device, const cr_op *op);
/* weights[out_channels][channels][3][3] -> a buffer [panel][channels][9][CR_PANEL]. */
clreid_status cr_filter_pack(cr_device *device, const cr_op *op, const float *weights, cr_buffer **packed,
                             clreid_error *error);

#endif
