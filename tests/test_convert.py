#!/usr/bin/env python3
"""Proves samples/convert_checkpoint.py: checkpoints as people save them, and files that are none.

Exit status 77: skipped, PyTorch is not installed. Run one test with: test_convert.py Convert.test_NAME
"""
import contextlib
import importlib.util
import io
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

try:
    import numpy as np
    import torch
except ImportError as e:
    print(f'SKIPPED: {e}; the converter needs PyTorch and NumPy')
    sys.exit(77)

SCRIPT = pathlib.Path(__file__).resolve().parent.parent / 'samples' / 'convert_checkpoint.py'
spec = importlib.util.spec_from_file_location('converter', SCRIPT)
converter = importlib.util.module_from_spec(spec)
sys.dont_write_bytecode = True
spec.loader.exec_module(converter)


class Trainer:
    """An object of a class that the converter does not know; to load it with plain pickle would leave a file behind."""

    def __init__(self, trap):
        self.trap = trap

    def __reduce__(self):
        return pathlib.Path.touch, (self.trap,)


def model():
    torch.manual_seed(5)
    net = torch.nn.Sequential()
    net.add_module('conv', torch.nn.Conv2d(3, 5, 3, bias=False))
    net.add_module('bn', torch.nn.BatchNorm2d(5))
    net.add_module('cls', torch.nn.Linear(5, 7, bias=False))
    return net


def read(path):
    """(metadata, name -> array) of a safetensors file, checked as strictly as the library does."""
    raw = path.read_bytes()
    length, = struct.unpack('<Q', raw[:8])
    assert (8 + length) % 8 == 0
    header = json.loads(raw[8:8 + length])
    metadata, data, at, arrays = header.pop('__metadata__'), raw[8 + length:], 0, {}
    for name, entry in header.items():
        begin, end = entry['data_offsets']
        assert begin == at
        at = end
        arrays[name] = np.frombuffer(data[begin:end], {'F32': '<f4', 'F16': '<f2'}[entry['dtype']]).reshape(entry['shape'])
    assert at == len(data)
    return metadata, arrays


