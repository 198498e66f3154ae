/*
 * still.c - see still.h.
 */
#include "still.h"

#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "output.h"

enum { GAP = 8 };
static const uint8_t paper[3] = {255, 255, 255};

struct still {
  size_t count;
  uint64_t frames[STILL_CAMERAS]; /* 0: none */
  sketch shots[STILL_CAMERAS];
};

static clreid_status no_memory(clreid_error *error)
{
  return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for still.png");
}

/* wanted[identities]: what showing each is worth. */
static uint64_t find_frame(const sighting_list *list, const double *wanted)
{
  uint64_t frame = 0;
  double best = 0;
  for (size_t first = 0, end; first < list->count; first = end) {
    double worth = 0;
    for (end = first; end < list->count && list->items[end].frame == list->items[first].frame; ++end) {
      if (!list->items[end].filled) worth += wanted[list->items[end].identity];
    }
    if (worth <= best) continue;
    best = worth;
    frame = list->items[first].frame;
  }
  return frame;
}

/* Those in the frame are worth more from now on. */
static void want_same(const sighting_list *list, uint64_t frame, double *wanted)
{
  for (size_t i = sightings_find(list, frame); i < list->count && list->items[i].frame == frame; ++i) {
    wanted[list->items[i].identity] += 100;
  }
}

clreid_status still_create(const sighting_list *lists, size_t count, const identity_list *identities, still **made,
                           clreid_error *error)
{
  *made = calloc(1, sizeof **made);
  double *wanted = calloc(identities->count + 1, sizeof *wanted);
  if (!*made || !wanted) {
    free(wanted);
    free(*made);
    *made = NULL;
    return no_memory(error);
  }
  (*made)->count = count < STILL_CAMERAS ? count : STILL_CAMERAS;
  for (size_t i = 0; i < identities->count; ++i) wanted[i] = i < identities->shared ? 10 : 1;
  for (size_t c = 0; c < (*made)->count; ++c) {
    (*made)->frames[c] = find_frame(&lists[c], wanted);
    if (c == 0) want_same(&lists[c], (*made)->frames[c], wanted);
  }
  free(wanted);
  return CLREID_OK;
}

void still_destroy(still *made)
{
  if (!made) return;
  for (size_t c = 0; c < made->count; ++c) sketch_free(&made->shots[c]);
  free(made);
}

bool still_wants(const still *made, size_t camera_place, uint64_t frame)
{
  return camera_place < made->count && made->frames[camera_place] == frame && !made->shots[camera_place].pixels;
}

clreid_status still_take(still *made, size_t camera_place, const sketch *annotated, clreid_error *error)
{
  sketch *shot = &made->shots[camera_place];
  *shot = sketch_make(annotated->width, annotated->height, paper);
  if (!shot->pixels) return no_memory(error);
  sketch_put(shot, 0, 0, annotated->width, annotated->height, annotated->pixels);
  return CLREID_OK;
}

static sketch join(const still *made)
{
  int width = -GAP, height = 0, left = 0;
  for (size_t c = 0; c < made->count; ++c) {
    if (!made->shots[c].pixels) continue;
    width += made->shots[c].width + GAP;
    if (made->shots[c].height > height) height = made->shots[c].height;
  }
  if (width < 1) return (sketch){0};
  const sketch all = sketch_make(width, height, paper);
  for (size_t c = 0; all.pixels && c < made->count; ++c) {
    const sketch *shot = &made->shots[c];
    if (!shot->pixels) continue;
    sketch_put(&all, left, 0, shot->width, shot->height, shot->pixels);
    left += shot->width + GAP;
  }
  return all;
}

clreid_status still_write(const still *made, const char *path, clreid_error *error)
{
  bool any = false;
  for (size_t c = 0; c < made->count; ++c) any = any || made->shots[c].pixels;
  if (!any) return CLREID_OK;
  sketch all = join(made);
  output *file = NULL;
  clreid_status status = all.pixels ? output_create(path, &file, error) : no_memory(error);
  if (status == CLREID_OK) status = sketch_write(&all, all.height, file, error);
  sketch_free(&all);
  if (status == CLREID_OK) return output_commit(file, error);
  output_abandon(file);
  return status;
}
