/*
 * test_resize.c - proves host/resize.c and cl/resize.cl: Pillow's bytes for 200 pictures in mixed batches, then what
 * becomes of them (values, halves, margins, mirroring, channel order), and that nothing else is written.
 *
 * Each test of the kernel runs in both of its shapes, a work-item a band and a work-item a pixel.
 */
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

#include "device.h"
#include "preprocess.h"
#include "pretend.h"
#include "support_resize.h"

enum { GUARD = 64, GUARD_BYTE = 0xC3 };

/* ---- A device, or a visible skip -------------------------------------------------------------------------------- */

static cr_device *device;
static clreid_error no_device;

static cr_facts own_facts;

static int open_device(void **state)
{
  (void)state;
  if (cr_device_open(&(cr_device_config){.choice = NULL}, &device, &no_device) == CLREID_OK)
    own_facts = device->facts;
  else
    device = NULL;
  return 0;
}

static int close_device(void **state)
{
  (void)state;
  cr_device_release(device);
  return 0;
}

static void need_device(void)
{
  if (device) return;
  print_message("SKIP: %s\n", no_device.text);
  skip();
}

/* The shape of the kernel follows the device's type, so a test lets it pretend. */
static void pretend(const char *words)
{
  if (!device) return;
  device->facts = own_facts;
  assert_int_equal(cr_pretend(words, &device->facts, NULL), CLREID_OK);
}

static int in_bands(void **state)
{
  (void)state;
  pretend("cpu");
  if (device && !cr_facts_walk(&device->facts)) print_message("SKIPPED: no bands, work-items do not walk\n");
  return 0;
}

static int in_pixels(void **state)
{
  (void)state;
  pretend("gpu");
  return 0;
}

static int in_own_type(void **state)
{
  (void)state;
  pretend("");
  return 0;
}

/* ---- A bench: sources, tables and a guarded output -------------------------------------------------------------- */

typedef struct bench {
  cr_resize_spec spec;
  int batch;
  size_t element, picture, gap; /* bytes an element; elements a picture, and between pictures */
  cr_axes *axes[2];             /* by filter */
  cr_queue *queue;
  cr_buffer *output;
  cr_resize *resize;
  cr_frame frames[RESIZE_BATCH];
  cr_resize_picture pictures[RESIZE_BATCH]; /* each over all of its frame */
  uint8_t *result;                          /* of the whole output, guards included */
} bench;

static size_t bench_bytes(const bench *b)
{
  return ((b->picture + b->gap) * (size_t)b->batch + 2 * GUARD) * b->element;
}

static bench *bench_create(const cr_resize_spec *spec, int batch, size_t gap)
{
  bench *b = calloc(1, sizeof *b);
  assert_non_null(b);
  clreid_error error = {CLREID_OK, ""};
  const size_t line = (size_t)(spec->width + 2 * spec->margin) * 3;
  b->spec = *spec;
  b->batch = batch;
  b->element = spec->bytes_only ? 1 : spec->half ? 2 : 4;
  b->picture = (size_t)(spec->height + 2 * spec->margin) * line;
  b->gap = gap;
  for (int f = 0; f < 2; f++) assert_non_null(b->axes[f] = cr_axes_create((cr_filter)f));
  b->result = malloc(bench_bytes(b));
  assert_non_null(b->result);
  memset(b->result, GUARD_BYTE, bench_bytes(b));
  assert_int_equal(cr_queue_create(device, &b->queue, NULL), CLREID_OK);
  assert_int_equal(cr_buffer_create(device, bench_bytes(b), b->result, &b->output, NULL), CLREID_OK);
  const cr_view view = {.tensor = -1, .buffer = b->output, .offset = GUARD, .picture = b->picture + gap, .row = 3};
  if (cr_resize_create(b->queue, spec, &view, batch, &b->resize, &error) != CLREID_OK) fail_msg("%s", error.text);
  return b;
}

static void bench_destroy(bench *b)
{
  cr_resize_destroy(b->resize);
  cr_queue_destroy(b->queue);
  cr_buffer_release(b->output);
  for (int f = 0; f < 2; f++) cr_axes_destroy(b->axes[f]);
  for (int k = 0; k < RESIZE_BATCH; k++) free((void *)(uintptr_t)b->frames[k].pixels);
  free(b->result);
  free(b);
}

