/*
 * test_harmony.c - proves host/harmony.c and cl/harmony.cl.
 */
#include "support.h"

static const struct {
  int batch;
  cr_harmony harmony;
} table[] = {
    {1, {.height = 2, .width = 2, .channels = 16, .reduced = 1, .centres = 8}},
    {2, {.height = 10, .width = 4, .channels = 48, .reduced = 3, .centres = 8}},
    {3, {.height = 5, .width = 3, .channels = 33, .reduced = 17, .centres = 20}},
    {1, {.height = 1, .width = 7, .channels = 20, .reduced = 2, .centres = 2}},
    {1, {.height = 7, .width = 1, .channels = 5, .reduced = 5, .centres = 16}},
    {2, {.height = 8, .width = 6, .channels = 128, .reduced = 8, .centres = 8}},
};

static void the_table(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    cr_trial_spec spec = {.op = {.kind = CR_HARMONY,
                                 .harmony = table[i].harmony,
                                 .as_float[CR_OUTPUT] = true,
                                 .activation = CR_RELU}, /* a layer may end in many zeros */
                          .batch = table[i].batch};
    support_examine(spec);
    spec.after[CR_INPUT] = spec.before[CR_OUTPUT] = CR_PANEL;
    spec.op.half = true;
    support_examine(spec);
  }
  support_verdict();
}

/* What does not fit into a work-group's memory is refused with both numbers. */
static void a_map_too_large(void **state)
{
  (void)state;
  clreid_error error = {CLREID_OK, ""};
  cr_trial *trial;
  cr_step *step;
  cr_trial_spec spec = {.op = {.kind = CR_HARMONY,
                               .as_float[CR_OUTPUT] = true,
                               .harmony = {.height = 1024, .width = 512, .channels = 16, .reduced = 1, .centres = 2}},
                        .batch = 1};
  if (cr_device_facts(support_device())->local_memory_bytes > 2u << 20) skip();
  assert_int_equal(cr_trial_create(support_queue(), &spec, &trial, &error), CLREID_OK);
  assert_int_equal(cr_step_create(support_queue(), &trial->op, 1, &step, &error), CLREID_UNSUPPORTED_DEVICE);
  assert_non_null(strstr(error.text, "bytes of local memory"));
  cr_trial_destroy(trial);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_table), cmocka_unit_test(a_map_too_large)};
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, support_open, support_close);
}
