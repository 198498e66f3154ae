/*
 * test_weights.c - proves lib/weights.c: every way in which a weight file can be wrong, and what right ones read as.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "folder.h"
#include "ops.h"
#include "system.h"
#include "weights.h"

static int make(void **state)
{
  static folder f;
  f = folder_make();
  *state = &f;
  return 0;
}

static int clean(void **state)
{
  folder_remove(*state);
  return 0;
}

#define with_folder(test) cmocka_unit_test_setup_teardown(test, make, clean)

static void assert_told(const clreid_error *error, const char *part)
{
  if (!strstr(error->text, part)) fail_msg("'%s' does not say '%s'", error->text, part);
  if (strchr(error->text, '\n')) fail_msg("'%s' is not one line", error->text);
}

/* ---- Files to be suspicious of ---------------------------------------------------------------------------------- */

/* FOLDER/w.safetensors: the header's length (or lied), the header, and data[data_bytes]. */
static const char *put_file(const folder *f, uint64_t length, const char *header, size_t header_bytes, const void *data,
                            size_t data_bytes)
{
  static char path[512];
  uint8_t *bytes = calloc(1, 8 + header_bytes + data_bytes);
  assert_non_null(bytes);
  for (unsigned i = 0; i < 8; i++) bytes[i] = (uint8_t)(length >> 8 * i);
  memcpy(bytes + 8, header, header_bytes);
  if (data) memcpy(bytes + 8 + header_bytes, data, data_bytes);
  folder_write(folder_file(f, "w.safetensors", path), bytes, 8 + header_bytes + data_bytes);
  free(bytes);
  return path;
}

static const char *put(const folder *f, const char *header, const void *data, size_t data_bytes)
{
  return put_file(f, strlen(header), header, strlen(header), data, data_bytes);
}

static void assert_refused(const char *path, const char *part)
{
  cr_weights *weights = NULL;
  clreid_error error = {0};
  clreid_status status = cr_weights_open(path, &weights, &error);
  if (status == CLREID_OK) fail_msg("a file was opened that should say '%s'", part);
  assert_null(weights);
  assert_int_equal(status, CLREID_INVALID_WEIGHTS);
  assert_int_equal(error.status, status);
  assert_told(&error, part);
}

#define GOOD "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}"

/* Headers over data_bytes of zeros, and what the message must say. */
static const struct {
  const char *header;
  size_t data_bytes;
  const char *says;
} wrong_headers[] = {
    /* JSON */
    {"{", 0, "not valid JSON"},
    {"{} {}", 0, "not valid JSON"},
    {"{\"a\":}", 0, "not valid JSON"},
    {"{\"a\xff\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}", 4, "unable to decode byte 0xff"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},"
     "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[4,8]}}",
     8, "duplicate"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,4]}}", 4, "too big integer"},
    {"[]", 0, "is not a safetensors file"},
    {"12", 0, "is not a safetensors file"},
    /* entries */
    {"{\"a\":5}", 0, "tensor 'a': dtype, shape and data_offsets are needed"},
    {"{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "dtype, shape and data_offsets are needed"},
    {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8, "dtype, shape and data_offsets are needed"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "data_offsets must be two integers"},
    {"{\"a\":{\"dtype\":7,\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "dtype, shape and data_offsets are needed"},
    {"{\"a\":{\"dtype\":\"F31\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "unknown dtype 'F31'"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8, "must be integers from 0 on"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}", 8, "must be integers from 0 on"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[\"2\"],\"data_offsets\":[0,8]}}", 8, "must be integers from 0 on"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8,
     "hold 8 bytes, its shape and dtype need 12"},
    {"{\"a\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "hold 8 bytes, its shape and dtype need 4"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0, "fits 64 bits"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387906],\"data_offsets\":[0,8]}}", 8, "fits 64 bits"},
    /* offsets */
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 7, "do not lie within the 7 bytes"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, "8 to 0 do not lie within"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}", 8, "-8 to 0 do not lie within"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[9223372036854775800,9223372036854775807]}}", 8,
     "do not lie within the 8 bytes"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,8]}}", 8, "data_offsets must be two integers"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8.0]}}", 8, "data_offsets must be two integers"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":{\"0\":8}}}", 8, "data_offsets must be two integers"},
    /* layout */
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
     "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
     8, "tensors 'a' and 'b' overlap"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
     "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
     4, "overlap"},
    {"{\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]},"
     "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
     12, "no tensor owns the 4 bytes of data from 4 on"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8,
     "no tensor owns the 4 bytes of data from 0"},
    {GOOD, 9, "no tensor owns the 1 bytes of data from 8"},
    {"{}", 3, "no tensor owns the 3 bytes"},
    /* metadata */
    {"{\"__metadata__\":[]}", 0, "__metadata__ must be an object"},
    {"{\"__metadata__\":{\"height\":256}}", 0, "the metadata 'height' must be a string"},
    /* a name that would break the message's line */
    {"{\"a\\nb\":5}", 0, "tensor 'a?b'"},
};

