/*
 * report.c - see report.h.
 */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>

#include "json.h"
#include "program.h"

static double rate_of(const camera *of)
{
  return (double)of->movie.rate_numerator / of->movie.rate_denominator;
}

/* When and how often one camera saw one identity. */
typedef struct stay {
  uint64_t first, last; /* frames */
  size_t boxes;         /* 0: never */
} stay;

static stay find_stay(const sighting_list *list, size_t identity)
{
  stay found = {0};
  for (size_t i = 0; i < list->count; ++i) {
    if (list->items[i].identity != identity) continue;
    if (found.first == 0) found.first = list->items[i].frame;
    found.last = list->items[i].frame;
    found.boxes += !list->items[i].filled;
  }
  return found;
}

static size_t box_count(const report *of)
{
  size_t boxes = 0;
  for (size_t c = 0; c < of->camera_count; ++c) boxes += of->cameras[c].boxes.count;
  return boxes;
}

/* ---- Text -------------------------------------------------------------------------------------------------------- */

static void print_camera(const report *of, size_t place)
{
  const camera *c = &of->cameras[place];
  printf("%s: %dx%d, %g frames/s, %" PRIu64 " frames; %zu boxes", c->name, c->movie.width, c->movie.height, rate_of(c),
         c->frames, c->boxes.count);
  if (c->outside + c->beyond > 0) printf(" (%zu left out)", c->outside + c->beyond);
  if (of->lists) printf(", %zu tracks", c->tracks);
  printf("\n");
}

static void print_identity(const report *of, size_t identity)
{
  printf("  %3zu:", identity + 1);
  const char *between = " ";
  for (size_t c = 0; c < of->camera_count; ++c) {
    const stay at = find_stay(&of->lists[c], identity);
    if (at.boxes == 0) continue;
    printf("%s%s %.1f to %.1f s", between, of->cameras[c].name, (double)(at.first - 1) / rate_of(&of->cameras[c]),
           (double)(at.last - 1) / rate_of(&of->cameras[c]));
    between = ", ";
  }
  printf("\n");
}

static void print_score(const char *name, const judge_score *score)
{
  printf("  %-16s IDF1 %.3f: %" PRIu64 " of %" PRIu64 " true boxes and %" PRIu64 " found ones agree", name,
         judge_idf1(score), score->true_positives, score->truth, score->found);
  printf(" (%zu identities, found %zu; a detector's box on %" PRIu64 ")\n", score->true_identities,
         score->found_identities, score->coverable);
}

static void print_truth(const report *of)
{
  printf("judged by the truth (%" PRIu64 " hidden boxes not counted):\n", of->all.ignored);
  for (size_t c = 0; of->camera_count > 1 && c < of->camera_count; ++c) print_score(of->cameras[c].name, &of->each[c]);
  print_score(of->camera_count > 1 ? "all cameras" : of->cameras[0].name, &of->all);
  if (of->ranking.queries == 0) return;
  printf("  %-16s Rank-1 %.3f, mAP %.3f: %zu boxes looked for in the other cameras\n", "features", of->ranking.rank1,
         of->ranking.mean_average_precision, of->ranking.queries);
}

static void print_text(const report *of)
{
  for (size_t c = 0; c < of->camera_count; ++c) print_camera(of, c);
  printf("%zu boxes embedded, features of length %zu, in %.1f s with decoding\n", box_count(of), of->length,
         of->embed_seconds);
  if (!of->lists) return;
  if (of->camera_count == 1) {
    printf("%zu identities\n", of->identities.count);
  } else {
    printf("%zu identities; %zu were seen by several cameras%s\n", of->identities.count, of->identities.shared,
           of->identities.shared ? ":" : "");
  }
  const size_t shown = of->camera_count == 1 ? of->identities.count : of->identities.shared;
  for (size_t i = 0; i < shown; ++i) print_identity(of, i);
  if (of->judged) print_truth(of);
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static json_t *score_object(const judge_score *score)
{
  return json_pack("{s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "idf1", judge_idf1(score), "idtp",
                   (json_int_t)score->true_positives, "idfn", (json_int_t)(score->truth - score->true_positives),
                   "idfp", (json_int_t)(score->found - score->true_positives), "true_boxes", (json_int_t)score->truth,
                   "found_boxes", (json_int_t)score->found, "detected_boxes", (json_int_t)score->coverable,
                   "ignored_boxes", (json_int_t)score->ignored, "true_identities", (json_int_t)score->true_identities,
                   "found_identities", (json_int_t)score->found_identities);
}

static json_t *camera_object(const report *of, size_t place)
{
  const camera *c = &of->cameras[place];
  json_t *object =
      json_pack("{s:o, s:i, s:i, s:f, s:I, s:I, s:I, s:I}", "name", json_text(c->name), "width", c->movie.width,
                "height", c->movie.height, "frames_a_second", rate_of(c), "frames", (json_int_t)c->frames, "boxes",
                (json_int_t)c->boxes.count, "outside", (json_int_t)c->outside, "beyond", (json_int_t)c->beyond);
  if (object && of->lists) json_object_set_new(object, "tracks", json_integer((json_int_t)c->tracks));
  if (object && of->judged) json_object_set_new(object, "truth", score_object(&of->each[place]));
  return object;
}

static json_t *identity_object(const report *of, size_t identity)
{
  json_t *seen = json_array();
  for (size_t c = 0; c < of->camera_count && seen; ++c) {
    const stay at = find_stay(&of->lists[c], identity);
    if (at.boxes == 0) continue;
    seen = json_add(seen,
                    json_pack("{s:o, s:I, s:I, s:I}", "camera", json_text(of->cameras[c].name), "first_frame",
                              (json_int_t)at.first, "last_frame", (json_int_t)at.last, "boxes", (json_int_t)at.boxes));
  }
  return json_pack("{s:I, s:o}", "identity", (json_int_t)identity + 1, "seen", seen);
}

static json_t *as_object(const report *of)
{
  json_t *cameras = json_array(), *identities = json_array();
  for (size_t c = 0; c < of->camera_count && cameras; ++c) cameras = json_add(cameras, camera_object(of, c));
  for (size_t i = 0; of->lists && i < of->identities.count && identities; ++i) {
    identities = json_add(identities, identity_object(of, i));
  }
  json_t *object = json_pack("{s:I, s:f, s:o, s:I, s:o}", "feature_length", (json_int_t)of->length, "embed_seconds",
                             of->embed_seconds, "cameras", cameras, "shared", (json_int_t)of->identities.shared,
                             "identities", identities);
  if (object && of->judged) {
    json_object_set_new(object, "truth", score_object(&of->all));
    json_object_set_new(object, "features",
                        json_pack("{s:I, s:f, s:f}", "queries", (json_int_t)of->ranking.queries, "rank1",
                                  of->ranking.rank1, "mean_average_precision", of->ranking.mean_average_precision));
  }
  return object;
}

int report_print(const report *of, bool as_json)
{
  if (!as_json) {
    print_text(of);
    return PROGRAM_DONE;
  }
  const int code = json_show(as_object(of), 2);
  printf("\n");
  return code;
}
