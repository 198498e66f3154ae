/*
 * preprocess.c - see preprocess.h.
 *
 * Pillow's resize of 8-bit pictures is integer arithmetic; only its weights pass through double. They are computed here
 * in the same order of operations, so that every bit of them agrees; each product or quotient is rounded by itself,
 * never fused with an addition. The integer part is in host/resize.c and cl/resize.cl.
 */
#include "preprocess.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF /* GCC keeps products apart under -std=c11 and does not know the pragma */
#endif

enum {
  FRACTION_BITS = 22,     /* of a fixed-point weight: 8 bits of pixel, 2 of overshoot and sign make it 32 */
  LARGEST_SIDE = 1 << 20, /* of a picture: beyond it a weight of the widest filter nears one unit of 2^-22 */
  CACHE_BYTES = 8 << 20,  /* a thousand typical tables */
  BUCKETS = 1 << 11,      /* to find them in */
};

/* ---- Options ---------------------------------------------------------------------------------------------------- */

static const cr_preprocess imagenet = {{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}, false, CR_BILINEAR};

/* Three numbers with commas are the inside of a JSON array, so the JSON library reads them: whole, correctly rounded,
 * and with a decimal point whatever the locale says. */
static bool read_three(const char *text, double numbers[3])
{
  char array[256];
  int length = snprintf(array, sizeof array, "[%s]", text);
  if (length < 0 || (size_t)length >= sizeof array) return false;
  json_t *root = json_loads(array, 0, NULL);
  bool good = json_array_size(root) == 3;
  for (size_t c = 0; good && c < 3; c++) {
    const json_t *number = json_array_get(root, c);
    good = json_is_number(number);
    numbers[c] = json_number_value(number);
  }
  json_decref(root);
  return good;
}

static clreid_status read_numbers(const char *key, const char *text, const char *example, double numbers[3],
                                  clreid_error *error)
{
  if (!text || read_three(text, numbers)) return CLREID_OK;
  return cr_fail(error, CLREID_INVALID_WEIGHTS,
                 "metadata %s is \"%.64s\", but it must be three numbers with commas, such as %s", key, text, example);
}

/* The classic mistake is to give both for pixels in [0, 255]; a mean beyond 1 cannot be anything else. */
static clreid_status check_numbers(const cr_preprocess *preprocess, clreid_error *error)
{
  for (int c = 0; c < 3; c++) {
    double mean = preprocess->mean[c], std = preprocess->std[c];
    if (!(mean >= 0 && mean <= 1))
      return cr_fail(
          error, CLREID_INVALID_WEIGHTS,
          "metadata mean[%d] is %g, but pixels lie in [0, 1]; divide mean and std by 255 if they are for bytes", c,
          mean);
    if (!(std > 0 && 1 / std <= FLT_MAX))
      return cr_fail(error, CLREID_INVALID_WEIGHTS,
                     "metadata std[%d] is %g, but it divides the pixels and must be above zero by at least %g", c, std,
                     1 / (double)FLT_MAX);
  }
  return CLREID_OK;
}

/* Index of text in names[2]; *index stays as it is without text. */
static clreid_status read_name(const char *key, const char *text, const char *const names[2], int *index,
                               clreid_error *error)
{
  if (!text) return CLREID_OK;
  for (int k = 0; k < 2; k++) {
    if (strcmp(text, names[k]) == 0) {
      *index = k;
      return CLREID_OK;
    }
  }
  return cr_fail(error, CLREID_INVALID_WEIGHTS, "metadata %s is \"%.64s\", but it must be %s or %s", key, text,
                 names[0], names[1]);
}

bool cr_preprocess_takes(const char *key)
{
  static const char *const keys[] = {"mean", "std", "channels", "resize"};
  for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++)
    if (!strcmp(keys[k], key)) return true;
  return false;
}

clreid_status cr_preprocess_read(cr_preprocess *preprocess, const char *(*get)(const void *user, const char *key),
                                 const void *user, clreid_error *error)
{
  static const char *const orders[2] = {"rgb", "bgr"};
  static const char *const filters[2] = {[CR_BILINEAR] = "bilinear", [CR_BICUBIC] = "bicubic"};
  cr_preprocess read = imagenet;
  int order = read.bgr, filter = (int)read.filter;
  CR_TRY(read_numbers("mean", get(user, "mean"), "0.485,0.456,0.406", read.mean, error));
  CR_TRY(read_numbers("std", get(user, "std"), "0.229,0.224,0.225", read.std, error));
  CR_TRY(check_numbers(&read, error));
  CR_TRY(read_name("channels", get(user, "channels"), orders, &order, error));
  CR_TRY(read_name("resize", get(user, "resize"), filters, &filter, error));
  read.bgr = order == 1;
  read.filter = (cr_filter)filter;
  *preprocess = read;
  return CLREID_OK;
}

void cr_preprocess_table(const cr_preprocess *preprocess, float table[3][256])
{
  for (int c = 0; c < 3; c++)
    for (int v = 0; v < 256; v++) table[c][v] = (float)((v / 255.0 - preprocess->mean[c]) / preprocess->std[c]);
}

/* ---- Pillow's weights ------------------------------------------------------------------------------------------- */

/* The triangle, and Keys' cubic with a = -1/2: value at distance x, in input pixels over the filter's scale. The order
 * of operations matters to the last bit. */
static double triangle(double x)
{
  x = fabs(x);
  return x < 1 ? 1 - x : 0;
}

