"""One state machine from training to an endpoint: it serves the trained model, and its errors can be caught by name."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from PIL import Image

from .executions import end_of

DEFINITION = Path(__file__).with_name("train-and-serve.asl.json")
IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
ROLE = "arn:aws:iam::000000000000:role/sagemaker"
BUCKET = f"training-workflow-{uuid4().hex[:8]}"
CHANNELS = {"train": "images", "validation": "images", "train_lst": "list", "validation_lst": "list"}
HYPERPARAMETERS = {
    "num_classes": "2", "num_training_samples": "4", "image_shape": "3,28,28",
    "num_layers": "18", "mini_batch_size": "4", "epochs": "1",
}  # fmt: skip
REQUEST_RESPONSE = ["TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited"]
SYNC = ["TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded", "TaskStateExited"]

Execute = Callable[..., tuple[dict[str, Any], list[dict[str, Any]]]]


@pytest.fixture(scope="module")
def images() -> Iterator[list[bytes]]:
    """Upload four pictures of two classes and their list; return the pictures."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    pictures = [picture(index % 2) for index in range(4)]
    for index, body in enumerate(pictures):
        s3.put_object(Bucket=BUCKET, Key=f"images/{index}.png", Body=body)
    lines = [f"{index}\t{index % 2}\t{index}.png\n" for index in range(4)]
    s3.put_object(Bucket=BUCKET, Key="list/train.lst", Body="".join(lines).encode())
    yield pictures
    for listed in s3.list_objects_v2(Bucket=BUCKET)["Contents"]:
        s3.delete_object(Bucket=BUCKET, Key=listed["Key"])
    s3.delete_bucket(Bucket=BUCKET)


def picture(label: int) -> bytes:
    body = io.BytesIO()
    Image.new("RGB", (32, 32), (255 * label, 0, 0)).save(body, "PNG")
    return body.getvalue()


@pytest.fixture(scope="module")
def execute(images: list[bytes]) -> Iterator[Execute]:
    """Return a function that runs the workflow and returns DescribeExecution's answer and the history."""
    client = boto3.client("stepfunctions")
    created = client.create_state_machine(
        name=f"train-{uuid4().hex[:8]}", definition=DEFINITION.read_text(), roleArn=ROLE
    )

    def run(name: str, **hyperparameters: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        execution = client.start_execution(
            stateMachineArn=created["stateMachineArn"], input=json.dumps(input_of(name, hyperparameters))
        )["executionArn"]
        return end_of(execution), client.get_execution_history(executionArn=execution, maxResults=1000)["events"]

    yield run
    client.delete_state_machine(stateMachineArn=created["stateMachineArn"])


def input_of(name: str, hyperparameters: dict[str, str]) -> dict[str, Any]:
    channels = [
        {
            "ChannelName": channel,
            "ContentType": "application/x-image",
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{folder}"}},
        }
        for channel, folder in CHANNELS.items()
    ]
    return {
        "name": name,
        "image": IMAGE,
        "role": ROLE,
        "instance_type": "ml.m5.large",
        "hyperparameters": HYPERPARAMETERS | hyperparameters,
        "channels": channels,
        "output": f"s3://{BUCKET}/output",
    }


@pytest.fixture(scope="module")
def deployed(execute: Execute) -> Iterator[tuple[str, dict[str, Any], list[dict[str, Any]]]]:
    name = f"deployed-{uuid4().hex[:8]}"
    yield name, *execute(name)
    sagemaker = boto3.client("sagemaker")
    sagemaker.delete_endpoint(EndpointName=name)
    sagemaker.delete_endpoint_config(EndpointConfigName=name)
    sagemaker.delete_model(ModelName=name)


def types(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]


def test_the_trained_model_is_served(deployed: Any, images: list[bytes]) -> None:
    name, execution, _ = deployed
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    assert json.loads(execution["output"])["EndpointArn"].endswith(f":endpoint/{name}")
    boto3.client("sagemaker").get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1})
    answer = boto3.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=name, ContentType="application/x-image", Body=images[0]
    )
    assert len(json.loads(answer["Body"].read())) == 2


def test_the_history_has_the_same_events_as_on_aws(deployed: Any) -> None:
    _, _, history = deployed
    assert types(history) == ["ExecutionStarted", *SYNC, *REQUEST_RESPONSE * 3, "ExecutionSucceeded"]
    assert [event["id"] for event in history] == list(range(1, len(history) + 1))
    submitted, succeeded = history[4]["taskSubmittedEventDetails"], history[5]["taskSucceededEventDetails"]
    assert (submitted["resourceType"], submitted["resource"]) == ("sagemaker", "createTrainingJob.sync")
    assert json.loads(submitted["output"])["TrainingJobArn"]
    assert json.loads(succeeded["output"])["TrainingJobStatus"] == "Completed"
    scheduled = [event["taskScheduledEventDetails"] for event in history if event["type"] == "TaskScheduled"]
    assert [details["resource"] for details in scheduled] == [
        "createTrainingJob.sync", "createModel", "createEndpointConfig", "createEndpoint",
    ]  # fmt: skip


def test_a_job_that_fails_is_caught_with_its_description(execute: Execute) -> None:
    execution, history = execute(f"failing-{uuid4().hex[:8]}", num_layers="7")
    assert (execution["status"], execution["error"]) == ("FAILED", "TrainingFailed")
    description = json.loads(execution["cause"])
    assert description["TrainingJobStatus"] == "Failed"
    assert "num_layers" in description["FailureReason"]
    caught = ["TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskFailed", "TaskStateExited"]
    assert types(history) == ["ExecutionStarted", *caught, "FailStateEntered", "ExecutionFailed"]
    assert history[5]["taskFailedEventDetails"]["error"] == "States.TaskFailed"


def test_a_create_that_sagemaker_refuses_is_caught_by_its_name(deployed: Any, execute: Execute) -> None:
    name, _, _ = deployed
    execution, history = execute(name)
    assert (execution["status"], execution["error"]) == ("FAILED", "SageMaker.ResourceInUseException")
    assert "Service: AmazonSageMaker; Status Code: 400; Error Code: ResourceInUse;" in execution["cause"]
    assert "TaskSubmitted" not in types(history)
