"""A LocalStack that a test starts, ends and kills."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import psutil
import requests

from local_cloud.cloud import LocalCloud
from local_cloud.servers import localstack
from local_cloud.settings import Settings
from local_cloud.terminal.progress import Progress

from .conftest import START_TIMEOUT_S, settings_of_a_new_cloud

DEADLINE_S = 120.0
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}


class Cloud:
    """A LocalStack of the test's own."""

    def __init__(self, state_dir: Path) -> None:
        self.settings: Settings = settings_of_a_new_cloud(state_dir)
        server = localstack(self.settings, os.environ)
        self._cloud = LocalCloud((server,), state_dir, Progress(), START_TIMEOUT_S)

        self.client = cache(self._client)  # creating one takes longer than a request

    def _client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.settings.localstack_url, **KEYS)

    def up(self) -> float:
        """Start it and return how long that took, in seconds."""
        started = time.monotonic()
        self._cloud.up()
        return time.monotonic() - started

    def down(self) -> None:
        self._cloud.down()

    def kill(self) -> None:
        process = self._process()
        process.kill()
        process.wait(DEADLINE_S)

    def save(self) -> None:
        """Save all changes, and return when they are saved."""
        requests.post(f"{self.settings.localstack_url}/_scones/save-state", timeout=DEADLINE_S).raise_for_status()

    @contextmanager
    def save_in_progress(self) -> Iterator[None]:
        """Wait for the next save, and let it go on at the end. There must be changes, and no functions."""
        server = self._process()
        others = server.children()
        deadline = time.monotonic() + DEADLINE_S
        while not (saving := [child for child in server.children() if child not in others]):  # it takes 50 ms
            assert time.monotonic() < deadline, "no save has begun"
        with suppress(psutil.NoSuchProcess):  # it was too quick
            saving[0].suspend()
        try:
            yield
        finally:
            with suppress(psutil.NoSuchProcess):
                saving[0].resume()

    def _process(self) -> psutil.Process:
        pid = self._cloud.status()[0].pid
        assert pid
        return psutil.Process(pid)

    def scones(self, *arguments: str) -> str:
        """Run the command, and return its output."""
        variables = {
            "AWS_PROFILE": "local",
            "SCONES_STATE_DIR": str(self.settings.state_dir),
            "SCONES_LOCALSTACK_PORT": str(self.settings.localstack_port),
            "SCONES_SAGEMAKER_PORT": str(self.settings.sagemaker_port),
        }
        command = [sys.executable, "-m", "command_line", *arguments]
        return subprocess.run(command, env=os.environ | variables, check=True, capture_output=True, text=True).stdout

    def log(self) -> str:
        return self._cloud.log("localstack").read_text()
