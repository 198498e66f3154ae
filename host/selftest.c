/*
 * selftest.c - every operator, in every variant that this device is given, against double precision on the host.
 *
 * A device that passes can be trusted with a network; one that does not is named with operator, case and element. The
 * cases are few and small, chosen so that each tile the device may be given is run, and each that was tuned for it;
 * tests/ has the many.
 */
#include "selftest.h"

#include <math.h>
#include <string.h>

#include "known.h"
#include "oracle.h"
#include "tuning.h"

enum {
  BIAS = 1,
  RESIDUAL = 2,
  RELU = 4,
  SIGMOID = 8,
  SCALE = 16,
  SECOND = 32,
  TRANSPOSED = 64,
  PANELS = 128,
  SHARED = 256, /* the second operand */
  MAXIMUM = 512,
  GATE = 1024,
};

/* Rows up to 3, up to 2048 and beyond, and columns up to 16, 64 and beyond, decide the tile (host/tiles.rows). */
static const struct {
  int batch, height, width, channels, out, groups;
  cr_window window;
  int options;
} convolutions[] = {
    {1, 3, 1, 17, 33, 1, {.kernel = 1}, BIAS | RESIDUAL},
    {2, 33, 35, 8, 72, 1, {.kernel = 1}, BIAS | RELU | SCALE},
    {1, 9, 7, 19, 5, 1, {.kernel = 1}, BIAS | SIGMOID},
    {2, 9, 6, 16, 48, 1, {.kernel = 3, .padding = 1}, BIAS | RESIDUAL | RELU},
    {1, 11, 7, 3, 20, 1, {.kernel = 7, .stride = 2, .padding = 3}, BIAS | RELU},
    {3, 8, 5, 24, 24, 3, {.kernel = 3, .stride = 2, .padding = 2, .dilation = 2}, BIAS},
    {1, 5, 5, 33, 33, 33, {.kernel = 3, .padding = 1}, BIAS},
    {3, 5, 3, 32, 40, 1, {.kernel = 1}, BIAS | GATE | RESIDUAL | RELU},
    {1, 1, 1, 100, 72, 1, {.kernel = 1}, BIAS | SIGMOID},
};

static const struct {
  int batch, m, n, k, options;
} products[] = {
    {2, 3, 33, 65, BIAS | RELU},       {1, 64, 16, 31, RESIDUAL | SIGMOID},
    {2, 40, 50, 24, TRANSPOSED},       {3, 17, 72, 20, PANELS | BIAS | RESIDUAL},
    {1, 2049, 64, 5, PANELS | SHARED},
};

static const struct {
  int batch, height, width, channels;
  cr_window window; /* without a kernel: all positions */
  int options;
} pools[] = {
    {2, 17, 9, 20, {.kernel = 3, .stride = 2, .padding = 1}, MAXIMUM},
    {1, 7, 6, 33, {.kernel = 3, .stride = 1, .padding = 1}, 0},
    {3, 16, 8, 100, {0}, 0},
    {2, 9, 8, 40, {0}, SECOND},
};

static const struct {
  cr_kind kind;
  int batch, rows, columns, options;
} row_operators[] = {
    {CR_SCALE, 2, 5, 33, SCALE | BIAS | RESIDUAL | RELU},
    {CR_SCALE, 1, 1, 2048, SCALE | BIAS},
    {CR_SCALE, 3, 7, 16, SIGMOID},
    {CR_SCALE, 1, 6, 19, BIAS},
    {CR_MASK, 2, 9, 40, SECOND | RESIDUAL},
    {CR_MASK, 1, 33, 17, SECOND},
    {CR_PACK, 2, 19, 37, 0},
    {CR_SOFTMAX, 2, 7, 45, 0},
};

static const struct {
  int batch, positions, inner, power; /* of the embeddings: 6 makes logits of thousands */
} attentions[] = {{2, 45, 33, 0}, {1, 17, 4, 6}};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

/* What was compared, and the first that was wrong: the rest is run all the same, and the log is told of each. */
typedef struct tally {
  int checks;
  clreid_status status;
  clreid_error first;
} tally;

static void note(tally *all, const clreid_error *error)
{
  if (all->status != CLREID_OK) return;
  all->status = CLREID_DEVICE_FAILED;
  all->first = *error;
}

