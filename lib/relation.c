/*
 * relation.c - lowering of relation-aware global attention into products; the plain form and the contracted one.
 *
 * R = Theta^T Phi and the 1x1 convolution gg over [R[j, :]; R[:, j]] have nothing non-linear between them, so for node
 * j
 *
 *     gg [R[j, :]; R[:, j]] = (W_row Phi^T) theta_j + (W_col Theta^T) phi_j
 *
 * and R need not be formed: 4 inner nodes related multiply-adds instead of nodes nodes (inner + 2 related).
 *
 * All of a module's embeddings stand in one tensor F, so that one product makes theta, phi and g, and one more reads g
 * and the relations side by side. Pixels as nodes: F[pixel][theta | phi | g | rel], each part padded to panels.
 * Channels as nodes: F[theta; phi; g; rel][channel], parts are rows. Nothing is transposed in memory but Phi in the
 * plain form. Affinities, what they are contracted to, and sums of which half is still to come are float in any
 * storage.
 */
#include <stdio.h>
#include <string.h>

#include "plan.h"

typedef struct module {
  cr_planner *planner;
  const cr_graph_node *node;
  const cr_relation_spec *r;
  int x; /* tensor: the map */
  int pixels, channels;
  int f;                  /* tensor: embeddings and relations */
  int row;                /* of f, in elements */
  int theta, phi, g, rel; /* where the parts begin in f: columns (pixels as nodes) or rows (channels) */
  int inner, related;     /* sizes of the parts as they stand in f, padded where parts are columns */
} module;

/* ---- Constants -------------------------------------------------------------------------------------------------- */

/* Rows of weights WHAT.INDEX with batch norm WHAT.INDEX+1. */
static cr_part make_part(const module *m, const char *what, int index, int out, int in)
{
  char base[96];
  cr_part part = {.out = out, .own_in = in, .in = in};
  cr_relation_name(m->node, what, base);
  snprintf(part.kernel, CR_NAME, "%s.%d", base, index);
  snprintf(part.norm, CR_NAME, "%s.%d", base, index + 1);
  return part;
}

static void add_part(cr_constant *constant, cr_part part)
{
  constant->part[constant->parts++] = part;
}

/* theta, phi and g under each other: out rows as they stand in f. */
static void add_embeddings(const module *m, cr_constant *constant)
{
  const cr_relation_spec *r = m->r;
  static const struct {
    const char *what;
    bool pairwise;
  } parts[] = {{"theta", true}, {"phi", true}, {"gx", false}};
  for (int i = 0; i < 3; i++) {
    if (parts[i].pairwise ? !r->relation : !r->visual) continue;
    cr_part part = make_part(m, parts[i].what, 0, r->inner, r->features);
    part.to_out = i == 0 ? m->theta : i == 1 ? m->phi : m->g;
    add_part(constant, part);
  }
}

/* Half of gg's weights: those of the rows of R, or of its columns. */
static cr_constant half_of_gg(const module *m, cr_constant_kind kind, bool columns)
{
  const cr_relation_spec *r = m->r;
  cr_constant constant = {.kind = kind, .out = r->related, .in = r->nodes, .taps_height = 1, .taps_width = 1};
  cr_part part = make_part(m, "gg", 0, r->related, 2 * r->nodes);
  part.in = r->nodes;
  part.first_in = columns ? r->nodes : 0;
  add_part(&constant, part);
  return constant;
}

static cr_constant bias_of_gg(const module *m)
{
  cr_constant constant = {.kind = CR_CONSTANT_BIAS, .out = m->r->related};
  add_part(&constant, make_part(m, "gg", 0, m->r->related, 2 * m->r->nodes));
  return constant;
}

/* W1 over [g | rel]: the mean of g's values is taken by the weights. */
static void add_head(const module *m, cr_constant *constant)
{
  const cr_relation_spec *r = m->r;
  const int joint = (r->visual ? 1 : 0) + (r->relation ? r->related : 0);
  if (r->visual) {
    cr_part mean = make_part(m, "W", 0, r->middle, joint);
    mean.in = 1;
    mean.spread = r->inner;
    add_part(constant, mean);
  }
  if (r->relation) {
    cr_part rel = make_part(m, "W", 0, r->middle, joint);
    rel.first_in = r->visual ? 1 : 0;
    rel.in = r->related;
    rel.to_in = m->rel - (r->visual ? m->g : m->rel);
    add_part(constant, rel);
  }
}

static int head_begin(const module *m)
{
  return m->r->visual ? m->g : m->rel;
}

/* How many values of f the head reads: g and rel. */
static int head_length(const module *m)
{
  return (m->r->visual ? m->inner : 0) + (m->r->relation ? m->related : 0);
}

