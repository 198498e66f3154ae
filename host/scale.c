/*
 * scale.c - batch norm and activations that stand alone: launch. The arithmetic stands in cl/scale.cl.
 */
#include "rows.h"

enum { SCALE_WEIGHTS = 32 }; /* as in cl/scale.cl */

static clreid_status prepare(cr_step *step, clreid_error *error)
{
  const cr_op *op = &step->op;
  const cr_buffer *any = op->view[CR_INPUT].buffer;
  CR_TRY(cr_rows_kernel(step, "scale.cl", "scale", error));
  cr_args args = {step->kernel, 0, CL_SUCCESS};
  cr_arg_view(&args, &op->view[CR_INPUT], NULL);
  cr_arg_buffer(&args, op->weights, any);
  cr_arg_buffer(&args, op->bias, any);
  cr_arg_view(&args, &op->view[CR_RESIDUAL], any);
  cr_arg_view(&args, &op->view[CR_OUTPUT], NULL);
  cr_arg_int(&args, op->scale.rows);
  cr_arg_int(&args, cr_padded(op->scale.columns));
  cr_arg_int(&args, cr_epilogue_flags(op) | (op->weights ? SCALE_WEIGHTS : 0) |
                        (op->bias && op->scale.bias_by_row ? CR_EPILOGUE_BIAS_BY_ROW : 0));
  return cr_args_done(&args, error);
}

static clreid_status bind(cr_step *step, int batch, clreid_error *error)
{
  (void)error;
  cr_rows_space(step, step->op.scale.columns, step->op.scale.rows, batch);
  return CLREID_OK;
}

const cr_operator cr_operator_scale = {
    .prepare = prepare, .bind = bind, .floats = CR_OF_INPUT | CR_OF_RESIDUAL | CR_OF_OUTPUT};
