/*
 * embedder.c - see embedder.h.
 */
#include "embedder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "masks.h"

typedef struct part {
  const char *path;
  clreid_group *group;
  const clreid_model *model; /* of a member */
  masks *maps;
  size_t begin, length; /* of its feature, among all of a picture */
} part;

struct embedder {
  embedder_config config;
  part *parts; /* [config.count] */
  size_t length;
  float *features; /* [most][longest length]: one model's, where there are several */
};

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

static clreid_status no_memory(clreid_error *error)
{
  return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for the features of a batch: make --batch smaller");
}

/* Of several weight files, says which. */
static clreid_status name_part(const embedder *made, const part *p, clreid_status status, clreid_error *error)
{
  if (status == CLREID_OK || made->config.count == 1) return status;
  const clreid_error cause = *error;
  return console_fail(error, status, "%s: %s", p->path, cause.text);
}

/* That of the first device that runs it. */
static const clreid_model *model_of(const clreid_group *group)
{
  clreid_group_member member = {0};
  for (size_t i = 0; !member.model && clreid_group_member_at(group, i, &member); ++i) continue;
  return member.model;
}

static clreid_status open_part(embedder *made, part *p, const device_set *devices, clreid_error *error)
{
  const embedder_config *config = &made->config;
  const clreid_model_config model = {
      .network = config->network, .precision = config->precision, .maps = config->masks != NULL};
  const clreid_session_config session = {.largest_batch = config->largest_batch};
  clreid_status status =
      clreid_group_create(devices->items, devices->count, p->path, &model, &session, &p->group, error);
  if (status == CLREID_OK) p->model = model_of(p->group);
  if (status == CLREID_OK && config->masks) {
    status = masks_create(config->masks, p->model, config->most, &p->maps, error);
  }
  if (status != CLREID_OK) return name_part(made, p, status, error);
  clreid_model_info info;
  clreid_model_describe(p->model, &info);
  p->begin = made->length;
  p->length = (size_t)info.feature_length;
  made->length += p->length;
  return CLREID_OK;
}

/* Is there a map of this name among those of the parts before? */
static const part *find_map(const embedder *made, const part *before, const char *name)
{
  for (const part *p = made->parts; p < before; ++p) {
    for (size_t i = 0; i < masks_count(p->maps); ++i) {
      if (strcmp(masks_name(p->maps, i), name) == 0) return p;
    }
  }
  return NULL;
}

/* There must be maps, and each needs a file name of its own. */
static clreid_status check_maps(const embedder *made, clreid_error *error)
{
  size_t maps = 0;
  for (size_t k = 0; k < made->config.count; ++k) {
    const part *p = &made->parts[k];
    maps += masks_count(p->maps);
    for (size_t i = 0; i < masks_count(p->maps); ++i) {
      const part *other = find_map(made, p, masks_name(p->maps, i));
      if (other) {
        return console_fail(error, CLREID_INVALID_ARGUMENT,
                            "--masks: both '%s' and '%s' have a map %s: embed with one of them at a time", other->path,
                            p->path, masks_name(p->maps, i));
      }
    }
  }
  if (maps) return CLREID_OK;
  clreid_model_info info;
  clreid_model_describe(made->parts[0].model, &info);
  return console_fail(error, CLREID_INVALID_ARGUMENT, "--masks: %s has no maps of attention: leave --masks out",
                      info.network);
}

static clreid_status open_all(embedder *made, const device_set *devices, clreid_error *error)
{
  const embedder_config *config = &made->config;
  size_t longest = 1;
  made->parts = calloc(config->count, sizeof *made->parts);
  if (!made->parts) return no_memory(error);
  for (size_t k = 0; k < config->count; ++k) {
    part *p = &made->parts[k];
    p->path = config->weights[k];
    const clreid_status status = open_part(made, p, devices, error);
    if (status != CLREID_OK) return status;
    longest = p->length > longest ? p->length : longest;
  }
  if (config->count > 1) {
    made->features = calloc(config->most * longest, sizeof *made->features);
    if (!made->features) return no_memory(error);
  }
  return config->masks ? check_maps(made, error) : CLREID_OK;
}

clreid_status embedder_create(const device_set *devices, const embedder_config *config, embedder **result,
                              clreid_error *error)
{
  embedder *made = calloc(1, sizeof *made);
  if (!made) return no_memory(error);
  made->config = *config;
  const clreid_status status = open_all(made, devices, error);
  if (status == CLREID_OK) {
    *result = made;
  } else {
    embedder_destroy(made);
  }
  return status;
}

void embedder_destroy(embedder *made)
{
  if (!made) return;
  for (size_t k = 0; made->parts && k < made->config.count; ++k) {
    masks_destroy(made->parts[k].maps);
    clreid_group_destroy(made->parts[k].group);
  }
  free(made->parts);
  free(made->features);
  free(made);
}

size_t embedder_length(const embedder *made)
{
  return made->length;
}

/* ---- Running ----------------------------------------------------------------------------------------------------- */

static clreid_status run_part(const embedder *made, const part *p, const clreid_picture *pictures, size_t count,
                              float *features, clreid_error *error)
{
  float *neck = made->config.pooled ? NULL : features, *pooled = made->config.pooled ? features : NULL;
  float *const *maps = p->maps ? masks_room(p->maps) : NULL;
  const clreid_status status = clreid_group_embed(p->group, pictures, count, neck, pooled, maps, error);
  return name_part(made, p, status, error);
}

clreid_status embedder_run(embedder *made, const clreid_picture *pictures, size_t count, float *features,
                           clreid_error *error)
{
  if (made->config.count == 1) return run_part(made, &made->parts[0], pictures, count, features, error);
  for (size_t k = 0; k < made->config.count; ++k) {
    const part *p = &made->parts[k];
    const clreid_status status = run_part(made, p, pictures, count, made->features, error);
    if (status != CLREID_OK) return status;
    for (size_t i = 0; i < count; ++i) {
      memcpy(features + i * made->length + p->begin, made->features + i * p->length, p->length * sizeof *features);
    }
  }
  return CLREID_OK;
}

/* A vector of zeros stays. */
static void scale_to_unit(float *values, size_t count)
{
  double squares = 0;
  for (size_t i = 0; i < count; ++i) squares += (double)values[i] * values[i];
  if (squares == 0) return;
  const double scale = 1 / sqrt(squares);
  for (size_t i = 0; i < count; ++i) values[i] = (float)(values[i] * scale);
}

void embedder_finish(const embedder *made, const float *feature, const float *mirrored, float *row)
{
  const bool several = made->config.count > 1;
  for (size_t i = 0; i < made->length; ++i) row[i] = mirrored ? 0.5f * feature[i] + 0.5f * mirrored[i] : feature[i];
  for (size_t k = 0; several && k < made->config.count; ++k) {
    scale_to_unit(row + made->parts[k].begin, made->parts[k].length);
  }
  if (made->config.unit_length) scale_to_unit(row, made->length);
}

clreid_status embedder_write_masks(const embedder *made, size_t place, size_t index, const picture *shown,
                                   clreid_error *error)
{
  clreid_status status = CLREID_OK;
  for (size_t k = 0; made->config.masks && k < made->config.count && status == CLREID_OK; ++k) {
    status = masks_write(made->parts[k].maps, place, index, shown, error);
  }
  return status;
}
