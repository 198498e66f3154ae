/*
 * test_attention.c - proves host/attention.c and cl/attention.cl: every tile, in float and in half, logits of any size.
 */
#include "support.h"

enum { SLICE = 1 };

/* power 5 or 6 with few values a position: logits of thousands, of which one takes all the weight, and yet so well
 * known that the bound is narrow. */
static const struct {
  int batch, positions, inner, power, options;
} table[] = {
    {1, 1, 1, 0, 0},       {2, 16, 16, 0, 0}, {3, 7, 33, 0, SLICE}, {1, 45, 20, 0, 0},
    {2, 33, 17, 1, SLICE}, {1, 100, 8, 0, 0}, {1, 19, 3, 6, 0}, /* logits of +-12288 */
    {2, 40, 5, 5, SLICE},  {1, 65, 1, 7, 0},
};

static cr_trial_spec spec_of(int batch, int positions, int inner, int power, int options)
{
  cr_trial_spec spec = cr_trial_attention(batch, positions, inner);
  spec.power = power;
  if (options & SLICE) {
    spec.before[CR_INPUT] = spec.after[CR_RESIDUAL] = spec.after[CR_OUTPUT] = CR_PANEL;
    spec.before[CR_RESIDUAL] = 2 * CR_PANEL;
  }
  return spec;
}

static void the_table(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    cr_trial_spec spec = spec_of(table[i].batch, table[i].positions, table[i].inner, table[i].power, table[i].options);
    support_examine(spec);
    spec.op.half = true;
    support_examine(spec);
  }
  support_verdict();
}

static void random_shapes(void **state)
{
  (void)state;
  uint64_t next = 2000;
  for (int i = 0; i < 12; i++) {
    const int batch = support_random(next++, 1, 3), positions = support_random(next++, 1, 50);
    const int inner = support_random(next++, 1, 40), power = support_random(next++, 0, 2);
    cr_trial_spec spec = spec_of(batch, positions, inner, power, support_random(next++, 0, 1));
    spec.op.half = support_random(next++, 0, 1);
    support_examine(spec);
  }
  support_verdict();
}

/* More positions than local memory holds are refused with both numbers, and known before. */
static void too_many_positions_are_refused(void **state)
{
  (void)state;
  clreid_error error = {CLREID_OK, ""};
  cr_step *step;
  const cr_facts *facts = cr_device_facts(support_device());
  const int most = cr_attention_most(support_device()), many = 1 << 24;
  assert_true(most >= 0 && most % CR_PANEL == 0);
  assert_true((uint64_t)most * sizeof(float) <= facts->local_memory_bytes);
  const cr_op op = {.kind = CR_ATTENTION, .name = "a step", .attention = {.positions = many, .inner = 16}};
  assert_int_equal(cr_step_create(support_queue(), &op, 1, &step, &error), CLREID_UNSUPPORTED_DEVICE);
  assert_non_null(strstr(error.text, "a step needs "));
  assert_non_null(strstr(error.text, "16777216 positions"));
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_table),
      cmocka_unit_test(random_shapes),
      cmocka_unit_test(too_many_positions_are_refused),
  };
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, support_open, support_close);
}
