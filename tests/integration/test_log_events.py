"""Answers of CloudWatch Logs to FilterLogEvents."""

import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError

GROUP = f"/tests/{uuid4().hex[:8]}"
STREAMS = ("job-1/algo-1", "job-1/algo-2", "job-10/algo-1")


@pytest.fixture(scope="module")
def logs() -> Iterator[Any]:
    """Create a group with three streams, each with an event that is the stream's name."""
    client = boto3.client("logs")
    client.create_log_group(logGroupName=GROUP)
    for name in STREAMS:
        client.create_log_stream(logGroupName=GROUP, logStreamName=name)
        events = [{"timestamp": int(time.time() * 1000), "message": name}]
        client.put_log_events(logGroupName=GROUP, logStreamName=name, logEvents=events)
    yield client
    client.delete_log_group(logGroupName=GROUP)


@pytest.mark.parametrize(("prefix", "streams"), [("job-1/", STREAMS[:2]), ("job-1", STREAMS), ("other", ())])
def test_events_are_those_of_streams_with_the_prefix(logs: Any, prefix: str, streams: tuple[str, ...]) -> None:
    answer = logs.filter_log_events(logGroupName=GROUP, logStreamNamePrefix=prefix)
    assert sorted(event["message"] for event in answer["events"]) == list(streams)
    assert all(event["logStreamName"] == event["message"] for event in answer["events"])


def test_a_pattern_and_a_prefix_apply_together(logs: Any) -> None:
    answer = logs.filter_log_events(logGroupName=GROUP, logStreamNamePrefix="job-1/", filterPattern='"algo-2"')
    assert [event["message"] for event in answer["events"]] == [STREAMS[1]]


def test_names_and_a_prefix_exclude_each_other(logs: Any) -> None:
    with pytest.raises(ClientError) as error:
        logs.filter_log_events(logGroupName=GROUP, logStreamNamePrefix="job", logStreamNames=[STREAMS[0]])
    assert error.value.response["Error"]["Code"] == "InvalidParameterException"


def test_groups_are_described_by_pages(logs: Any) -> None:
    logs.create_log_group(logGroupName=f"{GROUP}-2")
    try:
        pages = list(logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=GROUP, limit=1))
    finally:
        logs.delete_log_group(logGroupName=f"{GROUP}-2")
    groups = [group for page in pages for group in page["logGroups"]]
    assert [len(page["logGroups"]) for page in pages] == [1, 1]
    assert [group["logGroupName"] for group in groups] == [GROUP, f"{GROUP}-2"]
    assert groups[0]["storedBytes"] == sum(map(len, STREAMS))
