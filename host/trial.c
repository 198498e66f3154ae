/*
 * trial.c - see trial.h.
 */
#include "trial.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"

enum {
  GUARD = 4 * CR_PANEL, /* elements round every operand and between its pictures */
  GUARD_ROWS = 16,      /* more rows at the end: a tile that runs over the last row is caught */
};

/* NaNs that no arithmetic makes: what a guard holds. */
static const uint32_t guard_float = 0x7fc0deadu;
static const uint16_t guard_half = 0x7eadu;

/* ---- Where things lie ------------------------------------------------------------------------------------------- */

static cr_extent rows_of(size_t rows, size_t columns)
{
  return (cr_extent){.rows = rows, .columns = columns, .padded = cr_padded(columns), .row = cr_padded(columns)};
}

static cr_extent panels_of(size_t rows, size_t columns)
{
  cr_extent extent = rows_of(rows, columns);
  extent.panels = true;
  return extent;
}

static cr_extent conv_extent(const cr_trial_spec *spec, int view)
{
  const cr_conv *c = &spec->op.conv;
  if (view == CR_INPUT && spec->pixel)
    return (cr_extent){.rows = c->height, .columns = c->input_line, .padded = c->input_line, .row = c->input_line};
  if (view == CR_INPUT) return rows_of((size_t)c->height * c->width, c->channels);
  if (view == CR_OUTPUT || (view == CR_RESIDUAL && spec->residual))
    return rows_of((size_t)c->out_height * c->out_width, c->out_channels);
  if (view == CR_GATE && spec->gate) return rows_of(1, c->out_channels);
  return (cr_extent){0};
}

static cr_extent gemm_extent(const cr_trial_spec *spec, int view)
{
  const cr_gemm *g = &spec->op.gemm;
  if (view == CR_INPUT) return spec->transposed ? rows_of(g->k, g->m) : rows_of(g->m, g->k);
  if (view == CR_SECOND) return g->b_panels ? panels_of(g->k, g->n) : rows_of(g->k, g->n);
  if (view == CR_OUTPUT || (view == CR_RESIDUAL && spec->residual)) return rows_of(g->m, g->n);
  return (cr_extent){0};
}

static cr_extent pool_extent(const cr_trial_spec *spec, int view)
{
  const cr_pool *p = &spec->op.pool;
  if (view == CR_INPUT || (view == CR_SECOND && spec->second))
    return rows_of((size_t)p->height * p->width, p->channels);
  if (view == CR_OUTPUT) return rows_of(p->global ? 1 : (size_t)p->out_height * p->out_width, p->channels);
  return (cr_extent){0};
}

static cr_extent mask_extent(const cr_trial_spec *spec, int view)
{
  const cr_mask *m = &spec->op.mask;
  if (view == CR_SECOND) return spec->second ? rows_of(m->rows, 1) : (cr_extent){0};
  if (view == CR_RESIDUAL) return spec->residual ? rows_of(1, m->columns) : (cr_extent){0};
  if (view == CR_GATE) return (cr_extent){0};
  return rows_of(m->rows, m->columns);
}

static cr_extent attention_extent(const cr_trial_spec *spec, int view)
{
  const cr_attention *a = &spec->op.attention;
  if (view == CR_SECOND) return panels_of(a->inner, a->positions);
  if (view == CR_GATE) return (cr_extent){0};
  return rows_of(a->positions, a->inner);
}

/* ---- Where those of harmonious attention lie ---- */

static cr_extent harmony_extent(const cr_trial_spec *spec, int view)
{
  const cr_harmony *h = &spec->op.harmony;
  if (view == CR_INPUT) return rows_of((size_t)h->height * h->width, h->channels);
  return view == CR_OUTPUT ? rows_of(1, cr_harmony_length(h)) : (cr_extent){0};
}

/* Second: v, then s, which begins `map` floats after it. */
static cr_extent attend_extent(const cr_trial_spec *spec, int view)
{
  const cr_attend *a = &spec->op.attend;
  if (view == CR_SECOND) return rows_of(1, a->map + a->rows);
  if (view == CR_RESIDUAL || view == CR_GATE || (view == CR_INPUT && spec->alone)) return (cr_extent){0};
  return rows_of(a->rows, a->columns);
}

