/*
 * test_relation.c - proves lib/relation.c and lib/constants.c: the relation module in its plain and its contracted
 * form, on a device, against the definition in double precision.
 *
 * The definition is computed for a sample of the nodes, in double and once more with every operation rounded to float:
 * what that errs by is what float32 costs, and the device may err by eight times as much.
 */
#include "support.h"

#include "constants.h"
#include "folder.h"
#include "plan.h"
#include "random.h"

enum { BATCH = 2, SAMPLE = 24 };

typedef struct relation_case {
  const char *name;
  int height, width, channels;
  int stem; /* > 0: a 1x1 convolution from so many channels stands before the module */
  cr_relation_spec spec;
  bool sigmoid;
} relation_case;

static double loudness = 1;     /* what the module's input is multiplied by */
static double largest_affinity; /* of all that the definition has met */

/* ---- Weights ---------------------------------------------------------------------------------------------------- */

/* Random weights, with batch norms that have something to do. The head's, the stem's and those of a single output are
 * positive: what a ReLU cuts off for every node would be tested by nobody. */
static void fill(void *user, const cr_weight_spec *spec, float *values, size_t count)
{
  (void)user;
  /* It multiplies affinities twice, of which the norm behind them takes back one. */
  const double taken_back = loudness * loudness;
  cr_weight_spec drawn = *spec;
  if (spec->role == CR_ROLE_MEAN) drawn.role = CR_ROLE_BETA;
  if (spec->role == CR_ROLE_VARIANCE) drawn.role = CR_ROLE_GAMMA; /* [0.6, 1.4] times what is expected */
  cr_random_fill(support_seed(), &drawn, values, count);
  const bool head = strstr(spec->name, ".W_") || strstr(spec->name, "stem");
  const bool positive = spec->shape[0] == 1 || (head && spec->role == CR_ROLE_KERNEL);
  for (size_t i = 0; positive && i < count; i++)
    values[i] = spec->role == CR_ROLE_MEAN ? -fabsf(values[i]) : fabsf(values[i]);
  const bool behind = spec->role == CR_ROLE_VARIANCE && strstr(spec->name, ".gg_");
  for (size_t i = 0; behind && i < count; i++) values[i] = (float)(values[i] * taken_back);
}

static float *draw(const cr_graph *graph, const char *prefix, const char *suffix)
{
  char name[128];
  size_t count;
  const cr_weight_spec *specs = cr_graph_weights(graph, &count);
  snprintf(name, sizeof name, "%s.%s", prefix, suffix);
  for (size_t i = 0; i < count; i++) {
    if (strcmp(specs[i].name, name) != 0) continue;
    size_t numbers = 1;
    for (int d = 0; d < specs[i].dims; d++) numbers *= (size_t)specs[i].shape[d];
    float *values = malloc(numbers * sizeof *values);
    assert_non_null(values);
    fill(NULL, &specs[i], values, numbers);
    return values;
  }
  fail_msg("there are no weights %s", name);
  return NULL;
}

/* ---- The definition --------------------------------------------------------------------------------------------- */

/* Arithmetic in double, or in float: every operation is rounded. */
typedef struct arithmetic {
  bool single;
} arithmetic;

static inline double rounded(arithmetic a, double value)
{
  return a.single ? (float)value : value;
}

static inline double multiply_add(arithmetic a, double x, double y, double sum)
{
  return rounded(a, sum + rounded(a, x * y));
}

/* A 1x1 convolution with batch norm: weights WHAT_KIND.INDEX, .INDEX+1. */
typedef struct layer {
  int out, in;
  float *kernel;                         /* [in][out]: the other way round than in a file */
  float *gamma, *beta, *mean, *variance; /* no gamma: a convolution alone */
} layer;

static float *transposed(float *kernel, int out, int in)
{
  float *turned = malloc((size_t)out * in * sizeof *turned);
  assert_non_null(turned);
  for (int o = 0; o < out; o++)
    for (int i = 0; i < in; i++) turned[(size_t)i * out + o] = kernel[(size_t)o * in + i];
  free(kernel);
  return turned;
}

