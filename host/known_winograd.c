/*
 * known_winograd.c - the known answers of Winograd's steps: small integers, so that sums are exact in every order, and
 * in half storage too; compared bit by bit. The matrices stand here once more, as the definition.
 */
#include <math.h>
#include <stdlib.h>

#include "known.h"

enum { SIDE = 6, HEIGHT = 7, WIDTH = 5, CHANNELS = 20, OUT_CHANNELS = 33 };

/* B^T and A^T of F(2 x 2) and F(4 x 4), Lavin and Gray, arXiv 1509.09308; points 0, 1, -1, 2, -2. */
static const int input_matrix[2][SIDE][SIDE] = {{{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}},
                                                {{4, 0, -5, 0, 1, 0},
                                                 {0, -4, -4, 1, 1, 0},
                                                 {0, 4, -4, -1, 1, 0},
                                                 {0, -2, -1, 2, 1, 0},
                                                 {0, 2, -1, -2, 1, 0},
                                                 {0, 4, 0, -5, 0, 1}}};
static const int output_matrix[2][4][SIDE] = {
    {{1, 1, 1, 0}, {0, 1, -1, -1}},
    {{1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}}};

/* A buffer of the answer, on both sides. */
typedef struct array {
  size_t count;
  bool half;
  float *values;
  cr_buffer *buffer;
} array;

typedef struct answer {
  const cr_step *step;
  cr_op op;
  cr_winograd w;
  int side, tiles;
  array input, weights, bias, residual, output;
  float *expected; /* [output.count]; NAN: not looked at */
} answer;

/* -2 .. 2. */
static float integer_at(unsigned stream, size_t i)
{
  return (float)((int)((stream * 7919u + i * 2654435761u) >> 7) % 5 - 2);
}

static clreid_status fill(answer *a, array *to, size_t count, bool half, unsigned stream, clreid_error *error)
{
  *to = (array){.count = count, .half = half, .values = calloc(count, sizeof *to->values)};
  uint16_t *halves = half ? calloc(count, sizeof *halves) : NULL;
  cr_buffer *buffer = NULL;
  clreid_status status = CLREID_OK;
  if (!to->values || (half && !halves))
    status = cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for %zu numbers", count);
  for (size_t i = 0; status == CLREID_OK && i < count; i++) to->values[i] = stream ? integer_at(stream, i) : NAN;
  if (status == CLREID_OK && half) cr_to_half(to->values, halves, count);
  if (status == CLREID_OK)
    status = cr_buffer_create(a->step->queue->device, count * (half ? sizeof *halves : sizeof *to->values),
                              half ? (const void *)halves : to->values, &buffer, error);
  to->buffer = buffer; /* made apart: clang-tidy takes to->values for lost when *to goes out beside them */
  free(halves);
  return status;
}

static clreid_status read_back(answer *a, clreid_error *error)
{
  array *o = &a->output;
  if (!o->half) return cr_queue_read(a->step->queue, o->buffer, 0, o->count * sizeof(float), o->values, error);
  uint16_t *halves = malloc(o->count * sizeof *halves);
  if (!halves) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for %zu numbers", o->count);
  const clreid_status status = cr_queue_read(a->step->queue, o->buffer, 0, o->count * sizeof *halves, halves, error);
  if (status == CLREID_OK) cr_from_half(halves, o->values, o->count);
  free(halves);
  return status;
}

static cr_view view_of(const array *of, size_t picture, size_t row)
{
  return (cr_view){.tensor = -1, .buffer = of->buffer, .picture = picture, .row = row};
}

/* From plane to plane, as host/winograd.c has it. */
static size_t stride(const answer *a, size_t row)
{
  return (size_t)a->tiles * row + CR_PANEL;
}

static size_t plane_count(const answer *a, size_t row)
{
  return (size_t)(a->side * a->side) * stride(a, row);
}

static int tiles_across(const answer *a)
{
  return (a->w.out_width + a->w.tile - 1) / a->w.tile;
}

/* ---- The three answers ------------------------------------------------------------------------------------------- */

