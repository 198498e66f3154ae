/*
 * traffic.h - the shapes of an operator's operands, and the bytes that a step of a plan has to move.
 */
#ifndef CR_TRAFFIC_H
#define CR_TRAFFIC_H

#include "api.h"

typedef struct cr_shape {
  size_t rows, columns; /* both 0: no such operand */
} cr_shape;

/* What the operator reads or writes of a view, for one picture (of a step over streams: for one map). Of a window's
 * input, the rows that some window touches. */
cr_shape cr_op_shape(const cr_op *op, int view);

/* Bytes that the step reads and writes for a batch at the least: each operand once, weights once for all pictures.
 * What it reads is counted without padding, what it writes with it. */
uint64_t cr_traffic(const cr_plan *plan, int step, const cr_step_constants *constants, int batch);

#endif
