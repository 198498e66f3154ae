/*
 * weights.c - see weights.h.
 *
 * A safetensors file is: uint64 header length, little endian; the header, JSON; the tensors' bytes, one after the
 * other.
 *
 *     {"__metadata__": {"key": "text", ...},
 *      "name": {"dtype": "F32", "shape": [64, 3, 7, 7], "data_offsets": [begin, end]}, ...}
 *
 * Offsets count from the end of the header; tensors must cover the rest of the file without a gap. jansson reads the
 * JSON (UTF-8, one key once, integers that fit, depth limited); what it means is checked here, before any number is
 * read.
 */
#include "weights.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../host/ops.h"

enum {
  LENGTH_BYTES = 8,          /* of the header length */
  LARGEST_HEADER = 16 << 20, /* bytes; a network of 400 tensors needs 50 thousand */
  BLOCK = 4096,              /* numbers converted at a time */
  NAME_SHOWN = 72,           /* bytes of a name or path in a message */
  LISTS_SHOWN = 720,         /* bytes of all lists of names in a message */
};

/* ---- Texts for messages ----------------------------------------------------------------------------------------- */

typedef struct shown {
  char text[NAME_SHOWN];
} shown;

/* A name as a message may hold it: one line, printable, of bounded length, its end kept (that is what tells tensors and
 * files apart). */
static shown show(const char *name)
{
  shown result;
  size_t length = strlen(name), room = sizeof result.text - 1, at = 0;
  if (length > room) {
    name += length - (room - 3);
    while (((unsigned char)*name & 0xc0u) == 0x80u) name++; /* not in the middle of a UTF-8 character */
    memcpy(result.text, "...", 3);
    at = 3;
  }
  for (; *name; name++) result.text[at++] = (unsigned char)*name < 32 || *name == 127 ? '?' : *name;
  result.text[at] = '\0';
  return result;
}

/* Names in a row, as many as there is room for: "a, b and 12 more". */
typedef struct name_list {
  char text[LISTS_SHOWN];
  size_t room, length, names, left_out;
} name_list;

static void list_add(name_list *list, const char *item)
{
  size_t length = strlen(item);
  list->names++;
  if (list->left_out || list->length + length + sizeof ",  and 99999999 more" > list->room)
    list->left_out++;
  else
    list->length += (size_t)snprintf(list->text + list->length, sizeof list->text - list->length, "%s%s",
                                     list->length ? ", " : "", item);
}

static const char *list_text(name_list *list)
{
  if (list->left_out && list->length < sizeof list->text)
    snprintf(list->text + list->length, sizeof list->text - list->length, " and %zu more", list->left_out);
  return list->text;
}

/* ---- What is known of a file ------------------------------------------------------------------------------------ */

typedef struct dtype {
  const char *name;
  unsigned bytes; /* an element */
  bool readable;  /* as weights; the others may only be tensors that are ignored */
} dtype;

enum { F32, F16, BF16 }; /* places in the table */

static const dtype dtypes[] = {
    [F32] = {"F32", 4, true}, [F16] = {"F16", 2, true}, [BF16] = {"BF16", 2, true}, {"F64", 8, false},
    {"I64", 8, false},        {"I32", 4, false},        {"I16", 2, false},          {"I8", 1, false},
    {"U64", 8, false},        {"U32", 4, false},        {"U16", 2, false},          {"U8", 1, false},
    {"BOOL", 1, false},
};

typedef struct tensor {
  const char *name;    /* of the header */
  const json_t *shape; /* of the header: an array of integers >= 0 */
  const dtype *type;
  uint64_t begin, end; /* bytes, from the end of the header */
} tensor;

struct cr_weights {
  cr_mapping file;
  shown path;
  const uint8_t *data; /* the bytes after the header */
  uint64_t data_bytes;
  json_t *header;
  const json_t *metadata; /* NULL: none */
  tensor *tensors;        /* sorted by name */
  size_t count;
};

static clreid_status fail(const cr_weights *weights, clreid_error *error, const char *what)
{
  return cr_fail(error, CLREID_INVALID_WEIGHTS, "'%s': %s", weights->path.text, what);
}

