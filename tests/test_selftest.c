/*
 * test_selftest.c - proves host/selftest.c: it passes on a good device, and names what is wrong on a bad one. A bad
 * device is made of a folder of kernels, one of them with a mistake.
 */
#include "support.h"

#include "support_kernels.h"

static void it_passes(void **state)
{
  (void)state;
  clreid_error error = {CLREID_OK, ""};
  int checks = 0;
  if (cr_selftest(support_device(), &checks, &error) != CLREID_OK) fail_msg("%s", error.text);
  printf("%d comparisons\n", checks);
  assert_true(checks > 100000);
}

static void it_names_what_is_wrong(void **state)
{
  (void)state;
  static const struct {
    mistake made;
    const char *told;
  } mistakes[] = {
      {{"resize.cl", "reversed ? rgb.z : rgb.x", "rgb.x"}, "resize "},
      {{"deliver.cl", "to + c);", "to + c + (c == 0));"}, "deliver"},
      {{"deliver.cl", "bad = 1;", "bad = 0;"}, "deliver"},
      {{"conv.cl", "at_x < width", "at_x < width - 1"}, "conv "},
      {{"tile.clh", "k < depth", "k + 1 < depth"}, "conv "},
      {{"gemm.cl", "(ulong)(row + i) * output_row", "(ulong)(row + i + 1) * output_row"}, "gemm "},
      {{"pool.cl", "(float)positions", "(float)(positions + 1)"}, "pool global "},
      {{"scale.cl", "value + shift", "value - shift"}, "scale "},
      {{"mask.cl", "value *= of_row", "value += of_row"}, "mask "},
      {{"pack.cl", "* rows + row", "* rows + rows - 1 - row"}, "pack "},
  };
  for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
    const folder scratch = folder_make();
    clreid_error error = {CLREID_OK, ""};
    cr_device *device;
    support_kernels(&scratch, &mistakes[i].made, 1);
    const cr_device_config config = {.choice = support_choice(), .cache_folder = "", .kernel_folder = scratch.path};
    assert_int_equal(cr_device_open(&config, &device, &error), CLREID_OK);
    assert_int_equal(cr_selftest(device, NULL, &error), CLREID_DEVICE_FAILED);
    printf("%s\n", error.text);
    assert_true(!strncmp(error.text, mistakes[i].told, strlen(mistakes[i].told)));
    cr_device_release(device);
    folder_remove(&scratch);
  }
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_passes),
      cmocka_unit_test(it_names_what_is_wrong),
  };
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, support_open, support_close);
}
