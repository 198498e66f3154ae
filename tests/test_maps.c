/*
 * test_maps.c - proves the maps of attention: those of the definitions (tests/golden/STEM.maps), the same alone and in
 * any batch, and features that they do not change.
 *
 * CLREID_TEST_CASE=STEM runs one fixture: CLREID_TEST_CASE=rga-sc.1 test_maps
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

#include "clreid/clreid.h"
#include "folder.h"
#include "golden.h"
#include "networks.h"
#include "plan.h"
#include "system.h"

enum { MOST_MAPS = 8, MOST_BATCH = 3, HEAD_BYTES = 16 };

static const char *const stems[] = {"rga-sc.1", "rga-parallel.1", "han-small.1"};

static folder files;
static clreid_device *device;
static clreid_picture pictures[MOST_BATCH]; /* the third is the first */

/* ---- Fixtures ---------------------------------------------------------------------------------------------------- */

typedef struct fixture_map {
  char name[32];
  int rows, columns;
  size_t begin; /* bytes into the data */
} fixture_map;

typedef struct fixture {
  golden features;
  const char *weights; /* a file */
  cr_mapping file;
  const uint8_t *data;
  fixture_map maps[MOST_MAPS];
  size_t count;
} fixture;

static void try_call(clreid_status status, const clreid_error *error, const char *stem)
{
  if (status != CLREID_OK) fail_msg("%s; run again with CLREID_TEST_CASE=%s", error->text, stem);
}

/* The lines "map NAME ROWS COLUMNS". */
static void read_lines(fixture *f, const char *text, size_t bytes)
{
  char copy[1024] = "";
  assert_true(bytes < sizeof copy);
  memcpy(copy, text, bytes);
  size_t begin = 0;
  for (char *line = strtok(copy, "\n"); line; line = strtok(NULL, "\n")) {
    if (strncmp(line, "map ", 4) != 0) continue;
    assert_true(f->count < MOST_MAPS);
    fixture_map *map = &f->maps[f->count++];
    assert_int_equal(sscanf(line, "map %31s %d %d", map->name, &map->rows, &map->columns), 3);
    map->begin = begin;
    begin += (size_t)GOLDEN_PICTURES * (size_t)map->rows * (size_t)map->columns * sizeof(int16_t);
  }
  assert_int_equal(HEAD_BYTES + bytes + begin, f->file.size);
}

static void read_maps(fixture *f, const char *stem)
{
  char path[1024];
  clreid_error error = {0};
  snprintf(path, sizeof path, "%s/golden/%s.maps", TESTS_FOLDER, stem);
  try_call(cr_map(path, &f->file, &error), &error, stem);
  const uint8_t *bytes = f->file.bytes;
  assert_true(f->file.size > HEAD_BYTES && !memcmp(bytes, "crmaps\0\0\1\0\0\0", 12));
  const size_t text = bytes[12] | (size_t)bytes[13] << 8;
  assert_true(HEAD_BYTES + text < f->file.size);
  f->data = bytes + HEAD_BYTES + text;
  read_lines(f, (const char *)bytes + HEAD_BYTES, text);
}

static float expected_at(const fixture *f, const fixture_map *map, size_t index)
{
  const uint8_t *at = f->data + map->begin + 2 * index;
  return (float)(int16_t)(at[0] | at[1] << 8) / 32768;
}

static const char *no_option(const void *user, const char *key)
{
  (void)user;
  (void)key;
  return NULL;
}

static const char *write_weights(golden *g)
{
  static char path[512];
  clreid_error error = {0};
  cr_graph *graph = NULL;
  const cr_options options = {no_option, NULL};
  const cr_network *network = cr_network_find(g->network, &error);
  if (!network) fail_msg("%s", error.text);
  try_call(cr_network_build(network, &options, &graph, &error), &error, g->stem);
  size_t count;
  const cr_weight_spec *specs = cr_graph_weights(graph, &count);
  folder_file(&files, "w.safetensors", path);
  try_call(golden_write(g, specs, count, path, &error), &error, g->stem);
  cr_graph_destroy(graph);
  return path;
}

static void each_fixture(void (*test)(const fixture *f))
{
  const char *only = getenv("CLREID_TEST_CASE");
  for (size_t i = 0; i < sizeof stems / sizeof *stems; i++) {
    clreid_error error = {0};
    fixture f = {.count = 0};
    if (only && strcmp(only, stems[i]) != 0) continue;
    try_call(golden_load(stems[i], &f.features, &error), &error, stems[i]);
    f.weights = write_weights(&f.features);
    read_maps(&f, stems[i]);
    test(&f);
    cr_unmap(&f.file);
    golden_free(&f.features);
  }
}

