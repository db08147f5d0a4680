"""Write docs/operations.md from the docstrings of the operations: `python -m sagemaker_emulator.operations_page`."""

from __future__ import annotations

import inspect
import sys
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from sagemaker_emulator.operations import METRICS_OPERATIONS, OPERATIONS, RUNTIME_OPERATIONS
from sagemaker_emulator.wire import operation_names

SERVICES = ("sagemaker", "sagemaker-runtime", "sagemaker-metrics", "application-autoscaling")
HEAD = """# Operations

`make docs` generates this page from the code, and a test compares them. Every operation below validates its request
against AWS's own model (required, type, length, range, pattern, enum) and does its work with real containers and real
files. An empty note means that the operation needs no explanation. Any other operation of SageMaker, of its runtime or
of Application Auto Scaling fails with the error `UnsupportedOperation`, which names the operation.
"""


def page() -> str:
    groups: dict[str, list[str]] = defaultdict(list)
    emulated = {**OPERATIONS, **RUNTIME_OPERATIONS, **METRICS_OPERATIONS}
    for name, function in emulated.items():
        groups[_title(function)].append(f"| {name} | {_notes(function)} |")
    tables = [f"## {title}\n\n| operation | notes |\n|---|---|\n" + "\n".join(rows) for title, rows in groups.items()]
    total = sum(len(operation_names(service)) for service in SERVICES)
    count = f"{len(emulated)} of AWS's {total} operations are emulated.\n"
    return "\n".join([HEAD, count, "\n\n".join(tables)]) + "\n"


def _title(function: Callable[..., Any]) -> str:
    return function.__module__.rpartition(".")[2].replace("_", " ").capitalize()


def _notes(function: Callable[..., Any]) -> str:
    return " ".join((inspect.getdoc(function) or "").split())


if __name__ == "__main__":
    sys.stdout.write(page())
