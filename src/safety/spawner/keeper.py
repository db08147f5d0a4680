"""The keeper: builds the world of one program, starts it, passes signals on to it, and ends all that it leaves."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
from contextlib import suppress

from safety.spawner import mounts
from safety.spawner.children import ChildSignals
from safety.spawner.system_calls import (
    CLONE_NEWNET,
    PR_CAPBSET_DROP,
    PR_SET_CHILD_SUBREAPER,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,
    prctl,
    setns,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

# linux/capability.h. Docker's default set without NET_RAW and MKNOD: a root that owns files but not the machine.
KEPT_CAPABILITIES = frozenset({0, 1, 3, 4, 5, 6, 7, 8, 10, 18, 29, 31})
CAPABILITIES_MAX = 63
CANNOT_RUN = 127


class Request:
    """One program to start. `output` is its stdout and stderr; `network` the network namespace to enter, or None.

    `inherited` is one more file that it gets, or None. Its number is in the environment.
    """

    def __init__(self, document: dict[str, Any], files: list[int]) -> None:
        self.command: list[str] = document["command"]
        self.environment: dict[str, str] = document["environment"]
        self.directory: str = document["directory"]
        self.world: dict[str, Any] = document["world"]
        self.has_session: bool = document["has_session"]
        self.output = files[0]
        self.network = files[1] if document["has_network"] else None
        self.inherited = files[-1] if document["inherited"] else None
        if self.inherited is not None:
            self.environment[document["inherited"]] = str(self.inherited)


def keep(line: socket.socket, request: Request, has_processes: bool) -> None:
    """Run one program from its start to its end. `has_processes` means that this is process 1 of a PID namespace."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    prctl(PR_SET_CHILD_SUBREAPER, 1)  # where there is no PID namespace, orphans come here too
    ended = ChildSignals()
    try:
        if request.network is not None:
            setns(request.network, CLONE_NEWNET)
        mounts.enter(**request.world, own_proc=has_processes)
        program = _started(line, request)
    except OSError as error:
        _report(line, {"error": error.strerror or str(error), "errno": error.errno})
        return
    os.close(request.output)
    if request.inherited is not None:
        os.close(request.inherited)
    _report(line, {"started": True})
    status = _watched(line, program, ended)
    _end_all(has_processes)
    _report(line, {"exit_code": status})


def _started(line: socket.socket, request: Request) -> int:
    """Fork the program and return its id once its exec has succeeded. OSError has the reason if it did not."""
    reader, writer = os.pipe()
    program = os.fork()
    if program == 0:
        _become(line, request, writer)
    os.close(writer)
    with open(reader, "rb") as pipe:
        failure = pipe.read()
    if failure:
        number, _, text = failure.decode(errors="replace").partition(" ")
        raise OSError(int(number), text)
    return program


def _become(line: socket.socket, request: Request, writer: int) -> NoReturn:
    """Turn this process into the program. The one byte on the line carries its process id as the server sees it."""
    try:
        # where Linux has autogroups (`man 7 sched`), each session gets as much processor time as the server
        os.setsid() if request.has_session else os.setpgid(0, 0)
        line.send(b"\n")
        os.chdir(request.directory)
        _take_files(request.output)
        if request.inherited is not None:
            os.set_inheritable(request.inherited, True)
        _give_up_privileges()
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.execvpe(request.command[0], request.command, request.environment)  # noqa: S606 - no shell is wanted
    except OSError as error:
        os.write(writer, f"{error.errno} {error.strerror}: {error.filename or request.command[0]}".encode())
    except ValueError as error:  # a NUL in an argument or a variable
        os.write(writer, f"22 {error}".encode())
    os._exit(CANNOT_RUN)


def _take_files(output: int) -> None:
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)


def _give_up_privileges() -> None:
    """Keep what root needs for files of its own and give up what it could undo this world with.

    Exec takes all capabilities from a user who is not root, in a user namespace too.
    """
    for number in set(range(CAPABILITIES_MAX + 1)) - KEPT_CAPABILITIES:
        with suppress(OSError):  # beyond the last capability that this kernel knows
            prctl(PR_CAPBSET_DROP, number)
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def _watched(line: socket.socket, program: int, ended: ChildSignals) -> int:
    """Reap children until the program is among them; return its exit code, negative for a signal, as `subprocess`."""
    while True:
        ready, _, _ = select.select([line.fileno(), ended.fileno()], [], [])
        if line.fileno() in ready:
            _pass_on(line, program)
        for process, status in ended.reaped():
            if process == program:
                return os.waitstatus_to_exitcode(status)


def _pass_on(line: socket.socket, program: int) -> None:
    """Send the server's signal to the program's process group. Without a server the program is killed."""
    message = line.recv(16)
    number = int(message) if message else signal.SIGKILL
    with suppress(ProcessLookupError):
        os.killpg(program, number)
    if number == signal.SIGKILL or os.getpgid(program) != program:  # it may move to another group at any time
        os.kill(program, number)  # not yet reaped, so the id is its own


def _end_all(has_processes: bool) -> None:
    """Kill and reap whatever the program left behind."""
    if has_processes:
        with suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
    with suppress(ChildProcessError):
        while True:
            for child in [] if has_processes else _children():
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            os.waitpid(-1, 0)


def _children() -> list[int]:
    """Return this process's children: without a PID namespace, orphans become its children one by one."""
    with open(f"/proc/self/task/{os.getpid()}/children") as file:
        return [int(number) for number in file.read().split()]


def _report(line: socket.socket, message: dict[str, Any]) -> None:
    with suppress(OSError):  # the server is gone
        line.send(json.dumps(message).encode())
