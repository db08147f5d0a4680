"""What a person who deploys the stack sees: images go to their bays, doubts to a person, failures to who is told."""

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

from .colour_classifier import COLOURS, between, model_archive, png

SCONES = [sys.executable, "-m", "scones"]
IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
ROLE = "arn:aws:iam::000000000000:role/sagemaker"
DEADLINE_S = 60
RED, BLUE, GREEN, YELLOW, CYAN = COLOURS
UNSURE = between(RED, BLUE)
FIVE = "bicycle,motorcycle,bus,pickup_truck,train"
ODD_KEYS = ["incoming/gate 7.png", "incoming/50%25+ü&\"a'.png", "incoming/day=1/a+b c.png"]


@dataclass(frozen=True)
class Stack:
    """A deployed stack with an endpoint, and a queue that hears what the topic says."""

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
    # under every profile the endpoint here is the emulator's, and so is what `scones` asks for it
    instance = {"TRAINING_INSTANCE_TYPE": "ml.m5.large", "ENDPOINT_INSTANCE_TYPE": "ml.m5.large"}
    environment = environment | own | instance | {"THRESHOLD": "0.9", "YES": "1", "ROLE": ROLE}
    made = subprocess.run([*SCONES, "deploy"], env=environment, text=True, capture_output=True, timeout=300)
    assert made.returncode == 0, made.stdout + made.stderr
    (found,) = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    outputs = {item["OutputKey"]: item["OutputValue"] for item in found["Outputs"]}
    serve(name, len(classes.split(",")))
    yield Stack(name, name, outputs, subscribed(name, outputs["NotificationsTopicArn"]), environment)
    take_away(name, environment)


def serve(name: str, classes: int) -> None:
    s3, sagemaker = boto3.client("s3"), boto3.client("sagemaker")
    s3.put_object(Bucket=name, Key="colours/model.tar.gz", Body=model_archive(classes))
    container = {"Image": IMAGE, "ModelDataUrl": f"s3://{name}/colours/model.tar.gz"}
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    variant = {
        "VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large",
    }  # fmt: skip
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1})


def subscribed(name: str, topic: str) -> str:
    sqs = boto3.client("sqs")
    url: str = sqs.create_queue(QueueName=f"{name}-heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    boto3.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )
    return url


def take_away(name: str, environment: dict[str, str]) -> None:
    sagemaker, s3 = boto3.client("sagemaker"), boto3.resource("s3")
    sagemaker.delete_endpoint(EndpointName=name)
    sagemaker.delete_endpoint_config(EndpointConfigName=name)
    sagemaker.delete_model(ModelName=name)
    boto3.client("sqs").delete_queue(QueueUrl=boto3.client("sqs").get_queue_url(QueueName=f"{name}-heard")["QueueUrl"])
    s3.Bucket(name).objects.delete()
    gone = subprocess.run([*SCONES, "destroy"], env=environment, text=True, capture_output=True, timeout=300)
    assert gone.returncode == 0, gone.stdout + gone.stderr


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
    """The message that matches; others are put back in no time, for whom they are."""
    sqs, seen = boto3.client("sqs"), []
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        found = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1, MaxNumberOfMessages=10)
        for message in found.get("Messages", []):
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            seen.append(body := json.loads(message["Body"]))
            if matches(body):
                return dict(body)
    raise AssertionError(f"no such message in {queue} within {DEADLINE_S} s; what came: {seen}")


def order_for(queue: str, key: str) -> dict[str, Any]:
    return received(queue, lambda body: body["s3_key"] == key)


def failure_of(stack: Stack, key: str) -> dict[str, Any]:
    return received(stack.notifications, lambda body: body["event"] == "Failure" and body["input"].get("s3_key") == key)


