/*
 * test_conv.c - proves host/conv.c and cl/conv.cl: every tile and the plain twin, in float and in half.
 */
#include "support.h"

enum { BIAS = 1, RES = 2, RELU = 4, SIGMOID = 8, SCALE = 16, SLICE = 32, GATE = 64, FLOAT_OUT = 128 };

static const struct {
  int batch, height, width, channels, out, groups;
  cr_window window;
  int options;
} table[] = {
    /* 1x1: odd and even, less than a panel, more than a tile */
    {1, 1, 1, 1, 1, 1, {.kernel = 1}, 0},
    {1, 1, 1, 16, 16, 1, {.kernel = 1}, BIAS},
    {2, 5, 3, 17, 33, 1, {.kernel = 1}, BIAS | RELU},
    {3, 4, 4, 64, 48, 1, {.kernel = 1}, BIAS | RES | RELU | SCALE},
    {1, 7, 5, 128, 20, 1, {.kernel = 1, .stride = 2}, BIAS},
    {5, 3, 3, 31, 16, 1, {.kernel = 1}, BIAS | SIGMOID},
    {2, 13, 2, 24, 64, 1, {.kernel = 1}, BIAS | SLICE},
    /* 3x3 */
    {1, 17, 9, 3, 20, 1, {.kernel = 3, .stride = 2, .padding = 1}, RES | RELU},
    {2, 8, 4, 16, 32, 1, {.kernel = 3, .padding = 1}, BIAS | RELU | SCALE},
    {3, 5, 7, 19, 17, 1, {.kernel = 3, .padding = 1}, BIAS | RES | RELU | SLICE},
    {1, 9, 9, 8, 16, 1, {.kernel = 3, .padding = 2, .dilation = 2}, BIAS},
    {2, 12, 6, 10, 48, 1, {.kernel = 3, .stride = 2, .padding = 2, .dilation = 3}, BIAS | RELU},
    {1, 6, 6, 5, 5, 1, {.kernel = 3}, 0},
    {5, 2, 2, 16, 16, 1, {.kernel = 3, .padding = 1}, SIGMOID},
    /* 7x7, and windows that are not square */
    {1, 15, 11, 3, 64, 1, {.kernel = 7, .stride = 2, .padding = 3}, BIAS | RELU},
    {2, 7, 7, 5, 16, 1, {.kernel = 7, .padding = 3}, BIAS},
    {1, 6, 10, 7, 18, 1, {.kernel = 5, .padding = 2, .kernel_width = 1, .padding_width = -1}, BIAS},
    {2, 9, 8, 6, 16, 1, {.kernel = 1, .kernel_width = 4, .stride_width = 3, .padding_width = 2}, 0},
    {1, 8, 9, 4, 16, 1, {.kernel = 2, .stride = 3, .padding = 1, .dilation = 2, .dilation_width = 1}, RES},
    /* Groups: 3, 4, 8, 16, 32 channels a group, more out than in, fewer, depthwise, a panel that ends within a group */
    {2, 5, 5, 12, 12, 4, {.kernel = 3, .padding = 1}, BIAS | RELU},
    {1, 6, 4, 128, 128, 32, {.kernel = 3, .padding = 1}, BIAS | RELU},
    {2, 4, 6, 64, 64, 8, {.kernel = 3, .stride = 2, .padding = 1}, BIAS | RES | RELU | SCALE},
    {1, 4, 4, 64, 64, 4, {.kernel = 3, .padding = 1}, BIAS},
    {1, 5, 3, 64, 96, 2, {.kernel = 1}, BIAS | RELU},
    {1, 5, 4, 64, 64, 2, {.kernel = 3, .padding = 1}, BIAS | RELU},
    {3, 4, 3, 15, 40, 5, {.kernel = 3, .padding = 1}, BIAS},
    {1, 5, 5, 40, 10, 5, {.kernel = 3, .padding = 1, .dilation = 1}, 0},
    {2, 7, 7, 33, 33, 33, {.kernel = 3, .padding = 1}, BIAS | RELU},
    {1, 6, 6, 16, 32, 16, {.kernel = 3, .padding = 1}, BIAS | SLICE},
    {2, 3, 3, 18, 18, 6, {.kernel = 1}, BIAS | SIGMOID},
    {1, 3, 3, 21, 63, 3, {.kernel = 3, .padding = 1}, RES},
    /* Gates, and what runs on one pixel */
    {3, 4, 3, 32, 48, 1, {.kernel = 1}, BIAS | GATE | RES | RELU},
    {2, 7, 5, 17, 33, 1, {.kernel = 1}, GATE | SLICE},
    {2, 6, 6, 24, 24, 3, {.kernel = 3, .padding = 1}, BIAS | GATE | SIGMOID | SCALE},
    {1, 1, 1, 128, 200, 1, {.kernel = 1}, BIAS | RELU | FLOAT_OUT},
    {2, 1, 1, 33, 65, 1, {.kernel = 1}, BIAS | SIGMOID},
};

