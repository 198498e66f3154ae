/*
 * oracle.c - see oracle.h.
 */
#include "oracle.h"

#include <float.h>
#include <math.h>

/* A sum as it grows: its value, the sum of its summands' magnitudes, and how many there are. */
typedef struct sum {
  double value, magnitude;
  int terms;
} sum;

static void add_product(sum *s, double a, double b)
{
  s->value += a * b;
  s->magnitude += fabs(a * b);
  s->terms++;
}

static void add_term(sum *s, double a)
{
  add_product(s, a, 1);
}

/* Of what is there so far: one rounding more for each of its summands. */
static void multiply(sum *s, double factor)
{
  s->value *= factor;
  s->magnitude *= fabs(factor);
  s->terms++;
}

/* ---- Bounds ----------------------------------------------------------------------------------------------------- */

static const double unit = 0x1p-24; /* roundoff of float */

/* n roundings in a row change a number by at most this factor of itself. */
static double gamma_of(double n)
{
  return n * unit / (1 - n * unit);
}

/* A device may take subnormal floats for zero, in each operation. */
static double flushed(const sum *s)
{
  return s->terms * (double)FLT_MIN;
}

/* A summand goes through one rounding for each that is added after it, and one for its own product where fma() is not
 * used. */
static double bound_of_sum(const sum *s)
{
  return gamma_of(s->terms + 1) * s->magnitude + flushed(s);
}

/* 1 / (1 + exp(-x)): its slope is at most 1/4. exp is good to 4 roundoffs (cl/common.clh), the sum to one, the quotient
 * to 2.5 units in the last place, which are 5. Where exp leaves its range the result is 1, or below FLT_MIN. */
static cr_expected sigmoid_of(cr_expected x)
{
  const double value = 1 / (1 + exp(-x.value));
  return (cr_expected){value, x.bound / 4 + gamma_of(10) * (value + x.bound / 4) + FLT_MIN};
}

static cr_expected activated(cr_expected x, cr_activation activation)
{
  if (activation == CR_RELU && x.value < 0) x.value = 0; /* moves no two numbers apart */
  return activation == CR_SIGMOID ? sigmoid_of(x) : x;
}

/* The ways that results end in: bias, gate, residual, activation. */
static cr_expected epilogue(const cr_trial *trial, sum s, int picture, size_t row, size_t column)
{
  if (trial->bias) add_term(&s, trial->bias[cr_trial_bias_by_row(&trial->op) ? row : column]);
  if (trial->op.view[CR_GATE].buffer) multiply(&s, cr_trial_read(trial, CR_GATE, picture, 0, column));
  if (trial->op.view[CR_RESIDUAL].buffer) add_term(&s, cr_trial_read(trial, CR_RESIDUAL, picture, row, column));
  return activated((cr_expected){s.value, bound_of_sum(&s)}, trial->op.activation);
}

/* ---- Operators -------------------------------------------------------------------------------------------------- */

/* The weight as it is stored: scaled and rounded to float, and to half where that is the storage. */
static double stored_weight(const cr_trial *trial, size_t at, int out)
{
  float weight = trial->weights[at] * (trial->scale ? trial->scale[out] : 1.0f);
  if (trial->op.half) {
    uint16_t half;
    cr_to_half(&weight, &half, 1);
    cr_from_half(&half, &weight, 1);
  }
  return weight;
}

static double conv_input(const cr_trial *trial, int picture, int y, int x, int channel)
{
  const cr_conv *c = &trial->op.conv;
  if (trial->spec.pixel) return cr_trial_read(trial, CR_INPUT, picture, y, (size_t)x * trial->spec.pixel + channel);
  return cr_trial_read(trial, CR_INPUT, picture, (size_t)y * c->width + x, channel);
}

static cr_expected expect_conv(const cr_trial *trial, int picture, size_t row, size_t column)
{
  const cr_conv *c = &trial->op.conv;
  const int out_y = (int)row / c->out_width, out_x = (int)row % c->out_width, out = (int)column;
  const int group_in = c->channels / c->groups, group = out / (c->out_channels / c->groups);
  sum s = {0};
  for (int i = 0; i < group_in; i++)
    for (int ky = 0; ky < c->kernel_height; ky++)
      for (int kx = 0; kx < c->kernel_width; kx++) {
        const int y = out_y * c->stride_height - c->padding_height + ky * c->dilation_height;
        const int x = out_x * c->stride_width - c->padding_width + kx * c->dilation_width;
        if (y < 0 || y >= c->height || x < 0 || x >= c->width) continue;
        const size_t at = (((size_t)out * group_in + i) * c->kernel_height + ky) * c->kernel_width + kx;
        add_product(&s, conv_input(trial, picture, y, x, group * group_in + i), stored_weight(trial, at, out));
      }
  return epilogue(trial, s, picture, row, column);
}