static layer read_layer(const cr_graph *graph, const char *kernel, const char *norm, int out, int in)
{
  layer l = {.out = out, .in = in, .kernel = transposed(draw(graph, kernel, "weight"), out, in)};
  if (!norm) return l;
  l.gamma = draw(graph, norm, "weight");
  l.beta = draw(graph, norm, "bias");
  l.mean = draw(graph, norm, "running_mean");
  l.variance = draw(graph, norm, "running_var");
  return l;
}

static layer read_relation_layer(const cr_graph *graph, const cr_graph_node *node, const char *what, int index, int out,
                                 int in)
{
  char base[96], kernel[112], norm[112];
  cr_relation_name(node, what, base);
  snprintf(kernel, sizeof kernel, "%s.%d", base, index);
  snprintf(norm, sizeof norm, "%s.%d", base, index + 1);
  return read_layer(graph, kernel, norm, out, in);
}

static void free_layer(layer *l)
{
  free(l->kernel);
  free(l->gamma);
  free(l->beta);
  free(l->mean);
  free(l->variance);
}

/* y[out] = l(x), x's numbers at a distance. Every sum goes up from the first input. */
static void apply(arithmetic a, const layer *l, const double *x, size_t distance, double *y)
{
  for (int o = 0; o < l->out; o++) y[o] = 0;
  for (int i = 0; i < l->in; i++)
    for (int o = 0; o < l->out; o++) y[o] = multiply_add(a, l->kernel[(size_t)i * l->out + o], x[i * distance], y[o]);
  for (int o = 0; o < l->out && l->gamma; o++) {
    const double deviation = rounded(a, sqrt(rounded(a, l->variance[o] + 1e-5)));
    const double normal = rounded(a, rounded(a, y[o] - l->mean[o]) / deviation);
    y[o] = multiply_add(a, normal, l->gamma[o], l->beta[o]);
  }
}

static void apply_relu(arithmetic a, const layer *l, const double *x, size_t distance, double *y)
{
  apply(a, l, x, distance, y);
  for (int o = 0; o < l->out; o++) y[o] = y[o] > 0 ? y[o] : 0;
}

/* [nodes][out] = relu(l(nodes' features)) */
static double *embed(arithmetic a, const layer *l, int nodes, const double *x, size_t node, size_t feature)
{
  double *all = malloc((size_t)nodes * l->out * sizeof *all);
  assert_non_null(all);
  for (int n = 0; n < nodes; n++) apply_relu(a, l, x + n * node, feature, all + (size_t)n * l->out);
  return all;
}

static double dot(arithmetic a, const double *x, const double *y, int count)
{
  double sum = 0;
  for (int i = 0; i < count; i++) sum = multiply_add(a, x[i], y[i], sum);
  return sum;
}

/* Everything of one module that its definition needs. */
typedef struct module {
  const cr_relation_spec *r;
  layer theta, phi, gx, gg, first, second;
  double *thetas, *phis, *gs; /* of all nodes */
} module;

static void read_module(module *m, const cr_graph *graph, const cr_graph_node *node)
{
  const cr_relation_spec *r = m->r = &node->relation;
  const int joint = (r->visual ? 1 : 0) + (r->relation ? r->related : 0);
  if (r->relation) {
    m->theta = read_relation_layer(graph, node, "theta", 0, r->inner, r->features);
    m->phi = read_relation_layer(graph, node, "phi", 0, r->inner, r->features);
    m->gg = read_relation_layer(graph, node, "gg", 0, r->related, 2 * r->nodes);
  }
  if (r->visual) m->gx = read_relation_layer(graph, node, "gx", 0, r->inner, r->features);
  m->first = read_relation_layer(graph, node, "W", 0, r->middle, joint);
  m->second = read_relation_layer(graph, node, "W", 3, 1, r->middle);
}

