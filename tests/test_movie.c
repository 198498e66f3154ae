/*
 * test_movie.c - proves samples/movie/: what is written comes back, and what is cut short or damaged gives what it can.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "folder.h"
#include "movie_reader.h"
#include "movie_writer.h"
#include "support.h"

enum { FRAMES = 60 };

static folder f;

static int make(void **state)
{
  (void)state;
  f = folder_make();
  return 0;
}

static int clean(void **state)
{
  (void)state;
  folder_remove(&f);
  return 0;
}

/* Frame k: one grey level each, so that order and number can be told; a dark square wanders over it. */
static int level_of(int frame)
{
  return 60 + 3 * frame;
}

static void draw(uint8_t *pixels, int width, int height, int frame)
{
  memset(pixels, level_of(frame), (size_t)(width * height * 3));
  for (int y = height / 2; y < height / 2 + 8 && y < height; ++y) {
    for (int x = frame; x < frame + 8 && x < width; ++x) memset(pixels + (y * width + x) * 3, 20, 3);
  }
}

static void write_movie(const char *path, int width, int height)
{
  movie_writer *writer;
  clreid_error error = {0};
  uint8_t *pixels = malloc((size_t)(width * height * 3));
  if (movie_writer_create(path, width, height, 25, 2, &writer, &error) != CLREID_OK) fail_msg("%s", error.text);
  for (int frame = 0; frame < FRAMES; ++frame) {
    draw(pixels, width, height, frame);
    if (movie_writer_add(writer, pixels, &error) != CLREID_OK) fail_msg("%s", error.text);
    assert_int_equal(access(path, F_OK), -1); /* not before it is whole */
  }
  if (movie_writer_finish(writer, &error) != CLREID_OK) fail_msg("%s", error.text);
  assert_int_not_equal(movie_writer_add(writer, pixels, &error), CLREID_OK);
  assert_int_not_equal(movie_writer_finish(writer, &error), CLREID_OK);
  movie_writer_destroy(writer);
  free(pixels);
}

typedef struct outcome {
  clreid_status opened, read;
  uint64_t frames, last;
  int wrong; /* frames that do not look like theirs */
  bool damaged;
  movie_facts facts;
  clreid_error error;
} outcome;

static outcome read_movie(const char *path)
{
  outcome found = {0};
  movie_reader *reader;
  found.opened = movie_reader_open(path, &reader, &found.error);
  if (found.opened != CLREID_OK) return found;
  found.facts = movie_reader_describe(reader);
  uint8_t *pixels = malloc((size_t)found.facts.width * (size_t)found.facts.height * 3);
  for (uint64_t number; (found.read = movie_reader_next(reader, &number, &found.error)) == CLREID_OK && number;) {
    assert_int_equal(movie_reader_pixels(reader, pixels, &found.error), CLREID_OK);
    found.wrong += abs(pixels[0] - level_of((int)number - 1)) > 4 || abs(pixels[2] - level_of((int)number - 1)) > 4;
    found.frames++;
    found.last = number;
    assert_true(found.frames <= 2 * FRAMES);
  }
  if (found.read == CLREID_OK) found.damaged = movie_reader_damage(reader, &found.error);
  free(pixels);
  movie_reader_close(reader);
  return found;
}

static void what_is_written_comes_back(void **state)
{
  (void)state;
  static const int sizes[][2] = {{96, 64}, {97, 63}, {1, 1}, {2, 33}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
    char path[512];
    const int width = sizes[i][0], height = sizes[i][1];
    folder_file(&f, "movie.mp4", path);
    remove(path);
    write_movie(path, width, height);
    const outcome found = read_movie(path);
    assert_int_equal(found.opened, CLREID_OK);
    assert_int_equal(found.frames, FRAMES);
    assert_int_equal(found.last, FRAMES);
    assert_int_equal(found.facts.frames, FRAMES);
    assert_int_equal(found.facts.rate_numerator, 25);
    assert_int_equal(found.facts.rate_denominator, 2);
    assert_int_equal(found.facts.width, width + width % 2);
    assert_int_equal(found.facts.height, height + height % 2);
    assert_false(found.damaged);
    if (width > 60) assert_int_equal(found.wrong, 0);
  }
}

