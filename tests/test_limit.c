/*
 * test_limit.c - proves host/limit.c: index spaces are cut whole and small enough, work is not underrated, and no
 * launch of a large batch is longer than a device may take.
 */
#include "support.h"

#include <limits.h>

#include "../lib/networks.h"
#include "../lib/plan.h"
#include "launch.h"
#include "limit.h"

/* ---- Cutting ----------------------------------------------------------------------------------------------------- */

static double groups_of(const size_t groups[3])
{
  return (double)groups[0] * (double)groups[1] * (double)groups[2];
}

/* Pieces cover the space, are no larger than allowed, and none is empty. */
static void check_cut(const cr_limits *limits, const size_t global[3], const size_t local[3], bool rows, uint64_t work)
{
  const cr_cut cut = cr_cut_space(limits, global, local, rows, work);
  size_t launches = 1;
  for (int d = 0; d < 3; d++) {
    const size_t groups = global[d] / local[d], pieces = (groups + cut.piece[d] - 1) / cut.piece[d];
    assert_int_equal(cut.groups[d], groups);
    assert_true(cut.piece[d] >= 1 && cut.piece[d] <= groups && (pieces - 1) * cut.piece[d] < groups);
    assert_true(cut.piece[d] <= limits->groups[d]);
    assert_true(cut.piece[d] * local[d] <= limits->items || cut.piece[d] == 1);
    launches *= pieces;
  }
  assert_int_equal(cut.launches, launches);
  const double share = (double)work * groups_of(cut.piece) / groups_of(cut.groups);
  const bool smallest = cut.piece[2] == 1 && cut.piece[1] == 1 && (cut.piece[0] == 1 || !rows);
  if (share > (double)limits->work * 1.000001 && !smallest)
    fail_msg("%zu x %zu x %zu groups: pieces of %zu x %zu x %zu have work of %.0f, %llu is allowed", cut.groups[0],
             cut.groups[1], cut.groups[2], cut.piece[0], cut.piece[1], cut.piece[2], share,
             (unsigned long long)limits->work);
}

static void spaces_are_cut_whole(void **state)
{
  (void)state;
  static const size_t sides[] = {1, 2, 3, 64, 65535, 65536, 1000003};
  static const uint64_t works[] = {0, 1, 1000, 5000000000u, 640000000000u};
  static const size_t locals[][3] = {{1, 1, 1}, {64, 1, 1}, {16, 4, 1}};
  enum { SIDES = sizeof sides / sizeof sides[0] };
  const cr_limits none = {.work = UINT64_MAX, .groups = {SIZE_MAX, SIZE_MAX, SIZE_MAX}, .items = UINT64_MAX};
  const cr_limits gpu = {.work = CR_LAUNCH_WORK, .groups = {INT_MAX, UINT16_MAX, UINT16_MAX}, .items = UINT32_MAX};
  const cr_limits narrow = {.work = 7, .groups = {5, 3, 2}, .items = 200};
  for (int i = 0; i < SIDES * SIDES * SIDES; i++)
    for (size_t l = 0; l < sizeof locals / sizeof locals[0]; l++)
      for (size_t w = 0; w < sizeof works / sizeof works[0]; w++) {
        const size_t global[3] = {sides[i % SIDES] * locals[l][0], sides[i / SIDES % SIDES] * locals[l][1],
                                  sides[i / SIDES / SIDES] * locals[l][2]};
        assert_int_equal(cr_cut_space(&none, global, locals[l], true, works[w]).launches, 1);
        check_cut(&gpu, global, locals[l], true, works[w]);
        check_cut(&gpu, global, locals[l], false, works[w]);
        check_cut(&narrow, global, locals[l], true, works[w]);
      }
}

static void small_spaces_stay_whole(void **state)
{
  (void)state;
  const cr_limits gpu = {.work = 1000, .groups = {INT_MAX, UINT16_MAX, UINT16_MAX}, .items = UINT32_MAX};
  const size_t local[3] = {1, 1, 1}, global[3] = {10, 20, 30};
  assert_int_equal(cr_cut_space(&gpu, global, local, true, 1000).launches, 1);
  assert_int_equal(cr_cut_space(&gpu, global, local, true, 1001).launches, 2);
  assert_int_equal(cr_cut_space(&gpu, global, local, true, 30000).launches, 30);
  assert_int_equal(cr_cut_space(&gpu, global, local, true, 60000).launches, 60);
}

/* A CPU has no limits; others have them, more work where more units are. */
static void facts_decide(void **state)
{
  (void)state;
  cr_device device = {.facts = {.type = CR_DEVICE_CPU, .compute_units = 2, .clock_mhz = 2000}};
  assert_true(cr_limits_of(&device).work == UINT64_MAX && cr_limits_of(&device).groups[1] == SIZE_MAX);
  device.facts.type = CR_DEVICE_GPU;
  assert_true(cr_limits_of(&device).work == CR_LAUNCH_WORK && cr_limits_of(&device).groups[1] == 65535);
  device.facts.compute_units = 132;
  assert_true(cr_limits_of(&device).work == (uint64_t)132 * 2000 * 100000);
  device.forced_launch_work = 77;
  assert_true(cr_limits_of(&device).work == 77);
}

/* ---- Networks ---------------------------------------------------------------------------------------------------- */

