"""Appearance features for trackers: an object of the shape that BoxMOT, StrongSORT and DeepSORT style trackers call.

Owns the conversion of what they pass: boxes by two corners, frames and crops in BGR, boxes that have left the frame.
"""
import numpy as np

from ._library import ClreidError
from ._objects import Model, box_pixels


class Appearance:
    """appearance.get_features(xyxys, img) or appearance(xyxys, img): boxes of a frame; appearance(crops): pictures."""

    def __init__(self, model, *, format='bgr', flip=False):
        """model: a Model, a Session, or the path of a weight file. format: of frames and crops, as OpenCV has them."""
        self._model = model if hasattr(model, 'embed') else Model(model)
        self._options = {'format': format, 'flip': flip, 'l2': True}

    def get_features(self, xyxys, img):
        """float32 (count, feature_length), rows of length 1, of boxes (count, 4 or more): left, top, right, bottom in
        pixels of the frame; further columns are not looked at. A box without a pixel in the frame gets a row of zeros,
        which is like nothing."""
        corners = np.asarray(xyxys, np.float64)
        corners = corners.reshape(-1, corners.shape[-1] if corners.size else 4)
        if corners.shape[1] < 4:
            raise ValueError(f'boxes want the shape (count, 4): left, top, right, bottom, not {corners.shape}')
        boxes = np.hstack([corners[:, :2], corners[:, 2:4] - corners[:, :2]]).astype(np.float32)
        seen = np.array([self._has_pixels(box, img) for box in boxes], bool)
        features = np.zeros((len(boxes), self._model.feature_length), np.float32)
        features[seen] = self._model.embed(img, boxes[seen], **self._options)
        return features

    def __call__(self, boxes_or_crops, img=None):
        if img is not None:
            return self.get_features(boxes_or_crops, img)
        return self._model.embed(list(boxes_or_crops), **self._options)

    @staticmethod
    def _has_pixels(box, img):
        try:
            box_pixels(img.shape[1], img.shape[0], box)
            return True
        except ClreidError as e:
            if e.status == 'CLREID_INVALID_PICTURE':
                return False
            raise
