/*
 * test_command.c - proves the clreid command from outside: what it answers, what it refuses, and what it leaves behind.
 *
 * CLREID_COMMAND names the command to run. Networks are small here (an input of 64 x 32), the rest is as users have it.
 */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb/stb_image_write.h>

#include "folder.h"
#include "npy.h"

enum { WIDTH = 32, HEIGHT = 64, MOST_ARGUMENTS = 3000, TEXT_BYTES = 1 << 16 };

static const char *command; /* the path of clreid */
static folder shared;       /* what all tests read: weights, pictures */

/* ---- Running the command ----------------------------------------------------------------------------------------- */

typedef struct result {
  int code;   /* exit code, or -1 */
  int signal; /* that it died of, or 0 */
  char out[TEXT_BYTES], err[TEXT_BYTES];
} result;

/* A command line under construction; words are copied. */
typedef struct line {
  const char *words[MOST_ARGUMENTS + 1];
  int count;
  const char *name, *value; /* of an environment variable of the child, or NULL */
  const char *out;          /* where its stdout goes, or NULL for result.out */
} line;

static void add(line *to, const char *word)
{
  assert_true(to->count < MOST_ARGUMENTS);
  to->words[to->count++] = word;
  to->words[to->count] = NULL;
}

/* Adds the words of text, separated by single blanks. */
static void add_words(line *to, const char *text)
{
  static char buffer[1 << 16];
  static size_t used;
  const size_t size = strlen(text) + 1;
  if (used + size > sizeof buffer) used = 0;
  char *copy = memcpy(buffer + used, text, size);
  used += size;
  for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) add(to, word);
}

static pid_t start(const line *run, const char *out, const char *err)
{
  fflush(stdout);
  fflush(stderr);
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child > 0) return child;
  const int to_out = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600),
            to_err = open(err, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (to_out < 0 || to_err < 0 || dup2(to_out, STDOUT_FILENO) < 0 || dup2(to_err, STDERR_FILENO) < 0) _exit(126);
  /* Whatever the tests' own parent ignores. */
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  if (run->name) setenv(run->name, run->value, 1);
  execvp(run->words[0], (char *const *)run->words);
  _exit(127);
}

static void slurp(const char *path, char text[TEXT_BYTES])
{
  FILE *file = fopen(path, "rb");
  text[file ? fread(text, 1, TEXT_BYTES - 1, file) : 0] = '\0';
  if (file) fclose(file);
}

static void finish(pid_t child, result *done)
{
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  done->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  done->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static result *run_line(const line *run)
{
  static result done;
  char out[512], err[512];
  folder_file(&shared, "stdout.txt", out);
  folder_file(&shared, "stderr.txt", err);
  finish(start(run, run->out ? run->out : out, err), &done);
  slurp(out, done.out);
  slurp(err, done.err);
  if (run->out) done.out[0] = '\0';
  return &done;
}

/* Runs clreid with the words of the text. */
static result *clreid(const char *format, ...) __attribute__((format(printf, 1, 2)));
static result *clreid(const char *format, ...)
{
  char text[4096];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  line run = {0};
  add(&run, command);
  add_words(&run, text);
  return run_line(&run);
}

static void assert_done(const result *done)
{
  if (done->code != 0) fail_msg("exit code %d, signal %d: %s", done->code, done->signal, done->err);
}

/* One line on stderr that says part, nothing on stdout. */
static void assert_refused(const result *done, int code, const char *part)
{
  if (done->code != code)
    fail_msg("exit code %d, signal %d instead of %d: %s", done->code, done->signal, code, done->err);
  if (strncmp(done->err, "clreid: ", 8) != 0) fail_msg("'%s' does not begin with 'clreid: '", done->err);
  if (!strstr(done->err, part)) fail_msg("'%s' does not say '%s'", done->err, part);
  const char *end = strchr(done->err, '\n');
  if (!end || end[1]) fail_msg("'%s' is not one line", done->err);
  if (done->out[0]) fail_msg("stdout says '%s'", done->out);
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

/* The path of a file of the folder, good until 64 more were asked for. */
static const char *of(const folder *f, const char *name)
{
  static char paths[64][512];
  static int next;
  return folder_file(f, name, paths[next++ % 64]);
}

static bool exists(const char *path)
{
  struct stat facts;
  return lstat(path, &facts) == 0;
}

/* A picture of the person-like kind: a hash decides the colours of blocks. */
static void write_picture(const char *path, int width, int height, uint32_t seed, bool mirrored)
{
  uint8_t *pixels = malloc((size_t)(width * height * 3));
  assert_non_null(pixels);
  for (int i = 0; i < width * height * 3; ++i) {
    const int x = mirrored ? width - 1 - i / 3 % width : i / 3 % width, y = i / 3 / width;
    uint32_t h = seed * 2654435761u + (uint32_t)(x / 7 * 31 + y / 9 * 101 + i % 3) * 40503u;
    h = (h ^ h >> 15) * 0x2c1b3c6du;
    pixels[i] = (uint8_t)(h >> 24);
  }
  assert_int_equal(stbi_write_png(path, width, height, 3, pixels, 3 * width), 1);
  free(pixels);
}

typedef struct features {
  uint64_t rows, columns;
  float *values; /* [rows][columns], for free() */
} features;

static features read_features(const char *path)
{
  npy file;
  clreid_error error = {0};
  if (npy_open(path, &file, &error) != CLREID_OK) fail_msg("%s", error.text);
  features read = {file.rows, file.columns, malloc(file.rows * file.columns * sizeof(float))};
  assert_non_null(read.values);
  assert_int_equal(npy_read(&file, 0, file.rows, read.values, &error), CLREID_OK);
  npy_close(&file);
  return read;
}

static void write_features(const char *path, uint64_t rows, uint64_t columns, const float *values)
{
  char bytes[4096];
  const size_t header = npy_header(rows, columns, bytes), size = rows * columns * sizeof *values;
  assert_true(header + size <= sizeof bytes);
  memcpy(bytes + header, values, size);
  folder_write(path, bytes, header + size);
}

static double relative_difference(const float *a, const float *b, uint64_t count)
{
  double difference = 0, squares = 0;
  for (uint64_t i = 0; i < count; ++i) {
    difference += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
    squares += (double)b[i] * b[i];
  }
  return sqrt(difference / squares);
}

static json_t *parse(const char *text)
{
  json_error_t error;
  json_t *value = json_loads(text, 0, &error);
  if (!value) fail_msg("no JSON (%s): %s", error.text, text);
  return value;
}

/* ---- What all tests share ---------------------------------------------------------------------------------------- */

static const char *weights(void)
{
  return of(&shared, "w.safetensors");
}

static const char *picture_path(int k)
{
  char name[32];
  snprintf(name, sizeof name, "p%d.png", k);
  return of(&shared, name);
}

static int prepare_all(void **state)
{
  (void)state;
  shared = folder_make();
  const result *done =
      clreid("weights --network rga-none --option height=64 --option width=32 --seed 7 --out %s", weights());
  assert_done(done);
  static const int sizes[5][2] = {{WIDTH, HEIGHT}, {50, 20}, {128, 256}, {1, 1}, {31, 99}};
  for (int k = 0; k < 5; ++k) write_picture(picture_path(k), sizes[k][0], sizes[k][1], (uint32_t)k, false);
  write_picture(of(&shared, "mirrored.png"), WIDTH, HEIGHT, 0, true);
  return 0;
}

static int remove_all(void **state)
{
  (void)state;
  folder_remove(&shared);
  return 0;
}

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

static features embed(const folder *f, const char *options, const char *pictures)
{
  const char *out = of(f, "f.npy");
  assert_done(clreid("embed --weights %s --out %s %s %s", weights(), out, options, pictures));
  const features read = read_features(out);
  remove(out);
  assert_int_equal(folder_entries(f), 0);
  return read;
}

static const char *five_pictures(void)
{
  static char text[4096];
  snprintf(text, sizeof text, "%s %s %s %s %s", picture_path(0), picture_path(1), picture_path(2), picture_path(3),
           picture_path(4));
  return text;
}

/* ---- Answers ----------------------------------------------------------------------------------------------------- */

static void every_subcommand_explains_itself(void **state)
{
  (void)state;
  static const char *const names[] = {"devices",  "networks", "weights", "embed",   "match",
                                      "evaluate", "bench",    "tune",    "selftest"};
  const result *done = clreid("--help");
  assert_done(done);
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) assert_non_null(strstr(done->out, names[i]));
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
    done = clreid("%s --help", names[i]);
    assert_done(done);
    assert_non_null(strstr(done->out, "usage: clreid "));
    assert_non_null(strstr(done->out, "--device"));
    assert_string_equal(done->err, "");
  }
  done = clreid("--version");
  assert_done(done);
  assert_int_equal(strncmp(done->out, "clreid ", 7), 0);
}

