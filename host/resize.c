/*
 * resize.c - preprocessing: puts the frames of a batch on the device, packs its boxes and their tables into one upload,
 * launches once for all. The arithmetic stands in cl/resize.cl, the weights come from lib/preprocess.c.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "launch.h"
#include "upload.h"

/* The numbers of cl/resize.cl. */
enum {
  JOB_PIXELS = 0,
  JOB_CHROMA = 2,
  JOB_PITCH = 4,
  JOB_CHROMA_PITCH,
  JOB_FORMAT,
  JOB_X,
  JOB_Y,
  JOB_WIDTH,
  JOB_MIRRORED,
  JOB_ACROSS,
  JOB_ACROSS_TAPS,
  JOB_DOWN,
  JOB_DOWN_TAPS,
  JOB_INTS = 16,
  TAPS_UNIT = 4,
};

enum { ARG_TABLES, ARG_BYTES, ARG_SIZE, ARG_VALUES, ARG_FIRST = 11, ARG_PICTURES };

enum {
  FRAME_UNIT = 64,   /* a frame begins at a multiple of it */
  SPARE_BYTES = 16,  /* after the last: the kernel loads as many from the start of any pixel, where it may */
  BAND = 16,         /* lines of the output that a work-item of a CPU makes */
  WIDEST_BAND = 512, /* columns of it: its sums are in private memory */
};

typedef int32_t job[JOB_INTS];

/* Host memory and as much device memory, written from it. */
typedef struct upload {
  uint8_t *staging;
  cr_buffer *buffer;
  size_t bytes;
} upload;

struct cr_resize {
  cr_step *step; /* its output is op.view[CR_OUTPUT], the table of values op.weights */
  cr_resize_spec spec;
  job *jobs;            /* [largest_batch] */
  cr_upload on_its_way; /* jobs, tables of axes ... */
  cr_buffer *tables;    /* ... to here */
  upload frames;        /* those in host memory */
  cr_frame kept;        /* the last that was uploaded, without its addresses; serial 0: none */
  size_t kept_at;
  const cr_buffer **sources; /* [largest_batch], where the frames of the batch lie */
};

/* ---- Formats ---------------------------------------------------------------------------------------------------- */

size_t cr_format_row_bytes(cr_format format, int width)
{
  static const size_t pixel_bytes[CR_FORMATS] = {3, 3, 4, 4, 1, 1, 1};
  return pixel_bytes[format] * (size_t)width;
}

static bool has_chroma(cr_format format)
{
  return format >= CR_NV12_601;
}

size_t cr_format_chroma_bytes(cr_format format, int width)
{
  return has_chroma(format) ? ((size_t)width + 1) / 2 * 2 : 0;
}

static size_t chroma_rows(const cr_frame *frame)
{
  return ((size_t)frame->height + 1) / 2;
}

static size_t luma_bytes(const cr_frame *frame)
{
  return cr_format_row_bytes(frame->format, frame->width) * (size_t)frame->height;
}

size_t cr_frame_bytes(const cr_frame *frame)
{
  return luma_bytes(frame) + cr_format_chroma_bytes(frame->format, frame->width) * chroma_rows(frame);
}

/* ---- Room for an upload ----------------------------------------------------------------------------------------- */

static size_t round_up(size_t bytes)
{
  return (bytes + FRAME_UNIT - 1) / FRAME_UNIT * FRAME_UNIT;
}

/* A quarter more than asked, so that pictures of slowly growing sizes do not allocate each time. What was in it is
 * gone. */
static clreid_status grow(const cr_resize *resize, cr_buffer **buffer, size_t bytes, clreid_error *error)
{
  cr_device *device = resize->step->queue->device;
  const uint64_t largest = cr_device_facts(device)->largest_buffer_bytes;
  size_t more = round_up(bytes + bytes / 4);
  if (largest && more > largest) more = bytes;
  cr_buffer *larger;
  CR_TRY(cr_buffer_create(device, more, NULL, &larger, error));
  cr_buffer_release(*buffer); /* a launch that still reads it keeps it alive */
  *buffer = larger;
  return CLREID_OK;
}

