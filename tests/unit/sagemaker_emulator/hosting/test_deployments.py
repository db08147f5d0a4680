"""Choosing an instance for a request, and letting requests finish before instances are stopped."""

from __future__ import annotations

import errno
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sagemaker_emulator.hosting.deployments import Deployment, NoHealthyInstance
from sagemaker_emulator.hosting.guardrails.alarms import AlarmWatch
from sagemaker_emulator.hosting.guardrails.policy import Policy
from sagemaker_emulator.hosting.guardrails.steps import steps_of
from sagemaker_emulator.hosting.guardrails.update import Update
from sagemaker_emulator.hosting.instances import Instance
from sagemaker_emulator.hosting.launcher import Launcher
from sagemaker_emulator.hosting.serving_container import ServingContainer, restart_pause_s
from sagemaker_emulator.hosting.variants import Variant
from sagemaker_emulator.resources.container_definition import ContainerDefinition
from sagemaker_emulator.resources.endpoint_config import ProductionVariant
from sagemaker_emulator.wire import AwsError

DEADLINE_S = 120.0


class RecordingInstance(Instance):
    """An instance without a container; `stopped` is set by `stop`."""

    def __init__(self, in_flight: int = 0, is_ready: bool = True) -> None:
        super().__init__((container(is_ready),), in_flight=in_flight)
        self.stopped = threading.Event()

    def stop(self) -> None:
        self.stopped.set()


def container(is_ready: bool) -> ServingContainer:
    nothing: Any = None
    return ServingContainer(ContainerDefinition("primary", {}), nothing, nothing, nothing, 0.0, is_ready=is_ready)


def variant(*instances: Instance, name: str = "AllTraffic", weight: float = 1.0) -> Variant:
    launcher: Any = None
    return Variant(name, weight, launcher, list(instances))


def deployment(*variants: Variant) -> Deployment:
    return Deployment("endpoint", None, None, {one.name: one for one in variants})


def test_the_instance_with_the_fewest_requests_in_flight_is_chosen() -> None:
    busy, idle = RecordingInstance(in_flight=2), RecordingInstance(in_flight=1)
    assert variant(busy, idle).least_busy() is idle
    assert variant(idle, busy).least_busy() is idle


def test_unhealthy_and_excluded_instances_are_not_chosen() -> None:
    unhealthy, refusing, healthy = (
        RecordingInstance(is_ready=False),
        RecordingInstance(),
        RecordingInstance(in_flight=9),
    )
    assert variant(unhealthy, refusing, healthy).least_busy([refusing]) is healthy
    assert variant(unhealthy, refusing).least_busy([refusing]) is None


def test_an_instance_is_healthy_when_each_of_its_containers_is() -> None:
    assert Instance((container(True), container(True))).is_ready
    assert not Instance((container(True), container(False))).is_ready


def test_each_request_in_flight_counts_until_it_ends() -> None:
    instance = RecordingInstance()
    with instance.busy(), instance.busy():
        assert instance.in_flight == 2
    with pytest.raises(ValueError, match="broken"), instance.busy():
        raise ValueError("broken")
    assert instance.in_flight == 0


def test_traffic_is_shared_in_proportion_to_the_weights() -> None:
    three, one = (
        variant(RecordingInstance(), name="three", weight=3),
        variant(RecordingInstance(), name="one", weight=1),
    )
    none = variant(RecordingInstance(), name="none", weight=0)
    shared = deployment(three, one, none)
    chosen = Counter(shared.choose(None)[0].name for _ in range(4000))
    assert set(chosen) == {"three", "one"}
    assert chosen["three"] == pytest.approx(3000, abs=5)


def test_a_target_variant_overrides_the_weights() -> None:
    named = variant(RecordingInstance(), name="Green", weight=0)
    assert deployment(variant(RecordingInstance(), name="Blue"), named).choose("Green")[0] is named
    with pytest.raises(AwsError, match="Variant Red was not found for endpoint endpoint"):
        deployment(named).choose("Red")


def test_weights_that_are_all_0_are_a_validation_error() -> None:
    zero = [variant(RecordingInstance(), name=name, weight=0) for name in ("Blue", "Green")]
    with pytest.raises(AwsError, match="no variant with a weight above 0") as error:
        deployment(*zero).choose(None)
    assert error.value.code == "ValidationError"


def test_a_variant_without_a_healthy_instance_is_unavailable() -> None:
    with pytest.raises(NoHealthyInstance, match="Variant AllTraffic of endpoint endpoint") as error:
        deployment(variant(RecordingInstance(is_ready=False))).choose(None)
    assert (error.value.code, error.value.status, error.value.variant) == ("ServiceUnavailable", 503, "AllTraffic")


def test_draining_stops_an_instance_only_after_its_last_request() -> None:
    instance, idle = RecordingInstance(), RecordingInstance()
    with instance.busy():
        drain = threading.Thread(target=deployment(variant(instance, idle)).drain)
        drain.start()
        assert not instance.stopped.wait(0.2)
    drain.join(DEADLINE_S)
    assert instance.stopped.is_set()
    assert idle.stopped.is_set()


def test_scaling_down_drains_the_newest_instances() -> None:
    old, new = RecordingInstance(), RecordingInstance()
    scaled = variant(old, new)
    scaled.scale_to(1)
    assert scaled.instances == [old]
    assert new.stopped.is_set()
    assert not old.stopped.is_set()


def test_pauses_between_restarts_grow_to_a_minute() -> None:
    assert [restart_pause_s(exits) for exits in range(1, 10)] == [0, 1, 2, 4, 8, 16, 32, 60, 60]
    assert restart_pause_s(10_000) == 60


@dataclass(frozen=True)
class FullDisk(Launcher):
    """A launcher with room on its disk for one instance."""

    instances: list[RecordingInstance] = field(default_factory=list)

    def _new_instance(self, containers: object) -> Instance:
        if self.instances:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.instances.append(RecordingInstance())
        return self.instances[0]


def test_an_instance_whose_neighbor_finds_no_room_is_stopped_and_its_files_removed() -> None:
    production_variant = ProductionVariant.from_request({"VariantName": "v", "ModelName": "m"})
    context: Any = SimpleNamespace(start_timeout_s=1.0)
    model: Any = SimpleNamespace(containers=())
    launcher = FullDisk(context, "endpoint", production_variant, model, Path("archives"))
    with pytest.raises(OSError, match="No space left"):
        launcher.start(2)
    assert launcher.instances[0].stopped.is_set()


class Scaled:
    """A variant that records the counts that it is scaled to."""

    def __init__(self, count: int) -> None:
        self.instances, self.counts = [None] * count, list[int]()

    def scale_to(self, count: int) -> None:
        self.counts.append(count)


def test_a_rolling_update_keeps_as_many_old_instances_as_are_not_replaced() -> None:
    old, target = Scaled(10), SimpleNamespace(name="v", instance_count=10)
    revision: Any = SimpleNamespace(targets=(target,), with_targets=lambda *_: None, started=0.0)
    policy = Policy.parse({"RollingUpdatePolicy": {"MaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 1}}})
    new: Any = SimpleNamespace(scale_to=lambda _: None, compare=lambda: None)
    serving: Any = SimpleNamespace(variants={"v": old}, compare=lambda: None)
    watch = AlarmWatch(lambda: None, ())
    steps_of(Update(revision, policy, watch, serving, lambda _: new, threading.Event())).carry_out()
    assert old.counts == [9, 8, 7, 6, 5, 4, 3, 2, 1]
