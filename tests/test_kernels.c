/*
 * test_kernels.c - proves host/program.c, host/source.c and host/cache.c: each kernel file compiles alone, kernels can
 * be read from a folder, and the cache of compiled programs never does harm.
 */
#include "support.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "cache.h"
#include "folder.h"
#include "program.h"
#include "source.h"

/* ---- Scratch folders -------------------------------------------------------------------------------------------- */

static folder scratch;
static char lines[8192]; /* what the log was told */

static int make_folder(void **state)
{
  (void)state;
  scratch = folder_make();
  lines[0] = 0;
  return 0;
}

static int remove_folder(void **state)
{
  (void)state;
  folder_remove(&scratch);
  return 0;
}

static void keep_line(void *user, const char *line)
{
  const size_t used = strlen(lines);
  (void)user;
  snprintf(lines + used, sizeof lines - used, "%s\n", line);
}

static cr_device *open_device(const char *cache, const char *kernels)
{
  clreid_error error = {CLREID_OK, ""};
  cr_device *device;
  const cr_device_config config = {
      .choice = support_choice(), .cache_folder = cache, .kernel_folder = kernels, .log = {keep_line, NULL}};
  if (cr_device_open(&config, &device, &error) != CLREID_OK) fail_msg("%s", error.text);
  return device;
}

/* Builds `scale` on the device and runs it; its result must be right. */
static clreid_status run_scale(cr_device *device, clreid_error *error)
{
  cr_trial_spec spec = cr_trial_rows(CR_SCALE, 1, 3, 20);
  cr_queue *queue;
  cr_trial *trial;
  int checks = 0;
  spec.scale = spec.bias = true;
  assert_int_equal(cr_queue_create(device, &queue, error), CLREID_OK);
  assert_int_equal(cr_trial_create(queue, &spec, &trial, error), CLREID_OK);
  clreid_status status = cr_trial_run(trial, false, 0, 1, error);
  if (status == CLREID_OK) status = cr_oracle_check(trial, 0, 1, &checks, error);
  cr_trial_destroy(trial);
  cr_queue_destroy(queue);
  return status;
}

static void run_scale_well(cr_device *device)
{
  clreid_error error = {CLREID_OK, ""};
  if (run_scale(device, &error) != CLREID_OK) fail_msg("%s", error.text);
}

/* ---- Sources ---------------------------------------------------------------------------------------------------- */

/* A warning in a build log, but those of PoCL on how it passes vectors wider than the CPU's. */
static bool warned(const char *log)
{
  while ((log = strstr(log, "warning: "))) {
    const size_t length = strcspn(log, "\n");
    const char *known = strstr(log, "changes the ABI");
    if (!known || known > log + length) return true;
    log += length;
  }
  return false;
}

static void build_alone(const char *file, const char *options)
{
  clreid_error error = {CLREID_OK, ""};
  char *text, log[16384] = "";
  cl_int code;
  if (cr_source_read(NULL, file, &text, &error) != CLREID_OK) fail_msg("%s", error.text);
  cl_program program = clCreateProgramWithSource(support_device()->context, 1, (const char **)&text, NULL, &code);
  assert_int_equal(code, CL_SUCCESS);
  code = clBuildProgram(program, 1, &support_device()->id, options, NULL, NULL);
  clGetProgramBuildInfo(program, support_device()->id, CL_PROGRAM_BUILD_LOG, sizeof log, log, NULL);
  if (code != CL_SUCCESS || warned(log)) fail_msg("%s with '%s': %d %s", file, options, code, log);
  clReleaseProgram(program);
  free(text);
}

/* Without any option, and with what the host always gives. */
static void each_file_compiles_alone(void **state)
{
  static const char *const options[] = {"", "-cl-std=CL1.2", "-cl-std=CL1.2 -DHALF=1", "-cl-std=CL1.2 -DFMA=0"};
  int files = 0;
  (void)state;
  for (const cr_source_file *f = cr_source_files; f->name; f++) {
    const size_t length = strlen(f->name);
    if (strcmp(f->name + length - 3, ".cl")) continue;
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) build_alone(f->name, options[i]);
    files++;
  }
  printf("%d files\n", files);
  assert_true(files >= 6);
}

/* Writes the built-in kernels to the scratch folder, and text after the end of file. */
static void write_kernels(const char *file, const char *text)
{
  for (const cr_source_file *f = cr_source_files; f->name; f++) {
    char path[512];
    FILE *out = fopen(folder_file(&scratch, f->name, path), "w");
    assert_non_null(out);
    fprintf(out, "%s%s", f->text, strcmp(f->name, file) ? "" : text);
    assert_int_equal(fclose(out), 0);
  }
}

