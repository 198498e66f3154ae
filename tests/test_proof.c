/*
 * test_proof.c - proves host/proof.c and host/known.h: each variant that a session or a gallery is about to use gives a
 * known answer first, once a device; one that gives another is replaced by the plain variant, whose bits are the same;
 * and what is remembered is believed only while it is whole. A bad driver is a folder of kernels with a mistake.
 */
#include "support.h"

#include "../lib/api.h"
#include "clreid/clreid_gallery.h"
#include "known.h"
#include "proof.h"
#include "support_kernels.h"
#include "tile.h"

enum { PICTURES = 2, LENGTH = 1024, WIDTH = 64, HEIGHT = 160 };

static uint8_t pixels[PICTURES][HEIGHT][WIDTH][3];
static char log_text[1 << 16];

static void note(void *user, const char *line)
{
  (void)user;
  const size_t used = strlen(log_text);
  snprintf(log_text + used, sizeof log_text - used, "%s\n", line);
}

/* Features of `network` with the caches of `caches` and the kernels of `kernels`, if not NULL; the log is log_text. */
static clreid_status embed(const char *weights, const folder *caches, const folder *kernels, float *features,
                           clreid_error *error)
{
  clreid_device *device;
  clreid_model *model = NULL;
  clreid_session *session = NULL;
  clreid_picture pictures[PICTURES];
  for (int k = 0; k < PICTURES; k++)
    pictures[k] = (clreid_picture){
        .pixels = &pixels[k][0][0][0], .width = WIDTH, .height = HEIGHT, .pitch_bytes = sizeof pixels[k][0]};
  *log_text = 0;
  const clreid_device_config config = {.choice = support_choice(),
                                       .cache_folder = caches->path,
                                       .kernel_folder = kernels ? kernels->path : NULL,
                                       .log = note};
  if (clreid_device_open(&config, &device, error) != CLREID_OK) fail_msg("%s", error->text);
  if (clreid_model_load(device, weights, NULL, &model, error) != CLREID_OK) fail_msg("%s", error->text);
  clreid_status status =
      clreid_session_create(model, &(clreid_session_config){.largest_batch = PICTURES}, &session, error);
  if (status == CLREID_OK) status = clreid_embed(session, pictures, PICTURES, features, NULL, error);
  clreid_session_destroy(session);
  clreid_model_free(model);
  clreid_device_close(device);
  return status;
}

static bool was_said(const char *what)
{
  return strstr(log_text, what) != NULL;
}

static void must_embed(const char *weights, const folder *caches, const folder *kernels, float *features)
{
  clreid_error error = {CLREID_OK, ""};
  if (embed(weights, caches, kernels, features, &error) != CLREID_OK) fail_msg("%s", error.text);
}

static float expected[PICTURES * 2048], features[PICTURES * 2048];

/* In the kernel alone, not in its plain twin. */
static const mistake wrong_conv = {"conv.cl", "tile_epilogue(acc[i][j],",
                                   "tile_epilogue(acc[i][j] + 0.125f * (i == 1),"};
static const mistake wrong_plain = {"conv.cl", "if (flags & EPILOGUE_BIAS) sum += bias[column];", ""};

