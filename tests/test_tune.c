/*
 * test_tune.c - proves host/tuning.c, host/tuner.c and lib/tune.c: rows and their file, whatever is in it; any valid
 * tile gives the same bits; the tuner refuses what is wrong, keeps what is faster, and ends in time.
 */
#include "support.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/api.h"
#include "folder.h"
#include "selftest.h"
#include "source.h"

static const cr_facts cpu = {.type = CR_DEVICE_CPU,
                             .float_vector_width = 8,
                             .compute_units = 2,
                             .largest_work_group = 4096,
                             .name = "some \"CPU\"",
                             .platform = "some platform",
                             .driver = "1.0"};

static int said; /* lines of the log */

static void count_line(void *user, const char *line)
{
  (void)user;
  if (getenv("CLREID_TEST_VERBOSE")) fprintf(stderr, "%s\n", line);
  said++;
}

/* A device of facts alone, its rows loaded: nothing but rows asks it for more. */
static cr_device paper_device(const folder *f)
{
  cr_device device = {.facts = cpu, .mutex = cr_mutex_create(), .log = {count_line, NULL}};
  assert_non_null(device.mutex);
  device.tuning_folder = f ? (char *)(uintptr_t)f->path : NULL;
  cr_tuning_load(&device);
  return device;
}

static void forget(cr_device *device)
{
  cr_tuning_free(device);
  cr_mutex_destroy(device->mutex);
}

static cr_tiled_shape shape_of(cr_tiled kernel, size_t rows, size_t columns)
{
  return (cr_tiled_shape){.kernel = kernel, .rows = rows, .columns = columns, .depth = 64, .taps = 1, .groups = 1};
}

static const cr_tile odd_tile = {.rows = 5, .vectors = 3, .vector = 8, .local_rows = 1, .local_columns = 1};

static cr_tuned row_of(cr_tiled kernel, size_t rows)
{
  const cr_tiled_shape shape = shape_of(kernel, rows, 48);
  return cr_tuned_make(&cpu, &shape, &odd_tile);
}

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

static const char *read_row(const char *line, cr_tuned *row)
{
  return cr_tuned_read(line, strlen(line), row);
}

/* What is written is read as what was written. */
static void rows_make_the_round_trip(void **state)
{
  (void)state;
  static const char *const lines[] = {
      "kernel=conv tile=6x1x16",
      "kernel=any tile=8x1x4 order=columns group=4x16 precision=fp16 type=gpu rows=2048- columns=64-128",
      "kernel=separable tile=16x1x16 type=cpu rows=0-3 depth=7 taps=9 groups=1 width=8 units=2-",
      "kernel=gemm tile=1x4x2 platform=\"a b\" device=\"#=\" driver=\"1\" library=\"0.1.0\"",
  };
  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
    cr_tuned row;
    char line[1024];
    assert_null(read_row(lines[i], &row));
    const int length = cr_tuned_write(&row, line, sizeof line);
    assert_int_equal(length, strlen(line));
    assert_string_equal(line, lines[i]);
    for (size_t size = 0; size <= strlen(line); size++) { /* as snprintf counts, whatever the room */
      char cut[1024];
      assert_int_equal(cr_tuned_write(&row, cut, size), length);
    }
  }
  const cr_tuned made = row_of(CR_TILED_WINOGRAD, 300), large = row_of(CR_TILED_CONV, 5000);
  cr_tuned again;
  char line[1024];
  cr_tuned_write(&made, line, sizeof line);
  assert_null(read_row(line, &again));
  assert_memory_equal(&again, &made, sizeof made);
  assert_int_equal(large.number[0].least, 4096);
  assert_int_equal(large.number[0].most, 8191);
}

