/*
 * mapped.c - stands in for cr_map and cr_unmap of host/system.c (linked with --wrap): maps the target's bytes. They end
 * where a page begins that cannot be read: who reads beyond them is stopped, in libraries without a sanitizer too.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "system.h"

clreid_status __wrap_cr_map(const char *path, cr_mapping *mapping, clreid_error *error);
void __wrap_cr_unmap(cr_mapping *mapping);

enum { ROOM = 1 << 24 }; /* bytes of an input at most */

static const uint8_t *bytes;
static size_t bytes_size;
static uint8_t *end;

void fuzz_set_mapped(const uint8_t *data, size_t size)
{
  bytes = data;
  bytes_size = size;
}

static void make_room(void)
{
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  uint8_t *room = mmap(NULL, ROOM + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  fuzz_expect(room != MAP_FAILED && mprotect(room + ROOM, page, PROT_NONE) == 0, "there is memory for inputs");
  end = room + ROOM;
}

clreid_status __wrap_cr_map(const char *path, cr_mapping *mapping, clreid_error *error)
{
  (void)path;
  (void)error;
  if (!end) make_room();
  fuzz_expect(bytes_size <= ROOM, "the input is not too large");
  if (bytes_size) memcpy(end - bytes_size, bytes, bytes_size);
  *mapping = (cr_mapping){end - bytes_size, bytes_size};
  return CLREID_OK;
}

/* What is read afterwards is no longer the file. */
void __wrap_cr_unmap(cr_mapping *mapping)
{
  if (mapping->size) memset(end - mapping->size, 0xdd, mapping->size);
  *mapping = (cr_mapping){0};
}
