/*
 * mapped.c - stands in for cr_map and cr_unmap of host/system.c (linked with --wrap): maps the target's bytes. They are
 * a copy of exactly their size, so that the sanitizer sees a read beyond the end, which a page of a real mapping hides.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "system.h"

clreid_status __wrap_cr_map(const char *path, cr_mapping *mapping, clreid_error *error);
void __wrap_cr_unmap(cr_mapping *mapping);

static const uint8_t *bytes;
static size_t bytes_size;

void fuzz_set_mapped(const uint8_t *data, size_t size)
{
  bytes = data;
  bytes_size = size;
}

clreid_status __wrap_cr_map(const char *path, cr_mapping *mapping, clreid_error *error)
{
  (void)path;
  (void)error;
  uint8_t *copy = malloc(bytes_size ? bytes_size : 1);
  fuzz_expect(copy, "there is memory for an input");
  if (bytes_size) memcpy(copy, bytes, bytes_size);
  *mapping = (cr_mapping){copy, bytes_size};
  return CLREID_OK;
}

void __wrap_cr_unmap(cr_mapping *mapping)
{
  free((void *)(uintptr_t)mapping->bytes);
  *mapping = (cr_mapping){0};
}