static cr_trial_spec with_options(cr_trial_spec spec, int options)
{
  spec.bias = options & BIAS;
  spec.residual = options & RESIDUAL;
  spec.scale = options & SCALE;
  spec.second = options & SECOND;
  spec.gate = options & GATE;
  spec.transposed = options & TRANSPOSED;
  spec.shared[CR_SECOND] = options & SHARED;
  spec.op.activation = options & RELU ? CR_RELU : options & SIGMOID ? CR_SIGMOID : CR_LINEAR;
  return spec;
}

static clreid_status run_and_check(cr_queue *queue, const cr_trial_spec *spec, bool plain, int *checks,
                                   clreid_error *error)
{
  cr_trial *trial;
  CR_TRY(cr_trial_create(queue, spec, &trial, error));
  const cr_log *log = &queue->device->log;
  clreid_error wrong = {CLREID_OK, ""};
  clreid_status status = cr_trial_run(trial, plain, 0, spec->batch, &wrong);
  if (status == CLREID_OK) status = cr_oracle_check(trial, 0, spec->batch, checks, &wrong);
  if (status == CLREID_OK)
    cr_say(log, "selftest: %s as %s: off by %.2f of what may be at most", trial->name, trial->variant, trial->worst);
  else
    cr_say(log, "selftest: WRONG: %s", wrong.text);
  cr_trial_destroy(trial);
  return status == CLREID_OK ? CLREID_OK : cr_fail(error, status, "%s", wrong.text);
}

/* Float and half storage, the device's variant and the plain twin. */
static clreid_status check_all(cr_queue *queue, cr_trial_spec spec, tally *all, clreid_error *error)
{
  spec.seed = 1;
  for (int half = 0; half < 2; half++)
    for (int plain = 0; plain < 2; plain++) {
      clreid_error own = {CLREID_OK, ""};
      spec.op.half = half;
      const clreid_status status = run_and_check(queue, &spec, plain, &all->checks, &own);
      if (status == CLREID_DEVICE_FAILED)
        note(all, &own);
      else if (status != CLREID_OK)
        return cr_fail(error, status, "%s", own.text);
    }
  return CLREID_OK;
}

static cr_trial_spec convolution_at(size_t i)
{
  const cr_trial_spec spec =
      cr_trial_conv(convolutions[i].batch, convolutions[i].height, convolutions[i].width, convolutions[i].channels,
                    convolutions[i].out, convolutions[i].groups, convolutions[i].window);
  return with_options(spec, convolutions[i].options);
}

static clreid_status check_convolutions(cr_queue *queue, tally *all, clreid_error *error)
{
  for (size_t i = 0; i < COUNT(convolutions); i++) CR_TRY(check_all(queue, convolution_at(i), all, error));
  return CLREID_OK;
}

static cr_trial_spec product_at(size_t i)
{
  cr_trial_spec spec =
      with_options(cr_trial_gemm(products[i].batch, products[i].m, products[i].n, products[i].k), products[i].options);
  spec.op.gemm.b_panels = products[i].options & PANELS;
  return spec;
}

static clreid_status check_products(cr_queue *queue, tally *all, clreid_error *error)
{
  for (size_t i = 0; i < COUNT(products); i++) CR_TRY(check_all(queue, product_at(i), all, error));
  return CLREID_OK;
}

static clreid_status check_pools(cr_queue *queue, tally *all, clreid_error *error)
{
  for (size_t i = 0; i < COUNT(pools); i++) {
    cr_trial_spec spec = cr_trial_pool(pools[i].batch, pools[i].height, pools[i].width, pools[i].channels,
                                       pools[i].options & MAXIMUM, pools[i].window);
    CR_TRY(check_all(queue, spec, all, error));
  }
  return CLREID_OK;
}

static clreid_status check_row_operators(cr_queue *queue, tally *all, clreid_error *error)
{
  for (size_t i = 0; i < COUNT(row_operators); i++) {
    const cr_trial_spec spec =
        cr_trial_rows(row_operators[i].kind, row_operators[i].batch, row_operators[i].rows, row_operators[i].columns);
    CR_TRY(check_all(queue, with_options(spec, row_operators[i].options), all, error));
  }
  return CLREID_OK;
}

