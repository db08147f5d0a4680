"""Text of other programs: no control characters reach a terminal or a log."""

from __future__ import annotations

import pytest

from safety.plain_text import is_utf8, plain, shortened


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("tab\tand\nnewline", "tab\tand\nnewline"),
        ("grüße \N{SNOWMAN}", "grüße \N{SNOWMAN}"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text\x1b]8;;http://x\x1b\\link", "textlink"),
        ("\x1b]0;never ended", ""),
        ("\x1bc reset", " reset"),
        ("end \x1b", "end \N{REPLACEMENT CHARACTER}"),
        ("nul\x00 bell\x07 return\r", "nul\ufffd bell\ufffd return\ufffd"),
        ("\x9b31m 8-bit", "\ufffd31m 8-bit"),
        ("\u202egpj.exe", "\ufffdgpj.exe"),
        ("half \ud800", "half ?"),
    ],
)
def test_control_characters_are_taken_out(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_a_long_text_of_beginnings_of_sequences_is_quick() -> None:
    assert plain("\x1b[" * 500_000 + "end").endswith("nd")


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("short", 5, "short"),
        ("longer", 5, "lon.."),
        ("äöü", 6, "äöü"),
        ("äöüß", 7, "äö.."),
        ("ab", 1, ".."),
    ],
)
def test_a_text_is_shortened_to_bytes(text: str, limit: int, short: str) -> None:
    assert shortened(text, limit, "..") == short


@pytest.mark.parametrize(("text", "encodes"), [("grüße", True), ("half \ud800", False)])
def test_half_a_surrogate_pair_cannot_be_encoded(text: str, encodes: bool) -> None:
    assert is_utf8(text) is encodes