static void bad_rows_are_refused(void **state)
{
  (void)state;
  static const char *const lines[] = {
      "kernel=conv",
      "tile=6x1x16",
      "kernel=conv tile=6x1x16 colour=red",
      "kernel=conv tile=6x1x16 tile=6x1x16",
      "kernel=convolution tile=6x1x16",
      "kernel= tile=6x1x16",
      "kernel=conv tile=6x1",
      "kernel=conv tile=6x1x16x",
      "kernel=conv tile=6x1x3",
      "kernel=conv tile=6x1x32",
      "kernel=conv tile=6x1x1",
      "kernel=conv tile=0x1x16",
      "kernel=conv tile=17x1x16",
      "kernel=conv tile=6x5x4",
      "kernel=conv tile=16x4x16",
      "kernel=conv tile=-6x1x16",
      "kernel=conv tile=6x1x99999999999999999999",
      "kernel=conv tile=6x1x16 group=0x1",
      "kernel=conv tile=6x1x16 group=3x1",
      "kernel=conv tile=6x1x16 group=256x2",
      "kernel=conv tile=6x1x16 group=2147483647x2147483647",
      "kernel=conv tile=6x1x16 order=up",
      "kernel=conv tile=6x1x16 precision=fp64",
      "kernel=conv tile=6x1x16 type=fpga",
      "kernel=conv tile=6x1x16 rows=",
      "kernel=conv tile=6x1x16 rows=-",
      "kernel=conv tile=6x1x16 rows=5-4",
      "kernel=conv tile=6x1x16 rows=4-5-6",
      "kernel=conv tile=6x1x16 rows=2147483648",
      "kernel=conv tile=6x1x16 rows",
      "kernel=conv tile=6x1x16 =5",
      "kernel=conv tile=6x1x16 platform=\"a\" device=\"b\" driver=\"c\"",
      "kernel=conv tile=6x1x16 platform=\"a\" device=\"b\" driver=\"c\" library=\"\"",
      "kernel=conv tile=6x1x16 platform=\"a\" device=\"b\" driver=\"c\" library=\"d",
      "kernel=conv tile=6x1x16 platform=\"a\"device=\"b\" driver=\"c\" library=\"d\"",
      "kernel=conv tile=6x1x16 platform=\"a\" device=\"b\tc\" driver=\"c\" library=\"d\"",
      "{\"kernel\": \"conv\"}",
  };
  cr_tuned row;
  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
    if (!read_row(lines[i], &row)) fail_msg("taken for a good row: %s", lines[i]);
  static const char *const good[] = {"", "   ", "# kernel=conv", "\r"};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    assert_null(read_row(good[i], &row));
    assert_int_equal(row.kernels, 0);
  }
  assert_null(read_row(" \tkernel=conv  tile=6x1x16 # as it is\r", &row));
}

/* Every row that the library ships is good, and what each class of devices is given. */
static void shipped_rows_are_the_defaults(void **state)
{
  (void)state;
  static const struct {
    cr_device_type type;
    unsigned width;
    size_t group, rows;
    int columns;
    size_t groups;
    cr_tile tile;
  } rows[] = {
      {CR_DEVICE_CPU, 16, 4096, 2048, 64, 1, {6, 4, 16, false, 1, 1}},
      {CR_DEVICE_CPU, 16, 4096, 8, 64, 1, {8, 3, 16, false, 1, 1}},
      {CR_DEVICE_CPU, 16, 4096, 2048, 48, 1, {12, 2, 16, false, 1, 1}},
      {CR_DEVICE_CPU, 16, 4096, 2048, 16, 1, {8, 1, 16, false, 1, 1}},
      {CR_DEVICE_CPU, 16, 4096, 2048, 64, 2, {12, 2, 16, false, 1, 1}}, /* no wider than a group */
      {CR_DEVICE_CPU, 16, 4096, 2048, 64, 4, {8, 1, 16, false, 1, 1}},
      {CR_DEVICE_CPU, 8, 4096, 1, 64, 1, {1, 4, 16, false, 1, 1}},
      {CR_DEVICE_CPU, 8, 4096, 1, 64, 2, {8, 1, 16, false, 1, 1}},
      {CR_DEVICE_CPU, 8, 4096, 3, 64, 1, {3, 1, 16, false, 1, 1}},
      {CR_DEVICE_CPU, 8, 4096, 2048, 64, 1, {6, 1, 16, false, 1, 1}},
      {CR_DEVICE_CPU, 4, 4096, 2048, 64, 1, {4, 2, 4, false, 1, 1}},
      {CR_DEVICE_GPU, 1, 1024, 2048, 64, 1, {8, 1, 4, true, 4, 16}},
      {CR_DEVICE_GPU, 1, 1024, 2047, 64, 1, {4, 1, 4, true, 4, 16}},
      {CR_DEVICE_GPU, 1, 63, 2048, 64, 1, {4, 1, 4, true, 4, 4}},
      {CR_DEVICE_OTHER, 16, 1, 2048, 64, 1, {4, 2, 4, false, 1, 1}},
  };
  said = 0;
  cr_device device = paper_device(NULL);
  assert_int_equal(said, 0);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    cr_tiled_shape shape = shape_of(CR_TILED_CONV, rows[i].rows, (size_t)rows[i].columns);
    shape.groups = rows[i].groups;
    device.facts.type = rows[i].type;
    device.facts.float_vector_width = rows[i].width;
    device.facts.largest_work_group = rows[i].group;
    const cr_tile tile = cr_tile_choose(&device, &shape);
    if (!cr_tile_same(&tile, &rows[i].tile))
      fail_msg("row %zu: it is %dx%dx%d", i, tile.rows, tile.vectors, tile.vector);
  }
  device.facts = cpu;
  for (size_t r = 4; r < 48; r++) { /* as few rows past the end as can be */
    const cr_tiled_shape shape = shape_of(CR_TILED_GEMM, r, 64);
    assert_int_equal(cr_tile_choose(&device, &shape).rows, (r + 5) / 6 * 6 > (r + 3) / 4 * 4 ? 4 : 6);
  }
  forget(&device);
}

