"""A new data set in the bucket starts the pipeline only if PIPELINE_ON_NEW_DATA says so."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError

from .conftest import COLOR_MODEL
from .red_and_blue import put_images, put_manifest

NAME = f"new-data-{uuid4().hex[:6]}"
DEADLINE_S = 180


@dataclass(frozen=True)
class Deployment:
    environment: dict[str, str]

    def scones(self, command: str, **settings: str) -> str:
        ended = subprocess.run(
            [sys.executable, "-m", "scones", command],
            env=self.environment | settings, text=True, capture_output=True, timeout=300, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def output(self, name: str) -> str:
        (stack,) = boto3.client("cloudformation").describe_stacks(StackName=NAME)["Stacks"]
        return next(str(item["OutputValue"]) for item in stack["Outputs"] if item["OutputKey"] == name)

    def executions(self, machine: str) -> list[dict[str, Any]]:
        client = boto3.client("stepfunctions")
        listed = client.list_executions(stateMachineArn=self.output(machine))["executions"]
        return [client.describe_execution(executionArn=item["executionArn"]) for item in listed]

    def ended(self, machine: str) -> dict[str, Any]:
        """Wait for the single execution of a state machine to end, and return it."""
        deadline = time.monotonic() + DEADLINE_S
        while not (executions := self.executions(machine)) or executions[0]["status"] == "RUNNING":
            assert time.monotonic() < deadline, f"{executions or 'no execution'} after {DEADLINE_S} s"
        (execution,) = executions
        return execution


@pytest.fixture(scope="module")
def deployment(
    environment: dict[str, str], _aws_is_the_cloud: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    own = {"STACK": NAME, "ENDPOINT_NAME": NAME, "BUCKET": NAME, "OUT": str(tmp_path_factory.mktemp("out"))}
    # these instance types make the emulator run the jobs under every profile
    instance = {"TRAINING_INSTANCE_TYPE": "ml.m5.large", "ENDPOINT_INSTANCE_TYPE": "ml.m5.large"}
    deployment = Deployment(environment | own | instance | {"IMAGE_URI": COLOR_MODEL, "YES": "1"})
    deployment.scones("deploy")
    put_images(NAME)
    put_manifest(NAME, "test")
    yield deployment
    boto3.client("s3").delete_object(Bucket=NAME, Key="incoming/last.png")
    deployment.scones("destroy", AWS_PROFILE="local")  # local-mode shares the stack, and so keeps it
    with pytest.raises(ClientError, match="404"):
        boto3.client("s3").head_bucket(Bucket=NAME)


def test_by_default_new_data_starts_nothing(deployment: Deployment) -> None:
    """Events arrive in order: once the later image was classified, the event of train.lst has been handled."""
    put_manifest(NAME, "train")
    boto3.client("s3").put_object(Bucket=NAME, Key="incoming/last.png", Body=b"no image")
    assert deployment.ended("StateMachineArn")["status"] == "FAILED"
    assert deployment.executions("PipelineStateMachineArn") == []


def test_with_the_setting_on_new_data_becomes_a_model_in_service(deployment: Deployment) -> None:
    output = deployment.scones("deploy", PIPELINE_ON_NEW_DATA="yes", ACCURACY_AT_LEAST="0.7")
    assert "PipelineOnNewData: no → yes" in output
    put_manifest(NAME, "train")
    execution = deployment.ended("PipelineStateMachineArn")
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    pipeline_input = json.loads(execution["input"])
    assert (pipeline_input["image"], pipeline_input["gate"]["accuracy_at_least"]) == (COLOR_MODEL, 0.7)
    endpoint = boto3.client("sagemaker").describe_endpoint(EndpointName=NAME)
    assert endpoint["EndpointStatus"] == "InService"
    assert endpoint["EndpointConfigName"].startswith(f"{NAME}-run-")
