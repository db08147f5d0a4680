"""The monitor of a deployed stack: a drift in captured traffic is reported once, in words, and shows in the metrics."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from tests.unit.image_monitoring.pictures import Images, answers, captured, pictures, png

from .test_workflow import Stack, deployed

# The process engine runs its entrypoint with the kit's Python, which has what the analyzer needs.
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/color-model:1"
NAMESPACE = "aws/sagemaker/Endpoints/data-metrics"
DEADLINE_S = 300
NAME = f"monitor-{uuid4().hex[:8]}"

pytestmark = pytest.mark.skipif(bool(os.environ.get("SCONES_TEST_CLOUD")), reason="needs the process engine")


@pytest.fixture(scope="module")
def stack(
    environment: dict[str, str], _aws_is_the_cloud: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    out = tmp_path_factory.mktemp("out")
    own = {"MONITOR_IMAGE": IMAGE, "MONITOR_SCHEDULE": "off"}
    for one in deployed(NAME, "bicycle,motorcycle", "bicycle", environment | own, str(out)):
        put_baseline(out / "baseline")
        put_state()
        yield one


def put_baseline(folder: Path) -> None:
    """Make a baseline of the endpoint's model from captured records, as `suggest_baseline` does."""
    dataset = folder / "processing" / "input" / "endpoint"
    dataset.mkdir(parents=True)
    (dataset / "baseline.jsonl").write_text(lines(pictures(150, 1), datetime(2026, 1, 1, tzinfo=UTC), seed=1))
    variables = {**os.environ, "SAGEMAKER_BASE_DIR": str(folder)}
    subprocess.run([sys.executable, "-m", "image_monitoring"], env=variables, check=True, capture_output=True)
    for path in (folder / "processing" / "output").iterdir():
        key = f"monitoring/{NAME}/baselines/{NAME}/{path.name}"
        boto3.client("s3").put_object(Bucket=NAME, Key=key, Body=path.read_bytes())


def put_state() -> None:
    """Say that the endpoint's model has served for long: the tests put records of ten minutes ago."""
    state = {"model": NAME, "serving_since": "2026-01-01T00:00:00Z", "since": ""}
    key = f"monitoring/{NAME}/state.json"
    boto3.client("s3").put_object(Bucket=NAME, Key=key, Body=json.dumps(state).encode())


def lines(images: Images, began: datetime, seed: int) -> str:
    """Return captured records that begin at a time, a second apart."""
    records = []
    for number, (image, answer) in enumerate(zip(images, answers(len(images), seed), strict=True)):
        time_ = began + timedelta(seconds=number)
        records.append(captured(png(image), answer, number))
        records[-1]["eventMetadata"]["inferenceTime"] = f"{time_:%Y-%m-%dT%H:%M:%SZ}"
    return "".join(json.dumps(record) + "\n" for record in records)


def put_traffic(images: Images, seed: int) -> None:
    """Put a capture file of ten minutes ago, as the emulator does a minute after its records."""
    began = datetime.now(UTC) - timedelta(minutes=10)
    key = f"data_capture/{NAME}/AllTraffic/{began:%Y/%m/%d/%H/%M-%S}-000-{uuid4()}.jsonl"
    boto3.client("s3").put_object(Bucket=NAME, Key=key, Body=lines(images, began, seed).encode())


def run(stack: Stack) -> dict[str, Any]:
    """Run the monitor over the last half hour, and return its output."""
    client = boto3.client("stepfunctions")
    event = {"minutes": 30, "needs_ground_truth": False, "instance_type": "ml.m5.large"}
    arn = client.start_execution(stateMachineArn=stack.outputs["MonitorStateMachineArn"], input=json.dumps(event))
    deadline = time.monotonic() + DEADLINE_S
    while (answer := client.describe_execution(executionArn=arn["executionArn"]))["status"] == "RUNNING":
        assert time.monotonic() < deadline, "the monitor is still RUNNING"
    assert answer["status"] == "SUCCEEDED", answer
    output: dict[str, Any] = json.loads(answer["output"])
    return output


def notifications(stack: Stack, wait_s: int) -> list[str]:
    answer = boto3.client("sqs").receive_message(
        QueueUrl=stack.notifications, WaitTimeSeconds=wait_s, MaxNumberOfMessages=10
    )
    for message in answer.get("Messages", []):
        boto3.client("sqs").delete_message(QueueUrl=stack.notifications, ReceiptHandle=message["ReceiptHandle"])
    return [message["Body"] for message in answer.get("Messages", [])]


def drift_metric() -> list[float]:
    now = datetime.now(UTC)
    dimensions = {"Endpoint": NAME, "MonitoringSchedule": f"{NAME}-monitor"}
    answer = boto3.client("cloudwatch").get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName="drift",
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=3600,
        Statistics=["Maximum"],
    )
    return [point["Maximum"] for point in answer["Datapoints"]]


def test_a_drift_is_told_once_and_shows_in_the_metrics(stack: Stack) -> None:
    assert run(stack)["status"] == "NoTraffic"

    put_traffic(pictures(60, 2), seed=2)
    assert run(stack)["has_violations"] is False
    assert all(is_of_alarm(message) for message in notifications(stack, wait_s=0))

    put_traffic(pictures(100, 3, brightness=0.4), seed=3)
    output = run(stack)
    assert output["has_violations"] is True
    (message,) = told(stack, and_alarm=f"{NAME}-drift")
    assert message.startswith(f"{NAME} has drifted since ")
    assert f"s3://{NAME}/monitoring/{NAME}/runs/{NAME}-monitor-" in message
    assert max(drift_metric()) == 1

    assert run(stack)["since"] == output["since"]
    assert all(is_of_alarm(message) for message in notifications(stack, wait_s=1))
    status = stack.scones("monitor")
    assert f"{NAME} has drifted since {output['since']}" in status.stdout + status.stderr


@pytest.mark.slow
def test_the_schedule_finds_a_drift_by_itself(stack: Stack) -> None:
    put_state()
    notifications(stack, wait_s=0)
    put_traffic(pictures(100, 4, brightness=0.4), seed=4)
    rule = {"Name": f"{NAME}-monitor", "ScheduleExpression": "rate(1 minute)"}
    events = boto3.client("events")
    targets = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    events.put_rule(**rule, State="ENABLED")
    events.put_targets(Rule=rule["Name"], Targets=targets)  # LocalStack reads the schedule here
    try:
        messages = told(stack)
    finally:
        events.remove_targets(Rule=rule["Name"], Ids=[target["Id"] for target in targets])
    assert messages[0].startswith(f"{NAME} has drifted since ")


def told(stack: Stack, and_alarm: str | None = None) -> list[str]:
    """Return the monitor's messages once there is one, and once the notification of an alarm has arrived, too."""
    messages: list[str] = []
    awaited = {and_alarm} - {None}
    deadline = time.monotonic() + DEADLINE_S
    while not messages or awaited:
        assert time.monotonic() < deadline, f"{messages}, and no {awaited} within {DEADLINE_S} s"
        for message in notifications(stack, wait_s=20):
            if is_of_alarm(message):
                awaited -= {json.loads(message)["AlarmName"]}
            else:
                messages.append(message)
    return messages


def is_of_alarm(message: str) -> bool:
    return message.startswith("{")
