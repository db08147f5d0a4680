"""The workflow's own monitor: the runs of its state machine, and the state that the last comparison left in S3.

A run's output is the analyzer's whole report: the message, the metrics, and every test with its numbers. A run that had
nothing to compare has a status instead. Runs on the quality, with images that people have labeled, have a state of
their own and do not affect the drift.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from console.aws import state_machines
from console.aws.client import Aws
from console.aws.monitoring.schedules import VIOLATIONS_FILE, Violation, parsed
from console.aws.state_machines import Machine, ended_is_kept
from console.aws.workflow import Workflow
from console.errors import ConsoleError
from display.drift_figures import RARE_VALUES, DriftFigures, with_class_names

RUNS = 48
NO_ENDPOINT = "NoEndpoint"
SHORTAGES = {
    NO_ENDPOINT: "nothing compared: no endpoint",
    "TooEarly": "nothing compared: new model",
    "NoTraffic": "nothing compared: no traffic",
    "NoGroundTruth": "nothing compared: no labels",
}
NOTHING_COMPARED = {
    NO_ENDPOINT: "The endpoint was not in service.",
    "TooEarly": "The model had been in service for less than two minutes.",
    "NoTraffic": "No traffic was captured in this window.",
    "NoGroundTruth": "No record of this window has a label.",
}


@dataclass(frozen=True)
class Comparison:
    """One test of a window against the baseline. The distance is from 0 to 1."""

    family: str
    feature: str
    distance: float
    corrected_p: float
    figures: DriftFigures

    @property
    def subject(self) -> str:
        """The feature itself: a test of rare values also names the range, as in `contrast, lowest 1%`."""
        return self.feature.partition(", ")[0] if self.family == RARE_VALUES else self.feature


@dataclass(frozen=True)
class Run:
    """One run of the monitor. Its tests are empty if there was nothing or too little to compare."""

    name: str
    machine: str
    started: datetime
    status: str
    message: str
    is_quality: bool
    has_violations: bool
    metrics: Mapping[str, float]
    tests: tuple[Comparison, ...]
    examples: tuple[str, ...]
    """The most unusual images, as keys below the run's folder."""
    outcome: str = ""
    """Why nothing was analyzed, one of SHORTAGES; empty if something was."""
    needed: int = 0
    """The number of records that a comparison needs; 0 if the report does not say."""
    images: int | None = None
    """The number of different images among the records, as far as it is known."""

    @property
    def is_analyzed(self) -> bool:
        return self.status == "SUCCEEDED" and bool(self.metrics)

    @property
    def has_compared(self) -> bool:
        """Whether the run judged its window. That of the quality has the metric low_quality only if it did."""
        return self.is_analyzed and bool(self.tests or self.has_violations or "low_quality" in self.metrics)

    @property
    def shortage(self) -> str:
        """Why a run that succeeded compared nothing, in a few words; empty if it compared something."""
        if self.status != "SUCCEEDED" or self.has_compared:
            return ""
        if not self.is_analyzed:
            return SHORTAGES.get(self.outcome, "nothing compared")
        few, name = ("too few labels", "labeled_records") if self.is_quality else ("too little traffic", "records")
        count, noun = int(self.metrics.get(name, 0)), "records"
        if self.images is not None and self.images < self.needed <= count:
            count, noun = self.images, "different images"
        return f"{few}: {count} of {self.needed} {noun} needed" if self.needed else f"{few}: {count} records"

    @property
    def told(self) -> str:
        """The message without the files of its examples, which the page shows as images."""
        return "\n".join(line for line in self.message.splitlines() if not line.startswith("Examples: "))

    @property
    def verdict(self) -> str:
        """Return the status of a run; for one that succeeded, whether it compared anything and found violations."""
        if self.status != "SUCCEEDED":
            return self.status
        if self.has_violations:
            return "CompletedWithViolations"
        return "Completed" if self.has_compared else "Nothing compared"

    @property
    def words(self) -> str:
        """The verdict for people."""
        if self.verdict == "Completed":
            return "quality holds" if self.is_quality else "no drift"
        words = {"CompletedWithViolations": "differs", "RUNNING": "running"}
        return self.shortage or words.get(self.verdict, self.verdict)