static cr_extent crop_extent(const cr_trial_spec *spec, int view)
{
  const cr_crop *c = &spec->op.crop;
  if (view == CR_INPUT) return rows_of((size_t)c->height * c->width, c->channels);
  if (view == CR_SECOND) return rows_of(1, 2 * (size_t)c->streams);
  if (view == CR_GATE || (view == CR_RESIDUAL && !spec->residual)) return (cr_extent){0};
  return rows_of((size_t)c->streams * c->out_height * c->out_width, c->channels);
}

static cr_extent separable_extent(const cr_trial_spec *spec, int view)
{
  const cr_separable *s = &spec->op.separable;
  if (view == CR_INPUT) return rows_of((size_t)s->height * s->width, s->channels);
  return view == CR_OUTPUT ? rows_of((size_t)s->out_height * s->out_width, s->out_channels) : (cr_extent){0};
}

static cr_extent normalise_extent(const cr_trial_spec *spec, int view)
{
  return view == CR_INPUT || view == CR_OUTPUT ? rows_of(1, spec->op.normalise.columns) : (cr_extent){0};
}

static cr_extent extent_of(const cr_trial_spec *spec, int view)
{
  const cr_pack *pack = &spec->op.pack;
  const cr_scale *scale = &spec->op.scale;
  switch (spec->op.kind) {
  case CR_CONV:
    return conv_extent(spec, view);
  case CR_GEMM:
    return gemm_extent(spec, view);
  case CR_POOL:
    return pool_extent(spec, view);
  case CR_MASK:
    return mask_extent(spec, view);
  case CR_PACK:
    if (view == CR_INPUT) return rows_of(pack->rows, pack->columns);
    if (view != CR_OUTPUT) return (cr_extent){0};
    return pack->transposed ? panels_of(pack->columns, pack->rows) : panels_of(pack->rows, pack->columns);
  case CR_SCALE:
    if (view == CR_SECOND || view == CR_GATE || (view == CR_RESIDUAL && !spec->residual)) return (cr_extent){0};
    return rows_of(scale->rows, scale->columns);
  case CR_SOFTMAX:
    if (view != CR_INPUT && view != CR_OUTPUT) return (cr_extent){0};
    return rows_of(spec->op.softmax.rows, spec->op.softmax.columns);
  case CR_ATTENTION:
    return attention_extent(spec, view);
  case CR_HARMONY:
    return harmony_extent(spec, view);
  case CR_ATTEND:
    return attend_extent(spec, view);
  case CR_CROP:
    return crop_extent(spec, view);
  case CR_SEPARABLE:
    return separable_extent(spec, view);
  case CR_NORMALISE:
    return normalise_extent(spec, view);
  default:
    return (cr_extent){0};
  }
}

static bool stored_in_half(const cr_op *op, int view)
{
  const bool vectors = op->kind == CR_ATTEND || op->kind == CR_CROP; /* whose second operand is float always */
  if (op->kind == CR_NORMALISE || (vectors && view == CR_SECOND)) return false;
  return op->half && !op->as_float[view];
}

static size_t picture_elements(const cr_extent *extent)
{
  return extent->panels ? extent->rows * extent->padded : extent->rows * extent->row;
}

static size_t element_at(const cr_trial *trial, int view, int picture, size_t row, size_t column)
{
  const cr_extent *e = &trial->extent[view];
  const size_t within =
      e->panels ? (column / CR_PANEL * e->rows + row) * CR_PANEL + column % CR_PANEL : row * e->row + column;
  const size_t stride = trial->spec.shared[view] ? 0 : picture_elements(e) + GUARD;
  return GUARD + trial->spec.before[view] + picture * stride + within;
}

