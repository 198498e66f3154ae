/*
 * oracle.h - what an operator should give: every element in double precision, and how far from it a sum in float may
 * lie.
 *
 * The definitions of ops.h written as plainly as can be, one element at a time, from the very numbers that the device
 * reads. The bounds come from the number of roundings on the way of each summand (Higham, Accuracy and Stability of
 * Numerical Algorithms, chapter 3) and from the accuracies that OpenCL 1.2 promises of its functions (7.4), no margin
 * added.
 */
#ifndef CR_ORACLE_H
#define CR_ORACLE_H

#include "trial.h"

typedef struct cr_expected {
  double value;
  double bound; /* |float result - value| is at most this; 0: the result must be exact */
} cr_expected;

cr_expected cr_oracle_expect(const cr_trial *trial, int picture, size_t row, size_t column);

/* Is the element as it is read from the device possible? Of a half: is it the rounding of a float within the bound? */
bool cr_oracle_allows(const cr_trial *trial, const cr_expected *expected, double result);

/* Compares pictures first .. first + count - 1 of the trial's last run. *checks grows by the elements compared. */
clreid_status cr_oracle_check(cr_trial *trial, int first, int count, int *checks, clreid_error *error);

#endif
