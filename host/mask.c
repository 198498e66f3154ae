/*
 * mask.c - attention masks: launch. The arithmetic stands in cl/mask.cl.
 */
#include "rows.h"

enum { MASK_SPATIAL = 1, MASK_CHANNEL = 2 }; /* as in cl/mask.cl */

static clreid_status prepare(cr_step *step, clreid_error *error)
{
  const cr_op *op = &step->op;
  const cr_view *spatial = &op->view[CR_SECOND], *channel = &op->view[CR_RESIDUAL];
  const cr_buffer *any = op->view[CR_INPUT].buffer;
  CR_TRY(cr_rows_kernel(step, "mask.cl", "mask", error));
  cr_args args = {step->kernel, 0, CL_SUCCESS};
  cr_arg_view(&args, &op->view[CR_INPUT], NULL);
  cr_arg_view(&args, spatial, any);
  cr_arg_buffer(&args, channel->buffer, any);
  cr_arg_ulong(&args, channel->offset);
  cr_arg_ulong(&args, channel->picture);
  cr_arg_view(&args, &op->view[CR_OUTPUT], NULL);
  cr_arg_int(&args, op->mask.rows);
  cr_arg_int(&args, cr_padded(op->mask.columns));
  cr_arg_int(&args, (spatial->buffer ? MASK_SPATIAL : 0) | (channel->buffer ? MASK_CHANNEL : 0));
  return cr_args_done(&args, error);
}

static clreid_status bind(cr_step *step, int batch, clreid_error *error)
{
  (void)error;
  cr_rows_space(step, step->op.mask.columns, step->op.mask.rows, batch);
  return CLREID_OK;
}

const cr_operator cr_operator_mask = {
    .prepare = prepare, .bind = bind, .floats = CR_OF_INPUT | CR_OF_SECOND | CR_OF_RESIDUAL | CR_OF_OUTPUT};
