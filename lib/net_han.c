/*
 * net_han.c - HAN: harmonious attention network for persons (Li, Zhu, Gong: Scalable Person Re-Identification by
 * Harmonious Attention, IJCV 128, 2020).
 *
 * Three levels, each a global branch of three units (pointwise, then depthwise 3x3), an attention on its output, and a
 * local branch: one unit, whose weights four streams share, on regions cropped from the level's input where the
 * attention points. Variants small, medium and large differ in which unit of a level has the stride. No options.
 * Weight names are those of the definition in PyTorch that the tests' fixtures come from.
 */
#include <stdio.h>
#include <string.h>

#include "networks.h"

enum { LEVELS = 3, UNITS = 3, STREAMS = 4, REDUCTION = 16 };

const char *const cr_han_keys[] = {NULL};

static const struct {
  int width;                       /* channels */
  int region_height, region_width; /* cropped from the level's input */
} levels[LEVELS] = {{128, 24, 28}, {256, 12, 14}, {384, 6, 7}};

/* The unit of a level that halves the map. */
static int striding_unit(const char *variant)
{
  return !strcmp(variant, "small") ? 0 : !strcmp(variant, "medium") ? 1 : 2;
}

/* Convolution without bias, batch norm, ReLU: PREFIX.WHAT.conv and .bn */
static cr_node conv_block(cr_graph *g, cr_node x, const char *prefix, const char *what, cr_conv_spec spec)
{
  char name[96];
  snprintf(name, sizeof name, "%s%s.conv", prefix, what);
  x = cr_graph_conv(g, x, name, spec);
  snprintf(name, sizeof name, "%s%s.bn", prefix, what);
  return cr_graph_relu(g, cr_graph_batch_norm(g, x, name, 1));
}

/* x[h][w][cin] -> [h / stride][w / stride][width] */
static cr_node unit(cr_graph *g, cr_node x, const char *prefix, int width, int stride)
{
  x = conv_block(g, x, prefix, ".pointwise", (cr_conv_spec){.out = width});
  return conv_block(g, x, prefix, ".depthwise",
                    (cr_conv_spec){.out = width, .kernel = 3, .stride = stride, .padding = 1, .groups = width});
}

static cr_node global_branch(cr_graph *g, cr_node x, int level, const char *variant)
{
  for (int k = 0; k < UNITS; k++) {
    char prefix[64];
    snprintf(prefix, sizeof prefix, "global%d.%d", level + 1, k);
    x = unit(g, x, prefix, levels[level].width, k == striding_unit(variant) ? 2 : 1);
  }
  return x;
}

/* The regions of the level's input, enriched with what the streams were before; then their unit. */
static cr_node local_branch(cr_graph *g, cr_node x, cr_node harmony, cr_node streams, int level)
{
  char prefix[64], map[32];
  snprintf(prefix, sizeof prefix, "local%d", level + 1);
  snprintf(map, sizeof map, "han%d.regions", level + 1);
  x = cr_graph_crop(g, x, harmony, streams, levels[level].region_height, levels[level].region_width);
  cr_graph_map_add(g, map, x);
  return unit(g, x, prefix, levels[level].width, 2);
}

/* The mean of all positions through a linear layer without bias, batch norm, ReLU. */
static cr_node head(cr_graph *g, cr_node x, const char *name)
{
  enum { HALF = 512 };
  char part[64];
  x = cr_graph_streams_as_channels(g, cr_graph_pool(g, x, (cr_pool_spec){.global = true}));
  snprintf(part, sizeof part, "%s.0", name);
  x = cr_graph_conv(g, x, part, (cr_conv_spec){.out = HALF, .linear = true});
  snprintf(part, sizeof part, "%s.1", name);
  return cr_graph_relu(g, cr_graph_batch_norm(g, x, part, 1));
}

void cr_build_han(cr_graph *g, const char *variant, const cr_options *options)
{
  (void)options;
  cr_node x = cr_graph_input(g, 160, 64, 3); /* 160 x 64 x 3 */
  x = conv_block(g, x, "stem", "",
                 (cr_conv_spec){.out = 32, .kernel = 3, .stride = 2, .padding = 1}); /* 80 x 32 x 32 */
  cr_node streams = CR_NO_RESIDUAL;
  for (int level = 0; level < LEVELS; level++) { /* 40 x 16 x 128, 20 x 8 x 256, 10 x 4 x 384 */
    char prefix[64];
    snprintf(prefix, sizeof prefix, "attention%d", level + 1);
    const cr_node features = global_branch(g, x, level, variant);
    const cr_node harmony = cr_graph_harmony(g, features, prefix, (cr_harmony_spec){REDUCTION, STREAMS});
    streams = local_branch(g, x, harmony, streams, level); /* 4 x 12 x 14 x 128, 4 x 6 x 7 x 256, 4 x 3 x 4 x 384 */
    x = cr_graph_attend(g, features, harmony);
    snprintf(prefix, sizeof prefix, "han%d", level + 1);
    cr_graph_map_add(g, prefix, x);
  }
  x = cr_graph_join(g, head(g, x, "fc_global"), head(g, streams, "fc_local")); /* 512 + 512 */
  cr_graph_output(g, CR_OUTPUT_POOLED, x);
  cr_graph_output(g, CR_OUTPUT_NECK, cr_graph_normalise(g, x, 2));
}
