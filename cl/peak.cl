/*
 * peak.cl - what the device can do at most, for profiles to compare with: multiply-adds that wait for nothing, and a
 * copy of memory.
 *
 * Parameters: those of common.clh, and
 *   V       floats of a vector: 16, 8, 4 or 2
 *   CHAINS  sums of a work-item that do not depend on each other: enough of them fill the pipes, too many leave the
 *           registers
 *
 *   index space   peak_chains: work-items, as many as keep the device busy
 *                 peak_copy: runs of `run` vectors
 */
#include "common.clh"

#ifndef V
#define V 4
#endif
#ifndef CHAINS
#define CHAINS 4
#endif

#define VECTOR JOIN(float, V)

/* x = factor x + summand, `rounds` times for each chain; chain i of item g begins with i + 1 + g % 8. The sum of all
 * chains goes to output[item][V], so that none can be left out. */
__kernel void peak_chains(__global float *restrict output, const float factor, const float summand, const int rounds)
{
  const int item = get_global_id(0);
  VECTOR x[CHAINS];
#pragma unroll
  for (int i = 0; i < CHAINS; i++) x[i] = (VECTOR)((float)(i + 1 + item % 8));
  for (int round = 0; round < rounds; round++) {
#pragma unroll
    for (int i = 0; i < CHAINS; i++) x[i] = MULTIPLY_ADD((VECTOR)(factor), x[i], (VECTOR)(summand));
  }
  VECTOR sum = x[0];
#pragma unroll
  for (int i = 1; i < CHAINS; i++) sum += x[i];
  JOIN(vstore, V)(sum, item, output);
}

/* output[vectors][V] = input[vectors][V], a run of neighbouring vectors for each work-item. */
__kernel void peak_copy(__global const float *restrict input, __global float *restrict output, const ulong vectors,
                        const ulong run)
{
  const ulong first = (ulong)get_global_id(0) * run;
  const ulong end = first + run < vectors ? first + run : vectors;
  for (ulong i = first; i < end; i++) JOIN(vstore, V)(JOIN(vload, V)(i, input), i, output);
}
