/*
 * palette.h - the colours that clothes, cars and houses share, as shares of the light that they give back.
 */
#ifndef PALETTE_H
#define PALETTE_H

#include "vector.h"

enum { PALETTE_CLOTHES = 12, PALETTE_SKINS = 6, PALETTE_HAIRS = 6, PALETTE_PAINTS = 10, PALETTE_WALLS = 10 };

extern const int palette_clothes[PALETTE_CLOTHES], palette_skins[PALETTE_SKINS], palette_hairs[PALETTE_HAIRS],
    palette_paints[PALETTE_PAINTS], palette_walls[PALETTE_WALLS];

/* Of 0xRRGGBB as screens show it. */
vector palette_linear(int colour);

#endif
