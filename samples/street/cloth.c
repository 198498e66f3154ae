/*
 * cloth.c - see cloth.h.
 */
#include "cloth.h"

#include "palette.h"

vector cloth_colour(const cloth *of, float across, float along, float length)
{
  const float u = across / of->period, v = along / of->period, share = along / length;
  bool second = false;
  switch (of->pattern) {
  case PATTERN_HOOPS:
    second = fraction(v) < 0.5f;
    break;
  case PATTERN_STRIPES:
    second = fraction(u + 0.25f) < 0.5f;
    break;
  case PATTERN_CHECKS:
    second = (fraction(u) < 0.5f) != (fraction(v) < 0.5f);
    break;
  case PATTERN_DOTS: {
    const float shift = fraction(floorf(v) * 0.5f), du = fraction(u + shift) - 0.5f, dv = fraction(v) - 0.5f;
    second = du * du + dv * dv < 0.1f;
    break;
  }
  case PATTERN_HALVES:
    second = share > (of->period < 0.13f ? 0.6f : 0.45f);
    break;
  case PATTERN_BAND:
    second = fabsf(share - (of->period < 0.13f ? 0.62f : 0.4f)) < 0.13f;
    break;
  case PATTERN_SASH:
    second = fabsf(across + 0.6f * (share - 0.5f) * (of->period < 0.13f ? 0.6f : -0.6f)) < 0.07f;
    break;
  case PATTERN_SIDES:
    second = of->period < 0.13f ? across > 0 : across < 0;
    break;
  case PATTERN_LOGO: {
    const float up = along - 0.64f * length;
    second = of->period < 0.13f ? across * across + up * up < 0.0085f : fabsf(across) < 0.1f && fabsf(up) < 0.085f;
    break;
  }
  default:
    break;
  }
  return palette_linear(palette_clothes[second ? of->second : of->colour]);
}
