/*
 * attention.c - lowering of attention of positions to positions: softmax(G H) P in one launch, or step by step.
 *
 * G, H and P are made by one product and stand side by side in a tensor F[position][g | h | p], each part padded to
 * panels. H is read along positions: a copy of it is transposed into panels. The fused form keeps the weights of a few
 * rows in local memory; the plain form stores the map of positions by positions twice, before and after its softmax,
 * as floats in any storage.
 */
#include <stdio.h>

#include "plan.h"

typedef struct module {
  cr_planner *planner;
  const cr_graph_node *node;
  int positions, inner;
  int part; /* columns of a part of f */
  int f;    /* tensor */
  int h;    /* tensor: H in panels */
} module;

enum { PART_G, PART_H, PART_P, PARTS };

static cr_view in_f(const module *m, int part)
{
  return cr_plan_view(m->planner, m->f, (size_t)part * m->part);
}

static void embed(module *m, int x, int channels)
{
  static const char *const names[PARTS] = {"g", "h", "p"};
  m->f = cr_plan_tensor_add(m->planner, m->positions, (size_t)PARTS * m->part, false);
  cr_plan_step *step = cr_plan_pointwise(m->planner, m->node->name, "embed", m->positions, channels, PARTS * m->part,
                                         cr_plan_view(m->planner, x, 0), in_f(m, PART_G), CR_LINEAR);
  for (int i = 0; i < PARTS; i++) {
    cr_part part = {.bias = true, .out = m->inner, .own_in = channels, .in = channels, .to_out = i * m->part};
    snprintf(part.kernel, CR_NAME, "%s.%s", m->node->name, names[i]);
    step->weights.part[step->weights.parts++] = step->bias.part[step->bias.parts++] = part;
  }
}

static void transpose_h(module *m)
{
  m->h = cr_plan_tensor_add(m->planner, cr_padded(m->positions) / CR_PANEL * m->inner, CR_PANEL, false);
  cr_plan_step *step = cr_plan_step_add(m->planner, CR_PACK, m->node->name, "h_transposed");
  step->op.pack = (cr_pack){.rows = m->positions, .columns = m->inner, .transposed = true};
  step->op.view[CR_INPUT] = in_f(m, PART_H);
  step->op.view[CR_OUTPUT] = cr_plan_view(m->planner, m->h, 0);
}

static void attend_fused(module *m, cr_view output)
{
  cr_plan_step *step = cr_plan_step_add(m->planner, CR_ATTENTION, m->node->name, "attend");
  step->op.attention = (cr_attention){.positions = m->positions, .inner = m->inner};
  step->op.view[CR_INPUT] = in_f(m, PART_G);
  step->op.view[CR_SECOND] = cr_plan_view(m->planner, m->h, 0);
  step->op.view[CR_RESIDUAL] = in_f(m, PART_P);
  step->op.view[CR_OUTPUT] = output;
  step->multiply_adds = 2 * (uint64_t)m->positions * m->positions * m->inner;
}

static void attend_plain(module *m, cr_view output)
{
  const int n = m->positions;
  const int logits = cr_plan_tensor_add(m->planner, n, cr_padded(n), true);
  cr_plan_step *step = cr_plan_product(m->planner, m->node->name, "logits", n, n, m->inner);
  step->op.view[CR_INPUT] = in_f(m, PART_G);
  step->op.view[CR_SECOND] = cr_plan_view(m->planner, m->h, 0);
  step->op.gemm.b_panels = true;
  step->op.view[CR_OUTPUT] = cr_plan_view(m->planner, logits, 0);

  const int weights = cr_plan_tensor_add(m->planner, n, cr_padded(n), true);
  step = cr_plan_step_add(m->planner, CR_SOFTMAX, m->node->name, "softmax");
  step->op.softmax = (cr_softmax){.rows = n, .columns = n};
  step->op.view[CR_INPUT] = cr_plan_view(m->planner, logits, 0);
  step->op.view[CR_OUTPUT] = cr_plan_view(m->planner, weights, 0);

  step = cr_plan_product(m->planner, m->node->name, "attend", n, m->inner, n);
  step->op.view[CR_INPUT] = cr_plan_view(m->planner, weights, 0);
  step->op.view[CR_SECOND] = in_f(m, PART_P);
  step->op.view[CR_OUTPUT] = output;
}

static bool fuse(const module *m)
{
  const cr_plan_config *config = &m->planner->plan->config;
  const bool use = config->attention == CLREID_ATTENTION_AUTO ? config->attention_positions >= m->positions
                                                              : config->attention == CLREID_ATTENTION_FUSED;
  cr_say(m->planner->log, "plan: %s: %s, %d positions (left to the library, up to %d are fused)", m->node->name,
         use ? "fused" : "plain", m->positions, config->attention_positions);
  return use;
}

int cr_plan_attention(cr_planner *planner, const cr_unit *unit, int x)
{
  const cr_graph_node *node = &planner->nodes[unit->node], *in = &planner->nodes[node->input[0]];
  module m = {.planner = planner,
              .node = node,
              .positions = node->height * node->width,
              .inner = node->attention.inner,
              .part = (int)cr_padded(node->attention.inner)};
  embed(&m, x, in->channels);
  transpose_h(&m);
  const int y = cr_plan_tensor_add(planner, m.positions, m.part, false);
  (fuse(&m) ? attend_fused : attend_plain)(&m, cr_plan_view(planner, y, 0));
  return y;
}