def test_a_bicycle_that_arrives_is_an_order_for_the_near_bay(stack: Stack) -> None:
    stack.put("incoming/red.png", png(RED))
    order = order_for(stack.queued("NearOrders"), "incoming/red.png")
    assert (order["event"], order["s3_bucket"], order["class"]) == ("NearOrder", stack.bucket, "bicycle")
    assert order["confidence"] == max(order["inferences"]) > 0.99
    described = boto3.client("stepfunctions").describe_execution(executionArn=order["execution_arn"])
    assert described["name"] == order["execution"]
    assert described["startDate"].isoformat()[:10] == order["time"][:10]


def test_a_motorcycle_that_arrives_is_an_order_for_the_far_bay(stack: Stack) -> None:
    stack.put("incoming/blue.png", png(BLUE))
    order = order_for(stack.queued("FarOrders"), "incoming/blue.png")
    assert (order["event"], order["class"]) == ("FarOrder", "motorcycle")


@pytest.mark.parametrize("key", ODD_KEYS)
def test_a_key_arrives_as_it_is(stack: Stack, key: str) -> None:
    stack.put(key, png(RED))
    assert order_for(stack.queued("NearOrders"), key)["s3_key"] == key


def test_a_doubt_goes_to_a_person_and_ends_in_the_filters_error(stack: Stack) -> None:
    stack.put("incoming/purple.png", png(UNSURE))
    review = order_for(stack.queued("Review"), "incoming/purple.png")
    assert "is below the threshold 0.9" in review["reason"]
    told = received(stack.notifications, lambda body: body["event"] == "Review")
    assert (told["s3_key"], told["confidence"]) == ("incoming/purple.png", review["confidence"])
    ended = end_of(review["execution_arn"])
    assert (ended["status"], ended["error"]) == ("FAILED", "ThresholdConfidenceNotMet")


def test_what_is_no_image_is_a_failure_that_is_told(stack: Stack) -> None:
    stack.put("incoming/notes.txt", b"Hello\n")
    told = failure_of(stack, "incoming/notes.txt")
    assert told["error"] == "NotAnImage"
    assert "should be a PNG or a JPEG" in json.loads(told["cause"])["errorMessage"]
    ended = end_of(told["execution_arn"])
    assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "NotAnImage", told["cause"])


def test_what_lies_elsewhere_starts_nothing(stack: Stack) -> None:
    stack.put("elsewhere/red.png", png(RED))
    stack.put("incoming/last.png", png(RED))
    assert order_for(stack.queued("NearOrders"), "incoming/last.png")
    assert not [execution for execution in inputs(stack) if execution["s3_key"] == "elsewhere/red.png"]


@pytest.mark.parametrize(
    ("key", "image", "queue"),
    [("api/red.png", RED, "NearOrders"), ("api/blue.png", BLUE, "FarOrders"), ("api/purple.png", UNSURE, "Review")],
)
def test_the_same_by_the_api(stack: Stack, key: str, image: tuple[int, int, int], queue: str) -> None:
    stack.put(key, png(image))
    arn = start(stack, {"image_data": "", "s3_bucket": stack.bucket, "s3_key": key, "inferences": []})
    assert order_for(stack.queued(queue), key)["execution_arn"] == arn


@pytest.mark.parametrize("event", [{"s3_key": "api/nothing"}, {"body": "{not json"}])
def test_an_input_that_is_none_is_a_failure_that_is_told(stack: Stack, event: dict[str, Any]) -> None:
    arn = start(stack, event)
    told = received(stack.notifications, lambda body: body["execution_arn"] == arn)
    assert (told["error"], told["input"]) == ("EventNotUnderstood", event)
    assert end_of(arn)["error"] == "EventNotUnderstood"


def test_by_the_command_line_it_is_the_same_way(stack: Stack) -> None:
    stack.put("hand/blue.png", png(BLUE))
    said = stack.scones("classify", "hand/blue.png")
    assert "hand/blue.png: motorcycle, confidence" in said.stdout
    assert order_for(stack.queued("FarOrders"), "hand/blue.png")["class"] == "motorcycle"


