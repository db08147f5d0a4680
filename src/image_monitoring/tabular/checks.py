"""The six checks of a dataset against its baseline's constraints. Source: "Schema for Violations" of the guide.

The descriptions are those of AWS's container where they are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from image_monitoring.contract import InputError
from image_monitoring.monitoring_config import ENABLED
from image_monitoring.tabular.columns import Column, Profile
from image_monitoring.tabular.constraints import LINFINITY, Constraints, FeatureConstraints
from image_monitoring.tabular.distances import categorical_distance, numerical_distance
from image_monitoring.tabular.inferred_types import FRACTIONAL, INTEGRAL, NUMERIC, STRING
from image_monitoring.tabular.statistics import baseline_categories, baseline_sketches

ROUNDING = 1e-9
Violation = dict[str, str]


@dataclass
class Checks:
    """The checks of one profile. `distances` has the drift of each feature that could be compared."""

    constraints: Constraints
    baseline_statistics: Mapping[str, Any]
    distances: dict[str, float] = field(default_factory=dict)

    def violations(self, profile: Profile) -> list[Violation]:
        sketches = baseline_sketches(self.baseline_statistics)
        categories = baseline_categories(self.baseline_statistics)
        found = list(_column_violations(self.constraints, profile))
        for feature in self.constraints.features:
            column = profile.columns.get(feature.name)
            if column is None:
                continue
            distance = _distance(feature, column, sketches, categories)
            if distance is not None:
                self.distances[feature.name] = distance
            if feature.is_evaluated:
                found += _feature_violations(feature, column, profile.completeness(feature.name), distance)
        return found


def _column_violations(constraints: Constraints, profile: Profile) -> Iterator[Violation]:
    if constraints.config["evaluate_constraints"] != ENABLED:
        return
    expected, seen = constraints.names, list(profile.columns)
    counts = (
        f"Number of columns in current dataset: {len(seen)}, Number of columns in baseline constraints: {len(expected)}"
    )
    if missing := [name for name in expected if name not in profile.columns]:
        text = f"There are missing columns in current dataset. {counts}. Missing: {_listed(missing)}"
        yield _violation("Missing columns", "missing_column_check", text)
    if extra := [name for name in seen if name not in set(expected)]:
        text = f"There are extra columns in current dataset. {counts}. Extra: {_listed(extra)}"
        yield _violation("Extra columns", "extra_column_check", text)


def _feature_violations(
    feature: FeatureConstraints, column: Column, completeness: float, distance: float | None
) -> list[Violation]:
    checks: list[Callable[[], tuple[str, str] | None]] = [
        lambda: _data_type(feature, column),
        lambda: _completeness(feature, completeness),
        lambda: _categorical_values(feature, column),
        lambda: _drift(feature, distance),
    ]
    results = (check() for check in checks)
    return [_violation(feature.name, *result) for result in results if result]


def _data_type(feature: FeatureConstraints, column: Column) -> tuple[str, str] | None:
    if feature.inferred_type not in NUMERIC or not column.present:
        return None
    matching = column.types[INTEGRAL] + (column.types[FRACTIONAL] if feature.inferred_type == FRACTIONAL else 0)
    share, threshold = matching / column.present, float(feature.config["datatype_check_threshold"])
    if share >= threshold - ROUNDING:
        return None
    return "data_type_check", (
        f"Data type match requirement is not met. Expected data type: {feature.inferred_type}, Expected match: "
        f"{threshold * 100}%. Observed: Only {share * 100}% of data is {feature.inferred_type}."
    )


def _completeness(feature: FeatureConstraints, completeness: float) -> tuple[str, str] | None:
    if completeness >= feature.completeness - ROUNDING:
        return None
    return "completeness_check", (
        f"Data completeness requirement is not met. Expected completeness: {feature.completeness * 100}%. "
        f"Observed: Only {completeness * 100}% of data is present."
    )


def _categorical_values(feature: FeatureConstraints, column: Column) -> tuple[str, str] | None:
    if feature.inferred_type != STRING or not feature.domains or not column.present:
        return None
    known = sum(column.categories[value] for value in feature.domains)
    share, threshold = known / column.present, float(feature.config["domain_content_threshold"])
    if column.has_few_categories and share >= threshold - ROUNDING:
        return None
    observed = f"Only {share * 100}% of data" if column.has_few_categories else f"{column.distinct.count} values"
    return "categorical_values_check", (
        f"Categorical values requirement is not met. Expected match: {threshold * 100}%. Observed: {observed} in the "
        "domain of the baseline."
    )


def _drift(feature: FeatureConstraints, distance: float | None) -> tuple[str, str] | None:
    threshold = _drift_threshold(feature)
    if distance is None or distance <= threshold:
        return None
    return "baseline_drift_check", f"Baseline drift distance: {distance} exceeds threshold: {threshold}"


def _drift_threshold(feature: FeatureConstraints) -> float:
    distribution = feature.distribution
    name = "comparison_threshold"
    if feature.inferred_type == STRING and distribution.get("categorical_comparison_threshold") is not None:
        name = "categorical_comparison_threshold"
    return float(distribution[name])


def _distance(
    feature: FeatureConstraints,
    column: Column,
    sketches: Mapping[str, Any],
    categories: Mapping[str, Mapping[str, int]],
) -> float | None:
    """Return the distance from the baseline; None where there is nothing to compare."""
    distribution = feature.distribution
    if distribution["perform_comparison"] != ENABLED:
        return None
    method = str(distribution["comparison_method"])
    if feature.inferred_type in NUMERIC and feature.name in sketches and column.numbers:
        return numerical_distance(column.sketch.items(), sketches[feature.name].items(), method)
    if feature.inferred_type == STRING and feature.name in categories and column.has_few_categories and column.present:
        if distribution["categorical_drift_method"] != LINFINITY:
            # AWS does not document which number of the chi-squared test is compared with the threshold
            raise InputError(f"categorical_drift_method {distribution['categorical_drift_method']!r} is not emulated")
        return categorical_distance(column.categories, categories[feature.name], method)
    return None


def _violation(feature: str, check: str, description: str) -> Violation:
    return {"feature_name": feature, "constraint_check_type": check, "description": description}


def _listed(names: list[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
