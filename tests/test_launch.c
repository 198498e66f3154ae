/*
 * test_launch.c - proves host/launch.c: an index space that is enqueued in pieces gives the same bits, for every
 * kernel; and multiply-adds that are not fused are right and alike everywhere.
 *
 * The linker sends clEnqueueNDRangeKernel through this file (tests/CMakeLists.txt), which counts.
 */
#include "support.h"

#include "launch.h"

static long launches, offsets; /* counted; those of them that begin at an offset */

cl_int __real_clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions, const size_t *offset,
                                     const size_t *global, const size_t *local, cl_uint waits, const cl_event *wait,
                                     cl_event *event);
cl_int __wrap_clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions, const size_t *offset,
                                     const size_t *global, const size_t *local, cl_uint waits, const cl_event *wait,
                                     cl_event *event);
cl_int __wrap_clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions, const size_t *offset,
                                     const size_t *global, const size_t *local, cl_uint waits, const cl_event *wait,
                                     cl_event *event)
{
  launches++;
  for (cl_uint d = 0; offset && d < dimensions; d++)
    if (offset[d]) {
      offsets++;
      break;
    }
  return __real_clEnqueueNDRangeKernel(queue, kernel, dimensions, offset, global, local, waits, wait, event);
}

/* ---- Every kernel ------------------------------------------------------------------------------------------------ */

enum { BATCH = 3 };

static cr_trial_spec with_bias(cr_trial_spec spec)
{
  spec.bias = true;
  return spec;
}

static cr_trial_spec of_op(cr_op op)
{
  return (cr_trial_spec){.op = op, .batch = BATCH, .bias = op.kind == CR_ATTEND, .residual = op.kind == CR_CROP};
}

/* Every kind of operator but Winograd's, whose steps test_session.c cuts. */
static int all_specs(cr_trial_spec specs[])
{
  int n = 0;
  specs[n++] = with_bias(cr_trial_conv(BATCH, 9, 7, 19, 37, 1, (cr_window){.kernel = 3, .padding = 1}));
  specs[n++] = cr_trial_conv(BATCH, 6, 5, 24, 24, 3, (cr_window){.kernel = 3, .stride = 2, .padding = 1});
  specs[n++] = with_bias(cr_trial_conv(BATCH, 9, 10, 33, 33, 33, (cr_window){.kernel = 3, .padding = 1}));
  specs[n++] = with_bias(cr_trial_gemm(BATCH, 35, 40, 21));
  specs[n++] = cr_trial_pool(BATCH, 9, 8, 40, true, (cr_window){.kernel = 3, .stride = 2, .padding = 1});
  specs[n++] = cr_trial_pool(BATCH, 9, 8, 40, false, (cr_window){0});
  specs[n++] = cr_trial_rows(CR_PACK, BATCH, 19, 40);
  specs[n++] = cr_trial_rows(CR_PACK, BATCH, 48, 48);
  specs[n - 1].op.pack.transposed = true;
  specs[n++] = with_bias(cr_trial_rows(CR_SCALE, BATCH, 13, 70));
  specs[n++] = cr_trial_rows(CR_MASK, BATCH, 13, 70);
  specs[n - 1].second = specs[n - 1].residual = true;
  specs[n++] = cr_trial_rows(CR_SOFTMAX, BATCH, 70, 19);
  specs[n++] = cr_trial_attention(BATCH, 33, 17);
  specs[n++] = of_op((cr_op){.kind = CR_HARMONY,
                             .as_float[CR_OUTPUT] = true,
                             .harmony = {.height = 5, .width = 4, .channels = 33, .reduced = 2, .centres = 8}});
  specs[n++] = of_op((cr_op){.kind = CR_ATTEND, .attend = {.rows = 35, .columns = 17, .map = 48}});
  specs[n++] =
      of_op((cr_op){.kind = CR_CROP,
                    .crop = {.height = 9, .width = 7, .channels = 20, .out_height = 4, .out_width = 3, .streams = 4}});
  specs[n++] = of_op((cr_op){.kind = CR_NORMALISE, .normalise = {.columns = 64, .parts = 2}});
  specs[n++] = of_op((cr_op){
      .kind = CR_SEPARABLE,
      .separable = {
          .height = 7, .width = 9, .channels = 5, .out_height = 4, .out_width = 5, .out_channels = 40, .stride = 2}});
  return n;
}

static void run(cr_trial *trial, bool plain)
{
  clreid_error error = {CLREID_OK, ""};
  launches = offsets = 0;
  if (cr_trial_run(trial, plain, 0, BATCH, &error) != CLREID_OK) fail_msg("%s", error.text);
}

/* In one launch, in a few, and each group by itself. */
static void check_pieces(cr_trial *trial, bool plain)
{
  cr_device *device = support_device();
  const size_t bytes = cr_trial_output_bytes(trial);
  const uint64_t work = cr_op_work(&trial->op) * BATCH;
  void *whole = malloc(bytes);
  assert_non_null(whole);
  device->forced_launch_work = UINT64_MAX;
  run(trial, plain);
  assert_int_equal(launches, 1);
  memcpy(whole, trial->memory[CR_OUTPUT], bytes);
  const uint64_t limits[] = {work / 2, 1};
  for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
    device->forced_launch_work = limits[i];
    run(trial, plain);
    if (launches < 2 || offsets != launches - 1)
      fail_msg("%s as %s: %ld launches, %ld with an offset", trial->name, trial->variant, launches, offsets);
    if (memcmp(whole, trial->memory[CR_OUTPUT], bytes))
      fail_msg("%s as %s: other bits in %ld launches", trial->name, trial->variant, launches);
  }
  device->forced_launch_work = 0;
  free(whole);
}