static void devices_are_listed(void **state)
{
  (void)state;
  const result *done = clreid("devices");
  assert_done(done);
  assert_non_null(strstr(done->out, "the default"));
  json_t *list = parse(clreid("devices --json")->out);
  assert_true(json_array_size(list) > 0);
  json_int_t defaults = 0;
  for (size_t i = 0; i < json_array_size(list); ++i) {
    const json_t *device = json_array_get(list, i);
    assert_int_equal(json_integer_value(json_object_get(device, "index")), i);
    assert_true(json_is_string(json_object_get(device, "name")));
    defaults += json_is_true(json_object_get(device, "default"));
  }
  assert_int_equal(defaults, 1);
  json_decref(list);
}

static void networks_are_listed(void **state)
{
  (void)state;
  const result *done = clreid("networks");
  assert_done(done);
  assert_non_null(strstr(done->out, "rga-sc"));
  json_t *list = parse(clreid("networks --json")->out);
  const char *const fields[] = {"height",     "width",         "feature_length",
                                "parameters", "multiply_adds", "planned_multiply_adds"};
  bool found = false;
  for (size_t i = 0; i < json_array_size(list); ++i) {
    const json_t *network = json_array_get(list, i);
    found = found || strcmp(json_string_value(json_object_get(network, "network")), "rga-sc") == 0;
    for (size_t k = 0; k < sizeof fields / sizeof *fields; ++k) {
      assert_true(json_integer_value(json_object_get(network, fields[k])) > 0);
    }
  }
  assert_true(found);
  json_decref(list);
}

static void random_weights_repeat(void **state)
{
  const folder *f = *state;
  static char one[TEXT_BYTES], two[TEXT_BYTES];
  slurp(weights(), one);
  for (int seed = 7; seed <= 8; ++seed) {
    assert_done(
        clreid("weights --network rga-none --option height=64 --option width=32 --seed %d --out %s", seed, of(f, "w")));
    FILE *a = fopen(weights(), "rb"), *b = fopen(of(f, "w"), "rb");
    assert_non_null(a);
    assert_non_null(b);
    bool same = true;
    for (size_t size = 1; size && same;) {
      size = fread(one, 1, sizeof one, a);
      same = fread(two, 1, sizeof two, b) == size && memcmp(one, two, size) == 0;
    }
    fclose(a);
    fclose(b);
    assert_true(same == (seed == 7));
  }
  assert_int_equal(folder_entries(f), 1);
}

static void the_self_test_passes(void **state)
{
  (void)state;
  const result *done = clreid("selftest");
  assert_done(done);
  assert_non_null(strstr(done->out, "checks passed"));
}

static void a_feature_does_not_depend_on_the_batch(void **state)
{
  const features alone = embed(*state, "--batch 1", five_pictures());
  assert_int_equal(alone.rows, 5);
  for (uint64_t i = 0; i < alone.rows * alone.columns; ++i) assert_true(isfinite(alone.values[i]));
  static const char *const options[] = {"--batch 2", "--batch 3", "", "--batch 1024"};
  for (size_t i = 0; i < sizeof options / sizeof *options; ++i) {
    const features together = embed(*state, options[i], five_pictures());
    assert_int_equal(together.rows, 5);
    assert_memory_equal(together.values, alone.values, alone.rows * alone.columns * sizeof(float));
    free(together.values);
  }
  free(alone.values);
}