static cr_expected expect_gemm(const cr_trial *trial, int picture, size_t row, size_t column)
{
  const cr_gemm *g = &trial->op.gemm;
  sum s = {0};
  for (int k = 0; k < g->k; k++) {
    const double a = trial->spec.transposed ? cr_trial_read(trial, CR_INPUT, picture, k, row)
                                            : cr_trial_read(trial, CR_INPUT, picture, row, k);
    add_product(&s, a, cr_trial_read(trial, CR_SECOND, picture, k, column));
  }
  return epilogue(trial, s, picture, row, column);
}

static cr_expected expect_pool(const cr_trial *trial, int picture, size_t row, size_t column)
{
  const cr_pool *p = &trial->op.pool;
  const int top = p->global ? 0 : (int)row / p->out_width * p->stride_height - p->padding_height;
  const int left = p->global ? 0 : (int)row % p->out_width * p->stride_width - p->padding_width;
  const int window_height = p->global ? p->height : p->kernel_height;
  const int window_width = p->global ? p->width : p->kernel_width;
  const bool masked = trial->op.view[CR_SECOND].buffer;
  double most = -INFINITY;
  sum s = {0};
  for (int y = top; y < top + window_height; y++)
    for (int x = left; x < left + window_width; x++) {
      if (y < 0 || y >= p->height || x < 0 || x >= p->width) continue;
      const double value = cr_trial_read(trial, CR_INPUT, picture, (size_t)y * p->width + x, column);
      if (value > most) most = value;
      add_product(&s, value, masked ? cr_trial_read(trial, CR_SECOND, picture, (size_t)y * p->width + x, column) : 1);
    }
  if (p->maximum && !p->global) return (cr_expected){most, 0};
  /* The division: 2.5 units in the last place, 5 roundoffs; and the product with a mask. */
  return (cr_expected){s.value / s.terms, gamma_of(s.terms + 5 + masked) * s.magnitude / s.terms + FLT_MIN};
}

static cr_expected expect_scale(const cr_trial *trial, int picture, size_t row, size_t column)
{
  sum s = {0};
  add_product(&s, cr_trial_read(trial, CR_INPUT, picture, row, column), trial->weights ? trial->weights[column] : 1);
  return epilogue(trial, s, picture, row, column);
}

static cr_expected expect_mask(const cr_trial *trial, int picture, size_t row, size_t column)
{
  double value = cr_trial_read(trial, CR_INPUT, picture, row, column);
  if (trial->op.view[CR_SECOND].buffer) value *= cr_trial_read(trial, CR_SECOND, picture, row, 0);
  if (trial->op.view[CR_RESIDUAL].buffer) value *= cr_trial_read(trial, CR_RESIDUAL, picture, 0, column);
  return (cr_expected){value, gamma_of(2) * fabs(value) + FLT_MIN};
}

/* Softmax of columns logits, each within error of what it should be. An exponent is off by the errors of its logit and
 * of the most, and by the rounding of their difference, which is at most 88 where exp does not end below FLT_MIN; exp
 * itself is good to 4 roundoffs, a quotient to 5. */
typedef struct softmax {
  double most, sum;
  double relative; /* error of a weight, of itself */
  int columns;
} softmax;

static void softmax_begin(softmax *s, int columns)
{
  *s = (softmax){.most = -INFINITY, .columns = columns};
}

static void softmax_end(softmax *s, double error)
{
  const double exponential = expm1(2 * error + 88 * unit) * (1 + 4 * unit) + 4 * unit;
  s->relative =
      exponential < 1 ? (1 + exponential) / (1 - exponential) * (1 + gamma_of(s->columns + 10)) - 1 : INFINITY;
}

static cr_expected expect_softmax(const cr_trial *trial, int picture, size_t row, size_t column)
{
  const int columns = trial->op.softmax.columns;
  softmax s;
  softmax_begin(&s, columns);
  for (int c = 0; c < columns; c++) s.most = fmax(s.most, cr_trial_read(trial, CR_INPUT, picture, row, c));
  for (int c = 0; c < columns; c++) s.sum += exp(cr_trial_read(trial, CR_INPUT, picture, row, c) - s.most);
  softmax_end(&s, 0);
  const double value = exp(cr_trial_read(trial, CR_INPUT, picture, row, column) - s.most) / s.sum;
  return (cr_expected){value, s.relative * value + 2 * FLT_MIN};
}

