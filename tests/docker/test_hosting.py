"""Endpoints in Docker: served, restarted when they die, within reach on the host and on Compose's network."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sagemaker_emulator.engine.docker.labels import BASE_DIR


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


def containers_of(engine: Any, endpoint: str) -> list[Any]:
    found = engine.containers.list(filters={"label": BASE_DIR})
    return [one for one in found if f"/instances/{endpoint}/" in one.labels[BASE_DIR]]


def test_an_image_of_ones_own_serves_what_it_trained(emulator: Any, job: str, deleted: list[str]) -> None:
    deleted.append("own")
    assert emulator.endpoint("own", job)["EndpointStatus"] == "InService"
    assert emulator.invoke("own") == {"model": "v1", "got": "hello"}


def test_a_killed_container_is_started_again_during_load(
    emulator: Any, engine: Any, job: str, deleted: list[str], until: Callable[..., Any]
) -> None:
    deleted.append("killed")
    emulator.endpoint("killed", job, count=2)
    answered, failed, over = [], [], threading.Event()

    def ask() -> None:
        while not over.is_set():
            try:
                answered.append(emulator.invoke("killed")["model"])
            except ClientError as error:
                failed.append(error.response["Error"]["Code"])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: len(answered) > 20, "some answers")
    (victim, _) = before = containers_of(engine, "killed")
    victim.kill()
    names = {one.name for one in before}
    until(lambda: {one.name for one in containers_of(engine, "killed")} - names, "a new container")
    seen = len(answered)
    until(lambda: len(answered) > seen + 20, "answers after the restart")
    over.set()
    for thread in threads:
        thread.join()
    assert set(failed) <= {"ModelError", "ServiceUnavailable"}
    assert len(failed) < 50, "only until Docker has told of the end, which takes some tens of milliseconds"
    print(f"{len(answered)} answered, {len(failed)} failed")


def test_a_deleted_endpoint_leaves_no_container(
    emulator: Any, engine: Any, job: str, until: Callable[..., Any]
) -> None:
    emulator.endpoint("gone", job)
    assert containers_of(engine, "gone")
    emulator.sagemaker.delete_endpoint(EndpointName="gone")
    until(lambda: not containers_of(engine, "gone"), "the end of the container")


def test_a_gpu_that_is_not_there_fails_the_endpoint_by_name(emulator: Any, engine: Any, job: str) -> None:
    if "nvidia" in engine.info()["Runtimes"]:
        pytest.skip("this Docker engine has GPUs to give")
    settled = emulator.endpoint("gpu", job, instance_type="ml.g5.xlarge")
    assert settled["EndpointStatus"] == "Failed"
    assert "The instance type ml.g5.xlarge has 1 GPU(s), which Docker cannot give" in settled["FailureReason"]


def test_containers_are_reached_on_the_network_that_they_share(restartable: Any, engine: Any) -> None:
    with restartable() as emulator:
        emulator.create("shared")
        emulator.ended("shared")
        assert emulator.endpoint("shared", "shared")["EndpointStatus"] == "InService"
        (container,) = containers_of(engine, "shared")
        assert not any(container.ports.values())
        assert emulator.invoke("shared")["got"] == "hello"
