"""The models of one multi-model container: the loaded ones, those being loaded, and the next one to be unloaded.

Everything but S3 and the disk happens on the server's event loop, so there are no locks between its lines. A request
calls `use`, which counts it in the model's `in_flight` until `end_use`; a model that is in use is never unloaded.

Stages of the first request for a model:

1. `use` starts one task for the model, which all requests for it await. A request that gives up leaves the task alone:
   its caller gets ModelNotReadyException, and the load goes on for up to LOAD_TIMEOUT_S.
2. The task fetches the archive, in a thread. Several models are fetched at the same time, but loaded one after the
   other, because each load decides what has to go.
3. Room: the sizes of the loaded models' files, with the new one's, must fit into the instance's memory. Otherwise the
   models that were used least recently are unloaded. The files of an unloaded model stay on the container's disk.
4. `POST /models`. If the container answers 507, it has no memory for the model: one more model is unloaded, and the
   load is tried again. If all others are in use, the task waits until one is not.

A container that crashed has lost its models: `starts` then differs, and they count as never loaded.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sagemaker_emulator.errors import model_not_ready
from sagemaker_emulator.hosting.serving_container import ServingContainer
from sagemaker_emulator.invocation.multi_model.archives import Archives, name_of
from sagemaker_emulator.invocation.multi_model.container_api import (
    IS_LOADED,
    NO_MEMORY,
    ContainerAnswer,
    ContainerApi,
    LoadRefused,
)
from sagemaker_emulator.invocation.multi_model.model_metrics import ModelMetrics
from sagemaker_emulator.storage.disk_full import is_disk_full

LOAD_TIMEOUT_S = 360.0  # source: invoke a multi-model endpoint, ModelNotReadyException
UNLOAD_TIMEOUT_S = 60.0

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(eq=False)
class LoadedModel:
    """A model in the container's memory. `size_bytes` is the size of its files."""

    target: str
    size_bytes: int
    in_flight: int = 0

    @property
    def name(self) -> str:
        return name_of(self.target)


@dataclass(eq=False)
class Loading:
    """A load under way, and the number of requests that wait for it. `model` is set at its end."""

    task: asyncio.Task[None]
    waiting: int = 0
    model: LoadedModel | None = None


