"""A child process in the place of a container, with all that it starts."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TextIO

import psutil

from safety.log_lines import lines_from
from sagemaker_emulator.engine import EngineError


class Process(Protocol):
    """The common interface of `SandboxedProcess` and `ProcessGroup`."""

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, number: int, /) -> None: ...

    def kill(self) -> None: ...


class ProcessGroup:
    """A child process with its process group and its descendants, where there is no sandbox.

    A process that has left the group, and whose parent has ended, outlives it.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], directory: Path | str, output: int
    ) -> None:
        self._process = subprocess.Popen(
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def poll(self) -> int | None:
        return self._process.poll()

    def wait(self, timeout: float | None = None) -> int:
        return self._process.wait(timeout)

    def send_signal(self, number: int, /) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def kill(self) -> None:
        descendants = _descendants(self._process.pid)  # once the first process has ended, they are nobody's
        self.send_signal(signal.SIGKILL)
        for process in descendants:
            with suppress(psutil.Error):
                process.kill()


def _descendants(pid: int) -> list[psutil.Process]:
    try:
        return list(psutil.Process(pid).children(recursive=True))
    except psutil.Error:
        return []


@dataclass(eq=False)
class ProcessContainer:
    """A container's first process. `notes` are the engine's own lines, before the program's.

    `resources` are kept as long as the container: its network, and the way to its port.
    """

    process: Process
    output: TextIO
    port: int | None
    notes: tuple[str, ...] = ()
    resources: tuple[object, ...] = ()
    platform_fault: str = ""
    opt_ml: str = "/opt/ml"  # as the program sees it

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def lines(self) -> Iterator[str]:
        yield from self.notes
        with self.output as output:
            yield from lines_from(output.fileno())

    def wait(self, timeout_s: float | None = None) -> int | None:
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, grace_s: float) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.wait(grace_s)
        self.process.kill()  # also the rest of its process group
        return self.process.wait() if code is None else code

    def bring(self, base_dir: Path, folder: Path) -> str:
        """Return the path of the folder, which the program sees as soon as it is there."""
        return f"{self.opt_ml}/{folder.relative_to(base_dir).as_posix()}"

    def discard(self, base_dir: Path, folder: Path) -> None:
        pass

    def leave(self) -> None:
        raise EngineError("A child process does not outlive the emulator")
