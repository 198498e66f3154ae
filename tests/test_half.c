/*
 * test_half.c - proves host/half.c and cl/half.clh: all 65536 halves, and the rounding of floats between them.
 */
#include "support.h"

#include "source.h"

/* The value of a finite half by its definition. */
static double meaning(unsigned half)
{
  int exponent = (int)(half >> 10 & 31u);
  double fraction = (double)(half & 1023u);
  double size = exponent ? ldexp(1024.0 + fraction, exponent - 25) : ldexp(fraction, -24);
  return half & 0x8000u ? -size : size;
}

static uint16_t to_half(float value)
{
  uint16_t half;
  cr_to_half(&value, &half, 1);
  return half;
}

static float from_bits(uint32_t bits)
{
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static void every_half_has_its_meaning_and_comes_back(void **state)
{
  (void)state;
  static uint16_t halves[65536], back[65536];
  static float values[65536];
  for (unsigned i = 0; i < 65536; i++) halves[i] = (uint16_t)i;
  cr_from_half(halves, values, 65536);
  cr_to_half(values, back, 65536);
  for (unsigned i = 0; i < 65536; i++) {
    unsigned exponent = i >> 10 & 31u;
    if (exponent == 31 && (i & 1023u)) {
      assert_true(isnan(values[i]));
      assert_int_equal(back[i], i | 0x200u); /* quiet, the rest kept */
      continue;
    }
    if (exponent == 31)
      assert_true(isinf(values[i]) && !signbit(values[i]) == !(i & 0x8000u));
    else
      assert_true((double)values[i] == meaning(i) && !signbit(values[i]) == !(i & 0x8000u));
    assert_int_equal(back[i], i);
  }
}

/* Between two neighbouring halves the nearer is chosen; in the middle the even one. */
static void floats_round_to_the_nearest_half_and_ties_to_even(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 0x7bff; i++) {
    float low = (float)meaning(i), high = (float)meaning(i + 1);
    float middle = (float)((meaning(i) + meaning(i + 1)) / 2); /* exact */
    unsigned even = i & 1u ? i + 1 : i;
    for (unsigned sign = 0; sign < 2; sign++) {
      float s = sign ? -1.0f : 1.0f;
      unsigned top = sign << 15;
      assert_int_equal(to_half(s * middle), top | even);
      assert_int_equal(to_half(s * nextafterf(middle, 0.0f)), top | i);
      assert_int_equal(to_half(s * nextafterf(middle, INFINITY)), top | (i + 1));
      assert_int_equal(to_half(s * nextafterf(low, INFINITY)), top | i);
      assert_int_equal(to_half(s * nextafterf(high, 0.0f)), top | (i + 1));
    }
  }
}

static void the_ends_of_the_range(void **state)
{
  (void)state;
  assert_int_equal(to_half(65504.0f), 0x7bff);
  assert_int_equal(to_half(nextafterf(65520.0f, 0.0f)), 0x7bff);
  assert_int_equal(to_half(65520.0f), 0x7c00); /* the middle to 65536, which would be even */
  assert_int_equal(to_half(3e38f), 0x7c00);
  assert_int_equal(to_half(-INFINITY), 0xfc00);
  assert_int_equal(to_half(0x1p-25f), 0); /* the middle of 0 and the smallest */
  assert_int_equal(to_half(nextafterf(0x1p-25f, 1.0f)), 1);
  assert_int_equal(to_half(-0x1p-26f), 0x8000);
  assert_int_equal(to_half(from_bits(1)), 0); /* the smallest float */
  assert_int_equal(to_half(-0.0f), 0x8000);
  assert_int_equal(to_half(from_bits(0x7f800001u)), 0x7e00); /* a NaN whose fraction lies below: still NaN */
}

/* ---- On the device: each way of cl/half.clh, number by number and in vectors ------------------------------------- */

enum { HALVES = 65536, SIDES = 5, ENDS = 13, WIDEST = 16 };

/* Round every middle between two halves, and the ends; then zeros, up to a whole number of vectors. */
static float rounded[2 * (0x7bff * SIDES + ENDS) + WIDEST];
static size_t rounded_count;