static clreid_status grow_room(cr_resize *resize, upload *room, size_t bytes, clreid_error *error)
{
  CR_TRY(grow(resize, &room->buffer, bytes, error));
  room->bytes = 0;
  free(room->staging);
  room->staging = calloc(cr_buffer_bytes(room->buffer), 1);
  if (!room->staging)
    return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory to pack pictures of %zu bytes; use a smaller batch", bytes);
  room->bytes = cr_buffer_bytes(room->buffer);
  return CLREID_OK;
}

/* ---- Tables of axes --------------------------------------------------------------------------------------------- */

static size_t padded_taps(const cr_axis *axis)
{
  return ((size_t)axis->taps + TAPS_UNIT - 1) / TAPS_UNIT * TAPS_UNIT;
}

static size_t axis_ints(const cr_axis *axis)
{
  return (size_t)axis->out * (2 + padded_taps(axis));
}

static void copy_axis(int32_t *to, const cr_axis *axis)
{
  const size_t out = (size_t)axis->out, taps = (size_t)axis->taps, padded = padded_taps(axis);
  memcpy(to, axis->first, out * sizeof *to);
  memcpy(to + out, axis->count, out * sizeof *to);
  for (size_t i = 0; i < out; i++) {
    int32_t *row = to + 2 * out + i * padded;
    memcpy(row, axis->weights + i * taps, taps * sizeof *to);
    memset(row + taps, 0, (padded - taps) * sizeof *to);
  }
}

/* Where the table of an axis stands, in ints; the pictures before it may have brought it. Otherwise it goes to *end. */
static size_t place_axis(const cr_axis *axis, const cr_resize_picture *pictures, job *jobs, int before, size_t *end)
{
  for (int k = 0; k < before; k++) {
    if (pictures[k].across == axis) return (size_t)jobs[k][JOB_ACROSS];
    if (pictures[k].down == axis) return (size_t)jobs[k][JOB_DOWN];
  }
  const size_t begin = *end;
  *end += axis_ints(axis);
  return begin;
}

/* Where the tables of all pictures stand, and in *bytes where they end. */
static clreid_status place_tables(const cr_resize_picture *pictures, int count, job *jobs, size_t *bytes,
                                  clreid_error *error)
{
  size_t ints = (size_t)count * JOB_INTS;
  for (int k = 0; k < count; k++) {
    const cr_axis *across = pictures[k].across, *down = pictures[k].down;
    const size_t across_begin = place_axis(across, pictures, jobs, k, &ints);
    const size_t down_begin = down == across ? across_begin : place_axis(down, pictures, jobs, k, &ints);
    if (ints > INT_MAX)
      return cr_fail(error, CLREID_OUT_OF_DEVICE_MEMORY,
                     "the resize tables of %d pictures have %zu numbers, but at most %d are addressed; use fewer "
                     "sizes",
                     count, ints, INT_MAX);
    jobs[k][JOB_ACROSS] = (int32_t)across_begin;
    jobs[k][JOB_ACROSS_TAPS] = (int32_t)padded_taps(across);
    jobs[k][JOB_DOWN] = (int32_t)down_begin;
    jobs[k][JOB_DOWN_TAPS] = (int32_t)padded_taps(down);
  }
  *bytes = ints * sizeof(int32_t);
  return CLREID_OK;
}

static clreid_status write_tables(cr_resize *resize, const cr_resize_picture *pictures, int count, clreid_error *error)
{
  size_t bytes = 0;
  uint8_t *staging;
  CR_TRY(place_tables(pictures, count, resize->jobs, &bytes, error));
  if (!resize->tables || bytes > cr_buffer_bytes(resize->tables)) {
    CR_TRY(grow(resize, &resize->tables, bytes, error));
    cr_args args = {resize->step->kernel, ARG_TABLES, CL_SUCCESS};
    cr_arg_buffer(&args, resize->tables, NULL);
    CR_TRY(cr_args_done(&args, error));
  }
  CR_TRY(cr_upload_take(&resize->on_its_way, bytes, cr_buffer_bytes(resize->tables), &staging, error));
  int32_t *ints = (int32_t *)(void *)staging;
  memcpy(ints, resize->jobs, (size_t)count * sizeof(job));
  for (int k = 0; k < count; k++) {
    copy_axis(ints + resize->jobs[k][JOB_ACROSS], pictures[k].across);
    copy_axis(ints + resize->jobs[k][JOB_DOWN], pictures[k].down);
  }
  return cr_upload_send(&resize->on_its_way, resize->step->queue, resize->tables, bytes, error);
}

