/*
 * traffic.c - see traffic.h. Shapes follow from the operators' descriptions (host/ops_kinds.h), not from their kernels.
 */
#include "traffic.h"

static size_t least(size_t a, size_t b)
{
  return a < b ? a : b;
}

/* ---- Shapes ----------------------------------------------------------------------------------------------------- */

static cr_shape conv_shape(const cr_conv *c, int view)
{
  const size_t out = (size_t)c->out_height * c->out_width, out_channels = c->out_channels;
  /* A stride wider than its window leaves lines and columns out. */
  const size_t lines = least(c->height, (size_t)c->out_height * c->kernel_height);
  const size_t pixels = least(c->width, (size_t)c->out_width * c->kernel_width);
  switch (view) {
  case CR_INPUT: /* with a margin, lines are read as runs */
    return c->input_line ? (cr_shape){lines, c->input_line} : (cr_shape){lines * pixels, c->channels};
  case CR_GATE:
    return (cr_shape){1, out_channels};
  case CR_OUTPUT:
  case CR_RESIDUAL:
    return (cr_shape){out, out_channels};
  default:
    return (cr_shape){0, 0};
  }
}

static cr_shape gemm_shape(const cr_gemm *g, int view)
{
  if (view == CR_INPUT) return (cr_shape){g->m, g->k};
  if (view == CR_SECOND) return (cr_shape){g->k, g->n};
  return view == CR_GATE ? (cr_shape){0, 0} : (cr_shape){g->m, g->n};
}

static cr_shape pool_shape(const cr_pool *p, int view)
{
  if (view == CR_OUTPUT) return (cr_shape){p->global ? 1 : (size_t)p->out_height * p->out_width, p->channels};
  if (view == CR_INPUT || view == CR_SECOND) return (cr_shape){(size_t)p->height * p->width, p->channels};
  return (cr_shape){0, 0};
}

static cr_shape mask_shape(const cr_mask *m, int view)
{
  if (view == CR_SECOND) return (cr_shape){m->rows, 1};
  if (view == CR_RESIDUAL) return (cr_shape){1, m->columns};
  return view == CR_GATE ? (cr_shape){0, 0} : (cr_shape){m->rows, m->columns};
}

static cr_shape harmony_shape(const cr_harmony *h, int view)
{
  if (view == CR_INPUT) return (cr_shape){(size_t)h->height * h->width, h->channels};
  return view == CR_OUTPUT ? (cr_shape){1, cr_harmony_length(h)} : (cr_shape){0, 0};
}

static cr_shape attend_shape(const cr_attend *a, int view)
{
  if (view == CR_SECOND) return (cr_shape){1, (size_t)a->columns + (size_t)a->rows}; /* v and s */
  return view == CR_INPUT || view == CR_OUTPUT ? (cr_shape){a->rows, a->columns} : (cr_shape){0, 0};
}

static cr_shape crop_shape(const cr_crop *c, int view)
{
  const size_t map = (size_t)c->height * c->width;
  const size_t corners = (size_t)c->streams * (c->out_height + 1) * (c->out_width + 1);
  if (view == CR_INPUT) return (cr_shape){least(map, corners), c->channels};
  if (view == CR_SECOND) return (cr_shape){1, 2 * (size_t)c->streams};
  return view == CR_GATE ? (cr_shape){0, 0}
                         : (cr_shape){(size_t)c->streams * c->out_height * c->out_width, c->channels};
}

static cr_shape separable_shape(const cr_separable *s, int view)
{
  if (view == CR_INPUT) return (cr_shape){(size_t)s->height * s->width, s->channels};
  return view == CR_OUTPUT ? (cr_shape){(size_t)s->out_height * s->out_width, s->out_channels} : (cr_shape){0, 0};
}

