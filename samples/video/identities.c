/*
 * identities.c - see identities.h.
 *
 * Agglomerative clustering with average linkage: the two nearest groups become one, as long as they are near enough;
 * the distance to a joined group is the mean over its pairs of tracks. Two tracks that cannot be one are infinitely far
 * apart, and so are the groups that hold them. Distances are in units of their threshold, so that 1 is the end for
 * pairs within a camera and across cameras alike.
 */
#include "identities.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "tracker.h"
#include "vectors.h"

enum { MOST_TRACKS = 8000 };

typedef struct member {
  size_t camera, track;
  uint64_t first, last; /* frames */
  size_t boxes;
  size_t group;
} member;

typedef struct grouping {
  const identities_config *config;
  camera *cameras;
  size_t camera_count, length;
  member *members; /* [count], all tracks of all cameras */
  size_t count;
  float *means;     /* [count][length], each of length 1 */
  float *distances; /* [count][count], of groups; a group bears the number of its first member */
  size_t *sizes;    /* [count]: members of a group; 0: it was joined to another */
  size_t *nearest;  /* [count]: of each group */
} grouping;

/* ---- Tracks ------------------------------------------------------------------------------------------------------ */

static float *mean_of(const grouping *it, const member *m)
{
  return it->means + (size_t)(m - it->members) * it->length;
}

static void collect_track(grouping *it, size_t camera_place, size_t first_member)
{
  const camera *of = &it->cameras[camera_place];
  for (size_t track = 0; track < of->tracks; ++track) {
    member *m = &it->members[first_member + track];
    *m = (member){.camera = camera_place, .track = track, .first = UINT64_MAX, .group = first_member + track};
  }
  for (size_t box = 0; box < of->boxes.count; ++box) {
    if (of->track_of[box] == TRACKER_NONE) continue;
    member *m = &it->members[first_member + (size_t)of->track_of[box]];
    const float *feature = of->features + box * it->length;
    float *mean = mean_of(it, m);
    for (size_t i = 0; i < it->length; ++i) mean[i] += feature[i];
    if (m->boxes++ == 0) m->first = of->boxes.items[box].frame;
    m->last = of->boxes.items[box].frame;
  }
}

static void collect(grouping *it)
{
  size_t members = 0;
  for (size_t c = 0; c < it->camera_count; ++c) {
    collect_track(it, c, members);
    members += it->cameras[c].tracks;
  }
  for (size_t m = 0; m < it->count; ++m) vector_scale_to_unit(it->means + m * it->length, it->length);
}

/* In units of the threshold. */
static float distance_of(const grouping *it, const member *a, const member *b)
{
  const bool same_camera = a->camera == b->camera;
  if (same_camera && a->first <= b->last && b->first <= a->last) return INFINITY;
  const double threshold = same_camera ? it->config->joined : it->config->connected;
  if (threshold <= 0) return INFINITY;
  return (float)(vector_distance(mean_of(it, a), mean_of(it, b), it->length) / threshold);
}

/* ---- Groups ------------------------------------------------------------------------------------------------------ */

static float *distance_at(const grouping *it, size_t a, size_t b)
{
  return &it->distances[a * it->count + b];
}

static void find_nearest(grouping *it, size_t group)
{
  it->nearest[group] = group;
  for (size_t other = 0; other < it->count; ++other) {
    if (other == group || it->sizes[other] == 0) continue;
    if (it->nearest[group] == group || *distance_at(it, group, other) < *distance_at(it, group, it->nearest[group])) {
      it->nearest[group] = other;
    }
  }
}

static void join(grouping *it, size_t kept, size_t gone)
{
  const float a = (float)it->sizes[kept], b = (float)it->sizes[gone];
  for (size_t other = 0; other < it->count; ++other) {
    if (other == kept || other == gone || it->sizes[other] == 0) continue;
    const float mean = (a * *distance_at(it, kept, other) + b * *distance_at(it, gone, other)) / (a + b);
    *distance_at(it, kept, other) = *distance_at(it, other, kept) = mean;
  }
  it->sizes[kept] += it->sizes[gone];
  it->sizes[gone] = 0;
  for (size_t m = 0; m < it->count; ++m) {
    if (it->members[m].group == gone) it->members[m].group = kept;
  }
  /* A mean is never nearer than the nearer of the two, so only those who looked at one of them look again. */
  for (size_t other = 0; other < it->count; ++other) {
    if (it->sizes[other] == 0) continue;
    if (other == kept || it->nearest[other] == kept || it->nearest[other] == gone) find_nearest(it, other);
  }
}