class Convert(unittest.TestCase):
    network = 'rga-sc'

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name)
        self.out = self.path / 'w.safetensors'

    def tearDown(self):
        self.folder.cleanup()

    def run_script(self, thing, *more, name='c.pth'):
        """Saves thing (bytes: as they are) and converts it; returns (exit status, what it said)."""
        file = self.path / name
        if isinstance(thing, bytes):
            file.write_bytes(thing)
        elif thing is not None:
            torch.save(thing, file)
        said, status = io.StringIO(), 0
        arguments = [str(SCRIPT), str(file), '--out', str(self.out), '--network', self.network, *more]
        with mock.patch.object(sys, 'argv', arguments), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            try:
                converter.main()
            except SystemExit as e:  # as the interpreter would: a text is said and means 1
                status = e.code if isinstance(e.code, int) else 1
                said.write('' if isinstance(e.code, int) else f'{e.code}\n')
        return status, said.getvalue()

    def converts(self, thing, *more):
        status, said = self.run_script(thing, *more)
        self.assertEqual(status, 0, said)
        return read(self.out)

    def refuses(self, thing, says, *more, status=1, **other):
        got, said = self.run_script(thing, *more, **other)
        self.assertEqual(got, status, said)
        self.assertIn(says, said)
        self.assertFalse(self.out.exists())
        if status == 1:
            self.assertTrue(said.startswith('convert_checkpoint.py: ') and said.count('\n') == 1, said)
        self.assertFalse(list(self.path.glob('*.part')))

    def assert_is_model(self, arrays, dtype=np.float32):
        state = model().state_dict()
        self.assertEqual(set(arrays), {'conv.weight', 'bn.weight', 'bn.bias', 'bn.running_mean', 'bn.running_var'})
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, state[name].numpy().astype(dtype))
            self.assertEqual(array.dtype, dtype)

    def test_state_dict(self):
        metadata, arrays = self.converts(model().state_dict())
        self.assert_is_model(arrays)
        self.assertEqual(metadata, {'network': 'rga-sc'})

    def test_nested_and_prefixed(self):
        state = model().state_dict()
        prefixed = {'module.' + k: v for k, v in state.items()}
        for key in ('state_dict', 'model', 'net'):
            self.assert_is_model(self.converts({key: state, 'epoch': 600, 'name': 'best'})[1])
            self.assert_is_model(self.converts({key: prefixed, 'epoch': 600})[1])
        self.assert_is_model(self.converts({'model': {'state_dict': prefixed}})[1])
        self.assert_is_model(self.converts(prefixed)[1])

    def test_every_option(self):
        metadata, arrays = self.converts(model().state_dict(), '--half', '--option', 'height=384', '--option', 'stages=1,4',
                                         '--mean', '0.5,0.5,0.5', '--std=1,1,2', '--channels', 'bgr', '--resize', 'bicubic')
        self.assert_is_model(arrays, np.float16)
        self.assertEqual(metadata, {'network': 'rga-sc', 'height': '384', 'stages': '1,4', 'mean': '0.5,0.5,0.5',
                                    'std': '1,1,2', 'channels': 'bgr', 'resize': 'bicubic'})

    def test_other_dtypes(self):
        x = torch.randn(40).bfloat16()
        _, arrays = self.converts({'a': x, 'b': x.double(), 'c': x.half(), 'd': x[::2], 'e': torch.tensor(3.5)})
        for name in ('a', 'b'):
            np.testing.assert_array_equal(arrays[name], x.float().numpy())
        np.testing.assert_array_equal(arrays['c'], x.half().float().numpy())
        np.testing.assert_array_equal(arrays['d'], x.float().numpy()[::2])
        self.assertEqual(arrays['e'].shape, ())

    def test_drop(self):
        _, arrays = self.converts({'a.b': torch.ones(1), 'ab': torch.ones(1), 'n': torch.ones(2, dtype=torch.int64)},
                                  '--drop', 'a', 'n')
        self.assertEqual(list(arrays), ['ab'])

    def trunk(self):
        names = ('layer0.conv1.weight', 'layer2.3.bn1.bias', 'layer3.0.conv2.weight', 'layer3.0.se_module.fc1.bias',
                 'layer3.1.conv1.weight', 'layer3.10.bn3.weight', 'layer4.0.downsample.0.weight')
        state = {name: torch.full((2,), float(k)) for k, name in enumerate(names)}
        return {**state, 'last_linear.weight': torch.ones(3, 2), 'last_linear.bias': torch.ones(3)}

    def split_names(self):
        names = [n for n in self.trunk() if not n.startswith('last_linear')]
        later = [n for n in names if n.startswith(('layer3.1', 'layer4'))]
        return [n for n in names if n not in later] + [f'{b}.{n}' for n in later for b in ('spatial', 'channel')]

    def test_trunk_for_two_branches(self):
        for self.network in ('fnc', 'fnc-add'):
            metadata, arrays = self.converts(self.trunk())
            self.assertEqual(sorted(arrays), sorted(self.split_names()))
            for name, array in arrays.items():
                source = name.removeprefix('spatial.').removeprefix('channel.')
                np.testing.assert_array_equal(array, self.trunk()[source].numpy())
            self.assertEqual(metadata, {'network': self.network})
            self.assertIn('clreid will refuse the file', self.run_script(self.trunk())[1])

    def test_trunk_for_one(self):
        self.network = 'fnc-shared'
        self.assertEqual(sorted(self.converts(self.trunk())[1]),
                         sorted(n for n in self.trunk() if not n.startswith('last_linear')))

    def test_trained_branches_stay(self):
        self.network = 'fnc'
        state = {'layer3.0.bn1.bias': torch.ones(1), 'spatial.layer4.0.bn1.bias': torch.ones(1)}
        self.assertEqual(sorted(self.converts(state)[1]), sorted(state))
        self.out = self.path / 'other.safetensors'
        self.refuses({**state, 'layer4.0.bn1.bias': torch.ones(1)}, "holds both 'spatial.layer4.0.bn1.bias' and a trunk")

    def random_weights(self, network, without=(), **other):
        """A weight file of the network: zeros where the trunk has something, nines elsewhere."""
        arrays = {name: np.zeros(2, '<f4') for name in self.split_names() if name not in without}
        arrays.update({'spatial.attention.T.weight': np.full((4, 2, 1, 1), 9, '<f4'), 'channel.bnneck.bias': np.full(1, 9, '<f4')})
        arrays.update(other)
        converter.write(self.path / 'r.safetensors', arrays, {'network': network})
        return str(self.path / 'r.safetensors')

    def test_fill(self):
        self.network = 'fnc'
        fill = self.random_weights('fnc')
        arrays = self.converts(self.trunk(), '--fill', fill)[1]
        self.assertEqual(sorted(arrays), sorted(self.split_names() + ['spatial.attention.T.weight', 'channel.bnneck.bias']))
        np.testing.assert_array_equal(arrays['channel.layer4.0.downsample.0.weight'], [6, 6])
        np.testing.assert_array_equal(arrays['spatial.attention.T.weight'], np.full((4, 2, 1, 1), 9))
        said = self.run_script(self.trunk(), '--fill', fill)[1]
        self.assertIn('2 tensors, to be trained: spatial.attention.T, channel.bnneck\n', said)

    def test_what_cannot_fill(self):
        self.network = 'fnc'
        self.refuses(self.trunk(), 'is for network fnc-add, not fnc', '--fill', self.random_weights('fnc-add'))
        self.refuses(self.trunk(), "fnc has no tensor 'layer2.3.bn1.bias'", '--fill',
                     self.random_weights('fnc', without=('layer2.3.bn1.bias',)))
        wide = self.random_weights('fnc', **{'layer2.3.bn1.bias': np.zeros((3, 1), '<f4')})
        self.refuses(self.trunk(), "tensor 'layer2.3.bn1.bias' is [2], but fnc takes [3, 1]", '--fill', wide)
        self.refuses(self.trunk(), 'cannot read', '--fill', str(self.path / 'none'))
        (self.path / 'words').write_text('These are words, and more than eight.')
        self.refuses(self.trunk(), 'is no weight file', '--fill', str(self.path / 'words'))

    def test_no_code_is_run(self):
        trap = self.path / 'trap'
        state = {'state_dict': model().state_dict(), 'trainer': Trainer(trap)}
        self.refuses(state, 'if it is a checkpoint and you trust it, give --trust')
        self.assertFalse(trap.exists())
        self.assert_is_model(self.converts(state, '--trust')[1])
        self.assertTrue(trap.exists())  # the trap works

    def test_whole_module(self):
        self.refuses(model(), 'give --trust')
        self.assert_is_model(self.converts(model(), '--trust')[1])
        self.assert_is_model(self.converts({'net': model(), 'loss': 0.5}, '--trust')[1])

    def test_format_before_1_6(self):
        file = self.path / 'old.pth.tar'
        torch.save({'state_dict': model().state_dict(), 'epoch': 600}, file, _use_new_zipfile_serialization=False)
        self.assert_is_model(self.converts(file.read_bytes())[1])

    def test_as_a_program(self):
        torch.save(model().state_dict(), self.path / 'c.pth')
        command = [sys.executable, str(SCRIPT), str(self.path / 'c.pth'), '--network', 'rga-sc', '--out']
        done = subprocess.run([*command, str(self.out)], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertIn('5 tensors, 155 numbers; left out: cls.weight, 1 num_batches_tracked', done.stdout)
        done = subprocess.run([*command, str(self.path / 'none' / 'w')], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (1, ''))

    def test_no_checkpoint(self):
        self.refuses(b'These are words.\n', 'cannot load')
        self.refuses(b'', 'cannot load', name='empty.pth')
        self.refuses(None, 'No such file', name='none.pth')
        self.refuses({'epoch': 3}, 'holds no state dict but a dict with the keys epoch')
        self.refuses([1, 2], 'holds no state dict but a list')
        self.refuses({'state_dict': {}}, 'holds no state dict')

    def test_tensors_that_cannot_be_weights(self):
        self.refuses({'a': torch.ones(2), 'n': torch.ones(2, dtype=torch.int64)}, "tensor 'n' is torch.int64")
        self.refuses({'a': torch.ones(2), 'n': 5}, "'n' is a int, not a tensor")
        self.refuses({'a': torch.ones(1), 'module.a': torch.ones(1)}, "two tensors are called 'a'")
        self.refuses({'cls.weight': torch.ones(1)}, 'all 1 tensors are dropped')
        self.refuses({'a': torch.tensor([1, float('nan')])}, "tensor 'a', element 1 of 2 is nan")
        self.refuses({'a': torch.tensor([1e300], dtype=torch.float64)}, 'not finite as float32')
        self.refuses({'a': torch.tensor([1e5])}, 'leave --half out', '--half')
        self.refuses({'bn.running_var': torch.tensor([-1.0])}, 'negative variance')

    def test_where_nothing_can_be_written(self):
        self.out = self.path / 'none' / 'w.safetensors'
        self.refuses(model().state_dict(), 'cannot write')

    def test_wrong_usage(self):
        state = model().state_dict()
        for more in (('--mean', '1,2'), ('--mean', 'a,b,c'), ('--std', '1,0,1'), ('--channels', 'grey'),
                     ('--resize', 'nearest'), ('--option', 'height'), ('--unknown',)):
            self.refuses(state, more[-1].lstrip('-'), *more, status=2)


if __name__ == '__main__':
    unittest.main()