static cr_shape winograd_shape(const cr_op *op, int view)
{
  const cr_winograd *w = &op->winograd;
  const size_t planes = (size_t)cr_winograd_planes(w) * cr_winograd_tiles(w);
  const bool before = view == CR_INPUT, after = view == CR_OUTPUT;
  if (op->kind == CR_WINOGRAD_INPUT && before) return (cr_shape){(size_t)w->height * w->width, w->channels};
  if (op->kind == CR_WINOGRAD_INPUT && after) return (cr_shape){planes, w->channels};
  if (op->kind == CR_WINOGRAD_PRODUCT && before) return (cr_shape){planes, w->channels};
  if (op->kind == CR_WINOGRAD_PRODUCT && after) return (cr_shape){planes, w->out_channels};
  if (op->kind == CR_WINOGRAD_OUTPUT && before) return (cr_shape){planes, w->out_channels};
  if (op->kind == CR_WINOGRAD_OUTPUT && (after || view == CR_RESIDUAL))
    return (cr_shape){(size_t)w->out_height * w->out_width, w->out_channels};
  return (cr_shape){0, 0};
}

cr_shape cr_op_shape(const cr_op *op, int view)
{
  const bool in_or_out = view == CR_INPUT || view == CR_OUTPUT;
  switch (op->kind) {
  case CR_CONV:
    return conv_shape(&op->conv, view);
  case CR_GEMM:
    return gemm_shape(&op->gemm, view);
  case CR_POOL:
    return pool_shape(&op->pool, view);
  case CR_MASK:
    return mask_shape(&op->mask, view);
  case CR_HARMONY:
    return harmony_shape(&op->harmony, view);
  case CR_ATTEND:
    return attend_shape(&op->attend, view);
  case CR_CROP:
    return crop_shape(&op->crop, view);
  case CR_SEPARABLE:
    return separable_shape(&op->separable, view);
  case CR_WINOGRAD_INPUT:
  case CR_WINOGRAD_PRODUCT:
  case CR_WINOGRAD_OUTPUT:
    return winograd_shape(op, view);
  case CR_SCALE:
    if (in_or_out || view == CR_RESIDUAL) return (cr_shape){op->scale.rows, op->scale.columns};
    break;
  case CR_ATTENTION:
    if (view != CR_GATE) return (cr_shape){op->attention.positions, op->attention.inner};
    break;
  case CR_PACK:
    if (in_or_out) return (cr_shape){op->pack.rows, op->pack.columns};
    break;
  case CR_SOFTMAX:
    if (in_or_out) return (cr_shape){op->softmax.rows, op->softmax.columns};
    break;
  case CR_NORMALISE:
    if (in_or_out) return (cr_shape){1, op->normalise.columns};
    break;
  case CR_KINDS:
    break;
  }
  return (cr_shape){0, 0};
}

/* ---- Bytes ------------------------------------------------------------------------------------------------------ */

static uint64_t constant_bytes(const cr_step_constants *c)
{
  const cr_buffer *const buffers[] = {c->weights, c->bias, c->matrix};
  uint64_t bytes = 0;
  for (int i = 0; i < 3; i++) bytes += buffers[i] ? cr_buffer_bytes(buffers[i]) : 0;
  return bytes;
}

uint64_t cr_traffic(const cr_plan *plan, int step, const cr_step_constants *constants, int batch)
{
  const cr_op *op = &plan->steps[step].op;
  const uint64_t maps = (uint64_t)batch * (op->streams > 1 ? (uint64_t)op->streams : 1);
  uint64_t bytes = constant_bytes(constants);
  for (int v = 0; v < CR_VIEWS; v++) {
    const cr_view *view = &op->view[v];
    if (view->tensor < 0) continue; /* none, or a constant */
    const cr_shape shape = cr_op_shape(op, v);
    const size_t columns = v == CR_OUTPUT ? cr_padded(shape.columns) : shape.columns;
    bytes += maps * shape.rows * columns * cr_plan_element_bytes(plan, &plan->tensors[view->tensor]);
  }
  return bytes;
}
