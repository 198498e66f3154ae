#!/usr/bin/env python3
"""Proves clreid-street from outside: the files of its footage, the same on every run, and what it says to bad usage.

Run one test with: BUILD_FOLDER=build tests/test_footage.py Footage.test_NAME
"""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = pathlib.Path(os.environ.get('BUILD_FOLDER', 'build')) / 'samples' / 'clreid-street'
SEED = '3'


def run(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True)


class Footage(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.temporary.name)

    def tearDown(self):
        self.temporary.cleanup()

    def film(self, name):
        out = self.folder / name
        ended = run('--out', out, '--seed', SEED, '--seconds', 3, '--persons', 6, '--vehicles', 3)
        if 'CLREID_VIDEO=ON' in ended.stderr:
            self.skipTest('built without video')
        self.assertEqual((ended.returncode, ended.stdout, ended.stderr), (0, '', ''))
        return out

    def test_files(self):
        out = self.film('a')
        self.assertEqual(sorted(p.name for p in out.iterdir()),
                         [f'camera{n}.{end}' for n in (1, 2) for end in ('det.txt', 'gt.txt', 'mp4')])
        for n in (1, 2):
            truth = [line.split(',') for line in (out / f'camera{n}.gt.txt').read_text().splitlines()]
            self.assertGreater(len(truth), 30)
            for frame, identity, left, top, width, height, one, kind, visibility in truth:
                self.assertTrue(1 <= int(frame) <= 37 and 1 <= int(identity) <= 9 and one == '1')
                self.assertEqual(kind, '1' if int(identity) <= 6 else '3')
                self.assertTrue(int(left) >= 0 and int(top) >= 0 and int(width) > 0 and int(height) > 0)
                self.assertTrue(int(left) + int(width) <= 960 and int(top) + int(height) <= 540)
                self.assertTrue(0 < float(visibility) <= 1 or visibility == '0.000')
            self.assertEqual(len({(line[0], line[1]) for line in truth}), len(truth))
            found = [line.split(',') for line in (out / f'camera{n}.det.txt').read_text().splitlines()]
            self.assertGreater(len(found), 0.4 * len(truth))
            self.assertLess(len(found), 1.1 * len(truth))
            for line in found:
                self.assertEqual((len(line), line[1], line[7:]), (10, '-1', ['-1', '-1', '-1']))
                self.assertTrue(0 < float(line[6]) < 1)

    def test_the_same_on_every_run(self):
        one, two = self.film('a'), self.film('b')
        for path in one.iterdir():
            self.assertEqual(path.read_bytes(), (two / path.name).read_bytes(), f'seed {SEED}: {path.name}')

    def refused(self, code, words, *arguments):
        ended = run(*arguments)
        self.assertEqual((ended.returncode, ended.stdout), (code, ''), ended.stderr)
        self.assertEqual(ended.stderr.count('\n'), 1, ended.stderr)
        self.assertIn(words, ended.stderr)

    def test_bad_usage(self):
        a = self.folder / 'a'
        self.refused(2, '--out')
        self.refused(2, 'exclude', '--out', a, '--crops', a)
        self.refused(2, 'nobody', '--crops', a, '--persons', 0, '--vehicles', 0)
        self.refused(2, 'views', '--crops', a, '--views', 0)
        self.refused(2, 'one street', '--out', a, '--streets', 2)
        self.refused(2, 'seconds', '--crops', a, '--seconds', 5)
        self.refused(2, 'seconds', '--out', a, '--seconds', 0)
        self.refused(2, '99999', '--crops', a, '--streets', 400, '--persons', 1000)
        self.refused(2, '--colour', '--out', a, '--colour', 'red')
        self.assertFalse(a.exists())

    def test_bad_folders(self):
        plain = self.folder / 'plain'
        plain.write_text('kept')
        for option in '--crops', '--out':
            if option == '--out' and 'CLREID_VIDEO' in run('--out', plain).stderr:
                continue
            self.refused(1, 'not a folder', option, plain)
            self.refused(1, 'cannot make the folder', option, plain / 'inside')
            self.refused(1, 'cannot make the folder', option, self.folder / 'no' / 'parent')
        self.assertEqual(plain.read_text(), 'kept')

    def test_crops_are_not_mixed(self):
        (self.folder / '00001_c001s1_000001_01.png').write_bytes(b'')
        self.refused(1, 'holds pictures already', '--crops', self.folder)

    def test_files_appear_when_both_cameras_are_done(self):
        out = self.folder / 'a'
        with subprocess.Popen([PROGRAM, '--out', out, '--seed', SEED, '--seconds', '2', '--persons', '6', '--vehicles', '3'],
                              stderr=subprocess.PIPE) as process:
            while process.poll() is None and not (out.exists() and any(p.suffix != '.part' for p in out.iterdir())):
                time.sleep(0.0005)
            process.send_signal(signal.SIGSTOP)
            unfinished = {p.name.split('.txt')[0]: p.stat().st_size for p in out.glob('*.txt.*.part')}
            process.send_signal(signal.SIGCONT)
            process.communicate()
        if not any(out.glob('*')):
            self.skipTest('built without video')
        for name, size in unfinished.items():
            self.assertEqual(size, (out / f'{name}.txt').stat().st_size, f'seed {SEED}: {name} when the first file stood')

    def test_a_file_that_cannot_be(self):
        out = self.folder / 'a'
        (out / 'camera2.gt.txt').mkdir(parents=True)
        self.refused(1, 'CLREID_VIDEO' if 'CLREID_VIDEO' in run('--out', out).stderr else 'camera2.gt.txt', '--out', out)
        self.assertEqual([p.name for p in out.iterdir()], ['camera2.gt.txt'])


if __name__ == '__main__':
    if not PROGRAM.exists():
        print(f'SKIPPED: {PROGRAM} is not built')
        sys.exit(77)
    unittest.main()
