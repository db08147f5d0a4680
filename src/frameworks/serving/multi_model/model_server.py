"""The server of one model: the `serve` command once more, in a process of its own, behind a Unix socket.

Models of one container may bring different modules of the same name (`inference.py`), so they cannot share a process;
in AWS's images, too, multi-model-server has processes for each model.
"""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from frameworks.contract.paths import ContainerPaths
from frameworks.inference.messages import Response
from frameworks.serving.settings import SOCKET

PING_S = 0.05
LOAD_TIMEOUT_S = 360.0  # how long SageMaker waits for a model
STOP_S = 30.0
PASSED_ON = ("content-type", "accept", "x-amzn-sagemaker-custom-attributes", "x-amzn-sagemaker-inference-id")


class LoadFailed(Exception):
    """The model's server did not start. `killed` if the system ended it, for example for lack of memory."""

    def __init__(self, reason: str, killed: bool = False) -> None:
        super().__init__(reason)
        self.killed = killed


class UnixConnection(http.client.HTTPConnection):
    """HTTP to a server that listens on a Unix socket."""

    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class ModelServer:
    """One model and its server. Threads of the front may share it: each has a connection of its own."""

    def __init__(self, name: str, folder: Path, framework: str, timeout_s: float) -> None:
        self.name, self.folder = name, folder
        self._framework, self._timeout_s = framework, timeout_s
        self._directory = tempfile.mkdtemp(prefix="model-")
        self._socket = os.path.join(self._directory, "socket")  # noqa: PTH118 - passed on as a text
        self._process: subprocess.Popen[bytes] | None = None
        self._starting = threading.Lock()
        self._connections = threading.local()

    def start(self) -> None:
        """Start the server and wait until the model is loaded. LoadFailed if it never is."""
        with self._starting:
            if self._process is None or self._process.poll() is not None:
                self._process = self._started()
                self._wait_until_healthy(self._process)

    def stop(self) -> None:
        """End the server once it has answered the requests in progress."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self._directory, ignore_errors=True)

    def invoke(self, body: bytes, headers: Mapping[str, str]) -> Response:
        """Return the model's answer. A server that has ended since is started again. Raises OSError or LoadFailed."""
        self.start()
        sent = {name: headers[name] for name in PASSED_ON if name in headers}
        try:
            return self._asked("POST", "/invocations", body, sent)
        except (http.client.HTTPException, OSError) as error:
            self._close_connection()
            raise ConnectionError(str(error)) from error

    def _started(self) -> subprocess.Popen[bytes]:
        variables = {
            name: value for name, value in os.environ.items() if name not in ("SAGEMAKER_MULTI_MODEL", "GUNICORN_FD")
        }
        variables.setdefault("SAGEMAKER_MODEL_SERVER_WORKERS", "1")
        submitted = variables.get("SAGEMAKER_SUBMIT_DIRECTORY", "")
        only_model = str(ContainerPaths.from_environment().model)
        if submitted.startswith(f"{only_model}/"):  # the SDK puts the code beside the model
            variables["SAGEMAKER_SUBMIT_DIRECTORY"] = f"{self.folder}{submitted[len(only_model) :]}"
        variables.update({SOCKET: self._socket, "SAGEMAKER_BASE_DIR": str(self.folder.parent)})
        command = [sys.executable, "-m", "frameworks", self._framework, "serve"]
        return subprocess.Popen(command, env=variables, stdin=subprocess.DEVNULL)

    def _wait_until_healthy(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + LOAD_TIMEOUT_S
        while not self._is_healthy():
            code = process.poll()
            if code is not None:
                raise LoadFailed(f"The server of the model ended with {code}; see the log", code == -signal.SIGKILL)
            if time.monotonic() > deadline:
                process.kill()
                process.wait()
                raise LoadFailed(f"The model was not loaded within {LOAD_TIMEOUT_S:g} s")
            time.sleep(PING_S)

    def _is_healthy(self) -> bool:
        try:
            return self._asked("GET", "/ping", b"", {}).status == 200
        except (http.client.HTTPException, OSError):
            self._close_connection()
            return False

    def _asked(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Response:
        connection: UnixConnection | None = getattr(self._connections, "open", None)
        if connection is None:
            connection = self._connections.open = UnixConnection(self._socket, self._timeout_s)
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        text = answer.read()
        attributes = answer.headers.get("X-Amzn-SageMaker-Custom-Attributes")
        more = {} if attributes is None else {"X-Amzn-SageMaker-Custom-Attributes": attributes}
        return Response(text, answer.headers.get("Content-Type", ""), answer.status, more)

    def _close_connection(self) -> None:
        connection: UnixConnection | None = getattr(self._connections, "open", None)
        if connection is not None:
            connection.close()
            self._connections.open = None