static clreid_status fail_tensor(const cr_weights *weights, const char *name, clreid_error *error, const char *what)
{
  return cr_fail(error, CLREID_INVALID_WEIGHTS, "'%s': tensor '%s': %s", weights->path.text, show(name).text, what);
}

static clreid_status out_of_memory(const cr_weights *weights, clreid_error *error)
{
  return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory left to read '%s' of %zu bytes", weights->path.text,
                 weights->file.size);
}

/* ---- Open: the frame of the file -------------------------------------------------------------------------------- */

static uint64_t little_endian(const uint8_t *bytes, unsigned count)
{
  uint64_t value = 0;
  for (unsigned i = 0; i < count; i++) value |= (uint64_t)bytes[i] << 8 * i;
  return value;
}

/* Why a file is no safetensors file at all, for the kinds that people confuse with one. */
static clreid_status fail_format(const cr_weights *weights, clreid_error *error)
{
  const uint8_t *bytes = weights->file.bytes;
  size_t size = weights->file.size;
  bool checkpoint = (size >= 4 && memcmp(bytes, "PK\3\4", 4) == 0) || (size >= 2 && bytes[0] == 0x80 && bytes[1] < 6);
  return cr_fail(error, CLREID_INVALID_WEIGHTS, "'%s' is not a safetensors file (%zu bytes)%s", weights->path.text,
                 size,
                 checkpoint ? "; it looks like a PyTorch checkpoint: turn it into one with convert_checkpoint.py"
                            : "; give a weight file");
}

/* Finds the header by its length and splits the file at its end. */
static clreid_status frame(cr_weights *weights, uint64_t *header_bytes, clreid_error *error)
{
  const uint8_t *bytes = weights->file.bytes;
  size_t size = weights->file.size;
  if (size <= LENGTH_BYTES) return fail_format(weights, error);
  uint64_t length = little_endian(bytes, LENGTH_BYTES);
  if (length == 0)
    return fail(weights, error, "the header length is 0, at least 2 bytes are needed; make the file again");
  if (bytes[LENGTH_BYTES] != '{') return fail_format(weights, error);
  if (length >> 40) return fail_format(weights, error); /* beyond any disk: text, or another format */
  if (length > LARGEST_HEADER)
    return cr_fail(error, CLREID_INVALID_WEIGHTS,
                   "'%s': the header length is %llu bytes, at most %d are read; the file is damaged, copy it again",
                   weights->path.text, (unsigned long long)length, LARGEST_HEADER);
  if (length > size - LENGTH_BYTES)
    return cr_fail(error, CLREID_INVALID_WEIGHTS,
                   "'%s' is cut off: its header should have %llu bytes and only %zu are there; copy it again",
                   weights->path.text, (unsigned long long)length, size - LENGTH_BYTES);
  *header_bytes = length;
  weights->data = bytes + LENGTH_BYTES + length;
  weights->data_bytes = size - LENGTH_BYTES - length;
  return CLREID_OK;
}

static clreid_status parse(cr_weights *weights, uint64_t header_bytes, clreid_error *error)
{
  json_error_t reason;
  weights->header = json_loadb((const char *)weights->file.bytes + LENGTH_BYTES, (size_t)header_bytes,
                               JSON_REJECT_DUPLICATES, &reason);
  if (weights->header) return CLREID_OK; /* an object: it begins with a brace */
  if (json_error_code(&reason) == json_error_out_of_memory) return out_of_memory(weights, error);
  return cr_fail(error, CLREID_INVALID_WEIGHTS, "'%s': the header is not valid JSON at byte %d of %llu: %s",
                 weights->path.text, reason.position, (unsigned long long)header_bytes, show(reason.text).text);
}

/* ---- Open: its tensors ------------------------------------------------------------------------------------------ */

static const dtype *find_dtype(const char *name)
{
  for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
    if (strcmp(dtypes[i].name, name) == 0) return &dtypes[i];
  return NULL;
}

/* Multiplies bytes by every dimension. False: a dimension is no integer >= 0, or the product does not fit. */
static bool shape_bytes(const json_t *shape, uint64_t *bytes)
{
  uint64_t product = *bytes;
  bool fits = true, empty = false;
  for (size_t i = 0; i < json_array_size(shape); i++) {
    const json_t *dimension = json_array_get(shape, i);
    if (!json_is_integer(dimension) || json_integer_value(dimension) < 0) return false;
    uint64_t size = (uint64_t)json_integer_value(dimension);
    empty |= size == 0;
    if (size && product > UINT64_MAX / size)
      fits = false;
    else
      product *= size;
  }
  *bytes = empty ? 0 : product;
  return fits || empty;
}

