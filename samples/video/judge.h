/*
 * judge.h - how well the result agrees with the truth: identities over time and cameras (IDF1), and how well features
 * find the same person in another camera.
 *
 * IDF1 is that of E. Ristani, F. Solera, R. Zou, R. Cucchiara, C. Tomasi, "Performance Measures and a Data Set for
 * Multi-Target, Multi-Camera Tracking", 2016. Each true identity is given one found identity at most, and the other way
 * round, over all frames of all cameras that are judged together, so that the most boxes agree; a pair agrees in a
 * frame where their boxes overlap by half (intersection over union >= 0.5). IDTP are the boxes that agree, IDFN the
 * true boxes that do not, IDFP the found ones that do not; IDF1 = 2 IDTP / (2 IDTP + IDFN + IDFP).
 *
 * What is not judged: true boxes whose score column is 0, whose id is negative, or whose visibility is below a limit,
 * which no detector can be asked for; and found boxes that overlap by half with one of these and with no true box that
 * is judged. All classes are.
 */
#ifndef JUDGE_H
#define JUDGE_H

#include "camera.h"
#include "sightings.h"

typedef struct judge_score {
  uint64_t truth, found; /* boxes that are judged */
  uint64_t true_positives;
  uint64_t coverable; /* true boxes that a detector's box overlaps by half: no tracker can find more */
  uint64_t ignored;   /* true boxes that are not judged */
  size_t true_identities, found_identities;
} judge_score;

double judge_idf1(const judge_score *score); /* from 0 to 1; 0 where there is nothing to find */

/* Cameras first to end, together. */
clreid_status judge_identities(const camera *cameras, const sighting_list *lists, size_t first, size_t end,
                               double least_visibility, judge_score *score, clreid_error *error);

/* Is the true box one that is judged? */
bool judge_counts(const frame_box *truth, double least_visibility);

#endif