static void group_all(grouping *it)
{
  for (size_t a = 0; a < it->count; ++a) {
    it->sizes[a] = 1;
    for (size_t b = 0; b < a; ++b) {
      *distance_at(it, a, b) = *distance_at(it, b, a) = distance_of(it, &it->members[a], &it->members[b]);
    }
  }
  for (size_t a = 0; a < it->count; ++a) find_nearest(it, a);
  for (;;) {
    size_t best = it->count;
    for (size_t a = 0; a < it->count; ++a) {
      if (it->sizes[a] == 0 || it->nearest[a] == a || !(*distance_at(it, a, it->nearest[a]) < 1)) continue;
      if (best == it->count || *distance_at(it, a, it->nearest[a]) < *distance_at(it, best, it->nearest[best]))
        best = a;
    }
    if (best == it->count) return;
    const size_t other = it->nearest[best];
    join(it, best < other ? best : other, best < other ? other : best);
  }
}

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

/* Cameras that saw the group; its tracks and boxes. */
static identity_facts describe(const grouping *it, size_t group)
{
  identity_facts found = {0};
  size_t last_camera = SIZE_MAX; /* members come camera by camera */
  for (size_t m = 0; m < it->count; ++m) {
    const member *of = &it->members[m];
    if (of->group != group) continue;
    found.cameras += of->camera != last_camera;
    last_camera = of->camera;
    ++found.tracks;
    found.boxes += of->boxes;
  }
  return found;
}

/* Shared ones first, else in the order of the tracks. */
static void number_groups(grouping *it, identity_list *list)
{
  for (int shared = 1; shared >= 0; --shared) {
    for (size_t group = 0; group < it->count; ++group) {
      if (it->sizes[group] == 0) continue;
      const identity_facts found = describe(it, group);
      if ((found.cameras > 1) != (shared == 1)) continue;
      for (size_t m = group; m < it->count; ++m) {
        const member *of = &it->members[m];
        if (of->group == group) it->cameras[of->camera].identity_of[of->track] = (long)list->count;
      }
      list->items[list->count++] = found;
      list->shared += shared == 1;
    }
  }
}

static bool allocate(grouping *it, identity_list *list)
{
  const size_t n = it->count + 1; /* some allocators give NULL for nothing */
  it->members = calloc(n, sizeof *it->members);
  it->means = calloc(n * it->length, sizeof *it->means);
  it->distances = calloc(n * n, sizeof *it->distances);
  it->sizes = calloc(n, sizeof *it->sizes);
  it->nearest = calloc(n, sizeof *it->nearest);
  list->items = calloc(n, sizeof *list->items);
  bool all = it->members && it->means && it->distances && it->sizes && it->nearest && list->items;
  for (size_t c = 0; c < it->camera_count; ++c) {
    it->cameras[c].identity_of = calloc(it->cameras[c].tracks + 1, sizeof *it->cameras[c].identity_of);
    all = all && it->cameras[c].identity_of;
  }
  return all;
}

clreid_status identities_find(const identities_config *config, camera *cameras, size_t count, size_t length,
                              identity_list *list, clreid_error *error)
{
  *list = (identity_list){0};
  grouping it = {.config = config, .cameras = cameras, .camera_count = count, .length = length};
  for (size_t c = 0; c < count; ++c) it.count += cameras[c].tracks;
  if (it.count > MOST_TRACKS) {
    return console_fail(error, CLREID_INVALID_ARGUMENT, "%zu tracks, at most %d can be compared: take shorter videos",
                        it.count, MOST_TRACKS);
  }
  const bool has_room = allocate(&it, list);
  if (has_room) {
    collect(&it);
    group_all(&it);
    number_groups(&it, list);
  }
  free(it.members);
  free(it.means);
  free(it.distances);
  free(it.sizes);
  free(it.nearest);
  if (has_room) return CLREID_OK;
  identities_free(list);
  return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for the comparison of %zu tracks", it.count);
}

void identities_free(identity_list *list)
{
  free(list->items);
  *list = (identity_list){0};
}
