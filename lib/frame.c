/*
 * frame.c - see frame.h.
 *
 * Of a frame only the smallest rectangle that holds all its boxes goes to the device. Neighbouring entries of one frame
 * are one group: they share it.
 */
#include "frame.h"

#include <math.h>
#include <stdio.h>

enum { LONGEST_SIDE = 65535, BATCH_BYTES = 256 << 20 };

/* ---- Frames ----------------------------------------------------------------------------------------------------- */

static const cr_format formats[] = {
    [CLREID_FORMAT_RGB] = CR_RGB,
    [CLREID_FORMAT_BGR] = CR_BGR,
    [CLREID_FORMAT_RGBA] = CR_RGBA,
    [CLREID_FORMAT_BGRA] = CR_BGRA,
    [CLREID_FORMAT_GREY] = CR_GREY,
    [CLREID_FORMAT_NV12_BT601] = CR_NV12_601,
    [CLREID_FORMAT_NV12_BT709] = CR_NV12_709,
};

enum { FORMATS = sizeof formats / sizeof formats[0] };

/* As host/ wants it; the format is known to be one. */
cr_frame cr_frame_of(const clreid_frame *given)
{
  const cr_format format = formats[given->format];
  const size_t row = cr_format_row_bytes(format, given->width), pairs = cr_format_chroma_bytes(format, given->width);
  return (cr_frame){.format = format,
                    .width = given->width,
                    .height = given->height,
                    .pixels = given->pixels,
                    .pitch_bytes = given->pitch_bytes ? given->pitch_bytes : row,
                    .chroma = pairs ? given->chroma : NULL,
                    .chroma_pitch_bytes = given->chroma_pitch_bytes ? given->chroma_pitch_bytes : pairs};
}

static clreid_frame frame_of_picture(const clreid_picture *picture)
{
  return (clreid_frame){.pixels = picture->pixels,
                        .width = picture->width,
                        .height = picture->height,
                        .pitch_bytes = picture->pitch_bytes};
}

clreid_status cr_frame_check(const char *what, size_t index, const clreid_frame *given, clreid_error *error)
{
  if ((int)given->format < 0 || (int)given->format >= FORMATS)
    return cr_fail(error, CLREID_INVALID_PICTURE, "%s %zu has format %d, but there are 0 to %d", what, index,
                   (int)given->format, FORMATS - 1);
  if (given->width < 1 || given->height < 1 || given->width > LONGEST_SIDE || given->height > LONGEST_SIDE)
    return cr_fail(error, CLREID_INVALID_PICTURE, "%s %zu is %d x %d; each side must be from 1 to %d", what, index,
                   given->width, given->height, LONGEST_SIDE);
  const cr_format format = formats[given->format];
  const size_t row = cr_format_row_bytes(format, given->width), pairs = cr_format_chroma_bytes(format, given->width);
  if (given->pitch_bytes && given->pitch_bytes < row)
    return cr_fail(error, CLREID_INVALID_PICTURE, "%s %zu has a pitch of %zu bytes, but a row of %d pixels takes %zu",
                   what, index, given->pitch_bytes, given->width, row);
  if (pairs && given->chroma_pitch_bytes && given->chroma_pitch_bytes < pairs)
    return cr_fail(error, CLREID_INVALID_PICTURE,
                   "%s %zu has a chroma pitch of %zu bytes, but a row of %d pixels takes %zu", what, index,
                   given->chroma_pitch_bytes, given->width, pairs);
  return CLREID_OK;
}

/* Of a frame in host memory: the addresses too. */
static clreid_status check_host_frame(const char *what, size_t index, const clreid_frame *given, clreid_error *error)
{
  if (!given->pixels) return cr_fail(error, CLREID_INVALID_PICTURE, "%s %zu has no pixels", what, index);
  CR_TRY(cr_frame_check(what, index, given, error));
  if (cr_format_chroma_bytes(formats[given->format], given->width) && !given->chroma)
    return cr_fail(error, CLREID_INVALID_PICTURE,
                   "%s %zu has a format of two planes, but no chroma: give the address of the second", what, index);
  return CLREID_OK;
}

/* ---- Boxes ------------------------------------------------------------------------------------------------------ */

/* A corner, rounded and cut; it is finite. */
static int cut(float corner, int length)
{
  const float rounded = roundf(corner);
  return rounded <= 0 ? 0 : rounded >= (float)length ? length : (int)rounded;
}

clreid_status cr_frame_cut(const char *which, const clreid_frame *frame, const clreid_box *box,
                           clreid_rectangle *rectangle, clreid_error *error)
{
  const float right = box->x + box->width, bottom = box->y + box->height;
  if (!isfinite(box->x) || !isfinite(box->y) || !isfinite(right) || !isfinite(bottom))
    return cr_fail(error, CLREID_INVALID_PICTURE,
                   "%s is %g x %g from (%g, %g) on, but its corners must be finite; leave it out", which,
                   (double)box->width, (double)box->height, (double)box->x, (double)box->y);
  const int x = cut(box->x, frame->width), y = cut(box->y, frame->height);
  *rectangle = (clreid_rectangle){x, y, cut(right, frame->width) - x, cut(bottom, frame->height) - y};
  if (rectangle->width < 1 || rectangle->height < 1)
    return cr_fail(error, CLREID_INVALID_PICTURE,
                   "%s is %g x %g from (%g, %g) on and has no pixel of the frame's %d x %d; leave it out", which,
                   (double)box->width, (double)box->height, (double)box->x, (double)box->y, frame->width,
                   frame->height);
  return CLREID_OK;
}

