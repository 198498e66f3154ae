/*
 * random.h - random weights from a counter-based integer hash: (seed, tensor name, element) -> number.
 *
 * The same numbers on every machine and in Python (tests/golden/random_weights.py), with no state and no order.
 */
#ifndef CR_RANDOM_H
#define CR_RANDOM_H

#include "graph.h"

/* Fills values[count] of the tensor by its role: kernels with variance 2 / fan-in, gamma in [0.6, 1.4], beta and bias
 * small, mean 0, variance spec->gain. The distribution is written in random.c. */
void cr_random_fill(uint64_t seed, const cr_weight_spec *spec, float *values, size_t count);

#endif
