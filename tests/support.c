/*
 * support.c - see support.h.
 */
#include "support.h"

static cr_device *device;
static cr_queue *queue;
static const char *program = "test", *only_case;
static uint64_t seed = 1;
static int cases, failures, too_large;

/* ---- Start and end ---------------------------------------------------------------------------------------------- */

void support_start(int argc, char **argv)
{
  const char *seed_text = getenv("CLREID_TEST_SEED");
  only_case = argc > 1 ? argv[1] : getenv("CLREID_TEST_CASE");
  if (argc > 0) program = argv[0];
  if (seed_text) seed = strtoull(seed_text, NULL, 10);
  printf("seed %llu; again with: CLREID_TEST_SEED=%llu %s\n", (unsigned long long)seed, (unsigned long long)seed,
         program);
}

static void print_line(void *user, const char *line)
{
  (void)user;
  if (getenv("CLREID_TEST_VERBOSE")) fprintf(stderr, "%s\n", line);
}

const char *support_choice(void)
{
  const char *choice = getenv("CLREID_TEST_DEVICE");
  return choice ? choice : "cpu";
}

int support_open(void **state)
{
  (void)state;
  clreid_error error = {CLREID_OK, ""};
  const cr_device_config config = {.choice = support_choice(), .cache_folder = "", .log = {print_line, NULL}};
  if (cr_device_open(&config, &device, &error) != CLREID_OK || cr_queue_create(device, &queue, &error) != CLREID_OK) {
    fprintf(stderr, "no device to test on: %s\n", error.text);
    return -1;
  }
  printf("on %s (%s)\n", cr_device_facts(device)->name, cr_device_facts(device)->platform);
  return 0;
}

int support_close(void **state)
{
  (void)state;
  cr_queue_destroy(queue);
  cr_device_release(device);
  return 0;
}

cr_device *support_device(void)
{
  return device;
}

cr_queue *support_queue(void)
{
  return queue;
}

void support_pretend(const char *words)
{
  clreid_error error = {CLREID_OK, ""};
  if (cr_pretend(words, &device->facts, &error) != CLREID_OK) fail_msg("%s", error.text);
}

uint64_t support_seed(void)
{
  return seed;
}

