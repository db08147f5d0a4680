"""The pickles that are read, and the exact limits."""

import pickle

import numpy as np
import pytest

from scones.dataset.safe_pickle import Pixels, check_opcodes, load
from scones.errors import ArchiveError

MARK, LIST, STOP = b"(", b"]", b"."
RECONSTRUCT = b"cnumpy.core.multiarray\n_reconstruct\n)R"
DTYPE = b"cnumpy\ndtype\n(U\x02u1K\x00K\x01tR"


def text(length: int) -> bytes:
    """A string of Python 2: BINSTRING, whose length takes four bytes."""
    return b"T" + length.to_bytes(4, "little") + b"a" * length


def array(shape: bytes, dtype: bytes, is_fortran: bytes, raw: bytes) -> bytes:
    return RECONSTRUCT + b"(K\x01" + shape + dtype + is_fortran + raw + b"tb" + STOP


def refusal(data: bytes) -> str:
    with pytest.raises(ArchiveError) as refused:
        load(data)
    return str(refused.value)


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, False, 7, 300, 70_000, -1, "text", b"bytes"),
        *([], [1], [1, 2], {}, {"a": 1}, {"a": 1, "b": [2]}, (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)),
        *({"a": "b", "c": "b"}, ["é", "é"]),
    ],
)
def test_plain_values_are_read(value: object) -> None:
    assert load(pickle.dumps(value, protocol=2)) == value


@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_of_bytes_is_read_in_its_order(order: str) -> None:
    pixels = np.asarray(np.arange(6, dtype=np.uint8).reshape(2, 3), order=order)  # type: ignore[call-overload]
    read = load(pickle.dumps(pixels, protocol=2))
    assert isinstance(read, Pixels)
    assert read.data.dtype == np.uint8
    assert read.data.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_an_array_of_python_2_has_its_bytes_in_a_string() -> None:
    read = load(array(b"K\x02K\x01\x86", DTYPE, b"\x89", b"U\x02\x00\xff"))
    assert isinstance(read, Pixels)
    assert read.data.tolist() == [[0], [255]]


@pytest.mark.parametrize("dtype", [np.int8, np.float32, np.uint16])
def test_an_array_of_another_type_is_refused(dtype: type) -> None:
    assert refusal(pickle.dumps(np.zeros(2, dtype), protocol=2)) == "has an array of another type than uint8"


def test_text_in_another_encoding_is_refused() -> None:
    data = b"c_codecs\nencode\n(U\x01aU\x05utf-8tR."
    assert refusal(data) == "encodes text in an encoding other than latin1"


@pytest.mark.parametrize(
    ("module", "name", "shown"),
    [("os", "system", "os.system"), ("numpy", "load", "numpy.load"), ("m" * 99, "name", "m" * 99 + ".")],
)
def test_another_global_is_named_by_its_first_hundred_characters(module: str, name: str, shown: str) -> None:
    message = refusal(f"c{module}\n{name}\n.".encode())
    assert message == f"names the global {shown}, which no image archive needs; nothing was run"


@pytest.mark.parametrize(
    ("data", "error"),
    [(b"", "ValueError"), (b"K\x01", "ValueError"), (b"a.", "UnpicklingError"), (b"]K\x01K\x01s.", "IndexError")],
)
def test_the_error_of_an_invalid_pickle_is_shown(data: bytes, error: str) -> None:
    assert refusal(data) == f"is not a pickle of images ({error})"


@pytest.mark.parametrize(
    ("data", "opcode", "position"),
    [
        (b"I1\n.", "INT", 1),
        (b"K\x01I1\n.", "INT", 2),
        (b"]q\x00h\x00.", "BINGET", 3),
        (text(1001) + b"q\x00h\x00.", "BINGET", 3),
        (b"K\x01q\x00h\x00.", "BINGET", 3),
        (text(1) + b"q\x00" + text(1001) + b"q\x00h\x00.", "BINGET", 5),
        (b"U\x01aq\x00h\x01.", "BINGET", 3),
        (b"q\x00h\x00.", "BINGET", 2),
    ],
)
def test_another_opcode_and_a_shared_value_are_refused_with_their_position(
    data: bytes, opcode: str, position: int
) -> None:
    assert refusal(data) == f"has the opcode {opcode} at position {position}, which no image archive needs"


@pytest.mark.parametrize("put", [b"q\x00", b"r\x00\x00\x00\x00"])
@pytest.mark.parametrize("get", [b"h\x00", b"j\x00\x00\x00\x00"])
def test_a_text_of_a_thousand_characters_may_be_shared(put: bytes, get: bytes) -> None:
    check_opcodes(LIST + MARK + text(1000) + put + get + get + b"e" + STOP)


@pytest.mark.parametrize("containers", [b"]", b"}", b")"])
def test_a_pickle_has_at_most_32_containers(containers: bytes) -> None:
    check_opcodes(containers * 32 + STOP)
    with pytest.raises(ArchiveError) as refused:
        check_opcodes(containers * 33 + STOP)
    assert str(refused.value) == "has more than 32 lists, tuples and dicts: the whole archive is refused"


@pytest.mark.parametrize(
    ("data", "refused"),
    [
        (b"((((.", False),
        (b"(((((.", True),
        (b"U\x01aq\x05.", False),
        (b"U\x01aq\x06.", True),
        (b"U\x01ar\x06\x00\x00\x00.", True),
        (b"K\x06.", False),
    ],
)
def test_opcodes_and_memo_entries_have_a_limit(data: bytes, refused: bool) -> None:
    if not refused:
        check_opcodes(data, max_opcodes=5)
        return
    with pytest.raises(ArchiveError) as told:
        check_opcodes(data, max_opcodes=5)
    assert str(told.value) == "has more than 5 opcodes: the whole archive is refused"
