/*
 * sums.h - sums over two features in double, always in one order: what decides which feature is nearer.
 */
#ifndef CR_SUMS_H
#define CR_SUMS_H

#include <stddef.h>

/* The sum of products: of a feature with itself, of its squares. */
double cr_sum_products(const float *a, const float *b, size_t length);
/* The sum of squared differences. */
double cr_sum_differences(const float *a, const float *b, size_t length);

#endif
