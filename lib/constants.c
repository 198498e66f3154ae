/*
 * constants.c - folding and placing. See constants.h.
 *
 * Folding: a batch norm y = gamma (x - mean) / sqrt(variance + epsilon) + beta after x = W v + b is
 * y = (s W) v + (b - mean) s + beta with s = gamma / sqrt(variance + epsilon); s and the products are computed in
 * double and rounded once.
 */
#include "constants.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double epsilon = 1e-5; /* of every batch norm of the family */

typedef struct reader {
  const cr_weights *weights;
  const cr_weight_spec *specs;
  size_t count;
} reader;

static size_t elements(const cr_weight_spec *spec)
{
  size_t count = 1;
  for (int d = 0; d < spec->dims; d++) count *= (size_t)spec->shape[d];
  return count;
}

/* PREFIX.SUFFIX as floats; *scratch (freed by the caller) holds them if the file does not. */
static clreid_status read_weight(const reader *from, const char *prefix, const char *suffix, float **scratch,
                                 const float **values, clreid_error *error)
{
  char name[CR_NAME + 16];
  snprintf(name, sizeof name, "%s.%s", prefix, suffix);
  for (size_t i = 0; i < from->count; i++) {
    if (strcmp(from->specs[i].name, name)) continue;
    *scratch = malloc(elements(&from->specs[i]) * sizeof **scratch);
    if (!*scratch) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for %s", name);
    cr_weights_read(from->weights, &from->specs[i], *scratch, values);
    return CLREID_OK;
  }
  return cr_fail(error, CLREID_INVALID_NETWORK, "the plan names weights %s that the network does not have", name);
}

/* values[out] of a batch norm's factor and shift, or of 1 and the bias where there is none. */
static clreid_status read_norm(const reader *from, const cr_part *part, double *scale, double *shift,
                               clreid_error *error)
{
  static const char *const names[] = {"weight", "bias", "running_mean", "running_var"};
  float *scratch[5] = {NULL};
  const float *value[5] = {NULL};
  clreid_status status = CLREID_OK;
  if (*part->norm)
    for (int i = 0; i < 4 && status == CLREID_OK; i++)
      status = read_weight(from, part->norm, names[i], &scratch[i], &value[i], error);
  if (part->bias && status == CLREID_OK)
    status = read_weight(from, part->kernel, "bias", &scratch[4], &value[4], error);
  for (int o = 0; o < part->out && status == CLREID_OK; o++) {
    const double bias = part->bias ? value[4][o] : 0;
    scale[o] = *part->norm ? value[0][o] / sqrt((double)value[3][o] + epsilon) : 1;
    shift[o] = *part->norm ? (bias - value[2][o]) * scale[o] + value[1][o] : bias;
  }
  for (int i = 0; i < 5; i++) free(scratch[i]);
  return status;
}

/* One part's block into matrix[out][in][taps]. */
static clreid_status place_block(const cr_constant *c, const reader *from, const cr_part *part, const double *scale,
                                 float *matrix, clreid_error *error)
{
  float *scratch = NULL;
  const float *values;
  const int taps = c->taps_height * c->taps_width, spread = part->spread > 1 ? part->spread : 1;
  const clreid_status status = read_weight(from, part->kernel, "weight", &scratch, &values, error);
  for (int o = 0; o < part->out && status == CLREID_OK; o++)
    for (int i = 0; i < part->in * spread; i++) {
      const float *tap = values + ((size_t)o * part->own_in + part->first_in + i / spread) * taps;
      float *to = matrix + ((size_t)(part->to_out + o) * c->in + part->to_in + i) * taps;
      for (int t = 0; t < taps; t++) to[t] = (float)(scale[o] * tap[t] / spread);
    }
  free(scratch);
  return status;
}

typedef struct assembly {
  float *matrix; /* [out][in][taps]; NULL where only factors and shifts are wanted */
  float *scale;  /* [padded(out)] */
  float *shift;  /* [padded(out)] */
} assembly;

static void assembly_free(assembly *a)
{
  free(a->matrix);
  free(a->scale);
  free(a->shift);
}

