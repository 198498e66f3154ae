/*
 * npy.c - see npy.h. The format is described in NumPy's manual, "numpy.lib.format".
 */
#include "npy.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "rows are read and written as they stand in memory: a big-endian host needs a byte swap here"
#endif

static const unsigned char magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

enum { MOST_HEADER_BYTES = 1 << 16 }; /* a plain array's has about 100 */

size_t npy_header(uint64_t rows, uint64_t columns, char text[NPY_HEADER_BYTES])
{
  /* Magic, version 1.0, length of the rest; the rest is blanks and a newline up to a multiple of 64 bytes. */
  memset(text, ' ', NPY_HEADER_BYTES);
  memcpy(text, magic, sizeof magic);
  text[6] = 1;
  text[7] = 0;
  text[8] = (char)(NPY_HEADER_BYTES - 10);
  text[9] = 0;
  const int length =
      snprintf(text + 10, NPY_HEADER_BYTES - 10,
               "{'descr': '<f4', 'fortran_order': False, 'shape': (%" PRIu64 ", %" PRIu64 "), }", rows, columns);
  text[10 + length] = ' ';
  text[NPY_HEADER_BYTES - 1] = '\n';
  return NPY_HEADER_BYTES;
}

/* ---- The header: a Python dictionary of three entries ------------------------------------------------------------ */

typedef struct header {
  char type[16]; /* "<f4" */
  bool fortran_order;
  uint64_t shape[2];
  int dimensions; /* may be more than shape holds */
  bool seen_type, seen_order, seen_shape;
} header;

static void skip_blanks(const char **at)
{
  while (**at == ' ' || **at == '\t' || **at == '\n' || **at == '\r') ++*at;
}

static bool take(const char **at, char c)
{
  skip_blanks(at);
  if (**at != c) return false;
  ++*at;
  return true;
}

static bool take_word(const char **at, const char *word)
{
  skip_blanks(at);
  const size_t length = strlen(word);
  if (strncmp(*at, word, length) != 0) return false;
  *at += length;
  return true;
}

/* 'text' or "text", without escapes: none is needed here. */
static bool take_text(const char **at, char *text, size_t room)
{
  skip_blanks(at);
  const char quote = **at;
  if (quote != '\'' && quote != '"') return false;
  const char *end = strchr(*at + 1, quote);
  if (!end || (size_t)(end - *at) > room) return false;
  memcpy(text, *at + 1, (size_t)(end - *at - 1));
  text[end - *at - 1] = '\0';
  *at = end + 1;
  return true;
}

static bool take_number(const char **at, uint64_t *number)
{
  skip_blanks(at);
  if (**at < '0' || **at > '9') return false;
  *number = 0;
  for (; **at >= '0' && **at <= '9'; ++*at) {
    const uint64_t digit = (uint64_t)(**at - '0');
    if (*number > (UINT64_MAX - digit) / 10) return false;
    *number = *number * 10 + digit;
  }
  return true;
}

static bool take_shape(const char **at, header *read)
{
  if (!take(at, '(')) return false;
  for (read->dimensions = 0; !take(at, ')'); ++read->dimensions) {
    uint64_t number;
    if (!take_number(at, &number)) return false;
    if (read->dimensions < 2) read->shape[read->dimensions] = number;
    skip_blanks(at);
    if (!take(at, ',') && **at != ')') return false;
  }
  return true;
}

static bool take_entry(const char **at, header *read)
{
  char key[16];
  if (!take_text(at, key, sizeof key) || !take(at, ':')) return false;
  if (strcmp(key, "descr") == 0 && !read->seen_type) {
    return read->seen_type = take_text(at, read->type, sizeof read->type);
  }
  if (strcmp(key, "fortran_order") == 0 && !read->seen_order) {
    read->fortran_order = take_word(at, "True");
    return read->seen_order = read->fortran_order || take_word(at, "False");
  }
  if (strcmp(key, "shape") == 0 && !read->seen_shape) return read->seen_shape = take_shape(at, read);
  return false;
}

static bool parse_header(const char *text, header *read)
{
  const char **at = &text;
  *read = (header){0};
  if (!take(at, '{')) return false;
  while (!take(at, '}')) {
    if (!take_entry(at, read)) return false;
    skip_blanks(at);
    if (!take(at, ',') && **at != '}') return false;
  }
  skip_blanks(at);
  return **at == '\0' && read->seen_type && read->seen_order && read->seen_shape;
}

/* ---- Files ------------------------------------------------------------------------------------------------------ */

