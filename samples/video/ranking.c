/*
 * ranking.c - see ranking.h.
 */
#include "ranking.h"

#include <stdlib.h>
#include <string.h>

#include <clreid/clreid_evaluate.h>

#include "assignment.h"
#include "console.h"
#include "judge.h"

enum { JUNK = -1 };

typedef struct rows {
  float *features; /* [count][length] */
  clreid_label *labels;
  size_t count;
} rows;

typedef struct ranking {
  const camera *cameras;
  size_t camera_count, length;
  double least_visibility;
  int64_t **persons; /* [camera_count][boxes]: the true identity, or JUNK */
} ranking;

/* ---- Who is in a box --------------------------------------------------------------------------------------------- */

/* Boxes and truth of one frame. */
static bool label_frame(const ranking *it, const frame_box *boxes, size_t box_count, const frame_box *truth,
                        size_t truth_count, int64_t *persons)
{
  const double limit = 0.5 + 1e-9; /* 1 - overlap */
  double *costs = malloc((box_count * truth_count + 1) * sizeof *costs);
  long *truth_of = malloc((box_count + 1) * sizeof *truth_of);
  bool done = costs && truth_of;
  for (size_t b = 0; b < box_count && done; ++b) {
    for (size_t t = 0; t < truth_count; ++t) {
      const bool counts = judge_counts(&truth[t], it->least_visibility);
      costs[b * truth_count + t] = counts ? 1 - boxes_overlap(&boxes[b].box, &truth[t].box) : 1;
    }
  }
  done = done && assignment_solve(costs, box_count, truth_count, limit, truth_of);
  for (size_t b = 0; b < box_count && done; ++b) {
    persons[b] = truth_of[b] == ASSIGNMENT_NONE ? JUNK : truth[truth_of[b]].id;
  }
  free(costs);
  free(truth_of);
  return done;
}

static bool label_camera(const ranking *it, const camera *of, int64_t *persons)
{
  for (size_t first = 0, end; first < of->boxes.count; first = end) {
    const uint64_t frame = of->boxes.items[first].frame;
    for (end = first + 1; end < of->boxes.count && of->boxes.items[end].frame == frame;) ++end;
    const size_t truth = boxes_find(&of->truth, frame), truth_end = boxes_find(&of->truth, frame + 1);
    if (!label_frame(it, of->boxes.items + first, end - first, of->truth.items + truth, truth_end - truth,
                     persons + first)) {
      return false;
    }
  }
  return true;
}

/* ---- Queries and gallery ----------------------------------------------------------------------------------------- */

static bool add_row(const ranking *it, rows *to, size_t camera_place, size_t box)
{
  const size_t more = to->count + 1;
  if ((to->count & (to->count - 1)) == 0) { /* at powers of two */
    float *features = realloc(to->features, 2 * more * it->length * sizeof *features);
    if (features) to->features = features;
    clreid_label *labels = realloc(to->labels, 2 * more * sizeof *labels);
    if (labels) to->labels = labels;
    if (!features || !labels) return false;
  }
  memcpy(to->features + to->count * it->length, it->cameras[camera_place].features + box * it->length,
         it->length * sizeof *to->features);
  to->labels[to->count] = (clreid_label){.person = it->persons[camera_place][box], .camera = (int64_t)camera_place};
  to->count = more;
  return true;
}

static void free_rows(rows *of)
{
  free(of->features);
  free(of->labels);
}

static bool collect_gallery(const ranking *it, size_t query_camera, rows *gallery)
{
  for (size_t c = 0; c < it->camera_count; ++c) {
    for (size_t box = 0; c != query_camera && box < it->cameras[c].boxes.count; ++box) {
      if (it->persons[c][box] != JUNK && !add_row(it, gallery, c, box)) return false;
    }
  }
  return true;
}

static bool has_person(const rows *of, int64_t person)
{
  for (size_t i = 0; i < of->count; ++i) {
    if (of->labels[i].person == person) return true;
  }
  return false;
}

static int compare_persons(const void *a, const void *b)
{
  const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return x < y ? -1 : x > y;
}

