/*
 * test_pretend.c - proves host/pretend.c: words change the facts that they name and no other, what is none of them is
 * refused in one line, the environment reaches an open device, and a kernel that takes more than the device has is
 * refused before it is launched.
 */
#include "support.h"

static cr_facts facts_of_a_large_device(void)
{
  return (cr_facts){.type = CR_DEVICE_CPU,
                    .float_vector_width = 16,
                    .fused_multiply_add = true,
                    .images = true,
                    .sub_groups = true,
                    .largest_buffer_bytes = (uint64_t)4 << 30,
                    .local_memory_bytes = 256 << 10,
                    .largest_work_group = 4096};
}

static void words_change_what_they_name(void **state)
{
  (void)state;
  const cr_facts large = facts_of_a_large_device();
  cr_facts facts = large, expected = large;
  clreid_error error = {CLREID_OK, ""};
  assert_int_equal(cr_pretend(NULL, &facts, &error), CLREID_OK);
  assert_int_equal(cr_pretend("", &facts, &error), CLREID_OK);
  assert_memory_equal(&facts, &large, sizeof facts);
  assert_int_equal(cr_pretend("gpu,work-group=64,local=16K,buffer=128M,width=1,no-fma,no-images,no-sub-groups,turns=9",
                              &facts, &error),
                   CLREID_OK);
  expected.type = CR_DEVICE_GPU;
  expected.largest_work_group = 64;
  expected.local_memory_bytes = 16384;
  expected.local_memory_is_real = true;
  expected.largest_buffer_bytes = 128 << 20;
  expected.float_vector_width = 1;
  expected.most_turns = 9;
  expected.fused_multiply_add = expected.images = expected.sub_groups = false;
  assert_memory_equal(&facts, &expected, sizeof facts);
  assert_int_equal(cr_pretend("no-local,cpu", &facts, &error), CLREID_OK);
  expected.local_memory_is_real = false;
  expected.type = CR_DEVICE_CPU;
  assert_memory_equal(&facts, &expected, sizeof facts);
}

/* No word makes a device larger; what it does not say of itself is taken from the word. */
static void words_only_take_away(void **state)
{
  (void)state;
  cr_facts facts = facts_of_a_large_device();
  assert_int_equal(cr_pretend("work-group=8192,local=1M,buffer=8G", &facts, NULL), CLREID_OK);
  assert_int_equal(facts.largest_work_group, 4096);
  assert_int_equal(facts.local_memory_bytes, 256 << 10);
  assert_true(facts.largest_buffer_bytes == (uint64_t)4 << 30);
  facts.largest_buffer_bytes = 0;
  assert_int_equal(cr_pretend("buffer=1000", &facts, NULL), CLREID_OK);
  assert_int_equal(facts.largest_buffer_bytes, 1000);
}

static void other_words_are_refused(void **state)
{
  (void)state;
  static const struct {
    const char *words, *told;
  } table[] = {
      {"fpga", "'fpga' is no word of it"},
      {"gpu,", "'' is no word of it"},
      {",gpu", "'' is no word of it"},
      {"gpu,,no-fma", "'' is no word of it"},
      {" gpu", "' gpu' is no word of it"},
      {"GPU", "'GPU' is no word of it"},
      {"gpu=1", "takes no number"},
      {"work-group", "needs a number"},
      {"work-group=", "is no number"},
      {"work-group=0", "is no number"},
      {"work-group=-64", "is no number"},
      {"work-group=64K", "is no number"},
      {"work-group=1048577", "is no number"},
      {"local=16k", "is no size"},
      {"local=K", "is no size"},
      {"local=16KB", "is no size"},
      {"buffer=18446744073709551616", "is no size"},
      {"buffer=17179869184G", "is no size"},
      {"gpu,cpu", "is given twice"},
      {"no-fma,no-fma", "is given twice"},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    const cr_facts large = facts_of_a_large_device();
    cr_facts facts = large;
    clreid_error error = {CLREID_OK, ""};
    const clreid_status status = cr_pretend(table[i].words, &facts, &error);
    if (status != CLREID_INVALID_ARGUMENT || !strstr(error.text, table[i].told))
      fail_msg("%s: status %d, %s", table[i].words, status, error.text);
    assert_memory_equal(&facts, &large, sizeof facts);
  }
}

