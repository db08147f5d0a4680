"""Measure how much longer a process takes to start in a sandbox. `make bench` runs it. Linux only."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from aims import Aims

from safety.sandbox import Sandbox, World

STARTS, TIMEOUT_S = 200, 60.0
ADDED_MAX_MS = 10.0
COMMAND = ["/bin/true"]

Start = Callable[[], Callable[[], object]]
"""Starts a process, and returns a function that waits for its end."""


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

        inside_ms, outside_ms = _medians_ms(start_in_sandbox, _start)
    sandbox.close()
    sys.stdout.write(f"a start in a sandbox {inside_ms:.1f} ms, without one {outside_ms:.1f} ms\n")
    aims.at_most("added by the sandbox to a start", inside_ms - outside_ms, ADDED_MAX_MS, " ms")
    return aims.exit_code()


def _start() -> Callable[[], object]:
    process = subprocess.Popen(COMMAND, env={}, cwd="/")
    return lambda: process.wait(TIMEOUT_S)


def _medians_ms(*starts: Start) -> list[float]:
    """Return the median time of each kind of start. They take turns, so that other work slows all of them alike."""
    times_ms = [list[float]() for _ in starts]
    for _ in range(STARTS):
        for start, times in zip(starts, times_ms, strict=True):
            began = time.perf_counter()
            wait = start()
            times.append((time.perf_counter() - began) * 1e3)
            wait()
    return [statistics.median(times) for times in times_ms]


if __name__ == "__main__":
    raise SystemExit(main())