/* ---- Frames ----------------------------------------------------------------------------------------------------- */

static void copy_rows(uint8_t *to, const uint8_t *from, size_t pitch_bytes, size_t row_bytes, size_t rows)
{
  if (pitch_bytes == row_bytes) {
    memcpy(to, from, row_bytes * rows);
    return;
  }
  for (size_t y = 0; y < rows; y++) memcpy(to + y * row_bytes, from + y * pitch_bytes, row_bytes);
}

/* The second plane follows the first. */
static void copy_frame(uint8_t *to, const cr_frame *frame)
{
  copy_rows(to, frame->pixels, frame->pitch_bytes, cr_format_row_bytes(frame->format, frame->width),
            (size_t)frame->height);
  if (has_chroma(frame->format))
    copy_rows(to + luma_bytes(frame), frame->chroma, frame->chroma_pitch_bytes,
              cr_format_chroma_bytes(frame->format, frame->width), chroma_rows(frame));
}

static void set_place(int32_t *halves, size_t place)
{
  const uint64_t wide = place;
  memcpy(&halves[0], &(uint32_t){(uint32_t)wide}, sizeof *halves);
  memcpy(&halves[1], &(uint32_t){(uint32_t)(wide >> 32)}, sizeof *halves);
}

/* at: where a frame of host memory was put. */
static void fill_job(int32_t *own, const cr_resize_picture *picture, size_t at)
{
  const cr_frame *frame = picture->frame;
  const bool here = frame->buffer != NULL;
  const size_t row = cr_format_row_bytes(frame->format, frame->width),
               pairs = cr_format_chroma_bytes(frame->format, frame->width);
  set_place(own + JOB_PIXELS, here ? frame->offset_bytes : at);
  set_place(own + JOB_CHROMA, here ? frame->chroma_offset_bytes : at + luma_bytes(frame));
  own[JOB_PITCH] = (int32_t)(here ? frame->pitch_bytes : row);
  own[JOB_CHROMA_PITCH] = (int32_t)(here ? frame->chroma_pitch_bytes : pairs);
  own[JOB_FORMAT] = (int32_t)frame->format;
  own[JOB_X] = picture->x;
  own[JOB_Y] = picture->y;
  own[JOB_WIDTH] = picture->width;
  own[JOB_MIRRORED] = picture->mirrored;
}

static bool is_kept(const cr_resize *resize, const cr_frame *frame)
{
  return frame->serial && frame->serial == resize->kept.serial;
}

/* Has picture k a frame to be put on the device? Not that of its neighbour, nor one that is there. */
static bool is_new(const cr_resize *resize, const cr_resize_picture *pictures, int k)
{
  const cr_frame *frame = pictures[k].frame;
  return !frame->buffer && (k == 0 || frame != pictures[k - 1].frame) && !is_kept(resize, frame);
}

static size_t new_bytes(const cr_resize *resize, const cr_resize_picture *pictures, int count)
{
  size_t bytes = 0;
  for (int k = 0; k < count; k++)
    if (is_new(resize, pictures, k)) bytes += round_up(cr_frame_bytes(pictures[k].frame));
  return bytes;
}

static bool needs_kept(const cr_resize *resize, const cr_resize_picture *pictures, int count)
{
  for (int k = 0; k < count; k++)
    if (!pictures[k].frame->buffer && is_kept(resize, pictures[k].frame)) return true;
  return false;
}

/* The jobs of all pictures, and their new frames into the staging room from begin on. Afterwards the last frame of host
 * memory is the one that is kept. */
