/*
 * crop.c - maps cropped at computed places: launch. The arithmetic stands in cl/crop.cl.
 */
#include "rows.h"

/* Pixels of a work-item: a line where it walks, else one. */
static int pixels(const cr_step *step)
{
  return cr_rows_walk(step) ? step->op.crop.out_width : 1;
}

static clreid_status prepare(cr_step *step, clreid_error *error)
{
  const cr_op *op = &step->op;
  const cr_crop *crop = &op->crop;
  const cr_view *centres = &op->view[CR_SECOND], *residual = &op->view[CR_RESIDUAL];
  CR_TRY(cr_rows_kernel(step, "crop.cl", "crop", error));
  cr_args args = {step->kernel, 0, CL_SUCCESS};
  cr_arg_view(&args, &op->view[CR_INPUT], NULL);
  cr_arg_buffer(&args, centres->buffer, NULL);
  cr_arg_ulong(&args, centres->offset);
  cr_arg_ulong(&args, centres->picture);
  cr_arg_view(&args, residual, op->view[CR_INPUT].buffer);
  cr_arg_view(&args, &op->view[CR_OUTPUT], NULL);
  cr_arg_int(&args, crop->height);
  cr_arg_int(&args, crop->width);
  cr_arg_int(&args, cr_padded(crop->channels));
  cr_arg_int(&args, crop->out_height);
  cr_arg_int(&args, crop->out_width);
  cr_arg_int(&args, crop->streams);
  cr_arg_int(&args, pixels(step));
  cr_arg_int(&args, residual->buffer != NULL);
  return cr_args_done(&args, error);
}

static clreid_status bind(cr_step *step, int batch, clreid_error *error)
{
  (void)error;
  const cr_crop *c = &step->op.crop;
  cr_rows_space(step, c->channels, (size_t)c->streams * c->out_height * c->out_width / pixels(step), batch);
  return CLREID_OK;
}

const cr_operator cr_operator_crop = {.prepare = prepare, .bind = bind, .floats = CR_OF_SECOND};
