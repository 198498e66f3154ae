/*
 * test_softmax.c - proves host/softmax.c and cl/softmax.cl.
 */
#include "support.h"

enum { SLICE = 1 };

static const struct {
  int batch, rows, columns, power, options;
} table[] = {
    {1, 1, 1, 0, 0},       {2, 9, 17, 0, 0},   {1, 5, 64, 3, SLICE}, {3, 7, 33, 5, SLICE},
    {1, 432, 432, 0, 0},   {2, 4, 100, 10, 0}, {1, 20, 50, 14, 0}, /* logits of +-16384 */
    {2, 3, 31, 14, SLICE}, {1, 3, 2000, 2, 0},
};

static void the_table(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    cr_trial_spec spec = cr_trial_rows(CR_SOFTMAX, table[i].batch, table[i].rows, table[i].columns);
    spec.power = table[i].power;
    if (table[i].options & SLICE) spec.after[CR_INPUT] = spec.before[CR_OUTPUT] = CR_PANEL;
    support_examine(spec);
    spec.op.half = true;
    support_examine(spec);
    spec.op.as_float[CR_INPUT] = spec.op.as_float[CR_OUTPUT] = true;
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
