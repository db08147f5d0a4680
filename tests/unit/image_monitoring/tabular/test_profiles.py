"""Profiles of columns: inferred types, missing values, distinct values, statistics."""

from __future__ import annotations

import json
from typing import Any

import pytest

from image_monitoring.tabular.columns import CATEGORIES_MAX, COLUMNS_MAX, Profile
from image_monitoring.tabular.inferred_types import type_of
from image_monitoring.tabular.statistics import statistics_document


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("12", "Integral"),
        ("-7", "Integral"),
        (" 3 ", "Integral"),
        (12, "Integral"),
        ("1.0", "Fractional"),
        (".5", "Fractional"),
        (0.25, "Fractional"),
        ("1e-5", "String"),  # the developer guide rewrites such numbers by a preprocessing script
        ("red", "String"),
        (True, "String"),
        ("nan", "String"),
        (float("nan"), "Unknown"),
        ("", "Unknown"),
        (None, "Unknown"),
    ],
)
def test_the_type_of_a_value(value: Any, kind: str) -> None:
    assert type_of(value) == kind


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, None], "Integral"),
        (["1", "2.5"], "Fractional"),
        (["1", "x"], "String"),
        ([None, ""], "Unknown"),
    ],
)
def test_the_type_of_a_column(values: list[Any], kind: str) -> None:
    assert Profile.of({"a": value} for value in values).columns["a"].inferred_type == kind


def test_a_row_that_lacks_a_column_counts_as_missing() -> None:
    profile = Profile.of([{"a": 1, "b": 1}, {"a": 2}, {"a": None, "b": 2}])
    assert (profile.missing("a"), profile.missing("b")) == (1, 1)
    assert profile.completeness("a") == pytest.approx(2 / 3)


def test_the_statistics_of_numbers() -> None:
    document = statistics_document(Profile.of({"a": value} for value in [1, 2, 3, 4, None]))
    (feature,) = document["features"]
    numbers = feature["numerical_statistics"]
    assert numbers["common"] == {"num_present": 4, "num_missing": 1}
    assert [numbers[name] for name in ("mean", "sum", "min", "max")] == [2.5, 10.0, 1.0, 4.0]
    assert numbers["std_dev"] == pytest.approx(1.118, abs=1e-3)
    buckets = numbers["distribution"]["kll"]["buckets"]
    assert (len(buckets), sum(bucket["count"] for bucket in buckets)) == (10, 4)
    assert (buckets[0]["lower_bound"], buckets[-1]["upper_bound"]) == (1.0, 4.0)


@pytest.mark.parametrize("large", [10**400, "9" * 400])
def test_a_number_that_is_too_large_for_one_leaves_the_statistics_of_the_others(large: Any) -> None:
    (feature,) = statistics_document(Profile.of([{"a": 1}, {"a": large}, {"a": 3}]))["features"]
    assert feature["numerical_statistics"]["mean"] == 2.0
    assert feature["numerical_statistics"]["max"] == 3.0
    json.dumps(statistics_document(Profile.of([{"a": large}])), allow_nan=False)


def test_a_constant_column_has_one_full_bucket() -> None:
    (feature,) = statistics_document(Profile.of({"a": 5} for _ in range(3)))["features"]
    buckets = feature["numerical_statistics"]["distribution"]["kll"]["buckets"]
    assert [bucket["count"] for bucket in buckets] == [3.0, *[0.0] * 9]


def test_the_statistics_of_texts() -> None:
    (feature,) = statistics_document(Profile.of({"a": value} for value in ["x", "y", "x", None]))["features"]
    texts = feature["string_statistics"]
    assert texts["distinct_count"] == 2
    assert texts["distribution"]["categorical"]["buckets"] == [{"value": "x", "count": 2}, {"value": "y", "count": 1}]


def test_many_distinct_texts_are_counted_but_not_listed() -> None:
    profile = Profile.of({"a": f"id-{number}"} for number in range(20_000))
    (feature,) = statistics_document(profile)["features"]
    assert "distribution" not in feature["string_statistics"]
    assert feature["string_statistics"]["distinct_count"] == pytest.approx(20_000, rel=0.1)
    assert CATEGORIES_MAX < 20_000


def test_the_baselines_type_decides_how_a_column_is_described() -> None:
    profile = Profile.of({"zip": value} for value in ["10115", "80331"])
    (feature,) = statistics_document(profile, {"zip": "String"})["features"]
    assert feature["string_statistics"]["distinct_count"] == 2


def test_rows_with_ever_new_columns_are_left_out_beyond_the_maximum() -> None:
    rows = [{f"key{number}": 1} for number in range(COLUMNS_MAX + 2)]
    profile = Profile.of([*rows, {"baseline": 1}, {"key0": 2}], ["baseline"])
    assert (len(profile.columns), profile.rows, profile.left_out) == (COLUMNS_MAX + 1, COLUMNS_MAX + 2, 2)
    assert profile.columns["baseline"].present == 1
