/*
 * ops.h - all that lib/ sees of host/: devices, buffers, queues, and operators ready to be launched.
 *
 * An operator is described by a cr_op: plain numbers, no OpenCL type. cr_step_create turns it into launches for batches
 * up to a largest one; cr_step_run enqueues them. Nothing here knows what a network is.
 *
 * Layout. Activations are NHWC: a matrix of positions (rows) by channels (columns). Every row starts at a multiple of
 * CR_PANEL elements from the tensor's start and its length is padded to one (the picture, with its three channels, is
 * the exception, see cr_resize). A kernel may read and write the padding of a row; what is in it is zero wherever a
 * product over columns follows, because padded weights and biases are zero.
 * Elements are float, or half where the storage is half; sums are float always.
 */
#ifndef CR_OPS_H
#define CR_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report.h"

#define CR_PANEL 16 /* columns of a panel of packed weights; the unit that rows are padded to */

static inline size_t cr_padded(size_t columns)
{
  return (columns + CR_PANEL - 1) / CR_PANEL * CR_PANEL;
}

/* ---- Devices ---------------------------------------------------------------------------------------------------- */

typedef enum cr_device_type { CR_DEVICE_OTHER = 0, CR_DEVICE_CPU, CR_DEVICE_GPU, CR_DEVICE_ACCELERATOR } cr_device_type;

/* What the library knows of a device; every decision is made from these, none from a name. Read once. */
typedef struct cr_facts {
  int index; /* in the flat list over all platforms */
  cr_device_type type;
  bool several_types; /* it claims more than one type */
  bool usable;
  bool is_default; /* what a NULL choice opens */
  char name[128], vendor[128], platform[128], platform_version[128], version[128], driver[128];
  char problem[128]; /* why it is not usable */
  unsigned compute_units;
  unsigned clock_mhz;
  unsigned float_vector_width; /* native */
  bool fused_multiply_add;     /* fma() is single hardware instruction's worth: CL_FP_FMA */
  bool half_arithmetic;
  bool local_memory_is_real; /* not a part of global memory */
  uint64_t global_memory_bytes, largest_buffer_bytes, local_memory_bytes;
  uint64_t largest_work_group;
} cr_facts;

/* All devices of all platforms; *list is freed with free(). default_index: what a NULL choice opens. */
clreid_status cr_devices_list(cr_facts **list, size_t *count, size_t *default_index, const cr_log *log,
                              clreid_error *error);

typedef struct cr_device cr_device; /* counted references; any thread */

typedef struct cr_device_config {
  const char *choice; /* as clreid_device_config */
  const char *cache_folder;
  const char *kernel_folder;
  cr_log log;
} cr_device_config;

clreid_status cr_device_open(const cr_device_config *config, cr_device **device, clreid_error *error);
void cr_device_retain(cr_device *device);
void cr_device_release(cr_device *device); /* NULL allowed */
const cr_facts *cr_device_facts(const cr_device *device);
const cr_log *cr_device_log(const cr_device *device);

/* ---- Buffers and queues ----------------------------------------------------------------------------------------- */

typedef struct cr_buffer cr_buffer; /* device memory; counted references; holds its device */
typedef struct cr_queue cr_queue;   /* in order; one thread at a time; holds its device */

/* bytes of device memory, a copy of data if not NULL, undefined otherwise. A buffer larger than the device allows fails
 * with both numbers. */
clreid_status cr_buffer_create(cr_device *device, size_t bytes, const void *data, cr_buffer **buffer,
                               clreid_error *error);
void cr_buffer_retain(cr_buffer *buffer);
void cr_buffer_release(cr_buffer *buffer); /* NULL allowed */
size_t cr_buffer_bytes(const cr_buffer *buffer);

clreid_status cr_queue_create(cr_device *device, cr_queue **queue, clreid_error *error);
void cr_queue_destroy(cr_queue *queue); /* waits; NULL allowed */
clreid_status cr_queue_write(cr_queue *queue, cr_buffer *buffer, size_t offset_bytes, size_t bytes, const void *data,
                             clreid_error *error); /* returns when data may be reused */
clreid_status cr_queue_read(cr_queue *queue, cr_buffer *buffer, size_t offset_bytes, size_t bytes, void *data,
                            clreid_error *error); /* waits for all before it */
clreid_status cr_queue_finish(cr_queue *queue, clreid_error *error);

/* ---- Operators -------------------------------------------------------------------------------------------------- */

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
 * [cr_winograd_planes][cr_winograd_tiles of all pictures][padded channels]: a tensor of as many rows a picture. */
typedef struct cr_winograd {
  int tile;
  int height, width, channels;
  int out_height, out_width, out_channels;
  int padding;
} cr_winograd;

int cr_winograd_planes(const cr_winograd *winograd);
int cr_winograd_tiles(const cr_winograd *winograd); /* of one picture */