static clreid_status read_offsets(const cr_weights *weights, const json_t *offsets, tensor *t, clreid_error *error)
{
  const json_t *begin = json_array_get(offsets, 0), *end = json_array_get(offsets, 1); /* NULL if it is no array */
  if (json_array_size(offsets) != 2 || !json_is_integer(begin) || !json_is_integer(end))
    return fail_tensor(weights, t->name, error, "data_offsets must be two integers; make the file again");
  json_int_t from = json_integer_value(begin), to = json_integer_value(end);
  if (from < 0 || to < from || (uint64_t)to > weights->data_bytes)
    return cr_fail(error, CLREID_INVALID_WEIGHTS,
                   "'%s': tensor '%s': its offsets %lld to %lld"
                   " do not lie within the %llu bytes of data; the file is cut off or damaged, copy it again",
                   weights->path.text, show(t->name).text, (long long)from, (long long)to,
                   (unsigned long long)weights->data_bytes);
  t->begin = (uint64_t)from;
  t->end = (uint64_t)to;
  return CLREID_OK;
}

/* Reads one entry of the header: dtype, shape, offsets, and that they agree. */
static clreid_status read_entry(const cr_weights *weights, const json_t *entry, tensor *t, clreid_error *error)
{
  const json_t *type = json_object_get(entry, "dtype");
  t->shape = json_object_get(entry, "shape");
  if (!json_is_object(entry) || !json_is_string(type) || !json_is_array(t->shape))
    return fail_tensor(weights, t->name, error, "dtype, shape and data_offsets are needed; make the file again");
  t->type = find_dtype(json_string_value(type));
  if (!t->type)
    return cr_fail(error, CLREID_INVALID_WEIGHTS, "'%s': tensor '%s': unknown dtype '%s'; give F32, F16 or BF16",
                   weights->path.text, show(t->name).text, show(json_string_value(type)).text);
  CR_TRY(read_offsets(weights, json_object_get(entry, "data_offsets"), t, error));

  uint64_t bytes = t->type->bytes;
  if (!shape_bytes(t->shape, &bytes))
    return fail_tensor(weights, t->name, error,
                       "its shape must be integers from 0 on whose product fits 64 bits; make the file again");
  if (bytes != t->end - t->begin)
    return cr_fail(error, CLREID_INVALID_WEIGHTS,
                   "'%s': tensor '%s': its offsets hold %llu bytes, its shape and dtype need %llu; make the file again",
                   weights->path.text, show(t->name).text, (unsigned long long)(t->end - t->begin),
                   (unsigned long long)bytes);
  return CLREID_OK;
}

static clreid_status read_metadata(cr_weights *weights, const json_t *metadata, clreid_error *error)
{
  if (!json_is_object(metadata)) return fail(weights, error, "__metadata__ must be an object of strings");
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)(uintptr_t)metadata, key, value)
  {
    if (!json_is_string(value))
      return cr_fail(error, CLREID_INVALID_WEIGHTS, "'%s': the metadata '%s' must be a string; write \"1\", not 1",
                     weights->path.text, show(key).text);
  }
  weights->metadata = metadata;
  return CLREID_OK;
}

static clreid_status read_entries(cr_weights *weights, clreid_error *error)
{
  weights->tensors = calloc(json_object_size(weights->header) + 1, sizeof *weights->tensors);
  if (!weights->tensors) return out_of_memory(weights, error);
  const char *key;
  json_t *value;
  json_object_foreach(weights->header, key, value)
  {
    if (strcmp(key, "__metadata__") == 0) {
      CR_TRY(read_metadata(weights, value, error));
      continue;
    }
    tensor *t = &weights->tensors[weights->count++];
    t->name = key;
    CR_TRY(read_entry(weights, value, t, error));
  }
  return CLREID_OK;
}

/* ---- Open: the layout ------------------------------------------------------------------------------------------- */

