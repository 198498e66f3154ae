/*
 * test_overlay.c - proves samples/clreid/overlay.c: stretching, colours, boxes.
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

#include "overlay.h"
#include "stretch.h"

static picture make_picture(int width, int height)
{
  picture made = {malloc((size_t)(width * height * 3)), width, height};
  assert_non_null(made.pixels);
  for (int i = 0; i < width * height * 3; ++i) made.pixels[i] = (uint8_t)(i * 37 + i / 5 * 11);
  return made;
}

static uint8_t *canvas_of(const picture *shown, int height, int width)
{
  uint8_t *canvas = stretch_picture(shown, height, width);
  assert_non_null(canvas);
  return canvas;
}

/* ---- Stretching -------------------------------------------------------------------------------------------------- */

static void a_picture_of_that_size_stays_as_it_is(void **state)
{
  (void)state;
  picture made = make_picture(31, 17);
  uint8_t *canvas = canvas_of(&made, 17, 31);
  assert_memory_equal(canvas, made.pixels, 31 * 17 * 3);
  free(canvas);
  free(made.pixels);
}

static void one_colour_stays_one_colour(void **state)
{
  (void)state;
  static const int sizes[][4] = {{1, 1, 256, 128}, {200, 100, 7, 3}, {5, 300, 64, 32}, {33, 32, 32, 33}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
    picture made = make_picture(sizes[i][0], sizes[i][1]);
    for (int p = 0; p < made.width * made.height; ++p) memcpy(made.pixels + p * 3, "\x10\x80\xff", 3);
    uint8_t *canvas = canvas_of(&made, sizes[i][2], sizes[i][3]);
    for (int p = 0; p < sizes[i][2] * sizes[i][3]; ++p) assert_memory_equal(canvas + p * 3, "\x10\x80\xff", 3);
    free(canvas);
    free(made.pixels);
  }
}

/* Black above and left, white below and right: halves stay halves, larger and smaller. */
static void proportions_stay(void **state)
{
  (void)state;
  picture made = make_picture(40, 60);
  for (int i = 0; i < 40 * 60 * 3; ++i) made.pixels[i] = i / 3 % 40 >= 20 && i / 120 >= 30 ? 255 : 0;
  static const int sizes[][2] = {{20, 10}, {60, 40}, {256, 128}};
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; ++s) {
    const int height = sizes[s][0], width = sizes[s][1];
    uint8_t *canvas = canvas_of(&made, height, width);
    double sum = 0;
    for (int i = 0; i < height * width * 3; ++i) sum += canvas[i];
    assert_true(fabs(sum / (255.0 * height * width * 3) - 0.25) < 0.01);
    assert_int_equal(canvas[0], 0);
    assert_int_equal(canvas[height * width * 3 - 1], 255);
    free(canvas);
  }
  free(made.pixels);
}

/* ---- Heat -------------------------------------------------------------------------------------------------------- */

static double lightness(const uint8_t *pixel)
{
  double linear[3];
  for (int c = 0; c < 3; ++c) linear[c] = pow(pixel[c] / 255.0, 2.2);
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
}

static void greater_is_lighter(void **state)
{
  (void)state;
  enum { STEPS = 64 };
  float map[STEPS];
  uint8_t canvas[STEPS * 3];
  for (int i = 0; i < STEPS; ++i) map[i] = 0.3f + 0.001f * (float)i; /* only differences count */
  memset(canvas, 128, sizeof canvas);
  overlay_heat(canvas, 1, STEPS, map, 1, STEPS);
  for (int i = 1; i < STEPS; ++i) assert_true(lightness(canvas + 3 * i) > lightness(canvas + 3 * (i - 1)));
  assert_true(canvas[2] > canvas[0] && canvas[2] > canvas[1]); /* blue */
  assert_true(canvas[3 * STEPS - 1] < canvas[3 * STEPS - 2] &&
              canvas[3 * STEPS - 1] < canvas[3 * STEPS - 3]); /* yellow */
}

static void differences_too_small_to_mean_anything_do_not_show(void **state)
{
  (void)state;
  const float map[3] = {0.5f, 0.50001f, 0.6f};
  uint8_t canvas[2][2 * 3];
  memset(canvas, 128, sizeof canvas);
  overlay_heat(canvas[0], 1, 2, map, 1, 2);
  for (int c = 0; c < 3; ++c) assert_true(abs(canvas[0][c] - canvas[0][3 + c]) <= 2);
  overlay_heat(canvas[1], 1, 2, map + 1, 1, 2);
  assert_true(abs(canvas[1][2] - canvas[1][5]) > 50);
}

