/*
 * weights.h - weight files: safetensors, read with suspicion and written whole.
 *
 * cr_weights_open maps the file and checks its structure (header length, JSON, dtypes, offsets, overlaps, bytes that no
 * tensor owns, duplicates). cr_weights_match checks it against what a network names. Only then is a number read.
 * Owns the format; knows nothing of devices or networks.
 */
#ifndef CR_WEIGHTS_H
#define CR_WEIGHTS_H

#include "../host/system.h"
#include "graph.h"

typedef struct cr_weights cr_weights;

clreid_status cr_weights_open(const char *path, cr_weights **weights, clreid_error *error);
void cr_weights_close(cr_weights *weights); /* NULL allowed */

/* The file, as messages show it. */
const char *cr_weights_path(const cr_weights *weights);

/* A value of the file's __metadata__, or NULL. Lives as long as weights. */
const char *cr_weights_metadata(const cr_weights *weights, const char *key);

/* A tensor as it stands in a file, or shall stand there. */
typedef struct cr_tensor {
  const char *name;
  const char *dtype; /* "F32", "F16", "I64" ... */
  int dims;
  uint64_t shape[4];    /* the first four */
  const uint8_t *bytes; /* in the file; not looked at by cr_tensors_write */
} cr_tensor;

/* False: there is none of this name. What lies in *tensor lives as long as weights. */
bool cr_weights_tensor(const cr_weights *weights, const char *name, cr_tensor *tensor);

/* Elements first ... first + count - 1 of a tensor of dtype F32, F16 or BF16 that is there, as float. */
void cr_weights_values(const cr_weights *weights, const char *name, size_t first, size_t count, float *values);

/* Says to log which keys of the metadata nobody knows: they are ignored. */
void cr_weights_say_unknown(const cr_weights *weights, bool (*is_known)(const void *user, const char *key),
                            const void *user, const cr_log *log);

/* Missing, extra and wrongly shaped tensors, all named in one message (as far as it is long); then NaN, infinity and
 * negative variance. num_batches_tracked is not extra. */
clreid_status cr_weights_match(const cr_weights *weights, const cr_weight_spec *specs, size_t count,
                               clreid_error *error);

/* The numbers of a tensor that cr_weights_match has seen, as float. *values points into the file where it is F32 and
 * aligned, else into scratch, which must hold all elements. */
void cr_weights_read(const cr_weights *weights, const cr_weight_spec *spec, float *scratch, const float **values);

typedef struct cr_metadata {
  const char *key, *value;
} cr_metadata;

/* Writes a file: fill is called for each tensor in turn and puts its numbers. Appears whole or not at all. */
typedef clreid_status cr_tensors_fill(void *user, size_t index, cr_file *file, clreid_error *error);
clreid_status cr_tensors_write(const char *path, const cr_tensor *tensors, size_t count, const cr_metadata *metadata,
                               size_t metadata_count, cr_tensors_fill *fill, void *user, clreid_error *error);

/* What fill writes a tensor with, in as many pieces as it likes: numbers of this machine, of 2, 4 or 8 bytes. */
clreid_status cr_tensors_put(cr_file *file, const void *numbers, size_t count, unsigned bytes, clreid_error *error);

/* Weights, by that: fill is called for each spec in turn and gives its numbers. All F32. */
typedef void cr_weights_fill(void *user, const cr_weight_spec *spec, float *values, size_t count);
clreid_status cr_weights_write(const char *path, const cr_weight_spec *specs, size_t count, const cr_metadata *metadata,
                               size_t metadata_count, cr_weights_fill *fill, void *user, clreid_error *error);

#endif