/* PoCL is told to be two devices, which give the same bits; --device all spreads each batch over them. */
static void all_devices_share_the_pictures(void **state)
{
  char text[4096];
  const char *out = of(*state, "all.npy");
  const features alone = embed(*state, "--flip", five_pictures());
  line run = {.name = "POCL_DEVICES", .value = "basic pthread"};
  snprintf(text, sizeof text, "embed -v --flip --batch 4 --device all --weights %s --out %s %s", weights(), out,
           five_pictures());
  add(&run, command);
  add_words(&run, text);
  const result *done = run_line(&run);
  assert_int_equal(done->code, 0);
  const features shared_out = read_features(out);
  assert_int_equal(shared_out.rows, alone.rows);
  assert_memory_equal(shared_out.values, alone.values, alone.rows * alone.columns * sizeof(float));
  if (strstr(done->err, "device 1: ")) {
    assert_non_null(strstr(done->err, "group: member 0 does"));
    assert_non_null(strstr(done->err, "group: member 1 does"));
  } else {
    printf("SKIPPED: two devices\n");
  }
  free(alone.values);
  free(shared_out.values);
}

static void flip_is_the_mean_of_a_picture_and_its_mirror_image(void **state)
{
  const features flipped = embed(*state, "--flip", picture_path(0));
  const features plain = embed(*state, "", picture_path(0)), mirrored = embed(*state, "", of(&shared, "mirrored.png"));
  for (uint64_t i = 0; i < plain.columns; ++i) plain.values[i] = 0.5f * plain.values[i] + 0.5f * mirrored.values[i];
  assert_true(relative_difference(flipped.values, plain.values, plain.columns) < 1e-6);
  assert_true(relative_difference(mirrored.values, plain.values, plain.columns) > 1e-4);
  free(flipped.values);
  free(plain.values);
  free(mirrored.values);
}

static void l2_makes_length_one_and_nothing_else(void **state)
{
  const features plain = embed(*state, "--flip", five_pictures()), unit = embed(*state, "--flip --l2", five_pictures());
  for (uint64_t r = 0; r < plain.rows; ++r) {
    double squares = 0, length = 0;
    for (uint64_t i = 0; i < plain.columns; ++i) {
      squares += (double)unit.values[r * plain.columns + i] * unit.values[r * plain.columns + i];
      length += (double)plain.values[r * plain.columns + i] * plain.values[r * plain.columns + i];
    }
    assert_true(fabs(squares - 1) < 1e-5);
    for (uint64_t i = 0; i < plain.columns; ++i) plain.values[r * plain.columns + i] /= (float)sqrt(length);
  }
  assert_true(relative_difference(unit.values, plain.values, plain.rows * plain.columns) < 1e-6);
  free(plain.values);
  free(unit.values);
}

static void feature_and_precision_are_chosen(void **state)
{
  const features neck = embed(*state, "", five_pictures()),
                 named = embed(*state, "--feature neck --precision fp32", five_pictures());
  const features pooled = embed(*state, "--feature pooled", five_pictures());
  const features half = embed(*state, "--precision fp16", five_pictures());
  const uint64_t count = neck.rows * neck.columns;
  assert_memory_equal(named.values, neck.values, count * sizeof(float));
  assert_true(relative_difference(pooled.values, neck.values, count) > 1e-2);
  assert_true(relative_difference(half.values, neck.values, count) < 3e-2);
  free(neck.values);
  free(named.values);
  free(pooled.values);
  free(half.values);
}

static void log_lines_appear_with_v_alone(void **state)
{
  const char *out = of(*state, "f.npy");
  const result *done = clreid("embed --weights %s --out %s %s", weights(), out, picture_path(0));
  assert_done(done);
  assert_string_equal(done->err, "");
  done = clreid("embed -v --weights %s --out %s %s", weights(), out, picture_path(0));
  assert_done(done);
  for (const char *at = done->err; *at; at = strchr(at, '\n') + 1) assert_int_equal(strncmp(at, "[clreid] ", 9), 0);
}

static void bench_reports(void **state)
{
  const result *done = clreid("bench --weights %s --batch 2 --json", weights());
  assert_done(done);
  json_t *report = parse(done->out);
  assert_string_equal(json_string_value(json_object_get(report, "network")), "rga-none");
  assert_string_equal(json_string_value(json_object_get(report, "precision")), "fp32");
  assert_int_equal(json_integer_value(json_object_get(report, "batch")), 2);
  assert_true(json_is_string(json_object_get(report, "device")));
  const double ms = json_real_value(json_object_get(report, "ms_per_image"));
  assert_true(ms > 0);
  assert_true(fabs(json_real_value(json_object_get(report, "images_per_second")) * ms - 1000) < 1e-3);
  assert_true(json_real_value(json_object_get(report, "prepare_ms")) > 0);
  const char *const counts[] = {"launches", "arena_bytes", "weight_bytes", "multiply_adds", "planned_multiply_adds"};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; ++i) {
    assert_true(json_integer_value(json_object_get(report, counts[i])) > 0);
  }
  json_decref(report);
  (void)state;
}

/* Of all devices together: each is named with its part of the one picture. */
static void check_members(const char *out)
{
  json_t *report = parse(out), *members = json_object_get(report, "devices");
  json_int_t pictures = 0;
  assert_int_equal(strncmp(json_string_value(json_object_get(report, "device")), "all (", 5), 0);
  assert_true(json_array_size(members) > 0);
  for (size_t i = 0; i < json_array_size(members); ++i) {
    const json_t *member = json_array_get(members, i);
    assert_true(json_is_string(json_object_get(member, "device")));
    assert_true(json_is_false(json_object_get(member, "failed")));
    pictures += json_integer_value(json_object_get(member, "pictures"));
  }
  assert_int_equal(pictures, 1);
  json_decref(report);
}

static json_int_t sum_of_integers(const json_t *rows, const char *key)
{
  json_int_t sum = 0;
  for (size_t i = 0; i < json_array_size(rows); ++i) {
    sum += json_integer_value(json_object_get(json_array_get(rows, i), key));
  }
  return sum;
}

static double sum_of_reals(const json_t *rows, const char *key)
{
  double sum = 0;
  for (size_t i = 0; i < json_array_size(rows); ++i) {
    sum += json_real_value(json_object_get(json_array_get(rows, i), key));
  }
  return sum;
}

