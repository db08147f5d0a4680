"""The model's container as a batch transform uses it: healthy, asked for its parameters, invoked."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

from sagemaker_emulator.jobs.job_containers import Halt, JobContainer
from sagemaker_emulator.jobs.job_threads import JobFailed

PING_S = 0.05
PING_TIMEOUT_S = 2.0
PARAMETERS_TIMEOUT_S = 10.0
RETRY_PAUSE_S = 0.1
EXIT_S = 0.2  # between the end of a process' connections and its own
MEMORY_BYTES = 1 << 20
BLOCK_BYTES = 1 << 17
NO_PING = (
    "AlgorithmError: Model container failed to respond to ping. Please ensure /ping endpoint is implemented and "
    "responds with an HTTP 200 status code"
)
TRANSPORT_ERRORS = (OSError, HTTPException)


class InvocationFailed(Exception):
    """The container did not answer as it should. `fault` is ClientError or AlgorithmError."""

    def __init__(self, fault: str, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.fault, self.lines = fault, lines


@dataclass(frozen=True)
class Client:
    """How the model is invoked: ModelClientConfig, and the headers of every request."""

    timeout_s: float
    max_retries: int
    headers: Mapping[str, str]


class ModelServer:
    def __init__(self, run: JobContainer, halt: Halt) -> None:
        self.run, self._halt = run, halt
        address = urlsplit(run.container.address)
        self._host, self._port = str(address.hostname), address.port

    def wait_until_healthy(self, timeout_s: float) -> None:
        """JobFailed when `GET /ping` has not answered 200 in time; returns early when the job is to end."""
        deadline = time.monotonic() + timeout_s
        while not self._halt.is_set() and self._get("/ping", PING_TIMEOUT_S) is None:
            self.require_alive()
            if time.monotonic() > deadline:
                raise JobFailed(NO_PING)
            self._halt.stop_requested.wait(PING_S)

    def require_alive(self) -> None:
        """JobFailed when the container has exited: a batch transform does not start it again."""
        if self._halt.is_set() or (code := self.run.container.wait(0)) is None:
            return
        raise JobFailed(f"AlgorithmError: The model container exited with code {code}. {self._log_end()}")

    def execution_parameters(self) -> dict[str, Any]:
        """What the container asks for; nothing, when it does not say."""
        try:
            said = json.loads(self._get("/execution-parameters", PARAMETERS_TIMEOUT_S) or b"{}")
        except ValueError:
            return {}
        return said if isinstance(said, dict) else {}

    def invoke(self, body: bytes | Path, client: Client, chunked: bool = False) -> BinaryIO:
        """The answer, to be read from its beginning. Tried again when the container fails; InvocationFailed at last."""
        retries = 0
        while True:
            try:
                return self._invoke(body, client, chunked)
            except InvocationFailed as failure:
                if failure.fault == "ClientError" or retries == client.max_retries or self._halt.is_set():
                    raise
            self._halt.stop_requested.wait(RETRY_PAUSE_S * 2**retries)
            retries += 1

    def _invoke(self, body: bytes | Path, client: Client, chunked: bool) -> BinaryIO:
        connection = HTTPConnection(self._host, self._port, timeout=client.timeout_s, blocksize=BLOCK_BYTES)
        answer = cast(BinaryIO, tempfile.SpooledTemporaryFile(MEMORY_BYTES))  # noqa: SIM115 - the caller closes it
        try:
            status = _post(connection, body, client.headers, chunked, answer)
            if status == 200:
                return answer
            said = answer.read(MEMORY_BYTES).decode(errors="replace").splitlines()
        except TRANSPORT_ERRORS as error:
            answer.close()
            self.run.container.wait(EXIT_S)
            raise InvocationFailed("AlgorithmError", [f"Unable to get response from algorithm: {error!r}"]) from error
        finally:
            connection.close()
        answer.close()
        fault = "ClientError" if 400 <= status < 500 else "AlgorithmError"
        raise InvocationFailed(fault, [f"Bad HTTP status received from algorithm: {status}", "", "Message:", *said])

    def _get(self, path: str, timeout_s: float) -> bytes | None:
        """The body of a 200, else None."""
        connection = HTTPConnection(self._host, self._port, timeout=timeout_s)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.read() if response.status == 200 else None
        except TRANSPORT_ERRORS:
            return None
        finally:
            connection.close()

    def _log_end(self) -> str:
        self.run.drain()
        return f"Last lines of its log:\n{self.run.tail}" if self.run.tail else "It wrote nothing to its log."


def _post(
    connection: HTTPConnection, body: bytes | Path, headers: Mapping[str, str], chunked: bool, answer: BinaryIO
) -> int:
    """The status; the answer is copied into `answer`. A body that is a file is streamed from it."""
    if isinstance(body, Path):
        size = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": str(body.stat().st_size)}
        with body.open("rb") as file:
            connection.request("POST", "/invocations", file, {**headers, **size}, encode_chunked=chunked)
    else:
        connection.request("POST", "/invocations", body, dict(headers))
    response = connection.getresponse()
    shutil.copyfileobj(response, answer)
    answer.seek(0)
    return response.status
