/*
 * net_rga.c - RGA: ResNet-50 with relation-aware global attention after its residual stages (Zhang, Lan, Zeng, Jin,
 * Chen: Relation-Aware Global Attention for Person Re-identification, arXiv 1904.02998).
 *
 * Variants: "" (ResNet-50 alone), "S", "C", "SC", "CS" one after the other, "S//C" both from the same input.
 * Options: height, width, stages (1 to 4, with commas), relation, visual (0 or 1), s1 (embedding ratio), s2 (ratio
 * inside W). Weight names are those of the authors' checkpoints. The last stride is 1.
 */
#include <stdio.h>
#include <string.h>

#include "networks.h"

enum { STAGES = 4, LARGEST_SIDE = 4096 };

const char *const cr_rga_keys[] = {"height", "width", "stages", "relation", "visual", "s1", "s2", NULL};

typedef struct rga_options {
  const char *branches;
  bool attends[STAGES]; /* an attention module stands after this stage */
  cr_relation_spec relation;
} rga_options;

/* "1,4": which stages have a module. */
static void read_stages(cr_graph *g, const cr_options *options, bool attends[STAGES])
{
  const char *text = options && options->get ? options->get(options->user, "stages") : NULL;
  if (!text) text = "1,2,3,4";
  for (const char *at = text;; at += 2) {
    if (at[0] < '1' || at[0] > '4' || (at[1] != ',' && at[1] != 0) || attends[at[0] - '1']) {
      cr_graph_fail(g, CLREID_INVALID_NETWORK,
                    "option stages is '%.32s', but must be different numbers from 1 to 4 with commas between", text);
      return;
    }
    attends[at[0] - '1'] = true;
    if (!at[1]) return;
  }
}

static int read_side(cr_graph *g, const cr_options *options, const char *key, int fallback)
{
  const int side = cr_option_int(options, g, key, fallback, 16, LARGEST_SIDE);
  if (side % 16) cr_graph_fail(g, CLREID_INVALID_NETWORK, "option %s is %d, but must be a multiple of 16", key, side);
  return side;
}

/* Convolution without bias, batch norm. PREFIX.conv and PREFIX.norm name the weights. */
static cr_node conv_bn(cr_graph *g, cr_node x, const char *prefix, const char *conv, const char *norm,
                       cr_conv_spec spec, float gain)
{
  char name[128];
  snprintf(name, sizeof name, "%s.%s", prefix, conv);
  x = cr_graph_conv(g, x, name, spec);
  snprintf(name, sizeof name, "%s.%s", prefix, norm);
  return cr_graph_batch_norm(g, x, name, gain);
}

/* x[h][w][cin] -> [h / stride][w / stride][4 planes] */
static cr_node bottleneck(cr_graph *g, cr_node x, const char *prefix, int planes, int stride, bool downsample)
{
  const float damped = 0.1f; /* random weights: a calm residual branch */
  cr_node shortcut = x;
  if (downsample)
    shortcut =
        conv_bn(g, x, prefix, "downsample.0", "downsample.1", (cr_conv_spec){.out = 4 * planes, .stride = stride}, 1);
  cr_node y = cr_graph_relu(g, conv_bn(g, x, prefix, "conv1", "bn1", (cr_conv_spec){.out = planes}, 1));
  y = cr_graph_relu(g, conv_bn(g, y, prefix, "conv2", "bn2",
                               (cr_conv_spec){.out = planes, .kernel = 3, .stride = stride, .padding = 1}, 1));
  y = conv_bn(g, y, prefix, "conv3", "bn3", (cr_conv_spec){.out = 4 * planes}, damped);
  return cr_graph_relu(g, cr_graph_add(g, y, shortcut));
}

static cr_node residual_stage(cr_graph *g, cr_node x, int stage, int planes, int blocks, int stride)
{
  for (int k = 0; k < blocks; k++) {
    char prefix[64];
    snprintf(prefix, sizeof prefix, "backbone.layer%d.%d", stage, k);
    x = bottleneck(g, x, prefix, planes, k == 0 ? stride : 1, k == 0);
  }
  return x;
}

/* For people, a stage has a map: its spatial mask. */
static cr_node attention_mask(cr_graph *g, cr_node x, int stage, cr_relation_spec relation, char branch)
{
  char prefix[64], map[16];
  snprintf(prefix, sizeof prefix, "backbone.rga_att%d", stage);
  snprintf(map, sizeof map, "rga%d", stage);
  relation.of_channels = branch == 'C';
  const cr_node mask = cr_graph_sigmoid(g, cr_graph_relation(g, x, prefix, relation));
  if (branch == 'S') cr_graph_map_add(g, map, mask);
  return mask;
}

/* x * mask(x), branch after branch; for S//C both masks come from the same x. */
static cr_node attention(cr_graph *g, cr_node x, int stage, const rga_options *o)
{
  if (!strcmp(o->branches, "S//C")) {
    const cr_node spatial = attention_mask(g, x, stage, o->relation, 'S');
    return cr_graph_mask(g, x, spatial, attention_mask(g, x, stage, o->relation, 'C'));
  }
  for (const char *branch = o->branches; *branch; branch++) {
    const cr_node mask = attention_mask(g, x, stage, o->relation, *branch);
    x = *branch == 'S' ? cr_graph_mask(g, x, mask, CR_NO_MASK) : cr_graph_mask(g, x, CR_NO_MASK, mask);
  }
  return x;
}

void cr_build_rga(cr_graph *g, const char *variant, const cr_options *options)
{
  rga_options o = {.branches = variant};
  read_stages(g, options, o.attends);
  o.relation = (cr_relation_spec){
      .relation = cr_option_int(options, g, "relation", 1, 0, 1),
      .visual = cr_option_int(options, g, "visual", 1, 0, 1),
      .embedding_ratio = cr_option_int(options, g, "s1", 8, 1, 1 << 20),
      .inside_ratio = cr_option_int(options, g, "s2", 8, 1, 1 << 20),
  };
  const int height = read_side(g, options, "height", 256), width = read_side(g, options, "width", 128);

  static const struct {
    int planes, blocks, stride;
  } stages[STAGES] = {{64, 3, 1}, {128, 4, 2}, {256, 6, 2}, {512, 3, 1}};
  cr_node x = cr_graph_input(g, height, width, 3); /* 256 x 128 x 3 */
  x = conv_bn(g, x, "backbone", "conv1", "bn1", (cr_conv_spec){.out = 64, .kernel = 7, .stride = 2, .padding = 3}, 1);
  x = cr_graph_relu(g, x);                                                                          /* 128 x 64 x 64 */
  x = cr_graph_pool(g, x, (cr_pool_spec){.maximum = true, .kernel = 3, .stride = 2, .padding = 1}); /* 64 x 32 x 64 */
  for (int k = 0; k < STAGES; k++) { /* 64 x 32 x 256, 32 x 16 x 512, 16 x 8 x 1024, 16 x 8 x 2048 */
    x = residual_stage(g, x, k + 1, stages[k].planes, stages[k].blocks, stages[k].stride);
    if (o.attends[k]) x = attention(g, x, k + 1, &o);
  }
  x = cr_graph_pool(g, x, (cr_pool_spec){.global = true}); /* 2048 */
  cr_graph_output(g, CR_OUTPUT_POOLED, x);
  cr_graph_output(g, CR_OUTPUT_NECK, cr_graph_batch_norm(g, x, "feat_bn", 1));
}
