/*
 * attention.c - attention of positions to positions in one launch: choice of the tile, local memory, launch. The
 * arithmetic stands in cl/attention.cl.
 */
#include <stdio.h>

#include "tile.h"

/* The plain twin is the same text with the smallest tile. */
static const cr_tile plain_tile = {.rows = 1, .vectors = 1, .vector = 2, .local_rows = 1, .local_columns = 1};

static size_t local_bytes(const cr_tile *tile, int positions)
{
  return tile->rows * (cr_padded(positions) + 1) * sizeof(float); /* weights, and one number a row */
}

static cr_tile tile_for(const cr_device *device, int positions)
{
  const cr_tiled_shape shape = {.kernel = CR_TILED_ATTENTION, .rows = positions, .columns = positions};
  return cr_tile_choose(device, &shape);
}

int cr_attention_most(const cr_device *device)
{
  enum { MANY = 1 << 14 };
  int most = 0; /* the tile depends on the size: try sizes, not a formula */
  for (int positions = CR_PANEL; positions <= MANY; positions += CR_PANEL) {
    const cr_tile tile = tile_for(device, positions);
    if (local_bytes(&tile, positions) <= device->facts.local_memory_bytes) most = positions;
  }
  return most;
}

static clreid_status set_arguments(cr_step *step, clreid_error *error)
{
  const cr_op *op = &step->op;
  const cr_attention *a = &op->attention;
  const cr_view *g = &op->view[CR_INPUT], *h = &op->view[CR_SECOND], *p = &op->view[CR_RESIDUAL];
  const cr_view *output = &op->view[CR_OUTPUT];
  cr_args args = {step->kernel, 0, CL_SUCCESS};
  cr_arg_buffer(&args, g->buffer, NULL);
  cr_arg_ulong(&args, g->offset);
  cr_arg_ulong(&args, g->picture);
  cr_arg_int(&args, g->row);
  cr_arg_buffer(&args, h->buffer, NULL);
  cr_arg_ulong(&args, h->offset);
  cr_arg_ulong(&args, h->picture);
  cr_arg_buffer(&args, p->buffer, NULL);
  cr_arg_ulong(&args, p->offset);
  cr_arg_ulong(&args, p->picture);
  cr_arg_int(&args, p->row);
  cr_arg_buffer(&args, output->buffer, NULL);
  cr_arg_ulong(&args, output->offset);
  cr_arg_ulong(&args, output->picture);
  cr_arg_int(&args, output->row);
  cr_arg_int(&args, a->positions);
  cr_arg_int(&args, a->inner);
  cr_arg_local(&args, step->tile.rows * cr_padded(a->positions) * sizeof(float));
  cr_arg_local(&args, step->tile.rows * sizeof(float));
  return cr_args_done(&args, error);
}

static clreid_status prepare(cr_step *step, clreid_error *error)
{
  char options[128];
  const cr_facts *facts = &step->queue->device->facts;
  const int positions = step->op.attention.positions;
  cr_step_tile(step);
  if (step->op.plain) step->tile = plain_tile;
  if (local_bytes(&step->tile, positions) > facts->local_memory_bytes)
    return cr_fail(
        error, CLREID_UNSUPPORTED_DEVICE,
        "%s needs %zu bytes of local memory for %d positions, the device has %llu; plan it in its plain form",
        step->op.name, local_bytes(&step->tile, positions), positions, (unsigned long long)facts->local_memory_bytes);
  cr_tile_options(step, 0, options, sizeof options);
  CR_TRY(cr_step_kernel(step, "attention.cl", options, "attention", error));
  cr_tile_name(step, "attention");
  return set_arguments(step, error);
}

static clreid_status bind(cr_step *step, int batch, clreid_error *error)
{
  (void)error;
  const cr_tile *tile = &step->tile;
  const size_t lanes = tile->local_rows * tile->local_columns;
  step->local[0] = lanes;
  cr_step_space(step, lanes, (step->op.attention.positions + tile->rows - 1) / tile->rows, batch);
  return CLREID_OK;
}

const cr_operator cr_operator_attention = {.prepare = prepare, .bind = bind};
