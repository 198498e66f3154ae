/*
 * test_gemm.c - proves host/gemm.c and cl/gemm.cl: every tile and the plain twin, in float and in half.
 */
#include "support.h"

enum {
  BIAS = 1,
  BIAS_BY_ROW = 2,
  RES = 4,
  RELU = 8,
  SIGMOID = 16,
  TRANSPOSED = 32,
  PANELS = 64,
  SHARED_A = 128,
  SHARED_B = 256,
  SLICE = 512
};

static const struct {
  int batch, m, n, k, options;
} table[] = {
    {1, 1, 1, 1, 0},
    {1, 16, 16, 16, 0},
    {2, 7, 33, 5, BIAS},
    {3, 13, 17, 64, BIAS | RELU | PANELS},
    {1, 24, 48, 31, TRANSPOSED},
    {2, 25, 40, 128, TRANSPOSED | PANELS | BIAS | RES | RELU},
    {5, 3, 20, 9, RES | SIGMOID},
    {2, 32, 64, 100, SHARED_B | BIAS | RELU},
    {3, 19, 50, 23, SHARED_A | BIAS_BY_ROW | RELU},
    {2, 12, 16, 40, SHARED_A | PANELS | BIAS_BY_ROW | RES},
    {1, 64, 100, 65, SLICE | BIAS},
    {3, 9, 15, 300, SLICE | RES | TRANSPOSED | SHARED_B},
    {2, 128, 8, 16, BIAS | SIGMOID | TRANSPOSED | SHARED_A},
    {1, 2, 129, 2, PANELS},
    {2, 100, 3, 77, RES},
};

static cr_trial_spec spec_of(int batch, int m, int n, int k, int options)
{
  cr_trial_spec spec = cr_trial_gemm(batch, m, n, k);
  spec.bias = options & (BIAS | BIAS_BY_ROW);
  spec.op.gemm.bias_by_row = options & BIAS_BY_ROW;
  spec.op.gemm.b_panels = options & PANELS;
  spec.residual = options & RES;
  spec.transposed = options & TRANSPOSED;
  spec.shared[CR_INPUT] = options & SHARED_A;
  spec.shared[CR_SECOND] = options & SHARED_B;
  spec.op.activation = options & RELU ? CR_RELU : options & SIGMOID ? CR_SIGMOID : CR_LINEAR;
  if (options & SLICE) {
    spec.before[CR_INPUT] = CR_PANEL;
    spec.after[CR_SECOND] = CR_PANEL;
    spec.before[CR_OUTPUT] = 2 * CR_PANEL;
    spec.after[CR_OUTPUT] = CR_PANEL;
  }
  return spec;
}

static void the_table(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    cr_trial_spec spec = spec_of(table[i].batch, table[i].m, table[i].n, table[i].k, table[i].options);
    support_examine(spec);
    spec.op.half = true;
    support_examine(spec);
  }
  support_verdict();
}

static void random_shapes(void **state)
{
  (void)state;
  uint64_t next = 1000;
  for (int i = 0; i < 24; i++) {
    const int batch = support_random(next++, 1, 4), m = support_random(next++, 1, 70),
              n = support_random(next++, 1, 70);
    const int k = support_random(next++, 1, 130);
    cr_trial_spec spec = spec_of(batch, m, n, k, support_random(next++, 0, 1023) & ~SIGMOID);
    spec.op.half = support_random(next++, 0, 1);
    if (spec.op.gemm.b_panels) spec.after[CR_SECOND] = 0;
    support_examine(spec);
  }
  support_verdict();
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_table),
      cmocka_unit_test(random_shapes),
  };
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, support_open, support_close);
}
