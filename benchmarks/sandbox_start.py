"""Measure how much longer a process takes to start in a sandbox. `make bench` runs it. Linux only."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from aims import Aims

from safety.sandbox import Sandbox, World

STARTS, TIMEOUT_S = 50, 60.0
ADDED_MAX_MS = 10.0
COMMAND = ["/bin/true"]


def main() -> int:
    aims = Aims()
    sandbox = Sandbox.open()
    if not sandbox.availability:
        sys.stdout.write(f"there is no sandbox to measure: {sandbox.availability}\n")
        return aims.exit_code()
    with tempfile.TemporaryDirectory() as folder:
        (world := Path(folder, "ml")).mkdir()

        def start_in_sandbox() -> Callable[[], object]:
            process = sandbox.start(COMMAND, world=World(str(world)), environment={}, directory="/opt/ml", output=1)
            return lambda: process.wait(TIMEOUT_S)

        inside_ms, outside_ms = (_fastest_ms(start) for start in (start_in_sandbox, _start))
    sandbox.close()
    sys.stdout.write(f"a start in a sandbox {inside_ms:.1f} ms, without one {outside_ms:.1f} ms\n")
    aims.at_most("added by the sandbox to a start", inside_ms - outside_ms, ADDED_MAX_MS, " ms")
    return aims.exit_code()


def _start() -> Callable[[], object]:
    process = subprocess.Popen(COMMAND, env={}, cwd="/")
    return lambda: process.wait(TIMEOUT_S)


def _fastest_ms(start: Callable[[], Callable[[], object]]) -> float:
    """Return the time of the fastest of many starts: other work of the machine is in all others."""
    fastest_s = TIMEOUT_S
    for _ in range(STARTS):
        began = time.perf_counter()
        wait = start()
        fastest_s = min(fastest_s, time.perf_counter() - began)
        wait()
    return fastest_s * 1e3


if __name__ == "__main__":
    raise SystemExit(main())
