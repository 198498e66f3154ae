/*
 * lens.c - see lens.h.
 */
#include "lens.h"

#include <math.h>

#include "vector.h"

static const float grey[3] = {0.3f, 0.59f, 0.11f};

void lens_draw(draws *from, float strength, lens *made)
{
  const float exposure = exp2f(strength * draws_between(from, -0.9f, 0.7f)) * 1.6f;
  const float warm = strength * draws_between(from, -0.5f, 0.5f), tint = strength * draws_between(from, -0.22f, 0.22f);
  const float gains[3] = {exp2f(warm), exp2f(tint), exp2f(-warm)};
  const float saturation = 1 + strength * draws_between(from, -0.5f, 0.25f);
  for (int out = 0; out < 3; ++out) {
    for (int in = 0; in < 3; ++in) {
      const float kept = (out == in ? saturation : 0) + (1 - saturation) * grey[in];
      made->matrix[out][in] = exposure * gains[out] * kept;
    }
  }
  const float gamma = 1 / (2.2f + strength * draws_between(from, -0.5f, 0.5f));
  const float black = strength * draws_between(from, 0, 0.09f);
  for (int i = 0; i < LENS_LEVELS; ++i) {
    const float shone = ((float)i + 0.5f) / LENS_LEVELS;
    /* Highlights are bent, not cut. */
    const float bent = shone < 0.6f ? shone : 0.6f + 0.4f * (1 - expf(-(shone - 0.6f) / 0.4f)) / (1 - expf(-1));
    made->levels[i] = (uint8_t)(255 * clamp(black + (1 - black) * powf(bent, gamma), 0, 1) + 0.5f);
  }
  made->blur = draws_between(from, 0.05f, 0.35f);
  const float deviation = draws_between(from, 1.5f, 5);
  made->seed = draws_bits(from);
  for (int i = 0; i < LENS_NOISE; ++i) made->noise[i] = (int8_t)lrintf(clamp(deviation * draws_normal(from), -60, 60));
}

/* The mean of a pixel's samples, three channels in units of RASTER_FULL. */
static void mean(const raster *seen, int x, int y, float sum[3])
{
  const sample *top = seen->samples + (size_t)y * RASTER_FINE * RASTER_COLUMNS + x * RASTER_FINE;
  const sample *below = top + RASTER_COLUMNS;
  for (int i = 0; i < 3; ++i) {
    sum[i] = 0.25f * (float)(top[0].colour[i] + top[1].colour[i] + below[0].colour[i] + below[1].colour[i]);
  }
}

static int kept(int value, int most)
{
  return value < 0 ? 0 : value > most ? most : value;
}

static uint8_t level(const lens *of, float sum)
{
  const int at = (int)(sum * ((float)LENS_LEVELS / RASTER_FULL));
  return of->levels[kept(at, LENS_LEVELS - 1)];
}

void lens_develop(const lens *of, const raster *seen, area pixels, uint8_t *picture)
{
  /* Three rows of means, one pixel wider than the area on each side. */
  float rows[3][RASTER_WIDTH + 2][3];
  const int width = pixels.right - pixels.left;
  for (int y = pixels.top - 1; y <= pixels.bottom; ++y) {
    float(*row)[3] = rows[(y + 3) % 3];
    for (int x = -1; x <= width; ++x) {
      mean(seen, kept(pixels.left + x, RASTER_WIDTH - 1), kept(y, RASTER_HEIGHT - 1), row[x + 1]);
    }
    if (y <= pixels.top) continue;
    /* The row before this one now has both neighbours. */
    uint8_t *out = picture + ((size_t)(y - 1) * RASTER_WIDTH + pixels.left) * 3;
    for (int x = 1; x <= width; ++x, out += 3) {
      float mixed[3];
      const float(*above)[3] = (const float(*)[3])rows[(y + 1) % 3], (*at)[3] = (const float(*)[3])rows[(y + 2) % 3],
            (*below)[3] = (const float(*)[3])rows[y % 3];
      for (int i = 0; i < 3; ++i) {
        const float cross = above[x][i] + below[x][i] + at[x - 1][i] + at[x + 1][i];
        const float corners = above[x - 1][i] + above[x + 1][i] + below[x - 1][i] + below[x + 1][i];
        mixed[i] = (1 - of->blur) * at[x][i] + of->blur * (cross * (1 / 6.f) + corners * (1 / 12.f));
      }
      for (int i = 0; i < 3; ++i) {
        const float sum = of->matrix[i][0] * mixed[0] + of->matrix[i][1] * mixed[1] + of->matrix[i][2] * mixed[2];
        out[i] = level(of, sum);
      }
    }
  }
}

void lens_add_noise(const lens *of, uint32_t frame, area pixels, uint8_t *picture)
{
  for (int y = pixels.top; y < pixels.bottom; ++y) {
    uint8_t *row = picture + (size_t)y * RASTER_WIDTH * 3;
    /* Each row of each frame begins at its own place in the table. */
    const uint32_t start = (uint32_t)(draws_at(of->seed, y, (int)frame, 1) * LENS_NOISE);
    for (int i = pixels.left * 3; i < pixels.right * 3; ++i) {
      row[i] = (uint8_t)kept(row[i] + of->noise[(start + (uint32_t)i) % LENS_NOISE], 255);
    }
  }
}
