"""InvokeEndpointAsync: a request is acknowledged once it is on disk, then run by the endpoint's instances in order.

Each endpoint with requests has a Queue and one task that hands requests to instances, as many at once as the
endpoint configuration allows. A request leaves the store when its result is in S3, so a request that was
interrupted by `kill -9` runs again after the next start. Everything but disk and S3 happens on the event loop.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import uuid
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sagemaker_emulator.errors import runtime_validation
from sagemaker_emulator.hosting.endpoints import Endpoints
from sagemaker_emulator.invocation.asynchronous.runner import AsyncRunner
from sagemaker_emulator.resources.async_invocation import AsyncInvocation, InvokeEndpointAsyncRequest
from sagemaker_emulator.resources.endpoint import Endpoint
from sagemaker_emulator.resources.endpoint_config import AsyncInference
from sagemaker_emulator.resources.moment import Moment
from sagemaker_emulator.storage.disk_full import is_disk_full
from sagemaker_emulator.storage.store import NotFound, Store
from sagemaker_emulator.wire import AwsError

POLL_S = 0.5  # how often to look for healthy instances and expired requests
THREADS = 8
FULL_DISK_PAUSE_S = 2.0  # before a request that found no room for its files runs again

log = logging.getLogger(__name__)


@dataclass
class Queue:
    """Requests to one endpoint: those that wait, first in, first out, and those that are running."""

    waiting: deque[AsyncInvocation] = field(default_factory=deque)
    running: set[asyncio.Task[None]] = field(default_factory=set)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class AsyncInvocations:
    """InvokeEndpointAsync, on the server's event loop; its own threads wait for the disk and for S3."""

    def __init__(self, store: Store, endpoints: Endpoints, runner: AsyncRunner, directory: Path) -> None:
        self._store, self._endpoints, self._runner, self._directory = store, endpoints, runner, directory
        self._queues: dict[str, Queue] = {}
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="async invocation")

    async def open(self) -> None:
        """Queue the requests that were acknowledged before a restart, and remove files that belong to none."""
        unfinished = self._store.all(AsyncInvocation)
        known = {invocation.name for invocation in unfinished}
        for path in self._directory.glob("*"):
            if path.name not in known or not path.is_dir():
                _remove(path)
        for invocation in unfinished:
            self._enqueue(invocation)

    async def close(self) -> None:
        """Stop. Unfinished requests stay in the store."""
        tasks = [task for queue in self._queues.values() for task in (queue.task, *queue.running) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._threads.shutdown(cancel_futures=True)

    async def invoke(self, request: InvokeEndpointAsyncRequest, body: bytes) -> dict[str, Any]:
        """Return the output of InvokeEndpointAsync. ValidationError for a request that no instance can ever get."""
        name = request.endpoint_name
        config = self._endpoints.deployment(name).async_inference
        if config is None:
            raise runtime_validation(f"Endpoint {name} is not an asynchronous endpoint: use InvokeEndpoint.")
        _refuse_bad_input(request, body)
        invocation = new_invocation(request, config, self._endpoints.get(name))
        await self._in_thread(self._acknowledge, invocation, body)
        self._enqueue(invocation)
        output = {"InferenceId": invocation.inference_id, "OutputLocation": invocation.output_uri}
        return output if invocation.failure_uri is None else {**output, "FailureLocation": invocation.failure_uri}

    def _acknowledge(self, invocation: AsyncInvocation, body: bytes) -> None:
        directory = self._directory / invocation.name
        try:
            if invocation.input_uri is None:
                directory.mkdir(parents=True)
                (directory / "input").write_bytes(body)
            self._store.add(invocation)
        except OSError:  # the disk is full: the request is refused, and leaves nothing behind
            shutil.rmtree(directory, ignore_errors=True)
            raise

    def _enqueue(self, invocation: AsyncInvocation) -> None:
        queue = self._queues.setdefault(invocation.endpoint_name, Queue())
        queue.waiting.append(invocation)
        queue.changed.set()
        if queue.task is None:
            queue.task = asyncio.create_task(self._serve(invocation.endpoint_name, queue))

    async def _serve(self, endpoint_name: str, queue: Queue) -> None:
        """Hand out one endpoint's requests until none is left."""
        while queue.waiting or queue.running:
            await self._drop_requests_of_deleted_endpoint(endpoint_name, queue)
            self._hand_out(endpoint_name, queue)
            with suppress(TimeoutError):
                await asyncio.wait_for(queue.changed.wait(), POLL_S)
            queue.changed.clear()
        del self._queues[endpoint_name]

    def _hand_out(self, endpoint_name: str, queue: Queue) -> None:
        """Start as many requests as the instances have room for. Expired requests need no instance."""
        room = self._capacity(endpoint_name) - len(queue.running)
        for invocation in [one for one in queue.waiting if one.has_expired]:
            queue.waiting.remove(invocation)
            self._start(invocation, queue)
        while queue.waiting and room > 0:
            self._start(queue.waiting.popleft(), queue)
            room -= 1

    def _capacity(self, endpoint_name: str) -> int:
        deployment = self._endpoints.live(endpoint_name)
        if deployment is None:
            return 0
        config = deployment.async_inference
        ready = sum(variant.ready_count for variant in deployment.variants.values())
        return ready * (config.concurrent_per_instance if config else 1)

    def _start(self, invocation: AsyncInvocation, queue: Queue) -> None:
        task = asyncio.create_task(self._run(invocation, queue))
        queue.running.add(task)
        task.add_done_callback(queue.running.discard)

    async def _run(self, invocation: AsyncInvocation, queue: Queue) -> None:
        directory = self._directory / invocation.name
        try:
            with suppress(AwsError):  # the endpoint was deleted meanwhile
                await self._runner.run(invocation, directory, self._in_thread)
            await self._in_thread(self._forget, invocation)
        except OSError as error:
            log.exception("asynchronous invocation %s of endpoint %s", invocation.name, invocation.endpoint_name)
            if is_disk_full(error):
                await asyncio.sleep(FULL_DISK_PAUSE_S)
                queue.waiting.appendleft(invocation)
        except Exception:  # the edge of a task: the request stays in the store for the next start
            log.exception("asynchronous invocation %s of endpoint %s", invocation.name, invocation.endpoint_name)
        finally:
            queue.changed.set()

    async def _drop_requests_of_deleted_endpoint(self, endpoint_name: str, queue: Queue) -> None:
        if self._endpoints.live(endpoint_name):
            return
        created = None
        with suppress(NotFound):
            created = self._store.get(Endpoint, endpoint_name).created
        for invocation in [one for one in queue.waiting if one.endpoint_created != created]:
            queue.waiting.remove(invocation)
            await self._in_thread(self._forget, invocation)

    def _forget(self, invocation: AsyncInvocation) -> None:
        self._store.remove(AsyncInvocation, invocation.name)
        shutil.rmtree(self._directory / invocation.name, ignore_errors=True)

    async def _in_thread(self, call: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call, *arguments)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def new_invocation(request: InvokeEndpointAsyncRequest, config: AsyncInference, endpoint: Endpoint) -> AsyncInvocation:
    """Return the invocation of a request: a name of its own, and where its output or its error will be in S3."""
    name, received = str(uuid.uuid4()), Moment.now()
    extension = request.output_path_extension.strip("/")
    folders = [extension] if extension else []
    failure_uri = "/".join([config.failure_uri, *folders, f"{name}-error.out"]) if config.failure_uri else None
    return AsyncInvocation(
        name=name,
        arn=f"{AsyncInvocation.kind}/{name}",
        endpoint_name=endpoint.name,
        endpoint_created=endpoint.created,
        inference_id=request.inference_id or str(uuid.uuid4()),
        request=request,
        input_uri=request.input_location,
        output_uri="/".join([config.output_uri, *folders, request.filename or f"{name}.out"]),
        failure_uri=failure_uri,
        created=received.epoch,
        received=received,
    )


def _refuse_bad_input(request: InvokeEndpointAsyncRequest, body: bytes) -> None:
    location = request.input_location
    if bool(body) == bool(location):
        raise runtime_validation("Provide exactly one of Body and InputLocation.")
    if location and not location.startswith("s3://"):
        raise runtime_validation(f"InputLocation {location} is not an S3 URI of the form s3://<bucket>/<key>.")
