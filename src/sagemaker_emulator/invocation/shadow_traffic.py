"""Copies of requests for shadow variants: answered beside the caller's own, captured and counted, never returned."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable

import msgspec

from sagemaker_emulator.hosting.deployments import Deployment, NoHealthyInstance, Shadow
from sagemaker_emulator.invocation.requests import InvokeEndpointRequest

IN_FLIGHT_MAX = 100  # of an endpoint: a shadow that is slower than its traffic misses requests; callers never wait
WARNING_S = 60.0

log = logging.getLogger(__name__)


class ShadowTraffic:
    """The copies in flight by endpoint, which has at most one shadow variant, on the server's event loop.

    `serve` asks a deployment, counts and captures the answer.
    """

    def __init__(self, serve: Callable[[Deployment, InvokeEndpointRequest], Awaitable[object]]) -> None:
        self._serve = serve
        self._copies: defaultdict[str, set[asyncio.Task[None]]] = defaultdict(set)
        self._warned: dict[str, float] = {}

    def copy(self, shadow: Shadow, request: InvokeEndpointRequest) -> None:
        """Send a copy, if the sample includes this request. Returns at once."""
        if not shadow.sample.takes():
            return
        endpoint = shadow.deployment.endpoint_name
        copies = self._copies[endpoint]
        if len(copies) >= IN_FLIGHT_MAX:
            self._warn(endpoint)
            return
        task = asyncio.create_task(self._send(shadow.deployment, request))
        copies.add(task)
        task.add_done_callback(lambda task: self._ended(endpoint, task))

    def close(self) -> None:
        for copies in self._copies.values():
            for task in copies:
                task.cancel()

    def _ended(self, endpoint: str, task: asyncio.Task[None]) -> None:
        copies = self._copies[endpoint]
        copies.discard(task)
        if not copies:  # the endpoint may never get another request
            del self._copies[endpoint]

    def _warn(self, endpoint: str) -> None:
        """Log that requests are not copied, at most once a minute: a line for each request would delay the callers."""
        now = time.monotonic()
        self._warned = {name: at for name, at in self._warned.items() if now - at < WARNING_S}
        if endpoint not in self._warned:
            self._warned[endpoint] = now
            log.warning("endpoint %s: %d copies are in flight; others are left out", endpoint, IN_FLIGHT_MAX)

    async def _send(self, deployment: Deployment, request: InvokeEndpointRequest) -> None:
        try:
            await self._serve(deployment, msgspec.structs.replace(request, target_variant=None))
        except NoHealthyInstance as error:  # it has been counted
            log.debug("%s", error)
        except Exception:  # the edge of a task: a fault of the copy must not reach the caller
            log.exception("endpoint %s: a copy for the shadow variant failed", request.endpoint_name)
