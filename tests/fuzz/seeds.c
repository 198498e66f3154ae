/*
 * seeds.c - fuzz_seeds FOLDER: writes FOLDER/NAME/..., small files for each fuzz target to begin with, by the library's
 * and the samples' own writers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb/stb_image_write.h>

#include "cache.h"
#include "npy.h"
#include "tuning.h"
#include "weights.h"

enum { MOST_PATH = 4096 };

static const char *folder;

static void stop(const char *what)
{
  fprintf(stderr, "fuzz_seeds: %s\n", what);
  exit(1);
}

static void must(clreid_status status, const clreid_error *error)
{
  if (status != CLREID_OK) stop(error->text);
}

/* FOLDER/TARGET/NAME, whose folder is there. */
static const char *seed_path(const char *target, const char *name)
{
  static char path[MOST_PATH];
  clreid_error error = {CLREID_OK, ""};
  snprintf(path, sizeof path, "%s/%s", folder, target);
  must(cr_make_folders(path, &error), &error);
  if (snprintf(path, sizeof path, "%s/%s/%s", folder, target, name) >= (int)sizeof path) stop("a path is too long");
  return path;
}

/* ---- safetensors ------------------------------------------------------------------------------------------------- */

static const cr_metadata network = {"network", "fnc"};
static const cr_metadata gallery[] = {
    {"format", "clreid-gallery"}, {"version", "1"}, {"metric", "cosine"}, {"next_id", "7"}};
static const cr_metadata distances[] = {
    {"format", "clreid-gallery"}, {"version", "1"}, {"metric", "euclidean"}, {"next_id", "99"}};

/* The files, and the tensors of each: name, dtype, shape. */
static const struct {
  const char *target, *name;
  const cr_metadata *metadata;
  size_t metadata_count, count;
  cr_tensor tensors[4];
} tensor_files[] = {
    {"weights",
     "whole",
     &network,
     1,
     3,
     {{"conv.weight", "F32", 4, {2, 1, 1, 3}}, {"conv.bias", "F32", 1, {2}}, {"norm.running_var", "F32", 1, {2}}}},
    {"weights",
     "halves",
     &network,
     1,
     4,
     {{"conv.weight", "F16", 4, {2, 1, 1, 3}},
      {"conv.bias", "BF16", 1, {2}},
      {"norm.running_var", "F16", 1, {2}},
      {"norm.num_batches_tracked", "I64", 0, {0}}}},
    {"weights",
     "strange",
     NULL,
     0,
     3,
     {{"conv.weight", "F64", 2, {2, 3}}, {"a", "U8", 3, {1, 0, 5}}, {"norm.running_var", "I32", 1, {4}}}},
    {"weights", "empty", NULL, 0, 0, {{0}}},
    {"gallery",
     "whole",
     gallery,
     4,
     4,
     {{"features", "F32", 2, {3, 4}}, {"ids", "I64", 1, {3}}, {"labels", "I64", 1, {3}}, {"times", "I64", 1, {3}}}},
    {"gallery",
     "halves",
     distances,
     4,
     3,
     {{"features", "F16", 2, {3, 2}}, {"labels", "I64", 1, {3}}, {"times", "I64", 1, {3}}}},
    {"gallery", "bare", NULL, 0, 1, {{"features", "BF16", 2, {2, 5}}}},
    {"gallery", "none", gallery, 3, 2, {{"features", "F32", 2, {0, 4}}, {"ids", "I64", 1, {0}}}},
};

/* Small ascending numbers, valid as features, variances, ids and labels alike. */
static clreid_status fill(void *user, size_t index, cr_file *file, clreid_error *error)
{
  const cr_tensor *t = (const cr_tensor *)user + index;
  size_t count = 1;
  for (int i = 0; i < t->dims; i++) count *= (size_t)t->shape[i];
  const unsigned bytes = strstr(t->dtype, "64") ? 8 : strstr(t->dtype, "32") ? 4 : strstr(t->dtype, "16") ? 2 : 1;
  for (size_t i = 0; i < count; i++) {
    const float value = 1.0f + (float)i;
    uint32_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    const uint16_t half = (uint16_t)(0x3c00 + i), top = (uint16_t)(bits >> 16);
    const uint64_t integer = i;
    const uint8_t byte = (uint8_t)i;
    const void *number = &bits;
    if (bytes == 8) number = &integer;
    if (bytes == 2) number = t->dtype[0] == 'B' ? &top : &half;
    CR_TRY(bytes == 1 ? cr_file_write(file, &byte, 1, error) : cr_tensors_put(file, number, 1, bytes, error));
  }
  return CLREID_OK;
}

