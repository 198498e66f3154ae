/*
 * tuning.c - see tuning.h for the format of rows: reading, writing, the search, and the user's file.
 *
 * Knows nothing of timing (tuner.c). What stands in a file was written by anybody: every byte is looked at before it is
 * believed, and no content makes a call fail.
 */
#include "tuning.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source.h"

enum { MOST_BYTES = 1 << 20, MOST_ROWS = 4096, MOST_LINE = 1024, MOST_NUMBER = 0x7fffffff, MANY_ROWS = 1024 };
enum { FP32 = 1, FP16 = 2, CPU = 1, GPU = 2 };
enum { ROWS, COLUMNS, DEPTH, TAPS, GROUPS, WIDTH, UNITS }; /* of cr_tuned.number */
enum { PLATFORM, DEVICE, DRIVER, LIBRARY };                /* of cr_tuned.text */
enum { ANY = (1u << CR_TILED_KINDS) - 1 - (1u << CR_TILED_SEPARABLE) };

static const char *const kernel_names[CR_TILED_KINDS] = {[CR_TILED_CONV] = "conv",
                                                         [CR_TILED_GEMM] = "gemm",
                                                         [CR_TILED_WINOGRAD] = "winograd",
                                                         [CR_TILED_SEPARABLE] = "separable",
                                                         [CR_TILED_ATTENTION] = "attention"};
static const char *const number_names[CR_TUNED_NUMBERS] = {"rows",   "columns", "depth", "taps",
                                                           "groups", "width",   "units"};
static const char *const text_names[CR_TUNED_TEXTS] = {"platform", "device", "driver", "library"};
static const char *const precision_names[] = {"", "fp32", "fp16"};
static const char *const type_names[] = {"", "cpu", "gpu"};
static const char *const order_names[] = {"rows", "columns"};

/* ---- Reading ---------------------------------------------------------------------------------------------------- */

typedef struct span {
  const char *at, *end;
} span;

static bool is(span text, const char *word)
{
  return (size_t)(text.end - text.at) == strlen(word) && !memcmp(text.at, word, strlen(word));
}

static bool is_blank(char c)
{
  return c == ' ' || c == '\t' || c == '\r';
}

/* Decimal digits, up to MOST_NUMBER. */
static bool read_number(span *text, size_t *number)
{
  const char *begin = text->at;
  for (*number = 0; text->at < text->end && *text->at >= '0' && *text->at <= '9'; text->at++) {
    *number = *number * 10 + (size_t)(*text->at - '0');
    if (*number > MOST_NUMBER) return false;
  }
  return text->at > begin;
}

static bool skip(span *text, char c)
{
  if (text->at == text->end || *text->at != c) return false;
  text->at++;
  return true;
}

/* N, N-M, N- or -M. */
static bool read_range(span text, cr_range *range)
{
  *range = (cr_range){0, SIZE_MAX};
  const bool open = text.at < text.end && *text.at == '-';
  if (!open && !read_number(&text, &range->least)) return false;
  if (text.at == text.end) {
    range->most = range->least;
    return true;
  }
  if (!skip(&text, '-')) return false;
  if (text.at == text.end) return !open;
  return read_number(&text, &range->most) && text.at == text.end && range->least <= range->most;
}

/* count numbers with an x between them. */
static bool read_sizes(span text, size_t *sizes, int count)
{
  for (int i = 0; i < count; i++)
    if ((i && !skip(&text, 'x')) || !read_number(&text, &sizes[i])) return false;
  return text.at == text.end;
}

static int find_name(span text, const char *const *names, int first, int count)
{
  for (int i = first; i < count; i++)
    if (is(text, names[i])) return i;
  return -1;
}

static bool read_tile(span value, cr_tile *tile)
{
  size_t sizes[3];
  if (!read_sizes(value, sizes, 3)) return false;
  tile->rows = (int)sizes[0], tile->vectors = (int)sizes[1], tile->vector = (int)sizes[2];
  return true;
}

