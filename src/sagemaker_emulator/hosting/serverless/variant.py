"""A serverless variant: one instance for each request in progress, started for it, and stopped when it has been idle.

As on AWS, an instance handles one request at a time, so MaxConcurrency is also the most instances there are. A request
that finds no idle instance waits for a cold start: a new container, started like any other, which answers /ping.
Nothing is kept ready for it but a folder with the unpacked model, without any process. ProvisionedConcurrency keeps
that many instances; they are not stopped when idle.

Threads. `warm_up` runs on the server's event loop, and admits requests; nothing else does. Cold starts run in a pool of
the variant, and after the start of the variant so does the unpacking of the next model. A thread stops idle instances,
and then unpacks; it exists only while there are some. `_lock` guards the list of instances, which is replaced as a
whole, when each was last used, and `_unpacked`. It is never held for long.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor

from sagemaker_emulator.hosting.instances import Instance
from sagemaker_emulator.hosting.launcher import START_ERRORS, Launcher, stop_all
from sagemaker_emulator.hosting.serving_container import StartFailed
from sagemaker_emulator.hosting.variants import Variant, drain
from sagemaker_emulator.resources.endpoint import VariantTarget
from sagemaker_emulator.resources.endpoint_config import ServerlessConfig
from sagemaker_emulator.wire import AwsError

CONCURRENCY_MAX = 200  # of AWS; threads are created as they are needed
CHECKS_PER_IDLE_TIME = 10
CHECK_MIN_S, CHECK_MAX_S = 0.02, 1.0
CLOSE_POLL_S = 0.05
BEING_REMOVED = "The endpoint is being replaced or deleted."

log = logging.getLogger(__name__)


class ColdStartFailed(Exception):
    """No instance could be started for a request; the text is the reason."""


class ServerlessVariant(Variant):
    """`config` is what the endpoint has at the moment; UpdateEndpointWeightsAndCapacities replaces it."""

    def __init__(
        self, name: str, weight: float, launcher: Launcher, instances: list[Instance], config: ServerlessConfig
    ) -> None:
        super().__init__(name, weight, launcher, instances)
        self.config = config
        self._idle_s = launcher.context.serverless_idle_s
        self._waiting = self._starting = 0
        self._lock, self._closed = threading.Lock(), threading.Event()
        self._starts = ThreadPoolExecutor(CONCURRENCY_MAX, f"cold start {launcher.endpoint}")
        self._reaper: threading.Thread | None = None
        self._unpacked: Instance | None = None

    @classmethod
    def start(cls, launcher: Launcher, target: VariantTarget) -> ServerlessVariant:
        """Start the provisioned instances. Without any, start one and stop it: a model that cannot serve must fail now.

        AWS does so too: "Unable to successfully stand up your model within the allotted 180 second timeout".
        """
        assert target.serverless is not None
        instances = launcher.start(max(1, target.serverless.provisioned))
        kept = instances[: target.serverless.provisioned]
        stop_all(instances[len(kept) :])
        variant = cls(target.name, target.weight, launcher, kept, target.serverless)
        variant._starts.submit(variant._unpack_next)
        return variant

    async def warm_up(self) -> int:
        """Wait until an instance is idle, and start one if none is. Return the microseconds of the cold start, or 0.

        The caller chooses the instance before it gives the event loop back. ThrottlingException when MaxConcurrency
        requests are in progress; ColdStartFailed.
        """
        in_progress = sum(one.in_flight for one in self.instances) + max(self._waiting, self._starting)
        if in_progress >= self.config.max_concurrency:
            raise self._throttled()
        if self._claim():
            return 0
        started = time.perf_counter_ns()
        self._waiting += 1
        try:
            while not self._claim():  # another request may have taken the instance that this one has started
                await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._starts, self._cold_start))
        except RuntimeError as error:  # the pool is shut down
            raise ColdStartFailed(f"variant {self.name} is being stopped") from error
        finally:
            self._waiting -= 1
        return max(1, (time.perf_counter_ns() - started) // 1000)

    def least_busy(self, excluded: Collection[Instance] = ()) -> Instance | None:
        """Return the idle instance that was used last, so that the others reach their idle time."""
        idle = (one for one in self._idle() if one not in excluded)
        return max(idle, key=lambda one: one.last_used, default=None)

    def apply(self, target: VariantTarget) -> None:
        """Apply new limits. Missing provisioned instances are started; surplus ones stop when they are idle."""
        assert target.serverless is not None
        missing = target.serverless.provisioned - len(self.instances)
        if missing > 0:
            self._publish(self.launcher.start(missing))
        self.config = target.serverless
        self._reap_in_background()

    def close(self, drains: bool) -> None:
        """Start no more instances, and end the cold starts under way.

        If the variant `drains`, wait first for the requests that wait for a cold start.
        """
        while drains and self._waiting:
            time.sleep(CLOSE_POLL_S)
        self._closed.set()
        self.launcher.aborted.set()
        self._starts.shutdown(cancel_futures=True)
        with self._lock:
            reaper = self._reaper
        if reaper:
            reaper.join()
        stop_all(self._taken())

    def _idle(self) -> list[Instance]:
        return [one for one in self.instances if one.is_ready and not one.in_flight]

    def _claim(self) -> bool:
        """Return whether an instance is idle; if so, mark the one that `least_busy` will return as just used."""
        with self._lock:
            instance = self.least_busy()
            if instance:
                instance.last_used = time.monotonic()
            return instance is not None

    def _throttled(self) -> AwsError:
        return AwsError(
            "ThrottlingException",
            f"Rate exceeded: variant {self.name} of endpoint {self.launcher.endpoint} has MaxConcurrency "
            f"{self.config.max_concurrency}, and as many requests are in progress.",
        )

    # ---- in a thread of the pool ----

    def _cold_start(self) -> None:
        with self._lock:
            self._starting += 1
        try:
            self._publish(self.launcher.start(1, *self._taken()))
        except START_ERRORS as error:
            raise ColdStartFailed(BEING_REMOVED if self._closed.is_set() else str(error)) from error
        finally:
            with self._lock:
                self._starting -= 1
        self._reap_in_background()

    def _publish(self, instances: list[Instance]) -> None:
        with self._lock:
            if not self._closed.is_set():
                self.instances = self.instances + instances
                return
        stop_all(instances)
        raise StartFailed(BEING_REMOVED)

    def _taken(self) -> list[Instance]:
        """Take the instance whose model is unpacked, if there is one."""
        with self._lock:
            taken, self._unpacked = self._unpacked, None
        return [taken] if taken else []

    def _unpack_next(self) -> None:
        """Unpack the model for the next cold start. If that fails, that start will try again, and say why it fails."""
        if self._unpacked or self._closed.is_set():
            return
        try:
            instance = self.launcher.unpacked()
        except START_ERRORS as error:
            log.warning("variant %s of %s: %s", self.name, self.launcher.endpoint, error)
            return
        with self._lock:
            if self._unpacked is None and not self._closed.is_set():
                self._unpacked = instance
                return
        instance.stop()

    # ---- in the thread that stops idle instances ----

    def _reap_in_background(self) -> None:
        with self._lock:
            if self._reaper is None and not self._closed.is_set():
                self._reaper = threading.Thread(target=self._reap, daemon=True, name=f"idle {self.launcher.endpoint}")
                self._reaper.start()

    def _reap(self) -> None:
        pause_s = max(CHECK_MIN_S, min(CHECK_MAX_S, self._idle_s / CHECKS_PER_IDLE_TIME))
        while not self._closed.wait(pause_s):
            drain(retired := self._retired())
            if retired:
                self._unpack_next()
            with self._lock:
                if len(self.instances) <= self.config.provisioned:
                    self._reaper = None
                    return

    def _retired(self) -> list[Instance]:
        """Take the instances off the list that have been idle for long enough, and return them."""
        now = time.monotonic()
        with self._lock:
            for one in self.instances:
                one.last_used = now if one.in_flight else one.last_used
            due = [one for one in self.instances if now - one.last_used >= self._idle_s]
            surplus = max(0, len(self.instances) - self.config.provisioned)
            retired = sorted(due, key=lambda one: one.last_used)[:surplus]
            self.instances = [one for one in self.instances if one not in retired]
        return retired