@dataclass(eq=False)
class LoadedModels:
    """The models of `container`, the least recently used first."""

    container: ServingContainer
    archives: Archives
    api: ContainerApi
    metrics: ModelMetrics
    memory_bytes: int
    threads: Executor
    _loaded: OrderedDict[str, LoadedModel] = field(default_factory=OrderedDict)
    _loading: dict[str, Loading] = field(default_factory=dict)
    _drops: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _one_load: asyncio.Lock = field(default_factory=asyncio.Lock)
    _idle: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _starts: int = 0

    def holds(self, target: str) -> bool:
        """Return whether a model is loaded."""
        return target in self._models()

    async def use(self, target: str, timeout_s: float) -> LoadedModel:
        """Return a loaded model, which counts one more request until `end_use`.

        ModelNotReadyException if it is not loaded in time, or `close` ends the load; ValidationError or LoadRefused if
        it cannot be loaded.
        """
        if model := self._models().get(target):
            self._loaded.move_to_end(target)
            model.in_flight += 1
            self.metrics.hit()
            return model
        started = time.perf_counter_ns()
        try:
            return await self._when_loaded(target, timeout_s)
        finally:
            self.metrics.waited((time.perf_counter_ns() - started) // 1000)

    def end_use(self, model: LoadedModel) -> None:
        model.in_flight -= 1
        if model.in_flight:
            return
        self._idle.set()
        if not self.container.definition.caches_models and self._loaded.get(model.target) is model:
            del self._loaded[model.target]
            self._drops[model.target] = self._in_background(self._drop(model))

    def forget(self, model: LoadedModel) -> None:
        """Count a model as not loaded."""
        if self._loaded.get(model.target) is model:
            del self._loaded[model.target]

    def close(self) -> None:
        """Cancel the loads under way. The requests that wait for them may be repeated with another container."""
        for task in self._tasks:
            task.cancel()

    def _models(self) -> OrderedDict[str, LoadedModel]:
        if self._starts != self.container.starts:
            self._starts = self.container.starts
            self._loaded.clear()
        return self._loaded

    async def _when_loaded(self, target: str, timeout_s: float) -> LoadedModel:
        loading = self._loading.get(target) or self._begin(target)
        loading.waiting += 1
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.shield(loading.task)
        except BaseException as error:  # also when the caller is cancelled: it no longer waits
            if loading.model:  # it was loaded in this moment, and counts the request as in flight
                self.end_use(loading.model)
            loading.waiting -= 1
            if (isinstance(error, TimeoutError) and not loading.task.done()) or _is_only_of(loading.task, error):
                raise model_not_ready() from error
            raise
        assert loading.model is not None
        return loading.model

    def _begin(self, target: str) -> Loading:
        loading = self._loading[target] = Loading(self._in_background(self._load(target)))
        return loading

    async def _load(self, target: str) -> None:
        try:
            if drop := self._drops.get(target):  # the drop may be about to delete the model's files
                await asyncio.wait([drop])
            size_bytes = await self._fetched(target)
            async with self._one_load, asyncio.timeout(LOAD_TIMEOUT_S):
                model = await self._loaded_model(target, size_bytes)
            loading = self._loading[target]
            model.in_flight, loading.model = loading.waiting, model
        finally:
            del self._loading[target]

    async def _fetched(self, target: str) -> int:
        """Fetch a model's files. If the disk is full, delete those of models that are not loaded, and try once more."""
        started = time.perf_counter_ns()
        try:
            size_bytes = await self._in_thread(self.archives.fetch, target)
        except OSError as error:
            if not is_disk_full(error):
                raise
            await self._in_thread(self._clear_disk, {name_of(one) for one in (*self._loaded, *self._loading)})
            size_bytes = await self._in_thread(self.archives.fetch, target)
        self.metrics.downloaded((time.perf_counter_ns() - started) // 1000)
        return size_bytes

    async def _loaded_model(self, target: str, size_bytes: int) -> LoadedModel:
        path = await self._in_thread(self.archives.bring, target)
        while self._models() and sum(one.size_bytes for one in self._loaded.values()) + size_bytes > self.memory_bytes:
            await self._unload_one()
        starts, started = self.container.starts, time.perf_counter_ns()
        answer = await self.api.load(name_of(target), path, LOAD_TIMEOUT_S)
        while answer.status == NO_MEMORY and self._models():
            await self._unload_one()
            starts, started = self.container.starts, time.perf_counter_ns()
            answer = await self.api.load(name_of(target), path, LOAD_TIMEOUT_S)
        self._require_loaded(target, answer, starts)
        self.metrics.loaded((time.perf_counter_ns() - started) // 1000)
        model = self._models()[target] = LoadedModel(target, size_bytes)
        self.metrics.count(len(self._loaded))
        return model

    def _require_loaded(self, target: str, answer: ContainerAnswer, starts: int) -> None:
        if not answer.is_success and answer.status != IS_LOADED:
            raise LoadRefused(answer)
        if starts != self.container.starts:
            raise model_not_ready()  # the container has crashed since, and lost the model

    async def _unload_one(self) -> None:
        """Unload the model that was used least recently. While all are in use, wait."""
        while not (idle := [model for model in self._loaded.values() if not model.in_flight]):
            if not self._loaded:
                return
            self._idle.clear()
            await self._idle.wait()
        model = idle[0]
        del self._loaded[model.target]
        await self._unload(model)

    async def _unload(self, model: LoadedModel) -> None:
        started = time.perf_counter_ns()
        answer = await self.api.unload(model.name, UNLOAD_TIMEOUT_S)
        if not answer.is_success:
            log.warning("%s: the model %s was not unloaded: %s", self.container.spec.name, model.target, answer)
        self.metrics.unloaded((time.perf_counter_ns() - started) // 1000)
        self.metrics.count(len(self._loaded))

    async def _drop(self, model: LoadedModel) -> None:
        """Unload a model and delete it from the disk, as ModelCacheSetting Disabled demands after each invocation."""
        try:
            async with self._one_load:
                if model.target in self._loading:
                    return  # a request that came meanwhile loads it again
                await self._unload(model)
                await self._in_thread(self.archives.discard, model.target)
        finally:
            del self._drops[model.target]

    def _clear_disk(self, kept: Collection[str]) -> None:
        for folder in (self.container.spec.base_dir / "models").iterdir():
            if folder.name not in kept:
                self.container.discard(folder)

    def _in_background(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._note_failure)
        return task

    def _note_failure(self, task: asyncio.Task[None]) -> None:
        """Log a failure that perhaps no request waits for any more."""
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.info("%s: %s", self.container.spec.name, error)

    async def _in_thread(self, call: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.threads, call, *arguments)


def _is_only_of(task: asyncio.Task[None], error: BaseException) -> bool:
    """Return whether an error is the cancellation of a task, and not of the request that waits for it."""
    request = asyncio.current_task()
    assert request is not None
    return isinstance(error, asyncio.CancelledError) and task.cancelled() and not request.cancelling()