static float transformed(const answer *a, int tile, int y, int x, int c)
{
  const int(*t)[SIDE] = input_matrix[a->w.tile == 4];
  const int top = tile / tiles_across(a) * a->w.tile - a->w.padding,
            left = tile % tiles_across(a) * a->w.tile - a->w.padding;
  double sum = 0;
  for (int i = 0; i < a->side; i++)
    for (int j = 0; j < a->side; j++)
      if (top + i >= 0 && top + i < HEIGHT && left + j >= 0 && left + j < WIDTH)
        sum += t[y][i] * t[x][j] *
               (double)a->input.values[((size_t)(top + i) * WIDTH + left + j) * cr_padded(CHANNELS) + c];
  return (float)sum;
}

static clreid_status make_input(answer *a, clreid_error *error)
{
  const size_t row = cr_padded(CHANNELS), picture = HEIGHT * WIDTH * row;
  CR_TRY(fill(a, &a->input, picture, a->op.half, 1, error));
  CR_TRY(fill(a, &a->output, plane_count(a, row), a->op.half, 0, error));
  a->op.view[CR_INPUT] = view_of(&a->input, picture, row);
  a->op.view[CR_OUTPUT] = view_of(&a->output, a->output.count, row);
  for (int p = 0; p < a->side * a->side; p++)
    for (int t = 0; t < a->tiles; t++)
      for (int c = 0; c < CHANNELS; c++)
        a->expected[p * stride(a, row) + t * row + c] = transformed(a, t, p / a->side, p % a->side, c);
  return CLREID_OK;
}

static float product(const answer *a, int plane, int tile, int column)
{
  const size_t row = cr_padded(CHANNELS), panel = (size_t)CHANNELS * CR_PANEL;
  const float *from = a->input.values + plane * stride(a, row) + tile * row;
  const float *weights =
      a->weights.values + plane * (cr_padded(OUT_CHANNELS) * CHANNELS) + column / CR_PANEL * panel + column % CR_PANEL;
  double sum = 0;
  for (int k = 0; k < CHANNELS; k++) sum += (double)from[k] * (double)weights[k * CR_PANEL];
  return (float)sum;
}

static clreid_status make_product(answer *a, clreid_error *error)
{
  const size_t row = cr_padded(CHANNELS), out_row = cr_padded(OUT_CHANNELS);
  CR_TRY(fill(a, &a->input, plane_count(a, row), a->op.half, 2, error));
  CR_TRY(fill(a, &a->weights, (size_t)(a->side * a->side) * out_row * CHANNELS, false, 3, error));
  CR_TRY(fill(a, &a->output, plane_count(a, out_row), a->op.half, 0, error));
  a->op.weights = a->weights.buffer;
  a->op.view[CR_INPUT] = view_of(&a->input, a->input.count, row);
  a->op.view[CR_OUTPUT] = view_of(&a->output, a->output.count, out_row);
  for (int p = 0; p < a->side * a->side; p++)
    for (int t = 0; t < a->tiles; t++)
      for (int c = 0; c < OUT_CHANNELS; c++)
        a->expected[p * stride(a, out_row) + t * out_row + c] = product(a, p, t, c);
  return CLREID_OK;
}

static double back(const answer *a, int y, int x, int c)
{
  const int(*t)[SIDE] = output_matrix[a->w.tile == 4];
  const size_t row = cr_padded(OUT_CHANNELS);
  const int tile = y / a->w.tile * tiles_across(a) + x / a->w.tile;
  double sum = 0;
  for (int i = 0; i < a->side; i++)
    for (int j = 0; j < a->side; j++)
      sum += t[y % a->w.tile][i] * t[x % a->w.tile][j] *
             (double)a->input.values[(i * a->side + j) * stride(a, row) + tile * row + c];
  return sum;
}

