/*
 * networks.c - the table of networks, and their options as text.
 */
#include "networks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A row a line. */
/* clang-format off */
static const cr_network networks[] = {
    {"rga-none", cr_build_rga, "", cr_rga_keys},
    {"rga-s", cr_build_rga, "S", cr_rga_keys},
    {"rga-c", cr_build_rga, "C", cr_rga_keys},
    {"rga-sc", cr_build_rga, "SC", cr_rga_keys},
    {"rga-cs", cr_build_rga, "CS", cr_rga_keys},
    {"rga-parallel", cr_build_rga, "S//C", cr_rga_keys},
    {"fnc", cr_build_fnc, "", cr_fnc_keys},
    {"fnc-shared", cr_build_fnc, "shared", cr_fnc_keys},
    {"fnc-add", cr_build_fnc, "add", cr_fnc_keys},
    {"fnc-spatial", cr_build_fnc, "spatial", cr_fnc_keys},
    {"fnc-channel", cr_build_fnc, "channel", cr_fnc_keys},
    {"fnc-baseline", cr_build_fnc, "baseline", cr_fnc_keys},
    {"han-small", cr_build_han, "small", cr_han_keys},
    {"han-medium", cr_build_han, "medium", cr_han_keys},
    {"han-large", cr_build_han, "large", cr_han_keys},
};
/* clang-format on */
enum { NETWORKS = sizeof networks / sizeof networks[0] };

const cr_network *cr_network_at(size_t index)
{
  return index < NETWORKS ? &networks[index] : NULL;
}

const cr_network *cr_network_find(const char *name, clreid_error *error)
{
  char known[512] = "";
  size_t used = 0;
  for (size_t i = 0; i < NETWORKS; i++) {
    if (!strcmp(networks[i].name, name)) return &networks[i];
    used += (size_t)snprintf(known + used, used < sizeof known ? sizeof known - used : 0, "%s%s", i ? ", " : "",
                             networks[i].name);
    if (used >= sizeof known) used = sizeof known - 1;
  }
  cr_fail(error, CLREID_INVALID_NETWORK, "there is no network '%.64s'; known are %s", name, known);
  return NULL;
}

int cr_option_int(const cr_options *options, cr_graph *graph, const char *key, int fallback, int least, int most)
{
  const char *text = options && options->get ? options->get(options->user, key) : NULL;
  if (!text) return fallback;
  char *end;
  const long value = strtol(text, &end, 10);
  if (*text < '0' || *text > '9' || *end || value < least || value > most) {
    cr_graph_fail(graph, CLREID_INVALID_NETWORK, "option %s is '%.32s', but must be a whole number from %d to %d", key,
                  text, least, most);
    return fallback;
  }
  return (int)value;
}

bool cr_network_takes(const cr_network *network, const char *key)
{
  for (const char *const *k = network->keys; *k; k++)
    if (!strcmp(*k, key)) return true;
  return false;
}

/* Features are vectors, both of one length. */
static void check_features(cr_graph *graph)
{
  int count;
  const cr_graph_node *nodes = cr_graph_nodes(graph, &count);
  const cr_node pooled = cr_graph_output_node(graph, CR_OUTPUT_POOLED),
                neck = cr_graph_output_node(graph, CR_OUTPUT_NECK);
  if (pooled < 0 || neck < 0 || nodes[pooled].height * nodes[pooled].width != 1 ||
      nodes[neck].height * nodes[neck].width != 1 || nodes[pooled].channels != nodes[neck].channels)
    cr_graph_fail(graph, CLREID_INVALID_NETWORK, "a network's two outputs must be vectors of one length");
}

clreid_status cr_network_build(const cr_network *network, const cr_options *options, cr_graph **result,
                               clreid_error *error)
{
  cr_graph *graph = cr_graph_create();
  if (!graph) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a graph");
  network->build(graph, network->variant, options);
  check_features(graph);
  const clreid_status status = cr_graph_status(graph, error);
  if (status != CLREID_OK) {
    cr_graph_destroy(graph);
    return status;
  }
  *result = graph;
  return CLREID_OK;
}
