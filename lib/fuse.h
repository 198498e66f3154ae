/*
 * fuse.h - which nodes of a graph become one launch: a convolution takes the batch norm, gate, sum and activation that
 * follow it.
 *
 * Owns the rule, nothing else: plan.c makes operators of the units.
 */
#ifndef CR_FUSE_H
#define CR_FUSE_H

#include "../host/ops.h"
#include "graph.h"

/* A launch, or a composite that plan.c lowers: node's operator, then norm, gate, residual and activation. */
typedef struct cr_unit {
  cr_node
      node; /* conv, pool, mask, relation, attention or concat; or a batch norm, sum or activation that stands alone */
  cr_node norm;     /* batch norm folded in, or CR_BROKEN */
  cr_node gate;     /* one factor a channel, applied before the sum, or CR_BROKEN */
  cr_node residual; /* value added, or CR_BROKEN */
  cr_activation activation;
  cr_node result; /* the node whose value the unit gives */
} cr_unit;

/* Units of all that the outputs need, in the order of computation; *units is freed with free(). */
clreid_status cr_fuse(const cr_graph *graph, cr_unit **units, int *count, clreid_error *error);

#endif
