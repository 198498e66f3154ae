/*
 * test_separable.c - proves host/separable.c and cl/separable.cl.
 */
#include "support.h"

static const struct {
  int batch, height, width, channels, out, stride;
} table[] = {
    {1, 1, 1, 16, 16, 1},  {2, 5, 3, 17, 33, 1},   {3, 4, 4, 32, 48, 2}, {1, 9, 13, 5, 20, 2},
    {1, 20, 8, 16, 16, 1}, {2, 24, 28, 32, 32, 2}, {1, 6, 7, 64, 16, 2}, {5, 3, 2, 8, 16, 1},
    {1, 33, 1, 16, 16, 1}, {1, 40, 16, 20, 16, 2}, {1, 2, 31, 7, 18, 1},
};

static void the_table(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    const int stride = table[i].stride;
    const cr_separable s = {.height = table[i].height,
                            .width = table[i].width,
                            .channels = table[i].channels,
                            .out_height = (table[i].height - 1) / stride + 1,
                            .out_width = (table[i].width - 1) / stride + 1,
                            .out_channels = table[i].out,
                            .stride = stride};
    cr_trial_spec spec = {.op = {.kind = CR_SEPARABLE, .separable = s, .activation = CR_RELU}, .batch = table[i].batch};
    support_examine(spec);
    spec.after[CR_INPUT] = spec.before[CR_OUTPUT] = CR_PANEL;
    spec.op.half = true;
    support_examine(spec);
  }
  support_verdict();
}

/* Where there is room for one panel's ring, a tile has one panel. */
static void a_tile_fits_local_memory(void **state)
{
  (void)state;
  enum { WIDTH = 40, RING = 8 };
  const cr_separable s = {.height = 6,
                          .width = WIDTH,
                          .channels = 16,
                          .out_height = 6,
                          .out_width = WIDTH,
                          .out_channels = 64,
                          .stride = 1};
  cr_facts *facts = &support_device()->facts;
  const cr_facts own = *facts;
  const size_t bytes = RING * WIDTH * CR_PANEL * sizeof(float);
  char words[64];
  if (cr_separable_most(support_device()) < WIDTH) {
    printf("SKIPPED: %zu bytes of local memory are needed\n", bytes);
    skip();
  }
  snprintf(words, sizeof words, "local=%zu", bytes);
  support_pretend(words);
  support_examine((cr_trial_spec){.op = {.kind = CR_SEPARABLE, .separable = s, .activation = CR_RELU}, .batch = 2});
  *facts = own;
  support_verdict();
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_table), cmocka_unit_test(a_tile_fits_local_memory)};
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, support_open, support_close);
}
