/**
 * @file
 * clreid_metric.h - what near means between two features; for all headers that compare them.
 */
#ifndef CLREID_METRIC_H
#define CLREID_METRIC_H

/** A distance of two features: the lower, the nearer. */
typedef enum clreid_metric {
  CLREID_COSINE = 0, /**< 1 - cosine; a feature of zeros has cosine 0 to everything */
  CLREID_EUCLIDEAN,  /**< the L2 distance, from 0 on */
} clreid_metric;

#endif
