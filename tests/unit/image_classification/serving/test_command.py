import gzip
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from image_classification.serving.predictor import load_predictor
from image_classification.serving.settings import usable_cores

from ..conftest import Container, picture, png

TIMEOUT_S = 300  # a busy machine may take long
IMAGE = png(picture(1, 3))
POST = b"POST /invocations HTTP/1.1\r\nHost: container\r\nContent-Type: image/png\r\n"


def start(base: Path, **environment: str) -> subprocess.Popen[str]:
    variables = {"SAGEMAKER_BASE_DIR": str(base), "SAGEMAKER_BIND_TO_HOST": "127.0.0.1", **environment}
    command = [sys.executable, "-m", "image_classification", "serve"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env={**os.environ, **variables}, stdout=pipe, stderr=pipe, text=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(base: Path, **environment: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """Run a server of two workers, which must end with code 0 and print nothing to standard error."""
    number = free_port()
    variables = {"SAGEMAKER_BIND_TO_PORT": str(number), "SAGEMAKER_MODEL_SERVER_WORKERS": "2", **environment}
    with start(base, **variables) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert f"Serving on 127.0.0.1:{number} with 2 workers" in process.stdout.readline()
        yield number, process
        process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT_S) == 0
        assert process.stderr.read() == ""


@pytest.fixture(scope="module")
def served(trained: Container) -> Iterator[tuple[int, psutil.Process]]:
    with serving(trained.base) as (number, process):
        yield number, psutil.Process(process.pid)


@pytest.fixture
def port(served: tuple[int, psutil.Process]) -> int:
    return served[0]


@pytest.fixture
def server(served: tuple[int, psutil.Process]) -> psutil.Process:
    return served[1]


def ask(port: int, body: bytes = IMAGE, path: str = "/invocations", **headers: str) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
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


def test_the_answer_is_json_lines_if_the_client_accepts_them(port: int) -> None:
    status, answer_type, text = ask(port, Accept="application/jsonlines;charset=utf-8")
    assert (status, answer_type) == (200, "application/jsonlines")
    assert len(json.loads(text)["prediction"]) == 2


def test_an_invalid_request_is_refused_with_its_reason(port: int) -> None:
    status, _, text = ask(port, Content_Type="text/csv")
    assert (status, text.split(".")[0]) == (415, "Content-type text/csv not supported")
    status, _, text = ask(port, b"not an image")
    assert (status, text[:48]) == (400, "The image of 12 bytes cannot be classified: it i")
    assert ask(port, b"")[0] == 400
    assert ask(port, Accept="text/csv")[0] == 406
    assert ask(port, bytes(6 * 2**20 + 1))[::2] == (413, "The image is larger than the limit of 6 MB")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (POST + b"Accept: \xff", 406),
        (POST.replace(b"image/png", b"image/\xff") + b"Accept: */*", 415),
        (POST + b"Expect: \xff", 417),
    ],
)
def test_a_header_that_is_not_ascii_is_refused(port: int, sent: bytes, status: int) -> None:
    with connected(port, sent + b"\r\nContent-Length: 0\r\n\r\n") as connection:
        assert answer_of(connection).status == status


