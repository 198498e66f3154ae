/*
 * rows.h - the shape of kernels that go over rows of channels (cl/rows.clh): their parameters and index space.
 */
#ifndef CR_ROWS_H
#define CR_ROWS_H

#include "launch.h"

/* Builds KERNEL of cl/FILE for the step's device, storage and float operands. The plain twin of such a kernel is the
 * same text with vectors of two. */
clreid_status cr_rows_kernel(cr_step *step, const char *file, const char *kernel, clreid_error *error);

/* Columns of a vector: the kernel's V. */
int cr_rows_vector(const cr_step *step);

/* Does a work-item walk along a row, as on a CPU? The kernel's WALK. */
bool cr_rows_walk(const cr_step *step);

/* Index space of `rows` rows of `columns` for batch pictures. */
void cr_rows_space(cr_step *step, size_t columns, size_t rows, size_t batch);
/* The same where each work-item owns one vector of columns on any device. */
void cr_rows_space_columns(cr_step *step, size_t columns, size_t batch);

/* One work-item for each of `items` (rows that are not divided) and picture. */
void cr_rows_space_items(cr_step *step, size_t items, size_t batch);

/* offset, picture stride and row stride of a view, as every row kernel takes them. */
void cr_arg_view(cr_args *args, const cr_view *view, const cr_buffer *if_null);

#endif