static void make_rounded(void)
{
  static const uint32_t ends[ENDS] = {0x477fe000u, 0x477fefffu, 0x477ff000u, 0x7f7fffffu, 0x7f800000u,
                                      0x7f800001u, 0x7fc00000u, 0x7fffffffu, 0x33000000u, 0x33000001u,
                                      0x32ffffffu, 1,           0x007fffffu};
  rounded_count = 0;
  for (unsigned sign = 0; sign < 2; sign++) {
    const float s = sign ? -1.0f : 1.0f;
    for (unsigned i = 0; i < 0x7bff; i++) {
      const float middle = (float)((meaning(i) + meaning(i + 1)) / 2);
      const float around[SIDES] = {(float)meaning(i), nextafterf((float)meaning(i), INFINITY), nextafterf(middle, 0.0f),
                                   middle, nextafterf(middle, INFINITY)};
      for (int k = 0; k < SIDES; k++) rounded[rounded_count++] = s * around[k];
    }
    for (size_t i = 0; i < ENDS; i++) rounded[rounded_count++] = from_bits(ends[i] | sign << 31);
  }
  rounded_count = (rounded_count + WIDEST - 1) / WIDEST * WIDEST;
}

/* Halves are read and written one element after an aligned place: no vector of them is aligned. */
static const char kernels[] = "#if N == 1\n"
                              "#define LOAD(p) LOAD1_half(p)\n"
                              "#define STORE(p, x) STORE1_half(p, x)\n"
                              "#define VECTOR float\n"
                              "#else\n"
                              "#define LOAD(p) LOADV_half(N, p)\n"
                              "#define STORE(p, x) STOREV_half(N, p, x)\n"
                              "#define VECTOR JOIN(float, N)\n"
                              "#endif\n"
                              "__kernel void to_float(__global half *halves, __global VECTOR *floats)\n"
                              "{\n"
                              "  floats[get_global_id(0)] = LOAD(halves + 1 + get_global_id(0) * N);\n"
                              "}\n"
                              "__kernel void to_half(__global half *halves, __global VECTOR *floats)\n"
                              "{\n"
                              "  STORE(halves + 1 + get_global_id(0) * N, floats[get_global_id(0)]);\n"
                              "}\n";

static cl_program build(int wide, int width)
{
  static char whole[1 << 16];
  clreid_error error = {CLREID_OK, ""};
  char *common, options[64];
  const char *text = whole;
  cl_int code;
  if (cr_source_read(NULL, "common.clh", &common, &error) != CLREID_OK) fail_msg("%s", error.text);
  assert_true(snprintf(whole, sizeof whole, "%s%s", common, kernels) < (int)sizeof whole);
  free(common);
  snprintf(options, sizeof options, "-cl-std=CL1.2 -w -DHALF_WIDE=%d -DN=%d", wide, width);
  const cl_program program = clCreateProgramWithSource(support_device()->context, 1, &text, NULL, &code);
  assert_int_equal(code, CL_SUCCESS);
  assert_int_equal(clBuildProgram(program, 1, &support_device()->id, options, NULL, NULL), CL_SUCCESS);
  return program;
}

/* Runs a kernel over `count` numbers and reads back what it wrote: floats, or halves. */
static void convert(cl_program program, const char *name, int width, uint16_t *halves, float *floats, size_t count)
{
  clreid_error error = {CLREID_OK, ""};
  cr_buffer *half_buffer, *float_buffer;
  cl_int code;
  const size_t items = count / (size_t)width;
  const size_t half_bytes = count * sizeof *halves, float_bytes = count * sizeof *floats;
  const cl_kernel kernel = clCreateKernel(program, name, &code);
  assert_int_equal(code, CL_SUCCESS);
  assert_int_equal(cr_buffer_create(support_device(), half_bytes + sizeof *halves, NULL, &half_buffer, &error), 0);
  assert_int_equal(cr_buffer_create(support_device(), float_bytes, floats, &float_buffer, &error), 0);
  assert_int_equal(cr_queue_write(support_queue(), half_buffer, sizeof *halves, half_bytes, halves, &error), 0);
  assert_int_equal(clSetKernelArg(kernel, 0, sizeof(cl_mem), &half_buffer->memory), CL_SUCCESS);
  assert_int_equal(clSetKernelArg(kernel, 1, sizeof(cl_mem), &float_buffer->memory), CL_SUCCESS);
  code = clEnqueueNDRangeKernel(support_queue()->queue, kernel, 1, NULL, &items, NULL, 0, NULL, NULL);
  assert_int_equal(code, CL_SUCCESS);
  assert_int_equal(cr_queue_read(support_queue(), half_buffer, sizeof *halves, half_bytes, halves, &error), 0);
  assert_int_equal(cr_queue_read(support_queue(), float_buffer, 0, float_bytes, floats, &error), 0);
  cr_buffer_release(half_buffer);
  cr_buffer_release(float_buffer);
  clReleaseKernel(kernel);
}

