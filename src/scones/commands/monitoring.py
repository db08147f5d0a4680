"""The actions of `scones monitor`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scones.commands import next_steps
from scones.context import Context
from scones.errors import DriftError
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
    """Compare the traffic with the baseline. Raises DriftError if it has drifted."""
    context.console.step("Compare the traffic with the baseline")
    if run.run_monitor(context, arguments.hours):
        raise DriftError(f"endpoint {context.settings.endpoint_name} has drifted")
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
