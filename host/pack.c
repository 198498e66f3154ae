/*
 * pack.c - matrices into panels: launch. The arithmetic stands in cl/pack.cl.
 */
#include "rows.h"

static clreid_status prepare(cr_step *step, clreid_error *error)
{
  const cr_op *op = &step->op;
  const cr_view *output = &op->view[CR_OUTPUT];
  CR_TRY(cr_rows_kernel(step, "pack.cl", op->pack.transposed ? "pack_transposed" : "pack", error));
  cr_args args = {step->kernel, 0, CL_SUCCESS};
  cr_arg_view(&args, &op->view[CR_INPUT], NULL);
  cr_arg_buffer(&args, output->buffer, NULL);
  cr_arg_ulong(&args, output->offset);
  cr_arg_ulong(&args, output->picture);
  cr_arg_int(&args, op->pack.rows);
  cr_arg_int(&args, op->pack.transposed ? (size_t)op->pack.columns : cr_padded(op->pack.columns));
  return cr_args_done(&args, error);
}

static clreid_status bind(cr_step *step, int batch, clreid_error *error)
{
  (void)error;
  const cr_pack *pack = &step->op.pack;
  if (pack->transposed)
    cr_step_space(step, pack->columns, cr_padded(pack->rows) / cr_rows_vector(step), batch);
  else
    cr_rows_space(step, pack->columns, pack->rows, batch);
  return CLREID_OK;
}

const cr_operator cr_operator_pack = {.prepare = prepare, .bind = bind};
