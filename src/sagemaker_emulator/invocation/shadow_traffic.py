"""Copies of requests for shadow variants: answered beside the caller's own, captured and counted, never returned."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

import msgspec

from sagemaker_emulator.hosting.deployments import Deployment, NoHealthyInstance, Shadow
from sagemaker_emulator.invocation.requests import InvokeEndpointRequest

IN_FLIGHT_MAX = 100  # a shadow variant that is slower than its traffic misses requests; callers never wait for it
WARNING_S = 60.0

log = logging.getLogger(__name__)


class ShadowTraffic:
    """The copies in flight, on the server's event loop. `serve` asks a deployment, counts and captures the answer."""

    def __init__(self, serve: Callable[[Deployment, InvokeEndpointRequest], Awaitable[object]]) -> None:
        self._serve = serve
        self._copies: set[asyncio.Task[None]] = set()
        self._warned = -WARNING_S

    def copy(self, shadow: Shadow, request: InvokeEndpointRequest) -> None:
        """Send a copy, if the sample includes this request. Returns at once."""
        if not shadow.sample.takes():
            return
        if len(self._copies) >= IN_FLIGHT_MAX:
            self._warn(request.endpoint_name)
            return
        task = asyncio.create_task(self._send(shadow.deployment, request))
        self._copies.add(task)
        task.add_done_callback(self._copies.discard)

    def close(self) -> None:
        for task in self._copies:
            task.cancel()

    def _warn(self, endpoint: str) -> None:
        """Log that requests are not copied, at most once a minute: a line for each request would delay the callers."""
        now = time.monotonic()
        if now - self._warned >= WARNING_S:
            self._warned = now
            log.warning("endpoint %s: %d copies are in flight; others are left out", endpoint, IN_FLIGHT_MAX)

    async def _send(self, deployment: Deployment, request: InvokeEndpointRequest) -> None:
        try:
            await self._serve(deployment, msgspec.structs.replace(request, target_variant=None))
        except NoHealthyInstance as error:  # it has been counted
            log.debug("%s", error)
        except Exception:  # the edge of a task: a fault of the copy must not reach the caller
            log.exception("endpoint %s: a copy for the shadow variant failed", request.endpoint_name)
