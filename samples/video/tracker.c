/*
 * tracker.c - see tracker.h.
 *
 * Frame by frame in four rounds, each an assignment of least cost: tracks that were seen a moment ago take the boxes
 * that overlap with where they should be; tracks that were lost take from the rest by looks and plausible motion;
 * tracks that have nothing near them but one box take it, whatever it looks like; tracks that are young take what is
 * left by overlap. What nobody takes begins a track.
 */
#include "tracker.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "assignment.h"
#include "console.h"
#include "motion.h"
#include "vectors.h"

static const double recent_seconds = 0.35;  /* seen a moment ago: overlap still means something */
static const double young_seconds = 0.35;   /* a young track that is not seen for so long ends */
static const double crowded_overlap = 0.35; /* of boxes whose looks are a mixture, and not learnt */
static const double twin_overlap = 0.7;     /* of boxes that show one thing: the second one begins no track */
static const double plausible = 6;       /* squared standard deviations of the centre that a lost track moves at most */
static const double near_first = 4;      /* ... or a track whose speed is not known yet */
static const double alike_shape = 0.4;   /* overlap of a lost track's box and its next, laid over each other */
static const double feature_kept = 0.9;  /* of a track's looks, when a box is added */
static const double near_overlap = 0.02; /* of what is near a track or a box */
enum { HITS = 3 };                       /* boxes that make a track count */

typedef struct track {
  motion moves;
  float *feature; /* [length], of length 1: the running mean of its boxes' */
  uint64_t frame; /* of the last box */
  double seen;    /* seconds */
  int hits;
} track;

typedef enum round_kind { ROUND_RECENT, ROUND_LOST, ROUND_ALONE, ROUND_YOUNG } round_kind;

typedef struct tracker {
  const tracker_config *config;
  const frame_box *boxes;
  const float *features;
  size_t count, length;
  long *track_of;
  track *tracks; /* [track_count]; those from 0 on that have ended keep their place */
  size_t track_count, track_room;
  size_t *alive; /* [alive_count]: numbers of the tracks that may take a box */
  size_t alive_count;
  bool *crowded;          /* [count]: the box overlaps with another one of its frame */
  double *costs;          /* of a round */
  size_t *rows, *columns; /* ... tracks and boxes that take part */
  long *columns_of;
  size_t cost_room, column_room;
} tracker;

static clreid_status no_memory(clreid_error *error)
{
  return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for the tracks of a video");
}

static const float *feature_of(const tracker *it, size_t box)
{
  return it->features + box * it->length;
}

/* ---- A round ----------------------------------------------------------------------------------------------------- */

static bool takes_part(const tracker *it, const track *t, round_kind kind, double now)
{
  if (kind == ROUND_YOUNG) return t->hits < HITS;
  if (t->hits < HITS) return false;
  if (kind == ROUND_LOST) return true;
  return now - t->seen <= (kind == ROUND_ALONE ? 0 : recent_seconds) + 1.5 / it->config->rate;
}

/* Of two boxes laid over each other. */
static double shape_overlap(const clreid_box *a, const clreid_box *b)
{
  const clreid_box moved = {a->x, a->y, b->width, b->height};
  return boxes_overlap(a, &moved);
}

/* Boxes and tracks of the frame at hand near a box, or near where a track is expected; counts up to two. */
static int boxes_near(const tracker *it, const clreid_box *place, uint64_t frame, size_t some_box)
{
  int near = 0;
  size_t first = some_box;
  while (first > 0 && it->boxes[first - 1].frame == frame) --first;
  for (size_t box = first; box < it->count && it->boxes[box].frame == frame && near < 2; ++box) {
    near += boxes_overlap(place, &it->boxes[box].box) > near_overlap;
  }
  return near;
}

static int tracks_near(const tracker *it, const clreid_box *place)
{
  int near = 0;
  for (size_t i = 0; i < it->alive_count && near < 2; ++i) {
    const track *t = &it->tracks[it->alive[i]];
    const clreid_box expected = motion_box(&t->moves);
    near += t->hits >= HITS && boxes_overlap(place, &expected) > near_overlap;
  }
  return near;
}

/* A track that was seen in the frame before and a box that have nothing near them but each other. */
static double cost_alone(const tracker *it, const track *t, size_t box)
{
  const clreid_box expected = motion_box(&t->moves), *found = &it->boxes[box].box;
  const double overlap = boxes_overlap(&expected, found);
  const uint64_t frame = it->boxes[box].frame;
  if (overlap < it->config->least_overlap) return INFINITY;
  const bool alone = boxes_near(it, &expected, frame, box) == 1 && boxes_near(it, found, frame, box) == 1 &&
                     tracks_near(it, &expected) == 1 && tracks_near(it, found) == 1;
  return alone ? 1 - overlap : INFINITY;
}

