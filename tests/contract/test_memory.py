"""Containers that say too much: the emulator's memory grows by at most 64 MB, and it answers others meanwhile."""

from __future__ import annotations

import gzip
import io
import json
import os
import socket
import subprocess
import sys
import tarfile
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

pytestmark = pytest.mark.slow
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/contract:1"
CONTAINER = [sys.executable, "-S", str(Path(__file__).with_name("container.py"))]
GROWTH_MAX_MB = 64
STALL_MAX_S = 5.0  # on a machine with ten times its load; idle it is some milliseconds, which the test prints
SETTLED_S = 120

ENDLESS_ANSWER = """
handler.send_response(200)
handler.send_header("Transfer-Encoding", "chunked")
handler.end_headers()
try:
    while True:
        handler.wfile.write(b"100000\\r\\n" + bytes(1 << 20) + b"\\r\\n")
except OSError:
    handler.close_connection = True
"""
ENDLESS_HEAD = """
try:
    handler.wfile.write(b"HTTP/1.1 200 OK\\r\\nX-Long: ")
    while True:
        handler.wfile.write(b"x" * (1 << 20))
except OSError:
    handler.close_connection = True
"""
ENDLESS_ERROR = ENDLESS_ANSWER.replace("200", "500", 1)
LONG_LINE = """
import sys
for _ in range(500):
    sys.stdout.write("x" * (1 << 20))
sys.stdout.flush()
"""
FLOOD = """
import os, time
end = time.monotonic() + 8
while time.monotonic() < end:
    os.write(1, b"y\\n" * 32768)
"""
LARGE_FAILURE = """
with (BASE / "output/failure").open("wb") as file:
    for _ in range(200):
        file.write(b"f" * (1 << 20))
"""
FLOOD_OF_METRICS = """
import os, time
end = time.monotonic() + 4
while time.monotonic() < end:
    os.write(1, b"Epoch[0] Validation-accuracy=0.5\\n" * 2000)
"""


ASK = """
import sys, threading, time
import boto3
client = boto3.client("sagemaker", endpoint_url=sys.argv[1])
client.describe_endpoint(EndpointName="quiet")
print("ready", flush=True)
over = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
slowest_s = 0.0
while not over.wait(0.05):
    started = time.monotonic()
    client.describe_endpoint(EndpointName="quiet")
    slowest_s = max(slowest_s, time.monotonic() - started)
print(slowest_s)
"""  # in a process of its own: the test's has the S3 and the CloudWatch of the tests, which are busy too


@dataclass
class Watch:
    """The largest memory of the emulator, and the longest time of DescribeEndpoint, meanwhile."""

    emulator: Emulator
    largest_bytes: int = 0
    slowest_s: float = 0.0
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def watching(self) -> Iterator[None]:
        command = [sys.executable, "-c", ASK, f"http://127.0.0.1:{self.emulator.port}"]
        thread = threading.Thread(target=self._measure)
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as asking:
            assert asking.stdout is not None
            assert asking.stdout.readline() == "ready\n"
            thread.start()
            try:
                yield
            finally:
                self._over.set()
                thread.join()
                printed, _ = asking.communicate()
        self.slowest_s = float(printed)

    def _measure(self) -> None:
        is_over = False
        while not is_over:
            is_over = self._over.wait(0.02)
            self.largest_bytes = max(self.largest_bytes, self.emulator.process.memory_info().rss)


@dataclass
class Emulator:
    """An emulator in a process of its own, whose memory can be told from that of the test."""

    port: int
    process: psutil.Process

    def client(self, service: str) -> Any:
        config = Config(retries={"total_max_attempts": 1}, read_timeout=SETTLED_S, max_pool_connections=4)
        return boto3.client(service, endpoint_url=f"http://127.0.0.1:{self.port}", config=config)


