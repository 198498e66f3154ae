/*
 * palette.c - see palette.h.
 */
#include "palette.h"

/* Black, charcoal, grey, white, navy, blue, red, burgundy, green, beige, brown, mustard. */
const int palette_clothes[PALETTE_CLOTHES] = {0x24242a, 0x4a4b50, 0x8d9094, 0xe4e2dc, 0x27345c, 0x4d7fb8,
                                              0xb8383a, 0x6d2b3c, 0x4c6b4a, 0xc8b592, 0x6f5138, 0xcf9f3c};
const int palette_skins[PALETTE_SKINS] = {0xf0cdb4, 0xe3b492, 0xc99572, 0xa8734f, 0x7d5236, 0x5a3a28};
const int palette_hairs[PALETTE_HAIRS] = {0x1e1a19, 0x3a2a20, 0x6a4a30, 0xb08a52, 0x9a9a98, 0x7e3a20};
const int palette_paints[PALETTE_PAINTS] = {0xe8e8e6, 0xb4b7ba, 0x7b7f85, 0x1d1e21, 0x22315c,
                                            0x3f6fae, 0xa3262a, 0x2f4c3a, 0xc2b28e, 0xd9a52f};
const int palette_walls[PALETTE_WALLS] = {0x9a5b48, 0xd9cdb2, 0xb9b2a4, 0xc9a878, 0xa9b4b8,
                                          0xe5e1d8, 0x7d4638, 0xb5795e, 0x8f8a80, 0xcbbfae};

/* Nearly the power of 2.2, without the cost: surfaces ask for every sample. */
static float linear(int level)
{
  const float shown = (float)(level & 255) * (1 / 255.f);
  return shown * shown * (0.8f + 0.2f * shown);
}

vector palette_linear(int colour)
{
  return (vector){linear(colour >> 16), linear(colour >> 8), linear(colour)};
}