static int by_place(const void *left, const void *right)
{
  const tensor *a = left, *b = right;
  if (a->begin != b->begin) return a->begin < b->begin ? -1 : 1;
  return (a->end > b->end) - (a->end < b->end); /* an empty tensor before the one that begins where it stands */
}

static int by_name(const void *left, const void *right)
{
  const tensor *a = left, *b = right;
  return strcmp(a->name, b->name);
}

static clreid_status fail_hole(const cr_weights *weights, uint64_t begin, uint64_t end, clreid_error *error)
{
  return cr_fail(error, CLREID_INVALID_WEIGHTS,
                 "'%s': no tensor owns the %llu bytes of data from %llu on; make the file again", weights->path.text,
                 (unsigned long long)(end - begin), (unsigned long long)begin);
}

/* Every byte of the data must belong to exactly one tensor. */
static clreid_status check_layout(const cr_weights *weights, clreid_error *error)
{
  qsort(weights->tensors, weights->count, sizeof *weights->tensors, by_place);
  uint64_t at = 0;
  for (size_t i = 0; i < weights->count; i++) {
    const tensor *t = &weights->tensors[i];
    if (t->begin < at)
      return cr_fail(
          error, CLREID_INVALID_WEIGHTS,
          "'%s': tensors '%s' and '%s' overlap: one ends at byte %llu, the other begins at %llu; make the file "
          "again",
          weights->path.text, show(t[-1].name).text, show(t->name).text, (unsigned long long)at,
          (unsigned long long)t->begin);
    if (t->begin > at) return fail_hole(weights, at, t->begin, error);
    at = t->end;
  }
  return at == weights->data_bytes ? CLREID_OK : fail_hole(weights, at, weights->data_bytes, error);
}

clreid_status cr_weights_open(const char *path, cr_weights **weights, clreid_error *error)
{
  *weights = NULL;
  cr_weights *made = calloc(1, sizeof *made);
  if (!made) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory left to open '%s'", show(path).text);
  made->path = show(path);
  uint64_t header_bytes = 0;
  clreid_status status = cr_map(path, &made->file, error);
  if (status == CLREID_OK) status = frame(made, &header_bytes, error);
  if (status == CLREID_OK) status = parse(made, header_bytes, error);
  if (status == CLREID_OK) status = read_entries(made, error);
  if (status == CLREID_OK) status = check_layout(made, error);
  if (status != CLREID_OK) {
    cr_weights_close(made);
    return status;
  }
  qsort(made->tensors, made->count, sizeof *made->tensors, by_name);
  *weights = made;
  return CLREID_OK;
}

void cr_weights_close(cr_weights *weights)
{
  if (!weights) return;
  free(weights->tensors);
  json_decref(weights->header);
  cr_unmap(&weights->file);
  free(weights);
}

const char *cr_weights_path(const cr_weights *weights)
{
  return weights->path.text;
}

const char *cr_weights_metadata(const cr_weights *weights, const char *key)
{
  return json_string_value(json_object_get(weights->metadata, key));
}

void cr_weights_say_unknown(const cr_weights *weights, bool (*is_known)(const void *user, const char *key),
                            const void *user, const cr_log *log)
{
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)(uintptr_t)weights->metadata, key, value)
  {
    if (!is_known(user, key))
      cr_say(log, "'%s': the metadata '%s' is not known and is ignored", weights->path.text, show(key).text);
  }
}

/* ---- Numbers ---------------------------------------------------------------------------------------------------- */

static const tensor *find(const cr_weights *weights, const char *name)
{
  tensor key = {.name = name};
  return bsearch(&key, weights->tensors, weights->count, sizeof key, by_name);
}

