/*
 * assignment.h - the assignment of rows to columns of least cost in all, each to one at most.
 *
 * The tracker gives boxes to tracks with it, the judge identities to the truth. O(rows^2 * columns), by shortest
 * augmenting paths with potentials (J. Munkres 1957; R. Jonker, A. Volgenant 1987).
 */
#ifndef ASSIGNMENT_H
#define ASSIGNMENT_H

#include <stdbool.h>
#include <stddef.h>

enum { ASSIGNMENT_NONE = -1 };

/* costs[rows][columns], finite. A pair that costs `limit` or more is not made: a row without a pair costs limit.
 * columns_of[rows], of the caller, receives the column of each row, or ASSIGNMENT_NONE. False: no memory. */
bool assignment_solve(const double *costs, size_t rows, size_t columns, double limit, long *columns_of);

#endif
