/*
 * test_sheet.c - proves samples/clreid/sheet.c by the pixels of the sheets that it writes, and path_list.c by what it
 * refuses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb/stb_image_write.h>

#include "folder.h"
#include "picture.h"
#include "sheet.h"

static const uint8_t green[3] = {60, 190, 75}, red[3] = {200, 20, 20}, grey[3] = {150, 150, 150}, ink[3] = {40, 40, 40},
                     empty[3] = {236, 236, 236}, blue[3] = {10, 20, 200}, yellow[3] = {250, 240, 3};

/* A folder with what a sheet is made of; it is the working directory. */
static folder f;

static void write_text(const char *name, const char *text)
{
  folder_write(name, text, strlen(text));
}

static void write_picture(const char *name, int width, int height, const uint8_t colour[3])
{
  uint8_t *pixels = malloc((size_t)(width * height * 3));
  for (int i = 0; i < width * height; ++i) memcpy(pixels + i * 3, colour, 3);
  assert_true(stbi_write_png(name, width, height, 3, pixels, width * 3));
  free(pixels);
}

static int make(void **state)
{
  (void)state;
  f = folder_make();
  assert_int_equal(chdir(f.path), 0);
  write_picture("tall.png", 20, 60, blue);
  write_picture("wide.png", 60, 20, yellow);
  write_text("broken.png", "\x89PNG\r\n\x1a\n and no more");
  write_text("q.npy", "a feature file");
  write_text("g.npy", "another");
  write_text("q.txt", "tall.png\nwide.png\n");
  write_text("g.txt", "wide.png\ntall.png\r\nbroken.png\nnowhere.png");
  write_text("q.csv", "pid,camid\n1,0\n2,0\n");
  write_text("g.csv", "pid,camid\n1,1\n2,1\n-1,1\n1,0\n");
  return 0;
}

static int clean(void **state)
{
  (void)state;
  const int code = chdir("/");
  folder_remove(&f);
  return code;
}

static picture read_back(const char *name)
{
  picture read;
  clreid_error error = {0};
  if (picture_read(name, &read, &error) != CLREID_OK) fail_msg("%s: %s", name, error.text);
  return read;
}

/* A pixel of a cell; column 0 is the query's. */
static const uint8_t *pixel(const picture *of, int row, int column, int x, int y)
{
  const int left = SHEET_GAP + column * SHEET_CELL_WIDTH + (column > 0 ? SHEET_GAP : 0),
            top = SHEET_GAP + row * SHEET_CELL_HEIGHT;
  return of->pixels + ((size_t)(top + y) * of->width + left + x) * 3;
}

static void assert_pixel(const picture *of, int row, int column, int x, int y, const uint8_t expected[3])
{
  const uint8_t *found = pixel(of, row, column, x, y);
  if (memcmp(found, expected, 3) != 0) {
    fail_msg("row %d, column %d, at %d, %d: %d %d %d instead of %d %d %d", row, column, x, y, found[0], found[1],
             found[2], expected[0], expected[1], expected[2]);
  }
}

static const sheet_side query = {"q.npy", 2, "q.txt", NULL}, gallery = {"g.npy", 4, "g.txt", NULL},
                        known_query = {"q.npy", 2, "q.txt", "q.csv"}, known_gallery = {"g.npy", 4, "g.txt", "g.csv"};

/* Two queries, each with all four entries, the second's in the other order. */
static picture draw(const sheet_side *a, const sheet_side *b)
{
  sheet *made;
  clreid_error error = {0};
  static const sheet_match lists[][4] = {{{0, 0}, {1, 0.125}, {2, 1.5}, {3, 1e-9}}, {{3, 0}, {2, 0}, {1, 0}, {0, 0}}};
  if (sheet_create("s.png", a, b, &made, &error) != CLREID_OK) fail_msg("%s", error.text);
  for (uint64_t q = 0; q < 2; ++q) assert_int_equal(sheet_add(made, q, lists[q], 4, &error), CLREID_OK);
  assert_int_equal(sheet_finish(made, &error), CLREID_OK);
  sheet_destroy(made);
  return read_back("s.png");
}

