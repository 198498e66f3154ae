/*
 * driver.c - main of a fuzz target without libFuzzer: fuzz_NAME FOLDER|FILE... feeds it the files, each as it is, every
 * beginning of it (cut files), and with bytes changed at places that a seed gives. The seed is printed; FUZZ_SEED and
 * FUZZ_CHANGES choose others. Fails if the target took none of them, or refused none.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

enum { MOST_CUTS = 4096, MOST_PATH = 4096 };

static unsigned long inputs;
static fuzz_random numbers;
static unsigned long changes;

/* Every input has a block of exactly its size, for sanitizers and valgrind. */
static void feed(const uint8_t *data, size_t size)
{
  uint8_t *copy = malloc(size ? size : 1);
  if (!copy) exit(1);
  memcpy(copy, data, size);
  LLVMFuzzerTestOneInput(copy, size);
  free(copy);
  inputs++;
}

static void feed_variants(uint8_t *data, size_t size)
{
  feed(data, size);
  const size_t step = size / MOST_CUTS + 1;
  for (size_t cut = 0; cut < size; cut += step) feed(data, cut);
  for (unsigned long i = 0; i < changes && size; i++) {
    const size_t at = (size_t)fuzz_next(&numbers, size);
    const uint8_t was = data[at];
    data[at] ^= (uint8_t)(1 + fuzz_next(&numbers, 255));
    feed(data, size);
    data[at] = was;
  }
}

static int feed_file(const char *path)
{
  FILE *file = fopen(path, "rb");
  struct stat facts;
  if (!file || stat(path, &facts) != 0) {
    fprintf(stderr, "cannot read '%s'\n", path);
    if (file) fclose(file);
    return 1;
  }
  const size_t size = (size_t)facts.st_size;
  uint8_t *data = malloc(size ? size : 1);
  const int failed = !data || fread(data, 1, size, file) != size;
  fclose(file);
  if (!failed) feed_variants(data, size);
  free(data);
  return failed;
}

/* In the order of their names: the changes that a seed gives are the same on every machine. */
static int feed_folder(const char *path)
{
  struct dirent **entries;
  const int count = scandir(path, &entries, NULL, alphasort);
  int failed = count < 0;
  for (int i = 0; i < count; i++) {
    char name[MOST_PATH];
    const int length = snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
    if (entries[i]->d_name[0] != '.') failed |= length >= (int)sizeof name || feed_file(name);
    free(entries[i]);
  }
  if (count >= 0) free(entries);
  return failed;
}

int main(int count, char **paths)
{
  const char *seed = getenv("FUZZ_SEED"), *more = getenv("FUZZ_CHANGES");
  numbers.state = seed ? strtoull(seed, NULL, 10) : 1;
  changes = more ? strtoul(more, NULL, 10) : 1000;
  printf("FUZZ_SEED=%llu FUZZ_CHANGES=%lu\n", (unsigned long long)numbers.state, changes);
  int failed = 0;
  for (int i = 1; i < count; i++) {
    struct stat facts;
    const int is_folder = stat(paths[i], &facts) == 0 && S_ISDIR(facts.st_mode);
    failed |= is_folder ? feed_folder(paths[i]) : feed_file(paths[i]);
  }
  printf("%lu inputs: %lu taken, %lu refused\n", inputs, fuzz_taken, fuzz_refused);
  return failed || !fuzz_taken || !fuzz_refused;
}
