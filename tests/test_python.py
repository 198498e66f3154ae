#!/usr/bin/env python3
"""Proves samples/python: the layout of its structs against the header, the bits of its features against `clreid embed`,
its errors, threads, trackers' adapter and installation.

Exit status 77: skipped, NumPy is not installed. Run one test with: CLREID_COMMAND=build/samples/clreid
CLREID_LIBRARY=build/libclreid.so test_python.py Python.test_NAME; seeds are those in the code.
"""
import ctypes
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import zlib

try:
    import numpy as np
except ImportError as e:
    print(f'SKIPPED: {e}; the Python module needs NumPy (Debian: python3-numpy)')
    sys.exit(77)

SOURCE = pathlib.Path(__file__).resolve().parent.parent
COMMAND = os.environ.get('CLREID_COMMAND', 'build/samples/clreid')
if not os.environ.get('CLREID_LIBRARY'):
    print('SKIPPED: CLREID_LIBRARY names no shared libclreid; this build may be a static one')
    sys.exit(77)
sys.path.insert(0, str(SOURCE / 'samples' / 'python'))
sys.dont_write_bytecode = True

import clreid  # noqa: E402
from clreid import _layout, _library  # noqa: E402
from clreid.appearance import Appearance  # noqa: E402

SEED = 20
RANDOM = np.random.default_rng(SEED)
FRAME = RANDOM.integers(0, 256, (150, 200, 3), np.uint8)
BOXES = np.array([[0, 0, 50, 120], [20.4, 10.6, 61, 99], [150, 30, 80, 500]], np.float32)  # the last leaves the frame
HEADERS = ''.join(path.read_text() for path in sorted((SOURCE / 'include' / 'clreid').glob('*.h')))


def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


def write_png(path, pixels):
    """uint8 (height, width, 3)"""
    height, width = pixels.shape[:2]
    rows = b''.join(b'\0' + row.tobytes() for row in pixels)
    path.write_bytes(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)) +
                     chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b''))


def crops():
    places = [clreid.box_pixels(FRAME.shape[1], FRAME.shape[0], box) for box in BOXES]
    return [FRAME[y:y + height, x:x + width] for x, y, width, height in places]


def bits(features):
    return features.view(np.uint32).tolist()


class Layout(unittest.TestCase):
    """What C's compiler says of the header, and what ctypes was told."""

    def test_structs_and_numbers(self):
        lines, told = [], {}
        for layout in _layout.STRUCTS:
            lines.append(f'printf("{layout.c_name} %zu\\n", sizeof({layout.c_name}));')
            told[layout.c_name] = ctypes.sizeof(layout)
            for name, kind in layout._fields_:
                field = f'{layout.c_name}.{name}'
                lines.append(f'printf("{field} %zu\\n", 1000 * offsetof({layout.c_name}, {name}) + '
                             f'sizeof((({layout.c_name} *)0)->{name}));')
                told[field] = 1000 * getattr(layout, name).offset + ctypes.sizeof(kind)
        for numbers in _layout.ENUMS.values():
            lines += [f'printf("{name} %zu\\n", (size_t){name});' for name in numbers]
            told.update(numbers)
        said = self.compile_and_run(lines)
        self.assertEqual({name: int(number) for name, number in (line.split() for line in said.splitlines())}, told)

    def compile_and_run(self, lines):
        compiler = shutil.which('cc')
        if not compiler:
            self.skipTest('no C compiler here')
        with tempfile.TemporaryDirectory() as folder:
            source, program = pathlib.Path(folder, 'layout.c'), pathlib.Path(folder, 'layout')
            source.write_text('#include <clreid/clreid_gallery.h>\n#include <stdio.h>\nint main(void)\n{\n' +
                              '\n'.join(lines) + '\n}\n')
            subprocess.run([compiler, '-std=c11', '-I', SOURCE / 'include', source, '-o', program], check=True)
            return subprocess.run([program], check=True, stdout=subprocess.PIPE, text=True).stdout

    def test_all_numbers_of_the_header_are_there(self):
        for enum, numbers in _layout.ENUMS.items():
            body = re.search(r'typedef enum %s {(.*?)} %s;' % (enum, enum), HEADERS, re.S).group(1)
            self.assertEqual(re.findall(r'^  (CLREID_\w+)', body, re.M), list(numbers))

    def test_functions_take_as_many_arguments(self):
        for name, (result, takes) in _layout.FUNCTIONS.items():
            arguments = re.search(r'CLREID_API [\w ]+[ *]%s\((.*?)\);' % name, HEADERS, re.S).group(1)
            count = 0 if arguments == 'void' else arguments.count(',') + 1
            self.assertEqual(len(takes) + (result is _layout.STATUS), count, name)

    def test_version_is_that_of_the_library(self):
        text = (SOURCE / 'CMakeLists.txt').read_text()
        self.assertEqual(clreid.__version__, re.search(r'project\(clreid VERSION (\S+)', text).group(1))
        self.assertEqual(clreid.version(), clreid.__version__)


