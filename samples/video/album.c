/*
 * album.c - see album.h.
 */
#include "album.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "drawing.h"
#include "output.h"
#include "sketch.h"
#include "tracker.h"

enum {
  BOX_WIDTH = 96, /* a picture's place, in pixels */
  BOX_HEIGHT = 128,
  FRAME = 3,
  GAP = 5,
  CELL_WIDTH = BOX_WIDTH + GAP,
  HEAD = 24,   /* camera names */
  MARGIN = 64, /* numbers */
  CAMERA_GAP = 16,
  SCALE = 2,
  NUMBER_SCALE = 3,
  MOST_PICTURES = 4,
};
static const uint8_t paper[3] = {255, 255, 255}, ink[3] = {40, 40, 40}, empty[3] = {236, 236, 236};

typedef struct shot {
  size_t box;      /* of its camera; SIZE_MAX: none */
  uint8_t *pixels; /* [height][width][3] */
  int width, height;
} shot;

struct album {
  const camera *cameras;
  size_t camera_count;
  const identity_list *identities;
  size_t rows, pictures; /* pictures: of an identity and camera */
  shot *shots;           /* [rows][camera_count][pictures], by frame */
};

static clreid_status no_memory(clreid_error *error)
{
  return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for the contact sheet of identities");
}

static shot *shot_at(const album *made, size_t row, size_t camera_place, size_t place)
{
  return &made->shots[(row * made->camera_count + camera_place) * made->pictures + place];
}

/* ---- Which boxes ------------------------------------------------------------------------------------------------- */

/* Large and sure is good to look at; what the frame's edge or another box cuts is not. */
static double worth_of(const camera *of, size_t box)
{
  const frame_box *item = &of->boxes.items[box];
  const clreid_box *b = &item->box;
  double worth = sqrt((double)b->width * b->height) * fmax(item->score, 0.01);
  if (b->x < 2 || b->y < 2 || b->x + b->width > (float)of->movie.width - 2 ||
      b->y + b->height > (float)of->movie.height - 2) {
    worth /= 3;
  }
  double crowd = 0;
  for (size_t other = boxes_find(&of->boxes, item->frame);
       other < of->boxes.count && of->boxes.items[other].frame == item->frame; ++other) {
    if (other != box) crowd += boxes_overlap(b, &of->boxes.items[other].box);
  }
  return worth * fmax(1 - crowd, 0.05);
}

/* The best of each of as many equal parts of the identity's boxes as there are pictures. */
static void choose(album *made, size_t row, size_t camera_place)
{
  const camera *of = &made->cameras[camera_place];
  size_t boxes = 0, passed = 0;
  double best[MOST_PICTURES] = {0};
  for (size_t box = 0; box < of->boxes.count; ++box) boxes += camera_identity(of, box) == (long)row;
  if (!boxes) return;
  for (size_t box = 0; box < of->boxes.count; ++box) {
    if (camera_identity(of, box) != (long)row) continue;
    const size_t place = passed++ * made->pictures / boxes;
    const double worth = worth_of(of, box);
    if (worth <= best[place]) continue;
    best[place] = worth;
    shot_at(made, row, camera_place, place)->box = box;
  }
}

clreid_status album_create(const camera *cameras, size_t count, const identity_list *identities, album **made,
                           clreid_error *error)
{
  *made = calloc(1, sizeof **made);
  if (!*made) return no_memory(error);
  album *of = *made;
  *of = (album){.cameras = cameras, .camera_count = count, .identities = identities};
  of->rows = count == 1 ? identities->count : identities->shared;
  if (of->rows > ALBUM_ROWS) of->rows = ALBUM_ROWS;
  of->pictures = count <= 3 ? MOST_PICTURES : 2;
  of->shots = calloc(of->rows * count * of->pictures + 1, sizeof *of->shots);
  if (!of->shots) {
    album_destroy(of);
    *made = NULL;
    return no_memory(error);
  }
  for (size_t i = 0; i < of->rows * count * of->pictures; ++i) of->shots[i].box = SIZE_MAX;
  for (size_t row = 0; row < of->rows; ++row) {
    for (size_t c = 0; c < count; ++c) choose(of, row, c);
  }
  return CLREID_OK;
}

void album_destroy(album *made)
{
  if (!made) return;
  for (size_t i = 0; made->shots && i < made->rows * made->camera_count * made->pictures; ++i) {
    free(made->shots[i].pixels);
  }
  free(made->shots);
  free(made);
}

size_t album_rows(const album *made)
{
  return made->rows;
}

/* ---- Their pixels ------------------------------------------------------------------------------------------------ */

