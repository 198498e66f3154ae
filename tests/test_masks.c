/*
 * test_masks.c - proves `clreid embed --masks` and several --weights from outside: the files that are written, what is
 * refused, and features that stand side by side.
 *
 * CLREID_COMMAND names the command to run. What a map's numbers must be is test_maps.c's, how it is drawn
 * test_overlay.c's.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "clreid/clreid.h"
#include "folder.h"
#include "golden.h"
#include "npy.h"

enum { TEXT_BYTES = 4096 };

static const char *command;
static folder files;

/* ---- The command, its files -------------------------------------------------------------------------------------- */

/* A path in the folder, good until 32 more were asked for. */
static const char *of(const char *name)
{
  static char paths[32][512];
  static int next;
  return folder_file(&files, name, paths[next++ % 32]);
}

static char complaint[TEXT_BYTES]; /* what the last run wrote to stderr */

/* Runs clreid with these words in a shell; returns its exit code. */
static int clreid(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int clreid(const char *format, ...)
{
  char words[TEXT_BYTES], line[2 * TEXT_BYTES];
  va_list list;
  va_start(list, format);
  vsnprintf(words, sizeof words, format, list);
  va_end(list);
  snprintf(line, sizeof line, "'%s' %s 2> '%s'", command, words, of("stderr.txt"));
  const int status = system(line);
  FILE *file = fopen(of("stderr.txt"), "r");
  assert_non_null(file);
  complaint[fread(complaint, 1, sizeof complaint - 1, file)] = '\0';
  fclose(file);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void assert_done(int code)
{
  if (code != 0) fail_msg("exit code %d: %s", code, complaint);
}

static void assert_refused(int code, int expected, const char *part)
{
  if (code != expected) fail_msg("exit code %d instead of %d: %s", code, expected, complaint);
  if (!strstr(complaint, part)) fail_msg("'%s' does not say '%s'", complaint, part);
}

typedef struct array {
  uint64_t rows, columns;
  float *values; /* for free() */
} array;

static array read_array(const char *path)
{
  npy file;
  clreid_error error = {0};
  if (npy_open(path, &file, &error) != CLREID_OK) fail_msg("%s", error.text);
  array read = {file.rows, file.columns, malloc(file.rows * file.columns * sizeof(float))};
  assert_non_null(read.values);
  assert_int_equal(npy_read(&file, 0, file.rows, read.values, &error), CLREID_OK);
  npy_close(&file);
  return read;
}

static array embed(const char *words)
{
  assert_done(clreid("embed --out %s %s", of("f.npy"), words));
  const array read = read_array(of("f.npy"));
  remove(of("f.npy"));
  return read;
}

static uint32_t big(const uint8_t *at)
{
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void check_png(const char *path, uint32_t height, uint32_t width)
{
  uint8_t head[24] = {0};
  FILE *file = fopen(path, "rb");
  if (!file) fail_msg("there is no %s", path);
  assert_int_equal(fread(head, 1, sizeof head, file), sizeof head);
  fclose(file);
  assert_memory_equal(head, "\x89PNG\r\n\x1a\n", 8);
  assert_int_equal(big(head + 16), width);
  assert_int_equal(big(head + 20), height);
}

static const char *picture0(void)
{
  return TESTS_FOLDER "/golden/picture0.png";
}

static const char *picture1(void)
{
  return TESTS_FOLDER "/golden/picture1.png";
}

/* A folder in the folder, empty. */
static folder make_masks_folder(void)
{
  folder made;
  snprintf(made.path, sizeof made.path, "%s", of("masks"));
  assert_int_equal(mkdir(made.path, 0700), 0);
  return made;
}

/* ---- Masks ------------------------------------------------------------------------------------------------------- */

/* The maps of a picture as the library gives them. */
typedef struct expected {
  clreid_map_info infos[8];
  float *values[8];
  size_t count;
  clreid_device *device;
  clreid_model *model;
} expected;

static expected ask_library(const char *weights, int index)
{
  expected e = {.count = 0};
  clreid_session *session = NULL;
  clreid_error error = {0};
  clreid_picture p = {0};
  uint8_t *pixels = golden_picture(index, &p.width, &p.height);
  p.pixels = pixels;
  assert_non_null(p.pixels);
  clreid_status status = clreid_device_open(&(clreid_device_config){.cache_folder = ""}, &e.device, &error);
  if (!status) status = clreid_model_load(e.device, weights, &(clreid_model_config){.maps = true}, &e.model, &error);
  if (!status) status = clreid_session_create(e.model, NULL, &session, &error);
  for (; e.count < 8 && clreid_model_map_at(e.model, e.count, &e.infos[e.count]); ++e.count)
    e.values[e.count] = calloc((size_t)(e.infos[e.count].height * e.infos[e.count].width), sizeof(float));
  if (!status) status = clreid_embed_maps(session, &p, 1, NULL, NULL, e.values, &error);
  if (status) fail_msg("%s", error.text);
  clreid_session_destroy(session);
  free(pixels);
  return e;
}

static void free_expected(expected *e)
{
  for (size_t m = 0; m < e->count; ++m) free(e->values[m]);
  clreid_model_free(e->model);
  clreid_device_close(e->device);
}

/* The files of picture number index are those of the library's maps. */
static void check_files(const expected *e, int index, uint32_t height, uint32_t width)
{
  for (size_t m = 0; m < e->count; ++m) {
    char name[128];
    snprintf(name, sizeof name, "masks/%05d.%s.npy", index, e->infos[m].name);
    const array read = read_array(of(name));
    assert_int_equal(read.rows, e->infos[m].height);
    assert_int_equal(read.columns, e->infos[m].width);
    assert_memory_equal(read.values, e->values[m], read.rows * read.columns * sizeof(float));
    free(read.values);
    snprintf(name, sizeof name, "masks/%05d.%s.png", index, e->infos[m].name);
    check_png(of(name), height, width);
  }
}

static void each_picture_and_map_has_its_files(void **state)
{
  (void)state;
  const folder masks = make_masks_folder();
  folder_write(of("bad.png"), "", 0);
  char words[TEXT_BYTES];
  snprintf(words, sizeof words, "--weights %s %s %s", of("rga.st"), picture0(), picture1());
  const array plain = embed(words);
  assert_refused(clreid("embed --weights %s --out %s --masks %s --batch 3 %s %s %s", of("rga.st"), of("f.npy"),
                        masks.path, picture0(), of("bad.png"), picture1()),
                 1, "bad.png");
  const array read = read_array(of("f.npy"));
  remove(of("f.npy"));
  assert_memory_equal(read.values, plain.values, plain.columns * sizeof(float));
  assert_memory_equal(read.values + 2 * plain.columns, plain.values + plain.columns, plain.columns * sizeof(float));
  assert_int_equal(folder_entries(&masks), 2 * 4 * 2); /* two pictures, four maps, numbers and drawing; no leavings */
  for (int k = 0; k < 2; ++k) {
    expected e = ask_library(of("rga.st"), k);
    assert_int_equal(e.count, 4);
    check_files(&e, 2 * k, 256, 128); /* 64 x 32, four times */
    free_expected(&e);
  }
  free(plain.values);
  free(read.values);
  folder_remove(&masks);
}

/* Maps are those of the picture itself, and HAN's regions are among them. */
static void flip_leaves_masks_alone(void **state)
{
  (void)state;
  const folder masks = make_masks_folder();
  char words[TEXT_BYTES];
  snprintf(words, sizeof words, "--weights %s --flip --l2 --masks %s %s", of("han.st"), masks.path, picture0());
  free(embed(words).values);
  expected e = ask_library(of("han.st"), 0);
  assert_int_equal(e.count, 6);
  assert_int_equal(folder_entries(&masks), 12);
  check_files(&e, 0, 320, 128);
  free_expected(&e);
  folder_remove(&masks);
}

static void masks_that_cannot_be_are_explained(void **state)
{
  (void)state;
  const folder masks = make_masks_folder();
  const char *out = of("f.npy"), *rga = of("rga.st"), *none = of("none.st");
  assert_refused(clreid("embed --weights %s --out %s --masks %s %s", rga, out, of("nowhere"), picture0()), 1,
                 "does not exist, make it first");
  assert_refused(clreid("embed --weights %s --out %s --masks %s %s", rga, out, rga, picture0()), 1, "is not a folder");
  assert_refused(clreid("embed --weights %s --out %s --masks %s %s", none, out, masks.path, picture0()), 1,
                 "rga-none has no maps");
  assert_refused(
      clreid("embed --weights %s --weights %s --out %s --masks %s %s", rga, rga, out, masks.path, picture0()), 1,
      "have a map rga1");
  assert_int_equal(folder_entries(&masks), 0);
  struct stat facts;
  assert_int_not_equal(stat(out, &facts), 0);
  folder_remove(&masks);
}

/* ---- Several weight files ---------------------------------------------------------------------------------------- */

static const char *const three[] = {"rga.st", "han.st", "none.st"};

/* Features of the three, alone and side by side. */
static void compare_fusion(const char *options)
{
  char words[TEXT_BYTES];
  snprintf(words, sizeof words, "--weights %s --weights %s --weights %s %s %s %s", of(three[0]), of(three[1]),
           of(three[2]), options, picture0(), picture1());
  const array joined = embed(words);
  uint64_t begin = 0;
  for (int k = 0; k < 3; ++k) {
    snprintf(words, sizeof words, "--weights %s --l2 %s %s %s", of(three[k]), options, picture0(), picture1());
    const array alone = embed(words);
    for (uint64_t r = 0; r < 2; ++r)
      assert_memory_equal(joined.values + r * joined.columns + begin, alone.values + r * alone.columns,
                          alone.columns * sizeof(float));
    begin += alone.columns;
    free(alone.values);
  }
  assert_int_equal(joined.columns, begin);
  free(joined.values);
}

static void features_stand_side_by_side_with_length_one(void **state)
{
  (void)state;
  compare_fusion("");
  compare_fusion("--flip --feature pooled --batch 1");
  compare_fusion("--precision fp16");
}

static void l2_scales_what_is_joined(void **state)
{
  (void)state;
  char words[TEXT_BYTES];
  snprintf(words, sizeof words, "--weights %s --weights %s --l2 %s", of("rga.st"), of("none.st"), picture0());
  const array joined = embed(words);
  double squares[2] = {0};
  for (uint64_t i = 0; i < joined.columns; ++i)
    squares[i >= joined.columns / 2] += (double)joined.values[i] * joined.values[i];
  assert_true(fabs(squares[0] - 0.5) < 1e-5 && fabs(squares[1] - 0.5) < 1e-5); /* each has the same say */
  free(joined.values);
}

static void masks_of_several_stand_together(void **state)
{
  (void)state;
  const folder masks = make_masks_folder();
  char words[TEXT_BYTES];
  snprintf(words, sizeof words, "--weights %s --weights %s --weights %s --masks %s %s", of("rga.st"), of("none.st"),
           of("han.st"), masks.path, picture0());
  free(embed(words).values);
  assert_int_equal(folder_entries(&masks), 2 * (4 + 6));
  folder_remove(&masks);
}

static void which_weights_are_wrong_is_told(void **state)
{
  (void)state;
  folder_write(of("bad.st"), "x", 1);
  assert_refused(
      clreid("embed --weights %s --weights %s --out %s %s", of("rga.st"), of("bad.st"), of("f.npy"), picture0()), 1,
      "bad.st: ");
  assert_refused(clreid("embed --weights %s --weights %s --network rga-sc --out %s %s", of("rga.st"), of("rga.st"),
                        of("f.npy"), picture0()),
                 2, "--network can be given with one --weights, not with 2");
}

static int prepare(void **state)
{
  (void)state;
  files = folder_make();
  assert_done(clreid("weights --network rga-sc --option height=64 --option width=32 --seed 1 --out %s", of("rga.st")));
  assert_done(
      clreid("weights --network rga-none --option height=64 --option width=32 --seed 2 --out %s", of("none.st")));
  assert_done(clreid("weights --network han-small --seed 3 --out %s", of("han.st")));
  return 0;
}

static int clean(void **state)
{
  (void)state;
  folder_remove(&files);
  return 0;
}

int main(void)
{
  command = getenv("CLREID_COMMAND");
  if (!command) {
    printf("SKIPPED: CLREID_COMMAND does not name the command to test\n");
    return 77;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_picture_and_map_has_its_files),
      cmocka_unit_test(flip_leaves_masks_alone),
      cmocka_unit_test(masks_that_cannot_be_are_explained),
      cmocka_unit_test(features_stand_side_by_side_with_length_one),
      cmocka_unit_test(l2_scales_what_is_joined),
      cmocka_unit_test(masks_of_several_stand_together),
      cmocka_unit_test(which_weights_are_wrong_is_told),
  };
  return cmocka_run_group_tests(tests, prepare, clean);
}
