/*
 * test_pool.c - proves host/pool.c and cl/pool.cl.
 */
#include "support.h"

enum { MAXIMUM = 1, FLOAT_OUT = 2, SLICE = 4, MASK = 8 };

static const struct {
  int batch, height, width, channels;
  cr_window window;
  int options;
} windows[] = {
    {1, 8, 4, 16, {.kernel = 3, .stride = 2, .padding = 1}, MAXIMUM},
    {2, 17, 9, 64, {.kernel = 3, .stride = 2, .padding = 1}, MAXIMUM},
    {3, 5, 5, 17, {.kernel = 2, .stride = 2}, MAXIMUM | SLICE},
    {1, 7, 3, 1, {.kernel = 3, .padding = 1}, MAXIMUM},
    {2,
     6,
     7,
     33,
     {.kernel = 3, .stride = 1, .padding = 1, .kernel_width = 2, .stride_width = 3, .padding_width = -1},
     MAXIMUM},
    {1, 8, 4, 16, {.kernel = 3, .stride = 2, .padding = 1}, 0},
    {5, 9, 5, 40, {.kernel = 3, .padding = 1}, FLOAT_OUT},
    {2, 6, 6, 3, {.kernel = 2, .stride = 2}, SLICE},
    {1, 12, 5, 19, {.kernel = 6, .stride = 6, .kernel_width = 5}, FLOAT_OUT},
};

static const struct {
  int batch, height, width, channels, options;
} whole_maps[] = {
    {1, 1, 1, 16, 0},
    {2, 16, 8, 2048, FLOAT_OUT},
    {3, 7, 5, 33, 0},
    {5, 4, 2, 1, FLOAT_OUT},
    {2, 64, 32, 20, SLICE},
    {2, 18, 24, 48, MASK},
    {3, 5, 7, 33, MASK | SLICE | FLOAT_OUT},
};

static void examine_both(cr_trial_spec spec, int options)
{
  if (options & SLICE) {
    spec.before[CR_INPUT] = CR_PANEL;
    spec.after[CR_OUTPUT] = 2 * CR_PANEL;
    spec.after[CR_SECOND] = CR_PANEL;
  }
  support_examine(spec);
  spec.op.half = true;
  spec.op.as_float[CR_OUTPUT] = options & FLOAT_OUT;
  support_examine(spec);
}

static void windows_of_every_kind(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++)
    examine_both(cr_trial_pool(windows[i].batch, windows[i].height, windows[i].width, windows[i].channels,
                               windows[i].options & MAXIMUM, windows[i].window),
                 windows[i].options);
  support_verdict();
}

static void means_of_whole_maps(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof whole_maps / sizeof whole_maps[0]; i++) {
    cr_trial_spec spec = cr_trial_pool(whole_maps[i].batch, whole_maps[i].height, whole_maps[i].width,
                                       whole_maps[i].channels, false, (cr_window){0});
    spec.second = whole_maps[i].options & MASK;
    examine_both(spec, whole_maps[i].options);
  }
  support_verdict();
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(windows_of_every_kind),
      cmocka_unit_test(means_of_whole_maps),
  };
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, support_open, support_close);
}
