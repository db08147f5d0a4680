"""The Lambda Runtime API (docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html) for one function process.

One thread with a loop of asyncio serves every process; each has a port of its own, since the API's clients take a host
and a port, not a path. Connections of other users and requests from web pages are refused. Every other request has to
bring the secret of that process, and an answer the id of the invocation under way.

Our own runtime client does not come here: it has a `line`, on which whoever invokes reads the answer. What comes here
is the client of a process that has lost its line, such as one that a wrapper script starts as a child. Both kinds of
process say here that they are initialized, and both fail here when they end.
"""

import asyncio
import threading
import time
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from functools import cache
from http import HTTPStatus
from secrets import compare_digest

from localstack_plugin.event_loop.waits import in_a_thread
from localstack_plugin.lambda_executor.errors import InitFailed, InvocationError, ResponseTooLarge
from localstack_plugin.lambda_executor.runtime_api.connection import Connection, refusal
from localstack_plugin.lambda_executor.runtime_api.http_messages import Request, Response
from localstack_plugin.lambda_executor.runtime_api.invocations import MAX_RESPONSE_BYTES, Invocation, Outcome
from localstack_plugin.lambda_executor.runtime_api.line import READY, Line, LineEnded

VERSION = "/2018-06-01/runtime"
SECRET_HEADER = "scones-lambda-secret"  # noqa: S105 - the header's name, as `process.bootstrap` sends it


@cache
def asyncio_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="lambda-runtime-api", daemon=True).start()
    return loop


class RuntimeApi:
    """The API of one process. `initialized` is done when the process asks for work; it fails if the process cannot."""

    def __init__(self, secret: str, line: Line) -> None:
        self._secret, self._line = secret.encode(), line
        self.initialized: Future[None] = Future()
        self._loop = asyncio_loop()
        self._lock = threading.Lock()
        """Protects what follows, but for the connections: only asyncio's thread uses those."""
        self._invocations: deque[Invocation] = deque()
        """Invocations that no connection has asked for yet. One of this and the next is empty."""
        self._asking: deque[Connection] = deque()
        """Connections that have asked for work and wait for it."""
        self._request_id = ""
        self._outcome: Future[Outcome] = Future()
        self._end: InvocationError | None = None
        self._connections: set[Connection] = set()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        self.address = "{}:{}".format(*self._server.sockets[0].getsockname())

    def invoke(self, invocation: Invocation, timeout_s: float) -> Outcome:
        """Return the answer of the process. TimeoutError; InvocationError if there will be none."""
        deadline = time.monotonic() + timeout_s
        if self._line.is_ready:
            with suppress(LineEnded):  # the process is ending, or will not answer any more
                return self._line.invoke(invocation, timeout_s)
        return in_a_thread(lambda: self.hand_over(invocation).result(max(deadline - time.monotonic(), 0)))

    def hand_over(self, invocation: Invocation) -> Future[Outcome]:
        """Give the invocation to the next connection that asks for work."""
        outcome: Future[Outcome] = Future()
        with self._lock:
            self._outcome, self._request_id = outcome, invocation.request_id
            connection = self._asking.popleft() if self._asking else None
            if connection is None:
                self._invocations.append(invocation)
            end = self._end
        if connection is not None:
            connection.send_later(response_of(invocation))
        if end is not None:  # it ended after the caller had looked, and before the invocation came
            self._loop.call_soon_threadsafe(self._fail, end)
        return outcome

    def end(self, error: InvocationError, grace_s: float) -> None:
        """Fail what is pending, and what comes later, with `error`: the process has ended.

        An answer that is on its way may still arrive within `grace_s`.
        """
        self._loop.call_soon_threadsafe(self._loop.call_later, grace_s, self._ended, error)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._close)

    def _ended(self, error: InvocationError) -> None:
        with self._lock:
            self._end = error
        self._fail(error)

    def _fail(self, error: InvocationError) -> None:
        for future in (self.initialized, self._outcome):
            if not future.done():
                future.set_exception(error)

    def _close(self) -> None:
        self._server.close()
        for connection in list(self._connections):
            connection.abort()
        self._loop.remove_reader(self._line)
        self._line.close()

    async def _listen(self) -> asyncio.Server:
        self._loop.add_reader(self._line, self._hear)
        return await self._loop.create_server(self._accepted, host="127.0.0.1", port=0)

    def _hear(self) -> None:
        """Take the first message on the line. What follows is read by those who invoke."""
        try:
            message = self._line.first_message()
        except (LineEnded, ResponseTooLarge):
            self._loop.remove_reader(self._line)
            return
        if message is None:
            return
        self._loop.remove_reader(self._line)
        if message.kind == READY:
            self._line.is_ready = True
            self._set_initialized()
        else:
            self._fail(InitFailed(message.body))

    def _accepted(self) -> Connection:
        connection = Connection(self._answer, self._lost)
        self._connections.add(connection)
        return connection

    def _lost(self, connection: Connection) -> None:
        self._connections.discard(connection)
        with self._lock, suppress(ValueError):
            self._asking.remove(connection)

    def _answer(self, request: Request, connection: Connection) -> Response | None:
        if not compare_digest(request.headers.get(SECRET_HEADER, "").encode(), self._secret):
            message = "only the function's own process may use its Runtime API"
            return refusal(HTTPStatus.FORBIDDEN, "AccessDenied", message)
        match request.method, request.path.removeprefix(VERSION).split("/")[1:]:
            case "GET", ["invocation", "next"]:
                return self._next(connection)
            case "POST", ["invocation", request_id, "response" | "error" as kind]:
                return self._response(request_id, Outcome(request.body, is_error=kind == "error"))
            case "POST", ["init", "error"]:
                self._fail(InitFailed(request.body))
                return Response(HTTPStatus.ACCEPTED)
        message = f"{request.method} {request.path} is not part of the Runtime API"
        return refusal(HTTPStatus.NOT_FOUND, "InvalidPath", message)

    def _next(self, connection: Connection) -> Response | None:
        self._set_initialized()
        with self._lock:
            if not self._invocations:
                self._asking.append(connection)
                return None
            invocation = self._invocations.popleft()
        return response_of(invocation)

    def _set_initialized(self) -> None:
        if not self.initialized.done():
            self.initialized.set_result(None)

    def _response(self, request_id: str, outcome: Outcome) -> Response:
        """Settle the invocation under way, and no other: an answer to an earlier one comes too late."""
        with self._lock:
            under_way, pending = self._request_id, self._outcome
        if request_id != under_way:
            return refusal(HTTPStatus.BAD_REQUEST, "InvalidRequestID", "Invalid request ID")
        if pending.done():
            return refusal(HTTPStatus.BAD_REQUEST, "InvalidStateTransition", "there is no invocation to answer")
        if len(outcome.payload) > MAX_RESPONSE_BYTES:
            error = ResponseTooLarge(MAX_RESPONSE_BYTES)
            self._fail(error)
            return refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "RequestEntityTooLarge", str(error))
        pending.set_result(outcome)
        return Response(HTTPStatus.ACCEPTED, b'{"status":"OK"}')


def response_of(invocation: Invocation) -> Response:
    headers = {
        "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
        "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
        "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
        "Lambda-Runtime-Trace-Id": invocation.trace_id,
    }
    if invocation.client_context is not None:
        headers["Lambda-Runtime-Client-Context"] = invocation.client_context
    return Response(HTTPStatus.OK, invocation.payload, headers)
