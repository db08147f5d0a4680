"""Checkpoints: downloaded from S3 before a job starts, uploaded while it runs and at its end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any

from safety.left_files import Entry, entries_below
from sagemaker_emulator.aws_clients.clients import AWS_ERRORS, S3Location
from sagemaker_emulator.aws_clients.uploads import upload
from sagemaker_emulator.jobs.downloads import download
from sagemaker_emulator.jobs.hosts import OPT_ML, require_file_path
from sagemaker_emulator.jobs.input_objects import prefix_objects

DEFAULT_PATH = "/opt/ml/checkpoints"
RESERVED = ("input", "model", "output", "code", "errors")
PERIOD_S = 2.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CheckpointConfig:
    """The folder in S3 and the container's path that it belongs to."""

    location: S3Location
    local_path: PurePosixPath

    @classmethod
    def from_request(cls, wire: dict[str, Any]) -> CheckpointConfig:
        """Parse CheckpointConfig. ValueError for a LocalPath that is not its own folder below /opt/ml."""
        location, text = S3Location.parse(wire["S3Uri"]), wire.get("LocalPath", DEFAULT_PATH)
        local_path = PurePosixPath(text)
        parts = local_path.parts
        if not local_path.is_relative_to(OPT_ML) or ".." in parts or len(parts) < 4 or parts[3] in RESERVED:
            raise ValueError(
                f"The local path {text!r} cannot be kept in S3: only a folder below /opt/ml can, such as "
                f"{DEFAULT_PATH}, and not {', '.join(f'/opt/ml/{name}' for name in RESERVED)}"
            )
        require_file_path(local_path)
        return cls(location, local_path)


class CheckpointSync:
    """One host's checkpoints. Inside `with`, changed files are uploaded every few seconds; `finish` has the rest."""

    def __init__(self, s3: Any, location: S3Location, base_dir: Path, folder: tuple[str, ...]) -> None:
        self._s3, self._location, self._base_dir, self._folder = s3, location, base_dir, folder
        self.directory = base_dir.joinpath(*folder)
        self._uploaded: dict[str, tuple[int, int]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"checkpoints to {location}", daemon=True)

    def download(self, stopped: Callable[[], bool]) -> None:
        """Download what an earlier job left. Ends early when `stopped` returns True."""
        self.directory.mkdir(parents=True, exist_ok=True)
        folder = S3Location(self._location.bucket, self._location.key.rstrip("/") + "/" if self._location.key else "")
        download(self._s3, prefix_objects(self._s3, folder), self.directory, stopped)
        self._uploaded = {entry.name: entry.signature for entry in self._files()}

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def finish(self) -> None:
        """Upload the last state, when the container has ended."""
        self._upload(self._files())

    def _run(self) -> None:
        before: dict[str, tuple[int, int]] = {}
        while not self._over.wait(PERIOD_S):
            try:
                now = self._files()
                settled = [entry for entry in now if before.get(entry.name) == entry.signature]
                before = {entry.name: entry.signature for entry in now}
                self._upload(settled)
            except (*AWS_ERRORS, OSError) as error:
                log.warning("checkpoints did not reach %s, trying again in %s s: %s", self._location, PERIOD_S, error)

    def _files(self) -> list[Entry]:
        return [entry for entry in entries_below(self._base_dir, self._folder) if entry.is_file]

    def _upload(self, files: list[Entry]) -> None:
        for entry in files:
            location = self._location.joined("/".join(entry.parts[len(self._folder) :]))
            if self._uploaded.get(entry.name) != entry.signature and upload(self._s3, entry, location):
                self._uploaded[entry.name] = entry.signature
