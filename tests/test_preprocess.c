/*
 * test_preprocess.c - proves lib/preprocess.c: the options of a weight file, the table of normalised values, and
 * Pillow's weights, by what Pillow itself made of 200 pictures (tests/golden/resize.py). Needs no device.
 */
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <xxhash.h>

#include "preprocess.h"
#include "support_resize.h"

/* ---- Options ---------------------------------------------------------------------------------------------------- */

typedef struct metadata {
  const char *mean, *std, *channels, *resize;
} metadata;

static const char *get(const void *user, const char *key)
{
  const metadata *given = user;
  if (strcmp(key, "mean") == 0) return given->mean;
  if (strcmp(key, "std") == 0) return given->std;
  if (strcmp(key, "channels") == 0) return given->channels;
  if (strcmp(key, "resize") == 0) return given->resize;
  fail_msg("the key %s is not one of preprocessing's", key);
  return NULL;
}

static void without_metadata_it_is_imagenet(void **state)
{
  (void)state;
  static const double mean[3] = {0.485, 0.456, 0.406}, std[3] = {0.229, 0.224, 0.225};
  cr_preprocess read;
  assert_int_equal(cr_preprocess_read(&read, get, &(metadata){NULL}, NULL), CLREID_OK);
  assert_memory_equal(read.mean, mean, sizeof mean);
  assert_memory_equal(read.std, std, sizeof std);
  assert_false(read.bgr);
  assert_int_equal(read.filter, CR_BILINEAR);
}

static void each_option_is_read(void **state)
{
  (void)state;
  static const double mean[3] = {0.5, 0, 0.48500000000000004}, std[3] = {0.25, 1e-2, 1};
  cr_preprocess read;
  const metadata given = {"0.5, 0,0.48500000000000004", " 0.25,1e-2 ,1", "bgr", "bicubic"};
  assert_int_equal(cr_preprocess_read(&read, get, &given, NULL), CLREID_OK);
  assert_memory_equal(read.mean, mean, sizeof mean);
  assert_memory_equal(read.std, std, sizeof std);
  assert_true(read.bgr);
  assert_int_equal(read.filter, CR_BICUBIC);
  const metadata plain = {.channels = "rgb", .resize = "bilinear"};
  assert_int_equal(cr_preprocess_read(&read, get, &plain, NULL), CLREID_OK);
  assert_false(read.bgr);
  assert_int_equal(read.filter, CR_BILINEAR);
}

static void numbers_do_not_depend_on_the_locale(void **state)
{
  (void)state;
  static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "ru_RU.UTF-8", "de_DE"};
  bool comma = false;
  for (size_t k = 0; !comma && k < sizeof names / sizeof *names; k++)
    comma = setlocale(LC_ALL, names[k]) && strcmp(localeconv()->decimal_point, ",") == 0;
  if (!comma) {
    print_message("SKIP: this system has no locale that writes a decimal comma\n");
    skip();
  }
  cr_preprocess read;
  clreid_status status = cr_preprocess_read(&read, get, &(metadata){"0.5,0.25,0.125", NULL}, NULL);
  setlocale(LC_ALL, "C");
  assert_int_equal(status, CLREID_OK);
  assert_true(read.mean[0] == 0.5 && read.mean[1] == 0.25 && read.mean[2] == 0.125);
}