static float float_of_bits(uint32_t bits)
{
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* count numbers of t from element first on, as float: exact for every readable dtype. */
static void convert(const cr_weights *weights, const tensor *t, size_t first, size_t count, float *values)
{
  const uint8_t *bytes = weights->data + t->begin + first * t->type->bytes;
  if (t->type == &dtypes[F32]) {
    for (size_t i = 0; i < count; i++) values[i] = float_of_bits((uint32_t)little_endian(bytes + 4 * i, 4));
  } else if (t->type == &dtypes[BF16]) {
    for (size_t i = 0; i < count; i++) values[i] = float_of_bits((uint32_t)little_endian(bytes + 2 * i, 2) << 16);
  } else {
    uint16_t block[BLOCK];
    for (size_t done = 0; done < count; done += BLOCK) {
      size_t some = count - done < BLOCK ? count - done : BLOCK;
      for (size_t i = 0; i < some; i++) block[i] = (uint16_t)little_endian(bytes + 2 * (done + i), 2);
      cr_from_half(block, values + done, some);
    }
  }
}

static size_t elements(const tensor *t)
{
  return (size_t)((t->end - t->begin) / t->type->bytes);
}

/* True if the file's bytes are floats of this machine as they lie. */
static bool usable_in_place(const cr_weights *weights, const tensor *t)
{
  const float one = 1.0f;
  uint32_t bits;
  memcpy(&bits, &one, sizeof bits);
  bool same_order = little_endian((const uint8_t *)&one, sizeof one) == bits;
  return same_order && t->type == &dtypes[F32] && (uintptr_t)(weights->data + t->begin) % _Alignof(float) == 0;
}

void cr_weights_read(const cr_weights *weights, const cr_weight_spec *spec, float *scratch, const float **values)
{
  const tensor *t = find(weights, spec->name);
  *values = NULL;
  if (!t) return;
  if (usable_in_place(weights, t)) {
    *values = (const float *)(const void *)(weights->data + t->begin);
    return;
  }
  convert(weights, t, 0, elements(t), scratch);
  *values = scratch;
}

bool cr_weights_tensor(const cr_weights *weights, const char *name, cr_tensor *result)
{
  const tensor *t = find(weights, name);
  if (!t) return false;
  *result = (cr_tensor){.name = t->name,
                        .dtype = t->type->name,
                        .dims = (int)json_array_size(t->shape),
                        .bytes = weights->data + t->begin};
  for (size_t i = 0; i < 4 && i < json_array_size(t->shape); i++)
    result->shape[i] = (uint64_t)json_integer_value(json_array_get(t->shape, i));
  return true;
}

void cr_weights_values(const cr_weights *weights, const char *name, size_t first, size_t count, float *values)
{
  convert(weights, find(weights, name), first, count, values);
}

/* ---- Match: names and shapes ------------------------------------------------------------------------------------ */

static bool is_ignored(const char *name)
{
  static const char ending[] = "num_batches_tracked"; /* batch norm's counter of training steps */
  size_t length = strlen(name), end = sizeof ending - 1;
  return length >= end && strcmp(name + length - end, ending) == 0 && (length == end || name[length - end - 1] == '.');
}

static bool same_shape(const tensor *t, const cr_weight_spec *spec)
{
  if (json_array_size(t->shape) != (size_t)spec->dims) return false;
  for (int i = 0; i < spec->dims; i++)
    if (json_integer_value(json_array_get(t->shape, (size_t)i)) != spec->shape[i]) return false;
  return true;
}

/* "[64,3,7,7]"; of shapes with more than six dimensions the first six and dots. */
static void show_file_shape(const tensor *t, char *text, size_t size)
{
  size_t dims = json_array_size(t->shape), at = (size_t)snprintf(text, size, "[");
  for (size_t i = 0; i < dims && i < 6 && at < size; i++)
    at += (size_t)snprintf(text + at, size - at, "%s%lld", i ? "," : "",
                           (long long)json_integer_value(json_array_get(t->shape, i)));
  if (at < size) snprintf(text + at, size - at, dims > 6 ? ",...]" : "]");
}

static void show_spec_shape(const cr_weight_spec *spec, char *text, size_t size)
{
  size_t at = (size_t)snprintf(text, size, "[");
  for (int i = 0; i < spec->dims && at < size; i++)
    at += (size_t)snprintf(text + at, size - at, "%s%d", i ? "," : "", spec->shape[i]);
  if (at < size) snprintf(text + at, size - at, "]");
}

enum { MISSING, EXTRA, SHAPED, TYPED, KINDS };

typedef struct mismatch {
  name_list lists[KINDS];
} mismatch;

static const char *const titles[KINDS] = {"missing", "not of this network", "of another shape",
                                          "neither F32, F16 nor BF16"};

static void compare(const tensor *t, const cr_weight_spec *spec, mismatch *found)
{
  char item[NAME_SHOWN + 96], is[40], wanted[40];
  if (!t) {
    list_add(&found->lists[MISSING], show(spec->name).text);
  } else if (!same_shape(t, spec)) {
    show_file_shape(t, is, sizeof is);
    show_spec_shape(spec, wanted, sizeof wanted);
    snprintf(item, sizeof item, "%s is %s, not %s", show(spec->name).text, is, wanted);
    list_add(&found->lists[SHAPED], item);
  } else if (!t->type->readable) {
    snprintf(item, sizeof item, "%s is %s", show(spec->name).text, t->type->name);
    list_add(&found->lists[TYPED], item);
  }
}

/* Lists what the network names and the file has not or has otherwise, and what the file has and nothing names. Each
 * list gets room bytes. Returns how many lists have entries. */
static size_t find_mismatch(const cr_weights *weights, const cr_weight_spec *specs, size_t count, bool *used,
                            size_t room, mismatch *found)
{
  *found = (mismatch){0};
  for (int k = 0; k < KINDS; k++) found->lists[k].room = room;
  for (size_t i = 0; i < count; i++) {
    const tensor *t = find(weights, specs[i].name);
    if (t) used[t - weights->tensors] = true;
    compare(t, &specs[i], found);
  }
  for (size_t i = 0; i < weights->count; i++)
    if (!used[i] && !is_ignored(weights->tensors[i].name))
      list_add(&found->lists[EXTRA], show(weights->tensors[i].name).text);
  size_t kinds = 0;
  for (int k = 0; k < KINDS; k++) kinds += found->lists[k].names > 0;
  return kinds;
}

static clreid_status match_names(const cr_weights *weights, const cr_weight_spec *specs, size_t count, bool *used,
                                 clreid_error *error)
{
  mismatch found;
  size_t kinds = find_mismatch(weights, specs, count, used, 0, &found);
  if (kinds == 0) return CLREID_OK;
  find_mismatch(weights, specs, count, used, LISTS_SHOWN / kinds, &found);
  char text[CLREID_ERROR_TEXT_BYTES] = "";
  size_t at = 0;
  for (int k = 0; k < KINDS; k++) {
    name_list *list = &found.lists[k];
    if (list->names && at < sizeof text)
      at += (size_t)snprintf(text + at, sizeof text - at, "%s%zu %s (%s)", at ? "; " : "", list->names, titles[k],
                             list_text(list));
  }
  return cr_fail(error, CLREID_INVALID_WEIGHTS,
                 "'%s' does not fit the network's %zu tensors, give weights of this network and these options: %s",
                 weights->path.text, count, text);
}

/* ---- Match: numbers --------------------------------------------------------------------------------------------- */

/* The first element of values[count] that no network can use, or count. */
static size_t first_bad(const float *values, size_t count, bool may_be_negative)
{
  /* First whether there is one at all: a loop without a branch, for 30 million numbers at each start. */
  unsigned bad = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, &values[i], sizeof bits);
    bad |= (bits & 0x7f800000u) == 0x7f800000u; /* infinity or NaN */
    bad |= !may_be_negative & (values[i] < 0.0f);
  }
  if (!bad) return count;
  size_t i = 0;
  while (isfinite(values[i]) && (may_be_negative || values[i] >= 0.0f)) i++;
  return i;
}

