"""Run one job over a table, for data quality or model quality: make a baseline, or compare a window with one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from image_monitoring.contract import Contract, InputError
from image_monitoring.tabular.checks import Checks
from image_monitoring.tabular.columns import COLUMNS_MAX, Profile
from image_monitoring.tabular.constraints import LINFINITY, Constraints, suggested_constraints
from image_monitoring.tabular.metric_lines import data_lines, quality_lines, write_lines
from image_monitoring.tabular.model_quality.predictions import Attributes, read_predictions
from image_monitoring.tabular.model_quality.thresholds import problem_type, statistics_of, suggested, violations
from image_monitoring.tabular.records import Dataset
from image_monitoring.tabular.scripts import POSTPROCESS, load_handler
from image_monitoring.tabular.statistics import VERSION, statistics_document

STATISTICS, CONSTRAINTS, VIOLATIONS = "statistics.json", "constraints.json", "constraint_violations.json"


def analyze_table(contract: Contract) -> str:
    """Run the job that the contract describes, write its documents and metrics, and return the exit message.

    Raises InputError, which says what is wrong with the job's variables or files.
    """
    contract.output.mkdir(parents=True, exist_ok=True)
    dataset = Dataset.of(contract)
    constraints = _document(contract.path("baseline_constraints"), CONSTRAINTS)
    is_quality = contract.is_model_quality
    found = _model_quality(dataset, constraints) if is_quality else _data_quality(dataset, constraints)
    if postprocess := load_handler(contract.path("post_analytics_processor_script"), POSTPROCESS):
        postprocess()
    if found is None:
        return "Completed: Job completed successfully with no violations."
    _write(contract, VIOLATIONS, {"violations": found})
    if not found:
        return "Completed: Job completed successfully with no violations."
    return f"CompletedWithViolations: Job completed successfully with {len(found)} violations."


def _data_quality(dataset: Dataset, document: Mapping[str, Any] | None) -> list[dict[str, str]] | None:
    """Return the violations, or None for a baseline."""
    contract = dataset.contract
    if document is None:
        profile = _profile(dataset, Profile.of(dataset.rows()))
        method = contract.variables.get("categorical_drift_method") or LINFINITY
        _write(contract, STATISTICS, statistics_document(profile))
        _write(contract, CONSTRAINTS, suggested_constraints(profile, method))
        return None
    constraints = Constraints.read(document)
    profile = _profile(dataset, Profile.of(dataset.rows(constraints.names), constraints.names))
    checks = Checks(constraints, _document(contract.path("baseline_statistics"), STATISTICS) or {})
    found = checks.violations(profile)
    _write(contract, STATISTICS, statistics_document(profile, constraints.types))
    _write(contract, CONSTRAINTS, document)
    if constraints.emits_metrics:
        _publish(contract, data_lines(profile, checks.distances))
    return found


def _model_quality(dataset: Dataset, document: Mapping[str, Any] | None) -> list[dict[str, str]] | None:
    contract = dataset.contract
    problem = problem_type(contract.variables.get("problem_type", ""))
    predictions = list(read_predictions(dataset, Attributes.of(contract)))
    statistics = statistics_of(problem, predictions)
    now = datetime.now(timezone.utc)
    seen = {"item_count": len(predictions), "evaluation_time": now.isoformat(timespec="milliseconds")}
    _write(contract, STATISTICS, {"version": VERSION, "dataset": seen, f"{problem.word}_metrics": statistics})
    if document is None:
        _write(contract, CONSTRAINTS, {"version": VERSION, **suggested(problem, statistics)})
        return None
    _write(contract, CONSTRAINTS, document)
    _publish(contract, quality_lines(statistics))
    return violations(problem, statistics, document)


def _profile(dataset: Dataset, profile: Profile) -> Profile:
    """Return the profile. Raises InputError for a dataset without rows."""
    if profile.left_out:
        dataset.unreadable[f"there are more than {COLUMNS_MAX} columns"] += profile.left_out
    if not profile.rows:
        reason = f": {dataset.complaint}" if dataset.complaint else ""
        raise InputError(f"the dataset in {dataset.contract.dataset} has no rows in the window{reason}")
    if dataset.complaint:
        print(dataset.complaint, flush=True)  # noqa: T201 - the job's log
    return profile


def _publish(contract: Contract, lines: Iterator[dict[str, Any]]) -> None:
    if contract.publishes_metrics:
        write_lines(contract, lines)


def _document(path: Path | None, name: str) -> dict[str, Any] | None:
    """Return a document of the baseline, whose variable names the file or its folder; None if it names nothing."""
    if path is None:
        return None
    file = path / name if path.is_dir() else path
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"the baseline's {file.name} cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise InputError(f"the baseline's {file.name} is not an object")
    return document


def _write(contract: Contract, name: str, document: Mapping[str, Any]) -> None:
    (contract.output / name).write_text(json.dumps(document, indent=2), encoding="utf-8")