static void stage_frames(cr_resize *resize, const cr_resize_picture *pictures, int count, size_t begin)
{
  const cr_frame *last = NULL;
  const size_t kept_at = resize->kept_at;
  size_t at = 0, last_at = 0, end = begin;
  for (int k = 0; k < count; k++) {
    const cr_frame *frame = pictures[k].frame;
    if (is_new(resize, pictures, k)) {
      at = end;
      end += round_up(cr_frame_bytes(frame));
      copy_frame(resize->frames.staging + at, frame);
    } else if (is_kept(resize, frame)) {
      at = kept_at;
    }
    fill_job(resize->jobs[k], &pictures[k], at);
    if (!frame->buffer) last = frame, last_at = at;
  }
  if (!last) return;
  resize->kept = *last;
  resize->kept.pixels = resize->kept.chroma = NULL;
  resize->kept_at = last_at;
}

/* The tables follow on the same queue and are waited for, so frames need no wait of their own. New frames go before the
 * one that is kept, if they fit there, else behind it. */
static clreid_status write_frames(cr_resize *resize, const cr_resize_picture *pictures, int count, clreid_error *error)
{
  upload *frames = &resize->frames;
  size_t bytes = new_bytes(resize, pictures, count), begin = 0;
  if (needs_kept(resize, pictures, count) && bytes > resize->kept_at)
    begin = resize->kept_at + round_up(cr_frame_bytes(&resize->kept));
  if (bytes && begin + bytes + SPARE_BYTES > frames->bytes) {
    resize->kept.serial = 0; /* what is there goes with its room */
    bytes = new_bytes(resize, pictures, count);
    begin = 0;
    if (bytes + SPARE_BYTES > frames->bytes) CR_TRY(grow_room(resize, frames, bytes + SPARE_BYTES, error));
  }
  stage_frames(resize, pictures, count, begin);
  const clreid_status status =
      cr_queue_write_ahead(resize->step->queue, frames->buffer, begin, bytes, frames->staging + begin, error);
  if (status != CLREID_OK) resize->kept.serial = 0;
  return status;
}

/* ---- The step --------------------------------------------------------------------------------------------------- */

size_t cr_resize_element_bytes(const cr_resize_spec *spec)
{
  return spec->bytes_only ? 1 : spec->half ? sizeof(uint16_t) : sizeof(float);
}

/* values[3][256] as elements of the output, so that the kernel need not know what they mean. */
static clreid_status create_values(cr_device *device, const cr_resize_spec *spec, cr_buffer **values,
                                   clreid_error *error)
{
  uint8_t bytes[3][256];
  uint16_t halves[3][256];
  const void *data = spec->table;
  if (spec->bytes_only) {
    for (int v = 0; v < 256; v++) bytes[0][v] = bytes[1][v] = bytes[2][v] = (uint8_t)v;
    data = bytes;
  } else if (spec->half) {
    cr_to_half(spec->table[0], halves[0], 3 * 256);
    data = halves;
  }
  return cr_buffer_create(device, 3 * 256 * cr_resize_element_bytes(spec), data, values, error);
}

bool cr_resize_by_pixels(const cr_resize *resize)
{
  const cr_resize_spec *spec = &resize->spec;
  return spec->plain || spec->width > WIDEST_BAND || !cr_facts_walk(cr_device_facts(resize->step->queue->device));
}

/* Where a work-item walks it does a band of lines; elsewhere neighbouring work-items do neighbouring pixels. */
static void shape(cr_step *step, const cr_resize_spec *spec, bool bands)
{
  const size_t largest = (size_t)cr_device_facts(step->queue->device)->largest_work_group;
  const size_t line = (size_t)spec->width + 2 * (size_t)spec->margin,
               lines = (size_t)spec->height + 2 * (size_t)spec->margin;
  if (!bands) {
    step->local[0] = largest < 32 ? largest : 32;
    step->local[1] = largest < 128 ? 1 : 4;
  }
  cr_step_space(step, bands ? 1 : line, bands ? (lines + BAND - 1) / BAND : lines, 1);
  snprintf(step->variant, sizeof step->variant, "resize %s", bands ? "bands" : "pixels");
}