static clreid_status read_at(const npy *file, uint64_t offset, void *bytes, size_t size, clreid_error *error)
{
  char *rest = bytes;
  while (size > 0) {
    const ssize_t got = pread(file->handle, rest, size, (off_t)offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return console_fail(error, CLREID_INVALID_FILE, "cannot read '%s': %s", file->path, strerror(errno));
    if (got == 0) return console_fail(error, CLREID_INVALID_FILE, "'%s' became shorter while it was read", file->path);
    rest += got;
    offset += (uint64_t)got;
    size -= (size_t)got;
  }
  return CLREID_OK;
}

/* Finds the header's text: sets file->data and text (zero-terminated, for free()). */
static clreid_status read_header(npy *file, uint64_t file_bytes, char **text, clreid_error *error)
{
  unsigned char start[12] = {0};
  const size_t enough = file_bytes < sizeof start ? (size_t)file_bytes : sizeof start;
  clreid_status status = read_at(file, 0, start, enough, error);
  if (status != CLREID_OK) return status;
  if (enough < 10 || memcmp(start, magic, sizeof magic) != 0) {
    return console_fail(error, CLREID_INVALID_FILE,
                        "'%s' is not a .npy file (%" PRIu64 " bytes, without its magic number)", file->path,
                        file_bytes);
  }
  if (start[6] < 1 || start[6] > 3) {
    return console_fail(error, CLREID_INVALID_FILE, "'%s' has .npy version %d, known are 1 to 3", file->path, start[6]);
  }
  const uint64_t before = start[6] == 1 ? 10 : 12;
  uint64_t length = start[8] | (uint64_t)start[9] << 8;
  if (start[6] > 1) length |= (uint64_t)start[10] << 16 | (uint64_t)start[11] << 24;
  if (length > MOST_HEADER_BYTES || before + length > file_bytes) {
    return console_fail(error, CLREID_INVALID_FILE,
                        "'%s' says its .npy header has %" PRIu64 " bytes, but the file has %" PRIu64
                        " in all and a header at most %d",
                        file->path, length, file_bytes, MOST_HEADER_BYTES);
  }
  file->data = before + length;
  *text = calloc(length + 1, 1);
  if (!*text) return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for reading '%s'", file->path);
  status = read_at(file, before, *text, (size_t)length, error);
  if (status == CLREID_OK && strlen(*text) != length) {
    status = console_fail(error, CLREID_INVALID_FILE, "'%s' has a .npy header with a zero byte in it", file->path);
  }
  if (status != CLREID_OK) free(*text);
  return status;
}

static clreid_status check_header(npy *file, const header *read, uint64_t file_bytes, clreid_error *error)
{
  if (strcmp(read->type, "<f4") != 0) {
    return console_fail(error, CLREID_INVALID_FILE,
                        "'%s' holds numbers of type '%s', needed is '<f4' (little-endian float32): save it with "
                        "astype('<f4')",
                        file->path, read->type);
  }
  if (read->fortran_order) {
    return console_fail(error, CLREID_INVALID_FILE,
                        "'%s' is in Fortran order, needed is C order: save it with ascontiguousarray", file->path);
  }
  if (read->dimensions != 2) {
    return console_fail(error, CLREID_INVALID_FILE, "'%s' has %d dimensions, needed are 2: (pictures, feature length)",
                        file->path, read->dimensions);
  }
  const uint64_t rows = read->shape[0], columns = read->shape[1];
  if (rows == 0 || columns == 0) {
    return console_fail(error, CLREID_INVALID_FILE, "'%s' holds no feature: its shape is (%" PRIu64 ", %" PRIu64 ")",
                        file->path, rows, columns);
  }
  const uint64_t data_bytes = file_bytes - file->data;
  if (columns > UINT64_MAX / 4 / rows || rows * columns * 4 != data_bytes) {
    return console_fail(error, CLREID_INVALID_FILE,
                        "'%s' says its shape is (%" PRIu64 ", %" PRIu64 "), but %" PRIu64
                        " bytes follow its header instead of 4 a number: it is cut short or damaged",
                        file->path, rows, columns, data_bytes);
  }
  file->rows = rows;
  file->columns = columns;
  return CLREID_OK;
}

static clreid_status open_checked(npy *file, clreid_error *error)
{
  struct stat facts;
  if (stat(file->path, &facts) == 0 &&
      !S_ISREG(facts.st_mode)) { /* before open(), which would wait for a pipe's writer */
    return console_fail(error, CLREID_INVALID_FILE, "cannot read '%s': it is not a file", file->path);
  }
  file->handle = open(file->path, O_RDONLY | O_CLOEXEC);
  if (file->handle < 0 || fstat(file->handle, &facts) != 0) {
    return console_fail(error, CLREID_INVALID_FILE, "cannot read '%s': %s", file->path, strerror(errno));
  }
  const uint64_t file_bytes = (uint64_t)facts.st_size;
  char *text;
  clreid_status status = read_header(file, file_bytes, &text, error);
  if (status != CLREID_OK) return status;
  header read;
  if (parse_header(text, &read)) {
    status = check_header(file, &read, file_bytes, error);
  } else {
    status = console_fail(
        error, CLREID_INVALID_FILE,
        "'%s' has a .npy header that is no plain array's: needed are descr '<f4', fortran_order and shape", file->path);
  }
  free(text);
  return status;
}

clreid_status npy_open(const char *path, npy *file, clreid_error *error)
{
  *file = (npy){.handle = -1, .path = strdup(path)};
  if (!file->path) return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for reading '%s'", path);
  const clreid_status status = open_checked(file, error);
  if (status != CLREID_OK) npy_close(file);
  return status;
}

clreid_status npy_read(const npy *file, uint64_t first, uint64_t count, float *values, clreid_error *error)
{
  const uint64_t row_bytes = file->columns * sizeof *values;
  return read_at(file, file->data + first * row_bytes, values, (size_t)(count * row_bytes), error);
}

void npy_close(npy *file)
{
  if (file->handle >= 0) close(file->handle);
  free(file->path);
  *file = (npy){.handle = -1};
}
