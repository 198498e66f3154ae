/*
 * profile.c - see profile.h.
 *
 * Figures are means over the middle half of all passes, those that were neither slow nor fast as a whole. A mean of
 * each line keeps what a median of each line loses: the lines of a pass add up to it.
 *
 * The least time of a step is that of its multiply-adds at the device's peak, or of its bytes at the speed of a copy,
 * whichever is longer: the limit. Its share is that time over the time it took. Operands that stay in a cache move
 * faster than a copy between large buffers, so that a share may exceed 100 %.
 */
#include "profile.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"

/* A line of the tables: a row of the session, or the sum of several. */
typedef struct line {
  const char *name, *kind, *variant;
  int launches;
  double ms, least_ms;
  uint64_t multiply_adds, bytes;
  bool by_bytes;     /* what its limit is */
  bool has_no_limit; /* nothing that the device's peaks say anything of */
} line;

struct profile {
  clreid_device_peaks peaks;
  const clreid_profile_row *rows; /* the session's own, of its last pass */
  size_t row_count;
  double *ms;      /* [most][row_count] */
  double *pass_ms; /* [most] */
  size_t *order;   /* [most] passes, the fastest first */
  size_t most, passes;
};

profile *profile_create(size_t most_passes)
{
  profile *of = calloc(1, sizeof *of);
  if (!of) return NULL;
  *of = (profile){.most = most_passes};
  of->pass_ms = calloc(most_passes, sizeof *of->pass_ms);
  of->order = calloc(most_passes, sizeof *of->order);
  if (of->pass_ms && of->order) return of;
  profile_destroy(of);
  return NULL;
}

void profile_destroy(profile *of)
{
  if (!of) return;
  free(of->ms);
  free(of->pass_ms);
  free(of->order);
  free(of);
}

/* Keeps the passes in order: they are few. */
static void insert(profile *of, double pass_ms)
{
  size_t at = of->passes;
  for (; at > 0 && of->pass_ms[of->order[at - 1]] > pass_ms; --at) of->order[at] = of->order[at - 1];
  of->order[at] = of->passes;
  of->pass_ms[of->passes++] = pass_ms;
}

clreid_status profile_add(profile *of, clreid_session *session, clreid_error *error)
{
  double pass_ms;
  size_t count;
  if (of->passes == of->most) return CLREID_OK;
  const clreid_status status = clreid_session_profile(session, &of->rows, &count, &pass_ms, error);
  if (status != CLREID_OK) return status;
  if (!of->ms) of->ms = calloc(count * of->most, sizeof *of->ms);
  if (!of->ms) return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for a profile of %zu rows", count);
  of->row_count = count;
  for (size_t i = 0; i < count; ++i) of->ms[of->passes * count + i] = of->rows[i].ms;
  insert(of, pass_ms);
  return CLREID_OK;
}

size_t profile_passes(const profile *of)
{
  return of->passes;
}

void profile_compare(profile *of, const clreid_device_peaks *peaks)
{
  clreid_device_peaks *most = &of->peaks;
  if (peaks->multiply_adds > most->multiply_adds) most->multiply_adds = peaks->multiply_adds;
  if (peaks->copied_bytes > most->copied_bytes) most->copied_bytes = peaks->copied_bytes;
}

/* Mean of values[pass * step] over the middle half of the passes. */
static double middle(const profile *of, const double *values, size_t step)
{
  const size_t first = of->passes / 4, end = of->passes - of->passes / 4;
  double sum = 0;
  for (size_t k = first; k < end; ++k) sum += values[of->order[k] * step];
  return sum / (double)(end - first);
}

static double middle_pass_ms(const profile *of)
{
  return middle(of, of->pass_ms, 1);
}

/* ---- Lines ------------------------------------------------------------------------------------------------------- */

static line line_of(const profile *of, size_t i)
{
  const clreid_profile_row *row = &of->rows[i];
  const double by_sums = 1e3 * (double)row->multiply_adds / of->peaks.multiply_adds;
  const double by_bytes = 1e3 * (double)row->bytes / of->peaks.copied_bytes;
  line l = {.name = row->name,
            .kind = row->kind,
            .variant = row->variant,
            .launches = row->launches,
            .ms = middle(of, of->ms + i, of->row_count),
            .multiply_adds = row->multiply_adds,
            .bytes = row->bytes,
            .by_bytes = by_bytes > by_sums,
            .has_no_limit = row->launches == 0};
  if (!l.has_no_limit) l.least_ms = l.by_bytes ? by_bytes : by_sums;
  return l;
}

static void add(line *sum, const line *l)
{
  sum->launches += l->launches;
  sum->ms += l->ms;
  sum->least_ms += l->least_ms;
  sum->multiply_adds += l->multiply_adds;
  sum->bytes += l->bytes;
  sum->has_no_limit = sum->has_no_limit && l->has_no_limit;
}

/* Is row i the first one of its kind? */
static bool begins_kind(const profile *of, size_t i)
{
  for (size_t k = 0; k < i; ++k) {
    if (!strcmp(of->rows[k].kind, of->rows[i].kind)) return false;
  }
  return true;
}

static line sum_of_kind(const profile *of, const char *kind)
{
  line sum = {.name = kind, .kind = kind, .variant = "", .has_no_limit = true};
  for (size_t i = 0; i < of->row_count; ++i) {
    const line l = line_of(of, i);
    if (!strcmp(l.kind, kind)) add(&sum, &l);
  }
  return sum;
}

