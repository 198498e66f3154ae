#!/usr/bin/env python3
"""Makes the golden fixtures: what a network must give for the committed pictures, from its executable definition.

    make.py --reference FOLDER [--only STEM ...]

FOLDER holds the definitions of the networks in PyTorch, rga.py, fnc.py and cases.py. Without --only all fixtures of CASES are made;
the pictures are made only where they are missing (remove them to draw them anew, and make all fixtures again).
Needs PyTorch, NumPy and Pillow.

Weights are those of the counter-based hash (random_weights.py, lib/random.c), so a fixture holds only what cannot be
recomputed: the statistics of batch norm, calibrated on a batch of smooth random pictures as cases.py does, and the features.
Both statistics are rounded to numbers that fit 16 bits before anything is computed with them:
running_mean to a half m, running_var to s * s with a half s > 0 (22 bits at most: exact as a float).

A fixture, all little endian:
    char[8] "crgolden", uint32 version 1, uint32 bytes of the text that follows
    text, lines of a word and its value: hint, network, option (any number), seed, float32_error, pictures, length,
          norm NAME CHANNELS (any number, in the order of the data)
    for each norm: half m[CHANNELS], half s[CHANNELS]
    float neck[pictures][length], float pooled[pictures][length]
Some have beside them what the network's masks() gives for the same pictures, STEM.maps:
    char[8] "crmaps\\0\\0", uint32 version 1, uint32 bytes of the text that follows
    text, lines of a word and its value: hint, pictures, map NAME ROWS COLUMNS (in the order of the data)
    for each map: int16 values[pictures][ROWS][COLUMNS] in steps of 2^-15: all are between -1 and 1
float32_error: the largest relative L2 error of neck when the definition itself runs in float32.
tests/support_golden.c reads the former, tests/test_maps.c the latter.
"""
import argparse
import pathlib
import struct
import sys

import numpy as np
import torch
from PIL import Image
from torch import nn

import random_weights

HERE = pathlib.Path(__file__).resolve().parent
PICTURES = ('picture0.png', 'picture1.png')
SIZE = (256, 128)  # of the pictures
VERSION = 1

# stem -> network, options, seed
CASES = {f'{network}.{seed}': (network, (), seed)
         for network in ('rga-none', 'rga-s', 'rga-c', 'rga-sc', 'rga-cs', 'rga-parallel') for seed in (1, 2, 3)}
CASES.update({
    'rga-sc-ratios': ('rga-sc', ('stages=1,4', 's1=4', 's2=4'), 1),
    'rga-sc-unary': ('rga-sc', ('relation=0',), 1),
    'rga-s-pairwise': ('rga-s', ('visual=0',), 1),
    'rga-sc-tall': ('rga-sc', ('height=384', 'width=128'), 1),
    'fnc.1': ('fnc', (), 1),  # one seed: their statistics are many
    'fnc-add.1': ('fnc-add', (), 1),
})
CASES.update({f'{network}.{seed}': (network, (), seed)
              for network, seeds in (('han-small', (1, 2, 3)), ('han-medium', (1,)), ('han-large', (1,)))
              for seed in seeds})

WITH_MAPS = ('rga-sc.1', 'rga-parallel.1', 'han-small.1')


def draw_pictures(count):
    """Smooth colour fields with a few rectangles and a light noise, so that a PNG is small."""
    rng = np.random.default_rng(20)
    for name in PICTURES[:count]:
        low = rng.uniform(0, 255, (6, 4, 3)).astype(np.uint8)
        a = np.asarray(Image.fromarray(low).resize((SIZE[1], SIZE[0]), Image.BICUBIC)).astype(np.int32)
        for _ in range(5):
            y, x = rng.integers(0, SIZE[0] - 8), rng.integers(0, SIZE[1] - 8)
            h, w = rng.integers(8, SIZE[0] // 2), rng.integers(8, SIZE[1] // 2)
            a[y:y + h, x:x + w] = (a[y:y + h, x:x + w] + rng.integers(0, 255, 3)) // 2
        a = a + rng.integers(-1, 2, a.shape)
        Image.fromarray(a.clip(0, 255).astype(np.uint8)).save(HERE / name, optimize=True)


def gain(name):
    """Damps residual branches and attention logits, so that a random network does not blow up rounding."""
    if name.endswith('.bn3.weight'):
        return 0.1
    return 0.25 if name.endswith(('W_spatial.4.weight', 'W_channel.4.weight')) else 1.0


def set_weights(net, seed):
    roles = {'weight': 'gamma', 'bias': 'beta', 'running_mean': 'mean', 'running_var': 'variance'}
    with torch.no_grad():
        for prefix, m in net.named_modules():
            norm = isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d))
            for part in ('weight', 'bias', 'running_mean', 'running_var'):
                t = getattr(m, part, None)
                if not isinstance(t, torch.Tensor):
                    continue
                name = f'{prefix}.{part}'
                role = roles[part] if norm else {'weight': 'kernel', 'bias': 'bias'}[part]
                t.copy_(torch.from_numpy(random_weights.fill(seed, name, tuple(t.shape), role, gain(name))))
            if norm:
                m.momentum = None  # cumulative average: one pass calibrates


