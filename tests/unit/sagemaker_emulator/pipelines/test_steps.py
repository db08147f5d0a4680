"""Actions of steps, over small doubles of the services: jobs, functions, outputs."""

from __future__ import annotations

import io
import json
import threading
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from sagemaker_emulator.aws_clients.clients import AwsClients
from sagemaker_emulator.errors import validation
from sagemaker_emulator.jobs.job_threads import ABANDONED
from sagemaker_emulator.pipelines.definitions.expressions import Scope
from sagemaker_emulator.pipelines.definitions.retry_policies import CAPACITY_ERROR, INTERNAL_ERROR, INTERRUPTED
from sagemaker_emulator.pipelines.definitions.steps import Step
from sagemaker_emulator.pipelines.run import new_record
from sagemaker_emulator.pipelines.steps.functions import LambdaAction
from sagemaker_emulator.pipelines.steps.jobs import JobAction
from sagemaker_emulator.pipelines.steps.outputs import shown, typed_outputs
from sagemaker_emulator.pipelines.steps.progress import Progress, StepCall
from sagemaker_emulator.resources.job import JobStatus
from sagemaker_emulator.resources.model_building.execution import PipelineExecution, StepStatus
from sagemaker_emulator.resources.training_job import TrainingJob

EXECUTION = PipelineExecution("id", "arn:id", 1.0, 1.0, "p", "arn:p", 1, "role", "shown", "token")
REQUEST = {
    "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
    "RoleArn": "arn:aws:iam::000000000000:role/sagemaker",
    "OutputDataConfig": {"S3OutputPath": "s3://bucket"},
    "Tags": [{"Key": "team", "Value": "bikes"}],
}


def call_of(step: Step, **changes: Any) -> StepCall:
    record = new_record(step, EXECUTION).planned("planned", None)
    call = StepCall(step, record, EXECUTION, cast(Scope, None), dict(step.arguments), dict(step.members))
    return replace(call, **changes)


TRAINING = call_of(Step("a", "Training", REQUEST))


@dataclass
class Jobs:
    """A service for training jobs that only stores them."""

    known: dict[str, TrainingJob] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def create(self, request: dict[str, Any], tags: dict[str, str]) -> TrainingJob:
        name = request["TrainingJobName"]
        assert name not in self.known
        self.tags = tags
        job = self.known[name] = TrainingJob.requested(f"arn:{name}", request, 1.0)
        return job

    def find(self, name: str) -> TrainingJob | None:
        return self.known.get(name)

    def stop(self, name: str) -> None:
        raise validation("it is over")

    def end(self, status: JobStatus, reason: str | None = None) -> None:
        self.known["planned"] = self.known["planned"].moved_to(status, 2.0, reason)


@pytest.fixture
def jobs() -> Jobs:
    return Jobs()


@pytest.fixture
def action(jobs: Jobs) -> JobAction:
    return JobAction(jobs, lambda job: {"TrainingJobStatus": job.status})


def test_a_job_is_created_once(action: JobAction, jobs: Jobs) -> None:
    first, second = action.start(TRAINING), action.start(TRAINING)
    assert first == second == Progress(StepStatus.EXECUTING, {"TrainingJob": {"Arn": "arn:planned"}})
    assert jobs.tags == {"team": "bikes"}


def test_a_completed_job_gives_its_description(action: JobAction, jobs: Jobs) -> None:
    action.start(TRAINING)
    assert action.look(TRAINING).status is StepStatus.EXECUTING
    jobs.end(JobStatus.COMPLETED)
    progress = action.look(TRAINING)
    assert (progress.status, progress.properties) == (StepStatus.SUCCEEDED, {"TrainingJobStatus": "Completed"})
    assert type(progress.properties["TrainingJobStatus"]) is str


@pytest.mark.parametrize(
    ("reason", "exception_type"),
    [
        (ABANDONED, INTERRUPTED),
        ("InternalServerError: We encountered an internal error.", INTERNAL_ERROR),
        ("CapacityError: Unable to provision requested ML compute capacity.", CAPACITY_ERROR),
        ("AlgorithmError: exit code: 1", None),
    ],
)
def test_a_failed_job_is_known_by_its_reason(
    action: JobAction, jobs: Jobs, reason: str, exception_type: str | None
) -> None:
    action.start(TRAINING)
    jobs.end(JobStatus.FAILED, reason)
    progress = action.look(TRAINING)
    assert progress.failure_reason == f"ClientError: {reason}"
    assert progress.exception_type == exception_type


def test_a_job_that_somebody_stopped_fails_its_step(action: JobAction, jobs: Jobs) -> None:
    action.start(TRAINING)
    jobs.end(JobStatus.STOPPED)
    assert action.look(TRAINING).failure_reason == "ClientError: The job planned was stopped."
    stopping = replace(TRAINING.record.moved_to(StepStatus.EXECUTING, 1.0).moved_to(StepStatus.STOPPING, 1.0))
    assert action.look(replace(TRAINING, record=stopping)).status is StepStatus.STOPPED


def test_a_deleted_job_fails_its_step(action: JobAction) -> None:
    assert "was deleted while the step was executing" in str(action.look(TRAINING).failure_reason)


def test_stopping_a_job_that_is_over_does_nothing(action: JobAction) -> None:
    action.stop(TRAINING)


@dataclass
class Functions:
    """Lambda with one function, which answers when it may."""

    answer: dict[str, Any]
    may_answer: threading.Event = field(default_factory=threading.Event)
    events: list[Any] = field(default_factory=list)

    @property
    def functions(self) -> Functions:
        return self

    def invoke(self, **request: str) -> dict[str, Any]:
        self.events.append(json.loads(request["Payload"]))
        assert self.may_answer.wait(60)
        return {"Payload": io.BytesIO(json.dumps(self.answer).encode())}


FUNCTION = call_of(
    Step(
        "f",
        "Lambda",
        {"number": 1},
        {"FunctionArn": "arn:f", "OutputParameters": [{"OutputName": "n", "OutputType": "Integer"}]},
    )
)


def lambda_over(functions: Functions) -> LambdaAction:
    return LambdaAction(cast(AwsClients, functions))


def test_a_function_is_waited_for_without_blocking() -> None:
    functions = Functions({"n": 3})
    action = lambda_over(functions)
    assert action.start(FUNCTION).status is StepStatus.EXECUTING
    assert action.look(FUNCTION).status is StepStatus.EXECUTING
    functions.may_answer.set()
    for thread in threading.enumerate():
        if thread.name == "function of id/f":
            thread.join(60)
    assert action.look(FUNCTION).properties == {"OutputParameters": {"n": 3}}
    assert functions.events == [{"number": 1}]


def test_a_function_whose_emulator_went_down_is_not_invoked_again() -> None:
    functions = Functions({})
    action = lambda_over(functions)
    for progress in (action.start(replace(FUNCTION, is_resumed=True)), action.look(FUNCTION)):
        assert progress.status is StepStatus.FAILED
        assert str(progress.failure_reason).startswith("InternalServerError: SageMaker was shut down while the Lambda")
        assert progress.exception_type is None
    assert functions.events == []


def test_outputs_are_typed_and_shown_as_texts() -> None:
    types = {"text": "String", "count": "Integer", "rate": "Float", "flag": "Boolean"}
    outputs = typed_outputs(types, {"text": {"nested": 1}, "count": "3", "rate": 0.5, "flag": True, "other": 1})
    assert outputs == {"text": '{"nested": 1}', "count": 3, "rate": 0.5, "flag": True}
    assert [one["Value"] for one in shown(outputs)] == ['{"nested": 1}', "3", "0.5", "true"]
