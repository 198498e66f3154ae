/*
 * test_picture.c - proves samples/clreid/picture.c: what three formats hold arrives, and what is empty, cut, damaged,
 * too large or no picture is refused with the reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb/stb_image_write.h>

#include "folder.h"
#include "jpeg.h"
#include "picture.h"

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

static uint64_t mix(uint64_t x)
{
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
  x = (x ^ x >> 27) * 0x94d049bb133111ebu;
  return x ^ x >> 31;
}

/* A file in memory, as stb_image_write hands it over in pieces. */
typedef struct bytes {
  uint8_t data[1 << 16];
  size_t size;
} bytes;

static void append(void *user, void *piece, int size)
{
  bytes *to = user;
  if (to->size + (size_t)size > sizeof to->data) fail_msg("the test's picture is too large");
  memcpy(to->data + to->size, piece, (size_t)size);
  to->size += (size_t)size;
}

enum { JPEG, PNG, BMP, FORMATS };
static const char *const names[FORMATS] = {"JPEG", "PNG", "BMP"};

static bytes encode(int format, int width, int height, int channels, const uint8_t *pixels)
{
  static bytes made;
  made.size = 0;
  if (format == JPEG) assert_int_equal(stbi_write_jpg_to_func(append, &made, width, height, channels, pixels, 95), 1);
  if (format == PNG) {
    assert_int_equal(stbi_write_png_to_func(append, &made, width, height, channels, pixels, width * channels), 1);
  }
  if (format == BMP) assert_int_equal(stbi_write_bmp_to_func(append, &made, width, height, channels, pixels), 1);
  return made;
}

/* Smooth, so that JPEG keeps it nearly, and different in every channel. */
static uint8_t *paint(int width, int height, int channels)
{
  uint8_t *pixels = malloc((size_t)(width * height * channels));
  assert_non_null(pixels);
  for (int i = 0; i < width * height; ++i) {
    const int x = i % width, y = i / width;
    for (int c = 0; c < channels; ++c) pixels[i * channels + c] = (uint8_t)(40 + 3 * x + 2 * y + 30 * c);
  }
  return pixels;
}

static bytes sample(int format)
{
  uint8_t *pixels = paint(19, 13, 3);
  const bytes made = encode(format, 19, 13, 3, pixels);
  free(pixels);
  return made;
}

static clreid_status read_from(const folder *f, const void *data, size_t size, picture *read, clreid_error *error)
{
  char path[512];
  folder_write(folder_file(f, "picture", path), data, size);
  *error = (clreid_error){0};
  return picture_read(path, read, error);
}

static void assert_refused(const folder *f, const void *data, size_t size, const char *part)
{
  picture read;
  clreid_error error;
  if (read_from(f, data, size, &read, &error) == CLREID_OK) fail_msg("it was taken, not refused with '%s'", part);
  if (!strstr(error.text, part)) fail_msg("'%s' does not say '%s'", error.text, part);
  if (strchr(error.text, '\n')) fail_msg("'%s' is not one line", error.text);
  assert_null(read.pixels);
}

static void what_a_file_holds_arrives(void **state)
{
  static const int sizes[][2] = {{1, 1}, {1, 9}, {17, 1}, {19, 13}, {32, 16}, {5, 40}};
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; ++s) {
    const int width = sizes[s][0], height = sizes[s][1];
    for (int format = 0; format < FORMATS; ++format) {
      for (int channels = 1; channels <= 3; channels += 2) { /* grey, RGB */
        uint8_t *pixels = paint(width, height, channels);
        const bytes file = encode(format, width, height, channels, pixels);
        picture read;
        clreid_error error;
        if (read_from(*state, file.data, file.size, &read, &error) != CLREID_OK)
          fail_msg("%s: %s", names[format], error.text);
        assert_int_equal(read.width, width);
        assert_int_equal(read.height, height);
        for (int i = 0; i < width * height; ++i) {
          for (int c = 0; c < 3; ++c) {
            const int wanted = pixels[i * channels + (channels == 1 ? 0 : c)], got = read.pixels[3 * i + c];
            if (abs(wanted - got) > (format == JPEG ? 8 : 0)) {
              fail_msg("%s %d x %d, pixel %d, channel %d: %d instead of %d", names[format], width, height, i, c, got,
                       wanted);
            }
          }
        }
        picture_free(&read);
        free(pixels);
      }
    }
  }
}