class Python(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.temporary.name)
        cls.weights = cls.folder / 'w.safetensors'
        clreid.write_random_weights(cls.weights, 'han-small', seed=SEED)
        cls.model = clreid.Model(cls.weights, batch=2)

    @classmethod
    def tearDownClass(cls):
        cls.model.close()
        cls.temporary.cleanup()

    def of_command(self, *options):
        """The features of the crops as `clreid embed` writes them."""
        paths = [self.folder / f'{i}.png' for i in range(len(BOXES))]
        for path, crop in zip(paths, crops()):
            write_png(path, crop)
        out = self.folder / 'f.npy'
        subprocess.run([COMMAND, 'embed', '--weights', self.weights, '--out', out, *options, *paths], check=True)
        return np.load(out)

    def fails(self, says, kind, function, *arguments, status=None, **options):
        with self.assertRaisesRegex(kind, says) as caught:
            function(*arguments, **options)
        self.assertEqual(getattr(caught.exception, 'status', None), status)

    # ---- The bits of the command

    def test_boxes_have_the_bits_of_the_command(self):
        expected = self.of_command()
        self.assertEqual(bits(self.model.embed(FRAME, BOXES)), bits(expected))
        self.assertEqual(bits(self.model.embed(crops())), bits(expected))
        self.assertEqual((expected.shape, expected.dtype), ((3, self.model.feature_length), np.float32))
        self.assertGreater(np.abs(expected[0] - expected[1]).max(), 0)

    def test_options_have_the_bits_of_the_command(self):
        for options in (['--l2'], ['--flip'], ['--feature', 'pooled'], ['--l2', '--flip', '--feature', 'pooled']):
            given = {'l2': '--l2' in options, 'flip': '--flip' in options,
                     'feature': 'pooled' if 'pooled' in options else 'neck'}
            self.assertEqual(bits(self.model.embed(FRAME, BOXES, **given)), bits(self.of_command(*options)), options)

    def test_formats_and_strides(self):
        expected = bits(self.model.embed(FRAME, BOXES))
        wide = np.zeros((150, 230, 4), np.uint8)
        wide[:, 30:, :3] = FRAME
        wide[:, :, 3] = 77
        mirror = np.ascontiguousarray(FRAME[::-1])
        for name, frame, format in (('bgr', np.ascontiguousarray(FRAME[:, :, ::-1]), 'bgr'),
                                    ('a view with channels turned round', FRAME[:, :, ::-1], 'bgr'),
                                    ('rgba with a pitch', wide[:, 30:], 'rgba'),
                                    ('bgra', wide[:, 30:, [2, 1, 0, 3]], 'bgra'),
                                    ('rows from below', mirror[::-1], 'rgb'),
                                    ('gaps in a row', wide[:, 30:, :3], 'rgb'),
                                    ('columns first', np.asfortranarray(FRAME), 'rgb')):
            self.assertEqual(bits(self.model.embed(frame, BOXES, format=format)), expected, name)
        grey = FRAME[:, :, 1]
        three = np.repeat(grey[:, :, None], 3, 2)
        self.assertEqual(bits(self.model.embed(grey, BOXES, format='grey')), bits(self.model.embed(three, BOXES)))
        self.assertEqual(bits(self.model.embed([grey], format='grey')), bits(self.model.embed([three])))

    def test_nv12(self):
        # Limited range: Y 16 is black and 235 white where U and V are 128.
        luma, chroma = np.full((31, 21), 16, np.uint8), np.full((16, 11, 2), 128, np.uint8)
        luma[:, 10:] = 235
        rgb = np.zeros((31, 21, 3), np.uint8)
        rgb[:, 10:] = 255
        for format in ('nv12_bt601', 'nv12_bt709'):
            self.assertEqual(bits(self.model.embed([(luma, chroma)], format=format)), bits(self.model.embed([rgb])))
        self.fails(r'\(16, 11, 2\) for 21 x 31', ValueError, self.model.embed, [(luma, chroma[1:])],
                   format='nv12_bt709')
        self.fails('pair of arrays', TypeError, self.model.embed, luma, BOXES, format='nv12_bt709')

    def test_contiguous_pixels_are_not_copied(self):
        from clreid import _frames
        for view in (FRAME, FRAME[20:70], FRAME[:, 20:70], FRAME[::2]):
            frame, _ = _frames.as_frame('it', view, 'rgb')
            self.assertEqual(frame.pixels, view.ctypes.data)
            self.assertEqual(frame.pitch_bytes, view.strides[0])

    def test_nothing_gives_nothing(self):
        for features in (self.model.embed(FRAME, []), self.model.embed(FRAME, np.empty((0, 4)), l2=True),
                         self.model.embed([], flip=True)):
            self.assertEqual((features.shape, features.dtype), ((0, self.model.feature_length), np.float32))

    def test_zeros_stay_when_scaled(self):
        scaled = clreid.to_unit_length(np.array([[0, 0], [3, 4]], np.float32))
        self.assertEqual(scaled.tolist(), [[0, 0], [np.float32(0.6), np.float32(0.8)]])

    # ---- Errors

    def test_errors_of_the_library(self):
        error = clreid.ClreidError
        self.fails('box 1 .*300 x 10', error, self.model.embed, np.zeros((10, 300, 3), np.uint8),
                   [[0, 0, 5, 5], [300, 0, 5, 5]], status='CLREID_INVALID_PICTURE')
        self.fails('must be finite', error, self.model.embed, FRAME, [[0, 0, np.nan, 5]],
                   status='CLREID_INVALID_PICTURE')
        self.fails('from 1 to 65535', error, self.model.embed, [FRAME[:0]], status='CLREID_INVALID_PICTURE')
        self.fails(r'missing\.safetensors', error, clreid.Model, self.folder / 'missing.safetensors',
                   status='CLREID_INVALID_FILE')
        self.fails('no device 99|99', error, clreid.Device, 99, status='CLREID_UNSUPPORTED_DEVICE')
        self.fails('zero byte', ValueError, clreid.Model, str(self.weights) + '\0.txt')
        self.fails('nothing', error, clreid.write_random_weights, self.folder / 'x', 'nothing',
                   status='CLREID_INVALID_NETWORK')

    def test_errors_of_arguments(self):
        embed = self.model.embed
        self.fails('picture 1 wants numbers of type uint8, not float64', TypeError, embed, [FRAME, FRAME / 255])
        self.fails(r'\(height, width, 3\), not \(150, 200\)', ValueError, embed, [FRAME[:, :, 0]])
        self.fails(r'\(height, width, 4\), not', ValueError, embed, FRAME, BOXES, format='rgba')
        self.fails('a list of arrays', ValueError, embed, FRAME)
        self.fails(r'\(count, 4\).*not \(3, 3\)', ValueError, embed, FRAME, BOXES[:, :3])
        self.fails("'rgb', 'bgr', .*not 'yuv'", ValueError, embed, FRAME, BOXES, format='yuv')
        self.fails("'neck', 'pooled', not 'head'", ValueError, embed, FRAME, BOXES, feature='head')
        self.fails('batch wants .* not 0', ValueError, self.model.session, batch=0)
        self.fails("'fp32', 'fp16', not 'fp8'", ValueError, clreid.Model, self.weights, precision='fp8')
        self.fails('seed wants', ValueError, clreid.write_random_weights, self.folder / 'x', 'han-small', seed=-1)

    def test_closed_objects_say_so(self):
        with clreid.Device() as device:
            self.assertTrue(device.info.usable)
            with clreid.Model(self.weights, device) as model:
                session = model.session()
        self.assertEqual(session.embed([FRAME]).shape, (1, model.feature_length))  # lives on, as in C
        session.close()
        session.close()
        self.fails('the session is closed', ValueError, session.embed, [FRAME])
        self.fails('the session is closed', ValueError, model.embed, [FRAME])
        self.fails('the model is closed', ValueError, model.session)
        self.fails('the device is closed', ValueError, lambda: device.info)

    def run_python(self, code, **environment):
        given = {**os.environ, 'PYTHONPATH': str(SOURCE / 'samples' / 'python'), 'PYTHONDONTWRITEBYTECODE': '1',
                 **environment}
        return subprocess.run([sys.executable, '-c', code], env=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True)

    def test_a_missing_library_is_told_with_the_remedy(self):
        done = self.run_python('import clreid; clreid.version()', CLREID_LIBRARY='/missing/libclreid.so')
        self.assertRegex(done.stderr,
                         'OSError: libclreid is not found: install it.*CLREID_LIBRARY.*/missing/libclreid.so')
        done = self.run_python('import clreid; clreid.version()', CLREID_LIBRARY='')
        if done.returncode:
            self.assertRegex(done.stderr, r'OSError: .*tried: .*libclreid\.so\.0.*libclreid\.so')

    def test_a_strange_library_is_refused(self):
        done = self.run_python('import clreid; clreid.version()', CLREID_LIBRARY='libc.so.6')
        self.assertRegex(done.stderr, 'OSError: libc.so.6 is no libclreid')
        done = self.run_python('import clreid; clreid._library.VERSION = "0.9.0"; clreid.version()')
        self.assertRegex(done.stderr, r'OSError: .* is libclreid 0\.1\.0, but this module is for 0\.9')

    # ---- Threads, and the end

    def test_threads_on_one_session_and_on_several(self):
        expected = bits(self.model.embed(FRAME, BOXES))
        sessions = [self.model, self.model, self.model.session(batch=2), self.model.session(batch=3)]
        results = [None] * len(sessions)

        def work(i):
            results[i] = [bits(sessions[i].embed(FRAME, BOXES)) == expected for _ in range(5)]

        threads = [threading.Thread(target=work, args=[i]) for i in range(len(sessions))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, [[True] * 5] * len(sessions))

    def test_other_threads_run_during_a_call(self):
        """The longest time that another thread stood still is short beside the call."""
        done, longest = threading.Event(), [0.0]

        def tick():
            last = time.monotonic()
            while True:
                now = time.monotonic()
                longest[0] = max(longest[0], now - last)
                last = now
                if done.is_set():
                    return
                time.sleep(0.001)  # leaves the processor to the call

        thread = threading.Thread(target=tick)
        thread.start()
        begin = time.monotonic()
        self.model.embed([FRAME] * 50)
        passed = time.monotonic() - begin
        done.set()
        thread.join()
        self.assertLess(longest[0], passed / 2)

    def test_the_end_of_the_process_waits_for_nobody(self):
        code = '''
import clreid, numpy, threading, sys
model = clreid.Model(sys.argv[1])
def work():
    while True:
        model.embed([numpy.zeros((100, 50, 3), numpy.uint8)] * 50)
threading.Thread(target=work, daemon=True).start()
model.session()
'''
        done = self.run_python(code.replace('sys.argv[1]', repr(str(self.weights))))
        self.assertEqual((done.returncode, done.stderr), (0, ''))

    def test_the_log_outlives_the_device(self):
        lines = []
        device = clreid.Device(log=lines.append)
        model = clreid.Model(self.weights, device)
        device.close()
        del device
        model.session(batch=3).embed([FRAME])
        self.assertTrue(all(isinstance(line, str) for line in lines))

    # ---- Lists

    def test_devices_and_networks(self):
        devices = clreid.devices()
        self.assertEqual([device.index for device in devices], list(range(len(devices))))
        self.assertEqual(sum(device.is_default for device in devices), 1)
        self.assertIn(devices[0].type, ('cpu', 'gpu', 'accelerator', 'other'))
        self.assertIn(('han-small', 160, 64), [network[:3] for network in clreid.networks()])
        self.assertEqual(self.model.info.network, 'han-small')
        with clreid.Device(0) as device:
            self.assertEqual(device.info.name, devices[0].name)

    # ---- Galleries

    def test_gallery_finds_as_numpy_does(self):
        features = RANDOM.standard_normal((50, 24)).astype(np.float32)
        queries = RANDOM.standard_normal((7, 24)).astype(np.float32)
        with clreid.Gallery(24, metric='euclidean') as gallery:
            self.assertEqual(gallery.add(features[:30], np.arange(30) % 5, np.arange(30)).tolist(), list(range(30)))
            self.assertEqual(gallery.add(features[30:]).tolist(), list(range(30, 50)))
            self.assertEqual((len(gallery), gallery.info.metric, gallery.info.precision), (50, 'euclidean', 'fp32'))
            matches = gallery.search(queries, k=4)
            distances = np.sqrt(((queries[:, None].astype(np.float64) - features[None]) ** 2).sum(2))
            order = np.argsort(distances, axis=1)[:, :4]
            self.assertEqual(matches['id'].tolist(), order.tolist())
            self.assertEqual(matches['label'].tolist(), np.where(order < 30, order % 5, -1).tolist())
            self.assertEqual(matches['time'].tolist(), np.where(order < 30, order, 0).tolist())
            np.testing.assert_allclose(matches['distance'], np.take_along_axis(distances, order, 1), rtol=1e-12)
            self.assertEqual(gallery.search(queries, k=80).shape, (7, 50))
            self.assertEqual(gallery.search(queries[:0]).shape, (0, 10))

    def test_gallery_removes_saves_and_loads(self):
        path = self.folder / 'g.safetensors'
        features = RANDOM.standard_normal((9, 4)).astype(np.float32)
        gallery = clreid.Gallery(4, clreid.Device())
        self.assertEqual(gallery.search(features).shape, (9, 0))
        gallery.add(features, [1, 1, 2, 2, 3, 3, 4, 4, 5], range(9))
        gallery.remove([8])
        gallery.remove(7)
        for wide in 2**64 + 1, -2**63 - 1:
            self.fails('wants whole numbers from', ValueError, gallery.remove_label, wide)
            self.fails('wants whole numbers from', ValueError, gallery.remove_before, wide)
        self.fails('labels wants', ValueError, gallery.add, features[:1], np.array([2**63], np.uint64))
        self.assertEqual((gallery.remove_label(np.int64(1)), gallery.remove_before(4), len(gallery)), (2, 2, 3))
        gallery.save(path)
        gallery.close()
        again = clreid.Gallery.load(path)
        self.assertEqual(again.search(features[4:7], k=1)['id'].tolist(), [[4], [5], [6]])
        self.assertEqual(again.add(features[:1]).tolist(), [9])
        self.fails('the gallery is closed', ValueError, gallery.search, features)
        self.fails('', clreid.ClreidError, again.remove, [8], status='CLREID_INVALID_ARGUMENT')
        self.fails('', clreid.ClreidError, clreid.Gallery.load, self.weights, status='CLREID_INVALID_FILE')
        self.fails(r'\(count, 4\), not \(9, 3\)', ValueError, again.add, features[:, :3])
        self.fails('labels wants 9 whole numbers, not float64', ValueError, again.add, features, np.zeros(9))
        self.fails('k wants', ValueError, again.search, features, k=0)
        self.fails("'cosine', 'euclidean', not 'l1'", ValueError, clreid.Gallery, 4, metric='l1')

    # ---- Trackers

    def test_adapter_gives_the_features_of_the_boxes(self):
        appearance = Appearance(self.model)
        bgr = FRAME[:, :, ::-1].copy()
        corners = np.hstack([BOXES[:, :2], BOXES[:, :2] + BOXES[:, 2:]])
        expected = self.model.embed(FRAME, BOXES, l2=True)
        self.assertEqual(bits(appearance.get_features(corners, bgr)), bits(expected))
        scored = np.hstack([corners, [[0.9, 0]] * 3])  # with score and class
        self.assertEqual(bits(appearance(scored, bgr)), bits(expected))
        self.assertEqual(bits(appearance([crop[:, :, ::-1] for crop in crops()])), bits(expected))
        np.testing.assert_allclose((expected ** 2).sum(1), 1, rtol=1e-5)

    def test_adapter_survives_boxes_outside_and_none(self):
        appearance = Appearance(self.weights)
        features = appearance.get_features([[-50, 0, -1, 100], [0, 0, 50, 120], [np.nan] * 4, [20, 20, 10, 10]], FRAME)
        self.assertEqual(features.any(axis=1).tolist(), [False, True, False, False])
        for nothing in ([], np.empty((0, 4)), np.empty((0, 6))):
            self.assertEqual(appearance(nothing, FRAME).shape, (0, features.shape[1]))

    def test_sample_matches_the_persons(self):
        done = subprocess.run([sys.executable, SOURCE / 'samples/python/match_frames.py', self.weights], check=True,
                              stdout=subprocess.PIPE, text=True, env={**os.environ, 'PYTHONDONTWRITEBYTECODE': '1'})
        pairs = sorted(re.findall(r'person (\d) of the first frame is person (\d)', done.stdout))
        self.assertEqual(pairs, [('0', '0'), ('1', '1'), ('2', '2')], done.stdout)

    def test_pip_installs_it(self):
        """From a copy, for pip builds in the source folder; with what is here alone."""
        copy, target = self.folder / 'copy', self.folder / 'target'
        copy.mkdir()
        for name in ('pyproject.toml', 'README.md'):
            shutil.copy(SOURCE / name, copy)
        shutil.copytree(SOURCE / 'samples' / 'python', copy / 'samples' / 'python')
        pip = [sys.executable, '-m', 'pip']
        if subprocess.run([*pip, '--version'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
            self.skipTest('no pip here (Debian: python3-pip, python3-setuptools, python3-wheel)')
        done = subprocess.run([*pip, 'install', '--quiet', '--no-build-isolation', '--no-deps', '--no-index',
                               '--target', target, copy], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        missing = "No module named '(setuptools|wheel)|invalid command 'bdist_wheel'|BackendUnavailable"
        if done.returncode and re.search(missing, done.stdout):
            self.skipTest('no setuptools with wheel here')
        self.assertEqual(done.returncode, 0, done.stdout)
        done = self.run_python('import clreid; print(clreid.__version__, clreid.__file__)', PYTHONPATH=str(target))
        self.assertRegex(done.stdout, rf'^{re.escape(clreid.__version__)} {re.escape(str(target))}', done.stderr)


if __name__ == '__main__':
    print(f'seed {SEED}; run one test with: test_python.py CLASS.test_NAME')
    unittest.main(verbosity=2)