static clreid_status match_numbers(const cr_weights *weights, const cr_weight_spec *spec, clreid_error *error)
{
  const tensor *t = find(weights, spec->name);
  size_t count = elements(t);
  float block[BLOCK];
  for (size_t done = 0; done < count; done += BLOCK) {
    size_t some = count - done < BLOCK ? count - done : BLOCK;
    convert(weights, t, done, some, block);
    size_t bad = first_bad(block, some, spec->role != CR_ROLE_VARIANCE);
    if (bad == some) continue;
    if (isfinite(block[bad]))
      return cr_fail(error, CLREID_INVALID_WEIGHTS,
                     "'%s': tensor '%s', element %zu of %zu: a variance of %g, it must not be negative; train or "
                     "convert again",
                     weights->path.text, show(spec->name).text, done + bad, count, (double)block[bad]);
    return cr_fail(error, CLREID_INVALID_WEIGHTS, "'%s': tensor '%s', element %zu of %zu is %s; train or convert again",
                   weights->path.text, show(spec->name).text, done + bad, count,
                   isnan(block[bad]) ? "not a number" : "infinite");
  }
  return CLREID_OK;
}

clreid_status cr_weights_match(const cr_weights *weights, const cr_weight_spec *specs, size_t count,
                               clreid_error *error)
{
  bool *used = calloc(weights->count + 1, sizeof *used);
  if (!used) return out_of_memory(weights, error);
  clreid_status status = match_names(weights, specs, count, used, error);
  free(used);
  for (size_t i = 0; i < count && status == CLREID_OK; i++) status = match_numbers(weights, &specs[i], error);
  return status;
}