@dataclass(frozen=True)
class State:
    """The last comparison: the model, the end of its window, and the start of that in which a drift was found first.

    `since` is None without a drift.
    """

    run: str
    model: str
    end: datetime | None
    since: datetime | None


async def runs(aws: Aws, workflow: Workflow, limit: int = RUNS) -> list[Run]:
    """Return the last runs of the monitor, the newest first."""
    machine = Machine(workflow.monitor.rpartition(":")[2], workflow.monitor, "STANDARD", datetime.now(UTC))
    rows, _ = await state_machines.executions(aws, machine, limit=limit)
    answers = await asyncio.gather(
        *(aws.call("stepfunctions", "describe_execution", ended_is_kept, executionArn=row.arn) for row in rows)
    )
    return [_run(row.name, machine.name, answer, workflow.classes) for row, answer in zip(rows, answers, strict=True)]


async def state(aws: Aws, workflow: Workflow) -> State | None:
    """Return the state after the last comparison; None before the first."""
    document = await _document(aws, workflow, "state.json")
    if not document:
        return None
    end, since = (_time(document.get(key)) for key in ("end", "since"))
    return State(str(document.get("run", "")), str(document.get("model", "")), end, since)


async def violations(aws: Aws, workflow: Workflow, run: str) -> list[Violation]:
    """Return the features that differed in a run, which is named as its processing job; none if its file is gone."""
    try:
        listed = parsed(await aws.read_object(workflow.bucket, _key(workflow, f"runs/{run}/{VIOLATIONS_FILE}")))
    except ConsoleError:
        return []
    return [each.naming(workflow.classes) for each in listed]


def violations_uri(workflow: Workflow, run: str) -> str:
    return f"s3://{workflow.bucket}/{_key(workflow, f'runs/{run}/{VIOLATIONS_FILE}')}"


def example_key(workflow: Workflow, run: str, example: str) -> str:
    """Return the key of an unusual image of a run, which is named as its processing job."""
    return _key(workflow, f"runs/{run}/{example}")


def baseline_uri(workflow: Workflow, model: str) -> str:
    return f"s3://{workflow.bucket}/{_key(workflow, f'baselines/{model}/')}"


def _key(workflow: Workflow, name: str) -> str:
    return f"monitoring/{workflow.endpoint}/{name}"


async def _document(aws: Aws, workflow: Workflow, name: str) -> Mapping[str, Any]:
    try:
        value = json.loads(await aws.read_object(workflow.bucket, _key(workflow, name)))
    except (ConsoleError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _run(name: str, machine: str, answer: Mapping[str, Any], classes: tuple[str, ...]) -> Run:
    output, request = _object(answer.get("output")), _object(answer.get("input"))
    told = str(output.get("message") or NOTHING_COMPARED.get(str(output.get("status")), ""))
    failure = ": ".join(filter(None, (str(answer.get("error", "")), str(answer.get("cause", "")))))
    return Run(
        name=name,
        machine=machine,
        started=answer["startDate"],
        status=answer["status"],
        message=with_class_names(told or failure, classes),
        is_quality=bool(request.get("needs_ground_truth")),
        has_violations=bool(output.get("has_violations")),
        metrics={key: float(value) for key, value in output.get("metrics", {}).items()},
        tests=tuple(_comparison(each, classes) for each in output.get("tests", ())),
        examples=tuple(str(each) for each in output.get("examples", ()) if isinstance(each, str)),
        outcome=str(output.get("status", "")),
        needed=int(output.get("minimum_records", 0)),
        images=output.get("different_images"),
    )


def _comparison(each: Mapping[str, Any], classes: tuple[str, ...]) -> Comparison:
    family, feature = str(each["family"]), with_class_names(str(each["feature"]), classes)
    distance = float(each["effect"])
    shares = tuple(each.get("shares") or ())
    figures = DriftFigures(
        family, feature, distance, each.get("before"), each.get("after"), shares or None, each.get("at"), classes
    )
    return Comparison(family, feature, distance, float(each["corrected_p"]), figures)


def _object(text: object) -> Mapping[str, Any]:
    try:
        value = json.loads(str(text))
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _time(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
