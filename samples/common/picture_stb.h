/*
 * picture_stb.h - a picture's bytes decoded by stb_image, with a limit on what it may allocate, and told when the bytes
 * end before the picture does. In a file of its own: of stb_image and its callbacks alone, sanitizers pass over some
 * findings.
 */
#ifndef PICTURE_STB_H
#define PICTURE_STB_H

#include <stddef.h>

#include "picture.h"

/* read: in, the width and height that the file states, within the limits of picture.h; out, pixels, or none and the
 * reason, which is NULL if the bytes ended early. Thread rule: any thread. */
void picture_stb(const uint8_t *data, size_t size, picture *read, const char **reason);

#endif
