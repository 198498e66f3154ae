/*
 * softmax.c - softmax of rows: launch. The arithmetic stands in cl/softmax.cl.
 */
#include "rows.h"

static clreid_status prepare(cr_step *step, clreid_error *error)
{
  const cr_op *op = &step->op;
  CR_TRY(cr_rows_kernel(step, "softmax.cl", "softmax", error));
  cr_args args = {step->kernel, 0, CL_SUCCESS};
  cr_arg_view(&args, &op->view[CR_INPUT], NULL);
  cr_arg_view(&args, &op->view[CR_OUTPUT], NULL);
  cr_arg_int(&args, op->softmax.rows);
  cr_arg_int(&args, op->softmax.columns);
  return cr_args_done(&args, error);
}

static clreid_status bind(cr_step *step, int batch, clreid_error *error)
{
  (void)error;
  cr_rows_space_items(step, step->op.softmax.rows, batch);
  return CLREID_OK;
}

const cr_operator cr_operator_softmax = {.prepare = prepare, .bind = bind, .floats = CR_OF_INPUT | CR_OF_OUTPUT};
