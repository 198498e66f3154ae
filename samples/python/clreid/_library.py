"""Finds libclreid, declares its functions, and makes exceptions of its errors. Owns every call by ctypes.

The library is looked for at the first use, not at the import: an application may set CLREID_LIBRARY in between.
"""
import contextlib
import ctypes
import ctypes.util
import functools
import os
import threading
import weakref

from . import _layout

VERSION = '0.1.0'  # of this module: structs are laid out as the library of the same minor version has them
FILE_NAMES = ('libclreid.so.0', 'libclreid.so', 'libclreid.0.dylib', 'libclreid.dylib', 'clreid.dll')


class ClreidError(Exception):
    """What a call of the library says when it fails: str() is its line, .status its name ('CLREID_INVALID_PICTURE')."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


def _candidates():
    """File names in the order in which they are tried; the one that the environment names is the only one."""
    named = os.environ.get('CLREID_LIBRARY')
    if named:
        return [named]
    found = ctypes.util.find_library('clreid')
    return list(dict.fromkeys([*([found] if found else []), *FILE_NAMES]))


def _open():
    tried = []
    for name in _candidates():
        try:
            return ctypes.CDLL(name), name
        except OSError as e:
            tried.append(str(e) if name in str(e) else f'{name}: {e}')
    raise OSError('libclreid is not found: install it, or let the environment variable CLREID_LIBRARY name the file; '
                  'tried: ' + '; '.join(tried))


def _minor(version):
    return version.split('.')[:2]


@functools.lru_cache(maxsize=None)
def library():
    """The loaded library, its functions declared. OSError if there is none, or none of this version."""
    loaded, name = _open()
    try:
        for function, (result, takes) in _layout.FUNCTIONS.items():
            declared = getattr(loaded, function)
            fails = result is _layout.STATUS
            declared.restype = ctypes.c_int if fails else result
            declared.argtypes = [*takes, ctypes.POINTER(_layout.Error)] if fails else takes
        version = loaded.clreid_version().decode()
    except AttributeError as e:
        raise OSError(f'{name} is no libclreid {VERSION}: {e}; let CLREID_LIBRARY name another') from None
    if _minor(version) != _minor(VERSION):
        raise OSError(f'{name} is libclreid {version}, but this module is for {".".join(_minor(VERSION))}: '
                      'install the two of one version')
    return loaded


def call(function, *arguments):
    """Calls a function that returns a status; ClreidError if that is not CLREID_OK."""
    error = _layout.Error()
    status = getattr(library(), function)(*arguments, ctypes.byref(error))
    if status:
        names = {number: name for name, number in _layout.STATUSES.items()}
        raise ClreidError(names.get(status, str(status)), error.text.decode(errors='replace'))


class Handle:
    """A handle of the library, given back once: by close(), or when nothing refers to it any more."""

    def __init__(self, what, function, give_back, *arguments, keep=()):
        """function is called with the arguments and a place for the handle. keep: what must outlive the handle."""
        self._what = what
        self._place = ctypes.c_void_p()
        self._lock = threading.Lock()
        call(function, *arguments, ctypes.byref(self._place))
        self._give_back = getattr(library(), give_back)
        self._finalizer = weakref.finalize(self, _finalize, self._lock, self._give_back, self._place, keep)

    @contextlib.contextmanager
    def held(self):
        """The handle, for one thread at a time: the others wait, and so does close()."""
        with self._lock:
            if not self._finalizer.alive:
                raise ValueError(f'the {self._what} is closed')
            yield self._place

    def close(self):
        """Closing again does nothing."""
        with self._lock:
            kept = self._finalizer.detach()  # until the handle is given back, which may call the log
            if kept:
                self._give_back(self._place)


def _finalize(lock, give_back, place, keep):
    # At the end of the process a thread may still be at work with the handle: then the system cleans up.
    if lock.acquire(blocking=False):
        give_back(place)