static void wrong_headers_are_refused_by_name(void **state)
{
  for (size_t i = 0; i < sizeof wrong_headers / sizeof *wrong_headers; i++)
    assert_refused(put(*state, wrong_headers[i].header, NULL, wrong_headers[i].data_bytes), wrong_headers[i].says);
}

static void wrong_lengths_of_the_header_are_refused(void **state)
{
  size_t length = sizeof GOOD - 1;
  assert_refused(put_file(*state, 0, GOOD, length, NULL, 8), "header length is 0");
  assert_refused(put_file(*state, length - 1, GOOD, length, NULL, 8), "not valid JSON");
  assert_refused(put_file(*state, length + 1, GOOD, length, NULL, 8), "not valid JSON"); /* takes a byte of the data */
  assert_refused(put_file(*state, length + 9, GOOD, length, NULL, 8), "is cut off: its header should have");
  assert_refused(put_file(*state, 1u << 30, GOOD, length, NULL, 8), "the header length is 1073741824 bytes, at most");
  assert_refused(put_file(*state, UINT64_MAX, GOOD, length, NULL, 8), "is not a safetensors file");
  assert_refused(put_file(*state, UINT64_MAX - 7, GOOD, length, NULL, 8), "is not a safetensors file");
}

/* Every proper beginning of a good file is refused. */
static void files_cut_off_anywhere_are_refused(void **state)
{
  char path[512];
  uint8_t bytes[8 + sizeof GOOD - 1 + 8] = {sizeof GOOD - 1};
  memcpy(bytes + 8, GOOD, sizeof GOOD - 1);
  folder_file(*state, "cut", path);
  for (size_t size = 0; size < sizeof bytes; size++) {
    folder_write(path, bytes, size);
    assert_refused(path, size <= 8                    ? "is not a safetensors file"
                         : size < 8 + sizeof GOOD - 1 ? "cut off"
                                                      : "lie within");
  }
  folder_write(path, bytes, sizeof bytes);
  cr_weights *weights;
  assert_int_equal(cr_weights_open(path, &weights, NULL), CLREID_OK);
  cr_weights_close(weights);
  cr_weights_close(NULL);
}

static void other_kinds_of_files_are_told_apart(void **state)
{
  static const char text[] = "These are words and no weights at all.\n";
  static const char zip[] = "PK\3\4and so on, as torch.save writes it";
  char path[512];
  folder_write(folder_file(*state, "words.txt", path), text, sizeof text - 1);
  assert_refused(path, "words.txt' is not a safetensors file");
  folder_write(path, zip, sizeof zip - 1);
  assert_refused(path, "PyTorch checkpoint");
  folder_write(path, "\x80\2}q\1(X\4\0conv", 13); /* as it wrote before 1.6 */
  assert_refused(path, "PyTorch checkpoint");
  cr_weights *weights;
  clreid_error error = {0};
  assert_int_equal(cr_weights_open(folder_file(*state, "none", path), &weights, &error), CLREID_INVALID_FILE);
  assert_told(&error, "no such file");
}

