"""Run mutmut over the modules that pyproject.toml lists under [tool.mutmut], and judge the mutants that survived.

    python ci/mutants.py [MODULE]

MODULE is a dotted name, of a module or of a package: sagemaker_emulator.wire, functions.filter.app. Without it, all
modules are run from scratch. A mutant that does the same as the code cannot be killed: surviving_mutants.toml lists
those, each with its reason, and they do not count. Exit code 1 below 85 %.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code
from mutmut.utils.file_utils import walk_mutatable_files

KILLED_AT_LEAST = 0.85
WORKERS = 2
FOLDER = Path("mutants")  # mutmut accepts no other place
EQUIVALENTS = Path(__file__).with_name("surviving_mutants.toml")
KILLED = frozenset({"killed", "timeout"})


@dataclass(frozen=True)
class Mutant:
    """`change` is empty for a mutant that was killed; else the lines that replace the function's own."""

    module: str
    function: str
    killed: bool
    change: str = ""


@dataclass(frozen=True)
class Equivalent:
    function: str
    change: str
    reason: str


def main(module: str) -> int:
    started = time.monotonic()
    if not module:
        shutil.rmtree(FOLDER, ignore_errors=True)
    run_mutmut(module)
    mutants = [mutant for mutant in mutants_in(FOLDER) if mutant.module.startswith(module)]
    share = report(mutants, equivalents(EQUIVALENTS), whole=not module)
    print(f"{time.monotonic() - started:.0f} s")
    if share < KILLED_AT_LEAST:
        print(f"less than {KILLED_AT_LEAST:.0%} of the mutants are killed: test what the ones above change")
    return int(share < KILLED_AT_LEAST)


def run_mutmut(module: str) -> None:
    """Run mutmut. Its progress is shown on a terminal only; elsewhere its output is shown if it fails."""
    mutmut = Path(sys.executable).with_name("mutmut")
    command = [str(mutmut), "run", "--max-children", str(WORKERS), *([f"{module}.*"] if module else [])]
    output = None if sys.stdout.isatty() else subprocess.PIPE
    run = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, text=True, check=False)
    if run.returncode:
        sys.exit(f"{run.stdout or ''}\nmutmut failed with exit code {run.returncode}")


def mutants_in(folder: Path) -> Iterator[Mutant]:
    for path in walk_mutatable_files():
        if not (folder / f"{path}.meta").exists():
            continue
        data = SourceFileMutationData(path=path)
        data.load()
        for name, exit_code in data.exit_code_by_key.items():
            module, _, mangled = name.rpartition(".")
            killed = status_by_exit_code[exit_code] in KILLED
            change = "" if killed else change_of(get_diff_for_mutant(name, path=data.path))
            yield Mutant(module, f"{module}.{readable(mangled)}", killed, change)


def readable(mangled: str) -> str:
    """Return the name of a function or method: mutmut says `x_name__mutmut_1` and `xǁClassǁname__mutmut_1`."""
    name = mangled.rpartition("__mutmut_")[0]
    return name.removeprefix("x_") if name.startswith("x_") else name.removeprefix("xǁ").replace("ǁ", ".")


def change_of(diff: str) -> str:
    """Return the mutant's replacement lines, or `without` and the lines if it only removes some."""
    lines = [line for line in diff.splitlines() if not line.startswith(("+++", "---"))]
    added = [line[1:].strip() for line in lines if line.startswith("+")]
    removed = [line[1:].strip() for line in lines if line.startswith("-")]
    return " ".join(added) if added else f"without {' '.join(removed)}"


def equivalents(path: Path) -> list[Equivalent]:
    return [
        Equivalent(entry["function"], change, entry["reason"])
        for entry in tomllib.loads(path.read_text()).get("equivalent", [])
        for change in entry["changes"]
    ]


def report(mutants: list[Mutant], listed: list[Equivalent], *, whole: bool) -> float:
    """Print each module's figures and each survivor; return the share of the mutants that were killed."""
    reasons = {(entry.function, entry.change): entry.reason for entry in listed}
    survivors = [mutant for mutant in mutants if not mutant.killed]
    alive = [mutant for mutant in survivors if (mutant.function, mutant.change) not in reasons]
    for module in sorted({mutant.module for mutant in mutants}):
        print_figures(module, [m for m in mutants if m.module == module], [m for m in alive if m.module == module])
    for mutant in alive:
        print(f"alive: {mutant.function}: {mutant.change}")
    for function, change in sorted(set(reasons) - {(mutant.function, mutant.change) for mutant in survivors}):
        if whole:
            print(f"listed in {EQUIVALENTS.name}, but not alive: {function}: {change}")
    return print_figures("in all", mutants, alive)


def print_figures(name: str, mutants: list[Mutant], alive: list[Mutant]) -> float:
    killed = sum(mutant.killed for mutant in mutants)
    equivalent = len(mutants) - killed - len(alive)
    share = killed / max(1, killed + len(alive))
    print(
        f"{name:50} {len(mutants):5} mutants {killed:5} killed {equivalent:4} equivalent {len(alive):4} alive "
        f"{share:7.1%}"
    )
    return share


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
