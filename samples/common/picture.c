/*
 * picture.c - see picture.h.
 */
#include "picture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console.h"
#include "jpeg.h"
#include "picture_head.h"

enum { MOST_SCANS = 256 }; /* of a JPEG; progressive ones have about ten */

/* ---- stb_image, with a limit on what one picture may allocate ---------------------------------------------------- */

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

/* ---- Formats and sizes ------------------------------------------------------------------------------------------- */

static clreid_status fail_decoding(clreid_error *error, const char *format, const char *reason)
{
  return console_fail(error, CLREID_INVALID_PICTURE, "the %s picture is damaged (%s)", format, reason);
}

static clreid_status fail_cut(clreid_error *error, const char *format, size_t size)
{
  return console_fail(error, CLREID_INVALID_PICTURE, "the %s picture is cut short after %zu bytes", format, size);
}

static clreid_status check_size(const char *format, const uint8_t *data, size_t size, clreid_error *error)
{
  int64_t width, height;
  if (!picture_stated_size(format, data, size, &width, &height)) return fail_cut(error, format, size);
  if (width < 1 || height < 1) {
    return console_fail(error, CLREID_INVALID_PICTURE, "the %s picture is %lld x %lld: it has no pixels", format,
                        (long long)width, (long long)height);
  }
  if (width > PICTURE_LARGEST_SIDE || height > PICTURE_LARGEST_SIDE || width * height > PICTURE_LARGEST_PIXELS) {
    return console_fail(error, CLREID_INVALID_PICTURE,
                        "the %s picture is %lld x %lld, the limit is %d a side and %d pixels: scale it down", format,
                        (long long)width, (long long)height, PICTURE_LARGEST_SIDE, PICTURE_LARGEST_PIXELS);
  }
  const uint64_t least = picture_least_bytes(format, data, (uint64_t)(width * height));
  if (size < least) {
    return console_fail(
        error, CLREID_INVALID_PICTURE,
        "the %s picture is %lld x %lld, which takes %llu bytes at least, but the file has %zu: it is cut "
        "short or damaged",
        format, (long long)width, (long long)height, (unsigned long long)least, size);
  }
  /* The most stb_image needs at once: coefficients or samples of 16 bits, four a pixel, in whole blocks of 32 x 32. */
  const size_t blocks = ((size_t)width + 31) / 32 * (((size_t)height + 31) / 32);
  largest_allocation = 2 * size + blocks * 1024 * 8 + 65536;
  return CLREID_OK;
}

/* ---- Decoding ---------------------------------------------------------------------------------------------------- */

static clreid_status decode_by_stb(const char *format, const uint8_t *data, size_t size, picture *read,
                                   clreid_error *error)
{
  bytes from = {.data = data, .size = size};
  int channels;
  read->pixels = stbi_load_from_callbacks(&callbacks, &from, &read->width, &read->height, &channels, 3);
  if (from.ran_out) {
    picture_free(read);
    return fail_cut(error, format, size);
  }
  return read->pixels ? CLREID_OK : fail_decoding(error, format, stbi_failure_reason());
}

#ifdef CLREID_LIBJPEG
#include <turbojpeg.h>

/* libjpeg-turbo reports warnings and errors alike, and may call an error a warning: the text of the last one decides.
 * Odd bytes between segments and unknown versions leave the pixels as they are; anything else does not. */
static bool is_harmless(const char *reason)
{
  return strstr(reason, "extraneous bytes") || strstr(reason, "unknown JFIF") || strstr(reason, "Unknown Adobe");
}

