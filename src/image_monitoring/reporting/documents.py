"""The documents of Model Monitor: `statistics.json`, `constraints.json`, `constraint_violations.json`.

Sources: docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-statistics.html, …-byoc-constraints.html and
…-interpreting-violations.html. Features are the image statistics and the numbers of the answers. The analyzer's own
settings are in one further member, `image_monitoring`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from image_monitoring.comparison.quality import Shortfall
from image_monitoring.comparison.window import (
    MINIMUM_EFFECT,
    MINIMUM_RECORDS,
    RARE_VALUES,
    SIGNIFICANCE,
    Evidence,
    Verdict,
)
from image_monitoring.measuring import scores
from image_monitoring.measuring.image_statistics import NAMES, SIZES
from image_monitoring.measuring.measurement import Measurement
from image_monitoring.measuring.sampling import Floats

VERSION = 0.0
BUCKETS = 10
INTEGRAL = ("width", "height")
SKETCH_PARAMETERS = {"c": 0.64, "k": 2048.0}
VIOLATIONS_FILES = ("constraint_violations.json", "constraints_violations.json")


def write(path: Path, document: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(finite(document), indent=1, allow_nan=False) + "\n", encoding="utf-8")


def finite(value: Any) -> Any:
    """Replace NaN, which JSON does not have, by null."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


# ---- statistics.json ----


def statistics_document(measurement: Measurement, sections: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the statistics of all records, with the sample's values as the sketch of each feature."""
    features = [
        predicted_statistics(measurement)
        if name == scores.PREDICTED
        else numerical_statistics(measurement, index, name, measurement.table([name])[:, 0])
        for index, name in enumerate(measurement.columns)
    ]
    return {
        "version": VERSION,
        "dataset": {"item_count": measurement.records},
        "features": features if measurement.records else [],
        **(sections or {}),
    }


def numerical_statistics(measurement: Measurement, index: int, name: str, sample: Floats) -> dict[str, Any]:
    moments = measurement.moments
    present = sample[~np.isnan(sample)]
    statistics = {
        "common": {"num_present": int(moments.present[index]), "num_missing": int(moments.missing[index])},
        "mean": float(moments.mean[index]),
        "sum": float(moments.mean[index] * moments.present[index]),
        "std_dev": float(moments.deviation[index]),
        "min": float(moments.low[index]),
        "max": float(moments.high[index]),
        "distribution": {
            "kll": {
                "buckets": buckets(present),
                "sketch": {"parameters": SKETCH_PARAMETERS, "data": [sample.tolist()]},
            }
        },
    }
    return {"name": name, "inferred_type": inferred_type(name), "numerical_statistics": statistics}


def buckets(values: Floats) -> list[dict[str, float]]:
    if not len(values):
        return []
    counts, bounds = np.histogram(values, BUCKETS)
    return [
        {"lower_bound": float(low), "upper_bound": float(high), "count": float(count)}
        for low, high, count in zip(bounds, bounds[1:], counts)
    ]


def inferred_type(name: str) -> str:
    return "String" if name == scores.PREDICTED else "Integral" if name in INTEGRAL else "Fractional"


def predicted_statistics(measurement: Measurement) -> dict[str, Any]:
    """Return how often each class was answered, with 0 for classes that never were."""
    counts = measurement.class_counts[: measurement.classes]
    shown = [{"value": str(index), "count": int(count)} for index, count in enumerate(counts)]
    present = int(counts.sum())
    return {
        "name": scores.PREDICTED,
        "inferred_type": "String",
        "string_statistics": {
            "common": {"num_present": present, "num_missing": measurement.records - present},
            "distinct_count": float((counts > 0).sum()),
            "distribution": {"categorical": {"buckets": shown}},
        },
    }


# ---- constraints.json ----


def constraints_document(measurement: Measurement, sections: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the constraints that the baseline suggests."""
    moments = measurement.moments
    total = np.maximum(moments.present + moments.missing, 1)
    features = [
        {
            "name": name,
            "inferred_type": inferred_type(name),
            "completeness": float(moments.present[index] / total[index]),
            **type_constraints(name, float(moments.low[index])),
        }
        for index, name in enumerate(measurement.columns)
    ]
    return {
        "version": VERSION,
        "features": features if measurement.records else [],
        "monitoring_config": {
            "evaluate_constraints": "Enabled",
            "emit_metrics": "Enabled",
            "datatype_check_threshold": 1.0,
            "domain_content_threshold": 1.0,
            "distribution_constraints": {
                "perform_comparison": "Enabled",
                "comparison_threshold": MINIMUM_EFFECT,
                "comparison_method": "Robust",
            },
            "image_monitoring": {
                "significance_level": SIGNIFICANCE,
                "minimum_effect": MINIMUM_EFFECT,
                "minimum_records": MINIMUM_RECORDS,
            },
        },
        **(sections or {}),
    }


def type_constraints(name: str, low: float) -> dict[str, Any]:
    if name == scores.PREDICTED:
        return {"string_constraints": {"domains": []}}
    return {"num_constraints": {"is_non_negative": bool(low >= 0)}}


# ---- constraint_violations.json ----


def violations_document(violations: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    return {"violations": list(violations)}


def drift_violation(test: Evidence, description: str) -> dict[str, str]:
    check = "categorical_values_check" if test.feature == scores.PREDICTED else "baseline_drift_check"
    return {"feature_name": test.subject, "constraint_check_type": check, "description": description}


def completeness_violations(measurement: Measurement, constraints: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return a violation for images and for answers that are missing more often than in the baseline."""
    required = {feature["name"]: feature for feature in constraints.get("features", [])}
    violations = []
    for name in (NAMES[0], scores.CONFIDENCE):
        if name not in required or name not in measurement.columns or not measurement.records:
            continue
        index = measurement.columns.index(name)
        share = float(measurement.moments.present[index] / measurement.records)
        if share < float(required[name].get("completeness", 1.0)):
            description = (
                f"{int(measurement.moments.missing[index])} of {measurement.records} records have no readable "
                f"{'image' if name in (*NAMES, *SIZES) else 'answer'}: completeness is {share:.4f}, "
                f"the baseline's {required[name]['completeness']:.4f}"
            )
            violations.append(
                {"feature_name": name, "constraint_check_type": "completeness_check", "description": description}
            )
    return violations


def quality_violation(shortfall: Shortfall, description: str) -> dict[str, str]:
    return {
        "metric_name": shortfall.metric,
        "constraint_check_type": "LessThanThreshold",
        "description": description,
    }


def report_document(verdict: Verdict | None, message: str, metrics: Mapping[str, float], **more: Any) -> dict[str, Any]:
    """Return `report.json`, which programs read: the message, the metrics, and the tests with their numbers."""
    tests = reported_tests(verdict) if verdict else []
    return {"message": message, "metrics": dict(metrics), "tests": tests, **more}


def reported_tests(verdict: Verdict) -> list[dict[str, Any]]:
    """Return all tests but those of rare values that show no drift: there are four for each image statistic."""
    return [
        {
            "family": test.family,
            "feature": test.feature,
            "p": test.p,
            "corrected_p": test.corrected,
            "effect": test.effect,
            "before": test.before,
            "after": test.after,
            "shares": test.shares,
            "at": test.at,
        }
        for test in verdict.tests
        if test.family != RARE_VALUES or test in verdict.drifted
    ]