def test_execution_parameters_are_answered(port: int) -> None:
    status, _, text = ask(port, path="/execution-parameters")
    assert status == 200
    assert json.loads(text) == {
        "MaxConcurrentTransforms": 2 * max(1, usable_cores() // 2),
        "BatchStrategy": "SINGLE_RECORD",
        "MaxPayloadInMB": 6,
    }


def test_concurrent_clients_get_the_answers_to_their_own_images(port: int, trained: Container) -> None:
    predictor = load_predictor(trained.model)
    images = [png(picture(number % 2, number)) for number in range(40)]
    with ThreadPoolExecutor(8) as clients:
        answers = [json.loads(text) for _, _, text in clients.map(lambda image: ask(port, image), images)]
    np.testing.assert_allclose(answers, [predictor.predict(image) for image in images], atol=1e-6)


def test_no_process_of_the_server_loads_pytorch(server: psutil.Process) -> None:
    for process in (server, *server.children()):
        libraries = {Path(mapped.path).name for mapped in process.memory_maps()}
        assert not [name for name in libraries if "torch" in name or name.startswith("onnx_cpp2py")]
    code = "import sys, image_classification.serving.worker_process; sys.exit(bool({'torch', 'onnx'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_server_exits_if_there_is_no_model(tmp_path: Path) -> None:
    with start(tmp_path) as process:
        _, errors = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 1
    assert errors.startswith("The model cannot be served: no model-shapes.json in ")


def test_the_server_exits_if_its_port_is_taken_or_invalid(trained: Container, port: int) -> None:
    for value, message in ((str(port), "Address already in use"), ("http", "SAGEMAKER_BIND_TO_PORT is 'http'")):
        with start(trained.base, SAGEMAKER_BIND_TO_PORT=value) as process:
            _, errors = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode == 1
        assert message in errors


def connected(port: int, sent: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
    connection.sendall(sent)
    return connection


def answer_of(connection: socket.socket) -> http.client.HTTPResponse:
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    answer.read()  # to its end, which releases the socket
    return answer


def head(length: int, **headers: str) -> bytes:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return POST + f"Content-Length: {length}\r\n{lines}\r\n".encode()


def test_slow_clients_do_not_hold_up_others(port: int) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(connected(port, head(len(IMAGE)) + IMAGE[:20])) for _ in range(200)]
        for _ in range(4):
            assert ask(port)[0] == 200
        slow[-1].sendall(IMAGE[20:])
        assert answer_of(slow[-1]).status == 200


def test_a_payload_that_is_too_large_is_refused_by_its_content_length(port: int) -> None:
    with connected(port, head(7 * 2**20)) as connection:
        assert answer_of(connection).status == 413


def test_a_chunked_payload_is_answered_or_refused(port: int) -> None:
    start_of = POST + b"Transfer-Encoding: chunked\r\n\r\n"
    with connected(port, start_of + b"%x\r\n%s\r\n0\r\n\r\n" % (len(IMAGE), IMAGE)) as connection:
        assert answer_of(connection).status == 200
    with connected(port, start_of + b"%x\r\n" % (7 * 2**20) + bytes(6 * 2**20 + 1)) as connection:
        assert answer_of(connection).status == 413


def test_invalid_http_is_refused_without_a_traceback(port: int) -> None:
    """The fixture checks that standard error stays empty."""
    for sent in (b"hello\r\n\r\n", b"POST /invocations HTTP/1.1\r\n\r\n", b"GET /ping HTTP/1.1\r\nHost\r\n\r\n"):
        with connected(port, sent) as connection:
            assert answer_of(connection).status == 400


def test_a_decompression_bomb_is_refused(port: int, server: psutil.Process) -> None:
    bomb = png(Image.new("1", (10000, 10000)))
    assert len(bomb) < 100_000
    status, _, text = ask(port, bomb)
    assert (status, "10000 x 10000 pixels" in text) == (400, True)
    assert max(worker.memory_info().rss for worker in server.children()) < 180e6


def test_a_compressed_body_is_not_decompressed(port: int) -> None:
    status, _, text = ask(port, gzip.compress(IMAGE), Content_Encoding="gzip")
    assert (status, r"it begins with b'\x1f\x8b" in text) == (400, True)


def test_workers_get_connections_in_turn(server: psutil.Process, port: int) -> None:
    with ExitStack() as stack:
        for _ in range(6):
            answer_of(stack.enter_context(connected(port, b"GET /ping HTTP/1.1\r\nHost: container\r\n\r\n")))
        counts = [
            sum(connection.laddr.port == port for connection in worker.net_connections("tcp"))
            for worker in server.children()
        ]
    assert min(counts) >= 3


def test_a_worker_that_dies_is_replaced(trained: Container) -> None:
    with serving(trained.base) as (number, process):
        first, second = psutil.Process(process.pid).children()
        first.kill()
        assert process.stdout is not None
        assert f"Worker {first.pid} ended with -9; another is started" in process.stdout.readline()
        assert [ask(number)[0] for _ in range(4)] == [200] * 4
        now = psutil.Process(process.pid).children()
        assert len(now) == 2
        assert second in now


def test_requests_in_flight_at_sigterm_are_answered(trained: Container) -> None:
    with serving(trained.base) as (number, process), ExitStack() as stack:
        halves = [stack.enter_context(connected(number, head(len(IMAGE)) + IMAGE[:20])) for _ in range(4)]
        wholes = [stack.enter_context(connected(number, head(len(IMAGE)) + IMAGE)) for _ in range(4)]
        process.send_signal(signal.SIGTERM)
        assert [answer_of(connection).status for connection in wholes] == [200] * 4
        for connection in halves:
            connection.sendall(IMAGE[20:])
        assert [answer_of(connection).status for connection in halves] == [200] * 4
        with pytest.raises(ConnectionRefusedError):
            connected(number, b"")


def test_workers_end_when_the_dispatcher_is_killed(trained: Container) -> None:
    with start(trained.base, SAGEMAKER_BIND_TO_PORT=str(free_port())) as process:
        assert process.stdout is not None
        assert "Serving on" in process.stdout.readline()
        workers = psutil.Process(process.pid).children()
        assert workers
        process.kill()
        assert psutil.wait_procs(workers, timeout=TIMEOUT_S)[1] == []