/* ---- The file ---------------------------------------------------------------------------------------------------- */

static size_t bound_rows(const cr_device *device)
{
  cr_tuned row;
  size_t count = 0;
  for (size_t i = 0; cr_tuning_at(device, i, &row); i++) count += row.text[0][0] != 0;
  return count;
}

static void write_file(const folder *f, const void *bytes, size_t size)
{
  char path[512];
  folder_write(folder_file(f, "tuning.rows", path), bytes, size);
}

/* Loads what is in the folder's file: only valid tiles come in, and the shipped rows stand behind them. */
static size_t load_file(const folder *f)
{
  cr_device device = paper_device(f);
  cr_tuned row;
  const size_t bound = bound_rows(&device);
  for (size_t i = 0; cr_tuning_at(&device, i, &row); i++) assert_true(cr_tile_valid(&row.tile, &cpu));
  const cr_tiled_shape shape = shape_of(CR_TILED_SEPARABLE, 100, 32);
  assert_int_equal(cr_tile_choose(&device, &shape).rows, 6);
  forget(&device);
  return bound;
}

enum { ROWS = 3 };

/* A file of ROWS rows for the device; ends[i] is the length with i whole rows. */
static size_t make_file(char *text, size_t size, size_t ends[ROWS + 1])
{
  size_t used = 0;
  ends[0] = 0;
  for (int i = 0; i < ROWS; i++) {
    const cr_tuned row = row_of(CR_TILED_CONV, 100 + (size_t)i);
    used += (size_t)cr_tuned_write(&row, text + used, size - used);
    ends[i + 1] = used;
    text[used++] = '\n';
  }
  return used;
}

static void a_cut_file_gives_its_whole_rows(void **state)
{
  (void)state;
  char text[2048];
  size_t ends[ROWS + 1];
  const folder f = folder_make();
  const size_t size = make_file(text, sizeof text, ends);
  for (size_t cut = 0; cut <= size; cut++) {
    size_t whole = 0;
    while (whole < ROWS && ends[whole + 1] <= cut) whole++;
    write_file(&f, text, cut);
    if (load_file(&f) != whole) fail_msg("cut after %zu of %zu bytes: not %zu rows", cut, size, whole);
  }
  folder_remove(&f);
}

static void any_bytes_do_no_harm(void **state)
{
  (void)state;
  enum { TRIES = 600 };
  static const char alphabet[] = "0123456789=x-\"# \n\tkerneltilerows";
  char text[2048];
  size_t ends[ROWS + 1];
  const folder f = folder_make();
  uint64_t next = 7000;
  for (int t = 0; t < TRIES; t++) {
    const size_t size = make_file(text, sizeof text, ends);
    const int changes = support_random(next++, 1, 12);
    for (int c = 0; c < changes; c++) {
      const int at = support_random(next++, 0, (int)size - 1), letter = support_random(next++, 0, 63);
      text[at] = letter < (int)sizeof alphabet - 1 ? alphabet[letter] : (char)support_random(next++, 0, 255);
    }
    write_file(&f, text, size);
    load_file(&f);
    for (size_t i = 0; i < size; i++) text[i] = (char)support_random(next++, 0, 255);
    if (t % 8) continue;
    write_file(&f, text, size);
    assert_int_equal(load_file(&f), 0);
  }
  folder_remove(&f);
}

