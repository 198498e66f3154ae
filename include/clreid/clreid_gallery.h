/**
 * @file
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

/** Features on a device, with their ids, labels and times. */
typedef struct clreid_gallery clreid_gallery;

/** How a gallery is created. */
typedef struct clreid_gallery_config {
  int feature_length;         /**< D, 1 to 65536; there is no default */
  clreid_metric metric;       /**< of all its searches */
  clreid_precision precision; /**< CLREID_FP16: features are rounded to half, queries as well, so that equal features
                                 stay equal: 2 bytes a number. No number may be beyond 65504 */
  bool plain_kernels;         /**< the plain twin of every kernel: slow, for checks */
} clreid_gallery_config;

/** An empty gallery, as config says, which must be given; compiles its kernels and launches each once. *gallery belongs
 * to the caller: give it to clreid_gallery_destroy; device may be closed before.
 * @threads any
 * @errors CLREID_INVALID_ARGUMENT: a feature length outside 1 to 65536, or another value of config that cannot be; the
 * machine's */
CLREID_API clreid_status clreid_gallery_create(clreid_device *device, const clreid_gallery_config *config,
                                               clreid_gallery **gallery, clreid_error *error);
/** Frees the gallery and all that is in it. NULL is allowed.
 * @threads any, while no other is in a call with this handle
 * @errors none */
CLREID_API void clreid_gallery_destroy(clreid_gallery *gallery);

/** What a gallery is and holds. */
typedef struct clreid_gallery_info {
  int feature_length;         /**< D */
  clreid_metric metric;       /**< of its searches */
  clreid_precision precision; /**< of its features */
  size_t count;               /**< of features, without those removed */
  int64_t next_id;            /**< of the feature that is added next */
  uint64_t device_bytes;      /**< of device memory */
  uint64_t host_bytes;        /**< of host memory, beside the device's */
} clreid_gallery_info;
/** Fills *info, of the caller; nothing happens if gallery or info is NULL.
 * @threads one a gallery at a time
 * @errors none */
CLREID_API void clreid_gallery_describe(const clreid_gallery *gallery, clreid_gallery_info *info);

/** Adds features[count][D]; they are copied. labels[count] may be NULL: -1 each; times[count] may be NULL: 0 each.
 * *first_id (may be NULL) receives the id of the first, the others follow it. Memory grows by blocks of at most 32 MiB
 * (one feature at least); what is there already is not moved.
 * @threads one a gallery at a time
 * @errors CLREID_INVALID_ARGUMENT: a number that is not finite (with CLREID_FP16: or beyond 65504), or a feature whose
 * length is neither 0 nor within 1e-12 to 1e12, named by its index; the machine's. None is added then */
CLREID_API clreid_status clreid_gallery_add(clreid_gallery *gallery, const float *features, const int64_t *labels,
                                            const int64_t *times, size_t count, int64_t *first_id, clreid_error *error);

/** Removes the features with ids[count]. An id may stand there twice.
 * @threads one a gallery at a time
 * @errors CLREID_INVALID_ARGUMENT: an id that is not in the gallery (any more), and none is removed; the machine's */
CLREID_API clreid_status clreid_gallery_remove(clreid_gallery *gallery, const int64_t *ids, size_t count,
                                               clreid_error *error);
/** Removes all features with the label; *removed (may be NULL) receives how many that were, which may be none.
 * @threads one a gallery at a time
 * @errors the machine's */
CLREID_API clreid_status clreid_gallery_remove_label(clreid_gallery *gallery, int64_t label, size_t *removed,
                                                     clreid_error *error);
/** Removes all features with time < before; *removed (may be NULL) receives how many that were, which may be none.
 * @threads one a gallery at a time
 * @errors the machine's */
CLREID_API clreid_status clreid_gallery_remove_before(clreid_gallery *gallery, int64_t before, size_t *removed,
                                                      clreid_error *error);

/** A feature that was found. */
typedef struct clreid_match {
  int64_t id;      /**< that clreid_gallery_add gave it */
  int64_t label;   /**< that it was added with */
  int64_t time;    /**< likewise */
  double distance; /**< to the query, by the gallery's metric */
} clreid_match;

/** Finds the k nearest features of each of queries[count][D]: matches[count][k] of the caller, nearest first. *found
 * (may be NULL) receives how many matches each query has: k, or the size of the gallery if that is less; what lies
 * behind them in a row of matches is left alone. count may be 0, k is at least 1. Allocates nothing if neither k nor
 * the gallery have grown since the search before.
 *
 * The time is that of count * size * D multiply-adds, and of some microseconds for each match; features that lie closer
 * together than the float32 sums can tell (many copies of one picture) cost as much as matches.
 * @threads one a gallery at a time
 * @errors CLREID_INVALID_ARGUMENT: k is 0, or a query that clreid_gallery_add would refuse, named by its index; the
 * machine's */
CLREID_API clreid_status clreid_gallery_search(clreid_gallery *gallery, const float *queries, size_t count, size_t k,
                                               clreid_match *matches, size_t *found, clreid_error *error);

/** Distances of each of queries[query_count][D] to the features at places first ... first + count - 1, counted without
 * those removed, in the order of their ids: distances[query_count][count] of the caller. For those who need all of
 * them, as evaluation does: float32 sums on the device, wrong by at most (132 + D / 128) 2^-24 in the cosine (1e-5 for
 * D = 2048, twice that on a device without fma), and by twice that times the product of both lengths in the square of
 * the L2 distance. What would have no digits left by that is computed in double: of equal features the distance is 0.
 * The bits of a distance depend on nothing but the query and the feature.
 * @threads one a gallery at a time
 * @errors CLREID_INVALID_ARGUMENT: first + count beyond the gallery, or a query that clreid_gallery_add would refuse,
 * named by its index; the machine's */
CLREID_API clreid_status clreid_gallery_distances(clreid_gallery *gallery, const float *queries, size_t query_count,
                                                  size_t first, size_t count, float *distances, clreid_error *error);

/** The features at such places, from first on: features[count][D] as they are stored, and ids, labels, times[count];
 * each of the caller, and may be NULL.
 * @threads one a gallery at a time
 * @errors CLREID_INVALID_ARGUMENT: first + count beyond the gallery; the machine's */
CLREID_API clreid_status clreid_gallery_read(clreid_gallery *gallery, size_t first, size_t count, float *features,
                                             int64_t *ids, int64_t *labels, int64_t *times, clreid_error *error);

/** Writes a safetensors file to path: tensors features [N][D] (F32, or F16 as the precision is), ids, labels and times
 * [N] (I64), and the metadata format "clreid-gallery", version "1", metric "cosine" or "euclidean", next_id. It appears
 * whole or not at all.
 * @threads one a gallery at a time
 * @errors CLREID_INVALID_FILE: path cannot be written; the machine's */
CLREID_API clreid_status clreid_gallery_save(clreid_gallery *gallery, const char *path, clreid_error *error);

/** Reads such a file at path, of this library or of other tools: only features must be there; without ids they count
 * from 0, without labels they are -1, without times 0; the metric is cosine if the metadata names none. The file is
 * checked as a whole, every number of it, and is not needed afterwards. *gallery belongs to the caller: give it to
 * clreid_gallery_destroy; device may be closed before.
 * @threads any
 * @errors CLREID_INVALID_FILE: the file cannot be read, is no gallery, or holds a feature that clreid_gallery_add would
 * refuse; the machine's */
CLREID_API clreid_status clreid_gallery_load(clreid_device *device, const char *path, clreid_gallery **gallery,
                                             clreid_error *error);

#ifdef __cplusplus
}
#endif
#endif
