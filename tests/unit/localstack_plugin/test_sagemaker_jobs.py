from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localstack_plugin.stepfunctions.sagemaker_jobs import Job, JobFailed, json_able


def client_error(status: int) -> ClientError:
    return ClientError({"Error": {"Code": "X"}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Describe")


class SageMaker:
    """A client that answers DescribeTrainingJob from a list, and records its requests."""

    def __init__(self, *answers: dict[str, Any] | ClientError) -> None:
        self._answers = list(answers)
        self.stopped: list[str] = []

    def describe_training_job(self, TrainingJobName: str) -> dict[str, Any]:  # noqa: N803
        answer = self._answers.pop(0)
        if isinstance(answer, ClientError):
            raise answer
        return {"TrainingJobName": TrainingJobName, "ResponseMetadata": {}, **answer}

    def stop_training_job(self, TrainingJobName: str) -> dict[str, Any]:  # noqa: N803
        self.stopped.append(TrainingJobName)
        raise client_error(400)


def job(*answers: dict[str, Any] | ClientError) -> Job:
    return Job(SageMaker(*answers), "TrainingJob", "name")


@pytest.mark.parametrize("status", ["InProgress", "Stopping"])
def test_a_job_that_runs_has_no_description(status: str) -> None:
    assert job({"TrainingJobStatus": status})() is None


def test_a_completed_job_is_described_without_metadata_and_with_times_in_milliseconds() -> None:
    ended = datetime(2026, 1, 1, tzinfo=UTC)
    description = job({"TrainingJobStatus": "Completed", "TrainingEndTime": ended})()
    assert description == {
        "TrainingJobName": "name",
        "TrainingJobStatus": "Completed",
        "TrainingEndTime": 1767225600000,
    }


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_a_job_that_failed_or_was_stopped_raises_its_description(status: str) -> None:
    with pytest.raises(JobFailed, match="out of memory") as failure:
        job({"TrainingJobStatus": status, "FailureReason": "out of memory"})()
    assert failure.value.description["TrainingJobStatus"] == status


def test_an_error_of_the_service_is_retried_and_an_error_of_the_caller_is_raised() -> None:
    polled = job(client_error(500), client_error(400))
    assert polled() is None
    with pytest.raises(ClientError):
        polled()


def test_stopping_a_job_that_has_ended_is_no_error() -> None:
    sagemaker = SageMaker()
    Job(sagemaker, "TrainingJob", "name").stop()
    assert sagemaker.stopped == ["name"]


def test_times_are_converted_at_any_depth() -> None:
    at = datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC)
    assert json_able({"a": [{"at": at}], "b": "text"}) == {"a": [{"at": 1500}], "b": "text"}
