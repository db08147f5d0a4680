import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from image_classification.artefacts import UnusableModelError
from image_classification.predictor import load_predictor

from .conftest import Container, picture, png

IMAGE = png(picture(1, 3))


def start(base: Path, **environment: str) -> subprocess.Popen[str]:
    variables = {"SAGEMAKER_BASE_DIR": str(base), "SAGEMAKER_BIND_TO_HOST": "127.0.0.1", **environment}
    command = [sys.executable, "-m", "image_classification", "serve"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env={**os.environ, **variables}, stdout=pipe, stderr=pipe, text=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def port(trained: Container) -> Iterator[int]:
    number = free_port()
    with start(trained.base, SAGEMAKER_BIND_TO_PORT=str(number)) as process:
        assert process.stdout is not None
        assert f"Serving on 127.0.0.1:{number}" in process.stdout.readline()
        yield number
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def ask(port: int, body: bytes = IMAGE, path: str = "/invocations", **headers: str) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        method = "POST" if path == "/invocations" else "GET"
        sent = {"Content-Type": "image/png", **{name.replace("_", "-"): value for name, value in headers.items()}}
        connection.request(method, path, body if method == "POST" else None, sent)
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read().decode()
    finally:
        connection.close()


def test_ping_is_200_and_empty(port: int) -> None:
    assert ask(port, path="/ping")[0::2] == (200, "")


@pytest.mark.parametrize("content_type", ["image/png", "image/jpeg", "application/x-image"])
def test_an_image_is_answered_with_a_bare_array_of_probabilities(port: int, content_type: str) -> None:
    body = png(picture(1, 3), "JPEG" if "jpeg" in content_type else "PNG")
    status, answer_type, text = ask(port, body, Content_Type=content_type)
    assert (status, answer_type) == (200, "application/json")
    assert json.loads(text) == pytest.approx([0, 1], abs=0.5)
    assert sum(json.loads(text)) == pytest.approx(1, abs=1e-5)


def test_json_lines_are_answered_where_they_are_accepted(port: int) -> None:
    status, answer_type, text = ask(port, Accept="application/jsonlines;charset=utf-8")
    assert (status, answer_type) == (200, "application/jsonlines")
    assert len(json.loads(text)["prediction"]) == 2


def test_what_cannot_be_answered_is_said(port: int) -> None:
    status, _, text = ask(port, Content_Type="text/csv")
    assert (status, text.split(".")[0]) == (415, "Content-type text/csv not supported")
    status, _, text = ask(port, b"not an image")
    assert (status, text[:48]) == (400, "The image of 12 bytes cannot be classified: it i")
    assert ask(port, b"")[0] == 400
    assert ask(port, Accept="text/csv")[0] == 406
    assert ask(port, bytes(6 * 2**20 + 1))[::2] == (413, "The image is larger than the limit of 6 MB")


def test_execution_parameters_are_given(port: int) -> None:
    status, _, text = ask(port, path="/execution-parameters")
    assert status == 200
    assert json.loads(text) == {
        "MaxConcurrentTransforms": os.cpu_count(),
        "BatchStrategy": "SINGLE_RECORD",
        "MaxPayloadInMB": 6,
    }


def test_clients_at_once_get_the_answers_to_their_own_images(port: int, trained: Container) -> None:
    predictor = load_predictor(trained.model)
    images = [png(picture(number % 2, number)) for number in range(40)]
    with ThreadPoolExecutor(8) as clients:
        answers = [json.loads(text) for _, _, text in clients.map(lambda image: ask(port, image), images)]
    np.testing.assert_allclose(answers, [predictor.predict(image) for image in images], atol=1e-6)


def test_the_served_model_is_as_good_as_the_log_says(trained: Container) -> None:
    predictor = load_predictor(trained.model)
    paths = sorted(trained.channel("validation").glob("*.png"))
    right = [np.argmax(predictor.predict(path.read_bytes())) == int(path.stem) % 2 for path in paths]
    assert np.mean(right) > 0.9


def test_the_server_never_loads_pytorch() -> None:
    code = "import sys, image_classification.serve; sys.exit('torch' in sys.modules or 'onnx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("model.onnx", None, "no model.onnx in .*: the training job ended before it had a model"),
        ("model.onnx", b"garbage", "model.onnx cannot be loaded"),
        ("model-shapes.json", None, "no model-shapes.json in .*: this is not a model that this algorithm trained"),
        ("model-shapes.json", b"[]", "model-shapes.json cannot be read"),
    ],
)
def test_a_model_that_is_missing_or_broken_is_refused(
    trained: Container, tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    shutil.copytree(trained.model, tmp_path / "model")
    (tmp_path / "model" / name).unlink()
    if content is not None:
        (tmp_path / "model" / name).write_bytes(content)
    with pytest.raises(UnusableModelError, match=message):
        load_predictor(tmp_path / "model")


def test_the_server_ends_where_there_is_no_model(tmp_path: Path) -> None:
    with start(tmp_path) as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors.startswith("The model cannot be served: no model-shapes.json in ")


def test_a_port_that_is_taken_or_wrong_ends_the_server(trained: Container, port: int) -> None:
    for value, message in ((str(port), "address already in use"), ("http", "SAGEMAKER_BIND_TO_PORT is 'http'")):
        with start(trained.base, SAGEMAKER_BIND_TO_PORT=value) as process:
            _, errors = process.communicate(timeout=60)
        assert process.returncode == 1
        assert message in errors
