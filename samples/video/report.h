/*
 * report.h - what is printed at the end: cameras, identities and, with truth, scores; as text or as one JSON object.
 */
#ifndef REPORT_H
#define REPORT_H

#include "identities.h"
#include "judge.h"
#include "ranking.h"
#include "sightings.h"

typedef struct report {
  const camera *cameras;
  const sighting_list *lists; /* [camera_count]; NULL: features alone were made */
  size_t camera_count, length;
  identity_list identities;
  bool judged;
  judge_score all, *each; /* each: [camera_count] */
  ranking_score ranking;
  double embed_seconds;
} report;

/* Returns an exit code. */
int report_print(const report *of, bool as_json);

#endif
