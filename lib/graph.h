/*
 * graph.h - a network as a small graph of operators, and the weights that it names.
 *
 * A network's file builds one of these with readable lines. Nodes are numbered in the order of computation; every
 * builder returns the number of its node. An error is kept in the graph and passed on: builders given CR_BROKEN return
 * CR_BROKEN, so a network's lines need no checks and cr_graph_status tells at the end. Owns nodes, names and weight
 * specifications. Knows nothing of devices; fuse.c and plan.c turn it into launches.
 */
#ifndef CR_GRAPH_H
#define CR_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../host/report.h"

typedef int cr_node;
enum { CR_BROKEN = -1 };

/* What a tensor of weights is: how random weights draw it, and what is checked. */
typedef enum cr_role {
  CR_ROLE_KERNEL,   /* convolution weights [out][in / groups][kh][kw] */
  CR_ROLE_BIAS,     /* of a convolution */
  CR_ROLE_GAMMA,    /* batch norm weight */
  CR_ROLE_BETA,     /* batch norm bias */
  CR_ROLE_MEAN,     /* batch norm running_mean */
  CR_ROLE_VARIANCE, /* batch norm running_var: must not be negative */
} cr_role;

typedef struct cr_weight_spec {
  char name[96];
  int dims;
  int shape[4];
  cr_role role;
  float gain; /* random weights: factor on what the role draws (the damping of residual branches); for CR_ROLE_VARIANCE
                 the variance to expect with random weights. 1 unless the network says otherwise */
} cr_weight_spec;

/* ---- Nodes ------------------------------------------------------------------------------------------------------ */

typedef enum cr_node_kind {
  CR_NODE_INPUT,
  CR_NODE_CONV,
  CR_NODE_BATCH_NORM,
  CR_NODE_RELU,
  CR_NODE_SIGMOID,
  CR_NODE_ADD,
  CR_NODE_MASK,
  CR_NODE_POOL,
  CR_NODE_RELATION,
  CR_NODE_SQUEEZE,
  CR_NODE_ATTENTION,
  CR_NODE_CONCAT,
  CR_NODE_HARMONY,
  CR_NODE_ATTEND,
  CR_NODE_CROP,
  CR_NODE_STREAMS_AS_CHANNELS,
  CR_NODE_JOIN,
  CR_NODE_NORMALISE,
} cr_node_kind;

/* Convolution: weights NAME.weight[out][channels / groups][kernel][kernel], NAME.bias[out] if it has one. Zeros stand
 * for 1 in stride, dilation and groups. */
typedef struct cr_conv_spec {
  int out, kernel, stride, padding, dilation, groups;
  bool bias;
  bool linear; /* a matrix: weights NAME.weight[out][channels], kernel 1 */
} cr_conv_spec;

typedef struct cr_pool_spec {
  bool maximum, global;
  int kernel, stride, padding;
  bool round_up; /* sizes: a last window may hang over the edge */
} cr_pool_spec;

/* Relation-aware global attention, up to but without the sigmoid (Zhang et al., Eq. 1-3). Nodes are the pixels of the
 * map (their features its channels) or its channels (their features the pixels). With theta, phi embeddings of `inner`
 * values, R = Theta^T Phi, and the relation of node j the 1x1 convolution gg of [R[j, :]; R[:, j]]:
 *     a = W2 relu(W1 [mean(gx(x)); gg([R; R^T])])       value [nodes], one number a node
 * Weights: PREFIX.gx_KIND.0, .1, theta_KIND, phi_KIND, gg_KIND, W_KIND.0, .1, .3, .4 with KIND spatial or channel. */
typedef struct cr_relation_spec {
  bool of_channels;      /* nodes are channels */
  bool relation, visual; /* pairwise part, unary part */
  int embedding_ratio;   /* s1 */
  int inside_ratio;      /* s2 */
  /* filled by the graph */
  int nodes, features; /* N, and the length of a node's feature */
  int inner;           /* features / s1 */
  int related;         /* nodes / s1: outputs of gg */
  int middle;          /* outputs of W1 */
} cr_relation_spec;

