/*
 * test_search.c - proves host/search.c and cl/search.cl: rows keep their bits, products keep the bound that the gallery
 * relies on and have the same bits in every variant, and a selection lists what the limit says.
 */
#include "support.h"

enum { BLOCK_ROWS = 96, ROOM = 32, STAGED = 20, MOST_LENGTH = 400 };

static const int lengths[] = {1, 3, 16, 127, 128, 129, 300, 400};

typedef struct bench {
  cr_search *search;
  cr_search_block block;
  int length;
  bool half;
  float rows[BLOCK_ROWS][MOST_LENGTH], queries[CR_SEARCH_QUERIES][MOST_LENGTH]; /* rows as they are stored */
} bench;

static clreid_error error;

#define MUST(call)                                                                                                     \
  do {                                                                                                                 \
    if ((call) != CLREID_OK) fail_msg("%s: %s", #call, error.text);                                                    \
  } while (0)

/* rows[count][length] of the bench as the device wants them. */
static void pack(const bench *b, int first, int count, void *to)
{
  for (int r = 0; r < count; r++)
    if (b->half)
      cr_to_half(b->rows[first + r], (uint16_t *)to + r * b->length, (size_t)b->length);
    else
      memcpy((float *)to + r * b->length, b->rows[first + r], (size_t)b->length * sizeof(float));
}

static void put(bench *b, int first, int count)
{
  float *packed = malloc(STAGED * MOST_LENGTH * sizeof *packed);
  pack(b, first, count, packed);
  MUST(cr_search_put(b->search, &b->block, first, count, packed, &error));
  free(packed);
}

/* Opens the bench with random rows, the last two of the block left out, and as many queries. */
static void set_up_tile(bench *b, int length, bool half, bool plain, int queries, const cr_tile *tile)
{
  const cr_search_spec spec = {.length = length,
                               .half = half,
                               .plain = plain,
                               .block_rows = BLOCK_ROWS,
                               .room = ROOM,
                               .staged = STAGED,
                               .tile = tile};
  MUST(cr_search_create(support_queue(), &spec, &b->search, &error));
  MUST(cr_search_block_create(b->search, &b->block, &error));
  b->length = length;
  b->half = half;
  uint16_t halves[MOST_LENGTH];
  for (int r = 0; r < BLOCK_ROWS; r++)
    for (int k = 0; k < length; k++) b->rows[r][k] = (float)support_random((uint64_t)(r * 1000 + k), -999, 999) / 777;
  if (half)
    for (int r = 0; r < BLOCK_ROWS; r++) {
      cr_to_half(b->rows[r], halves, (size_t)length);
      cr_from_half(halves, b->rows[r], (size_t)length);
    }
  float *packed = malloc((size_t)queries * (size_t)length * sizeof *packed);
  for (int q = 0; q < queries; q++)
    for (int k = 0; k < length; k++)
      packed[q * length + k] = b->queries[q][k] =
          (float)support_random((uint64_t)(1000000 + q * 1000 + k), -999, 999) / 1024;
  MUST(cr_search_set_queries(b->search, packed, queries, &error));
  free(packed);
  for (int first = 0; first < BLOCK_ROWS - 2; first += 19)
    put(b, first, first + 19 < BLOCK_ROWS - 2 ? 19 : BLOCK_ROWS - 2 - first);
}

static void set_up(bench *b, int length, bool half, bool plain, int queries)
{
  set_up_tile(b, length, half, plain, queries, NULL);
}

static void tear_down(bench *b)
{
  cr_search_block_release(&b->block);
  cr_search_destroy(b->search);
}

static void check_rows(bench *b)
{
  float got[STAGED * MOST_LENGTH], packed[STAGED * MOST_LENGTH];
  const size_t bytes = (size_t)b->length * (b->half ? 2 : 4);
  for (int first = 0; first + STAGED <= BLOCK_ROWS - 2; first += STAGED - 1) {
    int32_t list[STAGED];
    for (int i = 0; i < STAGED; i++) list[i] = first + (i * 7) % STAGED;
    MUST(cr_search_get(b->search, &b->block, list, STAGED, got, &error));
    pack(b, first, STAGED, packed);
    for (int i = 0; i < STAGED; i++)
      assert_memory_equal((char *)got + (size_t)i * bytes, (char *)packed + (size_t)(list[i] - first) * bytes, bytes);
  }
}

/* Rows come back with their bits, and a put leaves its neighbours alone, wherever it begins and ends in a panel. */
static void rows_keep_their_bits(void **state)
{
  (void)state;
  bench *b = calloc(1, sizeof *b);
  for (int variant = 0; variant < 2; variant++)
    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
      set_up(b, lengths[l], variant, false, 1);
      check_rows(b);
      for (int first = 3; first < 60; first += 11)
        for (int count = 1; count <= STAGED; count += 6) {
          for (int r = first; r < first + count; r++) b->rows[r][0] = (float)(r + count);
          put(b, first, count);
        }
      check_rows(b);
      tear_down(b);
    }
  free(b);
}

