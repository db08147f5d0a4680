"""Step Functions' integrations with SageMaker: optimized, `.sync`, and AWS SDK."""

import io
import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError
from PIL import Image
from tests.waiting import until

ROLE = "arn:aws:iam::000000000000:role/states"
DEADLINE_S = 120

Parameters = dict[str, Any]
Run = Callable[..., dict[str, Any]]


def task(resource: str, parameters: dict[str, Any], **more: object) -> dict[str, Any]:
    return {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": parameters, "End": True, **more}


def caught(error: str) -> dict[str, object]:
    return {"Catch": [{"ErrorEquals": [error], "Next": "Caught"}]}


def definition(state: dict[str, Any]) -> str:
    # no state may be without a way to it
    others = {"Caught": {"Type": "Pass", "End": True}} if "Catch" in state else {}
    return json.dumps({"StartAt": "Task", "States": {"Task": state, **others}})


def unique_name() -> str:
    return f"states-{uuid4().hex[:8]}"


def until_no_job_runs() -> None:
    """Wait for jobs whose state machine did not: they may still upload a model to the bucket."""
    sagemaker, deadline = boto3.client("sagemaker"), time.monotonic() + DEADLINE_S
    while True:
        running = [
            job["TrainingJobName"]
            for status in ("InProgress", "Stopping")
            for job in sagemaker.list_training_jobs(NameContains="states-", StatusEquals=status)["TrainingJobSummaries"]
        ]
        if not running:
            return
        assert time.monotonic() < deadline, f"{running} still run after {DEADLINE_S} s"


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    s3 = boto3.client("s3")
    name = unique_name()
    s3.create_bucket(Bucket=name)
    lines = [f"{index}\t{index % 2}\t{index}.png\n" for index in range(4)]
    for index in range(4):
        image = io.BytesIO()
        Image.new("RGB", (32, 32), (255 * (index % 2), 0, 0)).save(image, "PNG")
        s3.put_object(Bucket=name, Key=f"images/{index}.png", Body=image.getvalue())
    s3.put_object(Bucket=name, Key="list/train.lst", Body="".join(lines).encode())
    s3.put_object(Bucket=name, Key="broken/train.lst", Body=b"this is not a list")
    yield name
    until_no_job_runs()
    for listed in s3.list_objects_v2(Bucket=name)["Contents"]:
        s3.delete_object(Bucket=name, Key=listed["Key"])
    s3.delete_bucket(Bucket=name)


@pytest.fixture
def training_job(bucket: str) -> Parameters:
    """Return the parameters of a job that completes within seconds."""
    folders = {"train": "images", "validation": "images", "train_lst": "list", "validation_lst": "list"}
    return {
        "TrainingJobName": unique_name(),
        "AlgorithmSpecification": {
            "TrainingImage": "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1",
            "TrainingInputMode": "File",
        },
        "HyperParameters": {
            "num_classes": "2",
            "num_training_samples": "4",
            "image_shape": "3,28,28",
            "num_layers": "18",
            "mini_batch_size": "4",
            "epochs": "1",
        },
        "InputDataConfig": [channel(name, f"s3://{bucket}/{folder}") for name, folder in folders.items()],
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/output"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5},
        "RoleArn": "arn:aws:iam::000000000000:role/sagemaker",
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }


def channel(name: str, uri: str) -> Parameters:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}
    return {"ChannelName": name, "ContentType": "application/x-image", "DataSource": source}


@pytest.fixture
def failing_job(bucket: str, training_job: Parameters) -> Parameters:
    """Return the parameters of a job that is accepted and fails when it reads its list."""
    return training_job | {
        "InputDataConfig": [
            *training_job["InputDataConfig"][:2],
            *(channel(name, f"s3://{bucket}/broken") for name in ("train_lst", "validation_lst")),
        ]
    }


@pytest.fixture
def run() -> Iterator[Run]:
    """Return a function that runs one task state to its end and returns DescribeExecution's answer."""
    client = boto3.client("stepfunctions")
    arns: list[str] = []

    def run_state(state: dict[str, Any]) -> dict[str, Any]:
        arn = client.create_state_machine(name=unique_name(), definition=definition(state), roleArn=ROLE)[
            "stateMachineArn"
        ]
        arns.append(arn)
        execution = client.start_execution(stateMachineArn=arn)["executionArn"]
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            described: dict[str, Any] = client.describe_execution(executionArn=execution)
            if described["status"] != "RUNNING":
                return described
        raise AssertionError(
            f"execution still RUNNING after {DEADLINE_S} s: {client.get_execution_history(executionArn=execution)}"
        )

    yield run_state
    for arn in arns:
        client.delete_state_machine(stateMachineArn=arn)