static void frames_say_what_is_right(void **state)
{
  (void)state;
  picture drawn = draw(&known_query, &known_gallery);
  const uint8_t *const frames[2][4] = {{green, red, grey, green}, {red, grey, green, red}};
  const int far = SHEET_BOX_WIDTH + 2 * SHEET_FRAME - 1, low = SHEET_BOX_HEIGHT + 2 * SHEET_FRAME - 1;
  for (int row = 0; row < 2; ++row) {
    for (int column = 0; column < 4; ++column) {
      assert_pixel(&drawn, row, column + 1, 0, 0, frames[row][column]);
      assert_pixel(&drawn, row, column + 1, far, low, frames[row][column]);
      assert_pixel(&drawn, row, column + 1, SHEET_FRAME - 1, low / 2, frames[row][column]);
    }
  }
  picture_free(&drawn);
  drawn = draw(&query, &gallery);
  for (int column = 1; column <= 4; ++column) assert_pixel(&drawn, 0, column, 0, 0, grey);
  picture_free(&drawn);
}

static void pictures_keep_their_proportions(void **state)
{
  (void)state;
  picture drawn = draw(&query, &gallery);
  const int middle_x = SHEET_FRAME + SHEET_BOX_WIDTH / 2, middle_y = SHEET_FRAME + SHEET_BOX_HEIGHT / 2;
  assert_pixel(&drawn, 0, 0, middle_x, middle_y, blue);
  assert_pixel(&drawn, 0, 0, middle_x, SHEET_FRAME, blue); /* as high as the box, a third as wide as high */
  assert_pixel(&drawn, 0, 0, middle_x - 24, middle_y, empty);
  assert_pixel(&drawn, 0, 0, middle_x + 24, middle_y, empty);
  assert_pixel(&drawn, 0, 1, SHEET_FRAME, middle_y, yellow); /* as wide as the box, a third as high as wide */
  assert_pixel(&drawn, 0, 1, middle_x, middle_y - 18, empty);
  assert_pixel(&drawn, 0, 1, middle_x, middle_y + 18, empty);
  picture_free(&drawn);
}

static void what_cannot_be_read_is_a_crossed_box(void **state)
{
  (void)state;
  picture drawn = draw(&query, &gallery);
  for (int column = 3; column <= 4; ++column) {
    assert_pixel(&drawn, 0, column, SHEET_FRAME, SHEET_FRAME, ink);
    assert_pixel(&drawn, 0, column, SHEET_FRAME + SHEET_BOX_WIDTH - 1, SHEET_FRAME, ink);
    assert_pixel(&drawn, 0, column, SHEET_FRAME, SHEET_FRAME + SHEET_BOX_HEIGHT - 1, ink);
    assert_pixel(&drawn, 0, column, SHEET_FRAME + 20, SHEET_FRAME + SHEET_BOX_HEIGHT / 2, empty);
  }
  picture_free(&drawn);
}

/* How many pixels of a cell's caption are ink. */
static int inked(const picture *of, int row, int column)
{
  int count = 0;
  for (int y = 0; y < SHEET_CAPTION; ++y) {
    for (int x = 0; x < SHEET_CELL_WIDTH - SHEET_GAP; ++x) {
      count += memcmp(pixel(of, row, column, x, SHEET_BOX_HEIGHT + 2 * SHEET_FRAME + y), ink, 3) == 0;
    }
  }
  return count;
}

static void captions_are_there(void **state)
{
  (void)state;
  picture drawn = draw(&query, &gallery);
  assert_int_equal(inked(&drawn, 0, 0), 12 * 4); /* "0": a ring of 12 cells of 2 x 2 pixels */
  assert_int_equal(inked(&drawn, 0, 1), 12 * 4);
  assert_true(inked(&drawn, 0, 2) > inked(&drawn, 0, 1)); /* "0.125" */
  assert_int_equal(inked(&drawn, 0, 5), 0);
  picture_free(&drawn);
}

