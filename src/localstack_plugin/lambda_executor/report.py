"""The log of one invocation: Lambda's own lines around the function's output."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Init:
    """The cold start before an invocation. `notices` say what is not as on AWS."""

    duration_s: float
    output: str
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """The figures of one invocation. `status` and `error_type` are None if it succeeded."""

    request_id: str
    version: str
    output: str
    duration_s: float
    memory_size_mb: int
    peak_memory_mb: int
    init: Init | None
    python_version: str
    status: str | None = None
    error_type: str | None = None


def render(report: Report, failure_lines: list[str]) -> str:
    lines: list[str] = []
    if report.init is not None:
        lines += [f"INIT_START Runtime Version: python:{report.python_version}", *report.init.notices]
        lines += split_lines(report.init.output)
    lines += [f"START RequestId: {report.request_id} Version: {report.version}"]
    lines += split_lines(report.output)
    lines += failure_lines
    lines += [f"END RequestId: {report.request_id}", report_line(report)]
    return "\n".join(lines) + "\n"


def split_lines(output: str) -> list[str]:
    """Split at newlines only: the runtime client joins a traceback with carriage returns, so that it is one event."""
    return output.removesuffix("\n").split("\n") if output else []


def report_line(report: Report) -> str:
    duration_ms = report.duration_s * 1000
    fields = [
        f"REPORT RequestId: {report.request_id}",
        f"Duration: {duration_ms:.2f} ms",
        f"Billed Duration: {math.ceil(duration_ms)} ms",
        f"Memory Size: {report.memory_size_mb} MB",
        f"Max Memory Used: {report.peak_memory_mb} MB",
    ]
    fields += [f"Init Duration: {report.init.duration_s * 1000:.2f} ms"] if report.init else []
    fields += [f"Status: {report.status}", f"Error Type: {report.error_type}"] if report.status else []
    return "\t".join(fields) + "\t"
