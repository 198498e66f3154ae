/*
 * test_plan.c - proves lib/plan.c and lib/relation.c without a device: every step of a plan is walked, element by
 * element, over an arena that knows whose each byte is.
 */
#include "support.h"

#include "arena.h"
#include "networks.h"
#include "plan.h"

enum { UNIT = 2, NOBODY = -1 }; /* bytes of a unit of the arena: the smallest element */

/* ---- Plans ------------------------------------------------------------------------------------------------------ */

typedef struct planned {
  cr_graph *graph;
  cr_plan *plan;
  int contracted, plain; /* relations, as the log says */
} planned;

static const char *get_option(const void *user, const char *key)
{
  static char value[64];
  const size_t length = strlen(key);
  for (const char *at = user; at && *at; at += strcspn(at, " "), at += *at == ' ') {
    if (strncmp(at, key, length) != 0 || at[length] != '=') continue;
    snprintf(value, sizeof value, "%.*s", (int)strcspn(at + length + 1, " "), at + length + 1);
    return value;
  }
  return NULL;
}

static void count_forms(void *user, const char *line)
{
  planned *p = user;
  p->contracted += strstr(line, "relation: contracted") != NULL;
  p->plain += strstr(line, "relation: plain") != NULL;
}

static planned plan_graph(cr_graph *graph, const cr_plan_config *config)
{
  planned p = {.graph = graph};
  clreid_error error = {CLREID_OK, ""};
  const cr_log log = {count_forms, &p};
  if (cr_plan_create(graph, config, &log, &p.plan, &error) != CLREID_OK) fail_msg("%s", error.text);
  return p;
}

static planned plan_network(const char *name, const char *text, const cr_plan_config *config)
{
  cr_graph *graph = NULL;
  clreid_error error = {CLREID_OK, ""};
  const cr_options options = {get_option, text};
  const cr_network *network = cr_network_find(name, &error);
  if (!network || cr_network_build(network, &options, &graph, &error) != CLREID_OK) fail_msg("%s", error.text);
  return plan_graph(graph, config);
}

static void drop(planned *p)
{
  cr_plan_destroy(p->plan);
  cr_graph_destroy(p->graph);
}

/* ---- The walk --------------------------------------------------------------------------------------------------- */

/* A block of elements of a view: rows at a distance, columns at a distance. */
typedef struct block {
  size_t rows, row, columns, column;
} block;

typedef struct walk {
  const planned *p;
  const cr_plan_step *step;
  int *owner;  /* [arena units]: the tensor whose value lies there */
  int *reader; /* [arena units]: the last step that read there */
  int number;  /* of the step, from 1 */
  int stream;  /* which of a picture's maps */
  bool writing;
} walk;

static void fail_step(const walk *w, int view, const char *what)
{
  fail_msg("step %d, %s: view %d %s", w->number, w->step ? w->step->name : "", view, what);
}

static void visit(walk *w, int v, const cr_view *view, size_t element)
{
  const cr_plan *plan = w->p->plan;
  const cr_plan_tensor *tensor = &plan->tensors[view->tensor];
  element += w->stream * view->picture;
  if (element >= cr_plan_tensor_elements(tensor)) fail_step(w, v, "leaves its tensor");
  const size_t bytes = cr_plan_element_bytes(plan, tensor);
  size_t unit = (tensor->offset_bytes + element * bytes) / UNIT;
  for (size_t end = unit + bytes / UNIT; unit < end; unit++) {
    if (w->writing && w->reader[unit] == w->number) fail_step(w, v, "writes what the step reads");
    if (!w->writing && w->owner[unit] != view->tensor) fail_step(w, v, "reads what is not there");
    if (w->writing)
      w->owner[unit] = view->tensor;
    else
      w->reader[unit] = w->number;
  }
}

/* The elements of a view that the step reads or writes. */
static void touch(walk *w, int v, block b)
{
  const cr_view *view = &w->step->op.view[v];
  if (view->tensor < 0) return;
  const size_t streams = w->step->op.streams > 1 ? (size_t)w->step->op.streams : 1;
  const cr_plan_tensor *tensor = &w->p->plan->tensors[view->tensor];
  if (view->picture * streams != cr_plan_tensor_elements(tensor)) fail_step(w, v, "has another size than its tensor");
  for (size_t r = 0; r < b.rows; r++)
    for (size_t c = 0; c < b.columns; c++) visit(w, v, view, view->offset + r * b.row + c * b.column);
}

