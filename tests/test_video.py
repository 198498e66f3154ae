#!/usr/bin/env python3
"""Proves clreid-video from outside: two tiny videos with a known answer, and inputs that are wrong.

Run one test with: test_video.py Video.test_NAME; CLREID_TEST_SEED changes the drawings.
"""
import json
import os
import pathlib
import pty
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import numpy

PROGRAM = os.environ.get('CLREID_VIDEO')
COMMAND = os.environ.get('CLREID_COMMAND')
SEED = int(os.environ.get('CLREID_TEST_SEED', '1'))
WIDTH, HEIGHT, FRAMES = 192, 144, 40
PERSON_WIDTH, PERSON_HEIGHT = 16, 40
LENGTH = 1024

random = numpy.random.default_rng(SEED)
PERSONS = [numpy.repeat(numpy.repeat(random.integers(16, 236, (10, 4, 3)), 4, 0), 4, 1) for _ in range(4)]


def write_video(path, positions):
    """positions[frame] = [(person, x, y)]: uncompressed, so both cameras see the same pixels of a person."""
    with open(path, 'wb') as file:
        file.write(b'YUV4MPEG2 W%d H%d F10:1 Ip A1:1 C444\n' % (WIDTH, HEIGHT))
        for frame in positions:
            planes = numpy.full((HEIGHT, WIDTH, 3), 128, numpy.uint8)
            for person, x, y in frame:
                planes[y:y + PERSON_HEIGHT, x:x + PERSON_WIDTH] = PERSONS[person]
            file.write(b'FRAME\n' + planes.transpose(2, 0, 1).tobytes())


def rows_of(positions, truth):
    rows = []
    for number, frame in enumerate(positions, 1):
        for person, x, y in frame:
            who = f'{100 + person}' if truth else '-1'
            rest = '1,1,1.0' if truth else '0.9,-1,-1,-1'
            rows.append(f'{number},{who},{x},{y},{PERSON_WIDTH},{PERSON_HEIGHT},{rest}\n')
    return ''.join(rows)


# Three walk through the first camera, two of them through the second, where a fourth stands.
FIRST = [[(0, 4 * t, 4), (1, 170 - 4 * t, 50), (2, 80, 100)] for t in range(FRAMES)]
SECOND = [[(1, 3 * t + 10, 6), (0, 160 - 3 * t, 52), (3, 2, 100)] for t in range(FRAMES)]


