/*
 * test_tile.c - proves host/tile.c's choice and host/launch.c's groups: no device is given a work-group that it or a
 * kernel cannot run.
 */
#include "support.h"

#include <limits.h>

static bool fits(const cr_step *step, const size_t items[3])
{
  bool good = step->local[0] * step->local[1] * step->local[2] <= step->largest_group;
  for (int d = 0; d < 3; d++)
    good = good && step->local[d] && step->global[d] % step->local[d] == 0 && step->global[d] >= items[d] &&
           step->global[d] < items[d] + step->local[d];
  return good;
}

/* From one work-item on, whatever the device calls itself. */
static void every_choice_is_valid(void **state)
{
  (void)state;
  static const cr_device_type types[] = {CR_DEVICE_OTHER, CR_DEVICE_CPU, CR_DEVICE_GPU, CR_DEVICE_ACCELERATOR};
  static const size_t rows[] = {1, 3, 2047, 2048, (size_t)1 << 40};
  static const int columns[] = {1, 16, 17, 63, 64, 2048};
  cr_device device = {.mutex = cr_mutex_create()};
  assert_non_null(device.mutex);
  cr_tuning_load(&device);
  for (size_t t = 0; t < sizeof types / sizeof types[0]; t++)
    for (device.facts.largest_work_group = 1; device.facts.largest_work_group <= 1024;
         device.facts.largest_work_group++)
      for (unsigned width = 1; width <= 16; width *= 2)
        for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
          for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++) {
            device.facts.type = types[t];
            device.facts.float_vector_width = width;
            const cr_tiled_shape shape = {.rows = rows[r], .columns = columns[c], .depth = 1, .taps = 1, .groups = 1};
            const cr_tile tile = cr_tile_choose(&device, &shape);
            if (!cr_tile_valid(&tile, &device.facts))
              fail_msg("type %d, groups of %d, vectors of %u: %zu rows of %d get a tile that cannot run", types[t],
                       (int)device.facts.largest_work_group, width, rows[r], columns[c]);
          }
  cr_tuning_free(&device);
  cr_mutex_destroy(device.mutex);
}

/* A kernel with many registers runs in smaller groups than the device's largest. */
static void groups_shrink_to_the_kernels_limit(void **state)
{
  (void)state;
  static const size_t wanted[][3] = {{64, 1, 1}, {16, 4, 1}, {1, 1, 1}, {20, 4, 1}, {4, 4, 4}};
  static const size_t items[][3] = {{1, 1, 1}, {100, 7, 3}, {512, 2049, 8}};
  for (size_t w = 0; w < sizeof wanted / sizeof wanted[0]; w++)
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++)
      for (size_t limit = 1; limit <= 128; limit++) {
        cr_step step = {.largest_group = limit};
        memcpy(step.local, wanted[w], sizeof step.local);
        cr_step_space(&step, items[i][0], items[i][1], items[i][2]);
        assert_true(fits(&step, items[i]));
        if (limit >= wanted[w][0] * wanted[w][1] * wanted[w][2])
          assert_memory_equal(step.local, wanted[w], sizeof step.local);
      }
}

/* What a kernel counts in int is refused where it does not fit, not cut. */
static void numbers_beyond_int_are_refused(void **state)
{
  (void)state;
  static const size_t wrong[] = {(size_t)INT_MAX + 1, (size_t)1 << 32, SIZE_MAX};
  clreid_error error = {CLREID_OK, ""};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    cr_args args = {NULL, 0, CL_SUCCESS};
    cr_arg_int(&args, wrong[i]);
    assert_int_equal(cr_args_done(&args, &error), CLREID_DEVICE_FAILED);
    assert_true(strstr(error.text, "CL_INVALID_ARG_VALUE") != NULL);
  }
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_choice_is_valid),
      cmocka_unit_test(groups_shrink_to_the_kernels_limit),
      cmocka_unit_test(numbers_beyond_int_are_refused),
  };
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
