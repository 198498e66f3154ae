#!/usr/bin/env python3
"""Turns a PyTorch checkpoint into a weight file of clreid (safetensors).

    convert_checkpoint.py CHECKPOINT --out W.safetensors --network rga-sc [--option KEY=VALUE ...] [--half]
                          [--mean R,G,B] [--std R,G,B] [--channels rgb|bgr] [--resize bilinear|bicubic]
                          [--drop NAME ...] [--fill W.safetensors] [--trust]

CHECKPOINT is what torch.save wrote (.pth, .pth.tar, .pt): a state dict, or a dict that holds one under 'state_dict',
'model', 'net' or the like. A 'module.' before every name (of DataParallel) is taken off. Left out are classifiers (a part
of the name is cls, classifier, fc or last_linear: identification does not need them) and num_batches_tracked; --drop leaves
out more. Options and preprocessing go into the file's metadata, which is all that clreid knows of them: give what the
network was trained with. Without them it takes pixels in [0, 1] less (0.485, 0.456, 0.406), divided by (0.229, 0.224, 0.225),
in RGB, resized bilinearly.

A checkpoint of an ImageNet trunk (SE-ResNeXt-101 32x4d: layer0.conv1 ... layer4.2.se_module.fc2) is the beginning of a network
of the fnc family: where that has two branches with layers of their own (fnc, fnc-add), the later layers of the trunk go to
both. What a trunk lacks, attention, reductions and necks, must be trained; to run the network before that, give --fill a weight
file of it, from `clreid weights --network NAME --seed S --out W.safetensors`: every tensor that the checkpoint lacks is
taken from there and named, and the result is checked to be whole.

Needs PyTorch and NumPy. No code of the checkpoint is run, so PyTorch may refuse one that holds more than tensors (1.13
refuses even a plain float beside them); --trust loads it all the same and lets it run what code it likes.
"""
import argparse
import inspect
import json
import math
import os
import pathlib
import re
import struct
import sys
import tempfile

NESTED = ('state_dict', 'model_state_dict', 'model', 'net', 'network')
CLASSIFIER = {'cls', 'classifier', 'fc', 'last_linear'}
SEPARATE = ('fnc', 'fnc-add')  # networks whose branches have later layers of their own
LONGEST_HEADER = 100_000_000  # bytes, as the format allows
BRANCHES = ('spatial', 'channel')
LATER = re.compile(r'layer3\.(?!0\.)\d+\.|layer4\.')


class Failure(Exception):
    """One line: what is wrong, and what to do."""


# ---- The checkpoint ---------------------------------------------------------------------------------------------------

def load(path, trust):
    import torch
    arguments = {}
    if 'weights_only' in inspect.signature(torch.load).parameters:
        arguments['weights_only'] = not trust
    elif not trust:
        raise Failure(f'PyTorch {torch.__version__} cannot load without running code of the checkpoint; take 1.13 or '
                      'later, or give --trust if you trust the file')
    try:
        return torch.load(path, map_location='cpu', **arguments)
    except OSError as e:
        raise Failure(f"cannot read '{path}': {e.strerror or e}") from e
    except Exception as e:  # pickle, zip and torch raise what they like
        lines = str(e).rpartition('WeightsUnpickler error: ')[2].strip().splitlines() or [type(e).__name__]
        remedy = 'is it a checkpoint?' if trust else 'if it is a checkpoint and you trust it, give --trust'
        raise Failure(f"PyTorch {torch.__version__} cannot load '{path}' ({lines[0][:200]}); {remedy}") from e


def state_dict(thing, path):
    """Finds the dict of tensors, however it is nested."""
    import torch
    for _ in range(len(NESTED)):
        if isinstance(thing, torch.nn.Module):
            thing = thing.state_dict()
        if not isinstance(thing, dict):
            break
        inner = next((k for k in NESTED if isinstance(thing.get(k), (dict, torch.nn.Module))), None)
        if inner is None:
            break
        thing = thing[inner]
    if isinstance(thing, dict) and any(isinstance(v, torch.Tensor) for v in thing.values()):
        return thing
    found = f'a dict with the keys {", ".join(map(str, list(thing)[:8])) or "(none)"}' if isinstance(thing, dict) else \
        f'a {type(thing).__name__}'
    raise Failure(f"'{path}' holds no state dict but {found}; save model.state_dict()")


# ---- Its tensors ------------------------------------------------------------------------------------------------------