static clreid_status check_attentions(cr_queue *queue, tally *all, clreid_error *error)
{
  for (size_t i = 0; i < COUNT(attentions); i++) {
    cr_trial_spec spec = cr_trial_attention(attentions[i].batch, attentions[i].positions, attentions[i].inner);
    spec.power = attentions[i].power;
    CR_TRY(check_all(queue, spec, all, error));
  }
  return CLREID_OK;
}

/* What harmonious attention and its network need beside the rest; depthwise convolutions stand among the convolutions.
 */
static clreid_status check_harmony(cr_queue *queue, tally *all, clreid_error *error)
{
  static const cr_op ops[] = {
      {.kind = CR_HARMONY,
       .as_float[CR_OUTPUT] = true,
       .harmony = {.height = 5, .width = 4, .channels = 33, .reduced = 2, .centres = 8}},
      {.kind = CR_ATTEND, .attend = {.rows = 35, .columns = 17, .map = 48}},
      {.kind = CR_CROP,
       .crop = {.height = 9, .width = 7, .channels = 20, .out_height = 4, .out_width = 3, .streams = 4}},
      {.kind = CR_NORMALISE, .normalise = {.columns = 64, .parts = 2}},
      {.kind = CR_SEPARABLE,
       .separable =
           {.height = 7, .width = 9, .channels = 5, .out_height = 4, .out_width = 5, .out_channels = 20, .stride = 2}},
  };
  for (size_t i = 0; i < COUNT(ops); i++) {
    cr_trial_spec spec = {
        .op = ops[i], .batch = 2, .bias = ops[i].kind == CR_ATTEND, .residual = ops[i].kind == CR_CROP};
    CR_TRY(check_all(queue, spec, all, error));
    if (ops[i].kind != CR_ATTEND) continue;
    spec.alone = true;
    CR_TRY(check_all(queue, spec, all, error));
  }
  return CLREID_OK;
}

/* ---- Tiles ------------------------------------------------------------------------------------------------------- */

static cr_trial_spec separable_at(size_t i)
{
  const int stride = i ? 2 : 1;
  return (cr_trial_spec){.op = {.kind = CR_SEPARABLE,
                                .separable = {.height = 7,
                                              .width = 9,
                                              .channels = 5,
                                              .out_height = 6 / stride + 1,
                                              .out_width = 8 / stride + 1,
                                              .out_channels = 20,
                                              .stride = stride}},
                         .batch = 2};
}

clreid_status cr_selftest_tile(cr_queue *queue, cr_tiled kernel, const cr_tile *tile, bool half, int *checks,
                               clreid_error *error)
{
  const bool conv = kernel == CR_TILED_CONV, separable = kernel == CR_TILED_SEPARABLE;
  const size_t count = conv ? COUNT(convolutions) : separable ? 2 : COUNT(products);
  for (size_t i = 0; i < count; i += 3) { /* a few: each may be another program */
    cr_trial_spec spec = conv ? convolution_at(i) : separable ? separable_at(i) : product_at(i);
    cr_tiled_shape shape;
    spec.seed = 1;
    spec.op.half = half;
    spec.op.tile = tile;
    if (cr_tiled_shape_of(&spec.op, spec.batch, &shape) && cr_tile_fits(tile, &shape))
      CR_TRY(run_and_check(queue, &spec, false, checks, error));
  }
  return CLREID_OK;
}

/* ---- Resizes, deliveries, searches ------------------------------------------------------------------------------- */

/* What a question found; the call's failure is the status. */
static clreid_status hear(cr_queue *queue, tally *all, const char *what, clreid_status status, bool wrong, int checks,
                          const clreid_error *own, clreid_error *error)
{
  if (status != CLREID_OK) return cr_fail(error, status, "%s", own->text);
  cr_say(&queue->device->log, "selftest: %s%s: %s", wrong ? "WRONG: " : "", what, wrong ? own->text : "every bit");
  if (wrong) note(all, own);
  all->checks += checks;
  return CLREID_OK;
}

/* Of every element, in the device's shape and the plain one. */
static clreid_status check_resizes(cr_queue *queue, tally *all, clreid_error *error)
{
  static const struct {
    const char *name;
    cr_resize_spec spec;
  } resizes[] = {{"resize float", {0}},
                 {"resize float plain", {.plain = true}},
                 {"resize half", {.half = true}},
                 {"resize half plain", {.half = true, .plain = true}},
                 {"resize bytes", {.bytes_only = true}},
                 {"resize bytes plain", {.bytes_only = true, .plain = true}}};
  for (size_t i = 0; i < COUNT(resizes); i++) {
    clreid_error own = {CLREID_OK, ""};
    bool wrong;
    const clreid_status status = cr_known_resize(queue, &resizes[i].spec, &wrong, &own);
    CR_TRY(hear(queue, all, resizes[i].name, status, wrong, CR_KNOWN_RESIZE_CHECKS, &own, error));
  }
  return CLREID_OK;
}

