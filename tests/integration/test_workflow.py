"""The deployed workflow: orders go to their bays, uncertain images to the review queue, failures to the topic."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import boto3
import pytest
from tests.documentation import examples_of

from .color_classifier import COLORS, between, model_archive, png
from .executions import end_of

SCONES = [sys.executable, "-m", "scones"]
IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
ROLE = "arn:aws:iam::000000000000:role/sagemaker"
DEADLINE_S = 60
RED, BLUE, GREEN, YELLOW, CYAN = COLORS
UNSURE = between(RED, BLUE)
FIVE = "bicycle,motorcycle,bus,pickup_truck,train"
ODD_KEYS = ["incoming/gate 7.png", "incoming/50%25+ü&\"a'.png", "incoming/day=1/a+b c.png"]


@dataclass(frozen=True)
class Stack:
    """A deployed stack with an endpoint, and a queue that subscribes to its topic."""

    name: str
    bucket: str
    outputs: dict[str, str]
    notifications: str
    environment: dict[str, str]

    def put(self, key: str, body: bytes) -> None:
        boto3.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body)

    def queued(self, output: str) -> str:
        return self.outputs[f"{output}QueueUrl"]

    def scones(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*SCONES, *arguments], env=self.environment, text=True, capture_output=True, timeout=300)


def deployed(name: str, classes: str, near: str, environment: dict[str, str], out: str) -> Iterator[Stack]:
    own = {"STACK": name, "ENDPOINT_NAME": name, "BUCKET": name, "CLASSES": classes, "NEAR_CLASSES": near, "OUT": out}
    # these instance types make the emulator serve the endpoint under every profile
    instance = {"TRAINING_INSTANCE_TYPE": "ml.m5.large", "ENDPOINT_INSTANCE_TYPE": "ml.m5.large"}
    environment = environment | own | instance | {"THRESHOLD": "0.9", "YES": "1", "ROLE": ROLE}
    deployment = subprocess.run([*SCONES, "deploy"], env=environment, text=True, capture_output=True, timeout=300)
    assert deployment.returncode == 0, deployment.stdout + deployment.stderr
    (stack,) = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    outputs = {item["OutputKey"]: item["OutputValue"] for item in stack["Outputs"]}
    serve(name, len(classes.split(",")))
    yield Stack(name, name, outputs, subscribed(name, outputs["NotificationsTopicArn"]), environment)
    remove(name, environment)


def serve(name: str, classes: int) -> None:
    s3, sagemaker = boto3.client("s3"), boto3.client("sagemaker")
    s3.put_object(Bucket=name, Key="colors/model.tar.gz", Body=model_archive(classes))
    container = {"Image": IMAGE, "ModelDataUrl": f"s3://{name}/colors/model.tar.gz"}
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    variant = {
        "VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large",
    }  # fmt: skip
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1})


def subscribed(name: str, topic: str) -> str:
    sqs = boto3.client("sqs")
    url: str = sqs.create_queue(QueueName=f"{name}-notified")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    boto3.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )
    return url


def remove(name: str, environment: dict[str, str]) -> None:
    sagemaker, s3 = boto3.client("sagemaker"), boto3.resource("s3")
    sagemaker.delete_endpoint(EndpointName=name)
    sagemaker.delete_endpoint_config(EndpointConfigName=name)
    sagemaker.delete_model(ModelName=name)
    boto3.client("sqs").delete_queue(
        QueueUrl=boto3.client("sqs").get_queue_url(QueueName=f"{name}-notified")["QueueUrl"]
    )
    s3.Bucket(name).objects.delete()
    destroyed = subprocess.run([*SCONES, "destroy"], env=environment, text=True, capture_output=True, timeout=300)
    assert destroyed.returncode == 0, destroyed.stdout + destroyed.stderr


@pytest.fixture(scope="module")
def stack(
    environment: dict[str, str], _aws_is_the_cloud: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    out = str(tmp_path_factory.mktemp("report"))
    yield from deployed(f"workflow-{uuid4().hex[:8]}", "bicycle,motorcycle", "bicycle", environment, out)


@pytest.fixture(scope="module")
def stack_of_five(
    environment: dict[str, str], _aws_is_the_cloud: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    out = str(tmp_path_factory.mktemp("report"))
    yield from deployed(f"five-{uuid4().hex[:8]}", FIVE, "bicycle,bus", environment, out)


def received(queue: str, matches: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Return the first message that matches, and discard the messages before it."""
    sqs, seen = boto3.client("sqs"), []
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        answer = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            seen.append(body := json.loads(message["Body"]))
            if matches(body):
                return dict(body)
    raise AssertionError(f"no such message in {queue} within {DEADLINE_S} s; received: {seen}")