/* The rows add up: to the report's launches and multiply-adds, to the kinds, and to nearly the whole pass. Nearly is
 * generous here: other programs may hold the machine's cores. */
static void bench_profiles(void **state)
{
  const result *done = clreid("bench --network han-small --batch 2 --frame bgr --profile --json");
  assert_done(done);
  json_t *report = parse(done->out);
  assert_string_equal(json_string_value(json_object_get(report, "frame")), "bgr");
  const json_t *rows = json_object_get(report, "profile"), *kinds = json_object_get(report, "profile_kinds");
  const json_t *total = json_object_get(report, "profile_total");
  assert_true(json_array_size(rows) > 20 && json_array_size(kinds) > 5);
  const json_int_t planned = json_integer_value(json_object_get(report, "planned_multiply_adds"));
  assert_int_equal(sum_of_integers(rows, "multiply_adds"), 2 * planned);
  assert_int_equal(sum_of_integers(rows, "launches"), json_integer_value(json_object_get(report, "launches")));
  static const char *const counts[] = {"multiply_adds", "launches", "bytes"};
  for (size_t i = 0; i < 3; ++i) assert_int_equal(sum_of_integers(kinds, counts[i]), sum_of_integers(rows, counts[i]));
  const double sum = sum_of_reals(rows, "ms"), pass = json_real_value(json_object_get(total, "pass_ms"));
  printf("the lines explain %.1f %% of %.3f ms\n", 100 * sum / pass, pass);
  assert_true(fabs(sum_of_reals(kinds, "ms") - sum) < 1e-6 * sum);
  assert_true(fabs(json_real_value(json_object_get(total, "sum_ms")) - sum) < 1e-6 * sum);
  assert_true(sum > 0.7 * pass && sum < 1.05 * pass);
  json_decref(report);
  (void)state;
}

static void bench_prints_a_profile(void **state)
{
  const result *done = clreid("bench --network han-small --profile --frame nv12");
  assert_done(done);
  static const char *const texts[] = {"boxes of a frame of 1920 x 1080, nv12",
                                      "upload",
                                      "resize",
                                      "between launches",
                                      "read back",
                                      "separable",
                                      "the lines explain"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i) assert_non_null(strstr(done->out, texts[i]));
  (void)state;
}

/* A second is enough to see that it begins, ends, says what it found, and drops it again. */
static void tune_reports_and_forgets(void **state)
{
  (void)state;
  const result *done = clreid("tune --network han-small --batch 2 --seconds 1 --json");
  assert_done(done);
  assert_non_null(strstr(done->err, "tune: 1 of "));
  json_t *all = parse(done->out);
  const json_int_t shapes = json_integer_value(json_object_get(all, "shapes")),
                   tuned = json_integer_value(json_object_get(all, "tuned")),
                   kept = json_integer_value(json_object_get(all, "kept"));
  assert_true(shapes > 5 && tuned >= 1 && tuned <= shapes && kept <= tuned);
  assert_int_equal(json_integer_value(json_object_get(all, "refused")), 0);
  assert_int_equal(json_array_size(json_object_get(all, "rows")), kept);
  json_decref(all);
  char text[64];
  snprintf(text, sizeof text, "%d rows dropped", (int)kept);
  done = clreid("tune --reset");
  assert_done(done);
  assert_non_null(strstr(done->out, text));
}

static void bench_removes_its_random_weights(void **state)
{
  const folder *f = *state;
  line run = {.name = "TMPDIR", .value = f->path};
  add(&run, command);
  add_words(&run, "bench --network rga-none --device all --json");
  const result *done = run_line(&run);
  assert_done(done);
  check_members(done->out);
  assert_int_equal(folder_entries(f), 0);
}

/* ---- match ------------------------------------------------------------------------------------------------------- */

static const float query[2][3] = {{1, 0, 0}, {0, 2, 0}};
static const float gallery[4][3] = {{0, 1, 0}, {2, 0, 0}, {1, 1, 0}, {1, 0, 0}};

static double distance_at(const json_t *matches, size_t place, json_int_t *index)
{
  const json_t *match = json_array_get(matches, place);
  *index = json_integer_value(json_object_get(match, "index"));
  return json_number_value(json_object_get(match, "distance"));
}

static void match_finds_the_nearest(void **state)
{
  const folder *f = *state;
  write_features(of(f, "q.npy"), 2, 3, &query[0][0]);
  write_features(of(f, "g.npy"), 4, 3, &gallery[0][0]);
  static const struct {
    const char *metric;
    json_int_t index[2][4];
    double distance[2][4];
  } wanted[] = {
      {"cosine", {{1, 3, 2, 0}, {0, 2, 1, 3}}, {{0, 0, 0.292893219, 1}, {0, 0.292893219, 1, 1}}},
      {"euclidean", {{3, 1, 2, 0}, {0, 2, 3, 1}}, {{0, 1, 1, 1.414213562}, {1, 1.414213562, 2.236067977, 2.828427125}}},
  };
  for (size_t m = 0; m < 2; ++m) {
    for (size_t top = 1; top <= 6; ++top) {
      const result *done = clreid("match --query %s --gallery %s --metric %s --top %zu --json", of(f, "q.npy"),
                                  of(f, "g.npy"), wanted[m].metric, top);
      assert_done(done);
      json_t *list = parse(done->out);
      assert_int_equal(json_array_size(list), 2);
      for (size_t q = 0; q < 2; ++q) {
        const json_t *entry = json_array_get(list, q), *matches = json_object_get(entry, "matches");
        assert_int_equal(json_integer_value(json_object_get(entry, "query")), q);
        assert_int_equal(json_array_size(matches), top < 4 ? top : 4);
        for (size_t k = 0; k < top && k < 4; ++k) {
          json_int_t index;
          const double distance = distance_at(matches, k, &index);
          assert_int_equal(index, wanted[m].index[q][k]);
          assert_true(fabs(distance - wanted[m].distance[q][k]) < 1e-8);
        }
      }
      json_decref(list);
    }
  }
  const result *done = clreid("match --query %s --gallery %s --top 1", of(f, "q.npy"), of(f, "g.npy"));
  assert_done(done);
  assert_string_equal(done->out,
                      " query  rank  gallery  distance\n     0     1        1  0\n     1     1        0  0\n");
}

