"""Resources as version 0.1.0 stored them. A state directory outlives the emulator that wrote it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from sagemaker_emulator.resources.job import Job, JobStatus
from sagemaker_emulator.resources.model_package import ModelPackage
from sagemaker_emulator.resources.processing_job import ProcessingJob
from sagemaker_emulator.resources.training_job import Metric, SecondaryStatus, TrainingJob, Transition
from sagemaker_emulator.resources.transform_job import TransformJob
from sagemaker_emulator.resources.tuning_job import Trial, TuningJob

COMMON: dict[str, Any] = {"name": "one", "arn": "arn", "request": {"A": "b"}, "created": 1.0, "modified": 2.0}
ENDED = {"status": "Stopped", "started": 1.5, "ended": 2.0, "failure_reason": None}


def read(type_: Any, **fields: Any) -> Any:
    return msgspec.json.decode(json.dumps({**COMMON, **fields}), type=type_)


def test_a_training_job_is_read() -> None:
    transition = {"status": "Downloading", "start_time": 1.0, "end_time": 2.0, "message": "Downloading input data"}
    job = read(
        TrainingJob,
        **ENDED,
        secondary_status="MaxRuntimeExceeded",
        transitions=[transition],
        model_artifacts="s3://bucket/model.tar.gz",
        metrics=[{"name": "loss", "value": 0.5, "timestamp": 2.0}],
        tuning_job_arn=None,
    )
    assert (job.status, job.secondary_status) == (JobStatus.STOPPED, SecondaryStatus.MAX_RUNTIME_EXCEEDED)
    assert job.transitions == (Transition(SecondaryStatus.DOWNLOADING, 1.0, 2.0, "Downloading input data"),)
    assert (job.started, job.metrics) == (1.5, (Metric("loss", 0.5, 2.0),))


@pytest.mark.parametrize("type_", [ProcessingJob, TransformJob, TuningJob, TrainingJob])
def test_a_job_is_read_with_its_status_and_request(type_: type[Job]) -> None:
    job = read(type_, **ENDED)
    assert (job.name, job.request, job.status, job.ended) == ("one", {"A": "b"}, JobStatus.STOPPED, 2.0)


def test_the_fields_of_one_kind_are_read() -> None:
    assert read(ProcessingJob, **ENDED, exit_message="done").exit_message == "done"
    trials = [{"training_job": "trial", "parameters": {"n": "1"}}]
    assert read(TuningJob, **ENDED, trials=trials).trials == (Trial("trial", {"n": "1"}),)


def test_a_model_package_is_read() -> None:
    package = read(ModelPackage, group="g", version=1, approval="Approved", client_token=None)
    assert (package.group, package.version, package.may_be_deployed) == ("g", 1, True)
