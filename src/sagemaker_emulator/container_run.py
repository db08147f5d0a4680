"""Containers that run to their end: started, listened to, waited for or ended from outside, and why one failed."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sagemaker_emulator.engine import Container, ContainerSpec, Engine, EngineError
from sagemaker_emulator.log_streams import LogStream

TAIL_LINES = 10
POLL_S = 0.05
OUTPUT_DRAIN_S = 5.0
ABANDON_GRACE_S = 3.0
FAILURE_REASON_MAX = 1024
NAMED_ERRORS = ("ClientError:", "AlgorithmError:", "InternalServerError:")


@dataclass(frozen=True)
class Halt:
    """What ends a job from outside: a Stop request, or the emulator that goes down."""

    stop_requested: threading.Event = field(default_factory=threading.Event)
    abandoned: threading.Event = field(default_factory=threading.Event)

    def is_set(self) -> bool:
        return self.stop_requested.is_set() or self.abandoned.is_set()


class ContainerRun:
    """One container, started. Its output goes to a log stream, live, and to `listen`; the end of it is kept."""

    def __init__(
        self, engine: Engine, spec: ContainerSpec, stream: LogStream, listen: Callable[[str], None] | None = None
    ) -> None:
        self.spec, self._stream, self._listen = spec, stream, listen
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        try:
            self.container: Container = engine.start(spec)
        except EngineError:
            stream.close()
            raise
        self._reader = threading.Thread(target=self._read, name=f"output of {spec.name}", daemon=True)
        self._reader.start()

    @property
    def tail(self) -> str:
        """The last lines of its output."""
        return "\n".join(self._tail)

    def drain(self) -> None:
        """After its end: wait for the rest of the output."""
        self._reader.join(OUTPUT_DRAIN_S)

    def finish_log(self) -> None:
        """After its end: wait for the rest of the output, and send it."""
        self.drain()
        self._stream.close()

    def failure_reason(self, code: int, failure_file: Path) -> str:
        """As AWS words it: what the program wrote into its failure file, else the end of its log."""
        said = failure_file.read_text(errors="replace").strip() if failure_file.is_file() else ""
        text = said or self.tail
        ending = f", exit code: {128 - code if code < 0 else code}"  # ended by a signal, as a container tells it
        text = text if text.startswith(NAMED_ERRORS) else f"AlgorithmError: {text}"
        return text[: FAILURE_REASON_MAX - len(ending)] + ending

    def _read(self) -> None:
        for line in self.container.lines():
            self._tail.append(line)
            self._stream.write(line)
            if self._listen:
                self._listen(line)


@contextmanager
def running(starts: Iterable[Callable[[], ContainerRun]]) -> Iterator[list[ContainerRun]]:
    """Start each, side by side. When the block is left, however that is, none runs and every log is sent."""
    runs: list[ContainerRun] = []
    try:
        for start in starts:
            runs.append(start())  # noqa: PERF401 - those before one that does not start have to be known
        yield runs
    finally:
        for run in runs:
            run.container.stop(0)
        for run in runs:
            run.finish_log()


@dataclass(frozen=True)
class Outcome:
    """How containers that ran side by side ended. `failed` is the first that exited with a code other than 0."""

    failed: tuple[ContainerRun, int] | None = None
    ran_out_of_time: bool = False


def wait_for(runs: Sequence[ContainerRun], halt: Halt, max_runtime_s: float, grace_s: float) -> Outcome:
    """Wait until all have ended. One that fails, a halt, or the time ends the others, SIGTERM first; as on AWS."""
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
            stop_all(pending, ABANDON_GRACE_S if halt.abandoned.is_set() else grace_s)
            return Outcome()
        if pending and time.monotonic() > deadline:
            stop_all(pending, grace_s)
            return Outcome(ran_out_of_time=True)
    return Outcome()


def stop_all(runs: Sequence[ContainerRun], grace_s: float) -> None:
    """All at once: the grace is one, however many there are."""
    with ThreadPoolExecutor(max(1, len(runs))) as pool:
        list(pool.map(lambda run: run.container.stop(grace_s), runs))
