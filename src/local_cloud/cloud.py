"""Brings the servers up and down, and says how they are."""

import subprocess
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import psutil

from local_cloud.elsewhere import answers_elsewhere, is_recognised
from local_cloud.errors import LocalCloudError, StartError
from local_cloud.logs import last_lines
from local_cloud.ports import is_healthy, require_free
from local_cloud.processes import KILL_TIMEOUT_S, LABEL, Ended, end, find, leftovers, memory_bytes
from local_cloud.progress import Progress
from local_cloud.servers import Server
from local_cloud.state import Record, Records, emptied, locked
from local_cloud.users import Users

POLL_S = 0.1
GRACE_S = 10.0
LOG_LINES_SHOWN = 15


class State(StrEnum):
    RUNNING = "running"
    ELSEWHERE = "elsewhere"
    """It answers, and was started by other means."""
    NOT_ANSWERING = "not answering"
    DEAD = "dead"
    STOPPED = "stopped"


@dataclass(frozen=True)
class ServerStatus:
    name: str
    state: State
    port: int
    log: Path
    pid: int | None = None
    uptime_s: float | None = None
    memory_bytes: int | None = None


class LocalCloud:
    """The servers whose state is under one folder. Every process below them carries that folder's path as its label."""

    def __init__(
        self,
        servers: Sequence[Server],
        state_dir: Path,
        progress: Progress,
        start_timeout_s: float = 120.0,
        grace_s: float = GRACE_S,
    ) -> None:
        self.servers = tuple(servers)
        self.state_dir = state_dir
        self._progress = progress
        self._start_timeout_s = start_timeout_s
        self._grace_s = grace_s
        self._records = Records(state_dir / "cloud.json")
        self._users = Users(state_dir / "users.json")
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def up(self) -> tuple[str, ...]:
        """Starts the servers that do not run, and returns their names once all are ready. They run until `down`.

        When that fails, or is interrupted, the servers that it started are ended again. A cloud that others started on
        these ports is used as it is.
        """
        return self._up(lambda started: self._users.forget())

    def join(self) -> tuple[str, ...]:
        """As `up`, but what is started runs until the last that joined has left."""
        return self._up(self._users.enter)

    def leave(self) -> list[Ended]:
        with self._locked():
            unused = self._users.leave()
            return self._end(unused) if unused else []

    def down(self) -> list[Ended]:
        """Ends the servers, and what is left of them or of any that died before."""
        with self._locked():
            self._users.forget()
            return self._end(self._records.read())

    def is_up(self) -> bool:
        """Whether all answer; refused when one of ours runs on another port than the one asked for."""
        return self.is_elsewhere() or all(self._process(server) and is_healthy(server) for server in self.servers)

    def is_elsewhere(self) -> bool:
        """Whether a cloud that was started by other means answers on the ports, and none of ours runs."""
        return not any(self._process(server) for server in self.servers) and answers_elsewhere(self.servers)

    def require_ports(self) -> None:
        """Refuses other ports than those of the servers that run."""
        for server in self.servers:
            self._process(server)

    def status(self) -> tuple[ServerStatus, ...]:
        return tuple(self._status(server) for server in self.servers)

    def log(self, name: str) -> Path:
        return self.state_dir / "logs" / f"{name}.log"

    def _up(self, note_use: Callable[[tuple[str, ...]], None]) -> tuple[str, ...]:
        with self._locked(), ExitStack() as undo:
            undo.callback(self._progress.clear)
            if self.is_elsewhere():
                self._progress.say(
                    "using the local cloud that answers already, started by other means (docker compose ps)"
                )
                return ()
            missing = tuple(server for server in self.servers if self._process(server) is None)
            if missing:
                self._recover(missing)
            for server in missing:
                require_free(server)
            for server in missing:
                undo.callback(self._end, (server.name,))
                self._start(server)
            self._wait_until_ready(missing)
            started = tuple(server.name for server in missing)
            note_use(started)
            undo.pop_all()
        return started

    def _locked(self) -> "ExitStack":
        stack = ExitStack()
        stack.enter_context(locked(self.state_dir, self._progress.say, self._start_timeout_s + 2 * self._grace_s))
        return stack

    def _process(self, server: Server) -> psutil.Process | None:
        record = self._records.read().get(server.name)
        process = find(record.pid, record.created) if record else None
        if record and process and record.port != server.port:
            raise LocalCloudError(
                f"{server.name} runs on port {record.port}, not on {server.port}. "
                f"Run `make down` first, or keep its port: export {server.port_variable}={record.port}"
            )
        return process

    def _start(self, server: Server) -> None:
        if server.scratch:
            emptied(server.scratch)
        log = self.log(server.name)
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists():
            log.replace(log.with_name(f"{log.name}.1"))
        child = self._children[server.name] = self._spawn(server, log)
        self._records.put(server.name, Record(child.pid, psutil.Process(child.pid).create_time(), server.port))
        self._progress.say(f"starting {server.name} on port {server.port} (pid {child.pid}, log {log})")

    def _spawn(self, server: Server, log: Path) -> "subprocess.Popen[bytes]":
        with log.open("ab") as output:
            try:
                return subprocess.Popen(
                    server.command,
                    env={**server.environment, LABEL: str(self.state_dir)},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    # a terminal's Ctrl-C is for the command in the foreground, not for its cloud
                    start_new_session=True,
                )
            except OSError as error:
                raise StartError(
                    f"{server.name} cannot be started: {server.command[0]}: {error.strerror}. Run: make setup"
                ) from error

    def _recover(self, missing: Sequence[Server]) -> None:
        """Clears what is left of servers that died, or of a start that did not get to its end."""
        records = self._records.read()
        for server in missing:
            if record := records.get(server.name):
                self._progress.say(
                    f"{server.name} (pid {record.pid}) has died. It is started again: {server.on_restart}"
                )
                self._records.remove(server.name)
        for ended in self._sweep():
            self._progress.say(f"ended what had been left running: pid {ended.pid}: {ended.command}")

    def _sweep(self) -> list[Ended]:
        """Ends what carries our label and has no server above it any more."""
        swept: list[Ended] = []
        # more than once: what is ending may still start something
        while left := end(leftovers(self.state_dir, self._running()), self._grace_s):
            swept += left
        self._reap()
        return swept

    def _reap(self) -> None:
        """Takes the exit codes of those children that have ended. One that shows as a zombie may still have threads."""
        running = {process.pid for process in self._running()}
        for child in self._children.values():
            if child.pid not in running:
                child.wait(KILL_TIMEOUT_S)

    def _running(self) -> list[psutil.Process]:
        found = (find(record.pid, record.created) for record in self._records.read().values())
        return [process for process in found if process]

    def _wait_until_ready(self, started_now: Sequence[Server]) -> None:
        started = time.monotonic()
        waiting = list(self.servers)
        while waiting:
            waited_s = time.monotonic() - started
            for server in tuple(waiting):
                if self._is_ready(server):
                    waiting.remove(server)
                    if server in started_now:
                        self._progress.say(f"{server.name} is ready ({time.monotonic() - started:.1f} s)")
            if waiting and waited_s > self._start_timeout_s:
                raise StartError(self._not_ready(waiting[0], waited_s))
            if waiting:
                names = " and ".join(server.name for server in waiting)
                self._progress.waiting(f"waiting for {names} to answer ({waited_s:.1f} s)")
                time.sleep(POLL_S)

    def _is_ready(self, server: Server) -> bool:
        if self._process(server) is None:
            child = self._children.get(server.name)
            code = child.poll() if child else "unknown"
            raise StartError(f"{server.name} died while it started (exit code {code}).\n{self._log_tail(server)}")
        return is_healthy(server)

    def _not_ready(self, server: Server, waited_s: float) -> str:
        return (
            f"{server.name} did not answer http://127.0.0.1:{server.port}{server.health_path} within {waited_s:.0f} s. "
            f"`make down` and `make up` start it afresh.\n{self._log_tail(server)}"
        )

    def _log_tail(self, server: Server) -> str:
        log = self.log(server.name)
        lines = last_lines(log, LOG_LINES_SHOWN)
        return "\n".join([f"The last lines of {log}:", *(f"  {line}" for line in lines or ["(nothing)"])])

    def _end(self, names: Collection[str]) -> list[Ended]:
        records = {name: record for name, record in self._records.read().items() if name in names}
        found = (find(record.pid, record.created) for record in records.values())
        ended = end([process for process in found if process], self._grace_s)
        for name in records:
            self._records.remove(name)
        return ended + self._sweep()

    def _status(self, server: Server) -> ServerStatus:
        record = self._records.read().get(server.name)
        process = find(record.pid, record.created) if record else None
        if process is None and is_recognised(server):
            return ServerStatus(server.name, State.ELSEWHERE, server.port, Path("(docker compose logs)"))
        if record is None:
            return ServerStatus(server.name, State.STOPPED, server.port, self.log(server.name))
        if process is None:
            return ServerStatus(server.name, State.DEAD, record.port, self.log(server.name), record.pid)
        return ServerStatus(
            name=server.name,
            state=State.RUNNING if is_healthy(replace(server, port=record.port)) else State.NOT_ANSWERING,
            port=record.port,
            log=self.log(server.name),
            pid=record.pid,
            uptime_s=time.time() - record.created,
            memory_bytes=memory_bytes(process),
        )
