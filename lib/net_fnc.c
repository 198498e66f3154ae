/*
 * net_fnc.c - FNC: SE-ResNeXt-101 (32x4d) with a branch of spatial and one of channel attention, for vehicles (Liu et
 * al., AI City Challenge 2020).
 *
 * Variants: "" two branches with layers of their own after conv4_1, "add" the same with sums instead of masks, "shared"
 * both attentions on the last map of one trunk, "spatial" and "channel" one of them alone, "baseline" neither. No
 * options. Weight names of the trunk are those of the common SE-ResNeXt-101 checkpoints. The last stride is 1.
 */
#include <stdio.h>
#include <string.h>

#include "networks.h"

enum { HEIGHT = 288, WIDTH = 384, GROUPS = 32, REDUCTION = 16, ATTENTION_MIDDLE = 1024, SPATIAL = 1024, CHANNEL = 512 };

const char *const cr_fnc_keys[] = {NULL};

/* PREFIX.NAME, or NAME if the prefix is empty. */
typedef struct path {
  char text[96];
} path;

static path join(const char *prefix, const char *name)
{
  path p;
  snprintf(p.text, sizeof p.text, "%.60s%s%.30s", prefix, *prefix ? "." : "", name);
  return p;
}

static path numbered(const char *prefix, const char *name, int number)
{
  char text[32];
  snprintf(text, sizeof text, "%s%d", name, number);
  return join(prefix, text);
}

static cr_node conv_bn(cr_graph *g, cr_node x, const char *prefix, const char *conv, const char *norm,
                       cr_conv_spec spec, float gain)
{
  x = cr_graph_conv(g, x, join(prefix, conv).text, spec);
  return cr_graph_batch_norm(g, x, join(prefix, norm).text, gain);
}

static cr_node squeeze(cr_graph *g, cr_node x, const char *prefix, int channels)
{
  return cr_graph_squeeze(g, x, join(prefix, "se_module").text, (cr_squeeze_spec){.middle = channels / REDUCTION});
}

/* x[h][w][cin] -> [h / stride][w / stride][4 planes] */
static cr_node bottleneck(cr_graph *g, cr_node x, const char *prefix, int planes, int stride, bool downsample)
{
  const float damped = 0.1f; /* random weights: a calm residual branch */
  const int middle = 2 * planes, out = 4 * planes;
  cr_node shortcut = x;
  if (downsample)
    shortcut = conv_bn(g, x, prefix, "downsample.0", "downsample.1", (cr_conv_spec){.out = out, .stride = stride}, 1);
  cr_node y = cr_graph_relu(g, conv_bn(g, x, prefix, "conv1", "bn1", (cr_conv_spec){.out = middle}, 1));
  y = cr_graph_relu(
      g, conv_bn(g, y, prefix, "conv2", "bn2",
                 (cr_conv_spec){.out = middle, .kernel = 3, .stride = stride, .padding = 1, .groups = GROUPS}, 1));
  y = squeeze(g, conv_bn(g, y, prefix, "conv3", "bn3", (cr_conv_spec){.out = out}, damped), prefix, out);
  return cr_graph_relu(g, cr_graph_add(g, y, shortcut));
}

/* Blocks first .. end - 1 of a stage of the trunk, under their index in the whole stage. */
static cr_node stage(cr_graph *g, cr_node x, const char *prefix, int number, int first, int end)
{
  static const struct {
    int planes, stride;
  } stages[] = {{64, 1}, {128, 2}, {256, 2}, {512, 1}};
  const path layer = numbered(prefix, "layer", number);
  for (int k = first; k < end; k++)
    x = bottleneck(g, x, numbered(layer.text, "", k).text, stages[number - 1].planes,
                   k == 0 ? stages[number - 1].stride : 1, k == 0);
  return x;
}

/* What is left of the trunk after `first` blocks of layer3: [18][24][2048] */
static cr_node tail(cr_graph *g, cr_node x, const char *prefix, int first)
{
  return stage(g, stage(g, x, prefix, 3, first, 23), prefix, 4, 0, 3);
}

/* ---- Attention: the mean over positions of what it makes of x ---------------------------------------------------- */

static cr_node mean(cr_graph *g, cr_node x)
{
  return cr_graph_pool(g, x, (cr_pool_spec){.global = true});
}

