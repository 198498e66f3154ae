/*
 * sketch.c - see sketch.h. PNG is stb_image_write's work.
 */
#include "sketch.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "stretch.h"

#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb/stb_image_write.h>

enum { LETTER_WIDTH = 3, LETTER_CELLS = LETTER_WIDTH * SKETCH_LETTER_HEIGHT };

/* Rows of three, from the top left. A small e is the one in numbers as printf writes them. */
static const struct {
  char letter;
  const char *cells;
} font[] = {
    {'0', "####.##.##.####"}, {'1', ".#.##..#..#.###"}, {'2', "##...#.#.#..###"}, {'3', "##...#.#...###."},
    {'4', "#.##.####..#..#"}, {'5', "####..##...###."}, {'6', ".###..####.####"}, {'7', "###..#.#..#..#."},
    {'8', "####.#####.####"}, {'9', "####.####..###."}, {'.', ".............#."}, {'-', "......###......"},
    {'+', "....#.###.#...."}, {'e', "...##.####..##."}, {':', "....#.....#...."}, {'/', "..#.#..#..#.#.."},
    {'A', ".#.#.#####.##.#"}, {'B', "##.#.###.#.###."}, {'C', ".###..#..#...##"}, {'D', "##.#.##.##.###."},
    {'E', "####..##.#..###"}, {'F', "####..##.#..#.."}, {'G', ".###..#.##.#.##"}, {'H', "#.##.#####.##.#"},
    {'I', "###.#..#..#.###"}, {'J', "..#..#..##.#.#."}, {'K', "#.##.###.#.##.#"}, {'L', "#..#..#..#..###"},
    {'M', "#.########.##.#"}, {'N', "##.#.##.##.##.#"}, {'O', ".#.#.##.##.#.#."}, {'P', "##.#.###.#..#.."},
    {'Q', ".#.#.##.###..##"}, {'R', "##.#.###.#.##.#"}, {'S', ".###...#...###."}, {'T', "###.#..#..#..#."},
    {'U', "#.##.##.##.####"}, {'V', "#.##.##.##.#.#."}, {'W', "#.##.########.#"}, {'X', "#.##.#.#.#.##.#"},
    {'Y', "#.##.#.#..#..#."}, {'Z', "###..#.#.#..###"},
};

/* ---- Pixels ------------------------------------------------------------------------------------------------------ */

sketch sketch_make(int width, int height, const uint8_t colour[3])
{
  sketch made = {malloc((size_t)width * (size_t)height * 3), width, height};
  if (made.pixels) sketch_fill(&made, 0, 0, width, height, colour);
  return made;
}

void sketch_free(sketch *on)
{
  free(on->pixels);
  *on = (sketch){0};
}

/* Cuts a stretch of length from start to [0, size); returns what is cut off at the front. */
static int cut(int *start, int *length, int size)
{
  const int front = *start < 0 ? -*start : 0;
  *start += front;
  *length -= front;
  if (*length > size - *start) *length = size - *start;
  return front;
}

static uint8_t *pixel_at(const sketch *on, int left, int top)
{
  return on->pixels + ((size_t)top * (size_t)on->width + (size_t)left) * 3;
}

void sketch_fill(const sketch *on, int left, int top, int width, int height, const uint8_t colour[3])
{
  cut(&left, &width, on->width);
  cut(&top, &height, on->height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) memcpy(pixel_at(on, left + x, top + y), colour, 3);
  }
}

void sketch_outline(const sketch *on, int left, int top, int width, int height, int thickness, const uint8_t colour[3])
{
  sketch_fill(on, left, top, width, thickness, colour);
  sketch_fill(on, left, top + height - thickness, width, thickness, colour);
  sketch_fill(on, left, top, thickness, height, colour);
  sketch_fill(on, left + width - thickness, top, thickness, height, colour);
}

void sketch_put(const sketch *on, int left, int top, int width, int height, const uint8_t *pixels)
{
  const size_t row = (size_t)width * 3;
  const int skipped_columns = cut(&left, &width, on->width), skipped_rows = cut(&top, &height, on->height);
  for (int y = 0; y < height && width > 0; ++y) {
    memcpy(pixel_at(on, left, top + y), pixels + (size_t)(skipped_rows + y) * row + (size_t)skipped_columns * 3,
           (size_t)width * 3);
  }
}

bool sketch_fit(const sketch *on, int left, int top, int width, int height, const picture *shown)
{
  int drawn_width = width, drawn_height = height;
  if ((int64_t)shown->width * height < (int64_t)shown->height * width) {
    drawn_width = (int)((int64_t)shown->width * height / shown->height);
  } else {
    drawn_height = (int)((int64_t)shown->height * width / shown->width);
  }
  if (drawn_width < 1) drawn_width = 1;
  if (drawn_height < 1) drawn_height = 1;
  uint8_t *pixels = stretch_picture(shown, drawn_height, drawn_width);
  if (!pixels) return false;
  sketch_put(on, left + (width - drawn_width) / 2, top + (height - drawn_height) / 2, drawn_width, drawn_height,
             pixels);
  free(pixels);
  return true;
}

/* ---- Letters ----------------------------------------------------------------------------------------------------- */

static const char *cells_of(char letter)
{
  for (size_t i = 0; i < sizeof font / sizeof *font; ++i) {
    if (font[i].letter == letter) return font[i].cells;
  }
  return NULL;
}

void sketch_text(const sketch *on, int left, int top, int scale, const uint8_t colour[3], const char *text)
{
  for (char before = '\0'; *text; before = *text++, left += SKETCH_LETTER_STEP * scale) {
    const bool is_exponent = *text == 'e' && isdigit((unsigned char)before);
    const char *cells = cells_of(is_exponent ? 'e' : (char)toupper((unsigned char)*text));
    for (int cell = 0; cells && cell < LETTER_CELLS; ++cell) {
      if (cells[cell] != '#') continue;
      sketch_fill(on, left + cell % LETTER_WIDTH * scale, top + cell / LETTER_WIDTH * scale, scale, scale, colour);
    }
  }
}

int sketch_text_width(const char *text, int scale)
{
  return (int)strlen(text) * SKETCH_LETTER_STEP * scale;
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

clreid_status sketch_write(const sketch *on, int rows, output *file, clreid_error *error)
{
  int size;
  unsigned char *png = stbi_write_png_to_mem(on->pixels, 0, on->width, rows, 3, &size);
  if (!png) return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for a PNG file of %dx%d", on->width, rows);
  const clreid_status status = output_write(file, png, (size_t)size, error);
  STBIW_FREE(png);
  return status;
}
