"""uv, which resolves and installs packages: found, run, and watched while it works."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from sagemaker_emulator.frameworks.package_sources import uv_environment

TICK_S = 0.8  # the longest silence; AWS's own clients poll every second
LINES_KEPT = 15
NO_SOLUTION = "No solution found"

Tick = Callable[[str], None]


class UvError(Exception):
    """uv is missing, or failed; the text has its last lines."""


class NoSolution(UvError):
    """No package fits: the version does not exist, or not for this Python or machine."""


@dataclass(frozen=True)
class Uv:
    program: str
    environment: Mapping[str, str] = field(default_factory=uv_environment)

    @classmethod
    def of_machine(cls, environment: Mapping[str, str] = os.environ) -> Uv:
        """Return the uv that UV names, or the one of the kit, or the one on the PATH. UvError if there is none."""
        path = environment.get("PATH", os.defpath)
        program = environment.get("UV") or _of_kit() or shutil.which("uv", path=path)
        if program is None:
            raise UvError("uv, which makes the environments, is not installed: pip install uv")
        return cls(program, uv_environment(environment))

    def run(self, *arguments: str, tick: Tick = lambda _: None, input_text: str = "") -> str:
        """Run a command of uv and return its stdout. Raises UvError if it fails, NoSolution if no package fits.

        `tick` is called at least every TICK_S with uv's latest line. If it raises, uv is killed.
        """
        output, lines = run_watched([self.program, *arguments], self.environment, tick, input_text)
        if output is not None:
            return output
        text = "\n".join(f"  {line}" for line in lines)
        raise (NoSolution if any(NO_SOLUTION in line for line in lines) else UvError)(text)


def _of_kit() -> str | None:
    """Return the uv beside this Python, or beside the package uv, which a wheel's kit has in a shared environment."""
    package = find_spec("uv")
    folders = [Path(sys.executable).parent]
    if package and package.origin:
        folders.append(Path(package.origin).parents[4] / "bin")  # of lib/python3.11/site-packages/uv/__init__.py
    return next((str(folder / "uv") for folder in folders if (folder / "uv").is_file()), None)


def run_watched(
    command: Sequence[str], environment: Mapping[str, str], tick: Tick, input_text: str = ""
) -> tuple[str | None, list[str]]:
    """Run a program; return its stdout, None if it fails, and the last lines of its stderr.

    `tick` is called at least every TICK_S with the latest line. If it raises, the program is killed.
    """
    with tempfile.TemporaryFile("w+") as source, tempfile.TemporaryFile("w+", errors="replace") as output:
        source.write(input_text)
        source.seek(0)
        with _started(command, environment, source, output) as process:
            try:
                lines = _watch(process, tick)
            except BaseException:  # whatever the reason, nothing goes on after the caller has left
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise
        output.seek(0)
        return (output.read() if process.returncode == 0 else None), lines


def _started(
    command: Sequence[str], environment: Mapping[str, str], source: IO[str], output: IO[str]
) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            command,
            cwd="/",  # a project in the folder of the emulator would bring uv's settings of its own
            env=dict(environment),
            text=True,
            errors="replace",
            stdin=source,
            stdout=output,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise UvError(f"{command[0]} cannot be run: {error.strerror}") from error


def _watch(process: subprocess.Popen[str], tick: Tick) -> list[str]:
    """Return the last lines of a program's stderr, after its end."""
    lines: deque[str] = deque(maxlen=LINES_KEPT)
    reader = threading.Thread(target=_read, args=(process.stderr, lines), daemon=True)
    reader.start()
    while True:
        try:
            process.wait(TICK_S)
            break
        except subprocess.TimeoutExpired:
            tick(lines[-1] if lines else "")
    reader.join()
    return list(lines)


def _read(stream: IO[str], lines: deque[str]) -> None:
    lines.extend(line.strip() for line in stream if line.strip())
