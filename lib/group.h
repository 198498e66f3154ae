/*
 * group.h - how a batch is shared out, as numbers: for group.c and its test.
 */
#ifndef CR_GROUP_H
#define CR_GROUP_H

#include <stddef.h>

/* shares[count] of `all` in proportion to speeds[count], which are 0 for who gets none: whole numbers, their sum is
 * all, each less than one away from its exact part. At least one speed is positive. */
void cr_group_share(const double *speeds, int count, size_t all, size_t *shares);

#endif
