/*
 * networks.h - the table of networks. A new network is a file net_NAME.c and rows in networks.c.
 */
#ifndef CR_NETWORKS_H
#define CR_NETWORKS_H

#include "graph.h"

/* The options of a network, as text: from a weight file's metadata or the command line. get returns NULL for a key
 * that was not given. */
typedef struct cr_options {
  const char *(*get)(const void *user, const char *key);
  const void *user;
} cr_options;

/* A whole number in [least, most], or fallback if the key is absent; breaks the graph otherwise. */
int cr_option_int(const cr_options *options, cr_graph *graph, const char *key, int fallback, int least, int most);

typedef struct cr_network {
  const char *name;
  /* Builds the whole graph: input, nodes, outputs. variant is the row's own. */
  void (*build)(cr_graph *graph, const char *variant, const cr_options *options);
  const char *variant;
  const char *const *keys; /* option keys it takes, ends with NULL */
} cr_network;

const cr_network *cr_network_at(size_t index);                            /* NULL past the end */
const cr_network *cr_network_find(const char *name, clreid_error *error); /* NULL and an error: unknown */

/* Is key one of its options? */
bool cr_network_takes(const cr_network *network, const char *key);

/* The graph of a network with options; *graph is the caller's. */
clreid_status cr_network_build(const cr_network *network, const cr_options *options, cr_graph **graph,
                               clreid_error *error);

void cr_build_han(cr_graph *graph, const char *variant, const cr_options *options);
extern const char *const cr_han_keys[];

void cr_build_rga(cr_graph *graph, const char *variant, const cr_options *options);
extern const char *const cr_rga_keys[];
void cr_build_fnc(cr_graph *graph, const char *variant, const cr_options *options);
extern const char *const cr_fnc_keys[];

#endif
