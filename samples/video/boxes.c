/*
 * boxes.c - see boxes.h.
 */
#include "boxes.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "lines.h"

enum {
  COLUMNS = 9, /* that are looked at */
  NEEDED = 6,  /* of them */
  MOST_IN_FRAME = 1000,
  SHOWN = 40,          /* bytes of a wrong line */
  MOST_BOXES = 1 << 24 /* in a file */
};
static const double largest_frame = 1 << 30, largest_id = 1e15, largest_pixels = 1e6;

/* ---- A row ------------------------------------------------------------------------------------------------------- */

static clreid_status fail_row(const lines *file, const char *reason, clreid_error *error)
{
  return console_fail(error, CLREID_INVALID_FILE,
                      "'%s', line %" PRIu64 ": '%.*s%s' is no box, %s: needed is frame,id,left,top,width,height,score",
                      file->path, file->number, SHOWN, file->text, strlen(file->text) > SHOWN ? "..." : "", reason);
}

/* The next numbers of text into values; how many there were, or -1 if one of them is none. */
static int take_numbers(const char *text, double values[COLUMNS])
{
  static const char blanks[] = " \t", apart[] = " \t,;";
  int count = 0;
  for (text += strspn(text, blanks); *text && count < COLUMNS; ++count) {
    char *end;
    values[count] = strtod(text, &end);
    if (end == text || (*end && !strchr(apart, *end))) return -1;
    text = end + strspn(end, blanks);
    if (*text == ',' || *text == ';') text += 1 + strspn(text + 1, blanks);
  }
  return count;
}

static bool is_whole(double value, double least, double most)
{
  return value >= least && value <= most && value == floor(value);
}

/* *usable: the row is a box that can be cut out of a picture. */
static clreid_status parse(const lines *file, frame_box *read, bool *usable, clreid_error *error)
{
  double values[COLUMNS];
  const int count = take_numbers(file->text, values);
  if (count < 0) return fail_row(file, "it is not made of numbers", error);
  if (count < NEEDED) return fail_row(file, "it has too few numbers", error);
  if (!is_whole(values[0], 1, largest_frame)) return fail_row(file, "frames are whole numbers from 1", error);
  if (!is_whole(values[1], -largest_id, largest_id)) return fail_row(file, "ids are whole numbers", error);
  for (int i = count; i < COLUMNS; ++i) values[i] = 1;
  *usable = (float)values[4] > 0 && (float)values[5] > 0;                                  /* 1e-60 is no side */
  for (int i = 2; i < NEEDED; ++i) *usable = *usable && fabs(values[i]) <= largest_pixels; /* false for NaN */
  for (int i = NEEDED; i < COLUMNS; ++i) *usable = *usable && fabs(values[i]) <= FLT_MAX;
  *read = (frame_box){.frame = (uint64_t)values[0],
                      .id = (int64_t)values[1],
                      .box = {(float)values[2], (float)values[3], (float)values[4], (float)values[5]},
                      .score = (float)values[6],
                      .visibility = (float)values[8]};
  return CLREID_OK;
}

/* ---- The file ---------------------------------------------------------------------------------------------------- */

static clreid_status append(const lines *file, const frame_box *read, box_list *list, size_t *room, clreid_error *error)
{
  if (list->count == MOST_BOXES) {
    return console_fail(error, CLREID_INVALID_FILE, "'%s' has more than %d boxes: cut the video into parts", file->path,
                        MOST_BOXES);
  }
  if (list->count == *room) {
    const size_t more = *room ? 2 * *room : 1024;
    frame_box *items = realloc(list->items, more * sizeof *items);
    if (!items) return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for the boxes of '%s'", file->path);
    list->items = items;
    *room = more;
  }
  list->items[list->count++] = *read;
  return CLREID_OK;
}

static clreid_status read_all(lines *file, box_list *list, clreid_error *error)
{
  size_t room = 0;
  clreid_status status = CLREID_OK;
  for (int end = 0; status == CLREID_OK;) {
    frame_box read;
    bool usable = false;
    status = lines_next(file, &end, error);
    if (status != CLREID_OK || end) break;
    if (file->text[strspn(file->text, " \t")] == '\0') continue;
    status = parse(file, &read, &usable, error);
    if (status != CLREID_OK) break;
    if (usable) {
      status = append(file, &read, list, &room, error);
    } else {
      ++list->unusable;
    }
  }
  return status;
}

/* Merges the sorted halves of items[count]; spare has as much room. Equal frames keep their order. */
static void sort_by_frame(frame_box *items, size_t count, frame_box *spare)
{
  if (count < 2) return;
  const size_t half = count / 2;
  sort_by_frame(items, half, spare);
  sort_by_frame(items + half, count - half, spare);
  memcpy(spare, items, half * sizeof *items);
  size_t a = 0, b = half, to = 0;
  while (a < half) items[to++] = b < count && items[b].frame < spare[a].frame ? items[b++] : spare[a++];
}

/* What looks at all pairs of a frame's boxes comes to an end. */
static clreid_status check_crowds(const char *path, const box_list *list, clreid_error *error)
{
  for (size_t i = MOST_IN_FRAME; i < list->count; ++i) {
    if (list->items[i].frame != list->items[i - MOST_IN_FRAME].frame) continue;
    return console_fail(error, CLREID_INVALID_FILE,
                        "'%s' has more than %d boxes in frame %" PRIu64 ": leave those with low scores out", path,
                        MOST_IN_FRAME, list->items[i].frame);
  }
  return CLREID_OK;
}

clreid_status boxes_read(const char *path, box_list *list, clreid_error *error)
{
  *list = (box_list){0};
  lines file;
  clreid_status status = lines_open(path, &file, error);
  if (status == CLREID_OK) status = read_all(&file, list, error);
  lines_close(&file);
  frame_box *spare = status == CLREID_OK && list->count ? malloc(list->count * sizeof *spare) : NULL;
  if (spare) {
    sort_by_frame(list->items, list->count, spare);
    free(spare);
    status = check_crowds(path, list, error);
  } else if (status == CLREID_OK && list->count) {
    status = console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for the boxes of '%s'", path);
  }
  if (status != CLREID_OK) boxes_free(list);
  return status;
}

void boxes_free(box_list *list)
{
  free(list->items);
  *list = (box_list){0};
}

size_t boxes_find(const box_list *list, uint64_t frame)
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

double boxes_overlap(const clreid_box *a, const clreid_box *b)
{
  const double width = fmin((double)a->x + a->width, (double)b->x + b->width) - (double)fmaxf(a->x, b->x),
               height = fmin((double)a->y + a->height, (double)b->y + b->height) - (double)fmaxf(a->y, b->y);
  if (width <= 0 || height <= 0) return 0;
  const double both = width * height;
  return both / ((double)a->width * a->height + (double)b->width * b->height - both);
}