static void kernels_come_from_a_folder(void **state)
{
  (void)state;
  clreid_error error = {CLREID_OK, ""};
  write_kernels("", "");
  cr_device *device = open_device("", scratch.path);
  run_scale_well(device);
  cr_device_release(device);

  write_kernels("scale.cl", "\nthis is not OpenCL C\n");
  device = open_device("", scratch.path);
  assert_int_equal(run_scale(device, &error), CLREID_DEVICE_FAILED);
  printf("%s\n", error.text);
  assert_non_null(strstr(error.text, "scale.cl does not build on "));
  assert_non_null(strstr(error.text, "error"));
  assert_null(strchr(error.text, '\n'));
  assert_int_equal(run_scale(device, &error), CLREID_DEVICE_FAILED); /* nothing half-built is kept */
  cr_device_release(device);

  char path[512];
  assert_int_equal(remove(folder_file(&scratch, "rows.clh", path)), 0);
  device = open_device("", scratch.path);
  assert_int_equal(run_scale(device, &error), CLREID_INVALID_FILE);
  printf("%s\n", error.text);
  assert_non_null(strstr(error.text, path));
  cr_device_release(device);
}

static void the_environment_names_the_folder(void **state)
{
  (void)state;
  clreid_error error = {CLREID_OK, ""};
  write_kernels("scale.cl", "\nthis is not OpenCL C\n");
  assert_int_equal(setenv("CLREID_KERNELS", scratch.path, 1), 0);
  cr_device *device = open_device("", NULL);
  assert_int_equal(run_scale(device, &error), CLREID_DEVICE_FAILED);
  cr_device_release(device);
  assert_int_equal(setenv("CLREID_KERNELS", "", 1), 0); /* empty: as if it were not there */
  device = open_device("", NULL);
  run_scale_well(device);
  cr_device_release(device);
  assert_int_equal(unsetenv("CLREID_KERNELS"), 0);
}

static void includes_that_go_in_circles_end(void **state)
{
  (void)state;
  clreid_error error = {CLREID_OK, ""};
  write_kernels("rows.clh", "\n#include \"rows.clh\"\n");
  cr_device *device = open_device("", scratch.path);
  assert_int_equal(run_scale(device, &error), CLREID_INVALID_FILE);
  assert_non_null(strstr(error.text, "rows.clh"));
  cr_device_release(device);
}

/* ---- The cache -------------------------------------------------------------------------------------------------- */

cl_int __real_clGetProgramInfo(cl_program, cl_program_info, size_t, void *, size_t *);
cl_int __wrap_clGetProgramInfo(cl_program, cl_program_info, size_t, void *, size_t *);
static int binaries_asked;

cl_int __wrap_clGetProgramInfo(cl_program program, cl_program_info what, size_t size, void *value, size_t *size_out)
{
  binaries_asked += what == CL_PROGRAM_BINARY_SIZES || what == CL_PROGRAM_BINARIES;
  return __real_clGetProgramInfo(program, what, size, value, size_out);
}

/* The cache's folder, inside the scratch folder. */
static const char *cache_folder(void)
{
  static char path[512];
  return folder_file(&scratch, "cache", path);
}

/* The path of the one entry in the cache. */
static const char *entry_path(char path[1024])
{
  DIR *list = opendir(cache_folder());
  int entries = 0;
  assert_non_null(list);
  for (struct dirent *entry; (entry = readdir(list));) {
    if (*entry->d_name == '.') continue;
    snprintf(path, 1024, "%s/%s", cache_folder(), entry->d_name);
    entries++;
  }
  closedir(list);
  assert_int_equal(entries, 1);
  return path;
}

/* A rebuilt program is written to a new file, so the entry's inode tells a hit from a miss. The old file is kept by an
 * open handle, for its number not to be used again. */
static ino_t entry_inode(void)
{
  char path[1024];
  struct stat status;
  assert_int_equal(stat(entry_path(path), &status), 0);
  return status.st_ino;
}

static void run_with_cache(const char *cache)
{
  lines[0] = 0;
  cr_device *device = open_device(cache, NULL);
  run_scale_well(device);
  cr_device_release(device);
}