static void make_tensor_files(void)
{
  for (size_t i = 0; i < sizeof tensor_files / sizeof *tensor_files; i++) {
    clreid_error error = {CLREID_OK, ""};
    must(cr_tensors_write(seed_path(tensor_files[i].target, tensor_files[i].name), tensor_files[i].tensors,
                          tensor_files[i].count, tensor_files[i].metadata, tensor_files[i].metadata_count, fill,
                          (void *)(uintptr_t)tensor_files[i].tensors, &error),
         &error);
  }
}

/* ---- Text, and what stands for it -------------------------------------------------------------------------------- */

static void put(const char *target, const char *name, const void *bytes, size_t size)
{
  clreid_error error = {CLREID_OK, ""};
  cr_file *file = NULL;
  must(cr_file_create(seed_path(target, name), &file, &error), &error);
  must(cr_file_write(file, bytes, size, &error), &error);
  must(cr_file_commit(file, &error), &error);
}

static const struct {
  const char *target, *name, *text;
} texts[] = {
    {"boxes", "detected", "1,-1,10.5,20,30,60,0.9\n1,-1,50,20,30,60,0.8\n2,-1,11,20,30,60,0.7\n"},
    {"boxes", "truth",
     "\xef\xbb\xbf"
     "7,3,1,2,3,4,1,1,0.5,9\r\n\n2 12 1 2 3 4\n 7 ; 4 ; 0 ; 0 ; 5 ; 6\n"},
    {"boxes", "unusable", "1,-1,0,0,0,5\n3,2,nan,0,1,1\n3,2,1e7,0,1,1\n"},
    {"boxes", "wrong", "1,2,3\n"},
    {"labels", "two", "pid,camid\n1,2\n-1,3\n"},
    {"labels", "blanks", "\xef\xbb\xbfpid,camid\r\n 5 , 1 \r\n"},
    {"labels", "wrong", "pid,camid\n1;2\n"},
    {"tuning", "general",
     "# rows\nkernel=any tile=4x1x8 type=cpu width=8-\nkernel=gemm tile=1x2x16 rows=1 group=1x16\n"},
    {"tuning", "others", "kernel=conv tile=4x1x8 platform=\"P\" device=\"other\" driver=\"1\" library=\"0.1.0\"\n"},
    {"tuning", "wrong", "kernel=conv\nkernel=conv tile=4x1x8 tile=4x1x8\nkernel=conv tile=4x1x8 rows=9-1\n"},
    {"npy", "cut", "\x93NUMPY\x01"},
};

static void make_texts(void)
{
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    put(texts[i].target, texts[i].name, texts[i].text, strlen(texts[i].text));
}

/* Rows for the device that fuzz_tuning.c has. */
static void make_rows(void)
{
  const cr_facts facts = {.platform = "P", .name = "a \"device\"", .driver = "1"};
  const cr_tiled_shape shapes[] = {{CR_TILED_CONV, 4096, 64, 64, 9, 1, false}, {CR_TILED_GEMM, 3, 512, 64, 1, 1, true}};
  const cr_tile tiles[] = {{.rows = 4, .vectors = 1, .vector = 8, .local_rows = 1, .local_columns = 1},
                           {.rows = 2, .vectors = 2, .vector = 4, .local_rows = 4, .local_columns = 16}};
  char text[2048];
  size_t size = 0;
  for (size_t i = 0; i < 2; i++) {
    const cr_tuned row = cr_tuned_make(&facts, &shapes[i], &tiles[i]);
    size += (size_t)cr_tuned_write(&row, text + size, sizeof text - size);
    text[size++] = '\n';
  }
  put("tuning", "own", text, size);
}

static void make_programs(void)
{
  static const unsigned char binary[] = "a program";
  static char path[MOST_PATH];
  seed_path("cache", "");
  snprintf(path, sizeof path, "%s/cache", folder);
  const cr_device device = {.cache_folder = path};
  const cr_cache_key whole = {"whole"}, one = {"one"}, none = {"none"};
  cr_cache_write(&device, &whole, binary, sizeof binary);
  cr_cache_write(&device, &one, binary, 1);
  cr_cache_write(&device, &none, binary, 0);
}

static void make_features(void)
{
  struct {
    char header[NPY_HEADER_BYTES];
    float values[6];
  } file = {.values = {1, 2, 3, 4, 5, 6}};
  npy_header(2, 3, file.header);
  put("npy", "two", &file, sizeof file);
}

/* ---- Pictures ---------------------------------------------------------------------------------------------------- */

typedef struct bytes {
  uint8_t data[8192];
  size_t size;
} bytes;

static void add(bytes *to, const void *from, size_t size)
{
  if (size > sizeof to->data - to->size) stop("a seed is too large");
  memcpy(to->data + to->size, from, size);
  to->size += size;
}

static void add_piece(void *user, void *piece, int size)
{
  add(user, piece, (size_t)size);
}

static void add_big(bytes *to, uint32_t value)
{
  const uint8_t four[] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
  add(to, four, sizeof four);
}

