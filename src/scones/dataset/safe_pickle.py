"""Unpickle CIFAR's batches without running code that they name.

A pickle is a program. It may call any global that it names, and it may nest or share values until the process runs out
of memory. So its opcodes are checked first, and the few globals that an array's pickle needs are replaced by stand-ins.
"""

import io
import pickle
import pickletools

import numpy as np

from scones.errors import ArchiveError

MAX_OPCODES = 2_000_000
MAX_SHARED_CHARACTERS = 1000
# Also limits the depth of nesting. A batch of CIFAR-100 has nine containers.
MAX_CONTAINERS = 32
TEXTS = {"SHORT_BINSTRING", "BINSTRING", "BINUNICODE", "SHORT_BINBYTES", "BINBYTES", "GLOBAL"}
NUMBERS = {"NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2"}
CONTAINERS = {"EMPTY_DICT", "EMPTY_LIST", "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"}
FILLS = {"MARK", "APPEND", "APPENDS", "SETITEM", "SETITEMS", "REDUCE", "BUILD"}
PUTS, GETS = {"BINPUT", "LONG_BINPUT"}, {"BINGET", "LONG_BINGET"}
OPCODES = TEXTS | NUMBERS | CONTAINERS | FILLS | PUTS | GETS | {"PROTO", "STOP"}

BROKEN = (
    pickle.UnpicklingError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    EOFError,
    MemoryError,
    OverflowError,
    RecursionError,
)


class UnsignedByte:
    """A stand-in for `numpy.dtype`, which pickles call with typecode, align and copy. Byte order does not matter."""

    def __init__(self, typecode: object, *_: object) -> None:
        if typecode != "u1":
            raise ArchiveError("has an array of another type than uint8")

    def __setstate__(self, state: object) -> None: ...


class Pixels:
    """A stand-in for `numpy.ndarray`: the state that its pickle sets."""

    data = np.empty((0, 0), np.uint8)

    def __setstate__(self, state: tuple[object, tuple[int, ...], UnsignedByte, bool, bytes | str]) -> None:
        _, shape, dtype, is_fortran, raw = state
        if not isinstance(dtype, UnsignedByte):
            raise TypeError
        pixels = raw.encode("latin1") if isinstance(raw, str) else raw
        self.data = np.frombuffer(pixels, np.uint8).reshape(shape, order="F" if is_fortran else "C")


def reconstruct(*_: object) -> Pixels:
    """Stand in for `_reconstruct`, which creates an empty array for the pickle to fill."""
    return Pixels()


def encode(text: str, encoding: str) -> bytes:
    """Stand in for `_codecs.encode`, with which Python 3 pickles bytes in protocol 2."""
    if encoding != "latin1":
        raise ArchiveError("encodes text in an encoding other than latin1")
    return text.encode("latin1")


GLOBALS: dict[tuple[str, str], object] = {
    ("numpy.core.multiarray", "_reconstruct"): reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): reconstruct,  # NumPy 2's name
    ("numpy", "ndarray"): Pixels,
    ("numpy", "dtype"): UnsignedByte,
    ("_codecs", "encode"): encode,
}


class ArrayUnpickler(pickle.Unpickler):
    """An unpickler that resolves only the globals above."""

    def find_class(self, module: str, name: str) -> object:
        if (module, name) not in GLOBALS:
            refused = f"{module}.{name}"[:100]
            raise ArchiveError(f"names the global {refused}, which no image archive needs; nothing was run")
        return GLOBALS[module, name]


def check_opcodes(data: bytes, max_opcodes: int = MAX_OPCODES) -> None:
    """Refuse pickles that could exhaust memory or stack. Only short texts may be shared, so no value grows."""
    containers, short_texts, last_is_short = 0, set[object](), False
    for count, (opcode, argument, _) in enumerate(pickletools.genops(data), 1):
        name = opcode.name
        if name not in OPCODES or (name in GETS and argument not in short_texts):
            raise ArchiveError(f"has the opcode {name} at position {count}, which no image archive needs")
        if count > max_opcodes or (isinstance(argument, int) and name in PUTS and argument > max_opcodes):
            raise ArchiveError(f"has more than {max_opcodes} opcodes: the whole archive is refused")
        containers += name in CONTAINERS
        if containers > MAX_CONTAINERS:
            raise ArchiveError(f"has more than {MAX_CONTAINERS} lists, tuples and dicts: the whole archive is refused")
        if name in PUTS:
            (short_texts.add if last_is_short else short_texts.discard)(argument)
        last_is_short = isinstance(argument, str | bytes) and len(argument) <= MAX_SHARED_CHARACTERS


def load(data: bytes) -> object:
    """Return the pickled value, with arrays as `Pixels`. Strings of Python 2 become str (latin-1).

    Raises:
        ArchiveError: this is not a pickle, or it holds more than plain values and arrays of bytes.
    """
    try:
        check_opcodes(data)
        return ArrayUnpickler(io.BytesIO(data), encoding="latin1").load()
    except BROKEN as error:
        raise ArchiveError(f"is not a pickle of images ({type(error).__name__})") from error
