/*
 * cosine.c - see cosine.h.
 */
#include "cosine.h"

#include <math.h>
#include <stdlib.h>

#include "sums.h"

enum {
  ROWS = 192,              /* of a block: a multiple of every tile's rows */
  COLUMNS = 4096,          /* of a block, at most ... */
  COLUMN_BYTES = 64 << 20, /* ... and as many as fit */
  LONGEST = 1 << 20,       /* feature */
};

/* ---- In double --------------------------------------------------------------------------------------------------- */

static const float *row_of(const cr_features *x, size_t row)
{
  return x->values + row * x->length;
}

double cr_squared_distance(const cr_features *x, size_t a, const cr_features *y, size_t b)
{
  return cr_sum_differences(row_of(x, a), row_of(y, b), x->length);
}

double cr_cosine_distance(const cr_features *x, size_t a, const cr_features *y, size_t b)
{
  const double norms = x->norms[a] * y->norms[b];
  const double distance = norms > 0 ? 1 - cr_sum_products(row_of(x, a), row_of(y, b), x->length) / norms : 1;
  return distance > 0 ? distance : 0; /* rounding may put the cosine of equal directions a little above 1 */
}

clreid_status cr_features_make(cr_features *features, const float *values, size_t count, size_t length,
                               const char *what, clreid_error *error)
{
  *features = (cr_features){.values = values, .count = count, .length = length};
  if (!values || !count || !length)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "%s needs features: %zu of length %zu were given", what, count,
                   length);
  if (count > INT32_MAX || length > LONGEST)
    return cr_fail(error, CLREID_INVALID_ARGUMENT,
                   "%s has %zu features of length %zu; at most %d of length %d can be compared", what, count, length,
                   INT32_MAX, LONGEST);
  features->norms = malloc(count * sizeof *features->norms);
  if (!features->norms) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for the norms of %zu features", count);
  for (size_t i = 0; i < count; i++) {
    const double square = cr_sum_products(row_of(features, i), row_of(features, i), length);
    if (!isfinite(square))
      return cr_fail(error, CLREID_INVALID_ARGUMENT, "row %zu of the %zu of %s is not finite: leave it out", i, count,
                     what);
    features->norms[i] = sqrt(square);
  }
  return CLREID_OK;
}

void cr_features_free(cr_features *features)
{
  free(features->norms);
  *features = (cr_features){0};
}

/* ---- In float ---------------------------------------------------------------------------------------------------- */

/* Each element of a unit feature is rounded once, then length products and sums in whatever order (N. Higham, "Accuracy
 * and Stability of Numerical Algorithms", 2002, section 3.1); an element that is too small for a float changes less
 * than the last term. */
double cr_cosine_bound(size_t length)
{
  const double unit = 1.0 / (1 << 24), steps = (double)length + 8;
  return steps * unit / (1 - steps * unit) + steps * 1e-37;
}

/* What cr_cosines holds. Rows of a block are a matrix, columns stand in panels of the product's second operand. */
typedef struct product {
  cr_queue *queue; /* NULL: on the host */
  cr_step *step;
  cr_buffer *left, *right, *result;
  float *rows;    /* [most_rows][row] */
  float *columns; /* [most_columns / CR_PANEL][length][CR_PANEL] */
  float *cosines; /* [most_rows][most_columns] */
  size_t most_rows, most_columns, row, length;
} product;

static size_t least(size_t a, size_t b)
{
  return a < b ? a : b;
}

static float unit_element(const cr_features *x, size_t row, size_t i)
{
  return x->norms[row] > 0 ? (float)(row_of(x, row)[i] / x->norms[row]) : 0.0f;
}

static clreid_status allocate(product *p, size_t rows, size_t columns, clreid_error *error)
{
  size_t fitting = COLUMN_BYTES / (p->length * sizeof(float)) / CR_PANEL * CR_PANEL;
  if (fitting < CR_PANEL) fitting = CR_PANEL;
  p->most_rows = least(ROWS, rows);
  p->most_columns = least(least(COLUMNS, fitting), cr_padded(columns));
  p->row = cr_padded(p->length);
  p->rows = calloc(p->most_rows * p->row, sizeof *p->rows);
  p->columns = calloc(p->most_columns * p->length, sizeof *p->columns);
  p->cosines = calloc(p->most_rows * p->most_columns, sizeof *p->cosines);
  return p->rows && p->columns && p->cosines
             ? CLREID_OK
             : cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for products of features of length %zu", p->length);
}

