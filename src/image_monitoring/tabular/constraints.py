"""`constraints.json`: written as a baseline suggests it, and read by a job, perhaps after the user has edited it.

Source: "Schema for Constraints" of the developer guide, and the values that AWS's container suggests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from image_monitoring.contract import InputError
from image_monitoring.monitoring_config import ENABLED, merged, of_feature
from image_monitoring.tabular.columns import Profile
from image_monitoring.tabular.inferred_types import NUMERIC, STRING
from image_monitoring.tabular.statistics import VERSION

LINFINITY = "LInfinity"
CONFIG: dict[str, Any] = {
    "evaluate_constraints": ENABLED,
    "emit_metrics": ENABLED,
    "datatype_check_threshold": 1.0,
    "domain_content_threshold": 1.0,
    "distribution_constraints": {
        "perform_comparison": ENABLED,
        "comparison_threshold": 0.1,
        "comparison_method": "Robust",
        "categorical_comparison_threshold": 0.1,
        "categorical_drift_method": LINFINITY,
    },
}


def suggested_constraints(profile: Profile, categorical_drift_method: str = LINFINITY) -> dict[str, Any]:
    distribution = {**CONFIG["distribution_constraints"], "categorical_drift_method": categorical_drift_method}
    return {
        "version": VERSION,
        "features": [_suggested(name, profile) for name in profile.columns],
        "monitoring_config": {**CONFIG, "distribution_constraints": distribution},
    }


def _suggested(name: str, profile: Profile) -> dict[str, Any]:
    column = profile.columns[name]
    kind = column.inferred_type
    feature: dict[str, Any] = {"name": name, "inferred_type": kind, "completeness": profile.completeness(name)}
    if kind in NUMERIC:
        feature["num_constraints"] = {"is_non_negative": column.low >= 0}
    if kind == STRING and column.has_few_categories:
        feature["string_constraints"] = {"domains": sorted(column.categories)}
    return feature


@dataclass(frozen=True)
class FeatureConstraints:
    """The constraints of one feature with its own overrides of the monitoring_config."""

    name: str
    inferred_type: str
    completeness: float
    domains: tuple[str, ...]
    config: Mapping[str, Any]

    @property
    def is_evaluated(self) -> bool:
        return bool(self.config["evaluate_constraints"] == ENABLED)

    @property
    def distribution(self) -> Mapping[str, Any]:
        distribution: Mapping[str, Any] = self.config["distribution_constraints"]
        return distribution


@dataclass(frozen=True)
class Constraints:
    features: tuple[FeatureConstraints, ...]
    config: Mapping[str, Any]

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Constraints:
        """Read the document. Raises InputError if it has no features, or a feature without a name."""
        config = merged(CONFIG, document.get("monitoring_config") or {})
        try:
            return cls(tuple(_read(feature, config) for feature in document["features"]), config)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"constraints.json of the baseline is not as documented: {error!r}") from error

    @property
    def names(self) -> list[str]:
        return [feature.name for feature in self.features]

    @property
    def types(self) -> dict[str, str]:
        return {feature.name: feature.inferred_type for feature in self.features}

    @property
    def emits_metrics(self) -> bool:
        return bool(self.config["emit_metrics"] == ENABLED)


def _read(feature: Mapping[str, Any], config: Mapping[str, Any]) -> FeatureConstraints:
    return FeatureConstraints(
        name=str(feature["name"]),
        inferred_type=str(feature.get("inferred_type", "Unknown")),
        completeness=float(feature.get("completeness", 0.0)),
        domains=tuple(map(str, (feature.get("string_constraints") or {}).get("domains", ()))),
        config=of_feature(config, feature),
    )
