/*
 * sheet.c - see sheet.h. A file holds so many queries that no side of it is longer than pictures may be (picture.h).
 */
#include "sheet.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <clreid/clreid_evaluate.h>

#include "console.h"
#include "labels.h"
#include "output.h"
#include "path_list.h"
#include "sketch.h"

enum {
  BOX_WIDTH = SHEET_BOX_WIDTH,
  BOX_HEIGHT = SHEET_BOX_HEIGHT,
  FRAME = SHEET_FRAME,
  GAP = SHEET_GAP,
  CELL_WIDTH = SHEET_CELL_WIDTH,
  CELL_HEIGHT = SHEET_CELL_HEIGHT,
  LETTER_SCALE = 2,
  WIDTH = GAP + (SHEET_MATCHES + 1) * CELL_WIDTH + GAP, /* one gap more, after the query */
};

_Static_assert((SKETCH_LETTER_HEIGHT + 2) * LETTER_SCALE <= SHEET_CAPTION, "a caption has its place");
_Static_assert(GAP + SHEET_QUERIES * CELL_HEIGHT <= PICTURE_LARGEST_SIDE, "a sheet can be read again");

static const uint8_t paper[3] = {255, 255, 255}, ink[3] = {40, 40, 40}, empty_box[3] = {236, 236, 236};
/* Green is the lighter one, for people who see both alike. */
static const uint8_t query_frame[3] = {255, 255, 255}, right[3] = {60, 190, 75}, wrong[3] = {200, 20, 20},
                     unknown[3] = {150, 150, 150};

typedef struct side {
  sheet_side given;
  path_list pictures;
  clreid_label *labels; /* or NULL */
  bool *complained;     /* [rows]: its picture was named already */
} side;

struct sheet {
  const char *path;
  side query, gallery;
  uint64_t queries;
  sketch drawn;  /* WIDTH wide */
  int used;      /* rows of it */
  unsigned file; /* files that were begun to be written */
  output *first; /* created before the work, to know that it can be; NULL once it is written */
};

static clreid_status no_memory(clreid_error *error)
{
  return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for the contact sheet");
}

/* ---- Drawing ----------------------------------------------------------------------------------------------------- */

/* In the middle below a box; what does not fit is cut off. */
static void draw_caption(const sheet *made, int left, int top, const char *text)
{
  char shown[32];
  const int width = BOX_WIDTH + 2 * FRAME;
  snprintf(shown, sizeof shown, "%.*s", width / sketch_text_width(" ", LETTER_SCALE), text);
  sketch_text(&made->drawn, left + (width - sketch_text_width(shown, LETTER_SCALE)) / 2,
              top + BOX_HEIGHT + 2 * FRAME + LETTER_SCALE, LETTER_SCALE, ink, shown);
}

static void draw_cross(const sheet *made, int left, int top)
{
  for (int y = 0; y < BOX_HEIGHT; ++y) {
    const int x = y * (BOX_WIDTH - 2) / (BOX_HEIGHT - 1);
    sketch_fill(&made->drawn, left + x, top + y, 2, 1, ink);
    sketch_fill(&made->drawn, left + BOX_WIDTH - 2 - x, top + y, 2, 1, ink);
  }
}

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

static void complain_once(side *of, uint64_t row, const char *reason)
{
  if (of->complained[row]) return;
  of->complained[row] = true;
  console_complain("%s: %s; the sheet has a crossed box in its place", of->pictures.paths[row], reason);
}

static clreid_status draw_cell(sheet *made, int left, int top, side *of, uint64_t row, const uint8_t frame[3],
                               const char *caption, clreid_error *error)
{
  picture shown;
  clreid_error reason;
  sketch_fill(&made->drawn, left, top, BOX_WIDTH + 2 * FRAME, BOX_HEIGHT + 2 * FRAME, frame);
  sketch_fill(&made->drawn, left + FRAME, top + FRAME, BOX_WIDTH, BOX_HEIGHT, empty_box);
  draw_caption(made, left, top, caption);
  if (picture_read(of->pictures.paths[row], &shown, &reason) != CLREID_OK) {
    complain_once(of, row, reason.text);
    draw_cross(made, left + FRAME, top + FRAME);
    return CLREID_OK;
  }
  const bool is_drawn = sketch_fit(&made->drawn, left + FRAME, top + FRAME, BOX_WIDTH, BOX_HEIGHT, &shown);
  picture_free(&shown);
  return is_drawn ? CLREID_OK : no_memory(error);
}

static const uint8_t *frame_of(const sheet *made, uint64_t query, uint64_t entry)
{
  if (!made->query.labels || !made->gallery.labels) return unknown;
  const int64_t a = made->query.labels[query].person, b = made->gallery.labels[entry].person;
  return a == -1 || b == -1 ? unknown : a == b ? right : wrong;
}

