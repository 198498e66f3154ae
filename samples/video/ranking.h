/*
 * ranking.h - how well the features of boxes find the same person or vehicle in another camera: Rank-1 and mean average
 * precision, by the truth.
 *
 * A box bears the true identity that it overlaps with by half or more (intersection over union), one box an identity
 * and frame, the best assignment in all; boxes without one are left out. Queries are up to RANKING_QUERIES boxes,
 * evenly spread over time, of each identity of each camera that another camera has boxes of too. The gallery of a query
 * is all boxes with an identity of all other cameras. No tracking has a say in it.
 */
#ifndef RANKING_H
#define RANKING_H

#include "camera.h"

enum { RANKING_QUERIES = 4 };

typedef struct ranking_score {
  size_t queries; /* that counted; 0: nobody was seen by two cameras, and the rest means nothing */
  double rank1, mean_average_precision;
} ranking_score;

/* features are those of the cameras, of length `length`; device does the products, NULL: none. */
clreid_status ranking_judge(clreid_device *device, const camera *cameras, size_t count, size_t length,
                            double least_visibility, ranking_score *score, clreid_error *error);

#endif
