/*
 * test_peak.c - proves host/peak.c and cl/peak.cl: the kernels that measure do what is counted, and the figures are
 * possible.
 */
#include "support.h"

#include <CL/cl.h>

#include "peak.h"
#include "system.h"

enum { ARG_ROUNDS = 3, TURNS = 1000 };

/* Rounds of a chain at most that a kernel was told since it was zero. */
static cl_int most_rounds;

cl_int __real_clSetKernelArg(cl_kernel kernel, cl_uint index, size_t size, const void *value);
cl_int __wrap_clSetKernelArg(cl_kernel kernel, cl_uint index, size_t size, const void *value);

cl_int __wrap_clSetKernelArg(cl_kernel kernel, cl_uint index, size_t size, const void *value)
{
  cl_int rounds;
  if (index == ARG_ROUNDS && size == sizeof rounds) {
    memcpy(&rounds, value, sizeof rounds);
    if (rounds > most_rounds) most_rounds = rounds;
  }
  return __real_clSetKernelArg(kernel, index, size, value);
}

static void must(clreid_status status, const clreid_error *error)
{
  if (status != CLREID_OK) fail_msg("%s", error->text);
}

static float *read_output(const cr_peak *peak)
{
  clreid_error error = {CLREID_OK, ""};
  float *numbers = malloc(peak->numbers * sizeof *numbers);
  assert_non_null(numbers);
  must(cr_queue_read(support_queue(), peak->output, 0, peak->numbers * sizeof *numbers, numbers, &error), &error);
  return numbers;
}

/* Every multiply-add that is counted is done: after n rounds of x / 2 + 1 a chain is 2 + (x - 2) / 2^n, exactly. */
static void chains_do_every_round(void **state)
{
  (void)state;
  static const int chains[] = {1, 3, 24}, rounds[] = {0, 1, 2, 7, 12};
  clreid_error error = {CLREID_OK, ""};
  for (size_t c = 0; c < sizeof chains / sizeof chains[0]; c++)
    for (size_t r = 0; r < sizeof rounds / sizeof rounds[0]; r++) {
      cr_peak *peak;
      double work;
      must(cr_peak_create_chains(support_queue(), chains[c], &peak, &error), &error);
      must(cr_peak_run(peak, rounds[r], &work, &error), &error);
      assert_true(work == (double)peak->numbers * chains[c] * rounds[r]);
      float *sums = read_output(peak);
      for (size_t i = 0; i < peak->numbers; i++) {
        double sum = 0;
        for (int k = 0; k < chains[c]; k++)
          sum += 2 + ldexp((double)(k + 1 + i / (size_t)peak->vector % 8) - 2, -rounds[r]);
        if (sums[i] != sum)
          fail_msg("%d chains, %d rounds: number %zu is %.9g, not %.9g", chains[c], rounds[r], i, sums[i], sum);
      }
      free(sums);
      cr_peak_destroy(peak);
    }
}

/* Sizes below, at and above the run of a work-item. */
static void a_copy_is_a_copy(void **state)
{
  (void)state;
  static const size_t sizes[] = {16, 48, 16 * 4095, 16 * 4096, 16 * 4097, 16 * 10000};
  clreid_error error = {CLREID_OK, ""};
  for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
    cr_peak *peak;
    double work;
    float *data = malloc(sizes[s] * sizeof *data);
    assert_non_null(data);
    for (size_t i = 0; i < sizes[s]; i++) data[i] = (float)support_random(s << 32 | i, -1000000, 1000000);
    must(cr_peak_create_copy(support_queue(), sizes[s], data, &peak, &error), &error);
    must(cr_peak_run(peak, 1, &work, &error), &error);
    assert_true(work == 8.0 * sizes[s]);
    float *copy = read_output(peak);
    assert_memory_equal(copy, data, sizes[s] * sizeof *data);
    free(copy);
    free(data);
    cr_peak_destroy(peak);
  }
}

/* Bounds that no device of today comes near, and that a mistake by a factor of a thousand does not pass. */
static void the_figures_are_possible(void **state)
{
  (void)state;
  clreid_error error = {CLREID_OK, ""};
  cr_peaks peaks;
  const double before = cr_seconds();
  must(cr_peaks_measure(support_device(), &peaks, &error), &error);
  printf("%.1f G multiply-adds/s, %.1f GB/s copied, measured in %.2f s\n", 1e-9 * peaks.multiply_adds,
         1e-9 * peaks.copied_bytes, cr_seconds() - before);
  assert_true(peaks.multiply_adds > 1e7 && peaks.multiply_adds < 1e16);
  assert_true(peaks.copied_bytes > 1e7 && peaks.copied_bytes < 1e14);
}

/* No more than the device has. */
static void a_small_device_is_measured_too(void **state)
{
  (void)state;
  clreid_error error = {CLREID_OK, ""};
  cr_peaks peaks;
  const cr_facts facts = support_device()->facts;
  support_device()->facts.largest_buffer_bytes = 1000000;
  const clreid_status status = cr_peaks_measure(support_device(), &peaks, &error);
  support_device()->facts = facts;
  must(status, &error);
}

/* A round is a turn of a loop: as many as are trusted, and more where the device has no end of them. */
static void a_device_that_ends_loops_is_measured_too(void **state)
{
  (void)state;
  clreid_error error = {CLREID_OK, ""};
  cr_peaks peaks;
  const cr_facts facts = support_device()->facts;
  char words[32];
  snprintf(words, sizeof words, "turns=%d", TURNS);
  support_pretend(words);
  most_rounds = 0;
  const clreid_status status = cr_peaks_measure(support_device(), &peaks, &error);
  support_device()->facts = facts;
  must(status, &error);
  assert_in_range(most_rounds, 1, TURNS / 2);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(chains_do_every_round),
      cmocka_unit_test(a_copy_is_a_copy),
      cmocka_unit_test(the_figures_are_possible),
      cmocka_unit_test(a_small_device_is_measured_too),
      cmocka_unit_test(a_device_that_ends_loops_is_measured_too),
  };
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, support_open, support_close);
}
