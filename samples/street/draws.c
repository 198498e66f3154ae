/*
 * draws.c - see draws.h. A counter goes through an integer hash: no state but the counter.
 */
#include "draws.h"

#include "vector.h"

static uint64_t mix(uint64_t x)
{
  x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93u;
  x = (x ^ (x >> 29)) * 0xa0761d6478bd642fu;
  return x ^ (x >> 32);
}

draws draws_begin(uint64_t seed, draws_purpose purpose, uint64_t index)
{
  const uint64_t key = mix(mix(seed + 0x51ed270b) + (uint64_t)purpose * 0x9e3779b97f4a7c15u);
  return (draws){.key = mix(key + index * 0xc2b2ae3d27d4eb4fu), .count = 0};
}

uint64_t draws_bits(draws *from)
{
  return mix(from->key + ++from->count * 0x9e3779b97f4a7c15u);
}

float draws_between(draws *from, float least, float most)
{
  return least + (most - least) * (float)(draws_bits(from) >> 40) * 0x1p-24f;
}

int draws_below(draws *from, int count)
{
  return (int)((draws_bits(from) >> 33) % (uint64_t)count);
}

bool draws_chance(draws *from, float chance)
{
  return draws_between(from, 0, 1) < chance;
}

float draws_normal(draws *from)
{
  const float radius = sqrtf(-2 * logf(draws_between(from, 1e-7f, 1)));
  return radius * cosf(2 * PI * draws_between(from, 0, 1));
}

float draws_at(uint64_t seed, int x, int y, int z)
{
  const uint64_t place = (uint64_t)(uint32_t)x << 32 | (uint32_t)y;
  return (float)(mix(mix(seed + place) + (uint32_t)z * 0x9e3779b97f4a7c15u) >> 40) * 0x1p-24f;
}

float draws_smooth(uint64_t seed, float x, float y)
{
  const int left = (int)floorf(x), top = (int)floorf(y);
  const float across = ramp(0, 1, x - (float)left), down = ramp(0, 1, y - (float)top);
  const float a = draws_at(seed, left, top, 0), b = draws_at(seed, left + 1, top, 0);
  const float c = draws_at(seed, left, top + 1, 0), d = draws_at(seed, left + 1, top + 1, 0);
  return (a + (b - a) * across) * (1 - down) + (c + (d - c) * across) * down;
}