static void what_is_unknown_is_an_error(void **state)
{
  (void)state;
  static const struct {
    metadata given;
    const char *key;  /* that the text must name */
    const char *hint; /* that it must give */
  } cases[] = {
      {{.mean = ""}, "mean", "0.485,0.456,0.406"},
      {{.mean = "0.485,0.456"}, "mean", "three numbers"},
      {{.mean = "0.485,0.456,0.406,0.5"}, "mean", "three numbers"},
      {{.mean = "0.485;0.456;0.406"}, "mean", "three numbers"},
      {{.mean = "0,485,0,456,0,406"}, "mean", "three numbers"},
      {{.mean = "0.485,0.456,red"}, "mean", "three numbers"},
      {{.mean = "[0.485,0.456,0.406]"}, "mean", "three numbers"},
      {{.mean = "0.485,\"0.456\",0.406"}, "mean", "three numbers"},
      {{.mean = "1],[1,1"}, "mean", "three numbers"},
      {{.mean = "0.485,0.456,nan"}, "mean", "three numbers"},
      {{.mean = "0.485,0.456,1e999"}, "mean", "three numbers"},
      {{.mean = "0.485,0.456,0.406 x"}, "mean", "three numbers"},
      {{.mean = "123.675,116.28,103.53"}, "mean[0]", "divide mean and std by 255"},
      {{.mean = "0.5,0.5,-0.1"}, "mean[2]", "[0, 1]"},
      {{.std = "0.229,0.224"}, "std", "0.229,0.224,0.225"},
      {{.std = "0.229,0,0.225"}, "std[1]", "above zero"},
      {{.std = "0.229,0.224,-0.225"}, "std[2]", "above zero"},
      {{.std = "1e-300,1,1"}, "std[0]", "above zero"},
      {{.std = "1,1,inf"}, "std", "three numbers"},
      {{.channels = "RGB"}, "channels", "rgb or bgr"},
      {{.channels = ""}, "channels", "rgb or bgr"},
      {{.channels = "gray"}, "channels", "rgb or bgr"},
      {{.resize = "lanczos"}, "resize", "bilinear or bicubic"},
      {{.resize = "Bicubic"}, "resize", "bilinear or bicubic"},
      {{.resize = ""}, "resize", "bilinear or bicubic"},
  };
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    cr_preprocess read, untouched;
    memset(&read, 0x5A, sizeof read);
    untouched = read;
    clreid_error error = {CLREID_OK, ""};
    clreid_status status = cr_preprocess_read(&read, get, &cases[k].given, &error);
    if (status != CLREID_INVALID_WEIGHTS || error.status != status || !strstr(error.text, cases[k].key) ||
        !strstr(error.text, cases[k].hint))
      fail_msg("case %zu: status %d, text \"%s\", expected it to speak of %s and %s", k, (int)status, error.text,
               cases[k].key, cases[k].hint);
    assert_memory_equal(&read, &untouched, sizeof read);
  }
}

static void a_long_value_is_an_error_too(void **state)
{
  (void)state;
  char text[5000];
  memset(text, '1', sizeof text - 1);
  text[sizeof text - 1] = 0;
  cr_preprocess read;
  clreid_error error = {CLREID_OK, ""};
  assert_int_equal(cr_preprocess_read(&read, get, &(metadata){.mean = text}, &error), CLREID_INVALID_WEIGHTS);
  assert_true(strlen(error.text) < 300);
  assert_int_equal(cr_preprocess_read(&read, get, &(metadata){.resize = text}, &error), CLREID_INVALID_WEIGHTS);
  assert_true(strlen(error.text) < 300);
}

static void the_table_is_rounded_once(void **state)
{
  (void)state;
  const cr_preprocess given = {{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}, false, CR_BILINEAR};
  float table[3][256];
  cr_preprocess_table(&given, table);
  for (int c = 0; c < 3; c++)
    for (int v = 0; v < 256; v++) {
      const long double exact = ((long double)v / 255 - given.mean[c]) / given.std[c];
      const float value = table[c][v], below = nextafterf(value, -INFINITY), above = nextafterf(value, INFINITY);
      /* Nearest, but for the doubles that stand between: an error of 2^-50 may turn a tie. */
      if (fabsl(value - exact) > (long double)(above - below) / 4 * (1 + 0x1p-20L))
        fail_msg("table[%d][%d] is %.9g, but %.9Lg is exact", c, v, (double)value, exact);
    }
  assert_true(table[0][0] < -2.1f && table[2][255] > 2.6f);
}