/* Rows for another device, driver or version are passed over with a line of the log. */
static void rows_of_others_are_passed_over(void **state)
{
  (void)state;
  static const int texts[] = {0, 1, 2, 3};
  const folder f = folder_make();
  const cr_tiled_shape shape = shape_of(CR_TILED_CONV, 100, 48);
  char line[1024];
  for (size_t i = 0; i <= sizeof texts / sizeof texts[0]; i++) {
    const bool own = i == sizeof texts / sizeof texts[0];
    cr_tuned row = row_of(CR_TILED_CONV, 100);
    if (!own) strcat(row.text[texts[i]], "+");
    write_file(&f, line, (size_t)cr_tuned_write(&row, line, sizeof line));
    said = 0;
    cr_device device = paper_device(&f);
    const cr_tile tile = cr_tile_choose(&device, &shape);
    assert_int_equal(cr_tile_same(&tile, &odd_tile), own);
    assert_int_equal(said, own ? 0 : 1);
    forget(&device);
  }
  folder_remove(&f);
}

/* A folder or nothing where the file should be, and rows without end. */
static void strange_files_do_no_harm(void **state)
{
  (void)state;
  const folder f = folder_make();
  char path[512];
  assert_int_equal(load_file(&f), 0);
  assert_int_equal(mkdir(folder_file(&f, "tuning.rows", path), 0700), 0);
  assert_int_equal(load_file(&f), 0);
  assert_int_equal(rmdir(path), 0);
  const size_t size = 3 << 20;
  char *text = malloc(size), line[1024];
  assert_non_null(text);
  memset(text, 'x', size); /* one line */
  write_file(&f, text, size);
  assert_int_equal(load_file(&f), 0);
  const cr_tuned row = row_of(CR_TILED_CONV, 100);
  const size_t length = (size_t)cr_tuned_write(&row, line, sizeof line);
  line[length] = '\n';
  size_t used = 0;
  for (; used + length + 1 <= size; used += length + 1) memcpy(text + used, line, length + 1);
  write_file(&f, text, used);
  assert_true(load_file(&f) <= 4096);
  free(text);
  folder_remove(&f);
}

static void keep(cr_device *device, const cr_tuned *row)
{
  clreid_error error = {CLREID_OK, ""};
  if (cr_tuning_keep(device, row, &error) != CLREID_OK) fail_msg("%s", error.text);
}

/* Kept rows are found at once and by the next; a new one takes the place of the old; comments and rows of other devices
 * stay, and what cannot be read goes. */
static void rows_are_kept_and_dropped(void **state)
{
  (void)state;
  static const char before[] =
      "# mine\nkernel=nothing\nkernel=gemm tile=2x1x4 platform=\"p\" device=\"d\" driver=\"1\" "
      "library=\"2\"\nkernel=conv tile=2x1x8 rows=7";
  const folder f = folder_make();
  const cr_tiled_shape shape = shape_of(CR_TILED_CONV, 100, 48);
  clreid_error error = {CLREID_OK, ""};
  size_t dropped = 99;
  write_file(&f, before, sizeof before - 1);
  cr_device device = paper_device(&f);
  cr_tuned row = row_of(CR_TILED_CONV, 100), stale = row_of(CR_TILED_CONV, 200);
  strcpy(stale.text[2], "0.9");
  keep(&device, &stale);
  forget(&device);
  device = paper_device(&f);
  keep(&device, &row);
  row.tile.rows = 4;
  keep(&device, &row);
  assert_int_equal(cr_tile_choose(&device, &shape).rows, 4);
  forget(&device);
  device = paper_device(&f);
  assert_int_equal(cr_tile_choose(&device, &shape).rows, 4);
  assert_int_equal(bound_rows(&device), 1);
  assert_int_equal(cr_tile_choose(&device, &(cr_tiled_shape){.rows = 7}).rows, 2);
  assert_int_equal(cr_tuning_reset(&device, &dropped, &error), CLREID_OK);
  assert_int_equal(dropped, 1);
  assert_int_equal(cr_tile_choose(&device, &shape).rows, 6);
  forget(&device);
  char path[512], text[1024] = "";
  FILE *file = fopen(folder_file(&f, "tuning.rows", path), "r");
  assert_non_null(file);
  assert_true(fread(text, 1, sizeof text - 1, file) > 0);
  fclose(file);
  assert_string_equal(text, "# mine\nkernel=gemm tile=2x1x4 platform=\"p\" device=\"d\" driver=\"1\" library=\"2\"\n"
                            "kernel=conv tile=2x1x8 rows=7\n");
  assert_int_equal(folder_entries(&f), 1);
  folder_remove(&f);
}

