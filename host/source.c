/*
 * source.c - see source.h.
 */
#include "source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "system.h"

enum { DEEPEST_INCLUDE = 4 };

typedef struct text {
  char *bytes; /* always ends with a zero byte once anything was added */
  size_t size;
} text;

static clreid_status text_add(text *to, const char *bytes, size_t size, clreid_error *error)
{
  char *larger = realloc(to->bytes, to->size + size + 1);
  if (!larger) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for %zu bytes of kernel text", to->size + size);
  to->bytes = larger;
  memcpy(to->bytes + to->size, bytes, size);
  to->size += size;
  to->bytes[to->size] = 0;
  return CLREID_OK;
}

static clreid_status read_built_in(const char *file, text *to, clreid_error *error)
{
  for (const cr_source_file *f = cr_source_files; f->name; f++)
    if (!strcmp(f->name, file)) return text_add(to, f->text, strlen(f->text), error);
  return cr_fail(error, CLREID_INVALID_FILE, "there is no kernel file %s in the library", file);
}

static clreid_status read_from_folder(const char *folder, const char *file, text *to, clreid_error *error)
{
  char path[1024];
  if (snprintf(path, sizeof path, "%s/%s", folder, file) >= (int)sizeof path)
    return cr_fail(error, CLREID_INVALID_FILE, "the path of kernel file %s is longer than %zu bytes", file,
                   sizeof path);
  cr_mapping mapping;
  if (cr_map(path, &mapping, NULL) != CLREID_OK)
    return cr_fail(error, CLREID_INVALID_FILE,
                   "cannot read the kernel file '%s'; correct kernel_folder or CLREID_KERNELS, or give neither", path);
  clreid_status status = text_add(to, (const char *)mapping.bytes, mapping.size, error);
  cr_unmap(&mapping);
  return status;
}

static clreid_status expand(const char *folder, const char *file, int depth, text *out, clreid_error *error);

/* Copies the lines of from to out, an include line replaced by the file it names. */
static clreid_status expand_lines(const char *folder, const char *from, int depth, text *out, clreid_error *error)
{
  static const char include[] = "#include \"";
  while (*from) {
    const char *newline = strchr(from, '\n');
    const size_t length = newline ? (size_t)(newline - from) + 1 : strlen(from);
    char name[64];
    if (!strncmp(from, include, sizeof include - 1) && sscanf(from + sizeof include - 1, "%63[^\"\n]", name) == 1)
      CR_TRY(expand(folder, name, depth + 1, out, error));
    else
      CR_TRY(text_add(out, from, length, error));
    from += length;
  }
  return CLREID_OK;
}

static clreid_status expand(const char *folder, const char *file, int depth, text *out, clreid_error *error)
{
  if (depth > DEEPEST_INCLUDE)
    return cr_fail(error, CLREID_INVALID_FILE, "kernel file %s stands in includes more than %d deep", file,
                   DEEPEST_INCLUDE);
  text own = {NULL, 0};
  clreid_status status = folder ? read_from_folder(folder, file, &own, error) : read_built_in(file, &own, error);
  if (status == CLREID_OK && own.bytes) status = expand_lines(folder, own.bytes, depth, out, error);
  free(own.bytes);
  return status;
}

clreid_status cr_source_read(const char *folder, const char *file, char **result, clreid_error *error)
{
  text out = {NULL, 0};
  clreid_status status = expand(folder, file, 0, &out, error);
  if (status == CLREID_OK && !out.bytes) status = cr_fail(error, CLREID_INVALID_FILE, "kernel file %s is empty", file);
  if (status != CLREID_OK) {
    free(out.bytes);
    return status;
  }
  *result = out.bytes;
  return CLREID_OK;
}
