/*
 * known_deliver.c - a known answer for the delivery of features: rows of numbers that come as they are, one of which
 * has an infinity at its end, becomes NaN as a whole, and is reported.
 *
 * Rows are of odd length and go to an odd place, as an application may want them, so that ends of rows are asked too
 * and no vector is aligned. The length is that of the session's features or one less, which gives the same group.
 */
#include "known.h"

#include <math.h>
#include <stdlib.h>

enum { ROWS = 3, BAD = 1, FIRST = 5, BEFORE = -1, GUARD_BEFORE = 17, GUARD_BEHIND = 16 };

/* Exact as half. */
static float number(int row, int column)
{
  return row == BAD ? NAN : (float)((7 * row + column) % 2048);
}

/* As a session has them: [ROWS][padded], in their storage. */
static clreid_status create_rows(cr_device *device, int columns, bool half, cr_buffer **rows, clreid_error *error)
{
  const size_t padded = cr_padded((size_t)columns), count = ROWS * padded;
  float *values = calloc(count, sizeof *values);
  uint16_t *halves = calloc(count, sizeof *halves);
  clreid_status status = CLREID_OK;
  if (!values || !halves) status = cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for the question of a delivery");
  if (status == CLREID_OK) {
    for (int r = 0; r < ROWS; r++)
      for (int c = 0; c < columns; c++) values[(size_t)r * padded + (size_t)c] = r == BAD ? 1 : number(r, c);
    values[BAD * padded + (size_t)columns - 1] = INFINITY;
    cr_to_half(values, halves, count);
    status = half ? cr_buffer_create(device, count * sizeof *halves, halves, rows, error)
                  : cr_buffer_create(device, count * sizeof *values, values, rows, error);
  }
  free(values);
  free(halves);
  return status;
}

/* got: guards, rows, guards. */
static clreid_status compare(const float *got, int columns, int told, clreid_error *reason)
{
  const int count = GUARD_BEFORE + ROWS * columns + GUARD_BEHIND;
  for (int i = 0; i < count; i++) {
    const int at = i - GUARD_BEFORE, row = at / columns, column = at % columns;
    const bool guard = at < 0 || at >= ROWS * columns;
    if (guard && got[i] != (float)BEFORE)
      return cr_fail(reason, CLREID_DEVICE_FAILED, "deliver: number %d, outside the rows, was written", at);
    if (!guard && (row == BAD ? !isnan(got[i]) : got[i] != number(row, column)))
      return cr_fail(reason, CLREID_DEVICE_FAILED, "deliver: row %d, column %d is %.9g, it should be %.9g", row, column,
                     (double)got[i], (double)number(row, column));
  }
  if (told == FIRST + BAD) return CLREID_OK;
  return cr_fail(reason, CLREID_DEVICE_FAILED,
                 "deliver: row %d is reported as the first that is not finite, it should be %d", told, FIRST + BAD);
}

static clreid_status ask(cr_queue *queue, cr_deliver *deliver, int columns, bool *wrong, clreid_error *reason)
{
  const size_t count = GUARD_BEFORE + (size_t)ROWS * (size_t)columns + GUARD_BEHIND, bytes = count * sizeof(float);
  cr_buffer *output = NULL;
  int told;
  float *got = malloc(bytes);
  for (size_t i = 0; got && i < count; i++) got[i] = BEFORE;
  clreid_status status = got ? cr_buffer_create(queue->device, bytes, got, &output, reason)
                             : cr_fail(reason, CLREID_OUT_OF_MEMORY, "no memory for the question of a delivery");
  const cr_foreign to = {output ? output->memory : NULL, GUARD_BEFORE * sizeof(float)};
  if (status == CLREID_OK) status = cr_deliver_run(deliver, 0, &to, ROWS, FIRST, reason);
  if (status == CLREID_OK) status = cr_deliver_report(deliver, reason);
  if (status == CLREID_OK) status = cr_deliver_wait(deliver, &told, reason);
  if (status == CLREID_OK) status = cr_queue_read(queue, output, 0, bytes, got, reason);
  if (status == CLREID_OK) *wrong = compare(got, columns, told, reason) != CLREID_OK;
  cr_buffer_release(output);
  free(got);
  return status;
}

clreid_status cr_known_deliver(cr_queue *queue, int columns, bool half, bool plain, bool *wrong, clreid_error *reason)
{
  cr_buffer *rows = NULL;
  cr_deliver *deliver = NULL;
  const int odd = columns - (columns % 2 == 0);
  *wrong = false;
  clreid_status status = create_rows(queue->device, odd, half, &rows, reason);
  const size_t row = cr_padded((size_t)odd);
  const cr_view view = {.buffer = rows, .picture = row, .row = row};
  const cr_deliver_spec spec = {.view = {view, view}, .half = {half, half}, .plain = plain, .columns = odd};
  if (status == CLREID_OK) status = cr_deliver_create(queue, &spec, ROWS, &deliver, reason);
  if (status == CLREID_OK) status = ask(queue, deliver, odd, wrong, reason);
  cr_deliver_destroy(deliver);
  cr_buffer_release(rows);
  return status;
}
