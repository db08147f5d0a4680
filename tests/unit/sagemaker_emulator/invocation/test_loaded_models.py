"""The models of a multi-model container, over a disk and a container of the test's own."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, cast

from sagemaker_emulator.invocation.multi_model.container_api import ContainerAnswer
from sagemaker_emulator.invocation.multi_model.loaded_models import LoadedModels
from sagemaker_emulator.invocation.multi_model.model_metrics import ModelMetrics

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
    """A container that unloads a model only when `may_unload` is set."""

    def __init__(self) -> None:
        self.unloads, self.may_unload = asyncio.Event(), asyncio.Event()

    async def load(self, *_: object) -> ContainerAnswer:
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


async def ask_while_the_model_is_unloaded(threads: ThreadPoolExecutor) -> str:
    disk, container = Disk(), Container()
    metrics = ModelMetrics(cast(Any, NoMetrics()), "endpoint", "variant", "container")
    models = LoadedModels(cast(Any, UNCACHED), cast(Any, disk), cast(Any, container), metrics, 1 << 30, threads)
    models.end_use(await models.use("a", 60))
    await container.unloads.wait()
    second = asyncio.create_task(models.use("a", 60))
    await asyncio.wait([second], timeout=0.2)  # time for a fetch that does not wait for the deletion
    container.may_unload.set()
    return (await second).target


def test_a_request_for_an_uncached_model_that_is_being_unloaded_loads_it_again() -> None:
    with ThreadPoolExecutor(1) as threads:
        assert asyncio.run(ask_while_the_model_is_unloaded(threads)) == "a"
