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
            for side, entries in zip(('query', 'gallery'), judge.split(folder / 'crops')):
                (folder / f'{side}.csv').write_text('pid,camid\n' + ''.join(f'{p},{c}\n' for p, c, _ in entries))
                judge.embed(clreid, WEIGHTS, entries, folder / f'weights.{side}.npy')
            found = judge.judge(clreid, folder, 'weights', 'cosine')
        print(f'seed {SEED}; again: ctest -R test_street_weights')
        self.assertGreaterEqual(found['rank1'], 0.85)
        self.assertGreaterEqual(found['mAP'], 0.70)

    def test_their_size(self):
        self.assertLess(WEIGHTS.stat().st_size, 5_000_000)


if __name__ == '__main__':
    unittest.main()