static void free_module(module *m)
{
  layer *layers[] = {&m->theta, &m->phi, &m->gx, &m->gg, &m->first, &m->second};
  for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++) free_layer(layers[i]);
}

/* The value of a node: W2 relu(W1 [mean(g); relu(gg [R[n, :]; R[:, n]])]), R[i][j] = theta_i . phi_j */
static double value_of(arithmetic a, const module *m, int n)
{
  const cr_relation_spec *r = m->r;
  double value, joint[1 + 512], middle[256], *pairs = malloc(2 * (size_t)r->nodes * sizeof *pairs);
  int length = 0;
  assert_non_null(pairs);
  assert_true(r->related <= 512 && r->middle <= 256);
  if (r->visual) {
    double sum = 0;
    for (int i = 0; i < r->inner; i++) sum = rounded(a, sum + m->gs[(size_t)n * r->inner + i]);
    joint[length++] = rounded(a, sum / r->inner);
  }
  for (int k = 0; r->relation && k < r->nodes; k++) {
    const size_t own = (size_t)n * r->inner, other = (size_t)k * r->inner;
    pairs[k] = dot(a, m->thetas + own, m->phis + other, r->inner);
    pairs[r->nodes + k] = dot(a, m->thetas + other, m->phis + own, r->inner);
    largest_affinity = fmax(largest_affinity, pairs[k]);
  }
  if (r->relation) apply_relu(a, &m->gg, pairs, 1, joint + length);
  apply_relu(a, &m->first, joint, 1, middle);
  apply(a, &m->second, middle, 1, &value);
  free(pairs);
  return value;
}

static int sampled_node(const relation_case *c, int nodes, int i)
{
  return nodes <= SAMPLE ? i : support_random((uint64_t)(i + c->channels), 0, nodes - 1);
}

static int samples(int nodes)
{
  return nodes <= SAMPLE ? nodes : SAMPLE;
}

/* values[samples] for the map x[pixel][channel]. */
static void define(arithmetic a, const relation_case *c, module *m, const double *x, double *values)
{
  const cr_relation_spec *r = m->r;
  const size_t node = r->of_channels ? 1 : c->channels, feature = r->of_channels ? c->channels : 1;
  if (r->relation) m->thetas = embed(a, &m->theta, r->nodes, x, node, feature);
  if (r->relation) m->phis = embed(a, &m->phi, r->nodes, x, node, feature);
  if (r->visual) m->gs = embed(a, &m->gx, r->nodes, x, node, feature);
  for (int i = 0; i < samples(r->nodes); i++) {
    const double logit = value_of(a, m, sampled_node(c, r->nodes, i));
    values[i] = c->sigmoid ? 1 / (1 + exp(-logit)) : logit;
  }
  free(m->thetas);
  free(m->phis);
  free(m->gs);
  m->thetas = m->phis = m->gs = NULL;
}

/* ---- The device ------------------------------------------------------------------------------------------------- */

typedef struct run {
  cr_plan *plan;
  cr_buffer *arena, **constants; /* [step][3] */
  cr_step **steps;
} run;

static void must(clreid_status status, const clreid_error *error)
{
  if (status != CLREID_OK) fail_msg("%s", error->text);
}

static void resolve(const run *r, cr_view *view)
{
  if (view->tensor < 0) return;
  const cr_plan_tensor *t = &r->plan->tensors[view->tensor];
  view->buffer = r->arena;
  view->offset += t->offset_bytes * BATCH / cr_plan_element_bytes(r->plan, t);
}

static void create_step(run *r, int s, const cr_graph *graph, const cr_weights *weights)
{
  size_t count;
  clreid_error error = {CLREID_OK, ""};
  const cr_weight_spec *specs = cr_graph_weights(graph, &count);
  const cr_plan_step *step = &r->plan->steps[s];
  const cr_constant *const wanted[3] = {&step->weights, &step->bias, &step->matrix};
  cr_buffer **made = r->constants + 3 * s;
  for (int i = 0; i < 3; i++)
    must(cr_constant_make(wanted[i], &step->op, weights, specs, count, support_device(), &made[i], &error), &error);
  cr_op op = step->op;
  for (int v = 0; v < CR_VIEWS; v++) resolve(r, &op.view[v]);
  op.weights = made[0];
  op.bias = made[1];
  if (made[2]) op.view[step->matrix_role].buffer = made[2];
  must(cr_step_create(support_queue(), &op, BATCH, &r->steps[s], &error), &error);
}

