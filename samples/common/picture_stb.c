/*
 * picture_stb.c - see picture_stb.h.
 */
#include "picture_stb.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A compressed stream may unpack to far more than the picture it is said to hold. Set before each decoding. */
static _Thread_local size_t largest_allocation;

/* Zeros, because stb_image takes tables that a file leaves out for given. */
static void *limited_malloc(size_t size)
{
  return size <= largest_allocation ? calloc(size ? size : 1, 1) : NULL;
}

static void *limited_realloc(void *old, size_t size)
{
  return size <= largest_allocation ? realloc(old, size) : NULL;
}

#define STBI_MALLOC(size)       limited_malloc(size)
#define STBI_REALLOC(old, size) limited_realloc(old, size)
#define STBI_FREE(old)          free(old)
#define STBI_ASSERT(truth)      ((void)0) /* what a file says is no reason to abort */
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_HDR
#define STBI_MAX_DIMENSIONS 16384 /* PICTURE_LARGEST_SIDE */
#define STB_IMAGE_IMPLEMENTATION
#include <stb/stb_image.h>

_Static_assert(STBI_MAX_DIMENSIONS == PICTURE_LARGEST_SIDE, "one limit");

/* The file's bytes as stb_image asks for them. stb_image takes zeros for what is missing; here it is noticed. */
typedef struct bytes {
  const uint8_t *data;
  size_t size, at;
  bool ran_out;
} bytes;

static int read_bytes(void *user, char *to, int count)
{
  bytes *from = user;
  const size_t left = from->size - from->at;
  const size_t given = (size_t)count < left ? (size_t)count : left;
  if (given == 0 && count > 0) from->ran_out = true;
  memcpy(to, from->data + from->at, given);
  from->at += given;
  return (int)given;
}

static void skip_bytes(void *user, int count)
{
  bytes *from = user;
  if (count < 0) {
    from->at -= (size_t)-count < from->at ? (size_t)-count : from->at;
  } else if ((size_t)count > from->size - from->at) {
    from->at = from->size;
    from->ran_out = true;
  } else {
    from->at += (size_t)count;
  }
}

static int at_end(void *user)
{
  const bytes *from = user;
  return from->at >= from->size;
}

static const stbi_io_callbacks callbacks = {read_bytes, skip_bytes, at_end};

/* Coefficients or samples of 16 bits, four a pixel, in whole blocks of 32 x 32, or what the file itself makes it keep.
 */
static size_t most_at_once(size_t size, int width, int height)
{
  const size_t blocks = ((size_t)width + 31) / 32 * (((size_t)height + 31) / 32);
  return 2 * size + blocks * 1024 * 8 + 65536;
}

void picture_stb(const uint8_t *data, size_t size, picture *read, const char **reason)
{
  bytes from = {.data = data, .size = size};
  int channels;
  largest_allocation = most_at_once(size, read->width, read->height);
  read->pixels = stbi_load_from_callbacks(&callbacks, &from, &read->width, &read->height, &channels, 3);
  *reason = from.ran_out ? NULL : stbi_failure_reason();
  if (from.ran_out) picture_free(read);
}
