/*
 * pool.c - pooling: launch. The arithmetic stands in cl/pool.cl.
 */
#include "rows.h"

static clreid_status prepare_global(cr_step *step, clreid_error *error)
{
  const cr_pool *p = &step->op.pool;
  const cr_view *output = &step->op.view[CR_OUTPUT], *mask = &step->op.view[CR_SECOND];
  CR_TRY(cr_rows_kernel(step, "pool.cl", "pool_global", error));
  cr_args args = {step->kernel, 0, CL_SUCCESS};
  cr_arg_view(&args, &step->op.view[CR_INPUT], NULL);
  cr_arg_buffer(&args, output->buffer, NULL);
  cr_arg_ulong(&args, output->offset);
  cr_arg_ulong(&args, output->picture);
  cr_arg_view(&args, mask, step->op.view[CR_INPUT].buffer);
  cr_arg_int(&args, (size_t)p->height * p->width);
  cr_arg_int(&args, cr_padded(p->channels));
  cr_arg_int(&args, mask->buffer != NULL);
  return cr_args_done(&args, error);
}

static clreid_status prepare(cr_step *step, clreid_error *error)
{
  const cr_pool *p = &step->op.pool;
  if (p->global) return prepare_global(step, error);
  CR_TRY(cr_rows_kernel(step, "pool.cl", "pool", error));
  cr_args args = {step->kernel, 0, CL_SUCCESS};
  cr_arg_view(&args, &step->op.view[CR_INPUT], NULL);
  cr_arg_view(&args, &step->op.view[CR_OUTPUT], NULL);
  cr_arg_int(&args, p->height);
  cr_arg_int(&args, p->width);
  cr_arg_int(&args, cr_padded(p->channels));
  cr_arg_int(&args, p->out_width);
  cr_arg_int(&args, (size_t)p->out_height * p->out_width);
  cr_arg_int(&args, p->kernel_height);
  cr_arg_int(&args, p->kernel_width);
  cr_arg_int(&args, p->stride_height);
  cr_arg_int(&args, p->stride_width);
  cr_arg_int(&args, p->padding_height);
  cr_arg_int(&args, p->padding_width);
  cr_arg_int(&args, p->maximum);
  return cr_args_done(&args, error);
}

static clreid_status bind(cr_step *step, int batch, clreid_error *error)
{
  (void)error;
  const cr_pool *p = &step->op.pool;
  if (p->global)
    cr_rows_space_columns(step, p->channels, batch);
  else
    cr_rows_space(step, p->channels, (size_t)p->out_height * p->out_width, batch);
  return CLREID_OK;
}

const cr_operator cr_operator_pool = {
    .prepare = prepare, .bind = bind, .floats = CR_OF_INPUT | CR_OF_SECOND | CR_OF_OUTPUT};
