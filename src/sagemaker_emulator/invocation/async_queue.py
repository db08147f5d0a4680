"""InvokeEndpointAsync: acknowledged when it is on disk, then done by the endpoint's instances in the order it came."""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
import uuid
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sagemaker_emulator.hosting.deployments import validation_error
from sagemaker_emulator.hosting.endpoints import Endpoints
from sagemaker_emulator.invocation.async_invocation import AsyncWork
from sagemaker_emulator.resources.async_invocation import AsyncInvocation
from sagemaker_emulator.resources.endpoint import Endpoint
from sagemaker_emulator.resources.endpoint_config import AsyncInference
from sagemaker_emulator.storage.store import NotFound, Store
from sagemaker_emulator.wire import AwsError

POLL_S = 0.5  # how soon a change of the endpoint's instances, or an expiry, is seen
THREADS = 8

log = logging.getLogger(__name__)


@dataclass
class Queue:
    """What waits for one endpoint, first in, first out, and what its instances are at."""

    waiting: deque[AsyncInvocation] = field(default_factory=deque)
    running: set[asyncio.Task[None]] = field(default_factory=set)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class AsyncInvocations:
    """Runs on the server's event loop; disk and S3 are left to threads. After `kill -9` a request is done again."""

    def __init__(self, store: Store, endpoints: Endpoints, work: AsyncWork, directory: Path) -> None:
        self._store, self._endpoints, self._work, self._directory = store, endpoints, work, directory
        self._queues: dict[str, Queue] = {}
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="async invocation")

    async def open(self) -> None:
        """Take up what an earlier life acknowledged."""
        work_left = self._store.all(AsyncInvocation)
        known = {invocation.name for invocation in work_left}
        for path in self._directory.glob("*"):
            if path.name not in known:
                shutil.rmtree(path, ignore_errors=True)
        for invocation in work_left:
            self._enqueue(invocation)

    async def close(self) -> None:
        """Whatever is not done stays in the store."""
        tasks = [task for queue in self._queues.values() for task in (queue.task, *queue.running) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._threads.shutdown(cancel_futures=True)

    async def invoke(self, request: dict[str, Any]) -> dict[str, Any]:
        """The output of InvokeEndpointAsync. ValidationError for a request that no instance will ever see."""
        endpoint_name, body = request["EndpointName"], request.pop("Body", b"")
        config = self._endpoints.deployment(endpoint_name).async_inference
        if config is None:
            raise validation_error(f"Endpoint {endpoint_name} is not an asynchronous endpoint: use InvokeEndpoint.")
        _refuse_input(request, body)
        invocation = self._invocation(request, config, self._endpoints.get(endpoint_name))
        await self._in_thread(self._acknowledge, invocation, body)
        self._enqueue(invocation)
        said = {"InferenceId": invocation.inference_id, "OutputLocation": invocation.output_uri}
        return said if invocation.failure_uri is None else {**said, "FailureLocation": invocation.failure_uri}

    def _invocation(self, request: dict[str, Any], config: AsyncInference, endpoint: Endpoint) -> AsyncInvocation:
        name = str(uuid.uuid4())
        folders = [part for part in (request.get("S3OutputPathExtension", "").strip("/"),) if part]
        failure = "/".join([config.failure_uri, *folders, f"{name}-error.out"]) if config.failure_uri else None
        return AsyncInvocation(
            name=name,
            arn=f"{AsyncInvocation.kind}/{name}",
            endpoint_name=endpoint.name,
            endpoint_created=endpoint.created,
            inference_id=request.get("InferenceId") or str(uuid.uuid4()),
            request=request,
            input_uri=request.get("InputLocation"),
            output_uri="/".join([config.output_uri, *folders, request.get("Filename") or f"{name}.out"]),
            failure_uri=failure,
            created=time.time(),
        )

    def _acknowledge(self, invocation: AsyncInvocation, body: bytes) -> None:
        if invocation.input_uri is None:
            directory = self._directory / invocation.name
            directory.mkdir(parents=True)
            (directory / "input").write_bytes(body)
        self._store.add(invocation)

    def _enqueue(self, invocation: AsyncInvocation) -> None:
        queue = self._queues.setdefault(invocation.endpoint_name, Queue())
        queue.waiting.append(invocation)
        queue.changed.set()
        if queue.task is None:
            queue.task = asyncio.create_task(self._serve(invocation.endpoint_name, queue))

    async def _serve(self, endpoint_name: str, queue: Queue) -> None:
        """One endpoint's queue, until it is empty."""
        while queue.waiting or queue.running:
            await self._drop_orphans(endpoint_name, queue)
            self._hand_out(endpoint_name, queue)
            with suppress(TimeoutError):
                await asyncio.wait_for(queue.changed.wait(), POLL_S)
            queue.changed.clear()
        del self._queues[endpoint_name]

    def _hand_out(self, endpoint_name: str, queue: Queue) -> None:
        """As much as the instances take at once; what has waited for too long needs none."""
        room = self._room(endpoint_name) - len(queue.running)
        for invocation in [one for one in queue.waiting if one.expires < time.time()]:
            queue.waiting.remove(invocation)
            self._start(invocation, queue)
        while queue.waiting and room > 0:
            self._start(queue.waiting.popleft(), queue)
            room -= 1

    def _room(self, endpoint_name: str) -> int:
        deployment = self._endpoints.live(endpoint_name)
        if deployment is None:
            return 0
        config = deployment.async_inference
        ready = sum(variant.ready_count for variant in deployment.variants.values())
        return ready * (config.concurrent_per_instance if config else 1)

    def _start(self, invocation: AsyncInvocation, queue: Queue) -> None:
        task = asyncio.create_task(self._do(invocation, queue))
        queue.running.add(task)
        task.add_done_callback(queue.running.discard)

    async def _do(self, invocation: AsyncInvocation, queue: Queue) -> None:
        directory = self._directory / invocation.name
        try:
            with suppress(AwsError):  # it went with its endpoint
                await self._work.do(invocation, directory, self._in_thread)
            await self._in_thread(self._forget, invocation)
        except Exception:  # the edge of a task: the request stays in the store for the next start
            log.exception("asynchronous invocation %s of endpoint %s", invocation.name, invocation.endpoint_name)
        finally:
            queue.changed.set()

    async def _drop_orphans(self, endpoint_name: str, queue: Queue) -> None:
        """The requests of an endpoint that was deleted go with it."""
        if self._endpoints.live(endpoint_name):
            return
        created = None
        with suppress(NotFound):
            created = self._store.get(Endpoint, endpoint_name).created
        orphans = [one for one in queue.waiting if one.endpoint_created != created]
        for invocation in orphans:
            queue.waiting.remove(invocation)
            await self._in_thread(self._forget, invocation)

    def _forget(self, invocation: AsyncInvocation) -> None:
        self._store.remove(AsyncInvocation, invocation.name)
        shutil.rmtree(self._directory / invocation.name, ignore_errors=True)

    async def _in_thread(self, work: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)


def _refuse_input(request: dict[str, Any], body: bytes) -> None:
    location = request.get("InputLocation")
    if bool(body) == bool(location):
        raise validation_error("Provide exactly one of Body and InputLocation.")
    if location and not location.startswith("s3://"):
        raise validation_error(f"InputLocation {location} is not an S3 URI: s3://<bucket>/<key> is.")