/* Sets source k from a case; extra bytes of pitch. */
static void bench_source(bench *b, int k, const resize_case *one, size_t extra, bool mirrored)
{
  cr_frame *frame = &b->frames[k];
  cr_resize_picture *picture = &b->pictures[k];
  free((void *)(uintptr_t)frame->pixels);
  const size_t pitch = (size_t)one->width * 3 + extra;
  *frame = (cr_frame){.pixels = test_picture(one->seed, one->width, one->height, pitch),
                      .width = one->width,
                      .height = one->height,
                      .pitch_bytes = pitch};
  *picture = (cr_resize_picture){.frame = frame, .width = one->width, .height = one->height, .mirrored = mirrored};
  assert_non_null(frame->pixels);
  cr_axes *axes = b->axes[one->filter];
  assert_int_equal(cr_axes_get(axes, one->width, b->spec.width, &picture->across, NULL), CLREID_OK);
  assert_int_equal(cr_axes_get(axes, one->height, b->spec.height, &picture->down, NULL), CLREID_OK);
}

/* Runs count pictures; the guards, the gaps and what lies behind the last picture must be as they were. */
static void bench_run(bench *b, int count)
{
  clreid_error error = {CLREID_OK, ""};
  const size_t bytes = bench_bytes(b), stride = (b->picture + b->gap) * b->element, guard = GUARD * b->element;
  memset(b->result, GUARD_BYTE, bytes);
  assert_int_equal(cr_queue_write(b->queue, b->output, 0, bytes, b->result, NULL), CLREID_OK);
  if (cr_resize_run(b->resize, b->pictures, count, &error) != CLREID_OK) fail_msg("%s", error.text);
  assert_int_equal(cr_queue_read(b->queue, b->output, 0, bytes, b->result, NULL), CLREID_OK);
  for (size_t i = 0; i < bytes; i++) {
    const bool guarded =
        i < guard || i - guard >= stride * (size_t)count || (i - guard) % stride >= b->picture * b->element;
    if (guarded && b->result[i] != GUARD_BYTE)
      fail_msg("byte %zu, outside the %d pictures, was written: %d", i, count, b->result[i]);
  }
}

static const uint8_t *bench_picture(const bench *b, int k)
{
  return b->result + (GUARD + (b->picture + b->gap) * (size_t)k) * b->element;
}

/* ---- Pillow's bytes --------------------------------------------------------------------------------------------- */

static int too_large; /* cases that are left out */

/* A device that ends its loops, and one that is simulated, is given a picture of one pixel instead. */
static bool is_left_out(bench *b, int k, const resize_case *one)
{
  const cr_resize_picture *p = &b->pictures[k];
  const char *text = getenv("CLREID_TEST_WORK");
  const uint64_t turns = (uint64_t)p->down->taps * (2 + (uint64_t)p->across->taps) + 1, most = device->facts.most_turns;
  const uint64_t work = turns * b->picture, most_work = text ? strtoull(text, NULL, 10) : 0;
  const bool is_long = most && turns > most, is_large = most_work && work > most_work;
  if (!is_long && !is_large) return false;
  if (is_long)
    print_message("SKIPPED: picture %u takes %llu turns of a loop, the device %llu\n", (unsigned)one->seed,
                  (unsigned long long)turns, (unsigned long long)most);
  too_large += is_large;
  bench_source(b, k, &(resize_case){1, 1, CR_BILINEAR, 77, 0}, 0, false);
  return true;
}

static int check_group(const resize_group *group)
{
  const cr_resize_spec spec = {.height = group->height, .width = group->width, .bytes_only = true};
  bench *b = bench_create(&spec, RESIZE_BATCH, 5);
  bool left_out[RESIZE_BATCH];
  int wrong = 0;
  for (int k = 0; k < RESIZE_BATCH; k++) {
    bench_source(b, k, &group->cases[k], 0, false);
    left_out[k] = is_left_out(b, k, &group->cases[k]);
  }
  bench_run(b, RESIZE_BATCH);
  for (int k = 0; k < RESIZE_BATCH; k++) {
    const resize_case *one = &group->cases[k];
    if (left_out[k]) continue;
    if (XXH64(bench_picture(b, k), b->picture, 0) == one->digest) continue;
    wrong++;
    print_error("picture %u: %d x %d -> %d x %d, filter %d, differs from Pillow\n", (unsigned)one->seed, one->width,
                one->height, group->width, group->height, (int)one->filter);
  }
  bench_destroy(b);
  return wrong;
}

