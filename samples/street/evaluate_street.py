#!/usr/bin/env python3
"""Judges a weight file on rendered people and cars that no training has seen, and colour histograms beside it.

    evaluate_street.py BUILD_FOLDER --weights W.safetensors [--folder FOLDER] [--seed S] [--streets K] [--persons N] [--vehicles M]

Renders K streets of a seed that is kept for this (identities, cameras and backgrounds of their own), lets `clreid` embed
the crops and `clreid evaluate` judge the features across the two cameras of each street: one crop of each identity in a
camera is a query, all crops of the other camera are the gallery, both ways. What is printed is the mean over the queries
of all streets. Histograms are judged in the same way: 8 x 8 x 8 cells of RGB, and 16 x 4 x 4 of hue, saturation and value,
square roots of shares, by L2 distance (the Hellinger distance).

Needs NumPy, and Pillow for the histograms.
"""
import argparse
import json
import pathlib
import re
import shutil
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


def read_crops(folder):
    """Person [n], camera [n], is it a query [n], path [n]: the middle crop of each person and camera is one."""
    files = sorted((int(m[1]), int(m[2]), p) for p in folder.iterdir() if (m := NAME.match(p.name)))
    person, camera = np.array([f[0] for f in files]), np.array([f[1] for f in files])
    query = np.zeros(len(files), bool)
    for own in np.unique(np.stack([person, camera], 1), axis=0):
        places = np.flatnonzero((person == own[0]) & (camera == own[1]))
        query[places[len(places) // 2]] = True
    return person, camera, query, [f[2] for f in files]


def histogram(path, mode, cells):
    from PIL import Image
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert('RGB').convert(mode), np.int64).reshape(-1, 3)
    place = np.zeros(len(pixels), np.int64)
    for channel, n in enumerate(cells):
        place = place * n + pixels[:, channel] * n // 256
    return np.sqrt(np.bincount(place, minlength=np.prod(cells)) / len(pixels)).astype(np.float32)


def embed(clreid, weights, paths, out):
    run(clreid, 'embed', '--weights', weights, '--out', out, '--batch', 32, '--flip', *paths)
    return np.load(out)


def judge(clreid, folder, crops, features, metric):
    """(Rank-1, mAP): of each camera's queries in the other camera of the street, the mean over all queries."""
    person, camera, query, _ = crops
    shares, weights = [], []
    for own in np.unique(camera):
        other = (own - 1 ^ 1) + 1  # cameras 1 and 2 are those of a street, 3 and 4, ...
        for side, chosen in (('query', query & (camera == own)), ('gallery', camera == other)):
            np.save(folder / f'{side}.npy', features[chosen])
            (folder / f'{side}.csv').write_text('pid,camid\n' + ''.join(f'{p},{c}\n' for p, c in zip(person[chosen], camera[chosen])))
        found = json.loads(run(clreid, 'evaluate', '--query', folder / 'query.npy', '--query-labels', folder / 'query.csv',
                               '--gallery', folder / 'gallery.npy', '--gallery-labels', folder / 'gallery.csv',
                               '--metric', metric, '--json'))
        shares.append((found['rank1'], found['mAP']))
        weights.append(len(np.intersect1d(person[query & (camera == own)], person[camera == other])))
    return np.average(shares, 0, weights)


def evaluate(a, folder):
    clreid, street = a.build / 'samples/clreid', a.build / 'samples/clreid-street'
    pictures = folder / 'crops'  # all of them, or there is no such folder
    if not pictures.exists():
        aside = folder / 'crops.part'
        shutil.rmtree(aside, ignore_errors=True)
        run(street, '--crops', aside, '--seed', a.seed, '--streets', a.streets, '--persons', a.persons, '--vehicles', a.vehicles)
        aside.rename(pictures)
    crops = read_crops(pictures)
    person, camera, query, paths = crops
    print(f'{a.streets} streets of seed {a.seed}: {len(np.unique(person))} identities, {len(np.unique(camera))} cameras, '
          f'{len(paths)} crops, {query.sum()} of them queries')

    def show(name, features, metric):
        rank1, precision = judge(clreid, folder, crops, features, metric)
        print(f'{name:20} Rank-1 {100 * rank1:5.1f} %   mAP {100 * precision:5.1f} %', flush=True)

    if a.weights:
        show('weights', embed(clreid, a.weights, paths, folder / 'features.npy'), 'cosine')
    show('rgb histogram', np.array([histogram(p, 'RGB', (8, 8, 8)) for p in paths]), 'euclidean')
    show('hsv histogram', np.array([histogram(p, 'HSV', (16, 4, 4)) for p in paths]), 'euclidean')


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('build', type=pathlib.Path, metavar='BUILD_FOLDER')
    p.add_argument('--weights', type=pathlib.Path, metavar='W.safetensors', help='without it, histograms alone')
    p.add_argument('--folder', type=pathlib.Path, help='keeps crops and features there; crops that lie there are used')
    p.add_argument('--seed', type=int, default=900_001, help='no training takes a seed of 900,000 or more (%(default)s)')
    p.add_argument('--streets', type=int, default=5)
    p.add_argument('--persons', type=int, default=45, help='of a street (%(default)s)')
    p.add_argument('--vehicles', type=int, default=15, help='of a street (%(default)s)')
    a = p.parse_args()
    if a.folder:
        a.folder.mkdir(parents=True, exist_ok=True)
        evaluate(a, a.folder)
    else:
        with tempfile.TemporaryDirectory() as folder:
            evaluate(a, pathlib.Path(folder))


if __name__ == '__main__':
    main()