/* ---- Models ------------------------------------------------------------------------------------------------------ */

/* A model with its session, and room for features and maps. */
typedef struct bench {
  const char *stem;
  clreid_model *model;
  clreid_session *session;
  clreid_map_info infos[MOST_MAPS];
  float *maps[MOST_MAPS]; /* [MOST_BATCH][rows][columns] */
  size_t count, length;
  float *neck, *pooled; /* [MOST_BATCH][length] */
} bench;

static size_t numbers(const clreid_map_info *info)
{
  return (size_t)info->height * (size_t)info->width;
}

static bench open_bench(const char *stem, const char *weights, const clreid_model_config *config, int largest_batch)
{
  bench b = {.stem = stem};
  clreid_error error = {0};
  clreid_model_info info;
  const clreid_session_config batch = {.largest_batch = largest_batch};
  try_call(clreid_model_load(device, weights, config, &b.model, &error), &error, stem);
  try_call(clreid_session_create(b.model, &batch, &b.session, &error), &error, stem);
  clreid_model_describe(b.model, &info);
  b.length = (size_t)info.feature_length;
  b.neck = calloc(2 * MOST_BATCH * b.length, sizeof *b.neck);
  b.pooled = b.neck + MOST_BATCH * b.length;
  while (b.count < MOST_MAPS && clreid_model_map_at(b.model, b.count, &b.infos[b.count])) {
    b.maps[b.count] = calloc(MOST_BATCH * numbers(&b.infos[b.count]), sizeof(float));
    assert_non_null(b.maps[b.count]);
    b.count++;
  }
  assert_non_null(b.neck);
  return b;
}

static void close_bench(bench *b)
{
  for (size_t m = 0; m < b->count; m++) free(b->maps[m]);
  free(b->neck);
  clreid_session_destroy(b->session);
  clreid_model_free(b->model);
}

static void run(bench *b, size_t first, size_t count)
{
  clreid_error error = {0};
  try_call(clreid_embed_maps(b->session, pictures + first, count, b->neck, b->pooled, b->maps, &error), &error,
           b->stem);
}

/* ---- Tests ------------------------------------------------------------------------------------------------------- */

static const fixture_map *find(const fixture *f, const char *name)
{
  for (size_t m = 0; m < f->count; m++)
    if (!strcmp(f->maps[m].name, name)) return &f->maps[m];
  fail_msg("%s: a map %s, which the definition does not have", f->features.stem, name);
  return NULL;
}

static void check_map(const fixture *f, const clreid_map_info *info, const float *values, double allowed)
{
  const fixture_map *map = find(f, info->name);
  assert_true(info->height == map->rows && info->width == map->columns);
  assert_true((info->kind == CLREID_MAP_REGIONS) == (strstr(info->name, ".regions") != NULL));
  assert_true((info->region_height > 0 && info->region_width > 0) == (info->kind == CLREID_MAP_REGIONS));
  double worst = 0;
  for (size_t i = 0; i < GOLDEN_PICTURES * numbers(info); i++) {
    const double error = fabs((double)values[i] - (double)expected_at(f, map, i));
    worst = error <= worst ? worst : error; /* NaN stays */
  }
  print_message("%-14s %-12s errs by %.1e, allowed %.1e\n", f->features.stem, info->name, worst, allowed);
  if (!(worst <= allowed)) fail_msg("run again with CLREID_TEST_CASE=%s", f->features.stem);
}

static void compare_with_definition(const fixture *f)
{
  static const struct {
    clreid_model_config config;
    double allowed;
  } cases[] = {
      {{.maps = true}, 1e-4},
      {{.maps = true, .plain_kernels = true}, 1e-4},
      {{.maps = true, .precision = CLREID_FP16}, 2e-2},
  };
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    bench b = open_bench(f->features.stem, f->weights, &cases[c].config, GOLDEN_PICTURES);
    run(&b, 0, GOLDEN_PICTURES);
    assert_int_equal(b.count, f->count);
    for (size_t m = 0; m < b.count; m++) check_map(f, &b.infos[m], b.maps[m], cases[c].allowed);
    close_bench(&b);
  }
}

