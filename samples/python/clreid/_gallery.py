"""Galleries: features kept on a device, and the nearest of them found."""
import ctypes

import numpy as np

from . import _frames, _layout
from ._library import Handle, call, library
from ._objects import PRECISIONS, Closable, Device, as_bytes, read_struct, tuple_like

METRICS = {name[len('CLREID_'):].lower(): number for name, number in _layout.METRICS.items()}
GalleryInfo = tuple_like('GalleryInfo', _layout.GalleryInfo)
MATCH = np.dtype(_layout.Match)  # id, label, time, distance


def _features(what, features, length):
    features = np.asarray(features, np.float32)
    if features.ndim != 2 or features.shape[1] != length:
        raise ValueError(f'{what} wants the shape (count, {length}), not {features.shape}')
    return np.ascontiguousarray(features)


def _check_range(what, *numbers):
    """ctypes and NumPy cut a number to its last 64 bits, which is another label."""
    for number in numbers:
        if not -2**63 <= number < 2**63:
            raise ValueError(f'{what} wants whole numbers from -2**63 to 2**63 - 1, not {number}')


def _integers(what, numbers, count):
    """int64 (count,), or None."""
    if numbers is None:
        return None
    numbers = np.asarray(numbers)
    if numbers.shape != (count,) or (count and numbers.dtype.kind not in 'iu'):
        raise ValueError(f'{what} wants {count} whole numbers, not {numbers.dtype} of the shape {numbers.shape}')
    if count:
        _check_range(what, int(numbers.min()), int(numbers.max()))
    return np.ascontiguousarray(numbers, np.int64)


def _place(array):
    return None if array is None else array.ctypes.data


class Gallery(Closable):
    """Features with an id, a label and a time each. Ids count up from 0 and stay; labels and times are the caller's.

    Distances are exact, and 0 for equal features; of equal distances the lower id is nearer. Everything else that
    clreid_gallery.h says holds here."""

    def __init__(self, feature_length, device=None, *, metric='cosine', precision='fp32'):
        """device: a Device, or what Device() chooses by. metric: 'cosine' or 'euclidean'."""
        config = _layout.GalleryConfig(feature_length=feature_length, metric=_frames.choose('metric', METRICS, metric),
                                       precision=_frames.choose('precision', PRECISIONS, precision))
        self._open(device, 'clreid_gallery_create', config)

    @classmethod
    def load(cls, path, device=None):
        """A gallery that save() has written, or any safetensors file with a tensor 'features'."""
        gallery = cls.__new__(cls)
        gallery._open(device, 'clreid_gallery_load', as_bytes(path))
        return gallery

    def _open(self, device, function, argument):
        device = device if isinstance(device, Device) else Device(device)
        with device._handle.held() as handle:
            self._handle = Handle('gallery', function, 'clreid_gallery_destroy', handle, argument, keep=device._kept)

    @property
    def info(self):
        """GalleryInfo."""
        info = _layout.GalleryInfo()
        with self._handle.held() as gallery:
            library().clreid_gallery_describe(gallery, ctypes.byref(info))
        words = [{number: name for name, number in numbers.items()} for numbers in (METRICS, PRECISIONS)]
        found = read_struct(GalleryInfo, info)
        return found._replace(metric=words[0][found.metric], precision=words[1][found.precision])

    def __len__(self):
        return self.info.count

    def add(self, features, labels=None, times=None):
        """Adds features (count, feature_length); their ids, int64 (count,). No labels: -1 each; no times: 0 each."""
        features = _features('features', features, self.info.feature_length)
        labels = _integers('labels', labels, len(features))
        times = _integers('times', times, len(features))
        first = ctypes.c_int64()
        with self._handle.held() as gallery:
            call('clreid_gallery_add', gallery, features.ctypes.data, _place(labels), _place(times), len(features),
                 ctypes.byref(first))
        return np.arange(first.value, first.value + len(features))

    def search(self, queries, k=10):
        """The k nearest features of each of queries (count, feature_length), nearest first: an array (count, k), or as
        many columns as there are features, with the fields 'id', 'label', 'time' and 'distance'."""
        queries = _features('queries', queries, self.info.feature_length)
        if k < 1:
            raise ValueError(f'k wants a whole number from 1 on, not {k}')
        k = min(k, max(len(self), 1))
        matches, found = np.zeros((len(queries), k), MATCH), ctypes.c_size_t()
        with self._handle.held() as gallery:
            call('clreid_gallery_search', gallery, queries.ctypes.data, len(queries), k, matches.ctypes.data,
                 ctypes.byref(found))
        return matches[:, :found.value]

    def remove(self, ids):
        """Removes the features with these ids."""
        ids = np.atleast_1d(ids)
        ids = _integers('ids', ids, len(ids))
        with self._handle.held() as gallery:
            call('clreid_gallery_remove', gallery, ids.ctypes.data, len(ids))

    def remove_label(self, label):
        """Removes all features with the label; how many those were."""
        return self._remove('clreid_gallery_remove_label', label)

    def remove_before(self, time):
        """Removes all features of an earlier time; how many those were."""
        return self._remove('clreid_gallery_remove_before', time)

    def _remove(self, function, number):
        _check_range('what is to be removed', number)
        removed = ctypes.c_size_t()
        with self._handle.held() as gallery:
            call(function, gallery, number, ctypes.byref(removed))
        return removed.value

    def save(self, path):
        """Writes a safetensors file, whole or not at all."""
        with self._handle.held() as gallery:
            call('clreid_gallery_save', gallery, as_bytes(path))