clreid_status clreid_box_pixels(const clreid_frame *frame, const clreid_box *box, clreid_rectangle *rectangle,
                                clreid_error *error)
{
  if (!frame || !box || !rectangle)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "clreid_box_pixels needs frame, box and rectangle");
  *rectangle = (clreid_rectangle){0};
  clreid_rectangle found;
  CR_TRY(cr_frame_cut("the box", frame, box, &found, error));
  *rectangle = found;
  return CLREID_OK;
}

static clreid_status check_boxes(size_t index, const clreid_frame_boxes *entry, clreid_error *error)
{
  if (!entry->frame || (entry->count && !entry->boxes))
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "frame %zu has no %s", index,
                   entry->frame ? "boxes, but a count of them" : "address");
  CR_TRY(check_host_frame("frame", index, entry->frame, error));
  for (size_t b = 0; b < entry->count; b++) {
    char which[64];
    clreid_rectangle rectangle;
    snprintf(which, sizeof which, "box %zu of frame %zu", b, index);
    CR_TRY(cr_frame_cut(which, entry->frame, &entry->boxes[b], &rectangle, error));
  }
  return CLREID_OK;
}

clreid_status cr_feed_check(const cr_feed *feed, clreid_error *error)
{
  for (size_t k = 0; k < feed->count; k++) {
    if (feed->pictures) {
      const clreid_frame frame = frame_of_picture(&feed->pictures[k]);
      CR_TRY(check_host_frame("picture", k, &frame, error));
    } else {
      CR_TRY(check_boxes(k, &feed->frames[k], error));
    }
  }
  return CLREID_OK;
}

/* ---- Groups: a frame and all its boxes -------------------------------------------------------------------------- */

static clreid_rectangle join(clreid_rectangle a, clreid_rectangle b)
{
  if (!a.width) return b;
  const int x = a.x < b.x ? a.x : b.x, y = a.y < b.y ? a.y : b.y;
  const int right = a.x + a.width > b.x + b.width ? a.x + a.width : b.x + b.width;
  const int bottom = a.y + a.height > b.y + b.height ? a.y + a.height : b.y + b.height;
  return (clreid_rectangle){x, y, right - x, bottom - y};
}

/* The frame without what lies outside the rectangle; a pair of chroma stays together. */
static void narrow(cr_feed *feed, const clreid_frame *given, clreid_rectangle to)
{
  cr_frame *frame = &feed->frame;
  *frame = cr_frame_of(given);
  const int odd = frame->chroma != NULL;
  feed->x = to.x & ~odd;
  feed->y = to.y & ~odd;
  frame->width = to.x + to.width - feed->x;
  frame->height = to.y + to.height - feed->y;
  frame->pixels += (size_t)feed->y * frame->pitch_bytes + cr_format_row_bytes(frame->format, feed->x);
  if (odd) frame->chroma += (size_t)feed->y / 2 * frame->chroma_pitch_bytes + (size_t)feed->x;
  frame->serial = ++*feed->serial;
}

static void open_boxes(cr_feed *feed)
{
  const clreid_frame *given = feed->frames[feed->entry].frame;
  clreid_rectangle all = {0};
  for (; feed->group_end < feed->count && feed->frames[feed->group_end].frame == given; feed->group_end++) {
    const clreid_frame_boxes *entry = &feed->frames[feed->group_end];
    for (size_t b = 0; b < entry->count; b++) {
      clreid_rectangle one = {0};
      cr_frame_cut("", given, &entry->boxes[b], &one, NULL);
      all = join(all, one);
    }
  }
  narrow(feed, given, all);
}

static void open_picture(cr_feed *feed)
{
  const clreid_frame frame = frame_of_picture(&feed->pictures[feed->entry]);
  feed->group_end++;
  narrow(feed, &frame, (clreid_rectangle){0, 0, frame.width, frame.height});
}

/* Moves on to an entry with a box that was not given yet and opens its frame; false at the end. */
static bool find_box(cr_feed *feed)
{
  for (; feed->entry < feed->count; feed->entry++, feed->box = 0) {
    const size_t boxes = feed->pictures ? 1 : feed->frames[feed->entry].count;
    if (feed->box >= boxes) continue;
    if (feed->entry < feed->group_end) return true;
    feed->group_end = feed->entry;
    if (feed->pictures)
      open_picture(feed);
    else
      open_boxes(feed);
    return true;
  }
  return false;
}

static cr_resize_picture take(cr_feed *feed, const cr_frame *frame)
{
  cr_resize_picture picture = {.frame = frame};
  if (feed->pictures) {
    picture.width = frame->width;
    picture.height = frame->height;
    picture.mirrored = feed->pictures[feed->entry].mirrored;
  } else {
    const clreid_frame_boxes *entry = &feed->frames[feed->entry];
    clreid_rectangle one = {0};
    cr_frame_cut("", entry->frame, &entry->boxes[feed->box], &one, NULL);
    picture.x = one.x - feed->x;
    picture.y = one.y - feed->y;
    picture.width = one.width;
    picture.height = one.height;
    picture.mirrored = entry->mirrored;
  }
  feed->box++;
  return picture;
}

int cr_feed_fill(cr_feed *feed, cr_frame *frames, cr_resize_picture *pictures, int most)
{
  int filled = 0;
  size_t bytes = 0;
  cr_frame *frame = NULL;
  while (filled < most && find_box(feed)) {
    if (!frame || frame->serial != feed->frame.serial) {
      bytes += cr_frame_bytes(&feed->frame);
      if (frame && bytes > BATCH_BYTES) break;
      frame = frame ? frame + 1 : frames;
      *frame = feed->frame;
    }
    pictures[filled++] = take(feed, frame);
  }
  return filled;
}