static void check_all(cr_device_type type)
{
  enum { MOST = 32 };
  cr_trial_spec specs[MOST];
  clreid_error error = {CLREID_OK, ""};
  cr_device *device = support_device();
  const cr_facts facts = device->facts;
  const int count = all_specs(specs);
  bool seen[CR_KINDS] = {false};
  for (int i = 0; i < count; i++)
    for (int plain = 0; plain < 2; plain++) {
      cr_trial *trial;
      specs[i].seed = support_seed();
      seen[specs[i].op.kind] = true;
      if (cr_trial_create(support_queue(), &specs[i], &trial, &error) != CLREID_OK) fail_msg("%s", error.text);
      /* A work-item that loops over groups of one: that is its device. */
      if (type == CR_DEVICE_CPU || specs[i].op.kind != CR_SEPARABLE) {
        support_pretend(type == CR_DEVICE_CPU ? "cpu" : "gpu,work-group=8");
        check_pieces(trial, plain);
        device->facts = facts;
      }
      cr_trial_destroy(trial);
    }
  for (int kind = 0; kind < CR_KINDS; kind++)
    if (!seen[kind] && (kind < CR_WINOGRAD_INPUT || kind > CR_WINOGRAD_OUTPUT))
      fail_msg("no operator of kind %d", kind);
}

static void pieces_give_the_same_bits(void **state)
{
  (void)state;
  check_all(CR_DEVICE_CPU);
}

static void pieces_give_the_same_bits_as_a_gpu(void **state)
{
  (void)state;
  check_all(CR_DEVICE_GPU);
}

/* Without a limit there is one launch, and no offset: for PoCL that would be another compilation. */
static void a_cpu_launches_once(void **state)
{
  (void)state;
  clreid_error error = {CLREID_OK, ""};
  cr_trial *trial;
  cr_trial_spec spec = cr_trial_rows(CR_SCALE, 1, 70000, 3); /* more rows than some devices have groups */
  spec.bias = true;
  spec.seed = support_seed();
  assert_int_equal(cr_trial_create(support_queue(), &spec, &trial, &error), CLREID_OK);
  cr_device *device = support_device();
  const cr_facts facts = device->facts;
  for (int gpu = 0; gpu < 2; gpu++) {
    support_pretend(gpu ? "gpu" : "cpu");
    launches = 0;
    if (cr_trial_run(trial, false, 0, 1, &error) != CLREID_OK) fail_msg("%s", error.text);
    assert_int_equal(launches, 1 + gpu);
  }
  device->facts = facts;
  cr_trial_destroy(trial);
}

/* ---- Multiply-adds ----------------------------------------------------------------------------------------------- */

/* mad() where fma() is missing: within the bounds, and the same bits in every tile and plain twin. */
static void without_fma(void **state)
{
  (void)state;
  cr_device *device = support_device();
  const cr_facts facts = device->facts;
  support_pretend("no-fma");
  support_examine(cr_trial_gemm(2, 13, 33, 65));
  device->facts = facts;
  support_verdict();
}

/* Where fma() may be slow the compiler of kernels decides. */
static void with_fma_that_may_be_slow(void **state)
{
  (void)state;
  clreid_error error = {CLREID_OK, ""};
  cr_trial *trial;
  int checks;
  cr_device *device = support_device();
  const cr_facts facts = device->facts;
  cr_trial_spec spec = cr_trial_conv(2, 5, 7, 19, 33, 1, (cr_window){.kernel = 3, .padding = 1});
  spec.seed = support_seed();
  device->facts.fused_multiply_add = device->facts.fma_may_be_slow = true;
  assert_int_equal(cr_trial_create(support_queue(), &spec, &trial, &error), CLREID_OK);
  if (cr_trial_run(trial, false, 0, 2, &error) || cr_oracle_check(trial, 0, 2, &checks, &error))
    fail_msg("%s", error.text);
  cr_trial_destroy(trial);
  device->facts = facts;
}

/* Where the storage is half, an operand is float only if the kernel knows. */
static void a_float_that_the_kernel_does_not_know_is_refused(void **state)
{
  (void)state;
  static const int views[] = {CR_INPUT, CR_RESIDUAL, CR_GATE};
  for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
    cr_op op = {.kind = CR_CONV, .name = "red", .half = true};
    clreid_error error = {CLREID_OK, ""};
    cr_step *step;
    op.as_float[views[i]] = true;
    op.conv = cr_trial_conv(1, 3, 3, 16, 16, 1, (cr_window){.kernel = 1}).op.conv;
    assert_int_equal(cr_step_create(support_queue(), &op, 1, &step, &error), CLREID_UNSUPPORTED_MODEL);
    assert_non_null(strstr(error.text, " is float, but its kernel takes halves"));
  }
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pieces_give_the_same_bits), cmocka_unit_test(pieces_give_the_same_bits_as_a_gpu),
      cmocka_unit_test(a_cpu_launches_once),       cmocka_unit_test(without_fma),
      cmocka_unit_test(with_fma_that_may_be_slow), cmocka_unit_test(a_float_that_the_kernel_does_not_know_is_refused),
  };
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, support_open, support_close);
}