static void bytes_are_those_of_pillow(void **state)
{
  (void)state;
  need_device();
  int wrong = 0;
  too_large = 0;
  for (int g = 0; g < RESIZE_GROUPS; g++) wrong += check_group(&resize_cases[g]);
  if (too_large) printf("%d cases are left out: they are larger than CLREID_TEST_WORK\n", too_large);
  assert_int_equal(wrong, 0);
}

/* ---- What becomes of the bytes ---------------------------------------------------------------------------------- */

static const resize_case mixed[RESIZE_BATCH] = {
    {61, 150, CR_BILINEAR, 1001, 0}, {31, 47, CR_BICUBIC, 1002, 0}, {1, 1, CR_BICUBIC, 1003, 0},
    {2, 300, CR_BILINEAR, 1004, 0},  {300, 2, CR_BICUBIC, 1005, 0}, {31, 47, CR_BICUBIC, 1006, 0},
    {17, 33, CR_BILINEAR, 1007, 0},  {40, 40, CR_BICUBIC, 1008, 0},
};

static void fill_table(float table[3][256])
{
  const cr_preprocess imagenet = {{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}, false, CR_BILINEAR};
  cr_preprocess_table(&imagenet, table);
}

/* The element that must stand at line y, column x, channel c of the output with its margin; resized[height][width][3]
 * is what the plain C resize gives. */
static double expected(const cr_resize_spec *spec, const uint8_t *resized, bool mirrored, int y, int x, int c)
{
  y -= spec->margin;
  x -= spec->margin;
  if (y < 0 || y >= spec->height || x < 0 || x >= spec->width) return 0;
  if (mirrored) x = spec->width - 1 - x;
  const uint8_t byte = resized[(y * spec->width + x) * 3 + (spec->reversed ? 2 - c : c)];
  if (spec->bytes_only) return byte;
  float value = spec->table[c][byte];
  if (spec->half) {
    uint16_t half;
    cr_to_half(&value, &half, 1);
    cr_from_half(&half, &value, 1);
  }
  return (double)value;
}

static double element(const cr_resize_spec *spec, const uint8_t *picture, size_t index)
{
  float value;
  uint16_t half;
  if (spec->bytes_only) return picture[index];
  if (spec->half) {
    memcpy(&half, picture + 2 * index, sizeof half);
    cr_from_half(&half, &value, 1);
  } else {
    memcpy(&value, picture + 4 * index, sizeof value);
  }
  return (double)value;
}

static void check_picture(const bench *b, int k)
{
  const cr_resize_spec *spec = &b->spec;
  const cr_resize_picture *source = &b->pictures[k];
  const int lines = spec->height + 2 * spec->margin, columns = spec->width + 2 * spec->margin;
  uint8_t *resized = malloc((size_t)spec->height * (size_t)spec->width * 3);
  assert_non_null(resized);
  assert_true(test_resize(source->frame->pixels, source->frame->pitch_bytes, source->across, source->down, resized));
  for (int y = 0; y < lines; y++)
    for (int x = 0; x < columns; x++)
      for (int c = 0; c < 3; c++) {
        const double want = expected(spec, resized, source->mirrored, y, x, c);
        const double got = element(spec, bench_picture(b, k), (size_t)((y * columns + x) * 3 + c));
        if (got != want)
          fail_msg("picture %d (margin %d, reversed %d, half %d, mirrored %d), line %d, column %d, channel %d: %.9g, "
                   "expected %.9g",
                   k, spec->margin, spec->reversed, spec->half, source->mirrored, y, x, c, got, want);
      }
  free(resized);
}

static void check_spec(const cr_resize_spec *spec)
{
  bench *b = bench_create(spec, RESIZE_BATCH, 16);
  for (int k = 0; k < RESIZE_BATCH; k++) bench_source(b, k, &mixed[k], k % 3 == 1 ? 7 : 0, k % 2 == 1);
  for (int count = RESIZE_BATCH; count >= 1; count -= 7) { /* the whole batch, then one picture */
    bench_run(b, count);
    for (int k = 0; k < count; k++) check_picture(b, k);
  }
  bench_destroy(b);
}

/* Normalised values exactly, in float and half, with and without margin, in both channel orders, with odd pitches and
 * every second picture mirrored. */
static void elements_are_those_of_the_table(void **state)
{
  (void)state;
  need_device();
  for (int option = 0; option < 16; option++) {
    cr_resize_spec spec = {.height = 37, .width = 19};
    spec.margin = option & 1 ? 3 : 0;
    spec.reversed = option & 2;
    spec.half = option & 4;
    spec.bytes_only = option & 8;
    fill_table(spec.table);
    check_spec(&spec);
  }
}

