/*
 * fuse.c - see fuse.h. A node is taken into the unit of its input if it is that value's only reader, and the value is
 * not an output.
 */
#include "fuse.h"

#include <stdlib.h>

typedef struct fusion {
  const cr_graph_node *nodes;
  int count;
  int *readers;    /* [count]: how many nodes read the value; an output counts as one more */
  cr_node *reader; /* [count]: the last node that reads it */
  bool *taken;     /* [count]: part of an earlier unit */
} fusion;

/* From the outputs back: what nobody reads reads nothing, so a node that only a map needs takes no part. */
static void count_readers(const cr_graph *graph, fusion *f)
{
  for (int o = 0; o < CR_OUTPUTS; o++) {
    const cr_node x = cr_graph_output_node(graph, (cr_output)o);
    if (x >= 0) f->readers[x]++;
  }
  for (int n = f->count - 1; n >= 0; n--)
    for (int i = 0; i < 3 && f->readers[n]; i++) {
      const cr_node x = f->nodes[n].input[i];
      if (x < 0) continue;
      if (!f->readers[x]++) f->reader[x] = n;
    }
}

/* The only reader of the unit's value, if it is of this kind. */
static cr_node only_reader(const fusion *f, const cr_unit *unit, cr_node_kind kind)
{
  const cr_node reader = f->reader[unit->result];
  return f->readers[unit->result] == 1 && f->nodes[reader].kind == kind ? reader : CR_BROKEN;
}

static void take(fusion *f, cr_unit *unit, cr_node node)
{
  f->taken[node] = true;
  unit->result = node;
}

static void take_norm(fusion *f, cr_unit *unit)
{
  const cr_node norm = only_reader(f, unit, CR_NODE_BATCH_NORM);
  if (norm < 0) return;
  unit->norm = norm;
  take(f, unit, norm);
}

/* A mask of channels alone, if it is there already when this unit is launched. */
static void take_gate(fusion *f, cr_unit *unit)
{
  const cr_node mask = only_reader(f, unit, CR_NODE_MASK);
  if (mask < 0) return;
  const cr_node *in = f->nodes[mask].input;
  if (in[0] != unit->result || in[1] >= 0 || in[2] >= unit->node) return;
  unit->gate = in[2];
  take(f, unit, mask);
}

/* Only if the other summand is there already when this unit is launched. */
static void take_residual(fusion *f, cr_unit *unit)
{
  const cr_node sum = only_reader(f, unit, CR_NODE_ADD);
  if (sum < 0) return;
  const cr_node *in = f->nodes[sum].input;
  const cr_node other = in[0] == unit->result ? in[1] : in[0];
  if (other >= unit->node) return;
  unit->residual = other;
  take(f, unit, sum);
}

static void take_activation(fusion *f, cr_unit *unit)
{
  const cr_node relu = only_reader(f, unit, CR_NODE_RELU), sigmoid = only_reader(f, unit, CR_NODE_SIGMOID);
  if (relu < 0 && sigmoid < 0) return;
  unit->activation = relu >= 0 ? CR_RELU : CR_SIGMOID;
  take(f, unit, relu >= 0 ? relu : sigmoid);
}

static cr_unit make_unit(fusion *f, cr_node n)
{
  cr_unit unit = {
      .node = n, .norm = CR_BROKEN, .gate = CR_BROKEN, .residual = CR_BROKEN, .activation = CR_LINEAR, .result = n};
  switch (f->nodes[n].kind) {
  case CR_NODE_CONV:
    take_norm(f, &unit);
    take_gate(f, &unit);
    take_residual(f, &unit);
    take_activation(f, &unit);
    break;
  case CR_NODE_BATCH_NORM:
    unit.norm = n;
    take_residual(f, &unit);
    take_activation(f, &unit);
    break;
  case CR_NODE_ADD:
    unit.residual = f->nodes[n].input[1];
    take_activation(f, &unit);
    break;
  case CR_NODE_RELATION:
    take_activation(f, &unit);
    break;
  case CR_NODE_RELU:
    unit.activation = CR_RELU;
    break;
  case CR_NODE_SIGMOID:
    unit.activation = CR_SIGMOID;
    break;
  case CR_NODE_INPUT:
  case CR_NODE_MASK:
  case CR_NODE_POOL:
  case CR_NODE_ATTENTION:
  case CR_NODE_CONCAT:
  case CR_NODE_SQUEEZE: /* contracted before */
  case CR_NODE_HARMONY:
  case CR_NODE_ATTEND:
  case CR_NODE_CROP:
  case CR_NODE_STREAMS_AS_CHANNELS:
  case CR_NODE_JOIN:
  case CR_NODE_NORMALISE:
    break;
  }
  return unit;
}

clreid_status cr_fuse(const cr_graph *graph, cr_unit **result, int *count, clreid_error *error)
{
  fusion f = {0};
  f.nodes = cr_graph_nodes(graph, &f.count);
  const size_t size = (size_t)f.count;
  f.readers = calloc(size, sizeof *f.readers);
  f.reader = calloc(size, sizeof *f.reader);
  f.taken = calloc(size, sizeof *f.taken);
  cr_unit *units = calloc(size, sizeof *units);
  clreid_status status = CLREID_OK;
  if (!f.readers || !f.reader || !f.taken || !units) {
    status = cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a graph of %d nodes", f.count);
    free(units);
  } else {
    count_readers(graph, &f);
    *count = 0;
    for (int n = 0; n < f.count; n++)
      if (f.readers[n] && !f.taken[n] && f.nodes[n].kind != CR_NODE_INPUT) units[(*count)++] = make_unit(&f, n);
    *result = units;
  }
  free(f.readers);
  free(f.reader);
  free(f.taken);
  return status;
}
