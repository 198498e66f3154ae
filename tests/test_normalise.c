/*
 * test_normalise.c - proves host/normalise.c and cl/normalise.cl.
 */
#include "support.h"

static const cr_normalise table[] = {{16, 1}, {32, 2}, {96, 3}, {1024, 2}};

static void the_table(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
    for (int power = -8; power <= 8; power += 8)
      support_examine((cr_trial_spec){.op = {.kind = CR_NORMALISE, .normalise = table[i], .half = power == 8},
                                      .batch = 1 + (int)i,
                                      .power = power});
  support_verdict();
}

/* A part of zeros stays zero. */
static void nothing_to_normalise(void **state)
{
  (void)state;
  clreid_error error = {CLREID_OK, ""};
  cr_trial *trial;
  const cr_trial_spec spec = {.op = {.kind = CR_NORMALISE, .normalise = {32, 2}}, .batch = 1, .power = -1000};
  assert_int_equal(cr_trial_create(support_queue(), &spec, &trial, &error), CLREID_OK);
  if (cr_trial_run(trial, false, 0, 1, &error) != CLREID_OK) fail_msg("%s", error.text);
  for (size_t c = 0; c < 32; c++) assert_true(cr_trial_read(trial, CR_OUTPUT, 0, 0, c) == 0);
  cr_trial_destroy(trial);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_table), cmocka_unit_test(nothing_to_normalise)};
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, support_open, support_close);
}