def test_of_two_hundred_images_five_are_broken_and_named(stack: Stack) -> None:
    broken = [f"many/{index:03}.png" for index in (3, 60, 61, 150, 199)]
    for index in range(200):
        key = f"many/{index:03}.png"
        stack.put(key, b"not an image" if key in broken else png(RED if index % 2 else BLUE))
    said = stack.scones("classify-batch", "many/", "--concurrency", "16")
    assert said.returncode == 0, said.stdout + said.stderr
    assert "200 results: 195 succeeded, 0 below the threshold, 5 failed" in said.stdout
    assert [key for key in broken if key not in said.stdout] == []
    assert "many/000.png" not in said.stdout


def test_a_manifest_names_the_images_of_a_batch_and_a_doubt_is_a_result(stack: Stack) -> None:
    keys = ["some/a b+ü.png", "some/purple.png", "some/left-out.png"]
    for key, colour in zip(keys, (RED, UNSURE, BLUE), strict=True):
        stack.put(key, png(colour))
    stack.put("some/list.json", json.dumps(keys[:2]).encode())
    said = stack.scones("classify-batch", "--manifest", "some/list.json")
    assert said.returncode == 0, said.stdout + said.stderr
    assert "2 results: 1 succeeded, 1 below the threshold, 0 failed" in said.stdout


def test_a_batch_in_which_too_many_fail_fails_and_is_told(stack: Stack) -> None:
    for index in range(4):
        stack.put(f"bad/{index}.png", b"not an image" if index else png(RED))
    said = stack.scones("classify-batch", "bad/", "--tolerated-failure-percentage", "50", "--concurrency", "1")
    assert said.returncode == 1
    assert "States.ExceedToleratedFailureThreshold" in said.stderr
    told = received(stack.notifications, lambda body: body["event"] == "BatchFailure")
    assert told["input"]["prefix"] == "bad/"


def test_a_batch_over_what_is_not_there_says_so(stack: Stack) -> None:
    said = stack.scones("classify-batch", "--manifest", "no/such.json")
    assert said.returncode == 1
    assert "no/such.json" in said.stderr


@pytest.mark.parametrize(
    ("colour", "vehicle", "queue"),
    [
        (RED, "bicycle", "NearOrders"),
        (BLUE, "motorcycle", "FarOrders"),
        (GREEN, "bus", "NearOrders"),
        (YELLOW, "pickup_truck", "FarOrders"),
        (CYAN, "train", "FarOrders"),
    ],
)
def test_five_classes_go_to_the_bays_that_are_set(
    stack_of_five: Stack, colour: tuple[int, int, int], vehicle: str, queue: str
) -> None:
    stack_of_five.put(f"incoming/{vehicle}.png", png(colour))
    order = order_for(stack_of_five.queued(queue), f"incoming/{vehicle}.png")
    assert order["class"] == vehicle
    assert len(order["inferences"]) == 5


def start(stack: Stack, event: dict[str, Any]) -> str:
    arn: str = boto3.client("stepfunctions").start_execution(
        stateMachineArn=stack.outputs["StateMachineArn"], input=json.dumps(event)
    )["executionArn"]
    return arn


def end_of(arn: str) -> dict[str, Any]:
    deadline = time.monotonic() + DEADLINE_S
    while (described := boto3.client("stepfunctions").describe_execution(executionArn=arn))["status"] == "RUNNING":
        assert time.monotonic() < deadline, f"{arn} is still RUNNING after {DEADLINE_S} s"
    return dict(described)


def inputs(stack: Stack) -> list[dict[str, Any]]:
    client = boto3.client("stepfunctions")
    pages = client.get_paginator("list_executions").paginate(stateMachineArn=stack.outputs["StateMachineArn"])
    arns = [execution["executionArn"] for page in pages for execution in page["executions"]]
    return [json.loads(client.describe_execution(executionArn=arn)["input"]) for arn in arns]