static sum attention_logit(const cr_trial *trial, int picture, size_t row, int j)
{
  sum s = {0};
  for (int k = 0; k < trial->op.attention.inner; k++)
    add_product(&s, cr_trial_read(trial, CR_INPUT, picture, row, k), cr_trial_read(trial, CR_SECOND, picture, k, j));
  return s;
}

static cr_expected expect_attention(const cr_trial *trial, int picture, size_t row, size_t column)
{
  const int positions = trial->op.attention.positions;
  double error = 0;
  softmax s;
  sum y = {0};
  softmax_begin(&s, positions);
  for (int j = 0; j < positions; j++) {
    const sum logit = attention_logit(trial, picture, row, j);
    s.most = fmax(s.most, logit.value);
    error = fmax(error, bound_of_sum(&logit));
  }
  for (int j = 0; j < positions; j++) {
    const double weight = exp(attention_logit(trial, picture, row, j).value - s.most);
    s.sum += weight;
    add_product(&y, weight, cr_trial_read(trial, CR_RESIDUAL, picture, j, column));
  }
  softmax_end(&s, error);
  const double relative = (1 + s.relative) * (1 + gamma_of(y.terms + 1)) - 1;
  return (cr_expected){y.value / s.sum, relative * y.magnitude / s.sum + 3 * flushed(&y)};
}

/* ---- Harmonious attention ---------------------------------------------------------------------------------------- */

/* A sum whose summands are themselves only known within bounds. */
typedef struct loose_sum {
  sum exact;
  double bound; /* of what the summands' bounds add */
} loose_sum;

static void add_loose(loose_sum *s, double weight, cr_expected x)
{
  add_product(&s->exact, weight, x.value);
  s->exact.magnitude += fabs(weight) * x.bound; /* roundings are relative to what is there, not to what should be */
  s->bound += fabs(weight) * x.bound;
}

static cr_expected settled(const loose_sum *s)
{
  return (cr_expected){s->exact.value, s->bound + bound_of_sum(&s->exact)};
}

/* Weights of layer l for one of its outputs: element i at [i * CR_PANEL], the shift in *shift. */
static const float *layer_of(const cr_trial *trial, int l, int output, double *shift)
{
  int out[CR_HARMONY_LAYERS], in[CR_HARMONY_LAYERS];
  const float *weights = trial->weights;
  cr_harmony_layers(&trial->op.harmony, out, in);
  for (int k = 0; k < l; k++) weights += cr_padded(out[k]) * (in[k] + 1);
  *shift = weights[cr_padded(out[l]) * in[l] + output];
  return weights + (size_t)(output / CR_PANEL) * in[l] * CR_PANEL + output % CR_PANEL;
}

/* The mean over rows and columns from `first` on; gamma for the sum in any order, and for the quotient. */
static cr_expected mean_of(const cr_trial *trial, int picture, size_t row, size_t rows, size_t column, size_t columns)
{
  sum s = {0};
  for (size_t r = row; r < row + rows; r++)
    for (size_t c = column; c < column + columns; c++) add_term(&s, cr_trial_read(trial, CR_INPUT, picture, r, c));
  return (cr_expected){s.value / s.terms, gamma_of(s.terms + 6) * s.magnitude / s.terms + FLT_MIN};
}

static cr_expected mean_of_positions(const cr_trial *trial, int picture, int channel)
{
  return mean_of(trial, picture, 0, trial->extent[CR_INPUT].rows, (size_t)channel, 1);
}

static cr_expected reduced_channel(const cr_trial *trial, int picture, int output)
{
  double shift;
  const float *weights = layer_of(trial, 2, output, &shift);
  loose_sum s = {{0}, 0};
  for (int c = 0; c < trial->op.harmony.channels; c++)
    add_loose(&s, weights[(size_t)c * CR_PANEL], mean_of_positions(trial, picture, c));
  add_term(&s.exact, shift);
  return activated(settled(&s), CR_RELU);
}

