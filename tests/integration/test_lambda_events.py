"""Asynchronous invocations, event sources and concurrency."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from tests.integration.lambda_functions import Deploy, Function
from tests.waiting import until

MakeQueue = Callable[..., tuple[str, str]]
FAILS = """
def lambda_handler(event, context):
    if event.get("fail"):
        raise ValueError("oh")
    return "done"
"""
WAITS = "import threading\ndef lambda_handler(event, context):\n    threading.Event().wait(event)\n    return event\n"


@pytest.fixture
def make_queue() -> Iterator[MakeQueue]:
    sqs, urls = boto3.client("sqs"), []

    def make(**attributes: str) -> tuple[str, str]:
        url = sqs.create_queue(QueueName=f"queue-{uuid4().hex[:8]}", Attributes=attributes)["QueueUrl"]
        urls.append(url)
        return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    yield make
    for url in urls:
        sqs.delete_queue(QueueUrl=url)


def messages_of(url: str) -> list[dict[str, Any]]:
    """Receive, as the queue's only reader, what is in it now."""
    messages = boto3.client("sqs").receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, MessageAttributeNames=["All"]
    )
    received: list[dict[str, Any]] = messages.get("Messages", [])
    return received


def invoke_event(function: Function, event: object) -> None:
    answer = function.client.invoke(
        FunctionName=function.name, InvocationType="Event", Payload=json.dumps(event).encode()
    )
    assert answer["StatusCode"] == 202


@pytest.mark.parametrize(("event", "condition"), [({}, "Success"), ({"fail": True}, "RetriesExhausted")])
def test_the_outcome_of_an_event_goes_to_its_destination(
    deploy: Deploy, make_queue: MakeQueue, event: dict[str, Any], condition: str
) -> None:
    (url, arn), function = make_queue(), deploy(FAILS)
    function.client.put_function_event_invoke_config(
        FunctionName=function.name,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnSuccess": {"Destination": arn}, "OnFailure": {"Destination": arn}},
    )
    invoke_event(function, event)
    (message,) = until(lambda: messages_of(url), "the destination's message")
    record = json.loads(message["Body"])
    assert record["version"] == "1.0"
    assert record["requestContext"]["condition"] == condition
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert record["requestPayload"] == event
    if condition == "Success":
        assert record["responsePayload"] == "done"
    else:
        assert record["responseContext"]["functionError"] == "Unhandled"
        assert record["responsePayload"]["errorMessage"] == "oh"


def test_an_event_that_fails_goes_to_the_dead_letter_queue(deploy: Deploy, make_queue: MakeQueue) -> None:
    url, arn = make_queue()
    function = deploy(FAILS, DeadLetterConfig={"TargetArn": arn})
    function.client.put_function_event_invoke_config(FunctionName=function.name, MaximumRetryAttempts=0)
    invoke_event(function, {"fail": True, "n": 1})
    (message,) = until(lambda: messages_of(url), "the dead letter")
    assert json.loads(message["Body"]) == {"fail": True, "n": 1}
    assert message["MessageAttributes"]["ErrorMessage"]["StringValue"] == "oh"
    assert message["MessageAttributes"]["RequestID"]["StringValue"]


def test_only_the_failed_messages_of_a_batch_come_again(deploy: Deploy, make_queue: MakeQueue) -> None:
    dead_url, dead_arn = make_queue()
    policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": "1"})
    url, arn = make_queue(VisibilityTimeout="10", RedrivePolicy=policy)
    code = "def lambda_handler(event, context):\n    failed = [r for r in event['Records'] if r['body'] == 'bad']\n"
    code += "    return {'batchItemFailures': [{'itemIdentifier': r['messageId']} for r in failed]}\n"
    function = deploy(code, Timeout=5)
    mapping = function.client.create_event_source_mapping(
        EventSourceArn=arn, FunctionName=function.name, BatchSize=10, FunctionResponseTypes=["ReportBatchItemFailures"]
    )
    entries = [{"Id": str(n), "MessageBody": "bad" if n == 3 else "good"} for n in range(6)]
    try:
        boto3.client("sqs").send_message_batch(QueueUrl=url, Entries=entries)
        dead = until(lambda: messages_of(dead_url), "the failed message")
        assert [message["Body"] for message in dead] == ["bad"]
        assert messages_of(dead_url) == []
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        left = boto3.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        assert set(left.values()) == {"0"}
    finally:
        function.client.delete_event_source_mapping(UUID=mapping["UUID"])


def test_reserved_concurrency_limits_a_function(deploy: Deploy) -> None:
    name = deploy(WAITS).name
    function = Function(boto3.client("lambda", config=Config(retries={"max_attempts": 0})), name)
    function.client.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=1)

    def attempt(_: int) -> str:
        try:
            return str(function.invoke(2).payload)
        except ClientError as error:
            return str(error.response["Error"]["Code"])

    with ThreadPoolExecutor(3) as pool:
        outcomes = sorted(pool.map(attempt, range(3)))
    assert outcomes == ["2", "TooManyRequestsException", "TooManyRequestsException"]
    function.client.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)
    assert attempt(0) == "TooManyRequestsException"
    function.client.delete_function_concurrency(FunctionName=function.name)
    assert attempt(0) == "2"


def test_provisioned_concurrency_keeps_initialized_environments(deploy: Deploy) -> None:
    code = "import os\ndef lambda_handler(event, context):\n    return os.environ['AWS_LAMBDA_INITIALIZATION_TYPE']\n"
    function = deploy(code)
    client, version = function.client, function.client.publish_version(FunctionName=function.name)["Version"]
    target = {"FunctionName": function.name, "Qualifier": version}
    client.get_waiter("published_version_active").wait(**target, WaiterConfig={"Delay": 1})
    client.put_provisioned_concurrency_config(**target, ProvisionedConcurrentExecutions=2)
    until(lambda: client.get_provisioned_concurrency_config(**target)["Status"] == "READY", "provisioned environments")
    assert client.get_provisioned_concurrency_config(**target)["AvailableProvisionedConcurrentExecutions"] == 2
    answer = client.invoke(**target, LogType="Tail")
    assert json.loads(answer["Payload"].read()) == "provisioned-concurrency"
    client.delete_provisioned_concurrency_config(**target)
