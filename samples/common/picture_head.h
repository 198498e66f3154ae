/*
 * picture_head.h - what a picture file says of itself at its beginning, before a decoder sees it: its format and size,
 * and how large a file of that size must be. Decodes nothing.
 */
#ifndef PICTURE_HEAD_H
#define PICTURE_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "JPEG", "PNG" or "BMP"; NULL: none of them. */
const char *picture_format(const uint8_t *data, size_t size);

/* As the file says, whether or not it can be; false if it ends before. */
bool picture_stated_size(const char *format, const uint8_t *data, size_t size, int64_t *width, int64_t *height);

/* The least bytes that a file with a stated size of so many pixels can have: a few bytes shall not ask for the memory
 * of a large picture. A JPEG has a bit of Huffman code at least for each block of 8 x 8, if only of its mean; deflate,
 * which PNG packs its samples by, makes at most 1032 bytes of one; a BMP of the kinds that are read is not packed. */
uint64_t picture_least_bytes(const char *format, const uint8_t *data, uint64_t pixels);

#endif
