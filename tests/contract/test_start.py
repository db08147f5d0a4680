"""The emulator as a command: what stops it from starting it says, and a signal ends it whenever it comes."""

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

Start = Callable[..., subprocess.Popen[str]]
WAIT_S = 30


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
    until(lambda: _answers(port), "the emulator to answer", WAIT_S)
    return process


def _answers(port: int) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
        return True
    return False


def _refused(process: subprocess.Popen[str]) -> str:
    _, said = process.communicate(timeout=WAIT_S)
    assert process.returncode == 2, said
    assert "Traceback" not in said
    return said


def test_a_second_emulator_says_what_is_taken(running: subprocess.Popen[str], start: Start, tmp_path: Path) -> None:
    same_port = start(STATE_DIR=str(tmp_path / "other"))
    same_state = start(PORT="0")
    assert "SAGEMAKER_EMULATOR_PORT" in _refused(same_port)
    said = _refused(same_state)
    assert f"process id {running.pid}" in said
    assert "SAGEMAKER_EMULATOR_STATE_DIR" in said
    assert not (tmp_path / "other" / "sagemaker.sqlite3").exists()


def test_a_state_that_cannot_be_read_is_said_to_be(start: Start, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "sagemaker.sqlite3").write_bytes(b"no database" * 1000)
    assert "move that directory away" in _refused(start())


def test_images_of_ones_own_must_be_commands(start: Start) -> None:
    assert "SAGEMAKER_EMULATOR_OWN_IMAGES" in _refused(start(OWN_IMAGES='{"image": "python"}'))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(running: subprocess.Popen[str], number: signal.Signals) -> None:
    running.send_signal(number)
    _, said = running.communicate(timeout=WAIT_S)
    assert running.returncode == 0, said
    assert "Traceback" not in said


def test_a_signal_during_the_start_ends_it_too(start: Start, tmp_path: Path, until: Callable[..., Any]) -> None:
    """The lock is taken late in the start, and before anything runs."""
    process = start()
    until((tmp_path / "state" / "lock").exists, "the start to be under way", WAIT_S)
    process.terminate()
    _, said = process.communicate(timeout=WAIT_S)
    assert process.returncode in (0, -signal.SIGTERM)
    assert "Traceback" not in said