static bool read_group(span value, cr_tile *tile)
{
  size_t sizes[2];
  if (!read_sizes(value, sizes, 2)) return false;
  tile->local_rows = sizes[0], tile->local_columns = sizes[1];
  return true;
}

static bool read_kernel(span value, unsigned *kernels)
{
  const int kernel = find_name(value, kernel_names, 0, CR_TILED_KINDS);
  *kernels = is(value, "any") ? ANY : kernel >= 0 ? 1u << kernel : 0;
  return *kernels;
}

static bool read_text(span value, char *text, size_t size)
{
  const size_t length = (size_t)(value.end - value.at);
  if (!length || length >= size) return false;
  for (const char *c = value.at; c < value.end; c++)
    if ((unsigned char)*c < ' ') return false;
  memcpy(text, value.at, length);
  text[length] = 0;
  return true;
}

/* The keys of the head, in this order, are the bits of `seen`. */
enum { KERNEL, TILE, ORDER, GROUP, PRECISION, TYPE, NUMBERS, TEXTS = NUMBERS + CR_TUNED_NUMBERS };

static const char *read_value(span key, span value, unsigned *seen, cr_tuned *row)
{
  static const char *const names[] = {"kernel", "tile", "order", "group", "precision", "type"};
  int index = find_name(key, names, 0, NUMBERS), order = 0;
  const int number = find_name(key, number_names, 0, CR_TUNED_NUMBERS),
            text = find_name(key, text_names, 0, CR_TUNED_TEXTS);
  if (number >= 0) index = NUMBERS + number;
  if (text >= 0) index = TEXTS + text;
  if (index < 0) return "a key is unknown";
  if (*seen & 1u << index) return "a key is given twice";
  *seen |= 1u << index;
  if (text >= 0)
    return read_text(value, row->text[text], sizeof row->text[text]) ? NULL
                                                                     : "a text is empty, too long or has strange bytes";
  if (number >= 0) return read_range(value, &row->number[number]) ? NULL : "a range is not N, N-M, N- or -M";
  switch (index) {
  case KERNEL:
    return read_kernel(value, &row->kernels) ? NULL : "the kernel is unknown";
  case TILE:
    return read_tile(value, &row->tile) ? NULL : "the tile is not TMxTNxV";
  case GROUP:
    return read_group(value, &row->tile) ? NULL : "the group is not RxC";
  case ORDER:
    order = find_name(value, order_names, 0, 2);
    row->tile.columns_first = order == 1;
    return order >= 0 ? NULL : "the order is neither rows nor columns";
  case PRECISION:
    row->precision = find_name(value, precision_names, 1, 3);
    return row->precision > 0 ? NULL : "the precision is neither fp32 nor fp16";
  default:
    row->type = find_name(value, type_names, 1, 3);
    return row->type > 0 ? NULL : "the type is neither cpu nor gpu";
  }
}

/* KEY=VALUE or KEY="VALUE" from *line; *key is empty at the line's end. */
static const char *next_word(span *line, span *key, span *value)
{
  while (line->at < line->end && is_blank(*line->at)) line->at++;
  if (line->at < line->end && *line->at == '#') line->at = line->end;
  key->at = key->end = line->at;
  if (line->at == line->end) return NULL;
  while (key->end < line->end && *key->end >= 'a' && *key->end <= 'z') key->end++;
  line->at = key->end;
  if (key->at == key->end || !skip(line, '=')) return "a word is not KEY=VALUE";
  const bool quoted = skip(line, '"');
  value->at = line->at;
  while (line->at < line->end && (quoted ? *line->at != '"' : !is_blank(*line->at))) line->at++;
  value->end = line->at;
  if (quoted && !skip(line, '"')) return "a text has no end";
  return line->at < line->end && !is_blank(*line->at) ? "words are not apart" : NULL;
}