/* ---- Shared shapes ---------------------------------------------------------------------------------------------- */

/* Parts in f, one after the other. */
static int lay_out(module *m, int inner, int related)
{
  const cr_relation_spec *r = m->r;
  int at = 0;
  m->inner = inner;
  m->related = related;
  m->theta = at, at += r->relation ? inner : 0;
  m->phi = at, at += r->relation ? inner : 0;
  m->g = at, at += r->visual ? inner : 0;
  m->rel = at, at += r->relation ? related : 0;
  return at;
}

static bool contract(const module *m)
{
  const cr_relation_spec *r = m->r;
  const uint64_t nodes = r->nodes, inner = r->inner, related = r->related;
  const uint64_t contracted = 4 * inner * nodes * related, plain = nodes * nodes * (inner + 2 * related);
  const clreid_relation choice = m->planner->plan->config.relation;
  const bool use = choice == CLREID_RELATION_AUTO ? contracted < plain : choice == CLREID_RELATION_CONTRACTED;
  cr_say(m->planner->log, "plan: %s %s relation: %s, %.1f M multiply-adds (the other form: %.1f M)", m->node->name,
         r->of_channels ? "channel" : "spatial", use ? "contracted" : "plain", (use ? contracted : plain) * 1e-6,
         (use ? plain : contracted) * 1e-6);
  return use;
}

static cr_view in_f(const module *m, size_t offset)
{
  return cr_plan_view(m->planner, m->f, offset);
}

/* A product of the affinity, that a library may make. */
static cr_plan_step *affinity(const module *m, const char *what, int rows, int columns, int depth)
{
  cr_plan_step *step = cr_plan_product(m->planner, m->node->name, what, rows, columns, depth);
  step->op.gemm.library = m->planner->plan->config.library_gemm;
  return step;
}

static void set_matrix(cr_plan_step *step, cr_constant constant, int role)
{
  step->matrix = constant;
  step->matrix_role = role;
  step->op.gemm.b_panels = role == CR_SECOND;
  step->op.view[role].row = role == CR_INPUT ? constant.in : CR_PANEL;
}

static void transpose_input(cr_plan_step *step)
{
  step->op.gemm.input_column = step->op.view[CR_INPUT].row;
  step->op.view[CR_INPUT].row = 1;
}

/* D[2 inner][related]: its first half (W_row Phi^T)^T, its second (W_col Theta^T)^T. Each reads half of gg's weights.
 */
static int plan_contraction(module *m, const char *const what[2], size_t phi, size_t theta, bool nodes_are_rows)
{
  const size_t row = cr_padded(m->r->related);
  const int d = cr_plan_tensor_add(m->planner, 2 * (size_t)m->inner, row, true);
  for (int half = 0; half < 2; half++) {
    cr_plan_step *step = affinity(m, what[half], m->inner, m->r->related, m->r->nodes);
    step->op.view[CR_INPUT] = in_f(m, half ? theta : phi);
    if (nodes_are_rows) transpose_input(step);
    set_matrix(step, half_of_gg(m, CR_CONSTANT_COLUMNS, half), CR_SECOND);
    step->op.view[CR_OUTPUT] = cr_plan_view(m->planner, d, half * m->inner * row);
  }
  return d;
}

/* ---- Pixels as nodes: F[pixel][theta | phi | g | rel] ------------------------------------------------------------ */

static void spatial_embeddings(module *m)
{
  const int out = m->rel; /* rel, if there is one, is made of these */
  const int all = m->r->relation ? out : m->row;
  cr_plan_step *step = cr_plan_pointwise(m->planner, m->node->name, "embed_spatial", m->pixels, m->channels, all,
                                         cr_plan_view(m->planner, m->x, 0), in_f(m, 0), CR_RELU);
  add_embeddings(m, &step->weights);
  add_embeddings(m, &step->bias);
}

/* rel = relu([Theta | Phi] [D] + bias) */
static void spatial_contracted(module *m)
{
  static const char *const what[2] = {"phi_rows_spatial", "theta_columns_spatial"};
  const int d = plan_contraction(m, what, m->phi, m->theta, true);
  cr_plan_step *step = affinity(m, "relate_spatial", m->r->nodes, m->r->related, 2 * m->inner);
  step->op.view[CR_INPUT] = in_f(m, m->theta);
  step->op.view[CR_SECOND] = cr_plan_view(m->planner, d, 0);
  step->op.view[CR_OUTPUT] = in_f(m, m->rel);
  step->op.activation = CR_RELU;
  step->bias = bias_of_gg(m);
}

