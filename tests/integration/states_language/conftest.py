"""Runs every row once, and says at the end how many there were."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.integration.states_language.catalog import rows
from tests.integration.states_language.executions import Executions, Outcome

ROW = "states_language/test_rows.py::test_row["


@pytest.fixture(scope="session")
def executions(client: Callable[[str], Any]) -> Executions:
    return Executions(client)


@pytest.fixture(scope="session")
def outcomes(executions: Executions, request: pytest.FixtureRequest) -> dict[str, Outcome]:
    """Return the outcomes of the rows whose tests were selected."""
    selected = {item.callspec.id for item in request.session.items if hasattr(item, "callspec")}
    wanted = [(name, row) for name, row in rows() if name in selected]
    results = executions.all_outcomes([row for _, row in wanted])
    return {name: outcome for (name, _), outcome in zip(wanted, results, strict=True)}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counts = {
        outcome: [
            report
            for report in terminalreporter.stats.get(outcome, [])
            if ROW in report.nodeid and report.when == "call"
        ]
        for outcome in ("passed", "failed")
    }
    if not any(counts.values()):
        return
    differences = [
        row
        for name, row in rows()
        if row.difference and any(f"[{name}]" in report.nodeid for report in counts["passed"])
    ]
    total = sum(map(len, counts.values()))
    terminalreporter.write_line(
        f"states language: {total} rows, {len(counts['passed']) - len(differences)} passed, "
        f"{len(differences)} listed differences, {len(counts['failed'])} unexplained"
    )
