/*
 * npy.h - features as .npy files: float32, little-endian, C order, (N, D).
 *
 * Owns the header's text and its checks. Reads rows where they stand in the file, so that a gallery may be larger than
 * the memory; writes version 1.0, reads versions 1 to 3. Trusts nothing that a file says.
 */
#ifndef NPY_H
#define NPY_H

#include <stddef.h>
#include <stdint.h>

#include <clreid/clreid_status.h>

typedef struct npy {
  uint64_t rows, columns;
  uint64_t data; /* bytes before the first row */
  char *path;
  int handle;
} npy;

/* On success give it to npy_close. */
clreid_status npy_open(const char *path, npy *file, clreid_error *error);
/* values[count][columns] = rows first, first + 1, ... */
clreid_status npy_read(const npy *file, uint64_t first, uint64_t count, float *values, clreid_error *error);
void npy_close(npy *file);

/* Fills text with the header of an array of rows x columns and returns its length: rows * columns floats follow. */
enum { NPY_HEADER_BYTES = 128 };
size_t npy_header(uint64_t rows, uint64_t columns, char text[NPY_HEADER_BYTES]);

#endif