static clreid_status check_deliveries(cr_queue *queue, tally *all, clreid_error *error)
{
  enum { COLUMNS = 1001 };
  static const char *const names[] = {"deliver float", "deliver half", "deliver float plain", "deliver half plain"};
  for (int variant = 0; variant < 4; variant++) {
    clreid_error own = {CLREID_OK, ""};
    bool wrong;
    const clreid_status status = cr_known_deliver(queue, COLUMNS, variant & 1, variant & 2, &wrong, &own);
    CR_TRY(hear(queue, all, names[variant], status, wrong, CR_KNOWN_DELIVER_CHECKS, &own, error));
  }
  return CLREID_OK;
}

static clreid_status check_searches(cr_queue *queue, tally *all, clreid_error *error)
{
  static const char *const names[] = {"search float", "search half", "search float plain", "search half plain"};
  for (int variant = 0; variant < 4; variant++) {
    const cr_search_spec spec = {.half = variant & 1, .plain = variant & 2};
    clreid_error own = {CLREID_OK, ""};
    bool wrong;
    const clreid_status status = cr_known_search(queue, &spec, &wrong, &own);
    CR_TRY(hear(queue, all, names[variant], status, wrong, CR_KNOWN_SEARCH_CHECKS, &own, error));
  }
  return CLREID_OK;
}

/* ---- All --------------------------------------------------------------------------------------------------------- */

/* Does a row before this one have the same tile for the same kernel? */
static bool is_repeated(const cr_device *device, size_t index, const cr_tuned *row)
{
  cr_tuned other;
  for (size_t i = 0; i < index && cr_tuning_at(device, i, &other); i++)
    if (other.text[0][0] && other.kernels == row->kernels && other.precision == row->precision &&
        cr_tile_same(&other.tile, &row->tile))
      return true;
  return false;
}

/* Those of rows that are bound to this device. */
static clreid_status check_tuned(cr_queue *queue, tally *all, clreid_error *error)
{
  cr_tuned row;
  for (size_t i = 0; cr_tuning_at(queue->device, i, &row); i++) {
    if (!row.text[0][0] || !cr_tile_valid(&row.tile, &queue->device->facts)) continue;
    if (is_repeated(queue->device, i, &row)) continue;
    for (int kernel = 0; kernel < CR_TILED_ATTENTION; kernel++)
      for (int half = 0; half < 2; half++)
        if (row.kernels & 1u << kernel && row.precision != 2 - half)
          CR_TRY(cr_selftest_tile(queue, kernel, &row.tile, half, &all->checks, error));
  }
  return CLREID_OK;
}

clreid_status cr_selftest(cr_device *device, int *checks, clreid_error *error)
{
  static clreid_status (*const parts[])(cr_queue *, tally *, clreid_error *) = {
      check_resizes,       check_deliveries, check_convolutions, check_products, check_pools,
      check_row_operators, check_attentions, check_harmony,      check_searches, check_tuned};
  tally all = {.status = CLREID_OK};
  cr_queue *queue;
  CR_TRY(cr_queue_create(device, &queue, error));
  clreid_status status = CLREID_OK;
  for (size_t i = 0; i < COUNT(parts) && status == CLREID_OK; i++) {
    clreid_error own = {CLREID_OK, ""};
    status = parts[i](queue, &all, &own);
    if (status == CLREID_OK) continue;
    note(&all, &own);
    if (status == CLREID_DEVICE_FAILED)
      status = CLREID_OK; /* the other parts say what they find */
    else
      all.status = status;
  }
  cr_queue_destroy(queue);
  if (checks) *checks = all.checks;
  if (all.status == CLREID_OK) return CLREID_OK;
  const char *advice = all.status == CLREID_DEVICE_FAILED ? "; use another device or driver" : "";
  return cr_fail(error, all.status, "%s%s", all.first.text, strstr(all.first.text, advice) ? "" : advice);
}