def select(state, drop):
    """(name -> tensor to keep, names dropped)."""
    import torch
    kept, dropped = {}, []
    for key, value in state.items():
        name = str(key)
        while name.startswith('module.'):
            name = name[len('module.'):]
        parts = name.split('.')
        if parts[-1] == 'num_batches_tracked' or CLASSIFIER & set(parts) or any(
                name == d or name.startswith(d + '.') for d in drop):
            dropped.append(name)
        elif not isinstance(value, torch.Tensor):
            raise Failure(f"'{name}' is a {type(value).__name__}, not a tensor; leave it out with --drop {name}")
        elif not value.is_floating_point():
            raise Failure(f"tensor '{name}' is {value.dtype}, not of floating point; leave it out with --drop {name}")
        elif name in kept:
            raise Failure(f"two tensors are called '{name}' once 'module.' is taken off; save one model alone")
        else:
            kept[name] = value
    if not kept:
        raise Failure(f'all {len(dropped)} tensors are dropped; check --drop')
    return kept, dropped


def split_trunk(kept, network):
    """fnc and fnc-add: the trunk's layers after layer3.0 go to both branches."""
    if network not in SEPARATE or not any(LATER.match(name) for name in kept):
        return kept, 0
    own = [n for n in kept if n.partition('.')[0] in BRANCHES and LATER.match(n.partition('.')[2])]
    if own:
        raise Failure(f"the checkpoint holds both '{own[0]}' and a trunk with layers after layer3.0; leave one out with --drop")
    split = {}
    for name, tensor in kept.items():
        for to in [f'{b}.{name}' for b in BRANCHES] if LATER.match(name) else [name]:
            split[to] = tensor
    return split, len(split) - len(kept)


def read_weights(path):
    """name -> (shape, reader of the array) of a weight file in float32, as `clreid weights` writes it."""
    import numpy as np
    try:
        with open(path, 'rb') as f:
            length, = struct.unpack('<Q', f.read(8))
            header = json.loads(f.read(min(length, LONGEST_HEADER)))
        metadata, data = header.pop('__metadata__', {}), np.memmap(path, np.uint8, 'r', 8 + length)
        arrays = {}
        for name, entry in header.items():
            begin, end = entry['data_offsets']
            if entry['dtype'] != 'F32':
                raise Failure(f"'{path}' holds {name} as {entry['dtype']}; --fill takes what `clreid weights` writes, F32")
            arrays[name] = data[begin:end].view('<f4').reshape(entry['shape'])
        return metadata, arrays
    except OSError as e:
        raise Failure(f"cannot read '{path}': {e.strerror or e}") from e
    except (struct.error, ValueError, KeyError, TypeError, AttributeError) as e:
        raise Failure(f"'{path}' is no weight file; make one with `clreid weights`") from e


def fill(kept, path, network):
    """kept, and from the weight file what it lacks; returns the names filled in."""
    import torch
    metadata, arrays = read_weights(path)
    if metadata.get('network') != network:
        raise Failure(f"'{path}' is for network {metadata.get('network')}, not {network}; make it with "
                      f"`clreid weights --network {network}`")
    for name, tensor in kept.items():
        if name not in arrays:
            raise Failure(f"{network} has no tensor '{name}'; leave it out with --drop {name}")
        if tuple(tensor.shape) != arrays[name].shape:
            raise Failure(f"tensor '{name}' is {list(tensor.shape)}, but {network} takes {list(arrays[name].shape)}; "
                          'is it the right checkpoint?')
    lacking = [name for name in arrays if name not in kept]
    kept.update((name, torch.from_numpy(arrays[name].copy())) for name in lacking)
    return lacking


def modules(names):
    """The modules that the tensors belong to, in the order of their names."""
    return list(dict.fromkeys(name.rpartition('.')[0] or name for name in names))


def numbers(name, tensor, half):
    """The tensor as little-endian array. What was finite stays so."""
    import numpy as np
    array = tensor.detach().double().numpy()
    with np.errstate(over='ignore'):
        result = array.astype('<f2' if half else '<f4')
    bad = np.flatnonzero(~np.isfinite(result.ravel()))
    if bad.size:
        value = array.ravel()[bad[0]]
        remedy = 'leave --half out' if half and math.isfinite(value) else 'train again'
        raise Failure(f"tensor '{name}', element {bad[0]} of {array.size} is {value:g} and not finite as "
                      f"{'float16' if half else 'float32'}; {remedy}")
    if name.endswith('.running_var') and (result < 0).any():
        raise Failure(f"tensor '{name}' holds a negative variance, {result.min():g}; train again")
    return result