/* Squeeze-and-excitation: x * sigmoid(fc2(relu(fc1(mean(x))))), one factor a channel.
 * Weights: NAME.fc1.weight[middle][channels][1][1], .bias, NAME.fc2.weight[channels][middle][1][1], .bias. */
typedef struct cr_squeeze_spec {
  int middle;
} cr_squeeze_spec;

/* Attention of positions to positions: row i is the sum over j of softmax_j(g_i h_j) p_j. Weights: 1x1 convolutions
 * NAME.g, .h, .p, each .weight[inner][channels][1][1] and .bias. */
typedef struct cr_attention_spec {
  int inner;
} cr_attention_spec;

/* Harmonious attention (Li, Zhu, Gong, Eq. 1-7): a soft mask for every position and channel of x, and the centres of
 * regions to crop from the map that x was made of.
 *     s = spatial2(resize(spatial1(mean over channels of x)))     [height][width], spatial1 a 3x3 convolution of stride
 * 2 c = channel2(channel1(mean over positions of x))            [channels] mask = sigmoid(blend(s c)),   centres =
 * tanh(regions(mean over positions of x))     [streams][x, y] Each of the five is a convolution PREFIX.NAME.conv with
 * batch norm PREFIX.NAME.bn and ReLU; PREFIX.regions is linear. The resize is bilinear with half-pixel centres. */
typedef struct cr_harmony_spec {
  int reduction; /* channels of channel1's output: channels / reduction */
  int regions;   /* to crop: streams */
} cr_harmony_spec;

typedef struct cr_graph_node {
  cr_node_kind kind;
  cr_node input[3];            /* CR_BROKEN: none */
  int height, width, channels; /* of its value, NHWC */
  int streams;                 /* maps of this shape a picture, all treated alike; 1 unless they come from a crop */
  char name[96];               /* prefix of its weights, or what it is called in messages */
  union {
    cr_conv_spec conv;
    cr_pool_spec pool;
    cr_relation_spec relation;
    cr_squeeze_spec squeeze;
    cr_attention_spec attention;
    cr_harmony_spec harmony;
    int parts; /* normalise */
  };
} cr_graph_node;

typedef enum cr_output { CR_OUTPUT_POOLED, CR_OUTPUT_NECK, CR_OUTPUTS } cr_output;

typedef struct cr_graph_map {
  char name[32];
  cr_node node;
} cr_graph_map;

typedef struct cr_graph cr_graph;

cr_graph *cr_graph_create(void); /* NULL: out of memory */
void cr_graph_destroy(cr_graph *graph);
clreid_status cr_graph_status(const cr_graph *graph, clreid_error *error);
/* Breaks the graph with a reason; returns CR_BROKEN. */
cr_node cr_graph_fail(cr_graph *graph, clreid_status status, const char *format, ...) CR_FORMAT(3, 4);

/* ---- Builders: each returns the node of its value, or CR_BROKEN ------------------------------------------------- */