static clreid_status prepare(cr_resize *resize, const cr_view *output, clreid_error *error)
{
  cr_step *step = resize->step;
  const cr_resize_spec *spec = &resize->spec;
  const bool bands = !cr_resize_by_pixels(resize);
  char options[64];
  snprintf(options, sizeof options, "-DELEMENT_BYTES=%d -DBAND=%d -DWIDEST=%d", (int)cr_resize_element_bytes(spec),
           bands ? BAND : 0, WIDEST_BAND);
  CR_TRY(cr_step_kernel(step, "resize.cl", options, "resize", error));
  CR_TRY(create_values(step->queue->device, spec, &step->op.weights, error));
  shape(step, spec, bands);
  cr_args args = {step->kernel, ARG_VALUES, CL_SUCCESS};
  cr_arg_buffer(&args, step->op.weights, NULL);
  cr_arg_buffer(&args, output->buffer, NULL);
  cr_arg_ulong(&args, output->offset);
  cr_arg_ulong(&args, output->picture);
  cr_arg_int(&args, (size_t)spec->width);
  cr_arg_int(&args, (size_t)spec->height);
  cr_arg_int(&args, (size_t)spec->margin);
  cr_arg_int(&args, spec->reversed);
  return cr_args_done(&args, error);
}

static clreid_status bind(cr_step *step, int batch, clreid_error *error)
{
  cr_args args = {step->kernel, ARG_PICTURES, CL_SUCCESS};
  cr_arg_int(&args, (size_t)batch);
  step->global[2] = (size_t)batch;
  return cr_args_done(&args, error);
}

static const cr_operator operator_resize = {.bind = bind};

/* ---- Life ------------------------------------------------------------------------------------------------------- */

static clreid_status check_output(const cr_resize_spec *spec, const cr_view *output, int largest_batch,
                                  clreid_error *error)
{
  if (spec->width < 1 || spec->height < 1 || spec->margin < 0 || largest_batch < 1)
    return cr_fail(error, CLREID_INVALID_ARGUMENT,
                   "a resize of %d pictures to %d x %d with a margin of %d; all must be positive, the margin may be 0",
                   largest_batch, spec->width, spec->height, spec->margin);
  const size_t margins = 2 * (size_t)spec->margin;
  const size_t picture = ((size_t)spec->width + margins) * ((size_t)spec->height + margins) * 3;
  const size_t last = output->offset + (size_t)(largest_batch - 1) * output->picture + picture;
  if (last * cr_resize_element_bytes(spec) > cr_buffer_bytes(output->buffer))
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "resized pictures end at byte %zu, but their buffer has %zu",
                   last * cr_resize_element_bytes(spec), cr_buffer_bytes(output->buffer));
  return CLREID_OK;
}

static cr_resize *allocate(cr_queue *queue, const cr_resize_spec *spec, const cr_view *output, int largest_batch)
{
  cr_resize *resize = calloc(1, sizeof *resize);
  if (!resize) return NULL;
  resize->step = calloc(1, sizeof *resize->step);
  resize->jobs = calloc((size_t)largest_batch, sizeof *resize->jobs);
  resize->sources = calloc((size_t)largest_batch, sizeof *resize->sources);
  if (!resize->step || !resize->jobs || !resize->sources) {
    free(resize->step);
    free(resize->jobs);
    free(resize->sources);
    free(resize);
    return NULL;
  }
  resize->spec = *spec;
  *resize->step = (cr_step){
      .operator_ = &operator_resize, .queue = queue, .streams = 1, .largest_batch = largest_batch, .local = {1, 1, 1}};
  resize->step->op.name = "resize";
  resize->step->op.view[CR_OUTPUT] = *output;
  cr_buffer_retain(output->buffer);
  return resize;
}

clreid_status cr_resize_create(cr_queue *queue, const cr_resize_spec *spec, const cr_view *output, int largest_batch,
                               cr_resize **result, clreid_error *error)
{
  CR_TRY(check_output(spec, output, largest_batch, error));
  cr_resize *resize = allocate(queue, spec, output, largest_batch);
  if (!resize) return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for a resize of %d pictures", largest_batch);
  const clreid_status status = prepare(resize, output, error);
  if (status != CLREID_OK) {
    cr_resize_destroy(resize);
    return status;
  }
  *result = resize;
  return CLREID_OK;
}

