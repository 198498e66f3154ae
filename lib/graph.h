/*
 * graph.h - a network as a small graph of operators, and the weights that it names.
 *
 * A network's file builds one of these with readable lines. Nodes are numbered in the order of computation; every builder
 * returns the number of its node. An error is kept in the graph and passed on: builders given CR_BROKEN return CR_BROKEN,
 * so a network's lines need no checks and cr_graph_status tells at the end.
 * Owns nodes, names and weight specifications. Knows nothing of devices; fuse.c and plan.c turn it into launches.
 */
#ifndef CR_GRAPH_H
#define CR_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../host/report.h"

typedef int cr_node;
enum { CR_BROKEN = -1 };

/* What a tensor of weights is: how random weights draw it, and what is checked. */
typedef enum cr_role {
  CR_ROLE_KERNEL,   /* convolution weights [out][in / groups][kh][kw] */
  CR_ROLE_BIAS,     /* of a convolution */
  CR_ROLE_GAMMA,    /* batch norm weight */
  CR_ROLE_BETA,     /* batch norm bias */
  CR_ROLE_MEAN,     /* batch norm running_mean */
  CR_ROLE_VARIANCE, /* batch norm running_var: must not be negative */
} cr_role;

typedef struct cr_weight_spec {
  char name[96];
  int dims;
  int shape[4];
  cr_role role;
  float gain; /* random weights: factor on what the role draws (the damping of residual branches); for CR_ROLE_VARIANCE
                 the variance to expect with random weights. 1 unless the network says otherwise */
} cr_weight_spec;

typedef struct cr_graph cr_graph;

cr_graph *cr_graph_create(void); /* NULL: out of memory */
void cr_graph_destroy(cr_graph *graph);
clreid_status cr_graph_status(const cr_graph *graph, clreid_error *error);
/* Breaks the graph with a reason; returns CR_BROKEN. */
cr_node cr_graph_fail(cr_graph *graph, clreid_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

const cr_weight_spec *cr_graph_weights(const cr_graph *graph, size_t *count);

#endif
