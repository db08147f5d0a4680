"""The start of a function's process: in a world of its own where the system allows that, otherwise as a plain child."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Protocol

import psutil

from localstack_plugin.lambda_executor.process import bootstrap
from localstack_plugin.lambda_executor.process.folders import SEEN_IN_SANDBOX, Folders
from localstack_plugin.settings import from_environment
from safety.sandbox import Sandbox, World
from safety.sandbox.personal_files import personal_files
from safety.sandbox.priority import lower_priority

NICENESS = 5
"""Added to LocalStack's niceness for functions. All of them wait for LocalStack, so with many in flight its one busy
thread must not wait for a processor. At 5 a process has a third of the weight of one at 0."""
MAX_EXIT_WAIT_S = 10.0
NO_OPT = "this machine has no folder /opt, in whose place layers are shown"
SWITCHED_OFF = "SCONES_LAMBDA_SANDBOX is off"


class Process(Protocol):
    """The part of `subprocess.Popen` and of a sandboxed process that is used here."""

    returncode: int | None
    """None until `wait` has seen its end."""

    @property
    def pid(self) -> int: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def kill(self) -> None: ...


@cache
def sandbox() -> Sandbox:
    """Return the sandbox of all functions, opened at the first call."""
    if not from_environment().has_lambda_sandbox:
        return Sandbox.unavailable(SWITCHED_OFF)
    has_opt = Path(SEEN_IN_SANDBOX.layers).is_dir()
    return Sandbox.open(niceness=NICENESS) if has_opt else Sandbox.unavailable(NO_OPT)


def seen_by_function(sandbox: Sandbox, folders: Folders) -> Folders:
    return SEEN_IN_SANDBOX if sandbox.availability else folders


def start(
    sandbox: Sandbox,
    command: list[str],
    folders: Folders,
    environment: Mapping[str, str],
    output: int,
    line: int,
    shown: tuple[str, ...],
) -> Process:
    """Start `command`, which sees the folders as `seen_by_function` returns them, and those in `shown` where they are.

    It inherits the socket `line`. OSError if the start is impossible.
    """
    if sandbox.availability:
        world, directory = world_of(folders, shown), SEEN_IN_SANDBOX.task_root
        return sandbox.start(
            command,
            world=world,
            environment=environment,
            directory=directory,
            output=output,
            inherited=(bootstrap.LINE, line),
        )
    server_pipe = read_end_of_server_pipe()
    process = subprocess.Popen(
        command,
        cwd=folders.task_root,
        env={**environment, bootstrap.SERVER_PIPE: str(server_pipe), bootstrap.LINE: str(line)},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        pass_fds=[server_pipe, line],
        start_new_session=True,  # without it, a function could reach the terminal of a server that has one
    )
    lower_priority(process.pid, NICENESS)
    return process


def world_of(folders: Folders, shown: tuple[str, ...]) -> World:
    """Return a function's world, in which it can write to /tmp only, as on AWS."""
    seen = SEEN_IN_SANDBOX
    pairs = (
        (folders.task_root, seen.task_root),
        (folders.runtime, seen.runtime),
        (folders.bootstrap, seen.bootstrap),
        (folders.layers, seen.layers),
    )
    return World(tmp=folders.tmp, hidden=personal_files(), shown=shown, folders=pairs, read_only=True)


def end(process: Process) -> None:
    """Kill the process with all that it started, as far as the system can find that, and wait for its end."""
    if isinstance(process, subprocess.Popen):
        descendants = _descendants(process.pid)  # once the first process has ended, they are nobody's
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        for descendant in descendants:
            with suppress(psutil.Error):
                descendant.kill()
        process.wait()
        return
    process.kill()
    process.wait(MAX_EXIT_WAIT_S)


def _descendants(pid: int) -> list[psutil.Process]:
    """Return also those that are in a session of their own."""
    try:
        return list(psutil.Process(pid).children(recursive=True))
    except psutil.Error:
        return []


@cache
def read_end_of_server_pipe() -> int:
    """Return the reading end of a pipe that is never written to.

    No process inherits the writing end, so it closes when this server's process is gone.
    """
    read_end, _ = os.pipe()
    return read_end
