"""Serving containers. Each is started, watched, started again whenever it ends, and stopped."""

from __future__ import annotations

import http.client
import logging
import shutil
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sagemaker_emulator.aws_clients.log_streams import LogStream
from sagemaker_emulator.engine import BIND_TO_PORT, SAFE_PORT_RANGE, Container, ContainerSpec, Engine, EngineError
from sagemaker_emulator.resources.container_definition import PRIMARY, ContainerDefinition

PING_S = 0.02
PING_TIMEOUT_S = 2.0
STEADY_S = 10.0  # a container that ran this long is not crashing at its start: the next restart is immediate
RESTART_PAUSE_S = 1.0
RESTART_PAUSE_MAX_S = 60.0
TAIL_LINES = 10

log = logging.getLogger(__name__)


class StartFailed(Exception):
    """A container did not become healthy; the text has the reason and the end of its log."""


@dataclass(eq=False)
class ServingContainer:
    """One container of an instance, kept alive. `starts` counts how often it has become healthy."""

    definition: ContainerDefinition
    spec: ContainerSpec
    engine: Engine
    log_stream: LogStream
    stop_grace_s: float
    is_aborted: Callable[[], bool] = lambda: False  # ends a start that is under way
    is_ready: bool = False
    starts: int = 0
    _container: Container | None = None
    _closed: threading.Event = field(default_factory=threading.Event)
    _tail: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL_LINES))
    _watch: threading.Thread | None = None

    @property
    def address(self) -> str:
        assert self._container is not None
        return self._container.address

    @property
    def is_stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._closed.is_set()

    def bring(self, folder: Path) -> str:
        """Make a folder below base_dir, written after the start, visible to the program; return its path there."""
        assert self._container is not None
        return self._container.bring(self.spec.base_dir, folder)

    def discard(self, folder: Path) -> None:
        """Delete a folder below base_dir, here and for the program."""
        shutil.rmtree(folder, ignore_errors=True)
        if self._container:
            self._container.discard(self.spec.base_dir, folder)

    def start(self, timeout_s: float) -> None:
        """Start the container and wait until `GET /ping` answers 200. StartFailed if that takes over `timeout_s`."""
        try:
            self._launch(timeout_s)
        except BaseException:  # whatever the reason, no container stays running
            self.stop()
            raise
        self._watch = threading.Thread(target=self._keep_alive, args=(timeout_s,), daemon=True, name=self.spec.name)
        self._watch.start()

    def stop(self) -> None:
        """Stop the container and its thread, and remove its folder."""
        self._closed.set()
        self.is_ready = False
        if self._container:
            self._container.stop(self.stop_grace_s)
        if self._watch:
            self._watch.join()
        if self._container:
            self._container.stop(0)  # the watching thread may have started another one meanwhile
        self.is_ready = False
        self.log_stream.close()
        shutil.rmtree(self.spec.base_dir, ignore_errors=True)

    def _launch(self, timeout_s: float) -> None:
        container = self._container = self.engine.start(self.spec)
        threading.Thread(target=self._read, args=(container,), daemon=True).start()
        deadline = time.monotonic() + timeout_s
        while not _answers_ping(container.address):
            if (code := container.wait(PING_S)) is not None:
                raise self._start_failure(f"exited with code {code} before it passed the ping health check.")
            if time.monotonic() > deadline or self._closed.is_set() or self.is_aborted():
                raise self._start_failure(f"did not pass the ping health check within {timeout_s:g} seconds.")
        self.starts += 1
        self.is_ready = not self._closed.is_set()

    def _start_failure(self, fault: str) -> StartFailed:
        subject = "The container" if self.definition.name == PRIMARY else f"The container {self.definition.name}"
        return StartFailed(f"{subject} {fault} {self._log_end()}")

    def _keep_alive(self, timeout_s: float) -> None:
        """Start the container again whenever it ends, until `stop`. Pauses grow while it keeps ending early."""
        early_exits = 0
        while not self._closed.is_set():
            assert self._container is not None
            started = time.monotonic()
            code = self._container.wait()
            self.is_ready = False
            if self._closed.is_set():
                return
            early_exits = 1 if time.monotonic() - started > STEADY_S else early_exits + 1
            log.warning("%s exited with code %s; it will be started again", self.spec.name, code)
            self._closed.wait(restart_pause_s(early_exits))
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


def serving_environment(definition: ContainerDefinition, is_serverless: bool = False) -> dict[str, str]:
    """Return the variables of a container that serves, in addition to those of the engine.

    Source: multi-container endpoints, troubleshooting: containers of a row are told on which ports to listen. A
    serverless instance has one request at a time: a second worker, of which AWS's toolkits and the kit's programs start
    one for each core by default, would only make cold starts slower.
    """
    workers = {"SAGEMAKER_MODEL_SERVER_WORKERS": "1"} if is_serverless else {}
    mode = {"SAGEMAKER_MULTI_MODEL": "true"} if definition.is_multi_model else {}
    ports = {} if definition.name == PRIMARY else {BIND_TO_PORT: "8080", SAFE_PORT_RANGE: "9000-9999"}
    return {**workers, **definition.environment, **mode, **ports}


def restart_pause_s(early_exits: int) -> float:
    """Return the pause before a restart: none after the first early exit, then 1, 2, 4 … 60 seconds."""
    return 0.0 if early_exits == 1 else min(RESTART_PAUSE_MAX_S, RESTART_PAUSE_S * 2.0 ** min(early_exits - 2, 10))


def _answers_ping(address: str) -> bool:
    """Return whether GET /ping answers 200. Any other answer, and no answer, means that it is not healthy yet."""
    try:
        with urllib.request.urlopen(f"{address}/ping", timeout=PING_TIMEOUT_S) as response:  # noqa: S310 - our own http
            return bool(response.status == 200)
    except (urllib.error.URLError, http.client.HTTPException, OSError):
        return False
