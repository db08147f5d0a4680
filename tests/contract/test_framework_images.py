"""Framework images in the process engine: packages first, then the container; a small program stands for uv."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.contract.conftest import BUCKET, ROLE, Jobs, served, settings_in
from tests.package_index import PackageIndex
from tests.waiting import until

from sagemaker_emulator.frameworks.environments import Environments

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3"
SHOW = (
    "cd /opt/ml/model && python -c 'import sys, sklearn; print(sys.prefix)' > prefix && command -v python > python; env"
)


@pytest.fixture
def index(tmp_path: Path) -> PackageIndex:
    return PackageIndex.in_folder(tmp_path / "index")


@pytest.fixture
def sagemaker(tmp_path: Path, index: PackageIndex) -> Iterator[Any]:
    environments = Environments(tmp_path / "cache", uv=index.uv)
    with served(settings_in(tmp_path / "state"), environments=environments) as emulator:
        yield emulator.client("sagemaker")


@pytest.fixture
def jobs(sagemaker: Any, s3: Any) -> Jobs:
    return Jobs(sagemaker, s3)


def train(jobs: Jobs, name: str, *entrypoint: str, **changes: Any) -> None:
    algorithm = {
        "TrainingImage": IMAGE,
        "TrainingInputMode": "File",
        "ContainerEntrypoint": list(entrypoint),
    }
    jobs.create(name, AlgorithmSpecification=algorithm, **changes)


def starting(job: dict[str, Any]) -> str:
    first, *_ = job["SecondaryStatusTransitions"]
    assert first["Status"] == "Starting"
    return str(first["StatusMessage"])


def test_a_job_installs_its_packages_while_it_is_starting_and_runs_in_them(
    jobs: Jobs, index: PackageIndex, unpacked: Any, log_of: Callable[[str], list[str]]
) -> None:
    index.describe({"scikit-learn": ["1.4.2"]}, seconds={"install": 2.5})
    train(jobs, "framework-first", "/bin/sh", "-c", SHOW)

    def installing() -> bool:
        job = jobs.client.describe_training_job(TrainingJobName="framework-first")
        return job["SecondaryStatus"] == "Starting" and "Installing scikit-learn 1.4.2" in starting(job)

    until(installing, "the status message of the installation")
    job = jobs.ended("framework-first")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    model = unpacked("framework-first")
    assert Path(model["python"].decode().strip()).parent.parent == Path(model["prefix"].decode().strip())
    lines = log_of("framework-first")
    assert "[sagemaker emulator] Installing scikit-learn 1.4.2" in lines[0]
    assert f"VIRTUAL_ENV={model['prefix'].decode().strip()}" in lines


def test_the_log_of_a_host_is_one_stream(jobs: Jobs, log_of: Callable[[str], list[str]]) -> None:
    train(jobs, "framework-stream", "/bin/sh", "-c", "echo of the script")
    jobs.ended("framework-stream")
    streams = boto3.client("logs").describe_log_streams(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix="framework-stream/"
    )["logStreams"]
    assert len(streams) == 1
    assert log_of("framework-stream")[-1] == "of the script"


def test_a_stop_ends_the_installation(jobs: Jobs, sagemaker: Any, index: PackageIndex, tmp_path: Path) -> None:
    index.describe({"scikit-learn": ["1.4.2"]}, seconds={"install": 600})
    train(jobs, "framework-stopped", "true")
    until(lambda: any(call[1] == "install" for call in index.calls), "the installation")
    sagemaker.stop_training_job(TrainingJobName="framework-stopped")
    assert jobs.ended("framework-stopped")["TrainingJobStatus"] == "Stopped"
    assert Environments(tmp_path / "cache").all() == []


def test_a_job_whose_packages_cannot_be_installed_fails_with_the_reason(jobs: Jobs, index: PackageIndex) -> None:
    index.describe({"scikit-learn": ["1.4.2"]}, fails="error: no such host")
    train(jobs, "framework-failed", "true")
    reason = jobs.ended("framework-failed")["FailureReason"]
    assert reason.startswith("ClientError: scikit-learn 1.4.2 cannot be installed")
    assert "no such host" in reason


def test_python_of_a_processing_job_is_the_environments(sagemaker: Any, s3: Any, index: PackageIndex) -> None:
    output = {"S3Uri": f"s3://{BUCKET}/framework", "LocalPath": "/opt/ml/processing/out", "S3UploadMode": "EndOfJob"}
    program = "import sklearn; open('/opt/ml/processing/out/file', 'w').write(sklearn.__file__)"
    sagemaker.create_processing_job(
        ProcessingJobName="framework-processing",
        RoleArn=ROLE,
        AppSpecification={"ImageUri": IMAGE, "ContainerEntrypoint": ["python3", "-c", program]},
        ProcessingOutputConfig={"Outputs": [{"OutputName": "out", "S3Output": output}]},
        ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
    )

    def over() -> dict[str, Any] | None:
        job: dict[str, Any] = sagemaker.describe_processing_job(ProcessingJobName="framework-processing")
        return job if job["ProcessingJobStatus"] in ("Completed", "Failed") else None

    job = until(over, "the end of the processing job")
    assert job["ProcessingJobStatus"] == "Completed", job
    assert "scikit-learn-1.4.2-" in s3.get_object(Bucket=BUCKET, Key="framework/file")["Body"].read().decode()


def test_an_image_that_cannot_run_is_refused_with_the_three_ways_on(jobs: Jobs) -> None:
    algorithm = {"TrainingImage": "000000000000.dkr.ecr.us-east-1.amazonaws.com/mine:1", "TrainingInputMode": "File"}
    with pytest.raises(ClientError) as refused:
        jobs.create("framework-other", AlgorithmSpecification=algorithm)
    message = refused.value.response["Error"]["Message"]
    assert all(way in message for way in ("framework image", "SAGEMAKER_EMULATOR_OWN_IMAGES", "ENGINE=docker"))
