/*
 * feature_file.h - a whole .npy file of features in memory, with labels if there are any: for what needs all of them at
 * once.
 */
#ifndef FEATURE_FILE_H
#define FEATURE_FILE_H

#include <clreid/clreid_evaluate.h>

typedef struct feature_file {
  const char *path; /* borrowed */
  size_t rows, length;
  float *values;        /* [rows][length], finite */
  clreid_label *labels; /* [rows], or NULL */
} feature_file;

/* labels: a file, or NULL. Rows that are not finite are refused by index. Give it to feature_file_free, whatever comes
 * back. */
clreid_status feature_file_load(const char *path, const char *labels, feature_file *loaded, clreid_error *error);
void feature_file_free(feature_file *loaded);

/* Refuses features of different length. */
clreid_status feature_file_check(const feature_file *query, const feature_file *gallery, clreid_error *error);

#endif
