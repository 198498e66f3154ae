/*
 * same_file.h - whether two paths lead to one file.
 */
#ifndef SAME_FILE_H
#define SAME_FILE_H

#include <stdbool.h>

/* False if one of them is not there. */
bool same_file(const char *one, const char *other);

#endif
