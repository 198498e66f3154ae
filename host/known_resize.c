/*
 * known_resize.c - a known answer for the resize: a box of a frame of each format, and one that is wider than a row
 * which is unpacked, by tables of its own, whose every byte is an integer.
 *
 * What the kernel is built for is what was asked for, its element and its shape; what it is told is the question's own.
 * Tables are random weights, for it is the kernel that is in question, not the filter. It is asked twice: with frames
 * in host memory, and with frames on the device that end with their buffer, as the boxes do with them.
 */
#include "known.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BOXES = CR_FORMATS + 1, FRAME_WIDTH = 54, FRAME_HEIGHT = 46, BOX_WIDTH = 45, BOX_HEIGHT = 37 };
enum { WIDE_BOX = CR_FORMATS, WIDE_FRAME_WIDTH = 4109, WIDE_BOX_WIDTH = 4100, AT_X = 5, AT_Y = 3 };
enum { WIDTH = 83, HEIGHT = 35, MARGIN = 2, COLUMNS = WIDTH + 2 * MARGIN, LINES = HEIGHT + 2 * MARGIN };
enum { TAPS_ACROSS = 7, TAPS_DOWN = 9, FRACTION_BITS = 22 };
/* Elements of a picture; before, between and behind them guards. */
enum {
  PICTURE = LINES * COLUMNS * 3,
  GUARD = 64,
  STRIDE = PICTURE + GUARD,
  ALL = GUARD + BOXES * STRIDE,
  BEFORE = 0x5a
};

_Static_assert(CR_KNOWN_RESIZE_CHECKS == 2 * BOXES * PICTURE, "what is compared");

typedef struct table {
  cr_axis axis;
  int32_t first[WIDTH], count[WIDTH], weights[WIDTH * TAPS_DOWN];
} table;

typedef struct question {
  cr_resize_spec spec;
  table across, wide_across, down;
  cr_frame frames[BOXES];
  cr_resize_picture pictures[BOXES];
  uint8_t bytes[FRAME_HEIGHT * WIDE_FRAME_WIDTH]; /* of all frames: they begin with the same ones */
  cr_buffer *buffers[BOXES];
  int between[BOX_HEIGHT][WIDTH][3]; /* resized across */
} question;

/* ---- What is asked ----------------------------------------------------------------------------------------------- */

static uint32_t draw(uint32_t i)
{
  i = (i ^ i >> 16) * 0x45d9f3bu;
  i = (i ^ i >> 16) * 0x45d9f3bu;
  return i ^ i >> 16;
}

/* Weights of an output add up to 2^22; some are below zero, so that sums leave the bytes on both sides. The last input
 * counts. */
static void fill_table(table *t, int in, int out, int taps)
{
  for (int i = 0; i < out; i++) {
    int32_t rest = 1 << FRACTION_BITS;
    t->first[i] = i * (in - taps) / (out - 1);
    t->count[i] = taps - (out - 1 - i) % 3;
    for (int k = 0; k < taps; k++) {
      const bool last = k == t->count[i] - 1;
      const int32_t weight = (int32_t)(draw((uint32_t)(i * taps + k)) % (9 << 16)) - (3 << 16);
      t->weights[i * taps + k] = k >= t->count[i] ? 0 : last ? rest : weight;
      rest -= weight;
    }
  }
  t->axis = (cr_axis){.in = in, .out = out, .taps = taps, .first = t->first, .count = t->count, .weights = t->weights};
}

static void fill_bytes(uint8_t *bytes, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    const uint32_t number = draw(1000000 + (uint32_t)i);
    bytes[i] = (uint8_t)(number % 4 ? number >> 8 : number % 8 ? 0 : 255);
  }
}

static size_t chroma_at(const cr_frame *frame)
{
  return (size_t)frame->width * (size_t)frame->height;
}

/* In host memory, without gaps. */
static void create_box(question *q, int box)
{
  const bool wide = box == WIDE_BOX;
  const int width = wide ? WIDE_FRAME_WIDTH : FRAME_WIDTH;
  cr_frame *frame = &q->frames[box];
  *frame = (cr_frame){.format = wide ? CR_GREY : (cr_format)box, .width = width, .height = FRAME_HEIGHT};
  frame->pitch_bytes = cr_format_row_bytes(frame->format, width);
  frame->chroma_pitch_bytes = cr_format_chroma_bytes(frame->format, width);
  frame->pixels = q->bytes;
  frame->chroma = q->bytes + chroma_at(frame);
  q->pictures[box] = (cr_resize_picture){.frame = frame,
                                         .x = AT_X + box % 2,
                                         .y = AT_Y,
                                         .width = wide ? WIDE_BOX_WIDTH : BOX_WIDTH,
                                         .height = BOX_HEIGHT,
                                         .mirrored = box % 2 == 1,
                                         .across = wide ? &q->wide_across.axis : &q->across.axis,
                                         .down = &q->down.axis};
}

