/*
 * gemm.c - batched matrix product, one a picture: choice of the tile or of CLBlast, launch. The arithmetic stands in
 * cl/gemm.cl.
 */
#include "tile.h"
#ifdef CLREID_CLBLAST
#include "clblast.h"
#endif

static int epilogue_flags(const cr_op *op)
{
  return cr_epilogue_flags(op) | (op->bias && op->gemm.bias_by_row ? CR_EPILOGUE_BIAS_BY_ROW : 0);
}

static clreid_status set_arguments(cr_step *step, clreid_error *error)
{
  const cr_op *op = &step->op;
  const cr_gemm *g = &op->gemm;
  const cr_view *a = &op->view[CR_INPUT], *b = &op->view[CR_SECOND], *residual = &op->view[CR_RESIDUAL];
  const cr_view *output = &op->view[CR_OUTPUT];
  cr_args args = {step->kernel, 0, CL_SUCCESS};
  cr_arg_buffer(&args, a->buffer, NULL);
  cr_arg_ulong(&args, a->offset);
  cr_arg_ulong(&args, a->picture);
  cr_arg_int(&args, a->row);
  cr_arg_int(&args, g->input_column);
  cr_arg_buffer(&args, b->buffer, NULL);
  cr_arg_ulong(&args, b->offset);
  cr_arg_ulong(&args, b->picture);
  cr_arg_int(&args, g->b_panels ? CR_PANEL : b->row);
  cr_arg_ulong(&args, g->b_panels ? (size_t)g->k * CR_PANEL : CR_PANEL);
  cr_arg_buffer(&args, op->bias, a->buffer);
  cr_arg_buffer(&args, residual->buffer, a->buffer);
  cr_arg_ulong(&args, residual->offset);
  cr_arg_ulong(&args, residual->picture);
  cr_arg_int(&args, residual->row);
  cr_arg_buffer(&args, output->buffer, NULL);
  cr_arg_ulong(&args, output->offset);
  cr_arg_ulong(&args, output->picture);
  cr_arg_int(&args, output->row);
  cr_arg_int(&args, g->m);
  cr_arg_int(&args, cr_padded(g->n) / CR_PANEL);
  cr_arg_int(&args, g->k);
  cr_arg_int(&args, epilogue_flags(op));
  return cr_args_done(&args, error);
}

/* Gives the step to CLBlast, if that takes it. */
static clreid_status ask_library(cr_step *step, clreid_error *error)
{
#ifdef CLREID_CLBLAST
  (void)error;
  if (cr_clblast_takes(&step->op)) step->operator_ = &cr_operator_clblast;
  return CLREID_OK;
#else
  return cr_fail(error, CLREID_UNSUPPORTED_MODEL,
                 "%s is to be run by CLBlast, but the library is built without CLBlast; configure with "
                 "-DCLREID_CLBLAST=ON",
                 step->op.name);
#endif
}

static clreid_status prepare(cr_step *step, clreid_error *error)
{
  char options[192];
  if (step->op.gemm.library) CR_TRY(ask_library(step, error));
  if (step->operator_ != &cr_operator_gemm) return step->operator_->prepare(step, error);
  cr_step_tile(step);
  cr_tile_options(step, epilogue_flags(&step->op), options, sizeof options);
  CR_TRY(cr_step_kernel(step, "gemm.cl", options, step->op.plain ? "gemm_plain" : "gemm", error));
  cr_tile_name(step, "gemm");
  return set_arguments(step, error);
}

static clreid_status bind(cr_step *step, int batch, clreid_error *error)
{
  (void)error;
  const cr_gemm *g = &step->op.gemm;
  if (step->op.plain)
    cr_step_space(step, cr_padded(g->n), g->m, batch);
  else
    cr_tile_space(step, g->m, g->n, batch);
  return CLREID_OK;
}

const cr_operator cr_operator_gemm = {
    .prepare = prepare, .bind = bind, .floats = CR_OF_INPUT | CR_OF_SECOND | CR_OF_RESIDUAL | CR_OF_OUTPUT};