static run prepare(const cr_graph *graph, const cr_plan_config *config, const cr_weights *weights)
{
  run r = {NULL};
  clreid_error error = {CLREID_OK, ""};
  must(cr_plan_create(graph, config, NULL, &r.plan, &error), &error);
  r.steps = calloc((size_t)r.plan->step_count, sizeof *r.steps);
  r.constants = calloc(3 * (size_t)r.plan->step_count, sizeof *r.constants);
  /* The arena begins full of NaN: what is read must have been written. */
  const size_t bytes = r.plan->arena_bytes * BATCH;
  void *nan = malloc(bytes);
  assert_true(r.steps && r.constants && nan);
  memset(nan, 0xff, bytes);
  must(cr_buffer_create(support_device(), bytes, nan, &r.arena, &error), &error);
  free(nan);
  for (int s = 0; s < r.plan->step_count; s++) create_step(&r, s, graph, weights);
  return r;
}

static void finish(run *r)
{
  for (int s = 0; s < r->plan->step_count; s++) cr_step_destroy(r->steps[s]);
  for (int i = 0; i < 3 * r->plan->step_count; i++) cr_buffer_release(r->constants[i]);
  cr_buffer_release(r->arena);
  cr_plan_destroy(r->plan);
  free(r->steps);
  free(r->constants);
}

/* Moves numbers of one tensor, float or half, all pictures. */
static void write_tensor(const run *r, int tensor, const float *values, size_t count)
{
  clreid_error error = {CLREID_OK, ""};
  const cr_plan_tensor *t = &r->plan->tensors[tensor];
  uint16_t *halves = malloc(count * sizeof *halves);
  assert_non_null(halves);
  cr_to_half(values, halves, count);
  const size_t element = cr_plan_element_bytes(r->plan, t);
  must(cr_queue_write(support_queue(), r->arena, t->offset_bytes * BATCH, count * element,
                      element == sizeof *halves ? (const void *)halves : values, &error),
       &error);
  free(halves);
}

static void read_tensor(const run *r, int tensor, float *values, size_t count)
{
  clreid_error error = {CLREID_OK, ""};
  const cr_plan_tensor *t = &r->plan->tensors[tensor];
  uint16_t *halves = malloc(count * sizeof *halves);
  assert_non_null(halves);
  const bool half = cr_plan_element_bytes(r->plan, t) == sizeof *halves;
  must(cr_queue_read(support_queue(), r->arena, t->offset_bytes * BATCH,
                     count * (half ? sizeof *halves : sizeof *values), half ? (void *)halves : values, &error),
       &error);
  if (half) cr_from_half(halves, values, count);
  free(halves);
}

/* values[BATCH][nodes] */
static void compute(const relation_case *c, const cr_graph *graph, const cr_plan_config *config,
                    const cr_weights *weights, const float *x, float *values)
{
  clreid_error error = {CLREID_OK, ""};
  run r = prepare(graph, config, weights);
  const int pixels = c->height * c->width, nodes = c->spec.of_channels ? c->channels : pixels;
  write_tensor(&r, r.plan->input, x, (size_t)BATCH * pixels * (c->stem ? c->stem : c->channels));
  for (int s = 0; s < r.plan->step_count; s++) must(cr_step_run(r.steps[s], BATCH, &error), &error);
  const cr_plan_tensor *mask = &r.plan->tensors[r.plan->outputs[0]];
  const size_t picture = cr_plan_tensor_elements(mask);
  float *all = malloc(BATCH * picture * sizeof *all);
  assert_non_null(all);
  read_tensor(&r, r.plan->outputs[0], all, BATCH * picture);
  for (int b = 0; b < BATCH; b++)
    for (int n = 0; n < nodes; n++)
      values[b * nodes + n] = all[b * picture + (c->spec.of_channels ? (size_t)n : n * mask->row)];
  free(all);
  finish(&r);
}

