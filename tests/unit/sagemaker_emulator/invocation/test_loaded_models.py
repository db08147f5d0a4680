"""The models of a multi-model container, over a disk and a container of the test's own."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sagemaker_emulator.invocation.multi_model.container_api import ContainerAnswer
from sagemaker_emulator.invocation.multi_model.loaded_models import LoadedModels
from sagemaker_emulator.invocation.multi_model.model_metrics import ModelMetrics
from sagemaker_emulator.wire import AwsError

UNCACHED = SimpleNamespace(
    definition=SimpleNamespace(caches_models=False), spec=SimpleNamespace(name="container"), starts=1
)


class Disk:
    """The files of models."""

    def __init__(self) -> None:
        self.targets: set[str] = set()

    def fetch(self, target: str) -> int:
        self.targets.add(target)
        return 1

    def bring(self, target: str) -> str:
        assert target in self.targets, "the files were deleted before the load"
        return target

    def discard(self, target: str) -> None:
        self.targets.remove(target)


class Container:
    """A container that loads a model only while `may_load` is set, and unloads one only when `may_unload` is."""

    def __init__(self) -> None:
        self.loads, self.may_load = asyncio.Event(), asyncio.Event()
        self.unloads, self.may_unload = asyncio.Event(), asyncio.Event()
        self.may_load.set()

    async def load(self, *_: object) -> ContainerAnswer:
        self.loads.set()
        await self.may_load.wait()
        return ContainerAnswer(200, "")

    async def unload(self, *_: object) -> ContainerAnswer:
        self.unloads.set()
        await self.may_unload.wait()
        return ContainerAnswer(200, "")


class NoMetrics:
    def add(self, *_: object) -> None:
        pass

    def set_loaded_models(self, *_: object) -> None:
        pass


def models_of(container: Container, threads: ThreadPoolExecutor) -> LoadedModels:
    metrics = ModelMetrics(cast(Any, NoMetrics()), "endpoint", "variant", "container")
    return LoadedModels(cast(Any, UNCACHED), cast(Any, Disk()), cast(Any, container), metrics, 1 << 30, threads)


async def ask_while_the_model_is_unloaded(threads: ThreadPoolExecutor) -> str:
    container = Container()
    models = models_of(container, threads)
    models.end_use(await models.use("a", 60))
    await container.unloads.wait()
    second = asyncio.create_task(models.use("a", 60))
    await asyncio.wait([second], timeout=0.2)  # time for a fetch that does not wait for the deletion
    container.may_unload.set()
    return (await second).target


def test_a_request_for_an_uncached_model_that_is_being_unloaded_loads_it_again() -> None:
    with ThreadPoolExecutor(1) as threads:
        assert asyncio.run(ask_while_the_model_is_unloaded(threads)) == "a"


async def stop_while_a_model_is_loaded(threads: ThreadPoolExecutor) -> None:
    container = Container()
    container.may_load.clear()
    models = models_of(container, threads)
    requests = [asyncio.create_task(models.use("a", 60)) for _ in range(2)]
    await container.loads.wait()
    requests[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await requests[0]
    models.close()
    with pytest.raises(AwsError, match="Wait and try again") as raised:
        await requests[1]
    assert raised.value.code == "ModelNotReadyException"


def test_a_request_whose_container_is_stopped_during_the_load_may_be_repeated() -> None:
    with ThreadPoolExecutor(1) as threads:
        asyncio.run(stop_while_a_model_is_loaded(threads))
