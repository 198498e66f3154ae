/*
 * half.c - float <-> half (IEEE 754 binary16) on the host, in integers: the same on every machine.
 *
 * Owns the conversion of numbers in memory; on a device kernels use vload_half and vstore_half, which round the same
 * way.
 *
 *            sign  exponent  fraction
 *     half      1         5        10   exponent bias  15, smallest step 2^-24, largest number 65504
 *     float     1         8        23   exponent bias 127
 */
#include "ops.h"

#include <string.h>

static uint16_t half_of(float value)
{
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  uint32_t sign = bits >> 16 & 0x8000u;
  bits &= 0x7fffffffu;

  if (bits > 0x7f800000u) return (uint16_t)(sign | 0x7e00u | (bits >> 13 & 0x3ffu)); /* NaN stays NaN, made quiet */
  if (bits >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u);                        /* from 65520 on: infinity */
  if (bits >= 0x38800000u) {
    /* From 2^-14 on: the bias changes from 127 to 15, 13 bits of fraction go. Adding half of their unit less one, and
     * the last bit that stays, carries exactly where round-to-even wants it. */
    bits += 0xfffu + (bits >> 13 & 1u) - (112u << 23);
    return (uint16_t)(sign | bits >> 13);
  }
  /* Below: a whole number of steps of 2^-24. The fraction with its leading one, shifted; the rest decides. */
  if (bits < 0x33000000u) return (uint16_t)sign; /* under half a step (2^-25) */
  uint32_t fraction = (bits & 0x7fffffu) | 0x800000u;
  uint32_t shift = 126u - (bits >> 23); /* 14 at 2^-15, 24 at 2^-25 */
  uint32_t steps = fraction >> shift;
  uint32_t rest = fraction & ((1u << shift) - 1u);
  uint32_t middle = 1u << (shift - 1u);
  steps += rest > middle || (rest == middle && (steps & 1u));
  return (uint16_t)(sign | steps);
}

static float float_of(uint16_t half)
{
  uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
  uint32_t rest = half & 0x7fffu;
  uint32_t bits;
  if (rest >= 0x7c00u) {
    bits = 0x7f800000u | (rest & 0x3ffu) << 13; /* infinity, NaN */
  } else if (rest >= 0x400u) {
    bits = (rest << 13) + (112u << 23);
  } else {
    float steps = (float)rest * 0x1p-24f; /* exact: a normal float, or zero */
    memcpy(&bits, &steps, sizeof bits);
  }
  bits |= sign;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

void cr_to_half(const float *from, uint16_t *to, size_t count)
{
  for (size_t i = 0; i < count; i++) to[i] = half_of(from[i]);
}

void cr_from_half(const uint16_t *from, float *to, size_t count)
{
  for (size_t i = 0; i < count; i++) to[i] = float_of(from[i]);
}
