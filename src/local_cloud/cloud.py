"""The local cloud: starts, watches and ends the servers whose state is in one folder.

Processes. A command such as `scones up` is a short process that starts the servers, each in a session of its own, and
exits; nothing supervises them. A server's output goes to `logs/<server>.log`, and a new start keeps the log before as
`.log.1`. Every server gets the label SCONES_LOCAL_CLOUD=<state folder> in its environment, and so does everything that
it starts, training jobs and Lambda functions included. There are no threads.

State. `cloud.json` has pid, creation time and port of each server that was started. `leases.json` has the commands that
use servers which were started only for such commands. Both are replaced atomically. Neither has to be right: when a
file is lost, the label still finds every process.

Lock. `up`, `join`, `leave` and `down` hold an exclusive flock on `lock`, from before they read the records until the
servers are ready or ended, so that two commands at once start one cloud. Questions (`status`, `is_up`) take no lock.

Rights. The folder and all that is in it are this user's alone (0700, 0600): closed before anything is written, and
a start narrows what an earlier version left. The servers, and what they start, inherit the umask.

Stages of a start (`up`, and `join` for one command):
  1. If a cloud that something else (Docker Compose) started answers on the ports, use it and start nothing.
  2. Look for servers that are recorded and alive. One that runs on another port than the one asked for is an error.
  3. Sweep: end every process that has the label but no live server above it, such as what a dead server left behind.
  4. Check that the ports are free, then start the missing servers, and record each as soon as it has a pid.
  5. Wait until all answer their health paths. When one dies or the deadline passes, show the end of its log.
  6. Note the use: `up` clears the leases, so that the servers run until `down`; `join` adds one.
When stages 4 to 6 fail or are interrupted, the servers that this command started are ended again.

Stages of an end (`down`, and `leave` of the last command):
  1. Ask the servers to end (SIGTERM), wait for the grace period, kill those that remain (SIGKILL).
  2. Remove their records, and sweep as above until nothing with the label is left.

Invariants:
  - Only processes with our pid and creation time, or with our label, are signaled; a reused pid is never touched.
  - A cloud that something else started is used, never ended.
  - After a start that failed, and after `down`, no process of ours runs.
  - A server that `up` started is ended by `down` alone, whatever commands join and leave meanwhile.
"""

import subprocess
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import psutil

from local_cloud.errors import LocalCloudError, StartError
from local_cloud.external_cloud import external_cloud_answers, is_recognized
from local_cloud.leases import Leases
from local_cloud.ports import is_healthy, listens, require_free
from local_cloud.processes import (
    KILL_TIMEOUT_S,
    LABEL,
    EndedProcess,
    created_s,
    end,
    find,
    leftovers,
    memory_bytes,
    running_s,
)
from local_cloud.servers import Server
from local_cloud.state import ServerRecord, ServerRecords, empty_folder, locked
from local_cloud.terminal.logs import last_lines
from local_cloud.terminal.progress import Progress
from safety.private_files import make_private

POLL_S = 0.1
READY_TIMEOUT_S = 2.0  # timeout of one health request during a start; the next request follows immediately
GRACE_S = 20.0  # LocalStack ends within 4 s, and the emulator within 1 s, on a machine that is not busy
LOG_LINES_SHOWN = 15


class ServerState(StrEnum):
    RUNNING = "running"
    EXTERNAL = "elsewhere"
    """It answers, and something else started it, such as Docker Compose."""
    NOT_ANSWERING = "not answering"
    DEAD = "dead"
    STOPPED = "stopped"


@dataclass(frozen=True)
class ServerStatus:
    name: str
    state: ServerState
    port: int
    log: Path
    pid: int | None = None
    uptime_s: float | None = None
    memory_bytes: int | None = None


