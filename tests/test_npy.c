/*
 * test_npy.c - proves samples/clreid/npy.c: what is written reads the same, and every way in which a .npy file can lie
 * is refused in one line.
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

#include "folder.h"
#include "npy.h"

static int make(void **state)
{
  static folder f;
  f = folder_make();
  *state = &f;
  return 0;
}

static int clean(void **state)
{
  folder_remove(*state);
  return 0;
}

/* FOLDER/a.npy: magic, version, the length of text (or a lie), text, and data_bytes bytes of 1.0f. */
static const char *put(const folder *f, int version, int64_t length, const char *text, size_t data_bytes)
{
  static char path[512];
  static char bytes[70000];
  const size_t text_bytes = strlen(text), before = version == 1 ? 10 : 12;
  const uint64_t told = length >= 0 ? (uint64_t)length : text_bytes;
  assert_true(before + text_bytes + data_bytes <= sizeof bytes);
  memcpy(bytes, "\x93NUMPY", 6);
  bytes[6] = (char)version;
  bytes[7] = 0;
  for (size_t i = 8; i < before; ++i) bytes[i] = (char)(told >> 8 * (i - 8));
  memcpy(bytes + before, text, text_bytes);
  const float one = 1;
  for (size_t i = 0; i < data_bytes; ++i) bytes[before + text_bytes + i] = ((const char *)&one)[i % 4];
  folder_write(folder_file(f, "a.npy", path), bytes, before + text_bytes + data_bytes);
  return path;
}

static void assert_opens(const char *path, uint64_t rows, uint64_t columns)
{
  npy file;
  clreid_error error = {0};
  if (npy_open(path, &file, &error) != CLREID_OK) fail_msg("%s", error.text);
  assert_int_equal(file.rows, rows);
  assert_int_equal(file.columns, columns);
  float last = 0;
  npy one = file; /* the last number of the file, as a row of its own */
  one.columns = 1;
  assert_int_equal(npy_read(&one, rows * columns - 1, 1, &last, &error), CLREID_OK);
  assert_true(last == 1);
  npy_close(&file);
}

static void assert_refused(const char *path, const char *part)
{
  npy file;
  clreid_error error = {0};
  if (npy_open(path, &file, &error) == CLREID_OK) fail_msg("it was taken, not refused with '%s'", part);
  if (!strstr(error.text, part)) fail_msg("'%s' does not say '%s'", error.text, part);
  if (strchr(error.text, '\n')) fail_msg("'%s' is not one line", error.text);
}

static void the_header_is_numpys(void **state)
{
  (void)state;
  char header[NPY_HEADER_BYTES], expected[NPY_HEADER_BYTES];
  assert_int_equal(npy_header(3, 2048, header), NPY_HEADER_BYTES);
  memset(expected, ' ', sizeof expected);
  memcpy(expected, "\x93NUMPY\x01\x00\x76\x00", 10);
  static const char text[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2048), }";
  memcpy(expected + 10, text, sizeof text - 1);
  expected[sizeof expected - 1] = '\n';
  assert_memory_equal(header, expected, sizeof expected);
  npy_header(UINT64_MAX, UINT64_MAX, header); /* the longest one still ends as it should */
  assert_non_null(strstr(header + 10, "18446744073709551615, 18446744073709551615), } "));
  assert_int_equal(header[NPY_HEADER_BYTES - 1], '\n');
}

static void what_is_written_reads_the_same(void **state)
{
  enum { ROWS = 7, COLUMNS = 5 };
  float values[ROWS][COLUMNS], read[3][COLUMNS];
  for (int r = 0; r < ROWS; ++r) {
    for (int c = 0; c < COLUMNS; ++c) values[r][c] = (float)(r * 100 + c) / 3;
  }
  values[4][2] = NAN;
  char bytes[NPY_HEADER_BYTES + sizeof values], path[512];
  npy_header(ROWS, COLUMNS, bytes);
  memcpy(bytes + NPY_HEADER_BYTES, values, sizeof values);
  folder_write(folder_file(*state, "w.npy", path), bytes, sizeof bytes);
  npy file;
  clreid_error error = {0};
  assert_int_equal(npy_open(path, &file, &error), CLREID_OK);
  assert_int_equal(file.rows, ROWS);
  assert_int_equal(file.columns, COLUMNS);
  assert_int_equal(npy_read(&file, 3, 3, &read[0][0], &error), CLREID_OK);
  assert_memory_equal(read, values[3], sizeof read);
  npy_close(&file);
}

static void other_spellings_are_understood(void **state)
{
  const folder *f = *state;
  static const char *const texts[] = {
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n",
      "{'shape': (2, 3), 'fortran_order': False, 'descr': '<f4'}",
      "{\"descr\":\"<f4\",\"fortran_order\":False,\"shape\":(2,3,)}",
      " { 'descr' : '<f4' , 'fortran_order' : False , 'shape' : ( 2 , 3 ) } \n\n",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i) {
    for (int version = 1; version <= 3; ++version) assert_opens(put(f, version, -1, texts[i], 24), 2, 3);
  }
}

