"""Devices, models and sessions as objects, and embed(), the call that they are there for.

Thread rule: every object may be used by any thread. Calls on one object wait for each other; two sessions of a model
work side by side. During a call of the library other Python threads run.
"""
import collections
import ctypes
import os

import numpy as np

from . import _frames, _layout
from ._library import Handle, call, library

DEVICE_TYPES = {number: name[len('CLREID_DEVICE_'):].lower() for name, number in _layout.DEVICE_TYPES.items()}
PRECISIONS = {name[len('CLREID_'):].lower(): number for name, number in _layout.PRECISIONS.items()}
FEATURES = {'neck': True, 'pooled': False}
MOST_BATCH, MOST_SEED = 1024, 2**64 - 1  # those of the command


def tuple_like(name, struct):
    return collections.namedtuple(name, [field for field, _ in struct._fields_])


DeviceInfo = tuple_like('DeviceInfo', _layout.DeviceInfo)
NetworkInfo = tuple_like('NetworkInfo', _layout.NetworkInfo)
ModelInfo = tuple_like('ModelInfo', _layout.ModelInfo)


def read_struct(tuple_type, struct):
    values = {name: getattr(struct, name) for name in tuple_type._fields}
    values = {name: value.decode(errors='replace') if isinstance(value, bytes) else value
              for name, value in values.items()}
    if tuple_type is DeviceInfo:
        values['type'] = DEVICE_TYPES.get(values['type'], 'other')
    return tuple_type(**values)


def as_bytes(text):
    """A path or name for C; None stays."""
    if text is None:
        return None
    given = os.fsencode(text)
    if b'\0' in given:
        raise ValueError(f'a path or name cannot hold a zero byte, as {given!r} does')
    return given


def _log(say):
    """A clreid_log that hands each line to say(line)."""
    return _layout.LOG(lambda _, line: say(line.decode(errors='replace'))) if say else _layout.LOG()


def version():
    """Of the library that runs."""
    return library().clreid_version().decode()


def devices(log=None):
    """A list of DeviceInfo, one a device of all platforms; ClreidError if there is none."""
    found, count = ctypes.POINTER(_layout.DeviceInfo)(), ctypes.c_size_t()
    call('clreid_devices_list', ctypes.byref(found), ctypes.byref(count), _log(log), None)
    try:
        return [read_struct(DeviceInfo, found[i]) for i in range(count.value)]
    finally:
        library().clreid_devices_free(found)


def networks():
    """A list of NetworkInfo: what can be run."""
    info, found = _layout.NetworkInfo(), []
    while library().clreid_network_at(len(found), ctypes.byref(info)):
        found.append(read_struct(NetworkInfo, info))
    return found


def write_random_weights(path, network, seed=1, options=()):
    """Writes a weight file to try things with; options are texts, 'KEY=VALUE'. Recognises copies, but no persons."""
    if not 0 <= seed <= MOST_SEED:
        raise ValueError(f'seed wants a whole number from 0 to {MOST_SEED}, not {seed}')
    texts = (ctypes.c_char_p * len(options))(*map(os.fsencode, options))
    call('clreid_weights_random', as_bytes(network), texts, len(options), seed, as_bytes(path))


def box_pixels(width, height, box):
    """(x, y, width, height) of the pixels that a box stands for in a frame; ClreidError if there are none."""
    frame, rectangle = _layout.Frame(width=width, height=height), _layout.Rectangle()
    call('clreid_box_pixels', frame, _layout.Box(*map(float, box)), ctypes.byref(rectangle))
    return rectangle.x, rectangle.y, rectangle.width, rectangle.height


class Closable:
    """What devices, models, sessions and galleries share: close(), and an end at the end of a with statement."""

    def close(self):
        self._handle.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Device(Closable):
    """An OpenCL device. It lives on until the last model and session on it are gone, whether it is closed or not."""

    def __init__(self, choice=None, *, cache_folder=None, tuning_folder=None, log=None):
        """choice: 'cpu', 'gpu' or an index of devices(); None: the fastest GPU, else a CPU. The folders are those of
        clreid_device_config. log(line) is called with what is worth saying, by any thread that uses the device;
        it must not call the library itself."""
        said = _log(log)
        config = _layout.DeviceConfig(choice=as_bytes(None if choice is None else str(choice)),
                                      cache_folder=as_bytes(cache_folder), tuning_folder=as_bytes(tuning_folder),
                                      log=said)
        self._handle = Handle('device', 'clreid_device_open', 'clreid_device_close', config, keep=said)
        self._kept = said

    @property
    def info(self):
        """DeviceInfo."""
        info = _layout.DeviceInfo()
        with self._handle.held() as device:
            library().clreid_device_describe(device, ctypes.byref(info))
        return read_struct(DeviceInfo, info)

    def selftest(self):
        """Checks every operator on the device; the number of comparisons made, or ClreidError. Takes seconds."""
        checks = ctypes.c_int()
        with self._handle.held() as device:
            call('clreid_selftest', device, ctypes.byref(checks))
        return checks.value