static double cubic(double x)
{
  const double a = -0.5;
  x = fabs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

typedef struct kernel {
  double (*value)(double x);
  double radius;
} kernel;

static const kernel kernels[] = {[CR_BILINEAR] = {triangle, 1}, [CR_BICUBIC] = {cubic, 2}};

/* What all outputs of an axis share. Shrinking widens the filter to cover all input pixels; that is the antialiasing.
 */
typedef struct scaling {
  double step;   /* input pixels from output to output */
  double spread; /* width of the filter, at least 1 */
  double radius; /* of the spread filter, in input pixels */
  int taps;      /* weights of an output at most */
} scaling;

static scaling scaling_of(const kernel *filter, int in, int out)
{
  scaling s;
  s.step = (double)in / out;
  s.spread = s.step < 1 ? 1 : s.step;
  s.radius = filter->radius * s.spread;
  s.taps = (int)ceil(s.radius) * 2 + 1;
  return s;
}

/* To the nearest unit, halves away from zero. */
static int32_t fixed_point(double weight)
{
  double units = weight * (1 << FRACTION_BITS);
  return (int32_t)(units < 0 ? units - 0.5 : units + 0.5);
}

/* Weights of one output into weights[taps], the index of the first into *first; returns how many there are. */
static int weigh(const kernel *filter, const scaling *s, int in, int output, double *scratch, int32_t *weights,
                 int32_t *first)
{
  const double center = (output + 0.5) * s->step;
  const double inverse = 1 / s->spread;
  int low = (int)(center - s->radius + 0.5), high = (int)(center + s->radius + 0.5);
  if (low < 0) low = 0;
  if (high > in) high = in;

  double sum = 0;
  for (int i = low; i < high; i++) {
    scratch[i - low] = filter->value((i - center + 0.5) * inverse);
    sum += scratch[i - low];
  }
  for (int i = low; i < high; i++) weights[i - low] = fixed_point(sum != 0 ? scratch[i - low] / sum : scratch[i - low]);

  /* Zeros at either end are left out: the sums stay the same, and a side that keeps its length costs one tap. */
  int begin = 0, end = high - low;
  while (end > 0 && weights[end - 1] == 0) end--;
  while (begin < end && weights[begin] == 0) begin++;
  memmove(weights, weights + begin, (size_t)(end - begin) * sizeof *weights);
  memset(weights + (end - begin), 0, (size_t)begin * sizeof *weights);
  *first = low + begin;
  return end - begin;
}

/* ---- The cache of tables ---------------------------------------------------------------------------------------- */

typedef struct entry {
  struct entry *next; /* in the same bucket */
  cr_axis axis;
  int32_t numbers[]; /* first[out], count[out], weights[out][taps] */
} entry;

struct cr_axes {
  const kernel *filter;
  entry *buckets[BUCKETS];
  size_t bytes;
};

cr_axes *cr_axes_create(cr_filter filter)
{
  cr_axes *axes = calloc(1, sizeof *axes);
  if (axes) axes->filter = &kernels[filter];
  return axes;
}

static void drop_all(cr_axes *axes)
{
  for (int b = 0; b < BUCKETS; b++)
    for (entry *at = axes->buckets[b], *next; at; at = next) {
      next = at->next;
      free(at);
    }
  memset(axes->buckets, 0, sizeof axes->buckets);
  axes->bytes = 0;
}

void cr_axes_destroy(cr_axes *axes)
{
  if (!axes) return;
  drop_all(axes);
  free(axes);
}

void cr_axes_trim(cr_axes *axes)
{
  if (axes->bytes > CACHE_BYTES) drop_all(axes);
}

size_t cr_axes_bytes(const cr_axes *axes)
{
  return axes->bytes;
}

/* A new entry for in -> out, not yet in the cache; NULL if there is no memory. */
static entry *compute(const kernel *filter, int in, int out, size_t *bytes)
{
  const scaling s = scaling_of(filter, in, out);
  *bytes = sizeof(entry) + (size_t)out * (2 + (size_t)s.taps) * sizeof(int32_t);
  entry *made = calloc(1, *bytes);
  double *scratch = malloc((size_t)s.taps * sizeof *scratch);
  if (made && scratch) {
    int32_t *first = made->numbers, *count = first + out, *weights = count + out;
    for (int i = 0; i < out; i++)
      count[i] = weigh(filter, &s, in, i, scratch, weights + (size_t)i * (size_t)s.taps, &first[i]);
    made->axis = (cr_axis){in, out, s.taps, first, count, weights};
  } else {
    free(made);
    made = NULL;
  }
  free(scratch);
  return made;
}

clreid_status cr_axes_get(cr_axes *axes, int in, int out, const cr_axis **axis, clreid_error *error)
{
  if (in < 1 || in > LARGEST_SIDE)
    return cr_fail(error, CLREID_INVALID_PICTURE, "a picture's side is %d pixels, but it must be from 1 to %d", in,
                   LARGEST_SIDE);
  if (out < 1 || out > LARGEST_SIDE)
    return cr_fail(error, CLREID_INVALID_ARGUMENT, "resize to a side of %d pixels, but it must be from 1 to %d", out,
                   LARGEST_SIDE);
  entry **bucket = &axes->buckets[((size_t)in * 2 + (size_t)out) % BUCKETS];
  for (const entry *known = *bucket; known; known = known->next) {
    if (known->axis.in == in && known->axis.out == out) {
      *axis = &known->axis;
      return CLREID_OK;
    }
  }
  size_t bytes = 0;
  entry *made = compute(axes->filter, in, out, &bytes);
  if (!made)
    return cr_fail(error, CLREID_OUT_OF_MEMORY, "no memory for the resize table %d -> %d of %zu bytes", in, out, bytes);
  made->next = *bucket;
  *bucket = made;
  axes->bytes += bytes;
  *axis = &made->axis;
  return CLREID_OK;
}
