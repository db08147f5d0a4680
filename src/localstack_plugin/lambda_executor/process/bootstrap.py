"""The program of a function's process: AWS's runtime client, with a transport of its own.

It is started by path, without `site` and without this file's directory on `sys.path`:
`python -S -P bootstrap.py`. It must import nothing but the standard library before the function's own
directory leads `sys.path`, as on AWS; therefore the runtime client is imported inside `main`.

AWS's client reaches the Runtime API through a compiled module, one for each version of Python, that can send no secret.
`LineClient` stands in for it: any Python can run it, and it speaks with the server over the line, a socket that this
process has inherited (`runtime_api.line` describes what is said). If a wrapper script has closed the line,
`HttpClient` takes its place: it speaks with the Runtime API's port and sends the secret.
"""

import json
import os
import signal
import socket
import sys
import threading
from types import SimpleNamespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

SECRET = "SCONES_LAMBDA_SECRET"  # noqa: S105 - the variable's name
SECRET_HEADER = "Scones-Lambda-Secret"  # noqa: S105
HANDLER = "_HANDLER"
"""AWS's variable; a wrapper script may have changed it."""
LINE = "SCONES_LAMBDA_LINE"
"""The number of the line's file."""
LAYERS = "SCONES_LAMBDA_LAYERS"
"""The folders with the layers' modules, which are below /opt on AWS, separated as on the PATH."""
SERVER_PIPE = "SCONES_LAMBDA_SERVER_PIPE"
"""The reading end of a pipe whose writing end only the server holds. It reads as ended once the server is gone, even
after SIGKILL. In a sandbox there is none: it ends with the server by itself."""
READY, INIT_ERROR, RESPONSE, ERROR = b"N", b"I", b"R", b"E"
EVENT_BYTES = 12
READ_BYTES = 64 * 1024
API = "/2018-06-01/runtime/"
NEXT = "GET", "invocation/next"
MAX_FAULT_BYTES = 1024 * 1024
ALWAYS_ACCEPTED_BYTES = 1024 * 1024
"""The size up to which a result is never refused as too large."""

OPEN_FILES = 1024
"""docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, "File descriptors"."""


class RefusedByRuntimeApi(Exception):
    """The Runtime API did not accept what was sent: it is too large, or its invocation is over."""


class LineClient:
    """The part of `awslambdaric.lambda_runtime_client.LambdaRuntimeClient` that its `bootstrap.run` uses."""

    def __init__(self, line: socket.socket, marshaller: object) -> None:
        self.marshaller = marshaller
        self._line = line
        self._reader = open(line.fileno(), "rb", READ_BYTES, closefd=False)  # noqa: SIM115 - a socket, kept
        self._is_ready = False
        self._invoke_id, self._number = "", 0
        """The invocation that is to be answered; no id if there is none."""

    def wait_next_invocation(self) -> SimpleNamespace:
        if not self._is_ready:
            self._send(READY, b"")
            self._is_ready = True
        head = self._reader.read(EVENT_BYTES)
        if len(head) < EVENT_BYTES:
            sys.exit("the Lambda Runtime API has closed the connection")
        self._number = int.from_bytes(head[:4], "big")
        fields = json.loads(self._reader.read(int.from_bytes(head[4:8], "big")))
        self._invoke_id, trace_id, function_arn, deadline_ms, client_context = fields
        return SimpleNamespace(
            invoke_id=self._invoke_id,
            x_amzn_trace_id=trace_id,
            invoked_function_arn=function_arn,
            deadline_time_in_ms=deadline_ms,
            client_context=client_context,
            cognito_identity=None,
            tenant_id=None,
            invocation_id=None,
            content_type="application/json",
            event_body=self._reader.read(int.from_bytes(head[8:], "big")),
        )

    def post_invocation_result(
        self,
        invoke_id: str,
        result_data: "bytes | str",
        content_type: str = "application/json",
        invocation_id: "str | None" = None,
    ) -> None:
        body = result_data if isinstance(result_data, bytes) else result_data.encode()
        self._answer(RESPONSE, invoke_id, body)

    def post_invocation_error(
        self, invoke_id: str, error_response_data: str, xray_fault: str, invocation_id: "str | None" = None
    ) -> None:
        self._answer(ERROR, invoke_id, error_response_data.encode())

    def post_init_error(
        self, error_response_data: "Mapping[str, Any]", error_type_override: "str | None" = None
    ) -> None:
        self._send(INIT_ERROR, json.dumps(error_response_data).encode())

    def _answer(self, kind: bytes, invoke_id: str, body: bytes) -> None:
        if invoke_id != self._invoke_id:
            raise RefusedByRuntimeApi(f"POST invocation/{invoke_id}: 400 InvalidRequestID")
        self._invoke_id = ""
        self._send(kind, body)

    def _send(self, kind: bytes, body: bytes) -> None:
        head = kind + self._number.to_bytes(4, "big") + len(body).to_bytes(4, "big")
        try:
            self._line.sendall(head + body)
        except ConnectionError:
            sys.exit("the Lambda Runtime API has closed the connection")