static bool is_in_frame(const album *made, size_t camera_place, const shot *of, uint64_t frame)
{
  return of->box != SIZE_MAX && made->cameras[camera_place].boxes.items[of->box].frame == frame;
}

bool album_wants(const album *made, size_t camera_place, uint64_t frame)
{
  for (size_t row = 0; row < made->rows; ++row) {
    for (size_t i = 0; i < made->pictures; ++i) {
      if (is_in_frame(made, camera_place, shot_at(made, row, camera_place, i), frame)) return true;
    }
  }
  return false;
}

static bool cut_out(shot *to, const camera *from, const uint8_t *pixels)
{
  const clreid_frame frame = {.width = from->movie.width, .height = from->movie.height};
  clreid_rectangle r;
  clreid_error unused;
  if (clreid_box_pixels(&frame, &from->boxes.items[to->box].box, &r, &unused) != CLREID_OK) return true;
  to->pixels = malloc((size_t)r.width * (size_t)r.height * 3);
  if (!to->pixels) return false;
  to->width = r.width;
  to->height = r.height;
  for (int y = 0; y < r.height; ++y) {
    memcpy(to->pixels + (size_t)y * (size_t)r.width * 3,
           pixels + ((size_t)(r.y + y) * (size_t)frame.width + (size_t)r.x) * 3, (size_t)r.width * 3);
  }
  return true;
}

clreid_status album_take(album *made, size_t camera_place, uint64_t frame, const uint8_t *pixels, clreid_error *error)
{
  for (size_t row = 0; row < made->rows; ++row) {
    for (size_t i = 0; i < made->pictures; ++i) {
      shot *of = shot_at(made, row, camera_place, i);
      if (of->pixels || !is_in_frame(made, camera_place, of, frame)) continue;
      if (!cut_out(of, &made->cameras[camera_place], pixels)) return no_memory(error);
    }
  }
  return CLREID_OK;
}

/* ---- The sheet --------------------------------------------------------------------------------------------------- */

static bool draw_row(const album *made, const sketch *on, size_t row)
{
  enum { ROW_HEIGHT = BOX_HEIGHT + 2 * FRAME + GAP };
  const int top = HEAD + (int)row * ROW_HEIGHT, camera_width = (int)made->pictures * CELL_WIDTH + CAMERA_GAP;
  uint8_t colour[3];
  drawing_colour(row, colour);
  drawing_label(on, GAP, top + BOX_HEIGHT / 2 - 3 * NUMBER_SCALE, NUMBER_SCALE, row);
  for (size_t c = 0; c < made->camera_count; ++c) {
    const int left = MARGIN + (int)c * camera_width;
    if (shot_at(made, row, c, 0)->box == SIZE_MAX && shot_at(made, row, c, made->pictures - 1)->box == SIZE_MAX)
      continue;
    sketch_fill(on, left - FRAME, top, (int)made->pictures * CELL_WIDTH - GAP + 2 * FRAME, BOX_HEIGHT + 2 * FRAME,
                colour);
    for (size_t i = 0; i < made->pictures; ++i) {
      const shot *of = shot_at(made, row, c, i);
      const int x = left + (int)i * CELL_WIDTH;
      sketch_fill(on, x, top + FRAME, BOX_WIDTH, BOX_HEIGHT, empty);
      const picture shown = {of->pixels, of->width, of->height};
      if (of->pixels && !sketch_fit(on, x, top + FRAME, BOX_WIDTH, BOX_HEIGHT, &shown)) return false;
    }
  }
  return true;
}

static bool draw(const album *made, sketch *on)
{
  const int camera_width = (int)made->pictures * CELL_WIDTH + CAMERA_GAP;
  *on = sketch_make(MARGIN + (int)made->camera_count * camera_width,
                    HEAD + (int)made->rows * (BOX_HEIGHT + 2 * FRAME + GAP), paper);
  if (!on->pixels) return false;
  for (size_t c = 0; c < made->camera_count; ++c) {
    sketch_text(on, MARGIN + (int)c * camera_width, (HEAD - SKETCH_LETTER_HEIGHT * SCALE) / 2, SCALE, ink,
                made->cameras[c].name);
  }
  for (size_t row = 0; row < made->rows; ++row) {
    if (!draw_row(made, on, row)) return false;
  }
  return true;
}

clreid_status album_write(const album *made, const char *path, clreid_error *error)
{
  sketch on;
  output *file = NULL;
  clreid_status status = draw(made, &on) ? CLREID_OK : no_memory(error);
  if (status == CLREID_OK) status = output_create(path, &file, error);
  if (status == CLREID_OK) status = sketch_write(&on, on.height, file, error);
  sketch_free(&on);
  if (status == CLREID_OK) return output_commit(file, error);
  output_abandon(file);
  return status;
}
