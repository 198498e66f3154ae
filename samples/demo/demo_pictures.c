/*
 * demo_pictures.c - pictures with a known answer, for trying the command: FOLDER/query/pNN.png shows person NN, and
 * FOLDER/gallery/pNN_crop.png, pNN_light.bmp, pNN_mirror.jpg, pNN_small.png are altered copies of it.
 *
 * The persons are drawn from an integer hash, so the pictures are the same on every machine. They say nothing about how
 * well a network tells real persons apart.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb/stb_image_write.h>

enum { PERSONS = 10, WIDTH = 160, HEIGHT = 320, UNIT = 1024 }; /* a person is drawn on UNIT x UNIT places */

typedef struct image {
  int width, height;
  uint8_t *pixels; /* [height][width][3] */
} image;

typedef struct colour {
  int r, g, b;
} colour;

static uint32_t mix(uint32_t x)
{
  x ^= x >> 16;
  x *= 0x7feb352du;
  x ^= x >> 15;
  x *= 0x846ca68bu;
  x ^= x >> 16;
  return x;
}

static uint32_t hash(uint32_t person, uint32_t what)
{
  return mix(mix(person + 1) + 0x9e3779b9u * (what + 1));
}

/* ---- A person ---------------------------------------------------------------------------------------------------- */

enum { SHIRT, STRIPES, TROUSERS, SHOES, SKIN, HAIR, SKY, GROUND, BAG, SHAPE };

static colour any_colour(uint32_t person, uint32_t what)
{
  const uint32_t h = hash(person, what);
  return (colour){(int)(h & 255), (int)(h >> 8 & 255), (int)(h >> 16 & 255)};
}

static colour skin(uint32_t person)
{
  const int shade = (int)(hash(person, SKIN) % 120);
  return (colour){235 - shade, 195 - shade, 165 - shade};
}

static bool in_box(int x, int y, int left, int right, int top, int bottom)
{
  return x >= left && x < right && y >= top && y < bottom;
}

static bool in_ellipse(int x, int y, int centre_x, int centre_y, int radius_x, int radius_y)
{
  const int64_t dx = (int64_t)(x - centre_x) * radius_y, dy = (int64_t)(y - centre_y) * radius_x;
  const int64_t r = (int64_t)radius_x * radius_y;
  return dx * dx + dy * dy < r * r;
}

/* The shirt is plain, striped across, striped along or checked. */
static colour shirt(uint32_t person, int x, int y)
{
  const uint32_t h = hash(person, SHAPE);
  const int period = 40 + (int)(h >> 8 & 63);
  const bool across = (h & 1) && (y / period) % 2, along = (h & 2) && (x / period) % 2;
  return any_colour(person, across != along ? STRIPES : SHIRT);
}

/* What is seen at x, y in 0 ... UNIT - 1: the nearest thing first. */
static colour look(uint32_t person, int x, int y)
{
  const uint32_t h = hash(person, SHAPE);
  const int lean = (int)(h >> 16 & 63) - 32, legs = 600 + (int)(h >> 22 & 63), hem = 40 * (int)(h >> 28 & 3);
  const bool bag = (h & 4) != 0, sleeves = (h & 8) != 0;
  if (bag && in_box(x, y, 640, 800, 380, 560)) return any_colour(person, BAG);
  if (in_ellipse(x, y, 512 + lean, 105, 130, 50)) return any_colour(person, HAIR);
  if (in_ellipse(x, y, 512 + lean, 140, 115, 75)) return skin(person);
  if (in_box(x, y, 330, 694, 215, legs)) return shirt(person, x, y);
  if (in_box(x, y, 230, 330, 230, 520) || in_box(x, y, 694, 794, 230, 520)) {
    return sleeves ? shirt(person, x, y) : skin(person);
  }
  if (in_box(x, y, 350, 500, legs, 930 - hem) || in_box(x, y, 524, 674, legs, 930 - hem)) {
    return any_colour(person, TROUSERS);
  }
  if (in_box(x, y, 350, 500, 930 - hem, 940) || in_box(x, y, 524, 674, 930 - hem, 940)) return skin(person);
  if (in_box(x, y, 320, 500, 940, 980) || in_box(x, y, 524, 704, 940, 980)) return any_colour(person, SHOES);
  return any_colour(person, y < 820 ? SKY : GROUND);
}

static image make_image(int width, int height)
{
  image made = {width, height, malloc((size_t)width * (size_t)height * 3)};
  if (!made.pixels) {
    fprintf(stderr, "demo pictures: no memory left\n");
    exit(1);
  }
  return made;
}

