"""A real emulator in process, an S3 behind a door that can be frozen and shut, and a disk that a test fills.

With FAULTS=full an outage lasts as long as a real one; otherwise it lasts two seconds.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.contract.conftest import BUCKET, Hosting, Jobs, served, settings_in
from tests.contract.conftest import aws as aws
from tests.faults.door import Door

IS_FULL = os.environ.get("FAULTS") == "full"
FROZEN_S = 60.0 if IS_FULL else 2.0
KILLED_S = 20.0 if IS_FULL else 2.0
DISK = "16m"


@pytest.fixture
def door(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    """The emulator's way to S3, and only the emulator's: the tests' own client goes to S3 directly."""
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    with Door(int(endpoint.rpartition(":")[2])) as door:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{door.port}")
        yield door


@pytest.fixture
def s3(aws: None) -> Any:
    return boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"])


@pytest.fixture
def serve(tmp_path: Path) -> Callable[..., Any]:
    """Serve an emulator over one state directory, again and again."""
    return lambda state_dir=tmp_path / "state", **changes: served(settings_in(state_dir, **changes))


@pytest.fixture
def jobs_of(s3: Any) -> Callable[[Any], Jobs]:
    return lambda emulator: Jobs(emulator.client("sagemaker"), s3)


@pytest.fixture
def hosting_of(s3: Any) -> Callable[[Any], Hosting]:
    return lambda emulator: Hosting(emulator.client("sagemaker"), s3)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A file system of DISK for the state directory."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"a small disk needs the right to mount a tmpfs: {mounted.stderr.strip()}")
    yield SmallDisk(folder)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


class SmallDisk:
    """A disk that the test fills."""

    def __init__(self, folder: Path) -> None:
        self.state_dir, self._ballast = folder / "state", folder / "ballast"

    def fill(self) -> None:
        """Leave no room, not even for one page."""
        with self._ballast.open("ab", buffering=0) as ballast:
            for size in (1 << 20, 1 << 12, 1):
                try:
                    while True:
                        ballast.write(bytes(size))
                except OSError:
                    continue

    def make_room(self) -> None:
        self._ballast.unlink()


def captured_bodies(s3: Any, endpoint: str) -> list[str]:
    """Return what the captured records of an endpoint say was sent, in no order."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"capture/{endpoint}/")
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
    texts = [s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode() for key in keys]
    records = [json.loads(line) for text in texts for line in text.splitlines()]
    return [record["captureData"]["endpointInput"]["data"] for record in records]
