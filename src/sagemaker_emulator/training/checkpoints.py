"""Folders that are kept in S3 while a job runs: its checkpoints, restored at the start, and TensorBoard's files."""

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
TENSORBOARD_PATH = "/opt/ml/output/tensorboard"
TENSORBOARD_RESERVED = ("input", "model", "output/data", "output/failure", "code", "errors")
PERIOD_S = 2.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class KeptFolder:
    """The folder in S3 and the container's path that it belongs to.

    `is_restored` is whether the files in S3 are brought to the container before it starts.
    """

    location: S3Location
    local_path: PurePosixPath
    is_restored: bool = True

    @classmethod
    def of_checkpoints(cls, wire: dict[str, Any]) -> KeptFolder:
        """Parse CheckpointConfig. ValueError for a LocalPath that is not its own folder below /opt/ml."""
        return cls(S3Location.parse(wire["S3Uri"]), _own_folder(wire.get("LocalPath", DEFAULT_PATH), RESERVED))

    @classmethod
    def of_tensorboard(cls, wire: dict[str, Any], job_name: str) -> KeptFolder:
        """Parse TensorBoardOutputConfig. ValueError for a LocalPath that is not its own folder below /opt/ml.

        The files go to `<S3OutputPath>/<job>/tensorboard-output`, where the SDK expects them
        (`latest_job_tensorboard_artifacts_path`).
        """
        location = S3Location.parse(wire["S3OutputPath"]).joined(f"{job_name}/tensorboard-output")
        return cls(location, _own_folder(wire.get("LocalPath", TENSORBOARD_PATH), TENSORBOARD_RESERVED), False)


def _own_folder(text: str, reserved: tuple[str, ...]) -> PurePosixPath:
    """Return the path; ValueError for one that is outside /opt/ml, or among its reserved folders."""
    path, taken = PurePosixPath(text), [OPT_ML / name for name in reserved]
    is_reserved = any(path.is_relative_to(one) or one.is_relative_to(path) for one in taken)
    if not path.is_relative_to(OPT_ML) or ".." in path.parts or is_reserved:
        raise ValueError(
            f"The local path {text!r} cannot be kept in S3: only a folder below /opt/ml can, such as "
            f"{DEFAULT_PATH}, and not {', '.join(str(one) for one in taken)}"
        )
    require_file_path(path)
    return path


class FolderSync:
    """One host's copy of a kept folder.

    Inside `with`, changed files are uploaded every few seconds; `finish` uploads the rest.
    """

    def __init__(self, s3: Any, kept: KeptFolder, base_dir: Path) -> None:
        self._s3, self._location, self._is_restored = s3, kept.location, kept.is_restored
        self._base_dir, self._folder = base_dir, kept.local_path.relative_to(OPT_ML).parts
        self.directory = base_dir.joinpath(*self._folder)
        self._uploaded: dict[str, tuple[int, int]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"files to {kept.location}", daemon=True)

    def prepare(self, stopped: Callable[[], bool]) -> None:
        """Create the folder and restore what an earlier job left. Ends early when `stopped` returns True."""
        self.directory.mkdir(parents=True, exist_ok=True)
        if not self._is_restored:
            return
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
                log.warning("files did not reach %s, trying again in %s s: %s", self._location, PERIOD_S, error)

    def _files(self) -> list[Entry]:
        return [entry for entry in entries_below(self._base_dir, self._folder) if entry.is_file]

    def _upload(self, files: list[Entry]) -> None:
        for entry in files:
            location = self._location.joined("/".join(entry.parts[len(self._folder) :]))
            if self._uploaded.get(entry.name) != entry.signature and upload(self._s3, entry, location):
                self._uploaded[entry.name] = entry.signature
