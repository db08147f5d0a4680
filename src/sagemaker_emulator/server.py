"""The HTTP server: route → validate → operation, and the one place where errors become answers."""

from __future__ import annotations

import asyncio
import logging
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiohttp import web

from sagemaker_emulator import wire
from sagemaker_emulator.aws import AWS_ERRORS
from sagemaker_emulator.errors import internal_failure, not_emulated
from sagemaker_emulator.operations import OPERATIONS, RUNTIME_OPERATIONS
from sagemaker_emulator.sagemaker import SageMaker
from sagemaker_emulator.wire import AwsError, Call, HttpRequest, HttpResponse

BODY_MAX_BYTES = 10 << 20
CONTROL_THREADS = 8

log = logging.getLogger(__name__)


class Server:
    """One aiohttp application over one SageMaker."""

    def __init__(self, sagemaker: SageMaker) -> None:
        self._sagemaker = sagemaker
        self._threads = ThreadPoolExecutor(CONTROL_THREADS, thread_name_prefix="operation")

    def application(self) -> web.Application:
        application = web.Application(client_max_size=BODY_MAX_BYTES)
        application.router.add_get("/health", self._health)
        application.router.add_route("*", "/{path:.*}", self._answer)
        application.on_startup.append(self._open)
        application.on_cleanup.append(self._close)
        return application

    async def _open(self, _: web.Application) -> None:
        await self._sagemaker.invocations.open()
        await asyncio.to_thread(self._sagemaker.start)

    async def _close(self, _: web.Application) -> None:
        await self._sagemaker.invocations.close()
        await asyncio.to_thread(self._sagemaker.close)
        self._threads.shutdown()

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "running", "service": "sagemaker"})

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        request_id = str(uuid.uuid4())
        path, _, query = request.raw_path.partition("?")
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            received = HttpRequest(request.method, path, query, request.headers, b"")
            too_large = AwsError(
                "RequestEntityTooLarge", f"The request has more than {BODY_MAX_BYTES} bytes", status=413
            )
            return _http(wire.serialize_error(received, too_large, request_id))
        received = HttpRequest(request.method, path, query, request.headers, body)
        try:
            call = wire.parse(received)
            wire.validate(call)
            return _http(wire.serialize(call, await self._run(call), request_id))
        except AwsError as error:
            return _http(wire.serialize_error(received, error, request_id))
        except AWS_ERRORS as error:
            log.warning("%s: %s", path, error)
            failure = internal_failure(f"A service that SageMaker needs did not answer as it should: {error}")
            return _http(wire.serialize_error(received, failure, request_id))
        except Exception as error:  # the edge of a request
            log.exception("%s", path)
            return _http(wire.serialize_error(received, internal_failure(repr(error)), request_id))

    async def _run(self, call: Call) -> dict[str, Any]:
        if runtime_operation := RUNTIME_OPERATIONS.get(call.operation):
            return await runtime_operation(self._sagemaker, call.input)
        operation = OPERATIONS.get(call.operation)
        if operation is None:
            raise not_emulated(call.operation)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, operation, self._sagemaker, call.input)


def _http(response: HttpResponse) -> web.Response:
    return web.Response(status=response.status, headers=response.headers, body=response.body)