static bool is_bound(const cr_tuned *row)
{
  return row->text[DEVICE][0];
}

const char *cr_tuned_read(const char *line, size_t size, cr_tuned *row)
{
  static const cr_facts largest = {.largest_work_group = SIZE_MAX};
  span rest = {line, line + size}, key, value;
  unsigned seen = 0;
  memset(row, 0, sizeof *row);
  row->tile.local_rows = row->tile.local_columns = 1;
  for (int i = 0; i < CR_TUNED_NUMBERS; i++) row->number[i].most = SIZE_MAX;
  if (size > MOST_LINE) return "it is too long";
  for (;;) {
    const char *problem = next_word(&rest, &key, &value);
    if (!problem && key.at == key.end) break;
    if (!problem) problem = read_value(key, value, &seen, row);
    if (problem) return problem;
  }
  const unsigned texts = seen >> TEXTS;
  if (!seen) return NULL;
  if (!(seen & 1u << KERNEL) || !(seen & 1u << TILE)) return "kernel or tile is missing";
  if (texts && texts != (1u << CR_TUNED_TEXTS) - 1) return "platform, device, driver or library is missing";
  return cr_tile_valid(&row->tile, &largest) ? NULL : "its tile is none that can be";
}

/* ---- Writing ---------------------------------------------------------------------------------------------------- */

typedef struct out {
  char *text;
  size_t size, used; /* used as snprintf counts */
} out;

static void add(out *to, const char *format, ...) CR_FORMAT(2, 3);
static void add(out *to, const char *format, ...)
{
  va_list list;
  va_start(list, format);
  const bool full = to->used >= to->size;
  const int length = vsnprintf(full ? NULL : to->text + to->used, full ? 0 : to->size - to->used, format, list);
  va_end(list);
  if (length > 0) to->used += (size_t)length;
}

static void add_range(out *to, const char *name, const cr_range *range)
{
  if (range->least == 0 && range->most == SIZE_MAX) return;
  if (range->least == range->most)
    add(to, " %s=%zu", name, range->least);
  else if (range->most == SIZE_MAX)
    add(to, " %s=%zu-", name, range->least);
  else
    add(to, " %s=%zu-%zu", name, range->least, range->most);
}

int cr_tuned_write(const cr_tuned *row, char *line, size_t size)
{
  out to = {line, size, 0};
  const cr_tile *t = &row->tile;
  const char *kernel = "any";
  for (int k = 0; k < CR_TILED_KINDS; k++)
    if (row->kernels == 1u << k) kernel = kernel_names[k];
  add(&to, "kernel=%s", kernel);
  if (t->rows) add(&to, " tile=%dx%dx%d", t->rows, t->vectors, t->vector);
  if (t->columns_first) add(&to, " order=columns");
  if (t->local_rows * t->local_columns > 1) add(&to, " group=%zux%zu", t->local_rows, t->local_columns);
  if (row->precision) add(&to, " precision=%s", precision_names[row->precision]);
  if (row->type) add(&to, " type=%s", type_names[row->type]);
  for (int i = 0; i < CR_TUNED_NUMBERS; i++) add_range(&to, number_names[i], &row->number[i]);
  for (int i = 0; i < CR_TUNED_TEXTS && is_bound(row); i++) add(&to, " %s=\"%s\"", text_names[i], row->text[i]);
  return (int)to.used;
}

/* ---- Rows and devices ------------------------------------------------------------------------------------------- */

/* A fact as it stands in a row: never empty, without what would end it. */
static void quote(const char *fact, char text[128])
{
  size_t i = 0;
  for (; i < 127 && fact[i]; i++) text[i] = fact[i] == '"' || (unsigned char)fact[i] < ' ' ? '\'' : fact[i];
  if (!i) text[i++] = '?';
  text[i] = 0;
}

