"""NumPy arrays as the library's frames and boxes: checked, and copied only where their pixels have gaps in a row.

Owns no call of the library. What is returned beside a struct must live as long as the struct is used.
"""
import ctypes

import numpy as np

from . import _layout

PREFIX = 'CLREID_FORMAT_'
FORMATS = {name[len(PREFIX):].lower(): number for name, number in _layout.FORMATS.items()}
CHANNELS = {'rgb': 3, 'bgr': 3, 'rgba': 4, 'bgra': 4, 'grey': 1, 'nv12_bt601': 1, 'nv12_bt709': 1}
CHROMA = 2  # U and V


def choose(what, words, word):
    """words[word], or an error that names them all."""
    if word not in words:
        raise ValueError(f'{what} wants {", ".join(map(repr, words))}, not {word!r}')
    return words[word]


def _plane(what, array, channels):
    """uint8 (height, width, channels), or (height, width) for one channel, whose rows have no gaps."""
    array = np.asarray(array)
    wanted = '(height, width)' if channels == 1 else f'(height, width, {channels})'
    if array.dtype != np.uint8:
        raise TypeError(f'{what} wants numbers of type uint8, not {array.dtype}: scale and convert them first')
    if channels == 1 and array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim != (2 if channels == 1 else 3) or (channels > 1 and array.shape[2] != channels):
        raise ValueError(f'{what} wants the shape {wanted}, not {array.shape}')
    row_bytes = array.shape[1] * channels
    tight = array.strides[1:] == ((1,) if channels == 1 else (channels, 1))
    return array if tight and array.strides[0] >= row_bytes else np.ascontiguousarray(array)


def as_frame(what, given, format):
    """(Frame, what it borrows) of an array, or for NV12 of a pair (luma, chroma)."""
    number, channels = choose('format', FORMATS, format), CHANNELS[format]
    chroma = None
    if format.startswith('nv12'):
        if not isinstance(given, (tuple, list)) or len(given) != 2:
            raise TypeError(f'{what} wants a pair of arrays, (luma, chroma), for {format}')
        given, chroma = given
        chroma = _plane(f'{what}, chroma,', chroma, CHROMA)
    pixels = _plane(what, given, channels)
    height, width = pixels.shape[:2]
    frame = _layout.Frame(pixels=pixels.ctypes.data, width=width, height=height, pitch_bytes=pixels.strides[0],
                          format=number)
    if chroma is not None:
        wanted = ((height + 1) // 2, (width + 1) // 2, CHROMA)
        if chroma.shape != wanted:
            raise ValueError(f'{what}, chroma, wants the shape {wanted} for {width} x {height}, not {chroma.shape}')
        frame.chroma, frame.chroma_pitch_bytes = chroma.ctypes.data, chroma.strides[0]
    return frame, (pixels, chroma)


def as_boxes(boxes):
    """float32 (count, 4): x, y, width, height."""
    boxes = np.asarray(boxes, np.float32)
    if boxes.size == 0 and boxes.ndim < 3:
        return np.empty((0, 4), np.float32)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f'boxes wants the shape (count, 4), rows of x, y, width and height, not {boxes.shape}')
    return np.ascontiguousarray(boxes)


def whole(frame):
    """The box over all of a frame."""
    return np.array([[0, 0, frame.width, frame.height]], np.float32)


def entry(frame, boxes, mirrored):
    """A FrameBoxes, which borrows both."""
    return _layout.FrameBoxes(frame=ctypes.pointer(frame), boxes=boxes.ctypes.data, count=len(boxes), mirrored=mirrored)