/* Whoever writes last has all his rows in the file; they are whole, and nothing else lies in the folder. */
static void processes_may_write_at_once(void **state)
{
  (void)state;
  enum { WRITERS = 3, TIMES = 40 };
  const folder f = folder_make();
  pid_t children[WRITERS];
  for (size_t w = 0; w < WRITERS; w++) {
    children[w] = fork();
    assert_true(children[w] >= 0);
    if (children[w]) continue;
    cr_device device = paper_device(&f);
    for (size_t t = 0; t < TIMES; t++) {
      const cr_tuned row = row_of(CR_TILED_CONV, w * TIMES + t);
      if (cr_tuning_keep(&device, &row, NULL) != CLREID_OK) _exit(1);
    }
    _exit(0);
  }
  for (size_t w = 0; w < WRITERS; w++) {
    int code = 1;
    waitpid(children[w], &code, 0);
    assert_int_equal(code, 0);
  }
  said = 0;
  const size_t rows = load_file(&f);
  printf("%zu of %d rows\n", rows, WRITERS * TIMES);
  assert_true(rows >= TIMES && rows <= WRITERS * TIMES);
  assert_int_equal(said, 0);
  assert_int_equal(folder_entries(&f), 1);
  folder_remove(&f);
}

/* ---- Tiles ------------------------------------------------------------------------------------------------------- */

static cr_tile draw_tile(uint64_t *next, const cr_tiled_shape *shape)
{
  for (;;) {
    const cr_tile tile = {.rows = support_random((*next)++, 1, 16),
                          .vectors = support_random((*next)++, 1, 4),
                          .vector = 2 << support_random((*next)++, 0, 3),
                          .columns_first = support_random((*next)++, 0, 1),
                          .local_rows = (size_t)1 << support_random((*next)++, 0, 3),
                          .local_columns = (size_t)1 << support_random((*next)++, 0, 3)};
    const bool small = tile.rows * tile.vectors * tile.vector <= 128; /* compiles in a moment */
    if (small && cr_tile_valid(&tile, cr_device_facts(support_device())) && cr_tile_fits(&tile, shape)) return tile;
  }
}

/* Right, and with the same bits as in the device's own tile. */
static void examine_drawn(cr_trial_spec spec, uint64_t *next)
{
  clreid_error error = {CLREID_OK, ""};
  cr_trial *trial;
  cr_tiled_shape shape;
  int checks = 0;
  spec.seed = support_seed();
  spec.op.half = support_random((*next)++, 0, 1);
  assert_true(cr_tiled_shape_of(&spec.op, spec.batch, &shape));
  const cr_tile tile = draw_tile(next, &shape);
  if (cr_trial_create(support_queue(), &spec, &trial, &error) != CLREID_OK) fail_msg("%s", error.text);
  const size_t bytes = cr_trial_output_bytes(trial);
  void *own = malloc(bytes);
  assert_non_null(own);
  if (cr_trial_run(trial, false, 0, spec.batch, &error) != CLREID_OK) fail_msg("%s", error.text);
  memcpy(own, trial->memory[CR_OUTPUT], bytes);
  trial->op.tile = &tile;
  if (cr_trial_run(trial, false, 0, spec.batch, &error) != CLREID_OK ||
      cr_oracle_check(trial, 0, spec.batch, &checks, &error) != CLREID_OK)
    fail_msg("%s: %s", trial->variant, error.text);
  const cr_extent *o = &trial->extent[CR_OUTPUT];
  for (int p = 0; p < spec.batch; p++)
    for (size_t i = 0; i < o->rows * o->columns; i++)
      if (!cr_trial_same(trial, own, p, i / o->columns, i % o->columns))
        fail_msg("%s of %s has other bits than the device's own tile", trial->variant, trial->name);
  printf("%s: %s\n", trial->variant, trial->name);
  free(own);
  cr_trial_destroy(trial);
}