static void quote_facts(const cr_facts *facts, char text[CR_TUNED_TEXTS][128])
{
  quote(facts->platform, text[PLATFORM]);
  quote(facts->name, text[DEVICE]);
  quote(facts->driver, text[DRIVER]);
  quote(CLREID_VERSION, text[LIBRARY]);
}

static bool same_texts(const cr_tuned *a, const char text[][128], int from, int to)
{
  for (int i = from; i < to; i++)
    if (strcmp(a->text[i], text[i])) return false;
  return true;
}

/* Is the row bound to a device, and to this one, whatever its driver? */
static bool is_of_device(const cr_tuned *row, const cr_facts *facts)
{
  char text[CR_TUNED_TEXTS][128];
  quote_facts(facts, text);
  return is_bound(row) && same_texts(row, (const char(*)[128])text, PLATFORM, DRIVER);
}

/* ... and to this driver and library, or bound to none? */
static bool is_for(const cr_tuned *row, const cr_facts *facts)
{
  char text[CR_TUNED_TEXTS][128];
  quote_facts(facts, text);
  return !is_bound(row) || same_texts(row, (const char(*)[128])text, PLATFORM, CR_TUNED_TEXTS);
}

static bool within(const cr_range *range, size_t number)
{
  return number >= range->least && number <= range->most;
}

bool cr_tuned_fits(const cr_tuned *row, const cr_facts *facts, const cr_tiled_shape *shape)
{
  const size_t numbers[CR_TUNED_NUMBERS] = {shape->rows,         shape->columns, shape->depth,
                                            shape->taps,         shape->groups,  facts->float_vector_width,
                                            facts->compute_units};
  if (!(row->kernels & 1u << shape->kernel)) return false;
  if (row->type && (row->type == CPU) != (facts->type == CR_DEVICE_CPU)) return false;
  if (row->precision && (row->precision == FP16) != shape->half) return false;
  for (int i = 0; i < CR_TUNED_NUMBERS; i++)
    if (!within(&row->number[i], numbers[i])) return false;
  return cr_tile_fits(&row->tile, shape) && cr_tile_valid(&row->tile, facts);
}

cr_tuned cr_tuned_make(const cr_facts *facts, const cr_tiled_shape *shape, const cr_tile *tile)
{
  const size_t numbers[] = {shape->rows, shape->columns, shape->depth, shape->taps, shape->groups};
  cr_tuned row = {.kernels = 1u << shape->kernel, .precision = shape->half ? FP16 : FP32, .tile = *tile};
  for (int i = 0; i < CR_TUNED_NUMBERS; i++) row.number[i] = (cr_range){0, SIZE_MAX};
  for (int i = ROWS; i <= GROUPS; i++) row.number[i] = (cr_range){numbers[i], numbers[i]};
  if (shape->rows >= MANY_ROWS) {
    size_t least = MANY_ROWS;
    while (shape->rows / 2 >= least) least *= 2;
    row.number[ROWS] = (cr_range){least, 2 * least - 1};
  }
  quote_facts(facts, row.text);
  return row;
}

/* The same but for the tile. */
static bool same_key(const cr_tuned *a, const cr_tuned *b)
{
  for (int i = 0; i < CR_TUNED_NUMBERS; i++)
    if (a->number[i].least != b->number[i].least || a->number[i].most != b->number[i].most) return false;
  return a->kernels == b->kernels && a->type == b->type && a->precision == b->precision &&
         same_texts(a, b->text, 0, CR_TUNED_TEXTS);
}

/* ---- The list of a device --------------------------------------------------------------------------------------- */

static bool push(cr_device *device, const cr_tuned *row)
{
  cr_tuned *larger = realloc(device->tuned, (device->tuned_count + 1) * sizeof *larger);
  if (!larger) return false;
  device->tuned = larger;
  larger[device->tuned_count++] = *row;
  return true;
}

