"""Analyze one window: from the capture files to the documents, the metrics and the message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from image_monitoring.baseline import measure
from image_monitoring.comparison import quality
from image_monitoring.comparison.quality import Quality
from image_monitoring.comparison.reference import CONSTRAINTS, STATISTICS, Reference, read_constraints, read_reference
from image_monitoring.comparison.window import MINIMUM_RECORDS, Verdict, judge
from image_monitoring.contract import Contract, InputError, only_file
from image_monitoring.measuring.measurement import Measurement
from image_monitoring.reading.capture import Capture
from image_monitoring.reading.ground_truth import read_ground_truth
from image_monitoring.reporting import documents, explanation, metrics

REPORT = "report.json"
EXAMPLES = "examples"


@dataclass(frozen=True)
class Findings:
    """The findings of an analysis.

    is_decided: whether there were enough records for a verdict. problems: sentences for people, worst first.
    """

    verdict: Verdict | None
    is_decided: bool
    violations: list[dict[str, str]]
    problems: list[str]


def analyze(contract: Contract) -> tuple[str, bool]:
    """Compare the window with the baseline, write everything, and return the message and whether it has violations."""
    capture = Capture(contract.dataset, contract.time("start_time"), contract.time("end_time"))
    truth = read_ground_truth(contract.path("ground_truth_source"))
    reference = baseline_of(contract)
    measured, judged = measure(capture, truth, reference.classes or None, reference.model)
    found = findings(contract, reference, measured, judged)
    examples = write_examples(contract, capture, found.verdict, measured) if found.violations else []
    message = message_of(contract, capture, found, examples)
    values = all_metrics(contract, found, measured, judged)
    write_all(contract, measured, judged, found, reference.constraints)
    more: dict[str, Any] = {
        "has_violations": bool(found.violations),
        "different_images": measured.images,
        "minimum_records": int(reference.setting("minimum_records", MINIMUM_RECORDS)),
        "since": since_text(contract, found),
        "examples": examples,
        "metric_data": metrics.metric_data(values, contract.endpoint, contract.schedule),
    }
    documents.write(contract.output / REPORT, documents.report_document(found.verdict, message, values, **more))
    if contract.publishes_metrics and reference.emits_metrics:
        time = contract.time("end_time") or datetime.now(timezone.utc)
        metrics.write_lines(contract.metrics_file, more["metric_data"], time)
    return message, bool(found.violations)


def baseline_of(contract: Contract) -> Reference:
    """Return the baseline that the job names. A model-quality job may have constraints alone."""
    statistics = only_file(contract.path("baseline_statistics"), STATISTICS)
    constraints = only_file(contract.path("baseline_constraints"), CONSTRAINTS)
    if constraints is None:
        raise InputError("baseline_constraints names no file: an analysis needs the constraints of a baseline")
    if statistics is None:
        if not contract.is_model_quality:
            raise InputError("baseline_statistics names no file: drift cannot be measured without a baseline")
        return Reference({}, {}, {}, read_constraints(constraints))
    return read_reference(statistics, constraints)


def findings(contract: Contract, reference: Reference, measured: Measurement, judged: Quality) -> Findings:
    """Judge drift and quality. A model-quality job judges quality alone."""
    violations: list[dict[str, str]] = []
    problems: list[str] = []
    verdict = None
    is_decided = judged.confusion.items >= reference.setting("minimum_records", MINIMUM_RECORDS)
    for shortfall in quality.shortfalls(judged, reference.constraints):
        if not reference.evaluates(shortfall.metric):
            continue
        problems.append(explanation.shortfall_sentence(shortfall))
        violations.append(documents.quality_violation(shortfall, problems[-1]))
    if not contract.is_model_quality:
        verdict = judge(reference, measured)
        is_decided = verdict.is_conclusive
        for violation in documents.completeness_violations(measured, reference.constraints):
            if not reference.evaluates(violation["feature_name"]):
                continue
            violations.append(violation)
            problems.append(violation["description"])
        for test in verdict.drifted:
            problems.append(explanation.drift_sentence(test))
            violations.append(documents.drift_violation(test, problems[-1]))
    return Findings(verdict, is_decided, violations, problems)


def message_of(contract: Contract, capture: Capture, found: Findings, examples: list[str]) -> str:
    window = explanation.window_text(capture.start, capture.end)
    notes = [f"Examples: {', '.join(examples)}"] if examples else []
    if capture.unreadable_count:
        notes.append(f"{capture.unreadable_count} lines are not captured records, first {capture.unreadable[0]}.")
    since = drifting_since(contract, found)
    return explanation.summary(contract.endpoint, found.verdict, found.problems, window, since, notes)


def drifting_since(contract: Contract, found: Findings) -> datetime | None:
    """Return the start of the window in which the drift was found: an earlier one that the job names, or this one.

    A window with too few records does not end a drift.
    """
    earlier = contract.time("drifting_since")
    if found.violations:
        return earlier or contract.time("start_time")
    return None if found.is_decided else earlier


def since_text(contract: Contract, found: Findings) -> str:
    since = drifting_since(contract, found)
    return "" if since is None else f"{since:%Y-%m-%dT%H:%M:%SZ}"


def all_metrics(contract: Contract, found: Findings, measured: Measurement, judged: Quality) -> dict[str, float]:
    threshold = float(contract.variables.get("low_confidence_below") or metrics.LOW_CONFIDENCE)
    values = metrics.model_metrics(judged)
    if contract.is_model_quality:
        # at least one metric: PutMetricData refuses an empty list
        values = {"labeled_records": float(judged.confusion.items), **values}
        if found.is_decided or found.violations:
            values["low_quality"] = float(bool(found.violations))
    if found.verdict is not None:
        values = {**metrics.data_metrics(measured, found.verdict, len(found.violations), threshold), **values}
    return values


def write_all(
    contract: Contract, measured: Measurement, judged: Quality, found: Findings, constraints: Mapping[str, Any]
) -> None:
    """Write the three documents. The violations get both of the file names that AWS documents."""
    statistics = documents.statistics_document(measured, quality.statistics_of(judged))
    documents.write(contract.output / STATISTICS, statistics)
    documents.write(contract.output / CONSTRAINTS, constraints)
    for name in documents.VIOLATIONS_FILES:
        documents.write(contract.output / name, documents.violations_document(found.violations))


def write_examples(contract: Contract, capture: Capture, verdict: Verdict | None, measured: Measurement) -> list[str]:
    """Write the images that are most unlike the baseline, and return the names of their files below the output.

    The capture is read once more: holding every image of a window would fill the memory.
    """
    wanted = {measured.identities[place]: rank for rank, place in enumerate(verdict.unusual)} if verdict else {}
    names: dict[int, str] = {}
    again = Capture(capture.folder, capture.start, capture.end)
    for record in again.read() if wanted else ():
        if (rank := wanted.get(record.event_id)) is not None and rank not in names:
            names[rank] = write_example(contract.output, record.event_id, record.image)
            if len(names) == len(wanted):
                break
    return [names[rank] for rank in sorted(names)]


def write_example(output: Path, event_id: str, image: bytes) -> str:
    safe = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in event_id)[:80]
    suffix = ".jpg" if image.startswith(b"\xff\xd8") else ".png"
    path = output / EXAMPLES / f"{safe}{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(image)
    return path.relative_to(output).as_posix()