def documented(event: str) -> set[str]:
    """Return the members of a message in docs/workflow.md."""
    messages = [json.loads(example.text) for example in examples_of("docs/workflow.md") if example.language == "json"]
    (message,) = [message for message in messages if message.get("event") == event]
    return set(message)


def order_for(queue: str, key: str) -> dict[str, Any]:
    return received(queue, lambda body: body["s3_key"] == key)


def failure_of(stack: Stack, key: str) -> dict[str, Any]:
    return received(stack.notifications, lambda body: body["event"] == "Failure" and body["input"].get("s3_key") == key)


def test_a_bicycle_becomes_an_order_for_the_near_bay(stack: Stack) -> None:
    stack.put("incoming/red.png", png(RED))
    order = order_for(stack.queued("NearOrders"), "incoming/red.png")
    assert (order["event"], order["s3_bucket"], order["class"]) == ("NearOrder", stack.bucket, "bicycle")
    assert order.keys() == documented("NearOrder")
    assert order["confidence"] == max(order["inferences"]) > 0.99
    described = boto3.client("stepfunctions").describe_execution(executionArn=order["execution_arn"])
    assert described["name"] == order["execution"]
    assert described["startDate"].isoformat()[:10] == order["time"][:10]


def test_a_motorcycle_becomes_an_order_for_the_far_bay(stack: Stack) -> None:
    stack.put("incoming/blue.png", png(BLUE))
    order = order_for(stack.queued("FarOrders"), "incoming/blue.png")
    assert (order["event"], order["class"]) == ("FarOrder", "motorcycle")


@pytest.mark.parametrize("key", ODD_KEYS)
def test_a_key_with_special_characters_is_not_changed(stack: Stack, key: str) -> None:
    stack.put(key, png(RED))
    assert order_for(stack.queued("NearOrders"), key)["s3_key"] == key


def test_an_uncertain_image_goes_to_review_and_fails_with_the_filters_error(stack: Stack) -> None:
    stack.put("incoming/purple.png", png(UNSURE))
    review = order_for(stack.queued("Review"), "incoming/purple.png")
    assert review.keys() == documented("Review")
    assert "is below the threshold 0.9" in review["reason"]
    notification = received(stack.notifications, lambda body: body["event"] == "Review")
    assert (notification["s3_key"], notification["confidence"]) == ("incoming/purple.png", review["confidence"])
    execution = end_of(review["execution_arn"])
    assert (execution["status"], execution["error"]) == ("FAILED", "ThresholdConfidenceNotMet")


def test_a_file_that_is_not_an_image_fails_and_is_announced(stack: Stack) -> None:
    stack.put("incoming/notes.txt", b"Hello\n")
    notification = failure_of(stack, "incoming/notes.txt")
    assert notification.keys() == documented("Failure")
    assert notification["error"] == "NotAnImage"
    assert "should be a PNG or a JPEG" in json.loads(notification["cause"])["errorMessage"]
    execution = end_of(notification["execution_arn"])
    assert (execution["status"], execution["error"], execution["cause"]) == (
        "FAILED",
        "NotAnImage",
        notification["cause"],
    )


def test_an_object_outside_incoming_starts_nothing(stack: Stack) -> None:
    stack.put("elsewhere/red.png", png(RED))
    stack.put("incoming/last.png", png(RED))
    assert order_for(stack.queued("NearOrders"), "incoming/last.png")
    assert not [execution for execution in inputs(stack) if execution["s3_key"] == "elsewhere/red.png"]


@pytest.mark.parametrize(
    ("key", "image", "queue"),
    [("api/red.png", RED, "NearOrders"), ("api/blue.png", BLUE, "FarOrders"), ("api/purple.png", UNSURE, "Review")],
)
def test_start_execution_sends_the_image_to_the_same_queues(
    stack: Stack, key: str, image: tuple[int, int, int], queue: str
) -> None:
    stack.put(key, png(image))
    arn = start(stack, {"image_data": "", "s3_bucket": stack.bucket, "s3_key": key, "inferences": []})
    assert order_for(stack.queued(queue), key)["execution_arn"] == arn


