/*
 * suggest.h - the word that was meant where a mistyped one was given. Owns no line of text.
 */
#ifndef SUGGEST_H
#define SUGGEST_H

#include <stddef.h>

/* Keystrokes between two words: letters put in, left out, exchanged for another, or exchanged with their neighbour. Of
 * words longer than SUGGEST_MOST_LETTERS: SUGGEST_FAR. */
enum { SUGGEST_MOST_LETTERS = 40, SUGGEST_FAR = 1000 };
int suggest_distance(const char *a, const char *b);

/* Of all words that were offered, the one nearest to what was typed. Begin with {.typed = typed}. */
typedef struct suggestion {
  const char *typed;
  const char *word; /* NULL: none of them is near enough to be meant, one letter in three being wrong at most */
  int distance;     /* of word */
} suggestion;
void suggest_offer(suggestion *best, const char *word);

#endif
