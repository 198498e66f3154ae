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
  default:
    return (cr_expected){cr_trial_read(trial, CR_INPUT, picture, row, column), 0}; /* CR_PACK moves numbers */
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

clreid_status cr_oracle_check(const cr_trial *trial, int first, int count, int *checks, clreid_error *error)
{
  const cr_extent *e = &trial->extent[CR_OUTPUT];
  for (int p = first; p < first + count; p++)
    for (size_t r = 0; r < e->rows; r++)
      for (size_t c = 0; c < e->columns; c++) {
        const cr_expected expected = cr_oracle_expect(trial, p, r, c);
        const double result = cr_trial_read(trial, CR_OUTPUT, p, r, c);
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
