/*
 * nearest.h - the K nearest of many: distances of features, and a short list that keeps the best.
 *
 * Sums are double. Equal distances: the lower gallery index is nearer. Knows nothing of files.
 */
#ifndef NEAREST_H
#define NEAREST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum nearest_metric {
  NEAREST_COSINE = 0, /* 1 - cosine; a feature of zeros has cosine 0 to everything */
  NEAREST_EUCLIDEAN,  /* the L2 distance */
} nearest_metric;

double nearest_length(const float *feature, size_t length);
/* The lengths of a and b, as nearest_length gives them, are used by the cosine alone. */
double nearest_distance(nearest_metric metric, const float *a, double a_length, const float *b, double b_length,
                        size_t length);

typedef struct nearest_entry {
  double distance;
  uint64_t index;
} nearest_entry;

/* Keeps the most nearest of all entries offered; entries[2 * most] belongs to the caller. */
typedef struct nearest_list {
  nearest_entry *entries;
  size_t most, count;
} nearest_list;

void nearest_offer(nearest_list *list, nearest_entry entry);
/* Sorts; afterwards entries[0 ... count - 1] are the nearest ones, nearest first. */
void nearest_finish(nearest_list *list);

#endif
