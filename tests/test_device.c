/*
 * test_device.c - proves host/device.c: the list of devices beside drivers that fail, the choice among them by their
 * facts, and what is said when there is none.
 *
 * The drivers are those of broken_icd.c. The ICD loader reads its folder once a process, so each question is put in a
 * child process with a folder of its own. No random numbers. Run again: build/tests/test_device
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ops.h"

enum { MOST = 24 };

/* What a child process saw. */
typedef struct outcome {
  clreid_status status;
  char text[CLREID_ERROR_TEXT_BYTES];
  char log[4096];
  size_t count, default_index;
  cr_facts facts[MOST];
} outcome;

static char vendors[512]; /* the folder that the loader is shown */

/* ---- The loader's folder ---------------------------------------------------------------------------------------- */

static void write_icd(const char *name, const char *line)
{
  char path[1024];
  snprintf(path, sizeof path, "%s/%s.icd", vendors, name);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(line, file);
  assert_int_equal(fclose(file), 0);
}

/* The drivers of this machine. Named to be read after the broken ones. */
static void copy_good(void)
{
  const char *from = getenv("OCL_ICD_VENDORS") ? getenv("OCL_ICD_VENDORS") : "/etc/OpenCL/vendors";
  DIR *folder = opendir(from);
  for (struct dirent *entry; folder && (entry = readdir(folder));) {
    const char *suffix = strrchr(entry->d_name, '.');
    if (!suffix || strcmp(suffix, ".icd") != 0) continue;
    char path[1024], name[300], line[1024] = "";
    snprintf(path, sizeof path, "%s/%s", from, entry->d_name);
    FILE *file = fopen(path, "r");
    if (!file) continue;
    if (fgets(line, sizeof line, file)) {
      snprintf(name, sizeof name, "z-%s", entry->d_name);
      write_icd(name, line);
    }
    fclose(file);
  }
  if (folder) closedir(folder);
}

static void empty_folder(void)
{
  DIR *folder = opendir(vendors);
  assert_non_null(folder);
  for (struct dirent *entry; (entry = readdir(folder));) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", vendors, entry->d_name);
    if (*entry->d_name != '.') remove(path);
  }
  closedir(folder);
}

/* Fills the folder with the drivers named: a value of BROKEN_ICD in lower case, missing, empty, text, or good. */
static void install(const char *const *drivers)
{
  empty_folder();
  for (; *drivers; drivers++) {
    char line[1024];
    if (!strcmp(*drivers, "good")) {
      copy_good();
      continue;
    }
    if (!strcmp(*drivers, "missing"))
      snprintf(line, sizeof line, "%s/there-is-no-such-file.so\n", BROKEN_ICD_FOLDER);
    else if (!strcmp(*drivers, "empty"))
      *line = 0;
    else if (!strcmp(*drivers, "text"))
      snprintf(line, sizeof line, "%s/CMakeLists.txt\n", TESTS_FOLDER);
    else
      snprintf(line, sizeof line, "%s/broken_icd_%s.so\n", BROKEN_ICD_FOLDER, *drivers);
    write_icd(*drivers, line);
  }
}
#define INSTALL(...) install((const char *const[]){__VA_ARGS__, NULL})

/* ---- Questions, each in a process of its own -------------------------------------------------------------------- */

static void note(void *user, const char *line)
{
  outcome *seen = user;
  const size_t used = strlen(seen->log);
  snprintf(seen->log + used, sizeof seen->log - used, "%s\n", line);
}

static void list_devices(const char *unused, outcome *seen)
{
  (void)unused;
  const cr_log log = {note, seen};
  clreid_error error = {CLREID_OK, ""};
  cr_facts *list = NULL;
  seen->status = cr_devices_list(&list, &seen->count, &seen->default_index, &log, &error);
  memcpy(seen->text, error.text, sizeof seen->text);
  for (size_t i = 0; seen->status == CLREID_OK && i < seen->count && i < MOST; i++) seen->facts[i] = list[i];
  if (seen->status == CLREID_OK) free(list);
}

/* Opens the device; facts[0] tells which it was. */
static void open_device(const char *choice, outcome *seen)
{
  const cr_device_config config = {.choice = choice, .cache_folder = "", .log = {note, seen}};
  clreid_error error = {CLREID_OK, ""};
  cr_device *device = NULL;
  seen->status = cr_device_open(&config, &device, &error);
  memcpy(seen->text, error.text, sizeof seen->text);
  if (seen->status == CLREID_OK) seen->facts[0] = *cr_device_facts(device);
  cr_device_release(device);
}