static line sum_of_all(const profile *of)
{
  line sum = {.name = "all lines", .kind = "", .variant = "", .has_no_limit = true};
  for (size_t i = 0; i < of->row_count; ++i) {
    const line l = line_of(of, i);
    add(&sum, &l);
  }
  return sum;
}

/* ---- Text -------------------------------------------------------------------------------------------------------- */

static void print_head(const char *first)
{
  printf("\n%9s %6s %9s %9s %6s  %-6s %8s  %-28s %s\n", "ms", "pass", "M m-adds", "MiB", "peak", "limit", "launches",
         "variant", first);
}

static void print_line(const line *l, double pass_ms, bool is_sum)
{
  printf("%9.3f %5.1f%% %9.1f %9.2f ", l->ms, 100 * l->ms / pass_ms, 1e-6 * (double)l->multiply_adds,
         (double)l->bytes / 1048576);
  if (l->has_no_limit || l->ms <= 0) {
    printf("%6s  %-6s", "", "");
  } else {
    printf("%5.1f%%  %-6s", 100 * l->least_ms / l->ms, is_sum ? "" : l->by_bytes ? "bytes" : "m-adds");
  }
  printf(" %8d  %-28s %s\n", l->launches, l->variant, l->name);
}

void profile_print(const profile *of, double usual_ms)
{
  const double pass_ms = middle_pass_ms(of);
  const line all = sum_of_all(of);
  printf("\nWhere the time of a pass goes: means of the middle half of %zu passes with times noted, which take %+.1f "
         "%%.\n",
         of->passes, 100 * (pass_ms / usual_ms - 1));
  printf("peak: the least time by the device's measured %.1f G multiply-adds/s (m-adds) or %.1f GB/s copied (bytes), "
         "over the time taken.\n",
         1e-9 * of->peaks.multiply_adds, 1e-9 * of->peaks.copied_bytes);
  print_head("step");
  for (size_t i = 0; i < of->row_count; ++i) {
    const line l = line_of(of, i);
    print_line(&l, pass_ms, false);
  }
  print_head("kind");
  for (size_t i = 0; i < of->row_count; ++i) {
    const line sum = begins_kind(of, i) ? sum_of_kind(of, of->rows[i].kind) : (line){0};
    if (sum.name) print_line(&sum, pass_ms, true);
  }
  printf("\n");
  print_line(&all, pass_ms, true);
  printf("%9.3f ms the whole pass: the lines explain %.1f %% of it; by both limits it could take %.3f ms\n", pass_ms,
         100 * all.ms / pass_ms, all.least_ms);
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static json_t *json_of(const line *l, bool is_sum)
{
  json_t *object =
      json_pack("{s:s, s:i, s:f, s:I, s:I, s:f}", "name", l->name, "launches", l->launches, "ms", l->ms,
                "multiply_adds", (json_int_t)l->multiply_adds, "bytes", (json_int_t)l->bytes, "least_ms", l->least_ms);
  bool good = object != NULL;
  if (!l->has_no_limit && l->ms > 0)
    good = good && !json_object_set_new(object, "share_of_peak", json_real(l->least_ms / l->ms));
  if (!is_sum) {
    good = good && !json_object_set_new(object, "kind", json_string(l->kind));
    good = good && !json_object_set_new(object, "variant", json_string(l->variant));
    if (!l->has_no_limit)
      good = good && !json_object_set_new(object, "limit", json_string(l->by_bytes ? "bytes" : "multiply_adds"));
  }
  if (good) return object;
  json_decref(object);
  return NULL;
}

static json_t *steps_json(const profile *of)
{
  json_t *array = json_array();
  for (size_t i = 0; i < of->row_count; ++i) {
    const line l = line_of(of, i);
    array = json_add(array, json_of(&l, false));
  }
  return array;
}

static json_t *kinds_json(const profile *of)
{
  json_t *array = json_array();
  for (size_t i = 0; i < of->row_count; ++i) {
    if (!begins_kind(of, i)) continue;
    const line sum = sum_of_kind(of, of->rows[i].kind);
    array = json_add(array, json_of(&sum, true));
  }
  return array;
}

json_t *profile_json(const profile *of, double usual_ms, json_t *object)
{
  const double pass_ms = middle_pass_ms(of);
  const line all = sum_of_all(of);
  json_t *total =
      json_pack("{s:f, s:f, s:f, s:f, s:f, s:I}", "pass_ms", pass_ms, "sum_ms", all.ms, "explained", all.ms / pass_ms,
                "least_ms", all.least_ms, "slowdown", pass_ms / usual_ms, "passes", (json_int_t)of->passes);
  json_t *peaks = json_pack("{s:f, s:f}", "multiply_adds_per_second", of->peaks.multiply_adds,
                            "copied_bytes_per_second", of->peaks.copied_bytes);
  bool good = object && !json_object_set_new(object, "profile", steps_json(of));
  good = good && !json_object_set_new(object, "profile_kinds", kinds_json(of));
  good = json_object_set_new(object, "profile_total", total) == 0 && good; /* takes its value in any case */
  good = json_object_set_new(object, "peaks", peaks) == 0 && good;
  if (good) return object;
  json_decref(object);
  return NULL;
}
