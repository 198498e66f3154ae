/*
 * safetensors.c - a mutator for safetensors files that gets past the first checks: the length stays that of the header
 * (most of the time), the header stays JSON (half of the time), tensors lie one after the other with as much data as
 * they need (when they can).
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum { LENGTH = 8, MOST_HEADER = 1 << 16, MOST_DATA = 1 << 16, ARENA = 1 << 20 };

static const char *const dtypes[] = {"F32", "F16", "BF16", "F64", "I64", "I32", "U8", "BOOL", "F8"};
static const json_int_t numbers[] = {0,         1,   2,        3,     4,     6,         8,          16,
                                     24,        255, 256,      65535, 65537, INT32_MAX, 4294967296, INT64_MAX / 8,
                                     INT64_MAX, -1,  INT64_MIN};
static const char *const keys[] = {"network", "format", "version", "metric", "next_id", "dtype", ""};
static const char *const texts[] = {"clreid-gallery", "1", "cosine", "euclidean", "7", "0", "999999999999999999", "x"};

#define ONE_OF(list, random) (list)[fuzz_next(random, sizeof(list) / sizeof *(list))]

static uint64_t get_length(const uint8_t *data)
{
  uint64_t length = 0;
  for (unsigned i = 0; i < LENGTH; i++) length |= (uint64_t)data[i] << 8 * i;
  return length;
}

static void put_length(uint8_t *data, uint64_t length)
{
  for (unsigned i = 0; i < LENGTH; i++) data[i] = (uint8_t)(length >> 8 * i);
}

/* Puts length, header and bytes in a row, as far as there is room; returns the size. */
static size_t put(uint8_t *data, size_t most, const char *header, size_t header_size, const uint8_t *rest,
                  size_t rest_size)
{
  if (LENGTH + header_size > most) return 0;
  if (rest_size > most - LENGTH - header_size) rest_size = most - LENGTH - header_size;
  memmove(data + LENGTH + header_size, rest, rest_size);
  memcpy(data + LENGTH, header, header_size);
  put_length(data, header_size);
  return LENGTH + header_size + rest_size;
}

/* ---- Memory for JSON: a mutation takes less time than the allocations of its parser -------------------------------
 */

static _Alignas(16) uint8_t arena[ARENA];
static size_t arena_used;

static void *arena_take(size_t size)
{
  size = (size + 15) / 16 * 16;
  if (size > sizeof arena - arena_used) return NULL;
  arena_used += size;
  return arena + arena_used - size;
}

static void arena_leave(void *block)
{
  (void)block; /* with all others, at the end of the mutation */
}

/* ---- The header as text ------------------------------------------------------------------------------------------ */

static size_t mutate_text(uint8_t *data, size_t size, size_t most, size_t length)
{
  static char header[MOST_HEADER];
  const size_t rest = size - LENGTH - length;
  if (length > sizeof header) return LLVMFuzzerMutate(data, size, most);
  size_t room = most - LENGTH - rest;
  if (room > sizeof header) room = sizeof header;
  memcpy(header, data + LENGTH, length);
  const size_t mutated = LLVMFuzzerMutate((uint8_t *)header, length, room);
  return put(data, most, header, mutated, data + LENGTH + length, rest);
}

/* ---- The header as JSON ------------------------------------------------------------------------------------------ */

static bool is_tensor(const char *key, const json_t *value)
{
  return strcmp(key, "__metadata__") != 0 && json_is_object(value);
}

/* A random tensor of the header, its name in *name; NULL: there is none. */
static json_t *pick(json_t *header, fuzz_random *random, const char **name)
{
  const char *key;
  json_t *value, *picked = NULL;
  uint64_t seen = 0;
  json_object_foreach(header, key, value)
  {
    if (is_tensor(key, value) && fuzz_next(random, ++seen) == 0) picked = value, *name = key;
  }
  return picked;
}

static json_t *random_shape(fuzz_random *random)
{
  json_t *shape = json_array();
  for (uint64_t dims = fuzz_next(random, 6); dims > 0; dims--) {
    const bool odd = fuzz_next(random, 8) == 0;
    json_array_append_new(shape, json_integer(odd ? ONE_OF(numbers, random) : (json_int_t)fuzz_next(random, 5)));
  }
  return shape;
}

static uint64_t dtype_bytes(const char *dtype)
{
  if (!dtype) return 1;
  return strstr(dtype, "64") ? 8 : strstr(dtype, "32") ? 4 : strstr(dtype, "16") ? 2 : 1;
}