static void any_valid_tile_gives_the_same_bits(void **state)
{
  (void)state;
  enum { TIMES = 4 };
  uint64_t next = 300;
  for (int t = 0; t < TIMES; t++) {
    const int groups = t % 2 ? 1 : 3;
    cr_trial_spec spec = cr_trial_conv(2, support_random(next, 3, 11), support_random(next + 1, 3, 11), 7 * groups,
                                       11 * groups, groups, (cr_window){.kernel = t % 2 ? 3 : 1, .padding = t % 2});
    spec.bias = true;
    spec.residual = t > 1;
    examine_drawn(spec, &next);
    spec =
        cr_trial_gemm(3, support_random(next, 1, 37), support_random(next + 1, 1, 70), support_random(next + 2, 1, 40));
    spec.op.gemm.b_panels = t % 2;
    examine_drawn(spec, &next);
    const int stride = 1 + t % 2;
    spec = (cr_trial_spec){.op = {.kind = CR_SEPARABLE,
                                  .separable = {.height = 9,
                                                .width = 7,
                                                .channels = 13,
                                                .out_height = 8 / stride + 1,
                                                .out_width = 6 / stride + 1,
                                                .out_channels = 33,
                                                .stride = stride}},
                           .batch = 2};
    examine_drawn(spec, &next);
  }
}

/* ---- The tuner --------------------------------------------------------------------------------------------------- */

/* The built-in kernels in the folder, gemm.cl with `extra` before its sums wherever `condition` holds. */
static void write_kernels(const folder *f, const char *condition, const char *extra)
{
  static const char place[] = "  tile_accumulate";
  bool placed = false;
  for (const cr_source_file *s = cr_source_files; s->name; s++) {
    char path[512];
    FILE *out = fopen(folder_file(f, s->name, path), "w");
    assert_non_null(out);
    const char *at = strcmp(s->name, "gemm.cl") ? NULL : strstr(s->text, place);
    if (at) fprintf(out, "%.*s#if %s\n%s\n#endif\n%s", (int)(at - s->text), s->text, condition, extra, at);
    if (!at) fputs(s->text, out);
    placed = placed || at;
    assert_int_equal(fclose(out), 0);
  }
  assert_true(placed);
}

static cr_device *open_with(const char *kernels, const char *tuning)
{
  clreid_error error = {CLREID_OK, ""};
  cr_device *device = NULL;
  const cr_device_config config = {.choice = "cpu",
                                   .cache_folder = "",
                                   .kernel_folder = kernels,
                                   .tuning_folder = tuning,
                                   .log = {count_line, NULL}};
  if (cr_device_open(&config, &device, &error) != CLREID_OK) fail_msg("%s", error.text);
  return device;
}

/* Tunes a product on a device with kernels of its own; returns the variant that its steps are given afterwards. */
static cr_tune_result tune_product(cr_device *device, double seconds, char variant[64])
{
  clreid_error error = {CLREID_OK, ""};
  cr_queue *queue;
  cr_trial *trial;
  cr_step *step;
  cr_tune_result result;
  const cr_trial_spec spec = cr_trial_gemm(1, 48, 64, 96);
  assert_int_equal(cr_queue_create(device, &queue, &error), CLREID_OK);
  assert_int_equal(cr_trial_create(queue, &spec, &trial, &error), CLREID_OK);
  cr_buffer *output = trial->op.view[CR_OUTPUT].buffer;
  const cr_tune_task task = {.op = &trial->op,
                             .batch = 1,
                             .arena = output,
                             .output_bytes = cr_buffer_bytes(output),
                             .until = cr_seconds() + seconds};
  assert_int_equal(cr_tune_fill(queue, output, &error), CLREID_OK);
  if (cr_tune(queue, &task, &result, &error) != CLREID_OK) fail_msg("%s", error.text);
  if (cr_step_create(queue, &trial->op, 1, &step, &error) != CLREID_OK) fail_msg("%s", error.text);
  snprintf(variant, 64, "%s", cr_step_variant(step));
  cr_step_destroy(step);
  cr_trial_destroy(trial);
  cr_queue_destroy(queue);
  return result;
}

/* "TM == 8 && TN == 1 && V == 16": the tile that the product is given without tuning. */
static void own_tile(char condition[64])
{
  const cr_tiled_shape shape = {
      .kernel = CR_TILED_GEMM, .rows = 48, .columns = 64, .depth = 96, .taps = 1, .groups = 1};
  const cr_tile tile = cr_tile_choose(support_device(), &shape);
  snprintf(condition, 64, "TM == %d && TN == %d && V == %d", tile.rows, tile.vectors, tile.vector);
}

