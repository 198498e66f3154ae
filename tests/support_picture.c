/*
 * support_picture.c - see golden.h: decodes the committed pictures. A file of its own for the decoder's sake.
 */
#include "golden.h"

#include <stdio.h>

/* The decoder is static, so that two of them can stand in one test; most of its functions are not wanted here. */
#pragma GCC diagnostic ignored "-Wunused-function"
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_PNG
#include <stb/stb_image.h>

uint8_t *golden_picture(int index, int *width, int *height)
{
  char path[1024];
  snprintf(path, sizeof path, "%s/golden/picture%d.png", TESTS_FOLDER, index);
  return stbi_load(path, width, height, NULL, 3);
}
