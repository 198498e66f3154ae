/*
 * test_mask.c - proves host/mask.c and cl/mask.cl.
 */
#include "support.h"

enum { SPATIAL = 1, CHANNEL = 2, SHARED = 4, SLICE = 8 };

static const struct {
  int batch, rows, columns, options;
} table[] = {
    {1, 1, 1, SPATIAL},
    {2, 9, 17, SPATIAL},
    {1, 5, 64, CHANNEL},
    {3, 7, 33, CHANNEL | SLICE},
    {2, 128, 16, SPATIAL | CHANNEL},
    {5, 4, 48, SPATIAL | CHANNEL | SHARED | SLICE},
    {1, 3, 2048, SPATIAL | CHANNEL},
};

static void the_table(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    const int options = table[i].options;
    cr_trial_spec spec = cr_trial_rows(CR_MASK, table[i].batch, table[i].rows, table[i].columns);
    spec.second = options & SPATIAL;
    spec.residual = options & CHANNEL;
    spec.shared[CR_RESIDUAL] = spec.shared[CR_SECOND] = options & SHARED;
    if (options & SLICE) spec.after[CR_INPUT] = spec.before[CR_OUTPUT] = CR_PANEL;
    support_examine(spec);
    spec.op.half = true;
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
