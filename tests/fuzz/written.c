/*
 * written.c - stands in for the whole-file writes of host/system.c (linked with --wrap): the file is kept in memory,
 * and "appears" when it is committed, as fuzz_written.
 */
#include "written.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "system.h"

struct cr_file {
  uint8_t *bytes;
  size_t size;
};

clreid_status __wrap_cr_make_folders(const char *path, clreid_error *error);
clreid_status __wrap_cr_file_create(const char *path, cr_file **file, clreid_error *error);
clreid_status __wrap_cr_file_write(cr_file *file, const void *bytes, size_t size, clreid_error *error);
clreid_status __wrap_cr_file_commit(cr_file *file, clreid_error *error);
void __wrap_cr_file_abandon(cr_file *file);

static cr_file written;

const uint8_t *fuzz_written(size_t *size)
{
  *size = written.size;
  return written.bytes;
}

void fuzz_forget_written(void)
{
  free(written.bytes);
  written = (cr_file){0};
}

clreid_status __wrap_cr_make_folders(const char *path, clreid_error *error)
{
  (void)path;
  (void)error;
  return CLREID_OK;
}

clreid_status __wrap_cr_file_create(const char *path, cr_file **file, clreid_error *error)
{
  (void)path;
  (void)error;
  *file = calloc(1, sizeof **file);
  fuzz_expect(*file, "there is memory for a file");
  return CLREID_OK;
}

clreid_status __wrap_cr_file_write(cr_file *file, const void *bytes, size_t size, clreid_error *error)
{
  (void)error;
  if (!size) return CLREID_OK;
  uint8_t *more = realloc(file->bytes, file->size + size);
  fuzz_expect(more, "there is memory for a file");
  memcpy(more + file->size, bytes, size);
  file->bytes = more;
  file->size += size;
  return CLREID_OK;
}

clreid_status __wrap_cr_file_commit(cr_file *file, clreid_error *error)
{
  (void)error;
  fuzz_forget_written();
  written = *file;
  free(file);
  return CLREID_OK;
}

void __wrap_cr_file_abandon(cr_file *file)
{
  if (file) free(file->bytes);
  free(file);
}