static clreid_status draw_row(sheet *made, uint64_t query, const sheet_match *matches, size_t count,
                              clreid_error *error)
{
  const int top = GAP + made->used * CELL_HEIGHT;
  char text[32];
  snprintf(text, sizeof text, "%llu", (unsigned long long)query);
  clreid_status status = draw_cell(made, GAP, top, &made->query, query, query_frame, text, error);
  for (size_t i = 0; i < count && i < SHEET_MATCHES && status == CLREID_OK; ++i) {
    const sheet_match *match = &matches[i];
    snprintf(text, sizeof text, "%.4g", match->distance);
    status = draw_cell(made, 2 * GAP + ((int)i + 1) * CELL_WIDTH, top, &made->gallery, match->index,
                       frame_of(made, query, match->index), text, error);
  }
  ++made->used;
  return status;
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

/* S-2.png, S-3.png, ... after S.png: for free(), or NULL. */
static char *file_name(const sheet *made)
{
  const size_t length = strlen(made->path);
  const size_t stem = length > 4 && strcmp(made->path + length - 4, ".png") == 0 ? length - 4 : length;
  char *name = malloc(length + 32);
  if (name) snprintf(name, length + 32, "%.*s-%u%s", (int)stem, made->path, made->file, made->path + stem);
  return name;
}

static clreid_status check_side(const char *path, const side *of, clreid_error *error)
{
  clreid_status status = output_check_input(path, of->given.features, error);
  if (status == CLREID_OK) status = output_check_input(path, of->given.pictures, error);
  if (status == CLREID_OK && of->given.labels) status = output_check_input(path, of->given.labels, error);
  for (size_t i = 0; i < of->pictures.count && status == CLREID_OK; ++i) {
    status = output_check_input(path, of->pictures.paths[i], error);
  }
  return status;
}

/* No input is written over. */
static clreid_status check_inputs(const sheet *made, const char *path, clreid_error *error)
{
  const clreid_status status = check_side(path, &made->query, error);
  return status == CLREID_OK ? check_side(path, &made->gallery, error) : status;
}

/* The next file to be written to. */
static clreid_status begin_file(sheet *made, output **file, clreid_error *error)
{
  ++made->file;
  if (made->first) {
    *file = made->first;
    made->first = NULL;
    return CLREID_OK;
  }
  char *name = file_name(made);
  if (!name) return no_memory(error);
  clreid_status status = check_inputs(made, name, error);
  if (status == CLREID_OK) status = output_create(name, file, error);
  free(name);
  return status;
}

static clreid_status write_file(sheet *made, clreid_error *error)
{
  output *file;
  clreid_status status = begin_file(made, &file, error);
  if (status != CLREID_OK) return status;
  status = sketch_write(&made->drawn, GAP + made->used * CELL_HEIGHT, file, error);
  if (status == CLREID_OK) {
    status = output_commit(file, error);
  } else {
    output_abandon(file);
  }
  made->used = 0;
  sketch_fill(&made->drawn, 0, 0, WIDTH, made->drawn.height, paper);
  return status;
}

/* ---- Life -------------------------------------------------------------------------------------------------------- */

static clreid_status read_side(const sheet_side *given, side *read, clreid_error *error)
{
  read->given = *given;
  clreid_status status = path_list_read(given->pictures, given->features, given->rows, &read->pictures, error);
  if (status != CLREID_OK) return status;
  read->complained = calloc((size_t)given->rows, sizeof *read->complained);
  if (!read->complained) return no_memory(error);
  if (!given->labels) return CLREID_OK;
  read->labels = calloc((size_t)given->rows, sizeof *read->labels);
  if (!read->labels) return no_memory(error);
  return labels_read(given->labels, given->features, given->rows, read->labels, error);
}

static clreid_status allocate(sheet *made, clreid_error *error)
{
  const uint64_t rows = made->queries < SHEET_QUERIES ? made->queries : SHEET_QUERIES;
  made->drawn = sketch_make(WIDTH, GAP + (int)rows * CELL_HEIGHT, paper);
  if (!made->drawn.pixels) return no_memory(error);
  return CLREID_OK;
}

clreid_status sheet_create(const char *path, const sheet_side *query, const sheet_side *gallery, sheet **result,
                           clreid_error *error)
{
  sheet *made = calloc(1, sizeof *made);
  if (!made) return no_memory(error);
  made->path = path;
  made->queries = query->rows;
  clreid_status status = read_side(query, &made->query, error);
  if (status == CLREID_OK) status = read_side(gallery, &made->gallery, error);
  if (status == CLREID_OK) status = check_inputs(made, path, error);
  if (status == CLREID_OK) status = allocate(made, error);
  if (status == CLREID_OK) status = output_create(path, &made->first, error);
  if (status == CLREID_OK) {
    *result = made;
  } else {
    sheet_destroy(made);
  }
  return status;
}

static void free_side(side *of)
{
  path_list_free(&of->pictures);
  free(of->labels);
  free(of->complained);
}

void sheet_destroy(sheet *made)
{
  if (!made) return;
  output_abandon(made->first);
  free_side(&made->query);
  free_side(&made->gallery);
  sketch_free(&made->drawn);
  free(made);
}

clreid_status sheet_add(sheet *made, uint64_t query, const sheet_match *matches, size_t count, clreid_error *error)
{
  if (made->used == SHEET_QUERIES) {
    const clreid_status status = write_file(made, error);
    if (status != CLREID_OK) return status;
  }
  return draw_row(made, query, matches, count, error);
}

clreid_status sheet_finish(sheet *made, clreid_error *error)
{
  return made->used ? write_file(made, error) : CLREID_OK;
}