static void heat_stands_where_the_map_has_it(void **state)
{
  (void)state;
  enum { HEIGHT = 40, WIDTH = 20 };
  static uint8_t canvas[HEIGHT * WIDTH * 3];
  const float map[4][2] = {{0, 0}, {0, 0}, {0, 1}, {0, 0}};
  memset(canvas, 0, sizeof canvas);
  overlay_heat(canvas, HEIGHT, WIDTH, &map[0][0], 4, 2);
  int lightest = 0;
  for (int i = 0; i < HEIGHT * WIDTH; ++i)
    if (lightness(canvas + 3 * i) > lightness(canvas + 3 * lightest)) lightest = i;
  const int y = lightest / WIDTH, x = lightest % WIDTH;
  assert_true(y >= 20 && y < 30 && x >= 10);
  assert_memory_equal(canvas, canvas + 3 * (HEIGHT * WIDTH - WIDTH), 3); /* far from it all corners are alike */
}

static void the_picture_shows_through_in_grey(void **state)
{
  (void)state;
  const float even[1] = {0.5f};
  uint8_t canvas[4][3] = {{255, 0, 0}, {76, 76, 76}, {0, 0, 0}, {255, 255, 255}}; /* red is as light as that grey */
  overlay_heat(&canvas[0][0], 1, 4, even, 1, 1);
  for (int c = 0; c < 3; ++c) {
    assert_true(abs(canvas[0][c] - canvas[1][c]) <= 1);
    assert_true(canvas[3][c] - canvas[2][c] > 80);
  }
}

/* ---- Boxes ------------------------------------------------------------------------------------------------------- */

enum { BOX_HEIGHT = 80, BOX_WIDTH = 40, GUARD = 1000 };

static uint8_t guarded[GUARD + BOX_HEIGHT * BOX_WIDTH * 3 + GUARD];

static const uint8_t *pixel_at(int y, int x)
{
  return guarded + GUARD + (y * BOX_WIDTH + x) * 3;
}

static void draw(const float *centres, int count, float height, float width)
{
  memset(guarded, 7, sizeof guarded);
  overlay_boxes(guarded + GUARD, BOX_HEIGHT, BOX_WIDTH, centres, count, height, width);
  for (int i = 0; i < GUARD; ++i) assert_true(guarded[i] == 7 && guarded[sizeof guarded - 1 - (size_t)i] == 7);
}

static int is_drawn(int y, int x)
{
  return memcmp(pixel_at(y, x), "\7\7\7", 3) != 0;
}

static void a_box_has_its_size_at_its_centre(void **state)
{
  (void)state;
  const float centre[2] = {0.5f, 0}; /* x 30, y 40 */
  draw(centre, 1, 0.25f, 0.5f);      /* 20 x 20: rows 30 to 49, columns 20 to 39 */
  for (int y = 0; y < BOX_HEIGHT; ++y) {
    for (int x = 0; x < BOX_WIDTH; ++x) {
      const int inside = y >= 30 && y <= 49 && x >= 20 && x <= 39, hollow = y >= 32 && y <= 47 && x >= 22 && x <= 37;
      assert_int_equal(is_drawn(y, x), inside && !hollow);
    }
  }
}

static void boxes_outside_are_cut(void **state)
{
  (void)state;
  static const float corners[4][2] = {{-1, -1}, {1, -1}, {-1, 1}, {1, 1}};
  draw(&corners[0][0], 4, 0.5f, 0.5f); /* each reaches 20 rows and 10 columns into the canvas */
  assert_true(is_drawn(19, 0) && is_drawn(0, 9) && is_drawn(60, 39) && is_drawn(79, 30));
  assert_false(is_drawn(0, 0) || is_drawn(40, 20) || is_drawn(79, 39));
  const float far[2] = {-1, -1};
  draw(far, 1, 9, 9); /* larger than the canvas: its frame lies outside */
  assert_false(is_drawn(0, 0) || is_drawn(40, 20));
}

static void boxes_have_colours_of_their_own(void **state)
{
  (void)state;
  static const float rows[4][2] = {{0, -0.75f}, {0, -0.25f}, {0, 0.25f}, {0, 0.75f}};
  draw(&rows[0][0], 4, 0.125f, 0.5f); /* 10 x 20 round rows 10, 30, 50, 70 */
  for (int a = 0; a < 4; ++a) {
    assert_true(is_drawn(20 * a + 5, 20));
    for (int b = 0; b < a; ++b) assert_memory_not_equal(pixel_at(20 * a + 5, 20), pixel_at(20 * b + 5, 20), 3);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_picture_of_that_size_stays_as_it_is),
      cmocka_unit_test(one_colour_stays_one_colour),
      cmocka_unit_test(proportions_stay),
      cmocka_unit_test(greater_is_lighter),
      cmocka_unit_test(differences_too_small_to_mean_anything_do_not_show),
      cmocka_unit_test(heat_stands_where_the_map_has_it),
      cmocka_unit_test(the_picture_shows_through_in_grey),
      cmocka_unit_test(a_box_has_its_size_at_its_centre),
      cmocka_unit_test(boxes_outside_are_cut),
      cmocka_unit_test(boxes_have_colours_of_their_own),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
