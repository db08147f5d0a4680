"""Numbers and their units."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from display import figures

NOW = datetime(2026, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0025, "2.5 ms"),
        (0.01, "10 ms"),
        (0.0404, "40 ms"),
        (1.239, "1.24 s"),
        (59.9, "59.9 s"),
        (65, "1 min 05 s"),
        (7260, "2 h 01 min"),
        (None, "—"),
    ],
)
def test_a_duration_has_the_unit_that_fits(seconds: float | None, text: str) -> None:
    assert figures.duration(seconds) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(39, 40, "97.5 %"), (40, 40, "100 %"), (9999, 10000, "99.9 %"), (0, 40, "0 %"), (1, 10000, "0.1 %"), (0, 0, "—")],
)
def test_a_share_is_rounded_once_and_is_100_percent_only_of_all(part: int, whole: int, text: str) -> None:
    assert figures.share(part, whole) == text


@pytest.mark.parametrize(("size", "text"), [(512, "512 B"), (4_200, "4.2 kB"), (44_800_000, "44.8 MB")])
def test_a_size_has_powers_of_ten(size: int, text: str) -> None:
    assert figures.size(size) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.93751, "0.9375"),
        (12.3, "12.3"),
        (4210.4, "4,210"),
        (0.0001, "0.0001"),
        (0.00001, "10⁻⁵"),
        (-0.000025, "-2.5·10⁻⁵"),
        (0, "0"),
        (None, "—"),
    ],
)
def test_a_number_has_four_digits_and_powers_of_ten_as_ticks_have(value: float | None, text: str) -> None:
    assert figures.number(value) == text


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (0.93714, 0.93751, "+0.0004"),
        (0.96875, 0.9375, "\N{MINUS SIGN}0.0313"),
        (0.9375, 0.9685, "+0.031"),
        (0.1, 0.001, "\N{MINUS SIGN}0.099"),
        (4210.4, 5000.0, "+790"),
        (0.0001, 0.00001, "\N{MINUS SIGN}9·10⁻⁵"),
        (0.93751, 0.937512, "+2·10⁻⁶"),
        (0.5, 0.5, "0"),
    ],
)
def test_a_difference_has_no_more_decimals_than_its_values(before: float, after: float, text: str) -> None:
    assert figures.difference(before, after) == text
