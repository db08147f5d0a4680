"""Measure how long the first lines of a notebook take, with and without the SDK's imports.

The lines are those of `tests/notebooks/first_lines_*.py`: session, default bucket, role, account, image, an upload and
listings. A kernel has started when a notebook begins, so the start and end of Python do not count. Each round is a new
process of an environment that has only an SDK, v2 or v3, with bytecode, as pip installs it. The variables are those of
`scones exec`, and so is the start-up hook. Rounds may be given: `first_lines.py 10`.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from aims import Aims

ROOT = Path(__file__).parents[1]
PROGRAMS = ROOT / "tests" / "notebooks"
ROUNDS = 5
WITH_IMPORTS_MAX_S, WITHOUT_IMPORTS_MAX_S = 3.0, 1.0
NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"


@dataclass(frozen=True)
class Round:
    """The seconds of the imports, and of the lines after them."""

    imports_s: float
    lines_s: float


def main() -> int:
    rounds, aims = int(sys.argv[1]) if sys.argv[1:] else ROUNDS, Aims()
    for sdk in ("v2", "v3"):
        first_lines(sdk)  # the first process reads the files from the disk
        measured = [first_lines(sdk) for _ in range(rounds)]
        sys.stdout.write(f"SDK {sdk}: {_listed(measured)} s (imports + lines)\n")
        both_s = statistics.median(each.imports_s + each.lines_s for each in measured)
        lines_s = statistics.median(each.lines_s for each in measured)
        aims.at_most(f"first lines with the SDK {sdk}, imports included", both_s, WITH_IMPORTS_MAX_S, " s")
        aims.at_most(f"first lines with the SDK {sdk}, after the imports", lines_s, WITHOUT_IMPORTS_MAX_S, " s")
    return aims.exit_code()


def first_lines(sdk: str) -> Round:
    """Run the lines in a new process."""
    command = [
        ROOT / f".venv-sdk{sdk[-1]}" / "bin" / "python",
        PROGRAMS / "watched.py",
        PROGRAMS / f"first_lines_{sdk}.py",
    ]
    environment = {name: value for name, value in os.environ.items() if name != NO_BYTECODE}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    report = json.loads((ended.stdout.splitlines() or ["{}"])[-1])
    if not isinstance(report.get("result"), dict):
        raise SystemExit(f"the first lines failed with the SDK {sdk}: {report.get('result')}\n{ended.stderr[-2000:]}")
    return Round(*report["seconds"])


def _listed(rounds: list[Round]) -> str:
    return " ".join(f"{each.imports_s:.2f}+{each.lines_s:.2f}" for each in rounds)


if __name__ == "__main__":
    raise SystemExit(main())
