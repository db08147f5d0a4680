"""Measure what serving adds to decoding and inference. `make bench` runs it.

The benchmark trains a small model with the default recipe and serves it. It measures the server and the same work
without HTTP in turn. Latency is that of one client, compared with predictions on one core in this process.
Throughput is that of many clients, compared with predictions on all cores, in threads or in processes, whichever are
faster. The clients share the cores with the server.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import cast

import psutil
import uvloop
from aims import Aims
from PIL import Image

from image_classification.serving.predictor import Predictor, load_predictor
from image_classification.serving.settings import usable_cores

ROUNDS, STARTS = 5, 5
SEQUENTIAL, CONCURRENT, CLIENTS = 300, 3000, 16
ADDED_MAX_MS, THROUGHPUT_MIN, FIRST_ANSWER_MAX_S, MEMORY_MAX_MB = 1.0, 0.7, 1.5, 180.0
CHANNELS = ("train", "validation", "train_lst", "validation_lst")
CORES = usable_cores()


def main() -> int:
    small, aims = picture(1), Aims()
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        train(base)
        with served(base, small) as (port, server, _):
            _compare(base / "model", port, small, aims)
            workers_mb = [worker.memory_info().rss / 1e6 for worker in server.children()]
        starts = []
        for _ in range(STARTS):
            with served(base, small) as (_, _, first_answer_s):
                starts.append(first_answer_s)
    aims.at_most(f"memory of each of {len(workers_mb)} workers", max(workers_mb), MEMORY_MAX_MB, " MB")
    aims.at_most("first answer after the start", statistics.median(starts), FIRST_ANSWER_MAX_S, " s")
    return aims.exit_code()


def _compare(model: Path, port: int, picture: bytes, aims: Aims) -> None:
    own_ms, served_ms, own_rates, served_rates = [], [], [], []
    predictor, request = load_predictor(model), _request(picture)
    with _all_cores(model, picture) as ways, socket.create_connection(("127.0.0.1", port)) as connection:
        answer_size = len(_asked(connection, request))
        for _ in range(ROUNDS):
            own_ms.append(_median_ms(lambda: predictor.predict(picture)))
            served_ms.append(_median_ms(lambda: _asked(connection, request)))
            own_rates.append([way() for way in ways])
            served_rates.append(uvloop.run(_throughput(port, request, answer_size)))
    own, added = statistics.median(own_ms), statistics.median(served_ms) - statistics.median(own_ms)
    _say(f"1 client    p50 {own + added:6.2f} ms, without HTTP {own:6.2f} ms")
    aims.at_most("latency that serving adds to a prediction", added, ADDED_MAX_MS, " ms")
    in_threads, in_processes = (statistics.median(rates) for rates in zip(*own_rates, strict=True))
    rate = statistics.median(served_rates)
    _say(
        f"{CLIENTS} clients {rate:6.0f} requests/s, without HTTP on {CORES} cores {in_threads:.0f}/s in threads, "
        f"{in_processes:.0f}/s in processes"
    )
    aims.at_least("share of the throughput without HTTP", rate / max(in_threads, in_processes), THROUGHPUT_MIN)


def _median_ms(once: Callable[[], object]) -> float:
    taken = []
    for _ in range(SEQUENTIAL):
        started = time.perf_counter()
        once()
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)


@contextmanager
def _all_cores(model: Path, picture: bytes) -> Iterator[list[Callable[[], float]]]:
    """Return two functions that keep all cores busy, in threads and in processes, and return pictures per second."""
    with ExitStack() as stack:
        threads = stack.enter_context(ThreadPoolExecutor(CORES))
        processes = stack.enter_context(ProcessPoolExecutor(CORES, get_context("spawn")))
        yield [lambda: _rate(threads, model, picture), lambda: _rate(processes, model, picture)]


def _rate(executor: Executor, model: Path, picture: bytes) -> float:
    def spread(count: int) -> float:
        started = time.perf_counter()
        list(executor.map(_predict, [model] * CORES, [picture] * CORES, [count // CORES] * CORES))
        return count / (time.perf_counter() - started)

    spread(20 * CORES)  # warm-up: every process has started and loaded the model
    return spread(CONCURRENT)


def _predict(model: Path, picture: bytes, count: int) -> None:
    predictor = _predictor(model)
    for _ in range(count):
        predictor.predict(picture)


@cache
def _predictor(model: Path) -> Predictor:
    return load_predictor(model)


def _request(picture: bytes) -> bytes:
    head = f"POST /invocations HTTP/1.1\r\nHost: c\r\nContent-Type: image/png\r\nContent-Length: {len(picture)}\r\n\r\n"
    return head.encode() + picture


def _asked(connection: socket.socket, request: bytes) -> bytes:
    """Send a request and return the answer, which is small enough to arrive in one piece."""
    connection.sendall(request)
    answer = connection.recv(65536)
    if not answer.startswith(b"HTTP/1.1 200"):
        raise SystemExit(answer.decode(errors="replace"))
    return answer


class Client(asyncio.Protocol):
    """A minimal client: it sends the next request when an answer arrives, until none is left."""

    def __init__(self, request: bytes, answer_size: int, left: Iterator[int]) -> None:
        self.request, self.answer_size, self.left = request, answer_size, left
        self.received = 0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.WriteTransport, transport)  # uvloop's transport is not a subclass
        self.ask()

    def ask(self) -> None:
        if next(self.left, None) is None:
            self.transport.close()
            self.done.set_result(None)
        else:
            self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        if self.received > self.answer_size or (self.received == len(data) and data[9:12] != b"200"):
            self.done.set_exception(SystemExit(data.decode(errors="replace")))
        elif self.received == self.answer_size:
            self.received = 0
            self.ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(SystemExit(f"the server ended a connection: {exc}"))


async def _throughput(port: int, request: bytes, answer_size: int) -> float:
    left, loop = iter(range(CONCURRENT)), asyncio.get_running_loop()
    started = time.perf_counter()
    connections = [
        loop.create_connection(lambda: Client(request, answer_size, left), "127.0.0.1", port) for _ in range(CLIENTS)
    ]
    await asyncio.gather(*(client.done for _, client in await asyncio.gather(*connections)))
    return CONCURRENT / (time.perf_counter() - started)


@contextmanager
def served(base: Path, picture: bytes) -> Iterator[tuple[int, psutil.Process, float]]:
    """Start the server; return its port, its process and the seconds to its first answer."""
    port, started = _free_port(), time.perf_counter()
    with _program(base, "serve", SAGEMAKER_BIND_TO_PORT=str(port)) as process:
        try:
            while not _answers(port, picture):
                if process.poll() is not None:
                    raise SystemExit("the server has ended")
                time.sleep(0.002)
            yield port, psutil.Process(process.pid), time.perf_counter() - started
        finally:
            process.terminate()


def _answers(port: int, picture: bytes) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            return bool(_asked(connection, _request(picture)))
    except ConnectionRefusedError:
        return False


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _program(base: Path, command: str, **variables: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "SAGEMAKER_BASE_DIR": str(base), "SAGEMAKER_BIND_TO_HOST": "127.0.0.1", **variables}
    return subprocess.Popen(
        [sys.executable, "-m", "image_classification", command], env=environment, stdout=subprocess.DEVNULL
    )


def train(base: Path) -> None:
    """Train a model with the default recipe on 32 pictures; its accuracy does not matter."""
    for channel in CHANNELS:
        (base / "input/data" / channel).mkdir(parents=True)
    for number in range(32):
        for channel in CHANNELS[:2]:
            (base / f"input/data/{channel}/{number}.png").write_bytes(picture(number))
    for channel in CHANNELS[:2]:
        lines = [f"{number}\t{number % 2}\t{number}.png\n" for number in range(32)]
        (base / f"input/data/{channel}_lst/{channel}.lst").write_text("".join(lines))
    hyperparameters = {"image_shape": "3,32,32", "num_classes": "2", "num_training_samples": "32", "epochs": "1"}
    (base / "input/config").mkdir()
    (base / "input/config/hyperparameters.json").write_text(json.dumps(hyperparameters))
    channels = {name: {"ContentType": "application/x-image"} for name in CHANNELS}
    (base / "input/config/inputdataconfig.json").write_text(json.dumps(channels))
    with _program(base, "train") as process:
        pass
    if process.returncode != 0:
        raise SystemExit((base / "output/failure").read_text())


def picture(number: int) -> bytes:
    packed = io.BytesIO()
    Image.effect_noise((32, 32), 40 + 60 * (number % 2)).convert("RGB").save(packed, "PNG")
    return packed.getvalue()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    raise SystemExit(main())