static void what_is_not_finished_is_not_there(void **state)
{
  (void)state;
  char path[512];
  movie_writer *writer;
  clreid_error error = {0};
  uint8_t pixels[16 * 16 * 3] = {0};
  folder_file(&f, "never.mp4", path);
  const size_t before = folder_entries(&f);
  assert_int_equal(movie_writer_create(path, 16, 16, 25, 1, &writer, &error), CLREID_OK);
  assert_int_equal(movie_writer_add(writer, pixels, &error), CLREID_OK);
  movie_writer_destroy(writer);
  assert_int_equal(movie_writer_create(path, 16, 16, 25, 1, &writer, &error), CLREID_OK);
  assert_int_not_equal(movie_writer_finish(writer, &error), CLREID_OK); /* no frame */
  movie_writer_destroy(writer);
  assert_int_equal(folder_entries(&f), before);
  assert_int_not_equal(movie_writer_create(path, 0, 16, 25, 1, &writer, &error), CLREID_OK);
  assert_null(writer);
  assert_int_not_equal(movie_writer_create(path, 16, 16, 0, 1, &writer, &error), CLREID_OK);
  assert_int_not_equal(movie_writer_create(folder_file(&f, "no/where.mp4", path), 16, 16, 25, 1, &writer, &error),
                       CLREID_OK);
  assert_int_not_equal(movie_writer_create(f.path, 16, 16, 25, 1, &writer, &error), CLREID_OK);
  movie_writer_destroy(NULL);
  movie_reader_close(NULL);
}

/* The bytes of a file, for free(). */
static uint8_t *slurp(const char *path, size_t *size)
{
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  fseek(file, 0, SEEK_END);
  *size = (size_t)ftell(file);
  rewind(file);
  uint8_t *bytes = malloc(*size);
  assert_int_equal(fread(bytes, 1, *size, file), *size);
  fclose(file);
  return bytes;
}

/* An MP4 file's index is at its end, so a cut file is none; of an MPEG program stream's kind there is a beginning. Here
 * the index is moved to the front, as for the web: what is left of the frames must come. */
static uint8_t *index_first(const uint8_t *bytes, size_t size)
{
  size_t moov = 0, moov_size = 0, at = 0, head = 0;
  while (at + 8 <= size) {
    const size_t box =
        (size_t)bytes[at] << 24 | (size_t)bytes[at + 1] << 16 | (size_t)bytes[at + 2] << 8 | bytes[at + 3];
    if (memcmp(bytes + at + 4, "ftyp", 4) == 0) head = at + box;
    if (memcmp(bytes + at + 4, "moov", 4) == 0) {
      moov = at;
      moov_size = box;
    }
    if (box < 8) break;
    at += box;
  }
  assert_true(moov > 0 && head > 0 && moov + moov_size == size);
  uint8_t *moved = malloc(size);
  memcpy(moved, bytes, head);
  memcpy(moved + head, bytes + moov, moov_size);
  memcpy(moved + head + moov_size, bytes + head, moov - head);
  /* stco: offsets of the chunks, all further by the index's size now */
  for (size_t i = head; i + 16 < head + moov_size; ++i) {
    if (memcmp(moved + i, "stco", 4) != 0) continue;
    const size_t count = (size_t)moved[i + 10] << 8 | moved[i + 11];
    for (size_t k = 0; k < count; ++k) {
      uint8_t *entry = moved + i + 12 + 4 * k;
      const size_t offset =
          ((size_t)entry[0] << 24 | (size_t)entry[1] << 16 | (size_t)entry[2] << 8 | entry[3]) + moov_size;
      for (int b = 0; b < 4; ++b) entry[b] = (uint8_t)(offset >> (24 - 8 * b));
    }
  }
  return moved;
}

static void a_cut_file_gives_what_is_left(void **state)
{
  (void)state;
  char path[512];
  size_t size;
  folder_file(&f, "whole.mp4", path);
  write_movie(path, 96, 64);
  uint8_t *bytes = slurp(path, &size), *moved = index_first(bytes, size);
  folder_file(&f, "cut.mp4", path);
  folder_write(path, moved, size);
  outcome found = read_movie(path);
  assert_int_equal(found.frames, FRAMES);
  assert_false(found.damaged);
  uint64_t most = 0;
  int with_frames = 0;
  for (int part = 1; part < 20; ++part) {
    folder_write(path, moved, size * (size_t)part / 20);
    found = read_movie(path);
    if (found.opened != CLREID_OK || found.read != CLREID_OK) {
      if (!strstr(found.error.text, "cut short")) fail_msg("%s", found.error.text);
      continue;
    }
    assert_true(found.frames < FRAMES && found.frames >= most);
    assert_true(found.damaged);
    assert_non_null(strstr(found.error.text, "of the 60 frames"));
    assert_int_equal(found.wrong, 0);
    most = found.frames;
    ++with_frames;
  }
  assert_true(with_frames >= 3 && most > FRAMES / 2);
  /* With the index at its end, a cut file is none. */
  folder_write(path, bytes, size * 3 / 4);
  assert_int_not_equal(read_movie(path).opened, CLREID_OK);
  free(bytes);
  free(moved);
}

