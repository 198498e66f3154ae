/*
 * limit.h - what one launch may be: how much work, how large a grid, how many pictures a kernel can count.
 *
 * Arithmetic alone. launch.c cuts index spaces by it, lib/ cuts batches.
 *
 * Work is counted in multiply-adds; an element that is read or written counts as CR_ELEMENT_WORK of them, which is what
 * a device of 100 GFLOP/s does while 25 GB/s of memory move it. At that speed CR_LAUNCH_WORK takes 100 ms: watch-dogs
 * of desktops and phones kill what runs for seconds, and long before that a screen stands still.
 */
#ifndef CR_LIMIT_H
#define CR_LIMIT_H

#include "device.h"

enum { CR_ELEMENT_WORK = 8 };
static const uint64_t CR_LAUNCH_WORK = 5000000000u;

typedef struct cr_limits {
  uint64_t work;    /* of a launch */
  size_t groups[3]; /* work-groups in each dimension */
  uint64_t items;   /* work-items in each dimension */
} cr_limits;

/* Those of a device: a CPU has none. Others count groups of the second and third dimension in 16 bits, items in 32. */
cr_limits cr_limits_of(const cr_device *device);

/* Multiply-adds of op for one map, at least: what it computes, reads and writes. */
uint64_t cr_op_work(const cr_op *op);

/* An index space cut into launches, each of at most piece[d] groups in dimension d. */
typedef struct cr_cut {
  size_t groups[3], piece[3];
  size_t launches;
} cr_cut;

/* Equal pieces, as few as can be; a single group is the smallest. work is that of the whole space. The first dimension
 * is cut by work only if rows: kernels that walk it would do the rest of it again. */
cr_cut cr_cut_space(const cr_limits *limits, const size_t global[3], const size_t local[3], bool rows, uint64_t work);

#endif