/* ---- Pillow's weights ------------------------------------------------------------------------------------------- */

static uint64_t resized_digest(cr_axes *axes, const resize_case *one, int width, int height)
{
  const cr_axis *across, *down;
  assert_int_equal(cr_axes_get(axes, one->width, width, &across, NULL), CLREID_OK);
  assert_int_equal(cr_axes_get(axes, one->height, height, &down, NULL), CLREID_OK);
  const size_t pitch = (size_t)one->width * 3, bytes = (size_t)width * (size_t)height * 3;
  uint8_t *pixels = test_picture(one->seed, one->width, one->height, pitch), *resized = malloc(bytes);
  assert_non_null(pixels);
  assert_non_null(resized);
  assert_true(test_resize(pixels, pitch, across, down, resized));
  const uint64_t digest = XXH64(resized, bytes, 0);
  free(pixels);
  free(resized);
  return digest;
}

static void weights_are_those_of_pillow(void **state)
{
  (void)state;
  cr_axes *axes[] = {[CR_BILINEAR] = cr_axes_create(CR_BILINEAR), [CR_BICUBIC] = cr_axes_create(CR_BICUBIC)};
  assert_true(axes[0] && axes[1]);
  int wrong = 0;
  for (int g = 0; g < RESIZE_GROUPS; g++)
    for (int k = 0; k < RESIZE_BATCH; k++) {
      const resize_group *group = &resize_cases[g];
      const resize_case *one = &group->cases[k];
      if (resized_digest(axes[one->filter], one, group->width, group->height) == one->digest) continue;
      wrong++;
      print_error("picture %u: %d x %d -> %d x %d, filter %d, differs from Pillow\n", (unsigned)one->seed, one->width,
                  one->height, group->width, group->height, (int)one->filter);
    }
  cr_axes_destroy(axes[0]);
  cr_axes_destroy(axes[1]);
  assert_int_equal(wrong, 0);
}

/* What the kernel relies on, whatever the sizes: no tap outside the picture, and weights that add up to one. */
static void check_axis(const cr_axis *axis)
{
  for (int i = 0; i < axis->out; i++) {
    const int first = axis->first[i], count = axis->count[i];
    if (first < 0 || count < 1 || count > axis->taps || first > axis->in - count)
      fail_msg("%d -> %d: output %d reads %d from %d", axis->in, axis->out, i, count, first);
    int64_t sum = 0;
    for (int k = 0; k < axis->taps; k++) sum += axis->weights[i * axis->taps + k];
    if (llabs(sum - (1 << 22)) > count)
      fail_msg("%d -> %d: the weights of output %d add up to %lld", axis->in, axis->out, i, (long long)sum);
  }
}

static void weights_stay_inside_and_add_up(void **state)
{
  (void)state;
  static const int sizes[] = {1, 2, 3, 5, 7, 16, 63, 64, 100, 127, 128, 255, 384, 1000, 1999};
  const size_t n = sizeof sizes / sizeof *sizes;
  for (int filter = CR_BILINEAR; filter <= CR_BICUBIC; filter++) {
    cr_axes *axes = cr_axes_create((cr_filter)filter);
    assert_non_null(axes);
    for (size_t k = 0; k < n * n; k++) {
      const cr_axis *axis;
      assert_int_equal(cr_axes_get(axes, sizes[k % n], sizes[k / n], &axis, NULL), CLREID_OK);
      check_axis(axis);
    }
    cr_axes_destroy(axes);
  }
}

static void a_side_that_stays_is_copied(void **state)
{
  (void)state;
  for (int filter = CR_BILINEAR; filter <= CR_BICUBIC; filter++) {
    cr_axes *axes = cr_axes_create((cr_filter)filter);
    const cr_axis *axis;
    assert_non_null(axes);
    assert_int_equal(cr_axes_get(axes, 129, 129, &axis, NULL), CLREID_OK);
    for (int i = 0; i < 129; i++)
      assert_true(axis->first[i] == i && axis->count[i] == 1 && axis->weights[i * axis->taps] == 1 << 22);
    cr_axes_destroy(axes);
  }
}

