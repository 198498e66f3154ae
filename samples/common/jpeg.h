/*
 * jpeg.h - a look at a JPEG file's marker segments before a decoder sees them.
 *
 * Owns what stb_image does not check itself (or hides): the stated size, how many scans there are, and Huffman tables
 * that would write past their end. Decodes nothing.
 */
#ifndef JPEG_H
#define JPEG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the first frame header says; false if there is none. */
bool jpeg_size(const uint8_t *data, size_t size, int64_t *width, int64_t *height);

/* How many scans there are. A decoder goes over the whole picture in each, however few bytes it has. */
size_t jpeg_scans(const uint8_t *data, size_t size);

/* Whether no Huffman table of the file, in the header or between scans, has more than 256 codes. */
bool jpeg_tables_fit(const uint8_t *data, size_t size);

#endif
