"""Tests that use a queue with the same name in each test."""

import json

import boto3
import pytest

import deliveries
from pytest_aws_local.accounts import Account

QUEUE = "bays"


@pytest.fixture
def queue(aws_account: Account) -> str:
    url: str = aws_account.client("sqs").create_queue(QueueName=QUEUE)["QueueUrl"]
    return url


def messages(queue: str) -> list[dict[str, str]]:
    received = boto3.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in received.get("Messages", [])]


@pytest.mark.parametrize("bay", ["near", "far"])
def test_a_bay_is_announced(queue: str, bay: str) -> None:
    deliveries.announce(queue, "ann", bay)
    assert messages(queue) == [{"driver": "ann", "bay": bay}]


def test_no_test_sees_the_messages_of_another(queue: str) -> None:
    assert messages(queue) == []
