"""The Amazon States Language, clause by clause: each row is a test."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.integration.states_language.catalog import rows
from tests.integration.states_language.executions import Executions, Outcome
from tests.integration.states_language.row import Matching, Row, Satisfying

DIFFERENCES = Path(__file__).parents[3] / "docs" / "differences.md"
ROWS = dict(rows())


def named(expected: Any, executions: Executions) -> Any:
    """Put the tests' resources into the places of an expected output."""
    if isinstance(expected, str):
        for name, value in executions.names.items():
            expected = expected.replace("${" + name + "}", value)
        return Matching("row-[0-9a-f]{12}") if expected == "${name}" else expected
    if isinstance(expected, list):
        return [named(element, executions) for element in expected]
    if isinstance(expected, dict):
        return {key: named(value, executions) for key, value in expected.items()}
    return expected


def same(expected: Any, output: Any) -> bool:
    """Whether the values are equal, and a number is not taken for a boolean."""
    if isinstance(expected, Matching | Satisfying):
        return bool(expected == output)
    if isinstance(expected, dict) and isinstance(output, dict):
        return expected.keys() == output.keys() and all(same(expected[name], output[name]) for name in expected)
    if isinstance(expected, list) and isinstance(output, list):
        return len(expected) == len(output) and all(map(same, expected, output))
    if isinstance(expected, int) and isinstance(output, int | float) and not isinstance(expected, bool):
        return type(expected) is type(output) and expected == output
    return isinstance(expected, bool) is isinstance(output, bool) and bool(expected == output)


def agrees(row: Row, outcome: Outcome, executions: Executions) -> bool:
    if row.refused:
        return outcome.refused is not None and "InvalidDefinition" in outcome.refused
    if outcome.refused is not None:
        return False
    if row.error is not None:
        return outcome.error == row.error and (row.cause is None or row.cause in (outcome.cause or ""))
    return outcome.error is None and same(named(row.output, executions), outcome.output)


@pytest.mark.parametrize("name", ROWS, ids=list(ROWS))
def test_row(name: str, outcomes: dict[str, Outcome], executions: Executions) -> None:
    row, outcome = ROWS[name], outcomes[name]
    if row.difference:
        assert not agrees(row, outcome, executions), "this is no difference any more: take it off the list"
        assert row.difference in DIFFERENCES.read_text(), f"docs/differences.md does not say: {row.difference}"
        return
    assert agrees(row, outcome, executions), (
        f"{row.name}\n{row.source}\n"
        f"definition {json.dumps(row.definition, ensure_ascii=False)[:600]}\n"
        f"input {str(row.input)[:200]}\n"
        f"expected {'a refusal' if row.refused else (row.error, row.cause) if row.error is not None else row.output}\n"
        f"got {outcome}"[:3000]
    )


def test_the_suite_has_at_least_300_rows_each_with_a_source() -> None:
    assert len(ROWS) >= 300
    assert all(row.source for row in ROWS.values())
