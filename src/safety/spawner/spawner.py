"""The spawner's program: forks a keeper, a network or a relay for each request, and reaps them."""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from safety.spawner import mounts, networks
from safety.spawner.children import ChildSignals
from safety.spawner.keeper import Request, keep
from safety.spawner.passed_files import receive_files
from safety.spawner.system_calls import (
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    PR_SET_CHILD_SUBREAPER,
    PR_SET_PDEATHSIG,
    prctl,
    setns,
    unshare,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FILES_MAX = 5
REQUEST_BYTES = 16
ANY_FOLDER = "/usr"
MAPS = ("setgroups", "deny"), ("uid_map", "{uid} {uid} 1"), ("gid_map", "{gid} {gid} 1")


def main(control: int) -> None:
    """Find out what this system allows, report it, and serve requests until the server is gone.

    `control` is the server's socket. Root needs no user namespace; any other user needs one.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's to handle
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    server, reasons = socket.socket(fileno=control), {"world": "", "processes": "", "network": ""}
    try:
        if refusal(partial(unshare, CLONE_NEWNS)):
            reasons["processes"] = enter_user_namespace()
        else:
            reasons["processes"] = refusal(partial(_in_child, CLONE_NEWPID))
        reasons["world"] = refusal(partial(mounts.enter, ANY_FOLDER, ANY_FOLDER))
        reasons["network"] = refusal(networks.new_network)
    except OSError as error:
        reasons["world"] = f"no user namespace: {error.strerror or error}"
    with suppress(BrokenPipeError, ConnectionResetError):  # the server was ended while it started
        server.send(json.dumps(reasons).encode())
        if not reasons["world"]:
            Spawner(server, has_processes=not reasons["processes"]).serve()


def refusal(attempt: Callable[[], object]) -> str:
    """Return why `attempt` fails in a child, or nothing."""
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            attempt()
        except OSError as error:
            os.write(writer, str(error.strerror or error).encode())
        os._exit(0)
    os.close(writer)
    with open(reader) as pipe:
        reason = pipe.read()
    os.waitpid(process, 0)
    return reason


def enter_user_namespace() -> str:
    """Become the owner of a user namespace in which this user has the same id, and every capability over mounts.

    A PID namespace comes with it, and its process 1 continues from here as the spawner: only the owner of its own
    PID namespace can fork into others and return. Where the system does not let a new /proc be mounted, as in most
    containers, there is none: the result is the reason.
    """
    reason = refusal(partial(_in_child, CLONE_NEWUSER | CLONE_NEWPID))
    _become_owner(CLONE_NEWUSER if reason else CLONE_NEWUSER | CLONE_NEWPID)
    if not reason and (spawner := os.fork()):
        os.waitpid(spawner, 0)
        os._exit(0)
    if not reason:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    return reason


def _in_child(flags: int) -> None:
    """Try a world with a /proc of its own as process 1 of a new PID namespace."""
    _become_owner(flags)
    if reason := refusal(partial(mounts.enter, ANY_FOLDER, ANY_FOLDER, own_proc=True)):
        raise OSError(reason)


def _become_owner(flags: int) -> None:
    ids = {"uid": os.geteuid(), "gid": os.getegid()}
    unshare(flags)
    if flags & CLONE_NEWUSER:
        for name, text in MAPS:
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text.format(**ids))


class Spawner:
    """A server of requests.

    Each is a word and files: first the line of the new process, then those that the word needs.
    """

    def __init__(self, control: socket.socket, has_processes: bool) -> None:
        self._control, self._has_processes = control, has_processes
        self._own_processes = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        self._lines: dict[int, socket.socket] = {}  # by process id: kept open until the process is reaped
        self._ended = ChildSignals()

    def serve(self) -> None:
        gc.freeze()  # what exists now stays shared with all forks
        while True:
            ready, _, _ = select.select([self._control.fileno(), self._ended.fileno()], [], [])
            self._reap()
            if self._control.fileno() in ready and not self._take_request():
                return

    def _fork(self, own_processes: bool) -> int:
        """Fork, if asked to as process 1 of a new PID namespace. A later fork is in the spawner's own one again."""
        if not own_processes:
            return os.fork()
        unshare(CLONE_NEWPID)
        process = -1
        try:
            process = os.fork()
        finally:
            if process != 0:
                setns(self._own_processes, CLONE_NEWPID)
        return process

    def _take_request(self) -> bool:
        """Serve one request. Return False if the server is gone."""
        message, files = receive_files(self._control, REQUEST_BYTES, FILES_MAX)
        if not message:
            return False
        line, word = socket.socket(fileno=files[0]), message.decode()
        try:
            process = self._fork(own_processes=word == "start" and self._has_processes)
        except OSError as error:
            line.send(json.dumps({"error": error.strerror, "errno": error.errno}).encode())
            line.close()
        else:
            if process == 0:
                self._serve_in_child(word, line, files[1:])
            self._lines[process] = line
        for file in files[1:]:
            os.close(file)
        return True

    def _serve_in_child(self, word: str, line: socket.socket, files: list[int]) -> None:
        """Do what the request asks in the forked process, and end it."""
        try:
            _close_all_but({0, 1, 2, line.fileno(), *files})
            SERVICES[word](line, files, self._has_processes)
        finally:
            os._exit(0)

    def _reap(self) -> None:
        for process, _ in self._ended.reaped():
            if line := self._lines.pop(process, None):
                line.close()


def _start(line: socket.socket, files: list[int], has_processes: bool) -> None:
    keep(line, Request(_document(files[0]), files[1:]), has_processes)


def _new_network(line: socket.socket, files: list[int], has_processes: bool) -> None:
    try:
        socket.send_fds(line, [b"network"], [networks.new_network()])
    except OSError as error:
        line.send(str(error.strerror or error).encode())


def _relay(line: socket.socket, files: list[int], has_processes: bool) -> None:
    from safety.spawner.relay import relay  # it uses threads, which the other forks need not load

    relay(line, socket.socket(fileno=files[1]), files[2], _document(files[0])["port"])


SERVICES: dict[str, Callable[[socket.socket, list[int], bool], None]] = {
    "start": _start,
    "network": _new_network,
    "relay": _relay,
}


def _document(file: int) -> Any:
    with open(file, "rb") as document:
        return json.load(document)


def _close_all_but(kept: set[int]) -> None:
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in kept:
            with suppress(OSError):
                os.close(int(name))