static void check_loads(cl_program program, int wide, int width)
{
  static uint16_t halves[HALVES];
  static float floats[HALVES], expected[HALVES];
  for (unsigned i = 0; i < HALVES; i++) halves[i] = (uint16_t)i;
  cr_from_half(halves, expected, HALVES);
  memset(floats, 0x55, sizeof floats);
  convert(program, "to_float", width, halves, floats, HALVES);
  for (unsigned i = 0; i < HALVES; i++)
    if (isnan(expected[i]) ? !isnan(floats[i]) : memcmp(&floats[i], &expected[i], sizeof(float)) != 0)
      fail_msg("HALF_WIDE %d, vectors of %d: half %04x is %a, expected %a", wide, width, i, (double)floats[i],
               (double)expected[i]);
}

static void check_stores(cl_program program, int wide, int width)
{
  static uint16_t halves[sizeof rounded / sizeof rounded[0]], expected[sizeof rounded / sizeof rounded[0]];
  cr_to_half(rounded, expected, rounded_count);
  memset(halves, 0x55, sizeof halves);
  convert(program, "to_half", width, halves, rounded, rounded_count);
  for (size_t i = 0; i < rounded_count; i++)
    if (isnan(rounded[i]) ? (halves[i] & 0x7fffu) <= 0x7c00u : halves[i] != expected[i])
      fail_msg("HALF_WIDE %d, vectors of %d: %a is half %04x, expected %04x", wide, width, (double)rounded[i],
               (unsigned)halves[i], (unsigned)expected[i]);
}

static void the_device_converts_as_the_host(void **state)
{
  static const int widths[] = {1, 2, 4, 8, 16};
  (void)state;
  make_rounded();
  for (int wide = 0; wide <= 2; wide++)
    for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++) {
      const cl_program program = build(wide, widths[w]);
      check_loads(program, wide, widths[w]);
      check_stores(program, wide, widths[w]);
      clReleaseProgram(program);
    }
  printf("%d halves and %zu floats, 15 times\n", HALVES, rounded_count);
}

static void check_operator(cr_trial_spec spec)
{
  clreid_error error = {CLREID_OK, ""};
  cr_trial *trial;
  int checks = 0;
  spec.op.half = spec.bias = spec.scale = true;
  spec.seed = support_seed();
  assert_int_equal(cr_trial_create(support_queue(), &spec, &trial, &error), CLREID_OK);
  if (cr_trial_run(trial, false, 0, spec.batch, &error) || cr_oracle_check(trial, 0, spec.batch, &checks, &error))
    fail_msg("HALF_WIDE %d, %s: %s", support_device()->half_wide, trial->name, error.text);
  assert_true(checks > 0);
  cr_trial_destroy(trial);
}

/* Sums that are long and short of whole blocks, and rows, in the ways that the device is not given elsewhere. */
static void operators_hold_in_each_way(void **state)
{
  const int chosen = support_device()->half_wide;
  (void)state;
  for (int wide = 0; wide <= 2; wide++) {
    support_device()->half_wide = wide;
    if (wide == chosen) continue;
    check_operator(cr_trial_gemm(2, 13, 37, 40));
    check_operator(cr_trial_conv(2, 5, 4, 19, 33, 1, (cr_window){.kernel = 3, .padding = 1}));
    check_operator(cr_trial_rows(CR_SCALE, 2, 3, 20));
  }
  support_device()->half_wide = chosen;
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_half_has_its_meaning_and_comes_back),
      cmocka_unit_test(floats_round_to_the_nearest_half_and_ties_to_even),
      cmocka_unit_test(the_ends_of_the_range),
  };
  const struct CMUnitTest device_tests[] = {
      cmocka_unit_test(the_device_converts_as_the_host),
      cmocka_unit_test(operators_hold_in_each_way),
  };
  support_start(argc, argv);
  const int failed = cmocka_run_group_tests(tests, NULL, NULL);
  return failed + cmocka_run_group_tests(device_tests, support_open, support_close);
}
