"""Unpickling CIFAR's batches without running what they name.

A pickle is a program: it may call any global that it names. CIFAR-100's name three, and only these are given, the first
as a version that makes nothing but the empty array which the pickle then fills.
"""

import pickle
from typing import IO

import numpy as np

from scones.errors import ArchiveError

BROKEN = (
    pickle.UnpicklingError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ImportError,
    MemoryError,
    OverflowError,
)


def empty_array(subtype: object, shape: object, typecode: object) -> np.ndarray:
    """`numpy.core.multiarray._reconstruct` as pickles of arrays call it: ndarray, (0,), 'b'."""
    if subtype is not np.ndarray or shape != (0,):
        raise pickle.UnpicklingError(f"_reconstruct is called with {subtype!r}, {shape!r}")
    return np.empty(0, dtype=np.uint8)


GLOBALS: dict[tuple[str, str], object] = {
    ("numpy.core.multiarray", "_reconstruct"): empty_array,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> object:
        if (module, name) not in GLOBALS:
            raise ArchiveError(f"names the global {module}.{name}, which no image archive needs; nothing was run")
        return GLOBALS[module, name]

    def persistent_load(self, pid: object) -> object:
        raise ArchiveError(f"names a persistent object {pid!r}, which no image archive needs")


def load(stream: IO[bytes]) -> object:
    """The pickled value. Strings of Python 2 come as str (latin-1); a stream that ends early is an EOFError.

    Raises:
        ArchiveError: it names another global, or is no pickle.
    """
    try:
        return ArrayUnpickler(stream, encoding="latin1").load()
    except BROKEN as error:
        raise ArchiveError(f"is not a pickle of images ({type(error).__name__}: {error})") from error
