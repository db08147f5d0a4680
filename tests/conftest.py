"""Count test outcomes per suite and cloud, print them after a run, and append them to a file that make prints."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

OUTCOMES = ("passed", "failed", "error", "skipped")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = counts({name: terminalreporter.getreports(name) for name in OUTCOMES})
    for line in lines:
        terminalreporter.write_line(line)
    if counts_file := os.environ.get("SCONES_TEST_COUNTS"):
        with Path(counts_file).open("a") as file:
            file.writelines(f"{line}\n" for line in lines)


def counts(reports: dict[str, list[pytest.TestReport]]) -> list[str]:
    counted = Counter((suite_of(one.nodeid), outcome) for outcome, group in reports.items() for one in group)
    suites = sorted({suite for suite, _ in counted})
    return [
        f"{suite:<34}" + "".join(f"{counted[suite, outcome]:>6} {outcome}" for outcome in OUTCOMES) for suite in suites
    ]


def suite_of(test: str) -> str:
    """Return a test's suite, such as `tests/unit`, with the cloud if several clouds run the suite."""
    suite = "/".join(test.split("::")[0].split("/")[:2])
    is_on_a_cloud = suite == "tests/integration"
    return f"{suite} on {os.environ.get('SCONES_TEST_CLOUD') or 'embedded'}" if is_on_a_cloud else suite
