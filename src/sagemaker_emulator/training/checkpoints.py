"""Checkpoints: what is in S3 is brought down before a job starts; what the job writes goes up while it runs."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any

from sagemaker_emulator.aws_clients.clients import AWS_ERRORS, S3Location
from sagemaker_emulator.jobs import input_channels

DEFAULT_PATH = "/opt/ml/checkpoints"
RESERVED = ("input", "model", "output", "code", "errors")
PERIOD_S = 2.0

log = logging.getLogger(__name__)


def local_directory(base_dir: Path, local_path: str) -> Path:
    """Where LocalPath is on this machine. ValueError for a path that the job's /opt/ml does not hold."""
    parts = PurePosixPath(local_path).parts
    if parts[:3] != ("/", "opt", "ml") or ".." in parts or len(parts) < 4 or parts[3] in RESERVED:
        raise ValueError(
            f"The local path {local_path!r} cannot be kept in S3: only a folder below /opt/ml can, such as "
            f"{DEFAULT_PATH}, and not {', '.join(f'/opt/ml/{name}' for name in RESERVED)}"
        )
    return base_dir.joinpath(*parts[3:])


class CheckpointSync:
    """One host's checkpoints. Inside `with`, changed files go up every few seconds, and all of them at its end."""

    def __init__(self, s3: Any, location: S3Location, directory: Path) -> None:
        self._s3, self._location, self.directory = s3, location, directory
        self._uploaded: dict[Path, tuple[int, int]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"checkpoints to {location}", daemon=True)

    def bring_down(self, stopped: Callable[[], bool]) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        folder = str(self._location).rstrip("/") + "/"
        channel = input_channels.Channel("checkpoints", "S3Prefix", folder, "FullyReplicated", "File", None, "None")
        input_channels.download(self._s3, input_channels.objects_of(self._s3, channel), self.directory, stopped)
        self._uploaded = self._files()

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """The last state goes up, however the job ended; its own error is not hidden by one of S3."""
        self._over.set()
        self._thread.join()
        try:
            self._upload(self._files())
        except AWS_ERRORS:
            if error is None:
                raise
            log.exception("checkpoints did not reach %s", self._location)

    def _run(self) -> None:
        before: dict[Path, tuple[int, int]] = {}
        while not self._over.wait(PERIOD_S):
            now = self._files()
            settled = {path: state for path, state in now.items() if before.get(path) == state}
            before = now
            try:
                self._upload(settled)
            except AWS_ERRORS as error:
                log.warning("checkpoints did not reach %s, tried again in %s s: %s", self._location, PERIOD_S, error)

    def _files(self) -> dict[Path, tuple[int, int]]:
        """Each file with its time and size: what is the same twice is not being written."""
        found: dict[Path, tuple[int, int]] = {}
        for folder, _, names in os.walk(self.directory):
            for path in (Path(folder, name) for name in names):
                with suppress(FileNotFoundError):  # renamed or removed by the container meanwhile
                    status = path.stat()
                    found[path] = (status.st_mtime_ns, status.st_size)
        return found

    def _upload(self, files: dict[Path, tuple[int, int]]) -> None:
        for path, state in files.items():
            if self._uploaded.get(path) == state:
                continue
            location = self._location.joined(path.relative_to(self.directory).as_posix())
            try:
                self._s3.upload_file(str(path), location.bucket, location.key)
            except FileNotFoundError:
                continue
            self._uploaded[path] = state