/* ---- Comparison ------------------------------------------------------------------------------------------------- */

static const struct {
  const char *name;
  cr_plan_config config;
} forms[] = {
    {"plain", {.relation = CLREID_RELATION_PLAIN}},
    {"contracted", {.relation = CLREID_RELATION_CONTRACTED}},
    {"plain half", {.relation = CLREID_RELATION_PLAIN, .half = true}},
    {"contracted half", {.relation = CLREID_RELATION_CONTRACTED, .half = true}},
    {"plain twins", {.relation = CLREID_RELATION_PLAIN, .plain_kernels = true}},
    {"contracted twins", {.relation = CLREID_RELATION_CONTRACTED, .plain_kernels = true}},
};
enum { FORMS = sizeof forms / sizeof forms[0], FAST_FORMS = 4 };

static cr_graph *build(const relation_case *c, cr_node *relation)
{
  cr_graph *g = cr_graph_create();
  cr_node x = cr_graph_input(g, c->height, c->width, c->stem ? c->stem : c->channels);
  if (c->stem) x = cr_graph_conv(g, x, "stem", (cr_conv_spec){.out = c->channels});
  *relation = x = cr_graph_relation(g, x, "a", c->spec);
  if (c->sigmoid) x = cr_graph_sigmoid(g, x);
  cr_graph_output(g, CR_OUTPUT_POOLED, x);
  cr_graph_output(g, CR_OUTPUT_NECK, x);
  clreid_error error = {CLREID_OK, ""};
  must(cr_graph_status(g, &error), &error);
  return g;
}

/* x[BATCH][pixel][channel]: what a ReLU leaves, in numbers that are halves. */
static float *draw_input(const relation_case *c, size_t count)
{
  const cr_weight_spec spec = {.name = "input", .dims = 2, .shape = {1, 2}, .role = CR_ROLE_KERNEL, .gain = 1};
  float *x = malloc(count * sizeof *x);
  uint16_t *halves = malloc(count * sizeof *halves);
  assert_true(x && halves);
  cr_random_fill(support_seed() + (uint64_t)c->channels, &spec, x, count);
  for (size_t i = 0; i < count; i++) x[i] = fabsf(x[i]) * (float)loudness;
  cr_to_half(x, halves, count);
  cr_from_half(halves, x, count);
  free(halves);
  return x;
}

/* The map that the module reads, of one picture. */
static double *define_map(arithmetic a, const relation_case *c, const cr_graph *graph, const float *x)
{
  const size_t pixels = (size_t)c->height * c->width;
  const int in = c->stem ? c->stem : c->channels;
  double *given = malloc(pixels * in * sizeof *given), *map = given;
  assert_non_null(given);
  for (size_t i = 0; i < pixels * in; i++) given[i] = x[i];
  if (!c->stem) return map;
  layer stem = read_layer(graph, "stem", NULL, c->channels, in);
  map = malloc(pixels * c->channels * sizeof *map);
  assert_non_null(map);
  for (size_t p = 0; p < pixels; p++) apply(a, &stem, given + p * in, 1, map + p * c->channels);
  free_layer(&stem);
  free(given);
  return map;
}

static double relative(double difference, double size)
{
  return sqrt(difference / size);
}

/* Relative L2 error of the last picture's sampled nodes. */
static double error_of(const relation_case *c, int nodes, const float *values, const double *expected)
{
  double difference = 0, size = 0;
  for (int i = 0; i < samples(nodes); i++) {
    const double d = values[(BATCH - 1) * nodes + sampled_node(c, nodes, i)] - expected[i];
    difference += d * d;
    size += expected[i] * expected[i];
  }
  return relative(difference, size);
}

