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
#include "picture_stb.h"

enum { MOST_SCANS = 256 }; /* of a JPEG; progressive ones have about ten */

/* ---- Formats and sizes ------------------------------------------------------------------------------------------- */

static clreid_status fail_decoding(clreid_error *error, const char *format, const char *reason)
{
  return console_fail(error, CLREID_INVALID_PICTURE, "the %s picture is damaged (%s)", format, reason);
}

static clreid_status fail_cut(clreid_error *error, const char *format, size_t size)
{
  return console_fail(error, CLREID_INVALID_PICTURE, "the %s picture is cut short after %zu bytes", format, size);
}

/* read: out, the width and height that the file states. */
static clreid_status check_size(const char *format, const uint8_t *data, size_t size, picture *read,
                                clreid_error *error)
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
  read->width = (int)width;
  read->height = (int)height;
  return CLREID_OK;
}

/* ---- Decoding ---------------------------------------------------------------------------------------------------- */

static clreid_status decode_by_stb(const char *format, const uint8_t *data, size_t size, picture *read,
                                   clreid_error *error)
{
  const char *reason;
  picture_stb(data, size, read, &reason);
  if (read->pixels) return CLREID_OK;
  return reason ? fail_decoding(error, format, reason) : fail_cut(error, format, size);
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
  if (decoder) tjDestroy(decoder);
  return true;
}
#endif

static clreid_status decode(const uint8_t *data, size_t size, picture *read, clreid_error *error)
{
  if (size == 0) return console_fail(error, CLREID_INVALID_PICTURE, "the file is empty (0 bytes)");
  const char *format = picture_format(data, size);
  if (!format) return console_fail(error, CLREID_INVALID_PICTURE, "the file is neither JPEG nor PNG nor BMP");
  const clreid_status status = check_size(format, data, size, read, error);
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
  if (status != CLREID_OK) picture_free(read);
  free(data);
  return status;
}

void picture_free(picture *read)
{
  free(read->pixels);
  *read = (picture){0};
}
