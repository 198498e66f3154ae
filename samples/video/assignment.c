/*
 * assignment.c - see assignment.h.
 *
 * A row may stay alone: each row has a column of its own beside the given ones, which costs the limit. So there are
 * never more rows than columns, and every row finds a place. Rows come in one after another; each takes the shortest
 * path, in reduced costs, to a free column, and the rows on it move over.
 */
#include "assignment.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

typedef struct solver {
  const double *costs;
  size_t rows, columns, places; /* places: columns, then one for each row */
  double limit;
  double *row_price, *place_price; /* the potentials */
  double *distance;                /* [places]: of the shortest path from the row that comes in */
  size_t *row_at;                  /* [places]: who has it; rows: nobody */
  size_t *before;                  /* [places]: the place before it on its path; places: the path begins here */
  bool *done;                      /* [places] */
} solver;

static double cost_of(const solver *it, size_t row, size_t place)
{
  if (place >= it->columns) return it->limit;
  const double cost = it->costs[row * it->columns + place];
  return cost < it->limit ? cost : it->limit;
}

/* Another row's own place is not for this one. */
static bool may_have(const solver *it, size_t row, size_t place)
{
  return place < it->columns || place == it->columns + row;
}

/* Looks on from a place (places: from the start) through the row that has it; returns the nearest place not done. */
static size_t extend(solver *it, size_t row, size_t from, double reached)
{
  size_t nearest = it->places;
  double least = INFINITY;
  for (size_t place = 0; place < it->places; ++place) {
    if (it->done[place]) continue;
    if (may_have(it, row, place)) {
      const double length = reached + cost_of(it, row, place) - it->row_price[row] - it->place_price[place];
      if (length < it->distance[place]) {
        it->distance[place] = length;
        it->before[place] = from;
      }
    }
    if (it->distance[place] < least) {
      least = it->distance[place];
      nearest = place;
    }
  }
  return nearest;
}

static void add_row(solver *it, size_t added)
{
  for (size_t place = 0; place < it->places; ++place) {
    it->distance[place] = INFINITY;
    it->done[place] = false;
  }
  size_t place = extend(it, added, it->places, 0);
  while (it->row_at[place] != it->rows) {
    it->done[place] = true;
    place = extend(it, it->row_at[place], place, it->distance[place]);
  }
  /* Potentials first, they belong to the pairs of before. */
  const double length = it->distance[place];
  it->row_price[added] += length;
  for (size_t other = 0; other < it->places; ++other) {
    if (!it->done[other]) continue;
    it->place_price[other] += it->distance[other] - length;
    it->row_price[it->row_at[other]] += length - it->distance[other];
  }
  while (it->before[place] != it->places) {
    it->row_at[place] = it->row_at[it->before[place]];
    place = it->before[place];
  }
  it->row_at[place] = added;
}

static void solve(solver *it, long *columns_of)
{
  for (size_t place = 0; place < it->places; ++place) it->row_at[place] = it->rows;
  for (size_t row = 0; row < it->rows; ++row) {
    columns_of[row] = ASSIGNMENT_NONE;
    add_row(it, row);
  }
  for (size_t column = 0; column < it->columns; ++column) {
    const size_t row = it->row_at[column];
    if (row < it->rows && it->costs[row * it->columns + column] < it->limit) columns_of[row] = (long)column;
  }
}

bool assignment_solve(const double *costs, size_t rows, size_t columns, double limit, long *columns_of)
{
  solver it = {.costs = costs, .rows = rows, .columns = columns, .places = columns + rows, .limit = limit};
  if (rows == 0) return true;
  it.row_price = calloc(rows, sizeof *it.row_price);
  it.place_price = calloc(it.places, sizeof *it.place_price);
  it.distance = calloc(it.places, sizeof *it.distance);
  it.row_at = calloc(it.places, sizeof *it.row_at);
  it.before = calloc(it.places, sizeof *it.before);
  it.done = calloc(it.places, sizeof *it.done);
  const bool has_room = it.row_price && it.place_price && it.distance && it.row_at && it.before && it.done;
  if (has_room) solve(&it, columns_of);
  free(it.row_price);
  free(it.place_price);
  free(it.distance);
  free(it.row_at);
  free(it.before);
  free(it.done);
  return has_room;
}
