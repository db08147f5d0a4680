"""JSON schemas of Model Monitor's documents, written from the developer guide.

Sources: "Schema for Statistics", "Schema for Constraints", "Schema for Violations" and "Model quality metrics".
Only members that the guide shows are allowed, each with its type, so that a misspelled member is noticed.
"""

from __future__ import annotations

from typing import Any

NUMBER = {"type": "number"}
TEXT = {"type": "string"}
ENABLED = {"enum": ["Enabled", "Disabled"]}
TYPES = {"enum": ["Integral", "Fractional", "String", "Unknown"]}


def record(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    properties = {**required, **(optional or {})}
    return {"type": "object", "required": list(required), "properties": properties, "additionalProperties": False}


def listed(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


COMMON = record({"num_present": NUMBER, "num_missing": NUMBER})
KLL = record(
    {
        "buckets": listed(record({"lower_bound": NUMBER, "upper_bound": NUMBER, "count": NUMBER})),
        "sketch": record({"parameters": record({"c": NUMBER, "k": NUMBER}), "data": listed(listed(NUMBER))}),
    }
)
NUMERICAL = record(
    {
        "common": COMMON,
        "mean": NUMBER,
        "sum": NUMBER,
        "std_dev": NUMBER,
        "min": NUMBER,
        "max": NUMBER,
        "distribution": record({"kll": KLL}),
    }
)
CATEGORICAL = record({"categorical": record({"buckets": listed(record({"value": TEXT, "count": NUMBER}))})})
STRINGS = record({"common": COMMON, "distinct_count": NUMBER}, {"distribution": CATEGORICAL})
FEATURE_STATISTICS = record(
    {"name": TEXT, "inferred_type": TYPES}, {"numerical_statistics": NUMERICAL, "string_statistics": STRINGS}
)
STATISTICS = record(
    {"version": NUMBER, "dataset": record({"item_count": NUMBER}), "features": listed(FEATURE_STATISTICS)}
)

DISTRIBUTION_CONSTRAINTS = record(
    {
        "perform_comparison": ENABLED,
        "comparison_threshold": NUMBER,
        "comparison_method": {"enum": ["Simple", "Robust"]},
    },
    {"categorical_comparison_threshold": NUMBER, "categorical_drift_method": {"enum": ["LInfinity", "ChiSquared"]}},
)
OPTIONS = {
    "evaluate_constraints": ENABLED,
    "emit_metrics": ENABLED,
    "datatype_check_threshold": NUMBER,
    "domain_content_threshold": NUMBER,
}
MONITORING_CONFIG = record({**OPTIONS, "distribution_constraints": DISTRIBUTION_CONSTRAINTS})
OVERRIDES = record({}, {**OPTIONS, "distribution_constraints": {**DISTRIBUTION_CONSTRAINTS, "required": []}})
FEATURE_CONSTRAINTS = record(
    {"name": TEXT, "inferred_type": TYPES, "completeness": NUMBER},
    {
        "num_constraints": record({"is_non_negative": {"type": "boolean"}}),
        "string_constraints": record({"domains": listed(TEXT)}),
        "monitoringConfigOverrides": OVERRIDES,
        "monitoring_config_overrides": OVERRIDES,  # the name that the SDK writes
    },
)
CONSTRAINTS = record(
    {"version": NUMBER, "features": listed(FEATURE_CONSTRAINTS), "monitoring_config": MONITORING_CONFIG}
)

CHECKS = [
    "data_type_check",
    "completeness_check",
    "baseline_drift_check",
    "missing_column_check",
    "extra_column_check",
    "categorical_values_check",
]
VIOLATION = record({"feature_name": TEXT, "constraint_check_type": {"enum": CHECKS}, "description": TEXT})
VIOLATIONS = record({"violations": listed(VIOLATION)})

METRIC = record({"value": NUMBER, "standard_deviation": {"anyOf": [NUMBER, {"const": "NaN"}]}})
MATRIX = {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": {"type": "integer"}}}
CONSTANT = "_best_constant_classifier"
SCORES = ("f0_5", "f1", "f2")
BINARY_NAMES = ("recall", "precision", "accuracy", *SCORES)
RATES = ("true_positive_rate", "true_negative_rate", "false_positive_rate", "false_negative_rate")
MULTICLASS_NAMES = ("accuracy", "weighted_recall", "weighted_precision", *(f"weighted_{name}" for name in SCORES))
CURVES = {
    "receiver_operating_characteristic_curve": record(
        {"false_positive_rates": listed(NUMBER), "true_positive_rates": listed(NUMBER)}
    ),
    "precision_recall_curve": record({"precisions": listed(NUMBER), "recalls": listed(NUMBER)}),
}
QUALITY_METRICS = {
    "regression": record(dict.fromkeys(("mae", "mse", "rmse", "r2"), METRIC)),
    "binary_classification": record(
        {
            "confusion_matrix": MATRIX,
            **dict.fromkeys([*BINARY_NAMES, *(f"{name}{CONSTANT}" for name in BINARY_NAMES), *RATES], METRIC),
        },
        {"auc": METRIC, **CURVES},
    ),
    "multiclass_classification": record(
        {
            "confusion_matrix": MATRIX,
            **dict.fromkeys([*MULTICLASS_NAMES, *(f"{name}{CONSTANT}" for name in MULTICLASS_NAMES)], METRIC),
        }
    ),
}
THRESHOLD = record(
    {"threshold": NUMBER, "comparison_operator": {"enum": ["LessThanThreshold", "GreaterThanThreshold"]}}
)
QUALITY_VIOLATION = record({"constraint_check_type": TEXT, "description": TEXT, "metric_name": TEXT})
QUALITY_VIOLATIONS = record({"violations": listed(QUALITY_VIOLATION)})


def quality_statistics(word: str) -> dict[str, Any]:
    dataset = record({"item_count": NUMBER, "evaluation_time": TEXT})
    return record({"version": NUMBER, "dataset": dataset, f"{word}_metrics": QUALITY_METRICS[word]})


def quality_constraints(word: str) -> dict[str, Any]:
    return record({"version": NUMBER, f"{word}_constraints": {"type": "object", "additionalProperties": THRESHOLD}})
