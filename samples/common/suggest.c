/*
 * suggest.c - see suggest.h.
 */
#include "suggest.h"

#include <string.h>

static int least(int a, int b)
{
  return a < b ? a : b;
}

int suggest_distance(const char *a, const char *b)
{
  const size_t a_length = strlen(a), b_length = strlen(b);
  if (a_length > SUGGEST_MOST_LETTERS || b_length > SUGGEST_MOST_LETTERS) return SUGGEST_FAR;
  /* steps[i][j]: from the first i letters of a to the first j of b. */
  int steps[SUGGEST_MOST_LETTERS + 1][SUGGEST_MOST_LETTERS + 1];
  for (size_t i = 0; i <= a_length; ++i) {
    for (size_t j = 0; j <= b_length; ++j) {
      if (i == 0 || j == 0) {
        steps[i][j] = (int)(i + j);
        continue;
      }
      const int exchanged = steps[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
      steps[i][j] = least(exchanged, least(steps[i - 1][j], steps[i][j - 1]) + 1);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        steps[i][j] = least(steps[i][j], steps[i - 2][j - 2] + 1);
      }
    }
  }
  return steps[a_length][b_length];
}

void suggest_offer(suggestion *best, const char *word)
{
  const int distance = suggest_distance(best->typed, word);
  const int letters = (int)strlen(word);
  if (distance * 3 <= letters + 1 && (!best->word || distance < best->distance)) {
    best->word = word;
    best->distance = distance;
  }
}
