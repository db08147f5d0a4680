"""A process in a sandbox, as the server that started it sees it. Its methods are those of `subprocess.Popen`."""

from __future__ import annotations

import json
import select
import signal
import socket
import struct
import subprocess
import threading
import time
from weakref import finalize

MESSAGE_BYTES = 16 * 1024
CREDENTIALS = struct.Struct("iII")  # struct ucred: pid, uid, gid
KILLED = -signal.SIGKILL


class StartFailed(OSError):
    """The process could not be started: no such program, or the system refused a part of its world."""


class SandboxedProcess:
    """A started process. All that it started ends with it, and it ends when this object is no longer referenced.

    `pid` is the program's id in this process's view, as for /proc/<pid>. Any thread may use any method.
    """

    def __init__(self, line: socket.socket, command: list[str]) -> None:
        self.args, self.returncode = command, None
        self._line, self._lock = line, threading.Lock()
        self._exit_code = KILLED  # unless the keeper reports another end
        self.pid = self._started()
        finalize(self, line.close)

    args: list[str]
    returncode: int | None
    """None while it runs; the exit code, or the signal's number as a negative one."""

    def poll(self) -> int | None:
        """Return the exit code, or None while the process, or one that it left behind, still runs."""
        self._read(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code once all processes have ended. subprocess.TimeoutExpired, as from Popen."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.returncode is None:
            left_s = None if deadline is None else max(0.0, deadline - time.monotonic())
            self._read(left_s)
            if left_s == 0 and self.returncode is None:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to the program and its process group. Harmless if it has ended."""
        if self.poll() is None:
            try:
                self._line.send(str(int(number)).encode())
            except (BrokenPipeError, ConnectionError):
                return

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the program and everything that it started. Harmless if it has ended."""
        try:
            self._line.shutdown(socket.SHUT_WR)  # the keeper takes the end of the line as the order to end everything
        except OSError:
            return

    def _started(self) -> int:
        """Read the two messages of a start: one from the program, which shows its id, and the keeper's report."""
        pid = 0
        while message := self._message():
            if message[0] == b"\n":
                pid = message[1]
                continue
            report = json.loads(message[0])
            if "error" in report:
                break
            return pid
        else:
            report = {"error": "it was killed while it started", "errno": 0}
        self._line.close()
        raise StartFailed(report["errno"], report["error"])

    def _message(self) -> tuple[bytes, int] | None:
        """Return the next message and its sender, or None at the end of the line."""
        try:
            data, ancillary, _, _ = self._line.recvmsg(MESSAGE_BYTES, socket.CMSG_SPACE(CREDENTIALS.size))
        except ConnectionResetError:  # said once: the keeper ended before it read a signal. Its messages are still here
            return self._message()
        if not data:
            return None
        senders = [CREDENTIALS.unpack(value)[0] for _, kind, value in ancillary if kind == socket.SCM_CREDENTIALS]
        return data, senders[0] if senders else 0

    def _read(self, timeout_s: float | None) -> None:
        """Take one message if there is one in time. Several threads may wait; whoever comes first reads it."""
        if self.returncode is not None:
            return
        poll = select.poll()
        poll.register(self._line, select.POLLIN)
        if not poll.poll(None if timeout_s is None else timeout_s * 1000):
            return
        with self._lock:
            if self.returncode is not None or not poll.poll(0):
                return
            message = self._message()
            if message is None:
                self.returncode = self._exit_code
            else:
                self._exit_code = json.loads(message[0]).get("exit_code", self._exit_code)