/* ---- The cache of tables ---------------------------------------------------------------------------------------- */

static void tables_are_kept_until_there_are_too_many(void **state)
{
  (void)state;
  cr_axes *axes = cr_axes_create(CR_BILINEAR);
  assert_non_null(axes);
  const cr_axis *first, *again;
  assert_int_equal(cr_axes_get(axes, 60, 128, &first, NULL), CLREID_OK);
  assert_int_equal(cr_axes_get(axes, 60, 128, &again, NULL), CLREID_OK);
  assert_ptr_equal(first, again);
  const size_t one = cr_axes_bytes(axes);
  assert_true(one > 128 * 5 * sizeof(int32_t));
  cr_axes_trim(axes); /* far from full: nothing is dropped */
  assert_int_equal(cr_axes_bytes(axes), one);
  assert_int_equal(cr_axes_get(axes, 128, 60, &again, NULL), CLREID_OK);
  assert_ptr_not_equal(first, again);

  /* 300 tables of 300 KB or more: many times the bound. Those of a batch stay alive until it is trimmed. */
  for (int in = 50000; in < 50300; in++) {
    const cr_axis *axis;
    assert_int_equal(cr_axes_get(axes, in, 100, &axis, NULL), CLREID_OK);
  }
  check_axis(first);
  assert_true(cr_axes_bytes(axes) > 64 << 20);
  cr_axes_trim(axes);
  assert_int_equal(cr_axes_bytes(axes), 0);
  assert_int_equal(cr_axes_get(axes, 60, 128, &again, NULL), CLREID_OK);
  check_axis(again);
  cr_axes_destroy(axes);
  cr_axes_destroy(NULL);
}

static void sides_out_of_range_are_errors(void **state)
{
  (void)state;
  static const struct {
    int in, out;
    clreid_status status;
  } cases[] = {
      {0, 128, CLREID_INVALID_PICTURE},        {-1, 128, CLREID_INVALID_PICTURE},
      {1 << 21, 128, CLREID_INVALID_PICTURE},  {128, 0, CLREID_INVALID_ARGUMENT},
      {128, 1 << 21, CLREID_INVALID_ARGUMENT},
  };
  cr_axes *axes = cr_axes_create(CR_BICUBIC);
  assert_non_null(axes);
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    const cr_axis *axis = NULL;
    clreid_error error = {CLREID_OK, ""};
    assert_int_equal(cr_axes_get(axes, cases[k].in, cases[k].out, &axis, &error), cases[k].status);
    assert_null(axis);
    assert_non_null(strstr(error.text, "1048576"));
  }
  const cr_axis *widest;
  assert_int_equal(cr_axes_get(axes, 1 << 20, 1, &widest, NULL), CLREID_OK);
  check_axis(widest);
  cr_axes_destroy(axes);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_metadata_it_is_imagenet),     cmocka_unit_test(each_option_is_read),
      cmocka_unit_test(numbers_do_not_depend_on_the_locale), cmocka_unit_test(what_is_unknown_is_an_error),
      cmocka_unit_test(a_long_value_is_an_error_too),        cmocka_unit_test(the_table_is_rounded_once),
      cmocka_unit_test(weights_are_those_of_pillow),         cmocka_unit_test(weights_stay_inside_and_add_up),
      cmocka_unit_test(a_side_that_stays_is_copied),         cmocka_unit_test(tables_are_kept_until_there_are_too_many),
      cmocka_unit_test(sides_out_of_range_are_errors),
  };
  print_message("seeds are in tests/resize_cases.h; run again: test_preprocess\n");
  return cmocka_run_group_tests(tests, NULL, NULL);
}
