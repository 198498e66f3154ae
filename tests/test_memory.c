/*
 * test_memory.c - proves that what works on the host alone survives an allocation that fails, each of them once: it
 * says so in one line, and nothing stays behind. What needs a device is let fail in test_api.c and its like.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clreid/clreid_evaluate.h"
#include "folder.h"
#include "networks.h"
#include "plan.h"
#include "system.h"
#include "weights.h"

/* ---- Memory that runs out ---------------------------------------------------------------------------------------- */

static long allowed = -1; /* allocations; negative: any number */
static bool ran_out;

/* The blocks in use: what libraries allocated and the library frees is none of them. */
enum { MOST_BLOCKS = 1 << 16 };
static void *blocks[MOST_BLOCKS];
static long block_count;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *block);

static bool is_allowed(void)
{
  if (allowed == 0) ran_out = true;
  if (allowed > 0) allowed--;
  return !ran_out;
}

static void *add(void *block)
{
  if (block && block_count < MOST_BLOCKS) blocks[block_count++] = block;
  return block;
}

static void forget(const void *block)
{
  for (long i = block_count - 1; i >= 0; i--) {
    if (blocks[i] != block) continue;
    blocks[i] = blocks[--block_count];
    return;
  }
}

void *__wrap_malloc(size_t size)
{
  return is_allowed() ? add(__real_malloc(size)) : NULL;
}

void *__wrap_calloc(size_t count, size_t size)
{
  return is_allowed() ? add(__real_calloc(count, size)) : NULL;
}

void *__wrap_realloc(void *old, size_t size)
{
  if (!is_allowed()) return NULL;
  forget(old);
  return add(__real_realloc(old, size));
}

void __wrap_free(void *block)
{
  forget(block);
  __real_free(block);
}

/* ---- What is let fail -------------------------------------------------------------------------------------------- */

static const char *weight_file;
static const cr_weight_spec specs[] = {{"a", 2, {2, 3}, CR_ROLE_KERNEL, 1}, {"b", 1, {4}, CR_ROLE_BIAS, 1}};
enum { SPECS = sizeof specs / sizeof *specs };

static void fill(void *user, const cr_weight_spec *spec, float *values, size_t number)
{
  (void)user;
  (void)spec;
  for (size_t i = 0; i < number; i++) values[i] = (float)i;
}

static clreid_status write_weights(clreid_error *error)
{
  return cr_weights_write(weight_file, specs, SPECS, NULL, 0, fill, NULL, error);
}

static clreid_status read_weights(clreid_error *error)
{
  cr_weights *weights = NULL;
  CR_TRY(cr_weights_open(weight_file, &weights, error));
  const clreid_status status = cr_weights_match(weights, specs, SPECS, error);
  cr_weights_close(weights);
  return status;
}

static const char *no_option(const void *user, const char *key)
{
  (void)user;
  (void)key;
  return NULL;
}

static clreid_status plan(const char *name, clreid_error *error)
{
  const cr_options options = {no_option, NULL};
  cr_graph *graph = NULL;
  cr_plan *made = NULL;
  clreid_status status = cr_network_build(cr_network_find(name, error), &options, &graph, error);
  if (status == CLREID_OK) status = cr_plan_create(graph, &(cr_plan_config){.half = false}, NULL, &made, error);
  cr_plan_destroy(made);
  cr_graph_destroy(graph);
  return status;
}

static clreid_status plan_han(clreid_error *error)
{
  return plan("han-small", error);
}

static clreid_status plan_fnc(clreid_error *error)
{
  return plan("fnc", error);
}

enum { FEATURES = 6, LENGTH = 2 };
static const float features[FEATURES][LENGTH] = {{1, 0}, {1, 1}, {0, 1}, {-1, 1}, {-1, 0}, {1, 2}};
static const clreid_label labels[FEATURES] = {{1, 1}, {1, 2}, {2, 1}, {2, 2}, {3, 1}, {1, 3}};

static clreid_status rerank(clreid_error *error)
{
  const clreid_rerank_config config = {.metric = CLREID_EUCLIDEAN, .k1 = 3, .k2 = 2, .lambda = 0.3f};
  float distances[2 * FEATURES];
  return clreid_rerank(NULL, features[0], 2, features[0], FEATURES, LENGTH, &config, distances, error);
}

static clreid_status evaluate(clreid_error *error)
{
  const clreid_labelled all = {features[0], labels, FEATURES};
  double cmc[2];
  clreid_evaluation result = {.cmc = cmc, .ranks = 2};
  return clreid_evaluate(NULL, &all, &all, LENGTH, &(clreid_evaluate_config){.metric = CLREID_COSINE}, &result, error);
}

static clreid_status evaluate_reranked(clreid_error *error)
{
  const clreid_rerank_config rerank_config = {.k1 = 3, .k2 = 2};
  const clreid_evaluate_config config = {.multiple_query = true, .rerank = &rerank_config};
  const clreid_labelled all = {features[0], labels, FEATURES};
  clreid_evaluation result = {.ranks = 0};
  return clreid_evaluate(NULL, &all, &all, LENGTH, &config, &result, error);
}

/* What libraries allocate is not let fail. */
static const struct {
  const char *name;
  clreid_status (*run)(clreid_error *error);
} actions[] = {
    {"write weights", write_weights},
    {"read weights", read_weights},
    {"plan han-small", plan_han},
    {"plan fnc", plan_fnc},
    {"rerank", rerank},
    {"evaluate", evaluate},
    {"evaluate, re-ranked", evaluate_reranked},
};

/* Lets allocation `index` and all after it fail; false: there were no more than that. */
static bool fails_cleanly(size_t action, long index)
{
  clreid_error error = {CLREID_OK, ""};
  const long before = block_count;
  ran_out = false;
  allowed = index;
  const clreid_status status = actions[action].run(&error);
  const bool failed = ran_out;
  allowed = -1;
  ran_out = false;
  const char *name = actions[action].name;
  if (!failed && status != CLREID_OK) fail_msg("%s: %s", name, error.text);
  if (failed && (status != CLREID_OUT_OF_MEMORY || error.status != status || !*error.text || strchr(error.text, '\n')))
    fail_msg("%s, without allocation %ld: status %d, '%s'", name, index, (int)status, error.text);
  if (block_count != before) fail_msg("%s, without allocation %ld: %ld blocks stay", name, index, block_count - before);
  return failed;
}

static void every_allocation_may_fail(void **state)
{
  (void)state;
  const folder f = folder_make();
  char path[512];
  weight_file = folder_file(&f, "w.safetensors", path);
  for (size_t a = 0; a < sizeof actions / sizeof *actions; a++) {
    long index = 0;
    while (fails_cleanly(a, index)) index++;
    printf("%s: %ld allocations\n", actions[a].name, index);
    assert_true(index > 0);
  }
  assert_int_equal(folder_entries(&f), 1); /* the whole file, and none aside */
  folder_remove(&f);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_may_fail)};
  return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
