"""Write the pickles that Python 2 wrote, opcode by opcode.

CIFAR-100's batches are such pickles, and its readers allow only the three globals that they name. Python 3's pickler
cannot produce them.
"""

import struct

import numpy as np
import numpy.typing as npt


def string(value: bytes) -> bytes:
    return b"U" + bytes([len(value)]) + value if len(value) < 256 else b"T" + struct.pack("<i", len(value)) + value


def integer(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def array(pixels: npt.NDArray[np.uint8]) -> bytes:
    """Return the opcodes of a uint8 matrix, as numpy wrote them under Python 2."""
    empty = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n" + integer(0) + b"\x85" + string(b"b") + b"tR"
    dtype = b"cnumpy\ndtype\n(" + string(b"u1") + integer(0) + integer(1) + b"tR"
    dtype += b"(" + integer(3) + string(b"|") + b"NNN" + integer(-1) + integer(-1) + integer(0) + b"tb"
    shape = integer(pixels.shape[0]) + integer(pixels.shape[1]) + b"\x86"
    return empty + b"(" + integer(1) + shape + dtype + b"\x89" + string(pixels.tobytes()) + b"tb"


def pickled(value: object) -> bytes:
    if isinstance(value, np.ndarray):
        return array(value)
    if isinstance(value, int):
        return integer(value)
    if isinstance(value, str):
        return string(value.encode("ascii"))
    if isinstance(value, list):
        return b"](" + b"".join(map(pickled, value)) + b"e"
    if isinstance(value, dict):
        return b"}(" + b"".join(pickled(key) + pickled(item) for key, item in value.items()) + b"u"
    raise TypeError(f"{type(value).__name__} has no form in these pickles")


def python2_pickle(value: object) -> bytes:
    return b"\x80\x02" + pickled(value) + b"."
