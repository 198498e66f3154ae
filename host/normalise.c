/*
 * normalise.c - vectors to unit length, part by part: launch. The arithmetic stands in cl/normalise.cl.
 */
#include <stdio.h>

#include "launch.h"

static clreid_status prepare(cr_step *step, clreid_error *error)
{
  const cr_op *op = &step->op;
  const cr_view *input = &op->view[CR_INPUT], *output = &op->view[CR_OUTPUT];
  const char *kernel = op->plain ? "normalise_plain" : "normalise";
  CR_TRY(cr_step_kernel(step, "normalise.cl", "", kernel, error));
  snprintf(step->variant, sizeof step->variant, "%s", kernel);
  cr_args args = {step->kernel, 0, CL_SUCCESS};
  cr_arg_buffer(&args, input->buffer, NULL);
  cr_arg_ulong(&args, input->offset);
  cr_arg_ulong(&args, input->picture);
  cr_arg_buffer(&args, output->buffer, NULL);
  cr_arg_ulong(&args, output->offset);
  cr_arg_ulong(&args, output->picture);
  cr_arg_int(&args, op->normalise.columns / op->normalise.parts);
  cr_arg_int(&args, op->normalise.parts);
  return cr_args_done(&args, error);
}

static clreid_status bind(cr_step *step, int batch, clreid_error *error)
{
  (void)error;
  cr_step_space(step, step->op.plain ? step->op.normalise.columns : step->op.normalise.parts, batch, 1);
  return CLREID_OK;
}

const cr_operator cr_operator_normalise = {.prepare = prepare, .bind = bind, .floats = CR_OF_INPUT | CR_OF_OUTPUT};
