"""`statistics.json`: what a dataset's columns look like. Source: "Schema for Statistics" of the developer guide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from image_monitoring.tabular.columns import Column, Profile
from image_monitoring.tabular.inferred_types import NUMERIC
from image_monitoring.tabular.kll import KllSketch

VERSION = 0.0
BUCKETS = 10  # not configurable, says the guide


def statistics_document(profile: Profile, types: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the document. `types` are the baseline's, which take precedence over the inferred types."""
    expected = types or {}
    features = [
        _feature(name, column, profile.missing(name), expected.get(name) or column.inferred_type)
        for name, column in profile.columns.items()
    ]
    return {"version": VERSION, "dataset": {"item_count": profile.rows}, "features": features}


def baseline_sketches(document: Mapping[str, Any]) -> dict[str, KllSketch]:
    """Return the distributions of the numerical features of a baseline; a feature without one is left out."""
    sketches = {}
    for feature in document.get("features", ()):
        try:
            kll = feature["numerical_statistics"]["distribution"]["kll"]
            sketches[feature["name"]] = KllSketch.from_document(kll["sketch"])
        except (LookupError, TypeError, ValueError):
            continue
    return sketches


def baseline_categories(document: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Return the counts of the categories of a baseline's String features; a feature without them is left out."""
    counts = {}
    for feature in document.get("features", ()):
        try:
            buckets = feature["string_statistics"]["distribution"]["categorical"]["buckets"]
            counts[feature["name"]] = {str(bucket["value"]): int(bucket["count"]) for bucket in buckets}
        except (LookupError, TypeError, ValueError):
            continue
    return counts


def _feature(name: str, column: Column, missing: int, kind: str) -> dict[str, Any]:
    common = {"num_present": column.present, "num_missing": missing}
    if kind in NUMERIC:
        return {"name": name, "inferred_type": kind, "numerical_statistics": {"common": common, **_numerical(column)}}
    text: dict[str, Any] = {"common": common, "distinct_count": float(column.distinct.count)}
    if column.has_few_categories:
        buckets = [{"value": value, "count": count} for value, count in column.categories.most_common()]
        text["distribution"] = {"categorical": {"buckets": buckets}}
    return {"name": name, "inferred_type": kind, "string_statistics": text}


def _numerical(column: Column) -> dict[str, Any]:
    if not column.numbers:
        return {}
    return {
        "mean": column.mean,
        "sum": column.total,
        "std_dev": column.deviation,
        "min": column.low,
        "max": column.high,
        "distribution": {"kll": {"buckets": _buckets(column), "sketch": column.sketch.document()}},
    }


def _buckets(column: Column) -> list[dict[str, float]]:
    """Return counts of ten equal parts of the range; the last one has its upper bound, too."""
    width = (column.high - column.low) / BUCKETS
    counts = [0] * BUCKETS
    for value, weight in column.sketch.items():
        counts[min(BUCKETS - 1, int((value - column.low) / width)) if width else 0] += weight
    return [
        {
            "lower_bound": column.low + number * width,
            "upper_bound": column.high if number == BUCKETS - 1 else column.low + (number + 1) * width,
            "count": float(count),
        }
        for number, count in enumerate(counts)
    ]