static cr_expected expect_blend(const cr_trial *trial, int picture, int output)
{
  enum { MOST_REDUCED = 64 };
  const cr_harmony *h = &trial->op.harmony;
  cr_expected reduced[MOST_REDUCED];
  double shift;
  for (int r = 0; r < h->reduced && r < MOST_REDUCED; r++) reduced[r] = reduced_channel(trial, picture, r);
  const float *blend = layer_of(trial, 4, output, &shift);
  loose_sum v = {{0}, 0};
  for (int c = 0; c < h->channels; c++) {
    const float *weights = layer_of(trial, 3, c, &shift);
    loose_sum s = {{0}, 0};
    for (int r = 0; r < h->reduced; r++) add_loose(&s, weights[(size_t)r * CR_PANEL], reduced[r]);
    add_term(&s.exact, shift);
    add_loose(&v, blend[(size_t)c * CR_PANEL], activated(settled(&s), CR_RELU));
  }
  return settled(&v);
}

/* OpenCL promises tanh to 5 units in the last place: 10 roundoffs. */
static cr_expected expect_centre(const cr_trial *trial, int picture, int output)
{
  double shift;
  const float *weights = layer_of(trial, 5, output, &shift);
  loose_sum s = {{0}, 0};
  for (int c = 0; c < trial->op.harmony.channels; c++)
    add_loose(&s, weights[(size_t)c * CR_PANEL], mean_of_positions(trial, picture, c));
  add_term(&s.exact, shift);
  const cr_expected x = settled(&s);
  return (cr_expected){tanh(x.value), x.bound + gamma_of(10)};
}

static cr_expected small_map(const cr_trial *trial, int picture, int y, int x)
{
  const cr_harmony *h = &trial->op.harmony;
  double shift;
  const float *weights = layer_of(trial, 0, 0, &shift);
  loose_sum s = {{0}, 0};
  for (int t = 0; t < 9; t++) {
    const int at_y = 2 * y - 1 + t / 3, at_x = 2 * x - 1 + t % 3;
    if (at_y < 0 || at_y >= h->height || at_x < 0 || at_x >= h->width) continue;
    add_loose(&s, weights[t * CR_PANEL],
              mean_of(trial, picture, (size_t)at_y * h->width + at_x, 1, 0, (size_t)h->channels));
  }
  add_term(&s.exact, shift);
  return activated(settled(&s), CR_RELU);
}

/* Output i of `out` between `in` positions: the one before it, and how far it is on the way to the next. */
static int between(int i, int out, int in, double *part)
{
  double at = (i + 0.5) * in / out - 0.5;
  if (at < 0) at = 0;
  const int before = (int)at < in - 1 ? (int)at : in - 1;
  *part = at - before;
  return before;
}

/* The place is known in float to 4 roundoffs of the map's size, and the map between two pixels is no steeper than they
 * differ; then a few roundings of the interpolation, of the layer, and the layer's factor. */
static cr_expected expect_map(const cr_trial *trial, int picture, int position)
{
  const cr_harmony *h = &trial->op.harmony;
  const int small_height = (h->height + 1) / 2, small_width = (h->width + 1) / 2;
  double down, across, shift;
  const int top = between(position / h->width, h->height, small_height, &down);
  const int left = between(position % h->width, h->width, small_width, &across);
  const int bottom = top + 1 < small_height ? top + 1 : top, right = left + 1 < small_width ? left + 1 : left;
  const cr_expected corner[4] = {small_map(trial, picture, top, left), small_map(trial, picture, top, right),
                                 small_map(trial, picture, bottom, left), small_map(trial, picture, bottom, right)};
  const double weight[4] = {(1 - down) * (1 - across), (1 - down) * across, down * (1 - across), down * across};
  double value = 0, bound = 0, most = 0;
  for (int k = 0; k < 4; k++) {
    value += weight[k] * corner[k].value;
    bound += weight[k] * corner[k].bound;
    if (corner[k].value + corner[k].bound > most) most = corner[k].value + corner[k].bound;
  }
  const double place = gamma_of(4) * (small_height + small_width);
  bound += (2 * place + gamma_of(8)) * most;
  const double factor = layer_of(trial, 1, 0, &shift)[0];
  const cr_expected s = {factor * value + shift, fabs(factor) * bound +
                                                     gamma_of(3) * (fabs(factor) * (value + bound) + fabs(shift)) +
                                                     4 * FLT_MIN};
  return activated(s, CR_RELU);
}

static cr_expected expect_harmony(const cr_trial *trial, int picture, size_t column)
{
  const cr_harmony *h = &trial->op.harmony;
  const size_t centres = cr_harmony_centres(h), map = cr_harmony_map(h);
  const size_t within = column >= map ? column - map : column >= centres ? column - centres : column;
  const size_t size = column >= map       ? (size_t)h->height * h->width
                      : column >= centres ? (size_t)h->centres
                                          : (size_t)h->channels;
  if (within >= size) return (cr_expected){0, 0}; /* padding */
  if (column >= map) return expect_map(trial, picture, (int)within);
  return column >= centres ? expect_centre(trial, picture, (int)within) : expect_blend(trial, picture, (int)within);
}