/* Ascending, for free(); NULL: no memory. */
static int64_t *list_persons(const rows *of)
{
  int64_t *persons = malloc((of->count + 1) * sizeof *persons);
  for (size_t i = 0; persons && i < of->count; ++i) persons[i] = of->labels[i].person;
  if (persons) qsort(persons, of->count, sizeof *persons, compare_persons);
  return persons;
}

/* The boxes of one person, evenly spread: the middles of RANKING_QUERIES equal parts. */
static bool add_queries(const ranking *it, size_t camera_place, int64_t person, rows *query)
{
  const size_t boxes = it->cameras[camera_place].boxes.count;
  size_t of_person = 0, passed = 0, taken = 0;
  for (size_t box = 0; box < boxes; ++box) of_person += it->persons[camera_place][box] == person;
  const size_t wanted = of_person < RANKING_QUERIES ? of_person : RANKING_QUERIES;
  for (size_t box = 0; box < boxes && taken < wanted; ++box) {
    if (it->persons[camera_place][box] != person || passed++ != (2 * taken + 1) * of_person / (2 * wanted)) continue;
    if (!add_row(it, query, camera_place, box)) return false;
    ++taken;
  }
  return true;
}

static bool collect_queries(const ranking *it, size_t camera_place, const rows *gallery, rows *query)
{
  int64_t *elsewhere = list_persons(gallery);
  bool done = elsewhere != NULL;
  for (size_t box = 0; done && box < it->cameras[camera_place].boxes.count; ++box) {
    const int64_t person = it->persons[camera_place][box];
    if (person == JUNK || !bsearch(&person, elsewhere, gallery->count, sizeof person, compare_persons) ||
        has_person(query, person)) {
      continue;
    }
    done = add_queries(it, camera_place, person, query);
  }
  free(elsewhere);
  return done;
}

/* ---- All --------------------------------------------------------------------------------------------------------- */

static clreid_status no_memory(clreid_error *error)
{
  return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for judging the features");
}

/* The queries of one camera; adds to the sums in score. */
static clreid_status judge_camera(const ranking *it, clreid_device *device, size_t place, ranking_score *score,
                                  clreid_error *error)
{
  rows query = {0}, gallery = {0};
  clreid_status status = CLREID_OK;
  if (!collect_gallery(it, place, &gallery) || !collect_queries(it, place, &gallery, &query)) status = no_memory(error);
  if (status == CLREID_OK && query.count > 0) {
    const clreid_labelled asked = {query.features, query.labels, query.count},
                          among = {gallery.features, gallery.labels, gallery.count};
    const clreid_evaluate_config config = {.metric = CLREID_COSINE};
    double first = 0;
    clreid_evaluation found = {.cmc = &first, .ranks = 1};
    status = clreid_evaluate(device, &asked, &among, it->length, &config, &found, error);
    if (status == CLREID_OK) {
      score->queries += found.counted;
      score->rank1 += first * (double)found.counted;
      score->mean_average_precision += found.mean_average_precision * (double)found.counted;
    }
  }
  free_rows(&query);
  free_rows(&gallery);
  return status;
}

clreid_status ranking_judge(clreid_device *device, const camera *cameras, size_t count, size_t length,
                            double least_visibility, ranking_score *score, clreid_error *error)
{
  *score = (ranking_score){0};
  ranking it = {.cameras = cameras, .camera_count = count, .length = length, .least_visibility = least_visibility};
  it.persons = calloc(count, sizeof *it.persons);
  clreid_status status = it.persons ? CLREID_OK : no_memory(error);
  for (size_t c = 0; c < count && status == CLREID_OK; ++c) {
    it.persons[c] = calloc(cameras[c].boxes.count + 1, sizeof **it.persons);
    if (!it.persons[c] || !label_camera(&it, &cameras[c], it.persons[c])) status = no_memory(error);
  }
  for (size_t c = 0; c < count && status == CLREID_OK; ++c) status = judge_camera(&it, device, c, score, error);
  if (score->queries > 0) {
    score->rank1 /= (double)score->queries;
    score->mean_average_precision /= (double)score->queries;
  }
  for (size_t c = 0; c < count && it.persons; ++c) free(it.persons[c]);
  free(it.persons);
  return status;
}
