/*
 * sheet.h - a contact sheet: a row for each query, its picture and those of its first ten matches.
 *
 * Right matches are framed green, wrong ones red, where labels say it; grey, where they do not. Below a match stands
 * its distance, below a query its number. A picture that cannot be read is a crossed box, and is named on stderr once.
 * More than SHEET_QUERIES queries go to further files: S.png, S-2.png, S-3.png.
 */
#ifndef SHEET_H
#define SHEET_H

#include <stddef.h>
#include <stdint.h>

#include <clreid/clreid_status.h>

enum { SHEET_QUERIES = 100, SHEET_MATCHES = 10 };

/* Of a cell, in pixels: a frame round a box that the picture is fitted into, a caption below. The query's cell is the
 * first of its row, a gap wider than the others. */
enum {
  SHEET_BOX_WIDTH = 96,
  SHEET_BOX_HEIGHT = 128,
  SHEET_FRAME = 4,
  SHEET_CAPTION = 14,
  SHEET_GAP = 6,
  SHEET_CELL_WIDTH = SHEET_BOX_WIDTH + 2 * SHEET_FRAME + SHEET_GAP,
  SHEET_CELL_HEIGHT = SHEET_BOX_HEIGHT + 2 * SHEET_FRAME + SHEET_CAPTION + SHEET_GAP,
};

/* One side of the matching: its features' file, and what goes with each of its rows. */
typedef struct sheet_side {
  const char *features;
  uint64_t rows;
  const char *pictures; /* a list of paths */
  const char *labels;   /* as clreid evaluate takes them, or NULL */
} sheet_side;

/* A match of a query: a row of the gallery, and how far it is. */
typedef struct sheet_match {
  uint64_t index;
  double distance;
} sheet_match;

typedef struct sheet sheet;

/* Reads lists and labels, and makes sure that path can be written. Borrows what the sides point to. */
clreid_status sheet_create(const char *path, const sheet_side *query, const sheet_side *gallery, sheet **made,
                           clreid_error *error);
void sheet_destroy(sheet *made); /* what is not finished is not written; NULL is allowed */

/* Queries come in order, each once; matches nearest first. */
clreid_status sheet_add(sheet *made, uint64_t query, const sheet_match *matches, size_t count, clreid_error *error);
clreid_status sheet_finish(sheet *made, clreid_error *error);

#endif