static cr_plan *plan_of(const cr_network *network, const cr_plan_config *config)
{
  clreid_error error = {CLREID_OK, ""};
  const cr_log silent = {NULL, NULL};
  cr_graph *graph;
  cr_plan *plan = NULL;
  if (cr_network_build(network, NULL, &graph, &error) != CLREID_OK ||
      cr_plan_create(graph, config, &silent, &plan, &error) != CLREID_OK)
    fail_msg("%s: %s", network->name, error.text);
  cr_graph_destroy(graph);
  return plan;
}

/* What a step is said to compute is never less than what the plan counts, and never absurdly more. */
static void work_is_not_underrated(void **state)
{
  (void)state;
  static const cr_plan_config configs[] = {{.separable_width = 1 << 14},
                                           {.relation = CLREID_RELATION_PLAIN, .maps = true}};
  int steps = 0;
  for (size_t i = 0; cr_network_at(i); i++)
    for (size_t c = 0; c < sizeof configs / sizeof configs[0]; c++) {
      cr_plan *plan = plan_of(cr_network_at(i), &configs[c]);
      for (int k = 0; k < plan->step_count; k++, steps++) {
        const cr_plan_step *step = &plan->steps[k];
        const int streams = step->op.streams > 1 ? step->op.streams : 1;
        const uint64_t work = cr_op_work(&step->op) * (uint64_t)streams;
        if (!work || work < step->multiply_adds)
          fail_msg("%s: work of %s is %llu, but it has %llu multiply-adds", cr_network_at(i)->name, step->name,
                   (unsigned long long)work, (unsigned long long)step->multiply_adds);
        if (step->multiply_adds > 10000000 && work > 20 * step->multiply_adds)
          fail_msg("%s: work of %s is %llu, but it has only %llu multiply-adds", cr_network_at(i)->name, step->name,
                   (unsigned long long)work, (unsigned long long)step->multiply_adds);
        assert_true(cr_op_most_pictures(&step->op) >= 65536 / 8);
      }
      cr_plan_destroy(plan);
    }
  printf("%d steps\n", steps);
}

/* The step of a plan for a batch, on operands that are never touched. */
static cr_step *step_of(const cr_plan_step *planned, cr_buffer *anything, int batch)
{
  clreid_error error = {CLREID_OK, ""};
  cr_step *step = NULL;
  cr_op op = planned->op;
  for (int v = 0; v < CR_VIEWS; v++)
    if (op.view[v].tensor >= 0) op.view[v].buffer = anything;
  if (planned->matrix_role) op.view[planned->matrix_role].buffer = anything;
  op.weights = op.bias = anything;
  if (cr_step_create(support_queue(), &op, batch, &step, &error) != CLREID_OK)
    fail_msg("%s: %s", planned->name, error.text);
  return step;
}

static void no_launch_of_a_large_batch_is_long(void **state)
{
  (void)state;
  enum { BATCH = 64 };
  clreid_error error = {CLREID_OK, ""};
  cr_device *device = support_device();
  const cr_facts facts = device->facts;
  const cr_plan_config config = {0};
  cr_buffer *anything;
  int launches = 0, cut_steps = 0;
  support_pretend("gpu");
  assert_int_equal(cr_buffer_create(device, 16, NULL, &anything, &error), CLREID_OK);
  cr_plan *plan = plan_of(cr_network_find("rga-sc", &error), &config);
  for (int k = 0; k < plan->step_count; k++) {
    const cr_plan_step *planned = &plan->steps[k];
    cr_step *step = step_of(planned, anything, BATCH);
    const cr_cut cut = cr_step_cut(step, BATCH * step->streams);
    const double share = groups_of(cut.piece) / groups_of(cut.groups);
    if (share * BATCH * (double)planned->multiply_adds > 5e9)
      fail_msg("%s: a launch of %.2g multiply-adds", planned->name, share * BATCH * (double)planned->multiply_adds);
    assert_true(cut.piece[1] <= 65535 && cut.piece[2] <= 65535);
    assert_int_equal(cr_step_launches(step), cut.launches);
    launches += cr_step_launches(step);
    cut_steps += cut.launches > 1;
    cr_step_destroy(step);
  }
  printf("%d steps, %d of them cut, %d launches\n", plan->step_count, cut_steps, launches);
  assert_true(cut_steps > 5);
  cr_plan_destroy(plan);
  cr_buffer_release(anything);
  device->facts = facts;
}

/* What kernels cannot count is said before they are asked to. */
static void a_batch_beyond_counting_is_refused(void **state)
{
  (void)state;
  clreid_error error = {CLREID_OK, ""};
  cr_step *step = NULL;
  const cr_op op = cr_trial_conv(1, 1024, 1024, 16, 16, 1, (cr_window){.kernel = 1}).op;
  assert_int_equal(cr_op_most_pictures(&op), 2047);
  assert_int_equal(cr_step_create(support_queue(), &op, 2048, &step, &error), CLREID_UNSUPPORTED_MODEL);
  assert_null(step);
  assert_non_null(strstr(error.text, "counts 1 to 2047 pictures, a step for 2048"));
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(spaces_are_cut_whole),
      cmocka_unit_test(small_spaces_stay_whole),
      cmocka_unit_test(facts_decide),
      cmocka_unit_test(work_is_not_underrated),
      cmocka_unit_test(no_launch_of_a_large_batch_is_long),
      cmocka_unit_test(a_batch_beyond_counting_is_refused),
  };
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, support_open, support_close);
}
