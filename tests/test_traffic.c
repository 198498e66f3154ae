/*
 * test_traffic.c - proves lib/traffic.c without a device: the shapes of all operands in the plans of all networks, and
 * bytes that were counted by hand.
 */
#include "support.h"

#include "traffic.h"

static const cr_log silent = {NULL, NULL};

static cr_plan *plan_of(const cr_network *network, const cr_plan_config *config)
{
  cr_graph *graph;
  cr_plan *plan = NULL;
  clreid_error error = {CLREID_OK, ""};
  if (cr_network_build(network, NULL, &graph, &error) != CLREID_OK ||
      cr_plan_create(graph, config, &silent, &plan, &error) != CLREID_OK)
    fail_msg("%s", error.text);
  cr_graph_destroy(graph);
  return plan;
}

/* An operand has a shape where the step has a view, and lies within what the view's tensor holds for a map. */
static void check_step(const cr_plan *plan, const cr_plan_step *step, const char *network)
{
  const size_t streams = step->op.streams > 1 ? (size_t)step->op.streams : 1;
  for (int v = 0; v < CR_VIEWS; v++) {
    const cr_view *view = &step->op.view[v];
    if (view->tensor < 0) continue;
    const cr_shape shape = cr_op_shape(&step->op, v);
    const size_t all = cr_plan_tensor_elements(&plan->tensors[view->tensor]);
    if (!shape.rows || !shape.columns || shape.rows * shape.columns * streams > all)
      fail_msg("%s, %s: view %d is %zu x %zu, its tensor has %zu elements for %zu maps", network, step->name, v,
               shape.rows, shape.columns, all, streams);
  }
  const cr_shape output = cr_op_shape(&step->op, CR_OUTPUT);
  assert_true(output.rows && output.columns);
}

static void every_operand_has_a_shape(void **state)
{
  (void)state;
  static const cr_plan_config configs[] = {
      {.maps = true},
      {.half = true, .separable_width = 1 << 14},
      {.relation = CLREID_RELATION_PLAIN, .attention = CLREID_ATTENTION_PLAIN, .direct_convolution = true},
      {.attention = CLREID_ATTENTION_FUSED},
  };
  int steps = 0;
  bool seen[CR_KINDS] = {false};
  for (size_t n = 0; cr_network_at(n); n++)
    for (size_t c = 0; c < sizeof configs / sizeof configs[0]; c++) {
      cr_plan *plan = plan_of(cr_network_at(n), &configs[c]);
      for (int s = 0; s < plan->step_count; s++, steps++) {
        check_step(plan, &plan->steps[s], cr_network_at(n)->name);
        seen[plan->steps[s].op.kind] = true;
      }
      cr_plan_destroy(plan);
    }
  printf("%d steps\n", steps);
  for (int k = 0; k < CR_KINDS; k++)
    if (!seen[k]) fail_msg("no network has a step of kind %d", k);
}

/* A plan of one step, its operands in tensors of their own; elements of 4 bytes, those of tensor 2 of 2. */
static uint64_t bytes_of(cr_op op, int views, int batch)
{
  cr_plan_tensor tensors[CR_VIEWS] = {{.is_float = true}, {.is_float = true}, {.is_float = false}, {.is_float = true}};
  cr_plan_step step = {.op = op};
  for (int v = 0; v < CR_VIEWS; v++) step.op.view[v] = (cr_view){.tensor = v < views ? v : -1};
  const cr_plan plan = {.config = {.half = true}, .steps = &step, .step_count = 1, .tensors = tensors};
  const cr_step_constants none = {NULL, NULL, NULL};
  return cr_traffic(&plan, 0, &none, batch);
}

static void bytes_are_those_counted_by_hand(void **state)
{
  (void)state;
  cr_op op = {.kind = CR_MASK, .mask = {.rows = 6, .columns = 20}};
  /* 6 rows of 32 written, 6 of 20 read, 6 halves of the spatial mask */
  assert_int_equal(bytes_of(op, 3, 1), 4 * 6 * 32 + 4 * 6 * 20 + 2 * 6);
  assert_int_equal(bytes_of(op, 3, 5), 5 * (4 * 6 * 32 + 4 * 6 * 20 + 2 * 6));
  op.streams = 4;
  assert_int_equal(bytes_of(op, 2, 5), 20 * (4 * 6 * 32 + 4 * 6 * 20));
  /* stride 2 of a 1x1 window reads every other pixel of every other line */
  op = (cr_op){.kind = CR_CONV,
               .conv = {.height = 8,
                        .width = 6,
                        .channels = 16,
                        .out_height = 4,
                        .out_width = 3,
                        .out_channels = 32,
                        .kernel_height = 1,
                        .kernel_width = 1}};
  assert_int_equal(bytes_of(op, 2, 1), 4 * 12 * 32 + 4 * 12 * 16);
  op.conv.kernel_height = op.conv.kernel_width = 3; /* all of them */
  assert_int_equal(bytes_of(op, 2, 1), 4 * 12 * 32 + 4 * 48 * 16);
  op = (cr_op){.kind = CR_GEMM, .gemm = {.m = 5, .n = 16, .k = 7}};
  assert_int_equal(bytes_of(op, 3, 2), 2 * (4 * 5 * 16 + 4 * 5 * 7 + 2 * 7 * 16));
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_operand_has_a_shape),
      cmocka_unit_test(bytes_are_those_counted_by_hand),
  };
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
