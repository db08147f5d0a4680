"""The server's side: opens the spawner, and asks it for processes, networks and relays."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any
from weakref import finalize

from safety.sandbox.priority import lower_priority
from safety.sandbox.process import SandboxedProcess, StartFailed
from safety.sandbox.world import World
from safety.spawner.passed_files import receive_files

PROGRAM = "import sys; sys.path.append(sys.argv[1])\nfrom safety.spawner.spawner import main\nmain(int(sys.argv[2]))"
PASSED_ON = ("PATH", "LANG", "LD_LIBRARY_PATH", "SCONES_LOCAL_CLOUD")  # the last marks the kit's own processes
START_TIMEOUT_S = 30.0
MESSAGE_BYTES = 4096
NOT_LINUX = "only Linux has namespaces"


@dataclass(frozen=True)
class Availability:
    """What this system allows. Each text says why it does not, and is empty if it does.

    `world` is /opt/ml, /tmp and hidden files; without it there is no sandbox at all. `processes` is a PID namespace:
    without it, descendants are found and killed one by one, and the host's processes are seen. `network` is isolation.
    """

    world: str = ""
    processes: str = ""
    network: str = ""

    def __bool__(self) -> bool:
        return not self.world

    def __str__(self) -> str:
        if self.world:
            return f"processes share the machine's /opt/ml and /tmp: {self.world}"
        missing = [f"no own {name}: {reason}" for name, reason in (("processes", self.processes),) if reason]
        missing += [f"no network isolation: {self.network}"] if self.network else []
        return "; ".join(["processes have their own /opt/ml and /tmp", *missing])


class Network:
    """A network of its own, with nothing but loopback. It exists as long as this object or a process in it."""

    def __init__(self, file: int) -> None:
        self.file = file
        finalize(self, os.close, file)


class Relay:
    """A relay of connections, from a socket of the host to a port in a network, until it is closed."""

    def __init__(self, line: socket.socket) -> None:
        self.close = finalize(self, line.close)


class Sandbox:
    """A starter of processes in worlds of their own. Open it once for a server, and close it at the end.

    Where `availability` is false, it cannot start any: use `subprocess` and say `str(availability)`.
    """

    def __init__(
        self, control: socket.socket | None, spawner: int | None, availability: Availability | None, niceness: int = 0
    ) -> None:
        self._control, self._spawner, self._availability = control, spawner, availability
        self._niceness = niceness
        self._lock = threading.Lock()
        if control:
            finalize(self, control.close)

    @classmethod
    def open(cls, system: str = sys.platform, niceness: int = 0) -> Sandbox:
        """Start the spawner, which needs some 40 ms, in parallel with the caller, to find out what is allowed.

        `system` is named as in `sys.platform`. All processes get the server's niceness and `niceness` on top of it.
        With a niceness they share one session, so that together they come after the server; without, each has one, so
        that a program of many threads leaves the others their share.
        """
        if system != "linux":
            return cls.unavailable(NOT_LINUX)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                return cls(ours, _spawner(theirs, niceness), None, niceness)
            except OSError as error:
                ours.close()
                return cls.unavailable(f"the spawner does not start: {error}")

    @classmethod
    def unavailable(cls, reason: str) -> Sandbox:
        """Return a sandbox that cannot be used, for the given reason."""
        return cls(None, None, Availability(reason, reason, reason))

    @property
    def availability(self) -> Availability:
        """What this system allows: waits for the spawner's answer once."""
        with self._lock:
            if self._availability is None:
                self._availability = self._answer()
            return self._availability

    def _answer(self) -> Availability:
        assert self._control is not None
        self._control.settimeout(START_TIMEOUT_S)
        try:
            answer = json.loads(self._control.recv(MESSAGE_BYTES) or b'{"world": "the spawner ended at once"}')
        except OSError as error:
            answer = {"world": f"the spawner does not answer: {error}"}
        self._control.settimeout(None)
        return Availability(**answer) if not answer["world"] else Availability(*[answer["world"]] * 3)

    def start(
        self,
        command: Sequence[str],
        *,
        world: World,
        environment: Mapping[str, str],
        directory: Path | str,
        output: int | IO[Any],
        network: Network | None = None,
        inherited: tuple[str, int] | None = None,
    ) -> SandboxedProcess:
        """Start a program; it has been executed when this returns. StartFailed, an OSError, if that is impossible.

        `directory` is its working directory in its own view. `output`, a file, is both its stdout and stderr.
        `inherited` is one more file that it gets, and the variable in which it finds the file's number.
        """
        document = {
            "command": list(command),
            "environment": dict(environment),
            "directory": str(directory),
            "world": asdict(world),
            "has_network": network is not None,
            "has_session": not self._niceness,
            "inherited": inherited[0] if inherited else None,
        }
        files = [output if isinstance(output, int) else output.fileno()]
        files += [network.file] if network else []
        files += [inherited[1]] if inherited else []
        return SandboxedProcess(self._request("start", document, files), list(command))

    def new_network(self) -> Network:
        """Create a network for `start`; several processes may share it. OSError if the system does not allow it."""
        with self._request("network", {}, []) as line:
            message, files = receive_files(line, MESSAGE_BYTES, 1)
        if not files:
            raise StartFailed(0, f"no network of its own: {message.decode(errors='replace')}")
        return Network(files[0])

    def relay(self, listener: socket.socket, network: Network, port: int) -> Relay:
        """Pass connections that `listener` accepts on to 127.0.0.1:`port` inside `network`."""
        return Relay(self._request("relay", {"port": port}, [listener.fileno(), network.file]))

    def close(self) -> None:
        """End every process that was started, and the spawner."""
        if self._control and self._spawner:
            self._control.close()
            with suppress(ChildProcessError):
                os.waitpid(self._spawner, 0)
        self._control = None

    def _request(self, word: str, document: dict[str, Any], files: list[int]) -> socket.socket:
        """Send a request; return this end of the new process's line."""
        if not self.availability or self._control is None:
            raise StartFailed(0, f"no sandbox: {self.availability.world or 'it is closed'}")
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if word == "start":
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)  # the program shows its process id
        with theirs, open(os.memfd_create("request"), "w+b") as request:  # noqa: PTH123 - memory, not a path
            request.write(json.dumps(document).encode())
            request.flush()
            request.seek(0)
            with self._lock:
                socket.send_fds(self._control, [word.encode()], [theirs.fileno(), request.fileno(), *files])
        return ours


def _spawner(control: socket.socket, niceness: int) -> int:
    """Start the spawner, in its own session: signals of a terminal are meant for the server.

    It has the niceness before its first request, so all that it starts inherits it.
    """
    package = str(Path(__file__).resolve().parents[2])
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    control.set_inheritable(True)
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", PROGRAM, package, str(control.fileno())],
        env=environment,
        stdin=subprocess.DEVNULL,
        pass_fds=[control.fileno()],
        start_new_session=True,
        cwd="/",
    )
    if niceness:
        lower_priority(process.pid, niceness)
    process.returncode = 0  # `close` waits for it; Popen would warn that it still runs
    return process.pid
