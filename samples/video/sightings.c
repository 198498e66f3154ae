/*
 * sightings.c - see sightings.h.
 */
#include "sightings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "console.h"
#include "output.h"
#include "tracker.h"

/* ---- Collecting -------------------------------------------------------------------------------------------------- */

static float between(float a, float b, double part)
{
  return (float)(a + (b - a) * part);
}

/* The sightings from the box `before` (SIZE_MAX: none) of a track, itself not among them, to its next box; into items,
 * if that is not NULL. Returns how many. */
static size_t add_stretch(const camera *of, size_t before, size_t box, uint64_t most_hole, sighting *items)
{
  const frame_box *to = &of->boxes.items[box], *from = before == SIZE_MAX ? to : &of->boxes.items[before];
  const size_t identity = (size_t)camera_identity(of, box);
  const uint64_t frames = to->frame - from->frame;
  size_t count = 0;
  for (uint64_t step = 1; frames <= most_hole && step < frames; ++step, ++count) {
    const double part = (double)step / (double)frames;
    if (!items) continue;
    items[count] = (sighting){.frame = from->frame + step,
                              .identity = identity,
                              .box = {between(from->box.x, to->box.x, part), between(from->box.y, to->box.y, part),
                                      between(from->box.width, to->box.width, part),
                                      between(from->box.height, to->box.height, part)},
                              .score = between(from->score, to->score, part),
                              .filled = true};
  }
  if (items) items[count] = (sighting){.frame = to->frame, .identity = identity, .box = to->box, .score = to->score};
  return count + 1;
}

/* last[tracks] is room for the last box of each. */
static size_t walk(const camera *of, uint64_t most_hole, size_t *last, sighting *items)
{
  size_t count = 0;
  for (size_t track = 0; track < of->tracks; ++track) last[track] = SIZE_MAX;
  for (size_t box = 0; box < of->boxes.count; ++box) {
    if (of->track_of[box] == TRACKER_NONE) continue;
    size_t *before = &last[of->track_of[box]];
    count += add_stretch(of, *before, box, most_hole, items ? items + count : NULL);
    *before = box;
  }
  return count;
}

static int compare(const void *a, const void *b)
{
  const sighting *x = a, *y = b;
  if (x->frame != y->frame) return x->frame < y->frame ? -1 : 1;
  return x->identity < y->identity ? -1 : x->identity > y->identity;
}

clreid_status sightings_collect(const camera *of, double fill_seconds, sighting_list *list, clreid_error *error)
{
  *list = (sighting_list){0};
  const double rate = (double)of->movie.rate_numerator / of->movie.rate_denominator;
  const uint64_t most_hole = (uint64_t)(fill_seconds * rate);
  size_t *last = calloc(of->tracks + 1, sizeof *last);
  if (last) {
    const size_t count = walk(of, most_hole, last, NULL);
    list->items = calloc(count + 1, sizeof *list->items);
    if (list->items) list->count = walk(of, most_hole, last, list->items);
  }
  free(last);
  if (!list->items) {
    return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for the results of '%s'", of->files.video);
  }
  qsort(list->items, list->count, sizeof *list->items, compare);
  return CLREID_OK;
}

void sightings_free(sighting_list *list)
{
  free(list->items);
  *list = (sighting_list){0};
}

size_t sightings_find(const sighting_list *list, uint64_t frame)
{
  size_t low = 0, high = list->count;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (list->items[middle].frame < frame) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/* ---- The file ---------------------------------------------------------------------------------------------------- */

static clreid_status write_rows(output *file, const sighting_list *list, clreid_error *error)
{
  clreid_status status = CLREID_OK;
  for (size_t i = 0; i < list->count && status == CLREID_OK; ++i) {
    const sighting *row = &list->items[i];
    char text[256];
    const int length = snprintf(text, sizeof text, "%" PRIu64 ",%zu,%.2f,%.2f,%.2f,%.2f,%.3g,-1,-1,-1\n", row->frame,
                                row->identity + 1, row->box.x, row->box.y, row->box.width, row->box.height, row->score);
    status = output_write(file, text, (size_t)length, error);
  }
  return status;
}

clreid_status sightings_write(const char *path, const sighting_list *list, clreid_error *error)
{
  output *file;
  clreid_status status = output_create(path, &file, error);
  if (status != CLREID_OK) return status;
  status = write_rows(file, list, error);
  if (status == CLREID_OK) return output_commit(file, error);
  output_abandon(file);
  return status;
}