static clreid_status prepare(product *p, cr_device *device, clreid_error *error)
{
  const size_t left_bytes = p->most_rows * p->row * sizeof *p->rows;
  const size_t right_bytes = p->most_columns * p->length * sizeof *p->columns;
  const size_t result_bytes = p->most_rows * p->most_columns * sizeof *p->cosines;
  CR_TRY(cr_queue_create(device, &p->queue, error));
  CR_TRY(cr_buffer_create(device, left_bytes, p->rows, &p->left, error));
  CR_TRY(cr_buffer_create(device, right_bytes, p->columns, &p->right, error));
  CR_TRY(cr_buffer_create(device, result_bytes, NULL, &p->result, error));
  const cr_op op = {
      .kind = CR_GEMM,
      .name = "gallery.cosines",
      .view = {[CR_OUTPUT] = {.tensor = -1, .buffer = p->result, .row = p->most_columns},
               [CR_INPUT] = {.tensor = -1, .buffer = p->left, .row = p->row},
               [CR_SECOND] = {.tensor = -1, .buffer = p->right, .row = CR_PANEL},
               [CR_RESIDUAL] = {.tensor = -1},
               [CR_GATE] = {.tensor = -1}},
      .gemm = {
          .m = (int)p->most_rows, .n = (int)p->most_columns, .k = (int)p->length, .input_column = 1, .b_panels = true}};
  return cr_step_create(p->queue, &op, 1, &p->step, error);
}

static void release(product *p)
{
  cr_step_destroy(p->step);
  cr_queue_destroy(p->queue);
  cr_buffer_release(p->left);
  cr_buffer_release(p->right);
  cr_buffer_release(p->result);
  free(p->rows);
  free(p->columns);
  free(p->cosines);
}

static clreid_status load_columns(product *p, const cr_features *x, size_t first, size_t count, clreid_error *error)
{
  for (size_t c = 0; c < count; c++) {
    float *to = p->columns + c / CR_PANEL * p->length * CR_PANEL + c % CR_PANEL;
    for (size_t i = 0; i < p->length; i++) to[i * CR_PANEL] = unit_element(x, first + c, i);
  }
  if (!p->queue) return CLREID_OK;
  return cr_queue_write(p->queue, p->right, 0, cr_padded(count) * p->length * sizeof *p->columns, p->columns, error);
}

static clreid_status load_rows(product *p, const cr_features *x, size_t first, size_t count, clreid_error *error)
{
  for (size_t r = 0; r < count; r++)
    for (size_t i = 0; i < p->length; i++) p->rows[r * p->row + i] = unit_element(x, first + r, i);
  if (!p->queue) return CLREID_OK;
  return cr_queue_write(p->queue, p->left, 0, count * p->row * sizeof *p->rows, p->rows, error);
}

static void multiply_on_host(product *p, size_t rows, size_t columns)
{
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < columns; c++) {
      const float *column = p->columns + c / CR_PANEL * p->length * CR_PANEL + c % CR_PANEL;
      double sum = 0;
      for (size_t i = 0; i < p->length; i++) sum += (double)p->rows[r * p->row + i] * column[i * CR_PANEL];
      p->cosines[r * p->most_columns + c] = (float)sum;
    }
}

static clreid_status multiply(product *p, size_t rows, size_t columns, clreid_error *error)
{
  if (!p->queue) {
    multiply_on_host(p, rows, columns);
    return CLREID_OK;
  }
  CR_TRY(cr_step_run(p->step, 1, error));
  return cr_queue_read(p->queue, p->result, 0, rows * p->most_columns * sizeof *p->cosines, p->cosines, error);
}

static clreid_status walk(product *p, const cr_features *rows, const cr_features *columns, cr_block_take *take,
                          void *user, clreid_error *error)
{
  cr_block block = {.stride = p->most_columns, .cosines = p->cosines};
  for (size_t c = 0; c < columns->count; c += p->most_columns) {
    block.first_column = c;
    block.columns = least(p->most_columns, columns->count - c);
    CR_TRY(load_columns(p, columns, c, block.columns, error));
    for (size_t r = 0; r < rows->count; r += p->most_rows) {
      block.first_row = r;
      block.rows = least(p->most_rows, rows->count - r);
      CR_TRY(load_rows(p, rows, r, block.rows, error));
      CR_TRY(multiply(p, block.rows, block.columns, error));
      CR_TRY(take(user, &block, error));
    }
  }
  return CLREID_OK;
}

clreid_status cr_cosines(cr_device *device, const cr_features *rows, const cr_features *columns, cr_block_take *take,
                         void *user, clreid_error *error)
{
  product p = {.length = rows->length};
  clreid_status status = allocate(&p, rows->count, columns->count, error);
  if (status == CLREID_OK && device) status = prepare(&p, device, error);
  if (status == CLREID_OK) status = walk(&p, rows, columns, take, user, error);
  release(&p);
  return status;
}
