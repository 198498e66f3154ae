/*
 * test_cache.c - proves host/cache.c where files are not what was written: cut at every byte, with every byte altered,
 * written by several processes at once, on a disk that is full or may not be written. An entry is either what was
 * written, or passed over with a line in the log. test_kernels.c proves it with programs of a driver.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cache.h"
#include "folder.h"

enum { BYTES = 997, WHOLE = 8 + 8 + BYTES }; /* of a program; of its entry, with magic and hash */

static const cr_cache_key key = {"0123456789abcdef0123456789abcdef"};
static folder files;
static int said;

static void count_line(void *user, const char *line)
{
  (void)user;
  said += *line != 0;
}

static cr_device device_of(char *path)
{
  return (cr_device){.cache_folder = path, .log = {count_line, NULL}};
}

/* Whose bytes and size tell which program it is. */
static size_t make_program(int which, unsigned char program[BYTES + 256])
{
  const size_t size = BYTES + (size_t)which;
  for (size_t i = 0; i < size; i++) program[i] = (unsigned char)((i * 31 + (size_t)which) * 7 >> 2);
  return size;
}

static bool is_program(int which, const unsigned char *bytes, size_t size)
{
  unsigned char program[BYTES + 256];
  return size == make_program(which, program) && !memcmp(program, bytes, size);
}

/* Reads the entry: is it there, and is it this program? */
static bool reads(const cr_device *device, int which)
{
  unsigned char *binary;
  size_t size;
  if (!cr_cache_read(device, &key, &binary, &size)) return false;
  const bool right = is_program(which, binary, size);
  free(binary);
  assert_true(right);
  return true;
}

static void write_program(const cr_device *device, int which)
{
  unsigned char program[BYTES + 256];
  const size_t size = make_program(which, program);
  cr_cache_write(device, &key, program, size);
}

static const char *entry(char path[512])
{
  char name[64];
  snprintf(name, sizeof name, "%s.clbin", key.text);
  return folder_file(&files, name, path);
}

static void read_entry(unsigned char bytes[WHOLE])
{
  char path[512];
  FILE *file = fopen(entry(path), "rb");
  assert_non_null(file);
  assert_int_equal(fread(bytes, 1, WHOLE, file), WHOLE);
  assert_int_equal(fgetc(file), EOF);
  fclose(file);
}

static int make_files(void **state)
{
  (void)state;
  files = folder_make();
  said = 0;
  return 0;
}

static int remove_files(void **state)
{
  (void)state;
  folder_remove(&files);
  return 0;
}

/* A damaged entry is said, and goes. */
static void expect_dropped(const cr_device *device, const char *how, size_t at)
{
  char path[512];
  said = 0;
  if (reads(device, 0)) fail_msg("an entry %s byte %zu was taken", how, at);
  if (said != 1 || access(entry(path), F_OK) == 0) fail_msg("an entry %s byte %zu: %d lines", how, at, said);
}

static void an_entry_cut_at_any_byte_is_dropped(void **state)
{
  (void)state;
  char path[512];
  unsigned char bytes[WHOLE];
  const cr_device device = device_of(files.path);
  write_program(&device, 0);
  assert_true(reads(&device, 0));
  read_entry(bytes);
  for (size_t cut = 0; cut < WHOLE; cut++) {
    folder_write(entry(path), bytes, cut);
    expect_dropped(&device, "cut before", cut);
  }
  folder_write(entry(path), bytes, WHOLE);
  said = 0;
  assert_true(reads(&device, 0));
  assert_int_equal(said, 0);
}

static void an_entry_altered_at_any_byte_is_dropped(void **state)
{
  (void)state;
  char path[512];
  unsigned char bytes[WHOLE];
  const cr_device device = device_of(files.path);
  write_program(&device, 0);
  read_entry(bytes);
  for (size_t at = 0; at < WHOLE; at++) {
    const unsigned char bit = (unsigned char)(1u << at % 8);
    bytes[at] ^= bit;
    folder_write(entry(path), bytes, WHOLE);
    bytes[at] ^= bit;
    expect_dropped(&device, "altered at", at);
  }
}

/* Each process writes its program again and again, and reads what is there: always one of them, whole. */
static void processes_may_share_a_folder(void **state)
{
  (void)state;
  enum { PROCESSES = 4, TIMES = 60 };
  pid_t children[PROCESSES];
  for (int p = 0; p < PROCESSES; p++) {
    children[p] = fork();
    assert_true(children[p] >= 0);
    if (children[p]) continue;
    const cr_device device = device_of(files.path);
    for (int t = 0; t < TIMES; t++) {
      unsigned char *binary;
      size_t size;
      bool right = false;
      write_program(&device, p);
      if (!cr_cache_read(&device, &key, &binary, &size)) _exit(1);
      for (int which = 0; which < PROCESSES; which++) right |= is_program(which, binary, size);
      free(binary);
      if (!right || said) _exit(2);
    }
    _exit(0);
  }
  for (int p = 0; p < PROCESSES; p++) {
    int code = 1;
    assert_int_equal(waitpid(children[p], &code, 0), children[p]);
    assert_int_equal(code, 0);
  }
  assert_int_equal(folder_entries(&files), 1); /* nothing half-written lies about */
}

static void a_folder_that_may_not_be_written_does_no_harm(void **state)
{
  (void)state;
  if (geteuid() == 0) {
    print_message("SKIPPED: root may write everywhere; test_kernels.c has a folder that cannot be\n");
    skip();
  }
  const cr_device device = device_of(files.path);
  assert_int_equal(chmod(files.path, 0500), 0);
  write_program(&device, 0);
  assert_int_equal(chmod(files.path, 0700), 0);
  assert_int_equal(said, 1);
  assert_int_equal(folder_entries(&files), 0);
}

/* A disk of its own, of 16 KiB: the entry that does not fit is said, those that do stay right. */
static void a_full_disk_does_no_harm(void **state)
{
  (void)state;
  char command[700];
  snprintf(command, sizeof command, "mount -t tmpfs -o size=16k tmpfs '%s' 2>/dev/null", files.path);
  if (geteuid() != 0 || system(command) != 0) {
    print_message("SKIPPED: a small disk can be mounted by root alone\n");
    skip();
  }
  enum { LARGE = 20000 };
  const cr_device device = device_of(files.path);
  const cr_cache_key other = {"ffffffffffffffffffffffffffffffff"};
  unsigned char *binary, *large = calloc(1, LARGE);
  size_t size;
  assert_non_null(large);
  write_program(&device, 0);
  assert_int_equal(said, 0);
  cr_cache_write(&device, &other, large, LARGE);
  const int lines = said;
  const bool there = cr_cache_read(&device, &other, &binary, &size), right = reads(&device, 0);
  const size_t entries = folder_entries(&files);
  free(large);
  snprintf(command, sizeof command, "umount '%s'", files.path);
  assert_int_equal(system(command), 0);
  assert_int_equal(lines, 1);
  assert_false(there);
  assert_true(right);
  assert_int_equal(entries, 1);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, make_files, remove_files)
      TEST(an_entry_cut_at_any_byte_is_dropped),
      TEST(an_entry_altered_at_any_byte_is_dropped),
      TEST(processes_may_share_a_folder),
      TEST(a_folder_that_may_not_be_written_does_no_harm),
      TEST(a_full_disk_does_no_harm),
#undef TEST
  };
  return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}
