/*
 * limit.c - see limit.h.
 */
#include "limit.h"

#include <limits.h>

#include "depthwise.h"

/* ---- Of a device ------------------------------------------------------------------------------------------------- */

/* A faster device may have more at a time. Each compute unit is trusted with one multiply-add a cycle, a small part of
 * what any has, so that a kernel that reaches a tenth of its device's peak stays within the time too. */
static uint64_t work_of(const cr_facts *facts)
{
  const uint64_t in_time = (uint64_t)facts->compute_units * facts->clock_mhz * 100000; /* 100 ms of a MHz */
  return in_time > CR_LAUNCH_WORK ? in_time : CR_LAUNCH_WORK;
}

cr_limits cr_limits_of(const cr_device *device)
{
  cr_limits limits = {
      .work = work_of(&device->facts), .groups = {INT_MAX, UINT16_MAX, UINT16_MAX}, .items = UINT32_MAX};
  if (device->facts.type == CR_DEVICE_CPU)
    limits = (cr_limits){.work = UINT64_MAX, .groups = {SIZE_MAX, SIZE_MAX, SIZE_MAX}, .items = UINT64_MAX};
  if (device->forced_launch_work) limits.work = device->forced_launch_work;
  return limits;
}

/* ---- Of an operator ---------------------------------------------------------------------------------------------- */

/* Input channels that the kernel multiplies for an output: those of all groups that a panel of outputs may touch. */
static uint64_t conv_depth(const cr_op *op)
{
  const cr_conv *c = &op->conv;
  if (cr_depthwise_fits(op)) return 1;
  const int touched = (CR_PANEL - 1) / (c->out_channels / c->groups) + 2;
  return (uint64_t)(c->channels / c->groups) * (touched < c->groups ? touched : c->groups);
}

static uint64_t conv_work(const cr_op *op)
{
  const cr_conv *c = &op->conv;
  const uint64_t out = (uint64_t)c->out_height * c->out_width * c->out_channels;
  const uint64_t in = (uint64_t)c->height * c->width * c->channels;
  return out * c->kernel_height * c->kernel_width * conv_depth(op) + (in + out) * CR_ELEMENT_WORK;
}

static uint64_t gemm_work(const cr_gemm *g)
{
  const uint64_t m = g->m, n = g->n, k = g->k;
  return m * n * k + (m * k + k * n + m * n) * CR_ELEMENT_WORK;
}

static uint64_t pool_work(const cr_pool *p)
{
  const uint64_t in = (uint64_t)p->height * p->width * p->channels;
  if (p->global) return 2 * in * CR_ELEMENT_WORK;
  const uint64_t out = (uint64_t)p->out_height * p->out_width * p->channels;
  return out * p->kernel_height * p->kernel_width + (in + out) * CR_ELEMENT_WORK;
}

static uint64_t winograd_work(const cr_op *op)
{
  const cr_winograd *w = &op->winograd;
  const uint64_t rows = (uint64_t)cr_winograd_planes(w) * cr_winograd_tiles(w);
  if (op->kind == CR_WINOGRAD_INPUT) return 2 * rows * w->channels * CR_ELEMENT_WORK;
  if (op->kind == CR_WINOGRAD_OUTPUT) return 2 * rows * w->out_channels * CR_ELEMENT_WORK;
  return rows * w->channels * w->out_channels + rows * (w->channels + w->out_channels) * CR_ELEMENT_WORK;
}

static uint64_t harmony_work(const cr_harmony *h)
{
  int out[CR_HARMONY_LAYERS], in[CR_HARMONY_LAYERS];
  uint64_t sum = 2 * (uint64_t)h->height * h->width * h->channels * CR_ELEMENT_WORK;
  cr_harmony_layers(h, out, in);
  for (int l = 0; l < CR_HARMONY_LAYERS; l++) sum += (uint64_t)out[l] * in[l] * CR_ELEMENT_WORK;
  return sum;
}

static uint64_t separable_work(const cr_separable *s)
{
  const uint64_t in = (uint64_t)s->height * s->width, out = (uint64_t)s->out_height * s->out_width;
  return (in * s->channels + out * 9) * s->out_channels + (in * s->channels + out * s->out_channels) * CR_ELEMENT_WORK;
}

