"""The emulator as a command: it names what prevents its start, and ends on a signal at any time."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

DEADLINE_S = 120.0
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def start(tmp_path: Path, port: int) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def start(**settings: str) -> subprocess.Popen[str]:
        own = {"PORT": str(port), "STATE_DIR": str(tmp_path / "state"), **settings}
        environment = {**os.environ, **{f"SAGEMAKER_EMULATOR_{name}": value for name, value in own.items()}}
        command = [sys.executable, "-m", "sagemaker_emulator"]
        started.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def running(start: Start, port: int, until: Callable[..., Any]) -> subprocess.Popen[str]:
    process = start()
    until(lambda: _answers(port), "the emulator to answer")
    return process


def _answers(port: int) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
        return True
    return False


def _refusal(process: subprocess.Popen[str]) -> str:
    """Return what a process that refused to start wrote to stderr."""
    _, message = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 2, message
    assert "Traceback" not in message
    return message


def test_a_second_emulator_names_the_port_or_the_state_that_is_taken(
    running: subprocess.Popen[str], start: Start, tmp_path: Path
) -> None:
    same_port = start(STATE_DIR=str(tmp_path / "other"))
    same_state = start(PORT="0")
    assert "SAGEMAKER_EMULATOR_PORT" in _refusal(same_port)
    message = _refusal(same_state)
    assert f"process id {running.pid}" in message
    assert "SAGEMAKER_EMULATOR_STATE_DIR" in message
    assert not (tmp_path / "other" / "sagemaker.sqlite3").exists()


def test_a_state_that_cannot_be_read_is_reported(start: Start, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "sagemaker.sqlite3").write_bytes(b"no database" * 1000)
    assert "move that directory away" in _refusal(start())


def test_a_custom_image_must_be_a_command(start: Start) -> None:
    assert "SAGEMAKER_EMULATOR_OWN_IMAGES" in _refusal(start(OWN_IMAGES='{"image": "python"}'))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_emulator_in_order(running: subprocess.Popen[str], number: signal.Signals) -> None:
    running.send_signal(number)
    _, message = running.communicate(timeout=DEADLINE_S)
    assert running.returncode == 0, message
    assert "Traceback" not in message


def test_a_signal_during_the_start_ends_the_emulator_too(
    start: Start, tmp_path: Path, until: Callable[..., Any]
) -> None:
    """The lock file appears late in the start, before anything runs."""
    process = start()
    until((tmp_path / "state" / "lock").exists, "the start to be under way")
    process.terminate()
    _, message = process.communicate(timeout=DEADLINE_S)
    assert process.returncode in (0, -signal.SIGTERM)
    assert "Traceback" not in message
