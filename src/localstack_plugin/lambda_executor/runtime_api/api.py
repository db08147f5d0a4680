"""The Lambda Runtime API (docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html) for one function process.

One thread with an event loop serves every process; each has a port of its own, since the API's clients take a host and
a port, not a path. Connections of other users and requests from web pages are refused. Every other request has to bring
the secret of that process, and an answer the id of the invocation under way. Callers wait for an answer on a
`concurrent.futures.Future`.
"""

import asyncio
import json
import logging
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from secrets import compare_digest

from localstack_plugin.lambda_executor.errors import InitFailed, InvocationError, ResponseTooLarge
from localstack_plugin.lambda_executor.runtime_api.http_messages import Request, Response, read_request
from safety.peer_owner import PeerGuard, peer_of
from safety.refusals import RefusalLog
from safety.request_guard import RequestGuard

VERSION = "/2018-06-01/runtime"
SECRET_HEADER = "scones-lambda-secret"  # noqa: S105 - the header's name, as `process.bootstrap` sends it
MAX_RESPONSE_BYTES = 6 * 1024 * 1024 + 100
HEAD_LIMIT_BYTES = 2 * 1024 * 1024
"""The X-Ray cause of an error travels in a header of up to 1 MiB."""
GUARD = RequestGuard()
"""Without the settings' names: the one client is the function's process, which uses the address."""
PEERS = PeerGuard()
REFUSALS = RefusalLog(logging.getLogger(__name__))


@dataclass(frozen=True)
class Invocation:
    request_id: str
    function_arn: str
    trace_id: str
    payload: bytes
    deadline_ms: int

    def headers(self) -> dict[str, str]:
        return {
            "Lambda-Runtime-Aws-Request-Id": self.request_id,
            "Lambda-Runtime-Deadline-Ms": str(self.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": self.function_arn,
            "Lambda-Runtime-Trace-Id": self.trace_id,
        }


@dataclass(frozen=True)
class Outcome:
    payload: bytes
    is_error: bool


@cache
def event_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="lambda-runtime-api", daemon=True).start()
    return loop


class RuntimeApi:
    """The API of one process. `initialized` is done when the process asks for work; it fails if the process cannot."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self.initialized: Future[None] = Future()
        self._loop = event_loop()
        self._invocations: asyncio.Queue[Invocation] = asyncio.Queue()
        self._request_id = ""
        self._outcome: Future[Outcome] = Future()
        self._end: InvocationError | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        self.address = "{}:{}".format(*self._server.sockets[0].getsockname())

    def invoke(self, invocation: Invocation) -> Future[Outcome]:
        self._outcome, self._request_id = Future(), invocation.request_id
        self._loop.call_soon_threadsafe(self._hand_out, invocation)
        return self._outcome

    def end(self, error: InvocationError, grace_s: float) -> None:
        """Fail what is pending, and what comes later, with `error`: the process has ended.

        An answer that is on its way may still arrive within `grace_s`.
        """
        self._loop.call_soon_threadsafe(self._loop.call_later, grace_s, self._ended, error)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._close)

    def _hand_out(self, invocation: Invocation) -> None:
        self._invocations.put_nowait(invocation)
        if self._end is not None:  # it ended after the caller had looked, and before the invocation came
            self._fail(self._end)

    def _ended(self, error: InvocationError) -> None:
        self._end = error
        self._fail(error)

    def _fail(self, error: InvocationError) -> None:
        for future in (self.initialized, self._outcome):
            if not future.done():
                future.set_exception(error)

    def _close(self) -> None:
        self._server.close()
        for connection in self._connections:
            connection.cancel()

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, host="127.0.0.1", port=0, limit=HEAD_LIMIT_BYTES)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        assert connection is not None
        self._connections.add(connection)
        try:
            foreign_peer = PEERS.refusal(*peer_of(writer.get_extra_info("socket")))
            while (request := await read_request(reader)) is not None:
                refused = foreign_peer or GUARD.refusal(request.method, request.path, request.fields)
                writer.write((refused_access(writer, refused) if refused else await self._answer(request)).to_bytes())
                await writer.drain()
                if refused:
                    return
        except (asyncio.CancelledError, ConnectionError):
            pass
        finally:
            self._connections.discard(connection)
            writer.close()

    async def _answer(self, request: Request) -> Response:
        if not compare_digest(request.headers.get(SECRET_HEADER, "").encode(), self._secret):
            message = "only the function's own process may use its Runtime API"
            return refusal(HTTPStatus.FORBIDDEN, "AccessDenied", message)
        match request.method, request.path.removeprefix(VERSION).split("/")[1:]:
            case "GET", ["invocation", "next"]:
                return await self._next()
            case "POST", ["invocation", request_id, "response" | "error" as kind]:
                return self._response(request_id, Outcome(request.body, is_error=kind == "error"))
            case "POST", ["init", "error"]:
                self._fail(InitFailed(request.body))
                return Response(HTTPStatus.ACCEPTED)
        message = f"{request.method} {request.path} is not part of the Runtime API"
        return refusal(HTTPStatus.NOT_FOUND, "InvalidPath", message)

    async def _next(self) -> Response:
        if not self.initialized.done():
            self.initialized.set_result(None)
        invocation = await self._invocations.get()
        return Response(HTTPStatus.OK, invocation.payload, invocation.headers())

    def _response(self, request_id: str, outcome: Outcome) -> Response:
        """Settle the invocation under way, and no other: an answer to an earlier one comes too late."""
        if request_id != self._request_id:
            return refusal(HTTPStatus.BAD_REQUEST, "InvalidRequestID", "Invalid request ID")
        if self._outcome.done():
            return refusal(HTTPStatus.BAD_REQUEST, "InvalidStateTransition", "there is no invocation to answer")
        if len(outcome.payload) > MAX_RESPONSE_BYTES:
            error = ResponseTooLarge(MAX_RESPONSE_BYTES)
            self._fail(error)
            return refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "RequestEntityTooLarge", str(error))
        self._outcome.set_result(outcome)
        return Response(HTTPStatus.ACCEPTED, b'{"status":"OK"}')


def refused_access(writer: asyncio.StreamWriter, reason: str) -> Response:
    """Log the refusal, and return its answer."""
    REFUSALS.add(writer.get_extra_info("peername")[0], reason)
    return refusal(HTTPStatus.FORBIDDEN, "AccessDenied", reason)


def refusal(status: HTTPStatus, error_type: str, message: str) -> Response:
    return Response(status, json.dumps({"errorType": error_type, "errorMessage": message}).encode())
