/*
 * deliver.cl - features to where an application wants them: dense rows of floats, each looked at for numbers that are
 * not finite.
 *
 * Parameters: those of common.clh and rows.clh; the input is INPUT.
 *
 *   index space   a group a picture; the group's work-items share the row
 *   output        [picture][columns], not padded, from any float on
 *   report        the least number of a picture whose row has a number that is not finite; such a row becomes NaN
 */
#include "common.clh"
#include "rows.clh"

/* All bits of the exponent are set in infinities and NaNs, and in nothing else. */
#define EXPONENT 0x7f800000

static int deliver_is_bad(const VECTOR x)
{
  const JOIN(int, V) exponent = JOIN(as_int, V)(x) & EXPONENT;
  return any(exponent == (JOIN(int, V))(EXPONENT));
}

/* What is in the padding of a row does not count. */
static VECTOR deliver_load(__global const INPUT *from, const int c, const int columns)
{
  float values[V];
  if (c + V <= columns) return LOAD_INPUT(from + c);
  for (int i = 0; i < V; i++) values[i] = c + i < columns ? JOIN(LOAD1_, INPUT)(from + c + i) : 0.0f;
  return JOIN(vload, V)(0, values);
}

static void deliver_store(__global float *to, const VECTOR x, const int c, const int columns)
{
  float values[V];
  if (c + V <= columns) {
    JOIN(vstore, V)(x, 0, to + c);
    return;
  }
  JOIN(vstore, V)(x, 0, values);
  for (int i = 0; c + i < columns; i++) to[c + i] = values[i];
}

__kernel void deliver(__global const INPUT *restrict input, const ulong input_offset, const ulong input_picture,
                      const int columns, __global float *restrict output, const ulong output_offset,
                      __global int *restrict report, const int first)
{
  __local int bad;
  const int item = get_local_id(0), items = get_local_size(0);
  const ulong picture = get_group_id(1);
  __global const INPUT *from = input + input_offset + picture * input_picture;
  __global float *to = output + output_offset + picture * columns;
  if (item == 0) bad = 0;
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int c = item * V; c < columns; c += items * V)
    if (deliver_is_bad(deliver_load(from, c, columns))) bad = 1; /* whoever writes writes the same */
  barrier(CLK_LOCAL_MEM_FENCE);
  const int whole_row_is_bad = bad;
  for (int c = item * V; c < columns; c += items * V)
    deliver_store(to, whole_row_is_bad ? (VECTOR)(NAN) : deliver_load(from, c, columns), c, columns);
  if (item == 0 && whole_row_is_bad) atomic_min(report, first + (int)picture);
}
