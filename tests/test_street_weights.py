#!/usr/bin/env python3
"""The weights that are shipped for the drawn street: on streets that they never saw they find persons and vehicles again."""
import importlib.util
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

try:
    import numpy  # noqa: F401
except ImportError:
    print('SKIPPED: no numpy')
    sys.exit(77)

SOURCE, BUILD = pathlib.Path(os.environ['SOURCE_FOLDER']), pathlib.Path(os.environ['BUILD_FOLDER'])
WEIGHTS = SOURCE / 'samples/street/han-small-street.safetensors'
SEED = 910_001


def script(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    spec.loader.exec_module(module)
    return module


class Weights(unittest.TestCase):
    def test_an_unseen_street(self):
        judge = script(SOURCE / 'samples/street/evaluate_street.py')
        clreid = BUILD / 'samples/clreid'
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / 'crops').mkdir()
            subprocess.run([BUILD / 'samples/clreid-street', '--crops', folder / 'crops', '--seed', str(SEED), '--streets', '1',
                            '--persons', '24', '--vehicles', '8', '--views', '4'], check=True)
            crops = judge.read_crops(folder / 'crops')
            features = judge.embed(clreid, WEIGHTS, crops[3], folder / 'features.npy')
            rank1, precision = judge.judge(clreid, folder, crops, features, 'cosine')
        print(f'seed {SEED}: Rank-1 {rank1:.3f}, mAP {precision:.3f}; again: ctest -R test_street_weights')
        self.assertGreaterEqual(rank1, 0.80)
        self.assertGreaterEqual(precision, 0.70)

    def test_their_size(self):
        self.assertLess(WEIGHTS.stat().st_size, 5_000_000)


if __name__ == '__main__':
    unittest.main()