static void place_view(cr_trial *trial, int view)
{
  const cr_trial_spec *spec = &trial->spec;
  cr_extent *e = &trial->extent[view];
  *e = extent_of(spec, view);
  if (!e->rows) return;
  e->row += spec->before[view] + spec->after[view];
  const int pictures = spec->shared[view] ? 1 : spec->batch;
  trial->half[view] = stored_in_half(&spec->op, view);
  trial->elements[view] = GUARD + pictures * (picture_elements(e) + GUARD) + GUARD_ROWS * e->row;
  trial->op.view[view] = (cr_view){
      .tensor = -1,
      .offset = element_at(trial, view, 0, 0, 0),
      .picture = spec->shared[view] ? 0 : picture_elements(e) + GUARD,
      .row = e->row,
  };
  if (view == CR_INPUT && spec->pixel) trial->op.view[view].row = spec->pixel;
  if (view == CR_INPUT && spec->op.kind == CR_GEMM) {
    trial->op.gemm.input_column = spec->transposed ? e->row : 1;
    if (spec->transposed) trial->op.view[view].row = 1;
  }
}

/* ---- Numbers ---------------------------------------------------------------------------------------------------- */

/* The i-th number of stream: uniform in [-1, 1), a multiple of 2^-23. */
static float random_at(uint64_t seed, unsigned stream, size_t i)
{
  uint64_t z = (seed * CR_VIEWS * 2 + stream + 1) * 0xd1342543de82ef95u + (i + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return (float)((int)((z ^ z >> 31) >> 40) - 0x800000) * 0x1p-23f;
}

static void write_element(void *memory, bool half, size_t at, float value)
{
  if (half)
    cr_to_half(&value, (uint16_t *)memory + at, 1);
  else
    ((float *)memory)[at] = value;
}

static double read_element(const void *memory, bool half, size_t at)
{
  if (!half) return ((const float *)memory)[at];
  float value;
  cr_from_half((const uint16_t *)memory + at, &value, 1);
  return value;
}

static bool is_guard(const void *memory, bool half, size_t at)
{
  return half ? ((const uint16_t *)memory)[at] == guard_half
              : !memcmp((const float *)memory + at, &guard_float, sizeof guard_float); // NOLINT: bits are meant
}

static void fill_guard(void *memory, bool half, size_t from, size_t count)
{
  for (size_t i = from; i < from + count; i++)
    if (half)
      ((uint16_t *)memory)[i] = guard_half;
    else
      memcpy((float *)memory + i, &guard_float, sizeof guard_float);
}

static void fill_operand(cr_trial *trial, int view)
{
  const cr_extent *e = &trial->extent[view];
  const int pictures = trial->spec.shared[view] ? 1 : trial->spec.batch;
  for (int p = 0; p < pictures; p++)
    for (size_t r = 0; r < e->rows; r++)
      for (size_t c = 0; c < e->padded; c++) {
        const size_t at = element_at(trial, view, p, r, c);
        if (c < e->columns)
          write_element(trial->memory[view], trial->half[view], at,
                        ldexpf(random_at(trial->spec.seed, view, at), trial->spec.power));
        else if (!trial->spec.dirty)
          write_element(trial->memory[view], trial->half[view], at, 0.0f);
      }
}

double cr_trial_read(const cr_trial *trial, int view, int picture, size_t row, size_t column)
{
  return read_element(trial->memory[view], trial->half[view], element_at(trial, view, picture, row, column));
}

static size_t element_bytes(const cr_trial *trial, int view)
{
  return trial->half[view] ? sizeof(uint16_t) : sizeof(float);
}

size_t cr_trial_output_bytes(const cr_trial *trial)
{
  return trial->elements[CR_OUTPUT] * element_bytes(trial, CR_OUTPUT);
}

bool cr_trial_same(const cr_trial *trial, const void *other, int picture, size_t row, size_t column)
{
  const size_t bytes = element_bytes(trial, CR_OUTPUT);
  const size_t at = element_at(trial, CR_OUTPUT, picture, row, column) * bytes;
  return !memcmp((const char *)trial->memory[CR_OUTPUT] + at, (const char *)other + at, bytes);
}

/* ---- Life ------------------------------------------------------------------------------------------------------- */

static float *random_floats(cr_trial *trial, unsigned stream, size_t count)
{
  float *floats = malloc(count * sizeof *floats);
  for (size_t i = 0; floats && i < count; i++) floats[i] = random_at(trial->spec.seed, stream, i);
  return floats;
}

/* count numbers, zeros up to padded, then a guard: per-column operands of float. */
static clreid_status create_column_buffer(cr_trial *trial, const float *numbers, size_t count, size_t padded,
                                          cr_buffer **buffer, clreid_error *error)
{
  const size_t all = padded + GUARD;
  float *floats = calloc(all, sizeof *floats);
  if (!floats) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for %zu numbers of a trial", all);
  memcpy(floats, numbers, count * sizeof *floats);
  fill_guard(floats, false, padded, GUARD);
  const clreid_status status = cr_buffer_create(trial->queue->device, all * sizeof *floats, floats, buffer, error);
  free(floats);
  return status;
}

static size_t output_columns(const cr_trial *trial)
{
  return trial->extent[CR_OUTPUT].columns;
}

/* Of both convolutions: each in its padded columns, the first one's shifted up, so that some of it passes its ReLU. */
static clreid_status create_separable_bias(cr_trial *trial, clreid_error *error)
{
  const size_t columns = output_columns(trial), padded = cr_padded(columns);
  trial->bias = random_floats(trial, CR_VIEWS, 2 * padded);
  if (!trial->bias) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a bias of %zu", 2 * padded);
  for (size_t i = 0; i < 2 * padded; i++)
    if (i % padded >= columns) trial->bias[i] = 0;
  return create_column_buffer(trial, trial->bias, 2 * padded, 2 * padded, &trial->op.bias, error);
}

static clreid_status create_bias(cr_trial *trial, clreid_error *error)
{
  if (trial->op.kind == CR_SEPARABLE) return create_separable_bias(trial, error);
  const bool by_row = cr_trial_bias_by_row(&trial->op);
  const size_t count = by_row ? trial->extent[CR_OUTPUT].rows : output_columns(trial);
  if (!trial->spec.bias) return CLREID_OK;
  trial->bias = random_floats(trial, CR_VIEWS, count);
  if (!trial->bias) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a bias of %zu", count);
  return create_column_buffer(trial, trial->bias, count, by_row ? count : cr_padded(count), &trial->op.bias, error);
}

/* Layers as ops.h describes them, their columns past the last zero. Weights of a layer are divided by its inputs'
 * number, so that tanh is not at its ends. */
static clreid_status create_layers(cr_trial *trial, clreid_error *error)
{
  int out[CR_HARMONY_LAYERS], in[CR_HARMONY_LAYERS];
  size_t count = 0;
  cr_harmony_layers(&trial->op.harmony, out, in);
  for (int l = 0; l < CR_HARMONY_LAYERS; l++) count += cr_padded(out[l]) * (in[l] + 1);
  trial->weights = random_floats(trial, CR_VIEWS + 1, count);
  if (!trial->weights) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for %zu weights of a trial", count);
  float *layer = trial->weights;
  for (int l = 0; l < CR_HARMONY_LAYERS; l++) {
    const size_t padded = cr_padded(out[l]), size = padded * (in[l] + 1);
    for (size_t i = 0; i < size; i++) {
      const bool shift = i >= padded * in[l];
      const size_t column = shift ? i - padded * in[l] : i / ((size_t)in[l] * CR_PANEL) * CR_PANEL + i % CR_PANEL;
      if (column >= (size_t)out[l]) layer[i] = 0;
      if (!shift) layer[i] *= 2 / sqrtf((float)in[l]);
      if (shift) layer[i] = fabsf(layer[i]); /* not all of a small layer behind its ReLU */
    }
    layer += size;
  }
  return create_column_buffer(trial, trial->weights, count, count, &trial->op.weights, error);
}

static bool is_packed(const cr_op *op)
{
  return op->kind == CR_CONV || op->kind == CR_SEPARABLE;
}

static clreid_status create_weights(cr_trial *trial, clreid_error *error)
{
  if (trial->op.kind == CR_HARMONY) return create_layers(trial, error);
  const cr_op *op = &trial->op;
  const cr_conv *c = &op->conv;
  const size_t columns = output_columns(trial);
  size_t count = 0;
  if (op->kind == CR_CONV) count = columns * (c->channels / c->groups) * c->kernel_height * c->kernel_width;
  if (op->kind == CR_SCALE && trial->spec.scale) count = columns;
  if (op->kind == CR_SEPARABLE) count = columns * (op->separable.channels + 9);
  if (!count) return CLREID_OK;
  trial->weights = random_floats(trial, CR_VIEWS + 1, count);
  if (op->kind == CR_CONV && trial->spec.scale) trial->scale = random_floats(trial, CR_VIEWS + 2, columns);
  if (!trial->weights || (op->kind == CR_CONV && trial->spec.scale && !trial->scale))
    return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for %zu weights of a trial", count);
  if (is_packed(op)) return CLREID_OK; /* for each run */
  return create_column_buffer(trial, trial->weights, count, cr_padded(count), &trial->op.weights, error);
}

static clreid_status create_operands(cr_trial *trial, clreid_error *error)
{
  for (int v = 0; v < CR_VIEWS; v++) {
    place_view(trial, v);
    if (!trial->elements[v]) continue;
    const size_t bytes = trial->elements[v] * element_bytes(trial, v);
    trial->memory[v] = malloc(bytes);
    if (!trial->memory[v]) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for %zu bytes of a trial", bytes);
    fill_guard(trial->memory[v], trial->half[v], 0, trial->elements[v]);
    if (v != CR_OUTPUT) fill_operand(trial, v);
    CR_TRY(cr_buffer_create(trial->queue->device, bytes, trial->memory[v], &trial->op.view[v].buffer, error));
  }
  CR_TRY(create_bias(trial, error));
  return create_weights(trial, error);
}

clreid_status cr_trial_create(cr_queue *queue, const cr_trial_spec *spec, cr_trial **result, clreid_error *error)
{
  cr_trial *trial = calloc(1, sizeof *trial);
  if (!trial) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a trial");
  trial->spec = *spec;
  trial->op = spec->op;
  trial->queue = queue;
  cr_trial_name(spec, trial->name, sizeof trial->name);
  trial->op.name = trial->name;
  const clreid_status status = create_operands(trial, error);
  if (status != CLREID_OK) {
    cr_trial_destroy(trial);
    return status;
  }
  *result = trial;
  return CLREID_OK;
}

void cr_trial_destroy(cr_trial *trial)
{
  if (!trial) return;
  for (int v = 0; v < CR_VIEWS; v++) {
    cr_buffer_release(trial->op.view[v].buffer);
    free(trial->memory[v]);
  }
  cr_buffer_release(trial->op.weights);
  cr_buffer_release(trial->op.bias);
  free(trial->weights);
  free(trial->scale);
  free(trial->bias);
  free(trial);
}

/* ---- A run ------------------------------------------------------------------------------------------------------ */

/* The convolution's weights as the host packs them, with a guard behind. */
static clreid_status pack_weights(cr_trial *trial, cr_op *op, clreid_error *error)
{
  cr_buffer *packed;
  cr_op conv = *op;
  if (op->kind == CR_SEPARABLE) { /* laid out as the weights of a 1x1 convolution */
    conv.kind = CR_CONV;
    conv.conv = (cr_conv){.channels = op->separable.channels + 9,
                          .out_channels = op->separable.out_channels,
                          .kernel_height = 1,
                          .kernel_width = 1,
                          .groups = 1};
  }
  CR_TRY(cr_conv_pack(trial->queue->device, &conv, trial->weights, trial->scale, &packed, error));
  const size_t size = op->half ? sizeof(uint16_t) : sizeof(float), bytes = cr_buffer_bytes(packed);
  void *memory = malloc(bytes + GUARD * size);
  clreid_status status = memory ? cr_queue_read(trial->queue, packed, 0, bytes, memory, error)
                                : cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for %zu bytes of weights", bytes);
  if (status == CLREID_OK) {
    fill_guard(memory, op->half, bytes / size, GUARD);
    status = cr_buffer_create(trial->queue->device, bytes + GUARD * size, memory, &op->weights, error);
  }
  free(memory);
  cr_buffer_release(packed);
  return status;
}

static clreid_status run_step(cr_trial *trial, const cr_op *op, int largest, int count, clreid_error *error)
{
  const size_t bytes = cr_trial_output_bytes(trial);
  cr_buffer *output = op->view[CR_OUTPUT].buffer;
  cr_step *step;
  fill_guard(trial->memory[CR_OUTPUT], trial->half[CR_OUTPUT], 0, trial->elements[CR_OUTPUT]);
  CR_TRY(cr_queue_write(trial->queue, output, 0, bytes, trial->memory[CR_OUTPUT], error));
  CR_TRY(cr_step_create(trial->queue, op, largest, &step, error));
  snprintf(trial->variant, sizeof trial->variant, "%s", cr_step_variant(step));
  clreid_status status = cr_step_run(step, count, error);
  if (status == CLREID_OK) status = cr_queue_read(trial->queue, output, 0, bytes, trial->memory[CR_OUTPUT], error);
  cr_step_destroy(step);
  return status;
}

/* May padding of this output hold something else than zero? */
static bool padding_is_free(const cr_trial *trial)
{
  return trial->spec.dirty || trial->spec.alone || trial->op.activation == CR_SIGMOID ||
         cr_trial_bias_by_row(&trial->op);
}

/* Marks what may be written (the elements of pictures first .. first + count - 1 and their padding); everything else
 * must be the guard still. */
static clreid_status check_output(const cr_trial *trial, int first, int count, clreid_error *error)
{
  const cr_extent *e = &trial->extent[CR_OUTPUT];
  const void *memory = trial->memory[CR_OUTPUT];
  const bool half = trial->half[CR_OUTPUT];
  bool *owned = calloc(trial->elements[CR_OUTPUT], sizeof *owned);
  if (!owned) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for %zu marks", trial->elements[CR_OUTPUT]);
  clreid_status status = CLREID_OK;
  for (int p = first; p < first + count; p++)
    for (size_t r = 0; r < e->rows; r++)
      for (size_t c = 0; c < e->padded; c++) {
        const size_t at = element_at(trial, CR_OUTPUT, p, r, c);
        owned[at] = true;
        if (c >= e->columns && !padding_is_free(trial) && read_element(memory, half, at) != 0 && status == CLREID_OK)
          status = cr_fail(error, CLREID_DEVICE_FAILED,
                           "%s as %s: picture %d, row %zu, padding column %zu is %g instead of 0", trial->name,
                           trial->variant, p, r, c, read_element(memory, half, at));
      }
  for (size_t i = 0; i < trial->elements[CR_OUTPUT] && status == CLREID_OK; i++)
    if (!owned[i] && !is_guard(memory, half, i))
      status =
          cr_fail(error, CLREID_DEVICE_FAILED,
                  "%s as %s: element %zu of the output's buffer was written (%g), %zu after the start of the output",
                  trial->name, trial->variant, i, read_element(memory, half, i), i - trial->op.view[CR_OUTPUT].offset);
  free(owned);
  return status;
}

static clreid_status check_input(cr_trial *trial, int view, clreid_error *error)
{
  const size_t bytes = trial->elements[view] * element_bytes(trial, view);
  void *now = malloc(bytes);
  if (!now) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for %zu bytes", bytes);
  clreid_status status = cr_queue_read(trial->queue, trial->op.view[view].buffer, 0, bytes, now, error);
  if (status != CLREID_OK) trial->ran = false; /* the driver's call failed: that says nothing of numbers */
  if (status == CLREID_OK && memcmp(now, trial->memory[view], bytes))
    status = cr_fail(error, CLREID_DEVICE_FAILED, "%s as %s: operand %d, which is only read, was written", trial->name,
                     trial->variant, view);
  free(now);
  return status;
}

clreid_status cr_trial_run(cr_trial *trial, bool plain, int first, int count, clreid_error *error)
{
  cr_op op = trial->op;
  op.plain = plain;
  for (int v = 0; v < CR_VIEWS; v++) op.view[v].offset += first * op.view[v].picture;
  if (is_packed(&op)) CR_TRY(pack_weights(trial, &op, error));
  trial->ran = false;
  const clreid_status status = run_step(trial, &op, trial->spec.batch - first, count, error);
  trial->ran = status == CLREID_OK;
  if (is_packed(&op)) cr_buffer_release(op.weights);
  CR_TRY(status);
  CR_TRY(check_output(trial, first, count, error));
  for (int v = CR_INPUT; v < CR_VIEWS; v++)
    if (trial->elements[v]) CR_TRY(check_input(trial, v, error));
  return CLREID_OK;
}