class Video(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.temporary.name)
        cls.weights = cls.folder / 'W.safetensors'
        subprocess.run([COMMAND, 'weights', '--network', 'han-small', '--seed', '1', '--out', cls.weights], check=True)
        for name, positions in (('one', FIRST), ('two', SECOND)):
            write_video(cls.folder / f'{name}.y4m', positions)
            (cls.folder / f'{name}.det.txt').write_text(rows_of(positions, False))
            (cls.folder / f'{name}.gt.txt').write_text(rows_of(positions, True))

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def setUp(self):
        self.out = self.folder / self.id().split('.')[-1]

    def run_program(self, *options, code=0):
        run = subprocess.run([PROGRAM, '--weights', self.weights, '--out', self.out, *options], capture_output=True,
                             text=True)
        self.assertEqual(run.returncode, code, run.stderr)
        return run

    def camera(self, name, truth=False, video=None, boxes=None):
        options = ['--video', video or self.folder / f'{name}.y4m', '--boxes', boxes or self.folder / f'{name}.det.txt']
        return options + (['--truth', self.folder / f'{name}.gt.txt'] if truth else [])

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def assert_fails(self, says, *options, code=1):
        run = self.run_program(*options, code=code)
        self.assertIn(says, run.stderr)
        self.assertEqual(run.stderr.count('\n'), 1, run.stderr)
        self.assertEqual(run.stdout, '')
        self.assertEqual([p.name for p in self.out.glob('*')] if self.out.exists() else [], [])

    # ---- What is right

    def test_two_cameras_see_who_is_who(self):
        thresholds = ['--connect', '0.00001', '--join', '0.00001']
        run = self.run_program(*self.camera('one', True), *self.camera('two', True), *thresholds, '--json')
        self.assertEqual(run.stderr, '')
        result = json.loads(run.stdout)
        self.assertEqual([c['tracks'] for c in result['cameras']], [3, 3])
        self.assertEqual([c['frames'] for c in result['cameras']], [FRAMES, FRAMES])
        self.assertEqual(result['shared'], 2)
        self.assertEqual(len(result['identities']), 4)
        self.assertEqual(result['truth']['idf1'], 1)
        self.assertEqual(result['truth']['idtp'], 6 * FRAMES)
        self.assertEqual(result['features']['queries'], 16)
        self.assertEqual(result['features']['rank1'], 1)
        self.assertEqual(result['features']['mean_average_precision'], 1)
        self.assertEqual(sorted(p.name for p in self.out.iterdir()),
                         ['identities.png', 'one.mp4', 'one.npy', 'one.txt', 'still.png', 'two.mp4', 'two.npy',
                          'two.txt'])
        self.check_files(result)

    def check_files(self, result):
        seen = {}
        for name, positions in (('one', FIRST), ('two', SECOND)):
            rows = numpy.load(self.out / f'{name}.npy')
            self.assertEqual((rows.shape, rows.dtype), ((3 * FRAMES, 10 + LENGTH), numpy.float32))
            expected = [(t, -1, x, y, PERSON_WIDTH, PERSON_HEIGHT, numpy.float32(0.9), -1, -1, -1)
                        for t, frame in enumerate(positions, 1) for _, x, y in frame]
            numpy.testing.assert_array_equal(rows[:, :10], numpy.array(expected, numpy.float32))
            numpy.testing.assert_allclose(numpy.linalg.norm(rows[:, 10:], axis=1), 1, atol=1e-5)
            lines = numpy.loadtxt(self.out / f'{name}.txt', delimiter=',')
            self.assertEqual(lines.shape, (3 * FRAMES, 10))
            places = {(t, x, y): person for t, frame in enumerate(positions, 1) for person, x, y in frame}
            for line in lines:
                seen.setdefault(places[tuple(line[[0, 2, 3]].astype(int))], set()).add(int(line[1]))
            movie = (self.out / f'{name}.mp4').read_bytes()
            self.assertEqual(movie[4:8], b'ftyp')
        self.assertTrue(all(len(ids) == 1 for ids in seen.values()), seen)
        self.assertLessEqual(max(seen[0] | seen[1]), 2)
        for picture in ('identities.png', 'still.png'):
            self.assertEqual((self.out / picture).read_bytes()[:8], b'\x89PNG\r\n\x1a\n')

    def test_batches_change_nothing(self):
        self.run_program(*self.camera('one'), '--features-only', '--batch', '1')
        alone = (self.out / 'one.npy').read_bytes()
        self.run_program(*self.camera('one'), '--features-only', '--batch', '7')
        self.assertEqual((self.out / 'one.npy').read_bytes(), alone)
        self.assertEqual([p.name for p in self.out.iterdir()], ['one.npy'])

    def test_text_says_it_and_no_video_is_made_where_none_is_wanted(self):
        run = self.run_program(*self.camera('one', True), '--no-video', '--join', '0.00001')
        self.assertIn('one: 192x144, 10 frames/s, 40 frames; 120 boxes, 3 tracks', run.stdout)
        self.assertIn('IDF1 1.000', run.stdout)
        self.assertFalse((self.out / 'one.mp4').exists())

    def test_equal_names_get_numbers(self):
        twin = self.folder / 'elsewhere'
        twin.mkdir()
        (twin / 'one.y4m').write_bytes((self.folder / 'one.y4m').read_bytes())
        self.run_program(*self.camera('one'), *self.camera('one', video=twin / 'one.y4m'), '--features-only')
        self.assertEqual(sorted(p.name for p in self.out.iterdir()), ['one-2.npy', 'one.npy'])

    def test_progress_of_a_video_that_does_not_say_its_length(self):
        write_video(self.folder / 'endless.y4m', FIRST * 10)
        self.write('endless.det.txt', rows_of(FIRST * 10, False))
        terminal, its = pty.openpty()
        run = subprocess.Popen([PROGRAM, '--weights', self.weights, '--out', self.out, *self.camera('endless'),
                                '--features-only'], stdout=subprocess.DEVNULL, stderr=its)
        os.close(its)
        said = b''
        while True:
            try:
                said += os.read(terminal, 4096)
            except OSError:  # the program has ended
                break
        os.close(terminal)
        self.assertEqual(run.wait(), 0)
        self.assertRegex(said.decode(), r'endless \d+, [0-9.]+/s')
        self.assertNotIn(b'left', said)

    # ---- What is wrong in part: said, and the rest is done

    def test_boxes_that_lie_nowhere_are_left_out(self):
        boxes = self.write('part.txt', rows_of(FIRST, False) + '3,-1,-50,-50,20,20,1\n3,-1,500,5,9,9,1\n'
                           '3,-1,5,5,0,9,1\n3,-1,5,5,nan,9,1\n41,-1,5,5,9,9,1\n900,-1,5,5,9,9,1\n')
        run = self.run_program(*self.camera('one', boxes=boxes), '--no-video')
        self.assertIn('2 of 126 boxes have no area or a number that is not finite; left out', run.stderr)
        self.assertIn('2 of 124 boxes lie outside the frames of 192x144; left out', run.stderr)
        self.assertIn(f'names frames up to 900, {self.folder}/one.y4m has 40: 2 of 124 boxes left out', run.stderr)
        self.assertEqual(len(numpy.load(self.out / 'one.npy')), 3 * FRAMES)

    def test_a_cut_video_gives_what_is_left(self):
        path = self.folder / 'cut.y4m'
        whole = (self.folder / 'one.y4m').read_bytes()
        path.write_bytes(whole[:len(whole) * 5 // 8])
        run = self.run_program(*self.camera('one', True, video=path), '--no-video', '--json', '--join', '0.00001')
        self.assertIn('one.det.txt names frames up to 40', run.stderr)
        self.assertIn('one.gt.txt names frames up to 40', run.stderr)
        self.assertEqual(json.loads(run.stdout)['truth']['idf1'], 1)

    # ---- What is wrong: one line, and nothing is written

    def test_wrong_command_lines(self):
        one, two = self.camera('one'), self.camera('two')
        self.assert_fails('1 times --video but 2 times --boxes', *one, *two[2:], code=2)
        self.assert_fails('2 times --video but 1 times --truth', *self.camera('one', True), *two, code=2)
        self.assert_fails('--boxes A.det.txt is missing', *one[:2], code=2)
        self.assert_fails("--connect wants a number from 0 to 2, not '-1'", *one, '--connect', '-1', code=2)
        self.assert_fails("--memory wants a number from 0 to 3600, not '1e9'", *one, '--memory', '1e9', code=2)

    def test_wrong_files(self):
        text = self.write('wrong.txt', '1,-1,1,1,5,5,1\nno box\n')
        self.assert_fails("line 2: 'no box' is no box", *self.camera('one', boxes=text))
        self.assert_fails('no box is left', *self.camera('one', boxes=self.write('none.txt', '')))
        self.assert_fails('cannot read', *self.camera('one', boxes=self.folder / 'nowhere.txt'))
        self.assert_fails('as a video', *self.camera('one', video=text))
        self.assert_fails('it is not a file', *self.camera('one', video=self.folder))

    def test_no_input_is_written_over(self):
        self.out.mkdir()
        for ending in ('txt', 'mp4', 'npy'):
            video, boxes = self.folder / 'one.y4m', self.folder / 'one.det.txt'
            path = self.out / f'one.{ending}'
            path.write_bytes((video if ending == 'mp4' else boxes).read_bytes())
            before = path.read_bytes()
            options = self.camera('one', video=path if ending == 'mp4' else None, boxes=path if ending != 'mp4' else None)
            run = self.run_program(*options, code=1)
            self.assertIn('to be read and to be written', run.stderr)
            self.assertEqual(path.read_bytes(), before)
            path.unlink()

    def test_an_interrupt_leaves_nothing_half_written(self):
        video = self.folder / 'long.y4m'
        write_video(video, FIRST * 60)
        run = subprocess.Popen([PROGRAM, '--weights', self.weights, '--out', self.out, *self.camera('one', video=video)],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        limit = time.monotonic() + 100
        while not any(p.name.endswith('.part') and '.mp4' in p.name for p in self.out.glob('*')):
            self.assertIsNone(run.poll())
            self.assertLess(time.monotonic(), limit)
            time.sleep(0.002)
        run.send_signal(signal.SIGINT)
        run.communicate()
        self.assertEqual(run.returncode, -signal.SIGINT)
        self.assertEqual(sorted(p.name for p in self.out.iterdir()), ['long.npy', 'long.txt'])


if __name__ == '__main__':
    if not PROGRAM or not COMMAND:
        print('SKIPPED: CLREID_VIDEO and CLREID_COMMAND do not name the programs')
        sys.exit(77)
    print(f'seed {SEED}; again with: CLREID_TEST_SEED={SEED} {sys.argv[0]}')
    unittest.main()
