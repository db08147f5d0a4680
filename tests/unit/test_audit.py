from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
AUDIT = runpy.run_path(str(ROOT / "ci" / "audit" / "audit.py"), run_name="audit")
CLEAN = {"name": "good", "version": "1", "vulns": []}
VULNERABLE = {"name": "bad", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}
UNKNOWN = {"name": "own", "skip_reason": "Dependency not found on PyPI"}


def audit_of(*dependencies: dict[str, Any]) -> Any:
    return AUDIT["audit_of"](Path("some.lock"), dependencies)


@pytest.mark.parametrize(
    ("dependencies", "local", "hosted"),
    [((CLEAN,), 0, 0), ((CLEAN, UNKNOWN), 0, 0), ((CLEAN, VULNERABLE), 1, 1), ((UNKNOWN,), 0, 1), ((), 0, 1)],
)
def test_a_vulnerability_fails_always_and_missing_data_only_where_it_is_required(
    dependencies: tuple[dict[str, Any], ...], local: int, hosted: int
) -> None:
    audits = [audit_of(*dependencies)]
    assert AUDIT["exit_code"](audits, is_required=False) == local
    assert AUDIT["exit_code"](audits, is_required=True) == hosted


def test_the_report_names_the_fix() -> None:
    assert "\n  bad 1: PYSEC-1, fixed in 2" in AUDIT["report"](audit_of(CLEAN, VULNERABLE))


def test_the_report_says_when_nothing_was_looked_up() -> None:
    assert "could not be reached" in AUDIT["report"](audit_of(UNKNOWN))


def test_every_lock_file_is_audited() -> None:
    (line,) = [line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith("LOCK_FILES :=")]
    folders = ("src", "tests", "benchmarks", "docker", "ci")
    locks = {
        "requirements.lock",
        *(str(path.relative_to(ROOT)) for name in folders for path in (ROOT / name).rglob("*.lock")),
    }
    assert locks == set(line.removeprefix("LOCK_FILES :=").split())