class Session(Closable):
    """What runs a model, a batch of pictures at a time. A model has one; make another for each thread that shall not
    wait for the others."""

    def __init__(self, model, *, batch=8, sleeping_wait=False):
        if not 1 <= batch <= MOST_BATCH:
            raise ValueError(f'batch wants a whole number from 1 to {MOST_BATCH}, not {batch}')
        config = _layout.SessionConfig(largest_batch=batch, sleeping_wait=sleeping_wait)
        self.feature_length = model.info.feature_length
        with model._handle.held() as handle:
            self._handle = Handle('session', 'clreid_session_create', 'clreid_session_destroy', handle, config,
                                  keep=model._kept)

    def embed(self, pictures, boxes=None, *, format='rgb', feature='neck', l2=False, flip=False):
        """Features, float32 (count, feature_length): of boxes of a frame, or of a list of pictures.

        With boxes, pictures is one frame, and boxes (count, 4) are rows of x, y, width and height in pixels; without,
        it is a list of arrays, each a picture of its own size. Arrays are uint8 (height, width, 3), or as format wants
        them: 'rgb', 'bgr', 'rgba', 'bgra', 'grey' (height, width), 'nv12_bt601' or 'nv12_bt709', a pair of luma
        (height, width) and chroma (height / 2, width / 2, 2), sides rounded up.

        feature: 'neck' or 'pooled', after or before the last batch norm. l2: scale each feature to length 1. flip: the
        mean of a picture's feature and its mirror image's. Options, defaults and bits are those of `clreid embed`."""
        neck = _frames.choose('feature', FEATURES, feature)
        borrowed = self._gather(pictures, boxes, format)
        features = self._run(borrowed, neck, False)
        if flip:
            features = np.float32(0.5) * features + np.float32(0.5) * self._run(borrowed, neck, True)
        return to_unit_length(features) if l2 else features

    def _gather(self, pictures, boxes, format):
        """[(Frame, boxes, what both borrow)]"""
        if boxes is not None:
            frame, kept = _frames.as_frame('the frame', pictures, format)
            return [(frame, _frames.as_boxes(boxes), kept)]
        if isinstance(pictures, np.ndarray) and pictures.ndim == (2 if _frames.CHANNELS.get(format) == 1 else 3):
            raise ValueError('pictures wants a list of arrays: give [picture] for one, or boxes for those of a frame')
        frames = [_frames.as_frame(f'picture {i}', picture, format) for i, picture in enumerate(pictures)]
        return [(frame, _frames.whole(frame), kept) for frame, kept in frames]

    def _run(self, borrowed, neck, mirrored):
        entries = (_layout.FrameBoxes * len(borrowed))(
            *(_frames.entry(frame, boxes, mirrored) for frame, boxes, _ in borrowed))
        features = np.empty((sum(len(boxes) for _, boxes, _ in borrowed), self.feature_length), np.float32)
        place = features.ctypes.data
        with self._handle.held() as session:
            call('clreid_embed_frames', session, entries, len(entries), place if neck else None,
                 None if neck else place, None)
        return features


class Model(Closable):
    """A weight file on a device, ready to embed."""

    def __init__(self, weights, device=None, *, network=None, precision='fp32', batch=8, sleeping_wait=False):
        """weights: the path of a safetensors file. device: a Device, or what Device() chooses by. network: where the
        file does not say it. precision: 'fp32' or 'fp16', of what is stored. batch: pictures that the device works
        on at a time."""
        config = _layout.ModelConfig(network=as_bytes(network),
                                     precision=_frames.choose('precision', PRECISIONS, precision))
        device = device if isinstance(device, Device) else Device(device)
        self._kept = device._kept
        with device._handle.held() as handle:
            self._handle = Handle('model', 'clreid_model_load', 'clreid_model_free', handle, as_bytes(weights), config,
                                  keep=self._kept)
        self._session = self.session(batch=batch, sleeping_wait=sleeping_wait)

    @property
    def info(self):
        """ModelInfo."""
        info = _layout.ModelInfo()
        with self._handle.held() as model:
            library().clreid_model_describe(model, ctypes.byref(info))
            return read_struct(ModelInfo, info)

    @property
    def feature_length(self):
        return self._session.feature_length

    def session(self, *, batch=8, sleeping_wait=False):
        """One more Session."""
        return Session(self, batch=batch, sleeping_wait=sleeping_wait)

    def embed(self, pictures, boxes=None, **options):
        """Session.embed of the model's own session."""
        return self._session.embed(pictures, boxes, **options)

    def close(self):
        self._session.close()
        super().close()


def to_unit_length(features):
    """Rows of length 1, rounded as `clreid embed --l2` rounds them; a row of zeros stays."""
    wide = features.astype(np.float64)
    squares = np.cumsum(wide * wide, axis=1)[:, -1:] if len(wide) else np.ones((0, 1))  # added one after another
    scale = np.divide(1, np.sqrt(squares), out=np.ones_like(squares), where=squares > 0)
    return (wide * scale).astype(np.float32)
