"""The multi-model API of the `serve` command, as SageMaker calls it."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from image_classification.serving.memory import available_bytes
from image_classification.serving.settings import ServeSettings

from ..conftest import Container, picture, png

TIMEOUT_S = 300  # a busy machine may take long
IMAGE = png(picture(1, 3))


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Serve a container that has no model yet."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = int(probe.getsockname()[1])
    variables = {
        "SAGEMAKER_BASE_DIR": str(tmp_path_factory.mktemp("ml")),
        "SAGEMAKER_BIND_TO_HOST": "127.0.0.1",
        "SAGEMAKER_BIND_TO_PORT": str(number),
        "SAGEMAKER_MULTI_MODEL": "true",
    }
    command = [sys.executable, "-m", "image_classification", "serve"]
    with subprocess.Popen(command, env={**os.environ, **variables}, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "with 1 workers" in process.stdout.readline()
        yield number
        process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT_S) == 0


def ask(port: int, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request(method, path, body, {"Content-Type": "image/png"})
        answer = connection.getresponse()
        text = answer.read().decode()
        return answer.status, json.loads(text) if (answer.headers["Content-Type"] or "").startswith(
            "application/json"
        ) else text
    finally:
        connection.close()


def load(port: int, name: str, folder: Path | str) -> tuple[int, Any]:
    return ask(port, "POST", "/models", json.dumps({"model_name": name, "url": str(folder)}).encode())


def test_models_are_loaded_invoked_and_unloaded_by_name(port: int, trained: Container) -> None:
    assert ask(port, "GET", "/ping")[0] == 200
    assert ask(port, "GET", "/models") == (200, {"models": []})
    assert load(port, "one", trained.model)[0] == 200
    assert load(port, "two", trained.model)[0] == 200
    described = {"modelName": "one", "modelUrl": str(trained.model)}
    assert ask(port, "GET", "/models/one") == (200, described)
    assert [model["modelName"] for model in ask(port, "GET", "/models")[1]["models"]] == ["one", "two"]
    status, probabilities = ask(port, "POST", "/models/one/invoke", IMAGE)
    assert status == 200
    assert sum(probabilities) == pytest.approx(1, abs=1e-5)
    assert ask(port, "DELETE", "/models/one")[0] == 200
    assert ask(port, "POST", "/models/one/invoke", IMAGE)[0] == 404
    assert ask(port, "POST", "/models/two/invoke", IMAGE)[0] == 200
    assert ask(port, "DELETE", "/models/two")[0] == 200


def test_loading_a_loaded_model_is_a_conflict(port: int, trained: Container) -> None:
    assert load(port, "same", trained.model)[0] == 200
    assert load(port, "same", trained.model)[0] == 409
    ask(port, "DELETE", "/models/same")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_unknown_model_is_not_found(port: int, method: str) -> None:
    assert ask(port, method, "/models/missing")[0] == 404


def test_a_broken_model_is_an_error_and_the_server_goes_on(port: int, trained: Container, tmp_path: Path) -> None:
    shutil.copytree(trained.model, tmp_path / "model")
    (tmp_path / "model" / "model.onnx").write_bytes(b"garbage")
    status, text = load(port, "broken", tmp_path / "model")
    assert (status, "cannot be loaded" in text) == (500, True)
    assert ask(port, "GET", "/models/broken")[0] == 404


@pytest.mark.parametrize("body", [b"no json", b"[]", b'{"model_name": "a"}', b'{"model_name": "a", "url": "/none"}'])
def test_a_bad_request_to_load_is_refused(port: int, body: bytes) -> None:
    assert ask(port, "POST", "/models", body)[0] == 400


def test_a_multi_model_container_has_one_worker_for_all_cores() -> None:
    settings = ServeSettings.from_environment({"SAGEMAKER_MULTI_MODEL": "true", "SAGEMAKER_MODEL_SERVER_WORKERS": "4"})
    assert (settings.multi_model, settings.workers) == (True, 1)
    assert settings.threads == ServeSettings.from_environment({"SAGEMAKER_MODEL_SERVER_WORKERS": "1"}).threads


def test_the_memory_that_is_left_is_that_of_the_control_group(tmp_path: Path) -> None:
    assert available_bytes(tmp_path) is None
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("70\n")
    assert available_bytes(tmp_path) is None
    (tmp_path / "memory.max").write_text("100\n")
    assert available_bytes(tmp_path) == 30
