/*
 * fuzz_cache.c - host/cache.c: reads the bytes as a cached program. One is taken if, and only if, its magic and hash
 * are right, and is then what follows them. The mutator gives most of its files a right hash.
 */
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "cache.h"
#include "fuzz.h"

enum { MAGIC = 8, HEAD = 16 };

static int lines;

static void count_line(void *user, const char *line)
{
  (void)user;
  lines += *line != 0;
}

static bool is_good(const uint8_t *data, size_t size)
{
  if (size <= HEAD || memcmp(data, "clreid1", MAGIC) != 0) return false;
  const XXH64_hash_t hash = XXH3_64bits(data + HEAD, size - HEAD);
  return !memcmp(&hash, data + MAGIC, sizeof hash);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static char nowhere[] = "/dev/null/cache"; /* there is nothing to drop */
  static cr_device device = {.cache_folder = nowhere, .log = {count_line, NULL}};
  static const cr_cache_key key = {"0123456789abcdef"};
  unsigned char *binary = NULL;
  size_t binary_size = 0;
  lines = 0;
  fuzz_set_mapped(data, size);
  const bool read = cr_cache_read(&device, &key, &binary, &binary_size);
  fuzz_expect(read == is_good(data, size), "a program is read if it is whole");
  fuzz_expect(lines == !read, "a damaged one is told of once");
  fuzz_expect(!read || (binary_size == size - HEAD && !memcmp(binary, data + HEAD, binary_size)), "it is the program");
  free(binary);
  fuzz_taken += read;
  fuzz_refused += !read;
  return 0;
}

#ifdef CLREID_FUZZ
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
  size = LLVMFuzzerMutate(data, size, most);
  if (size <= HEAD || seed % 4 == 0) return size;
  const XXH64_hash_t hash = XXH3_64bits(data + HEAD, size - HEAD);
  memcpy(data, "clreid1", MAGIC);
  memcpy(data + MAGIC, &hash, sizeof hash);
  return size;
}
#endif
