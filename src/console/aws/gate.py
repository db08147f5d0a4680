"""The result of a pipeline's gate: the new model and the one in service, on the same test images.

The function Evaluate writes it as a summary of a few lines, into its output and into the new model's quality report.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from console.aws import endpoints
from console.aws.client import Aws
from console.aws.history.visits import Visit
from console.aws.workflow import workflows
from console.errors import ConsoleError
from display.drift_figures import with_class_names
from display.figures import share

SUMMARY_MAX = 4000
COUNTS = r"[\d.]+, (\d+) of (\d+)"
NEW = re.compile(rf"^New model: {COUNTS}(?: \((.*)\))?$", re.MULTILINE)
SERVED = re.compile(rf"^Model in service: {COUNTS}(?: \((.*)\))?$", re.MULTILINE)
STOPPED = re.compile(r"^Stopped: (.*)$", re.MULTILINE)
PASSED = re.compile(r"^Passed$", re.MULTILINE)
CONDITION = re.compile(r"^Gate: (.*)$", re.MULTILINE)
COUNTED = re.compile(r"[\d.]+, (\d+) of (\d+)")
BELOW = re.compile(r"\b([01]\.\d{3}) below\b(?= the| that)")
SHARE = re.compile(r"\b[01]\.\d{3}\b")


@dataclass(frozen=True)
class Counts:
    """The images that a model classified correctly, and all of them."""

    correct: int
    images: int


@dataclass(frozen=True)
class Gate:
    """The result. `served` is None if no model was in service; `stopped` is why it did not pass, or empty."""

    new: Counts
    served: Counts | None
    by_class: str
    condition: str
    stopped: str
    served_model: str = ""
    """The name of the model that was in service then; empty if the summary does not tell it."""
    served_job: str = ""
    """The training job that made it; empty if it is unknown."""

    @property
    def points(self) -> str:
        """The difference, new minus in service, in points of percent with its sign: `+1.5 points`, or `0`."""
        if self.served is None or not self.new.images or not self.served.images:
            return ""
        value = 100 * (self.new.correct / self.new.images - self.served.correct / self.served.images)
        return "0" if abs(value) < 1e-9 else f"{value:+.1f} points".replace("-", "\N{MINUS SIGN}")

    def naming(self, classes: Sequence[str]) -> Gate:
        """Return the result with the names of classes instead of their numbers."""
        return replace(
            self,
            by_class=with_class_names(self.by_class, classes),
            stopped=with_class_names(self.stopped, classes),
        )


def gate_in(summary: str) -> Gate | None:
    """Return the result that a summary tells; None if the text is no such summary."""
    text = summary[:SUMMARY_MAX]
    new, served, stopped = NEW.search(text), SERVED.search(text), STOPPED.search(text)
    if new is None or not (stopped or PASSED.search(text)):
        return None
    condition = CONDITION.search(text)
    return Gate(
        new=Counts(int(new[1]), int(new[2])),
        served=Counts(int(served[1]), int(served[2])) if served else None,
        by_class=in_percent(new[3] or ""),
        condition=in_percent(condition[1] if condition else ""),
        stopped=in_percent(stopped[1] if stopped else ""),
        served_model=(served[3] or "") if served else "",
    )


def in_percent(text: str) -> str:
    """Return a part of a summary with its shares as pages write them: `97 % (97 of 100)`, and `2 points below`."""
    text = COUNTED.sub(lambda each: f"{share(int(each[1]), int(each[2]))} ({each[1]} of {each[2]})", text)
    text = BELOW.sub(lambda each: f"{100 * float(each[1]):g} points below", text)
    return SHARE.sub(lambda each: share(float(each[0]), 1), text)


def of_visits(visits: Sequence[Visit]) -> Gate | None:
    """Return the result that a state of an execution put out under `evaluation`; None if there is none."""
    for visit in visits:
        if '"evaluation"' not in visit.output:
            continue
        try:
            summary = json.loads(visit.output)["evaluation"]["summary"]
        except (ValueError, LookupError, TypeError):
            continue
        if gate := gate_in(str(summary)):
            return gate
    return None


async def of_report(aws: Aws, uri: str) -> Gate | None:
    """Return the result in a model's quality report; None if it has none, or is gone."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not key:
        return None
    try:
        return gate_in(str(json.loads(await aws.read_object(bucket, key))["gate"]["summary"]))
    except (ConsoleError, ValueError, LookupError, TypeError):
        return None


async def with_names(aws: Aws, gate: Gate | None, machine_arn: str = "") -> Gate | None:
    """Return the result with the names of the workflow's classes: of the one with this pipeline, or the only one.

    It also has the training job of the model that was in service, as far as it is known.
    """
    if gate is None:
        return None
    try:
        gate = replace(gate, served_job=await endpoints.job_of_model(aws, gate.served_model))
        stacks = await workflows(aws)
    except ConsoleError:
        return gate  # the role may not read models or stacks
    own = [stack for stack in stacks if stack.pipeline == machine_arn] if machine_arn else []
    chosen = own or stacks
    return gate.naming(chosen[0].classes) if len(chosen) == 1 else gate
