/**
 * @file
 * clreid_evaluate.h - who is who, judged: k-reciprocal re-ranking of a gallery, and the CMC curve and mean average
 * precision of a ranking.
 *
 * Features are float[count][length], row after row, finite; a label says of a row which person it shows and through
 * which camera. Nothing here keeps what it is given. Thread rule: every function may be called from several threads at
 * a time, on one device too. Errors and NULL are treated as in clreid.h. The same input gives the same bits on every
 * run.
 *
 * Products of features run on the device, a block at a time: it needs about 70 MiB of its memory, whatever the size of
 * the gallery (more for features longer than 4096). Which entry comes before which is decided in double precision on
 * the host wherever the device's rounding leaves it open, so ranks do not depend on the device; of a re-ranking its
 * neighbours do not, but the original distances that it returns a share of are the device's. A NULL device: all of it
 * on the host, slowly.
 */
#ifndef CLREID_EVALUATE_H
#define CLREID_EVALUATE_H

#include "clreid.h"
#include "clreid_metric.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Re-ranking -------------------------------------------------------------------------------------------------- */

/** k-reciprocal encoding: Z. Zhong, L. Zheng, D. Cao, S. Li, "Re-ranking Person Re-identification with k-reciprocal
 * Encoding", CVPR 2017, sections 3.2 (mutual neighbours) to 3.5 (the final distance); published settings are 20 / 6 /
 * 0.3 and 75 / 10 / 0.1. All entries, queries and gallery, are neighbours of each other by squared L2 distance, each
 * one's distances divided by the greatest of them; with CLREID_COSINE features are scaled to length 1 first. Of equal
 * distances the lower index is nearer, queries before the gallery. */
typedef struct clreid_rerank_config {
  clreid_metric metric; /**< of the original distance */
  int k1;               /**< neighbours that must be mutual; 0 means 20. Candidates are widened by half of it, which is
                           rounded half to even */
  int k2;               /**< neighbours, itself among them, whose encodings are averaged, at most k1 + 1; 0 means 6 */
  float lambda;         /**< share of the original distance in the result, up to 1; 0 means 0.3 */
  bool jaccard_alone;   /**< no share of the original distance; lambda is 0 then */
} clreid_rerank_config;

/** Ranks gallery[gallery_count][length] anew, as config says, for each of query[queries][length]:
 * distances[queries][gallery_count], of the caller, receives lambda * original + (1 - lambda) * Jaccard distance (Zhong
 * et al., section 3.5): from 0 to 1, the lower the nearer. Memory of the host: about 4 * (length + 8 * k1) bytes an
 * entry, twice that of the features with CLREID_COSINE, and the sparse encodings, some hundred bytes to a few kilobytes
 * an entry.
 * @threads any
 * @errors CLREID_INVALID_ARGUMENT: a row that is not finite (with CLREID_EUCLIDEAN also one whose length is neither 0
 * nor within 1e-12 to 1e12), which the text names; no queries or no gallery; k1 + 1 > queries + gallery_count; k2
 * beyond k1 + 1; lambda outside [0, 1]; the machine's */
CLREID_API clreid_status clreid_rerank(clreid_device *device, const float *query, size_t queries, const float *gallery,
                                       size_t gallery_count, size_t length, const clreid_rerank_config *config,
                                       float *distances, clreid_error *error);

/* ---- Evaluation -------------------------------------------------------------------------------------------------- */

/** Whom a feature shows, and where. */
typedef struct clreid_label {
  int64_t person; /**< -1 is junk: neither right nor wrong, ignored as a gallery entry and not counted as a query */
  int64_t camera; /**< any number, the same for one camera's features */
} clreid_label;

/** Features with their labels; borrowed for a call. */
typedef struct clreid_labelled {
  const float *features;      /**< [count][length] */
  const clreid_label *labels; /**< [count] */
  size_t count;               /**< of rows */
} clreid_labelled;

/** How a ranking is made before it is judged. */
typedef struct clreid_evaluate_config {
  clreid_metric metric;               /**< what near means */
  bool multiple_query;                /**< one query a person and camera: the mean of its query features, as they are,
                                         before any scaling */
  const clreid_rerank_config *rerank; /**< NULL: no re-ranking; its metric is not looked at, that above counts */
} clreid_evaluate_config;

/** Of each query the gallery is sorted by distance, equal distances by index, without the entries of its own person and
 * camera and without junk. A query without a true match among the rest is not counted. The average precision of a query
 * is the mean of the precisions at its true matches, not the area under trapezoids; cmc[k] is the share of queries with
 * a true match among the first k + 1. Both measures, and whom they leave out: L. Zheng et al., "Scalable Person
 * Re-identification: A Benchmark", ICCV 2015. */
typedef struct clreid_evaluation {
  double mean_average_precision; /**< from 0 to 1, over the counted queries */
  size_t queries;                /**< all of them; of multiple_query: as they were joined */
  size_t counted;                /**< those that count */
  double *cmc;                   /**< [ranks], of the caller, or NULL: set before the call */
  size_t ranks;                  /**< beyond the gallery's size cmc stays what it is at its end */
} clreid_evaluation;

/** Ranks the gallery for each query, features of length numbers, as config says, and judges the ranking: *result, of
 * the caller. Memory of the host: 24 bytes a pair of query and true match, with re-ranking also float[queries][gallery
 * count].
 * @threads any
 * @errors CLREID_INVALID_ARGUMENT: no query counts, a row that is not finite, which the text names, or what
 * clreid_rerank refuses; the machine's */
CLREID_API clreid_status clreid_evaluate(clreid_device *device, const clreid_labelled *query,
                                         const clreid_labelled *gallery, size_t length,
                                         const clreid_evaluate_config *config, clreid_evaluation *result,
                                         clreid_error *error);

/** The same of distances[queries][gallery_count] that the caller has, of whatever origin, with the labels
 * query[queries] and gallery[gallery_count]: *result, of the caller.
 * @threads any
 * @errors CLREID_INVALID_ARGUMENT: no query counts, or a distance that is not finite, which the text names;
 * CLREID_OUT_OF_MEMORY */
CLREID_API clreid_status clreid_evaluate_distances(const float *distances, const clreid_label *query, size_t queries,
                                                   const clreid_label *gallery, size_t gallery_count,
                                                   clreid_evaluation *result, clreid_error *error);

#ifdef __cplusplus
}
#endif
#endif