/* Of kernels that go over rows: an input, an output, and half as much for what is added or computed between. */
static uint64_t rows_work(uint64_t rows, uint64_t columns)
{
  return 3 * rows * columns * CR_ELEMENT_WORK;
}

uint64_t cr_op_work(const cr_op *op)
{
  const uint64_t positions = op->kind == CR_ATTENTION ? op->attention.positions : 0;
  switch (op->kind) {
  case CR_CONV:
    return conv_work(op);
  case CR_GEMM:
    return gemm_work(&op->gemm);
  case CR_PACK:
    return rows_work(op->pack.rows, op->pack.columns);
  case CR_POOL:
    return pool_work(&op->pool);
  case CR_SCALE:
    return rows_work(op->scale.rows, op->scale.columns);
  case CR_MASK:
    return rows_work(op->mask.rows, op->mask.columns);
  case CR_SOFTMAX:
    return 2 * rows_work(op->softmax.rows, op->softmax.columns);
  case CR_ATTENTION:
    return 2 * positions * positions * op->attention.inner + 2 * rows_work(positions, positions);
  case CR_HARMONY:
    return harmony_work(&op->harmony);
  case CR_ATTEND:
    return rows_work(op->attend.rows, op->attend.columns);
  case CR_CROP:
    return 2 * rows_work((uint64_t)op->crop.streams * op->crop.out_height * op->crop.out_width, op->crop.channels);
  case CR_NORMALISE:
    return rows_work(1, op->normalise.columns);
  case CR_WINOGRAD_INPUT:
  case CR_WINOGRAD_PRODUCT:
  case CR_WINOGRAD_OUTPUT:
    return winograd_work(op);
  case CR_SEPARABLE:
    return separable_work(&op->separable);
  case CR_KINDS:
    break;
  }
  return 0;
}

/* Kernels count rows of all maps in int; what tiles run over the last row fits too. */
int cr_op_most_pictures(const cr_op *op)
{
  enum { MOST_ROWS = INT_MAX - 1024 };
  uint64_t rows = 1;
  if (op->kind == CR_CONV) rows = (uint64_t)op->conv.out_height * op->conv.out_width;
  if (op->kind == CR_WINOGRAD_INPUT || op->kind == CR_WINOGRAD_PRODUCT || op->kind == CR_WINOGRAD_OUTPUT)
    rows = (uint64_t)cr_winograd_tiles(&op->winograd);
  if (op->streams > 1) rows *= (uint64_t)op->streams;
  return rows ? (int)(MOST_ROWS / rows) : MOST_ROWS;
}

/* ---- Cutting ----------------------------------------------------------------------------------------------------- */

static size_t divide_up(size_t a, size_t b)
{
  return a / b + (a % b != 0);
}

static size_t smaller(size_t a, uint64_t b)
{
  return a < b ? a : (size_t)b;
}

/* The outermost dimension first, then the next, until a piece is small enough. */
static void cut_by_work(cr_cut *cut, uint64_t most, bool rows, double work)
{
  double share = work;
  for (int d = 0; d < 3; d++) share *= (double)cut->piece[d] / (double)cut->groups[d];
  for (int d = 2; d >= (rows ? 0 : 1) && share > (double)most; d--) {
    const double wanted = (double)cut->piece[d] * ((double)most / share);
    const size_t piece = wanted < 1 ? 1 : (size_t)wanted;
    share *= (double)piece / (double)cut->piece[d];
    cut->piece[d] = piece;
  }
}

cr_cut cr_cut_space(const cr_limits *limits, const size_t global[3], const size_t local[3], bool rows, uint64_t work)
{
  cr_cut cut = {.launches = 1};
  for (int d = 0; d < 3; d++) {
    cut.groups[d] = global[d] / local[d];
    const uint64_t by_items = limits->items / local[d];
    cut.piece[d] = smaller(smaller(cut.groups[d], limits->groups[d]), by_items ? by_items : 1);
  }
  cut_by_work(&cut, limits->work, rows, (double)work);
  for (int d = 0; d < 3; d++) {
    if (cut.piece[d] == 0) continue; /* an empty grid is not cut */
    const size_t pieces = divide_up(cut.groups[d], cut.piece[d]);
    cut.piece[d] = divide_up(cut.groups[d], pieces); /* equal ones */
    cut.launches *= divide_up(cut.groups[d], cut.piece[d]);
  }
  return cut;
}
