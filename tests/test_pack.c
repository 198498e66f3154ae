/*
 * test_pack.c - proves host/pack.c and cl/pack.cl: every number arrives at its place in the panels.
 */
#include "support.h"

static const struct {
  int batch, rows, columns;
  bool slice;
} table[] = {
    {1, 1, 1, false}, {2, 3, 16, false}, {1, 5, 17, true}, {3, 64, 33, false}, {5, 7, 128, true}, {2, 129, 5, false},
};

static void the_table(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    cr_trial_spec spec = cr_trial_rows(CR_PACK, table[i].batch, table[i].rows, table[i].columns);
    if (table[i].slice) spec.before[CR_INPUT] = 2 * CR_PANEL;
    support_examine(spec);
    spec.op.half = true;
    support_examine(spec);
    spec.op.pack.transposed = true;
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