/* Vectors are loaded and stored at panels: the view must begin at one, and so must its rows. */
static void touch_vectors(walk *w, int v, size_t rows, size_t columns)
{
  const cr_view *view = &w->step->op.view[v];
  if (view->tensor < 0) return;
  if (view->offset % CR_PANEL || view->row % CR_PANEL) fail_step(w, v, "is not aligned to panels");
  touch(w, v, (block){rows, view->row, cr_padded(columns), 1});
}

static void walk_conv(walk *w)
{
  const cr_conv *c = &w->step->op.conv;
  const size_t pixel = w->step->op.view[CR_INPUT].row, line = c->input_line ? c->input_line : c->width * pixel;
  if (w->writing) {
    touch_vectors(w, CR_OUTPUT, (size_t)c->out_height * c->out_width, c->out_channels);
    return;
  }
  touch_vectors(w, CR_RESIDUAL, (size_t)c->out_height * c->out_width, c->out_channels);
  touch_vectors(w, CR_GATE, 1, c->out_channels);
  for (int y = 0; y < c->out_height; y++)
    for (int x = 0; x < c->out_width; x++) /* the taps that are inside the map */
      for (int tap = 0; tap < c->kernel_height * c->kernel_width; tap++) {
        const int at_y = y * c->stride_height - c->padding_height + tap / c->kernel_width * c->dilation_height;
        const int at_x = x * c->stride_width - c->padding_width + tap % c->kernel_width * c->dilation_width;
        if (at_y < 0 || at_y >= c->height || at_x < 0 || at_x >= c->width) {
          if (c->input_line) fail_step(w, CR_INPUT, "has a tap outside its margin");
          continue;
        }
        const cr_view *view = &w->step->op.view[CR_INPUT];
        /* The first and the last channel are enough: what is between belongs to the same tensor. */
        visit(w, CR_INPUT, view, view->offset + at_y * line + at_x * pixel);
        visit(w, CR_INPUT, view, view->offset + at_y * line + at_x * pixel + (size_t)c->channels - 1);
      }
}

static void walk_gemm(walk *w)
{
  const cr_gemm *g = &w->step->op.gemm;
  const size_t m = g->m, k = g->k;
  if (w->writing) {
    touch_vectors(w, CR_OUTPUT, m, g->n);
    return;
  }
  touch_vectors(w, CR_RESIDUAL, m, g->n);
  touch(w, CR_INPUT, (block){m, w->step->op.view[CR_INPUT].row, k, g->input_column});
  if (g->b_panels)
    touch(w, CR_SECOND, (block){cr_padded(g->n) / CR_PANEL, k * CR_PANEL, k * CR_PANEL, 1});
  else
    touch_vectors(w, CR_SECOND, k, g->n);
}

static void walk_pack(walk *w)
{
  const cr_pack *p = &w->step->op.pack;
  const size_t rows = p->rows, columns = p->columns;
  if (!w->writing)
    touch_vectors(w, CR_INPUT, rows, columns);
  else if (p->transposed)
    touch(w, CR_OUTPUT, (block){1, 0, cr_padded(rows) * columns, 1});
  else
    touch(w, CR_OUTPUT, (block){1, 0, rows * cr_padded(columns), 1});
}

static void walk_pool(walk *w)
{
  const cr_pool *p = &w->step->op.pool;
  if (w->writing) touch_vectors(w, CR_OUTPUT, (size_t)p->out_height * p->out_width, p->channels);
  if (w->writing) return;
  touch_vectors(w, CR_INPUT, (size_t)p->height * p->width, p->channels);
  touch_vectors(w, CR_SECOND, (size_t)p->height * p->width, p->channels);
}

static void walk_scale(walk *w)
{
  const cr_scale *s = &w->step->op.scale;
  if (w->writing) touch_vectors(w, CR_OUTPUT, s->rows, s->columns);
  if (w->writing) return;
  touch_vectors(w, CR_INPUT, s->rows, s->columns);
  touch_vectors(w, CR_RESIDUAL, s->rows, s->columns);
}

static void walk_mask(walk *w)
{
  const cr_mask *m = &w->step->op.mask;
  if (w->writing) touch_vectors(w, CR_OUTPUT, m->rows, m->columns);
  if (w->writing) return;
  touch_vectors(w, CR_INPUT, m->rows, m->columns);
  touch(w, CR_SECOND, (block){m->rows, w->step->op.view[CR_SECOND].row, 1, 1});
  touch_vectors(w, CR_RESIDUAL, 1, m->columns);
}