@pytest.fixture(scope="module")
def own_emulator(tmp_path_factory: pytest.TempPathFactory, until: Callable[..., Any], aws: None) -> Iterator[Emulator]:
    state_dir = tmp_path_factory.mktemp("state")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = int(unused.getsockname()[1])
    environment = {
        **os.environ,
        "SAGEMAKER_EMULATOR_PORT": str(port),
        "SAGEMAKER_EMULATOR_STATE_DIR": str(state_dir),
        "SAGEMAKER_EMULATOR_OWN_IMAGES": json.dumps({IMAGE: CONTAINER}),
    }
    with (state_dir.parent / "server.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "sagemaker_emulator"], env=environment, stderr=log)

    def is_ready() -> bool:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return bool(answer.status == 200)
        return False

    try:
        until(is_ready, "the emulator to answer")
        yield Emulator(port, psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait(SETTLED_S)


@pytest.fixture(scope="module")
def serving(own_emulator: Emulator, s3: Any, make_hosting: Any) -> Callable[[str, str], None]:
    """Serve an endpoint whose container answers as a few lines say."""
    hosting = make_hosting(own_emulator.client("sagemaker"), s3)

    def serve(name: str, answer: str) -> None:
        hosting.model(name, environment={"ANSWER": answer})
        hosting.config(name, {"VariantName": "AllTraffic", "ModelName": name})
        assert hosting.endpoint(name, name)["EndpointStatus"] == "InService"

    return serve


@pytest.fixture(scope="module")
def watched(own_emulator: Emulator, serving: Callable[[str, str], None]) -> Callable[[str, Callable[[], Any]], Any]:
    """Do something while DescribeEndpoint is asked; check the growth of memory and the longest wait."""
    serving("quiet", "handler._answer(200, b'hi', 'text/plain')")
    client, runtime = own_emulator.client("sagemaker"), own_emulator.client("sagemaker-runtime")
    for _ in range(50):  # what the first requests load does not count
        client.describe_endpoint(EndpointName="quiet")
        runtime.invoke_endpoint(EndpointName="quiet", Body=b"x" * (1 << 20))["Body"].read()

    def watch(what: str, act: Callable[[], Any]) -> Any:
        watch = Watch(own_emulator)
        before = own_emulator.process.memory_info().rss
        with watch.watching():
            result = act()
        growth_mb = (watch.largest_bytes - before) / (1 << 20)
        print(f"{what}: +{growth_mb:.0f} MB, slowest DescribeEndpoint {watch.slowest_s * 1000:.0f} ms")
        assert growth_mb <= GROWTH_MAX_MB
        assert watch.slowest_s <= STALL_MAX_S
        return result

    return watch


@pytest.mark.parametrize(
    ("name", "answer", "message"),
    [
        ("endless-answer", ENDLESS_ANSWER, "The container answered too much: its answer has more than 26214400 bytes"),
        ("endless-head", ENDLESS_HEAD, "the head of its answer has more than 65536 bytes"),
        ("endless-error", ENDLESS_ERROR, "server error (500) from primary and could not load the entire response body"),
    ],
)
def test_an_answer_without_end_is_cut_off(
    own_emulator: Emulator, serving: Any, watched: Any, name: str, answer: str, message: str
) -> None:
    serving(name, answer)
    runtime = own_emulator.client("sagemaker-runtime")

    def invoke() -> str:
        with pytest.raises(ClientError) as raised:
            runtime.invoke_endpoint(EndpointName=name, Body=b"x")
        return str(raised.value)

    assert message in watched(name, invoke)


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("long-line", LONG_LINE, "0"),
        ("flood", FLOOD, "0"),
        ("large-failure", LARGE_FAILURE, "1"),
        ("many-metrics", FLOOD_OF_METRICS, "0"),
    ],
)
def test_a_job_that_says_too_much_takes_little_memory(
    own_emulator: Emulator, s3: Any, watched: Any, make_jobs: Any, name: str, text: str, code: str
) -> None:
    jobs = make_jobs(own_emulator.client("sagemaker"), s3)
    metrics = [{"Name": "accuracy", "Regex": "Validation-accuracy=([0-9.]+)"}] if name == "many-metrics" else []
    algorithm = {"TrainingImage": IMAGE, "TrainingInputMode": "File", "MetricDefinitions": metrics}

    def run() -> dict[str, Any]:
        environment = {"PROGRAM": text}
        jobs.create(name, {"exit_code": code}, Environment=environment, AlgorithmSpecification=algorithm)
        return dict(jobs.ended(name))

    job = watched(name, run)
    assert job["TrainingJobStatus"] == ("Failed" if code == "1" else "Completed")
    if code == "1":
        assert job["FailureReason"] == f"AlgorithmError: {'f' * 994}, exit code: 1"


@pytest.fixture
def bomb() -> bytes:
    """An archive of 0.5 MB whose first member has an extended header of 500 MB, all digits."""
    header = tarfile.TarInfo("header")
    header.type, header.size = tarfile.XHDTYPE, 500 << 20
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as file:
        file.write(header.tobuf())
        for _ in range(500):
            file.write(b"1" * (1 << 20))
    return packed.getvalue()


def test_an_archive_with_a_vast_header_costs_nothing(
    own_emulator: Emulator, s3: Any, watched: Any, make_hosting: Any, bomb: bytes
) -> None:
    assert len(bomb) < 1 << 20
    hosting = make_hosting(own_emulator.client("sagemaker"), s3)
    hosting.model("bomb")
    s3.put_object(Bucket="contract", Key="models/bomb/model.tar.gz", Body=bomb)
    hosting.config("bomb", {"VariantName": "AllTraffic", "ModelName": "bomb"})
    endpoint = watched("bomb", lambda: hosting.endpoint("bomb", "bomb"))
    assert endpoint["EndpointStatus"] == "Failed"
    assert "it has a header of more than 65536 bytes" in endpoint["FailureReason"]
