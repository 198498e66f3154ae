/*
 * support_kernels.h - a folder of kernels with mistakes in them: what a bad device or driver is made of.
 */
#ifndef SUPPORT_KERNELS_H
#define SUPPORT_KERNELS_H

#include "folder.h"

typedef struct mistake {
  const char *file, *from, *to; /* the first `from` of the file is replaced */
} mistake;

/* Copies the built-in kernels to the folder, with the mistakes. */
void support_kernels(const folder *to, const mistake *mistakes, int count);

#endif