static void walk_harmony(walk *w)
{
  const cr_harmony *h = &w->step->op.harmony;
  if (w->writing)
    touch_vectors(w, CR_OUTPUT, 1, cr_harmony_length(h));
  else
    touch_vectors(w, CR_INPUT, (size_t)h->height * h->width, h->channels);
}

static void walk_attend(walk *w)
{
  const cr_attend *a = &w->step->op.attend;
  if (w->writing) touch_vectors(w, CR_OUTPUT, a->rows, a->columns);
  if (w->writing) return;
  touch_vectors(w, CR_INPUT, a->rows, a->columns);
  touch_vectors(w, CR_SECOND, 1, a->columns);
  touch(w, CR_SECOND, (block){1, 0, a->map + (size_t)a->rows, 1});
}

static void walk_crop(walk *w)
{
  const cr_crop *c = &w->step->op.crop;
  const size_t rows = (size_t)c->streams * c->out_height * c->out_width;
  if (w->writing) touch_vectors(w, CR_OUTPUT, rows, c->channels);
  if (w->writing) return;
  touch_vectors(w, CR_INPUT, (size_t)c->height * c->width, c->channels);
  touch_vectors(w, CR_RESIDUAL, rows, c->channels);
  touch(w, CR_SECOND, (block){1, 0, 2 * (size_t)c->streams, 1});
}

static void walk_normalise(walk *w)
{
  const cr_normalise *n = &w->step->op.normalise;
  assert_int_equal(n->columns % (n->parts * CR_PANEL), 0);
  touch_vectors(w, w->writing ? CR_OUTPUT : CR_INPUT, 1, n->columns);
}

static void walk_softmax(walk *w)
{
  const cr_softmax *s = &w->step->op.softmax;
  touch_vectors(w, w->writing ? CR_OUTPUT : CR_INPUT, s->rows, s->columns);
}

static void walk_attention(walk *w)
{
  const cr_attention *a = &w->step->op.attention;
  if (w->writing) touch_vectors(w, CR_OUTPUT, a->positions, a->inner);
  if (w->writing) return;
  touch_vectors(w, CR_INPUT, a->positions, a->inner);
  touch(w, CR_SECOND, (block){1, 0, cr_padded(a->positions) * (size_t)a->inner, 1});
  touch_vectors(w, CR_RESIDUAL, a->positions, a->inner);
}

static size_t plane_rows(const cr_winograd *f)
{
  return (size_t)cr_winograd_planes(f) * cr_winograd_tiles(f);
}

static void walk_winograd_input(walk *w)
{
  const cr_winograd *f = &w->step->op.winograd;
  if (w->writing)
    touch_vectors(w, CR_OUTPUT, plane_rows(f), f->channels);
  else
    touch_vectors(w, CR_INPUT, (size_t)f->height * f->width, f->channels);
}

static void walk_winograd_product(walk *w)
{
  const cr_winograd *f = &w->step->op.winograd;
  if (w->writing)
    touch_vectors(w, CR_OUTPUT, plane_rows(f), f->out_channels);
  else
    touch_vectors(w, CR_INPUT, plane_rows(f), f->channels);
}

static void walk_winograd_output(walk *w)
{
  const cr_winograd *f = &w->step->op.winograd;
  const size_t pixels = (size_t)f->out_height * f->out_width;
  if (w->writing) touch_vectors(w, CR_OUTPUT, pixels, f->out_channels);
  if (w->writing) return;
  touch_vectors(w, CR_INPUT, plane_rows(f), f->out_channels);
  touch_vectors(w, CR_RESIDUAL, pixels, f->out_channels);
}

static void walk_separable(walk *w)
{
  const cr_separable *p = &w->step->op.separable;
  if (w->writing)
    touch_vectors(w, CR_OUTPUT, (size_t)p->out_height * p->out_width, p->out_channels);
  else
    touch_vectors(w, CR_INPUT, (size_t)p->height * p->width, p->channels);
}