static void a_wrong_variant_is_replaced(void **state)
{
  (void)state;
  const folder caches = folder_make(), kernels = folder_make(), files = folder_make();
  clreid_error error = {CLREID_OK, ""};
  char weights[512];
  folder_file(&files, "w.safetensors", weights);
  assert_int_equal(clreid_weights_random("han-small", NULL, 0, 1, weights, &error), CLREID_OK);
  must_embed(weights, &caches, NULL, expected);
  assert_true(was_said("asked for a known answer, 0 gave a wrong one"));
  assert_false(was_said("replaced"));
  must_embed(weights, &caches, NULL, features);
  assert_false(was_said("known answer"));
  assert_memory_equal(features, expected, PICTURES * LENGTH * sizeof *features);

  support_kernels(&kernels, &wrong_conv, 1);
  must_embed(weights, &caches, &kernels, features);
  assert_true(was_said(" gives wrong numbers and is replaced by its plain variant: conv "));
  assert_false(was_said("asked for a known answer, 0 gave a wrong one"));
  assert_memory_equal(features, expected, PICTURES * LENGTH * sizeof *features);
  must_embed(weights, &caches, &kernels, features); /* remembered: not asked again, and not used */
  assert_true(was_said("replaced by its plain variant: as it was before"));
  assert_false(was_said("known answer"));
  assert_memory_equal(features, expected, PICTURES * LENGTH * sizeof *features);

  const mistake both[] = {wrong_conv, wrong_plain};
  support_kernels(&kernels, both, 2);
  assert_int_equal(embed(weights, &caches, &kernels, features, &error), CLREID_DEVICE_FAILED);
  assert_non_null(strstr(error.text, "there is no plainer variant; use another device or driver"));
  folder_remove(&files);
  folder_remove(&kernels);
  folder_remove(&caches);
}

/* Every byte of the file, changed, and the file cut. */
static void a_damaged_memory_is_not_believed(void **state)
{
  (void)state;
  const folder caches = folder_make(), files = folder_make();
  clreid_error error = {CLREID_OK, ""};
  char weights[512], path[512], text[8192];
  folder_file(&files, "w.safetensors", weights);
  folder_file(&caches, "proofs.rows", path);
  assert_int_equal(clreid_weights_random("han-small", NULL, 0, 1, weights, &error), CLREID_OK);
  must_embed(weights, &caches, NULL, expected);
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  const size_t size = fread(text, 1, sizeof text, file);
  fclose(file);
  assert_true(size > 200 && size < sizeof text && !strncmp(text, "clreid-proofs 1 ", 16));
  static const long places[] = {0, 14, 16, 31, 32, 33, 40, 90, -1}; /* -1: cut in the middle of a row */
  for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
    file = fopen(path, "w");
    assert_non_null(file);
    fwrite(text, 1, places[i] < 0 ? size - 20 : size, file);
    if (places[i] >= 0) {
      fseek(file, places[i], SEEK_SET);
      fputc(text[places[i]] ^ 1, file);
    }
    fclose(file);
    must_embed(weights, &caches, NULL, features);
    if (!was_said("is damaged: known answers are asked for again") || !was_said("asked for a known answer, 0 gave"))
      fail_msg("byte %ld was changed, and the file is believed: %s", places[i], log_text);
    assert_memory_equal(features, expected, PICTURES * LENGTH * sizeof *features);
  }
  must_embed(weights, &caches, NULL, features); /* it was written anew */
  assert_false(was_said("known answer"));
  folder_remove(&files);
  folder_remove(&caches);
}

