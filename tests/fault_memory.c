/*
 * fault_memory.c - see fault_memory.h. Blocks that were not asked for here (those of other libraries, which are freed
 * here) are passed on uncounted.
 */
#include "fault_memory.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Addresses of blocks: a hash table with open addressing, 0 where nothing is. */
enum { SLOTS = 1 << 18 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uintptr_t slots[SLOTS];
static long blocks, calls, refused;
static bool on, fired;

static size_t home(uintptr_t address)
{
  return (size_t)((uint64_t)address * 0x9e3779b97f4a7c15u >> 46);
}

/* Where the address stands, or the empty slot where it would. */
static size_t find(uintptr_t address)
{
  size_t at = home(address);
  while (slots[at] && slots[at] != address) at = (at + 1) % SLOTS;
  return at;
}

static void *note(void *block)
{
  if (!block) return NULL;
  pthread_mutex_lock(&mutex);
  if (blocks == SLOTS / 2) {
    fputs("fault_memory: too many blocks\n", stderr);
    abort();
  }
  slots[find((uintptr_t)block)] = (uintptr_t)block;
  blocks++;
  pthread_mutex_unlock(&mutex);
  return block;
}

/* Those behind it move up, where they may. */
static void forget(void *block)
{
  pthread_mutex_lock(&mutex);
  size_t hole = find((uintptr_t)block);
  if (block && slots[hole]) {
    blocks--;
    slots[hole] = 0;
    for (size_t at = (hole + 1) % SLOTS; slots[at]; at = (at + 1) % SLOTS) {
      const size_t from = home(slots[at]);
      if ((at - from) % SLOTS < (at - hole) % SLOTS) continue;
      slots[hole] = slots[at];
      slots[at] = 0;
      hole = at;
    }
  }
  pthread_mutex_unlock(&mutex);
}

static bool refuse(void)
{
  pthread_mutex_lock(&mutex);
  const bool no = on && ++calls == refused;
  fired = fired || no;
  pthread_mutex_unlock(&mutex);
  if (no) errno = ENOMEM;
  return no;
}

void fault_memory_watch(long at)
{
  pthread_mutex_lock(&mutex);
  refused = at;
  calls = 0;
  fired = false;
  on = true;
  pthread_mutex_unlock(&mutex);
}

void fault_memory_ignore(void)
{
  pthread_mutex_lock(&mutex);
  on = false;
  pthread_mutex_unlock(&mutex);
}

long fault_memory_calls(void)
{
  return calls;
}

bool fault_memory_fired(void)
{
  return fired;
}

long fault_memory_blocks(void)
{
  pthread_mutex_lock(&mutex);
  const long count = blocks;
  pthread_mutex_unlock(&mutex);
  return count;
}

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

#define DECLARE(type, name, parameters)                                                                                \
  type __real_##name parameters;                                                                                       \
  type __wrap_##name parameters;

DECLARE(void *, malloc, (size_t size))
DECLARE(void *, calloc, (size_t count, size_t size))
DECLARE(void *, realloc, (void *old, size_t size))
DECLARE(int, posix_memalign, (void **block, size_t alignment, size_t size))
DECLARE(char *, strdup, (const char *text))
DECLARE(void, free, (void *block))

void *__wrap_malloc(size_t size)
{
  return refuse() ? NULL : note(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
  return refuse() ? NULL : note(__real_calloc(count, size));
}

void *__wrap_realloc(void *old, size_t size)
{
  if (refuse()) return NULL;
  forget(old); /* first: another thread may get its address */
  void *block = __real_realloc(old, size);
  note(block ? block : old);
  return block;
}

int __wrap_posix_memalign(void **block, size_t alignment, size_t size)
{
  if (refuse()) return ENOMEM;
  const int code = __real_posix_memalign(block, alignment, size);
  if (code == 0) note(*block);
  return code;
}

char *__wrap_strdup(const char *text)
{
  return refuse() ? NULL : note(__real_strdup(text));
}

void __wrap_free(void *block)
{
  forget(block);
  __real_free(block);
}
