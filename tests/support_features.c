/*
 * support_features.c - see support_features.h.
 */
#include "support_features.h"

float *support_features(uint64_t seed, size_t count, size_t length, support_spread spread)
{
  float *values = calloc(count, length * sizeof *values);
  assert_non_null(values);
  const uint64_t start = seed * 1000003;
  for (size_t r = 0; r < count; r++) {
    const uint64_t person = (uint64_t)support_random(start + r, 0, 6);
    for (size_t i = 0; i < length; i++) {
      const float centre = (float)support_random(77 + person * length + i, -100, 100) / 50;
      const float noise = (float)support_random(start + count + r * length + i, -1000, 1000) / 600;
      const float value = centre + (spread == SUPPORT_TIGHT ? 1e-6f * noise : noise);
      values[r * length + i] = spread == SUPPORT_COARSE ? roundf(value) : value;
    }
  }
  return values;
}

clreid_label *support_labels(uint64_t seed, size_t count)
{
  clreid_label *labels = calloc(count, sizeof *labels);
  assert_non_null(labels);
  const uint64_t start = seed * 1000033;
  for (size_t r = 0; r < count; r++) {
    labels[r].person = support_random(start + 3 * r, 0, 9) ? support_random(start + 3 * r + 1, 0, 6) : -1;
    labels[r].camera = labels[r].person ? support_random(start + 3 * r + 2, 0, 3) : 0;
  }
  return labels;
}

clreid_device *support_public_device(void)
{
  static clreid_device device;
  device.device = support_device();
  return &device;
}
