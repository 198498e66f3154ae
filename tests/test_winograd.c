/*
 * test_winograd.c - proves host/winograd.c and cl/winograd.cl: the three steps together against direct convolution in
 * double precision, at odd and even shapes, in every tile of the products, alone and within a batch.
 *
 * The bound of an output is gamma_n of what the transforms can add up to in absolute values,
 *     |T_out| ( sum over c of (|T_weights| |w|) . (|T_in| |d|) ) |T_out|^t,
 * n = channels + the roundings of three transforms and the epilogue: no number of it is measured.
 *
 * CLREID_TEST_SEED=N test_winograd runs with other numbers; CLREID_TEST_CASE=I runs row I of the table alone.
 */
#include "support.h"

#include <float.h>

enum { GUARD = 64, SIDE = 6, TRANSFORM_ROUNDINGS = 2 * 6 + 2 * 8 + 1 + 4 };

typedef struct shape {
  int tile, batch, height, width, channels, out_channels, padding;
  bool residual;
  cr_activation activation;
} shape;

static const shape table[] = {
    {2, 1, 4, 4, 16, 16, 1, false, CR_LINEAR},  {4, 1, 4, 4, 16, 16, 1, false, CR_LINEAR},
    {2, 3, 7, 5, 17, 20, 1, true, CR_RELU},     {4, 3, 7, 5, 17, 20, 1, true, CR_RELU},
    {4, 2, 16, 8, 64, 48, 1, false, CR_RELU},   {2, 2, 16, 8, 64, 48, 1, true, CR_LINEAR},
    {4, 5, 9, 13, 33, 16, 0, false, CR_LINEAR}, {2, 5, 9, 13, 33, 16, 0, false, CR_SIGMOID},
    {4, 1, 6, 3, 8, 5, 2, true, CR_LINEAR},     {2, 1, 1, 1, 40, 3, 1, false, CR_LINEAR},
    {4, 2, 1, 9, 130, 70, 1, false, CR_RELU},
};

/* Rows of each transform, in absolute values: of the input, of the weights, of the output. */
static const double input_sizes[2][SIDE][SIDE] = {
    {{1, 0, 1, 0}, {0, 1, 1, 0}, {0, 1, 1, 0}, {0, 1, 0, 1}},
    {{4, 0, 5, 0, 1, 0},
     {0, 4, 4, 1, 1, 0},
     {0, 4, 4, 1, 1, 0},
     {0, 2, 1, 2, 1, 0},
     {0, 2, 1, 2, 1, 0},
     {0, 4, 0, 5, 0, 1}},
};
static const double weight_sizes[2][SIDE][3] = {
    {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}, {0, 0, 1}},
    {{1 / 4.0, 0, 0},
     {1 / 6.0, 1 / 6.0, 1 / 6.0},
     {1 / 6.0, 1 / 6.0, 1 / 6.0},
     {1 / 24.0, 1 / 12.0, 1 / 6.0},
     {1 / 24.0, 1 / 12.0, 1 / 6.0},
     {0, 0, 1}},
};
static const double output_sizes[2][4][SIDE] = {
    {{1, 1, 1, 0}, {0, 1, 1, 1}},
    {{1, 1, 1, 1, 1, 0}, {0, 1, 1, 2, 2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, 1, 8, 8, 1}},
};

/* ---- Operands --------------------------------------------------------------------------------------------------- */

typedef struct operand {
  size_t elements; /* between the guards */
  float *host;     /* [GUARD + elements + GUARD] */
  cr_buffer *buffer;
} operand;

static void check(clreid_status status, const clreid_error *error)
{
  if (status != CLREID_OK) fail_msg("%s", error->text);
}

/* stream 0: NaN everywhere, as the guards are; else random numbers in [-1, 1). */
static operand make_operand(size_t elements, int stream)
{
  clreid_error error = {CLREID_OK, ""};
  operand o = {elements, malloc((elements + 2 * GUARD) * sizeof *o.host), NULL};
  assert_non_null(o.host);
  for (size_t i = 0; i < elements + 2 * GUARD; i++) {
    const bool inside = i >= GUARD && i < GUARD + elements;
    o.host[i] = stream && inside ? (float)support_random((uint64_t)stream << 32 | i, -32768, 32767) / 32768 : NAN;
  }
  check(cr_buffer_create(support_device(), (elements + 2 * GUARD) * sizeof *o.host, o.host, &o.buffer, &error), &error);
  return o;
}