static void check_products(const bench *b, int query, int first, int count, const float *products)
{
  const double u = 0x1p-24, terms = CR_SEARCH_CHUNK + (double)(b->length / CR_SEARCH_CHUNK) + 2;
  for (int r = 0; r < count; r++) {
    double sum = 0, left = 0, right = 0;
    for (int k = 0; k < b->length; k++) {
      const double x = (double)b->queries[query][k], y = (double)b->rows[first + r][k];
      sum += x * y;
      left += x * x;
      right += y * y;
    }
    const double bound = terms * u * sqrt(left) * sqrt(right);
    if (!(fabs((double)products[r] - sum) <= bound))
      fail_msg("length %d, query %d, row %d: %.9g, not %.9g +- %.3g", b->length, query, first + r, (double)products[r],
               sum, bound);
  }
}

/* Every variant against double precision and against the bits of the first, for parts of a block and of the queries. */
static void products_keep_their_bound(void **state)
{
  (void)state;
  bench *b = calloc(1, sizeof *b);
  float got[BLOCK_ROWS], first_bits[BLOCK_ROWS];
  int checks = 0, fewer = support_device()->facts.fused_multiply_add ? 0 : 1;
  for (int half = 0; half < 2; half++)
    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++)
      for (int queries = 1; queries <= CR_SEARCH_QUERIES; queries += 21)
        for (int variant = -2; variant < support_tile_count(); variant++) {
          if (variant >= 0 && (variant % 2 != half || !cr_tile_valid(support_tile(variant), &support_device()->facts)))
            continue; /* each tile in one of both storages: compiling is what takes the time */
          set_up_tile(b, lengths[l], half, variant == -2, queries, variant < 0 ? NULL : support_tile(variant));
          MUST(cr_search_products(b->search, &b->block, 0, 48, &error));
          MUST(cr_search_products(b->search, &b->block, 48, BLOCK_ROWS - 2 - 48, &error));
          MUST(cr_search_read_products(b->search, queries - 1, 0, BLOCK_ROWS - 2, got, &error));
          if (!fewer) check_products(b, queries - 1, 0, BLOCK_ROWS - 2, got);
          if (variant == -2)
            memcpy(first_bits, got, sizeof got);
          else if (!fewer)
            assert_memory_equal(got, first_bits, (BLOCK_ROWS - 2) * sizeof *got);
          MUST(cr_search_products(b->search, &b->block, 32, 17, &error));
          MUST(cr_search_read_products(b->search, queries - 1, 0, BLOCK_ROWS - 2, first_bits, &error));
          assert_memory_equal(got, first_bits, (BLOCK_ROWS - 2) * sizeof *got);
          checks++;
          tear_down(b);
        }
  printf("%d products checked%s\n", checks, fewer ? ", without bits: SKIPPED, the device has no fma" : "");
  free(b);
}

/* Limits of all forms, with rows that are not there, against the formula; then one that lists more than there is room.
 */
