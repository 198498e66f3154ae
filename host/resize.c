/*
 * resize.c - preprocessing: packs the pictures of a batch and their tables into one upload, launches once for all. The
 * arithmetic stands in cl/resize.cl, the weights come from lib/preprocess.c.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "launch.h"
#include "upload.h"

/* The numbers of cl/resize.cl. */
enum {
  JOB_PIXELS,
  JOB_LINE,
  JOB_MIRRORED,
  JOB_ACROSS,
  JOB_ACROSS_TAPS,
  JOB_DOWN,
  JOB_DOWN_TAPS,
  JOB_INTS = 8,
  PIXEL_UNIT = 16,
  TAPS_UNIT = 4,
  SPARE_BYTES = 16, /* the kernel loads as many from the start of any pixel */
};

enum { ARG_TABLES, ARG_BYTES, ARG_VALUES, ARG_PICTURES = 10 };

typedef int32_t job[JOB_INTS];

struct cr_resize {
  cr_step *step; /* its output is op.view[CR_OUTPUT], the table of values op.weights */
  cr_resize_spec spec;
  job *jobs;         /* [largest_batch] */
  cr_upload staging; /* what is uploaded: jobs, tables of axes, pixels */
  cr_buffer *upload;
};

/* ---- What is uploaded ------------------------------------------------------------------------------------------- */

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

static void copy_pixels(uint8_t *to, const cr_resize_picture *picture)
{
  const size_t line = (size_t)picture->width * 3;
  if (picture->pitch_bytes == line) {
    memcpy(to, picture->pixels, line * (size_t)picture->height);
    return;
  }
  for (int y = 0; y < picture->height; y++)
    memcpy(to + (size_t)y * line, picture->pixels + (size_t)y * picture->pitch_bytes, line);
}

static size_t round_up(size_t bytes)
{
  return (bytes + PIXEL_UNIT - 1) / PIXEL_UNIT * PIXEL_UNIT;
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
                     "the resize tables of %d pictures have %zu numbers, but at most %d are addressed; use a smaller "
                     "batch",
                     count, ints, INT_MAX);
    jobs[k][JOB_ACROSS] = (int32_t)across_begin;
    jobs[k][JOB_ACROSS_TAPS] = (int32_t)padded_taps(across);
    jobs[k][JOB_DOWN] = (int32_t)down_begin;
    jobs[k][JOB_DOWN_TAPS] = (int32_t)padded_taps(down);
  }
  *bytes = ints * sizeof(int32_t);
  return CLREID_OK;
}

/* Where the pixels of all pictures stand, after the tables; *bytes moves on to their end. */
static clreid_status place_pixels(const cr_resize_picture *pictures, int count, job *jobs, size_t *bytes,
                                  clreid_error *error)
{
  for (int k = 0; k < count; k++) {
    const size_t begin = round_up(*bytes), line = (size_t)pictures[k].width * 3;
    if (begin / PIXEL_UNIT > INT_MAX)
      return cr_fail(error, CLREID_OUT_OF_DEVICE_MEMORY,
                     "the first %d of %d pictures have %zu bytes, but at most %zu are addressed; use a smaller batch",
                     k, count, begin, (size_t)INT_MAX * PIXEL_UNIT);
    jobs[k][JOB_PIXELS] = (int32_t)(begin / PIXEL_UNIT);
    jobs[k][JOB_LINE] = (int32_t)line;
    jobs[k][JOB_MIRRORED] = pictures[k].mirrored;
    *bytes = begin + line * (size_t)pictures[k].height;
  }
  *bytes += SPARE_BYTES;
  return CLREID_OK;
}

static void fill(const cr_resize *resize, const cr_resize_picture *pictures, int count, uint8_t *staging)
{
  int32_t *ints = (int32_t *)(void *)staging;
  memcpy(ints, resize->jobs, (size_t)count * sizeof(job));
  for (int k = 0; k < count; k++) {
    const int32_t *own = resize->jobs[k];
    copy_axis(ints + own[JOB_ACROSS], pictures[k].across);
    copy_axis(ints + own[JOB_DOWN], pictures[k].down);
    if (pictures[k].pixels) copy_pixels(staging + (size_t)own[JOB_PIXELS] * PIXEL_UNIT, &pictures[k]);
  }
}

/* Room for an upload, a quarter more than asked, so that pictures of slowly growing sizes do not allocate each time. */
static clreid_status grow(cr_resize *resize, size_t bytes, clreid_error *error)
{
  if (resize->upload && bytes <= cr_buffer_bytes(resize->upload)) return CLREID_OK;
  cr_device *device = resize->step->queue->device;
  const uint64_t largest = cr_device_facts(device)->largest_buffer_bytes;
  size_t room = round_up(bytes + bytes / 4);
  if (largest && room > largest) room = bytes;
  cr_buffer *upload;
  CR_TRY(cr_buffer_create(device, room, NULL, &upload, error));
  cr_buffer_release(resize->upload); /* a launch that still reads it keeps it alive */
  resize->upload = upload;
  cr_args args = {resize->step->kernel, ARG_TABLES, CL_SUCCESS};
  cr_arg_buffer(&args, upload, NULL);
  cr_arg_buffer(&args, upload, NULL);
  return cr_args_done(&args, error);
}

/* ---- The step --------------------------------------------------------------------------------------------------- */

static size_t element_bytes(const cr_resize_spec *spec)
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
  return cr_buffer_create(device, 3 * 256 * element_bytes(spec), data, values, error);
}

