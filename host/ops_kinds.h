/*
 * ops_kinds.h - the operators that networks are made of, each a struct of plain numbers; a part of ops.h.
 */
#ifndef CR_OPS_KINDS_H
#define CR_OPS_KINDS_H

#include "ops_device.h"

#define CR_PANEL 16 /* columns of a panel of packed weights; the unit that rows are padded to */

static inline size_t cr_padded(size_t columns)
{
  return (columns + CR_PANEL - 1) / CR_PANEL * CR_PANEL;
}

/* Rows of a matrix for each picture of the batch, inside a buffer. In elements. */
typedef struct cr_view {
  int tensor;        /* the planner's own number of the tensor, -1 none; host/ does not look at it */
  cr_buffer *buffer; /* borrowed; NULL: the operator goes without this operand */
  size_t offset;     /* of the first row of the first picture */
  size_t picture;    /* from picture to picture; 0: all share one */
  size_t row;        /* from row to row */
} cr_view;

typedef enum cr_activation { CR_LINEAR = 0, CR_RELU, CR_SIGMOID } cr_activation;

typedef enum cr_kind {
  CR_CONV,
  CR_GEMM,
  CR_PACK,
  CR_POOL,
  CR_SCALE,
  CR_MASK,
  CR_SOFTMAX,
  CR_ATTENTION,
  CR_HARMONY,
  CR_ATTEND,
  CR_CROP,
  CR_NORMALISE,
  CR_WINOGRAD_INPUT,
  CR_WINOGRAD_PRODUCT,
  CR_WINOGRAD_OUTPUT,
  CR_SEPARABLE,
  CR_KINDS
} cr_kind;

enum { CR_OUTPUT, CR_INPUT, CR_SECOND, CR_RESIDUAL, CR_GATE, CR_VIEWS }; /* roles of the views of an operator */

/* Convolution. input[batch][height][width][channels] by weights, + bias[out_channels], times gate (one row of
 * out_channels a picture), + residual of the output's shape, then the activation. weights as cr_conv_pack lays them
 * out; bias float[cr_padded(out_channels)]. input.row is the distance of two neighbouring pixels; input_line that of
 * two lines, for maps with a margin (0 means width * input.row). A map with a margin stores its zero border itself:
 * padding is then 0. */
typedef struct cr_conv {
  int height, width, channels; /* of the input */
  int out_height, out_width, out_channels;
  int kernel_height, kernel_width;
  int stride_height, stride_width;
  int padding_height, padding_width;
  int dilation_height, dilation_width;
  int groups;
  size_t input_line;
} cr_conv;

/* Batched product, one a picture: output[m][n] = act(sum over k of A[m][k] B[k][n] + bias + residual[m][n]).
 * A = input: element (m, k) at m * input.row + k * input_column, so A may stand transposed (input.row = 1).
 * B = second: row-major, or in panels of CR_PANEL columns (b_panels; [n / 16][k][16]) as CR_PACK makes them.
 * Either may be a matrix of weights: a buffer that all pictures share. */
typedef struct cr_gemm {
  int m, n, k;
  size_t input_column;
  bool b_panels;
  bool bias_by_row; /* bias float[m], else float[cr_padded(n)] */
  bool library;     /* CLBlast may run it: the caller asked for it */
} cr_gemm;

/* Copies a row-major matrix[rows][columns] into panels: output [cr_padded(columns) / 16][rows][16]; transposed, that of
 * its transpose: output [cr_padded(rows) / 16][columns][16], zero past the last row. */
typedef struct cr_pack {
  int rows, columns;
  bool transposed;
} cr_pack;

/* Window pooling, or with global set the mean of all positions: output one row of channels. A global mean may take
 * second, a mask of the input's shape: the mean of input * mask. Padding never wins a maximum and is not counted in an
 * average. */
typedef struct cr_pool {
  bool maximum, global;
  int height, width, channels;
  int out_height, out_width;
  int kernel_height, kernel_width, stride_height, stride_width, padding_height, padding_width;
} cr_pool;

/* output[r][c] = act(scale[c] * input[r][c] + bias[c] + residual[r][c]): batch norm that no convolution takes, and
 * activations that no kernel takes. scale (weights) float[padded], bias float[padded]; either may be NULL. The output
 * may be the input. */
typedef struct cr_scale {
  int rows, columns;
  bool bias_by_row; /* bias float[rows] */
} cr_scale;

/* output[r][c] = input[r][c] * second[r] * residual[c]: second a spatial mask (its first column), residual a channel
 * mask (one row); either may be missing. */
typedef struct cr_mask {
  int rows, columns;
} cr_mask;

/* output[r][.] = softmax over the columns of input[r][.]: exp(x - most) / sum, for logits of any size; the exponentials
 * are added with ascending columns. Padding columns become zero. */
typedef struct cr_softmax {
  int rows, columns;
} cr_softmax;

