/*
 * grouped.h - which convolutions in groups have a kernel of their own (cl/grouped.cl), and their weights.
 */
#ifndef CR_GROUPED_H
#define CR_GROUPED_H

#include "launch.h"

/* Is op a convolution that cl/grouped.cl takes on this device: a CPU; 3x3, stride 1 or 2, no dilation, groups of 4, 8
 * or 16 channels in and out that fill whole panels, nothing added? */
bool cr_grouped_fits(const cr_device *device, const cr_op *op);
/* weights[channels][GROUP][3][3] times scale -> packed[panel][tap][GROUP][CR_PANEL], 9 * GROUP * channels numbers. */
void cr_grouped_pack(const cr_conv *conv, const float *weights, const float *scale, float *packed);

#endif