/* Of all nodes of all pictures: what differs between two forms. */
static double distance(const float *a, const float *b, int count)
{
  double difference = 0, size = 0;
  for (int i = 0; i < count; i++) {
    difference += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
    size += (double)a[i] * a[i];
  }
  return relative(difference, size);
}

/* What float32 costs the definition itself; expected receives it in double. */
static double rounding_error(const relation_case *c, const cr_graph *graph, const cr_graph_node *node, const float *x,
                             double *expected)
{
  double single[SAMPLE], difference = 0, size = 0;
  module m = {NULL};
  read_module(&m, graph, node);
  for (int pass = 0; pass < 2; pass++) {
    const arithmetic a = {pass == 1};
    double *map = define_map(a, c, graph, x);
    define(a, c, &m, map, pass ? single : expected);
    free(map);
  }
  free_module(&m);
  for (int i = 0; i < samples(node->relation.nodes); i++) {
    difference += (single[i] - expected[i]) * (single[i] - expected[i]);
    size += expected[i] * expected[i];
  }
  return relative(difference, size);
}

/* Nodes that all have one value have proved nothing. */
static double variation(const double *values, int count)
{
  double mean = 0, size = 0;
  for (int i = 0; i < count; i++) mean += values[i] / count, size += values[i] * values[i] / count;
  return relative(fmax(size - mean * mean, 0), size);
}

static void check_case(const relation_case *c, int form_count)
{
  char path[512];
  size_t count;
  int node_count;
  cr_node relation;
  cr_weights *weights;
  clreid_error error = {CLREID_OK, ""};
  const folder files = folder_make();
  cr_graph *graph = build(c, &relation);
  const cr_weight_spec *specs = cr_graph_weights(graph, &count);
  const cr_graph_node *node = &cr_graph_nodes(graph, &node_count)[relation];
  const int nodes = node->relation.nodes;
  const size_t picture = (size_t)c->height * c->width * (c->stem ? c->stem : c->channels);
  must(cr_weights_write(folder_file(&files, "w", path), specs, count, NULL, 0, fill, NULL, &error), &error);
  must(cr_weights_open(path, &weights, &error), &error);
  must(cr_weights_match(weights, specs, count, &error), &error);

  double expected[SAMPLE];
  float *x = draw_input(c, BATCH * picture), *values = malloc((size_t)(FORMS * BATCH) * nodes * sizeof *values);
  assert_non_null(values);
  const double own = rounding_error(c, graph, node, x + (BATCH - 1) * picture, expected);
  const double floor = 3e-7; /* a few units in the last place: a sample of few nodes may be lucky */
  const double varies = variation(expected, samples(nodes));
  printf("%-24s %4d nodes, vary by %.3f; float32 %.1e;", c->name, nodes, varies, own);
  if (!(varies > 1e-3)) fail_msg("MISTRUSTED: the nodes of %s are nearly equal", c->name);
  for (int f = 0; f < form_count; f++) {
    float *got = values + (size_t)f * BATCH * nodes;
    compute(c, graph, &forms[f].config, weights, x, got);
    const double err = error_of(c, nodes, got, expected), allowed = forms[f].config.half ? 3e-2 : fmax(8 * own, floor);
    const double apart = distance(values, got, BATCH * nodes);
    printf(" %s %.1e", forms[f].name, err);
    if (!(err <= allowed) || !(apart <= 2 * allowed))
      fail_msg("%s, %s: errs by %.1e, is %.1e from the first form, allowed %.1e; CLREID_TEST_SEED=%llu", c->name,
               forms[f].name, err, apart, allowed, (unsigned long long)support_seed());
  }
  printf(" (half 3e-2, others %.1e)\n", fmax(8 * own, floor));
  free(values);
  free(x);
  cr_weights_close(weights);
  cr_graph_destroy(graph);
  folder_remove(&files);
}

#define RELATION(s1, s2)                                                                                               \
  {                                                                                                                    \
    .relation = true, .visual = true, .embedding_ratio = (s1), .inside_ratio = (s2)                                    \
  }
