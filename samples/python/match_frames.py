#!/usr/bin/env python3
"""Finds the persons of one frame again in the next by their looks alone, as a tracker does: detections of two frames,
appearance features of both, and the nearest pairs first.

usage: match_frames.py [W.safetensors]. The frames are drawn here, and yours come from a camera or a file (OpenCV's are
BGR as these are); the boxes come from a detector. Without a weight file random weights are written to try it with,
which tell clothes apart, but no persons.
"""
import os
import sys
import tempfile

import numpy as np

import clreid
from clreid.appearance import Appearance

HEIGHT, WIDTH = 240, 480  # pixels
# BGR of shirt and trousers of each person.
CLOTHES = [((40, 40, 200), (60, 60, 60)), ((200, 120, 30), (20, 20, 20)), ((80, 180, 80), (150, 90, 40))]


def draw(places, light):
    """(frame, boxes): person i stands at places[i]; boxes are left, top, right, bottom."""
    frame = np.full((HEIGHT, WIDTH, 3), 110 * light, np.float64)
    boxes = []
    for (left, top), (shirt, trousers) in zip(places, CLOTHES):
        frame[top:top + 120, left:left + 48] = np.multiply(trousers, light)
        frame[top + 22:top + 66, left:left + 48] = np.multiply(shirt, light)
        frame[top:top + 22, left + 14:left + 34] = np.multiply((120, 150, 200), light)
        boxes.append((left, top, left + 48, top + 120))
    return frame.clip(0, 255).astype(np.uint8), np.array(boxes, np.float64)


def match(before, after):
    """[(i, j, distance)], the nearest pairs first, each i and j once; distance is 1 - cosine."""
    distances = 1 - before @ after.T
    pairs, rows, columns = [], set(), set()
    for i, j in zip(*np.unravel_index(np.argsort(distances, axis=None), distances.shape)):
        if i not in rows and j not in columns:
            pairs.append((int(i), int(j), float(distances[i, j])))
            rows.add(i)
            columns.add(j)
    return pairs


def main(weights):
    first, boxes_first = draw([(30, 60), (200, 80), (380, 50)], light=1.0)
    second, boxes_second = draw([(340, 70), (60, 90), (210, 60)], light=0.9)
    with clreid.Model(weights) as model:
        appearance = Appearance(model)
        before = appearance.get_features(boxes_first, first)
        after = appearance.get_features(boxes_second, second)
    for i, j, distance in match(before, after):
        print(f'person {i} of the first frame is person {j} of the second, distance {distance:.4f}')


if __name__ == '__main__':
    try:
        if len(sys.argv) > 1:
            main(sys.argv[1])
        else:
            with tempfile.TemporaryDirectory() as folder:
                drawn = os.path.join(folder, 'random.safetensors')
                clreid.write_random_weights(drawn, 'han-small')
                main(drawn)
    except (clreid.ClreidError, OSError) as e:
        sys.exit(f'match_frames: {e}')
