/*
 * test_filter.c - proves host/filter.c and cl/filter.cl: products from filters transformed on the way have the bits of
 * those from transformed weights (which test_winograd.c holds against double precision), in the kernel for every width
 * of vectors and in the plain twin, alone and in a batch; and which products it is for.
 *
 * CLREID_TEST_SEED=N test_filter runs with other numbers; CLREID_TEST_CASE=I runs row I of the table alone.
 */
#include "filter.h"

#include "support.h"
#include "winograd.h"

enum { GUARD = 64 };

/* Rows are tiles of the batch: a picture of height x width outputs has so many of them. */
static const struct shape {
  int tile, batch, height, width, channels, out_channels;
} table[] = {
    {4, 1, 16, 8, 64, 64},                                                /* 8 rows */
    {2, 1, 4, 4, 16, 16},  {4, 1, 1, 1, 1, 1},    {4, 1, 16, 12, 33, 40}, /* 12 */
    {2, 3, 7, 5, 31, 50},  {4, 5, 9, 13, 65, 17}, {4, 13, 16, 8, 32, 48}, /* 104: two blocks */
    {2, 2, 16, 14, 47, 7},                                                /* 112 */
};

static const size_t never = SIZE_MAX, always = 0;

typedef struct bench {
  cr_winograd w;
  size_t row_in, row_out; /* padded channels */
  float *weights, *windows;
  float *products; /* [guard][planes][guard], as the last run left them */
  size_t window_count, product_count;
} bench;

static void check(clreid_status status, const clreid_error *error)
{
  if (status != CLREID_OK) fail_msg("%s", error->text);
}

static float *random_floats(size_t count, unsigned stream)
{
  float *floats = malloc(count * sizeof *floats);
  assert_non_null(floats);
  for (size_t i = 0; i < count; i++)
    floats[i] = (float)support_random((uint64_t)stream << 32 | i, -32768, 32767) / 32768;
  return floats;
}

static bench make_bench(const struct shape *s, int batch)
{
  bench b = {.w = {.tile = s->tile,
                   .height = s->height,
                   .width = s->width,
                   .channels = s->channels,
                   .out_height = s->height,
                   .out_width = s->width,
                   .out_channels = s->out_channels,
                   .padding = 1}};
  b.row_in = cr_padded((size_t)s->channels), b.row_out = cr_padded((size_t)s->out_channels);
  const size_t rows = (size_t)batch * cr_winograd_tiles(&b.w), planes = cr_winograd_planes(&b.w);
  b.window_count = planes * cr_winograd_plane(rows, b.row_in);
  b.product_count = planes * cr_winograd_plane(rows, b.row_out);
  b.weights = random_floats((size_t)s->out_channels * s->channels * 9, 1);
  b.windows = random_floats(b.window_count, 2);
  b.products = malloc((b.product_count + 2 * GUARD) * sizeof *b.products);
  assert_non_null(b.products);
  return b;
}

static void free_bench(bench *b)
{
  free(b->weights);
  free(b->windows);
  free(b->products);
}

/* Between the rows of a plane and the next plane nothing may be written either: all that is not a product stays NaN. */
static void check_guards(const bench *b, size_t rows)
{
  const size_t plane = cr_winograd_plane(rows, b->row_out);
  for (size_t i = 0; i < b->product_count + 2 * GUARD; i++) {
    const bool product = i >= GUARD && i < GUARD + b->product_count && (i - GUARD) % plane < rows * b->row_out;
    if (!product != !!isnan(b->products[i])) fail_msg("%s at %zu", product ? "no product" : "written", i);
  }
}

