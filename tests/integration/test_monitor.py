"""The monitor of a deployed stack: a drift in captured traffic is reported once, in words, and shows in the metrics."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from tests.unit.image_monitoring.pictures import Images, answers, captured, pictures, png
from tests.waiting import until

from .conftest import CLOUD, COLOR_MODEL
from .executions import end_of
from .test_workflow import ROLE, Stack, deployed

# The kit's own Python or image stands in for it, which has everything that the analyzer needs.
IMAGE = "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"
NAMESPACE = "aws/sagemaker/Endpoints/data-metrics"
DEADLINE_S = 300
NAME = f"monitor-{uuid4().hex[:8]}"
DRIFTED = 3  # the exit code of `scones monitor run`

pytestmark = pytest.mark.skipif(CLOUD == "local-mode", reason="the monitor does not depend on the profile")


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
    started = client.start_execution(stateMachineArn=stack.outputs["MonitorStateMachineArn"], input=json.dumps(event))
    answer = end_of(started["executionArn"])
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
    assert message.startswith(f"{NAME} has drifted, first found in the window from ")
    assert f"s3://{NAME}/monitoring/{NAME}/runs/{NAME}-monitor-" in message
    assert max(drift_metric()) == 1

    assert run(stack)["since"] == output["since"]
    assert all(is_of_alarm(message) for message in notifications(stack, wait_s=1))
    status, found = stack.scones("monitor"), datetime.fromisoformat(output["since"])
    assert (
        f"{NAME} has drifted, first found in the window from {found:%Y-%m-%d %H:%M} UTC"
        in status.stdout + status.stderr
    )


def test_the_commands_make_a_baseline_compare_with_it_and_show_the_result(stack: Stack) -> None:
    remove_traffic()
    train_on_pictures()
    baseline = stack.scones("monitor", "baseline")
    assert baseline.returncode == 0, baseline.stdout + baseline.stderr
    assert "Baseline of 80 images" in baseline.stdout + baseline.stderr
    put_state()
    put_traffic(pictures(60, 2), seed=2)
    good = stack.scones("monitor", "run")
    assert (good.returncode, "has not drifted" in good.stdout + good.stderr) == (0, True), good.stdout + good.stderr
    put_traffic(pictures(100, 3, brightness=0.4), seed=3)
    bad = stack.scones("monitor", "run")
    assert bad.returncode == DRIFTED, bad.stdout + bad.stderr
    assert f"{NAME} has drifted" in bad.stdout + bad.stderr
    assert " moved from " in bad.stdout, "the message says what drifted and by how much"
    status = stack.scones("monitor", "status")
    assert f"{NAME} has drifted, first found in the window from " in status.stdout + status.stderr


def train_on_pictures() -> None:
    """Stage pictures as training and test images, and train a model of the endpoint's name on them."""
    s3, sagemaker = boto3.client("s3"), boto3.client("sagemaker")
    for split, count in (("train", 20), ("test", 80)):
        for number, image in enumerate(pictures(count, seed=count)):
            s3.put_object(Bucket=NAME, Key=f"{split}/{number}.png", Body=png(image))
        manifest = "".join(f"{number}\t{number % 2}\t{number}.png\n" for number in range(count))
        s3.put_object(Bucket=NAME, Key=f"{split}.lst", Body=manifest.encode())
    channels = {"train": "train/", "validation": "test/", "train_lst": "train.lst", "validation_lst": "test.lst"}
    sagemaker.create_training_job(
        TrainingJobName=NAME,
        AlgorithmSpecification={"TrainingImage": COLOR_MODEL, "TrainingInputMode": "File"},
        RoleArn=ROLE,
        HyperParameters={"num_training_samples": "20"},
        InputDataConfig=[
            {
                "ChannelName": channel,
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{NAME}/{prefix}"}},
            }
            for channel, prefix in channels.items()
        ],
        OutputDataConfig={"S3OutputPath": f"s3://{NAME}/models"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": DEADLINE_S},
    )
    waiter = sagemaker.get_waiter("training_job_completed_or_stopped")
    waiter.wait(TrainingJobName=NAME, WaiterConfig={"Delay": 1, "MaxAttempts": DEADLINE_S})


@pytest.mark.slow
def test_the_schedule_finds_a_shift_of_the_traffic_within_two_windows(stack: Stack) -> None:
    put_state()
    remove_traffic()
    put_traffic(pictures(60, 2), seed=2)
    began = datetime.now(UTC)
    with every_minute():
        until(lambda: windows_since(stack, began), "a window of the schedule")
        assert not any(windows_since(stack, began))
        notifications(stack, wait_s=0)
        injected = datetime.now(UTC)
        put_traffic(pictures(100, 4, brightness=0.4), seed=4)
        messages = told(stack)
        until(lambda: True in windows_since(stack, injected), "a window with the shift")
        windows = windows_since(stack, injected)
    assert messages[0].startswith(f"{NAME} has drifted, first found in the window from ")
    assert windows.index(True) < 2, f"the shift was in the traffic for {len(windows)} windows: {windows}"


@contextmanager
def every_minute() -> Iterator[None]:
    """Run the monitor every minute."""
    rule = {"Name": f"{NAME}-monitor", "ScheduleExpression": "rate(1 minute)"}
    events = boto3.client("events")
    targets = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    events.put_rule(**rule, State="ENABLED")
    events.put_targets(Rule=rule["Name"], Targets=targets)  # LocalStack reads the schedule here
    try:
        yield
    finally:
        events.remove_targets(Rule=rule["Name"], Ids=[target["Id"] for target in targets])


def windows_since(stack: Stack, moment: datetime) -> list[bool]:
    """Return whether each window that began since then was found to have drifted. One that still runs has not."""
    client = boto3.client("stepfunctions")
    listed = client.list_executions(stateMachineArn=stack.outputs["MonitorStateMachineArn"])["executions"]
    since = sorted((one for one in listed if one["startDate"] >= moment), key=lambda one: one["startDate"])
    answers = [client.describe_execution(executionArn=one["executionArn"]) for one in since]
    if not any(answer["status"] == "SUCCEEDED" for answer in answers):
        return []
    return [bool(json.loads(answer.get("output", "{}")).get("has_violations")) for answer in answers]


def remove_traffic() -> None:
    boto3.resource("s3").Bucket(NAME).objects.filter(Prefix="data_capture/").delete()


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
