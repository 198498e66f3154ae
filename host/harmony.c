/*
 * harmony.c - harmonious attention's small vectors: launch. The arithmetic stands in cl/harmony.cl.
 */
#include <stdio.h>

#include "rows.h"

enum { PARTS = 8 }; /* as in cl/harmony.cl */

/* Floats of the work-group's scratch memory. */
static size_t scratch(const cr_harmony *h)
{
  const size_t small = (size_t)((h->height + 1) / 2) * ((h->width + 1) / 2);
  return cr_padded((size_t)h->height * h->width) + (2 + PARTS) * cr_padded(h->channels) + cr_padded(h->reduced) +
         cr_padded(small);
}

static clreid_status set_arguments(cr_step *step, clreid_error *error)
{
  const cr_op *op = &step->op;
  const cr_harmony *h = &op->harmony;
  const cr_view *output = &op->view[CR_OUTPUT];
  cr_args args = {step->kernel, 0, CL_SUCCESS};
  cr_arg_view(&args, &op->view[CR_INPUT], NULL);
  cr_arg_buffer(&args, op->weights, NULL);
  cr_arg_buffer(&args, output->buffer, NULL);
  cr_arg_ulong(&args, output->offset);
  cr_arg_ulong(&args, output->picture);
  cr_arg_int(&args, h->height);
  cr_arg_int(&args, h->width);
  cr_arg_int(&args, h->channels);
  cr_arg_int(&args, h->reduced);
  cr_arg_int(&args, h->centres);
  cr_arg_local(&args, scratch(h) * sizeof(float));
  return cr_args_done(&args, error);
}

static clreid_status prepare(cr_step *step, clreid_error *error)
{
  enum { MOST_ITEMS = 256 };
  const cr_facts *facts = &step->queue->device->facts;
  const size_t bytes = scratch(&step->op.harmony) * sizeof(float);
  if (facts->local_memory_bytes && bytes > facts->local_memory_bytes)
    return cr_fail(error, CLREID_UNSUPPORTED_DEVICE,
                   "%s needs %zu bytes of local memory, but the device has %llu; use another "
                   "device",
                   step->op.name, bytes, (unsigned long long)facts->local_memory_bytes);
  CR_TRY(cr_rows_kernel(step, "harmony.cl", "harmony", error));
  if (!cr_facts_walk(facts) || step->op.plain)
    while (step->local[0] < MOST_ITEMS && step->local[0] * 2 <= facts->largest_work_group) step->local[0] *= 2;
  return set_arguments(step, error);
}

static clreid_status bind(cr_step *step, int batch, clreid_error *error)
{
  (void)error;
  cr_step_space(step, 1, batch, 1);
  return CLREID_OK;
}

const cr_operator cr_operator_harmony = {.prepare = prepare, .bind = bind, .floats = CR_OF_OUTPUT};
