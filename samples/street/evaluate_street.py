#!/usr/bin/env python3
"""Judges a weight file on rendered people and cars that no training has seen, and colour histograms beside it.

    evaluate_street.py BUILD_FOLDER --weights W.safetensors [--folder FOLDER] [--seed S] [--streets K] [--persons N] [--vehicles M]

Renders K streets of a seed that is kept for this (identities, cameras and backgrounds of their own), lets `clreid` embed
the crops and `clreid evaluate` judge the features: of each identity one crop a camera is a query, all others are the
gallery, and those of the query's own camera do not count as right. Histograms are judged in the same way: 8 x 8 x 8 cells
of RGB, and 16 x 4 x 4 of hue, saturation and value, square roots of shares, by L2 distance (the Hellinger distance).

Needs NumPy, and Pillow for the histograms.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np

NAME = re.compile(r'(\d+)_c(\d+)s\d+_\d+_\d+\.png$')


def run(*command):
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f'evaluate_street.py: {command[0]} ended with {done.returncode}')
    return done.stdout


def split(folder):
    """(queries, gallery): lists of (person, camera, path). A query is the middle crop of its person and camera."""
    seen = {}
    for path in sorted(folder.iterdir()):
        if m := NAME.match(path.name):
            seen.setdefault((int(m[1]), int(m[2])), []).append(path)
    queries, gallery = [], []
    for (person, camera), paths in sorted(seen.items()):
        middle = len(paths) // 2
        queries.append((person, camera, paths[middle]))
        gallery += [(person, camera, p) for i, p in enumerate(paths) if i != middle]
    return queries, gallery


def histogram(path, mode, cells):
    from PIL import Image
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert('RGB').convert(mode), np.int64).reshape(-1, 3)
    place = np.zeros(len(pixels), np.int64)
    for channel, n in enumerate(cells):
        place = place * n + pixels[:, channel] * n // 256
    return np.sqrt(np.bincount(place, minlength=np.prod(cells)) / len(pixels)).astype(np.float32)


def embed(clreid, weights, side, out):
    run(clreid, 'embed', '--weights', weights, '--out', out, '--batch', 32, *(p for _, _, p in side))


def judge(clreid, folder, name, metric):
    found = json.loads(run(clreid, 'evaluate', '--query', folder / f'{name}.query.npy', '--query-labels', folder / 'query.csv',
                           '--gallery', folder / f'{name}.gallery.npy', '--gallery-labels', folder / 'gallery.csv',
                           '--metric', metric, '--json'))
    print(f'{name:20} Rank-1 {100 * found["rank1"]:5.1f} %   mAP {100 * found["mAP"]:5.1f} %', flush=True)
    return found


def evaluate(a, folder):
    clreid, street = a.build / 'samples/clreid', a.build / 'samples/clreid-street'
    crops = folder / 'crops'
    crops.mkdir(exist_ok=True)
    if not any(crops.iterdir()):
        run(street, '--crops', crops, '--seed', a.seed, '--streets', a.streets, '--persons', a.persons, '--vehicles', a.vehicles)
    sides = dict(zip(('query', 'gallery'), split(crops)))
    print(f'{len(sides["query"])} queries, {len(sides["gallery"])} gallery crops, '
          f'{len({p for p, _, _ in sides["query"]})} identities, {2 * a.streets} cameras, seed {a.seed}')
    for side, entries in sides.items():
        (folder / f'{side}.csv').write_text('pid,camid\n' + ''.join(f'{p},{c}\n' for p, c, _ in entries))
        np.save(folder / f'rgb histogram.{side}.npy', np.array([histogram(p, 'RGB', (8, 8, 8)) for _, _, p in entries]))
        np.save(folder / f'hsv histogram.{side}.npy', np.array([histogram(p, 'HSV', (16, 4, 4)) for _, _, p in entries]))
        if a.weights:
            embed(clreid, a.weights, entries, folder / f'weights.{side}.npy')
    if a.weights:
        judge(clreid, folder, 'weights', 'cosine')
    judge(clreid, folder, 'rgb histogram', 'euclidean')
    judge(clreid, folder, 'hsv histogram', 'euclidean')


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('build', type=pathlib.Path, metavar='BUILD_FOLDER')
    p.add_argument('--weights', type=pathlib.Path, metavar='W.safetensors', help='without it, histograms alone')
    p.add_argument('--folder', type=pathlib.Path, help='keeps crops and features there; crops that lie there are used')
    p.add_argument('--seed', type=int, default=900_001, help='no training takes a seed of 900,000 or more (%(default)s)')
    p.add_argument('--streets', type=int, default=1)
    p.add_argument('--persons', type=int, default=150, help='of a street (%(default)s)')
    p.add_argument('--vehicles', type=int, default=50, help='of a street (%(default)s)')
    a = p.parse_args()
    if a.folder:
        a.folder.mkdir(parents=True, exist_ok=True)
        evaluate(a, a.folder)
    else:
        with tempfile.TemporaryDirectory() as folder:
            evaluate(a, pathlib.Path(folder))


if __name__ == '__main__':
    main()