static cr_trial_spec with_options(cr_trial_spec spec, int options)
{
  spec.bias = options & BIAS;
  spec.residual = options & RES;
  spec.scale = options & SCALE;
  spec.gate = options & GATE;
  spec.op.as_float[CR_OUTPUT] = options & FLOAT_OUT;
  spec.op.activation = options & RELU ? CR_RELU : options & SIGMOID ? CR_SIGMOID : CR_LINEAR;
  if (options & SLICE) {
    spec.before[CR_OUTPUT] = CR_PANEL;
    spec.after[CR_OUTPUT] = 3 * CR_PANEL;
    spec.after[CR_INPUT] = CR_PANEL;
    spec.before[CR_RESIDUAL] = 2 * CR_PANEL;
    spec.before[CR_GATE] = CR_PANEL;
  }
  return spec;
}

static void examine_both(cr_trial_spec spec)
{
  support_examine(spec);
  spec.op.half = true;
  support_examine(spec);
}

static void the_table(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
    examine_both(with_options(cr_trial_conv(table[i].batch, table[i].height, table[i].width, table[i].channels,
                                            table[i].out, table[i].groups, table[i].window),
                              table[i].options));
  support_verdict();
}

static void random_shapes(void **state)
{
  (void)state;
  uint64_t next = 0;
  for (int i = 0; i < 24; i++) {
    const int groups = support_random(next++, 0, 2) ? 1 : support_random(next++, 2, 9);
    cr_window window = {0};
    window.kernel = support_random(next++, 1, 4);
    window.stride = support_random(next++, 1, 3);
    window.dilation = support_random(next++, 1, 2);
    window.kernel_width = support_random(next++, 1, 4);
    window.stride_width = support_random(next++, 1, 3);
    window.padding = support_random(next++, 0, window.dilation * (window.kernel - 1)); /* no window all outside */
    window.padding_width = support_random(next++, 0, window.dilation * (window.kernel_width - 1));
    if (!window.padding_width) window.padding_width = -1;
    const int batch = support_random(next++, 1, 4), height = support_random(next++, 7, 13);
    const int width = support_random(next++, 7, 13), in = groups * support_random(next++, 1, groups > 1 ? 9 : 50);
    const int out = groups * support_random(next++, 1, groups > 1 ? 9 : 50);
    cr_trial_spec spec = with_options(cr_trial_conv(batch, height, width, in, out, groups, window),
                                      support_random(next++, 0, 255) & ~SIGMOID);
    spec.op.half = support_random(next++, 0, 1);
    support_examine(spec);
  }
  support_verdict();
}

/* A map that stores its border: lines of `line` elements, pixels of `pixel` elements. */
static cr_trial_spec margin_spec(int batch, int height, int width, int pixel, int taps, int run, int stride, int out)
{
  cr_trial_spec spec = cr_trial_conv(batch, height, width, run, out, 1,
                                     (cr_window){.kernel = taps, .kernel_width = 1, .stride = stride});
  spec.pixel = pixel;
  spec.op.conv.input_line = (size_t)width * pixel;
  spec.op.conv.out_width = (width - run / pixel) / stride + 1;
  spec.bias = true;
  spec.op.activation = CR_RELU;
  return spec;
}