void cr_resize_destroy(cr_resize *resize)
{
  if (!resize) return;
  cr_step_destroy(resize->step);
  cr_upload_free(&resize->on_its_way);
  cr_buffer_release(resize->tables);
  cr_buffer_release(resize->frames.buffer);
  free(resize->frames.staging);
  free(resize->jobs);
  free(resize->sources);
  free(resize);
}

/* ---- Run -------------------------------------------------------------------------------------------------------- */

static clreid_status check_plane(int index, size_t pitch_bytes, size_t row_bytes, size_t rows, size_t room,
                                 clreid_error *error)
{
  if (pitch_bytes < row_bytes || pitch_bytes > INT_MAX)
    return cr_fail(error, CLREID_INVALID_PICTURE,
                   "picture %d has rows %zu bytes apart, but its pixels need %zu and at most %d are addressed", index,
                   pitch_bytes, row_bytes, INT_MAX);
  if (room < row_bytes || (room - row_bytes) / pitch_bytes < rows - 1)
    return cr_fail(error, CLREID_INVALID_PICTURE,
                   "picture %d has %zu rows of %zu bytes, %zu apart, but its buffer has %zu bytes from there on", index,
                   rows, row_bytes, pitch_bytes, room);
  return CLREID_OK;
}

/* Bytes of the frame's buffer from offset on; no limit is known in host memory. */
static size_t room_behind(const cr_frame *frame, size_t offset)
{
  if (!frame->buffer) return SIZE_MAX;
  const size_t bytes = cr_buffer_bytes(frame->buffer);
  return offset < bytes ? bytes - offset : 0;
}

static clreid_status check_frame(const cr_frame *frame, int index, clreid_error *error)
{
  const bool chroma = frame->format >= 0 && frame->format < CR_FORMATS && has_chroma(frame->format);
  const bool missing = !frame->buffer && (!frame->pixels || (chroma && !frame->chroma));
  if (frame->format < 0 || frame->format >= CR_FORMATS)
    return cr_fail(error, CLREID_INVALID_PICTURE, "picture %d has format %d, but there are 0 to %d", index,
                   (int)frame->format, CR_FORMATS - 1);
  if (missing || frame->width < 1 || frame->height < 1)
    return cr_fail(error, CLREID_INVALID_PICTURE, "picture %d has %d x %d pixels%s; it needs at least one", index,
                   frame->width, frame->height, missing ? " and no address" : "");
  CR_TRY(check_plane(index, frame->pitch_bytes, cr_format_row_bytes(frame->format, frame->width), (size_t)frame->height,
                     room_behind(frame, frame->offset_bytes), error));
  if (!chroma) return CLREID_OK;
  return check_plane(index, frame->chroma_pitch_bytes, cr_format_chroma_bytes(frame->format, frame->width),
                     chroma_rows(frame), room_behind(frame, frame->chroma_offset_bytes), error);
}

static clreid_status check_picture(const cr_resize_spec *spec, const cr_resize_picture *picture, int index,
                                   clreid_error *error)
{
  const cr_frame *frame = picture->frame;
  if (picture->width < 1 || picture->height < 1 || picture->x < 0 || picture->y < 0 ||
      picture->width > frame->width - picture->x || picture->height > frame->height - picture->y)
    return cr_fail(error, CLREID_INVALID_PICTURE, "picture %d is %d x %d from %d, %d on, but its frame has %d x %d",
                   index, picture->width, picture->height, picture->x, picture->y, frame->width, frame->height);
  const cr_axis *across = picture->across, *down = picture->down;
  if (across->in != picture->width || across->out != spec->width || down->in != picture->height ||
      down->out != spec->height)
    return cr_fail(error, CLREID_INVALID_ARGUMENT,
                   "picture %d is %d x %d for %d x %d, but its tables are for %d x %d to %d x %d", index,
                   picture->width, picture->height, spec->width, spec->height, across->in, down->in, across->out,
                   down->out);
  return CLREID_OK;
}