static void many_queries_go_to_several_files(void **state)
{
  (void)state;
  enum { QUERIES = SHEET_QUERIES + 1 };
  FILE *list = fopen("many.txt", "wb");
  for (int i = 0; i < QUERIES; ++i) fprintf(list, "%s.png\n", i == QUERIES - 1 ? "wide" : "tall");
  fclose(list);
  const sheet_side many = {"q.npy", QUERIES, "many.txt", NULL};
  sheet *made;
  clreid_error error = {0};
  static const sheet_match twelve[12];
  assert_int_equal(sheet_create("m.png", &many, &gallery, &made, &error), CLREID_OK);
  for (uint64_t q = 0; q < QUERIES; ++q) {
    assert_int_equal(sheet_add(made, q, twelve, q == QUERIES - 1 ? 12 : 0, &error), CLREID_OK);
  }
  assert_int_equal(sheet_finish(made, &error), CLREID_OK);
  sheet_destroy(made);
  picture first = read_back("m.png"), second = read_back("m-2.png");
  assert_int_equal(first.height, SHEET_GAP + SHEET_QUERIES * SHEET_CELL_HEIGHT);
  assert_int_equal(second.height, SHEET_GAP + SHEET_CELL_HEIGHT);
  assert_int_equal(second.width, first.width);
  const int middle_x = SHEET_FRAME + SHEET_BOX_WIDTH / 2, middle_y = SHEET_FRAME + SHEET_BOX_HEIGHT / 2;
  assert_pixel(&first, SHEET_QUERIES - 1, 0, middle_x, middle_y, blue);
  assert_pixel(&second, 0, 0, middle_x, middle_y, yellow);
  assert_pixel(&second, 0, SHEET_MATCHES, 0, 0, grey); /* the tenth; the others have no room */
  picture_free(&first);
  picture_free(&second);
}

static void assert_refused(const char *path, const sheet_side *a, const sheet_side *b, const char *says)
{
  sheet *made;
  clreid_error error = {0};
  if (sheet_create(path, a, b, &made, &error) == CLREID_OK) fail_msg("it was taken, not refused with '%s'", says);
  if (!strstr(error.text, says)) fail_msg("'%s' does not say '%s'", error.text, says);
  assert_int_equal(access("s.png", F_OK), -1);
}

static void lists_that_do_not_fit_are_refused(void **state)
{
  (void)state;
  remove("s.png");
  static const struct {
    const char *text, *says;
  } cases[] = {
      {"tall.png\n", "names 1 pictures, but 'q.npy' has 2 features"},
      {"tall.png\nwide.png\ntall.png\n", "names 3 pictures, but 'q.npy' has 2 features"},
      {"", "names 0 pictures"},
      {"tall.png\n\nwide.png\n", "line 2: it is empty"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    write_text("wrong.txt", cases[i].text);
    assert_refused("s.png", &(sheet_side){"q.npy", 2, "wrong.txt", NULL}, &gallery, cases[i].says);
  }
  folder_write("wrong.txt", "a\0b\nc\n", 6);
  assert_refused("s.png", &(sheet_side){"q.npy", 2, "wrong.txt", NULL}, &gallery, "line 1: a zero byte");
  char line[5000];
  memset(line, 'x', sizeof line);
  folder_write("wrong.txt", line, sizeof line);
  assert_refused("s.png", &(sheet_side){"q.npy", 2, "wrong.txt", NULL}, &gallery, "longer than 4096 bytes");
  assert_refused("s.png", &(sheet_side){"q.npy", 2, "missing.txt", NULL}, &gallery, "No such file");
  assert_refused("s.png", &(sheet_side){"q.npy", 2, ".", NULL}, &gallery, "not a file");
  assert_refused("s.png", &query, &(sheet_side){"g.npy", 4, "g.txt", "q.csv"}, "has 2 labels, but 'g.npy' has 4");
}

static void no_input_is_written_over(void **state)
{
  (void)state;
  remove("s.png");
  static const char *const inputs[] = {"./q.npy", "g.npy", "q.txt", "g.txt", "q.csv", "g.csv", "tall.png"};
  for (size_t i = 0; i < sizeof inputs / sizeof *inputs; ++i) {
    assert_refused(inputs[i], &known_query, &known_gallery, "to be read and to be written");
  }
  assert_refused("nowhere/s.png", &query, &gallery, "nowhere");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(frames_say_what_is_right),
      cmocka_unit_test(pictures_keep_their_proportions),
      cmocka_unit_test(what_cannot_be_read_is_a_crossed_box),
      cmocka_unit_test(captions_are_there),
      cmocka_unit_test(many_queries_go_to_several_files),
      cmocka_unit_test(lists_that_do_not_fit_are_refused),
      cmocka_unit_test(no_input_is_written_over),
  };
  return cmocka_run_group_tests(tests, make, clean);
}
