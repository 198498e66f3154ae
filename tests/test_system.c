/*
 * test_system.c - proves host/system.c: maps, whole-file writes and their failures, folders, locks, shared libraries,
 * the clock.
 */
#define _XOPEN_SOURCE 700
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "folder.h"
#include "system.h"

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

/* The text names what and is one line. */
static void assert_told(const clreid_error *error, clreid_status status, const char *part)
{
  assert_int_equal(error->status, status);
  if (!strstr(error->text, part) || strchr(error->text, '\n')) fail_msg("'%s' does not say '%s'", error->text, part);
}

static void assert_holds(const char *path, const char *text)
{
  cr_mapping mapping;
  assert_int_equal(cr_map(path, &mapping, NULL), CLREID_OK);
  assert_int_equal(mapping.size, strlen(text));
  assert_memory_equal(mapping.bytes, text, mapping.size);
  cr_unmap(&mapping);
  assert_null(mapping.bytes);
}

static void write_text(const char *path, const char *text)
{
  cr_file *file;
  clreid_error error = {0};
  assert_int_equal(cr_file_create(path, &file, &error), CLREID_OK);
  assert_int_equal(cr_file_write(file, text, strlen(text), &error), CLREID_OK);
  assert_int_equal(cr_file_commit(file, &error), CLREID_OK);
}

/* ---- Maps ------------------------------------------------------------------------------------------------------- */

static void an_empty_file_maps_to_nothing(void **state)
{
  char path[512];
  folder_write(folder_file(*state, "empty", path), "", 0);
  cr_mapping mapping;
  assert_int_equal(cr_map(path, &mapping, NULL), CLREID_OK);
  assert_int_equal(mapping.size, 0);
  assert_non_null(mapping.bytes);
  cr_unmap(&mapping);
}

static void what_cannot_be_mapped_is_named(void **state)
{
  char path[512];
  cr_mapping mapping;
  clreid_error error = {0};
  assert_int_equal(cr_map(folder_file(*state, "missing", path), &mapping, &error), CLREID_INVALID_FILE);
  assert_told(&error, CLREID_INVALID_FILE, "no such file: ");
  assert_told(&error, CLREID_INVALID_FILE, path);
  assert_int_equal(cr_map(((folder *)*state)->path, &mapping, &error), CLREID_INVALID_FILE);
  assert_told(&error, CLREID_INVALID_FILE, "is a folder");
  assert_int_equal(mkfifo(folder_file(*state, "pipe", path), 0600), 0);
  assert_int_equal(cr_map(path, &mapping, &error), CLREID_INVALID_FILE); /* and does not wait for a writer */
  assert_told(&error, CLREID_INVALID_FILE, "is a device or a pipe");
  assert_int_equal(mapping.size, 0);
}

/* ---- Whole-file writes ------------------------------------------------------------------------------------------ */

static void a_file_appears_whole_or_not_at_all(void **state)
{
  char path[512];
  cr_file *file;
  assert_int_equal(cr_file_create(folder_file(*state, "f", path), &file, NULL), CLREID_OK);
  assert_int_equal(cr_file_write(file, "half ", 5, NULL), CLREID_OK);
  assert_int_equal(access(path, F_OK), -1);
  assert_int_equal(cr_file_write(file, "whole", 5, NULL), CLREID_OK);
  assert_int_equal(cr_file_commit(file, NULL), CLREID_OK);
  assert_holds(path, "half whole");
  assert_int_equal(folder_entries(*state), 1);
}

static void an_abandoned_file_leaves_the_old_one(void **state)
{
  char path[512];
  cr_file *file;
  write_text(folder_file(*state, "f", path), "old");
  assert_int_equal(cr_file_create(path, &file, NULL), CLREID_OK);
  assert_int_equal(cr_file_write(file, "new", 3, NULL), CLREID_OK);
  cr_file_abandon(file);
  cr_file_abandon(NULL);
  assert_holds(path, "old");
  assert_int_equal(folder_entries(*state), 1);
}