static question *create_question(const cr_resize_spec *asked)
{
  question *q = calloc(1, sizeof *q);
  if (!q) return NULL;
  q->spec = (cr_resize_spec){.height = HEIGHT,
                             .width = WIDTH,
                             .margin = MARGIN,
                             .half = asked->half,
                             .bytes_only = asked->bytes_only,
                             .plain = asked->plain};
  for (int v = 0; v < 256; v++)
    for (int c = 0; c < 3; c++) q->spec.table[c][v] = (float)(1 + 256 * c + v);
  fill_table(&q->across, BOX_WIDTH, WIDTH, TAPS_ACROSS);
  fill_table(&q->wide_across, WIDE_BOX_WIDTH, WIDTH, TAPS_ACROSS);
  fill_table(&q->down, BOX_HEIGHT, HEIGHT, TAPS_DOWN);
  fill_bytes(q->bytes, sizeof q->bytes);
  for (int box = 0; box < BOXES; box++) create_box(q, box);
  return q;
}

static void free_question(question *q)
{
  for (int box = 0; q && box < BOXES; box++) cr_buffer_release(q->buffers[box]);
  free(q);
}

/* Each frame to a buffer that ends with it, each box to the corner where both do. */
static clreid_status move_to_device(cr_queue *queue, question *q, clreid_error *error)
{
  for (int box = 0; box < BOXES; box++) {
    cr_frame *frame = &q->frames[box];
    cr_resize_picture *picture = &q->pictures[box];
    CR_TRY(cr_buffer_create(queue->device, cr_frame_bytes(frame), q->bytes, &q->buffers[box], error));
    frame->pixels = frame->chroma = NULL;
    frame->buffer = q->buffers[box];
    frame->chroma_offset_bytes = frame->chroma_pitch_bytes ? chroma_at(frame) : 0;
    picture->x = frame->width - picture->width;
    picture->y = frame->height - picture->height;
  }
  return CLREID_OK;
}

/* ---- What must come ---------------------------------------------------------------------------------------------- */

/* Rounded to the nearest integer, and clipped to a byte; bits of fraction. */
static int to_byte(int64_t sum, int bits)
{
  const double value = floor((double)sum / (double)(1 << bits) + 0.5);
  return value < 0 ? 0 : value > 255 ? 255 : (int)value;
}

/* Two planes of limited range: the factors of cl/resize.cl. */
static int nv12_byte(const question *q, const cr_frame *frame, int x, int y, int c)
{
  const bool bt601 = frame->format == CR_NV12_601;
  const double kr = bt601 ? 0.299 : 0.2126, kb = bt601 ? 0.114 : 0.0722, kg = 1 - kr - kb;
  const double luma = 255.0 / 219, chroma = 255.0 / 224, unit = 1 << 20;
  const double of_u[3] = {0, -2 * kb * (1 - kb) / kg, 2 * (1 - kb)},
               of_v[3] = {2 * (1 - kr), -2 * kr * (1 - kr) / kg, 0};
  const uint8_t *pair = q->bytes + chroma_at(frame) + (size_t)(y / 2) * frame->chroma_pitch_bytes + x / 2 * 2;
  return to_byte((q->bytes[(size_t)y * frame->pitch_bytes + (size_t)x] - 16) * llround(luma * unit) +
                     (pair[0] - 128) * llround(of_u[c] * chroma * unit) +
                     (pair[1] - 128) * llround(of_v[c] * chroma * unit),
                 20);
}

/* Column x, line y of the frame. */
static int frame_byte(const question *q, const cr_frame *frame, int x, int y, int c)
{
  if (frame->format >= CR_NV12_601) return nv12_byte(q, frame, x, y, c);
  const bool backwards = frame->format == CR_BGR || frame->format == CR_BGRA;
  const int channel = frame->format == CR_GREY ? 0 : backwards ? 2 - c : c;
  return q->bytes[(size_t)y * frame->pitch_bytes + cr_format_row_bytes(frame->format, x) + (size_t)channel];
}

static void resize_across(question *q, int box)
{
  const cr_resize_picture *picture = &q->pictures[box];
  const cr_axis *across = picture->across;
  for (int y = 0; y < BOX_HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++)
      for (int c = 0; c < 3; c++) {
        int64_t sum = 0;
        for (int k = 0; k < across->count[x]; k++)
          sum += (int64_t)across->weights[x * across->taps + k] *
                 frame_byte(q, picture->frame, picture->x + across->first[x] + k, picture->y + y, c);
        q->between[y][x][c] = to_byte(sum, FRACTION_BITS);
      }
}