/* false: libjpeg-turbo does not turn this picture's colours (CMYK) into RGB, stb_image does. */
static bool decode_by_turbojpeg(const uint8_t *data, size_t size, picture *read, clreid_status *status,
                                clreid_error *error)
{
  tjhandle decoder = tjInitDecompress();
  int width = 0, height = 0, sampling, colours = -1;
  *status = CLREID_OK;
  if (!decoder) {
    *status = console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for decoding");
  } else if (tjDecompressHeader3(decoder, data, size, &width, &height, &sampling, &colours) != 0 &&
             !is_harmless(tjGetErrorStr2(decoder))) {
    *status = fail_decoding(error, "JPEG", tjGetErrorStr2(decoder));
  } else if (colours == TJCS_CMYK || colours == TJCS_YCCK) {
    tjDestroy(decoder);
    return false;
  } else if (!(read->pixels = malloc((size_t)width * (size_t)height * 3))) {
    *status = console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for %d x %d pixels", width, height);
  } else if (tjDecompress2(decoder, data, size, read->pixels, width, 0, height, TJPF_RGB, TJFLAG_ACCURATEDCT) != 0) {
    const char *reason = tjGetErrorStr2(decoder);
    if (strstr(reason, "Premature end")) {
      *status = fail_cut(error, "JPEG", size);
    } else if (!is_harmless(reason)) {
      *status = fail_decoding(error, "JPEG", reason);
    }
  }
  read->width = width;
  read->height = height;
  if (*status != CLREID_OK) picture_free(read);
  if (decoder) tjDestroy(decoder);
  return true;
}
#endif

static clreid_status decode(const uint8_t *data, size_t size, picture *read, clreid_error *error)
{
  if (size == 0) return console_fail(error, CLREID_INVALID_PICTURE, "the file is empty (0 bytes)");
  const char *format = picture_format(data, size);
  if (!format) return console_fail(error, CLREID_INVALID_PICTURE, "the file is neither JPEG nor PNG nor BMP");
  const clreid_status status = check_size(format, data, size, error);
  if (status != CLREID_OK) return status;
  if (strcmp(format, "JPEG") == 0) {
    const size_t scans = jpeg_scans(data, size);
    if (scans > MOST_SCANS) {
      return console_fail(error, CLREID_INVALID_PICTURE,
                          "the JPEG picture has %zu scans, the limit is %d: save it anew", scans, MOST_SCANS);
    }
    if (!jpeg_tables_fit(data, size)) return fail_decoding(error, format, "a Huffman table of more than 256 codes");
#ifdef CLREID_LIBJPEG
    clreid_status decoded;
    if (decode_by_turbojpeg(data, size, read, &decoded, error)) return decoded;
#endif
  }
  return decode_by_stb(format, data, size, read, error);
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

/* Fills data[size]; the file may have become shorter since its size was asked for. */
static clreid_status fill(int handle, uint8_t *data, size_t *size, clreid_error *error)
{
  size_t filled = 0;
  while (filled < *size) {
    const ssize_t got = read(handle, data + filled, *size - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return console_fail(error, CLREID_INVALID_FILE, "the file cannot be read: %s", strerror(errno));
    if (got == 0) break;
    filled += (size_t)got;
  }
  *size = filled;
  return CLREID_OK;
}

static clreid_status read_whole(int handle, uint8_t **data, size_t *size, clreid_error *error)
{
  struct stat facts;
  if (fstat(handle, &facts) != 0) return console_fail(error, CLREID_INVALID_FILE, "%s", strerror(errno));
  if (facts.st_size > PICTURE_LARGEST_FILE_BYTES) {
    return console_fail(error, CLREID_INVALID_PICTURE, "the file has %lld bytes, the limit is %d",
                        (long long)facts.st_size, PICTURE_LARGEST_FILE_BYTES);
  }
  *size = (size_t)facts.st_size;
  *data = malloc(*size ? *size : 1);
  if (!*data) return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for a file of %zu bytes", *size);
  const clreid_status status = fill(handle, *data, size, error);
  if (status != CLREID_OK) free(*data);
  return status;
}

clreid_status picture_read(const char *path, picture *read, clreid_error *error)
{
  *read = (picture){0};
  struct stat facts;
  if (stat(path, &facts) == 0 && !S_ISREG(facts.st_mode)) { /* before open(), which would wait for a pipe's writer */
    return console_fail(error, CLREID_INVALID_FILE, "it is %s, not a picture file",
                        S_ISDIR(facts.st_mode) ? "a folder" : "a device or a pipe");
  }
  const int handle = open(path, O_RDONLY | O_CLOEXEC);
  if (handle < 0) return console_fail(error, CLREID_INVALID_FILE, "%s", strerror(errno));
  uint8_t *data = NULL;
  size_t size = 0;
  clreid_status status = read_whole(handle, &data, &size, error);
  close(handle);
  if (status != CLREID_OK) return status;
  status = decode(data, size, read, error);
  free(data);
  return status;
}

void picture_free(picture *read)
{
  free(read->pixels);
  *read = (picture){0};
}