/* mean(mask x) with mask = sigmoid(y), or mean(y + x). The mask may have a map: of a sum nothing else reads it. */
static cr_node joined_mean(cr_graph *g, cr_node y, cr_node x, bool add, const char *map)
{
  const cr_node mask = cr_graph_sigmoid(g, y);
  if (map) cr_graph_map_add(g, map, mask);
  return add ? mean(g, cr_graph_add(g, y, x)) : cr_graph_masked_mean(g, x, mask);
}

static cr_node spatial_attention(cr_graph *g, cr_node x, const char *prefix, bool add)
{
  cr_node y = cr_graph_attention(g, x, prefix, (cr_attention_spec){.inner = 1024});           /* 18 x 24 x 1024 */
  y = cr_graph_conv(g, y, join(prefix, "T").text, (cr_conv_spec){.out = 2048, .bias = true}); /* 18 x 24 x 2048 */
  return joined_mean(g, y, x, add, "fnc.spatial");
}

static cr_node channel_attention(cr_graph *g, cr_node x, const char *prefix, bool add)
{
  const int middle = ATTENTION_MIDDLE;
  cr_node y = cr_graph_relu(g, conv_bn(g, x, prefix, "conv1", "bn1", (cr_conv_spec){.out = middle}, 1));
  y = cr_graph_relu(g, conv_bn(g, y, prefix, "conv2", "bn2",
                               (cr_conv_spec){.out = middle, .kernel = 3, .padding = 1, .groups = GROUPS}, 1));
  y = cr_graph_conv(g, y, join(prefix, "conv3").text, (cr_conv_spec){.out = 2048});
  return joined_mean(g, squeeze(g, y, prefix, 2048), x, add, NULL);
}

/* ---- Branches ---------------------------------------------------------------------------------------------------- */

typedef struct feature {
  cr_node pooled, neck;
} feature;

static feature branch(cr_graph *g, cr_node x, const char *name, bool own_layers, bool add)
{
  const bool spatial = !strcmp(name, "spatial");
  if (own_layers) x = tail(g, x, name, 1);
  const path attention = join(name, "attention");
  x = (spatial ? spatial_attention : channel_attention)(g, x, attention.text, add);
  x = conv_bn(g, x, name, "reduce.0", "reduce.1", (cr_conv_spec){.out = spatial ? SPATIAL : CHANNEL}, 1);
  feature f = {.pooled = cr_graph_relu(g, x)};
  f.neck = cr_graph_batch_norm(g, f.pooled, join(name, "bnneck").text, 1);
  return f;
}

static feature branches(cr_graph *g, cr_node x, const char *variant, bool own_layers)
{
  const bool add = !strcmp(variant, "add");
  if (!strcmp(variant, "spatial") || !strcmp(variant, "channel")) return branch(g, x, variant, false, add);
  const feature a = branch(g, x, "spatial", own_layers, add), b = branch(g, x, "channel", own_layers, add);
  return (feature){cr_graph_concat(g, a.pooled, b.pooled), cr_graph_concat(g, a.neck, b.neck)};
}

static feature baseline(cr_graph *g, cr_node x)
{
  const cr_node pooled = mean(g, x);
  return (feature){pooled, cr_graph_batch_norm(g, pooled, "bnneck", 1)};
}

void cr_build_fnc(cr_graph *g, const char *variant, const cr_options *options)
{
  (void)options;
  const bool own_layers = !*variant || !strcmp(variant, "add");
  cr_node x = cr_graph_input(g, HEIGHT, WIDTH, 3); /* 288 x 384 x 3 */
  x = conv_bn(g, x, "layer0", "conv1", "bn1", (cr_conv_spec){.out = 64, .kernel = 7, .stride = 2, .padding = 3}, 1);
  x = cr_graph_relu(g, x); /* 144 x 192 x 64 */
  x = cr_graph_pool(g, x,
                    (cr_pool_spec){.maximum = true, .kernel = 3, .stride = 2, .round_up = true}); /* 72 x 96 x 64 */
  x = stage(g, x, "", 1, 0, 3);                                                                   /* 72 x 96 x 256 */
  x = stage(g, x, "", 2, 0, 4);                                                                   /* 36 x 48 x 512 */
  x = own_layers ? stage(g, x, "", 3, 0, 1) : tail(g, x, "", 0); /* 18 x 24 x 1024, or 18 x 24 x 2048 */
  const feature f = strcmp(variant, "baseline") ? branches(g, x, variant, own_layers) : baseline(g, x);
  cr_graph_output(g, CR_OUTPUT_POOLED, f.pooled);
  cr_graph_output(g, CR_OUTPUT_NECK, f.neck);
}