static outcome *ask(void (*question)(const char *choice, outcome *seen), const char *choice)
{
  static outcome seen;
  memset(&seen, 0, sizeof seen);
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  fflush(NULL);
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    setenv("OCL_ICD_VENDORS", vendors, 1);
    question(choice, &seen);
    const char *from = (const char *)&seen;
    for (size_t done = 0; done < sizeof seen;) {
      const ssize_t wrote = write(ends[1], from + done, sizeof seen - done);
      if (wrote <= 0) _exit(1);
      done += (size_t)wrote;
    }
    _exit(0);
  }
  close(ends[1]);
  size_t got = 0;
  for (ssize_t more; (more = read(ends[0], (char *)&seen + got, sizeof seen - got)) > 0;) got += (size_t)more;
  close(ends[0]);
  int state = 0;
  assert_int_equal(waitpid(child, &state, 0), child);
  assert_true(WIFEXITED(state)); /* it did not crash */
  assert_int_equal(WEXITSTATUS(state), 0);
  assert_int_equal(got, sizeof seen);
  return &seen;
}

static void assert_says(const char *text, const char *part)
{
  if (!strstr(text, part)) fail_msg("'%s' does not say '%s'", text, part);
}

/* ---- Tests ------------------------------------------------------------------------------------------------------ */

static void test_broken_drivers_do_no_harm(void **state)
{
  (void)state;
  INSTALL("good");
  const outcome good = *ask(list_devices, NULL);
  if (good.status != CLREID_OK) {
    print_message("SKIPPED: no OpenCL device here: %s\n", good.text);
    skip();
  }
  assert_true(good.count + 1 <= MOST);

  INSTALL("platforms", "no_platform", "devices", "no_device", "facts", "missing", "empty", "text", "good");
  const outcome *seen = ask(list_devices, NULL);
  assert_int_equal(seen->status, CLREID_OK);
  assert_says(seen->log, "broken is passed over: clGetDeviceIDs gave CL_OUT_OF_RESOURCES (-5)");
  assert_says(seen->log, "broken is passed over: clGetDeviceIDs gave CL_DEVICE_NOT_FOUND (-1)");

  size_t at = 0; /* among the good ones */
  for (size_t i = 0; i < seen->count; i++) {
    assert_int_equal(seen->facts[i].index, i);
    if (!strcmp(seen->facts[i].platform, "broken")) {
      assert_false(seen->facts[i].usable);
      assert_true(*seen->facts[i].problem);
      continue;
    }
    assert_true(at < good.count);
    assert_string_equal(seen->facts[i].name, good.facts[at].name);
    assert_string_equal(seen->facts[i].platform, good.facts[at].platform);
    assert_int_equal(seen->facts[i].usable, good.facts[at].usable);
    at++;
  }
  assert_int_equal(at, good.count);
  assert_int_equal(seen->count, good.count + 1);
  assert_string_equal(seen->facts[seen->default_index].name, good.facts[good.default_index].name);

  seen = ask(open_device, NULL);
  assert_int_equal(seen->status, CLREID_OK);
  assert_string_equal(seen->facts[0].name, good.facts[good.default_index].name);
}

static void test_no_driver(void **state)
{
  (void)state;
  static const char *const installations[][5] = {
      {NULL},                             /* no file at all */
      {"missing", "empty", "text", NULL}, /* files that lead nowhere */
      {"platforms", "no_platform", NULL}, /* drivers without a platform */
  };
  for (size_t i = 0; i < sizeof installations / sizeof *installations; i++) {
    install(installations[i]);
    for (int opening = 0; opening < 2; opening++) {
      const outcome *seen = ask(opening ? open_device : list_devices, NULL);
      assert_int_equal(seen->status, CLREID_UNSUPPORTED_PLATFORM);
      assert_says(seen->text, "no OpenCL platform");
      assert_says(seen->text, "pocl-opencl-icd");
    }
  }
}

static void test_no_device(void **state)
{
  (void)state;
  INSTALL("devices", "no_device");
  const outcome *seen = ask(list_devices, NULL);
  assert_int_equal(seen->status, CLREID_UNSUPPORTED_PLATFORM);
  assert_says(seen->text, "2 OpenCL platforms");
  assert_says(seen->text, "0 devices");
  assert_says(seen->text, "pocl-opencl-icd");
}

/* A driver that answers no question gives a device that is listed and refused. */
static void test_no_facts(void **state)
{
  (void)state;
  INSTALL("facts");
  const outcome *seen = ask(list_devices, NULL);
  assert_int_equal(seen->status, CLREID_OK);
  assert_int_equal(seen->count, 1);
  assert_false(seen->facts[0].usable);
  assert_int_equal(ask(open_device, NULL)->status, CLREID_UNSUPPORTED_DEVICE);
  assert_int_equal(ask(open_device, "0")->status, CLREID_UNSUPPORTED_DEVICE);
}