static void (*const walks[CR_KINDS])(walk *w) = {
    [CR_CONV] = walk_conv,
    [CR_GEMM] = walk_gemm,
    [CR_PACK] = walk_pack,
    [CR_POOL] = walk_pool,
    [CR_SCALE] = walk_scale,
    [CR_MASK] = walk_mask,
    [CR_HARMONY] = walk_harmony,
    [CR_ATTEND] = walk_attend,
    [CR_CROP] = walk_crop,
    [CR_NORMALISE] = walk_normalise,
    [CR_SOFTMAX] = walk_softmax,
    [CR_ATTENTION] = walk_attention,
    [CR_WINOGRAD_INPUT] = walk_winograd_input,
    [CR_WINOGRAD_PRODUCT] = walk_winograd_product,
    [CR_WINOGRAD_OUTPUT] = walk_winograd_output,
    [CR_SEPARABLE] = walk_separable,
};

/* Products that read or make affinities, what these are contracted to, logits, or half a sum: their float views. */
static bool product_expects_float(const char *name, int v)
{
  enum { IN = 1 << CR_INPUT, SECOND = 1 << CR_SECOND, RES = 1 << CR_RESIDUAL, OUT = 1 << CR_OUTPUT };
  static const struct {
    const char *what;
    int views;
  } products[] = {
      {"affinity_spatial", OUT},
      {"rows_spatial", IN | OUT},
      {"columns_spatial", IN | RES},
      {"phi_rows_spatial", OUT},
      {"theta_columns_spatial", OUT},
      {"relate_spatial", SECOND},
      {"affinity_channel", OUT},
      {"affinity_transposed", OUT},
      {"columns_channel", SECOND | OUT},
      {"rows_channel", SECOND | RES},
      {"phi_rows_channel", OUT},
      {"theta_columns_channel", OUT},
      {"relate_channel", IN},
      {"logits", OUT},
      {"attend", IN},
  };
  const char *dot = strrchr(name, '.');
  for (size_t i = 0; dot && i < sizeof products / sizeof products[0]; i++)
    if (!strcmp(dot + 1, products[i].what)) return products[i].views >> v & 1;
  return false;
}

/* Where the storage is half: may the operator's kernel read or write floats through this view, and does it know? */
static bool expects_float(const cr_op *op, int v)
{
  switch (op->kind) {
  case CR_CONV:
    return !op->half || (v == CR_OUTPUT && op->as_float[CR_OUTPUT]);
  case CR_POOL:
    return v == CR_OUTPUT && op->as_float[CR_OUTPUT];
  case CR_SCALE:
    return v == CR_OUTPUT ? op->as_float[CR_OUTPUT] : v == CR_INPUT && op->as_float[CR_INPUT];
  case CR_HARMONY:
    return v == CR_OUTPUT;
  case CR_ATTEND:
  case CR_CROP:
    return v == CR_SECOND;
  case CR_NORMALISE:
    return true;
  case CR_SOFTMAX:
    return v == CR_INPUT || v == CR_OUTPUT;
  case CR_GEMM:
    return product_expects_float(op->name, v);
  default:
    return false;
  }
}

static void check_storage(const walk *w)
{
  const cr_plan *plan = w->p->plan;
  const cr_op *op = &w->step->op;
  assert_true(op->half == plan->config.half || op->kind == CR_CONV);
  assert_int_equal(op->plain, plan->config.plain_kernels);
  for (int v = 0; v < CR_VIEWS && plan->config.half; v++)
    if (op->view[v].tensor >= 0 && plan->tensors[op->view[v].tensor].is_float != expects_float(op, v))
      fail_step(w, v, "is stored otherwise");
}

/* ---- Constants -------------------------------------------------------------------------------------------------- */

static void check_weight(const walk *w, const char *prefix, const char *suffix, int out, int row_length)
{
  char name[CR_NAME + 16];
  size_t count;
  const cr_weight_spec *specs = cr_graph_weights(w->p->graph, &count);
  snprintf(name, sizeof name, "%s.%s", prefix, suffix);
  for (size_t i = 0; i < count; i++) {
    if (strcmp(specs[i].name, name) != 0) continue;
    int row = 1;
    for (int d = 1; d < specs[i].dims; d++) row *= specs[i].shape[d];
    assert_int_equal(specs[i].shape[0], out);
    assert_int_equal(row, row_length);
    return;
  }
  fail_msg("step %d, %s: there are no weights %s", w->number, w->step->name, name);
}

static void check_part(const walk *w, const cr_constant *c, const cr_part *part)
{
  const bool vector = c->kind == CR_CONSTANT_BIAS || c->kind == CR_CONSTANT_SCALE;
  assert_true(part->to_out >= 0 && part->out > 0 && part->to_out + part->out <= c->out);
  if (*part->norm) check_weight(w, part->norm, "running_var", part->out, 1);
  if (vector || !*part->kernel) return;
  const int spread = part->spread > 1 ? part->spread : 1;
  assert_true(part->to_in >= 0 && part->to_in + part->in * spread <= c->in);
  assert_true(part->first_in >= 0 && part->first_in + part->in <= part->own_in);
  check_weight(w, part->kernel, "weight", part->out, part->own_in * c->taps_height * c->taps_width);
}