/* A pixel is a sum over the taps of both axes. A driver that counts turns counts the end of a loop as one. */
static clreid_status check_turns(const cr_facts *facts, const cr_resize_picture *picture, int index,
                                 clreid_error *error)
{
  if (!facts->most_turns) return CLREID_OK;
  const uint64_t turns = (uint64_t)picture->down->taps * (2 + (uint64_t)picture->across->taps) + 1;
  if (turns <= facts->most_turns) return CLREID_OK;
  return cr_fail(
      error, CLREID_UNSUPPORTED_DEVICE,
      "picture %d is %d x %d for %d x %d: %llu turns of a loop for a pixel, but %s ends its loops after %llu; "
      "shrink the picture before, or use another device",
      index, picture->width, picture->height, picture->across->out, picture->down->out, (unsigned long long)turns,
      facts->name, (unsigned long long)facts->most_turns);
}

/* Multiply-adds of the picture that takes most, see limit.h: three channels, each a sum over the taps of both axes. */
static uint64_t largest_work(const cr_resize_spec *spec, const cr_resize_picture *pictures, int count)
{
  uint64_t taps = 1;
  for (int k = 0; k < count; k++) {
    const uint64_t own = (uint64_t)pictures[k].across->taps * (uint64_t)pictures[k].down->taps;
    taps = own > taps ? own : taps;
  }
  return taps * (uint64_t)spec->width * (uint64_t)spec->height * 3;
}

clreid_status cr_resize_upload(cr_resize *resize, const cr_resize_picture *pictures, int count, clreid_error *error)
{
  if (count < 1 || count > resize->step->largest_batch)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "%d pictures were given to a resize prepared for 1 to %d", count,
                   resize->step->largest_batch);
  for (int k = 0; k < count; k++) {
    if (k == 0 || pictures[k].frame != pictures[k - 1].frame) CR_TRY(check_frame(pictures[k].frame, k, error));
    CR_TRY(check_picture(&resize->spec, &pictures[k], k, error));
    CR_TRY(check_turns(cr_device_facts(resize->step->queue->device), &pictures[k], k, error));
  }
  CR_TRY(write_frames(resize, pictures, count, error));
  const clreid_status status = write_tables(resize, pictures, count, error);
  if (status != CLREID_OK) {
    cr_queue *queue = resize->step->queue;
    resize->kept.serial = 0;
    /* Frames that were written ahead: their memory is free again. Another queue has none, and may wait for the
     * application, which waits for this call. */
    if (!queue->sleeps && !queue->defers) cr_queue_finish(queue, NULL);
    return status;
  }
  for (int k = 0; k < count; k++)
    resize->sources[k] = pictures[k].frame->buffer ? pictures[k].frame->buffer : resize->frames.buffer;
  resize->step->map_work = largest_work(&resize->spec, pictures, count);
  return CLREID_OK;
}

/* count pictures from first on, whose frames lie in one buffer. */
static clreid_status launch(cr_resize *resize, int first, int count, clreid_error *error)
{
  const cr_buffer *source = resize->sources[first];
  cr_args args = {resize->step->kernel, ARG_BYTES, CL_SUCCESS};
  cr_arg_buffer(&args, source, NULL);
  cr_arg_ulong(&args, cr_buffer_bytes(source));
  args.next = ARG_FIRST;
  cr_arg_int(&args, (size_t)first);
  CR_TRY(cr_args_done(&args, error));
  return cr_step_run(resize->step, count, error);
}

clreid_status cr_resize_launch(cr_resize *resize, int count, clreid_error *error)
{
  for (int first = 0, end; first < count; first = end) {
    for (end = first + 1; end < count && resize->sources[end] == resize->sources[first];) end++;
    CR_TRY(launch(resize, first, end - first, error));
  }
  return CLREID_OK;
}

clreid_status cr_resize_run(cr_resize *resize, const cr_resize_picture *pictures, int count, clreid_error *error)
{
  CR_TRY(cr_resize_upload(resize, pictures, count, error));
  return cr_resize_launch(resize, count, error);
}

const cr_step *cr_resize_step(const cr_resize *resize)
{
  return resize->step;
}

const char *cr_resize_variant(const cr_resize *resize)
{
  return cr_step_variant(resize->step);
}
