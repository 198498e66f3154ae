/*
 * launch.h - a step: an operator's kernel with its arguments, ready to be enqueued; and what operators share.
 *
 * An operator's file (conv.c, gemm.c, ...) fills a step in `prepare`: kernel, constant arguments. `bind` sets what
 * depends on the batch: a few arguments and the index space. launch.c owns the life of steps and is the only place that
 * enqueues a kernel.
 *
 * An index space that is too much for one launch (limit.h) is enqueued in pieces that begin at an offset: a kernel
 * finds its place by get_global_id alone, never by get_group_id, which counts from the piece's begin.
 */
#ifndef CR_LAUNCH_H
#define CR_LAUNCH_H

#include "buffer.h"
#include "limit.h"
#include "program.h"

/* The numbers of cl/common.clh. */
enum {
  CR_EPILOGUE_RELU = 1,
  CR_EPILOGUE_SIGMOID = 2,
  CR_EPILOGUE_BIAS = 4,
  CR_EPILOGUE_BIAS_BY_ROW = 8,
  CR_EPILOGUE_RESIDUAL = 16,
  CR_EPILOGUE_GATE = 64,
};

/* Operands, as bits. */
enum {
  CR_OF_OUTPUT = 1 << CR_OUTPUT,
  CR_OF_INPUT = 1 << CR_INPUT,
  CR_OF_SECOND = 1 << CR_SECOND,
  CR_OF_RESIDUAL = 1 << CR_RESIDUAL,
};

typedef struct cr_operator {
  clreid_status (*prepare)(cr_step *step, clreid_error *error);
  clreid_status (*bind)(cr_step *step, int batch, clreid_error *error);
  clreid_status (*run)(cr_step *step, int batch, clreid_error *error); /* NULL: enqueue the kernel */
  int floats; /* operands that its kernel can take as floats where the storage is half (as_float) */
} cr_operator;

extern const cr_operator cr_operator_conv, cr_operator_gemm, cr_operator_pack, cr_operator_pool, cr_operator_scale,
    cr_operator_mask, cr_operator_depthwise, cr_operator_harmony, cr_operator_attend, cr_operator_crop,
    cr_operator_normalise, cr_operator_winograd_input, cr_operator_winograd_product, cr_operator_winograd_output,
    cr_operator_softmax, cr_operator_attention, cr_operator_separable, cr_operator_grouped;

/* A rectangle of the tile core's parameters (cl/tile.clh), and its index space. The numbers exist here once. */
typedef struct cr_tile {
  int rows;           /* TM */
  int vectors;        /* TN */
  int vector;         /* V */
  bool columns_first; /* neighbouring work-items take neighbouring columns (ROW_DIM 1) */
  size_t local_rows, local_columns;
} cr_tile;

struct cr_step {
  const cr_operator *operator_;
  cr_queue *queue;
  cr_op op;
  int streams;       /* at least 1 */
  int largest_batch; /* pictures times streams, as everything that operators see of batches */
  int bound_batch;   /* 0: none yet */
  cl_kernel kernel;
  size_t largest_group; /* that this kernel runs in: with many registers less than the device's largest */
  size_t global[3], local[3];
  uint64_t map_work; /* of a picture or map, see limit.h */
  int launches;      /* of the largest batch */
  cr_tile tile;      /* of the tile core, if the kernel has one */
  cr_buffer *zeros;  /* owned; what conv reads outside the map */
  cr_step *next;     /* owned; what clblast.c runs after its product */
  char variant[64];
  char kernel_key[64]; /* of the program, and the kernel's name: what is remembered of it (proof.h) */
};

/* Arguments in the order of the kernel's parameters; the first failing code is kept. */
typedef struct cr_args {
  cl_kernel kernel;
  cl_uint next;
  cl_int code;
} cr_args;

void cr_arg_int(cr_args *args, size_t value);   /* int; one beyond it fails */
void cr_arg_ulong(cr_args *args, size_t value); /* ulong */
void cr_arg_float(cr_args *args, float value);
void cr_arg_local(cr_args *args, size_t bytes);                                       /* __local pointer */
void cr_arg_buffer(cr_args *args, const cr_buffer *buffer, const cr_buffer *if_null); /* __global pointer */
clreid_status cr_args_done(const cr_args *args, clreid_error *error);

/* Sets step->kernel, retained by the step, from cl/FILE with options. */
clreid_status cr_step_kernel(cr_step *step, const char *file, const char *options, const char *name,
                             clreid_error *error);

/* The index space: items in each dimension, rounded up to the local size, which shrinks to what the kernel can run in:
 * no kernel may rely on the size of its group. */
void cr_step_space(cr_step *step, size_t first, size_t second, size_t third);

/* The launches that the step's index space is cut into for maps pictures or maps. */
cr_cut cr_step_cut(const cr_step *step, int maps);

int cr_epilogue_flags(const cr_op *op);

/* How the operands are stored, as cl/common.clh wants to know it: "-DHALF=1 -DOUTPUT_FLOAT=1". Returns text. */
enum { CR_STORAGE_TEXT = 96 };
const char *cr_storage_options(const cr_op *op, char text[CR_STORAGE_TEXT]);

#endif
