/*
 * written.h - the file that a target's library wrote last, in memory (written.c).
 */
#ifndef FUZZ_WRITTEN_H
#define FUZZ_WRITTEN_H

#include <stddef.h>
#include <stdint.h>

const uint8_t *fuzz_written(size_t *size); /* until the next is committed */
void fuzz_forget_written(void);

#endif
