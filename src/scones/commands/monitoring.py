"""The actions of `scones monitor`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scones.commands import next_steps
from scones.context import Context
from scones.errors import DriftError, NothingComparedError
from scones.monitoring import labels, run
from scones.monitoring.baseline import make_baseline
from scones.stack.outputs import require_output


@dataclass(frozen=True)
class Arguments:
    """hours: length of the window of `run`. answers: file of `label`."""

    hours: float
    answers: Path | None


def status(context: Context, arguments: Arguments) -> None:
    context.console.step("Monitor")
    run.show_status(context)
    next_steps.show(context, "monitor")


def run_now(context: Context, arguments: Arguments) -> None:
    """Compare the traffic with the baseline. Raises DriftError or, without a verdict, NothingComparedError."""
    context.console.step("Compare the traffic with the baseline")
    conclude(context, run.run_monitor(context, arguments.hours))


def conclude(context: Context, output: Mapping[str, Any]) -> None:
    """Print that there is no drift, only if the run has compared something. Raises as run_now does."""
    if output.get("has_violations"):
        raise DriftError(f"endpoint {context.settings.endpoint_name} has drifted")
    if not run.has_compared(output):
        raise NothingComparedError(f"nothing was compared: {run.first_line(output)}")
    context.console.done("No drift")


def baseline(context: Context, arguments: Arguments) -> None:
    context.console.step("Make the baseline of the model in service")
    make_baseline(context)
    next_steps.show(context, "baseline")


def label(context: Context, arguments: Arguments) -> None:
    context.console.step("Label images in the review queue")
    labels.label(context, require_output(context, "ReviewQueueUrl"), arguments.answers)


ACTIONS: dict[str, Callable[[Context, Arguments], None]] = {
    "status": status,
    "run": run_now,
    "baseline": baseline,
    "label": label,
}