static void selections_list_what_the_limit_says(void **state)
{
  (void)state;
  static const cr_search_limit limits[] = {
      {-INFINITY, 0, 0, 0}, {0.5f, 0, 0, 0}, {0, 0.125f, 0, 0}, {-1, 0.03125f, 0.015625f, 0}, {INFINITY, 0, 0, 0}};
  enum { LIMITS = sizeof limits / sizeof *limits };
  bench *b = calloc(1, sizeof *b);
  for (int plain = 0; plain < 2; plain++) {
    set_up(b, 16, false, plain, LIMITS);
    float norms[BLOCK_ROWS], products[BLOCK_ROWS], values[ROOM * LIMITS];
    int32_t counts[LIMITS], rows[ROOM * LIMITS];
    for (int r = 0; r < BLOCK_ROWS; r++) norms[r] = r % 7 == 3 || r >= BLOCK_ROWS - 2 ? NAN : (float)(r % 13) / 4;
    MUST(cr_search_put_lengths(b->search, &b->block, 0, BLOCK_ROWS, norms, &error));
    MUST(cr_search_products(b->search, &b->block, 0, BLOCK_ROWS, &error));
    for (int first = 0; first < BLOCK_ROWS; first += 32) {
      MUST(cr_search_select(b->search, &b->block, limits, first, 32, counts, rows, values, &error));
      for (int q = 0; q < LIMITS; q++) {
        MUST(cr_search_read_products(b->search, q, 0, BLOCK_ROWS, products, &error));
        int listed = 0;
        for (int r = first; r < first + 32; r++) {
          const float n = norms[r];
          if (!(products[r] > limits[q].x + n * limits[q].y + n * n * limits[q].z)) continue;
          bool found = false;
          for (int i = 0; i < counts[q] && i < ROOM; i++)
            found |= rows[i * LIMITS + q] == r && values[i * LIMITS + q] == products[r];
          if (!found) fail_msg("plain %d, limit %d: row %d is not listed", plain, q, r);
          listed++;
        }
        assert_int_equal(listed, counts[q]);
      }
    }
    MUST(cr_search_select(b->search, &b->block, limits, 0, BLOCK_ROWS, counts, rows, values, &error));
    assert_int_equal(counts[0], BLOCK_ROWS - 2 - 13); /* beyond the room, all counted */
    tear_down(b);
  }
  free(b);
}

static void what_cannot_be_is_refused(void **state)
{
  (void)state;
  bench *b = calloc(1, sizeof *b);
  set_up(b, 3, false, false, 2);
  float row[3] = {0};
  const int32_t beyond = BLOCK_ROWS;
  assert_int_equal(cr_search_put(b->search, &b->block, BLOCK_ROWS, 1, row, &error), CLREID_INVALID_ARGUMENT);
  assert_int_equal(cr_search_put(b->search, &b->block, 0, STAGED + 1, row, &error), CLREID_INVALID_ARGUMENT);
  assert_int_equal(cr_search_get(b->search, &b->block, &beyond, 1, row, &error), CLREID_INVALID_ARGUMENT);
  assert_int_equal(cr_search_products(b->search, &b->block, 8, 16, &error), CLREID_INVALID_ARGUMENT);
  assert_int_equal(cr_search_read_products(b->search, 2, 0, 1, row, &error), CLREID_INVALID_ARGUMENT);
  assert_int_equal(cr_search_set_queries(b->search, row, CR_SEARCH_QUERIES + 1, &error), CLREID_INVALID_ARGUMENT);
  tear_down(b);
  free(b);
}

/* A product is a sum over the row, of which a device that ends its loops after some turns would give a part. */
static void rows_of_too_many_turns_are_refused(void **state)
{
  (void)state;
  const cr_facts own = support_device()->facts;
  cr_search_spec spec = {.length = 500, .block_rows = CR_PANEL, .room = CR_PANEL, .staged = STAGED};
  cr_search *search;
  support_pretend("turns=1000");
  MUST(cr_search_create(support_queue(), &spec, &search, &error));
  cr_search_destroy(search);
  spec.length++;
  assert_int_equal(cr_search_create(support_queue(), &spec, &search, &error), CLREID_UNSUPPORTED_DEVICE);
  assert_non_null(strstr(error.text, "rows of length 501 takes as many turns"));
  assert_non_null(strstr(error.text, "is trusted with 500; use another device"));
  support_pretend("turns=300"); /* nor is the question before it longer */
  spec.length = 32;
  MUST(cr_search_create_proven(support_queue(), &spec, &search, &error));
  cr_search_destroy(search);
  support_device()->facts = own;
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_keep_their_bits),
      cmocka_unit_test(products_keep_their_bound),
      cmocka_unit_test(selections_list_what_the_limit_says),
      cmocka_unit_test(what_cannot_be_is_refused),
      cmocka_unit_test(rows_of_too_many_turns_are_refused),
  };
  support_start(argc, argv);
  return cmocka_run_group_tests(tests, support_open, support_close);
}
