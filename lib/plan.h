/*
 * plan.h - a graph as a list of launches: operators, the constants they need, and every tensor's place in one arena.
 *
 * A plan is made without weights and without a device, for one picture; sizes and offsets grow with the batch in
 * proportion. model.c makes the constants, session.c the memory and the steps.
 */
#ifndef CR_PLAN_H
#define CR_PLAN_H

#include "clreid/clreid.h"
#include "constants.h"
#include "fuse.h"

typedef struct cr_plan_config {
  bool half; /* storage */
  clreid_relation relation;
  bool library_gemm; /* affinity products go to CLBlast */
  bool plain_kernels;
  bool direct_convolution; /* no minimal filtering */
  clreid_attention attention;
  int attention_positions; /* up to so many are fused where the caller leaves it to the library */
  int separable_width;     /* the widest map of which pointwise and depthwise convolution are one step; 0: none */
  bool maps;               /* keep what the graph marks for people to look at */
} cr_plan_config;

/* Rows of `row` elements for each picture. */
typedef struct cr_plan_tensor {
  size_t rows, row;
  bool is_float;       /* whatever the storage */
  int first, last;     /* steps */
  size_t offset_bytes; /* in the arena of one picture */
} cr_plan_tensor;

typedef struct cr_plan_step {
  char name[96];
  cr_op op;                          /* views: tensor, and offset within the picture; no buffers */
  cr_constant weights, bias, matrix; /* matrix: weights that stand as a product's operand ... */
  int matrix_role;                   /* ... in this view */
  uint64_t multiply_adds;
} cr_plan_step;

/* A map: number k of a picture stands at view.offset + k * view.row of the tensor, for height * width numbers. */
typedef struct cr_plan_map {
  char name[32];
  clreid_map_kind kind;
  int height, width;
  float region_height, region_width; /* as clreid_map_info says */
  cr_view view;
} cr_plan_map;

typedef struct cr_plan {
  cr_plan_config config;
  cr_plan_step *steps;
  int step_count;
  cr_plan_tensor *tensors;
  int tensor_count;
  int input;        /* tensor of the picture, written before step 0 */
  int input_margin; /* zero pixels round it */
  int input_height, input_width;
  int outputs[CR_OUTPUTS]; /* tensors */
  cr_plan_map *maps;       /* none unless they are asked for */
  int map_count;
  int feature_length;
  size_t arena_bytes;     /* of one picture */
  uint64_t multiply_adds; /* as planned */
} cr_plan;

clreid_status cr_plan_create(const cr_graph *graph, const cr_plan_config *config, const cr_log *log, cr_plan **plan,
                             clreid_error *error);
void cr_plan_destroy(cr_plan *plan); /* NULL allowed */

size_t cr_plan_tensor_elements(const cr_plan_tensor *tensor); /* of one picture */
size_t cr_plan_element_bytes(const cr_plan *plan, const cr_plan_tensor *tensor);

/* ---- For the files that lower composite operators ---------------------------------------------------------------- */

typedef struct cr_planner {
  cr_plan *plan;
  const cr_graph_node *nodes;
  int node_count;
  int *tensor_of;   /* of each node: the tensor of its value, or -1 where a fused step does not write it */
  cr_node *join_of; /* of each node: the one that joins its value with another, or CR_BROKEN */
  const cr_log *log;
  clreid_error *error;
  clreid_status status; /* the first failure; everything after it does nothing */
  cr_plan_step nobody;  /* what cr_plan_step_add gives after a failure: written, never read */
} cr_planner;

/* A new tensor, or -1 after a failure. */
int cr_plan_tensor_add(cr_planner *planner, size_t rows, size_t row, bool is_float);
/* A part of a tensor that begins `offset` elements into the picture. */
cr_view cr_plan_view(const cr_planner *planner, int tensor, size_t offset);
extern const cr_view cr_no_view;

/* A step to be filled; after a failure one that nobody reads. Its name is "NAME.WHAT". */
cr_plan_step *cr_plan_step_add(cr_planner *planner, cr_kind kind, const char *name, const char *what);

/* A 1x1 convolution over rows: output[rows][out] = act(input[rows][in] W + bias). */
cr_plan_step *cr_plan_pointwise(cr_planner *planner, const char *name, const char *what, int rows, int in, int out,
                                cr_view input, cr_view output, cr_activation activation);
/* A product, one a picture; operands and constants are the caller's to add. */
cr_plan_step *cr_plan_product(cr_planner *planner, const char *name, const char *what, int m, int n, int k);

/* winograd.c: the side of the tile that a convolution is filtered with, 0: it stays direct; and its steps instead of
 * the direct one. */
int cr_winograd_tile(const cr_plan_config *config, const cr_conv *conv);
void cr_plan_winograd(cr_planner *planner, cr_plan_step direct, int tile);
/* The steps of a unit whose operands are there. */
void cr_plan_unit(cr_planner *planner, const cr_unit *unit);

/* map.c: the maps that the graph marks, if the plan wants them; after all units. */
void cr_plan_maps(cr_planner *planner, const cr_graph *graph);

/* harmony.c: the attention's small vectors, its mask applied to x, and the crops, each one step into a new tensor. */
int cr_plan_harmony(cr_planner *planner, const cr_unit *unit, int x);
int cr_plan_attend(cr_planner *planner, const cr_unit *unit, int x, int harmony); /* x -1: the mask alone */
int cr_plan_crop(cr_planner *planner, const cr_unit *unit, int x, int harmony, int residual);
/* The centres of a crop's regions: x and y of each, one after the other. */
cr_view cr_plan_centres(const cr_planner *planner, const cr_graph_node *crop);

/* relation.c: the mask's logits of a relation node, with the unit's activation, into a new tensor: [nodes rows] for
 * pixels, [one row] for channels. */
int cr_plan_relation(cr_planner *planner, const cr_unit *unit, int x);

/* attention.c: the value of an attention node into a new tensor. */
int cr_plan_attention(cr_planner *planner, const cr_unit *unit, int x);

#endif