/* 7x7, stride 2, over three channels of a picture with a margin of 3: seven taps, each a run of seven pixels. */
static void maps_with_a_margin(void **state)
{
  (void)state;
  examine_both(margin_spec(2, 22, 14, 3, 7, 21, 2, 64));
  examine_both(margin_spec(1, 13, 21, 3, 7, 21, 2, 20));
  examine_both(margin_spec(3, 9, 7, 5, 3, 15, 1, 16));
  /* The same sum as a 3x3 over padded pixels: a border that is stored, lines longer than the map */
  cr_trial_spec lines = cr_trial_conv(2, 8, 6, 16, 32, 1, (cr_window){.kernel = 3});
  lines.pixel = CR_PANEL;
  lines.op.conv.input_line = 9 * CR_PANEL;
  examine_both(lines);
  support_verdict();
}

/* The first layer at its real size gives what the same convolution gives from a padded map, bit by bit: the order of
 * the sum differs, so both are compared with double precision alone; here one output line of it. */
static void the_first_layer(void **state)
{
  (void)state;
  cr_trial_spec spec = margin_spec(1, 262, 134, 3, 7, 21, 2, 64);
  assert_int_equal(spec.op.conv.out_height, 128);
  assert_int_equal(spec.op.conv.out_width, 64);
  clreid_error error = {CLREID_OK, ""};
  cr_trial *trial;
  int checks = 0;
  spec.seed = support_seed();
  assert_int_equal(cr_trial_create(support_queue(), &spec, &trial, &error), CLREID_OK);
  if (cr_trial_run(trial, false, 0, 1, &error) || cr_oracle_check(trial, 0, 1, &checks, &error))
    fail_msg("%s", error.text);
  assert_int_equal(checks, 128 * 64 * 64);
  cr_trial_destroy(trial);
}

/* One step runs batches of any size up to its largest, in any order. */
static void a_step_runs_any_batch(void **state)
{
  (void)state;
  cr_trial_spec spec = cr_trial_conv(4, 5, 5, 16, 16, 1, (cr_window){.kernel = 3, .padding = 1});
  clreid_error error = {CLREID_OK, ""};
  cr_trial *trial;
  cr_step *step;
  spec.seed = support_seed();
  assert_int_equal(cr_trial_create(support_queue(), &spec, &trial, &error), CLREID_OK);
  assert_int_equal(cr_conv_pack(support_device(), &trial->op, trial->weights, NULL, &trial->op.weights, &error),
                   CLREID_OK);
  assert_int_equal(cr_step_create(support_queue(), &trial->op, 4, &step, &error), CLREID_OK);
  assert_int_equal(cr_step_launches(step), 1);
  static const int batches[] = {4, 1, 3, 1, 4, 2};
  for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++) {
    int checks = 0;
    cr_buffer *output = trial->op.view[CR_OUTPUT].buffer;
    memset(trial->memory[CR_OUTPUT], 0, cr_trial_output_bytes(trial));
    assert_int_equal(
        cr_queue_write(support_queue(), output, 0, cr_trial_output_bytes(trial), trial->memory[CR_OUTPUT], &error), 0);
    assert_int_equal(cr_step_run(step, batches[i], &error), CLREID_OK);
    assert_int_equal(
        cr_queue_read(support_queue(), output, 0, cr_trial_output_bytes(trial), trial->memory[CR_OUTPUT], &error), 0);
    if (cr_oracle_check(trial, 0, batches[i], &checks, &error)) fail_msg("%s", error.text);
    if (batches[i] < 4) assert_true(cr_trial_read(trial, CR_OUTPUT, batches[i], 0, 0) == 0);
  }
  assert_int_equal(cr_step_run(step, 5, &error), CLREID_INVALID_ARGUMENT);
  assert_string_equal(error.text, "a batch of 5 was asked of a step prepared for 1 to 4");
  assert_int_equal(cr_step_run(step, 0, &error), CLREID_INVALID_ARGUMENT);
  cr_step_destroy(step);
  cr_trial_destroy(trial);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_table),       cmocka_unit_test(random_shapes),         cmocka_unit_test(maps_with_a_margin),
      cmocka_unit_test(the_first_layer), cmocka_unit_test(a_step_runs_any_batch),
  };
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, support_open, support_close);
}
