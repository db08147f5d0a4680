"""The HTTP server: every request passes through here, and only here do errors become answers.

Stages of a request, all in `Server._answer`:

1. Read the body, within the limits of `HttpLimits`.
2. `wire.parse`: find the operation and its members in the request, by botocore's model of the service.
3. `wire.validate`: check the constraints of the model, and refuse in the words of AWS's own validator.
4. `Accounts.of`: find the SageMaker of the account and region that sign the request.
5. Run the operation. Operations of SageMaker and of Application Auto Scaling (`OPERATIONS`) and of sagemaker-metrics
   (`METRICS_OPERATIONS`) may wait for the store, so they run in a pool of CONTROL_THREADS threads. Those that ask S3 or
   the engine (`WAITING_OPERATIONS`) have WAITING_THREADS of their own, so that Describe, List and Stop answer at once
   while S3 does not. Operations of the runtime (`RUNTIME_OPERATIONS`:
   InvokeEndpoint and its siblings) are coroutines that run on the event loop and never block it.
6. `wire.serialize` the output. A Body that is an asynchronous generator is streamed: each frame is written as it comes,
   and closing the generator, also when the client disconnects, frees what produces it.

Errors. An operation raises AwsError, which becomes the answer that the service's protocol has for it. An error of S3 or
another service that SageMaker calls becomes a ValidationException if it is the caller's fault (no such bucket, access
denied), otherwise an InternalFailure. A full disk is a ResourceLimitExceeded or, of the runtime, a ServiceUnavailable,
and the request leaves nothing behind. Anything else is a bug of the emulator: an InternalFailure, and the traceback in
the log. After a 408 or 413 the connection is closed, because the rest of the request is not read.

Threads. One thread runs the event loop (uvloop in the command, `__main__.py`). At start-up a daemon thread warms the
models up, so that the first request need not wait for them; `Accounts.start` runs in a thread, because it reads the
disk and starts containers. Everything else that has a thread says so in its own module.

Order at the end (`_close`): asynchronous invocations first, since they use the connections to containers; then those
connections; then every SageMaker, which stops jobs, containers and threads; the operations' threads last.

Invariants: nothing on the event loop blocks; a request is answered exactly once; what an answer acknowledges is in the
store before the answer leaves.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import uuid
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from sagemaker_emulator import wire
from sagemaker_emulator.access import Access
from sagemaker_emulator.accounts import Accounts
from sagemaker_emulator.aws_clients.clients import AWS_ERRORS, is_callers_fault
from sagemaker_emulator.errors import (
    bad_request,
    disk_full,
    internal_failure,
    not_emulated,
    too_large,
    too_slow,
    validation,
)
from sagemaker_emulator.operations import METRICS_OPERATIONS, OPERATIONS, RUNTIME_OPERATIONS, WAITING_OPERATIONS
from sagemaker_emulator.sagemaker import SageMaker
from sagemaker_emulator.storage.disk_full import is_disk_full
from sagemaker_emulator.wire import AwsError, Call, HttpRequest, HttpResponse

CONTROL_THREADS = 32
WAITING_THREADS = 64
RUNTIME_PATH = "/endpoints/"
SHUTDOWN_S = 10.0  # for requests that are in progress
CLOSE_CONNECTION_AFTER = frozenset({408, 413})  # the rest of the request is not read

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class HttpLimits:
    """Limits on a single client. The head of a request must arrive within `idle_s`, as must the next request on an
    open connection; its body within `body_s`.
    """

    body_bytes: int = 10 << 20
    body_s: float = 60.0
    idle_s: float = 60.0
    linger_s: float = 2.0


class Server:
    """One aiohttp application over the SageMakers of all accounts and regions."""

    def __init__(self, accounts: Accounts, limits: HttpLimits | None = None) -> None:
        self._accounts, self._limits = accounts, limits or HttpLimits()
        self._threads = ThreadPoolExecutor(CONTROL_THREADS, thread_name_prefix="operation")
        self._waiting_threads = ThreadPoolExecutor(WAITING_THREADS, thread_name_prefix="waiting operation")

    def runner(self) -> web.AppRunner:
        """Return the runner of the application. aiohttp's keep-alive timeout also limits the head of a request."""
        access = Access(self._accounts.settings.guard, is_isolated=self._accounts.engine.is_isolated)
        application = web.Application(client_max_size=self._limits.body_bytes, middlewares=[access.middleware])
        application.router.add_get("/health", self._health)
        application.router.add_route("*", "/{path:.*}", self._answer)
        application.on_startup.append(self._open)
        application.on_cleanup.append(self._close)
        return web.AppRunner(
            application,
            access_log=None,
            auto_decompress=False,
            keepalive_timeout=self._limits.idle_s,
            lingering_time=self._limits.linger_s,
            shutdown_timeout=SHUTDOWN_S,
        )

    async def _open(self, _: web.Application) -> None:
        threading.Thread(target=_warm, name="warm", daemon=True).start()
        await asyncio.to_thread(self._accounts.start)
        for sagemaker in self._accounts.all():
            await sagemaker.async_invocations.open()

    async def _close(self, _: web.Application) -> None:
        for sagemaker in self._accounts.all():
            await sagemaker.async_invocations.close()
            sagemaker.invocations.close()
            sagemaker.router.close()
        await asyncio.to_thread(self._accounts.close)
        self._threads.shutdown()
        self._waiting_threads.shutdown()

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "running", "service": "sagemaker"})

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        request_id = str(uuid.uuid4())
        path, _, query = request.raw_path.partition("?")
        try:
            received = HttpRequest(request.method, path, query, request.headers, await self._body(request))
            call = wire.parse(received)
            wire.validate(call)
            output = await self._run(await self._accounts.of(received), call)
            answer = wire.serialize(call, output, request_id)
            if isinstance(output.get("Body"), AsyncGenerator):
                return await _streamed(request, answer, output["Body"])
            return _http(answer)
        except ConnectionError:
            raise  # the client has disconnected
        except AwsError as error:
            failure = error
        except AWS_ERRORS as error:
            log.warning("%s %s: %s", path, request_id, error)
            failure = _other_services_error(error)
        except OSError as error:
            log.exception("%s %s", path, request_id)
            failure = internal_failure()
            if is_disk_full(error):
                failure = disk_full(error, is_runtime=path.startswith(RUNTIME_PATH))
        except Exception:  # the edge of a request: the traceback is in the log, and only there
            log.exception("%s %s", path, request_id)
            failure = internal_failure()
        head = HttpRequest(request.method, path, query, request.headers, b"")
        return _http(wire.serialize_error(head, failure, request_id))

    async def _body(self, request: web.Request) -> bytes:
        if (request.content_length or 0) > self._limits.body_bytes:
            raise too_large(self._limits.body_bytes)
        try:
            async with asyncio.timeout(self._limits.body_s):
                return await request.read()
        except web.HTTPRequestEntityTooLarge:
            raise too_large(self._limits.body_bytes) from None
        except TimeoutError:
            raise too_slow(self._limits.body_s) from None
        except web.RequestPayloadError as error:
            raise bad_request(f"The body does not match its headers: {error}") from error

    async def _run(self, sagemaker: SageMaker, call: Call) -> dict[str, Any]:
        if runtime_operation := RUNTIME_OPERATIONS.get(call.operation):
            return await runtime_operation(sagemaker, call.input)
        operation = OPERATIONS.get(call.operation) or METRICS_OPERATIONS.get(call.operation)
        if operation is None:
            raise not_emulated(call.operation)
        loop = asyncio.get_running_loop()
        threads = self._waiting_threads if call.operation in WAITING_OPERATIONS else self._threads
        return await loop.run_in_executor(threads, operation, sagemaker, call.input)


def _other_services_error(error: Exception) -> AwsError:
    if is_callers_fault(error):
        return validation(str(error))
    return internal_failure(f"A service that SageMaker depends on failed: {error}")


async def _streamed(
    request: web.Request, head: HttpResponse, frames: AsyncGenerator[bytes, None]
) -> web.StreamResponse:
    """Write each frame as it comes. The generator is closed at the end, also when the client disconnects."""
    response = web.StreamResponse(status=head.status, headers=head.headers)
    async with aclosing(frames):
        await response.prepare(request)
        async for frame in frames:
            await response.write(frame)
        await response.write_eof()
    return response


def _http(response: HttpResponse) -> web.Response:
    answer = web.Response(status=response.status, headers=response.headers, body=response.body)
    if response.status in CLOSE_CONNECTION_AFTER:
        answer.force_close()
    return answer


def _warm() -> None:
    """Read both services' models and compile the longest patterns, so that no request has to wait for that."""
    with suppress(AwsError):
        for service in ("sagemaker", "sagemaker-runtime"):
            wire.operation_names(service)
        tag = {"Key": "warm", "Value": "up"}
        wire.validate(Call("sagemaker", "AddTags", {"ResourceArn": "arn:aws:sagemaker", "Tags": [tag]}))
