/*
 * clblast.c - see clblast.h.
 */
#include "clblast.h"
#include "times.h"

#include <clblast_c.h>
#include <stdatomic.h>
#include <stdio.h>

/* CLBlast's cache belongs to the process, not to a device: this counts the open devices that have something in it. */
static atomic_int devices;

static void enter(cr_device *device)
{
  cr_mutex_lock(device->mutex);
  if (!device->uses_clblast) atomic_fetch_add(&devices, 1);
  device->uses_clblast = true;
  cr_mutex_unlock(device->mutex);
}

void cr_clblast_leave(void)
{
  if (atomic_fetch_sub(&devices, 1) == 1) CLBlastClearCache();
}

bool cr_clblast_takes(const cr_op *op)
{
  const bool a_by_rows = op->gemm.input_column == 1, a_by_columns = op->view[CR_INPUT].row == 1;
  return !op->half && !op->plain && !op->gemm.b_panels && (a_by_rows || a_by_columns);
}

/* act(output + bias + residual), in place. */
static clreid_status prepare_epilogue(cr_step *step, clreid_error *error)
{
  const cr_gemm *g = &step->op.gemm;
  cr_op op = {.kind = CR_SCALE, .name = step->op.name, .bias = step->op.bias, .activation = step->op.activation};
  if (!op.bias && !op.activation && !step->op.view[CR_RESIDUAL].buffer) return CLREID_OK;
  op.view[CR_OUTPUT] = op.view[CR_INPUT] = step->op.view[CR_OUTPUT];
  op.view[CR_RESIDUAL] = step->op.view[CR_RESIDUAL];
  op.scale = (cr_scale){.rows = g->m, .columns = g->n, .bias_by_row = g->bias_by_row};
  return cr_step_create(step->queue, &op, step->largest_batch, &step->next, error);
}

/* As many pictures a call as a launch may take. */
static int most_pictures(const cr_step *step, int batch)
{
  const cr_limits limits = cr_limits_of(step->queue->device);
  const uint64_t most = limits.work / (step->map_work ? step->map_work : 1);
  return most < 1 ? 1 : most < (uint64_t)batch ? (int)most : batch;
}

static clreid_status prepare(cr_step *step, clreid_error *error)
{
  const int most = most_pictures(step, step->largest_batch);
  step->launches = (step->largest_batch - 1) / most + 1;
  enter(step->queue->device);
  snprintf(step->variant, sizeof step->variant, "gemm clblast");
  return prepare_epilogue(step, error);
}

static clreid_status bind(cr_step *step, int batch, clreid_error *error)
{
  (void)step, (void)batch, (void)error; /* the batch is an argument of the call */
  return CLREID_OK;
}

/* CLBlast has OpenCL's codes and some of its own, below -1000. */
static clreid_status check(CLBlastStatusCode code, const cr_op *op, clreid_error *error)
{
  if (code == CLBlastSuccess || code > -1000) return cr_check(code, "CLBlastSgemmStridedBatched", error);
  return cr_fail(error, CLREID_DEVICE_FAILED,
                 "CLBlast refuses the product %s (m %d, n %d, k %d) with its code %d; run without CLBlast", op->name,
                 op->gemm.m, op->gemm.n, op->gemm.k, code);
}

/* Pictures first .. first + count - 1. */
static clreid_status multiply(cr_step *step, int first, int count, clreid_error *error)
{
  const cr_op *op = &step->op;
  const cr_gemm *g = &op->gemm;
  const cr_view *a = &op->view[CR_INPUT], *b = &op->view[CR_SECOND], *c = &op->view[CR_OUTPUT];
  const bool by_rows = g->input_column == 1;
  /* The padding columns of b and of the output too, so that padding is what our own kernel makes it. */
  const CLBlastStatusCode code = CLBlastSgemmStridedBatched(
      CLBlastLayoutRowMajor, by_rows ? CLBlastTransposeNo : CLBlastTransposeYes, CLBlastTransposeNo, g->m,
      cr_padded(g->n), g->k, 1.0f, a->buffer->memory, a->offset + first * a->picture,
      by_rows ? a->row : g->input_column, a->picture, b->buffer->memory, b->offset + first * b->picture, b->row,
      b->picture, 0.0f, c->buffer->memory, c->offset + first * c->picture, c->row, c->picture, count,
      &step->queue->queue, cr_times_note_call(step->queue));
  return check(code, op, error);
}

static clreid_status run(cr_step *step, int batch, clreid_error *error)
{
  const int most = most_pictures(step, batch);
  for (int first = 0; first < batch; first += most)
    CR_TRY(multiply(step, first, batch - first < most ? batch - first : most, error));
  return step->next ? cr_step_run(step->next, batch, error) : CLREID_OK;
}

const cr_operator cr_operator_clblast = {.prepare = prepare, .bind = bind, .run = run};
