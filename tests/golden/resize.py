#!/usr/bin/env python3
"""Writes tests/resize_cases.h: what Pillow makes of 200 pictures, as digests.

    python3 tests/golden/resize.py > tests/resize_cases.h

Needs Pillow, NumPy and libxxhash. The pictures come from an integer hash of the coordinates; picture() here and
test_picture() in tests/support_resize.c give the same bytes.
"""
import ctypes
import ctypes.util

import numpy as np
import PIL
from PIL import Image

GROUPS, BATCH = 25, 8
LARGEST = 2000, 1500  # width, height of a source

# Sizes (width, height) that networks of the field use; the others are drawn.
FIXED_SIZES = [(128, 256), (64, 160), (384, 288), (128, 384), (256, 256), (1, 1), (255, 127), (129, 257)]

library = ctypes.CDLL(ctypes.util.find_library('xxhash'))
library.XXH64.restype = ctypes.c_uint64
library.XXH64.argtypes = ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64


def digest(array):
    data = np.ascontiguousarray(array).tobytes()
    return library.XXH64(data, len(data), 0)


def scramble(x):
    """A 32-bit integer hash; x is an array of uint32."""
    x = (x ^ (x >> 16)) * np.uint32(0x9E3779B1)
    x = (x ^ (x >> 13)) * np.uint32(0x85EBCA77)
    return x ^ (x >> 16)


def picture(seed, width, height):
    """uint8[height][width][3]: blocks of 2^k pixels a side, each a ramp, noise, black or white, or pixels of 0 or 255."""
    seed = scramble(np.array([seed], np.uint32))[0]
    shift = seed % np.uint32(6)
    y, x, c = np.meshgrid(*(np.arange(n, dtype=np.uint32) for n in (height, width, 3)), indexing='ij')
    block = scramble(seed + (y >> shift) * np.uint32(65537) + (x >> shift))
    noise = scramble(seed ^ scramble(y * np.uint32(196613) + x * np.uint32(3) + c))
    ramp = (x * np.uint32(3) + y * np.uint32(5) + c * np.uint32(80)) >> np.uint32(1)
    kinds = [ramp, noise, (block >> 8 & 1) * np.uint32(255), (noise >> 8 & 1) * np.uint32(255)]
    return np.select([block % 4 == k for k in range(4)], kinds).astype(np.uint8)


def sizes(rng):
    """One size of a source: mostly that of a person's crop or of a photograph, and now and then an extreme."""
    kind = rng.integers(0, 24)
    if kind < 4:
        return [LARGEST, (1, 1), (int(rng.integers(1, LARGEST[0] + 1)), 1), (1, int(rng.integers(1, LARGEST[1] + 1)))][kind]
    if kind < 10:
        return tuple(int(n) for n in rng.integers(1, np.array(LARGEST) + 1))
    return tuple(int(np.exp(rng.uniform(0, np.log(n + 1)))) for n in LARGEST)


def main():
    np.seterr(over='ignore')
    rng = np.random.default_rng(1)
    print('/* Made by tests/golden/resize.py with Pillow %s: digests (XXH64, seed 0) of resized pictures. */' % PIL.__version__)
    print('/* clang-format off */')
    print('const resize_group resize_cases[RESIZE_GROUPS] = {')
    for group in range(GROUPS):
        width, height = FIXED_SIZES[group] if group < len(FIXED_SIZES) else (int(n) for n in rng.integers(1, 500, 2))
        print('    {%d, %d, {' % (width, height))
        for k in range(BATCH):
            # One source of each group keeps a side, so that a pass has nothing to do.
            source = (width, sizes(rng)[1]) if k == 0 else (sizes(rng)[0], height) if k == 1 else sizes(rng)
            bicubic, seed = int(rng.integers(0, 2)), group * BATCH + k
            image = Image.fromarray(picture(seed, *source))
            resized = image.resize((width, height), Image.BICUBIC if bicubic else Image.BILINEAR)
            print('      {%d, %d, %s, %d, 0x%016xu},' % (*source, 'CR_BICUBIC' if bicubic else 'CR_BILINEAR', seed, digest(resized)))
        print('    }},')
    print('};')


if __name__ == '__main__':
    main()
