/*
 * fuzz.h - what the fuzz targets share. A target is a file fuzz_NAME.c with LLVMFuzzerTestOneInput: it hands the bytes
 * to one reader of files as a user's file would come, looks at all that was read, and expects that a refusal is one
 * clear line. libFuzzer calls it (CLREID_FUZZ), or driver.c with files.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clreid/clreid_status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A mutator of the target's own, and what it calls for bytes that have no structure. With libFuzzer alone. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);

/* How many inputs the reader has taken, and refused: seeds that are all refused prove nothing. */
extern unsigned long fuzz_taken, fuzz_refused;

/* Ends the process, which is a finding, unless truth. */
void fuzz_expect(bool truth, const char *what);

/* Counts; a refusal must be one printable line with a status of its own. */
void fuzz_judge(clreid_status status, const clreid_error *error);

/* Looks at every byte, so that the sanitizer sees whether they are there. */
extern volatile uint8_t fuzz_sum; /* of what was looked at */
void fuzz_touch(const void *bytes, size_t size);

/* The path of a file in memory with these bytes, until the next call. */
const char *fuzz_file(const uint8_t *data, size_t size);

/* What cr_map maps from now on, whatever the path (mapped.c). */
void fuzz_set_mapped(const uint8_t *data, size_t size);

/* The names of tensors that the reader asks for; NULL ends them (safetensors.c). */
extern const char *const fuzz_tensors[];

/* Random numbers of a mutator, from the seed that it is given. */
typedef struct fuzz_random {
  uint64_t state;
} fuzz_random;
uint64_t fuzz_next(fuzz_random *random, uint64_t below);

#endif
