/*
 * known_resize.c - a known answer for the resize: a box of an RGB frame and one of an NV12 frame, by tables of its own,
 * whose every byte is an integer.
 *
 * What the kernel is built for is what was asked for, its element and its shape; what it is told is the question's own.
 * Tables are random weights, for it is the kernel that is in question, not the filter. Not asked: boxes wider than a
 * row that is unpacked, frames that end with their buffer, the other formats.
 */
#include "known.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BOXES = 2, FRAME_WIDTH = 54, FRAME_HEIGHT = 46, AT_X = 5, AT_Y = 3, BOX_WIDTH = 45, BOX_HEIGHT = 37 };
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
  table across, down;
  cr_frame frames[BOXES];
  cr_resize_picture pictures[BOXES];
  uint8_t rgb[FRAME_HEIGHT][FRAME_WIDTH][3], luma[FRAME_HEIGHT][FRAME_WIDTH], chroma[FRAME_HEIGHT / 2][FRAME_WIDTH];
  int between[BOX_HEIGHT][WIDTH][3]; /* resized across */
} question;

/* ---- What is asked ----------------------------------------------------------------------------------------------- */

static uint32_t draw(uint32_t i)
{
  i = (i ^ i >> 16) * 0x45d9f3bu;
  i = (i ^ i >> 16) * 0x45d9f3bu;
  return i ^ i >> 16;
}

/* Weights of an output add up to 2^22; some are below zero, so that sums leave the bytes on both sides. */
static void fill_table(table *t, int in, int out, int taps)
{
  for (int i = 0; i < out; i++) {
    int32_t rest = 1 << FRACTION_BITS;
    t->first[i] = i * (in - taps) / (out - 1);
    t->count[i] = taps - i % 3;
    for (int k = 0; k < taps; k++) {
      const bool last = k == t->count[i] - 1;
      const int32_t weight = (int32_t)(draw((uint32_t)(i * taps + k)) % (9 << 16)) - (3 << 16);
      t->weights[i * taps + k] = k >= t->count[i] ? 0 : last ? rest : weight;
      rest -= weight;
    }
  }
  t->axis = (cr_axis){.in = in, .out = out, .taps = taps, .first = t->first, .count = t->count, .weights = t->weights};
}

static void fill_bytes(uint8_t *bytes, size_t count, uint32_t seed)
{
  for (size_t i = 0; i < count; i++) {
    const uint32_t number = draw(seed + (uint32_t)i);
    bytes[i] = (uint8_t)(number % 4 ? number >> 8 : number % 8 ? 0 : 255);
  }
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
  fill_table(&q->down, BOX_HEIGHT, HEIGHT, TAPS_DOWN);
  fill_bytes(q->rgb[0][0], sizeof q->rgb, 1000000);
  fill_bytes(q->luma[0], sizeof q->luma, 2000000);
  fill_bytes(q->chroma[0], sizeof q->chroma, 3000000);
  q->frames[0] = (cr_frame){.format = CR_RGB, .pixels = q->rgb[0][0], .pitch_bytes = sizeof q->rgb[0]};
  q->frames[1] = (cr_frame){.format = CR_NV12_601,
                            .pixels = q->luma[0],
                            .pitch_bytes = sizeof q->luma[0],
                            .chroma = q->chroma[0],
                            .chroma_pitch_bytes = sizeof q->chroma[0]};
  for (int b = 0; b < BOXES; b++) {
    q->frames[b].width = FRAME_WIDTH;
    q->frames[b].height = FRAME_HEIGHT;
    q->pictures[b] = (cr_resize_picture){.frame = &q->frames[b],
                                         .x = AT_X,
                                         .y = AT_Y,
                                         .width = BOX_WIDTH,
                                         .height = BOX_HEIGHT,
                                         .mirrored = b == 1,
                                         .across = &q->across.axis,
                                         .down = &q->down.axis};
  }
  return q;
}

/* ---- What must come ---------------------------------------------------------------------------------------------- */

/* Rounded to the nearest integer, and clipped to a byte; bits of fraction. */
static int to_byte(int64_t sum, int bits)
{
  const double value = floor((double)sum / (double)(1 << bits) + 0.5);
  return value < 0 ? 0 : value > 255 ? 255 : (int)value;
}

/* BT.601, limited range: the factors of cl/resize.cl. */
static int nv12_byte(const question *q, int x, int y, int c)
{
  static const double kr = 0.299, kb = 0.114;
  const double luma = 255.0 / 219, chroma = 255.0 / 224, unit = 1 << 20, kg = 1 - kr - kb;
  const double of_u[3] = {0, -2 * kb * (1 - kb) / kg, 2 * (1 - kb)},
               of_v[3] = {2 * (1 - kr), -2 * kr * (1 - kr) / kg, 0};
  const int u = q->chroma[y / 2][x / 2 * 2] - 128, v = q->chroma[y / 2][x / 2 * 2 + 1] - 128;
  return to_byte((q->luma[y][x] - 16) * llround(luma * unit) + u * llround(of_u[c] * chroma * unit) +
                     v * llround(of_v[c] * chroma * unit),
                 20);
}

static int frame_byte(const question *q, int box, int x, int y, int c)
{
  return box == 0 ? q->rgb[AT_Y + y][AT_X + x][c] : nv12_byte(q, AT_X + x, AT_Y + y, c);
}

static void resize_across(question *q, int box)
{
  int line[BOX_WIDTH][3];
  for (int y = 0; y < BOX_HEIGHT; y++) {
    for (int x = 0; x < BOX_WIDTH; x++)
      for (int c = 0; c < 3; c++) line[x][c] = frame_byte(q, box, x, y, c);
    for (int x = 0; x < WIDTH; x++)
      for (int c = 0; c < 3; c++) {
        int64_t sum = 0;
        for (int k = 0; k < q->across.count[x]; k++)
          sum += (int64_t)q->across.weights[x * TAPS_ACROSS + k] * line[q->across.first[x] + k][c];
        q->between[y][x][c] = to_byte(sum, FRACTION_BITS);
      }
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
  for (int reversed = 0; reversed < 2 && status == CLREID_OK && !*wrong; reversed++) {
    q->spec.reversed = reversed;
    status = ask(queue, q, output, got, wrong, reason);
  }
  cr_buffer_release(output);
  free(got);
  free(q);
  return status;
}