static void run(bench *b, int batch, size_t filter_bytes, bool plain, const char *kernel)
{
  clreid_error error = {CLREID_OK, ""};
  cr_device *device = support_device();
  const size_t bytes = (b->product_count + 2 * GUARD) * sizeof(float), chosen = device->filter_bytes;
  cr_op op = {.kind = CR_WINOGRAD_PRODUCT, .name = "filter", .plain = plain, .winograd = b->w};
  cr_buffer *weights, *windows, *products;
  cr_step *step;
  for (size_t i = 0; i < b->product_count + 2 * GUARD; i++) b->products[i] = NAN;
  device->filter_bytes = filter_bytes;
  check(cr_winograd_pack(device, &op, b->weights, &weights, &error), &error);
  check(cr_buffer_create(device, b->window_count * sizeof(float), b->windows, &windows, &error), &error);
  check(cr_buffer_create(device, bytes, b->products, &products, &error), &error);
  op.weights = weights;
  op.view[CR_INPUT] = (cr_view){.tensor = -1, .buffer = windows, .row = b->row_in};
  op.view[CR_OUTPUT] = (cr_view){.tensor = -1, .buffer = products, .offset = GUARD, .row = b->row_out};
  check(cr_step_create(support_queue(), &op, batch, &step, &error), &error);
  device->filter_bytes = chosen;
  assert_non_null(strstr(cr_step_variant(step), kernel));
  check(cr_step_run(step, batch, &error), &error);
  check(cr_queue_read(support_queue(), products, 0, bytes, b->products, &error), &error);
  cr_step_destroy(step);
  cr_buffer_release(products);
  cr_buffer_release(windows);
  cr_buffer_release(weights);
  check_guards(b, (size_t)batch * cr_winograd_tiles(&b->w));
}

static void assert_same(const bench *b, const float *kept, const char *what, size_t index)
{
  if (memcmp(b->products, kept, (b->product_count + 2 * GUARD) * sizeof *kept) != 0)
    fail_msg("%s: other bits; run again with CLREID_TEST_CASE=%zu", what, index);
}

static void examine(size_t index)
{
  cr_facts *facts = &support_device()->facts;
  const unsigned width = facts->float_vector_width;
  bench b = make_bench(&table[index], table[index].batch);
  run(&b, table[index].batch, never, false, "winograd");
  float *kept = malloc((b.product_count + 2 * GUARD) * sizeof *kept);
  assert_non_null(kept);
  memcpy(kept, b.products, (b.product_count + 2 * GUARD) * sizeof *kept);
  for (unsigned w = 4; w <= 16; w *= 2) {
    facts->float_vector_width = w;
    run(&b, table[index].batch, always, false, "filter");
    assert_same(&b, kept, "transformed on the way", index);
  }
  facts->float_vector_width = width;
  run(&b, table[index].batch, always, true, "filter plain");
  assert_same(&b, kept, "the plain twin", index);
  free(kept);
  free_bench(&b);
}

static void products_have_the_bits_of_transformed_weights(void **state)
{
  (void)state;
  const char *only = getenv("CLREID_TEST_CASE");
  if (support_device()->facts.type != CR_DEVICE_CPU) {
    print_message("SKIPPED: not a CPU\n");
    skip();
  }
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
    if (!only || strtoul(only, NULL, 10) == i) examine(i);
}

static void which_it_is_for(void **state)
{
  (void)state;
  cr_device cpu = {.facts = {.type = CR_DEVICE_CPU, .float_vector_width = 16, .local_memory_bytes = 1 << 20},
                   .filter_bytes = 4 << 20};
  cr_device gpu = cpu, little = cpu;
  gpu.facts.type = CR_DEVICE_GPU;
  little.facts.local_memory_bytes = 16 << 10;
  cr_op op = {.kind = CR_WINOGRAD_PRODUCT, .winograd = {.tile = 4, .channels = 256, .out_channels = 256}};
  assert_true(cr_filter_fits(&cpu, &op));
  assert_false(cr_filter_fits(&gpu, &op));
  assert_false(cr_filter_fits(&little, &op));
  op.winograd.tile = 2; /* 16 planes of 256 KiB: as much to the byte */
  assert_true(cr_filter_fits(&cpu, &op));
  op.winograd.channels = 255;
  assert_false(cr_filter_fits(&cpu, &op));
  op.winograd.channels = 256, op.kind = CR_WINOGRAD_INPUT;
  assert_false(cr_filter_fits(&cpu, &op));
}

int main(int argc, char **argv)
{
  support_start(argc, argv);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(products_have_the_bits_of_transformed_weights),
      cmocka_unit_test(which_it_is_for),
  };
  return cmocka_run_group_tests(tests, support_open, support_close);
}
