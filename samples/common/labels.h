/*
 * labels.h - label files, CSV with the header `pid,camid`: who is seen in each row of a feature file, and through which
 * camera.
 */
#ifndef LABELS_H
#define LABELS_H

#include <stdint.h>

#include <clreid/clreid_evaluate.h>

/* labels[count], of the caller, from a file that must have as many; `features` is the name of the feature file, for the
 * error. */
clreid_status labels_read(const char *path, const char *features, uint64_t count, clreid_label *labels,
                          clreid_error *error);

#endif
