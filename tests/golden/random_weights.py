"""Random weights from a counter-based hash: the twin of lib/random.c, which says how it works; equal to the last bit.

    fill(seed, name, shape, role, gain) -> float32 array

role: 'kernel', 'bias', 'gamma', 'beta', 'mean', 'variance' (CR_ROLE_* in lib/graph.h).
Run as a program it prints the lines that tests/test_random.c holds against lib/random.c.
"""
import numpy as np

MASK = (1 << 64) - 1
STEP = 0x9e3779b97f4a7c15
UNIT = np.sqrt(np.float64(3.0) / np.float64(4294967295.0))  # of four_sums(): to variance 1


def mix(value):
    """The finaliser of SplitMix64, of a uint64 array."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xbf58476d1ce4e5b9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94d049bb133111eb)
    return value ^ (value >> np.uint64(31))


def hash_name(name):
    """FNV-1a, 64 bits."""
    result = 0xcbf29ce484222325
    for byte in name.encode():
        result = ((result ^ byte) * 0x100000001b3) & MASK
    return result


def hash_elements(seed, name, count):
    key = hash_name(name) ^ int(mix(np.array([seed], np.uint64))[0])
    return mix(np.uint64(key) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(STEP))


def bell(hashes):
    parts = sum(((hashes >> np.uint64(shift)) & np.uint64(0xffff)).astype(np.int64) for shift in (0, 16, 32, 48))
    return (parts - 2 * 0xffff).astype(np.float64)


def three_to_seven(hashes):
    return ((3 << 24) + 4 * (hashes >> np.uint64(40)).astype(np.int64)).astype(np.float64)


def fill(seed, name, shape, role, gain=1.0):
    count = int(np.prod(shape, dtype=np.int64))
    gain = np.float64(np.float32(gain))  # a float in C
    if role == 'mean':
        return np.zeros(shape, np.float32)
    if role == 'variance':
        return np.full(shape, gain, np.float32)
    with np.errstate(over='ignore'):     # products modulo 2^64
        hashes = hash_elements(seed, name, count)
    if role == 'gamma':
        values = three_to_seven(hashes) * (0.2 * gain * 2.0 ** -24)
    else:
        first = {'kernel': np.sqrt(2.0 / np.prod(np.array(shape[1:], np.float64))), 'bias': 0.05, 'beta': 0.1}[role]
        values = bell(hashes) * (first * gain * UNIT)
    return values.astype(np.float32).reshape(shape)


if __name__ == '__main__':
    for seed, name, shape, role, gain in (
            (1, 'backbone.conv1.weight', (64, 3, 7, 7), 'kernel', 1), (2, 'backbone.conv1.weight', (64, 3, 7, 7), 'kernel', 1),
            (1, 'a.bias', (5,), 'bias', 1), (1, 'backbone.layer1.0.bn3.weight', (256,), 'gamma', 0.1),
            (MASK, 'feat_bn.bias', (2048,), 'beta', 1), (0, 'x', (3, 1, 1, 1), 'kernel', 0.25)):
        bits = fill(seed, name, shape, role, gain).ravel().view(np.uint32)
        digest = 0xcbf29ce484222325
        for byte in bits.astype('<u4').tobytes():
            digest = ((digest ^ byte) * 0x100000001b3) & MASK
        print(f'{{{seed}u, "{name}", {len(shape)}, {{{", ".join(map(str, shape))}}}, CR_ROLE_{role.upper()}, {gain}f, '
              f'0x{bits[0]:08x}u, 0x{bits[-1]:08x}u, 0x{digest:016x}u}},')