/* Winograd's steps have answers of their own: each mistake is seen in its step. */
static void winograd_is_asked(void **state)
{
  (void)state;
  static const struct {
    mistake made;
    cr_kind kind;
  } table[] = {
      {{"winograd.cl", "t[0] = d[0] - d[2];", "t[0] = d[0] + d[2];"}, CR_WINOGRAD_INPUT},
      {{"tile.clh", "k < depth", "k + 1 < depth"}, CR_WINOGRAD_PRODUCT},
      {{"winograd.cl", "s[1] = p[1] - p[2] - p[3];", "s[1] = p[1] - p[2] + p[3];"}, CR_WINOGRAD_OUTPUT},
  };
  for (int t = 0; t < 6; t++) {
    const folder kernels = folder_make();
    clreid_error error = {CLREID_OK, ""};
    cr_device *device;
    cr_queue *queue;
    cr_buffer *any;
    cr_step *step;
    bool wrong;
    support_kernels(&kernels, &table[t / 2].made, t % 2);
    const cr_device_config config = {.choice = support_choice(), .cache_folder = "", .kernel_folder = kernels.path};
    assert_int_equal(cr_device_open(&config, &device, &error), CLREID_OK);
    assert_int_equal(cr_queue_create(device, &queue, &error), CLREID_OK);
    assert_int_equal(cr_buffer_create(device, 64, NULL, &any, &error), CLREID_OK);
    const cr_winograd w = {.tile = 2,
                           .height = 16,
                           .width = 8,
                           .channels = 64,
                           .out_height = 16,
                           .out_width = 8,
                           .out_channels = 64,
                           .padding = 1};
    cr_op op = {.kind = table[t / 2].kind, .name = "w", .weights = any, .bias = any, .winograd = w};
    for (int v = CR_OUTPUT; v <= CR_RESIDUAL; v++)
      if (v != CR_SECOND) op.view[v] = (cr_view){.buffer = any, .row = 64};
    assert_int_equal(cr_step_create(queue, &op, 1, &step, &error), CLREID_OK);
    if (cr_known_answer(step, &wrong, &error) != CLREID_OK) fail_msg("%s", error.text);
    if (wrong != t % 2) fail_msg("%s %s: %s", table[t / 2].made.from, wrong ? "is wrong" : "passes", error.text);
    cr_step_destroy(step);
    cr_buffer_release(any);
    cr_queue_destroy(queue);
    cr_device_release(device);
    folder_remove(&kernels);
  }
}

/* A device whose kernels have the mistake, or not. */
typedef struct mistaken {
  folder kernels;
  cr_device *device;
  cr_queue *queue;
} mistaken;

static mistaken open_mistaken(const mistake *made, int count)
{
  mistaken m = {.kernels = folder_make()};
  clreid_error error = {CLREID_OK, ""};
  support_kernels(&m.kernels, made, count);
  const cr_device_config config = {.choice = support_choice(), .cache_folder = "", .kernel_folder = m.kernels.path};
  assert_int_equal(cr_device_open(&config, &m.device, &error), CLREID_OK);
  assert_int_equal(cr_queue_create(m.device, &m.queue, &error), CLREID_OK);
  return m;
}

static void close_mistaken(mistaken *m)
{
  cr_queue_destroy(m->queue);
  cr_device_release(m->device);
  folder_remove(&m->kernels);
}

/* Of both shapes of the kernel and every element; a mistake is seen where it is. */
static void the_resize_is_asked(void **state)
{
  (void)state;
  static const struct {
    mistake made;
    bool in_bands, in_pixels;
  } table[] = {
      {{"resize.cl", "sum.lo + sum.hi + HALF_UNIT", "sum.lo + sum.hi"}, true, false},
      {{"resize.cl", "int4 sum = (int4)(HALF_UNIT);", "int4 sum = (int4)(0);"}, true, true},
      {{"resize.cl", "clamp(sum >> FRACTION_BITS, (int4)(0)", "clamp(sum >> FRACTION_BITS, (int4)(1)"}, true, true},
      {{"resize.cl", "r.odd ? near.s01232345 : near.s01012323", "near.s01012323"}, true, false},
      {{"resize.cl", "(r.odd + x) / 2 * 2", "x / 2 * 2"}, true, true},
      {{"resize.cl", "return (int4)(at[2], at[1], at[0], 0)", "return (int4)(at[0], at[1], at[2], 0)"}, true, true},
      {{"resize.cl", "four.s2103, four.s5436", "four.s2103, four.s4536"}, true, false},
      {{"resize.cl", "four.s2103, four.s6547", "four.s2103, four.s5647"}, true, false},
      {{"resize.cl", "four.s0123, four.s3456", "four.s0123, four.s4356"}, true, false},
      {{"resize.cl", "grey.xxxx, grey.yyyy", "grey.xxxx, grey.xxxx"}, true, false},
      {{"resize.cl", "return (int4)(at[0]);", "return (int4)(at[1]);"}, true, true},
      {{"resize.cl", "first ? OF_V_601 : OF_V_709", "OF_V_601"}, true, false},
      {{"resize.cl", "format == YUV_601 ? OF_V_601 : OF_V_709", "OF_V_601"}, true, true},
      {{"resize.cl", "reversed ? rgb.z : rgb.x", "rgb.x"}, true, true},
      {{"resize.cl", "to[0] = to[1] = to[2] = 0;", ""}, false, true},
      {{"resize.cl", "to[x] = to[3 * line - 1 - x] = 0", "to[x] = 0"}, true, false},
      {{"resize.cl", "job[JOB_MIRRORED] ? width - 1 - x : x;\n    resize_store", "x;\n    resize_store"}, false, true},
  };
  for (size_t t = 0; t < sizeof table / sizeof table[0]; t++)
    for (int made = 0; made < 2; made++) {
      clreid_error error = {CLREID_OK, ""};
      mistaken m = open_mistaken(&table[t].made, made);
      for (int variant = 0; variant < 6; variant++) {
        const cr_resize_spec spec = {.half = variant / 2 == 1, .bytes_only = variant / 2 == 2, .plain = variant % 2};
        const bool in_pixels = spec.plain || !cr_facts_walk(&m.device->facts);
        bool wrong;
        if (cr_known_resize(m.queue, &spec, &wrong, &error) != CLREID_OK) fail_msg("%s", error.text);
        if (wrong != (made && (in_pixels ? table[t].in_pixels : table[t].in_bands)))
          fail_msg("%s, variant %d %s: %s", table[t].made.from, variant, wrong ? "is wrong" : "passes", error.text);
      }
      close_mistaken(&m);
    }
}