class HttpClient:
    """The same over the Runtime API's port."""

    def __init__(self, address: str, secret: str, marshaller: object) -> None:
        self.marshaller = marshaller
        self._host, _, port = address.rpartition(":")
        self._port, self._secret = int(port), secret
        self._socket = socket.create_connection((self._host, self._port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = self._socket.makefile("rb")
        self._has_asked = False
        """Whether the last result and the request for the next invocation were sent together: two answers are due."""

    def wait_next_invocation(self) -> SimpleNamespace:
        if self._has_asked:
            self._has_asked = False
            self._accepted("POST", "invocation/response")
            headers, body = self._accepted(*NEXT)
        else:
            headers, body = self._ask(*NEXT)
        return SimpleNamespace(
            invoke_id=headers["lambda-runtime-aws-request-id"],
            x_amzn_trace_id=headers.get("lambda-runtime-trace-id"),
            invoked_function_arn=headers.get("lambda-runtime-invoked-function-arn"),
            deadline_time_in_ms=int(headers["lambda-runtime-deadline-ms"]),  # a number, as from AWS's client in C
            client_context=headers.get("lambda-runtime-client-context"),
            cognito_identity=headers.get("lambda-runtime-cognito-identity"),
            tenant_id=headers.get("lambda-runtime-aws-tenant-id"),
            invocation_id=headers.get("lambda-runtime-invocation-id"),
            content_type=headers.get("content-type"),
            event_body=body,
        )

    def post_invocation_result(
        self,
        invoke_id: str,
        result_data: "bytes | str",
        content_type: str = "application/json",
        invocation_id: "str | None" = None,
    ) -> None:
        body = result_data if isinstance(result_data, bytes) else result_data.encode()
        path, headers = f"invocation/{invoke_id}/response", {"Content-Type": content_type}
        if len(body) > ALWAYS_ACCEPTED_BYTES:
            self._ask("POST", path, body, headers)
            return
        # together, because each request wakes the server's thread
        self._socket.sendall(self._request("POST", path, body, headers) + self._request(*NEXT))
        self._has_asked = True

    def post_invocation_error(
        self, invoke_id: str, error_response_data: str, xray_fault: str, invocation_id: "str | None" = None
    ) -> None:
        fault = xray_fault if len(xray_fault.encode()) < MAX_FAULT_BYTES and xray_fault.isascii() else ""
        headers = {"Lambda-Runtime-Function-Error-Type": "Unhandled", "Lambda-Runtime-Function-XRay-Error-Cause": fault}
        self._ask("POST", f"invocation/{invoke_id}/error", error_response_data.encode(), headers)

    def post_init_error(
        self, error_response_data: "Mapping[str, Any]", error_type_override: "str | None" = None
    ) -> None:
        error_type = error_type_override or error_response_data["errorType"]
        body = json.dumps(error_response_data).encode()
        self._ask("POST", "init/error", body, {"Lambda-Runtime-Function-Error-Type": error_type})

    def _ask(
        self, method: str, path: str, body: bytes = b"", headers: "Mapping[str, str] | None" = None
    ) -> "tuple[dict[str, str], bytes]":
        self._socket.sendall(self._request(method, path, body, headers))
        return self._accepted(method, path)

    def _request(self, method: str, path: str, body: bytes = b"", headers: "Mapping[str, str] | None" = None) -> bytes:
        lines = [f"{method} {API}{path} HTTP/1.1", f"Host: {self._host}:{self._port}"]
        lines += [f"{SECRET_HEADER}: {self._secret}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body

    def _accepted(self, method: str, path: str) -> "tuple[dict[str, str], bytes]":
        """Return headers, their names in lower case, and body of the answer. RefusedByRuntimeApi if it is an error."""
        status, answer_headers, answer = self._answer()
        if status >= 300:
            raise RefusedByRuntimeApi(f"{method} {path}: {status} {answer.decode(errors='replace')}")
        return answer_headers, answer

    def _answer(self) -> "tuple[int, dict[str, str], bytes]":
        status_line = self._reader.readline()
        if not status_line:
            sys.exit("the Lambda Runtime API has closed the connection")
        headers = {}
        while line := self._reader.readline().strip():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        return int(status_line.split()[1]), headers, self._reader.read(int(headers.get("content-length", 0)))


def end_with_server(pipe: int) -> None:
    os.read(pipe, 1)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def inherited_line() -> "socket.socket | None":
    """Return the line, which is not passed on to the function's children; None if a wrapper script has closed it."""
    try:
        line = socket.socket(fileno=int(os.environ.pop(LINE)))
    except OSError:
        return None
    line.set_inheritable(False)
    return line


def limit_open_files() -> None:
    """Limit the function and its children as on AWS. The servers have raised their own limit, which is inherited."""
    import resource

    del sys.modules["resource"]  # the function may have a module of this name
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))


def prepend_to_path(task_root: str, layers: "list[str]", runtime: str) -> None:
    """Order `sys.path` as on AWS: the function, its layers, AWS's modules, the standard library."""
    own = [task_root, *layers, runtime]
    not_again = {*own, os.path.dirname(__file__)}  # noqa: PTH120 - every cold start would import pathlib
    sys.path[:] = [*own, *(path for path in sys.path if path not in not_again)]


def main() -> None:
    pipe = os.environ.pop(SERVER_PIPE, None)
    if pipe is not None:
        threading.Thread(target=end_with_server, args=(int(pipe),), daemon=True).start()
    line = inherited_line()
    limit_open_files()
    secret, layers = os.environ.pop(SECRET), os.environ.pop(LAYERS).split(os.pathsep)
    prepend_to_path(os.environ["LAMBDA_TASK_ROOT"], layers, os.environ["LAMBDA_RUNTIME_DIR"])
    # not AWS's compiled module: to load it takes milliseconds, and it is for one version of Python
    sys.modules["runtime_client"] = None  # type: ignore[assignment]

    from awslambdaric import bootstrap
    from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller

    marshaller = LambdaMarshaller()
    client = (
        LineClient(line, marshaller)
        if line is not None
        else HttpClient(os.environ["AWS_LAMBDA_RUNTIME_API"], secret, marshaller)
    )
    bootstrap.run(os.environ[HANDLER], client)


if __name__ == "__main__":
    main()
