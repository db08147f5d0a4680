"""A processing job's outputs: directories that are uploaded at the end of the job, or while it runs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeAlias

from safety.left_files import Entry, entries_below
from sagemaker_emulator.aws_clients.clients import AWS_ERRORS, S3Location
from sagemaker_emulator.aws_clients.uploads import upload

SCAN_S = 0.5
WORKERS = 8

Signature: TypeAlias = tuple[int, int]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Output:
    """A folder of one host, its prefix in S3, and its S3UploadMode."""

    base_dir: Path
    folder: tuple[str, ...]  # below base_dir
    prefix: S3Location
    mode: str

    @property
    def directory(self) -> Path:
        return self.base_dir.joinpath(*self.folder)

    def files(self) -> list[Entry]:
        """Return the files that the program left. Links are not followed: they may lead anywhere."""
        return [entry for entry in entries_below(self.base_dir, self.folder) if entry.is_file]

    def upload(self, s3: Any) -> None:
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="upload") as pool:
            list(pool.map(partial(self.upload_file, s3), self.files()))

    def upload_file(self, s3: Any, entry: Entry) -> bool:
        return upload(s3, entry, self.prefix.joined("/".join(entry.parts[len(self.folder) :])))


class ContinuousUploads:
    """Inside `with`, uploads files when they have stopped growing; `finish` uploads the rest."""

    def __init__(self, s3: Any, outputs: Sequence[Output]) -> None:
        self._s3, self._outputs = s3, outputs
        self._seen: dict[Path, Signature] = {}
        self._uploaded: dict[Path, Signature] = {}  # by the paths of the files
        self._finished = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="continuous upload", daemon=True)

    def __enter__(self) -> Self:
        if self._outputs:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._finished.set()
        if self._outputs:
            self._thread.join()

    def finish(self) -> None:
        """Upload the last state, when the containers have ended."""
        self._scan(settled=False)

    def _watch(self) -> None:
        while not self._finished.wait(SCAN_S):
            try:
                self._scan(settled=True)
            except (*AWS_ERRORS, OSError) as error:  # the next scan tries again
                log.warning("continuous upload: %s", error)

    def _scan(self, settled: bool) -> None:
        """Upload new and changed files; with `settled`, only those that have not changed since the last scan."""
        for output in self._outputs:
            for entry in output.files():
                path, now = output.base_dir / entry.name, entry.signature
                is_ready = not settled or self._seen.get(path) == now
                if self._uploaded.get(path) != now and is_ready and output.upload_file(self._s3, entry):
                    self._uploaded[path] = now
                self._seen[path] = now
