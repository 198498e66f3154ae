/*
 * test_grouped.c - proves host/grouped.c and cl/grouped.cl. That other convolutions in groups are not taken, and give
 * the same, is test_conv.c's.
 */
#include "support.h"

#include "grouped.h"

enum { BIAS = 1, RELU = 2, SCALE = 4, SLICE = 8 };

static const struct {
  int batch, height, width, channels, group, stride, padding, options;
} table[] = {
    {1, 3, 3, 16, 4, 1, 0, 0},
    {1, 1, 1, 16, 8, 1, 1, BIAS},
    {2, 5, 3, 32, 4, 1, 1, BIAS | RELU},
    {3, 4, 4, 48, 8, 2, 1, BIAS | RELU | SCALE},
    {1, 9, 14, 16, 16, 2, 1, BIAS},
    {5, 3, 4, 32, 16, 2, 1, SLICE},
    {2, 10, 25, 16, 4, 1, 1, BIAS | RELU | SLICE},
    {1, 7, 12, 32, 8, 1, 2, BIAS | SCALE},
    {2, 26, 28, 16, 4, 2, 1, BIAS | RELU},
    {1, 41, 13, 16, 16, 1, 1, BIAS | RELU | SCALE},
    {1, 11, 5, 32, 8, 2, 0, RELU},
    {1, 50, 7, 48, 8, 2, 1, BIAS | SLICE},
};

static cr_trial_spec spec_of(size_t i)
{
  cr_trial_spec spec = cr_trial_conv(table[i].batch, table[i].height, table[i].width, table[i].channels,
                                     table[i].channels, table[i].channels / table[i].group,
                                     (cr_window){.kernel = 3,
                                                 .stride = table[i].stride,
                                                 .padding = table[i].padding,
                                                 .padding_width = table[i].padding ? 0 : -1});
  spec.bias = table[i].options & BIAS;
  spec.scale = table[i].options & SCALE;
  spec.op.activation = table[i].options & RELU ? CR_RELU : CR_LINEAR;
  if (table[i].options & SLICE) spec.after[CR_INPUT] = spec.before[CR_OUTPUT] = CR_PANEL;
  return spec;
}

/* A strip is as wide as the device's vectors let it be: all three, whatever the device. */
static void the_table(void **state)
{
  static const unsigned widths[] = {16, 8, 4};
  cr_facts *facts = &support_device()->facts;
  const cr_facts own = *facts;
  (void)state;
  if (!cr_facts_walk(&own)) {
    printf("SKIPPED: cl/grouped.cl is for work-items that walk\n");
    skip();
  }
  for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++) {
    facts->float_vector_width = widths[w];
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
      cr_trial_spec spec = spec_of(i);
      assert_true(cr_grouped_fits(support_device(), &spec.op));
      support_examine(spec);
      spec.op.half = true;
      if (widths[w] == 16) support_examine(spec);
    }
  }
  *facts = own;
  support_verdict();
}

/* The order of the sum is that of cl/conv.cl, and so are the bits: a device of another type runs that. */
static void the_bits_are_those_of_conv(void **state)
{
  cr_facts *facts = &support_device()->facts;
  const cr_device_type own = facts->type;
  (void)state;
  if (!cr_facts_walk(facts)) {
    printf("SKIPPED: cl/grouped.cl is for work-items that walk\n");
    skip();
  }
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    cr_trial_spec spec = spec_of(i);
    clreid_error error = {CLREID_OK, ""};
    void *bytes = NULL;
    cr_trial *trial;
    spec.seed = support_seed();
    assert_int_equal(cr_trial_create(support_queue(), &spec, &trial, &error), CLREID_OK);
    for (int run = 0; run < 2; run++) {
      facts->type = run ? CR_DEVICE_OTHER : own;
      if (cr_trial_run(trial, false, 0, spec.batch, &error)) fail_msg("%s", error.text);
      facts->type = own;
      assert_int_equal(strncmp(trial->variant, "conv", 4) == 0, run);
      if (run) break;
      bytes = malloc(cr_trial_output_bytes(trial));
      assert_non_null(bytes);
      memcpy(bytes, trial->memory[CR_OUTPUT], cr_trial_output_bytes(trial));
    }
    const cr_extent *o = &trial->extent[CR_OUTPUT];
    for (int p = 0; p < spec.batch; p++)
      for (size_t r = 0; r < o->rows; r++)
        for (size_t c = 0; c < o->columns; c++)
          if (!cr_trial_same(trial, bytes, p, r, c)) fail_msg("%s: [%d][%zu][%zu] differs", trial->name, p, r, c);
    free(bytes);
    cr_trial_destroy(trial);
  }
}

static void others_do_not_fit(void **state)
{
  (void)state;
  const cr_device cpu = {.facts.type = CR_DEVICE_CPU}, gpu = {.facts.type = CR_DEVICE_GPU};
  const cr_trial_spec good = cr_trial_conv(1, 8, 8, 32, 32, 4, (cr_window){.kernel = 3, .padding = 1});
  cr_op op = good.op;
  assert_true(cr_grouped_fits(&cpu, &op));
  assert_false(cr_grouped_fits(&gpu, &op));
  op.conv.groups = 1; /* 32 channels a group */
  assert_false(cr_grouped_fits(&cpu, &op));
  op = good.op, op.conv.groups = 32;
  assert_false(cr_grouped_fits(&cpu, &op));
  op = good.op, op.conv.out_channels = 64;
  assert_false(cr_grouped_fits(&cpu, &op));
  op = good.op, op.conv.channels = op.conv.out_channels = 24, op.conv.groups = 3; /* half a panel more */
  assert_false(cr_grouped_fits(&cpu, &op));
  op = good.op, op.conv.kernel_width = 5;
  assert_false(cr_grouped_fits(&cpu, &op));
  op = good.op, op.conv.stride_height = op.conv.stride_width = 3;
  assert_false(cr_grouped_fits(&cpu, &op));
  op = good.op, op.conv.stride_height = 2;
  assert_false(cr_grouped_fits(&cpu, &op));
  op = good.op, op.conv.dilation_height = op.conv.dilation_width = 2;
  assert_false(cr_grouped_fits(&cpu, &op));
  op = good.op, op.activation = CR_SIGMOID;
  assert_false(cr_grouped_fits(&cpu, &op));
  op = good.op, op.as_float[CR_OUTPUT] = true;
  assert_false(cr_grouped_fits(&cpu, &op));
  op = good.op, op.view[CR_RESIDUAL].row = 32;
  assert_false(cr_grouped_fits(&cpu, &op));
  op = good.op, op.view[CR_GATE].row = 32;
  assert_false(cr_grouped_fits(&cpu, &op));
  op = good.op, op.kind = CR_GEMM;
  assert_false(cr_grouped_fits(&cpu, &op));
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_table),
      cmocka_unit_test(the_bits_are_those_of_conv),
      cmocka_unit_test(others_do_not_fit),
  };
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, support_open, support_close);
}
