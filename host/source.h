/*
 * source.h - the texts of the kernels: built into the library, or read from a folder while kernels are developed.
 *
 * A kernel file includes its headers with #include "name.clh"; the texts are put in their place here, so that drivers
 * see one text and no include path.
 */
#ifndef CR_SOURCE_H
#define CR_SOURCE_H

#include "report.h"

typedef struct cr_source_file {
  const char *name, *text;
} cr_source_file;

extern const cr_source_file cr_source_files[]; /* made from cl/ and tiles.rows at build time; ends with a NULL name */

/* The whole text of file (for example "conv.cl"); folder NULL: the built-in one. *text is freed with free(). */
clreid_status cr_source_read(const char *folder, const char *file, char **text, clreid_error *error);

#endif