static clreid_status assemble_part(const cr_constant *c, const reader *from, const cr_part *part, assembly *a,
                                   clreid_error *error)
{
  double *scale = malloc(2 * (size_t)part->out * sizeof *scale);
  if (!scale) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for %d factors", part->out);
  double *shift = scale + part->out;
  clreid_status status = read_norm(from, part, scale, shift, error);
  for (int o = 0; o < part->out && status == CLREID_OK; o++) {
    a->scale[part->to_out + o] = (float)scale[o];
    a->shift[part->to_out + o] = (float)shift[o];
  }
  if (status == CLREID_OK && a->matrix && *part->kernel) status = place_block(c, from, part, scale, a->matrix, error);
  free(scale);
  return status;
}

static clreid_status assemble(const cr_constant *c, const reader *from, assembly *a, clreid_error *error)
{
  const bool vector = c->kind == CR_CONSTANT_SCALE || c->kind == CR_CONSTANT_BIAS;
  const size_t count = (size_t)c->out * (vector ? 1 : (size_t)c->in * c->taps_height * c->taps_width);
  a->scale = calloc(cr_padded(c->out), sizeof *a->scale);
  a->shift = calloc(cr_padded(c->out), sizeof *a->shift);
  a->matrix = vector ? NULL : calloc(count, sizeof *a->matrix);
  if (!a->scale || !a->shift || (!vector && !a->matrix))
    return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a constant of %zu numbers", count);
  for (size_t i = 0; c->mean && a->matrix && i < count; i++) a->matrix[i] = (float)(1.0 / c->in);
  for (int p = 0; p < c->parts; p++) CR_TRY(assemble_part(c, from, &c->part[p], a, error));
  return CLREID_OK;
}

/* [out][in][kh][kw] -> [out][kw * in][kh][1], in place of the matrix. */
static clreid_status make_runs(const cr_constant *c, assembly *a, clreid_error *error)
{
  const int kh = c->taps_height, kw = c->taps_width, in = c->in;
  const size_t size = (size_t)in * kh * kw;
  float *runs = malloc((size_t)c->out * size * sizeof *runs);
  if (!runs) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for the first layer's weights");
  for (int o = 0; o < c->out; o++)
    for (int i = 0; i < in; i++)
      for (int y = 0; y < kh; y++)
        for (int x = 0; x < kw; x++)
          runs[o * size + (size_t)(x * in + i) * kh + y] = a->matrix[o * size + ((size_t)i * kh + y) * kw + x];
  free(a->matrix);
  a->matrix = runs;
  return CLREID_OK;
}

static clreid_status upload_rows(const float *matrix, size_t count, bool half, cr_device *device, cr_buffer **buffer,
                                 clreid_error *error)
{
  if (!half) return cr_buffer_create_constant(device, count * sizeof *matrix, matrix, buffer, error);
  uint16_t *halves = malloc(count * sizeof *halves);
  if (!halves) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a constant of %zu numbers", count);
  cr_to_half(matrix, halves, count);
  const clreid_status status = cr_buffer_create_constant(device, count * sizeof *halves, halves, buffer, error);
  free(halves);
  return status;
}

/* B[k][n] = matrix[n][k] in panels is what a 1x1 convolution from k to n channels reads. */
static cr_op as_convolution(const cr_constant *c, const cr_op *op)
{
  cr_op conv = {.kind = CR_CONV, .name = op->name, .half = op->half};
  conv.conv = (cr_conv){.channels = c->in, .out_channels = c->out, .kernel_height = 1, .kernel_width = 1, .groups = 1};
  return conv;
}

/* ---- Layers ------------------------------------------------------------------------------------------------------ */

static size_t layer_size(const cr_part *part)
{
  return cr_padded(part->out) * ((size_t)part->in + 1);
}

/* matrix[out][in] -> [panel][in][CR_PANEL], then shift[padded(out)]; `to` is all zero before. */
static void place_layer(const cr_part *part, const assembly *a, float *to)
{
  const size_t in = (size_t)part->in, padded = cr_padded(part->out);
  for (size_t o = 0; o < (size_t)part->out; o++)
    for (size_t i = 0; i < in; i++) to[(o / CR_PANEL * in + i) * CR_PANEL + o % CR_PANEL] = a->matrix[o * in + i];
  memcpy(to + padded * in, a->shift, padded * sizeof *to);
}