/* What is faster is kept, given at once, given to the next who opens the device, and dropped again. */
static void what_is_faster_is_kept(void **state)
{
  (void)state;
  const folder kernels = folder_make(), tuning = folder_make();
  clreid_error error = {CLREID_OK, ""};
  char condition[64], variant[64];
  size_t dropped = 0;
  own_tile(condition);
  write_kernels(&kernels, condition, "for (volatile int slow = 0; slow < 20000; slow++) {}");
  cr_device *device = open_with(kernels.path, tuning.path);
  const cr_tune_result result = tune_product(device, 0.2, variant);
  printf("%s -> %s: %.3f of the time, %d tried\n", result.before, result.after, result.ratio, result.tried);
  assert_true(result.tried >= 1 && result.wrong == 0);
  assert_true(result.after[0] && result.ratio < 0.97);
  assert_string_equal(variant, result.after);
  assert_int_equal(bound_rows(device), 1);
  cr_device_release(device);

  device = open_with(kernels.path, tuning.path);
  const cr_tune_result again = tune_product(device, 0, variant);
  assert_string_equal(again.before, result.after);
  assert_int_equal(again.tried, 0);
  assert_int_equal(again.after[0], 0);
  assert_int_equal(cr_tuning_reset(device, &dropped, &error), CLREID_OK);
  assert_int_equal(dropped, 1);
  cr_device_release(device);
  folder_remove(&kernels);
  folder_remove(&tuning);
}

static void what_is_wrong_is_refused(void **state)
{
  (void)state;
  const folder kernels = folder_make(), tuning = folder_make();
  char condition[64], wrong[80], variant[64];
  own_tile(condition);
  snprintf(wrong, sizeof wrong, "!(%s)", condition);
  write_kernels(&kernels, wrong, "acc[0][0] += (VECTOR)(0x1p-10f);");
  said = 0;
  cr_device *device = open_with(kernels.path, tuning.path);
  const cr_tune_result result = tune_product(device, 0.2, variant);
  assert_true(result.tried >= 1);
  assert_int_equal(result.wrong, result.tried);
  assert_true(said >= result.wrong);
  assert_int_equal(result.after[0], 0);
  assert_string_equal(variant, result.before);
  assert_int_equal(folder_entries(&tuning), 0);

  clreid_error error = {CLREID_OK, ""}; /* and the self-test knows tiles apart */
  cr_queue *queue;
  int checks = 0;
  assert_int_equal(cr_queue_create(device, &queue, &error), CLREID_OK);
  assert_int_equal(cr_selftest_tile(queue, CR_TILED_GEMM, &odd_tile, false, &checks, &error), CLREID_DEVICE_FAILED);
  cr_queue_destroy(queue);
  cr_device_release(device);
  folder_remove(&kernels);
  folder_remove(&tuning);
}

/* ---- A network --------------------------------------------------------------------------------------------------- */

enum { PICTURES = 2, WIDTH = 40, HEIGHT = 90, MOST_FEATURES = 4096 };

static clreid_model *load_small(clreid_device *device, const char *path)
{
  clreid_error error = {CLREID_OK, ""};
  clreid_model *model = NULL;
  if (clreid_model_load(device, path, NULL, &model, &error) != CLREID_OK) fail_msg("%s", error.text);
  return model;
}

static clreid_device *open_public(const char *tuning)
{
  clreid_error error = {CLREID_OK, ""};
  clreid_device *device = NULL;
  const clreid_device_config config = {.choice = "cpu", .tuning_folder = tuning};
  if (clreid_device_open(&config, &device, &error) != CLREID_OK) fail_msg("%s", error.text);
  return device;
}

static void embed(clreid_model *model, float *features)
{
  static uint8_t pixels[PICTURES][HEIGHT][WIDTH][3];
  clreid_error error = {CLREID_OK, ""};
  clreid_session *session = NULL;
  clreid_picture pictures[PICTURES];
  uint32_t noise = 1;
  for (size_t i = 0; i < sizeof pixels; i++) {
    noise = noise * 1664525u + 1013904223u;
    (&pixels[0][0][0][0])[i] = (uint8_t)(noise >> 24);
  }
  for (int k = 0; k < PICTURES; k++)
    pictures[k] = (clreid_picture){.pixels = &pixels[k][0][0][0], .width = WIDTH, .height = HEIGHT};
  const clreid_session_config config = {.largest_batch = PICTURES};
  if (clreid_session_create(model, &config, &session, &error) != CLREID_OK ||
      clreid_embed(session, pictures, PICTURES, features, NULL, &error) != CLREID_OK)
    fail_msg("%s", error.text);
  clreid_session_destroy(session);
}

