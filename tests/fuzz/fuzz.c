/*
 * fuzz.c - see fuzz.h.
 */
#define _GNU_SOURCE /* memfd_create */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

unsigned long fuzz_taken, fuzz_refused;
volatile uint8_t fuzz_sum; /* volatile: the reads are done */

void fuzz_expect(bool truth, const char *what)
{
  if (truth) return;
  fprintf(stderr, "not as expected: %s\n", what);
  abort();
}

void fuzz_judge(clreid_status status, const clreid_error *error)
{
  if (status == CLREID_OK) {
    fuzz_taken++;
    return;
  }
  fuzz_refused++;
  fuzz_expect(error->status == status, "the error has the status that is returned");
  fuzz_expect(memchr(error->text, 0, sizeof error->text), "the error has an end");
  fuzz_expect(error->text[0], "the error says something");
  for (const char *c = error->text; *c; c++) fuzz_expect((unsigned char)*c >= ' ' && *c != 127, "the error is a line");
}

void fuzz_touch(const void *bytes, size_t size)
{
  const uint8_t *from = bytes;
  uint8_t all = 0;
  for (size_t i = 0; i < size; i++) all ^= from[i];
  fuzz_sum = all;
}

const char *fuzz_file(const uint8_t *data, size_t size)
{
  static char path[64];
  static int file = -1;
  if (file < 0) {
    file = memfd_create("fuzz", 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  }
  fuzz_expect(file >= 0 && ftruncate(file, 0) == 0, "there is a file in memory");
  fuzz_expect(pwrite(file, data, size, 0) == (ssize_t)size, "the file in memory takes all");
  return path;
}

uint64_t fuzz_next(fuzz_random *random, uint64_t below)
{
  random->state += 0x9e3779b97f4a7c15u; /* splitmix64 */
  uint64_t x = random->state;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
  x = (x ^ x >> 27) * 0x94d049bb133111ebu;
  return (x ^ x >> 31) % below;
}
