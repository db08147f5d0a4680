"""Lines of an output that describe its error. Source: `watch` in sagemaker_training/process.py."""

from __future__ import annotations

import time

import pytest

from frameworks.contract.error_lines import ErrorLines


def message(*pieces: bytes) -> str:
    lines = ErrorLines()
    for piece in pieces:
        lines.feed(piece)
    return lines.message()


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (b"epoch 1\nValueError: bad\n", "ValueError: bad"),
        (b"Traceback:\n  File x\n    raise KeyError('a')\nKeyError: 'a'\n", "raise KeyError('a')\n KeyError: 'a'"),
        (b"ValueError: bad\nepoch 1\nValueError: bad\nepoch 2\n", "ValueError: bad\n epoch 1\n epoch 2"),
        (b"ERROR: Invalid requirement: 'x y'\n", "ERROR: Invalid requirement: 'x y'"),
        (b"__main__.MyValueError: bad:\n", "__main__.MyValueError: bad"),
        (b"MyError: bad\n", "MyError: bad"),
        (b"epoch 1\nno such bay\n\n  \n", "no such bay"),
        (b"no line feed", "no line feed"),
        (b"ValueError: \xff\n", "ValueError: \ufffd"),
        (b"", ""),
    ],
)
def test_the_message_begins_with_the_first_line_that_names_an_exception(output: bytes, expected: str) -> None:
    assert message(output) == expected
    assert message(*(output[index : index + 1] for index in range(len(output)))) == expected


def test_a_long_error_keeps_its_first_and_last_lines() -> None:
    output = b"raise ValueError('first')\n" + b"".join(b"line %d of many\n" % n for n in range(1000)) + b"the last\n"
    text = message(output)
    assert text.startswith("raise ValueError('first')\n line 0 of many")
    assert text.endswith("line 999 of many\n the last")
    assert "\n …\n" in text
    assert len(text) < 900


def test_a_flood_of_lines_costs_little() -> None:
    lines, piece = ErrorLines(), b"Epoch[0] Batch [10] Error=0.5\n" * 2000
    started = time.process_time()
    for _ in range(50):
        lines.feed(piece)
    assert time.process_time() - started < 5  # seconds; some 0.1 on a quiet machine