static void damage_ends(void **state)
{
  (void)state;
  char path[512];
  size_t size;
  folder_file(&f, "sound.mp4", path);
  write_movie(path, 96, 64);
  uint8_t *bytes = slurp(path, &size);
  folder_file(&f, "hurt.mp4", path);
  for (uint64_t trial = 0; trial < 60; ++trial) {
    uint8_t *hurt = malloc(size);
    memcpy(hurt, bytes, size);
    for (uint64_t i = 0; i < 1 + trial; ++i) {
      hurt[support_random(trial * 997 + 2 * i, 0, (int)size - 1)] =
          (uint8_t)support_random(trial * 997 + 2 * i + 1, 0, 255);
    }
    folder_write(path, hurt, size);
    const outcome found = read_movie(path); /* that it comes back is the proof */
    assert_true(found.opened != CLREID_OK || found.frames <= 2 * FRAMES);
    free(hurt);
  }
  free(bytes);
}

static void what_is_no_movie_is_refused(void **state)
{
  (void)state;
  char path[512];
  folder_file(&f, "text.mp4", path);
  folder_write(path, "not a movie at all", 18);
  outcome found = read_movie(path);
  assert_int_not_equal(found.opened, CLREID_OK);
  assert_non_null(strstr(found.error.text, "as a video"));
  folder_write(path, "", 0);
  assert_int_not_equal(read_movie(path).opened, CLREID_OK);
  assert_int_not_equal(read_movie(f.path).opened, CLREID_OK);
  assert_int_not_equal(read_movie(folder_file(&f, "nowhere.mp4", path)).opened, CLREID_OK);
}

static void sizes_are_limited(void **state)
{
  (void)state;
  static const struct {
    int width, height;
    const char *says;
  } cases[] = {
      {999999, 999999, "it is damaged"},
      {-5, 0, "it is damaged"},
      {16000, 16000, "frames of 16000x16000, they must have"},
      {16385, 1, "frames of 16385x1, they must have"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    char path[512], text[128];
    snprintf(text, sizeof text, "YUV4MPEG2 W%d H%d F25:1 Ip A1:1 C420\nFRAME\n", cases[i].width, cases[i].height);
    folder_write(folder_file(&f, "large.y4m", path), text, strlen(text));
    const outcome found = read_movie(path);
    assert_int_equal(found.opened, CLREID_INVALID_FILE);
    if (!strstr(found.error.text, cases[i].says)) fail_msg("'%s' does not say '%s'", found.error.text, cases[i].says);
  }
}

/* What is named a video may be a list of others: whoever wrote it must not reach files by it. */
static void no_other_file_is_opened(void **state)
{
  (void)state;
  static const char *const lists[] = {
      "ffconcat version 1.0\nfile listed.mp4\n",
      "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nlisted.mp4\n#EXT-X-ENDLIST\n",
  };
  char path[512];
  write_movie(folder_file(&f, "listed.mp4", path), 96, 64);
  for (size_t i = 0; i < sizeof lists / sizeof *lists; ++i) {
    folder_write(folder_file(&f, "list.mp4", path), lists[i], strlen(lists[i]));
    const outcome found = read_movie(path);
    if (found.frames > 0) fail_msg("%llu frames come by list %zu", (unsigned long long)found.frames, i);
    assert_non_null(strstr(found.error.text, "list.mp4"));
  }
}

/* Rates are what a file says: pictures may be days apart, or a microsecond. */
static void any_rate_is_written(void **state)
{
  (void)state;
  static const int rates[][2] = {{1, 1000000}, {1, INT_MAX}, {INT_MAX, 1}, {1000003, 1000033}};
  for (size_t i = 0; i < sizeof rates / sizeof *rates; ++i) {
    char path[512];
    movie_writer *writer;
    clreid_error error = {0};
    const uint8_t pixels[16 * 16 * 3] = {0};
    folder_file(&f, "rate.mp4", path);
    if (movie_writer_create(path, 16, 16, rates[i][0], rates[i][1], &writer, &error) != CLREID_OK)
      fail_msg("%d/%d: %s", rates[i][0], rates[i][1], error.text);
    assert_int_equal(movie_writer_add(writer, pixels, &error), CLREID_OK);
    assert_int_equal(movie_writer_add(writer, pixels, &error), CLREID_OK);
    assert_int_equal(movie_writer_finish(writer, &error), CLREID_OK);
    movie_writer_destroy(writer);
    assert_int_equal(read_movie(path).frames, 2);
  }
}

int main(int argc, char **argv)
{
  support_start(argc, argv);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_written_comes_back),    cmocka_unit_test(what_is_not_finished_is_not_there),
      cmocka_unit_test(a_cut_file_gives_what_is_left), cmocka_unit_test(damage_ends),
      cmocka_unit_test(what_is_no_movie_is_refused),   cmocka_unit_test(no_other_file_is_opened),
      cmocka_unit_test(any_rate_is_written),           cmocka_unit_test(sizes_are_limited),
  };
  return cmocka_run_group_tests(tests, make, clean);
}
