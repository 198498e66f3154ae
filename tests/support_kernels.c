/*
 * support_kernels.c - see support_kernels.h.
 */
#include "support_kernels.h"

#include "support.h"

#include "source.h"

/* `from` in the text becomes `to`; the text is freed. */
static char *replace(char *text, const char *from, const char *to)
{
  char *at = strstr(text, from);
  assert_non_null(at);
  const size_t size = strlen(text) + strlen(to) + 1, before = (size_t)(at - text);
  char *changed = malloc(size);
  assert_non_null(changed);
  snprintf(changed, size, "%.*s%s%s", (int)before, text, to, at + strlen(from));
  free(text);
  return changed;
}

void support_kernels(const folder *scratch, const mistake *mistakes, int count)
{
  for (const cr_source_file *f = cr_source_files; f->name; f++) {
    char path[512], *text = strdup(f->text);
    assert_non_null(text);
    for (int m = 0; m < count; m++)
      if (!strcmp(f->name, mistakes[m].file)) text = replace(text, mistakes[m].from, mistakes[m].to);
    FILE *out = fopen(folder_file(scratch, f->name, path), "w");
    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
    free(text);
  }
}