/* ---- Pointwise, then depthwise ----------------------------------------------------------------------------------- */

static cr_expected expect_separable(const cr_trial *trial, int picture, size_t row, size_t column)
{
  const cr_separable *p = &trial->op.separable;
  const size_t weights = column * (size_t)(p->channels + 9), padded = trial->extent[CR_OUTPUT].padded;
  loose_sum total = {{0}, 0};
  for (int t = 0; t < 9; t++) {
    const int y = (int)row / p->out_width * p->stride - 1 + t / 3, x = (int)row % p->out_width * p->stride - 1 + t % 3;
    if (y < 0 || y >= p->height || x < 0 || x >= p->width) continue;
    sum s = {0};
    for (int k = 0; k < p->channels; k++)
      add_product(&s, cr_trial_read(trial, CR_INPUT, picture, (size_t)y * p->width + x, (size_t)k),
                  stored_weight(trial, weights + (size_t)k, (int)column));
    add_term(&s, trial->bias[column]);
    add_loose(&total, stored_weight(trial, weights + (size_t)(p->channels + t), (int)column),
              activated((cr_expected){s.value, bound_of_sum(&s)}, CR_RELU));
  }
  add_term(&total.exact, trial->bias[padded + column]);
  return activated(settled(&total), CR_RELU);
}

static cr_expected expect_attend(const cr_trial *trial, int picture, size_t row, size_t column)
{
  sum logit = {0};
  add_product(&logit, cr_trial_read(trial, CR_SECOND, picture, 0, trial->op.attend.map + row),
              cr_trial_read(trial, CR_SECOND, picture, 0, column));
  add_term(&logit, trial->bias[column]);
  const cr_expected x = activated((cr_expected){logit.value, bound_of_sum(&logit)}, CR_RELU);
  const cr_expected mask = sigmoid_of(x);
  if (trial->spec.alone) return mask;
  const double input = cr_trial_read(trial, CR_INPUT, picture, row, column);
  return (cr_expected){input * mask.value,
                       fabs(input) * (mask.bound + gamma_of(1) * (mask.value + mask.bound)) + FLT_MIN};
}

/* The place is known to a few roundoffs of the map's size (each of four numbers of that size is rounded), which moves
 * the value by at most the difference of neighbours; at whole numbers the neighbours of either side count. */
static cr_expected expect_crop(const cr_trial *trial, int picture, size_t row, size_t column)
{
  const cr_crop *c = &trial->op.crop;
  const int size = c->out_height * c->out_width, stream = (int)row / size;
  const int out_y = (int)row % size / c->out_width, out_x = (int)row % size % c->out_width;
  const double tx = cr_trial_read(trial, CR_SECOND, picture, 0, 2 * (size_t)stream);
  const double ty = cr_trial_read(trial, CR_SECOND, picture, 0, 2 * (size_t)stream + 1);
  const double y = (ty + 1) * c->height / 2 - c->out_height / 2.0 + out_y;
  const double x = (tx + 1) * c->width / 2 - c->out_width / 2.0 + out_x;
  const int top = (int)floor(y), left = (int)floor(x);
  double most = 0;
  sum s = {0};
  for (int at_y = top - 1; at_y <= top + 2; at_y++)
    for (int at_x = left - 1; at_x <= left + 2; at_x++) {
      if (at_y < 0 || at_y >= c->height || at_x < 0 || at_x >= c->width) continue;
      const double value = cr_trial_read(trial, CR_INPUT, picture, (size_t)at_y * c->width + at_x, column);
      const double weight = (1 - fabs(y - at_y)) * (1 - fabs(x - at_x));
      if (fabs(value) > most) most = fabs(value);
      if (fabs(y - at_y) < 1 && fabs(x - at_x) < 1) add_product(&s, weight, value);
    }
  if (trial->op.view[CR_RESIDUAL].buffer) add_term(&s, cr_trial_read(trial, CR_RESIDUAL, picture, row, column));
  const double place = gamma_of(4) * (c->height + c->width + c->out_height + c->out_width);
  return (cr_expected){s.value, bound_of_sum(&s) + gamma_of(3) * s.magnitude + 2 * place * most};
}