static void two_writers_of_one_path_do_not_mix(void **state)
{
  char path[512];
  cr_file *first, *second;
  assert_int_equal(cr_file_create(folder_file(*state, "f", path), &first, NULL), CLREID_OK);
  assert_int_equal(cr_file_create(path, &second, NULL), CLREID_OK);
  assert_int_equal(cr_file_write(first, "first", 5, NULL), CLREID_OK);
  assert_int_equal(cr_file_write(second, "second", 6, NULL), CLREID_OK);
  assert_int_equal(cr_file_commit(second, NULL), CLREID_OK);
  assert_holds(path, "second");
  assert_int_equal(cr_file_commit(first, NULL), CLREID_OK);
  assert_holds(path, "first");
  assert_int_equal(folder_entries(*state), 1);
}

static void a_link_stays_a_link(void **state)
{
  char target[512], link[512];
  struct stat facts;
  write_text(folder_file(*state, "target", target), "old");
  assert_int_equal(symlink(target, folder_file(*state, "link", link)), 0);
  write_text(link, "new");
  assert_holds(target, "new");
  assert_int_equal(lstat(link, &facts), 0);
  assert_true(S_ISLNK(facts.st_mode));
}

static void the_users_umask_is_kept(void **state)
{
  char path[512];
  struct stat facts;
  mode_t before = umask(027);
  write_text(folder_file(*state, "f", path), "x");
  umask(before);
  assert_int_equal(stat(path, &facts), 0);
  assert_int_equal(facts.st_mode & 0777, 0640);
}

static void where_no_file_can_be_is_named(void **state)
{
  char path[512], folder_path[512];
  cr_file *file;
  clreid_error error = {0};
  folder_file(*state, "missing", folder_path);
  assert_int_equal(cr_file_create(folder_file(*state, "missing/f.npy", path), &file, &error), CLREID_INVALID_FILE);
  assert_null(file);
  assert_told(&error, CLREID_INVALID_FILE, "there is no folder");
  assert_told(&error, CLREID_INVALID_FILE, folder_path);
  assert_int_equal(cr_file_create(((folder *)*state)->path, &file, &error), CLREID_INVALID_FILE);
  assert_told(&error, CLREID_INVALID_FILE, "it is a folder");
  assert_int_equal(cr_file_create("", &file, &error), CLREID_INVALID_FILE);
  assert_int_equal(folder_entries(*state), 0);
}

/* A device that is always full is written straight: it must not be replaced by a file. */
static void a_full_disk_is_said(void **state)
{
  (void)state;
  if (access("/dev/full", W_OK) != 0) {
    print_message("SKIP: this system has no /dev/full\n");
    skip();
  }
  cr_file *file;
  clreid_error error = {0};
  assert_int_equal(cr_file_create("/dev/full", &file, &error), CLREID_OK);
  assert_int_equal(cr_file_write(file, "x", 1, &error), CLREID_INVALID_FILE);
  cr_file_abandon(file);
  assert_told(&error, CLREID_INVALID_FILE, "the disk is full: '/dev/full'");
  struct stat facts;
  assert_int_equal(stat("/dev/full", &facts), 0);
  assert_true(S_ISCHR(facts.st_mode));
}

/* A limit on the size of files stops a write in the middle, as a full disk does. */
static void a_write_that_stops_leaves_nothing(void **state)
{
  static const char bytes[5000];
  char path[512];
  struct rlimit before, low;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  low = before;
  low.rlim_cur = 4096;
  void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
  cr_file *file;
  clreid_error error = {0};
  assert_int_equal(cr_file_create(folder_file(*state, "f", path), &file, &error), CLREID_OK);
  setrlimit(RLIMIT_FSIZE, &low);
  clreid_status written = cr_file_write(file, bytes, sizeof bytes, &error);
  clreid_status committed = cr_file_commit(file, NULL); /* after a failed write: refuses */
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, handler);
  assert_int_equal(written, CLREID_INVALID_FILE);
  assert_told(&error, CLREID_INVALID_FILE, path);
  assert_int_equal(committed, CLREID_INVALID_FILE);
  assert_int_equal(folder_entries(*state), 0);
}

/* ---- Folders ---------------------------------------------------------------------------------------------------- */