def norms(net):
    return [(n, m) for n, m in net.named_modules() if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d))]


def round_statistics(net):
    """Rounds the statistics to what the fixture can hold; returns them as halves, in the order of norms()."""
    halves = []
    for name, m in norms(net):
        mean = m.running_mean.numpy().astype('<f2')
        deviation = np.maximum(np.sqrt(m.running_var.numpy().astype(np.float64)), 2.0 ** -14).astype('<f2')
        if not (np.isfinite(mean).all() and np.isfinite(deviation).all()):
            raise SystemExit(f'{name}: statistics beyond the range of a half; damp the network or keep them otherwise')
        m.running_mean.copy_(torch.from_numpy(mean.astype(np.float32)))
        m.running_var.copy_(torch.from_numpy(deviation.astype(np.float32) ** 2))
        halves += [mean, deviation]
    return halves


def write_maps(stem, maps):
    """maps: what masks() gave for each picture."""
    values = {name: np.concatenate([m[name].numpy() for m in maps]) for name in maps[0]}
    lines = [f'hint python3 tests/golden/make.py --reference FOLDER --only {stem}', f'pictures {len(maps)}',
             *(f'map {name} {v.shape[1]} {v.shape[2]}' for name, v in values.items())]
    text = ''.join(line + '\n' for line in lines).encode()
    path = HERE / f'{stem}.maps'
    with open(path, 'wb') as f:
        f.write(b'crmaps\0\0' + struct.pack('<II', VERSION, len(text)) + text)
        for v in values.values():
            f.write((v * 2 ** 15).round().clip(-32767, 32767).astype('<i2').tobytes())
    print(f'{path.name}: {path.stat().st_size} bytes', flush=True)


def make(stem, cases):
    network, options, seed = CASES[stem]
    net = cases.build(network, options)
    set_weights(net, seed)
    batch = torch.stack([cases.preprocess(i, net.size) for i in cases.pictures(6, net.size, seed + 1)])
    images = [cases.preprocess(Image.open(HERE / p), net.size)[None] for p in PICTURES]
    with torch.no_grad():
        net.train()
        net(batch.float())
        net.eval()
        halves = round_statistics(net)
        single = [net(i.float())[1].double() for i in images]
        net.double()
        pooled, neck, maps = zip(*[(*net(i), net.masks()) for i in images])
    error = max(float((s - n).norm() / n.norm()) for s, n in zip(single, neck))
    neck, pooled = (torch.cat(f).numpy().astype('<f4') for f in (neck, pooled))

    lines = [f'hint python3 tests/golden/make.py --reference FOLDER --only {stem}', f'network {network}',
             *(f'option {o}' for o in options), f'seed {seed}', f'float32_error {error:.3e}', f'pictures {len(neck)}',
             f'length {neck.shape[1]}', *(f'norm {n} {m.num_features}' for n, m in norms(net))]
    text = ''.join(line + '\n' for line in lines).encode()
    path = HERE / f'{stem}.golden'
    with open(path, 'wb') as f:
        f.write(b'crgolden' + struct.pack('<II', VERSION, len(text)) + text)
        for part in (*halves, neck, pooled):
            f.write(part.tobytes())
    if stem in WITH_MAPS:
        write_maps(stem, maps)
    cosine = float(neck[0] @ neck[1] / np.linalg.norm(neck[0]) / np.linalg.norm(neck[1]))
    print(f'{path.name}: {path.stat().st_size} bytes, cosine of the pictures {cosine:.4f}, '
          f'the definition in float32 errs by {error:.1e}', flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--reference', type=pathlib.Path, required=True)
    p.add_argument('--only', nargs='*', default=list(CASES), choices=list(CASES), metavar='STEM')
    a = p.parse_args()
    if not (a.reference / 'cases.py').is_file():
        raise SystemExit(f'{a.reference} has no cases.py; give the folder of the definitions')
    sys.path.insert(0, str(a.reference.resolve()))
    import cases
    if not all((HERE / name).is_file() for name in PICTURES):
        draw_pictures(len(PICTURES))
    for stem in a.only:
        make(stem, cases)


if __name__ == '__main__':
    main()
