"""The `serve` command as a process: ready when the model is loaded, several workers, SIGTERM, failures at the start."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytest.importorskip("gunicorn")

DEADLINE_S = 120.0
MODEL = """
import os, time
from pathlib import Path

def model_fn(model_dir):
    print("model of", Path(model_dir).name, flush=True)
    return model_dir

def transform_fn(model, body, content_type, accept):
    return globals()[body.decode()](Path(model).parent), "text/plain"

def process(base):
    return str(os.getpid())

def meet(base):  # answers when two of them are in flight
    (base / f"met-{os.getpid()}").touch()
    while len(list(base.glob("met-*"))) < 2:
        time.sleep(0.01)
    return str(os.getpid())

def hang(base):
    time.sleep(600)
"""

BROKEN_MODEL = "def model_fn(model_dir):\n    raise ValueError('no such bay')\n"


class Server:
    """A serving container of scikit-learn. The models here are plain objects, so scikit-learn need not be installed."""

    def __init__(self, base: Path, code: str, **variables: str) -> None:
        self.folder = base / "model/code"
        self.folder.mkdir(parents=True)
        (base / "home").mkdir()
        (self.folder / "serving.py").write_text(code)
        self.log = base / "log"
        self.port = free_port()
        environment = {
            **os.environ,
            "SAGEMAKER_BASE_DIR": str(base),
            "HOME": str(base / "home"),
            "SAGEMAKER_PROGRAM": "serving.py",
            "SAGEMAKER_SUBMIT_DIRECTORY": str(self.folder),
            "SAGEMAKER_BIND_TO_PORT": str(self.port),
            "SAGEMAKER_BIND_TO_HOST": "127.0.0.1",
            **variables,
        }
        command = [sys.executable, "-m", "frameworks", "scikit-learn", "serve"]
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not self.answers_ping():
            if self.process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"not ready (exit code {self.process.poll()}):\n{self.log.read_text()}")
            time.sleep(0.05)  # poll

    def answers_ping(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/ping", timeout=DEADLINE_S):
                return True
        except OSError:
            return False

    def ask(self, body: str) -> str:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/invocations", body.encode())
        request.add_header("Content-Type", "text/plain")
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as response:
            return str(response.read().decode())


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def run(code: str = MODEL, **variables: str) -> Server:
        servers.append(Server(tmp_path / "ml", code, **variables))
        return servers[-1]

    (tmp_path / "ml").mkdir()
    yield run
    for server in servers:
        server.process.kill()
        server.process.wait(DEADLINE_S)


def test_workers_answer_at_the_same_time_until_sigterm(start: Callable[..., Server]) -> None:
    server = start(SAGEMAKER_MODEL_SERVER_WORKERS="2")
    server.wait_until_ready()
    with ThreadPoolExecutor(2) as pool:
        processes = set(pool.map(server.ask, ["meet", "meet"]))
    assert len(processes) == 2
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(DEADLINE_S) == 0
    assert server.log.read_text().count("model of model") == 2


@pytest.mark.parametrize("workers", ["1", "2", "12"])
def test_a_model_that_cannot_be_loaded_ends_the_server_with_the_traceback(
    start: Callable[..., Server], workers: str
) -> None:
    server = start(BROKEN_MODEL, SAGEMAKER_MODEL_SERVER_WORKERS=workers)  # several workers fail at the same time
    assert server.process.wait(DEADLINE_S) == 3
    assert "ValueError: no such bay" in server.log.read_text()
    assert not server.answers_ping()


def test_a_missing_program_is_named(start: Callable[..., Server]) -> None:
    server = start(SAGEMAKER_PROGRAM="")
    assert server.process.wait(DEADLINE_S) == 1
    assert "The model cannot be served: SAGEMAKER_PROGRAM is not set" in server.log.read_text()


def test_a_worker_that_takes_too_long_is_replaced(start: Callable[..., Server]) -> None:
    server = start(SAGEMAKER_MODEL_SERVER_WORKERS="1", SAGEMAKER_MODEL_SERVER_TIMEOUT="5")
    server.wait_until_ready()
    before = server.ask("process")
    with pytest.raises((http.client.HTTPException, urllib.error.URLError, ConnectionError)):
        server.ask("hang")
    server.wait_until_ready()
    assert server.ask("process") != before