static void transparency_is_dropped(void **state)
{
  uint8_t *pixels = paint(7, 5, 4);
  const bytes file = encode(PNG, 7, 5, 4, pixels);
  picture read;
  clreid_error error;
  assert_int_equal(read_from(*state, file.data, file.size, &read, &error), CLREID_OK);
  for (int i = 0; i < 35; ++i) assert_memory_equal(read.pixels + 3 * i, pixels + 4 * i, 3);
  picture_free(&read);
  free(pixels);
}

static void pictures_cut_off_anywhere_are_refused(void **state)
{
  for (int format = 0; format < FORMATS; ++format) {
    const bytes file = sample(format);
    for (size_t cut = 1; cut < file.size; ++cut) {
      picture read;
      clreid_error error;
      if (read_from(*state, file.data, cut, &read, &error) == CLREID_OK) {
        fail_msg("%s, cut after %zu of %zu bytes, was taken", names[format], cut, file.size);
      }
    }
  }
}

static void bytes_after_the_end_do_not_matter(void **state)
{
  for (int format = 0; format < FORMATS; ++format) {
    bytes file = sample(format);
    append(&file, "trailing", 8);
    picture read;
    clreid_error error;
    if (read_from(*state, file.data, file.size, &read, &error) != CLREID_OK)
      fail_msg("%s: %s", names[format], error.text);
    picture_free(&read);
  }
}

/* Where each format keeps its sizes, and how. */
static void set_size(bytes *file, int format, uint32_t width, uint32_t height)
{
  size_t at = 2;
  switch (format) {
  case JPEG:
    while (file->data[at + 1] != 0xc0) at += 2 + (size_t)(file->data[at + 2] << 8 | file->data[at + 3]);
    file->data[at + 5] = (uint8_t)(height >> 8);
    file->data[at + 6] = (uint8_t)height;
    file->data[at + 7] = (uint8_t)(width >> 8);
    file->data[at + 8] = (uint8_t)width;
    break;
  case PNG:
    for (int i = 0; i < 4; ++i) {
      file->data[16 + i] = (uint8_t)(width >> (24 - 8 * i));
      file->data[20 + i] = (uint8_t)(height >> (24 - 8 * i));
    }
    break;
  default:
    for (int i = 0; i < 4; ++i) {
      file->data[18 + i] = (uint8_t)(width >> 8 * i);
      file->data[22 + i] = (uint8_t)(height >> 8 * i);
    }
  }
}

static void pictures_without_pixels_are_refused_with_their_size(void **state)
{
  for (int format = 0; format < FORMATS; ++format) {
    bytes file = sample(format);
    set_size(&file, format, 0, 13);
    assert_refused(*state, file.data, file.size, "is 0 x 13: it has no pixels");
    set_size(&file, format, 19, 0);
    assert_refused(*state, file.data, file.size, "is 19 x 0: it has no pixels");
  }
}

static void large_pictures_are_refused_with_the_limit(void **state)
{
  for (int format = 0; format < FORMATS; ++format) {
    bytes file = sample(format);
    set_size(&file, format, 16385, 1);
    assert_refused(*state, file.data, file.size, "is 16385 x 1, the limit is 16384 a side");
    set_size(&file, format, 16384, 8193);
    assert_refused(*state, file.data, file.size, "is 16384 x 8193, the limit is 16384 a side and 134217728 pixels");
  }
  bytes file = sample(BMP);
  set_size(&file, BMP, 19, 0x80000000u); /* the height has no positive twin in 32 bits */
  assert_refused(*state, file.data, file.size, "is 19 x 2147483648");
}

/* A small file that asks for the memory of a large picture. */
static void sizes_beyond_what_the_bytes_can_hold_are_refused(void **state)
{
  static const char *const texts[FORMATS] = {
      [JPEG] = "the JPEG picture is 16384 x 8192, which takes 262144 bytes at least, but the file has ",
      [PNG] = "the PNG picture is 16384 x 8192, which takes 390167 bytes at least, but the file has ",
      [BMP] = "the BMP picture is 16384 x 8192, which takes 402653184 bytes at least, but the file has "};
  for (int format = 0; format < FORMATS; ++format) {
    bytes file = sample(format);
    set_size(&file, format, 16384, 8192);
    assert_refused(*state, file.data, file.size, texts[format]);
  }
}

