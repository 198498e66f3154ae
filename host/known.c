/*
 * known.c - see known.h. An operator is cut to a few rows and columns, everything that its kernel is built with stays:
 * so a driver that compiles at the first launch compiles nothing that the step does not need.
 */
#include "known.h"

#include <string.h>

#include "oracle.h"

enum { PICTURES = 2, COLUMNS = 272, MAP = 9 };

static int smaller(int a, int b)
{
  return a < b ? a : b;
}

/* None is -1, for 0 stands for the other direction's. */
static int or_none(int number)
{
  return number ? number : -1;
}

/* ---- Each operator, cut ------------------------------------------------------------------------------------------ */

/* As many groups as a panel and a bit, each as it is; where there is one, some channels. */
static cr_trial_spec cut_conv(const cr_op *op)
{
  const cr_conv *c = &op->conv;
  const int in = c->channels / c->groups, out = c->out_channels / c->groups;
  const int whole = in == 1 && out == 1 ? COLUMNS : CR_PANEL * 2 / smaller(out, CR_PANEL);
  const int groups = smaller(c->groups, whole);
  const int least_height = (c->kernel_height - 1) * c->dilation_height + 1,
            least_width = (c->kernel_width - 1) * c->dilation_width + 1;
  return cr_trial_conv(PICTURES, least_height + 3 * c->stride_height, least_width + 5 * c->stride_width,
                       groups == 1 ? smaller(c->channels, 37) : groups * in,
                       groups == 1 ? smaller(c->out_channels, 70) : groups * out, groups,
                       (cr_window){.kernel = c->kernel_height,
                                   .kernel_width = c->kernel_width,
                                   .stride = c->stride_height,
                                   .stride_width = c->stride_width,
                                   .padding = c->padding_height,
                                   .padding_width = or_none(c->padding_width),
                                   .dilation = c->dilation_height,
                                   .dilation_width = c->dilation_width});
}

static cr_trial_spec cut_gemm(const cr_op *op)
{
  const cr_gemm *g = &op->gemm;
  cr_trial_spec spec = cr_trial_gemm(PICTURES, smaller(g->m, 35), smaller(g->n, 70), smaller(g->k, 37));
  spec.op.gemm.b_panels = g->b_panels;
  spec.op.gemm.bias_by_row = g->bias_by_row;
  spec.transposed = op->view[CR_INPUT].row == 1;
  return spec;
}

static cr_trial_spec cut_pool(const cr_op *op)
{
  const cr_pool *p = &op->pool;
  const int height = smaller(p->height, MAP), width = smaller(p->width, MAP), channels = smaller(p->channels, COLUMNS);
  if (p->global) return cr_trial_pool(PICTURES, height, width, channels, p->maximum, (cr_window){0});
  return cr_trial_pool(PICTURES, p->kernel_height + MAP, p->kernel_width + MAP, channels, p->maximum,
                       (cr_window){.kernel = p->kernel_height,
                                   .kernel_width = p->kernel_width,
                                   .stride = p->stride_height,
                                   .stride_width = p->stride_width,
                                   .padding = p->padding_height,
                                   .padding_width = or_none(p->padding_width)});
}

static cr_trial_spec cut_rows(const cr_op *op, int rows, int columns)
{
  return cr_trial_rows(op->kind, PICTURES, smaller(rows, 7), smaller(columns, COLUMNS));
}

static cr_trial_spec cut_pack(const cr_op *op)
{
  cr_trial_spec spec = cr_trial_rows(CR_PACK, PICTURES, smaller(op->pack.rows, 48), smaller(op->pack.columns, COLUMNS));
  spec.op.pack.transposed = op->pack.transposed;
  return spec;
}