/* A CPU's work-item does a row; elsewhere neighbouring work-items do neighbouring pixels. */
static void shape(cr_step *step, const cr_resize_spec *spec, bool whole_rows)
{
  const size_t largest = (size_t)cr_device_facts(step->queue->device)->largest_work_group;
  if (!whole_rows) {
    step->local[0] = largest < 32 ? largest : 32;
    step->local[1] = largest < 128 ? 1 : 4;
  }
  const size_t margins = 2 * (size_t)spec->margin;
  cr_step_space(step, whole_rows ? 1 : (size_t)spec->width + margins, (size_t)spec->height + margins, 1);
  snprintf(step->variant, sizeof step->variant, "resize %s", whole_rows ? "rows" : "pixels");
}

static clreid_status prepare(cr_resize *resize, const cr_view *output, clreid_error *error)
{
  cr_step *step = resize->step;
  const cr_resize_spec *spec = &resize->spec;
  const bool whole_rows = cr_device_facts(step->queue->device)->type == CR_DEVICE_CPU;
  char options[64];
  snprintf(options, sizeof options, "-DELEMENT_BYTES=%d -DWHOLE_ROWS=%d", (int)element_bytes(spec), whole_rows);
  CR_TRY(cr_step_kernel(step, "resize.cl", options, "resize", error));
  CR_TRY(create_values(step->queue->device, spec, &step->op.weights, error));
  shape(step, spec, whole_rows);
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

static const cr_operator operator_resize = {NULL, bind, NULL};

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
  if (last * element_bytes(spec) > cr_buffer_bytes(output->buffer))
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "resized pictures end at byte %zu, but their buffer has %zu",
                   last * element_bytes(spec), cr_buffer_bytes(output->buffer));
  return CLREID_OK;
}

static cr_resize *allocate(cr_queue *queue, const cr_resize_spec *spec, const cr_view *output, int largest_batch)
{
  cr_resize *resize = calloc(1, sizeof *resize);
  if (!resize) return NULL;
  resize->step = calloc(1, sizeof *resize->step);
  resize->jobs = calloc((size_t)largest_batch, sizeof *resize->jobs);
  if (!resize->step || !resize->jobs) {
    free(resize->step);
    free(resize->jobs);
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
  cr_buffer_release(resize->upload);
  cr_upload_free(&resize->staging);
  free(resize->jobs);
  free(resize);
}

/* ---- Run -------------------------------------------------------------------------------------------------------- */

static clreid_status check_picture(const cr_resize_spec *spec, const cr_resize_picture *picture, int index,
                                   clreid_error *error)
{
  if ((!picture->pixels && !picture->memory.memory) || picture->width < 1 || picture->height < 1)
    return cr_fail(error, CLREID_INVALID_PICTURE, "picture %d has %d x %d pixels%s; it needs at least one", index,
                   picture->width, picture->height, picture->pixels || picture->memory.memory ? "" : " and no address");
  if (picture->pitch_bytes < (size_t)picture->width * 3)
    return cr_fail(error, CLREID_INVALID_PICTURE,
                   "picture %d has rows %zu bytes apart, but %d pixels of three bytes need %zu", index,
                   picture->pitch_bytes, picture->width, (size_t)picture->width * 3);
  const cr_axis *across = picture->across, *down = picture->down;
  if (across->in != picture->width || across->out != spec->width || down->in != picture->height ||
      down->out != spec->height)
    return cr_fail(error, CLREID_INVALID_ARGUMENT,
                   "picture %d is %d x %d for %d x %d, but its tables are for %d x %d to %d x %d", index,
                   picture->width, picture->height, spec->width, spec->height, across->in, down->in, across->out,
                   down->out);
  return CLREID_OK;
}

/* Pixels that the device has already, to their place behind the tables. */
static clreid_status copy_on_device(const cr_resize *resize, const cr_resize_picture *picture, const int32_t *own,
                                    clreid_error *error)
{
  const cr_foreign *from = &picture->memory;
  const size_t line = (size_t)picture->width * 3;
  const size_t from_begin[3] = {from->offset_bytes, 0, 0};
  const size_t to_begin[3] = {(size_t)own[JOB_PIXELS] * PIXEL_UNIT, 0, 0};
  const size_t size[3] = {line, (size_t)picture->height, 1};
  return cr_check(clEnqueueCopyBufferRect(resize->step->queue->queue, from->memory, resize->upload->memory, from_begin,
                                          to_begin, size, picture->pitch_bytes, 0, line, 0, 0, NULL, NULL),
                  "clEnqueueCopyBufferRect", error);
}

clreid_status cr_resize_run(cr_resize *resize, const cr_resize_picture *pictures, int count, clreid_error *error)
{
  if (count < 1 || count > resize->step->largest_batch)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "%d pictures were given to a resize prepared for 1 to %d", count,
                   resize->step->largest_batch);
  for (int k = 0; k < count; k++) CR_TRY(check_picture(&resize->spec, &pictures[k], k, error));
  size_t bytes = 0;
  CR_TRY(place_tables(pictures, count, resize->jobs, &bytes, error));
  const size_t table_bytes = bytes;
  CR_TRY(place_pixels(pictures, count, resize->jobs, &bytes, error));
  CR_TRY(grow(resize, bytes, error));
  uint8_t *staging;
  CR_TRY(cr_upload_take(&resize->staging, bytes, cr_buffer_bytes(resize->upload), &staging, error));
  fill(resize, pictures, count, staging);
  CR_TRY(cr_upload_send(&resize->staging, resize->step->queue, resize->upload, pictures[0].pixels ? bytes : table_bytes,
                        error));
  for (int k = 0; k < count; k++)
    if (!pictures[k].pixels) CR_TRY(copy_on_device(resize, &pictures[k], resize->jobs[k], error));
  return cr_step_run(resize->step, count, error);
}
