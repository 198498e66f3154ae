/*
 * contract.h - exact contractions of a graph: means move before what is linear.
 *
 * Owns the rewriting of a graph into one that computes the same values in real arithmetic with less work. It knows
 * nodes, no operators; fuse.c and plan.c go on from its result.
 */
#ifndef CR_CONTRACT_H
#define CR_CONTRACT_H

#include "graph.h"

/* The network as it is computed: its nodes name the weights of graph, which keeps the list of them. Squeeze nodes are
 * gone: a gate of one value a channel and a mask stand in their place. Maps that graph marks are marked in it too, if
 * they are wanted, and what only they need is behind all else. *contracted is the caller's. */
clreid_status cr_contract(const cr_graph *graph, bool maps, cr_graph **contracted, clreid_error *error);

#endif
