"""Searches with other people's regular expressions: they find what `re` finds, and end."""

from __future__ import annotations

import re
import time

import pytest
import regex

from safety.bounded_search import BoundedSearch, quick_length, required_literal

EXPLODING = r"(a+)+$"
LINE = "a" * 200 + "b"


def search_for(text: str) -> BoundedSearch:
    return BoundedSearch(re.compile(text), regex.compile)


@pytest.mark.parametrize("text", [EXPLODING, r"(a|aa)*$", r"(?:a?){40}a{40}$", r"a*a*a*a*a*a*[cd]$"])
def test_an_expression_that_explodes_is_given_up(text: str) -> None:
    search = search_for(text)
    started = time.thread_time()
    for _ in range(100):
        assert search.find(LINE) is None
    assert search.is_given_up
    assert time.thread_time() - started < 10


def test_many_slow_searches_are_given_up_together() -> None:
    search = search_for(r"\w*\w*\d")
    line = "a" * 600
    for _ in range(10_000):
        search.find(line)
        if search.is_given_up:
            return
    pytest.fail("10,000 slow searches were carried out")


@pytest.mark.parametrize(
    ("text", "length"),
    [
        (r"Train-accuracy=(\S+)", 1414),
        (r"Epoch\[\d+\] Train-accuracy=(\S+)", 125),
        (r"loss: (.*?);", 1000),
        (EXPLODING, 0),
        (r"(a|a)*", 0),
        (r"(a*)\1", 0),
        ("a?" * 40, 0),
    ],
)
def test_a_line_goes_without_a_limit_only_if_its_search_cannot_explode(text: str, length: int) -> None:
    assert quick_length(text) == length


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        (r".*\[[0-9]+\].*#011train-rmse:([-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?).*", "#011train-rmse:"),
        (r"loss(es)?=(\d)", "loss"),
        (r"los?s", "lo"),
        (r"a{12}b", "b"),
        (r"loss|cost", ""),
        (r"(?i)loss", ""),
        (r"\x4142", ""),
        (r"\[loss]x[(]=", "loss"),
        (r"(a(b|c)d)e", "e"),
    ],
)
def test_a_line_without_the_expressions_own_text_is_not_searched(text: str, literal: str) -> None:
    assert required_literal(text) == literal


@pytest.mark.parametrize(
    "text", [r"loss=(\S+)", r".*loss=(\S+)", r".*x=(\d)|loss=(\d)", r"(?P<a>\d+)\.(\d+)", r"lo(s{2})?"]
)
@pytest.mark.parametrize("line", ["a loss=1.5 loss=2.5", "x" * 400 + " loss=1.5", "nothing"])
def test_a_match_is_the_one_of_re(text: str, line: str) -> None:
    match, expected = search_for(text).find(line), re.search(text, line)
    assert (match and match.group(0), match and match.groups()) == (
        expected and expected.group(0),
        expected and expected.groups(),
    )