/* The next line of *text, which moves past it; false at its end. */
static bool next_line(span *text, span *line)
{
  if (text->at == text->end) return false;
  const char *newline = memchr(text->at, '\n', (size_t)(text->end - text->at));
  *line = (span){text->at, newline ? newline : text->end};
  text->at = newline ? newline + 1 : text->end;
  return true;
}

static void load_text(cr_device *device, const char *name, span text, bool shipped)
{
  enum { MOST_COMPLAINTS = 8 };
  int number = 0, bad = 0, strangers = 0, rows = 0;
  span line;
  while (next_line(&text, &line)) {
    cr_tuned row;
    number++;
    const char *problem =
        rows < MOST_ROWS ? cr_tuned_read(line.at, (size_t)(line.end - line.at), &row) : "there are too many before it";
    if (problem && bad++ < MOST_COMPLAINTS)
      cr_say(&device->log, "%s: row %d is passed over: %s", name, number, problem);
    if (problem || !row.kernels) continue;
    if (!shipped) row.kernels &= ~(1u << CR_TILED_ATTENTION);
    if (!is_for(&row, &device->facts))
      strangers++;
    else if (push(device, &row))
      rows++;
  }
  if (bad > MOST_COMPLAINTS) cr_say(&device->log, "%s: so are %d more rows", name, bad - MOST_COMPLAINTS);
  if (strangers)
    cr_say(&device->log, "%s: %d rows are passed over: they are for other devices, drivers or versions", name,
           strangers);
}

static bool file_path(const cr_device *device, char *path, size_t size)
{
  return device->tuning_folder && snprintf(path, size, "%s/tuning.rows", device->tuning_folder) < (int)size;
}

static span span_of(const cr_mapping *file)
{
  const char *bytes = (const char *)file->bytes;
  return (span){bytes, bytes + (file->size < MOST_BYTES ? file->size : MOST_BYTES)};
}

void cr_tuning_load(cr_device *device)
{
  char path[1200];
  cr_mapping file;
  if (file_path(device, path, sizeof path) && cr_map(path, &file, NULL) == CLREID_OK) {
    load_text(device, path, span_of(&file), false);
    cr_unmap(&file);
  }
  char *shipped;
  if (cr_source_read(NULL, "tiles.rows", &shipped, NULL) != CLREID_OK) return;
  load_text(device, "tiles.rows", (span){shipped, shipped + strlen(shipped)}, true);
  free(shipped);
}

void cr_tuning_free(cr_device *device)
{
  free(device->tuned);
  device->tuned = NULL;
  device->tuned_count = 0;
}

bool cr_tuning_find(const cr_device *device, const cr_tiled_shape *shape, cr_tile *tile)
{
  bool found = false;
  cr_mutex_lock(device->mutex);
  for (size_t i = 0; i < device->tuned_count && !found; i++) {
    found = cr_tuned_fits(&device->tuned[i], &device->facts, shape);
    if (found) *tile = device->tuned[i].tile;
  }
  cr_mutex_unlock(device->mutex);
  return found;
}

bool cr_tuning_at(const cr_device *device, size_t index, cr_tuned *row)
{
  cr_mutex_lock(device->mutex);
  const bool there = index < device->tuned_count;
  if (there) *row = device->tuned[index];
  cr_mutex_unlock(device->mutex);
  return there;
}

/* ---- The user's file -------------------------------------------------------------------------------------------- */

static clreid_status write_file(const cr_device *device, const char *path, span text, clreid_error *error)
{
  cr_file *file = NULL;
  CR_TRY(cr_make_folders(device->tuning_folder, error));
  CR_TRY(cr_file_create(path, &file, error));
  const clreid_status status = cr_file_write(file, text.at, (size_t)(text.end - text.at), error);
  if (status == CLREID_OK) return cr_file_commit(file, error);
  cr_file_abandon(file);
  return status;
}

