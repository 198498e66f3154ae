/*
 * test_suggest.c - proves samples/common/suggest.c: which word was meant.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "suggest.h"

static void distances(void **state)
{
  (void)state;
  static const struct {
    const char *a, *b;
    int steps;
  } cases[] = {
      {"", "", 0},
      {"embed", "embed", 0},
      {"", "top", 3},
      {"batch", "bach", 1},
      {"bach", "batch", 1},
      {"batch", "botch", 1},
      {"embed", "emebd", 1},
      {"precision", "presicion", 2},
      {"kitten", "sitting", 3},
      {"match", "weights", 6},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    assert_int_equal(suggest_distance(cases[i].a, cases[i].b), cases[i].steps);
    assert_int_equal(suggest_distance(cases[i].b, cases[i].a), cases[i].steps);
  }
}

static void long_words_are_far(void **state)
{
  (void)state;
  char most[SUGGEST_MOST_LETTERS + 1], longer[SUGGEST_MOST_LETTERS + 2];
  for (int i = 0; i < SUGGEST_MOST_LETTERS + 1; ++i) {
    if (i < SUGGEST_MOST_LETTERS) most[i] = 'a';
    longer[i] = 'a';
  }
  most[SUGGEST_MOST_LETTERS] = longer[SUGGEST_MOST_LETTERS + 1] = 0;
  assert_int_equal(suggest_distance(most, most), 0);
  assert_int_equal(suggest_distance(most, longer), SUGGEST_FAR);
}

static const char *meant(const char *typed)
{
  static const char *const words[] = {"query", "query-labels", "gallery", "k1", "l2", "batch", "match", "flip"};
  suggestion best = {.typed = typed};
  for (size_t i = 0; i < sizeof words / sizeof *words; ++i) suggest_offer(&best, words[i]);
  return best.word;
}

static void nearest_word_is_meant(void **state)
{
  (void)state;
  assert_string_equal(meant("qeury"), "query");
  assert_string_equal(meant("query-lables"), "query-labels");
  assert_string_equal(meant("l3"), "l2");
  assert_string_equal(meant("batsch"), "batch");
  assert_string_equal(meant("mbatch"), "batch");
  assert_null(meant("profile"));
  assert_null(meant(""));
  assert_null(meant("xy"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(distances),
      cmocka_unit_test(long_words_are_far),
      cmocka_unit_test(nearest_word_is_meant),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