#define CHANNELS(s1, s2)                                                                                               \
  {                                                                                                                    \
    .of_channels = true, .relation = true, .visual = true, .embedding_ratio = (s1), .inside_ratio = (s2)               \
  }

static void the_stages_of_rga_sc(void **state)
{
  (void)state;
  static const relation_case cases[] = {
      {"stage 1 spatial", 64, 32, 256, 0, RELATION(8, 8), false},
      {"stage 1 channel", 64, 32, 256, 0, CHANNELS(8, 8), false},
      {"stage 2 spatial", 32, 16, 512, 0, RELATION(8, 8), false},
      {"stage 2 channel", 32, 16, 512, 0, CHANNELS(8, 8), false},
      {"stage 3 spatial", 16, 8, 1024, 0, RELATION(8, 8), false},
      {"stage 3 channel", 16, 8, 1024, 0, CHANNELS(8, 8), false},
      {"stage 4 spatial", 16, 8, 2048, 0, RELATION(8, 8), false},
      {"stage 4 channel", 16, 8, 2048, 0, CHANNELS(8, 8), false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) check_case(&cases[i], FAST_FORMS);
}

static void odd_sizes(void **state)
{
  (void)state;
  static const relation_case cases[] = {
      {"s1 = 3", 5, 7, 48, 0, RELATION(3, 8), false},
      {"s1 = 3, channels", 5, 7, 48, 0, CHANNELS(3, 8), false},
      {"s1 = 7, stem", 9, 5, 45, 5, RELATION(7, 3), false},
      {"s1 = 7, channels", 9, 5, 45, 5, CHANNELS(7, 3), false},
      {"s1 = 1", 3, 3, 33, 4, RELATION(1, 1), false},
      {"s1 = 1, channels", 3, 3, 33, 4, CHANNELS(1, 1), false},
      {"one middle", 6, 6, 40, 3, RELATION(5, 1000), false},
      {"one of each", 4, 2, 8, 3, RELATION(8, 8), false},
      {"one of each, ch.", 4, 2, 8, 3, CHANNELS(8, 8), false},
      {"sigmoid", 8, 4, 64, 0, RELATION(8, 8), true},
      {"sigmoid, channels", 8, 4, 64, 0, CHANNELS(8, 8), true},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) check_case(&cases[i], FORMS);
}

static void relation_or_visual_alone(void **state)
{
  (void)state;
  for (int channels = 0; channels < 2; channels++)
    for (int odd = 0; odd < 2; odd++) {
      relation_case c = {.height = 8 + odd, .width = 4, .channels = 64 + 3 * odd, .stem = 3 * odd};
      c.spec = (cr_relation_spec){.of_channels = channels, .embedding_ratio = 4 - odd, .inside_ratio = 2};
      c.spec.relation = true;
      c.name = channels ? "relation, ch." : "relation alone";
      check_case(&c, FORMS);
      c.spec.relation = false;
      c.spec.visual = true;
      c.name = channels ? "visual, channels" : "visual alone";
      check_case(&c, FORMS);
    }
}

/* Affinities beyond 65504, where half ends: they are float32 in half storage too, and so is what is made of them before
 * it is an activation again. */
static void affinities_beyond_half(void **state)
{
  (void)state;
  static const relation_case cases[] = {
      {"loud", 16, 8, 64, 0, RELATION(1, 2), false},
      {"loud, channels", 16, 8, 64, 0, CHANNELS(1, 2), false},
      {"loud, s1 = 3", 9, 7, 48, 0, RELATION(3, 4), false},
  };
  loudness = 128;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    largest_affinity = 0;
    check_case(&cases[i], FORMS);
    printf("  affinities up to %.3g\n", largest_affinity);
    assert_true(largest_affinity > 65504.0);
  }
  loudness = 1;
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_stages_of_rga_sc),
      cmocka_unit_test(odd_sizes),
      cmocka_unit_test(relation_or_visual_alone),
      cmocka_unit_test(affinities_beyond_half),
  };
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, support_open, support_close);
}
