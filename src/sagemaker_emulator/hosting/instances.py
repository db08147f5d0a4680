"""Instances: containers that serve. Each is started, watched, restarted when it dies, and stopped."""

from __future__ import annotations

import logging
import shutil
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sagemaker_emulator.aws_clients.log_streams import LogStream
from sagemaker_emulator.engine import Container, ContainerSpec, Engine, EngineError

PING_S = 0.05
PING_TIMEOUT_S = 2.0
STEADY_S = 10.0  # a container that lived this long did not die of starting
RESTART_PAUSE_S = 1.0
RESTART_PAUSE_MAX_S = 60.0
TAIL_LINES = 10

log = logging.getLogger(__name__)


class StartFailed(Exception):
    """An instance did not become healthy; the text says why, with the end of its log."""


@dataclass(eq=False)
class Instance:
    """One serving container. Only `busy` changes `in_flight`, and only on the server's event loop."""

    spec: ContainerSpec
    engine: Engine
    log_stream: LogStream
    stop_grace_s: float
    closing: threading.Event = field(default_factory=threading.Event)  # whatever is being started ends
    in_flight: int = 0
    is_ready: bool = False
    _container: Container | None = None
    _closed: threading.Event = field(default_factory=threading.Event)
    _tail: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL_LINES))
    _watch: threading.Thread | None = None

    @property
    def address(self) -> str:
        assert self._container is not None
        return self._container.address

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Count one more request in flight until the context ends."""
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1

    def start(self, timeout_s: float) -> None:
        """Start and wait for `GET /ping` to answer 200. StartFailed when it does not within `timeout_s`."""
        try:
            self._launch(timeout_s)
        except BaseException:
            self.stop()
            raise
        self._watch = threading.Thread(target=self._keep_alive, args=(timeout_s,), daemon=True, name=self.spec.name)
        self._watch.start()

    def stop(self) -> None:
        self._closed.set()
        self.is_ready = False
        if self._container:
            self._container.stop(self.stop_grace_s)
        if self._watch:
            self._watch.join()
        if self._container:
            self._container.stop(0)  # one that was being started again meanwhile
        self.is_ready = False
        self.log_stream.close()
        shutil.rmtree(self.spec.base_dir, ignore_errors=True)

    def _launch(self, timeout_s: float) -> None:
        container = self._container = self.engine.start(self.spec)
        threading.Thread(target=self._read, args=(container,), daemon=True).start()
        deadline = time.monotonic() + timeout_s
        while not _answers_ping(container.address):
            if (code := container.wait(PING_S)) is not None:
                raise StartFailed(
                    f"The container exited with code {code} before it passed the ping health check. {self._log_end()}"
                )
            if time.monotonic() > deadline or self._closed.is_set() or self.closing.is_set():
                raise StartFailed(
                    f"The container did not pass the ping health check within {timeout_s:g} seconds. {self._log_end()}"
                )
        self.is_ready = not self._closed.is_set()

    def _keep_alive(self, timeout_s: float) -> None:
        """Start the container again whenever it ends, until `stop`: at once, then later and later if it keeps dying."""
        deaths = 0
        while not self._closed.is_set():
            assert self._container is not None
            started = time.monotonic()
            code = self._container.wait()
            self.is_ready = False
            if self._closed.is_set():
                return
            deaths = 1 if time.monotonic() - started > STEADY_S else deaths + 1
            log.warning("%s exited with code %s and is started again", self.spec.name, code)
            self._closed.wait(_pause_s(deaths))
            self._relaunch(timeout_s)

    def _relaunch(self, timeout_s: float) -> None:
        if self._closed.is_set():
            return
        try:
            self._launch(timeout_s)
        except (EngineError, StartFailed) as error:
            log.warning("%s: %s", self.spec.name, error)
            assert self._container is not None
            self._container.stop(0)

    def _read(self, container: Container) -> None:
        for line in container.lines():
            self._tail.append(line)
            self.log_stream.write(line)

    def _log_end(self) -> str:
        lines = "\n".join(self._tail)
        return f"Last lines of its log:\n{lines}" if lines else "It wrote nothing to its log."


def _pause_s(deaths: int) -> float:
    """Before the first restart none, then 1, 2, 4 … 60 seconds."""
    return 0.0 if deaths == 1 else min(RESTART_PAUSE_MAX_S, RESTART_PAUSE_S * 2.0 ** min(deaths - 2, 10))


def _answers_ping(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/ping", timeout=PING_TIMEOUT_S) as response:  # noqa: S310 - our own http
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
