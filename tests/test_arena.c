/*
 * test_arena.c - proves lib/arena.c: tensors that live at one time never share a byte, and little is wasted.
 */
#include "support.h"

#include "arena.h"

enum { MOST = 60 };

static size_t aligned(size_t bytes)
{
  return (bytes + CR_ARENA_ALIGNMENT - 1) / CR_ARENA_ALIGNMENT * CR_ARENA_ALIGNMENT;
}

static bool live_together(const cr_life *a, const cr_life *b)
{
  return a->first <= b->last && b->first <= a->last;
}

static size_t planned(cr_life *lives, int count)
{
  clreid_error error = {CLREID_OK, ""};
  size_t bytes = 12345;
  assert_int_equal(cr_arena_plan(lives, count, &bytes, &error), CLREID_OK);
  return bytes;
}

/* What no plan can go below: the tensors of one step, side by side. */
static size_t peak(const cr_life *lives, int count)
{
  size_t most = 0;
  for (int i = 0; i < count; i++) { /* the sum is largest where some tensor begins */
    size_t sum = 0;
    for (int k = 0; k < count; k++)
      if (lives[k].first <= lives[i].first && lives[i].first <= lives[k].last) sum += aligned(lives[k].bytes);
    if (sum > most) most = sum;
  }
  return most;
}

static void assert_sound(const cr_life *lives, int count, size_t bytes)
{
  size_t sum = 0;
  for (int i = 0; i < count; i++) {
    const cr_life *a = &lives[i];
    sum += aligned(a->bytes);
    assert_int_equal(a->offset % CR_ARENA_ALIGNMENT, 0);
    assert_true(a->offset + a->bytes <= bytes);
    for (int k = 0; k < i; k++) {
      const cr_life *b = &lives[k];
      if (live_together(a, b) && a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes)
        fail_msg("tensors %d and %d live together and share bytes; CLREID_TEST_SEED=%llu", k, i,
                 (unsigned long long)support_seed());
    }
  }
  assert_true(bytes <= sum);
  assert_true(bytes >= peak(lives, count));
}

static void random_lives(void **state)
{
  (void)state;
  uint64_t next = 0;
  double waste = 0;
  enum { ROUNDS = 500 };
  for (int round = 0; round < ROUNDS; round++) {
    cr_life lives[MOST], again[MOST];
    const int count = support_random(next++, 1, MOST), steps = support_random(next++, 1, 40);
    for (int i = 0; i < count; i++) {
      const int first = support_random(next++, 0, steps), bytes = support_random(next++, 0, 5000);
      const int last = first + support_random(next++, 0, 6);
      lives[i] = (cr_life){.bytes = (size_t)bytes, .first = first, .last = last, .offset = (size_t)-1};
    }
    memcpy(again, lives, sizeof lives);
    const size_t bytes = planned(lives, count);
    assert_sound(lives, count, bytes);
    assert_int_equal(planned(again, count), bytes); /* the same plan for the same question */
    for (int i = 0; i < count; i++) assert_int_equal(again[i].offset, lives[i].offset);
    const size_t least = peak(lives, count);
    waste += least ? (double)bytes / (double)least - 1 : 0;
  }
  printf("%.1f %% above the peak on average\n", 100 * waste / ROUNDS);
  assert_true(waste / ROUNDS < 0.012);
}

/* A chain, where each step reads one tensor and writes the next, needs the largest neighbours; a long-lived one lies
 * beside them. */
static void easy_cases_are_optimal(void **state)
{
  (void)state;
  cr_life chain[] = {{.bytes = 640, .first = 0, .last = 1},
                     {.bytes = 6400, .first = 1, .last = 2},
                     {.bytes = 3200, .first = 2, .last = 3},
                     {.bytes = 64, .first = 3, .last = 4}};
  assert_int_equal(planned(chain, 4), 9600);
  cr_life beside[] = {{.bytes = 1000, .first = 0, .last = 9},
                      {.bytes = 2000, .first = 0, .last = 4},
                      {.bytes = 2000, .first = 5, .last = 9}};
  assert_int_equal(planned(beside, 3), aligned(1000) + aligned(2000));
  assert_int_equal(beside[1].offset, beside[2].offset);
  cr_life apart[] = {{.bytes = 100, .first = 0, .last = 0}, {.bytes = 100, .first = 1, .last = 1}};
  assert_int_equal(planned(apart, 2), 128);
  cr_life touching[] = {{.bytes = 100, .first = 0, .last = 1}, {.bytes = 100, .first = 1, .last = 1}};
  assert_int_equal(planned(touching, 2), 256);
  assert_int_equal(planned(NULL, 0), 0);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_lives),
      cmocka_unit_test(easy_cases_are_optimal),
  };
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
