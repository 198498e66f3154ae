/*
 * vectors.h - the little arithmetic that features need: sums in double precision, always in the same order.
 */
#ifndef VECTORS_H
#define VECTORS_H

#include <stddef.h>

/* To length 1; zeros stay. */
void vector_scale_to_unit(float *values, size_t count);
/* 1 - cosine of two vectors of length 1: 0, the same, to 2. */
double vector_distance(const float *a, const float *b, size_t count);

#endif