/* A 1x1 convolution, bias, ReLU, then a depthwise 3x3 one with padding 1, bias, ReLU; what is between them is float and
 * is not stored. weights[padded(out_channels) / 16][channels + 9][16], the second convolution's taps after the first
 * one's weights; bias float[2][padded(out_channels)]. For devices that run a work-item as a loop, over few and large
 * groups. */
typedef struct cr_separable {
  int height, width, channels;
  int out_height, out_width, out_channels;
  int stride; /* 1 or 2 */
} cr_separable;

typedef struct cr_op {
  cr_kind kind;
  const char *name; /* for messages and profiles; lives as long as the step */
  cr_view view[CR_VIEWS];
  cr_buffer *weights, *bias; /* borrowed from the model; NULL: none */
  cr_activation activation;
  bool half;         /* storage of all views and of packed weights; sums are float */
  bool float_output; /* output float even where the storage is half (conv, pool, scale) */
  bool float_input;  /* input float even where the storage is half (scale) */
  bool plain;        /* the plain twin of the kernel */
  int streams;       /* > 1: maps a picture; the views' picture stride is from map to map, for 0 and 1 there is one */
  union {
    cr_conv conv;
    cr_gemm gemm;
    cr_pack pack;
    cr_pool pool;
    cr_scale scale;
    cr_mask mask;
    cr_softmax softmax;
    cr_attention attention;
    cr_harmony harmony;
    cr_attend attend;
    cr_crop crop;
    cr_normalise normalise;
    cr_winograd winograd;
    cr_separable separable;
  };
} cr_op;

typedef struct cr_step cr_step; /* belongs to one queue's thread */

/* Builds what op needs on the queue's device. Views must be resolved; buffers are retained. */
clreid_status cr_step_create(cr_queue *queue, const cr_op *op, int largest_batch, cr_step **step, clreid_error *error);
void cr_step_destroy(cr_step *step); /* NULL allowed */
/* Enqueues the step for batch pictures, 1 .. largest_batch. Allocates and compiles nothing once it has run for the
 * largest batch and for one. */
clreid_status cr_step_run(cr_step *step, int batch, clreid_error *error);
int cr_step_launches(const cr_step *step);        /* a call of CLBlast counts as one */
const char *cr_step_variant(const cr_step *step); /* "conv 6x16 vec16": for profiles */

/* Lays out convolution weights for the device's kernels: weights[out_channels][channels / groups][kernel_height]
 * [kernel_width] times scale[out_channels] -> a buffer, of halves if op->half. Uses op->conv, op->half, op->plain. */
clreid_status cr_conv_pack(cr_device *device, const cr_op *op, const float *weights, const float *scale,
                           cr_buffer **packed, clreid_error *error);

/* The same for CR_WINOGRAD_PRODUCT: weights[out_channels][channels][3][3] -> planes of panels, floats. */
clreid_status cr_winograd_pack(cr_device *device, const cr_op *op, const float *weights, cr_buffer **packed,
                               clreid_error *error);

/* Rounds floats to halves, to nearest even, and back. */
void cr_to_half(const float *from, uint16_t *to, size_t count);
void cr_from_half(const uint16_t *from, float *to, size_t count);

/* ---- Preprocessing ---------------------------------------------------------------------------------------------- */

/* One axis of a resize in Pillow's fixed-point arithmetic: output i sums count[i] inputs from first[i] on, with
 * weights[i * taps ...], scaled by 2^22. */
typedef struct cr_axis {
  int in, out, taps;
  const int32_t *first;   /* [out] */
  const int32_t *count;   /* [out] */
  const int32_t *weights; /* [out][taps] */
} cr_axis;

typedef struct cr_resize_picture {
  const uint8_t *pixels; /* [height][pitch_bytes], RGB */
  int width, height;
  size_t pitch_bytes;
  bool mirrored;
  const cr_axis *across, *down; /* of width -> spec.width, of height -> spec.height */
} cr_resize_picture;

/* Crop, resize, normalise: the picture as the network wants it, [margin + height + margin][margin + width + margin][3]
 * elements, its margin zero. */
typedef struct cr_resize_spec {
  int height, width, margin;
  bool reversed; /* output channels B, G, R */
  bool half;
  bool bytes_only;     /* for tests: output the resized bytes, uint8_t, instead of normalised elements */
  float table[3][256]; /* value of byte v in output channel c */
} cr_resize_spec;

typedef struct cr_resize cr_resize; /* owns its upload buffers; belongs to one queue's thread */

clreid_status cr_resize_create(cr_queue *queue, const cr_resize_spec *spec, const cr_view *output, int largest_batch,
                               cr_resize **resize, clreid_error *error);
void cr_resize_destroy(cr_resize *resize); /* NULL allowed */
/* Uploads count pictures and enqueues one launch for all of them. Grows the upload buffers if it must. */
clreid_status cr_resize_run(cr_resize *resize, const cr_resize_picture *pictures, int count, clreid_error *error);

/* ---- Self-test -------------------------------------------------------------------------------------------------- */

/* Every operator and variant that the device may be given, against double precision. */
clreid_status cr_selftest(cr_device *device, int *checks, clreid_error *error);

#endif