@pytest.mark.parametrize("event", [{"s3_key": "api/nothing"}, {"body": "{not json"}])
def test_an_input_that_is_not_understood_fails_and_is_announced(stack: Stack, event: dict[str, Any]) -> None:
    arn = start(stack, event)
    notification = received(stack.notifications, lambda body: body["execution_arn"] == arn)
    assert (notification["error"], notification["input"]) == ("EventNotUnderstood", event)
    assert end_of(arn)["error"] == "EventNotUnderstood"


def test_the_command_line_sends_the_image_to_the_same_queue(stack: Stack) -> None:
    stack.put("hand/blue.png", png(BLUE))
    result = stack.scones("classify", "hand/blue.png")
    assert "hand/blue.png: motorcycle, confidence" in result.stdout
    assert order_for(stack.queued("FarOrders"), "hand/blue.png")["class"] == "motorcycle"


def test_a_batch_of_200_images_names_its_5_broken_ones(stack: Stack) -> None:
    broken = [f"many/{index:03}.png" for index in (3, 60, 61, 150, 199)]
    for index in range(200):
        key = f"many/{index:03}.png"
        stack.put(key, b"not an image" if key in broken else png(RED if index % 2 else BLUE))
    result = stack.scones("classify-batch", "many/", "--concurrency", "16")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "200 results: 195 succeeded, 0 below the threshold, 5 failed" in result.stdout
    assert [key for key in broken if key not in result.stdout] == []
    assert "many/000.png" not in result.stdout


def test_a_batch_from_a_manifest_counts_an_uncertain_image_as_a_result(stack: Stack) -> None:
    keys = ["some/a b+ü.png", "some/purple.png", "some/left-out.png"]
    for key, color in zip(keys, (RED, UNSURE, BLUE), strict=True):
        stack.put(key, png(color))
    stack.put("some/list.json", json.dumps(keys[:2]).encode())
    result = stack.scones("classify-batch", "--manifest", "some/list.json")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "2 results: 1 succeeded, 1 below the threshold, 0 failed" in result.stdout


def test_a_batch_with_too_many_failures_fails_and_is_announced(stack: Stack) -> None:
    for index in range(4):
        stack.put(f"bad/{index}.png", b"not an image" if index else png(RED))
    result = stack.scones("classify-batch", "bad/", "--tolerated-failure-percentage", "50", "--concurrency", "1")
    assert result.returncode == 1
    assert "States.ExceedToleratedFailureThreshold" in result.stderr
    notification = received(stack.notifications, lambda body: body["event"] == "BatchFailure")
    assert notification.keys() == documented("BatchFailure")
    assert notification["input"]["prefix"] == "bad/"


def test_a_batch_with_a_missing_manifest_names_it(stack: Stack) -> None:
    result = stack.scones("classify-batch", "--manifest", "no/such.json")
    assert result.returncode == 1
    assert "no/such.json" in result.stderr


@pytest.mark.parametrize(
    ("color", "vehicle", "queue"),
    [
        (RED, "bicycle", "NearOrders"),
        (BLUE, "motorcycle", "FarOrders"),
        (GREEN, "bus", "NearOrders"),
        (YELLOW, "pickup_truck", "FarOrders"),
        (CYAN, "train", "FarOrders"),
    ],
)
def test_each_of_five_classes_goes_to_the_bay_that_is_configured(
    stack_of_five: Stack, color: tuple[int, int, int], vehicle: str, queue: str
) -> None:
    stack_of_five.put(f"incoming/{vehicle}.png", png(color))
    order = order_for(stack_of_five.queued(queue), f"incoming/{vehicle}.png")
    assert order["class"] == vehicle
    assert len(order["inferences"]) == 5


def start(stack: Stack, event: dict[str, Any]) -> str:
    arn: str = boto3.client("stepfunctions").start_execution(
        stateMachineArn=stack.outputs["StateMachineArn"], input=json.dumps(event)
    )["executionArn"]
    return arn


def inputs(stack: Stack) -> list[dict[str, Any]]:
    client = boto3.client("stepfunctions")
    pages = client.get_paginator("list_executions").paginate(stateMachineArn=stack.outputs["StateMachineArn"])
    arns = [execution["executionArn"] for page in pages for execution in page["executions"]]
    return [json.loads(client.describe_execution(executionArn=arn)["input"]) for arn in arns]
