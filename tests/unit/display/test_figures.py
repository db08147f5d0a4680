"""Numbers and their units."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from display import figures
from display.drift_figures import DriftFigures
from image_monitoring.reporting.explanation import p_text

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


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (2e-95, "< 10⁻¹²"),
        (0.0, "< 10⁻¹²"),
        (7.132e-10, "7.1·10⁻¹⁰"),
        (0.0001074, "1.1·10⁻⁴"),
        (1e-5, "10⁻⁵"),
        (0.00123, "0.0012"),
        (0.3, "0.3"),
        (None, "—"),
    ],
)
def test_a_p_value_has_no_more_digits_than_it_means(value: float | None, written: str) -> None:
    assert figures.p_value(value) == written
    if value is not None:
        assert p_text(value).replace("below", "<") == written  # the analyzer's messages


def test_the_sides_of_a_test_are_the_figures_that_moved() -> None:
    flat = DriftFigures("pixels", "flatness", 0.34, 0.0, 0.0, (0.12, 0.46), 0.003)
    assert (flat.sides, flat.difference) == (("12 % above 0.003", "46 % above 0.003"), "0.34")
    looks = DriftFigures("unusual images", "unusual images, beyond 97%", 0.321, None, None, (0.03, 0.351))
    assert (looks.sides, looks.difference) == (("3 %", "35.1 %"), "+32.1 points")
    answered = DriftFigures("answers", "predicted_class", 0.3, None, None, (0.5, 0.8), 1.0)
    assert (answered.sides, answered.difference) == (("50 % class 1", "80 % class 1"), "+30 points")
    width = DriftFigures("pixels", "width", 0.0, 32.0, 32.0, (0.0, 0.0), 32.0)
    assert width.sides == ("32", "32")
    noise = DriftFigures("pixels", "noise", 0.34, 1.167, 0.8047, (0.6, 0.2), 0.9)
    assert noise.sides == ("1.167", "0.8047")