/* With zeros as its sum, which stb_image does not look at. */
static void add_chunk(bytes *to, const char *type, const void *data, size_t size)
{
  add_big(to, (uint32_t)size);
  add(to, type, 4);
  add(to, data, size);
  add_big(to, 0);
}

enum { SIDE = 9, NOISE = SIDE * SIDE * 8 };
static uint8_t noise[NOISE];

/* The kinds of PNG that stb_image_write does not make: bits a sample, colour type, interlaced. */
static const struct {
  const char *name;
  uint8_t depth, colour, interlaced;
} pngs[] = {
    {"1-grey.png", 1, 0, 0},     {"4-palette.png", 4, 3, 0},      {"8-palette-interlaced.png", 8, 3, 1},
    {"16-colour.png", 16, 2, 0}, {"16-grey-alpha.png", 16, 4, 1}, {"8-alpha-interlaced.png", 8, 6, 1},
};

static void make_png(size_t index)
{
  bytes made = {.size = 0};
  const uint8_t depth = pngs[index].depth, colour = pngs[index].colour;
  const uint8_t head[13] = {0, 0, 0, SIDE, 0, 0, 0, SIDE, depth, colour, 0, 0, pngs[index].interlaced};
  static uint8_t rows[2 * NOISE]; /* filters 0, of as many rows as an interlaced picture may have */
  for (size_t i = 0; i < NOISE; i++) rows[i] = i % 4 ? (uint8_t)(noise[i] % 8) : 0;
  int size = 0;
  /* Longer than needed: what is left over is passed over. */
  unsigned char *packed = stbi_zlib_compress(rows, NOISE + 4 * SIDE, &size, 8);
  if (!packed) stop("no memory");
  add(&made, "\x89PNG\r\n\x1a\n", 8);
  add_chunk(&made, "IHDR", head, sizeof head);
  if (colour == 3) add_chunk(&made, "PLTE", noise, 16 * 3);
  if (colour == 3) add_chunk(&made, "tRNS", noise, 16);
  add_chunk(&made, "IDAT", packed, (size_t)size);
  add_chunk(&made, "IEND", "", 0);
  free(packed);
  put("picture", pngs[index].name, made.data, made.size);
}

/* BMP with a palette: bits a pixel, bytes of the second header. */
static void make_bmp(const char *name, uint8_t depth, uint8_t header)
{
  bytes made = {.size = 0};
  const unsigned colours = depth < 16 ? 1u << depth : 0, entry = header == 12 ? 3 : 4;
  const uint32_t begin = 14 + header + colours * entry;
  const uint8_t head[14] = {'B', 'M', 0, 0, 0, 0, 0, 0, 0, 0, (uint8_t)begin, (uint8_t)(begin >> 8)};
  const uint8_t core[12] = {12, 0, 0, 0, SIDE, 0, SIDE, 0, 1, 0, depth};
  uint8_t info[124] = {header, 0, 0, 0, SIDE, 0, 0, 0, SIDE, 0, 0, 0, 1, 0, depth};
  add(&made, head, sizeof head);
  add(&made, header == 12 ? core : info, header);
  add(&made, noise, colours * entry);
  add(&made, noise, (size_t)(SIDE * depth + 31) / 32 * 4 * SIDE);
  put("picture", name, made.data, made.size);
}

static void make_pictures(void)
{
  for (size_t i = 0; i < NOISE; i++) noise[i] = (uint8_t)(i * i * 7 + i / 3);
  for (int channels = 1; channels <= 4; channels++) {
    char name[32];
    bytes made = {.size = 0};
    snprintf(name, sizeof name, "%d.png", channels);
    stbi_write_png_to_func(add_piece, &made, SIDE, SIDE, channels, noise, SIDE * channels);
    put("picture", name, made.data, made.size);
    made.size = 0;
    snprintf(name, sizeof name, "%d.bmp", channels);
    stbi_write_bmp_to_func(add_piece, &made, SIDE, SIDE, channels, noise);
    put("picture", name, made.data, made.size);
    made.size = 0;
    snprintf(name, sizeof name, "%d.jpg", channels);
    stbi_write_jpg_to_func(add_piece, &made, SIDE, SIDE, channels, noise, channels % 2 ? 60 : 95); /* 60: 4:2:0 */
    put("picture", name, made.data, made.size);
  }
  for (size_t i = 0; i < sizeof pngs / sizeof *pngs; i++) make_png(i);
  make_bmp("1-core.bmp", 1, 12);
  make_bmp("4-info.bmp", 4, 40);
  make_bmp("8-v4.bmp", 8, 108);
  make_bmp("16-info.bmp", 16, 40);
  make_bmp("32-v5.bmp", 32, 124);
}

int main(int count, char **arguments)
{
  if (count != 2) stop("give the folder to write to");
  folder = arguments[1];
  make_tensor_files();
  make_texts();
  make_rows();
  make_programs();
  make_features();
  make_pictures();
  return 0;
}