static void match_refuses_what_does_not_fit(void **state)
{
  const folder *f = *state;
  write_features(of(f, "q.npy"), 2, 3, &query[0][0]);
  write_features(of(f, "short.npy"), 3, 2, &query[0][0]);
  const result *done = clreid("match --query %s --gallery %s", of(f, "q.npy"), of(f, "short.npy"));
  assert_refused(done, 1, "length 3");
  assert_refused(done, 1, "short.npy' 2");

  float spoiled[4][3];
  memcpy(spoiled, gallery, sizeof spoiled);
  spoiled[1][2] = NAN;
  spoiled[3][0] = INFINITY;
  write_features(of(f, "g.npy"), 4, 3, &spoiled[0][0]);
  assert_refused(clreid("match --query %s --gallery %s", of(f, "q.npy"), of(f, "g.npy")), 1,
                 "2 of 4 rows that are not finite (1, 3)");
  assert_refused(clreid("match --query %s --gallery %s --json", of(f, "g.npy"), of(f, "q.npy")), 1, "(1, 3)");
  assert_refused(clreid("match --query %s --gallery %s", of(f, "q.npy"), of(f, "missing.npy")), 1, "No such file");
  assert_refused(clreid("match --query %s --gallery %s", f->path, of(f, "q.npy")), 1, "not a file");
  folder_write(of(f, "text.npy"), "a text\n", 7);
  assert_refused(clreid("match --query %s --gallery %s", of(f, "text.npy"), of(f, "q.npy")), 1, "not a .npy file");
}

static void results_that_cannot_be_written_are_a_failure(void **state)
{
  const folder *f = *state;
  write_features(of(f, "q.npy"), 2, 3, &query[0][0]);
  char text[1200];
  snprintf(text, sizeof text, "match --query %s --gallery %s", of(f, "q.npy"), of(f, "q.npy"));
  const char *const lines[] = {"networks", "devices", "--help", text};
  for (size_t i = 0; i < sizeof lines / sizeof *lines; ++i) {
    line run = {.out = "/dev/full"};
    add(&run, command);
    add_words(&run, lines[i]);
    assert_refused(run_line(&run), 1, "No space left");
  }
}

/* ---- Refusals ---------------------------------------------------------------------------------------------------- */