static void wrong_headers_are_refused(void **state)
{
  static const struct {
    const char *text, *says;
  } cases[] = {
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }", "'<f8'"},
      {"{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }", "'>f4'"},
      {"{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }", "'|u1'"},
      {"{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2, 3), }", "no plain array"},
      {"{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", "Fortran"},
      {"{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2, 3), }", "no plain array"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (6,), }", "1 dimensions"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (), }", "0 dimensions"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3), }", "3 dimensions"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (0, 3), }", "no feature"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 0), }", "no feature"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 3), }", "no plain array"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4), }", "(2, 4), but 24 bytes"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }", "(2, 2), but 24 bytes"},
      /* Products that wrap round to 24 or 0 bytes in 64 bits, and a number that does not fit. */
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }", "but 24 bytes"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4611686018427387907), }", "but 24 bytes"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551618, 3), }", "no plain array"},
      {"{'descr': '<f4', 'fortran_order': False, }", "no plain array"},
      {"{'descr': '<f4', 'shape': (2, 3), }", "no plain array"},
      {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", "no plain array"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'more': 1}", "no plain array"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } and more", "no plain array"},
      {"{'descr': '<f4, 'fortran_order': False, 'shape': (2, 3), }", "no plain array"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2 3), }", "no plain array"},
      {"{", "no plain array"},
      {"", "no plain array"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    assert_refused(put(*state, 1, -1, cases[i].text, 24), cases[i].says);
  }
}

static const char good[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n";

static void wrong_lengths_are_refused(void **state)
{
  assert_refused(put(*state, 1, 65535, good, 24), "65535");
  assert_refused(put(*state, 2, 0xffffffff, good, 24), "4294967295");
  assert_refused(put(*state, 1, 0, good, 24), "no plain array");
  assert_refused(put(*state, 4, -1, good, 24), "version 4");
  assert_refused(put(*state, 0, -1, good, 24), "version 0");
  assert_refused(put(*state, 1, -1, good, 25), "but 25 bytes");
}

static void files_cut_off_anywhere_are_refused(void **state)
{
  const size_t size = 10 + strlen(good) + 24;
  char bytes[128], path[512];
  FILE *whole = fopen(put(*state, 1, -1, good, 24), "rb");
  assert_non_null(whole);
  assert_int_equal(fread(bytes, 1, sizeof bytes, whole), size);
  fclose(whole);
  for (size_t cut = 0; cut < size; ++cut) {
    folder_write(folder_file(*state, "cut.npy", path), bytes, cut);
    assert_refused(path, path);
  }
}

static void what_is_no_file_is_refused(void **state)
{
  char path[512];
  assert_refused(folder_file(*state, "missing.npy", path), "No such file");
  assert_refused(((const folder *)*state)->path, "not a file");
  assert_refused("/dev/zero", "not a file");
}

/* Whatever the bytes are: either a file whose size agrees with its shape, or one line. */
static void damaged_files_do_no_harm(void **state)
{
  char original[10 + sizeof good - 1 + 24], path[512];
  FILE *whole = fopen(put(*state, 1, -1, good, 24), "rb");
  assert_non_null(whole);
  assert_int_equal(fread(original, 1, sizeof original, whole), sizeof original);
  fclose(whole);
  folder_file(*state, "damaged.npy", path);
  const char *given = getenv("CLREID_TEST_SEED");
  const uint64_t first = given ? strtoull(given, NULL, 10) : 1, rounds = given ? 1 : 3000;
  for (uint64_t seed = first; seed < first + rounds; ++seed) {
    char bytes[sizeof original];
    memcpy(bytes, original, sizeof bytes);
    uint64_t draw = seed * 0x9e3779b97f4a7c15u;
    for (uint64_t changes = 0; changes <= seed % 3; ++changes) {
      draw = (draw ^ draw >> 29) * 0xbf58476d1ce4e5b9u;
      const char strange = "0123456789(){},:'\" "[(draw >> 42) % 19];
      bytes[draw % (sizeof bytes - 24)] = (draw >> 40 & 3) ? strange : (char)(draw >> 50);
    }
    folder_write(path, bytes, sizeof bytes);
    npy file;
    clreid_error error = {0};
    if (npy_open(path, &file, &error) == CLREID_OK) {
      const uint64_t numbers = file.rows * file.columns;
      npy_close(&file);
      if (numbers == 0 || numbers > sizeof bytes / 4)
        fail_msg("run again with CLREID_TEST_SEED=%llu", (unsigned long long)seed);
    } else if (!error.text[0] || strchr(error.text, '\n')) {
      fail_msg("'%s'; run again with CLREID_TEST_SEED=%llu", error.text, (unsigned long long)seed);
    }
  }
  print_message("seeds %llu to %llu (CLREID_TEST_SEED=N runs one)\n", (unsigned long long)first,
                (unsigned long long)(first + rounds - 1));
}

#define with_folder(test) cmocka_unit_test_setup_teardown(test, make, clean)

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_header_is_numpys),      with_folder(what_is_written_reads_the_same),
      with_folder(other_spellings_are_understood), with_folder(wrong_headers_are_refused),
      with_folder(wrong_lengths_are_refused),      with_folder(files_cut_off_anywhere_are_refused),
      with_folder(what_is_no_file_is_refused),     with_folder(damaged_files_do_no_harm),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
