/*
 * folder.h - a temporary folder for a test's files.
 */
#ifndef FOLDER_H
#define FOLDER_H

#include <stddef.h>

typedef struct folder {
  char path[256];
} folder;

folder folder_make(void);                                                   /* fails the test if it cannot */
size_t folder_entries(const folder *f);                                     /* how many files and folders lie in it */
void folder_remove(const folder *f);                                        /* with all that is in it */
const char *folder_file(const folder *f, const char *name, char path[512]); /* path = FOLDER/name; returns path */
void folder_write(const char *path, const void *bytes, size_t size);

#endif
