/*
 * random.c - see random.h. Owns the hash and the distributions; tests/golden/random_weights.py repeats them line by
 * line.
 *
 * The key of a tensor is FNV-1a of its name, mixed with the seed; element i hashes to mix(key + (i + 1) * step), which
 * is the i-th output of SplitMix64 (Steele, Lea, Flood 2014) started at the key. A value is an integer of at most 27
 * bits times a factor in double, rounded once to float: nothing that a compiler could contract or a machine could round
 * otherwise.
 */
#include "random.h"

#include <math.h>

static uint64_t mix(uint64_t value)
{
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
  value = (value ^ value >> 27) * 0x94d049bb133111ebu;
  return value ^ value >> 31;
}

static uint64_t hash_name(const char *name)
{
  uint64_t hash = 0xcbf29ce484222325u;
  for (; *name; name++) hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
  return hash;
}

static uint64_t hash_element(uint64_t key, uint64_t element)
{
  return mix(key + (element + 1) * 0x9e3779b97f4a7c15u);
}

/* The sum of four 16-bit uniform numbers less its mean: bell-shaped, variance (2^32 - 1) / 3. */
static double bell(uint64_t hash)
{
  int sum = (int)(hash & 0xffff) + (int)(hash >> 16 & 0xffff) + (int)(hash >> 32 & 0xffff) + (int)(hash >> 48);
  return (double)(sum - 2 * 0xffff);
}

/* (3 + 4 u) 2^24 for a uniform u in [0, 1) of 24 bits. */
static double three_to_seven(uint64_t hash)
{
  return (double)((3u << 24) + 4u * (uint32_t)(hash >> 40));
}

static double fan_in(const cr_weight_spec *spec)
{
  double product = 1.0;
  for (int i = 1; i < spec->dims; i++) product *= spec->shape[i];
  return product;
}

void cr_random_fill(uint64_t seed, const cr_weight_spec *spec, float *values, size_t count)
{
  uint64_t key = hash_name(spec->name) ^ mix(seed);
  double gain = (double)spec->gain, unit = sqrt(3.0 / 4294967295.0); /* of bell(): to variance 1 */
  double (*draw)(uint64_t) = bell;
  double factor = 0.0;
  switch (spec->role) {
  case CR_ROLE_KERNEL:
    factor = sqrt(2.0 / fan_in(spec)) * gain * unit;
    break;
  case CR_ROLE_BIAS:
    factor = 0.05 * gain * unit;
    break;
  case CR_ROLE_BETA:
    factor = 0.1 * gain * unit;
    break;
  case CR_ROLE_GAMMA:
    draw = three_to_seven, factor = 0.2 * gain * 0x1p-24;
    break; /* [0.6, 1.4) */
  case CR_ROLE_MEAN:
  case CR_ROLE_VARIANCE:
    for (size_t i = 0; i < count; i++) values[i] = spec->role == CR_ROLE_MEAN ? 0.0f : spec->gain;
    return;
  }
  for (size_t i = 0; i < count; i++) values[i] = (float)(draw(hash_element(key, i)) * factor);
}