/* As well as a file packs: nothing but zeros. */
static void the_smallest_file_of_its_size_is_read(void **state)
{
  static uint8_t pixels[1 << 20];
  char path[512];
  picture read;
  clreid_error error = {0};
  const bytes file = encode(PNG, 1024, 1024, 1, pixels);
  folder_write(folder_file(*state, "even.png", path), file.data, file.size);
  if (picture_read(path, &read, &error) != CLREID_OK) fail_msg("%zu bytes: %s", file.size, error.text);
  picture_free(&read);
}

/* A decoder goes over the whole picture in each. */
static void too_many_scans_are_refused(void **state)
{
  bytes file = sample(JPEG);
  file.size -= 2;
  for (int i = 0; i < 256; ++i) append(&file, "\xff\xda\0\2", 4);
  assert_int_equal(jpeg_scans(file.data, file.size), 257);
  assert_refused(*state, file.data, file.size, "the JPEG picture has 257 scans, the limit is 256");
}

static void what_is_no_picture_is_refused(void **state)
{
  const folder *f = *state;
  assert_refused(f, "", 0, "empty (0 bytes)");
  assert_refused(f, "just a text\n", 12, "neither JPEG nor PNG nor BMP");
  assert_refused(f, "GIF89a\1\0\1\0", 10, "neither JPEG nor PNG nor BMP");
  assert_refused(f, "BM", 2, "cut short after 2 bytes");
  picture read;
  clreid_error error = {0};
  char path[512];
  assert_int_equal(picture_read(f->path, &read, &error), CLREID_INVALID_FILE);
  assert_non_null(strstr(error.text, "a folder"));
  assert_int_equal(picture_read(folder_file(f, "missing.png", path), &read, &error), CLREID_INVALID_FILE);
  assert_non_null(strstr(error.text, "No such file"));
  assert_int_equal(mkfifo(folder_file(f, "pipe", path), 0600), 0);
  assert_int_equal(picture_read(path, &read, &error), CLREID_INVALID_FILE); /* and does not wait for a writer */
  assert_non_null(strstr(error.text, "pipe"));
}

/* Where the JPEG's first segment with that marker begins. */
static size_t find_segment(const bytes *file, uint8_t marker)
{
  size_t at = 2;
  while (file->data[at + 1] != marker) at += 2 + (size_t)(file->data[at + 2] << 8 | file->data[at + 3]);
  return at;
}

static void assert_tables_refused(const folder *f, const bytes *file)
{
  assert_false(jpeg_tables_fit(file->data, file->size));
  assert_refused(f, file->data, file->size, "the JPEG picture is damaged (a Huffman table of more than 256 codes)");
}

/* stb_image would write past the table's end. */
static void huffman_tables_of_too_many_codes_are_refused(void **state)
{
  const bytes good = sample(JPEG);
  assert_true(jpeg_tables_fit(good.data, good.size));
  const size_t at = find_segment(&good, 0xc4);
  bytes file = good;
  memset(file.data + at + 5, 17, 16); /* 16 x 17 = 272 codes */
  assert_tables_refused(*state, &file);
  /* A segment of one byte, whose table runs over its end. */
  file.data[at + 2] = 0;
  file.data[at + 3] = 3;
  assert_tables_refused(*state, &file);
  /* A second table after the first one, in the same segment. */
  file = good;
  const size_t codes = 12; /* of stb_image_write's first table */
  memset(file.data + at + 4 + 17 + codes + 1, 17, 16);
  assert_tables_refused(*state, &file);
  /* Behind the coded data, where a progressive picture may have more tables. */
  file = good;
  file.size -= 2;
  append(&file, "\xff\xff\xc4\0\3\0\20\20\20\20\20\20\20\20\20\20\20\20\20\20\20\21", 22);
  assert_false(jpeg_tables_fit(file.data, file.size));
  file.data[file.size - 1] = 16; /* 256 codes are not too many */
  assert_true(jpeg_tables_fit(file.data, file.size));
}