static cr_trial_spec cut_others(const cr_op *op)
{
  cr_trial_spec spec = {.op = {.kind = op->kind}, .batch = PICTURES};
  const cr_separable *s = &op->separable;
  const int columns = smaller(op->attend.columns, COLUMNS);
  switch (op->kind) {
  case CR_HARMONY:
    spec.op.harmony = (cr_harmony){.height = 5, .width = 4, .channels = 33, .reduced = 2, .centres = 8};
    break;
  case CR_ATTEND:
    spec.op.attend = (cr_attend){.rows = 7, .columns = columns, .map = cr_padded(columns) + CR_PANEL};
    spec.alone = !op->view[CR_INPUT].buffer;
    break;
  case CR_CROP:
    spec.op.crop = (cr_crop){.height = MAP,
                             .width = 7,
                             .channels = smaller(op->crop.channels, COLUMNS),
                             .out_height = 4,
                             .out_width = 3,
                             .streams = 4};
    break;
  case CR_NORMALISE:
    spec.op.normalise = op->normalise;
    break;
  default:
    spec.op.separable = (cr_separable){.height = 7,
                                       .width = MAP,
                                       .channels = 5,
                                       .out_height = 6 / s->stride + 1,
                                       .out_width = 8 / s->stride + 1,
                                       .out_channels = smaller(s->out_channels, 70),
                                       .stride = s->stride};
    break;
  }
  return spec;
}

static cr_trial_spec cut(const cr_op *op)
{
  switch (op->kind) {
  case CR_CONV:
    return cut_conv(op);
  case CR_GEMM:
    return cut_gemm(op);
  case CR_POOL:
    return cut_pool(op);
  case CR_PACK:
    return cut_pack(op);
  case CR_SCALE:
    return cut_rows(op, op->scale.rows, op->scale.columns);
  case CR_MASK:
    return cut_rows(op, op->mask.rows, op->mask.columns);
  case CR_SOFTMAX:
    return cut_rows(op, op->softmax.rows, op->softmax.columns);
  case CR_ATTENTION:
    return cr_trial_attention(PICTURES, smaller(op->attention.positions, 45), smaller(op->attention.inner, 33));
  default:
    return cut_others(op);
  }
}

/* What the kernel is built with, and the operands that it has. */
static cr_trial_spec spec_of(const cr_step *step)
{
  const cr_op *op = &step->op;
  cr_trial_spec spec = cut(op);
  spec.seed = 1;
  spec.op.activation = op->activation;
  spec.op.half = op->half;
  memcpy(spec.op.as_float, op->as_float, sizeof op->as_float);
  spec.op.tile = step->tile.rows ? &step->tile : NULL;
  if (op->kind == CR_SCALE) spec.op.scale.bias_by_row = op->scale.bias_by_row;
  spec.bias = op->bias;
  spec.scale = op->kind == CR_SCALE && op->weights;
  spec.second = op->view[CR_SECOND].buffer;
  spec.residual = op->view[CR_RESIDUAL].buffer;
  spec.gate = op->view[CR_GATE].buffer;
  return spec;
}

/* ---- The answer -------------------------------------------------------------------------------------------------- */

clreid_status cr_known_answer(const cr_step *step, bool *wrong, clreid_error *reason)
{
  const cr_kind kind = step->op.kind;
  *wrong = false;
  if (kind == CR_WINOGRAD_INPUT || kind == CR_WINOGRAD_PRODUCT || kind == CR_WINOGRAD_OUTPUT)
    return cr_known_winograd(step, wrong, reason);
  const cr_trial_spec spec = spec_of(step);
  cr_trial *trial;
  int checks = 0;
  CR_TRY(cr_trial_create(step->queue, &spec, &trial, reason));
  clreid_status status = cr_trial_run(trial, step->op.plain, 0, spec.batch, reason);
  if (status == CLREID_OK) status = cr_oracle_check(trial, 0, spec.batch, &checks, reason);
  *wrong = status == CLREID_DEVICE_FAILED && trial->ran;
  cr_trial_destroy(trial);
  return *wrong ? CLREID_OK : status;
}