/* INFINITY: the box cannot be the track's. */
static double cost_of(const tracker *it, const track *t, size_t box, round_kind kind)
{
  if (kind == ROUND_ALONE) return cost_alone(it, t, box);
  const tracker_config *config = it->config;
  const clreid_box expected = motion_box(&t->moves), *found = &it->boxes[box].box;
  const double looks = vector_distance(t->feature, feature_of(it, box), it->length);
  const double overlap = boxes_overlap(&expected, found);
  if (kind == ROUND_LOST) {
    const double moved = motion_distance(&t->moves, found);
    if (shape_overlap(&expected, found) < alike_shape) return INFINITY;
    if (looks > config->take_up || (overlap < config->least_overlap && moved > plausible)) return INFINITY;
    return looks / fmax(config->take_up, 1e-9) + moved / plausible / 4;
  }
  /* What is just where it should be may look as it has not looked before: turned, half hidden, cut by the frame. */
  const double far = config->far * (1 + overlap);
  if (looks > far) return INFINITY;
  if (overlap < config->least_overlap) {
    const bool is_near = kind == ROUND_YOUNG && t->hits == 1 && motion_distance(&t->moves, found) < near_first;
    if (!is_near) return INFINITY; /* the speed of a first box is not known yet */
  }
  return (1 - config->looks) * (1 - overlap) + config->looks * looks / fmax(config->far, 1e-9);
}

/* room with place for need items, or NULL, and room stays as it was. */
static void *reserve(void *room, size_t *have, size_t need, size_t size)
{
  if (need <= *have) return room;
  void *more = realloc(room, need * 2 * size);
  if (more) *have = need * 2;
  return more;
}

static void add_box(tracker *it, size_t number, size_t box, double now)
{
  track *t = &it->tracks[number];
  motion_correct(&t->moves, &it->boxes[box].box);
  if (!it->crowded[box]) {
    const float *feature = feature_of(it, box);
    /* The plain mean at first, so that a first box does not say more than others. */
    const double kept = fmin(feature_kept, (double)t->hits / (t->hits + 1));
    for (size_t i = 0; i < it->length; ++i) t->feature[i] = (float)(kept * t->feature[i] + (1 - kept) * feature[i]);
    vector_scale_to_unit(t->feature, it->length);
  }
  t->frame = it->boxes[box].frame;
  t->seen = now;
  ++t->hits;
  it->track_of[box] = (long)number;
}

/* The tracks of the kind take boxes first to end. */
static bool run_round(tracker *it, round_kind kind, size_t first, size_t end, double now)
{
  size_t rows = 0, columns = 0;
  for (size_t i = 0; i < it->alive_count; ++i) {
    const track *t = &it->tracks[it->alive[i]];
    if (t->frame < it->boxes[first].frame && takes_part(it, t, kind, now)) it->rows[rows++] = it->alive[i];
  }
  for (size_t box = first; box < end; ++box) {
    if (it->track_of[box] == TRACKER_NONE) it->columns[columns++] = box;
  }
  if (rows == 0 || columns == 0) return true;
  double *costs = reserve(it->costs, &it->cost_room, rows * columns, sizeof *it->costs);
  if (!costs) return false;
  it->costs = costs;
  const double limit = 1e3; /* more than any cost */
  for (size_t r = 0; r < rows; ++r) {
    for (size_t c = 0; c < columns; ++c) {
      const double cost = cost_of(it, &it->tracks[it->rows[r]], it->columns[c], kind);
      it->costs[r * columns + c] = fmin(cost, limit);
    }
  }
  if (!assignment_solve(it->costs, rows, columns, limit, it->columns_of)) return false;
  for (size_t r = 0; r < rows; ++r) {
    if (it->columns_of[r] != ASSIGNMENT_NONE) add_box(it, it->rows[r], it->columns[it->columns_of[r]], now);
  }
  return true;
}

/* ---- Births and ends --------------------------------------------------------------------------------------------- */

static bool begin_track(tracker *it, size_t box, double now)
{
  track *tracks = reserve(it->tracks, &it->track_room, it->track_count + 1, sizeof *it->tracks);
  if (!tracks) return false;
  it->tracks = tracks;
  track *t = &it->tracks[it->track_count];
  *t = (track){.moves = motion_start(&it->boxes[box].box),
               .feature = malloc(it->length * sizeof *t->feature),
               .frame = it->boxes[box].frame,
               .seen = now,
               .hits = 1};
  if (!t->feature) return false;
  memcpy(t->feature, feature_of(it, box), it->length * sizeof *t->feature);
  it->alive[it->alive_count++] = it->track_count; /* there is room: a place for each box */
  it->track_of[box] = (long)it->track_count++;
  return true;
}

