/*
 * clreid_gallery.h - a gallery of features on a device: add, remove, find the nearest, save and load.
 *
 * Life cycle: create (or load) a gallery on a device, add features as they come, search at any time.
 *
 *     clreid_gallery_create -> clreid_gallery_add ... clreid_gallery_search ... -> clreid_gallery_save
 *     clreid_gallery_load   -> ...                                             -> clreid_gallery_destroy
 *
 * A feature is D numbers. It gets an id, the number of features added before it since the gallery was created, which
 * stays its id whatever is removed, saved or loaded, and is never given again. Beside it stand a label and a time, two
 * integers whose meaning and unit are the caller's.
 *
 * Distance. With q the query, g the feature, both as they are stored (see precision), and sums in double:
 *
 *     CLREID_COSINE     1 - q.g / sqrt(q.q g.g), never below 0; 1 where either is all zeros
 *     CLREID_EUCLIDEAN  sqrt(sum over i of (q[i] - g[i])^2)
 *
 * Equal features are at distance 0, exactly. A search finds what a walk over all features with these formulas finds, to
 * the last bit: the device looks for candidates with float32 sums whose error has a proven bound, the host computes the
 * distances of those that the bound leaves. So the result depends neither on the queries that are searched together nor
 * on the order of removals, nor on the device. Equal distances: the lower id is nearer.
 *
 * Thread rule: a gallery belongs to one thread at a time; galleries are independent of each other. Errors and NULL are
 * treated as in clreid.h. A call that fails has changed nothing that other calls see, except where it says so.
 */
#ifndef CLREID_GALLERY_H
#define CLREID_GALLERY_H

#include "clreid.h"
#include "clreid_metric.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct clreid_gallery clreid_gallery;

typedef struct clreid_gallery_config {
  int feature_length; /* D, 1 to 65536; there is no default */
  clreid_metric metric;
  clreid_precision precision; /* CLREID_FP16: features are rounded to half, queries as well, so that equal features stay
                                 equal: 2 bytes a number. No number may be beyond 65504 */
  bool plain_kernels;         /* the plain twin of every kernel: slow, for checks */
} clreid_gallery_config;

/* An empty gallery; compiles its kernels and launches each once. */
CLREID_API clreid_status clreid_gallery_create(clreid_device *device, const clreid_gallery_config *config,
                                               clreid_gallery **gallery, clreid_error *error);
CLREID_API void clreid_gallery_destroy(clreid_gallery *gallery); /* NULL is allowed */

typedef struct clreid_gallery_info {
  int feature_length;
  clreid_metric metric;
  clreid_precision precision;
  size_t count;          /* of features, without those removed */
  int64_t next_id;       /* of the feature that is added next */
  uint64_t device_bytes; /* of device memory */
  uint64_t host_bytes;   /* of host memory, beside the device's */
} clreid_gallery_info;
CLREID_API void clreid_gallery_describe(const clreid_gallery *gallery, clreid_gallery_info *info);

/* Adds features[count][D]; they are copied. labels[count] may be NULL: -1 each; times[count] may be NULL: 0 each.
 * *first_id (may be NULL) receives the id of the first, the others follow it. A number that is not finite, or a feature
 * whose length is neither 0 nor within 1e-12 to 1e12, is CLREID_INVALID_ARGUMENT and named by its index. Memory grows
 * by blocks of at most 32 MiB (one feature at least); what is there already is not moved. */
CLREID_API clreid_status clreid_gallery_add(clreid_gallery *gallery, const float *features, const int64_t *labels,
                                            const int64_t *times, size_t count, int64_t *first_id, clreid_error *error);

/* Removes the features with ids[count]; an id that is not in the gallery (any more) is CLREID_INVALID_ARGUMENT. An id
 * may stand there twice. */
CLREID_API clreid_status clreid_gallery_remove(clreid_gallery *gallery, const int64_t *ids, size_t count,
                                               clreid_error *error);
/* Removes all features with the label; *removed (may be NULL) receives how many that were, which may be none. */
CLREID_API clreid_status clreid_gallery_remove_label(clreid_gallery *gallery, int64_t label, size_t *removed,
                                                     clreid_error *error);
/* Removes all features with time < before. */
CLREID_API clreid_status clreid_gallery_remove_before(clreid_gallery *gallery, int64_t before, size_t *removed,
                                                      clreid_error *error);

typedef struct clreid_match {
  int64_t id, label, time;
  double distance;
} clreid_match;

/* Finds the k nearest features of each of queries[count][D]: matches[count][k] of the caller, nearest first. *found
 * (may be NULL) receives how many matches each query has: k, or the size of the gallery if that is less; what lies
 * behind them in a row of matches is left alone. count may be 0, k is at least 1. Allocates nothing if neither k nor
 * the gallery have grown since the search before. A number of a query that is not finite is CLREID_INVALID_ARGUMENT and
 * named by its index.
 *
 * The time is that of count * size * D multiply-adds, and of some microseconds for each match; features that lie closer
 * together than the float32 sums can tell (many copies of one picture) cost as much as matches. */
CLREID_API clreid_status clreid_gallery_search(clreid_gallery *gallery, const float *queries, size_t count, size_t k,
                                               clreid_match *matches, size_t *found, clreid_error *error);

/* Distances of each of queries[query_count][D] to the features at places first ... first + count - 1, counted without
 * those removed, in the order of their ids: distances[query_count][count] of the caller. For those who need all of
 * them, as evaluation does: float32 sums on the device, wrong by at most (132 + D / 128) 2^-24 in the cosine (1e-5 for
 * D = 2048, twice that on a device without fma), and by twice that times the product of both lengths in the square of
 * the L2 distance. What would have no digits left by that is computed in double: of equal features the distance is 0.
 * The bits of a distance depend on nothing but the query and the feature. */
CLREID_API clreid_status clreid_gallery_distances(clreid_gallery *gallery, const float *queries, size_t query_count,
                                                  size_t first, size_t count, float *distances, clreid_error *error);

/* The features at such places: features[count][D] as they are stored, and ids, labels, times[count]; each may be NULL.
 */
CLREID_API clreid_status clreid_gallery_read(clreid_gallery *gallery, size_t first, size_t count, float *features,
                                             int64_t *ids, int64_t *labels, int64_t *times, clreid_error *error);

/* Writes a safetensors file: tensors features [N][D] (F32, or F16 as the precision is), ids, labels and times [N]
 * (I64), and the metadata format "clreid-gallery", version "1", metric "cosine" or "euclidean", next_id. It appears
 * whole or not at all. */
CLREID_API clreid_status clreid_gallery_save(clreid_gallery *gallery, const char *path, clreid_error *error);

/* Reads such a file, of this library or of other tools: only features must be there; without ids they count from 0,
 * without labels they are -1, without times 0; the metric is cosine if the metadata names none. The file is checked as
 * a whole, every number of it, and is not needed afterwards. A file that is no gallery is CLREID_INVALID_FILE. */
CLREID_API clreid_status clreid_gallery_load(clreid_device *device, const char *path, clreid_gallery **gallery,
                                             clreid_error *error);

#ifdef __cplusplus
}
#endif
#endif