/* Cameras do that. */
static void padding_between_segments_does_not_matter(void **state)
{
  const bytes good = sample(JPEG);
  const size_t at = find_segment(&good, 0xc0);
  bytes file = good;
  file.data[at] = 0;
  memcpy(file.data + at + 1, good.data + at, good.size - at);
  ++file.size;
  picture read;
  clreid_error error;
  if (read_from(*state, file.data, file.size, &read, &error) != CLREID_OK) fail_msg("%s", error.text);
  assert_int_equal(read.width, 19);
  assert_int_equal(read.height, 13);
  picture_free(&read);
}

static void put_chunk(bytes *file, const char *type, const void *data, size_t size)
{
  const uint8_t length[4] = {(uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size};
  append(file, (void *)length, 4);
  append(file, (void *)type, 4);
  append(file, (void *)data, (int)size);
  append(file, "\0\0\0\0", 4); /* the checksum, which nobody looks at */
}

/* A PNG of one pixel whose compressed data unpack to 4 MB: refused for want of memory, which it may not have. */
static void a_picture_may_not_unpack_to_more_than_its_pixels(void **state)
{
  static uint8_t zeros[4 << 20];
  int size;
  uint8_t *packed = stbi_zlib_compress(zeros, sizeof zeros, &size, 8);
  assert_non_null(packed);
  static bytes file;
  append(&file, "\x89PNG\r\n\x1a\n", 8);
  put_chunk(&file, "IHDR", "\0\0\0\1\0\0\0\1\x8\x2\0\0\0", 13);
  for (int at = 0; at < size; at += 60000)
    put_chunk(&file, "IDAT", packed + at, (size_t)(size - at < 60000 ? size - at : 60000));
  put_chunk(&file, "IEND", "", 0);
  free(packed);
  assert_refused(*state, file.data, file.size, "outofmem");
}

/* Whatever the bytes are: a picture within the limits, or one line. */
static void damaged_pictures_do_no_harm(void **state)
{
  const char *given = getenv("CLREID_TEST_SEED");
  const uint64_t first = given ? strtoull(given, NULL, 10) : 1, rounds = given ? 1 : 3000;
  uint64_t taken = 0;
  for (uint64_t seed = first; seed < first + rounds; ++seed) {
    bytes file = sample((int)(seed % FORMATS));
    uint64_t draw = mix(seed);
    for (uint64_t changes = 0; changes <= seed / 3 % 4; ++changes) {
      draw = mix(draw + 1);
      const size_t range = draw & 1 && file.size > 128 ? 128 : file.size; /* headers are hit more often */
      file.data[8 + (draw >> 8) % (range - 8)] = (uint8_t)(draw >> 48);
    }
    picture read;
    clreid_error error;
    if (read_from(*state, file.data, file.size, &read, &error) == CLREID_OK) {
      ++taken;
      if (read.width < 1 || read.height < 1 || !read.pixels)
        fail_msg("run again with CLREID_TEST_SEED=%llu", (unsigned long long)seed);
      picture_free(&read);
    } else if (!error.text[0] || strchr(error.text, '\n') || read.pixels) {
      fail_msg("'%s'; run again with CLREID_TEST_SEED=%llu", error.text, (unsigned long long)seed);
    }
  }
  print_message("seeds %llu to %llu (CLREID_TEST_SEED=N runs one), %llu damaged pictures taken\n",
                (unsigned long long)first, (unsigned long long)(first + rounds - 1), (unsigned long long)taken);
}

#define with_folder(test) cmocka_unit_test_setup_teardown(test, make, clean)

int main(void)
{
  const struct CMUnitTest tests[] = {
      with_folder(what_a_file_holds_arrives),
      with_folder(transparency_is_dropped),
      with_folder(pictures_cut_off_anywhere_are_refused),
      with_folder(bytes_after_the_end_do_not_matter),
      with_folder(pictures_without_pixels_are_refused_with_their_size),
      with_folder(large_pictures_are_refused_with_the_limit),
      with_folder(what_is_no_picture_is_refused),
      with_folder(sizes_beyond_what_the_bytes_can_hold_are_refused),
      with_folder(the_smallest_file_of_its_size_is_read),
      with_folder(too_many_scans_are_refused),
      with_folder(huffman_tables_of_too_many_codes_are_refused),
      with_folder(padding_between_segments_does_not_matter),
      with_folder(a_picture_may_not_unpack_to_more_than_its_pixels),
      with_folder(damaged_pictures_do_no_harm),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