/* output[i][c] = sum over j of softmax_j(sum over k of input[i][k] second[k][j]) residual[j][c], the weights of the sum
 * never stored: input [positions][inner], second in panels as CR_PACK transposed makes them of [positions][inner],
 * residual [positions][inner]. Sums ascend. */
typedef struct cr_attention {
  int positions, inner;
} cr_attention;

/* The most positions that CR_ATTENTION may have on the device: it keeps their weights in local memory. */
int cr_attention_most(const cr_device *device);

/* What harmonious attention sees in input[height][width][channels]; output is one row of floats, whatever the storage:
 *     v[padded(channels)]       W blended: the mask at position p is sigmoid(relu(s[p] v[c] + shift[c])), see cr_attend
 *     centres[padded(centres)]  tanh of a linear layer of q
 *     s[padded(height width)]   resized to height x width, bilinear, half-pixel centres
 * with m[p] the mean over channels and q[c] the mean over positions:
 *     s = relu(layer 1 of resized(relu(layer 0 of m, 3x3 windows of stride 2, padding 1)))
 *     v = layer 4, without its shift, of relu(layer 3 of relu(layer 2 of q)),   centres = tanh(layer 5 of q)
 * weights: the six layers one after the other, in float, each a matrix in panels [padded(out) / 16][in][16], then its
 * shift [padded(out)]; out and in: 1 9, 1 1, reduced channels, channels reduced, channels channels, centres channels.
 * A rank-one input makes a matrix of the blend: W (s[p] c) = s[p] (W c). */
typedef struct cr_harmony {
  int height, width, channels;
  int reduced;
  int centres; /* two, x and y, for each region */
} cr_harmony;

/* Outputs and inputs of those layers. */
enum { CR_HARMONY_LAYERS = 6 };
static inline void cr_harmony_layers(const cr_harmony *h, int out[CR_HARMONY_LAYERS], int in[CR_HARMONY_LAYERS])
{
  out[0] = out[1] = in[1] = 1;
  in[0] = 9;
  out[2] = in[3] = h->reduced;
  in[2] = out[3] = in[4] = out[4] = in[5] = h->channels;
  out[5] = h->centres;
}

/* Where the parts of that row begin, and its length. */
static inline size_t cr_harmony_centres(const cr_harmony *h)
{
  return cr_padded(h->channels);
}

static inline size_t cr_harmony_map(const cr_harmony *h)
{
  return cr_harmony_centres(h) + cr_padded(h->centres);
}

static inline size_t cr_harmony_length(const cr_harmony *h)
{
  return cr_harmony_map(h) + cr_padded((size_t)h->height * h->width);
}

/* output[r][c] = input[r][c] * sigmoid(relu(s[r] v[c] + bias[c])), without input the mask alone: second is v, floats; s
 * begins `map` floats after it. */
typedef struct cr_attend {
  int rows, columns;
  size_t map;
} cr_attend;

/* output[stream][i][j][c] = input[y + i][x + j][c] + residual[stream][i][j][c], bilinear, zero outside the map, with
 * x = (tx + 1) width / 2 - out_width / 2, y = (ty + 1) height / 2 - out_height / 2; second is tx, ty of each stream:
 * floats. */
typedef struct cr_crop {
  int height, width, channels;
  int out_height, out_width, streams;
} cr_crop;

/* Vectors of floats: each of `parts` equal parts divided by its L2 norm, or by 1e-12 if that is larger. */
typedef struct cr_normalise {
  int columns, parts; /* columns is a multiple of parts * CR_PANEL */
} cr_normalise;

/* 3x3 convolution of stride 1 by minimal filtering F(tile x tile), tile 2 or 4, in three steps: windows of the input
 * into planes, a product for each plane, planes into the output with bias, residual and activation. Planes are
 * [cr_winograd_planes][cr_winograd_tiles of all pictures][padded channels], a panel of nothing after each: planes of a
 * power of two would all fall on the same few lines of a cache. A tensor of cr_winograd_rows a picture holds them. */
typedef struct cr_winograd {
  int tile;
  int height, width, channels;
  int out_height, out_width, out_channels;
  int padding;
} cr_winograd;

int cr_winograd_planes(const cr_winograd *winograd);
size_t cr_winograd_rows(const cr_winograd *winograd, size_t row); /* of `row` elements */
int cr_winograd_tiles(const cr_winograd *winograd);               /* of one picture */

/* A 1x1 convolution, bias, ReLU, then a depthwise 3x3 one with padding 1, bias, ReLU; what is between them is float and
 * is not stored. weights[padded(out_channels) / 16][channels + 9][16], the second convolution's taps after the first
 * one's weights; bias float[2][padded(out_channels)]. For devices that run a work-item as a loop, over few and large
 * groups. */
typedef struct cr_separable {
  int height, width, channels;
  int out_height, out_width, out_channels;
  int stride; /* 1 or 2 */
} cr_separable;

/* The widest map that CR_SEPARABLE may have on the device: it keeps some lines of it in local memory. */
int cr_separable_most(const cr_device *device);

#endif