/* Of both shapes and storages. */
static void the_search_is_asked(void **state)
{
  (void)state;
  static const struct {
    mistake made;
    bool in_walk, in_tile, in_plain;
  } table[] = {
      {{"search.cl", "to[(ulong)k * PANEL + r] = ", "to[(ulong)k * PANEL + r ^ 1] = "}, true, true, true},
      {{"search.cl", "list[at] % PANEL", "list[at] / 2 % PANEL"}, true, true, true},
      {{"search.cl", "(ulong)(r - begin) * length", "(ulong)(r - begin) / 2 * length"}, true, true, true},
      {{"search.cl", "first + count - panel * PANEL, PANEL", "first + count - panel * PANEL, PANEL - 1"},
       true,
       true,
       true},
      {{"search.cl", "const int panel = first / PANEL + get", "const int panel = first / PANEL * 2 + get"},
       true,
       true,
       true},
      {{"search.cl", "row = first + get_global_id(0), q", "row = get_global_id(0), q"}, false, false, true},
      {{"search.cl", "r = first + begin; r < first", "r = begin; r < first"}, true, true, false},
      {{"search.cl", "(float16)(query[k * TM + i])", "(float16)(query[k * TM])"}, true, false, false},
      {{"search.cl", "(VECTOR)(query[k * TM + i])", "(VECTOR)(query[k * TM])"}, false, true, false},
      {{"search.cl", "k < length && k < begin + CHUNK", "k < begin + CHUNK && k + 1 < length"}, false, false, true},
      {{"search.cl", "if (!any(isgreater(x, least)))", "if (!all(isgreater(x, least)))"}, true, true, false},
      {{"search.cl", "(length, MULTIPLY_ADD(length, limit.z, limit.y), limit.x)", "(length, limit.y, limit.x)"},
       true,
       true,
       false},
      {{"search.cl", "limits[q].z, limits[q].y", "limits[q].y, limits[q].z"}, false, false, true},
      {{"search.cl", "const int place = atomic_inc(counts + q);", "const int place = counts[q]++ / 2;"},
       true,
       true,
       true},
  };
  for (size_t t = 0; t < sizeof table / sizeof table[0]; t++)
    for (int made = 0; made < 2; made++) {
      clreid_error error = {CLREID_OK, ""};
      mistaken m = open_mistaken(&table[t].made, made);
      const bool walks = cr_facts_walk(&m.device->facts);
      const cr_tile tile = {.rows = 2, .vectors = 1, .vector = 4, .local_rows = 1, .local_columns = 4};
      for (int variant = 0; variant < 6; variant++) {
        const int shape = variant / 2; /* the device's own, tiles, plain */
        const cr_search_spec spec = {.half = variant % 2, .plain = shape == 2, .tile = shape == 1 ? &tile : NULL};
        const bool seen = shape == 2 ? table[t].in_plain : shape == 1 || !walks ? table[t].in_tile : table[t].in_walk;
        bool wrong;
        if (cr_known_search(m.queue, &spec, &wrong, &error) != CLREID_OK) fail_msg("%s", error.text);
        if (wrong != (made && seen))
          fail_msg("%s, variant %d %s: %s", table[t].made.from, variant, wrong ? "is wrong" : "passes", error.text);
      }
      close_mistaken(&m);
    }
}

