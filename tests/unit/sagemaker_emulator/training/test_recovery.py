"""Training jobs after a restart: resumed with all of their containers, or failed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

from sagemaker_emulator.aws_clients.clients import AwsClients
from sagemaker_emulator.engine import Container, ContainerSpec
from sagemaker_emulator.jobs.run_context import RunContext
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.job import JobStatus
from sagemaker_emulator.resources.scope import Scope
from sagemaker_emulator.resources.training_job import SecondaryStatus, TrainingJob
from sagemaker_emulator.storage.store import Store
from sagemaker_emulator.training.jobs import TrainingJobs

RESOURCES = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1}
SOURCE = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/train"}}


class EarlierContainer:
    """A container that an earlier emulator started. It is never started, read or stopped here."""

    def __init__(self) -> None:
        self.address, self.platform_fault, self.is_left = "", "", False

    def lines(self) -> Iterator[str]:
        raise AssertionError

    def wait(self, timeout_s: float | None = None) -> int | None:
        raise AssertionError

    def stop(self, grace_s: float) -> int:
        raise AssertionError

    def leave(self) -> None:
        self.is_left = True

    def bring(self, base_dir: Path, folder: Path) -> str:
        raise AssertionError("a job's container gets no more files")

    def discard(self, base_dir: Path, folder: Path) -> None:
        raise AssertionError("nothing is deleted from a job's container")


class EarlierEngine:
    """An engine that has the containers of some hosts."""

    containers_outlive_it = True

    def __init__(self, *hosts: str) -> None:
        self.containers = {host: EarlierContainer() for host in hosts}

    def find(self, spec: ContainerSpec) -> Container | None:
        return self.containers.get(spec.host)

    def check(self, image: str, isolated: bool = False, serves: bool = False) -> None:
        raise AssertionError

    def prepare(self, image: str, say: Callable[[str], None]) -> None:
        raise AssertionError

    def is_isolated(self, address: str) -> bool:
        raise AssertionError

    def start(self, spec: ContainerSpec) -> Container:
        raise AssertionError

    def end_orphans(self, kept: Collection[Path] = ()) -> int:
        raise AssertionError

    def close(self) -> None:
        raise AssertionError


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "store.sqlite3")
    yield store
    store.close()


def stored(store: Store, *phases: SecondaryStatus, **changes: Any) -> None:
    request = {
        "TrainingJobName": "job",
        "AlgorithmSpecification": {"TrainingImage": "image:1", "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"},
        "ResourceConfig": RESOURCES,
        "StoppingCondition": {},
        **changes,
    }
    job = TrainingJob.requested("arn", request, 1.0)
    for phase in phases:
        job = job.entered(phase, 2.0)
    store.add(job)


def jobs(store: Store, engine: EarlierEngine, tmp_path: Path) -> TrainingJobs:
    context = RunContext(AwsClients(Scope("000000000000", "us-east-1")), engine, tmp_path / "training", 1.0, 1.0)
    return TrainingJobs(store, Arns("us-east-1", "000000000000"), context)


def test_a_job_in_training_is_found_when_all_of_its_containers_exist(store: Store, tmp_path: Path) -> None:
    stored(store, SecondaryStatus.DOWNLOADING, SecondaryStatus.TRAINING)
    found = jobs(store, EarlierEngine("algo-1", "algo-2"), tmp_path).find_again()
    assert found == [tmp_path / "training/job/algo-1", tmp_path / "training/job/algo-2"]


def test_a_job_with_a_missing_container_leaves_the_others_and_fails(store: Store, tmp_path: Path) -> None:
    stored(store, SecondaryStatus.DOWNLOADING, SecondaryStatus.TRAINING)
    engine = EarlierEngine("algo-1")
    recovered = jobs(store, engine, tmp_path)
    assert recovered.find_again() == []
    assert engine.containers["algo-1"].is_left
    recovered.recover()
    job = recovered.get("job")
    assert (job.status, job.secondary_status) == (JobStatus.FAILED, SecondaryStatus.FAILED)
    assert "shut down while the job was running" in str(job.failure_reason)


@pytest.mark.parametrize(
    ("phases", "changes"),
    [
        ([SecondaryStatus.DOWNLOADING], {}),
        (
            [SecondaryStatus.DOWNLOADING, SecondaryStatus.TRAINING],
            {"InputDataConfig": [{"ChannelName": "train", "DataSource": SOURCE, "InputMode": "Pipe"}]},
        ),
        ([SecondaryStatus.DOWNLOADING, SecondaryStatus.TRAINING, SecondaryStatus.UPLOADING], {}),
    ],
    ids=["downloading", "piped", "uploading"],
)
def test_a_job_that_cannot_continue_is_not_found(
    store: Store, tmp_path: Path, phases: list[SecondaryStatus], changes: dict[str, Any]
) -> None:
    stored(store, *phases, **changes)
    assert jobs(store, EarlierEngine("algo-1", "algo-2"), tmp_path).find_again() == []


def test_a_request_that_this_version_refuses_fails_its_job_and_not_the_start(store: Store, tmp_path: Path) -> None:
    stored(store, SecondaryStatus.DOWNLOADING, SecondaryStatus.TRAINING, MlflowConfig={"a": 1})
    recovered = jobs(store, EarlierEngine("algo-1", "algo-2"), tmp_path)
    assert recovered.find_again() == []
    recovered.recover()
    assert recovered.get("job").status is JobStatus.FAILED


def test_folders_of_jobs_that_do_not_continue_are_removed(store: Store, tmp_path: Path) -> None:
    (tmp_path / "training/job/algo-1").mkdir(parents=True)
    jobs(store, EarlierEngine(), tmp_path).recover()
    assert list((tmp_path / "training").iterdir()) == []