static clreid_status make_layers(const cr_constant *c, const reader *from, cr_device *device, cr_buffer **buffer,
                                 clreid_error *error)
{
  size_t count = 0, at = 0;
  for (int p = 0; p < c->parts; p++) count += layer_size(&c->part[p]);
  float *floats = calloc(count ? count : 1, sizeof *floats);
  clreid_status status =
      floats ? CLREID_OK : cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for layers of %zu numbers", count);
  for (int p = 0; p < c->parts && status == CLREID_OK; p++) {
    const cr_part *part = &c->part[p];
    cr_constant alone = {
        .kind = CR_CONSTANT_ROWS, .parts = 1, .out = part->out, .in = part->in, .taps_height = 1, .taps_width = 1};
    assembly a = {NULL, NULL, NULL};
    alone.part[0] = *part;
    status = assemble(&alone, from, &a, error);
    if (status == CLREID_OK) place_layer(part, &a, floats + at);
    at += layer_size(part);
    assembly_free(&a);
  }
  if (status == CLREID_OK) status = cr_buffer_create_constant(device, count * sizeof *floats, floats, buffer, error);
  free(floats);
  return status;
}

/* ---- The whole --------------------------------------------------------------------------------------------------- */

static clreid_status upload(const cr_constant *c, const cr_op *op, assembly *a, cr_device *device, cr_buffer **buffer,
                            clreid_error *error)
{
  switch (c->kind) {
  case CR_CONSTANT_NONE:
  case CR_CONSTANT_LAYERS:
    return CLREID_OK;
  case CR_CONSTANT_PANELS:
    if (c->rows_as_runs) CR_TRY(make_runs(c, a, error));
    return cr_conv_pack(device, op, a->matrix, NULL, buffer, error);
  case CR_CONSTANT_COLUMNS: {
    const cr_op conv = as_convolution(c, op);
    return cr_conv_pack(device, &conv, a->matrix, NULL, buffer, error);
  }
  case CR_CONSTANT_WINOGRAD:
    return cr_winograd_pack(device, op, a->matrix, buffer, error);
  case CR_CONSTANT_ROWS:
    return upload_rows(a->matrix, (size_t)c->out * c->in, op->half, device, buffer, error);
  case CR_CONSTANT_SCALE:
    return cr_buffer_create_constant(device, cr_padded(c->out) * sizeof(float), a->scale, buffer, error);
  case CR_CONSTANT_BIAS:
    return cr_buffer_create_constant(device, cr_padded(c->out) * sizeof(float), a->shift, buffer, error);
  }
  return CLREID_OK;
}

static bool same_part(const cr_part *a, const cr_part *b)
{
  return a->bias == b->bias && a->out == b->out && a->own_in == b->own_in && a->first_in == b->first_in &&
         a->in == b->in && a->to_out == b->to_out && a->to_in == b->to_in && a->spread == b->spread &&
         !strcmp(a->kernel, b->kernel) && !strcmp(a->norm, b->norm);
}

bool cr_constant_same(const cr_constant *a, const cr_constant *b)
{
  if (a->kind != b->kind || a->parts != b->parts || a->out != b->out || a->in != b->in ||
      a->taps_height != b->taps_height || a->taps_width != b->taps_width || a->rows_as_runs != b->rows_as_runs ||
      a->mean != b->mean)
    return false;
  for (int p = 0; p < a->parts; p++)
    if (!same_part(&a->part[p], &b->part[p])) return false;
  return true;
}

clreid_status cr_constant_make(const cr_constant *constant, const cr_op *op, const cr_weights *weights,
                               const cr_weight_spec *specs, size_t spec_count, cr_device *device, cr_buffer **buffer,
                               clreid_error *error)
{
  *buffer = NULL;
  if (constant->kind == CR_CONSTANT_NONE) return CLREID_OK;
  const reader from = {weights, specs, spec_count};
  if (constant->kind == CR_CONSTANT_LAYERS) return make_layers(constant, &from, device, buffer, error);
  assembly a = {NULL, NULL, NULL};
  clreid_status status = assemble(constant, &from, &a, error);
  if (status == CLREID_OK) status = upload(constant, op, &a, device, buffer, error);
  assembly_free(&a);
  return status;
}