static void one_pixel_fills_the_picture(void **state)
{
  (void)state;
  need_device();
  const cr_resize_spec spec = {.height = 16, .width = 8, .bytes_only = true};
  bench *b = bench_create(&spec, 1, 0);
  for (int filter = 0; filter < 2; filter++) {
    bench_source(b, 0, &(resize_case){1, 1, (cr_filter)filter, 77, 0}, 0, false);
    bench_run(b, 1);
    for (size_t i = 0; i < b->picture; i++) assert_int_equal(bench_picture(b, 0)[i], b->frames[0].pixels[i % 3]);
  }
  bench_destroy(b);
}

/* A small picture after a large one and the other way round: the upload grows, and leaves nothing behind. */
static void runs_do_not_remember_each_other(void **state)
{
  (void)state;
  need_device();
  static const int sides[] = {10, 400, 3, 900, 1};
  const cr_resize_spec spec = {.height = 24, .width = 12, .bytes_only = true};
  bench *b = bench_create(&spec, 2, 0);
  for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
    const resize_case one = {sides[i], sides[i] + 1, CR_BICUBIC, (uint32_t)i, 0};
    bench_source(b, 0, &one, 0, false);
    bench_source(b, 1, &one, 1, true);
    bench_run(b, 2);
    check_picture(b, 0);
    check_picture(b, 1);
  }
  bench_destroy(b);
}

/* To a square, pictures of equal sides need the same tables, whichever the direction; each goes up once. */
static void tables_are_shared(void **state)
{
  (void)state;
  need_device();
  static const resize_case cases[] = {{40, 30, CR_BICUBIC, 1, 0}, {25, 40, CR_BICUBIC, 2, 0},
                                      {30, 25, CR_BICUBIC, 3, 0}, {40, 30, CR_BICUBIC, 4, 0},
                                      {51, 51, CR_BICUBIC, 5, 0}, {51, 30, CR_BILINEAR, 6, 0}};
  enum { COUNT = sizeof cases / sizeof *cases };
  const cr_resize_spec spec = {.height = 20, .width = 20, .bytes_only = true};
  bench *b = bench_create(&spec, COUNT, 0);
  for (int k = 0; k < COUNT; k++) bench_source(b, k, &cases[k], 0, false);
  assert_ptr_equal(b->pictures[0].across, b->pictures[1].down);
  bench_run(b, COUNT);
  for (int k = 0; k < COUNT; k++) check_picture(b, k);
  bench_destroy(b);
}

/* ---- What is refused -------------------------------------------------------------------------------------------- */

static void expect_refusal(bench *b, int count, clreid_status status, const char *hint)
{
  clreid_error error = {CLREID_OK, ""};
  const clreid_status got = cr_resize_run(b->resize, b->pictures, count, &error);
  if (got != status || !strstr(error.text, hint))
    fail_msg("status %d, text \"%s\", expected status %d and \"%s\"", (int)got, error.text, (int)status, hint);
}

static void wrong_pictures_are_refused(void **state)
{
  (void)state;
  need_device();
  const cr_resize_spec spec = {.height = 16, .width = 8, .bytes_only = true};
  bench *b = bench_create(&spec, 2, 0);
  for (int k = 0; k < 2; k++) bench_source(b, k, &mixed[k], 0, false);
  const cr_frame good_frame = b->frames[1];
  const cr_resize_picture good = b->pictures[1];
  cr_frame *frame = &b->frames[1];
  cr_resize_picture *second = &b->pictures[1];

  expect_refusal(b, 0, CLREID_INVALID_ARGUMENT, "1 to 2");
  expect_refusal(b, 3, CLREID_INVALID_ARGUMENT, "1 to 2");
  frame->pixels = NULL;
  expect_refusal(b, 2, CLREID_INVALID_PICTURE, "picture 1");
  *frame = good_frame;
  frame->width = 0;
  expect_refusal(b, 2, CLREID_INVALID_PICTURE, "0 x 47");
  *frame = good_frame;
  frame->pitch_bytes = 3 * 31 - 1;
  expect_refusal(b, 2, CLREID_INVALID_PICTURE, "need 93");
  *frame = good_frame;
  frame->format = CR_FORMATS;
  expect_refusal(b, 2, CLREID_INVALID_PICTURE, "format 7");
  *frame = good_frame;
  second->width = 0;
  expect_refusal(b, 2, CLREID_INVALID_PICTURE, "0 x 47");
  *second = good;
  second->x = 1;
  expect_refusal(b, 2, CLREID_INVALID_PICTURE, "31 x 47 from 1, 0 on, but its frame has 31 x 47");
  *second = good;
  second->y = -1;
  expect_refusal(b, 2, CLREID_INVALID_PICTURE, "from 0, -1 on");
  *second = good;
  second->across = b->pictures[0].across;
  expect_refusal(b, 2, CLREID_INVALID_ARGUMENT, "tables");
  *second = good;
  bench_run(b, 2);
  bench_destroy(b);
}

