/*
 * detector.c - the part of scene.h that plays a detector: boxes a little off, some missing.
 */
#include "scene.h"

area truth_detect(const truth *of, uint64_t seed, int camera, int frame, float *score)
{
  enum { LEAST_HEIGHT = 36, LEAST_WIDTH = 14 };
  const float least_visibility = 0.3f, misses = 0.025f;
  draws from =
      draws_begin(seed, DRAWS_DETECTOR, (uint64_t)frame << 20 | (uint64_t)of->identity << 1 | (uint64_t)camera);
  const float width = (float)(of->box.right - of->box.left), height = (float)(of->box.bottom - of->box.top);
  const bool missed = draws_chance(&from, misses);
  area made = {(int)lrintf((float)of->box.left + 0.03f * width * draws_normal(&from)),
               (int)lrintf((float)of->box.top + 0.02f * height * draws_normal(&from)),
               (int)lrintf((float)of->box.right + 0.03f * width * draws_normal(&from)),
               (int)lrintf((float)of->box.bottom + 0.02f * height * draws_normal(&from))};
  *score = clamp(0.55f + 0.4f * of->visibility + 0.03f * draws_normal(&from), 0.3f, 0.99f);
  if (made.left < 0) made.left = 0;
  if (made.top < 0) made.top = 0;
  if (made.right > RASTER_WIDTH) made.right = RASTER_WIDTH;
  if (made.bottom > RASTER_HEIGHT) made.bottom = RASTER_HEIGHT;
  if (missed || of->visibility < least_visibility || height < LEAST_HEIGHT || width < LEAST_WIDTH) {
    return (area){0, 0, 0, 0};
  }
  return made;
}

area truth_mistake(uint64_t seed, int camera, int frame, float *score)
{
  const float mistakes = 0.02f;
  draws from = draws_begin(seed, DRAWS_DETECTOR, (uint64_t)frame << 20 | 0xffffe | (uint64_t)camera);
  if (!draws_chance(&from, mistakes)) return (area){0, 0, 0, 0};
  const int height = 50 + draws_below(&from, 100), width = height * 2 / 5;
  const int left = draws_below(&from, RASTER_WIDTH - width), top = 120 + draws_below(&from, 240);
  *score = draws_between(&from, 0.3f, 0.55f);
  return (area){left, top, left + width, top + height};
}