static void a_second_start_does_not_compile(void **state)
{
  (void)state;
  char path[1024];
  run_with_cache(cache_folder());
  const ino_t first = entry_inode();
  run_with_cache(cache_folder());
  assert_true(entry_inode() == first);

  entry_path(path);
  FILE *hold = fopen(path, "r");
  assert_non_null(hold);
  assert_int_equal(remove(path), 0);
  run_with_cache(cache_folder());
  assert_true(entry_inode() != first);
  fclose(hold);
}

static void spoil(const char *path, int how)
{
  FILE *file = fopen(path, how == 0 ? "w" : "r+");
  assert_non_null(file);
  if (how == 1) assert_int_equal(ftruncate(fileno(file), 100), 0);
  if (how == 2) assert_int_equal(fputc('x', file), 'x');
  if (how == 3) {
    assert_int_equal(fseek(file, 5000, SEEK_SET), 0);
    const int byte = fgetc(file);
    assert_int_equal(fseek(file, 5000, SEEK_SET), 0);
    fputc(byte ^ 1, file);
  }
  assert_int_equal(fclose(file), 0);
}

static void a_damaged_entry_is_dropped_and_built_anew(void **state)
{
  (void)state;
  char path[1024];
  run_with_cache(cache_folder());
  entry_path(path);
  for (int how = 0; how < 4; how++) { /* empty, cut, another magic, one bit of the binary */
    FILE *hold = fopen(path, "r");
    assert_non_null(hold);
    const ino_t before = entry_inode();
    spoil(path, how);
    run_with_cache(cache_folder());
    assert_non_null(strstr(lines, "is damaged: dropped"));
    assert_true(entry_inode() != before);
    fclose(hold);
    run_with_cache(cache_folder());
    assert_null(strstr(lines, "damaged"));
  }
}

/* A whole entry that the driver does not take, as after its update to one with the same version. */
static void a_refused_entry_is_dropped_and_built_anew(void **state)
{
  (void)state;
  char path[1024];
  cr_cache_key key = {""};
  run_with_cache(cache_folder());
  entry_path(path);
  memcpy(key.text, path + strlen(cache_folder()) + 1, 32);
  lines[0] = 0;
  cr_device *device = open_device(cache_folder(), NULL);
  cr_cache_write(device, &key, (const unsigned char *)"not a program", 13);
  run_scale_well(device);
  assert_non_null(strstr(lines, "is not taken by the driver"));
  cr_device_release(device);
  run_with_cache(cache_folder());
  assert_null(strstr(lines, "is not taken"));
}

static void a_folder_that_cannot_be_written_does_no_harm(void **state)
{
  (void)state;
  run_with_cache("/dev/null/cache");
  assert_non_null(strstr(lines, "the program is not cached: "));
  binaries_asked = 0;
  run_with_cache("");
  assert_null(strstr(lines, "cache"));
  assert_int_equal(binaries_asked, 0);
}

static void the_key_covers_all_that_matters(void **state)
{
  (void)state;
  cr_device other = *support_device();
  const cr_cache_key key = cr_cache_make_key(&other, "source", "-DV=4");
  assert_int_equal(strlen(key.text), 32);
  assert_string_equal(key.text, cr_cache_make_key(support_device(), "source", "-DV=4").text);
  assert_string_not_equal(key.text, cr_cache_make_key(&other, "source", "-DV=8").text);
  assert_string_not_equal(key.text, cr_cache_make_key(&other, "source2", "-DV=4").text);
  assert_string_not_equal(key.text, cr_cache_make_key(&other, "source-", "DV=4").text);
  char *const facts[] = {other.facts.name,   other.facts.vendor,   other.facts.version,
                         other.facts.driver, other.facts.platform, other.facts.platform_version};
  for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
    facts[i][0] ^= 1;
    assert_string_not_equal(key.text, cr_cache_make_key(&other, "source", "-DV=4").text);
    facts[i][0] ^= 1;
  }
  assert_string_equal(key.text, cr_cache_make_key(&other, "source", "-DV=4").text);
}

int main(int argc, char **argv)
{
#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_file_compiles_alone),
      IN_A_FOLDER(kernels_come_from_a_folder),
      IN_A_FOLDER(the_environment_names_the_folder),
      IN_A_FOLDER(includes_that_go_in_circles_end),
      IN_A_FOLDER(a_second_start_does_not_compile),
      IN_A_FOLDER(a_damaged_entry_is_dropped_and_built_anew),
      IN_A_FOLDER(a_refused_entry_is_dropped_and_built_anew),
      IN_A_FOLDER(a_folder_that_cannot_be_written_does_no_harm),
      cmocka_unit_test(the_key_covers_all_that_matters),
  };
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, support_open, support_close);
}
