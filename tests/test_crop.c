/*
 * test_crop.c - proves host/crop.c and cl/crop.cl.
 */
#include "support.h"

static const struct {
  int batch;
  cr_crop crop;
  bool residual;
} table[] = {
    {1, {.height = 8, .width = 6, .channels = 16, .out_height = 3, .out_width = 4, .streams = 1}, false},
    {2, {.height = 20, .width = 8, .channels = 33, .out_height = 6, .out_width = 7, .streams = 4}, true},
    {3, {.height = 16, .width = 16, .channels = 20, .out_height = 5, .out_width = 5, .streams = 2}, false},
    {1, {.height = 40, .width = 16, .channels = 48, .out_height = 12, .out_width = 14, .streams = 4}, true},
    {5, {.height = 9, .width = 11, .channels = 7, .out_height = 3, .out_width = 2, .streams = 3}, true},
};

/* Centres are anywhere, so some of a crop is outside its map, and zero there. */
static cr_trial_spec spec_of(size_t i)
{
  return (cr_trial_spec){.op = {.kind = CR_CROP, .crop = table[i].crop, .activation = CR_RELU /* many zeros */},
                         .batch = table[i].batch,
                         .residual = table[i].residual};
}

static void the_table(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    cr_trial_spec spec = spec_of(i);
    support_examine(spec);
    spec.after[CR_INPUT] = spec.before[CR_OUTPUT] = spec.after[CR_RESIDUAL] = CR_PANEL;
    spec.op.half = true;
    support_examine(spec);
  }
  support_verdict();
}

/* In the middle of a map, a crop that lies on its pixels copies them; at a corner of it, three quarters are zero. */
static void known_places(void **state)
{
  (void)state;
  static const float centres[] = {0, 0, 1, 1, -1, -1};
  enum { STREAMS = 3, SIZE = 4, MAP = 8, CHANNELS = 16 };
  clreid_error error = {CLREID_OK, ""};
  cr_trial *trial;
  cr_trial_spec spec = {.op = {.kind = CR_CROP,
                               .crop = {.height = MAP,
                                        .width = MAP,
                                        .channels = CHANNELS,
                                        .out_height = SIZE,
                                        .out_width = SIZE,
                                        .streams = STREAMS}},
                        .batch = 1,
                        .seed = support_seed()};
  assert_int_equal(cr_trial_create(support_queue(), &spec, &trial, &error), CLREID_OK);
  float *second = trial->memory[CR_SECOND];
  memcpy(second + trial->op.view[CR_SECOND].offset, centres, sizeof centres);
  assert_int_equal(cr_queue_write(support_queue(), trial->op.view[CR_SECOND].buffer, 0,
                                  trial->elements[CR_SECOND] * sizeof *second, second, &error),
                   CLREID_OK);
  if (cr_trial_run(trial, false, 0, 1, &error) != CLREID_OK) fail_msg("%s", error.text);
  static const int first[STREAMS] = {2, 6, -2}; /* row and column where a stream begins */
  for (int t = 0; t < STREAMS; t++)
    for (int p = 0; p < SIZE * SIZE; p++)
      for (size_t c = 0; c < CHANNELS; c++) {
        const int y = first[t] + p / SIZE, x = first[t] + p % SIZE;
        const bool inside = y >= 0 && y < MAP && x >= 0 && x < MAP;
        const double expected = inside ? cr_trial_read(trial, CR_INPUT, 0, (size_t)y * MAP + x, c) : 0;
        assert_true(cr_trial_read(trial, CR_OUTPUT, 0, (size_t)t * SIZE * SIZE + p, c) == expected);
      }
  cr_trial_destroy(trial);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_table), cmocka_unit_test(known_places)};
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, support_open, support_close);
}