static uint8_t to_byte(int value)
{
  return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* The picture with a little grain, 16 samples a pixel so that edges are soft. */
static image draw(uint32_t person)
{
  const image made = make_image(WIDTH, HEIGHT);
  for (int i = 0; i < WIDTH * HEIGHT; ++i) {
    int sum[3] = {0};
    for (int s = 0; s < 16; ++s) {
      const colour c =
          look(person, (4 * (i % WIDTH) + s % 4) * UNIT / (4 * WIDTH), (4 * (i / WIDTH) + s / 4) * UNIT / (4 * HEIGHT));
      sum[0] += c.r;
      sum[1] += c.g;
      sum[2] += c.b;
    }
    const int grain = (int)(hash(person, 1000u + (uint32_t)i) % 17) - 8;
    for (int c = 0; c < 3; ++c) made.pixels[3 * i + c] = to_byte(sum[c] / 16 + grain);
  }
  return made;
}

/* ---- Altered copies ---------------------------------------------------------------------------------------------- */

/* The part of from with the given left, top, width and height, scaled by taking the mean of 16 samples a pixel. */
static image rescale(image from, int left, int top, int width, int height, int to_width, int to_height)
{
  const image made = make_image(to_width, to_height);
  for (int i = 0; i < to_width * to_height; ++i) {
    int sum[3] = {0};
    for (int s = 0; s < 16; ++s) {
      const int x = left + (4 * (i % to_width) + s % 4) * width / (4 * to_width);
      const int y = top + (4 * (i / to_width) + s / 4) * height / (4 * to_height);
      for (int c = 0; c < 3; ++c) sum[c] += from.pixels[3 * (y * from.width + x) + c];
    }
    for (int c = 0; c < 3; ++c) made.pixels[3 * i + c] = (uint8_t)(sum[c] / 16);
  }
  return made;
}

static image crop(image from)
{
  return rescale(from, WIDTH / 20, HEIGHT / 24, WIDTH * 17 / 20, HEIGHT * 22 / 24, WIDTH, HEIGHT);
}

static image lighten(image from)
{
  const image made = make_image(from.width, from.height);
  for (int i = 0; i < 3 * from.width * from.height; ++i) {
    const int noise = (int)(hash(77, (uint32_t)i) % 41) - 20;
    made.pixels[i] = to_byte(from.pixels[i] * 5 / 4 + noise);
  }
  return made;
}

static image mirror(image from)
{
  const image made = make_image(from.width, from.height);
  for (int i = 0; i < from.width * from.height; ++i) {
    const int x = from.width - 1 - i % from.width, y = i / from.width;
    memcpy(made.pixels + 3 * i, from.pixels + 3 * (y * from.width + x), 3);
  }
  return made;
}

static image shrink(image from)
{
  return rescale(from, 0, 0, from.width, from.height, from.width * 2 / 5, from.height * 2 / 5);
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

static int write_png(const char *path, image of)
{
  return stbi_write_png(path, of.width, of.height, 3, of.pixels, 3 * of.width);
}

static int write_bmp(const char *path, image of)
{
  return stbi_write_bmp(path, of.width, of.height, 3, of.pixels);
}

static int write_jpg(const char *path, image of)
{
  return stbi_write_jpg(path, of.width, of.height, 3, of.pixels, 90);
}

static const struct {
  const char *name;
  image (*alter)(image from);
  int (*write)(const char *path, image of);
} copies[] = {
    {"crop.png", crop, write_png},
    {"light.bmp", lighten, write_bmp},
    {"mirror.jpg", mirror, write_jpg},
    {"small.png", shrink, write_png},
};

static bool write_person(const char *folder, uint32_t person)
{
  char path[4096];
  const image original = draw(person);
  snprintf(path, sizeof path, "%s/query/p%02u.png", folder, (unsigned)person);
  bool written = write_png(path, original) != 0;
  for (size_t i = 0; i < sizeof copies / sizeof *copies && written; ++i) {
    const image copy = copies[i].alter(original);
    snprintf(path, sizeof path, "%s/gallery/p%02u_%s", folder, (unsigned)person, copies[i].name);
    written = copies[i].write(path, copy) != 0;
    free(copy.pixels);
  }
  free(original.pixels);
  if (!written) fprintf(stderr, "demo pictures: cannot write %s\n", path);
  return written;
}

static bool make_folder(const char *folder, const char *name)
{
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  if (mkdir(path, 0777) == 0 || errno == EEXIST) return true;
  fprintf(stderr, "demo pictures: cannot make the folder %s: %s\n", path, strerror(errno));
  return false;
}

int main(int argc, char **argv)
{
  if (argc != 2) {
    fprintf(stderr, "usage: clreid-demo-pictures FOLDER\n");
    return 2;
  }
  if (!make_folder(argv[1], "") || !make_folder(argv[1], "query") || !make_folder(argv[1], "gallery")) return 1;
  for (uint32_t person = 0; person < PERSONS; ++person) {
    if (!write_person(argv[1], person)) return 1;
  }
  return 0;
}
