"""The multi-model API of a framework's container: each model has a server and code of its own."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("gunicorn")

DEADLINE_S = 120.0
CODE = """
import os
from beside import NAME  # a module of the same name in each archive

def model_fn(model_dir):
    if NAME == "broken":
        raise ValueError("no such bay")
    return NAME

def transform_fn(model, body, content_type, accept):
    if body == b"die":
        os._exit(1)
    return f"{model}: {body.decode()}", "text/plain"
"""


class Front:
    """A serving container of scikit-learn with many models; scikit-learn need not be installed."""

    def __init__(self, base: Path) -> None:
        self.base, self.log = base, base / "log"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        environment = {
            **os.environ,
            "SAGEMAKER_BASE_DIR": str(base),
            "SAGEMAKER_PROGRAM": "serving.py",
            "SAGEMAKER_SUBMIT_DIRECTORY": str(base / "model/code"),
            "SAGEMAKER_BIND_TO_PORT": str(self.port),
            "SAGEMAKER_BIND_TO_HOST": "127.0.0.1",
            "SAGEMAKER_MULTI_MODEL": "true",
        }
        command = [sys.executable, "-m", "frameworks", "scikit-learn", "serve"]
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_S)
        try:
            connection.request(method, path, body, {"Content-Type": "text/plain"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def load(self, name: str) -> tuple[int, str]:
        folder = self.base / "models" / name / "model"
        if not folder.exists():
            (folder / "code").mkdir(parents=True)
            (folder / "code/serving.py").write_text(CODE)
            (folder / "code/beside.py").write_text(f"NAME = {name!r}")
        return self.ask("POST", "/models", json.dumps({"model_name": name, "url": str(folder)}).encode())

    def is_ready(self) -> bool:
        try:
            return self.ask("GET", "/ping")[0] == 200
        except OSError:
            return False


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    served = Front(tmp_path_factory.mktemp("ml"))
    deadline = time.monotonic() + DEADLINE_S
    while not served.is_ready():
        if served.process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"not ready:\n{served.log.read_text()}")
        time.sleep(0.05)  # poll
    yield served
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(DEADLINE_S) == 0


def test_models_bring_code_of_the_same_name(front: Front) -> None:
    assert front.ask("GET", "/models") == (200, '{"models": []}')
    assert front.load("one")[0] == 200
    assert front.load("two")[0] == 200
    assert front.ask("POST", "/models/one/invoke", b"hi") == (200, "one: hi")
    assert front.ask("POST", "/models/two/invoke", b"hi") == (200, "two: hi")
    listed: dict[str, Any] = json.loads(front.ask("GET", "/models")[1])
    assert [model["modelName"] for model in listed["models"]] == ["one", "two"]
    described = json.loads(front.ask("GET", "/models/one")[1])
    assert described == {"modelName": "one", "modelUrl": str(front.base / "models/one/model")}
    assert front.load("one")[0] == 409
    assert front.ask("DELETE", "/models/one")[0] == 200
    assert front.ask("POST", "/models/one/invoke", b"hi")[0] == 404
    assert front.ask("POST", "/models/two/invoke", b"hi") == (200, "two: hi")


def test_a_model_that_cannot_be_loaded_is_an_error_and_the_others_go_on(front: Front) -> None:
    assert front.load("good")[0] == 200
    status, text = front.load("broken")
    assert (status, "ended with 3" in text) == (500, True)
    assert "no such bay" in front.log.read_text()
    assert front.ask("GET", "/models/broken")[0] == 404
    assert front.ask("POST", "/models/good/invoke", b"hi") == (200, "good: hi")


def test_a_request_that_ends_its_worker_is_an_error_and_the_model_goes_on(front: Front) -> None:
    assert front.load("mortal")[0] == 200
    assert front.ask("POST", "/models/mortal/invoke", b"die")[0] == 500
    assert front.ask("POST", "/models/mortal/invoke", b"hi") == (200, "mortal: hi")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/models", b"no json", 400),
        ("POST", "/models", b'{"model_name": "a", "url": "/none"}', 400),
        ("POST", "/models", b"x" * (65 << 10), 413),
        ("GET", "/models/missing", None, 404),
        ("DELETE", "/models/missing", None, 404),
        ("GET", "/elsewhere", None, 404),
        ("POST", "/models/missing", b"hi", 404),
    ],
)
def test_a_bad_request_is_refused(front: Front, method: str, path: str, body: bytes | None, status: int) -> None:
    assert front.ask(method, path, body)[0] == status
