/*
 * trial_spec.c - what to try: specs with the usual numbers filled in, and their names. See trial.h.
 */
#include <stdarg.h>
#include <stdio.h>

#include "trial.h"

/* ---- Specs ------------------------------------------------------------------------------------------------------ */

static int given_or(int given, int usual)
{
  return given ? given : usual;
}

static int out_size(int size, int kernel, int stride, int padding, int dilation)
{
  return (size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
}

static cr_window completed(cr_window w)
{
  w.stride = given_or(w.stride, 1);
  w.dilation = given_or(w.dilation, 1);
  w.kernel_width = given_or(w.kernel_width, w.kernel);
  w.stride_width = given_or(w.stride_width, w.stride);
  w.padding_width = w.padding_width < 0 ? 0 : given_or(w.padding_width, w.padding);
  w.dilation_width = given_or(w.dilation_width, w.dilation);
  return w;
}

cr_trial_spec cr_trial_conv(int batch, int height, int width, int channels, int out_channels, int groups,
                            cr_window window)
{
  const cr_window w = completed(window);
  const cr_conv conv = {
      .height = height,
      .width = width,
      .channels = channels,
      .out_height = out_size(height, w.kernel, w.stride, w.padding, w.dilation),
      .out_width = out_size(width, w.kernel_width, w.stride_width, w.padding_width, w.dilation_width),
      .out_channels = out_channels,
      .kernel_height = w.kernel,
      .kernel_width = w.kernel_width,
      .stride_height = w.stride,
      .stride_width = w.stride_width,
      .padding_height = w.padding,
      .padding_width = w.padding_width,
      .dilation_height = w.dilation,
      .dilation_width = w.dilation_width,
      .groups = groups,
  };
  return (cr_trial_spec){.op = {.kind = CR_CONV, .conv = conv}, .batch = batch};
}

cr_trial_spec cr_trial_gemm(int batch, int m, int n, int k)
{
  return (cr_trial_spec){.op = {.kind = CR_GEMM, .gemm = {.m = m, .n = n, .k = k}}, .batch = batch};
}

cr_trial_spec cr_trial_pool(int batch, int height, int width, int channels, bool maximum, cr_window window)
{
  const cr_pool whole = {.global = true, .height = height, .width = width, .channels = channels};
  if (!window.kernel) return (cr_trial_spec){.op = {.kind = CR_POOL, .pool = whole}, .batch = batch};
  const cr_window w = completed(window);
  const cr_pool pool = {
      .maximum = maximum,
      .height = height,
      .width = width,
      .channels = channels,
      .out_height = out_size(height, w.kernel, w.stride, w.padding, 1),
      .out_width = out_size(width, w.kernel_width, w.stride_width, w.padding_width, 1),
      .kernel_height = w.kernel,
      .kernel_width = w.kernel_width,
      .stride_height = w.stride,
      .stride_width = w.stride_width,
      .padding_height = w.padding,
      .padding_width = w.padding_width,
  };
  return (cr_trial_spec){.op = {.kind = CR_POOL, .pool = pool}, .batch = batch};
}

cr_trial_spec cr_trial_rows(cr_kind kind, int batch, int rows, int columns)
{
  cr_trial_spec spec = {.op = {.kind = kind}, .batch = batch};
  if (kind == CR_PACK) spec.op.pack = (cr_pack){rows, columns};
  if (kind == CR_SCALE) spec.op.scale = (cr_scale){rows, columns};
  if (kind == CR_MASK) spec.op.mask = (cr_mask){rows, columns};
  if (kind == CR_SOFTMAX) spec.op.softmax = (cr_softmax){rows, columns};
  return spec;
}

cr_trial_spec cr_trial_attention(int batch, int positions, int inner)
{
  return (cr_trial_spec){.op = {.kind = CR_ATTENTION, .attention = {positions, inner}}, .batch = batch};
}

bool cr_trial_bias_by_row(const cr_op *op)
{
  return (op->kind == CR_GEMM && op->gemm.bias_by_row) || (op->kind == CR_SCALE && op->scale.bias_by_row);
}

/* ---- The name --------------------------------------------------------------------------------------------------- */

typedef struct text {
  char *bytes;
  size_t size, used;
} text;

static void add(text *to, const char *format, ...)
{
  va_list list;
  va_start(list, format);
  const int length = vsnprintf(to->bytes + to->used, to->size - to->used, format, list);
  va_end(list);
  if (length > 0) to->used = to->used + length < to->size ? to->used + length : to->size - 1;
}

/* " k3" or " k7x1": a number for each axis, left out where both are what is usual. */
static void add_pair(text *to, const char *letter, int height, int width, int usual)
{
  if (height == usual && width == usual) return;
  add(to, " %s%d", letter, height);
  if (width != height) add(to, "x%d", width);
}

static void name_conv(const cr_trial_spec *spec, text *name)
{
  const cr_conv *c = &spec->op.conv;
  add(name, "conv %dx%dx%dx%d", spec->batch, c->height, c->width, c->channels);
  add_pair(name, "k", c->kernel_height, c->kernel_width, 0);
  add_pair(name, "s", c->stride_height, c->stride_width, 1);
  add_pair(name, "p", c->padding_height, c->padding_width, 0);
  add_pair(name, "d", c->dilation_height, c->dilation_width, 1);
  if (c->groups > 1) add(name, " g%d", c->groups);
  add(name, " o%d", c->out_channels);
  if (spec->pixel) add(name, " pixel%d line%zu", spec->pixel, c->input_line);
}

static void name_pool(const cr_trial_spec *spec, text *name)
{
  const cr_pool *p = &spec->op.pool;
  add(name, "pool %s %dx%dx%dx%d",
      p->global    ? "global"
      : p->maximum ? "max"
                   : "average",
      spec->batch, p->height, p->width, p->channels);
  if (p->global) return;
  add_pair(name, "k", p->kernel_height, p->kernel_width, 0);
  add_pair(name, "s", p->stride_height, p->stride_width, 1);
  add_pair(name, "p", p->padding_height, p->padding_width, 0);
}

static void name_matrix(const cr_trial_spec *spec, text *name, const char *stem, int rows, int columns)
{
  add(name, "%s %dx%dx%d", stem, spec->batch, rows, columns);
}

static void name_harmony(const cr_trial_spec *spec, text *name)
{
  const cr_harmony *h = &spec->op.harmony;
  add(name, "harmony %dx%dx%dx%d reduced%d centres%d", spec->batch, h->height, h->width, h->channels, h->reduced,
      h->centres);
}

static void name_crop(const cr_trial_spec *spec, text *name)
{
  const cr_crop *c = &spec->op.crop;
  add(name, "crop %dx%dx%dx%d to %dx%dx%d", spec->batch, c->height, c->width, c->channels, c->streams, c->out_height,
      c->out_width);
}

static void name_separable(const cr_trial_spec *spec, text *name)
{
  const cr_separable *s = &spec->op.separable;
  add(name, "separable %dx%dx%dx%d s%d o%d", spec->batch, s->height, s->width, s->channels, s->stride, s->out_channels);
}

void cr_trial_name(const cr_trial_spec *spec, char *bytes, size_t size)
{
  static const char *const view_names[CR_VIEWS] = {"out", "in", "second", "res", "gate"};
  const cr_op *op = &spec->op;
  text name = {bytes, size, 0};
  switch (op->kind) {
  case CR_CONV:
    name_conv(spec, &name);
    break;
  case CR_GEMM:
    add(&name, "gemm %dx%dx%dx%d", spec->batch, op->gemm.m, op->gemm.n, op->gemm.k);
    break;
  case CR_POOL:
    name_pool(spec, &name);
    break;
  case CR_PACK:
    name_matrix(spec, &name, "pack", op->pack.rows, op->pack.columns);
    break;
  case CR_SCALE:
    name_matrix(spec, &name, "scale", op->scale.rows, op->scale.columns);
    break;
  case CR_SOFTMAX:
    name_matrix(spec, &name, "softmax", op->softmax.rows, op->softmax.columns);
    break;
  case CR_ATTENTION:
    name_matrix(spec, &name, "attention", op->attention.positions, op->attention.inner);
    break;
  case CR_HARMONY:
    name_harmony(spec, &name);
    break;
  case CR_ATTEND:
    name_matrix(spec, &name, "attend", op->attend.rows, op->attend.columns);
    break;
  case CR_CROP:
    name_crop(spec, &name);
    break;
  case CR_SEPARABLE:
    name_separable(spec, &name);
    break;
  case CR_NORMALISE:
    name_matrix(spec, &name, "normalise", op->normalise.parts, op->normalise.columns);
    break;
  default:
    name_matrix(spec, &name, "mask", op->mask.rows, op->mask.columns);
    break;
  }
  if (spec->power) add(&name, " power%d", spec->power);
  if (spec->transposed) add(&name, " transposed");
  if (op->kind == CR_GEMM && op->gemm.b_panels) add(&name, " panels");
  if (spec->scale) add(&name, " scale");
  if (spec->bias) add(&name, cr_trial_bias_by_row(op) ? " bias-by-row" : " bias");
  if (spec->alone) add(&name, " alone");
  if (op->kind == CR_MASK && spec->second) add(&name, " spatial");
  if (op->kind == CR_POOL && spec->second) add(&name, " mask");
  if (spec->gate) add(&name, " gate");
  if (spec->residual) add(&name, op->kind == CR_MASK ? " channel" : " res");
  if (op->activation) add(&name, op->activation == CR_RELU ? " relu" : " sigmoid");
  for (int v = 0; v < CR_VIEWS; v++) {
    if (spec->shared[v]) add(&name, " shared-%s", view_names[v]);
    if (spec->before[v] || spec->after[v]) add(&name, " %s%d+%d", view_names[v], spec->before[v], spec->after[v]);
  }
  if (op->half) add(&name, " half");
  if (op->half && op->as_float[CR_INPUT]) add(&name, " float-in");
  if (op->half && op->as_float[CR_SECOND]) add(&name, " float-second");
  if (op->half && op->as_float[CR_RESIDUAL]) add(&name, " float-residual");
  if (op->half && op->as_float[CR_OUTPUT]) add(&name, " float-out");
  if (spec->dirty) add(&name, " dirty");
  if (op->kind == CR_GEMM && op->gemm.library) add(&name, " library");
}