/* R = Theta Phi^T; rel = relu(R W_row^T + R^T W_col^T + bias) */
static void spatial_plain(module *m)
{
  const int nodes = m->r->nodes, inner = m->inner;
  const size_t row = cr_padded(nodes);
  const int phi = cr_plan_tensor_add(m->planner, row / CR_PANEL * inner, CR_PANEL, false);
  cr_plan_step *step = cr_plan_step_add(m->planner, CR_PACK, m->node->name, "phi_transposed");
  step->op.pack = (cr_pack){.rows = nodes, .columns = inner, .transposed = true};
  step->op.view[CR_INPUT] = in_f(m, m->phi);
  step->op.view[CR_OUTPUT] = cr_plan_view(m->planner, phi, 0);

  const int affinities = cr_plan_tensor_add(m->planner, nodes, row, true);
  step = affinity(m, "affinity_spatial", nodes, nodes, inner);
  step->op.view[CR_INPUT] = in_f(m, m->theta);
  step->op.view[CR_SECOND] = cr_plan_view(m->planner, phi, 0);
  step->op.gemm.b_panels = true;
  step->op.view[CR_OUTPUT] = cr_plan_view(m->planner, affinities, 0);

  const int of_rows = cr_plan_tensor_add(m->planner, nodes, cr_padded(m->r->related), true);
  for (int half = 0; half < 2; half++) {
    step = affinity(m, half ? "columns_spatial" : "rows_spatial", nodes, m->r->related, nodes);
    step->op.view[CR_INPUT] = cr_plan_view(m->planner, affinities, 0);
    if (half) transpose_input(step);
    set_matrix(step, half_of_gg(m, CR_CONSTANT_COLUMNS, half), CR_SECOND);
    step->op.view[CR_OUTPUT] = half ? in_f(m, m->rel) : cr_plan_view(m->planner, of_rows, 0);
  }
  step->op.view[CR_RESIDUAL] = cr_plan_view(m->planner, of_rows, 0);
  step->op.activation = CR_RELU;
  step->bias = bias_of_gg(m);
}

static int spatial_head(module *m, cr_activation activation)
{
  const int middle = cr_plan_tensor_add(m->planner, m->pixels, cr_padded(m->r->middle), false);
  cr_plan_step *step =
      cr_plan_pointwise(m->planner, m->node->name, "weigh_spatial", m->pixels, head_length(m), m->r->middle,
                        in_f(m, head_begin(m)), cr_plan_view(m->planner, middle, 0), CR_RELU);
  add_head(m, &step->weights);
  add_head(m, &step->bias);
  const int mask = cr_plan_tensor_add(m->planner, m->pixels, cr_padded(1), false);
  step = cr_plan_pointwise(m->planner, m->node->name, "mask_spatial", m->pixels, m->r->middle, 1,
                           cr_plan_view(m->planner, middle, 0), cr_plan_view(m->planner, mask, 0), activation);
  add_part(&step->weights, make_part(m, "W", 3, 1, m->r->middle));
  add_part(&step->bias, make_part(m, "W", 3, 1, m->r->middle));
  return mask;
}

static int plan_spatial(module *m, cr_activation activation)
{
  m->row = lay_out(m, (int)cr_padded(m->r->inner), (int)cr_padded(m->r->related));
  m->f = cr_plan_tensor_add(m->planner, m->pixels, m->row, false);
  spatial_embeddings(m);
  if (m->r->relation) (contract(m) ? spatial_contracted : spatial_plain)(m);
  return spatial_head(m, activation);
}

/* ---- Channels as nodes: F[theta; phi; g; rel][channel] ------------------------------------------------------------
 */

/* A product of weights from the left: rows of F, or of what follows. */
static cr_plan_step *from_left(module *m, const char *what, int rows, int depth, cr_view second, cr_view output,
                               cr_activation activation)
{
  cr_plan_step *step = cr_plan_product(m->planner, m->node->name, what, rows, m->channels, depth);
  const cr_constant matrix = {.kind = CR_CONSTANT_ROWS, .out = rows, .in = depth, .taps_height = 1, .taps_width = 1};
  set_matrix(step, matrix, CR_INPUT);
  step->op.view[CR_SECOND] = second;
  step->op.view[CR_OUTPUT] = output;
  step->op.activation = activation;
  step->op.gemm.bias_by_row = true;
  step->bias = (cr_constant){.kind = CR_CONSTANT_BIAS, .out = rows};
  return step;
}

static void channel_embeddings(module *m)
{
  const int panels = cr_plan_tensor_add(m->planner, (size_t)m->row / CR_PANEL * m->pixels, CR_PANEL, false);
  cr_plan_step *step = cr_plan_step_add(m->planner, CR_PACK, m->node->name, "panels");
  step->op.pack = (cr_pack){.rows = m->pixels, .columns = m->channels};
  step->op.view[CR_INPUT] = cr_plan_view(m->planner, m->x, 0);
  step->op.view[CR_OUTPUT] = cr_plan_view(m->planner, panels, 0);
  const int rows = m->rel; /* theta, phi, g */
  step = from_left(m, "embed_channel", rows, m->pixels, cr_plan_view(m->planner, panels, 0), in_f(m, 0), CR_RELU);
  step->op.gemm.b_panels = true;
  add_embeddings(m, &step->matrix);
  add_embeddings(m, &step->bias);
}

