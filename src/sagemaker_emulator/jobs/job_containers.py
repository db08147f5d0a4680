"""The containers of a job: started, read, waited for or stopped, and the reason why one failed."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from safety.left_files import read_text
from sagemaker_emulator.aws_clients.log_streams import LogStream
from sagemaker_emulator.engine import Container, ContainerSpec

TAIL_LINES = 10
POLL_S = 0.05
OUTPUT_DRAIN_S, FLOOD_DRAIN_S = 5.0, 30.0
ABANDON_GRACE_S = 3.0
FAILURE_REASON_MAX = 1024
FAILURE_FILE = ("output", "failure")
FAILURE_FILE_MAX_BYTES = 16 << 10
NAMED_ERRORS = ("ClientError:", "AlgorithmError:", "InternalServerError:")


@dataclass(frozen=True)
class Halt:
    """The order to end a job early: a Stop request came, or the emulator is going down."""

    stop_requested: threading.Event = field(default_factory=threading.Event)
    abandoned: threading.Event = field(default_factory=threading.Event)

    def is_set(self) -> bool:
        return self.stop_requested.is_set() or self.abandoned.is_set()


class JobContainer:
    """One started container and the thread that reads its output.

    Each line goes to the log stream at once, and to `listen` with whether it is new: after a restart of the emulator
    the lines come again from the first one. `start` is the engine's, or returns a container of an earlier emulator.
    """

    def __init__(
        self,
        start: Callable[[ContainerSpec], Container],
        spec: ContainerSpec,
        stream: LogStream,
        listen: Callable[[str, bool], None] | None = None,
    ) -> None:
        self.spec, self._stream, self._listen = spec, stream, listen
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._read_lines = 0
        self._left = False
        try:
            self.container: Container = start(spec)
        except BaseException:  # whatever the reason, end the log
            stream.close()
            raise
        self._reader = threading.Thread(target=self._read, name=f"output of {spec.name}", daemon=True)
        self._reader.start()

    @property
    def tail(self) -> str:
        """The last lines of the output."""
        return "\n".join(self._tail)

    def leave(self) -> None:
        """Let the container run on, for the next emulator to find."""
        self._left = True
        self.container.leave()

    def end(self) -> None:
        """Stop the container at once, unless it was left."""
        if not self._left:
            self.container.stop(0)

    def drain(self) -> None:
        """After the container's end, wait for the rest of its output, and longer while it waits for room in the log."""
        deadline, read = time.monotonic() + FLOOD_DRAIN_S, -1
        while self._reader.is_alive() and read != self._read_lines and time.monotonic() < deadline:
            read = self._read_lines
            self._reader.join(OUTPUT_DRAIN_S)

    def finish_log(self) -> None:
        """After the container's end, wait for the rest of its output and send it."""
        self.drain()
        self._stream.close()

    def failure_reason(self, code: int) -> str:
        """Return AWS's FailureReason: the text of the program's failure file, else the last lines of its log.

        If the platform ended the container, the program is not blamed.
        """
        if fault := self.container.platform_fault:
            return f"InternalServerError: {fault} Please create the job again."
        written = read_text(self.spec.base_dir, FAILURE_FILE, FAILURE_FILE_MAX_BYTES).strip()
        text = written or self.tail
        ending = f", exit code: {128 - code if code < 0 else code}"  # a signal, as containers report it
        text = text if text.startswith(NAMED_ERRORS) else f"AlgorithmError: {text}"
        return text[: FAILURE_REASON_MAX - len(ending)] + ending

    def _read(self) -> None:
        for line in self.container.lines():
            self._tail.append(line)
            self._read_lines += 1
            is_new = self._stream.write(line)
            if self._listen:
                self._listen(line, is_new)


@contextmanager
def running(starts: Iterable[Callable[[], JobContainer]]) -> Iterator[list[JobContainer]]:
    """Start containers side by side. When the block ends, for whatever reason, none runs and every log is sent."""
    runs: list[JobContainer] = []
    try:
        for start in starts:
            runs.append(start())  # noqa: PERF401 - if one does not start, those before it must be ended
        yield runs
    finally:
        for run in runs:
            run.end()
        for run in runs:
            run.finish_log()


@dataclass(frozen=True)
class Outcome:
    """The end of containers that ran side by side. `failed` is the first that exited with a code other than 0.

    `left` means that they run on without the emulator.
    """

    failed: tuple[JobContainer, int] | None = None
    ran_out_of_time: bool = False
    left: bool = False


def wait_for(
    runs: Sequence[JobContainer], halt: Halt, max_runtime_s: float, grace_s: float, may_leave: bool = False
) -> Outcome:
    """Wait until all containers have ended. As on AWS, one that fails, a halt, or the end of the time stops the others.

    When the emulator goes down and `may_leave` is set, they are left running.
    """
    deadline = time.monotonic() + max_runtime_s
    pending = list(runs)
    while pending:
        for run in list(pending):
            code = run.container.wait(POLL_S)
            if code:
                stop_all(pending, grace_s)
                return Outcome(failed=(run, code))
            if code == 0:
                pending.remove(run)
        if halt.is_set():
            return _halted(runs, pending, halt.abandoned.is_set(), grace_s, may_leave)
        if pending and time.monotonic() > deadline:
            stop_all(pending, grace_s)
            return Outcome(ran_out_of_time=True)
    return Outcome()


def _halted(
    runs: Sequence[JobContainer], pending: Sequence[JobContainer], abandoned: bool, grace_s: float, may_leave: bool
) -> Outcome:
    if abandoned and may_leave:
        for run in runs:
            run.leave()
        return Outcome(left=True)
    stop_all(pending, ABANDON_GRACE_S if abandoned else grace_s)
    return Outcome()


def stop_all(runs: Sequence[JobContainer], grace_s: float) -> None:
    """Stop the containers at the same time, so that they share one period of grace."""
    with ThreadPoolExecutor(max(1, len(runs))) as pool:
        list(pool.map(lambda run: run.container.stop(grace_s), runs))
