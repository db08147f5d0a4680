"""Endpoints in Docker: they serve, restart after a crash, and are reachable on the host and on Compose's network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from scones.load.measurements import Record


@pytest.fixture(scope="module")
def job(emulator: Any) -> str:
    """Train a model and return the name of its job."""
    emulator.create("for-hosting", {"model": "v1"})
    assert emulator.ended("for-hosting")["TrainingJobStatus"] == "Completed"
    return "for-hosting"


@pytest.fixture
def deleted(emulator: Any) -> Iterator[list[str]]:
    """Return a list of endpoints, which are deleted at the end of the test."""
    names: list[str] = []
    yield names
    for name in names:
        emulator.sagemaker.delete_endpoint(EndpointName=name)


def test_a_custom_image_serves_the_model_that_it_trained(emulator: Any, job: str, deleted: list[str]) -> None:
    deleted.append("own")
    assert emulator.endpoint("own", job)["EndpointStatus"] == "InService"
    assert emulator.invoke("own") == {"model": "v1", "got": "hello"}


@pytest.mark.parametrize("count", [1, 2])
def test_every_request_is_answered_or_counted_when_a_container_is_killed(
    emulator: Any, killed_under_load: Callable[..., Record], job: str, deleted: list[str], count: int
) -> None:
    deleted.append(name := f"killed-{count}")
    emulator.endpoint(name, job, count, PROBABILITIES="[0.75, 0.25]")
    record = killed_under_load(emulator, name)
    if count > 1:
        errors = record.figures(1).errors
        assert set(errors) == {"ModelError"}, "the other instance did not take the remaining requests"


def test_a_deleted_endpoint_leaves_no_container(
    emulator: Any, containers_of: Callable[[str], list[Any]], job: str, until: Callable[..., Any]
) -> None:
    emulator.endpoint("gone", job)
    assert containers_of("gone")
    emulator.sagemaker.delete_endpoint(EndpointName="gone")
    until(lambda: not containers_of("gone"), "the container to end")


def test_an_instance_type_with_a_missing_gpu_fails_the_endpoint_and_is_named(
    emulator: Any, engine: Any, job: str
) -> None:
    if "nvidia" in engine.info()["Runtimes"]:
        pytest.skip("this Docker engine has GPUs")
    settled = emulator.endpoint("gpu", job, instance_type="ml.g5.xlarge")
    assert settled["EndpointStatus"] == "Failed"
    assert "The instance type ml.g5.xlarge has 1 GPU(s), which Docker cannot give" in settled["FailureReason"]


def test_the_emulator_reaches_containers_on_their_common_network(
    restartable: Any, containers_of: Callable[[str], list[Any]]
) -> None:
    with restartable() as emulator:
        emulator.create("shared")
        emulator.ended("shared")
        assert emulator.endpoint("shared", "shared")["EndpointStatus"] == "InService"
        (container,) = containers_of("shared")
        assert not any(container.ports.values())
        assert emulator.invoke("shared")["got"] == "hello"