static void maps_are_those_of_the_definition(void **state)
{
  (void)state;
  each_fixture(compare_with_definition);
}

static void compare_bits(const fixture *f)
{
  clreid_error error = {0};
  for (int half = 0; half < 2; half++) {
    const clreid_precision precision = half ? CLREID_FP16 : CLREID_FP32;
    bench with =
        open_bench(f->features.stem, f->weights, &(clreid_model_config){.maps = true, .precision = precision}, 2);
    bench without = open_bench(f->features.stem, f->weights, &(clreid_model_config){.precision = precision}, 2);
    assert_int_equal(without.count, 0);
    run(&with, 0, MOST_BATCH); /* two passes */
    try_call(clreid_embed(without.session, pictures, MOST_BATCH, without.neck, without.pooled, &error), &error,
             f->features.stem);
    assert_memory_equal(with.neck, without.neck, 2 * MOST_BATCH * with.length * sizeof *with.neck);
    try_call(clreid_embed(with.session, pictures, MOST_BATCH, without.neck, NULL, &error), &error, f->features.stem);
    assert_memory_equal(with.neck, without.neck, MOST_BATCH * with.length * sizeof *with.neck);
    close_bench(&with);
    close_bench(&without);
  }
}

static void maps_do_not_change_features(void **state)
{
  (void)state;
  each_fixture(compare_bits);
}

static void compare_batches(const fixture *f)
{
  const clreid_model_config config = {.maps = true};
  bench batch = open_bench(f->features.stem, f->weights, &config, MOST_BATCH);
  bench alone = open_bench(f->features.stem, f->weights, &config, 1);
  run(&batch, 0, MOST_BATCH);
  for (size_t k = 0; k < MOST_BATCH; k++) {
    run(&alone, k, 1);
    for (size_t m = 0; m < batch.count; m++) {
      const size_t count = numbers(&batch.infos[m]);
      assert_memory_equal(batch.maps[m] + k * count, alone.maps[m], count * sizeof(float));
    }
  }
  close_bench(&batch);
  close_bench(&alone);
}

static void a_map_does_not_depend_on_its_batch(void **state)
{
  (void)state;
  each_fixture(compare_batches);
}

static cr_plan *make_plan(const cr_graph *graph, const cr_plan_config *config)
{
  const cr_log silent = {NULL, NULL};
  clreid_error error = {0};
  cr_plan *plan = NULL;
  try_call(cr_plan_create(graph, config, &silent, &plan, &error), &error, "");
  return plan;
}

static void check_same_step(const cr_plan_step *with, const cr_plan_step *without)
{
  assert_string_equal(with->name, without->name);
  assert_int_equal(with->op.kind, without->op.kind);
  assert_int_equal(with->op.activation, without->op.activation);
  assert_int_equal(with->multiply_adds, without->multiply_adds);
  assert_memory_equal(with->op.as_float, without->op.as_float, sizeof with->op.as_float);
  for (int v = 0; v < CR_VIEWS; v++) {
    const cr_view *a = &with->op.view[v], *b = &without->op.view[v];
    assert_true(a->tensor == b->tensor && a->offset == b->offset && a->picture == b->picture && a->row == b->row);
  }
  assert_true(cr_constant_same(&with->weights, &without->weights) && cr_constant_same(&with->bias, &without->bias) &&
              cr_constant_same(&with->matrix, &without->matrix));
}

/* The same steps on the same tensors, and behind them those of the maps. */
static void compare_plans(const char *name, const cr_graph *graph, cr_plan_config config)
{
  int marked;
  cr_graph_maps(graph, &marked);
  cr_plan *without = make_plan(graph, &config);
  config.maps = true;
  cr_plan *with = make_plan(graph, &config);
  assert_int_equal(without->map_count, 0);
  assert_int_equal(with->map_count, marked);
  assert_true(with->step_count >= without->step_count && with->step_count <= without->step_count + 2 * 3 + 3);
  for (int s = 0; s < without->step_count; s++) check_same_step(&with->steps[s], &without->steps[s]);
  for (int o = 0; o < CR_OUTPUTS; o++) assert_int_equal(with->outputs[o], without->outputs[o]);
  for (int m = 0; m < with->map_count; m++)
    assert_int_equal(with->tensors[with->maps[m].view.tensor].last, with->step_count); /* nothing overwrites it */
  print_message("%-14s %d maps: %d steps instead of %d, %zu bytes instead of %zu\n", name, marked, with->step_count,
                without->step_count, with->arena_bytes, without->arena_bytes);
  cr_plan_destroy(with);
  cr_plan_destroy(without);
}