/* The byte at line y, column x of the resized picture, of what is to be output channel c. */
static int resized_byte(const question *q, int box, int x, int y, int c)
{
  const int from = q->pictures[box].mirrored ? WIDTH - 1 - x : x, channel = q->spec.reversed ? 2 - c : c;
  int64_t sum = 0;
  for (int k = 0; k < q->down.count[y]; k++)
    sum += (int64_t)q->down.weights[y * TAPS_DOWN + k] * q->between[q->down.first[y] + k][from][channel];
  return to_byte(sum, FRACTION_BITS);
}

/* At line y, column x of the output with its margin, as the kernel must write it. */
static void element_at(const question *q, int box, int x, int y, int c, uint8_t element[4])
{
  const cr_resize_spec *spec = &q->spec;
  memset(element, 0, 4);
  x -= MARGIN;
  y -= MARGIN;
  if (x < 0 || x >= WIDTH || y < 0 || y >= HEIGHT) return;
  const int byte = resized_byte(q, box, x, y, c);
  const float value = spec->table[c][byte];
  uint16_t half;
  if (spec->bytes_only) {
    element[0] = (uint8_t)byte;
  } else if (spec->half) {
    cr_to_half(&value, &half, 1);
    memcpy(element, &half, sizeof half);
  } else {
    memcpy(element, &value, sizeof value);
  }
}

/* got[ALL] elements. */
static clreid_status compare(question *q, const char *variant, const uint8_t *got, clreid_error *reason)
{
  const size_t bytes = cr_resize_element_bytes(&q->spec);
  for (size_t i = 0; i < ALL; i++)
    for (size_t b = 0; b < bytes && (i < GUARD || (i - GUARD) % STRIDE >= PICTURE); b++)
      if (got[i * bytes + b] != BEFORE)
        return cr_fail(reason, CLREID_DEVICE_FAILED, "%s: element %zu, outside the pictures, was written", variant, i);
  for (int box = 0; box < BOXES; box++) {
    const uint8_t *at = got + (GUARD + (size_t)box * STRIDE) * bytes;
    resize_across(q, box);
    for (int y = 0; y < LINES; y++)
      for (int x = 0; x < COLUMNS; x++)
        for (int c = 0; c < 3; c++, at += bytes) {
          uint8_t wanted[4];
          element_at(q, box, x, y, c, wanted);
          if (memcmp(at, wanted, bytes))
            return cr_fail(reason, CLREID_DEVICE_FAILED,
                           "%s: picture %d of %d x %d, line %d, column %d, channel %d has other bits than it must have",
                           variant, box, COLUMNS, LINES, y, x, c);
        }
  }
  return CLREID_OK;
}

/* ---- Asking ------------------------------------------------------------------------------------------------------ */

static clreid_status ask(cr_queue *queue, question *q, cr_buffer *output, uint8_t *got, bool *wrong,
                         clreid_error *reason)
{
  const size_t bytes = ALL * cr_resize_element_bytes(&q->spec);
  const cr_view view = {.tensor = -1, .buffer = output, .offset = GUARD, .picture = STRIDE, .row = 3};
  cr_resize *resize;
  memset(got, BEFORE, bytes);
  CR_TRY(cr_queue_write(queue, output, 0, bytes, got, reason));
  CR_TRY(cr_resize_create(queue, &q->spec, &view, BOXES, &resize, reason));
  clreid_status status = cr_resize_run(resize, q->pictures, BOXES, reason);
  if (status == CLREID_OK) status = cr_queue_read(queue, output, 0, bytes, got, reason);
  if (status == CLREID_OK) *wrong = compare(q, cr_resize_variant(resize), got, reason) != CLREID_OK;
  cr_resize_destroy(resize);
  return status;
}

clreid_status cr_known_resize(cr_queue *queue, const cr_resize_spec *spec, bool *wrong, clreid_error *reason)
{
  question *q = create_question(spec);
  uint8_t *got = malloc(ALL * cr_resize_element_bytes(spec));
  cr_buffer *output = NULL;
  *wrong = false;
  clreid_status status =
      q && got ? cr_buffer_create(queue->device, ALL * cr_resize_element_bytes(spec), NULL, &output, reason)
               : cr_fail(reason, CLREID_OUT_OF_MEMORY, "no memory for the question of a resize");
  if (status == CLREID_OK) status = ask(queue, q, output, got, wrong, reason);
  if (status == CLREID_OK && !*wrong) {
    q->spec.reversed = true;
    status = move_to_device(queue, q, reason);
    if (status == CLREID_OK) status = ask(queue, q, output, got, wrong, reason);
  }
  cr_buffer_release(output);
  free(got);
  free_question(q);
  return status;
}