/* ---- Write ------------------------------------------------------------------------------------------------------ */

static unsigned dtype_bytes(const char *name)
{
  const dtype *type = find_dtype(name);
  return type ? type->bytes : 0;
}

/* Elements of a tensor to be written; false: their bytes cannot be counted. */
static bool count_elements(const cr_tensor *t, uint64_t *count)
{
  const uint64_t most = INT64_MAX / 8;
  *count = 1;
  if (t->dims < 0 || t->dims > 4 || !dtype_bytes(t->dtype)) return false;
  for (int i = 0; i < t->dims; i++) {
    if (t->shape[i] > most || (t->shape[i] && *count > most / t->shape[i])) return false;
    *count *= t->shape[i];
  }
  return true;
}

/* Adds value under key, once. Takes over value, which may be NULL. */
static bool put_once(json_t *object, const char *key, json_t *value)
{
  if (!value || json_object_get(object, key)) {
    json_decref(value);
    return false;
  }
  return json_object_set_new(object, key, value) == 0;
}

static json_t *tensor_entry(const cr_tensor *t, uint64_t count, uint64_t *at)
{
  json_t *shape = json_array();
  for (int i = 0; i < t->dims; i++) json_array_append_new(shape, json_integer((json_int_t)t->shape[i]));
  uint64_t begin = *at;
  *at += dtype_bytes(t->dtype) * count;
  return json_pack("{s:s, s:o, s:[I, I]}", "dtype", t->dtype, "shape", shape, "data_offsets", (json_int_t)begin,
                   (json_int_t)*at);
}

/* The header as text, to be freed; NULL if a name, a key, a shape or a text cannot stand in one (named in *blame). */
static char *header_text(const cr_tensor *tensors, size_t count, const cr_metadata *metadata, size_t metadata_count,
                         const char **blame)
{
  json_t *header = json_object(), *texts = json_object();
  bool good = header && texts;
  for (size_t i = 0; i < metadata_count && good; i++) {
    *blame = metadata[i].key;
    good = put_once(texts, metadata[i].key, json_string(metadata[i].value));
  }
  good = good && put_once(header, "__metadata__", json_incref(texts));
  uint64_t at = 0;
  for (size_t i = 0; i < count && good; i++) {
    uint64_t numbers = 0;
    *blame = tensors[i].name;
    good = count_elements(&tensors[i], &numbers) &&
           put_once(header, tensors[i].name, tensor_entry(&tensors[i], numbers, &at));
  }
  char *text = good ? json_dumps(header, JSON_COMPACT) : NULL;
  json_decref(texts);
  json_decref(header);
  return text;
}

static clreid_status write_header(cr_file *file, const char *text, clreid_error *error)
{
  static const char spaces[8] = "       ";
  size_t length = strlen(text), padding = (8 - length % 8) % 8; /* the numbers begin at a multiple of 8 */
  uint8_t prefix[LENGTH_BYTES];
  for (unsigned i = 0; i < LENGTH_BYTES; i++) prefix[i] = (uint8_t)((uint64_t)(length + padding) >> 8 * i);
  CR_TRY(cr_file_write(file, prefix, sizeof prefix, error));
  CR_TRY(cr_file_write(file, text, length, error));
  return cr_file_write(file, spaces, padding, error);
}