/* A second box of something that has one. */
static bool is_twin(const tracker *it, size_t box, size_t first, size_t end)
{
  for (size_t other = first; other < end; ++other) {
    if (other != box && it->track_of[other] != TRACKER_NONE &&
        boxes_overlap(&it->boxes[box].box, &it->boxes[other].box) > twin_overlap) {
      return true;
    }
  }
  return false;
}

static void end_tracks(tracker *it, double now)
{
  size_t kept = 0;
  for (size_t i = 0; i < it->alive_count; ++i) {
    track *t = &it->tracks[it->alive[i]];
    const double patience = t->hits < HITS ? young_seconds + 1.5 / it->config->rate : it->config->memory_seconds;
    if (now - t->seen <= patience) {
      it->alive[kept++] = it->alive[i];
    } else {
      free(t->feature);
      t->feature = NULL;
    }
  }
  it->alive_count = kept;
}

/* ---- Frames ------------------------------------------------------------------------------------------------------ */

static void mark_crowded(tracker *it, size_t first, size_t end)
{
  for (size_t a = first; a < end; ++a) {
    for (size_t b = first; b < end && !it->crowded[a]; ++b) {
      it->crowded[a] = a != b && boxes_overlap(&it->boxes[a].box, &it->boxes[b].box) > crowded_overlap;
    }
  }
}

static bool run_frame(tracker *it, size_t first, size_t end, double passed, double now)
{
  end_tracks(it, now);
  for (size_t i = 0; i < it->alive_count; ++i) {
    track *t = &it->tracks[it->alive[i]];
    motion_predict(&t->moves, passed, now - t->seen > recent_seconds + 1.5 / it->config->rate);
  }
  mark_crowded(it, first, end);
  size_t *columns = reserve(it->columns, &it->column_room, end - first, sizeof *it->columns);
  if (!columns) return false;
  it->columns = columns;
  static const round_kind rounds[] = {ROUND_RECENT, ROUND_LOST, ROUND_ALONE, ROUND_YOUNG};
  for (size_t i = 0; i < sizeof rounds / sizeof *rounds; ++i) {
    if (!run_round(it, rounds[i], first, end, now)) return false;
  }
  for (size_t box = first; box < end; ++box) {
    if (it->track_of[box] != TRACKER_NONE || it->boxes[box].score < it->config->least_score ||
        is_twin(it, box, first, end)) {
      continue;
    }
    if (!begin_track(it, box, now)) return false;
  }
  return true;
}

static bool run_all(tracker *it)
{
  double before = 0;
  for (size_t first = 0, end; first < it->count; first = end) {
    for (end = first + 1; end < it->count && it->boxes[end].frame == it->boxes[first].frame;) ++end;
    const double now = (double)it->boxes[first].frame / it->config->rate;
    if (!run_frame(it, first, end, first == 0 ? 0 : now - before, now)) return false;
    before = now;
  }
  return true;
}

/* Tracks with too few boxes are none; the others are numbered anew. */
static size_t number_tracks(tracker *it)
{
  size_t tracks = 0;
  for (size_t i = 0; i < it->track_count; ++i) {
    it->rows[i] = it->tracks[i].hits >= HITS ? tracks++ : it->count;
  }
  for (size_t box = 0; box < it->count; ++box) {
    if (it->track_of[box] == TRACKER_NONE) continue;
    const size_t number = it->rows[it->track_of[box]];
    it->track_of[box] = number < it->count ? (long)number : TRACKER_NONE;
  }
  return tracks;
}

clreid_status tracker_run(const tracker_config *config, const frame_box *boxes, const float *features, size_t count,
                          size_t length, long *track_of, size_t *tracks, clreid_error *error)
{
  *tracks = 0;
  if (count == 0) return CLREID_OK;
  tracker it = {.config = config,
                .boxes = boxes,
                .features = features,
                .count = count,
                .length = length,
                .track_of = track_of,
                .alive = calloc(count, sizeof *it.alive),
                .crowded = calloc(count, sizeof *it.crowded),
                .rows = calloc(count, sizeof *it.rows),
                .columns_of = calloc(count, sizeof *it.columns_of)};
  for (size_t box = 0; box < count; ++box) track_of[box] = TRACKER_NONE;
  const bool done = it.alive && it.crowded && it.rows && it.columns_of && run_all(&it);
  if (done) *tracks = number_tracks(&it);
  for (size_t i = 0; i < it.track_count; ++i) free(it.tracks[i].feature);
  free(it.tracks);
  free(it.alive);
  free(it.crowded);
  free(it.rows);
  free(it.columns_of);
  free(it.columns);
  free(it.costs);
  return done ? CLREID_OK : no_memory(error);
}