int support_random(uint64_t i, int low, int high)
{
  uint64_t z = seed * 0xd1342543de82ef95u + (i + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return low + (int)((z ^ z >> 31) % (uint64_t)(high - low + 1));
}

void support_verdict(void)
{
  const int failed = failures;
  if (too_large) printf("%d cases are left out: they are larger than CLREID_TEST_WORK\n", too_large);
  printf("%d cases, %d failed\n", cases, failed);
  cases = failures = too_large = 0;
  if (failed) fail_msg("%d cases failed; each has printed a line that runs it again", failed);
}

/* ---- Tiles ------------------------------------------------------------------------------------------------------ */

static cr_tile all_tiles[64];
static int tile_count;
static bool complete;

/* Every tile of the shipped rows, once. */
int support_tile_count(void)
{
  cr_tuned row;
  for (size_t i = 0; !complete && cr_tuning_at(device, i, &row); i++) {
    bool known = row.text[0][0] || row.kernels == 1u << CR_TILED_SEPARABLE;
    for (int t = 0; t < tile_count; t++) known = known || cr_tile_same(&all_tiles[t], &row.tile);
    assert_true(tile_count < (int)(sizeof all_tiles / sizeof all_tiles[0]));
    if (!known) all_tiles[tile_count++] = row.tile;
  }
  complete = true;
  return tile_count;
}

const cr_tile *support_tile(int index)
{
  return &all_tiles[index];
}

/* ---- Examination ------------------------------------------------------------------------------------------------ */

typedef struct examination {
  cr_trial *trial;
  cr_expected *expected; /* [batch][rows][columns] */
  void *first;           /* the output's memory of the first variant */
  char variant[32];      /* " tile3", " plain"; part of the case's name */
} examination;

static bool complain(const examination *e, const char *what)
{
  printf("FAILED %s\n  again: CLREID_TEST_SEED=%llu %s \"%s%s\"\n", what, (unsigned long long)seed, program,
         e->trial->name, e->variant);
  return false;
}

static bool selected(const examination *e)
{
  char full[sizeof e->trial->name + sizeof e->variant];
  snprintf(full, sizeof full, "%s%s", e->trial->name, e->variant);
  return !only_case || !*only_case || !strcmp(only_case, e->trial->name) || !strcmp(only_case, full);
}

static cr_expected *compute_expected(const cr_trial *trial)
{
  const cr_extent *o = &trial->extent[CR_OUTPUT];
  cr_expected *all = malloc(trial->spec.batch * o->rows * o->columns * sizeof *all), *next = all;
  assert_non_null(all);
  for (int p = 0; p < trial->spec.batch; p++)
    for (size_t r = 0; r < o->rows; r++)
      for (size_t c = 0; c < o->columns; c++) *next++ = cr_oracle_expect(trial, p, r, c);
  return all;
}

/* A result that is zero where numbers are expected has passed no test: half of them may be with a ReLU, all but one of
 * a row with softmax, and some more by chance where they are few. */
static bool trusted(const examination *e, size_t zeros, size_t all)
{
  char text[128];
  const double share = e->trial->op.kind == CR_SOFTMAX ? 0.98 : e->trial->op.activation == CR_RELU ? 0.75 : 0.1;
  const double allowed = share * (double)all + 4;
  if ((double)zeros <= allowed) return true;
  snprintf(text, sizeof text, "MISTRUSTED: %zu of %zu elements are zero", zeros, all);
  return complain(e, text);
}

static bool compare_with_expected(const examination *e)
{
  const cr_trial *t = e->trial;
  const cr_extent *o = &t->extent[CR_OUTPUT];
  const cr_expected *expected = e->expected;
  size_t zeros = 0;
  for (int p = 0; p < t->spec.batch; p++)
    for (size_t r = 0; r < o->rows; r++)
      for (size_t c = 0; c < o->columns; c++, expected++) {
        const double result = cr_trial_read(t, CR_OUTPUT, p, r, c);
        zeros += result == 0;
        if (cr_oracle_allows(t, expected, result)) continue;
        char text[256];
        snprintf(text, sizeof text, "[%d][%zu][%zu] is %.9g, expected %.9g within %.3g", p, r, c, result,
                 expected->value, expected->bound);
        return complain(e, text);
      }
  return trusted(e, zeros, t->spec.batch * o->rows * o->columns);
}

/* Are pictures first .. first + count - 1 of the last run those of `other`, bit by bit? */
static bool same_bits(const examination *e, const void *other, int first, int count, const char *when)
{
  const cr_extent *o = &e->trial->extent[CR_OUTPUT];
  for (int p = first; p < first + count; p++)
    for (size_t r = 0; r < o->rows; r++)
      for (size_t c = 0; c < o->columns; c++) {
        if (cr_trial_same(e->trial, other, p, r, c)) continue;
        char text[256];
        snprintf(text, sizeof text, "[%d][%zu][%zu] has other bits %s (%.9g)", p, r, c, when,
                 cr_trial_read(e->trial, CR_OUTPUT, p, r, c));
        return complain(e, text);
      }
  return true;
}

static bool run(examination *e, bool plain, int first, int count)
{
  clreid_error error = {CLREID_OK, ""};
  return cr_trial_run(e->trial, plain, first, count, &error) == CLREID_OK || complain(e, error.text);
}

static bool run_again(examination *e, bool plain, const void *bits)
{
  const int last = e->trial->spec.batch - 1;
  return run(e, plain, 0, last + 1) && same_bits(e, bits, 0, last + 1, "on a second run") && run(e, plain, last, 1) &&
         same_bits(e, bits, last, 1, "when the last picture is alone") && run(e, plain, 0, 1) &&
         same_bits(e, bits, 0, 1, "when only the first picture of the batch is run");
}

static bool examine_variant(examination *e, bool plain)
{
  const size_t bytes = cr_trial_output_bytes(e->trial);
  if (!run(e, plain, 0, e->trial->spec.batch) || !compare_with_expected(e)) return false;
  void *bits = malloc(bytes);
  assert_non_null(bits);
  memcpy(bits, e->trial->memory[CR_OUTPUT], bytes);
  bool good = !e->first || same_bits(e, e->first, 0, e->trial->spec.batch, "than in the first variant");
  good = good && run_again(e, plain, bits);
  if (e->first)
    free(bits);
  else
    e->first = bits;
  return good;
}

/* The same numbers, NaN in the padding columns of the operands: nothing may change. */
static bool examine_dirty(examination *e)
{
  examination dirty = {.variant = ""};
  clreid_error error = {CLREID_OK, ""};
  cr_trial_spec spec = e->trial->spec;
  spec.dirty = true;
  assert_int_equal(cr_trial_create(queue, &spec, &dirty.trial, &error), CLREID_OK);
  const bool good = run(&dirty, false, 0, spec.batch) &&
                    same_bits(&dirty, e->first, 0, spec.batch, "where the padding of its operands is NaN");
  cr_trial_destroy(dirty.trial);
  return good;
}

static bool examine_all(examination *e)
{
  const cr_kind kind = e->trial->op.kind;
  const bool tiled = kind == CR_CONV || kind == CR_GEMM || kind == CR_ATTENTION;
  const int tiles = tiled && !e->trial->op.gemm.library ? support_tile_count() : 0;
  bool good = true;
  /* Each tile is a kernel to compile, so a case meets every third of them, and the device's own; the next case the
   * next. */
  for (int t = 0; t < tiles; t++) {
    if ((t + cases) % 3) continue;
    if (!cr_tile_valid(support_tile(t), cr_device_facts(device))) continue;
    snprintf(e->variant, sizeof e->variant, " tile%d", t);
    e->trial->op.tile = support_tile(t);
    if (selected(e)) good = examine_variant(e, false) && good;
    e->trial->op.tile = NULL;
  }
  e->variant[0] = 0;
  if (selected(e)) good = examine_variant(e, false) && good;
  snprintf(e->variant, sizeof e->variant, " plain");
  if (!(tiled && e->trial->op.gemm.library) && selected(e)) good = examine_variant(e, true) && good;
  e->variant[0] = 0;
  return good && e->first ? examine_dirty(e) : good;
}

/* More than a device that is simulated gets through. */
static bool is_too_large(const cr_trial_spec *spec)
{
  const char *most = getenv("CLREID_TEST_WORK");
  return most && (double)cr_op_work(&spec->op) * spec->batch > strtod(most, NULL);
}

void support_examine(cr_trial_spec spec)
{
  if (is_too_large(&spec)) {
    too_large++;
    return;
  }
  clreid_error error = {CLREID_OK, ""};
  examination e = {.variant = ""};
  spec.seed = seed;
  if (cr_trial_create(queue, &spec, &e.trial, &error) != CLREID_OK) fail_msg("%s", error.text);
  const size_t length = strlen(e.trial->name);
  if (!only_case || !*only_case || !strncmp(only_case, e.trial->name, length)) {
    cases++;
    e.expected = compute_expected(e.trial);
    failures += !examine_all(&e);
  }
  free(e.expected);
  free(e.first);
  cr_trial_destroy(e.trial);
}
