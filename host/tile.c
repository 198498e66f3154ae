/*
 * tile.c - the tiles of the tile core: which there are, which a device may run, and which it is given.
 *
 * A tile is data: these numbers give both the kernel's -D text and its index space. Sums are equal bit by bit in every
 * tile, so the choice is free.
 */
#include "tile.h"

#include <stdio.h>

/* CPUs: one work-item a work-group and whole panels; as many sums as fit the registers beside one row and the panel.
 * GPUs: neighbouring work-items on neighbouring columns, so that loads of weights and stores of sums are coalesced. */
const cr_tile cr_tiles[] = {
    {.rows = 6, .vectors = 1, .vector = 16, .local_rows = 1, .local_columns = 1},  /* 16 registers of 8 floats */
    {.rows = 12, .vectors = 2, .vector = 16, .local_rows = 1, .local_columns = 1}, /* 32 registers of 16 floats */
    {.rows = 8, .vectors = 1, .vector = 16, .local_rows = 1, .local_columns = 1},
    {.rows = 3, .vectors = 1, .vector = 16, .local_rows = 1, .local_columns = 1},
    {.rows = 4, .vectors = 2, .vector = 4, .local_rows = 1, .local_columns = 1}, /* 16 registers of 4 floats */
    {.rows = 4, .vectors = 1, .vector = 16, .local_rows = 1, .local_columns = 1},
    {.rows = 8, .vectors = 1, .vector = 4, .columns_first = true, .local_rows = 4, .local_columns = 16},
    {.rows = 4, .vectors = 1, .vector = 4, .columns_first = true, .local_rows = 4, .local_columns = 16},
    {.rows = 4, .vectors = 1, .vector = 4, .columns_first = true, .local_rows = 4, .local_columns = 4},
    {.rows = 1, .vectors = 4, .vector = 16, .local_rows = 1, .local_columns = 1}, /* vectors: four chains of sums */
};
const size_t cr_tile_count = sizeof cr_tiles / sizeof cr_tiles[0];
enum { TILE_AVX2, TILE_AVX512, TILE_8, TILE_3, TILE_SSE, TILE_4, TILE_GPU, TILE_GPU_SHORT, TILE_GPU_SMALL, TILE_1 };

bool cr_tile_valid(const cr_tile *tile, const cr_facts *facts)
{
  return tile->local_rows * tile->local_columns <= facts->largest_work_group && tile->rows >= 1 && tile->vectors >= 1 &&
         CR_PANEL % tile->vector == 0;
}

/* The last one's group is a single work-item, which every device runs. */
static int choose_in_groups(const cr_facts *facts, size_t rows, int columns)
{
  const int tiles[] = {rows < 2048 || columns < 64 ? TILE_GPU_SHORT : TILE_GPU, TILE_GPU_SMALL, TILE_SSE};
  int t = 0;
  while (tiles[t] != TILE_SSE && !cr_tile_valid(&cr_tiles[tiles[t]], facts)) t++;
  return tiles[t];
}

static int choose(const cr_facts *facts, size_t rows, int columns)
{
  if (facts->type != CR_DEVICE_CPU) return choose_in_groups(facts, rows, columns);
  if (rows == 1 && facts->float_vector_width >= 8) return TILE_1;
  if (facts->float_vector_width >= 16) return columns > CR_PANEL ? TILE_AVX512 : TILE_8;
  /* As few rows past the end as can be: 8 are two tiles of 4, 12 two of 6. */
  if (facts->float_vector_width >= 8)
    return rows <= 3 ? TILE_3 : rows < 48 && (rows + 5) / 6 * 6 > (rows + 3) / 4 * 4 ? TILE_4 : TILE_AVX2;
  return TILE_SSE;
}

const cr_tile *cr_tile_choose(const cr_device *device, size_t rows, int columns)
{
  return &cr_tiles[device->forced_tile >= 0 ? device->forced_tile : choose(&device->facts, rows, columns)];
}

void cr_tile_force(cr_device *device, int index)
{
  device->forced_tile = index;
}

const cr_tile *cr_tile_within_panel(const cr_tile *tile)
{
  return tile->vector == 16 ? &cr_tiles[TILE_8] : &cr_tiles[TILE_GPU_SMALL];
}

void cr_tile_name(cr_step *step, const char *stem)
{
  if (step->op.plain)
    snprintf(step->variant, sizeof step->variant, "%s plain", stem);
  else
    snprintf(step->variant, sizeof step->variant, "%s %dx%d", stem, step->tile->rows,
             step->tile->vectors * step->tile->vector);
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
  const cr_tile *tile = step->tile;
  const int ahead = step->queue->device->facts.type == CR_DEVICE_CPU ? 1024 : 0;
  return snprintf(text, size, "-DTM=%d -DTN=%d -DV=%d -DROW_DIM=%d -DHALF=%d -DAHEAD=%d -DEPILOGUE=%d", tile->rows,
                  tile->vectors, tile->vector, tile->columns_first, step->op.half, ahead, possible(flags));
}

void cr_tile_space(cr_step *step, const cr_tile *tile, size_t rows, size_t columns, size_t third)
{
  const size_t row_tiles = (rows + tile->rows - 1) / tile->rows;
  const size_t width = (size_t)tile->vectors * tile->vector;
  const size_t column_tiles = (cr_padded(columns) + width - 1) / width;
  const int row_dim = tile->columns_first;
  step->local[row_dim] = tile->local_rows;
  step->local[1 - row_dim] = tile->local_columns;
  cr_step_space(step, row_dim ? column_tiles : row_tiles, row_dim ? row_tiles : column_tiles, third);
}