/* A constant of this size, or none. */
static void check_constant(const walk *w, const cr_constant *c, int out, int in)
{
  if (c->kind == CR_CONSTANT_NONE) return;
  assert_true(c->parts >= 1 && c->parts <= CR_PARTS);
  assert_int_equal(c->out, out);
  if (c->kind != CR_CONSTANT_BIAS && c->kind != CR_CONSTANT_SCALE) assert_int_equal(c->in, in);
  for (int p = 0; p < c->parts; p++) check_part(w, c, &c->part[p]);
}

static void check_constants(const walk *w)
{
  const cr_plan_step *s = w->step;
  const cr_op *op = &s->op;
  if (op->kind == CR_CONV) {
    const int in = op->conv.channels / op->conv.groups;
    assert_int_equal(s->weights.kind, CR_CONSTANT_PANELS);
    check_constant(w, &s->weights, op->conv.out_channels, s->weights.rows_as_runs ? in / s->weights.taps_width : in);
    check_constant(w, &s->bias, op->conv.out_channels, in);
  } else if (op->kind == CR_GEMM) {
    const bool left = s->matrix_role == CR_INPUT;
    check_constant(w, &s->matrix, left ? op->gemm.m : op->gemm.n, op->gemm.k);
    check_constant(w, &s->bias, op->gemm.bias_by_row ? op->gemm.m : op->gemm.n, op->gemm.k);
    assert_int_equal(s->matrix.kind != CR_CONSTANT_NONE,
                     op->view[CR_INPUT].tensor < 0 || op->view[CR_SECOND].tensor < 0);
  } else if (op->kind == CR_ATTEND) {
    check_constant(w, &s->bias, op->attend.columns, 0);
  } else if (op->kind == CR_HARMONY) {
    assert_int_equal(s->weights.kind, CR_CONSTANT_LAYERS);
    for (int p = 0; p < s->weights.parts; p++) {
      const cr_part *part = &s->weights.part[p];
      check_weight(w, part->kernel, "weight", part->out, part->own_in);
      if (*part->norm) check_weight(w, part->norm, "running_mean", part->out, 1);
    }
  } else if (op->kind == CR_SCALE) {
    check_constant(w, &s->weights, op->scale.columns, 0);
    check_constant(w, &s->bias, op->scale.columns, 0);
  }
}

/* ---- A whole plan ----------------------------------------------------------------------------------------------- */

static void write_input(walk *w)
{
  const cr_plan *plan = w->p->plan;
  const cr_view view = {.tensor = plan->input};
  w->number = -1;
  w->writing = true;
  for (size_t i = 0; i < cr_plan_tensor_elements(&plan->tensors[plan->input]); i++) visit(w, CR_OUTPUT, &view, i);
}

static void read_outputs(walk *w)
{
  const cr_plan *plan = w->p->plan;
  w->step = NULL;
  w->writing = false;
  for (int o = 0; o < CR_OUTPUTS; o++)
    for (int i = 0; i < plan->feature_length; i++) visit(w, o, &(cr_view){.tensor = plan->outputs[o]}, (size_t)i);
}

static void check_plan(const planned *p)
{
  const size_t units = p->plan->arena_bytes / UNIT;
  walk w = {.p = p, .owner = malloc(units * sizeof *w.owner), .reader = calloc(units, sizeof *w.reader)};
  assert_true(w.owner && w.reader);
  for (size_t i = 0; i < units; i++) w.owner[i] = NOBODY;
  for (int t = 0; t < p->plan->tensor_count; t++)
    assert_int_equal(p->plan->tensors[t].offset_bytes % CR_ARENA_ALIGNMENT, 0);
  uint64_t multiply_adds = 0;
  write_input(&w);
  for (int s = 0; s < p->plan->step_count; s++) {
    w.step = &p->plan->steps[s];
    w.number = s + 1;
    assert_string_equal(w.step->op.name, w.step->name);
    assert_true(*w.step->name && w.step->op.view[CR_OUTPUT].tensor >= 0);
    check_storage(&w);
    check_constants(&w);
    for (int pass = 0; pass < 2; pass++) {
      w.writing = pass == 1;
      for (w.stream = 0; w.stream == 0 || w.stream < w.step->op.streams; w.stream++) walks[w.step->op.kind](&w);
    }
    w.stream = 0;
    multiply_adds += w.step->multiply_adds;
  }
  read_outputs(&w);
  assert_int_equal(multiply_adds, p->plan->multiply_adds);
  free(w.owner);
  free(w.reader);
}