static void wrong_usage_is_told_apart(void **state)
{
  (void)state;
  static const struct {
    const char *words, *says;
  } cases[] = {
      {"frobnicate", "no command 'frobnicate'"},
      {"--frobnicate", "no option '--frobnicate'"},
      {"devices --frobnicate", "no option --frobnicate"},
      {"devices -x", "no option -x"},
      {"devices extra", "'extra'"},
      {"devices --json=yes", "--json takes no value"},
      {"devices --device first", "not 'first'"},
      {"devices --device -1", "not '-1'"},
      {"devices --device all", "not 'all'"},
      {"bench --network rga-sc --device all --profile", "--profile is for one device"},
      {"bench --network rga-sc --device all --frame rgb", "--frame is for one device"},
      {"bench --network rga-sc --device every", "--device wants cpu, gpu, all or an index, not 'every'"},
      {"devices --device", "--device wants a value"},
      {"weights --seed 1 --out w", "--network NAME is missing"},
      {"weights --network rga-sc --out w", "--seed S is missing"},
      {"weights --network rga-sc --seed -1 --out w", "not '-1'"},
      {"weights --network rga-sc --seed 18446744073709551616 --out w", "not '18446744073709551616'"},
      {"weights --network rga-sc --seed 1", "--out W.safetensors is missing"},
      {"embed --weights w --out f", "PICTURE... is missing"},
      {"embed --weights w p.png", "--out F.npy is missing"},
      {"embed --out f p.png", "--weights W.safetensors is missing"},
      {"embed --weights w --out f --batch 1 --batch 2 p.png", "--batch can be given once"},
      {"embed --weights w --out f --precision fp32 --precision fp16 p.png", "--precision can be given once"},
      {"embed --weights w --out f --out g p.png", "--out can be given once"},
      {"embed --weights w --weights x --network n --out f p.png", "with one --weights, not with 2"},
      {"embed --weights= --out f p.png", "not an empty text"},
      {"embed --weights w --out f --batch 0 p.png", "from 1 to 1024, not '0'"},
      {"embed --weights w --out f --batch x p.png", "not 'x'"},
      {"embed --weights w --out f --batch 1x p.png", "not '1x'"},
      {"embed --weights w --out f --batch 1025 p.png", "not '1025'"},
      {"embed --weights w --out f --batch 99999999999999999999 p.png", "not '99999999999999999999'"},
      {"embed --weights w --out f --precision fp8 p.png", "fp32|fp16, not 'fp8'"},
      {"embed --weights w --out f --feature head p.png", "neck|pooled, not 'head'"},
      {"embed --weights w --out= p.png", "not an empty text"},
      {"embed --weights w --out f --masks= p.png", "not an empty text"},
      {"match --query q", "--gallery G.npy is missing"},
      {"match --query q --gallery g --top -1", "not '-1'"},
      {"match --query q --gallery g --top 0", "not '0'"},
      {"match --query q --gallery g --metric manhattan", "not 'manhattan'"},
      {"match --query q --gallery g --k1 20", "--k1 is a setting of --rerank"},
      {"match --query q --gallery g --rerank --lambda 2", "from 0 to 1, not '2'"},
      {"match --query q --gallery g --sheet s.png", "--query-pictures and --gallery-pictures"},
      {"match --query q --gallery g --query-labels q.csv --gallery-labels g.csv", "for --sheet"},
      {"match --query q --gallery g --sheet s.png --query-pictures a --gallery-pictures b --query-labels c",
       "--gallery-labels is missing"},
      {"evaluate --query q --gallery g --query-labels q.csv", "--gallery-labels G.csv is missing"},
      {"evaluate --query q --gallery g --query-labels a --gallery-labels b --k2 6", "--k2 is a setting of --rerank"},
      {"bench", "--network NAME or --weights"},
      {"bench --network rga-sc --batch 0", "not '0'"},
      {"bench --network rga-sc --speed", "no option --speed"},
      {"tune", "--network NAME, --weights W.safetensors or --reset"},
      {"tune --network rga-sc --seconds 0", "not '0'"},
      {"tune --network rga-sc --batch 0", "not '0'"},
      {"selftest --json", "no option --json"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    assert_refused(clreid("%s", cases[i].words), 2, cases[i].says);
  }
  line alone = {0};
  add(&alone, command);
  assert_int_equal(run_line(&alone)->code, 2);
}

/* A loader that finds no driver: the machine seems to have no OpenCL platform. */
static void no_platform_is_explained(void **state)
{
  const folder *f = *state;
  assert_int_equal(mkdir(of(f, "none"), 0700), 0);
  char vendors[600], texts[4][2048];
  snprintf(vendors, sizeof vendors, "%s/", of(f, "none"));
  snprintf(texts[0], sizeof texts[0], "devices");
  snprintf(texts[1], sizeof texts[1], "selftest");
  snprintf(texts[2], sizeof texts[2], "embed --weights %s --out %s %s", weights(), of(f, "f.npy"), picture_path(0));
  snprintf(texts[3], sizeof texts[3], "bench --weights %s", weights());
  for (size_t i = 0; i < 4; ++i) {
    line run = {.name = "OCL_ICD_VENDORS", .value = vendors};
    add(&run, command);
    add_words(&run, texts[i]);
    assert_refused(run_line(&run), 1, "no OpenCL platform");
  }
  assert_int_equal(folder_entries(f), 1);
}

static void no_such_device_is_explained(void **state)
{
  const folder *f = *state;
  assert_refused(clreid("embed --device 99 --weights %s --out %s %s", weights(), of(f, "f.npy"), picture_path(0)), 1,
                 "99");
  assert_refused(clreid("selftest --device 99"), 1, "99");
  assert_int_equal(folder_entries(f), 0);
}

static void wrong_weights_are_explained(void **state)
{
  const folder *f = *state;
  folder_write(of(f, "text.safetensors"), "these are no weights\n", 21);
  folder_write(of(f, "empty.safetensors"), "", 0);
  const char *out = of(f, "f.npy"), *picture = picture_path(0);
  assert_refused(clreid("embed --weights %s --out %s %s", of(f, "missing"), out, picture), 1, "missing");
  assert_refused(clreid("embed --weights %s --out %s %s", of(f, "text.safetensors"), out, picture), 1,
                 "text.safetensors");
  assert_refused(clreid("embed --weights %s --out %s %s", of(f, "empty.safetensors"), out, picture), 1,
                 "empty.safetensors");
  assert_refused(clreid("embed --weights %s --out %s %s", f->path, out, picture), 1, f->path);
  assert_refused(clreid("embed --network rga-sc --weights %s --out %s %s", weights(), out, picture), 1, "rga-none");
  assert_refused(clreid("embed --network resnet --weights %s --out %s %s", weights(), out, picture), 1, "resnet");
  assert_refused(clreid("bench --weights %s", of(f, "text.safetensors")), 1, "text.safetensors");
  assert_refused(clreid("bench --network resnet"), 1, "resnet");
  assert_refused(clreid("weights --network resnet --seed 1 --out %s", of(f, "w")), 1, "resnet");
  assert_int_equal(folder_entries(f), 2);
}

static void an_unreadable_picture_costs_its_own_row(void **state)
{
  const folder *f = *state;
  const features good = embed(f, "", picture_path(0));
  assert_int_equal(mkdir(of(f, "bad"), 0700), 0);
  folder_write(of(f, "bad/empty.png"), "", 0);
  folder_write(of(f, "bad/text.jpg"), "a text\n", 7);
  /* A BMP of 0 x 7. */
  static const char no_pixels[54] = "BM\x36\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\0\0\0\0\x7\0\0\0\1\0\x18";
  folder_write(of(f, "bad/zero.bmp"), no_pixels, sizeof no_pixels);
  const char *const bad[] = {of(f, "bad/empty.png"), of(f, "bad/zero.bmp"), of(f, "bad"), of(f, "bad/text.jpg"),
                             of(f, "bad/no.png")};
  const char *const reasons[] = {"0 bytes", "0 x 7", "a folder", "neither JPEG", "No such file"};
  const char *out = of(f, "f.npy");

  /* Alone: one line, no file. */
  for (size_t i = 0; i < 5; ++i) {
    const result *done = clreid("embed --weights %s --out %s %s", weights(), out, bad[i]);
    assert_refused(done, 1, bad[i]);
    assert_refused(done, 1, reasons[i]);
    assert_int_equal(folder_entries(f), 1);
  }
  /* All of them: a line each, no file. */
  const result *done = clreid("embed --weights %s --out %s --batch 2 %s %s %s", weights(), out, bad[0], bad[1], bad[2]);
  assert_int_equal(done->code, 1);
  assert_int_equal(folder_entries(f), 1);

  /* Between good ones: NaN in their rows, and the others as they are alone. */
  for (int batch = 1; batch <= 8; batch *= 2) {
    done = clreid("embed --weights %s --out %s --batch %d %s %s %s %s %s %s %s", weights(), out, batch, bad[0],
                  picture_path(0), bad[1], bad[2], picture_path(0), bad[3], bad[4]);
    assert_int_equal(done->code, 1);
    const features all = read_features(out);
    remove(out);
    assert_int_equal(all.rows, 7);
    const char *at = done->err;
    for (uint64_t r = 0, b = 0; r < 7; ++r) {
      const float *row = all.values + r * all.columns;
      if (r == 1 || r == 4) {
        assert_memory_equal(row, good.values, good.columns * sizeof(float));
        continue;
      }
      for (uint64_t i = 0; i < all.columns; ++i) assert_true(isnan(row[i]));
      char place[600];
      snprintf(place, sizeof place, "clreid: %s: ", bad[b]);
      assert_ptr_equal(strstr(at, place), at); /* in order, a line each */
      assert_non_null(strstr(at, reasons[b++]));
      at = strchr(at, '\n') + 1;
    }
    assert_string_equal(at, "");
    free(all.values);
  }
  free(good.values);
}

static void outputs_that_cannot_be_are_explained(void **state)
{
  const folder *f = *state;
  assert_int_equal(mkfifo(of(f, "pipe"), 0600), 0); /* stands for /dev/null, which root could replace by mistake */
  const char *picture = picture_path(0);
  assert_refused(clreid("embed --weights %s --out %s %s", weights(), of(f, "no/f.npy"), picture), 1,
                 "folder does not exist");
  assert_refused(clreid("embed --weights %s --out %s %s", weights(), f->path, picture), 1, "is a folder");
  assert_refused(clreid("embed --weights %s --out %s %s", weights(), of(f, "pipe"), picture), 1, "is a device");
  assert_refused(clreid("weights --network rga-none --seed 1 --out %s", of(f, "no/w")), 1, of(f, "no/w"));
  assert_int_equal(symlink("loop.npy", of(f, "loop.npy")), 0);
  assert_refused(clreid("embed --weights %s --out %s %s", weights(), of(f, "loop.npy"), picture), 1, "link to nothing");
  assert_refused(clreid("weights --network rga-none --seed 1 --out %s", of(f, "loop.npy")), 1, "link to nothing");
  remove(of(f, "loop.npy"));
  assert_refused(clreid("weights --network rga-none --seed 1 --out %s", f->path), 1, "is a folder");
  assert_refused(clreid("weights --network rga-none --seed 1 --out %s", of(f, "pipe")), 1, "is a device");
  struct stat after;
  assert_int_equal(stat(of(f, "pipe"), &after), 0);
  assert_true(S_ISFIFO(after.st_mode));
  assert_int_equal(folder_entries(f), 1);
}

static void an_old_file_stays_until_the_new_one_is_whole(void **state)
{
  const folder *f = *state;
  folder_write(of(f, "f.npy"), "old", 3);
  assert_int_equal(symlink("f.npy", of(f, "link.npy")), 0);
  static char text[TEXT_BYTES];
  assert_int_equal(clreid("embed --weights %s --out %s %s", weights(), of(f, "f.npy"), of(f, "missing.png"))->code, 1);
  slurp(of(f, "f.npy"), text);
  assert_string_equal(text, "old");
  assert_done(clreid("embed --weights %s --out %s %s", weights(), of(f, "link.npy"), picture_path(0)));
  struct stat facts;
  assert_int_equal(lstat(of(f, "link.npy"), &facts), 0);
  assert_true(S_ISLNK(facts.st_mode)); /* the link stays a link, its target is new */
  free(read_features(of(f, "f.npy")).values);
  assert_int_equal(folder_entries(f), 2);
}

static void copy_file(const char *from, const char *to)
{
  static char bytes[1 << 20];
  FILE *source = fopen(from, "rb"), *copy = fopen(to, "wb");
  assert_true(source && copy);
  for (size_t got; (got = fread(bytes, 1, sizeof bytes, source)) > 0;) {
    assert_int_equal(fwrite(bytes, 1, got, copy), got);
  }
  fclose(source);
  assert_int_equal(fclose(copy), 0);
}

static void an_input_is_never_written_over(void **state)
{
  const folder *f = *state;
  copy_file(picture_path(0), of(f, "p.png"));
  copy_file(weights(), of(f, "w"));
  assert_int_equal(symlink("p.png", of(f, "link.png")), 0);
  struct stat picture, weight, now;
  assert_int_equal(stat(of(f, "p.png"), &picture), 0);
  assert_int_equal(stat(of(f, "w"), &weight), 0);
  assert_refused(
      clreid("embed --weights %s --out %s %s %s", weights(), of(f, "p.png"), picture_path(1), of(f, "p.png")), 1,
      "to be read and to be written");
  assert_refused(clreid("embed --weights %s --out %s %s", weights(), of(f, "link.png"), of(f, "p.png")), 1, "p.png");
  assert_refused(clreid("embed --weights %s --out %s %s", of(f, "w"), of(f, "w"), picture_path(0)), 1, "/w'");
  assert_int_equal(stat(of(f, "p.png"), &now), 0);
  assert_int_equal(now.st_size, picture.st_size);
  assert_int_equal(stat(of(f, "w"), &now), 0);
  assert_int_equal(now.st_size, weight.st_size);
  assert_int_equal(folder_entries(f), 3);
}

/* In a shell that lets no file grow beyond a few KiB: an error like another, not a death by SIGXFSZ. */
static void a_limit_on_file_sizes_is_explained(void **state)
{
  const folder *f = *state;
  char script[2048];
  snprintf(script, sizeof script, "ulimit -f 4; exec %s weights --network rga-none --seed 1 --out %s", command,
           of(f, "w"));
  line run = {0};
  add_words(&run, "sh -c");
  add(&run, script);
  assert_refused(run_line(&run), 1, "too large");
  assert_int_equal(folder_entries(f), 0);
}

/* A driver that calls exit(), as PoCL does where its compiler finds the disk full. */
static void a_driver_that_ends_the_process_leaves_nothing_half_written(void **state)
{
  const folder *f = *state;
  char vendors[600], icd[600];
  assert_int_equal(mkdir(of(f, "vendors"), 0700), 0);
  snprintf(vendors, sizeof vendors, "%s/", of(f, "vendors"));
  snprintf(icd, sizeof icd, "%s/broken_icd_exits.so\n", BROKEN_ICD_FOLDER);
  folder_write(of(f, "vendors/exits.icd"), icd, strlen(icd));
  char words[2048];
  snprintf(words, sizeof words, "embed --weights %s --out %s %s", weights(), of(f, "f.npy"), picture_path(0));
  line run = {.name = "OCL_ICD_VENDORS", .value = vendors};
  add(&run, command);
  add_words(&run, words);
  assert_int_equal(run_line(&run)->code, 7); /* the driver was asked */
  assert_int_equal(folder_entries(f), 1);
}

/* Runs the words in a shell where FOLDER/small is a file system of one page; the last line of stdout counts what lies
 * in it afterwards. */
static result *run_on_full_disk(const folder *f, const char *words)
{
  static char script[4096];
  snprintf(script, sizeof script,
           "mount -t tmpfs -o size=4k none %s && { %s %s; code=$?; ls -A %s | wc -l; exit $code; }", of(f, "small"),
           command, words, of(f, "small"));
  line run = {0};
  add_words(&run, "unshare --mount --map-root-user sh -c");
  add(&run, script);
  return run_line(&run);
}

static void a_full_disk_is_explained(void **state)
{
  const folder *f = *state;
  assert_int_equal(mkdir(of(f, "small"), 0700), 0);
  const result *done = run_on_full_disk(f, "--version");
  if (done->code != 0) {
    print_message("SKIPPED: cannot mount a small file system here: %s", done->err);
    skip();
  }
  char words[2048];
  snprintf(words, sizeof words, "embed --weights %s --out %s %s", weights(), of(f, "small/f.npy"), picture_path(0));
  result *full = run_on_full_disk(f, words);
  assert_string_equal(full->out, "0\n");
  full->out[0] = '\0';
  assert_refused(full, 1, "f.npy");
  snprintf(words, sizeof words, "weights --network rga-none --seed 1 --out %s", of(f, "small/w"));
  full = run_on_full_disk(f, words);
  assert_string_equal(full->out, "0\n");
  full->out[0] = '\0';
  assert_refused(full, 1, "small/w");
}

/* ---- Interrupts -------------------------------------------------------------------------------------------------- */

static void sleep_ms(long ms)
{
  const struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
  nanosleep(&pause, NULL);
}

/* Starts the line, waits until something lies in the folder, and `after_ms` longer; then sends the signal. */
static result *interrupt(const line *run, const folder *f, int number, long after_ms)
{
  static result done;
  const pid_t child = start(run, of(&shared, "stdout.txt"), of(&shared, "stderr.txt"));
  siginfo_t ended = {0};
  for (int i = 0; i < 6000 && folder_entries(f) == 0 && ended.si_pid == 0; ++i) {
    sleep_ms(10);
    waitid(P_PID, (id_t)child, &ended, WEXITED | WNOHANG | WNOWAIT);
  }
  sleep_ms(after_ms);
  kill(child, number);
  finish(child, &done);
  slurp(of(&shared, "stderr.txt"), done.err);
  return &done;
}

static void an_interrupt_leaves_nothing_behind(void **state)
{
  const folder *f = *state;
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
  static line run;
  run = (line){0};
  add(&run, command);
  char text[2048], path[512];
  snprintf(text, sizeof text, "embed --batch 1 --weights %s --out %s", weights(), of(f, "f.npy"));
  add_words(&run, text);
  snprintf(path, sizeof path, "%s", picture_path(2));
  while (run.count < MOST_ARGUMENTS) add(&run, path); /* long enough to be interrupted */
  for (int i = 0; i < 6; ++i) {
    const result *done = interrupt(&run, f, numbers[i % 3], 150L * i);
    if (done->signal != numbers[i % 3]) {
      fail_msg("exit code %d, signal %d instead of %d: %s", done->code, done->signal, numbers[i % 3], done->err);
    }
    assert_int_equal(folder_entries(f), 0);
  }
}

static void an_interrupted_bench_leaves_nothing_behind(void **state)
{
  const folder *f = *state;
  line run = {.name = "TMPDIR", .value = f->path};
  add(&run, command);
  add_words(&run, "bench --network rga-none");
  for (long i = 0; i < 4; ++i) {
    const result *done = interrupt(&run, f, SIGINT, 100 * i);
    if (done->signal != SIGINT) fail_msg("exit code %d, signal %d: %s", done->code, done->signal, done->err);
    assert_int_equal(folder_entries(f), 0);
  }
}

static void interrupted_weights_are_whole_or_not_there(void **state)
{
  const folder *f = *state;
  char text[1024];
  snprintf(text, sizeof text, "weights --network rga-none --option height=64 --option width=32 --seed 7 --out %s",
           of(f, "w"));
  line run = {0};
  add(&run, command);
  add_words(&run, text);
  for (long i = 0; i < 4; ++i) {
    interrupt(&run, f, SIGINT, 20 * i);
    struct stat made, whole;
    assert_int_equal(stat(weights(), &whole), 0);
    if (stat(of(f, "w"), &made) == 0) assert_int_equal(made.st_size, whole.st_size);
    remove(of(f, "w"));
    assert_int_equal(folder_entries(f), 0);
  }
}

#define with_folder(test) cmocka_unit_test_setup_teardown(test, make, clean)

int main(void)
{
  command = getenv("CLREID_COMMAND");
  if (!command || !exists(command)) {
    printf("SKIPPED: CLREID_COMMAND does not name the command to test\n");
    return 77;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_subcommand_explains_itself),
      cmocka_unit_test(devices_are_listed),
      cmocka_unit_test(networks_are_listed),
      with_folder(random_weights_repeat),
      cmocka_unit_test(the_self_test_passes),
      with_folder(a_feature_does_not_depend_on_the_batch),
      with_folder(all_devices_share_the_pictures),
      with_folder(flip_is_the_mean_of_a_picture_and_its_mirror_image),
      with_folder(l2_makes_length_one_and_nothing_else),
      with_folder(feature_and_precision_are_chosen),
      with_folder(log_lines_appear_with_v_alone),
      cmocka_unit_test(bench_reports),
      cmocka_unit_test(bench_profiles),
      cmocka_unit_test(bench_prints_a_profile),
      cmocka_unit_test(tune_reports_and_forgets),
      with_folder(bench_removes_its_random_weights),
      with_folder(match_finds_the_nearest),
      with_folder(match_refuses_what_does_not_fit),
      with_folder(results_that_cannot_be_written_are_a_failure),
      cmocka_unit_test(wrong_usage_is_told_apart),
      with_folder(no_platform_is_explained),
      with_folder(no_such_device_is_explained),
      with_folder(wrong_weights_are_explained),
      with_folder(an_unreadable_picture_costs_its_own_row),
      with_folder(outputs_that_cannot_be_are_explained),
      with_folder(an_old_file_stays_until_the_new_one_is_whole),
      with_folder(an_input_is_never_written_over),
      with_folder(a_limit_on_file_sizes_is_explained),
      with_folder(a_driver_that_ends_the_process_leaves_nothing_half_written),
      with_folder(a_full_disk_is_explained),
      with_folder(an_interrupt_leaves_nothing_behind),
      with_folder(an_interrupted_bench_leaves_nothing_behind),
      with_folder(interrupted_weights_are_whole_or_not_there),
  };
  return cmocka_run_group_tests(tests, prepare_all, remove_all);
}
