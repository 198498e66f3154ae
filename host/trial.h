/*
 * trial.h - an operator on operands of its own, to be run and compared: for the self-test and the tests.
 *
 * Owns the operands: random numbers from a hash, in device memory and in host memory, with guard bands round every
 * matrix, between its pictures and beside its columns. What the numbers should be is oracle.c's business.
 *
 * A buffer of a trial, G for a guard of NaNs, p for the padding columns of a row:
 *
 *     G [G row p G] [G row p G] ... G [G row p G] ... G
 *       \_____ picture 0 _____/      \_ picture 1 _/
 */
#ifndef CR_TRIAL_H
#define CR_TRIAL_H

#include "ops.h"

/* What to run. Zero is the ordinary case everywhere. */
typedef struct cr_trial_spec {
  cr_op op; /* kind, sizes, activation, storage, plain, library; views, buffers and gemm.input_column are the trial's */
  int batch;
  uint64_t seed;
  int power;             /* inputs are uniform in [-2^power, 2^power) */
  bool bias, scale;      /* scale: the factors of a convolution's weights, the weights of CR_SCALE */
  bool second, residual; /* of masks: the spatial, the channel mask; of pools: second is a mask as large as the map;
                            products and attention have their operands always */
  bool gate;             /* conv */
  bool alone;            /* attend: without input */
  bool transposed;       /* gemm: a stands transposed */
  bool shared[CR_VIEWS]; /* one matrix for all pictures */
  int before[CR_VIEWS];  /* columns of a wider matrix before and after the operand's own; multiples of CR_PANEL */
  int after[CR_VIEWS];
  int pixel;  /* conv: elements from pixel to pixel in lines of conv.input_line elements, for maps with a
                 margin; 0: rows are padded */
  bool dirty; /* the padding columns of what is read are NaN instead of zero */
} cr_trial_spec;

/* Specs with the usual numbers filled in: the rest is set by name. */
typedef struct cr_window {
  int kernel, stride, padding, dilation;                         /* of rows, and of columns too unless given below */
  int kernel_width, stride_width, padding_width, dilation_width; /* 0: as for rows; padding -1: none */
} cr_window;
cr_trial_spec cr_trial_conv(int batch, int height, int width, int channels, int out_channels, int groups,
                            cr_window window);
cr_trial_spec cr_trial_gemm(int batch, int m, int n, int k);
/* Without a kernel: the mean of all positions. */
cr_trial_spec cr_trial_pool(int batch, int height, int width, int channels, bool maximum, cr_window window);
cr_trial_spec cr_trial_rows(cr_kind kind, int batch, int rows, int columns); /* CR_PACK, _SCALE, _MASK, _SOFTMAX */
cr_trial_spec cr_trial_attention(int batch, int positions, int inner);

/* Is the bias of op one number a row? */
bool cr_trial_bias_by_row(const cr_op *op);

/* "conv 1x17x9x3 k3 s2 p1 o20 bias relu half": all of the spec but its seed. */
void cr_trial_name(const cr_trial_spec *spec, char *bytes, size_t size);

/* How one operand lies within a picture. */
typedef struct cr_extent {
  size_t rows, columns; /* logical */
  size_t padded;        /* columns that belong to the operand */
  size_t row;           /* from row to row, in elements */
  bool panels;          /* [padded / CR_PANEL][rows][CR_PANEL] instead */
} cr_extent;

typedef struct cr_trial {
  cr_trial_spec spec;
  cr_op op; /* spec.op with views and buffers */
  cr_queue *queue;
  cr_extent extent[CR_VIEWS];
  bool half[CR_VIEWS];       /* the storage of each operand */
  size_t elements[CR_VIEWS]; /* of each buffer; 0: no such operand */
  void *memory[CR_VIEWS];    /* host copies; that of the output is what the last run left in it */
  float *weights;            /* conv: [out][in / groups][kh][kw]; scale: [columns]; else NULL */
  float *scale, *bias;       /* NULL: none */
  char name[224];
  char variant[64]; /* of the last run ... */
  bool ran;         /* ... which came to its end and was read, whatever its numbers */
  double worst;     /* what is off of a number at most, in parts of what may be: of the last comparison */
} cr_trial;

clreid_status cr_trial_create(cr_queue *queue, const cr_trial_spec *spec, cr_trial **trial, clreid_error *error);
void cr_trial_destroy(cr_trial *trial); /* NULL allowed */

/* Runs pictures first .. first + count - 1 of the trial and reads the output back: by a step for all pictures from
 * first on, or by its plain twin. Fails if the output's guards or any input changed, or if padding that should be zero
 * is not. */
clreid_status cr_trial_run(cr_trial *trial, bool plain, int first, int count, clreid_error *error);

/* The element of an operand's memory, as double. The trial's output: row, column of the logical matrix. */
double cr_trial_read(const cr_trial *trial, int view, int picture, size_t row, size_t column);

/* The same bits in the output's element as in other, a copy of the output's memory of the same trial? */
bool cr_trial_same(const cr_trial *trial, const void *other, int picture, size_t row, size_t column);
size_t cr_trial_output_bytes(const cr_trial *trial);

#endif