static void free_operand(operand *o)
{
  free(o->host);
  cr_buffer_release(o->buffer);
}

static void read_operand(operand *o)
{
  clreid_error error = {CLREID_OK, ""};
  check(cr_queue_read(support_queue(), o->buffer, 0, (o->elements + 2 * GUARD) * sizeof *o->host, o->host, &error),
        &error);
  for (size_t i = 0; i < GUARD; i++) {
    assert_true(isnan(o->host[i]));
    assert_true(isnan(o->host[GUARD + o->elements + i]));
  }
}

typedef struct bench {
  shape s;
  cr_winograd w;
  int out_height, out_width;
  size_t row_in, row_out; /* padded channels */
  operand input, residual, windows, products, output, weights, bias;
} bench;

/* Padding columns are zero, as every producer of a tensor leaves them. */
static void clear_padding(operand *o, size_t columns, size_t row)
{
  clreid_error error = {CLREID_OK, ""};
  for (size_t i = 0; i < o->elements; i++)
    if (i % row >= columns) o->host[GUARD + i] = 0;
  check(cr_queue_write(support_queue(), o->buffer, 0, (o->elements + 2 * GUARD) * sizeof *o->host, o->host, &error),
        &error);
}

static bench make_bench(shape s)
{
  bench b = {.s = s};
  b.out_height = s.height + 2 * s.padding - 2;
  b.out_width = s.width + 2 * s.padding - 2;
  b.row_in = cr_padded((size_t)s.channels);
  b.row_out = cr_padded((size_t)s.out_channels);
  b.w = (cr_winograd){.tile = s.tile,
                      .height = s.height,
                      .width = s.width,
                      .channels = s.channels,
                      .out_height = b.out_height,
                      .out_width = b.out_width,
                      .out_channels = s.out_channels,
                      .padding = s.padding};
  const size_t batch = (size_t)s.batch;
  const size_t pixels = (size_t)b.out_height * b.out_width;
  b.input = make_operand(batch * s.height * s.width * b.row_in, 1);
  b.residual = make_operand(batch * pixels * b.row_out, 2);
  b.weights = make_operand((size_t)s.out_channels * s.channels * 9, 3);
  b.bias = make_operand(b.row_out, 4);
  b.windows = make_operand(batch * cr_winograd_rows(&b.w, b.row_in) * b.row_in, 0);
  b.products = make_operand(batch * cr_winograd_rows(&b.w, b.row_out) * b.row_out, 0);
  b.output = make_operand(batch * pixels * b.row_out, 0);
  clear_padding(&b.input, (size_t)s.channels, b.row_in);
  clear_padding(&b.residual, (size_t)s.out_channels, b.row_out);
  return b;
}

static void free_bench(bench *b)
{
  operand *const all[] = {&b->input, &b->residual, &b->windows, &b->products, &b->output, &b->weights, &b->bias};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) free_operand(all[i]);
}

/* ---- The device's answer ---------------------------------------------------------------------------------------- */

static cr_view view_of(const operand *o, size_t picture, size_t row, size_t first)
{
  return (cr_view){
      .tensor = -1, .buffer = o->buffer, .offset = GUARD + first * picture, .picture = picture, .row = row};
}

static void run_op(const cr_op *op, int batch)
{
  clreid_error error = {CLREID_OK, ""};
  cr_step *step;
  check(cr_step_create(support_queue(), op, batch, &step, &error), &error);
  check(cr_step_run(step, batch, &error), &error);
  check(cr_queue_finish(support_queue(), &error), &error);
  cr_step_destroy(step);
}

static const cr_tile *product_tile; /* NULL: the device's choice */

