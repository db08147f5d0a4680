"""Advice at the end of each command: what to open, and what to do next."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from scones.commands.failures import AWS_ENDS

if TYPE_CHECKING:
    from scones.context import Context

Advice = tuple[tuple[str, str], ...]
CONSOLE = ("in the browser", "scones console")
CLASSIFY = ("classify images", "scones classify")
REPORT = ("the report", "scones report")
MONITOR = ("drift", "scones monitor")
LOAD = ("more traffic", "scones load --rate 5 --for 1m")
REMOVE = ("remove it all", "scones destroy")

NEXT: Mapping[str, Advice] = {
    "deploy": (("the images", "scones stage"), ("or all at once", "scones run"), CONSOLE),
    "stage": (("train a model", "scones train"), ("or with a gate", "scones pipeline")),
    "train": (("serve the model", "scones endpoint"), ("curves and log", "scones console")),
    "endpoint": (CLASSIFY, CONSOLE),
    "classify": (REPORT, CONSOLE),
    "classify-batch": (("captured images", "scones console"), MONITOR),
    "pipeline": (CLASSIFY, MONITOR, CONSOLE),
    "baseline": (("compare now", "scones monitor run"), MONITOR),
    "monitor": (("compare now", "scones monitor run"), ("curves", "scones console")),
    "load": (("captured images", "scones console"), REPORT),
    "report": (CONSOLE, LOAD, MONITOR),
    "run": (CONSOLE, LOAD, MONITOR, REMOVE),
}


def show(context: Context, command: str, *opened: tuple[str, str]) -> None:
    """Print what can be opened, and what to do next. If the local AWS ends with this command, print only the first."""
    context.console.next([*opened, *(() if os.environ.get(AWS_ENDS) else NEXT[command])])
