"""Verdicts: what the workflow decided about the image of an execution, and where it went."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from console.aws.executions import Execution
from console.aws.history.visits import Visit
from console.aws.workflow import Workflow


@dataclass(frozen=True)
class Share:
    """The probability of one class; `number` is its place among the classes."""

    number: int
    name: str
    probability: float


@dataclass(frozen=True)
class Verdict:
    """The class that the model chose, its confidence, and the probability of each class, in the model's order."""

    label: str
    number: int
    confidence: float
    threshold: float
    shares: tuple[Share, ...]
    destination: str
    """The queue that the image's class leads to; the review queue below the threshold."""

    @property
    def is_certain(self) -> bool:
        return self.confidence >= self.threshold

    @property
    def sentence(self) -> str:
        if self.is_certain:
            return f"{self.label} {_rounded(self)}, at least the threshold {self.threshold:g}: {self.destination}"
        return f"{self.label} {_rounded(self)}, below the threshold {self.threshold:g}: to the review queue"


def _rounded(verdict: Verdict) -> str:
    """Return the confidence with as many digits, from three, as tell it from the threshold."""
    for digits in (3, 4, 6):
        text = f"{verdict.confidence:.{digits}f}"
        if (float(text) >= verdict.threshold) == verdict.is_certain:
            return text
    return repr(verdict.confidence)


def verdict_of(workflow: Workflow, execution: Execution, visits: Iterable[Visit]) -> Verdict | None:
    """Return the verdict; None before the model has answered, or if no state's output has it.

    The output of a successful execution has it. One that failed has none, so the outputs of its states are searched,
    the last first.
    """
    for text in (execution.output, *(visit.output for visit in reversed(list(visits)))):
        if verdict := _verdict_in(workflow, text):
            return verdict
    return None


def _verdict_in(workflow: Workflow, text: str) -> Verdict | None:
    inferences = _inferences(text)
    if not inferences:
        return None
    shares = shares_of(inferences, workflow.classes)
    best = max(shares, key=lambda share: share.probability)
    is_certain = best.probability >= workflow.threshold
    if not is_certain:
        destination = workflow.review_queue.name
    else:
        destination = workflow.bay_of(best.name).name.lower() if workflow.has_bays else "to its loading bay"
    return Verdict(best.name, best.number, best.probability, workflow.threshold, shares, destination)


def shares_of(probabilities: Sequence[float], classes: Sequence[str]) -> tuple[Share, ...]:
    """Return the probability of each class, with the classes' names if there are as many."""
    names = classes if len(classes) == len(probabilities) else ()
    return tuple(
        Share(number, names[number] if names else f"class {number}", value)
        for number, value in enumerate(probabilities)
    )


def _inferences(text: str) -> list[float]:
    """Return the probabilities in a state's output; empty if it has none."""
    try:
        value: Any = json.loads(text)
    except ValueError:
        return []
    inferences = value.get("inferences") if isinstance(value, dict) else None
    if not isinstance(inferences, list) or not all(_is_probability(each) for each in inferences):
        return []
    return [float(each) for each in inferences]


def _is_probability(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