static const clreid_relation forms[] = {CLREID_RELATION_AUTO, CLREID_RELATION_PLAIN, CLREID_RELATION_CONTRACTED};

static void networks_are_planned_soundly(void **state)
{
  (void)state;
  static const struct {
    const char *network, *options;
  } table[] = {
      {"rga-none", ""},
      {"rga-sc", ""},
      {"rga-cs", "stages=2,4 height=80 width=48 s1=3 s2=7"},
      {"rga-parallel", "height=64 width=32"},
      {"rga-sc", "height=48 width=64 visual=0 s1=5"},
      {"rga-sc", "height=48 width=64 relation=0 s1=5 s2=1"},
      {"rga-s", "height=16 width=16 s1=1"},
      {"rga-c", "height=16 width=48 s1=3 s2=1000"},
      {"han-small", ""},
      {"han-large", ""},
      {"fnc-shared", ""},
      {"fnc-add", ""},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
    for (int variant = 0; variant < 6; variant++) {
      const cr_plan_config config = {
          .relation = forms[variant / 2],
          .attention = (clreid_attention)(variant / 2), /* in the order of forms: left to the device, which is none */
          .half = variant % 2,
          .plain_kernels = variant == 5};
      if (i == 1 && variant > 3) continue;                                                /* large, and as in 0 */
      if (!strncmp(table[i].network, "fnc", 3) && variant != 1 && variant != 4) continue; /* larger still */
      planned p = plan_network(table[i].network, table[i].options, &config);
      check_plan(&p);
      drop(&p);
    }
}

/* ---- Graphs of tests -------------------------------------------------------------------------------------------- */

/* Pooled vectors, and what is made of them, by everything that may read one. */
static cr_graph *build_gate(void)
{
  cr_graph *g = cr_graph_create();
  cr_node x =
      cr_graph_conv(g, cr_graph_input(g, 9, 7, 3), "stem", (cr_conv_spec){.out = 24, .kernel = 3, .padding = 1});
  const cr_node squeezed = cr_graph_pool(g, x, (cr_pool_spec){.global = true});
  const cr_node gate = cr_graph_sigmoid(
      g, cr_graph_conv(g, cr_graph_batch_norm(g, squeezed, "n", 1), "gate", (cr_conv_spec){.out = 24}));
  x = cr_graph_mask(g, x, CR_NO_MASK, gate);
  x = cr_graph_conv(g, x, "grouped", (cr_conv_spec){.out = 40, .kernel = 3, .stride = 2, .groups = 4, .bias = true});
  x = cr_graph_relu(g, cr_graph_add(g, cr_graph_relu(g, x), x));
  x = cr_graph_pool(g, x, (cr_pool_spec){.kernel = 2, .stride = 2, .round_up = true});
  x = cr_graph_pool(g, x, (cr_pool_spec){.global = true});
  cr_graph_output(g, CR_OUTPUT_POOLED, x);
  x = cr_graph_relu(g, cr_graph_batch_norm(g, x, "m", 1));
  cr_graph_output(g, CR_OUTPUT_NECK, cr_graph_conv(g, x, "fc", (cr_conv_spec){.out = 40}));
  return g;
}

static cr_graph *build_wide_input(void)
{
  cr_graph *g = cr_graph_create();
  const cr_node x = cr_graph_input(g, 5, 3, 32);
  const cr_node a = cr_graph_conv(g, x, "a", (cr_conv_spec){.out = 32, .kernel = 1, .groups = 2});
  const cr_node y = cr_graph_pool(g, cr_graph_add(g, a, cr_graph_relu(g, x)), (cr_pool_spec){.global = true});
  cr_graph_output(g, CR_OUTPUT_POOLED, y);
  cr_graph_output(g, CR_OUTPUT_NECK, y);
  return g;
}

/* An output that nobody reads any more long before the end, and larger tensors that would like its place. */
static cr_graph *build_early_output(void)
{
  static const int sizes[] = {4096, 8192, 64};
  cr_graph *g = cr_graph_create();
  cr_node x = cr_graph_conv(g, cr_graph_input(g, 5, 3, 3), "stem", (cr_conv_spec){.out = 64});
  x = cr_graph_pool(g, x, (cr_pool_spec){.global = true});
  cr_graph_output(g, CR_OUTPUT_POOLED, x);
  for (int k = 0; k < 3; k++) {
    char name[16];
    snprintf(name, sizeof name, "fc%d", k);
    x = cr_graph_conv(g, x, name, (cr_conv_spec){.out = sizes[k]});
  }
  cr_graph_output(g, CR_OUTPUT_NECK, x);
  return g;
}

static cr_graph *build_two_stems(void)
{
  cr_graph *g = cr_graph_create();
  const cr_node x = cr_graph_input(g, 8, 8, 3);
  const cr_node a = cr_graph_conv(g, x, "a", (cr_conv_spec){.out = 16, .kernel = 3, .stride = 2, .padding = 1});
  const cr_node b = cr_graph_conv(g, x, "b", (cr_conv_spec){.out = 16, .kernel = 4, .stride = 2, .padding = 1});
  const cr_node y = cr_graph_pool(g, cr_graph_add(g, a, b), (cr_pool_spec){.global = true});
  cr_graph_output(g, CR_OUTPUT_POOLED, y);
  cr_graph_output(g, CR_OUTPUT_NECK, y);
  return g;
}

static void other_graphs_are_planned_soundly(void **state)
{
  (void)state;
  static cr_graph *(*const builders[])(void) = {build_gate, build_wide_input, build_two_stems, build_early_output};
  for (size_t i = 0; i < sizeof builders / sizeof builders[0]; i++)
    for (int half = 0; half < 2; half++) {
      planned p = plan_graph(builders[i](), &(cr_plan_config){.half = half});
      check_plan(&p);
      drop(&p);
    }
}

/* ---- Graphs that cannot be planned ------------------------------------------------------------------------------ */

static void output(cr_graph *g, cr_node x)
{
  cr_graph_output(g, CR_OUTPUT_POOLED, x);
  cr_graph_output(g, CR_OUTPUT_NECK, x);
}

static void nothing(cr_graph *g)
{
  (void)g;
}

static void no_output(cr_graph *g)
{
  cr_graph_output(g, CR_OUTPUT_POOLED, cr_graph_relu(g, cr_graph_input(g, 4, 4, 16)));
}

static void input_is_output(cr_graph *g)
{
  output(g, cr_graph_input(g, 4, 4, 16));
}

static void pool_of_three_channels(cr_graph *g)
{
  output(g, cr_graph_pool(g, cr_graph_input(g, 4, 4, 3), (cr_pool_spec){.global = true}));
}

static void two_margins(cr_graph *g)
{
  const cr_node x = cr_graph_input(g, 4, 4, 3);
  const cr_node a = cr_graph_conv(g, x, "a", (cr_conv_spec){.out = 16, .kernel = 3, .padding = 1});
  output(g, cr_graph_add(g, a, cr_graph_conv(g, x, "b", (cr_conv_spec){.out = 16})));
}

static void dilated_stem(cr_graph *g)
{
  const cr_conv_spec spec = {.out = 16, .kernel = 3, .padding = 2, .dilation = 2};
  output(g, cr_graph_conv(g, cr_graph_input(g, 4, 4, 3), "a", spec));
}

static void broken(cr_graph *g)
{
  output(g, cr_graph_conv(g, cr_graph_input(g, 2, 2, 3), "a", (cr_conv_spec){.out = 16, .kernel = 3}));
}

static void what_cannot_be_planned(void **state)
{
  (void)state;
  static const struct {
    void (*build)(cr_graph *g);
    clreid_status status;
    const char *says;
  } table[] = {
      {nothing, CLREID_INVALID_NETWORK, "0 nodes does not begin with its input"},
      {no_output, CLREID_INVALID_NETWORK, "no output neck"},
      {input_is_output, CLREID_INVALID_NETWORK, "no output pooled"},
      {broken, CLREID_INVALID_NETWORK, "too small for convolution a"},
      {pool_of_three_channels, CLREID_UNSUPPORTED_MODEL, "3 channels is read with margins from 0 to 0"},
      {two_margins, CLREID_UNSUPPORTED_MODEL, "margins from 0 to 1"},
      {dilated_stem, CLREID_UNSUPPORTED_MODEL, "margins from 2 to 2"},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    cr_graph *g = cr_graph_create();
    cr_plan *plan = NULL;
    clreid_error error = {CLREID_OK, ""};
    table[i].build(g);
    assert_int_equal(cr_plan_create(g, &(cr_plan_config){.half = false}, NULL, &plan, &error), table[i].status);
    if (!strstr(error.text, table[i].says)) fail_msg("'%s' does not say '%s'", error.text, table[i].says);
    assert_null(plan);
    cr_graph_destroy(g);
  }
}

/* ---- Figures ---------------------------------------------------------------------------------------------------- */

static void the_arena_is_small(void **state)
{
  (void)state;
  for (size_t i = 0; cr_network_at(i); i++) {
    const size_t most = (strncmp(cr_network_at(i)->name, "fnc", 3) ? 8 : 24) << 20; /* bytes a picture, float32 */
    planned p = plan_network(cr_network_at(i)->name, "", &(cr_plan_config){.half = false});
    planned half = plan_network(cr_network_at(i)->name, "", &(cr_plan_config){.half = true});
    printf("%-12s arena %.2f MiB a picture, %.2f in half; %d steps\n", cr_network_at(i)->name,
           (double)p.plan->arena_bytes / (1 << 20), (double)half.plan->arena_bytes / (1 << 20), p.plan->step_count);
    assert_true(p.plan->arena_bytes <= most);
    assert_true(half.plan->arena_bytes <= most / 2 + 65536);
    drop(&p);
    drop(&half);
  }
}

static void the_form_is_chosen_by_cost(void **state)
{
  (void)state;
  static const struct {
    const char *network, *options;
    int contracted, plain; /* of the automatic choice */
  } table[] = {
      {"rga-sc", "", 8, 0},
      {"rga-sc", "visual=0", 8, 0},
      {"rga-sc", "relation=0", 0, 0},
      /* N = 128 nodes of 2048 features: 4 x 1024 x 128 x 64 is more than 128 x 128 x (1024 + 2 x 64) */
      {"rga-s", "stages=4 s1=2", 0, 1},
      {"rga-c", "stages=4 s1=2", 1, 0},
      {"rga-s", "stages=1,2,3,4 s1=1", 1, 3},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    planned p[3];
    for (int f = 0; f < 3; f++)
      p[f] = plan_network(table[i].network, table[i].options, &(cr_plan_config){.relation = forms[f]});
    assert_int_equal(p[0].contracted, table[i].contracted);
    assert_int_equal(p[0].plain, table[i].plain);
    assert_int_equal(p[1].contracted + p[2].plain, 0);
    assert_true(p[0].plan->multiply_adds <= p[1].plan->multiply_adds);
    assert_true(p[0].plan->multiply_adds <= p[2].plan->multiply_adds);
    for (int f = 0; f < 3; f++) drop(&p[f]);
  }
}

/* Of rga-sc: all relations as written 4.91 G, contracted 0.14 G. */
static void the_contraction_saves_what_it_should(void **state)
{
  (void)state;
  planned plain =
      plan_network("rga-sc", "", &(cr_plan_config){.relation = CLREID_RELATION_PLAIN, .direct_convolution = true});
  planned contracted =
      plan_network("rga-sc", "", &(cr_plan_config){.relation = CLREID_RELATION_CONTRACTED, .direct_convolution = true});
  planned filtered = plan_network("rga-sc", "", &(cr_plan_config){.relation = CLREID_RELATION_CONTRACTED});
  /* The plain channel form makes the affinity twice, for neither R nor its transpose is transposed in memory. */
  printf("plain %.3f G, contracted %.3f G, as written %.3f G\n", (double)plain.plan->multiply_adds * 1e-9,
         (double)contracted.plan->multiply_adds * 1e-9, (double)cr_graph_multiply_adds(plain.graph) * 1e-9);
  assert_true(plain.plan->multiply_adds >= cr_graph_multiply_adds(plain.graph));
  assert_true(contracted.plan->multiply_adds < 5.07e9);
  assert_true(filtered.plan->multiply_adds < 3.8e9); /* F(4 x 4) leaves a quarter of 1.74 G */
  drop(&filtered);
  drop(&plain);
  drop(&contracted);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(networks_are_planned_soundly), cmocka_unit_test(other_graphs_are_planned_soundly),
      cmocka_unit_test(what_cannot_be_planned),       cmocka_unit_test(the_arena_is_small),
      cmocka_unit_test(the_form_is_chosen_by_cost),   cmocka_unit_test(the_contraction_saves_what_it_should),
  };
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
