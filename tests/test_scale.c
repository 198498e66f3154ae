/*
 * test_scale.c - proves host/scale.c and cl/scale.cl: batch norm and activations that stand alone.
 */
#include "support.h"

enum { SCALE = 1, BIAS = 2, RES = 4, RELU = 8, SIGMOID = 16, FLOAT_IN = 32, FLOAT_OUT = 64, SLICE = 128, BY_ROW = 256 };

static const struct {
  int batch, rows, columns, options;
} table[] = {
    {1, 1, 1, SCALE | BIAS},
    {2, 1, 2048, SCALE | BIAS | FLOAT_IN | FLOAT_OUT},
    {3, 7, 17, SCALE},
    {1, 9, 48, BIAS | RELU},
    {2, 5, 33, SCALE | BIAS | RES | RELU},
    {5, 2, 20, SIGMOID},
    {1, 6, 16, SCALE | BIAS | RES | SIGMOID},
    {2, 8, 31, RES | FLOAT_IN},
    {1, 4, 19, SCALE | BIAS | SLICE | FLOAT_OUT},
    {3, 3, 64, RES | RELU | SLICE},
    {1, 128, 5, BIAS},
    {2, 9, 18, SCALE | BIAS | BY_ROW | RELU},
};

static cr_trial_spec spec_of(int batch, int rows, int columns, int options)
{
  cr_trial_spec spec = cr_trial_rows(CR_SCALE, batch, rows, columns);
  spec.scale = options & SCALE;
  spec.bias = options & BIAS;
  spec.op.scale.bias_by_row = options & BY_ROW;
  spec.residual = options & RES;
  spec.op.activation = options & RELU ? CR_RELU : options & SIGMOID ? CR_SIGMOID : CR_LINEAR;
  if (options & SLICE) {
    spec.before[CR_INPUT] = 2 * CR_PANEL;
    spec.after[CR_RESIDUAL] = CR_PANEL;
    spec.before[CR_OUTPUT] = CR_PANEL;
    spec.after[CR_OUTPUT] = CR_PANEL;
  }
  return spec;
}

static void the_table(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    cr_trial_spec spec = spec_of(table[i].batch, table[i].rows, table[i].columns, table[i].options);
    support_examine(spec);
    spec.op.half = true;
    spec.op.as_float[CR_INPUT] = table[i].options & FLOAT_IN;
    spec.op.as_float[CR_RESIDUAL] = i % 2;
    spec.op.as_float[CR_OUTPUT] = table[i].options & FLOAT_OUT;
    support_examine(spec);
  }
  support_verdict();
}

/* The sigmoid from where it is zero to where it is one. */
static void sigmoid_over_its_range(void **state)
{
  (void)state;
  for (int power = -12; power <= 10; power++) {
    cr_trial_spec spec = spec_of(1, 16, 64, SIGMOID);
    spec.power = power;
    support_examine(spec);
  }
  support_verdict();
}

/* What is not finite must be seen at the end: no activation hides it. */
static void what_is_not_finite_stays_so(void **state)
{
  (void)state;
  static const cr_activation activations[] = {CR_LINEAR, CR_RELU, CR_SIGMOID};
  clreid_error error = {CLREID_OK, ""};
  for (size_t a = 0; a < sizeof activations / sizeof activations[0]; a++) {
    cr_trial_spec spec = spec_of(1, 2, 16, 0);
    cr_trial *trial;
    spec.op.activation = activations[a];
    assert_int_equal(cr_trial_create(support_queue(), &spec, &trial, &error), CLREID_OK);
    float *input = trial->memory[CR_INPUT];
    const size_t at = trial->op.view[CR_INPUT].offset;
    input[at + 3] = NAN;
    input[at + 4] = INFINITY;
    assert_int_equal(cr_queue_write(support_queue(), trial->op.view[CR_INPUT].buffer, 0, trial->elements[CR_INPUT] * 4,
                                    input, &error),
                     CLREID_OK);
    assert_int_equal(cr_trial_run(trial, false, 0, 1, &error), CLREID_OK);
    assert_true(isnan(cr_trial_read(trial, CR_OUTPUT, 0, 0, 3)));
    const double of_infinity = cr_trial_read(trial, CR_OUTPUT, 0, 0, 4);
    assert_true(activations[a] == CR_SIGMOID ? of_infinity == 1 : isinf(of_infinity));
    cr_trial_destroy(trial);
  }
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_table),
      cmocka_unit_test(sigmoid_over_its_range),
      cmocka_unit_test(what_is_not_finite_stays_so),
  };
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, support_open, support_close);
}
