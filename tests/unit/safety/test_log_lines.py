"""Output as lines, however it arrives, in bounded memory."""

from __future__ import annotations

import os
import tracemalloc

import pytest

from safety.log_lines import LINE_MAX_BYTES, lines_from, lines_of


@pytest.mark.parametrize(
    ("chunks", "lines"),
    [
        ([b"one\ntwo\n"], ["one", "two"]),
        ([b"o", b"ne", b"\ntw", b"o"], ["one", "two"]),
        ([b"windows\r\nlines\r", b"\nend"], ["windows", "lines", "end"]),
        ([b"50%\r100%\r\n"], ["50%", "100%"]),
        ([b"\n\n", b"x"], ["", "", "x"]),
        ([b"\xe2\x98", b"\x83\n\xff\n"], ["\N{SNOWMAN}", "\ufffd"]),
        ([b"form\x0cfeed\x0b\x85\n"], ["form\x0cfeed\x0b\ufffd"]),
        ([b""], []),
    ],
)
def test_lines_end_where_the_program_ended_them(chunks: list[bytes], lines: list[str]) -> None:
    assert list(lines_of(chunks)) == lines


def test_a_long_line_is_cut_with_a_mark_and_the_next_one_is_whole() -> None:
    long, after = lines_of([b"x" * 60, b"y" * 60 + b"\nafter\n"], limit_bytes=100)
    assert long == "x" * 60 + "y" * 10 + " [cut: the line has 120 bytes]"
    assert after == "after"
    assert list(lines_of([b"x" * 100], limit_bytes=100)) == ["x" * 100]


def test_an_endless_line_takes_little_memory() -> None:
    tracemalloc.start()
    try:
        (line,) = lines_of(bytes(1 << 16) for _ in range(8000))
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()
    assert line.endswith(f" [cut: the line has {8000 << 16} bytes]")
    assert len(line) == LINE_MAX_BYTES


def test_a_pipe_is_read_to_its_end() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"one\ntwo")
    os.close(writer)
    assert list(lines_from(reader)) == ["one", "two"]
    os.close(reader)