/* What is made to be used is refused if its kernel is wrong. */
static void must_refuse_delivery(const mistaken *m, bool half, bool made)
{
  enum { COLUMNS = 100, ROW = 112 }; /* asked with 99 */
  clreid_error error = {CLREID_OK, ""};
  cr_buffer *rows;
  cr_deliver *deliver = NULL;
  assert_int_equal(cr_buffer_create(m->device, 2 * ROW * sizeof(float), NULL, &rows, &error), CLREID_OK);
  const cr_view view = {.buffer = rows, .picture = ROW, .row = ROW};
  const cr_deliver_spec spec = {.view = {view, view}, .half = {half, half}, .columns = COLUMNS};
  const clreid_status status = cr_deliver_create_proven(m->queue, &spec, 2, &deliver, &error);
  if (status != (made ? CLREID_DEVICE_FAILED : CLREID_OK))
    fail_msg("half %d, %s: %s", half, made ? "with a mistake" : "without one", error.text);
  if (made) assert_non_null(strstr(error.text, "there is no plainer variant; use another device or driver"));
  cr_deliver_destroy(deliver);
  cr_buffer_release(rows);
}

static void the_delivery_is_asked(void **state)
{
  (void)state;
  static const mistake table[] = {
      {"deliver.cl", "bad = 1;", "bad = 0;"},
      {"deliver.cl", "JOIN(vstore, V)(x, 0, to + c);", "JOIN(vstore, V)(x, 0, to + c + (c == 0));"},
      {"deliver.cl", "first + (int)picture", "first + 2 * (int)picture"},
      {"deliver.cl", "c + i < columns; i++", "c + i + 1 < columns; i++"},
  };
  for (size_t t = 0; t < sizeof table / sizeof table[0]; t++)
    for (int made = 0; made < 2; made++) {
      clreid_error error = {CLREID_OK, ""};
      mistaken m = open_mistaken(&table[t], made);
      for (int variant = 0; variant < 4; variant++) {
        const bool half = variant & 1;
        bool wrong;
        if (cr_known_deliver(m.queue, 1001, half, variant & 2, &wrong, &error) != CLREID_OK) fail_msg("%s", error.text);
        if (wrong != made)
          fail_msg("%s, variant %d %s: %s", table[t].from, variant, made ? "passes" : "fails", error.text);
        must_refuse_delivery(&m, half, made);
      }
      close_mistaken(&m);
    }
  const mistake in_vectors = {"deliver.cl", "bad = 1;", "bad = V == 2;"}; /* the plain twin's */
  mistaken m = open_mistaken(&in_vectors, 1);
  for (int variant = 0; variant < 4; variant++) {
    clreid_error error = {CLREID_OK, ""};
    bool wrong;
    assert_int_equal(cr_known_deliver(m.queue, 1001, variant & 1, variant & 2, &wrong, &error), CLREID_OK);
    assert_int_equal(wrong, !(variant & 2));
    must_refuse_delivery(&m, variant & 1, false); /* replaced */
  }
  close_mistaken(&m);
}

