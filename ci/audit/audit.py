"""Ask PyPI for known vulnerabilities of every package in the lock files: `make audit`.

    python ci/audit/audit.py [--required] LOCK_FILE...

Exit code 1 when a package has a known vulnerability. Where PyPI's data cannot be reached, there is no result: the exit
code is 0, or 1 with --required, as in the hosted CI. pip-audit itself counts packages that it cannot look up as
skipped, and succeeds.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIMEOUT_S = 15


@dataclass(frozen=True)
class Audit:
    """The result for one lock file; `vulnerable` has a line for each vulnerability."""

    lock_file: Path
    looked_up: int = 0
    skipped: tuple[str, ...] = ()
    vulnerable: tuple[str, ...] = ()
    error: str = ""

    @property
    def is_answered(self) -> bool:
        """Whether PyPI answered at all."""
        return self.looked_up > 0


def main(arguments: Sequence[str]) -> int:
    is_required = "--required" in arguments
    audits = [audit(Path(name)) for name in arguments if not name.startswith("--")]
    for each in audits:
        print(report(each))
    return exit_code(audits, is_required)


def audit(lock_file: Path) -> Audit:
    # the lock file has every version, so pip is not asked to resolve anything
    options = ["--disable-pip", "--no-deps", "--progress-spinner=off", "--format=json", f"--timeout={TIMEOUT_S}"]
    command = [sys.executable, "-m", "pip_audit", *options, "--requirement", str(lock_file)]
    ended = subprocess.run(command, capture_output=True, text=True)
    try:
        return audit_of(lock_file, json.loads(ended.stdout)["dependencies"])
    except ValueError:  # it could not connect, and wrote no JSON
        return Audit(lock_file, error=(ended.stderr.strip().splitlines() or [f"exit code {ended.returncode}"])[-1])


def audit_of(lock_file: Path, dependencies: Sequence[dict[str, Any]]) -> Audit:
    """Return the audit of pip-audit's list: name, version and vulns of a package, or name and skip_reason."""
    looked_up = [each for each in dependencies if "skip_reason" not in each]
    lines = tuple(
        f"{each['name']} {each['version']}: {vulnerability['id']}, fixed in {_versions(vulnerability)}"
        for each in looked_up
        for vulnerability in each["vulns"]
    )
    skipped = tuple(each["name"] for each in dependencies if "skip_reason" in each)
    return Audit(lock_file, len(looked_up), skipped, lines)


def _versions(vulnerability: dict[str, Any]) -> str:
    return ", ".join(vulnerability["fix_versions"]) or "no version"


def report(audit: Audit) -> str:
    if not audit.is_answered:
        return f"{audit.lock_file}: PyPI's data could not be reached {audit.error}".rstrip()
    skipped = f"; not on PyPI: {', '.join(audit.skipped)}" if audit.skipped else ""
    found = f"{len(audit.vulnerable)} known vulnerabilities in {audit.looked_up} packages{skipped}"
    return "\n  ".join([f"{audit.lock_file}: {found}", *audit.vulnerable])


def exit_code(audits: Sequence[Audit], is_required: bool) -> int:
    if any(each.vulnerable for each in audits):
        return 1
    return int(is_required and not all(each.is_answered for each in audits))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