/* Brackets by the thousand must not exhaust the stack. */
static void deep_nesting_is_refused(void **state)
{
  enum { DEEP = 1000000 };
  char *header = malloc(DEEP + 6);
  assert_non_null(header);
  memcpy(header, "{\"a\":", 5);
  memset(header + 5, '[', DEEP);
  header[DEEP + 5] = '\0';
  assert_refused(put(*state, header, NULL, 0), "depth");
  free(header);
}

/* ---- Files to read ---------------------------------------------------------------------------------------------- */

static clreid_status match(const char *path, const cr_weight_spec *specs, size_t count, clreid_error *error)
{
  cr_weights *weights;
  clreid_status status = cr_weights_open(path, &weights, error);
  if (status != CLREID_OK) fail_msg("not even opened: %s", error->text);
  status = cr_weights_match(weights, specs, count, error);
  cr_weights_close(weights);
  return status;
}

static void dtypes_read_as_float(void **state)
{
  static const char header[] = "{\"h\":{\"dtype\":\"F16\",\"shape\":[3],\"data_offsets\":[0,6]},"
                               "\"b\":{\"dtype\":\"BF16\",\"shape\":[1,3],\"data_offsets\":[6,12]},"
                               "\"f\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[12,20]},"
                               "\"bn.num_batches_tracked\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[20,28]},"
                               "\"empty\":{\"dtype\":\"U8\",\"shape\":[0,7],\"data_offsets\":[28,28]},"
                               "\"__metadata__\":{\"network\":\"rga-sc\",\"mean\":\"0.5,0.5,0.5\"}}";
  static const uint8_t data[28] = {
      0x00, 0x3c, 0x01, 0x00, 0xff, 0xfb,             /* 1, 2^-24, -65504 */
      0x80, 0x3f, 0x49, 0xc0, 0x01, 0x00,             /* 1, -3.140625, a float below the normal ones */
      0x00, 0x00, 0x80, 0x3f, 0xdb, 0x0f, 0x49, 0x40, /* 1, pi */
  };
  static const cr_weight_spec specs[] = {{"h", 1, {3}, CR_ROLE_BIAS, 1},
                                         {"b", 2, {1, 3}, CR_ROLE_KERNEL, 1},
                                         {"f", 1, {2}, CR_ROLE_VARIANCE, 1},
                                         {"empty", 2, {0, 7}, CR_ROLE_BIAS, 1}};
  static const float expected[3][3] = {{1.0f, 0x1p-24f, -65504.0f}, {1.0f, -3.140625f, 0x1p-133f}, {1.0f, 3.14159274f}};
  static const size_t counts[3] = {3, 3, 2};
  for (size_t shift = 0; shift < 4; shift++) { /* where the data stand in memory, modulo the size of a float */
    char shifted[sizeof header + 4];
    snprintf(shifted, sizeof shifted, "%s%.*s", header, (int)shift, "   ");
    cr_weights *weights;
    clreid_error error = {0};
    if (cr_weights_open(put(*state, shifted, data, sizeof data), &weights, &error)) fail_msg("%s", error.text);
    assert_string_equal(cr_weights_metadata(weights, "network"), "rga-sc");
    assert_string_equal(cr_weights_metadata(weights, "mean"), "0.5,0.5,0.5");
    assert_null(cr_weights_metadata(weights, "std"));
    assert_int_equal(cr_weights_match(weights, specs, 4, &error), CLREID_INVALID_WEIGHTS); /* empty is U8 */
    assert_told(&error, "1 neither F32, F16 nor BF16 (empty is U8)");
    for (size_t i = 0; i < 3; i++) {
      float scratch[3];
      const float *values = NULL;
      cr_weights_read(weights, &specs[i], scratch, &values);
      assert_int_equal((uintptr_t)values % _Alignof(float), 0);
      assert_memory_equal(values, expected[i], counts[i] * sizeof(float));
    }
    cr_weights_close(weights);
  }
}

