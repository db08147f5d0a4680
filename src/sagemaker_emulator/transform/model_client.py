"""Client of a model's container: waits until it is healthy, asks for its parameters, invokes it."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias, cast
from urllib.parse import urlsplit

from sagemaker_emulator.jobs.job_containers import Halt, JobContainer
from sagemaker_emulator.jobs.job_threads import JobFailed

PING_S = 0.05
PING_TIMEOUT_S = 2.0
PARAMETERS_TIMEOUT_S = 10.0
RETRY_PAUSE_S = 0.1
EXIT_S = 0.2  # a process that ends closes its connections up to this long before it has ended
MEMORY_BYTES = 1 << 20
BLOCK_BYTES = 1 << 17
ANSWER_MAX_BYTES = 1 << 30
NO_PING = (
    "AlgorithmError: Model container failed to respond to ping. Please ensure /ping endpoint is implemented and "
    "responds with an HTTP 200 status code"
)
TRANSPORT_ERRORS = (OSError, HTTPException)
DEFAULT_CONTENT_TYPE = "application/octet-stream"

Body: TypeAlias = bytes | Path | BinaryIO


class InvocationFailed(Exception):
    """An invocation that the container did not answer with 200. `fault` is ClientError or AlgorithmError."""

    def __init__(self, fault: str, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.fault, self.lines = fault, lines


@dataclass(frozen=True)
class ClientConfig:
    """The request's ModelClientConfig, and the headers of every invocation."""

    timeout_s: float
    max_retries: int
    headers: Mapping[str, str]


class ModelClient:
    """A client of the server in one container. All requests end early when the job is halted."""

    def __init__(self, container: JobContainer, halt: Halt) -> None:
        self._container, self._halt = container, halt
        address = urlsplit(container.container.address)
        self._host, self._port = str(address.hostname), address.port

    def wait_until_healthy(self, timeout_s: float) -> None:
        """Wait until `GET /ping` answers 200. JobFailed when it does not in time."""
        deadline = time.monotonic() + timeout_s
        while not self._halt.is_set() and self._get("/ping", PING_TIMEOUT_S) is None:
            self.require_alive()
            if time.monotonic() > deadline:
                raise JobFailed(NO_PING)
            self._halt.stop_requested.wait(PING_S)

    def require_alive(self) -> None:
        """JobFailed when the container has exited: on AWS a batch transform does not start it again."""
        if self._halt.is_set() or (code := self._container.container.wait(0)) is None:
            return
        raise JobFailed(f"AlgorithmError: The model container exited with code {code}. {self._log_end()}")

    def execution_parameters(self) -> dict[str, Any]:
        """Return the container's answer to /execution-parameters, empty if it has none."""
        try:
            parameters = json.loads(self._get("/execution-parameters", PARAMETERS_TIMEOUT_S) or b"{}")
        except ValueError:
            return {}
        return parameters if isinstance(parameters, dict) else {}

    def ask(self, body: Body, config: ClientConfig, chunked: bool = False) -> tuple[BinaryIO, str]:
        """Return the answer, to be read from its beginning, and its content type.

        InvocationFailed for a 4xx, or when all retries failed.
        """
        retries = 0
        while True:
            try:
                return self._ask(body, config, chunked)
            except InvocationFailed as failure:
                if failure.fault == "ClientError" or retries == config.max_retries or self._halt.is_set():
                    raise
            self._halt.stop_requested.wait(RETRY_PAUSE_S * 2**retries)
            retries += 1

    def _ask(self, body: Body, config: ClientConfig, chunked: bool) -> tuple[BinaryIO, str]:
        connection = HTTPConnection(self._host, self._port, timeout=config.timeout_s, blocksize=BLOCK_BYTES)
        answer = cast(BinaryIO, tempfile.SpooledTemporaryFile(MEMORY_BYTES))  # noqa: SIM115 - the caller closes it
        try:
            status, content_type = _post(connection, body, config.headers, chunked, answer)
            if status == 200:
                return answer, content_type
            message = answer.read(MEMORY_BYTES).decode(errors="replace").splitlines()
        except TRANSPORT_ERRORS as error:
            answer.close()
            self._container.container.wait(EXIT_S)
            raise InvocationFailed("AlgorithmError", [f"Unable to get response from algorithm: {error!r}"]) from error
        finally:
            connection.close()
        answer.close()
        fault = "ClientError" if 400 <= status < 500 else "AlgorithmError"
        raise InvocationFailed(fault, [f"Bad HTTP status received from algorithm: {status}", "", "Message:", *message])

    def _get(self, path: str, timeout_s: float) -> bytes | None:
        """Return the body of a 200, else None."""
        connection = HTTPConnection(self._host, self._port, timeout=timeout_s)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.read(MEMORY_BYTES) if response.status == 200 else None
        except TRANSPORT_ERRORS:
            return None
        finally:
            connection.close()

    def _log_end(self) -> str:
        self._container.drain()
        return (
            f"Last lines of its log:\n{self._container.tail}"
            if self._container.tail
            else "It wrote nothing to its log."
        )


def _post(
    connection: HTTPConnection, body: Body, headers: Mapping[str, str], chunked: bool, answer: BinaryIO
) -> tuple[int, str]:
    """Send a request, copy the response's body into `answer`, return its status and content type.

    A body that is a file is streamed.
    """
    if isinstance(body, bytes):
        connection.request("POST", "/invocations", body, dict(headers))
    elif isinstance(body, Path):
        size = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": str(body.stat().st_size)}
        with body.open("rb") as file:
            connection.request("POST", "/invocations", file, {**headers, **size}, encode_chunked=chunked)
    else:
        size = {"Content-Length": str(body.seek(0, os.SEEK_END))}
        body.seek(0)
        connection.request("POST", "/invocations", body, {**headers, **size})
    response = connection.getresponse()
    left = ANSWER_MAX_BYTES
    while chunk := response.read(BLOCK_BYTES):
        left -= len(chunk)
        if left < 0:
            raise HTTPException(f"the response has more than {ANSWER_MAX_BYTES} bytes")
        answer.write(chunk)
    answer.seek(0)
    return response.status, response.headers.get("Content-Type", DEFAULT_CONTENT_TYPE)