typedef struct account {
  int calls, total, kept;
} account;

static void note(void *user, const clreid_tune_layer *layer)
{
  account *a = user;
  assert_int_equal(layer->done, ++a->calls);
  assert_true(layer->layers >= 1 && layer->name[0] && layer->shape[0] && layer->before[0]);
  assert_true(layer->after ? layer->ratio <= 0.97 : layer->ratio == 1);
  a->total = layer->total;
  a->kept += layer->after != NULL;
}

/* Untuned, with rows that give every kernel a tile that it would never get, and tuned: the same bits. */
static void a_tuned_network_gives_the_same_bits(void **state)
{
  (void)state;
  static const char rows[] = "kernel=any tile=5x3x8\nkernel=any tile=7x1x8\nkernel=separable tile=7x1x16\n";
  static float untuned[PICTURES * MOST_FEATURES], features[PICTURES * MOST_FEATURES];
  clreid_error error = {CLREID_OK, ""};
  const folder f = folder_make();
  char path[512];
  folder_file(&f, "w.safetensors", path);
  if (clreid_weights_random("han-small", NULL, 0, 1, path, &error) != CLREID_OK) fail_msg("%s", error.text);
  clreid_device *device = open_public("");
  clreid_model *model = load_small(device, path);
  embed(model, untuned);
  assert_true(untuned[0] != untuned[1]);

  const clreid_tune_config config = {.largest_batch = PICTURES, .seconds = 1};
  account a = {0};
  clreid_tune_info info;
  if (clreid_tune(model, &config, note, &a, &info, &error) != CLREID_OK) fail_msg("%s", error.text);
  printf("%d of %d shapes in %.1f s: %d tried, %d kept\n", info.tuned, info.shapes, info.seconds, info.tried,
         info.kept);
  assert_true(info.shapes > 5 && info.tuned >= 1 && info.tuned <= info.shapes && info.refused == 0);
  assert_true(a.calls == info.tuned && a.total == info.shapes && a.kept == info.kept);
  assert_null(info.folder);
  embed(model, features);
  assert_memory_equal(features, untuned, sizeof untuned);
  clreid_model_free(model);
  clreid_device_close(device);

  write_file(&f, rows, sizeof rows - 1);
  device = open_public(f.path);
  model = load_small(device, path);
  embed(model, features);
  assert_memory_equal(features, untuned, sizeof untuned);
  clreid_model_free(model);
  clreid_device_close(device);
  folder_remove(&f);
}

static void wrong_arguments_are_refused(void **state)
{
  (void)state;
  clreid_error error = {CLREID_OK, ""};
  assert_int_equal(clreid_tune(NULL, NULL, NULL, NULL, NULL, &error), CLREID_INVALID_ARGUMENT);
  assert_int_equal(clreid_tune_reset(NULL, NULL, &error), CLREID_INVALID_ARGUMENT);
  clreid_model model = {0};
  static const clreid_tune_config wrong[] = {
      {.largest_batch = -1}, {.largest_batch = 65537}, {.seconds = -1}, {.seconds = NAN}, {.seconds = INFINITY}};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
    assert_int_equal(clreid_tune(&model, &wrong[i], NULL, NULL, NULL, &error), CLREID_INVALID_ARGUMENT);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest rows[] = {
      cmocka_unit_test(rows_make_the_round_trip),      cmocka_unit_test(bad_rows_are_refused),
      cmocka_unit_test(shipped_rows_are_the_defaults), cmocka_unit_test(a_cut_file_gives_its_whole_rows),
      cmocka_unit_test(any_bytes_do_no_harm),          cmocka_unit_test(rows_of_others_are_passed_over),
      cmocka_unit_test(strange_files_do_no_harm),      cmocka_unit_test(rows_are_kept_and_dropped),
      cmocka_unit_test(processes_may_write_at_once),   cmocka_unit_test(wrong_arguments_are_refused),
  };
  const struct CMUnitTest tiles[] = {
      cmocka_unit_test(any_valid_tile_gives_the_same_bits),
      cmocka_unit_test(what_is_faster_is_kept),
      cmocka_unit_test(what_is_wrong_is_refused),
      cmocka_unit_test(a_tuned_network_gives_the_same_bits),
  };
  support_start(argc, argv);
  const int failed = cmocka_run_group_tests(rows, NULL, NULL); /* some fork: before OpenCL has threads */
  return failed + cmocka_run_group_tests(tiles, support_open, support_close);
}
