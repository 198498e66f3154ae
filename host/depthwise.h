/*
 * depthwise.h - which convolutions have a channel a group and a kernel of their own (cl/depthwise.cl), and their
 * weights.
 */
#ifndef CR_DEPTHWISE_H
#define CR_DEPTHWISE_H

#include "launch.h"

/* Is op a depthwise convolution that cl/depthwise.cl takes: 3x3, stride 1 or 2, no dilation, nothing added? */
bool cr_depthwise_fits(const cr_op *op);
/* weights[channels][1][3][3] -> packed[tap][padded(channels)]; packed is all zero before. */
void cr_depthwise_pack(const cr_conv *conv, const float *weights, const float *scale, float *packed);

#endif