# ---- The weight file --------------------------------------------------------------------------------------------------

def write(path, arrays, metadata):
    """Whole or not at all: written aside and renamed."""
    header, at = {'__metadata__': metadata}, 0
    for name, a in arrays.items():
        header[name] = {'dtype': 'F16' if a.itemsize == 2 else 'F32', 'shape': list(a.shape),
                        'data_offsets': [at, at + a.nbytes]}
        at += a.nbytes
    text = json.dumps(header, ensure_ascii=False, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    aside = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name + '.', suffix='.part', delete=False) as f:
            aside = f.name
            f.write(struct.pack('<Q', len(text)) + text)
            for a in arrays.values():
                f.write(a.tobytes())
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(aside, 0o666 & ~mask)
        os.replace(aside, path)
        aside = None
    except OSError as e:
        raise Failure(f"cannot write '{path}': {e.strerror or e}") from e
    finally:
        if aside:
            os.unlink(aside)


# ---- The command ------------------------------------------------------------------------------------------------------

def three(text):
    values = [float(v) for v in text.split(',')]
    if len(values) != 3 or not all(map(math.isfinite, values)):
        raise ValueError
    return text.replace(' ', '')


def three_positive(text):
    if min(float(v) for v in text.split(',')) <= 0:
        raise ValueError
    return three(text)


def key_value(text):
    key, equals, value = text.partition('=')
    if not key or not equals or not value:
        raise ValueError
    return key, value


three.__name__ = 'three numbers with commas'
three_positive.__name__ = 'three positive numbers with commas'
key_value.__name__ = 'KEY=VALUE'


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('checkpoint', type=pathlib.Path)
    p.add_argument('--out', type=pathlib.Path, required=True)
    p.add_argument('--network', required=True, help='as `clreid networks` lists them')
    p.add_argument('--option', type=key_value, action='append', default=[], metavar='KEY=VALUE')
    p.add_argument('--mean', type=three, metavar='R,G,B', help='in the order of the channels of the network')
    p.add_argument('--std', type=three_positive, metavar='R,G,B')
    p.add_argument('--channels', choices=('rgb', 'bgr'))
    p.add_argument('--resize', choices=('bilinear', 'bicubic'))
    p.add_argument('--half', action='store_true', help='store float16')
    p.add_argument('--drop', nargs='+', default=[], metavar='NAME', help='leave out this tensor or module')
    p.add_argument('--fill', type=pathlib.Path, metavar='W.safetensors',
                   help='a weight file of the network: what the checkpoint lacks is taken from there')
    p.add_argument('--trust', action='store_true', help='let the checkpoint run code of its own')
    return p.parse_args()


def convert():
    a = arguments()
    try:
        import numpy  # noqa: F401
        import torch  # noqa: F401
    except ImportError as e:
        raise Failure(f'{e}; install PyTorch and NumPy (Debian: python3-torch, python3-numpy)') from e
    metadata = {'network': a.network, **dict(a.option)}
    metadata.update((k, getattr(a, k)) for k in ('mean', 'std', 'channels', 'resize') if getattr(a, k))
    kept, dropped = select(state_dict(load(a.checkpoint, a.trust), a.checkpoint), a.drop)
    kept, copies = split_trunk(kept, a.network)
    filled = fill(kept, a.fill, a.network) if a.fill else []
    arrays = {name: numbers(name, t, a.half) for name, t in kept.items()}
    write(a.out, arrays, metadata)
    print(f"{a.out}: {len(arrays)} tensors, {sum(v.size for v in arrays.values())} numbers; left out: "
          f"{', '.join(d for d in dropped if not d.endswith('num_batches_tracked')) or 'no tensor'}, "
          f"{sum(d.endswith('num_batches_tracked') for d in dropped)} num_batches_tracked")
    if copies:
        print(f'layers after layer3.0 went to both branches: {copies} tensors more than the trunk had')
    if filled:
        print(f"NOT of the checkpoint but from {a.fill}, {len(filled)} tensors, to be trained: {', '.join(modules(filled))}")
    elif a.network.startswith('fnc') and not any('bnneck' in name for name in arrays):
        print(f'attention, reductions and necks are not there, so clreid will refuse the file: train them, or give --fill '
              'with random ones')


def main():
    try:
        convert()
    except Failure as e:
        sys.exit(f'convert_checkpoint.py: {e}')


if __name__ == '__main__':
    main()