static void a_file_without_metadata_has_none(void **state)
{
  cr_weights *weights;
  assert_int_equal(cr_weights_open(put(*state, GOOD, NULL, 8), &weights, NULL), CLREID_OK);
  assert_null(cr_weights_metadata(weights, "network"));
  cr_weights_close(weights);
}

/* ---- What a network names --------------------------------------------------------------------------------------- */

static void every_mismatch_is_in_one_message(void **state)
{
  static const char header[] = "{\"shaped\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                               "\"ranked\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[8,12]},"
                               "\"typed\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[12,20]},"
                               "\"extra1\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[20,24]},"
                               "\"extra2\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[24,28]},"
                               "\"x.num_batches_tracked\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[28,32]},"
                               "\"xnum_batches_tracked\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[32,36]}}";
  static const cr_weight_spec specs[] = {{"shaped", 2, {2, 1}, CR_ROLE_KERNEL, 1},
                                         {"missing1", 1, {1}, CR_ROLE_BIAS, 1},
                                         {"ranked", 1, {1}, CR_ROLE_BIAS, 1},
                                         {"typed", 1, {1}, CR_ROLE_BIAS, 1},
                                         {"missing2", 1, {1}, CR_ROLE_BIAS, 1}};
  clreid_error error = {0};
  assert_int_equal(match(put(*state, header, NULL, 36), specs, 5, &error), CLREID_INVALID_WEIGHTS);
  assert_told(&error, "does not fit the network's 5 tensors");
  assert_told(&error, "2 missing (missing1, missing2)");
  assert_told(&error, "3 not of this network (extra1, extra2, xnum_batches_tracked)");
  assert_told(&error, "2 of another shape (shaped is [2], not [2,1], ranked is [], not [1])");
  assert_told(&error, "1 neither F32, F16 nor BF16 (typed is F64)");
}

static void long_lists_are_cut_with_their_number(void **state)
{
  enum { MANY = 500 };
  static cr_weight_spec specs[MANY];
  for (int i = 0; i < MANY; i++) {
    specs[i] = (cr_weight_spec){.dims = 1, .shape = {1}, .gain = 1};
    snprintf(specs[i].name, sizeof specs[i].name, "backbone.layer%d.with.a.rather.long.name.weight", i);
  }
  clreid_error error = {0};
  assert_int_equal(match(put(*state, GOOD, NULL, 8), specs, MANY, &error), CLREID_INVALID_WEIGHTS);
  assert_told(&error, "500 missing (backbone.layer0.with");
  assert_told(&error, " more); 1 not of this network (a)");
}

