"""One container in Docker: watched until it ends, its log read to the last line, its outputs copied back."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import docker.errors
import requests

from safety.log_lines import lines_of
from sagemaker_emulator.engine import ContainerSpec, EngineError
from sagemaker_emulator.engine.docker import copying
from sagemaker_emulator.engine.docker.pipes import Pipes

DOCKER_ERRORS = (docker.errors.DockerException, requests.RequestException)
KILLED = 137
ENDED = ("exited", "dead", "removing")
RETRY_S = 0.5
LIVE_S = 1.0
LIVE_SHARE = 5  # copying live outputs takes at most a fifth of the time
READ_OUT_S = 30.0
STOP_S = 60.0

log = logging.getLogger(__name__)


@dataclass(eq=False)
class DockerContainer:
    """A container that was started, or found after a restart. `memory` is its limit, in words."""

    container: Any
    spec: ContainerSpec
    memory: str
    address: str = ""
    release: Callable[[], None] = lambda: None
    platform_fault: str = ""
    _code: int | None = None
    _last_words: list[str] = field(default_factory=list)
    _exited: threading.Event = field(default_factory=threading.Event)
    _ended: threading.Event = field(default_factory=threading.Event)
    _read_out: threading.Event = field(default_factory=threading.Event)
    _left: threading.Event = field(default_factory=threading.Event)
    _is_stopping: bool = False
    _copying: threading.Lock = field(default_factory=threading.Lock)
    _log: Any = None

    def watch(self) -> None:
        threading.Thread(target=self._watch, name=f"end of {self.spec.name}", daemon=True).start()
        if self.spec.live_outputs:
            threading.Thread(target=self._copy_live, name=f"outputs of {self.spec.name}", daemon=True).start()

    def feed_pipes(self) -> None:
        Pipes(self.container, self.spec.base_dir, self._ended, self._end_with).start()

    def lines(self) -> Iterator[str]:
        """Yield the log, and after it the engine's explanation of the end, if the exit code does not explain it."""
        try:
            yield from lines_of(self._output())
            self._ended.wait()
            yield from self._last_words
        finally:
            self._read_out.set()

    def wait(self, timeout_s: float | None = None) -> int | None:
        self._ended.wait(timeout_s)
        return self._code

    def stop(self, grace_s: float) -> int:
        self._is_stopping = True
        if not self._ended.is_set():
            with suppress(*DOCKER_ERRORS):
                self.container.stop(timeout=math.ceil(grace_s))
        if self._exited.wait(STOP_S):  # otherwise Docker does not answer
            self._ended.wait()  # copying the results may take any time
        return KILLED if self._code is None else self._code

    def bring(self, base_dir: Path, folder: Path) -> str:
        """Copy the folder into the container, where it has the same place below /opt/ml."""
        try:
            if not self.container.put_archive("/", copying.packed(base_dir, folder)):
                raise EngineError(f"{folder.name!r} could not be copied into the container {self.spec.name!r}")
        except DOCKER_ERRORS as error:
            raise EngineError(f"{folder.name!r} could not be copied into {self.spec.name!r}: {error}") from error
        return str(self._inside(base_dir, folder))

    def discard(self, base_dir: Path, folder: Path) -> None:
        """Ask the image's `rm` to delete the folder. An image without one keeps it."""
        with suppress(*DOCKER_ERRORS):
            self.container.exec_run(["rm", "-rf", str(self._inside(base_dir, folder))], user="0")

    def _inside(self, base_dir: Path, folder: Path) -> PurePosixPath:
        return copying.OPT_ML / folder.relative_to(base_dir).as_posix()

    def leave(self) -> None:
        self._left.set()
        self._exited.set()
        self._ended.set()
        if self._log is not None:
            self._log.close()

    def _end_with(self, reason: str) -> None:
        self._last_words.append(reason)
        with suppress(*DOCKER_ERRORS):
            self.container.kill()

    def _output(self) -> Iterator[bytes]:
        """Yield the log. A reading that breaks off is repeated; one that began after the end is complete."""
        yielded_bytes = 0
        is_over = False
        while not is_over and not self._left.is_set():
            is_over = not self._is_running()
            skipped = yielded_bytes
            for chunk in self._log_chunks():
                rest = chunk[skipped:]
                skipped -= len(chunk) - len(rest)
                yielded_bytes += len(rest)
                if rest:
                    yield rest

    def _log_chunks(self) -> Iterator[bytes]:
        try:
            self._log = self.container.logs(stream=True, follow=True)
            if not self._left.is_set():
                yield from self._log
        except DOCKER_ERRORS as error:
            log.debug("%s: %s", self.spec.name, error)
            self._ended.wait(RETRY_S)

    def _is_running(self) -> bool:
        try:
            self.container.reload()
        except docker.errors.NotFound:
            return False
        except DOCKER_ERRORS:
            return not self._ended.is_set()
        return self.container.status not in ENDED

    def _watch(self) -> None:
        code = self._exit_code()
        if self._left.is_set():
            return
        self._exited.set()
        self._explain_end(code)
        try:
            self._copy(self.spec.outputs)
        except EngineError as error:
            self._last_words.append(str(error))
            code = code or 1
        self._code = code
        self._ended.set()
        self._read_out.wait(READ_OUT_S)
        self._remove()

    def _exit_code(self) -> int:
        was_away = False
        while not self._left.is_set():
            try:
                if was_away and not self._is_running_again():
                    return self._code_of_an_outage()
                return int(self.container.wait(timeout=None)["StatusCode"])
            except docker.errors.NotFound:
                return self._ended_by_the_platform("The container was removed by another program.")
            except DOCKER_ERRORS as error:  # Docker is restarting
                log.warning("%s: %s", self.spec.name, error)
                was_away = True
                time.sleep(RETRY_S)
        return KILLED

    def _is_running_again(self) -> bool:
        """Return whether the container outlived a Docker that was away. Raises while it still is."""
        self.container.reload()
        return self.container.status not in ENDED

    def _code_of_an_outage(self) -> int:
        """Return the exit code of a container that ended with Docker: a daemon that shuts down stops its containers."""
        code = int(self.container.wait(timeout=None)["StatusCode"])
        if self._is_stopping:
            return code
        return self._ended_by_the_platform(f"Docker was restarted, which ended the container (exit code {code}).")

    def _ended_by_the_platform(self, reason: str) -> int:
        self._last_words.append(reason)
        self.platform_fault = "" if self._is_stopping else reason
        return KILLED

    def _explain_end(self, code: int) -> None:
        with suppress(*DOCKER_ERRORS):
            self.container.reload()
            state = self.container.attrs["State"]
            if state["OOMKilled"] and code:
                self._last_words.append(
                    f"The container was killed because it used more than its {self.memory} of memory (OOM). Please "
                    "use an instance type with more memory, or reduce the size of the data processed on an instance."
                )
            elif state["Error"]:
                self._last_words.append(state["Error"])

    def _copy_live(self) -> None:
        pause_s = LIVE_S
        while not self._ended.wait(pause_s):
            started = time.monotonic()
            try:
                self._copy(self.spec.live_outputs, only_live=True)
            except EngineError as error:  # a file changed while it was read: the next copy, or the last one, has it
                log.debug("%s: %s", self.spec.name, error)
            pause_s = max(LIVE_S, LIVE_SHARE * (time.monotonic() - started))

    def _copy(self, folders: tuple[Path, ...], only_live: bool = False) -> None:
        with self._copying:
            for folder in folders:
                if only_live and self._ended.is_set():
                    return
                self._copy_folder(folder)

    def _copy_folder(self, folder: Path) -> None:
        path = copying.OPT_ML / folder.relative_to(self.spec.base_dir).as_posix()
        try:
            chunks, _ = self.container.get_archive(str(path), chunk_size=copying.CHUNK_BYTES)
            copying.unpack(chunks, folder, self.spec.base_dir)
        except docker.errors.NotFound:
            return  # the program removed it
        except DOCKER_ERRORS as error:
            raise EngineError(f"{path} could not be copied out of the container: {error}") from error

    def _remove(self) -> None:
        with suppress(*DOCKER_ERRORS):
            self.container.remove(v=True, force=True)
            self.release()