/* The devices of broken_icd.c, in its order. */
enum { LONG_NAME, SLOW_GPU, FAST_GPU, TWO_TYPES, UNAVAILABLE, NO_COMPILER, OLD, NO_VERSION, TWO_DIGITS, DEVICES };

static void test_facts(void **state)
{
  (void)state;
  INSTALL("context");
  const outcome *seen = ask(list_devices, NULL);
  assert_int_equal(seen->status, CLREID_OK);
  assert_int_equal(seen->count, DEVICES);
  assert_int_equal(strlen(seen->facts[LONG_NAME].name), sizeof seen->facts[0].name - 1);
  assert_int_equal(seen->facts[LONG_NAME].type, CR_DEVICE_ACCELERATOR);
  assert_int_equal(seen->facts[FAST_GPU].type, CR_DEVICE_GPU);
  assert_int_equal(seen->facts[FAST_GPU].compute_units, 20);
  assert_int_equal(seen->facts[FAST_GPU].clock_mhz, 1500);
  assert_string_equal(seen->facts[FAST_GPU].vendor, "");
  for (int i = 0; i < DEVICES; i++) {
    assert_int_equal(seen->facts[i].several_types, i == TWO_TYPES);
    const bool usable = i < UNAVAILABLE || i == TWO_DIGITS;
    assert_int_equal(seen->facts[i].usable, usable);
    assert_int_equal(!*seen->facts[i].problem, usable);
  }
  assert_says(seen->facts[UNAVAILABLE].problem, "available");
  assert_says(seen->facts[NO_COMPILER].problem, "compiler");
  assert_says(seen->facts[OLD].problem, "1.2");
  assert_says(seen->facts[NO_VERSION].problem, "1.2");
}

/* However many there are, all are listed and can be chosen. */
static void test_a_hundred_devices(void **state)
{
  (void)state;
  INSTALL("crowded");
  const outcome *seen = ask(list_devices, NULL);
  assert_int_equal(seen->status, CLREID_OK);
  assert_int_equal(seen->count, 100);
  assert_int_equal(seen->default_index, FAST_GPU);
  assert_says(ask(open_device, "99")->text, "clCreateContext");
  assert_says(ask(open_device, "100")->text, "0 to 99");
}

static void test_choice(void **state)
{
  (void)state;
  INSTALL("context");
  assert_int_equal(ask(list_devices, NULL)->default_index, FAST_GPU);

  static const struct {
    const char *choice;
    clreid_status status;
    const char *says;
  } cases[] = {
      {NULL, CLREID_DEVICE_FAILED, "clCreateContext"}, /* chosen by its facts, and fails there */
      {"gpu", CLREID_DEVICE_FAILED, "clCreateContext"},
      {"0", CLREID_DEVICE_FAILED, "CL_DEVICE_NOT_AVAILABLE (-2)"},
      {"cpu", CLREID_UNSUPPORTED_DEVICE, "none of the 9"},
      {"4", CLREID_UNSUPPORTED_DEVICE, "unavailable"},
      {"6", CLREID_UNSUPPORTED_DEVICE, "1.2"},
      {"9", CLREID_UNSUPPORTED_DEVICE, "0 to 8"},
      {"99999999999999999999", CLREID_UNSUPPORTED_DEVICE, "0 to 8"},
      {"-1", CLREID_INVALID_ARGUMENT, "'-1'"},
      {"1x", CLREID_INVALID_ARGUMENT, "'1x'"},
      {"", CLREID_INVALID_ARGUMENT, "''"},
      {"CPU", CLREID_INVALID_ARGUMENT, "cpu, gpu or an index"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const outcome *seen = ask(open_device, cases[i].choice);
    if (seen->status != cases[i].status)
      fail_msg("choice %s: status %d, not %d: %s", cases[i].choice ? cases[i].choice : "NULL", seen->status,
               cases[i].status, seen->text);
    assert_says(seen->text, cases[i].says);
  }
}

static int create_folder(void **state)
{
  (void)state;
  const char *cache = getenv("XDG_CACHE_HOME");
  snprintf(vendors, sizeof vendors, "%s/vendors-XXXXXX", cache ? cache : ".");
  return mkdtemp(vendors) ? 0 : -1;
}

static int remove_folder(void **state)
{
  (void)state;
  empty_folder();
  return rmdir(vendors);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_broken_drivers_do_no_harm),
      cmocka_unit_test(test_no_driver),
      cmocka_unit_test(test_no_device),
      cmocka_unit_test(test_no_facts),
      cmocka_unit_test(test_facts),
      cmocka_unit_test(test_a_hundred_devices),
      cmocka_unit_test(test_choice),
  };
  return cmocka_run_group_tests_name("device", tests, create_folder, remove_folder);
}