/* Is there a row that this process has kept for the same shapes? */
static bool is_kept(const cr_device *device, const cr_tuned *row)
{
  for (size_t i = 0; i < device->tuned_count; i++)
    if (device->tuned[i].kept && same_key(&device->tuned[i], row)) return true;
  return false;
}

/* Does the line stay? What cannot be read goes, and what is stale: of this device, but of another driver or library. On
 * a reset all of this device goes. */
static bool stays(const cr_device *device, span line, bool reset, bool *of_device)
{
  cr_tuned row;
  *of_device = false;
  if (cr_tuned_read(line.at, (size_t)(line.end - line.at), &row)) return false;
  if (!row.kernels) return true; /* a comment */
  *of_device = is_of_device(&row, &device->facts);
  if (reset) return !*of_device;
  return !is_kept(device, &row) && (!*of_device || is_for(&row, &device->facts));
}

static char *add_line(char *to, span line)
{
  const size_t size = (size_t)(line.end - line.at);
  memcpy(to, line.at, size);
  to[size] = '\n';
  return to + size + 1;
}

/* The rows that this process has kept, all of them: another process may have written the file without them. */
static char *add_kept(const cr_device *device, char *to)
{
  for (size_t i = 0; i < device->tuned_count; i++)
    if (device->tuned[i].kept) {
      to += cr_tuned_write(&device->tuned[i], to, MOST_LINE);
      *to++ = '\n';
    }
  return to;
}

/* Writes the file anew: the rows kept by this process, then what stays of the lines in it; *dropped: its rows of this
 * device that did not. Under the device's mutex. */
static clreid_status rewrite(const cr_device *device, bool reset, size_t *dropped, clreid_error *error)
{
  char path[1200];
  if (!file_path(device, path, sizeof path)) return CLREID_OK;
  cr_mapping file = {0};
  const bool exists = cr_map(path, &file, NULL) == CLREID_OK;
  span old = {"", ""}, line;
  old.end = old.at;
  if (exists) old = span_of(&file);
  const size_t room = (size_t)(old.end - old.at) + 2 + device->tuned_count * (MOST_LINE + 1);
  char *text = malloc(room), *to = text;
  clreid_status status = text ? CLREID_OK : cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for rows of tuning");
  if (text) to = add_kept(device, text);
  while (text && next_line(&old, &line)) {
    bool of_device;
    const bool kept = stays(device, line, reset, &of_device);
    *dropped += !kept && of_device;
    if (kept) to = add_line(to, line);
  }
  if (exists) cr_unmap(&file);
  if (text && (!reset || *dropped)) status = write_file(device, path, (span){text, to}, error);
  free(text);
  return status;
}

static void drop_rows(cr_device *device, const cr_tuned *like)
{
  size_t kept = 0;
  for (size_t i = 0; i < device->tuned_count; i++) {
    const cr_tuned *row = &device->tuned[i];
    if (!(like ? same_key(row, like) : is_bound(row))) device->tuned[kept++] = *row;
  }
  device->tuned_count = kept;
}

clreid_status cr_tuning_keep(cr_device *device, const cr_tuned *row, clreid_error *error)
{
  size_t dropped = 0;
  clreid_status status = CLREID_OK;
  cr_mutex_lock(device->mutex);
  drop_rows(device, row);
  if (push(device, row)) {
    memmove(device->tuned + 1, device->tuned, (device->tuned_count - 1) * sizeof *device->tuned);
    device->tuned[0] = *row;
    device->tuned[0].kept = true;
    status = rewrite(device, false, &dropped, error);
  } else {
    status = cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a row of tuning");
  }
  cr_mutex_unlock(device->mutex);
  return status;
}

clreid_status cr_tuning_reset(cr_device *device, size_t *dropped, clreid_error *error)
{
  *dropped = 0;
  cr_mutex_lock(device->mutex);
  drop_rows(device, NULL);
  const clreid_status status = rewrite(device, true, dropped, error);
  cr_mutex_unlock(device->mutex);
  return status;
}