/* rel = relu(D^T [Theta; Phi] + bias) */
static void channel_contracted(module *m)
{
  static const char *const what[2] = {"phi_rows_channel", "theta_columns_channel"};
  const int d = plan_contraction(m, what, (size_t)m->phi * m->row, (size_t)m->theta * m->row, false);
  cr_plan_step *step = affinity(m, "relate_channel", m->r->related, m->channels, 2 * m->inner);
  step->op.view[CR_INPUT] = cr_plan_view(m->planner, d, 0);
  transpose_input(step);
  step->op.view[CR_SECOND] = in_f(m, (size_t)m->theta * m->row);
  step->op.view[CR_OUTPUT] = in_f(m, (size_t)m->rel * m->row);
  step->op.activation = CR_RELU;
  step->op.gemm.bias_by_row = true;
  step->bias = bias_of_gg(m);
}

/* R = Theta^T Phi and R^T = Phi^T Theta; rel = relu(W_row R^T + W_col R + bias) */
static void channel_plain(module *m)
{
  const int nodes = m->channels;
  const int of_columns = cr_plan_tensor_add(m->planner, m->r->related, m->row, true);
  for (int half = 1; half >= 0; half--) {
    const size_t left = half ? m->theta : m->phi, right = half ? m->phi : m->theta;
    const int affinities = cr_plan_tensor_add(m->planner, nodes, m->row, true);
    cr_plan_step *step = affinity(m, half ? "affinity_channel" : "affinity_transposed", nodes, nodes, m->inner);
    step->op.view[CR_INPUT] = in_f(m, left * m->row);
    transpose_input(step);
    step->op.view[CR_SECOND] = in_f(m, right * m->row);
    step->op.view[CR_OUTPUT] = cr_plan_view(m->planner, affinities, 0);

    step = affinity(m, half ? "columns_channel" : "rows_channel", m->r->related, nodes, nodes);
    set_matrix(step, half_of_gg(m, CR_CONSTANT_ROWS, half), CR_INPUT);
    step->op.view[CR_SECOND] = cr_plan_view(m->planner, affinities, 0);
    if (half) {
      step->op.view[CR_OUTPUT] = cr_plan_view(m->planner, of_columns, 0);
      continue;
    }
    step->op.view[CR_RESIDUAL] = cr_plan_view(m->planner, of_columns, 0);
    step->op.view[CR_OUTPUT] = in_f(m, (size_t)m->rel * m->row);
    step->op.activation = CR_RELU;
    step->op.gemm.bias_by_row = true;
    step->bias = bias_of_gg(m);
  }
}

static int channel_head(module *m, cr_activation activation)
{
  const int middle = cr_plan_tensor_add(m->planner, m->r->middle, m->row, false);
  cr_plan_step *step = from_left(m, "weigh_channel", m->r->middle, head_length(m),
                                 in_f(m, (size_t)head_begin(m) * m->row), cr_plan_view(m->planner, middle, 0), CR_RELU);
  add_head(m, &step->matrix);
  add_head(m, &step->bias);
  const int mask = cr_plan_tensor_add(m->planner, 1, m->row, false);
  step = from_left(m, "mask_channel", 1, m->r->middle, cr_plan_view(m->planner, middle, 0),
                   cr_plan_view(m->planner, mask, 0), activation);
  add_part(&step->matrix, make_part(m, "W", 3, 1, m->r->middle));
  add_part(&step->bias, make_part(m, "W", 3, 1, m->r->middle));
  return mask;
}

static int plan_channel(module *m, cr_activation activation)
{
  const int rows = lay_out(m, m->r->inner, m->r->related);
  m->row = (int)cr_padded(m->channels);
  m->f = cr_plan_tensor_add(m->planner, rows, m->row, false);
  channel_embeddings(m);
  if (m->r->relation) (contract(m) ? channel_contracted : channel_plain)(m);
  return channel_head(m, activation);
}

int cr_plan_relation(cr_planner *planner, const cr_unit *unit, int x)
{
  const cr_graph_node *node = &planner->nodes[unit->node], *in = &planner->nodes[node->input[0]];
  module m = {.planner = planner,
              .node = node,
              .r = &node->relation,
              .x = x,
              .pixels = in->height * in->width,
              .channels = in->channels};
  return (m.r->of_channels ? plan_channel : plan_spatial)(&m, unit->activation);
}
