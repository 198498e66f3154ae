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

/* What is float among halves, as relation and attention mix them: the product of two halves, and what is made of it. */
static const struct {
  bool input, second, residual, output;
} mixtures[] = {
    {.output = true},
    {.second = true},
    {.input = true},
    {.input = true, .output = true},
    {.second = true, .output = true},
    {.input = true, .residual = true},
    {.second = true, .residual = true},
};
enum { MIXTURES = sizeof mixtures / sizeof mixtures[0] };

static cr_trial_spec mixed(cr_trial_spec spec, size_t i)
{
  spec.op.half = true;
  spec.op.as_float[CR_INPUT] = mixtures[i % MIXTURES].input;
  spec.op.as_float[CR_SECOND] = mixtures[i % MIXTURES].second;
  spec.op.as_float[CR_RESIDUAL] = mixtures[i % MIXTURES].residual;
  spec.op.as_float[CR_OUTPUT] = mixtures[i % MIXTURES].output;
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
    if (i < MIXTURES) support_examine(mixed(spec, i));
  }
  support_verdict();
}

/* Products of halves that no half holds: 256 * 256 and more. */
static void products_beyond_half(void **state)
{
  (void)state;
  for (size_t i = 0; i < MIXTURES; i++) {
    if (!mixtures[i].output) continue;
    cr_trial_spec spec = mixed(spec_of(2, 19, 40, 300, i % 2 ? TRANSPOSED : PANELS), i);
    spec.power = 10;
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
    if (spec.op.half && support_random(next++, 0, 3) == 0) spec = mixed(spec, support_random(next++, 0, MIXTURES - 1));
    if (spec.op.gemm.b_panels) spec.after[CR_SECOND] = 0;
    support_examine(spec);
  }
  support_verdict();
}

/* CLBlast, which knows nothing of our kernels, against the same oracle, with epilogues by our own. */
static void products_by_clblast(void **state)
{
  (void)state;
#ifdef CLREID_CLBLAST
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    cr_trial_spec spec = spec_of(table[i].batch, table[i].m, table[i].n, table[i].k, table[i].options & ~PANELS);
    spec.op.gemm.library = true;
    support_examine(spec);
  }
  cr_trial_spec large = spec_of(2, 256, 208, 512, BIAS | RES | RELU); /* beyond its kernels for small products */
  large.op.gemm.library = true;
  support_examine(large);
  support_verdict();
#else
  print_message("SKIP: built without CLBlast\n");
  skip();
#endif
}

/* Whom the step gives the product to, and in how many launches. */
static void what_clblast_takes(void **state)
{
  (void)state;
  static const struct {
    int options;
    bool half, taken;
    int launches;
  } rows[] = {
      {0, false, true, 1},          {BIAS, false, true, 2},    {RELU, false, true, 2}, {RES, false, true, 2},
      {TRANSPOSED, false, true, 1}, {PANELS, false, false, 1}, {BIAS, true, false, 1},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    cr_trial_spec spec = spec_of(1, 20, 20, 20, rows[i].options);
    clreid_error error = {CLREID_OK, ""};
    cr_trial *trial;
    cr_step *step;
    spec.op.half = rows[i].half;
    spec.op.gemm.library = true;
    assert_int_equal(cr_trial_create(support_queue(), &spec, &trial, &error), CLREID_OK);
#ifdef CLREID_CLBLAST
    assert_int_equal(cr_step_create(support_queue(), &trial->op, 1, &step, &error), CLREID_OK);
    assert_true(!strcmp(cr_step_variant(step), "gemm clblast") == rows[i].taken);
    assert_int_equal(cr_step_launches(step), rows[i].launches);
    cr_step_destroy(step);
#else
    assert_int_equal(cr_step_create(support_queue(), &trial->op, 1, &step, &error), CLREID_UNSUPPORTED_MODEL);
    assert_non_null(strstr(error.text, "-DCLREID_CLBLAST=ON"));
#endif
    cr_trial_destroy(trial);
  }
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_table),           cmocka_unit_test(products_beyond_half), cmocka_unit_test(random_shapes),
      cmocka_unit_test(products_by_clblast), cmocka_unit_test(what_clblast_takes),
  };
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, support_open, support_close);
}
