/*
 * tile.c - tiles of the tile core: what a device may run and a kernel can be built with, names and index spaces. Which
 * tile a shape is given stands in rows of data (tuning.h).
 *
 * A tile is data: these numbers give both the kernel's -D text and its index space. Sums are equal bit by bit in every
 * tile, so the choice is free.
 */
#include "tile.h"

#include <stdio.h>

#include "tuning.h"

enum { MOST_ROWS = 16, MOST_VECTORS = 4, MOST_SUMS = 512, MOST_GROUP = 256 };

static bool is_power(size_t n)
{
  return n && !(n & (n - 1));
}

/* Each number's own limit first, so that the products cannot overflow. */
bool cr_tile_valid(const cr_tile *t, const cr_facts *facts)
{
  if (t->rows < 1 || t->rows > MOST_ROWS || t->vectors < 1 || t->vectors > MOST_VECTORS) return false;
  if (t->vector < 2 || t->vector > CR_PANEL || !is_power((size_t)t->vector)) return false;
  if (t->rows * t->vectors * t->vector > MOST_SUMS) return false;
  if (!is_power(t->local_rows) || t->local_rows > MOST_GROUP) return false;
  if (!is_power(t->local_columns) || t->local_columns > MOST_GROUP) return false;
  const size_t group = t->local_rows * t->local_columns;
  return group <= MOST_GROUP && group <= facts->largest_work_group;
}

bool cr_tile_fits(const cr_tile *t, const cr_tiled_shape *shape)
{
  if (shape->kernel == CR_TILED_SEPARABLE) return t->vector == CR_PANEL && t->local_rows == 1 && t->local_columns == 1;
  const size_t width = (size_t)t->vectors * t->vector; /* a tile reads the channels of one panel or of one group */
  return shape->groups <= 1 || width <= CR_PANEL || shape->columns / shape->groups % width == 0;
}

bool cr_tile_same(const cr_tile *a, const cr_tile *b)
{
  return a->rows == b->rows && a->vectors == b->vectors && a->vector == b->vector &&
         a->columns_first == b->columns_first && a->local_rows == b->local_rows && a->local_columns == b->local_columns;
}

bool cr_tiled_shape_of(const cr_op *op, int maps, cr_tiled_shape *shape)
{
  const size_t times = (size_t)maps;
  *shape = (cr_tiled_shape){.taps = 1, .groups = 1, .half = op->half};
  switch (op->kind) {
  case CR_CONV:
    shape->kernel = CR_TILED_CONV;
    shape->rows = times * op->conv.out_height * op->conv.out_width;
    shape->columns = op->conv.out_channels;
    shape->depth = op->conv.channels / op->conv.groups;
    shape->taps = (size_t)op->conv.kernel_height * op->conv.kernel_width;
    shape->groups = op->conv.groups;
    return true;
  case CR_GEMM:
    shape->kernel = CR_TILED_GEMM;
    shape->rows = op->gemm.m, shape->columns = op->gemm.n, shape->depth = op->gemm.k;
    return true;
  case CR_WINOGRAD_PRODUCT:
    shape->kernel = CR_TILED_WINOGRAD;
    shape->rows = times * cr_winograd_tiles(&op->winograd);
    shape->columns = op->winograd.out_channels, shape->depth = op->winograd.channels;
    shape->taps = cr_winograd_planes(&op->winograd);
    return true;
  case CR_SEPARABLE:
    shape->kernel = CR_TILED_SEPARABLE;
    shape->rows = (size_t)op->separable.height * op->separable.width; /* tiles end with the picture */
    shape->columns = op->separable.out_channels, shape->depth = op->separable.channels;
    return true;
  case CR_ATTENTION:
    shape->kernel = CR_TILED_ATTENTION;
    shape->rows = shape->columns = op->attention.positions;
    shape->depth = op->attention.inner;
    return true;
  default:
    return false;
  }
}

cr_tile cr_tile_choose(const cr_device *device, const cr_tiled_shape *shape)
{
  static const cr_tile smallest = {.rows = 1, .vectors = 1, .vector = 16, .local_rows = 1, .local_columns = 1};
  cr_tile tile = smallest; /* which every device and kernel takes */
  cr_tuning_find(device, shape, &tile);
  return tile;
}

void cr_step_tile(cr_step *step)
{
  cr_tiled_shape shape;
  cr_device *device = step->queue->device;
  const cr_tile *given = step->op.tile;
  if (!cr_tiled_shape_of(&step->op, step->largest_batch, &shape)) return;
  if (given && cr_tile_valid(given, &device->facts) && cr_tile_fits(given, &shape))
    step->tile = *given;
  else
    step->tile = cr_tile_choose(device, &shape);
}

void cr_tile_name(cr_step *step, const char *stem)
{
  const cr_tile *t = &step->tile;
  char *text = step->variant;
  const size_t size = sizeof step->variant;
  if (step->op.plain)
    snprintf(text, size, "%s plain", stem);
  else if (t->local_rows * t->local_columns == 1)
    snprintf(text, size, "%s %dx%dx%d", stem, t->rows, t->vectors, t->vector);
  else
    snprintf(text, size, "%s %dx%dx%d in %zux%zu", stem, t->rows, t->vectors, t->vector, t->local_rows,
             t->local_columns);
}

/* Kernels are made for three kinds of epilogue, not for each: every kind is a program to compile. */
static int possible(int flags)
{
  const int common = CR_EPILOGUE_BIAS | CR_EPILOGUE_RELU;
  if (!(flags & ~common)) return common;
  if (!(flags & ~(common | CR_EPILOGUE_RESIDUAL))) return common | CR_EPILOGUE_RESIDUAL;
  return ~0;
}

/* On a CPU a panel streams by at the pace of the sums; 4 KiB ahead is what a memory needs to answer in time. */
int cr_tile_options(const cr_step *step, int flags, char *text, size_t size)
{
  const cr_tile *tile = &step->tile;
  const int ahead = step->queue->device->facts.type == CR_DEVICE_CPU ? 1024 : 0;
  char storage[CR_STORAGE_TEXT];
  return snprintf(text, size, "-DTM=%d -DTN=%d -DV=%d -DROW_DIM=%d -DAHEAD=%d -DEPILOGUE=%d %s", tile->rows,
                  tile->vectors, tile->vector, tile->columns_first, ahead, possible(flags),
                  cr_storage_options(&step->op, storage));
}

void cr_tile_space(cr_step *step, size_t rows, size_t columns, size_t third)
{
  const cr_tile *tile = &step->tile;
  const size_t row_tiles = (rows + tile->rows - 1) / tile->rows;
  const size_t width = (size_t)tile->vectors * tile->vector;
  const size_t column_tiles = (cr_padded(columns) + width - 1) / width;
  const int row_dim = tile->columns_first;
  step->local[row_dim] = tile->local_rows;
  step->local[1 - row_dim] = tile->local_columns;
  cr_step_space(step, row_dim ? column_tiles : row_tiles, row_dim ? row_tiles : column_tiles, third);
}