/* A kernel is known by its program and its group: that it is good in one says nothing of another. */
static void groups_are_asked_apart(void **state)
{
  (void)state;
  clreid_error error = {CLREID_OK, ""};
  mistaken m = open_mistaken(NULL, 0);
  cr_search_spec spec = {.length = 20, .block_rows = 2 * CR_PANEL, .room = CR_PANEL, .staged = 1};
  for (int columns = 2; columns <= 4; columns += 2)
    for (int turn = 0; turn < 2; turn++) {
      const cr_tile tile = {.rows = 2, .vectors = 1, .vector = 4, .local_rows = 1, .local_columns = (size_t)columns};
      cr_search *search;
      spec.tile = &tile;
      assert_int_equal(cr_search_create(m.queue, &spec, &search, &error), CLREID_OK);
      assert_int_equal(cr_proof_of(cr_search_step(search)), turn ? CR_GOOD : CR_UNKNOWN);
      cr_search_destroy(search);
      assert_int_equal(cr_search_create_proven(m.queue, &spec, &search, &error), CLREID_OK);
      cr_search_destroy(search);
    }
  close_mistaken(&m);
}

/* Of a gallery: the plain twins list the same. */
static void a_wrong_search_is_replaced(void **state)
{
  (void)state;
  enum { ROWS = 50, D = 33, NEAREST = 7 };
  const folder caches = folder_make(), kernels = folder_make();
  const mistake in_walk = {"search.cl", "acc[i][j] = (float16)(0.0f)", "acc[i][j] = (float16)(1.0f)"},
                in_tile = {"search.cl", "acc[i][j] = (VECTOR)(0.0f)", "acc[i][j] = (VECTOR)(1.0f)"},
                in_put = {"search.cl", "to[(ulong)k * PANEL + r] = ", "to[(ulong)k * PANEL + r ^ 1] = "};
  const bool walks = cr_facts_walk(cr_device_facts(support_device()));
  const clreid_gallery_config config = {.feature_length = D};
  float rows[ROWS * D];
  clreid_match matches[2][NEAREST];
  clreid_error error = {CLREID_OK, ""};
  clreid_device *device;
  clreid_gallery *gallery;
  for (int i = 0; i < ROWS * D; i++) rows[i] = (float)(i * 7919 % 1009) / 1009 - 0.5f;
  for (int turn = 0; turn < 3; turn++) { /* good, wrong, wrong as is remembered */
    if (turn == 1) support_kernels(&kernels, walks ? &in_walk : &in_tile, 1);
    const clreid_device_config on = {.choice = support_choice(),
                                     .cache_folder = caches.path,
                                     .kernel_folder = turn ? kernels.path : NULL,
                                     .log = note};
    *log_text = 0;
    memset(matches[turn > 0], 0, sizeof matches[0]);
    if (clreid_device_open(&on, &device, &error) != CLREID_OK) fail_msg("%s", error.text);
    if (clreid_gallery_create(device, &config, &gallery, &error) != CLREID_OK) fail_msg("%s", error.text);
    if (clreid_gallery_add(gallery, rows, NULL, NULL, ROWS, NULL, &error) != CLREID_OK) fail_msg("%s", error.text);
    if (clreid_gallery_search(gallery, rows + D, 1, NEAREST, matches[turn > 0], NULL, &error) != CLREID_OK)
      fail_msg("%s", error.text);
    clreid_gallery_destroy(gallery);
    clreid_device_close(device);
    assert_int_equal(was_said(" gives wrong numbers and is replaced by its plain variant: "), turn > 0);
    assert_int_equal(was_said("replaced by its plain variant: as it was before"), turn == 2);
  }
  assert_memory_equal(matches[0], matches[1], sizeof matches[0]);
  support_kernels(&kernels, &in_put, 1);
  const clreid_device_config on = {
      .choice = support_choice(), .cache_folder = caches.path, .kernel_folder = kernels.path};
  if (clreid_device_open(&on, &device, &error) != CLREID_OK) fail_msg("%s", error.text);
  assert_int_equal(clreid_gallery_create(device, &config, &gallery, &error), CLREID_DEVICE_FAILED);
  assert_non_null(strstr(error.text, "there is no plainer variant; use another device or driver"));
  clreid_device_close(device);
  folder_remove(&kernels);
  folder_remove(&caches);
}