static void the_environment_reaches_a_device(void **state)
{
  (void)state;
  clreid_error error = {CLREID_OK, ""};
  cr_device *device;
  char *was = getenv("CLREID_PRETEND") ? strdup(getenv("CLREID_PRETEND")) : NULL;
  setenv("CLREID_PRETEND", "gpu,work-group=64,local=16K,buffer=128M", 1);
  assert_int_equal(cr_device_open(&(cr_device_config){.choice = "gpu"}, &device, &error), CLREID_OK);
  const cr_facts *facts = cr_device_facts(device);
  assert_int_equal(facts->type, CR_DEVICE_GPU);
  assert_int_equal(facts->largest_work_group, 64);
  assert_int_equal(facts->local_memory_bytes, 16384);
  assert_int_equal(facts->largest_buffer_bytes, 128 << 20);
  assert_true(facts->fma_may_be_slow);
  cr_device_release(device);
  setenv("CLREID_PRETEND", "small", 1);
  assert_int_equal(cr_device_open(&(cr_device_config){.choice = NULL}, &device, &error), CLREID_INVALID_ARGUMENT);
  assert_non_null(strstr(error.text, "CLREID_PRETEND: 'small' is no word of it"));
  unsetenv("CLREID_PRETEND");
  if (was) setenv("CLREID_PRETEND", was, 1);
  free(was);
}

/* A product of depth 3000 takes that many turns, whatever the tile. */
static void loops_stay_within_the_device(void **state)
{
  (void)state;
  cr_device *device = support_device();
  const cr_facts own = device->facts;
  clreid_error error = {CLREID_OK, ""};
  const cr_trial_spec spec = cr_trial_gemm(1, 40, 40, 3000);
  cr_trial *trial;
  cr_step *step;
  assert_int_equal(cr_trial_create(support_queue(), &spec, &trial, &error), CLREID_OK);
  for (int plain = 0; plain < 2; plain++) {
    trial->op.plain = plain;
    support_pretend("turns=20000");
    assert_int_equal(cr_step_create(support_queue(), &trial->op, 1, &step, &error), CLREID_OK);
    cr_step_destroy(step);
    support_pretend("turns=1000");
    assert_int_equal(cr_step_create(support_queue(), &trial->op, 1, &step, &error), CLREID_UNSUPPORTED_DEVICE);
    assert_non_null(strstr(error.text, "takes about 3000 turns of the loops"));
    assert_non_null(strstr(error.text, "is trusted with 500; use another device"));
    device->facts = own;
  }
  cr_trial_destroy(trial);
}

/* A product in groups of 64 work-items runs in those of 16 that the device says are its largest. */
static void groups_stay_within_the_device(void **state)
{
  (void)state;
  cr_device *device = support_device();
  const cr_facts own = device->facts;
  clreid_error error = {CLREID_OK, ""};
  const cr_op op = {.kind = CR_NORMALISE, .normalise = {.columns = 64, .parts = 2}};
  cr_trial_spec spec = {.op = op, .batch = 2, .seed = support_seed()};
  cr_trial *trial;
  cr_step *step;
  support_pretend("gpu,work-group=16");
  assert_int_equal(cr_trial_create(support_queue(), &spec, &trial, &error), CLREID_OK);
  assert_int_equal(cr_step_create(support_queue(), &trial->op, 2, &step, &error), CLREID_OK);
  assert_true(step->largest_group <= 16);
  cr_step_destroy(step);
  cr_trial_destroy(trial);
  device->facts = own;
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(words_change_what_they_name),   cmocka_unit_test(words_only_take_away),
      cmocka_unit_test(other_words_are_refused),       cmocka_unit_test(the_environment_reaches_a_device),
      cmocka_unit_test(groups_stay_within_the_device), cmocka_unit_test(loops_stay_within_the_device),
  };
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, support_open, support_close);
}
