/*
 * test_deliver.c - proves host/deliver.c and cl/deliver.cl: rows arrive dense and unchanged at any place, nothing
 * beside them is touched, and a number that is not finite takes its row with it and is reported.
 */
#include "support.h"

#include "buffer.h"

enum { GUARD = 40, NONE = -1 };

static const float guard = 12345.0f;

static const struct {
  int batch, columns;
  size_t gap;    /* columns from the end of a row to the next row, padding included */
  size_t before; /* numbers before the first row */
  int offset;    /* of the output, in floats */
  bool half;
  int bad_picture, bad_column; /* NONE: all are finite */
  float bad;
} table[] = {
    {1, 1, 0, 0, 0, false, NONE, 0, 0},         {1, 16, 0, 0, 1, false, NONE, 0, 0},
    {3, 17, 15, 16, 3, false, NONE, 0, 0},      {3, 17, 15, 16, 3, false, 1, 16, NAN},
    {2, 1024, 0, 32, 0, false, 1, 0, INFINITY}, {5, 1000, 24, 0, 7, false, 0, 999, -INFINITY},
    {4, 100, 12, 0, 2, true, NONE, 0, 0},       {4, 100, 12, 0, 2, true, 2, 50, INFINITY},
    {4, 33, 31, 48, 0, true, 3, 32, NAN},
};
enum { CASES = sizeof table / sizeof table[0] };

typedef struct rows {
  cr_buffer *input, *output;
  float *expected, *got; /* [GUARD + offset + batch * columns + GUARD] */
  size_t count;          /* of those */
  cr_deliver *deliver;
} rows;

static void must(clreid_status status, const clreid_error *error)
{
  if (status != CLREID_OK) fail_msg("%s", error->text);
}

/* The input; what is between rows is NaN, and must not matter. */
static cr_buffer *make_input(int at, float *logical)
{
  const size_t columns = (size_t)table[at].columns, row = columns + table[at].gap;
  const size_t count = table[at].before + row * (size_t)table[at].batch + CR_PANEL;
  float *values = malloc(count * sizeof *values);
  uint16_t *halves = malloc(count * sizeof *halves);
  assert_true(values && halves);
  for (size_t i = 0; i < count; i++) values[i] = NAN;
  for (int k = 0; k < table[at].batch; k++)
    for (size_t c = 0; c < columns; c++) {
      float *value = &values[table[at].before + (size_t)k * row + c];
      *value = (float)support_random((uint64_t)at << 32 | (uint64_t)k << 16 | c, -2000, 2000) / 4;
      if (k == table[at].bad_picture && (int)c == table[at].bad_column) *value = table[at].bad;
      logical[(size_t)k * columns + c] = *value;
    }
  cr_to_half(values, halves, count);
  cr_buffer *buffer;
  clreid_error error = {CLREID_OK, ""};
  const size_t size = table[at].half ? sizeof *halves : sizeof *values;
  must(cr_buffer_create(support_device(), count * size, table[at].half ? (void *)halves : values, &buffer, &error),
       &error);
  free(values);
  free(halves);
  return buffer;
}

static rows make(int at)
{
  rows r = {.count = 2 * GUARD + (size_t)table[at].offset + (size_t)table[at].batch * (size_t)table[at].columns};
  clreid_error error = {CLREID_OK, ""};
  r.expected = malloc(r.count * sizeof *r.expected);
  r.got = malloc(r.count * sizeof *r.got);
  assert_true(r.expected && r.got);
  for (size_t i = 0; i < r.count; i++) r.expected[i] = guard;
  must(cr_buffer_create(support_device(), r.count * sizeof(float), r.expected, &r.output, &error), &error);
  float *logical = r.expected + GUARD + table[at].offset;
  r.input = make_input(at, logical);
  for (int c = 0; c < table[at].columns && table[at].bad_picture != NONE; c++)
    logical[table[at].bad_picture * table[at].columns + c] = NAN;
  const cr_view view = {.buffer = r.input,
                        .offset = table[at].before,
                        .picture = (size_t)table[at].columns + table[at].gap,
                        .row = (size_t)table[at].columns + table[at].gap};
  const cr_deliver_spec spec = {
      .view = {view, view}, .half = {table[at].half, table[at].half}, .columns = table[at].columns};
  must(cr_deliver_create(support_queue(), &spec, table[at].batch, &r.deliver, &error), &error);
  return r;
}