static void numbers_that_are_none_are_found(void **state)
{
  enum { COUNT = 10000, AT = 8191 }; /* across blocks, not in the first */
  static float values[COUNT];
  static const char header[] = "{\"v\":{\"dtype\":\"F32\",\"shape\":[10000],\"data_offsets\":[0,40000]}}";
  static const struct {
    float value;
    cr_role role;
    const char *says;
  } cases[] = {
      {NAN, CR_ROLE_KERNEL, "tensor 'v', element 8191 of 10000 is not a number"},
      {INFINITY, CR_ROLE_BIAS, "tensor 'v', element 8191 of 10000 is infinite"},
      {-INFINITY, CR_ROLE_VARIANCE, "is infinite"},
      {-1.0f, CR_ROLE_VARIANCE, "element 8191 of 10000: a variance of -1"},
      {-1.0f, CR_ROLE_MEAN, NULL},
      {-0.0f, CR_ROLE_VARIANCE, NULL},
      {3e38f, CR_ROLE_KERNEL, NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    cr_weight_spec spec = {"v", 1, {COUNT}, cases[i].role, 1};
    clreid_error error = {0};
    values[AT] = cases[i].value;
    clreid_status status = match(put(*state, header, values, sizeof values), &spec, 1, &error);
    assert_int_equal(status, cases[i].says ? CLREID_INVALID_WEIGHTS : CLREID_OK);
    if (cases[i].says) assert_told(&error, cases[i].says);
  }
}

static void infinite_halves_are_found(void **state)
{
  static const char header[] = "{\"v\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]}}";
  static const uint8_t data[4] = {0x00, 0x3c, 0x00, 0x7c};
  static const cr_weight_spec spec = {"v", 1, {2}, CR_ROLE_KERNEL, 1};
  clreid_error error = {0};
  assert_int_equal(match(put(*state, header, data, 4), &spec, 1, &error), CLREID_INVALID_WEIGHTS);
  assert_told(&error, "element 1 of 2 is infinite");
}

/* ---- Writing ---------------------------------------------------------------------------------------------------- */

static const cr_weight_spec written[] = {{"conv.weight", 4, {5, 3, 7, 7}, CR_ROLE_KERNEL, 1},
                                         {"conv.bias", 1, {5}, CR_ROLE_BIAS, 1},
                                         {"scalar", 0, {0}, CR_ROLE_BIAS, 1}};
enum { WRITTEN = 3 };

static void count_up(void *user, const cr_weight_spec *spec, float *values, size_t count)
{
  float *next = user;
  (void)spec;
  for (size_t i = 0; i < count; i++) values[i] = (*next)++;
}

static void what_is_written_reads_the_same(void **state)
{
  static const cr_metadata metadata[] = {{"network", "rga-sc"}, {"note", "quotes \" and \xc3\xa9"}};
  char path[512];
  float next = 0.25f;
  clreid_error error = {0};
  folder_file(*state, "w.safetensors", path);
  if (cr_weights_write(path, written, WRITTEN, metadata, 2, count_up, &next, &error)) fail_msg("%s", error.text);
  assert_int_equal(folder_entries(*state), 1);

  cr_mapping file;
  assert_int_equal(cr_map(path, &file, &error), CLREID_OK);
  assert_int_equal(file.size % 4, (8 + 4 * (5 * 147 + 5 + 1)) % 4);
  assert_int_equal((file.size - 4 * (5 * 147 + 5 + 1)) % 8, 0); /* the data begin at a multiple of 8 */
  cr_unmap(&file);

  cr_weights *weights;
  if (cr_weights_open(path, &weights, &error)) fail_msg("%s", error.text);
  if (cr_weights_match(weights, written, WRITTEN, &error)) fail_msg("%s", error.text);
  assert_string_equal(cr_weights_metadata(weights, "note"), metadata[1].value);
  float expected = 0.25f;
  for (size_t i = 0; i < WRITTEN; i++) {
    static float scratch[5 * 147];
    const float *values;
    size_t count = i == 0 ? 5 * 147 : i == 1 ? 5 : 1;
    cr_weights_read(weights, &written[i], scratch, &values);
    assert_ptr_not_equal(values, scratch); /* in place: nothing was copied */
    for (size_t k = 0; k < count; k++) assert_true(values[k] == expected++);
  }
  cr_weights_close(weights);
}

static void what_cannot_be_written_is_named(void **state)
{
  cr_weight_spec twice[2] = {written[1], written[1]}, negative = {"n", 1, {-1}, CR_ROLE_BIAS, 1};
  cr_weight_spec latin = {"caf\xe9", 1, {1}, CR_ROLE_BIAS, 1};
  cr_metadata metadata[] = {{"k", "1"}, {"k", "2"}};
  char path[512];
  float next = 0;
  clreid_error error = {0};
  folder_file(*state, "w", path);
  assert_int_equal(cr_weights_write(path, twice, 2, NULL, 0, count_up, &next, &error), CLREID_INVALID_ARGUMENT);
  assert_told(&error, "'conv.bias' comes twice");
  assert_int_equal(cr_weights_write(path, &negative, 1, NULL, 0, count_up, &next, &error), CLREID_INVALID_ARGUMENT);
  assert_int_equal(cr_weights_write(path, &latin, 1, NULL, 0, count_up, &next, &error), CLREID_INVALID_ARGUMENT);
  assert_int_equal(cr_weights_write(path, written, 1, metadata, 2, count_up, &next, &error), CLREID_INVALID_ARGUMENT);
  assert_told(&error, "'k' comes twice");
  assert_int_equal(folder_entries(*state), 0);
  folder_file(*state, "none/w", path);
  assert_int_equal(cr_weights_write(path, written, 1, NULL, 0, count_up, &next, &error), CLREID_INVALID_FILE);
  assert_told(&error, "there is no folder");
}

/* Bytes changed at random in a good file: whatever is found, nothing is read beyond the file (a sanitizer sees that).
 */
static void damaged_files_do_no_harm(void **state)
{
  char path[512], damaged[512];
  float next = 0;
  clreid_error error = {0};
  folder_file(*state, "w.safetensors", path);
  folder_file(*state, "damaged", damaged);
  assert_int_equal(cr_weights_write(path, written, WRITTEN, NULL, 0, count_up, &next, &error), CLREID_OK);
  cr_mapping file;
  assert_int_equal(cr_map(path, &file, &error), CLREID_OK);
  size_t size = file.size, header = size - 4 * (5 * 147 + 5 + 1);
  uint8_t *bytes = malloc(size);
  assert_non_null(bytes);
  const char *given = getenv("CLREID_TEST_SEED");
  uint64_t first = given ? strtoull(given, NULL, 10) : 1, rounds = given ? 1 : 2000, opened = 0;
  for (uint64_t seed = first; seed < first + rounds; seed++) {
    uint64_t draw = seed * 0x9e3779b97f4a7c15u;
    memcpy(bytes, file.bytes, size);
    for (uint64_t changes = 0; changes <= seed % 2; changes++) {
      draw = (draw ^ draw >> 29) * 0xbf58476d1ce4e5b9u;
      bytes[draw % header] =
          (draw >> 40 & 3) ? (uint8_t) "0123456789[]{},:\"-"[(draw >> 42) % 18] : (uint8_t)(draw >> 50);
    }
    folder_write(damaged, bytes, size);
    cr_weights *weights;
    error = (clreid_error){0};
    clreid_status status = cr_weights_open(damaged, &weights, &error);
    if (status == CLREID_OK) {
      opened++;
      if (cr_weights_match(weights, written, WRITTEN, &error) != CLREID_OK) assert_told(&error, "damaged");
      cr_weights_close(weights);
    } else if (status != CLREID_INVALID_WEIGHTS || !error.text[0] || strchr(error.text, '\n')) {
      fail_msg("%d '%s'; run again with CLREID_TEST_SEED=%llu", status, error.text, (unsigned long long)seed);
    }
  }
  print_message("seeds %llu to %llu (CLREID_TEST_SEED=N runs one), %llu damaged files opened\n",
                (unsigned long long)first, (unsigned long long)(first + rounds - 1), (unsigned long long)opened);
  free(bytes);
  cr_unmap(&file);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      with_folder(wrong_headers_are_refused_by_name),
      with_folder(wrong_lengths_of_the_header_are_refused),
      with_folder(files_cut_off_anywhere_are_refused),
      with_folder(other_kinds_of_files_are_told_apart),
      with_folder(deep_nesting_is_refused),
      with_folder(dtypes_read_as_float),
      with_folder(a_file_without_metadata_has_none),
      with_folder(every_mismatch_is_in_one_message),
      with_folder(long_lists_are_cut_with_their_number),
      with_folder(numbers_that_are_none_are_found),
      with_folder(infinite_halves_are_found),
      with_folder(what_is_written_reads_the_same),
      with_folder(what_cannot_be_written_is_named),
      with_folder(damaged_files_do_no_harm),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
