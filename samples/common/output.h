/*
 * output.h - a file that appears whole or not at all: written aside in its folder, renamed over its path at the end.
 *
 * create -> reserve -> write ... -> commit or abandon. An interrupt removes what was written so far.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stddef.h>
#include <stdint.h>

#include <clreid/clreid_status.h>

typedef struct output output;

/* Fails if path cannot become a file: its folder is missing or read-only, it is a folder or a device. Create it before
 * the long work, not after. */
clreid_status output_create(const char *path, output **file, clreid_error *error);
/* Makes sure that the disk has room for bytes in all, where the file system can say so. */
clreid_status output_reserve(output *file, uint64_t bytes, clreid_error *error);
clreid_status output_write(output *file, const void *bytes, size_t size, clreid_error *error);
/* What is written next stands offset bytes from the file's start. */
clreid_status output_seek(output *file, uint64_t offset, clreid_error *error);
clreid_status output_commit(output *file, clreid_error *error); /* frees file in every case */
void output_abandon(output *file);                              /* removes what was written; NULL is allowed */

/* Whether path can become a file at all, for files that the library writes itself. */
clreid_status output_check(const char *path, clreid_error *error);
/* Refuses a path that is the file input, under whatever name: it would be lost. */
clreid_status output_check_input(const char *path, const char *input, clreid_error *error);

#endif
