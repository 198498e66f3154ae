/*
 * test_attend.c - proves host/attend.c and cl/attend.cl.
 */
#include "support.h"

static const struct {
  int batch, rows, columns;
} table[] = {{1, 1, 16}, {2, 31, 33}, {3, 33, 48}, {1, 100, 7}, {5, 5, 128}};

static void the_table(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    const size_t columns = cr_padded(table[i].columns);
    cr_trial_spec spec = {.op = {.kind = CR_ATTEND, .attend = {table[i].rows, table[i].columns, columns + CR_PANEL}},
                          .batch = table[i].batch,
                          .bias = true,
                          .power = 2};
    support_examine(spec);
    spec.after[CR_INPUT] = spec.before[CR_OUTPUT] = spec.before[CR_SECOND] = CR_PANEL;
    spec.op.half = true;
    support_examine(spec);
    spec.alone = true;
    support_examine(spec);
    spec.op.half = false;
    support_examine(spec);
  }
  support_verdict();
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_table)};
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, support_open, support_close);
}
