"""The program of a function's process: AWS's runtime client, with a transport of its own.

It is started by path, without `site` and without this file's directory on `sys.path`:
`python -S -P bootstrap.py`. It must import nothing but the standard library before the function's own
directory leads `sys.path`, as on AWS; therefore the runtime client is imported inside `main`.

AWS's client reaches the Runtime API through a compiled module, one for each version of Python, that can send no secret.
`RuntimeClient` stands in for it: any Python can run it, and its requests prove that they come from this process.
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
LAYERS = "SCONES_LAMBDA_LAYERS"
"""The folders with the layers' modules, which are below /opt on AWS, separated as on the PATH."""
SERVER_PIPE = "SCONES_LAMBDA_SERVER_PIPE"
"""The reading end of a pipe whose writing end only the server holds. It reads as ended once the server is gone, even
after SIGKILL. In a sandbox there is none: it ends with the server by itself."""
API = "/2018-06-01/runtime/"
NEXT = "GET", "invocation/next"
MAX_FAULT_BYTES = 1024 * 1024
ALWAYS_ACCEPTED_BYTES = 1024 * 1024
"""The size up to which a result is never refused as too large."""

OPEN_FILES = 1024
"""docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, "File descriptors"."""


class RefusedByRuntimeApi(Exception):
    """The Runtime API did not accept what was sent: it is too large, or its invocation is over."""


class RuntimeClient:
    """The part of `awslambdaric.lambda_runtime_client.LambdaRuntimeClient` that its `bootstrap.run` uses."""

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
    limit_open_files()
    secret, layers = os.environ.pop(SECRET), os.environ.pop(LAYERS).split(os.pathsep)
    prepend_to_path(os.environ["LAMBDA_TASK_ROOT"], layers, os.environ["LAMBDA_RUNTIME_DIR"])
    # not AWS's compiled module: to load it takes milliseconds, and it is for one version of Python
    sys.modules["runtime_client"] = None  # type: ignore[assignment]

    from awslambdaric import bootstrap
    from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller

    client = RuntimeClient(os.environ["AWS_LAMBDA_RUNTIME_API"], secret, LambdaMarshaller())
    bootstrap.run(os.environ[HANDLER], client)


if __name__ == "__main__":
    main()