static void a_wrong_resize_is_replaced(void **state)
{
  (void)state;
  const folder caches = folder_make(), kernels = folder_make(), files = folder_make();
  const mistake in_bands = {"resize.cl", "sum.lo + sum.hi + HALF_UNIT", "sum.lo + sum.hi"},
                in_both = {"resize.cl", "clamp(sum >> FRACTION_BITS, (int4)(0)",
                           "clamp(sum >> FRACTION_BITS, (int4)(1)"};
  clreid_error error = {CLREID_OK, ""};
  char weights[512];
  folder_file(&files, "w.safetensors", weights);
  assert_int_equal(clreid_weights_random("han-small", NULL, 0, 1, weights, &error), CLREID_OK);
  must_embed(weights, &caches, NULL, expected);
  if (cr_facts_walk(cr_device_facts(support_device()))) {
    support_kernels(&kernels, &in_bands, 1);
    must_embed(weights, &caches, &kernels, features);
    assert_true(was_said("resize: resize bands gives wrong numbers and is replaced by its plain variant: "));
    assert_memory_equal(features, expected, PICTURES * LENGTH * sizeof *features);
  }
  support_kernels(&kernels, &in_both, 1);
  assert_int_equal(embed(weights, &caches, &kernels, features, &error), CLREID_DEVICE_FAILED);
  assert_non_null(strstr(error.text, "resize: resize pixels gives wrong numbers (resize pixels: picture 0 of "));
  folder_remove(&files);
  folder_remove(&kernels);
  folder_remove(&caches);
}

/* What a driver's call says is an error, no verdict: nothing is remembered of it. */
static void a_failing_call_is_no_verdict(void **state)
{
  (void)state;
  clreid_error error = {CLREID_OK, ""};
  cr_device *device = support_device();
  const cr_facts own = device->facts;
  cr_trial *trial;
  cr_step *step;
  cr_trial_spec spec = cr_trial_rows(CR_SCALE, 1, 3, 32);
  spec.seed = support_seed();
  assert_int_equal(cr_trial_create(support_queue(), &spec, &trial, &error), CLREID_OK);
  device->proof_count = 0;
  support_pretend("buffer=4");
  assert_int_equal(cr_step_create_proven(support_queue(), &trial->op, 1, &step, &error), CLREID_OUT_OF_DEVICE_MEMORY);
  assert_int_equal(device->proof_count, 0);
  device->facts = own;
  assert_int_equal(cr_step_create_proven(support_queue(), &trial->op, 1, &step, &error), CLREID_OK);
  assert_int_equal(device->proof_count, 1);
  assert_int_equal(cr_proof_of(step), CR_GOOD);
  cr_step_destroy(step);
  cr_trial_destroy(trial);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_wrong_variant_is_replaced), cmocka_unit_test(a_damaged_memory_is_not_believed),
      cmocka_unit_test(winograd_is_asked),           cmocka_unit_test(the_resize_is_asked),
      cmocka_unit_test(the_search_is_asked),         cmocka_unit_test(the_delivery_is_asked),
      cmocka_unit_test(groups_are_asked_apart),      cmocka_unit_test(a_wrong_search_is_replaced),
      cmocka_unit_test(a_wrong_resize_is_replaced),  cmocka_unit_test(a_failing_call_is_no_verdict),
  };
  uint32_t noise = 1;
  for (size_t i = 0; i < sizeof pixels; i++) {
    noise = noise * 1664525u + 1013904223u;
    (&pixels[0][0][0][0])[i] = (uint8_t)(noise >> 24);
  }
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, support_open, support_close);
}
