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

from sagemaker_emulator.aws_clients.clients import AWS_ERRORS, S3Location

SCAN_S = 0.5
WORKERS = 8

Signature: TypeAlias = tuple[int, int]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Output:
    """A directory of one host, its prefix in S3, and its S3UploadMode."""

    directory: Path
    prefix: S3Location
    mode: str

    def files(self) -> list[Path]:
        """Return the files that the program left. Links are not followed: they may lead anywhere."""
        return [path for path in sorted(self.directory.rglob("*")) if path.is_file() and not path.is_symlink()]

    def upload(self, s3: Any) -> None:
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="upload") as pool:
            list(pool.map(partial(self.upload_file, s3), self.files()))

    def upload_file(self, s3: Any, path: Path) -> None:
        target = self.prefix.joined(path.relative_to(self.directory).as_posix())
        s3.upload_file(str(path), target.bucket, target.key)


class ContinuousUploads:
    """Inside `with`, uploads files when they have stopped growing; at its end, uploads the rest."""

    def __init__(self, s3: Any, outputs: Sequence[Output]) -> None:
        self._s3, self._outputs = s3, outputs
        self._seen: dict[Path, Signature] = {}
        self._uploaded: dict[Path, Signature] = {}
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
            self._scan(settled=False)

    def _watch(self) -> None:
        while not self._finished.wait(SCAN_S):
            try:
                self._scan(settled=True)
            except (*AWS_ERRORS, OSError) as error:  # the next scan tries again; an error in the last one fails the job
                log.warning("continuous upload: %s", error)

    def _scan(self, settled: bool) -> None:
        """Upload new and changed files; with `settled`, only those that have not changed since the last scan."""
        for output in self._outputs:
            for path in output.files():
                status = path.stat()
                now = (status.st_mtime_ns, status.st_size)
                if self._uploaded.get(path) != now and (not settled or self._seen.get(path) == now):
                    output.upload_file(self._s3, path)
                    self._uploaded[path] = now
                self._seen[path] = now
