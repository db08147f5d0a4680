"""Upload /opt/ml/output/intermediate to S3 while the script runs, if the request names a place for it.

The SDK sets the hyperparameter `sagemaker_s3_output`. The kernel tells AWS's toolkit of each closed file; this module
looks once a second, and uploads the files that have not changed since the last look.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from frameworks.contract.log import toolkit_log

PERIOD_S = 1.0
Signature = tuple[int, int]


class IntermediateOutput:
    """Uploads changed files inside `with`, and the rest at its end. Does nothing without an S3 `location`."""

    def __init__(self, folder: Path, location: str | None, job: str, connect: Callable[[], Any] | None = None) -> None:
        self._folder, self._connect = folder, connect or _s3_client
        # The platform makes the folder itself where it uploads the files itself
        self._is_on = location is not None and location.startswith("s3://") and not folder.exists()
        address = urlparse(location or "")
        self._bucket = address.netloc
        self._prefix = "/".join(filter(None, [address.path.strip("/"), job, "output", "intermediate"]))
        self._seen: dict[Path, Signature] = {}
        self._uploaded: dict[Path, Signature] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="intermediate output", daemon=True)
        self._s3: Any = None

    def __enter__(self) -> None:
        if self._is_on:
            self._folder.mkdir(parents=True)
            self._s3 = self._connect()
            self._thread.start()

    def __exit__(self, *_: object) -> None:
        if self._is_on:
            self._over.set()
            self._thread.join()
            self._scan(settled=False)

    def _watch(self) -> None:
        while not self._over.wait(PERIOD_S):
            self._scan(settled=True)

    def _scan(self, settled: bool) -> None:
        for path in sorted(self._folder.rglob("*")):
            try:
                self._take(path, settled)
            except Exception:  # noqa: BLE001 - as in AWS's toolkit, a file that is not uploaded does not fail the job
                toolkit_log().exception("Failed to upload file to s3.")

    def _take(self, path: Path, settled: bool) -> None:
        if path.is_symlink() or not path.is_file():
            return
        status = path.stat()
        now = (status.st_mtime_ns, status.st_size)
        if self._uploaded.get(path) != now and (not settled or self._seen.get(path) == now):
            self._s3.upload_file(str(path), self._bucket, f"{self._prefix}/{path.relative_to(self._folder)}")
            self._uploaded[path] = now
        self._seen[path] = now


def _s3_client() -> Any:
    # imported late: it takes a tenth of a second, and few jobs have intermediate output
    import boto3

    region = os.environ.get("AWS_REGION") or os.environ.get("SAGEMAKER_REGION") or None
    return boto3.client("s3", region_name=region, endpoint_url=os.environ.get("S3_ENDPOINT_URL"))
