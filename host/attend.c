/*
 * attend.c - harmonious attention's mask on a map: launch. The arithmetic stands in cl/attend.cl.
 */
#include "rows.h"

/* Rows of a work-item that walks them. */
static int lines(const cr_step *step)
{
  enum { LINES = 32 };
  return cr_rows_walk(step) ? LINES : 1;
}

static clreid_status prepare(cr_step *step, clreid_error *error)
{
  const cr_op *op = &step->op;
  const cr_view *vectors = &op->view[CR_SECOND], *input = &op->view[CR_INPUT];
  CR_TRY(cr_rows_kernel(step, "attend.cl", "attend", error));
  cr_args args = {step->kernel, 0, CL_SUCCESS};
  cr_arg_view(&args, input, vectors->buffer);
  cr_arg_buffer(&args, vectors->buffer, NULL);
  cr_arg_ulong(&args, vectors->offset);
  cr_arg_ulong(&args, vectors->picture);
  cr_arg_ulong(&args, op->attend.map);
  cr_arg_buffer(&args, op->bias, NULL);
  cr_arg_view(&args, &op->view[CR_OUTPUT], NULL);
  cr_arg_int(&args, op->attend.rows);
  cr_arg_int(&args, cr_padded(op->attend.columns));
  cr_arg_int(&args, lines(step));
  cr_arg_int(&args, input->buffer == NULL);
  return cr_args_done(&args, error);
}

static clreid_status bind(cr_step *step, int batch, clreid_error *error)
{
  (void)error;
  const size_t each = lines(step);
  cr_rows_space(step, step->op.attend.columns, (step->op.attend.rows + each - 1) / each, batch);
  return CLREID_OK;
}

const cr_operator cr_operator_attend = {.prepare = prepare, .bind = bind, .floats = CR_OF_SECOND};