class LocalCloud:
    """The servers whose state is in one folder."""

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
        self._records = ServerRecords(state_dir / "cloud.json")
        self._leases = Leases(state_dir / "leases.json")
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def up(self) -> tuple[str, ...]:
        """Start the servers that do not run, and return their names once all are ready. They run until `down`.

        Raises PortInUseError, StartError or LocalCloudError, after it has ended the servers that it had started.
        """
        return self._up(lambda started: self._leases.clear())

    def join(self) -> tuple[str, ...]:
        """Start servers as `up` does, but only until the last process that joined has left."""
        return self._up(self._leases.acquire)

    def leave(self) -> list[EndedProcess]:
        """End the servers that were started for processes that joined, if this process was the last of them."""
        with self._locked():
            unused = self._leases.release()
            return self._end(unused) if unused else []

    def down(self) -> list[EndedProcess]:
        """End the servers, and whatever they or earlier servers left running."""
        with self._locked():
            self._leases.clear()
            return self._end(self._records.read())

    def ends_with_its_commands(self) -> bool:
        """Return whether servers run that end with the last command that joined."""
        return bool(self._leases.servers())

    def is_up(self) -> bool:
        """Return whether all servers answer.

        Raises LocalCloudError when one of ours runs on another port than the one asked for.
        """
        return self.is_external() or all(self._process(server) and is_healthy(server) for server in self.servers)

    def is_external(self) -> bool:
        """Return whether no server of ours runs, and a cloud that something else started answers on the ports."""
        return not any(self._process(server) for server in self.servers) and external_cloud_answers(self.servers)

    def require_ports(self) -> None:
        """Raise LocalCloudError when a server runs on another port than the one asked for."""
        for server in self.servers:
            self._process(server)

    def status(self) -> tuple[ServerStatus, ...]:
        return tuple(self._status(server) for server in self.servers)

    def log(self, name: str) -> Path:
        """Return the path of the server's log, which need not exist."""
        return self.state_dir / "logs" / f"{name}.log"

    def _up(self, note_started: Callable[[tuple[str, ...]], None]) -> tuple[str, ...]:
        with self._locked(), ExitStack() as undo:
            undo.callback(self._progress.clear)
            if self.is_external():
                self._progress.say("using the local cloud that is already running (see docker compose ps)")
                return ()
            missing = tuple(server for server in self.servers if self._process(server) is None)
            if missing:
                make_private(self.state_dir)
                self._clear_dead(missing)
            require_free(missing)
            for server in missing:
                undo.callback(self._end, (server.name,))
                self._start(server)
            self._wait_until_ready(missing)
            started = tuple(server.name for server in missing)
            note_started(started)
            undo.pop_all()
        return started

    def _locked(self) -> "ExitStack":
        stack = ExitStack()
        stack.enter_context(locked(self.state_dir, self._progress.say, self._start_timeout_s + 2 * self._grace_s))
        return stack

    def _process(self, server: Server) -> psutil.Process | None:
        """Return the running server; raise LocalCloudError when it has another port than the one asked for."""
        record = self._records.read().get(server.name)
        process = find(record.pid, record.created) if record else None
        if record and process and record.port != server.port:
            raise LocalCloudError(
                f"{server.name} runs on port {record.port}, not on {server.port}. "
                f"Run `scones down` first, or keep its port: export {server.port_variable}={record.port}"
            )
        return process

    def _start(self, server: Server) -> None:
        if server.scratch:
            empty_folder(server.scratch)
        log = self.log(server.name)
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists():
            log.replace(log.with_name(f"{log.name}.1"))
        child = self._children[server.name] = self._spawn(server, log)
        self._records.put(server.name, ServerRecord(child.pid, created_s(child.pid), server.port))
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
                    # a terminal's Ctrl-C is meant for the command in the foreground, not for its cloud
                    start_new_session=True,
                )
            except OSError as error:
                raise StartError(
                    f"{server.name} cannot be started: {server.command[0]}: {error.strerror}. Run: make setup "
                    "(without make: uvx --from scones-unlimited scones up)"
                ) from error

    def _clear_dead(self, missing: Sequence[Server]) -> None:
        """Remove the records of servers that died, and end what they or an interrupted start left running."""
        records = self._records.read()
        for server in missing:
            if record := records.get(server.name):
                self._progress.say(
                    f"{server.name} (pid {record.pid}) has died and is started again: {server.on_restart}"
                )
                self._records.remove(server.name)
        for ended in self._sweep():
            self._progress.say(f"ended a process that had been left running: pid {ended.pid}: {ended.command}")

    def _sweep(self) -> list[EndedProcess]:
        """End the processes that have our label and no live server above them."""
        swept: list[EndedProcess] = []
        # repeat, since a process that is ending may still start another
        while ended := end(leftovers(self.state_dir, self._running()), self._grace_s):
            swept += ended
        self._reap()
        return swept

    def _reap(self) -> None:
        """Wait for those children that have ended. A zombie may still have threads that are running."""
        running = {process.pid for process in self._running()}
        for child in self._children.values():
            if child.pid not in running:
                child.wait(KILL_TIMEOUT_S)

    def _running(self) -> list[psutil.Process]:
        processes = (find(record.pid, record.created) for record in self._records.read().values())
        return [process for process in processes if process]

    def _wait_until_ready(self, started_now: Sequence[Server]) -> None:
        started = time.monotonic()
        waiting = list(self.servers)
        while waiting:
            waited_s = time.monotonic() - started
            for server in tuple(waiting):
                if self._is_ready(server):
                    waiting.remove(server)
                    if server in started_now:
                        self._progress.done(f"{server.name} is ready ({time.monotonic() - started:.1f} s)")
            if waiting and waited_s > self._start_timeout_s:
                raise StartError(self._not_ready(waiting[0], waited_s))
            if waiting:
                names = " and ".join(server.name for server in waiting)
                self._progress.waiting(f"waiting for {names} to answer ({waited_s:.1f} s)")
                time.sleep(POLL_S)

    def _is_ready(self, server: Server) -> bool:
        process = self._process(server)
        if process is None:
            child = self._children.get(server.name)
            code = child.poll() if child else "unknown"
            raise StartError(f"{server.name} died while it started (exit code {code}).\n{self._log_tail(server)}")
        if not is_healthy(server, READY_TIMEOUT_S):
            return False
        if not listens(process, server.port):  # another server has been quicker
            require_free((server,))
            return False
        return True

    def _not_ready(self, server: Server, waited_s: float) -> str:
        return (
            f"{server.name} did not answer http://127.0.0.1:{server.port}{server.health_path} within {waited_s:.0f} s. "
            f"`scones down` and `scones up` restart it.\n{self._log_tail(server)}"
        )

    def _log_tail(self, server: Server) -> str:
        log = self.log(server.name)
        lines = last_lines(log, LOG_LINES_SHOWN)
        return "\n".join([f"The last lines of {log}:", *(f"  {line}" for line in lines or ["(nothing)"])])

    def _end(self, names: Collection[str]) -> list[EndedProcess]:
        records = {name: record for name, record in self._records.read().items() if name in names}
        found = {name: find(record.pid, record.created) for name, record in records.items()}
        running = {process.pid: (name, process) for name, process in found.items() if process}
        if running:
            self._progress.say(f"stopping {' and '.join(name for name, _ in running.values())}")
        ended = end([process for _, process in running.values()], self._grace_s)
        for name in records:
            self._records.remove(name)
        return [replace(each, server=running[each.pid][0]) for each in ended] + self._sweep()

    def _status(self, server: Server) -> ServerStatus:
        record = self._records.read().get(server.name)
        process = find(record.pid, record.created) if record else None
        if process is None and is_recognized(server):
            return ServerStatus(server.name, ServerState.EXTERNAL, server.port, Path("(docker compose logs)"))
        if record is None:
            return ServerStatus(server.name, ServerState.STOPPED, server.port, self.log(server.name))
        if process is None:
            return ServerStatus(server.name, ServerState.DEAD, record.port, self.log(server.name), record.pid)
        return ServerStatus(
            name=server.name,
            state=ServerState.RUNNING if is_healthy(replace(server, port=record.port)) else ServerState.NOT_ANSWERING,
            port=record.port,
            log=self.log(server.name),
            pid=record.pid,
            uptime_s=running_s(process),
            memory_bytes=memory_bytes(process),
        )