/* sqrt to 3 units in the last place, half of the sum's error; the quotient to 2.5. */
static cr_expected expect_normalise(const cr_trial *trial, int picture, size_t column)
{
  const size_t size = (size_t)trial->op.normalise.columns / (size_t)trial->op.normalise.parts,
               first = column / size * size;
  double squares = 0;
  for (size_t c = first; c < first + size; c++) squares += pow(cr_trial_read(trial, CR_INPUT, picture, 0, c), 2);
  const double norm = fmax(sqrt(squares), 1e-12), value = cr_trial_read(trial, CR_INPUT, picture, 0, column) / norm;
  return (cr_expected){value, gamma_of((double)(size + 1) / 2 + 6 + 5) * fabs(value) + FLT_MIN};
}

cr_expected cr_oracle_expect(const cr_trial *trial, int picture, size_t row, size_t column)
{
  switch (trial->op.kind) {
  case CR_CONV:
    return expect_conv(trial, picture, row, column);
  case CR_GEMM:
    return expect_gemm(trial, picture, row, column);
  case CR_POOL:
    return expect_pool(trial, picture, row, column);
  case CR_SCALE:
    return expect_scale(trial, picture, row, column);
  case CR_MASK:
    return expect_mask(trial, picture, row, column);
  case CR_SOFTMAX:
    return expect_softmax(trial, picture, row, column);
  case CR_ATTENTION:
    return expect_attention(trial, picture, row, column);
  case CR_HARMONY:
    return expect_harmony(trial, picture, column);
  case CR_ATTEND:
    return expect_attend(trial, picture, row, column);
  case CR_CROP:
    return expect_crop(trial, picture, row, column);
  case CR_SEPARABLE:
    return expect_separable(trial, picture, row, column);
  case CR_NORMALISE:
    return expect_normalise(trial, picture, column);
  default: /* CR_PACK moves numbers */
    if (trial->op.pack.transposed) return (cr_expected){cr_trial_read(trial, CR_INPUT, picture, column, row), 0};
    return (cr_expected){cr_trial_read(trial, CR_INPUT, picture, row, column), 0};
  }
}

/* ---- Comparison ------------------------------------------------------------------------------------------------- */

/* value rounded to float towards the side, then to the nearest half: rounding keeps order, so a float within
 * [low, high] becomes a half within [half_beyond(low, up), half_beyond(high, down)]. */
static double half_of(double value, float side)
{
  float rounded = (float)value;
  if (side > 0 ? (double)rounded < value : (double)rounded > value) rounded = nextafterf(rounded, side);
  uint16_t half;
  cr_to_half(&rounded, &half, 1);
  cr_from_half(&half, &rounded, 1);
  return rounded;
}

bool cr_oracle_allows(const cr_trial *trial, const cr_expected *expected, double result)
{
  const double low = expected->value - expected->bound, high = expected->value + expected->bound;
  if (!trial->half[CR_OUTPUT]) return result >= low && result <= high;
  return result >= half_of(low, INFINITY) && result <= half_of(high, -INFINITY);
}

/* Half storage rounds once more: by half a unit of its last place. */
static double share_of(const cr_trial *trial, const cr_expected *expected, double result)
{
  const double off = fabs(result - expected->value);
  const double allowed = expected->bound + (trial->half[CR_OUTPUT] ? fabs(expected->value) * 0x1p-11 : 0);
  return off > 0 && allowed > 0 ? off / allowed : 0;
}

clreid_status cr_oracle_check(cr_trial *trial, int first, int count, int *checks, clreid_error *error)
{
  const cr_extent *e = &trial->extent[CR_OUTPUT];
  trial->worst = 0;
  for (int p = first; p < first + count; p++)
    for (size_t r = 0; r < e->rows; r++)
      for (size_t c = 0; c < e->columns; c++) {
        const cr_expected expected = cr_oracle_expect(trial, p, r, c);
        const double result = cr_trial_read(trial, CR_OUTPUT, p, r, c);
        trial->worst = fmax(trial->worst, share_of(trial, &expected, result));
        if (!cr_oracle_allows(trial, &expected, result))
          return cr_fail(
              error, CLREID_DEVICE_FAILED,
              "%s as %s: picture %d, row %zu, column %zu is %.9g, but should be %.9g within %.2g%s; use another "
              "device or driver",
              trial->name, trial->variant, p, r, c, result, expected.value, expected.bound,
              trial->half[CR_OUTPUT] ? " before it is rounded to half" : "");
        ++*checks;
      }
  return CLREID_OK;
}
