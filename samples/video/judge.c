/*
 * judge.c - see judge.h.
 */
#include "judge.h"

#include <stdlib.h>

#include "assignment.h"
#include "console.h"

static const double agrees = 0.5; /* overlap */

typedef struct judging {
  double least_visibility;
  int64_t *ids; /* [id_count]: those of the truth, ascending */
  size_t id_count;
  size_t identity_count; /* found ones, counted up to the highest */
  double *agreed;        /* [id_count][identity_count]: boxes, negative, for the assignment */
  bool *seen;            /* [identity_count] */
} judging;

double judge_idf1(const judge_score *score)
{
  const uint64_t all = score->truth + score->found;
  return all ? 2 * (double)score->true_positives / (double)all : 0;
}

bool judge_counts(const frame_box *truth, double least_visibility)
{
  return truth->id >= 0 && truth->score != 0 && truth->visibility >= least_visibility;
}

/* ---- Who there is ------------------------------------------------------------------------------------------------ */

static int compare_ids(const void *a, const void *b)
{
  const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return x < y ? -1 : x > y;
}

static size_t find_id(const judging *it, int64_t id)
{
  const int64_t *found = bsearch(&id, it->ids, it->id_count, sizeof *it->ids, compare_ids);
  return (size_t)(found - it->ids);
}

static bool list_ids(judging *it, const camera *cameras, size_t first, size_t end)
{
  size_t count = 0, boxes = 0;
  for (size_t c = first; c < end; ++c) boxes += cameras[c].truth.count;
  it->ids = calloc(boxes + 1, sizeof *it->ids);
  if (!it->ids) return false;
  for (size_t c = first; c < end; ++c) {
    for (size_t i = 0; i < cameras[c].truth.count; ++i) {
      const frame_box *row = &cameras[c].truth.items[i];
      if (judge_counts(row, it->least_visibility)) it->ids[count++] = row->id;
    }
  }
  qsort(it->ids, count, sizeof *it->ids, compare_ids);
  for (size_t i = 0; i < count; ++i) {
    if (it->id_count == 0 || it->ids[i] != it->ids[it->id_count - 1]) it->ids[it->id_count++] = it->ids[i];
  }
  return true;
}

/* ---- Frames ------------------------------------------------------------------------------------------------------ */

/* Of one frame. */
typedef struct frame_rows {
  const frame_box *truth, *boxes;
  const sighting *found;
  size_t truth_count, box_count, found_count;
} frame_rows;

static bool is_ignored(const judging *it, const frame_rows *rows, const sighting *found)
{
  bool ignored = false;
  for (size_t t = 0; t < rows->truth_count; ++t) {
    if (boxes_overlap(&rows->truth[t].box, &found->box) < agrees) continue;
    if (judge_counts(&rows->truth[t], it->least_visibility)) return false;
    ignored = true;
  }
  return ignored;
}

static bool is_covered(const frame_rows *rows, const frame_box *truth)
{
  for (size_t b = 0; b < rows->box_count; ++b) {
    if (boxes_overlap(&rows->boxes[b].box, &truth->box) >= agrees) return true;
  }
  return false;
}

static void judge_frame(judging *it, const frame_rows *rows, judge_score *score)
{
  for (size_t t = 0; t < rows->truth_count; ++t) {
    if (!judge_counts(&rows->truth[t], it->least_visibility)) {
      ++score->ignored;
      continue;
    }
    ++score->truth;
    score->coverable += is_covered(rows, &rows->truth[t]);
    double *agreed = it->agreed + find_id(it, rows->truth[t].id) * it->identity_count;
    for (size_t f = 0; f < rows->found_count; ++f) {
      if (boxes_overlap(&rows->truth[t].box, &rows->found[f].box) >= agrees) --agreed[rows->found[f].identity];
    }
  }
  for (size_t f = 0; f < rows->found_count; ++f) {
    if (is_ignored(it, rows, &rows->found[f])) continue;
    ++score->found;
    it->seen[rows->found[f].identity] = true;
  }
}

static void judge_camera(judging *it, const camera *of, const sighting_list *list, judge_score *score)
{
  size_t truth = 0, found = 0, box = 0;
  while (truth < of->truth.count || found < list->count) {
    const uint64_t a = truth < of->truth.count ? of->truth.items[truth].frame : UINT64_MAX,
                   b = found < list->count ? list->items[found].frame : UINT64_MAX, frame = a < b ? a : b;
    frame_rows rows = {.truth = of->truth.items + truth, .found = list->items + found};
    for (; truth < of->truth.count && of->truth.items[truth].frame == frame; ++truth) ++rows.truth_count;
    for (; found < list->count && list->items[found].frame == frame; ++found) ++rows.found_count;
    while (box < of->boxes.count && of->boxes.items[box].frame < frame) ++box;
    rows.boxes = of->boxes.items + box;
    for (; box < of->boxes.count && of->boxes.items[box].frame == frame; ++box) ++rows.box_count;
    judge_frame(it, &rows, score);
  }
}

/* ---- All --------------------------------------------------------------------------------------------------------- */

static bool allocate(judging *it, const sighting_list *lists, size_t first, size_t end)
{
  for (size_t c = first; c < end; ++c) {
    for (size_t i = 0; i < lists[c].count; ++i) {
      const size_t identity = lists[c].items[i].identity;
      if (identity >= it->identity_count) it->identity_count = identity + 1;
    }
  }
  it->agreed = calloc(it->id_count * it->identity_count + 1, sizeof *it->agreed);
  it->seen = calloc(it->identity_count + 1, sizeof *it->seen);
  return it->agreed && it->seen;
}

/* Gives each true identity a found one so that the most boxes agree. */
static bool match(const judging *it, judge_score *score)
{
  long *found_of = calloc(it->id_count + 1, sizeof *found_of);
  const bool solved = found_of && assignment_solve(it->agreed, it->id_count, it->identity_count, 0, found_of);
  for (size_t t = 0; solved && t < it->id_count; ++t) {
    if (found_of[t] == ASSIGNMENT_NONE) continue;
    score->true_positives += (uint64_t)-it->agreed[t * it->identity_count + (size_t)found_of[t]];
  }
  free(found_of);
  return solved;
}

clreid_status judge_identities(const camera *cameras, const sighting_list *lists, size_t first, size_t end,
                               double least_visibility, judge_score *score, clreid_error *error)
{
  *score = (judge_score){0};
  judging it = {.least_visibility = least_visibility};
  bool done = list_ids(&it, cameras, first, end) && allocate(&it, lists, first, end);
  for (size_t c = first; c < end && done; ++c) judge_camera(&it, &cameras[c], &lists[c], score);
  done = done && match(&it, score);
  score->true_identities = it.id_count;
  for (size_t i = 0; done && i < it.identity_count; ++i) score->found_identities += it.seen[i];
  free(it.ids);
  free(it.agreed);
  free(it.seen);
  return done ? CLREID_OK : console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for judging the result");
}
