/*
 * scene.c - see scene.h. The raster is kept from moment to moment: only what was drawn over is put back.
 */
#include "scene.h"

#include <stdlib.h>
#include <string.h>

#include "console.h"

clreid_status scene_create(const street *of, const site *at, int camera, raster with, scene *made, clreid_error *error)
{
  *made = (scene){.street = of, .site = at, .camera = camera, .raster = with};
  const size_t most = (size_t)of->visit_counts[camera] + 1;
  made->posed = malloc(sizeof *made->posed);
  made->truths = calloc(most, sizeof *made->truths);
  made->dirty = calloc(2 * most, sizeof *made->dirty);
  if (made->posed && made->truths && made->dirty) return CLREID_OK;
  scene_free(made);
  return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for a scene of %zu visitors", most);
}

void scene_free(scene *made)
{
  free(made->posed);
  free(made->truths);
  free(made->dirty);
  *made = (scene){0};
}

static void put_back(scene *of)
{
  for (int i = 0; i < of->dirty_count; ++i) {
    const area a = of->dirty[i];
    for (int row = a.top; row < a.bottom; ++row) {
      const size_t at = (size_t)row * RASTER_COLUMNS + a.left;
      memcpy(of->raster.samples + at, of->site->backdrop + at, (size_t)(a.right - a.left) * sizeof(sample));
    }
  }
  of->dirty_count = 0;
}

static void mark(scene *of, area a)
{
  a = area_clip(a);
  if (a.left < a.right) of->dirty[of->dirty_count++] = a;
}

static float size_of(area a)
{
  return (float)(a.right - a.left) * (float)(a.bottom - a.top);
}

/* The truth of what was drawn; visible samples are counted once all is drawn. */
static void add_truth(scene *of, int identity, const trace *left)
{
  const area e = left->extent;
  if (!left->drawn) return;
  truth *made = &of->truths[of->truth_count++];
  made->identity = identity;
  made->box = (area){e.left / RASTER_FINE, e.top / RASTER_FINE, (e.right + RASTER_FINE - 1) / RASTER_FINE,
                     (e.bottom + RASTER_FINE - 1) / RASTER_FINE};
  /* What lies beyond the frame's edge is hidden too, by the share of the box. */
  const float inside = size_of(area_clip(left->whole)) / fmaxf(1, size_of(left->whole));
  made->visibility = inside / (float)left->drawn;
}

void scene_render(scene *of, float seconds)
{
  const street *s = of->street;
  const view *from = &of->site->view;
  const light *by = &of->site->light;
  put_back(of);
  of->truth_count = 0;
  for (int i = 0; i < s->visit_counts[of->camera]; ++i) {
    const visit *v = &s->visits[of->camera][i];
    if (!visit_is_on(v, seconds)) continue;
    street_pose(s, v, seconds, of->posed);
    mark(of, raster_shadow(&of->raster, from, by, of->posed));
  }
  for (int i = 0; i < s->visit_counts[of->camera]; ++i) {
    const visit *v = &s->visits[of->camera][i];
    trace left;
    if (!visit_is_on(v, seconds)) continue;
    street_pose(s, v, seconds, of->posed);
    raster_draw(&of->raster, from, by, of->posed, (uint16_t)(v->identity + 1), &left);
    mark(of, left.extent);
    add_truth(of, v->identity, &left);
  }
  for (int i = 0; i < of->truth_count; ++i) {
    truth *t = &of->truths[i];
    const area samples = {t->box.left * RASTER_FINE, t->box.top * RASTER_FINE, t->box.right * RASTER_FINE,
                          t->box.bottom * RASTER_FINE};
    t->visibility *= (float)raster_count(&of->raster, samples, (uint16_t)(t->identity + 1));
  }
}

/* The pixels that the samples of an area bear on, by blur too. */
static area pixels_of(area samples)
{
  area a = {samples.left / RASTER_FINE - 1, samples.top / RASTER_FINE - 1,
            (samples.right + RASTER_FINE - 1) / RASTER_FINE + 1, (samples.bottom + RASTER_FINE - 1) / RASTER_FINE + 1};
  if (a.left < 0) a.left = 0;
  if (a.top < 0) a.top = 0;
  if (a.right > RASTER_WIDTH) a.right = RASTER_WIDTH;
  if (a.bottom > RASTER_HEIGHT) a.bottom = RASTER_HEIGHT;
  return a;
}

void scene_develop(const scene *of, uint8_t *picture)
{
  for (int i = 0; i < of->dirty_count; ++i) {
    lens_develop(&of->site->lens, &of->raster, pixels_of(of->dirty[i]), picture);
  }
}

void scene_clean(const scene *of, uint8_t *picture)
{
  for (int i = 0; i < of->dirty_count; ++i) {
    const area a = pixels_of(of->dirty[i]);
    for (int y = a.top; y < a.bottom; ++y) {
      const size_t at = ((size_t)y * RASTER_WIDTH + a.left) * 3;
      memcpy(picture + at, of->site->picture + at, (size_t)(a.right - a.left) * 3);
    }
  }
}