static void folders_are_made_with_their_parents(void **state)
{
  char path[512];
  clreid_error error = {0};
  assert_int_equal(cr_make_folders(folder_file(*state, "a/b//c/", path), &error), CLREID_OK);
  assert_int_equal(cr_make_folders(path, &error), CLREID_OK); /* again: already there */
  write_text(folder_file(*state, "a/b/c/file", path), "x");
  assert_int_equal(cr_make_folders(path, &error), CLREID_INVALID_FILE);
  assert_int_equal(cr_make_folders(folder_file(*state, "a/b/c/file/d", path), &error), CLREID_INVALID_FILE);
  assert_told(&error, CLREID_INVALID_FILE, path);
}

static void the_cache_folder_follows_the_environment(void **state)
{
  (void)state;
  char path[64];
  assert_int_equal(setenv("XDG_CACHE_HOME", "/x/cache", 1), 0);
  assert_int_equal(setenv("HOME", "/home/someone", 1), 0);
  assert_true(cr_cache_folder(path, sizeof path));
  assert_string_equal(path, "/x/cache/clreid");
  assert_false(cr_cache_folder(path, 8)); /* too short for it */
  setenv("XDG_CACHE_HOME", "relative", 1);
  assert_true(cr_cache_folder(path, sizeof path));
  assert_string_equal(path, "/home/someone/.cache/clreid");
  unsetenv("XDG_CACHE_HOME");
  unsetenv("HOME");
  assert_false(cr_cache_folder(path, sizeof path));
}

/* ---- Mutex and clock -------------------------------------------------------------------------------------------- */

enum { TURNS = 100000 };

typedef struct counter {
  cr_mutex *mutex;
  volatile long count;
} counter;

static void *count_up(void *user)
{
  counter *c = user;
  for (int i = 0; i < TURNS; i++) {
    cr_mutex_lock(c->mutex);
    c->count++;
    cr_mutex_unlock(c->mutex);
  }
  return NULL;
}

static void a_mutex_keeps_threads_apart(void **state)
{
  (void)state;
  counter c = {cr_mutex_create(), 0};
  assert_non_null(c.mutex);
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) assert_int_equal(pthread_create(&threads[i], NULL, count_up, &c), 0);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  assert_int_equal(c.count, 2 * TURNS);
  cr_mutex_destroy(c.mutex);
  cr_mutex_destroy(NULL);
}

static void the_clock_counts_seconds(void **state)
{
  (void)state;
  double before = cr_seconds();
  struct timespec pause = {0, 20000000};
  nanosleep(&pause, NULL);
  double passed = cr_seconds() - before;
  assert_true(passed >= 0.02 && passed < 10.0);
}

static void a_missing_library_or_function_is_told(void **state)
{
  (void)state;
  char reason[128] = "";
  assert_null(cr_library_open("libmissing-for-ever.so", reason, sizeof reason));
  assert_non_null(strstr(reason, "libmissing-for-ever.so"));
  void *library = cr_library_open("libOpenCL.so.1", reason, sizeof reason);
  if (!library) skip(); /* another system has it under another name */
  assert_ptr_equal(cr_library_open("libOpenCL.so.1", reason, sizeof reason), library);
  void (*function)(void) = NULL;
  assert_true(cr_library_function(library, "clGetPlatformIDs", &function));
  assert_true(function != NULL);
  assert_false(cr_library_function(library, "clGetNothing", &function));
  assert_true(function == NULL);
}

#define with_folder(test) cmocka_unit_test_setup_teardown(test, make, clean)

int main(void)
{
  const struct CMUnitTest tests[] = {
      with_folder(an_empty_file_maps_to_nothing),
      with_folder(what_cannot_be_mapped_is_named),
      with_folder(a_file_appears_whole_or_not_at_all),
      with_folder(an_abandoned_file_leaves_the_old_one),
      with_folder(two_writers_of_one_path_do_not_mix),
      with_folder(a_link_stays_a_link),
      with_folder(the_users_umask_is_kept),
      with_folder(where_no_file_can_be_is_named),
      cmocka_unit_test(a_full_disk_is_said),
      with_folder(a_write_that_stops_leaves_nothing),
      with_folder(folders_are_made_with_their_parents),
      cmocka_unit_test(the_cache_folder_follows_the_environment),
      cmocka_unit_test(a_mutex_keeps_threads_apart),
      cmocka_unit_test(a_missing_library_or_function_is_told),
      cmocka_unit_test(the_clock_counts_seconds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