/* Gives every tensor the bytes after those of the one before it; returns how many all need, `most` at most. */
static size_t lay_out(json_t *header, size_t most)
{
  const char *key;
  json_t *value, *dimension;
  uint64_t at = 0;
  json_object_foreach(header, key, value)
  {
    if (!is_tensor(key, value)) continue;
    uint64_t bytes = dtype_bytes(json_string_value(json_object_get(value, "dtype")));
    size_t i;
    json_array_foreach(json_object_get(value, "shape"), i, dimension)
    {
      const json_int_t size = json_integer_value(dimension);
      if (size < 0 || (uint64_t)size > most) return at;
      bytes *= (uint64_t)size;
      if (bytes > most) return at;
    }
    if (at + bytes > most) return at;
    json_object_set_new(value, "data_offsets", json_pack("[I, I]", (json_int_t)at, (json_int_t)(at + bytes)));
    at += bytes;
  }
  return at;
}

/* One change of meaning. False: tensors keep the offsets that they have. */
static bool change(json_t *header, fuzz_random *random)
{
  const char *name = NULL, *new_name = fuzz_tensors[0];
  json_t *tensor = pick(header, random, &name);
  size_t names = 0;
  while (fuzz_tensors[names]) names++;
  new_name = fuzz_tensors[fuzz_next(random, names)];
  const uint64_t kind = fuzz_next(random, 8);
  if (kind == 0 || !tensor) {
    json_object_set_new(header, new_name,
                        json_pack("{s:s, s:o}", "dtype", ONE_OF(dtypes, random), "shape", random_shape(random)));
  } else if (kind == 1) {
    json_object_set_new(tensor, "dtype", json_string(ONE_OF(dtypes, random)));
  } else if (kind == 2) {
    json_object_set_new(tensor, "shape", random_shape(random));
  } else if (kind == 3) {
    json_object_set_new(header, new_name, json_deep_copy(tensor));
  } else if (kind == 4) {
    json_object_del(header, name);
  } else if (kind == 5) {
    json_t *metadata = json_object_get(header, "__metadata__");
    if (!json_is_object(metadata)) json_object_set_new(header, "__metadata__", metadata = json_object());
    json_object_set_new(metadata, ONE_OF(keys, random), json_string(ONE_OF(texts, random)));
  } else if (kind == 6) {
    json_array_set_new(json_object_get(tensor, "data_offsets"), fuzz_next(random, 2),
                       json_integer(ONE_OF(numbers, random)));
    return false;
  }
  return true;
}

static size_t change_json(uint8_t *data, size_t size, size_t most, size_t length, fuzz_random *random)
{
  static uint8_t filled[MOST_DATA]; /* the tensors' bytes, then zeros */
  json_t *header = json_loadb((const char *)data + LENGTH, length, 0, NULL);
  if (!header) return 0;
  size_t rest = size - LENGTH - length;
  if (rest > sizeof filled) rest = sizeof filled;
  memcpy(filled, data + LENGTH + length, rest);
  memset(filled + rest, 0, most < sizeof filled ? most - rest : sizeof filled - rest);
  do {
    if (change(header, random)) rest = lay_out(header, most / 2 < sizeof filled ? most / 2 : sizeof filled);
  } while (fuzz_next(random, 3) == 0);
  const char *text = json_dumps(header, fuzz_next(random, 8) ? JSON_COMPACT : JSON_INDENT(1));
  return text ? put(data, most, text, strlen(text), filled, rest) : 0;
}

static size_t mutate_json(uint8_t *data, size_t size, size_t most, size_t length, fuzz_random *random)
{
  json_malloc_t take;
  json_free_t leave;
  json_get_alloc_funcs(&take, &leave);
  json_set_alloc_funcs(arena_take, arena_leave);
  const size_t result = change_json(data, size, most, length, random);
  json_set_alloc_funcs(take, leave);
  arena_used = 0;
  return result ? result : mutate_text(data, size, most, length);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
  fuzz_random random = {seed};
  const uint64_t length = size > LENGTH ? get_length(data) : 0;
  const uint64_t kind = fuzz_next(&random, 16);
  if (kind == 0 || size <= LENGTH || length > size - LENGTH) return LLVMFuzzerMutate(data, size, most);
  const size_t begin = LENGTH + (size_t)length;
  if (kind < 3 && size > begin) return begin + LLVMFuzzerMutate(data + begin, size - begin, most - begin);
  if (kind < 8) return mutate_text(data, size, most, (size_t)length);
  return mutate_json(data, size, most, (size_t)length, &random);
}