/* Pictures first .. first + count - 1, in the planes of a batch of count. */
static void run(bench *b, bool plain, size_t first, int count)
{
  clreid_error error = {CLREID_OK, ""};
  const size_t pixels = (size_t)b->out_height * b->out_width;
  cr_op op = {.name = "winograd", .plain = plain, .tile = product_tile, .winograd = b->w};
  cr_buffer *packed;
  check(cr_winograd_pack(support_device(), &op, b->weights.host + GUARD, &packed, &error), &error);
  op.kind = CR_WINOGRAD_INPUT;
  op.view[CR_INPUT] = view_of(&b->input, (size_t)b->s.height * b->s.width * b->row_in, b->row_in, first);
  op.view[CR_OUTPUT] = view_of(&b->windows, 0, b->row_in, 0);
  run_op(&op, count);
  op.kind = CR_WINOGRAD_PRODUCT;
  op.view[CR_INPUT] = op.view[CR_OUTPUT];
  op.view[CR_OUTPUT] = view_of(&b->products, 0, b->row_out, 0);
  op.weights = packed;
  run_op(&op, count);
  op.kind = CR_WINOGRAD_OUTPUT;
  op.view[CR_INPUT] = op.view[CR_OUTPUT];
  op.view[CR_OUTPUT] = view_of(&b->output, pixels * b->row_out, b->row_out, first);
  if (b->s.residual) op.view[CR_RESIDUAL] = view_of(&b->residual, pixels * b->row_out, b->row_out, first);
  cr_buffer *bias;
  check(cr_buffer_create(support_device(), b->row_out * sizeof(float), b->bias.host + GUARD, &bias, &error), &error);
  op.bias = bias;
  op.weights = NULL;
  op.activation = b->s.activation;
  run_op(&op, count);
  cr_buffer_release(bias);
  cr_buffer_release(packed);
  read_operand(&b->windows);
  read_operand(&b->products);
  read_operand(&b->output);
}

/* ---- What it should be ------------------------------------------------------------------------------------------ */

static double pixel_at(const bench *b, int picture, int y, int x, int c)
{
  if (y < 0 || y >= b->s.height || x < 0 || x >= b->s.width) return 0;
  return b->input.host[GUARD + (((size_t)picture * b->s.height + y) * b->s.width + x) * b->row_in + c];
}

static double weight_at(const bench *b, int o, int c, int y, int x)
{
  return b->weights.host[GUARD + (((size_t)o * b->s.channels + c) * 3 + y) * 3 + x];
}

/* sum over c of (|T_weights| |w|) . (|T_in| |d|) at one place of a window's planes. */
static double plane_size(const bench *b, int picture, int top, int left, int o, int py, int px)
{
  const int kind = b->s.tile == 4, side = b->s.tile + 2;
  double sum = 0;
  for (int c = 0; c < b->s.channels; c++) {
    double window = 0, weight = 0;
    for (int y = 0; y < side; y++)
      for (int x = 0; x < side; x++)
        window +=
            input_sizes[kind][py][y] * input_sizes[kind][px][x] * fabs(pixel_at(b, picture, top + y, left + x, c));
    for (int y = 0; y < 3; y++)
      for (int x = 0; x < 3; x++)
        weight += weight_sizes[kind][py][y] * weight_sizes[kind][px][x] * fabs(weight_at(b, o, c, y, x));
    sum += window * weight;
  }
  return sum;
}

/* Planes of a tile are the same for its outputs: computed once, for the tile that is asked for. */
static void tile_sizes(const bench *b, int picture, int top, int left, int o, double sizes[4][4])
{
  const int kind = b->s.tile == 4, side = b->s.tile + 2;
  double planes[SIDE][SIDE];
  for (int y = 0; y < side; y++)
    for (int x = 0; x < side; x++) planes[y][x] = plane_size(b, picture, top, left, o, y, x);
  for (int i = 0; i < b->s.tile; i++)
    for (int j = 0; j < b->s.tile; j++) {
      sizes[i][j] = 0;
      for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++)
          sizes[i][j] += output_sizes[kind][i][y] * output_sizes[kind][j][x] * planes[y][x];
    }
}

static double expected_at(const bench *b, int picture, int y, int x, int o, double *size)
{
  double sum = 0;
  for (int c = 0; c < b->s.channels; c++)
    for (int ky = 0; ky < 3; ky++)
      for (int kx = 0; kx < 3; kx++)
        sum += weight_at(b, o, c, ky, kx) * pixel_at(b, picture, y + ky - b->s.padding, x + kx - b->s.padding, c);
  const double bias = b->bias.host[GUARD + o];
  const size_t at = (((size_t)picture * b->out_height + y) * b->out_width + x) * b->row_out + o;
  const double residual = b->s.residual ? b->residual.host[GUARD + at] : 0;
  *size += fabs(bias) + fabs(residual);
  sum += bias + residual;
  if (b->s.activation == CR_RELU) return sum > 0 ? sum : 0;
  if (b->s.activation != CR_SIGMOID) return sum;
  *size =
      *size / 4 + 1; /* the slope of the sigmoid is at most 1 / 4, and its own roundings are those of a number <= 1 */
  return 1 / (1 + exp(-sum));
}