static void unmake(rows *r)
{
  cr_deliver_destroy(r->deliver);
  cr_buffer_release(r->input);
  cr_buffer_release(r->output);
  free(r->expected);
  free(r->got);
}

static bool same(float a, float b)
{
  return isnan(a) ? isnan(b) : a == b;
}

/* By which tensor makes no difference to what is delivered; the report counts from where it is told to. */
static void examine(int at)
{
  rows r = make(at);
  clreid_error error = {CLREID_OK, ""};
  int picture = 77;
  const cr_foreign to = {r.output->memory, (GUARD + (size_t)table[at].offset) * sizeof(float)};
  must(cr_deliver_wait(r.deliver, &picture, &error), &error);
  assert_int_equal(picture, -1); /* nothing was delivered */
  for (int which = 0; which < CR_DELIVERIES; which++) {
    const int first = 100 * which;
    must(cr_deliver_run(r.deliver, which, &to, table[at].batch, first, &error), &error);
    must(cr_deliver_report(r.deliver, &error), &error);
    must(cr_deliver_wait(r.deliver, &picture, &error), &error);
    assert_int_equal(picture, table[at].bad_picture == NONE ? -1 : first + table[at].bad_picture);
    must(cr_queue_read(support_queue(), r.output, 0, r.count * sizeof(float), r.got, &error), &error);
    for (size_t i = 0; i < r.count; i++)
      if (!same(r.expected[i], r.got[i]))
        fail_msg("case %d, tensor %d: number %zu of %zu is %g, not %g", at, which, i, r.count, (double)r.got[i],
                 (double)r.expected[i]);
  }
  unmake(&r);
}

static void the_table(void **state)
{
  (void)state;
  for (int at = 0; at < CASES; at++) examine(at);
}

/* This device told that it is a GPU with small and with large groups. */
static void groups_share_a_row(void **state)
{
  (void)state;
  static const char *const devices[] = {"gpu,work-group=1", "gpu,work-group=8", "gpu,work-group=64",
                                        "gpu,work-group=256"};
  const cr_facts facts = support_device()->facts;
  for (size_t g = 0; g < sizeof devices / sizeof devices[0]; g++) {
    support_device()->facts = facts;
    support_pretend(devices[g]);
    for (int at = 0; at < CASES; at++) examine(at);
  }
  support_device()->facts = facts;
}

/* Of several deliveries before a report, the first picture that was bad. */
static void the_first_is_reported(void **state)
{
  (void)state;
  rows r = make(3);
  clreid_error error = {CLREID_OK, ""};
  int picture;
  const cr_foreign to = {r.output->memory, 0};
  static const int firsts[] = {2147483000, 40, 7, 90};
  for (size_t i = 0; i < 4; i++) must(cr_deliver_run(r.deliver, 0, &to, 2, firsts[i], &error), &error);
  for (int i = 0; i < 3; i++) must(cr_deliver_report(r.deliver, &error), &error);
  must(cr_deliver_wait(r.deliver, &picture, &error), &error);
  assert_int_equal(picture, 7 + table[3].bad_picture);
  must(cr_deliver_run(r.deliver, 0, &to, 1, 0, &error), &error); /* its first row is finite */
  must(cr_deliver_report(r.deliver, &error), &error);
  must(cr_deliver_wait(r.deliver, &picture, &error), &error);
  assert_int_equal(picture, -1);
  unmake(&r);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_table), cmocka_unit_test(groups_share_a_row),
                                     cmocka_unit_test(the_first_is_reported)};
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, support_open, support_close);
}
