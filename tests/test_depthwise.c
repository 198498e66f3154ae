/*
 * test_depthwise.c - proves host/depthwise.c and cl/depthwise.cl. That other convolutions are not taken for depthwise
 * ones, and give the same, is test_conv.c's.
 */
#include "support.h"

#include "depthwise.h"

enum { BIAS = 1, RELU = 2, SCALE = 4, SLICE = 8 };

static const struct {
  int batch, height, width, channels, stride, padding, options;
} table[] = {
    {1, 3, 3, 16, 1, 0, 0},
    {1, 1, 1, 16, 1, 1, BIAS},
    {2, 5, 3, 17, 1, 1, BIAS | RELU},
    {3, 4, 4, 48, 2, 1, BIAS | RELU | SCALE},
    {1, 9, 13, 33, 2, 1, BIAS},
    {5, 3, 4, 40, 2, 1, SLICE},
    {2, 10, 16, 16, 1, 1, BIAS | RELU | SLICE},
    {1, 7, 6, 20, 1, 2, BIAS | SCALE},
    {2, 24, 28, 16, 2, 1, BIAS | RELU},
    {1, 6, 7, 128, 2, 1, BIAS | RELU},
    {1, 11, 5, 2, 2, 0, RELU},
};

static void the_table(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    cr_trial_spec spec = cr_trial_conv(table[i].batch, table[i].height, table[i].width, table[i].channels,
                                       table[i].channels, table[i].channels,
                                       (cr_window){.kernel = 3,
                                                   .stride = table[i].stride,
                                                   .padding = table[i].padding,
                                                   .padding_width = table[i].padding ? 0 : -1});
    spec.bias = table[i].options & BIAS;
    spec.scale = table[i].options & SCALE;
    spec.op.activation = table[i].options & RELU ? CR_RELU : CR_LINEAR;
    if (table[i].options & SLICE) spec.after[CR_INPUT] = spec.before[CR_OUTPUT] = CR_PANEL;
    assert_true(cr_depthwise_fits(&spec.op));
    support_examine(spec);
    spec.op.half = true;
    support_examine(spec);
  }
  support_verdict();
}

static void others_do_not_fit(void **state)
{
  (void)state;
  const cr_trial_spec good = cr_trial_conv(1, 8, 8, 32, 32, 32, (cr_window){.kernel = 3, .padding = 1});
  cr_op op = good.op;
  assert_true(cr_depthwise_fits(&op));
  op.conv.groups = 16;
  assert_false(cr_depthwise_fits(&op));
  op = good.op, op.conv.out_channels = 64;
  assert_false(cr_depthwise_fits(&op));
  op = good.op, op.conv.kernel_width = 5;
  assert_false(cr_depthwise_fits(&op));
  op = good.op, op.conv.stride_height = 2;
  assert_false(cr_depthwise_fits(&op));
  op = good.op, op.conv.dilation_height = op.conv.dilation_width = 2;
  assert_false(cr_depthwise_fits(&op));
  op = good.op, op.activation = CR_SIGMOID;
  assert_false(cr_depthwise_fits(&op));
  op = good.op, op.view[CR_RESIDUAL].row = 32;
  assert_false(cr_depthwise_fits(&op));
  op = good.op, op.kind = CR_GEMM;
  assert_false(cr_depthwise_fits(&op));
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_table),
      cmocka_unit_test(others_do_not_fit),
  };
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, support_open, support_close);
}