cr_node cr_graph_input(cr_graph *graph, int height, int width, int channels);
cr_node cr_graph_conv(cr_graph *graph, cr_node x, const char *name, cr_conv_spec spec);
/* weights NAME.weight, .bias, .running_mean, .running_var, all [channels]. gain: of random weights. */
cr_node cr_graph_batch_norm(cr_graph *graph, cr_node x, const char *name, float gain);
cr_node cr_graph_relu(cr_graph *graph, cr_node x);
cr_node cr_graph_sigmoid(cr_graph *graph, cr_node x);
cr_node cr_graph_add(cr_graph *graph, cr_node a, cr_node b);
/* x[h][w][c] * spatial[h][w] * channel[c]; either mask may be CR_BROKEN's stand-in CR_NO_MASK. */
enum { CR_NO_MASK = -2 };
cr_node cr_graph_mask(cr_graph *graph, cr_node x, cr_node spatial, cr_node channel);
cr_node cr_graph_pool(cr_graph *graph, cr_node x, cr_pool_spec spec);
/* value [height][width][1] for pixels, [1][1][channels] for channels */
cr_node cr_graph_relation(cr_graph *graph, cr_node x, const char *prefix, cr_relation_spec spec);
/* x gated by its own mean: see cr_squeeze_spec */
cr_node cr_graph_squeeze(cr_graph *graph, cr_node x, const char *name, cr_squeeze_spec spec);
/* value [height][width][inner] */
cr_node cr_graph_attention(cr_graph *graph, cr_node x, const char *name, cr_attention_spec spec);
/* The mean over all positions of x * mask, both [height][width][channels]: value [1][1][channels]. */
cr_node cr_graph_masked_mean(cr_graph *graph, cr_node x, cr_node mask);
/* The channels of a, then those of b; a has a multiple of CR_CONCAT_UNIT, so that b begins where a row may. */
enum { CR_CONCAT_UNIT = 16 };
cr_node cr_graph_concat(cr_graph *graph, cr_node a, cr_node b);
/* A copy of a node of another graph, with inputs of this one; its weights are not added. For rewritten graphs. */
cr_node cr_graph_copy(cr_graph *graph, const cr_graph_node *node, const cr_node input[3]);
/* What harmonious attention sees in x: a value that cr_graph_attend and cr_graph_crop read. */
cr_node cr_graph_harmony(cr_graph *graph, cr_node x, const char *prefix, cr_harmony_spec spec);
/* x times the mask */
cr_node cr_graph_attend(cr_graph *graph, cr_node x, cr_node harmony);
/* One map of height x width a region, its own stream, + residual (of that shape, or CR_BROKEN's stand-in
 * CR_NO_RESIDUAL): x at pixel (i, j) = row (y + 1) H / 2 - height / 2 + i, column (x + 1) W / 2 - width / 2 + j,
 * bilinear, zero outside. */
enum { CR_NO_RESIDUAL = -2 };
cr_node cr_graph_crop(cr_graph *graph, cr_node x, cr_node harmony, cr_node residual, int height, int width);
/* The vectors of all streams one after the other: 1 x 1 x (streams channels) */
cr_node cr_graph_streams_as_channels(cr_graph *graph, cr_node x);
/* Two vectors, one after the other. Nobody else may read them. */
cr_node cr_graph_join(cr_graph *graph, cr_node a, cr_node b);
/* Each of `parts` equal parts of a vector divided by its L2 norm, or by 1e-12 if that is larger */
cr_node cr_graph_normalise(cr_graph *graph, cr_node x, int parts);
void cr_graph_output(cr_graph *graph, cr_output output, cr_node x);

/* Marks a map that people may look at: of an attend node the mean over the channels of its mask, of a crop the centres
 * of its regions, of any other node the mean over the channels of its value. A marked node costs nothing and changes
 * nothing unless a plan is asked for maps; a node that only maps read is computed only then. */
void cr_graph_map_add(cr_graph *graph, const char *name, cr_node x);

/* ---- What was built --------------------------------------------------------------------------------------------- */

const cr_graph_node *cr_graph_nodes(const cr_graph *graph, int *count);
cr_node cr_graph_output_node(const cr_graph *graph, cr_output output);
const cr_graph_map *cr_graph_maps(const cr_graph *graph, int *count);
const cr_weight_spec *cr_graph_weights(const cr_graph *graph, size_t *count);
uint64_t cr_graph_parameters(const cr_graph *graph);
uint64_t cr_graph_multiply_adds(const cr_graph *graph); /* a picture, as written */

/* "PREFIX.gx_spatial" and so on, for what = gx, gg, theta, phi, W; text must hold 96 bytes. */
void cr_relation_name(const cr_graph_node *node, const char *what, char *text);

#endif