/* Of a device that ends its loops after some turns; what takes fewer goes on. */
static void pictures_of_too_many_turns_are_refused(void **state)
{
  (void)state;
  need_device();
  pretend("cpu,turns=2000");
  const cr_resize_spec spec = {.height = 16, .width = 8, .bytes_only = true};
  bench *b = bench_create(&spec, 1, 0);
  assert_string_equal(cr_resize_variant(b->resize), "resize pixels");
  bench_source(b, 0, &(resize_case){200, 250, CR_BILINEAR, 1, 0}, 0, false);
  bench_run(b, 1);
  bench_source(b, 0, &(resize_case){200, 400, CR_BILINEAR, 1, 0}, 0, false);
  expect_refusal(b, 1, CLREID_UNSUPPORTED_DEVICE, "picture 0 is 200 x 400 for 8 x 16: ");
  expect_refusal(b, 1, CLREID_UNSUPPORTED_DEVICE, "ends its loops after 2000; shrink the picture");
  bench_destroy(b);
  pretend("");
}

static void wrong_outputs_are_refused(void **state)
{
  (void)state;
  need_device();
  cr_queue *queue;
  cr_buffer *buffer;
  cr_resize *resize = NULL;
  assert_int_equal(cr_queue_create(device, &queue, NULL), CLREID_OK);
  assert_int_equal(cr_buffer_create(device, 2 * 16 * 8 * 3 * 4 - 1, NULL, &buffer, NULL), CLREID_OK);
  const cr_resize_spec good = {.height = 16, .width = 8}, flat = {.height = 0, .width = 8};
  const cr_view view = {.buffer = buffer, .picture = 16 * 8 * 3};
  clreid_error error = {CLREID_OK, ""};
  assert_int_equal(cr_resize_create(queue, &good, &view, 2, &resize, &error), CLREID_INVALID_ARGUMENT);
  assert_non_null(strstr(error.text, "3072"));
  assert_non_null(strstr(error.text, "3071"));
  assert_int_equal(cr_resize_create(queue, &good, &view, 0, &resize, &error), CLREID_INVALID_ARGUMENT);
  assert_int_equal(cr_resize_create(queue, &flat, &view, 1, &resize, &error), CLREID_INVALID_ARGUMENT);
  assert_null(resize);
  cr_buffer_release(buffer);
  cr_queue_destroy(queue);
  cr_resize_destroy(NULL);
}

#define IN_BANDS(test)  ((struct CMUnitTest){#test " in bands", test, in_bands, in_own_type, NULL})
#define IN_PIXELS(test) ((struct CMUnitTest){#test " in pixels", test, in_pixels, in_own_type, NULL})

int main(void)
{
  const struct CMUnitTest tests[] = {
      IN_BANDS(bytes_are_those_of_pillow),
      IN_PIXELS(bytes_are_those_of_pillow),
      IN_BANDS(elements_are_those_of_the_table),
      IN_PIXELS(elements_are_those_of_the_table),
      IN_BANDS(one_pixel_fills_the_picture),
      IN_PIXELS(one_pixel_fills_the_picture),
      IN_BANDS(runs_do_not_remember_each_other),
      IN_PIXELS(runs_do_not_remember_each_other),
      IN_BANDS(tables_are_shared),
      IN_PIXELS(tables_are_shared),
      cmocka_unit_test(wrong_pictures_are_refused),
      cmocka_unit_test(pictures_of_too_many_turns_are_refused),
      cmocka_unit_test(wrong_outputs_are_refused),
  };
  print_message("seeds are in tests/resize_cases.h and in `mixed`; run again: test_resize\n");
  return cmocka_run_group_tests(tests, open_device, close_device);
}