static clreid_status make_output(answer *a, clreid_error *error)
{
  const size_t row = cr_padded(OUT_CHANNELS), picture = (size_t)a->w.out_height * a->w.out_width * row;
  CR_TRY(fill(a, &a->input, plane_count(a, row), a->op.half, 4, error));
  CR_TRY(fill(a, &a->bias, row, false, 5, error));
  CR_TRY(fill(a, &a->residual, picture, a->op.half, 6, error));
  CR_TRY(fill(a, &a->output, picture, a->op.half, 0, error));
  const bool bias = a->step->op.bias, residual = a->step->op.view[CR_RESIDUAL].buffer;
  a->op.activation = a->step->op.activation == CR_LINEAR ? CR_LINEAR : CR_RELU; /* exact ones; an argument decides */
  a->op.bias = bias ? a->bias.buffer : NULL;
  if (residual) a->op.view[CR_RESIDUAL] = view_of(&a->residual, picture, row);
  a->op.view[CR_INPUT] = view_of(&a->input, a->input.count, row);
  a->op.view[CR_OUTPUT] = view_of(&a->output, picture, row);
  for (int y = 0; y < a->w.out_height; y++)
    for (int x = 0; x < a->w.out_width; x++)
      for (int c = 0; c < OUT_CHANNELS; c++) {
        const size_t at = ((size_t)y * a->w.out_width + x) * row + c;
        const double sum =
            back(a, y, x, c) + (bias ? (double)a->bias.values[c] : 0) + (residual ? (double)a->residual.values[at] : 0);
        a->expected[at] = (float)(a->op.activation == CR_RELU && sum < 0 ? 0 : sum);
      }
  return CLREID_OK;
}

/* ---- The run ----------------------------------------------------------------------------------------------------- */

static bool is_wrong(const answer *a, clreid_error *reason)
{
  for (size_t i = 0; i < a->output.count; i++) {
    if (isnan(a->expected[i]) || a->output.values[i] == a->expected[i]) continue;
    cr_fail(reason, CLREID_DEVICE_FAILED, "%s: element %zu of a known answer is %.9g, but should be %.9g",
            cr_step_variant(a->step), i, (double)a->output.values[i], (double)a->expected[i]);
    return true;
  }
  return false;
}

static clreid_status run(answer *a, clreid_error *error)
{
  cr_step *step;
  CR_TRY(cr_step_create(a->step->queue, &a->op, 1, &step, error));
  clreid_status status = cr_step_run(step, 1, error);
  if (status == CLREID_OK) status = read_back(a, error);
  cr_step_destroy(step);
  return status;
}

static void free_array(array *of)
{
  free(of->values);
  cr_buffer_release(of->buffer);
}

clreid_status cr_known_winograd(const cr_step *step, bool *wrong, clreid_error *reason)
{
  const cr_winograd *w = &step->op.winograd;
  answer a = {.step = step, .side = w->tile + 2};
  a.w = (cr_winograd){.tile = w->tile,
                      .height = HEIGHT,
                      .width = WIDTH,
                      .channels = CHANNELS,
                      .out_height = HEIGHT + 2 * w->padding - 2,
                      .out_width = WIDTH + 2 * w->padding - 2,
                      .out_channels = OUT_CHANNELS,
                      .padding = w->padding};
  a.op = (cr_op){.kind = step->op.kind,
                 .name = step->op.name,
                 .half = step->op.half,
                 .plain = step->op.plain,
                 .tile = step->tile.rows ? &step->tile : NULL,
                 .winograd = a.w};
  a.tiles = cr_winograd_tiles(&a.w);
  const size_t most =
      plane_count(&a, cr_padded(OUT_CHANNELS)) + (size_t)a.w.out_height * a.w.out_width * cr_padded(OUT_CHANNELS);
  a.expected = malloc(most * sizeof *a.expected);
  for (size_t i = 0; a.expected && i < most; i++) a.expected[i] = NAN;
  clreid_status status = a.expected ? CLREID_OK : cr_fail(reason, CLREID_OUT_OF_MEMORY, "no memory for a known answer");
  if (status == CLREID_OK)
    status = a.op.kind == CR_WINOGRAD_INPUT     ? make_input(&a, reason)
             : a.op.kind == CR_WINOGRAD_PRODUCT ? make_product(&a, reason)
                                                : make_output(&a, reason);
  if (status == CLREID_OK) status = run(&a, reason);
  *wrong = status == CLREID_OK && is_wrong(&a, reason);
  array *const all[] = {&a.input, &a.weights, &a.bias, &a.residual, &a.output};
  for (int i = 0; i < 5; i++) free_array(all[i]);
  free(a.expected);
  return status;
}
