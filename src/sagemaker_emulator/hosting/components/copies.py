"""The copies of inference components: a thread for each change, and at most one change of a component at a time."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from sagemaker_emulator.hosting.launcher import START_ERRORS, HostingContext, Launcher, stop_all
from sagemaker_emulator.hosting.variants import Variant, drain
from sagemaker_emulator.resources.components.inference_component import ComponentStatus, InferenceComponent
from sagemaker_emulator.resources.endpoint_config import ProductionVariant
from sagemaker_emulator.storage.disk_full import when_there_is_room
from sagemaker_emulator.storage.store import Store

LOG_GROUP = "/aws/sagemaker/InferenceComponents/"

log = logging.getLogger(__name__)


class Copies:
    """The running copies by component. `Variant` holds them as it holds the instances of a production variant."""

    def __init__(self, store: Store, context: HostingContext) -> None:
        self._store, self._context = store, context
        self._running: dict[str, Variant] = {}
        self._threads: set[threading.Thread] = set()

    def of(self, name: str) -> Variant | None:
        return self._running.get(name)

    def start(self, component: InferenceComponent) -> None:
        self._in_background(self._start, component)

    def scale(self, component: InferenceComponent, before: InferenceComponent) -> None:
        self._in_background(self._scale, component, before)

    def replace(self, component: InferenceComponent, before: InferenceComponent) -> None:
        """Start the copies of another specification; the old ones answer until the new ones are healthy."""
        self._in_background(self._replace, component, before)

    def delete(self, component: InferenceComponent) -> None:
        self._in_background(self._delete, component)

    def close(self) -> None:
        """Stop all copies. The components stay in the store."""
        for thread in list(self._threads):
            thread.join()
        stop_all([instance for variant in self._running.values() for instance in variant.instances])
        self._running.clear()

    # ---- in the thread of a change ----

    def _start(self, component: InferenceComponent) -> None:
        try:
            self._running[component.name] = self._started(component)
        except START_ERRORS as error:
            self._end(component.name, ComponentStatus.FAILED, str(error))
        else:
            self._end(component.name, ComponentStatus.IN_SERVICE)

    def _scale(self, component: InferenceComponent, before: InferenceComponent) -> None:
        variant = self._running.get(component.name)
        if variant is None:  # the component has failed before
            self._start(component)
            return
        try:
            variant.scale_to(component.copies)
        except START_ERRORS as error:
            self._restore(before, str(error))
        else:
            self._end(component.name, ComponentStatus.IN_SERVICE)

    def _replace(self, component: InferenceComponent, before: InferenceComponent) -> None:
        old = self._running.get(component.name)
        if old is None:
            self._start(component)
            return
        try:
            new = self._started(component)
        except START_ERRORS as error:
            self._restore(before, str(error))
            return
        self._running[component.name] = new
        self._end(component.name, ComponentStatus.IN_SERVICE)
        drain(old.instances)

    def _delete(self, component: InferenceComponent) -> None:
        variant = self._running.pop(component.name, None)
        if variant:
            stop_all(variant.instances)
        shutil.rmtree(self._archives(component).parent, ignore_errors=True)
        self._stored(lambda: self._store.remove(InferenceComponent, component.name))

    def _started(self, component: InferenceComponent) -> Variant:
        definition = ProductionVariant(
            name=component.variant_name,
            model_name=component.model.name,
            instance_count=component.copies,
            weight=1.0,
            instance_type=None,
            download_timeout_s=component.download_timeout_s,
            startup_timeout_s=component.startup_timeout_s,
        )
        launcher = Launcher(
            self._context,
            component.endpoint_name,
            definition,
            component.model,
            self._archives(component),
            log_group=LOG_GROUP + component.name,
            memory_mb=component.memory_mb,
        )
        return Variant(component.variant_name, 1.0, launcher, launcher.start(component.copies))

    def _archives(self, component: InferenceComponent) -> Path:
        """Return the folder of the model's archive. A model never changes, so its creation time identifies it."""
        return self._context.directory / "components" / component.name / f"{component.model.created:.6f}"

    def _restore(self, before: InferenceComponent, reason: str) -> None:
        """Give the component its values from before the change, with the reason; the copies that answer stay."""

        def restored(current: InferenceComponent) -> InferenceComponent:
            kept = replace(current, specification=before.specification, model=before.model, copies=before.copies)
            return kept.moved_to(ComponentStatus.IN_SERVICE, time.time(), reason)

        self._unless_closing(lambda: self._store.change(InferenceComponent, before.name, restored))

    def _end(self, name: str, status: ComponentStatus, reason: str | None = None) -> None:
        def change() -> InferenceComponent:
            return self._store.change(InferenceComponent, name, lambda one: one.moved_to(status, time.time(), reason))

        self._unless_closing(change)

    def _unless_closing(self, change: Callable[[], Any]) -> None:
        """Store a change, unless the emulator is closing: the next one then resumes it from the record."""
        if not self._context.closing.is_set():
            self._stored(change)

    def _stored(self, change: Callable[[], Any]) -> None:
        when_there_is_room(change, self._context.closing.is_set)

    def _in_background(self, change: Callable[..., None], *arguments: InferenceComponent) -> None:
        name = f"inference component {arguments[0].name}"
        thread = threading.Thread(target=self._run, args=(change, *arguments), name=name, daemon=True)
        self._threads.add(thread)
        thread.start()

    def _run(self, change: Callable[..., None], *arguments: InferenceComponent) -> None:
        try:
            change(*arguments)
        except Exception:  # the edge of a thread
            log.exception("inference component %s", arguments[0].name)
            self._end(arguments[0].name, ComponentStatus.FAILED, "InternalServerError: see the emulator's log")
        finally:
            self._threads.discard(threading.current_thread())
