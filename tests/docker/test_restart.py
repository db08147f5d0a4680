"""A restart of the emulator, as with `docker restart`: training continues, and endpoints are back in service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sagemaker_emulator.engine.docker.labels import LABEL, emulator_id


def ticks(emulator: Any, job: str) -> list[int]:
    return [int(line.removeprefix("tick=")) for line in emulator.log(job) if line.startswith("tick=")]


METRICS = {"MetricDefinitions": [{"Name": "tick", "Regex": r"tick=(\d+)"}]}


def test_a_job_continues_while_the_emulator_is_down_and_completes(
    restartable: Any, image: str, until: Callable[..., Any]
) -> None:
    algorithm = {"TrainingImage": image, "TrainingInputMode": "File", **METRICS}
    with restartable() as emulator:
        emulator.create("through", {"ticks": "50", "model": "all of it"}, AlgorithmSpecification=algorithm)
        until(lambda: len(ticks(emulator, "through")) > 5, "the job to tick")
    with restartable() as emulator:
        job = emulator.ended("through")
        assert job["TrainingJobStatus"] == "Completed"
        assert emulator.unpacked("through") == {"model.txt": b"all of it"}
        assert ticks(emulator, "through") == list(range(50)), "a line was lost or sent twice"
        assert [metric["Value"] for metric in job["FinalMetricDataList"]] == [49.0]


def test_a_job_that_ended_while_the_emulator_was_down_becomes_completed(
    restartable: Any, engine: Any, until: Callable[..., Any]
) -> None:
    with restartable() as emulator:
        emulator.create("meanwhile", {"ticks": "20"})
        until(lambda: ticks(emulator, "meanwhile"), "the job to tick")
    (container,) = [one for one in engine.containers.list() if one.name.startswith("meanwhile-")]
    assert container.wait()["StatusCode"] == 0
    with restartable() as emulator:
        assert emulator.ended("meanwhile")["TrainingJobStatus"] == "Completed"
        assert emulator.log("meanwhile")[-1] == "the last line"


def test_a_job_of_two_hosts_continues_after_a_restart(restartable: Any, until: Callable[..., Any]) -> None:
    with restartable() as emulator:
        emulator.create("both", {"ticks": "40"}, ResourceConfig={"InstanceCount": 2})
        until(lambda: len(ticks(emulator, "both")) > 5, "the job to tick")
    with restartable() as emulator:
        assert emulator.ended("both")["TrainingJobStatus"] == "Completed"
        assert sorted(ticks(emulator, "both")) == sorted([*range(40), *range(40)])


def test_a_job_can_be_stopped_after_a_restart(restartable: Any, until: Callable[..., Any]) -> None:
    with restartable() as emulator:
        emulator.create("stop-it", {"ticks": "600"})
        until(lambda: ticks(emulator, "stop-it"), "the job to tick")
    with restartable() as emulator:
        emulator.sagemaker.stop_training_job(TrainingJobName="stop-it")
        assert emulator.ended("stop-it")["TrainingJobStatus"] == "Stopped"


def test_an_endpoint_is_in_service_again_after_a_restart(restartable: Any, engine: Any) -> None:
    with restartable() as emulator:
        emulator.create("again", {"model": "kept"})
        emulator.ended("again")
        emulator.endpoint("again", "again")
    with restartable() as emulator:
        assert emulator.settled("again")["EndpointStatus"] == "InService"
        assert emulator.invoke("again")["model"] == "kept"


def test_an_emulator_removes_only_its_own_containers(restartable: Any, engine: Any, image: str, tmp_path: Any) -> None:
    (tmp_path / "instance").write_text("mine")
    labels = [{LABEL: "mine"}, {LABEL: "of-another"}]
    mine, other = (engine.containers.run(image, "serve", labels=label, detach=True) for label in labels)
    try:
        with restartable():
            left = {one.id for one in engine.containers.list(all=True)}
        assert mine.id not in left
        assert other.id in left
    finally:
        other.remove(force=True)
    assert emulator_id(tmp_path) == "mine"
