"""A local cloud in which the workflow has run once, a console that shows it, and Chromium."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from local_cloud.aws_environment import write_config
from local_cloud.cloud import LocalCloud
from local_cloud.ports import free_port
from local_cloud.servers import servers
from local_cloud.settings import Settings
from local_cloud.terminal.progress import Progress

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DEADLINE_MS = 120_000
LETTERS_MIN_PX = 9  # a line of letters of 8 px
START_TIMEOUT_S = 600.0  # generous: the servers need 8 s on an idle machine
RUN_TIMEOUT_S = 1800
# a model that has learned little is uncertain, so that images go to review
WORKFLOW = {"DATASET": "data/sample.tar.gz", "HYPERPARAMETERS": "epochs=1 mini_batch_size=64", "IMAGES": "8"}


def measured(page: Page, selector: str, function: str) -> Any:
    """Call a function of JavaScript with all elements of a CSS selector, and return what it returns.

    It is one step: between two, as in evaluate_all, a live page may replace the elements, which have no size then.
    """
    return page.evaluate(f"selector => ({function})([...document.querySelectorAll(selector)])", selector)


@dataclass(frozen=True)
class Shown:
    """A console, and the AWS that it shows."""

    url: str
    settings: Settings
    report: Path

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        return boto3.client(service, endpoint_url=self.settings.localstack_url, **keys)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None and os.environ.get("CI"):
        pytest.fail("CI has no Chromium: run ci/chromium.sh")
    if CHROMIUM is None:
        pytest.skip("no Chromium on PATH: install the package chromium")
    # root cannot have Chromium's sandbox; the pages are ours
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    expect.set_options(timeout=DEADLINE_MS)  # five seconds are too few on a busy machine
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments, timeout=DEADLINE_MS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def shown(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """Run the workflow in a cloud of the tests' own, and open a console over it."""
    folder = tmp_path_factory.mktemp("cloud")
    settings = Settings(state_dir=folder / "state", localstack_port=free_port(), sagemaker_port=free_port())
    write_config(settings)
    cloud = LocalCloud(servers(settings), settings.state_dir, Progress(), START_TIMEOUT_S)
    cloud.up()
    try:
        command = [sys.executable, "-m", "command_line", "run", "--out", str(folder / "out")]
        subprocess.run(command, env=environment(settings) | WORKFLOW, check=True, cwd=ROOT, timeout=RUN_TIMEOUT_S)
        yield from _console(settings, folder / "out" / "index.html")
    finally:
        cloud.down()


def environment(settings: Settings) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SCONES_"))}
    return kept | {
        "SCONES_STATE_DIR": str(settings.state_dir),
        "SCONES_LOCALSTACK_PORT": str(settings.localstack_port),
        "SCONES_SAGEMAKER_PORT": str(settings.sagemaker_port),
    }


def _console(settings: Settings, report: Path) -> Iterator[Shown]:
    command = [sys.executable, "-m", "command_line", "console", "--port", "0"]
    process = subprocess.Popen(command, env=environment(settings), stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "http://127.0.0.1:" in line, line
        yield Shown(line.rpartition(" ")[2].strip().rstrip("/"), settings, report)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
