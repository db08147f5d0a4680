"""Executions of pipelines go on after a restart, also after kill -9, and nothing runs twice."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from tests.contract.pipeline_definitions import (
    BUCKET,
    IMAGE,
    INPUT,
    OUTPUT,
    Pipelines,
    condition,
    equals,
    get,
    processing,
    step,
    training,
)

CONTAINER = [sys.executable, str(Path(__file__).with_name("container.py"))]
COPY = f"copy={INPUT}:{OUTPUT}"


@pytest.fixture(autouse=True)
def rows(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="pipelines/in/one.txt", Body=b"one")


def test_an_interrupted_job_is_made_again_and_others_are_kept(restartable: Any, until: Any) -> None:
    steps = [processing("Done", COPY), training("Train", {"seconds": "5"}, DependsOn=["Done"])]
    with restartable() as emulator:
        pipelines = Pipelines(emulator.client("sagemaker"), until)
        pipelines.create("again", *steps)
        arn = pipelines.start("again")
        before = pipelines.until_step(arn, "Train")["Metadata"]
        done = pipelines.steps(arn)["Done"]
    with restartable() as emulator:
        pipelines = Pipelines(emulator.client("sagemaker"), until)
        assert pipelines.ended(arn)["PipelineExecutionStatus"] == "Succeeded"
        after = pipelines.steps(arn)
        jobs = emulator.client("sagemaker").list_processing_jobs()["ProcessingJobSummaries"]
    assert after["Done"] == done
    assert len(jobs) == 1
    assert after["Train"]["Metadata"] != before
    assert after["Train"]["AttemptCount"] == 2


def test_a_callback_waits_for_the_same_token_after_a_restart(restartable: Any, until: Any) -> None:
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="restarted-callback")["QueueUrl"]
    ask = step("Ask", "Callback", {}, SqsQueueUrl=url, OutputParameters=[])
    with restartable() as emulator:
        pipelines = Pipelines(emulator.client("sagemaker"), until)
        pipelines.create("asked", ask)
        arn = pipelines.start("asked")
        token = pipelines.until_step(arn, "Ask")["Metadata"]["Callback"]["CallbackToken"]
    with restartable() as emulator:
        client = emulator.client("sagemaker")
        client.send_pipeline_execution_step_success(CallbackToken=token)
        assert Pipelines(client, until).ended(arn)["PipelineExecutionStatus"] == "Succeeded"
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert [json.loads(one["Body"])["token"] for one in messages] == [token]


def test_a_stopping_execution_is_stopped_after_a_restart(restartable: Any, until: Any) -> None:
    url = boto3.client("sqs").create_queue(QueueName="restarted-stop")["QueueUrl"]
    ask = step("Ask", "Callback", {}, SqsQueueUrl=url, OutputParameters=[])
    with restartable() as emulator:
        client = emulator.client("sagemaker")
        pipelines = Pipelines(client, until)
        pipelines.create("stopping", ask, processing("After", DependsOn=["Ask"]))
        arn = pipelines.start("stopping")
        token = pipelines.until_step(arn, "Ask")["Metadata"]["Callback"]["CallbackToken"]
        client.stop_pipeline_execution(PipelineExecutionArn=arn)
        pipelines.until_step(arn, "Ask", "Stopping")
    with restartable() as emulator:
        client = emulator.client("sagemaker")
        client.send_pipeline_execution_step_success(CallbackToken=token)
        assert Pipelines(client, until).ended(arn)["PipelineExecutionStatus"] == "Stopped"
        assert Pipelines(client, until).statuses(arn) == {"Ask": "Succeeded"}


class Server:
    """An emulator in a process of its own, which can be killed."""

    def __init__(self, state_dir: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{free.getsockname()[1]}"
        self._state_dir = state_dir
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {
            **os.environ,
            "SAGEMAKER_EMULATOR_PORT": self.url.rpartition(":")[2],
            "SAGEMAKER_EMULATOR_STATE_DIR": str(self._state_dir),
            "SAGEMAKER_EMULATOR_OWN_IMAGES": json.dumps({IMAGE: CONTAINER}),
        }
        with (self._state_dir.parent / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sagemaker_emulator"], env=environment, stderr=log, start_new_session=True
            )

    def kill(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def is_ready(self) -> bool:
        with suppress(OSError), urllib.request.urlopen(f"{self.url}/health", timeout=5) as answer:
            return bool(answer.status == 200)
        return False

    def client(self) -> Any:
        config = Config(retries={"total_max_attempts": 1}, read_timeout=120)
        return boto3.client("sagemaker", endpoint_url=self.url, config=config)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "state")
    yield server
    server.kill()


def test_executions_survive_kills_at_any_moment_and_nothing_runs_twice(server: Server, until: Any) -> None:
    server.start()
    until(server.is_ready, "the first start")
    side = [processing(f"Side{number}", COPY, DependsOn=["First"]) for number in range(3)]
    after = equals(get("Steps.Train.TrainingJobStatus"), "Completed")
    pipelines = Pipelines(server.client(), until)
    pipelines.create(
        "killed", processing("First", COPY), *side, training("Train", DependsOn=["Side0"]), condition("Check", [after])
    )
    arn = pipelines.start("killed")
    for name in ("First", "Side0", "Train"):
        until(lambda name=name: name in pipelines.steps(arn), f"{name} to begin")
        server.kill()
        server.start()
        until(server.is_ready, "the next start")
    assert pipelines.ended(arn)["PipelineExecutionStatus"] == "Succeeded"
    steps = pipelines.steps(arn)
    assert {one["StepStatus"] for one in steps.values()} == {"Succeeded"}
    assert set(steps) == {"First", "Side0", "Side1", "Side2", "Train", "Check"}
    jobs = server.client().list_processing_jobs(MaxResults=100)["ProcessingJobSummaries"]
    completed = [one["ProcessingJobName"] for one in jobs if one["ProcessingJobStatus"] == "Completed"]
    assert len(completed) == 4, completed
    assert len(jobs) == sum(one["AttemptCount"] for name, one in steps.items() if name not in ("Train", "Check"))
