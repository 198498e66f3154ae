"""Re-identification embeddings of persons and vehicles on any OpenCL device: libclreid, with NumPy arrays in and out.

    import clreid

    with clreid.Model('W.safetensors') as model:
        features = model.embed(frame, boxes)         # boxes of a frame: x, y, width, height
        features = model.embed([picture, picture])   # or pictures

The library is found where the system looks for libraries, or where the environment variable CLREID_LIBRARY says. The
reference of what stands behind is include/clreid/clreid.h.
"""
from ._gallery import Gallery, GalleryInfo
from ._library import VERSION as __version__
from ._library import ClreidError
from ._objects import (Device, DeviceInfo, Model, ModelInfo, NetworkInfo, Session, box_pixels, devices, networks,
                       to_unit_length, version, write_random_weights)

__all__ = ['ClreidError', 'Device', 'DeviceInfo', 'Gallery', 'GalleryInfo', 'Model', 'ModelInfo', 'NetworkInfo',
           'Session', 'box_pixels', 'devices', 'networks', 'to_unit_length', 'version', 'write_random_weights',
           '__version__']