def test_a_sync_task_waits_for_the_job_and_outputs_its_description(run: Run, training_job: Parameters) -> None:
    execution = run(task("sagemaker:createTrainingJob.sync", training_job))
    assert execution["status"] == "SUCCEEDED", execution
    description = json.loads(execution["output"])
    assert description["TrainingJobStatus"] == "Completed"
    assert description["ModelArtifacts"]["S3ModelArtifacts"].startswith("s3://")
    assert isinstance(description["TrainingEndTime"], int)


def test_a_failed_job_raises_task_failed_with_its_description_as_cause(run: Run, failing_job: Parameters) -> None:
    execution = run(task("sagemaker:createTrainingJob.sync", failing_job, **caught("States.TaskFailed")))
    assert execution["status"] == "SUCCEEDED"
    error = json.loads(execution["output"])
    assert error["Error"] == "States.TaskFailed"
    description = json.loads(error["Cause"])
    assert description["TrainingJobName"] == failing_job["TrainingJobName"]
    assert description["TrainingJobStatus"] == "Failed"
    assert description["FailureReason"]
    assert isinstance(description["CreationTime"], int)


def test_a_sync_task_has_the_history_that_aws_gives_it(run: Run, failing_job: Parameters) -> None:
    execution = run(task("sagemaker:createTrainingJob.sync", failing_job))
    assert execution["status"] == "FAILED"
    assert execution["error"] == "States.TaskFailed"
    history = boto3.client("stepfunctions").get_execution_history(executionArn=execution["executionArn"])["events"]
    types = [event["type"] for event in history]
    assert types[2:] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskFailed", "ExecutionFailed"]
    failed = history[5]["taskFailedEventDetails"]
    assert (failed["resourceType"], failed["resource"]) == ("sagemaker", "createTrainingJob.sync")


def test_resource_in_use_can_be_caught_and_the_sdk_integration_describes_the_job(
    run: Run, training_job: Parameters
) -> None:
    started = run(task("sagemaker:createTrainingJob", training_job))
    assert json.loads(started["output"])["TrainingJobArn"].endswith(f"/{training_job['TrainingJobName']}")

    again = run(task("sagemaker:createTrainingJob.sync", training_job, **caught("SageMaker.ResourceInUseException")))
    assert again["status"] == "SUCCEEDED"
    assert "Service: AmazonSageMaker; Status Code: 400; Error Code: ResourceInUse;" in again["output"]

    name = {"TrainingJobName": training_job["TrainingJobName"]}
    described = run(task("aws-sdk:sagemaker:describeTrainingJob", name))
    assert json.loads(described["output"])["TrainingJobName"] == training_job["TrainingJobName"]


def test_a_task_that_times_out_stops_its_job(run: Run, training_job: Parameters) -> None:
    training_job["HyperParameters"]["epochs"] = "10000"
    execution = run(task("sagemaker:createTrainingJob.sync", training_job, TimeoutSeconds=8))
    assert execution["error"] == "States.Timeout"
    sagemaker = boto3.client("sagemaker")

    def final_status() -> str | None:
        job = sagemaker.describe_training_job(TrainingJobName=training_job["TrainingJobName"])
        return None if job["TrainingJobStatus"] in {"InProgress", "Stopping"} else str(job["TrainingJobStatus"])

    assert until(final_status, "the job to stop") == "Stopped"


def test_an_invalid_request_raises_the_services_exception(run: Run, training_job: Parameters) -> None:
    execution = run(task("sagemaker:createTrainingJob", training_job | {"TrainingJobName": "_not_a_name_"}))
    assert execution["status"] == "FAILED"
    assert execution["error"] == "SageMaker.AmazonSageMakerException"
    assert "Error Code: ValidationException" in execution["cause"]


@pytest.mark.parametrize(
    "resource", ["createTrainingJob.waitForTaskToken", "createEndpoint.sync", "describeTrainingJob"]
)
def test_a_resource_that_aws_does_not_integrate_is_refused_at_creation(resource: str) -> None:
    state = task(f"sagemaker:{resource}", {"TrainingJobName": "x"})
    with pytest.raises(ClientError, match="not recognized"):
        boto3.client("stepfunctions").create_state_machine(name="refused", definition=definition(state), roleArn=ROLE)


def test_the_runtimes_sdk_integration_names_errors_as_aws_does(run: Run) -> None:
    state = task(
        "aws-sdk:sagemakerruntime:invokeEndpoint",
        {"EndpointName": "missing", "Body": {"a": 1}, "ContentType": "application/json"},
        **caught("SageMakerRuntime.ValidationErrorException"),
    )
    execution = run(state)
    assert execution["status"] == "SUCCEEDED"
    assert "Service: SageMakerRuntime, Status Code: 400" in execution["output"]