static uint64_t number_bits(const void *number, unsigned bytes)
{
  uint16_t two;
  uint32_t four;
  uint64_t eight;
  if (bytes == sizeof two) return memcpy(&two, number, sizeof two), two;
  if (bytes == sizeof four) return memcpy(&four, number, sizeof four), four;
  return memcpy(&eight, number, sizeof eight), eight;
}

clreid_status cr_tensors_put(cr_file *file, const void *numbers, size_t count, unsigned bytes, clreid_error *error)
{
  uint8_t block[8 * BLOCK];
  for (size_t done = 0; done < count; done += BLOCK) {
    size_t some = count - done < BLOCK ? count - done : BLOCK;
    for (size_t i = 0; i < some; i++) {
      const uint64_t bits = number_bits((const uint8_t *)numbers + (done + i) * bytes, bytes);
      for (unsigned b = 0; b < bytes; b++) block[i * bytes + b] = (uint8_t)(bits >> 8 * b);
    }
    CR_TRY(cr_file_write(file, block, some * bytes, error));
  }
  return CLREID_OK;
}

static clreid_status write_all(cr_file *file, const char *header, size_t count, cr_tensors_fill *fill, void *user,
                               clreid_error *error)
{
  CR_TRY(write_header(file, header, error));
  for (size_t i = 0; i < count; i++) CR_TRY(fill(user, i, file, error));
  return CLREID_OK;
}

clreid_status cr_tensors_write(const char *path, const cr_tensor *tensors, size_t count, const cr_metadata *metadata,
                               size_t metadata_count, cr_tensors_fill *fill, void *user, clreid_error *error)
{
  const char *blame = "";
  char *header = header_text(tensors, count, metadata, metadata_count, &blame);
  if (!header)
    return cr_fail(error, CLREID_INVALID_ARGUMENT,
                   "cannot write '%s': '%s' comes twice, is not UTF-8, or has a shape that is not positive",
                   show(path).text, show(blame).text);
  cr_file *file = NULL;
  clreid_status status = cr_file_create(path, &file, error);
  if (status == CLREID_OK) status = write_all(file, header, count, fill, user, error);
  if (status == CLREID_OK)
    status = cr_file_commit(file, error);
  else
    cr_file_abandon(file);
  free(header);
  return status;
}

/* ---- Write weights ----------------------------------------------------------------------------------------------- */

typedef struct weights_source {
  const cr_weight_spec *specs;
  const cr_tensor *tensors;
  cr_weights_fill *fill;
  void *user;
  float *values; /* [the largest tensor's] */
} weights_source;

static clreid_status put_weights(void *user, size_t index, cr_file *file, clreid_error *error)
{
  const weights_source *from = user;
  uint64_t count = 0;
  count_elements(&from->tensors[index], &count);
  from->fill(from->user, &from->specs[index], from->values, (size_t)count);
  return cr_tensors_put(file, from->values, (size_t)count, sizeof *from->values, error);
}

/* A spec without elements gets dimensions that no file has, for cr_tensors_write to refuse it. */
static cr_tensor spec_tensor(const cr_weight_spec *spec)
{
  cr_tensor t = {.name = spec->name, .dtype = dtypes[F32].name, .dims = spec->dims};
  for (int i = 0; i < spec->dims && i < 4; i++) t.shape[i] = spec->shape[i] > 0 ? (uint64_t)spec->shape[i] : UINT64_MAX;
  return t;
}

clreid_status cr_weights_write(const char *path, const cr_weight_spec *specs, size_t count, const cr_metadata *metadata,
                               size_t metadata_count, cr_weights_fill *fill, void *user, clreid_error *error)
{
  uint64_t largest = 1;
  cr_tensor *tensors = calloc(count + 1, sizeof *tensors);
  for (size_t i = 0; i < count && tensors; i++) {
    uint64_t numbers = 0;
    tensors[i] = spec_tensor(&specs[i]);
    if (count_elements(&tensors[i], &numbers) && numbers > largest) largest = numbers;
  }
  weights_source from = {specs, tensors, fill, user, calloc((size_t)largest, sizeof *from.values)};
  const clreid_status status =
      tensors && from.values
          ? cr_tensors_write(path, tensors, count, metadata, metadata_count, put_weights, &from, error)
          : cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for a tensor of %llu numbers",
                    (unsigned long long)largest);
  free(from.values);
  free(tensors);
  return status;
}