/* Every output of one tile and channel; returns how many are wrong. */
static int compare_tile(const bench *b, int picture, int top, int left, int o)
{
  int wrong = 0;
  double sizes[4][4];
  const double n = b->s.channels + TRANSFORM_ROUNDINGS, unit = FLT_EPSILON / 2, gamma = n * unit / (1 - n * unit);
  tile_sizes(b, picture, top - b->s.padding, left - b->s.padding, o, sizes);
  for (int y = top; y < top + b->s.tile && y < b->out_height; y++)
    for (int x = left; x < left + b->s.tile && x < b->out_width; x++) {
      double size = sizes[y - top][x - left];
      const double expected = expected_at(b, picture, y, x, o, &size);
      const double got =
          b->output.host[GUARD + (((size_t)picture * b->out_height + y) * b->out_width + x) * b->row_out + o];
      if (fabs(got - expected) <= gamma * size) continue;
      if (!wrong++)
        print_error("picture %d, (%d, %d), channel %d: %.9g, expected %.9g within %.2g\n", picture, y, x, o, got,
                    expected, gamma * size);
    }
  return wrong;
}

static int compare(const bench *b)
{
  int wrong = 0;
  for (int picture = 0; picture < b->s.batch; picture++)
    for (int top = 0; top < b->out_height; top += b->s.tile)
      for (int left = 0; left < b->out_width; left += b->s.tile)
        for (int o = 0; o < b->s.out_channels; o++) wrong += compare_tile(b, picture, top, left, o);
  return wrong;
}

/* ---- Tests ------------------------------------------------------------------------------------------------------ */

/* The same bits as kept, in the columns that count. */
static void assert_same(const bench *b, const float *kept, const char *what, size_t row_index)
{
  for (size_t i = 0; i < b->output.elements; i++)
    if (i % b->row_out < (size_t)b->s.out_channels &&
        memcmp(&b->output.host[GUARD + i], &kept[GUARD + i], sizeof *kept) != 0)
      fail_msg("%s: other bits at %zu: %.9g and %.9g; run again with CLREID_TEST_CASE=%zu", what, i,
               b->output.host[GUARD + i], kept[GUARD + i], row_index);
}

static void examine(size_t index)
{
  bench b = make_bench(table[index]);
  run(&b, false, 0, b.s.batch);
  if (compare(&b)) fail_msg("run again with CLREID_TEST_CASE=%zu", index);
  float *kept = malloc((b.output.elements + 2 * GUARD) * sizeof *kept);
  assert_non_null(kept);
  memcpy(kept, b.output.host, (b.output.elements + 2 * GUARD) * sizeof *kept);
  for (int t = 0; t < support_tile_count(); t++) {
    product_tile = support_tile(t);
    if (!cr_tile_valid(product_tile, cr_device_facts(support_device()))) continue;
    run(&b, false, 0, b.s.batch);
    assert_same(&b, kept, "another tile", index);
  }
  product_tile = NULL;
  run(&b, true, 0, b.s.batch);
  assert_same(&b, kept, "the plain twin", index);
  for (int k = 0; k < b.s.batch; k++) run(&b, false, (size_t)k, 1);
  assert_same(&b, kept, "alone", index);
  free(kept);
  free_bench(&b);
}

static void convolutions_are_what_they_should_be(void **state)
{
  (void)state;
  const char *only = getenv("CLREID_TEST_CASE");
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
    if (!only || strtoul(only, NULL, 10) == i) examine(i);
}

int main(int argc, char **argv)
{
  support_start(argc, argv);
  const struct CMUnitTest tests[] = {cmocka_unit_test(convolutions_are_what_they_should_be)};
  return cmocka_run_group_tests(tests, support_open, support_close);
}