static void what_makes_features_is_planned_the_same(void **state)
{
  (void)state;
  const cr_network *network;
  for (size_t i = 0; (network = cr_network_at(i)) != NULL; i++) {
    cr_graph *graph = NULL;
    clreid_error error = {0};
    const cr_options options = {no_option, NULL};
    try_call(cr_network_build(network, &options, &graph, &error), &error, network->name);
    compare_plans(network->name, graph, (cr_plan_config){.separable_width = 1 << 14});
    compare_plans(network->name, graph, (cr_plan_config){.half = true, .attention_positions = 4096});
    cr_graph_destroy(graph);
  }
}

static const char *random_weights(const char *network)
{
  static char path[512];
  clreid_error error = {0};
  const char *const options[] = {"height=64", "width=32"};
  folder_file(&files, "random.safetensors", path);
  try_call(clreid_weights_random(network, options, 2, 1, path, &error), &error, network);
  return path;
}

static void only_the_maps_that_are_asked_for_are_written(void **state)
{
  (void)state;
  bench b = open_bench("rga-s", random_weights("rga-s"), &(clreid_model_config){.maps = true}, 2);
  clreid_error error = {0};
  float *some[MOST_MAPS] = {NULL, NULL, b.maps[2]};
  assert_int_equal(b.count, 4);
  memset(b.maps[3], 0, numbers(&b.infos[3]) * sizeof(float));
  try_call(clreid_embed_maps(b.session, pictures, 2, NULL, NULL, some, &error), &error, b.stem);
  assert_true(b.maps[2][0] > 0 && b.maps[2][0] < 1 && b.maps[3][0] == 0);
  clreid_map_info info;
  assert_false(clreid_model_map_at(b.model, 4, &info));
  assert_false(clreid_model_map_at(NULL, 0, &info));
  assert_false(clreid_model_map_at(b.model, 0, NULL));
  assert_int_equal(clreid_embed_maps(b.session, pictures, 2, NULL, NULL, NULL, &error), CLREID_INVALID_ARGUMENT);
  close_bench(&b);
}

static void a_network_may_have_no_maps(void **state)
{
  (void)state;
  bench b = open_bench("rga-c", random_weights("rga-c"), &(clreid_model_config){.maps = true}, 1);
  assert_int_equal(b.count, 0);
  run(&b, 0, 1);
  close_bench(&b);
}

static void maps_are_refused_where_the_model_makes_none(void **state)
{
  (void)state;
  bench b = open_bench("rga-s", random_weights("rga-s"), NULL, 1);
  clreid_error error = {0};
  assert_int_equal(clreid_embed_maps(b.session, pictures, 1, NULL, NULL, b.maps, &error), CLREID_INVALID_ARGUMENT);
  assert_non_null(strstr(error.text, "loaded without maps; load it with maps"));
  close_bench(&b);
}

static int prepare(void **state)
{
  (void)state;
  clreid_error error = {0};
  files = folder_make();
  try_call(clreid_device_open(&(clreid_device_config){.cache_folder = ""}, &device, &error), &error, "");
  for (int k = 0; k < MOST_BATCH; k++) {
    clreid_picture *p = &pictures[k];
    if (k >= GOLDEN_PICTURES)
      *p = pictures[0];
    else if (!(p->pixels = golden_picture(k, &p->width, &p->height)))
      fail_msg("cannot read golden/picture%d.png", k);
  }
  return 0;
}

static int clean(void **state)
{
  (void)state;
  for (int k = 0; k < GOLDEN_PICTURES; k++) free((void *)(uintptr_t)pictures[k].pixels);
  clreid_device_close(device);
  folder_remove(&files);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(maps_are_those_of_the_definition),
      cmocka_unit_test(maps_do_not_change_features),
      cmocka_unit_test(a_map_does_not_depend_on_its_batch),
      cmocka_unit_test(what_makes_features_is_planned_the_same),
      cmocka_unit_test(only_the_maps_that_are_asked_for_are_written),
      cmocka_unit_test(a_network_may_have_no_maps),
      cmocka_unit_test(maps_are_refused_where_the_model_makes_none),
  };
  return cmocka_run_group_tests(tests, prepare, clean);
}
