/*
 * settings.c - see settings.h.
 */
#include "settings.h"

#include <stdlib.h>

#include "console.h"
#include "program.h"

enum { MOST_BATCH = 1024 };

static bool counts_agree(const settings *set)
{
  if (set->videos.count > SETTINGS_MOST_CAMERAS) {
    console_complain("%zu times --video, at most %d can be taken together", set->videos.count, SETTINGS_MOST_CAMERAS);
    return false;
  }
  if (set->boxes.count != set->videos.count) {
    console_complain("%zu times --video but %zu times --boxes: give a box file for each video, in the same order",
                     set->videos.count, set->boxes.count);
    return false;
  }
  if (set->truths.count != 0 && set->truths.count != set->videos.count) {
    console_complain("%zu times --video but %zu times --truth: give a truth for each video, in the same order, or none",
                     set->videos.count, set->truths.count);
    return false;
  }
  return true;
}

static const settings defaults = {
    .batch = 32,
    .tracker =
        {.memory_seconds = 2, .least_overlap = 0.1, .far = 0.2, .take_up = 0.25, .looks = 0.4, .least_score = 0.3},
    .identities = {.joined = 0.08, .connected = 0.15},
    .fill_seconds = 0.5,
    .least_visibility = 0.3};

bool settings_parse(int argc, char **argv, settings *set, int *code)
{
  *set = defaults;
  const options_row rows[] = {
      {"weights", OPTIONS_TEXT, &set->weights, "W.safetensors", "the weight file", true, 0, 0},
      {"video", OPTIONS_TEXTS, &set->videos, "A.mp4", "a camera's video; again for each camera", true, 0, 0},
      {"boxes", OPTIONS_TEXTS, &set->boxes, "A.det.txt", "what a detector found in it, MOTChallenge form", true, 0, 0},
      {"truth", OPTIONS_TEXTS, &set->truths, "A.gt.txt", "who is in it, to judge the result by", false, 0, 0},
      {"out", OPTIONS_TEXT, &set->out, "FOLDER", "for the results; made if it is missing", true, 0, 0},
      {"network", OPTIONS_TEXT, &set->network, "NAME", "where the weight file does not say it", false, 0, 0},
      {"batch", OPTIONS_NUMBER, &set->batch, "N", "boxes that the device works on at a time (32)", false, 1,
       MOST_BATCH},
      {"precision", OPTIONS_WORD, &set->precision, "fp32|fp16", "of what is stored; sums are fp32 (fp32)", false, 0, 0},
      {"features-only", OPTIONS_FLAG, &set->features_only, NULL, "write FOLDER/NAME.npy and nothing else", false, 0, 0},
      {"no-video", OPTIONS_FLAG, &set->no_video, NULL, "write no annotated videos", false, 0, 0},
      {"json", OPTIONS_FLAG, &set->json, NULL, "print one JSON object", false, 0, 0},
      {"score", OPTIONS_REAL, &set->tracker.least_score, "S", "a box below it begins no track (0.3)", false, 0,
       1000000},
      {"memory", OPTIONS_REAL, &set->tracker.memory_seconds, "S", "seconds that a lost track is remembered (2)", false,
       0, 3600},
      {"overlap", OPTIONS_SHARE, &set->tracker.least_overlap, "X", "least overlap of a box and its track (0.1)", false,
       0, 0},
      {"looks", OPTIONS_SHARE, &set->tracker.looks, "X", "the share of looks beside overlap (0.4)", false, 0, 0},
      {"far", OPTIONS_REAL, &set->tracker.far, "X", "cosine distance that ends a track; twice it in its place (0.2)",
       false, 0, 2},
      {"take-up", OPTIONS_REAL, &set->tracker.take_up, "X", "... up to which a lost one goes on (0.25)", false, 0, 2},
      {"join", OPTIONS_REAL, &set->identities.joined, "X", "... up to which one camera's tracks are one (0.08)", false,
       0, 2},
      {"connect", OPTIONS_REAL, &set->identities.connected, "X", "... and tracks of several cameras (0.15)", false, 0,
       2},
      {"fill", OPTIONS_REAL, &set->fill_seconds, "S", "seconds that a track is drawn on without a box (0.5)", false, 0,
       60},
      {"visibility", OPTIONS_SHARE, &set->least_visibility, "X", "true boxes seen less are not judged (0.3)", false, 0,
       0},
  };
  const options_table table = {.summary =
                                   "Follows persons or vehicles through the videos of one or more cameras: which "
                                   "boxes show the same one,\nin one camera and in the others.",
                               .rows = rows,
                               .row_count = sizeof rows / sizeof *rows,
                               .program = true};
  int first;
  if (!options_parse(&table, argc, argv, &set->common, &first, code)) return false;
  *code = PROGRAM_USAGE;
  return counts_agree(set);
}

void settings_free(settings *set)
{
  free(set->videos.items);
  free(set->boxes.items);
  free(set->truths.items);
}
