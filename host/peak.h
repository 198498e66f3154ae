/*
 * peak.h - the kernels that measure what a device can do, as their test sees them.
 */
#ifndef CR_PEAK_H
#define CR_PEAK_H

#include "launch.h"

/* A measuring kernel with its memory. */
typedef struct cr_peak {
  cr_step *step;
  int vector;        /* floats of one */
  int chains;        /* independent sums of a work-item; 0: a copy */
  size_t items;      /* work-items */
  cr_buffer *input;  /* copy: float[numbers] */
  cr_buffer *output; /* copy: float[numbers]; chains: float[items][vector] */
  size_t numbers;    /* of output */
} cr_peak;

clreid_status cr_peak_create_chains(cr_queue *queue, int chains, cr_peak **peak, clreid_error *error);
/* Copies data[numbers] (NULL: whatever there is); numbers is a multiple of 16. */
clreid_status cr_peak_create_copy(cr_queue *queue, size_t numbers, const float *data, cr_peak **peak,
                                  clreid_error *error);
void cr_peak_destroy(cr_peak *peak); /* NULL allowed */

/* One launch and its end: `rounds` multiply-adds for each number of each chain; a copy, whatever rounds says. *work (if
 * not NULL) receives the multiply-adds, or the bytes read and written. */
clreid_status cr_peak_run(cr_peak *peak, int rounds, double *work, clreid_error *error);

#endif
