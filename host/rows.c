/*
 * rows.c - see rows.h.
 */
#include "rows.h"

#include <stdio.h>

/* F(4 x 4) keeps a window of 36 vectors: of 4 floats, they fill the registers of a GPU's work-item. */
static bool is_large(const cr_op *op)
{
  return (op->kind == CR_WINOGRAD_INPUT || op->kind == CR_WINOGRAD_OUTPUT) && op->winograd.tile == 4;
}

int cr_rows_vector(const cr_step *step)
{
  if (step->op.plain) return 2;
  if (is_large(&step->op) && step->queue->device->facts.type != CR_DEVICE_CPU) return 2;
  return step->queue->device->facts.type == CR_DEVICE_CPU ? CR_PANEL : 4;
}

bool cr_rows_walk(const cr_step *step)
{
  return cr_facts_walk(&step->queue->device->facts);
}

clreid_status cr_rows_kernel(cr_step *step, const char *file, const char *kernel, clreid_error *error)
{
  char options[128], storage[CR_STORAGE_TEXT];
  const int vector = cr_rows_vector(step);
  snprintf(options, sizeof options, "-DV=%d -DWALK=%d %s", vector, cr_rows_walk(step),
           cr_storage_options(&step->op, storage));
  snprintf(step->variant, sizeof step->variant, "%s vec%d", kernel, vector);
  return cr_step_kernel(step, file, options, kernel, error);
}

/* Work-items of a dimension, in groups as large as is useful where work-items run side by side. */
static void set_locals(cr_step *step, size_t items)
{
  size_t local = 1;
  const cr_facts *facts = &step->queue->device->facts;
  if (facts->type != CR_DEVICE_CPU)
    while (local < items && local < 64 && local * 2 <= facts->largest_work_group) local *= 2;
  step->local[0] = local;
}

void cr_rows_space(cr_step *step, size_t columns, size_t rows, size_t batch)
{
  const size_t items = cr_rows_walk(step) ? 1 : cr_padded(columns) / cr_rows_vector(step);
  set_locals(step, items);
  cr_step_space(step, items, rows, batch);
}

void cr_rows_space_columns(cr_step *step, size_t columns, size_t batch)
{
  cr_rows_space_items(step, cr_padded(columns) / cr_rows_vector(step), batch);
}

void cr_rows_space_items(cr_step *step, size_t items, size_t batch)
{
  set_locals(step, items);
  cr_step_space(step, items, 1, batch);
}

void cr_arg_view(cr_args *args, const cr_view *view, const cr_buffer *if_null)
{
  cr_arg_buffer(args, view->buffer, if_null);
  cr_arg_ulong(args, view->offset);
  cr_arg_ulong(args, view->picture);
  cr_arg_int(args, view->row);
}
