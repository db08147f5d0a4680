"""Endpoints in Docker: served, restarted when they die, within reach on the host and on Compose's network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from scones.load.measurements import Record


@pytest.fixture(scope="module")
def job(emulator: Any) -> str:
    """A trained model."""
    emulator.create("for-hosting", {"model": "v1"})
    assert emulator.ended("for-hosting")["TrainingJobStatus"] == "Completed"
    return "for-hosting"


@pytest.fixture
def deleted(emulator: Any) -> Iterator[list[str]]:
    """Endpoints to be deleted at the end of a test."""
    names: list[str] = []
    yield names
    for name in names:
        emulator.sagemaker.delete_endpoint(EndpointName=name)


def test_an_image_of_ones_own_serves_what_it_trained(emulator: Any, job: str, deleted: list[str]) -> None:
    deleted.append("own")
    assert emulator.endpoint("own", job)["EndpointStatus"] == "InService"
    assert emulator.invoke("own") == {"model": "v1", "got": "hello"}


@pytest.mark.parametrize("count", [1, 2])
def test_a_container_is_killed_under_load_and_every_request_is_accounted_for(
    emulator: Any, killed_under_load: Callable[..., Record], job: str, deleted: list[str], count: int
) -> None:
    deleted.append(name := f"killed-{count}")
    emulator.endpoint(name, job, count, PROBABILITIES="[0.75, 0.25]")
    record = killed_under_load(emulator, name)
    if count > 1:
        errors = record.figures(1).errors
        assert set(errors) == {"ModelError"}, "only what was under way: the other instance takes the rest"


def test_a_deleted_endpoint_leaves_no_container(
    emulator: Any, containers_of: Callable[[str], list[Any]], job: str, until: Callable[..., Any]
) -> None:
    emulator.endpoint("gone", job)
    assert containers_of("gone")
    emulator.sagemaker.delete_endpoint(EndpointName="gone")
    until(lambda: not containers_of("gone"), "the end of the container")


def test_a_gpu_that_is_not_there_fails_the_endpoint_by_name(emulator: Any, engine: Any, job: str) -> None:
    if "nvidia" in engine.info()["Runtimes"]:
        pytest.skip("this Docker engine has GPUs to give")
    settled = emulator.endpoint("gpu", job, instance_type="ml.g5.xlarge")
    assert settled["EndpointStatus"] == "Failed"
    assert "The instance type ml.g5.xlarge has 1 GPU(s), which Docker cannot give" in settled["FailureReason"]


def test_containers_are_reached_on_the_network_that_they_share(
    restartable: Any, containers_of: Callable[[str], list[Any]]
) -> None:
    with restartable() as emulator:
        emulator.create("shared")
        emulator.ended("shared")
        assert emulator.endpoint("shared", "shared")["EndpointStatus"] == "InService"
        (container,) = containers_of("shared")
        assert not any(container.ports.values())
        assert emulator.invoke("shared")["got"] == "hello"
