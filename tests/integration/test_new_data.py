"""A new data set in the bucket starts the pipeline, where that is asked for, and nowhere else."""

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

from .conftest import COLOUR_MODEL
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
        """The one execution, when it has ended."""
        deadline = time.monotonic() + DEADLINE_S
        while not (found := self.executions(machine)) or found[0]["status"] == "RUNNING":
            assert time.monotonic() < deadline, f"{found or 'nothing'} after {DEADLINE_S} s"
        (execution,) = found
        return execution


@pytest.fixture(scope="module")
def deployment(
    environment: dict[str, str], _aws_is_the_cloud: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    own = {"STACK": NAME, "ENDPOINT_NAME": NAME, "BUCKET": NAME, "OUT": str(tmp_path_factory.mktemp("out"))}
    # under every profile the jobs are the emulator's here
    instance = {"TRAINING_INSTANCE_TYPE": "ml.m5.large", "ENDPOINT_INSTANCE_TYPE": "ml.m5.large"}
    made = Deployment(environment | own | instance | {"IMAGE_URI": COLOUR_MODEL, "YES": "1"})
    made.scones("deploy")
    put_images(NAME)
    put_manifest(NAME, "test")
    yield made
    boto3.client("s3").delete_object(Bucket=NAME, Key="incoming/last.png")
    made.scones("destroy")
    with pytest.raises(ClientError, match="404"):
        boto3.client("s3").head_bucket(Bucket=NAME)


def test_by_default_new_data_starts_nothing(deployment: Deployment) -> None:
    """What arrives after it is heard of: so was it."""
    put_manifest(NAME, "train")
    boto3.client("s3").put_object(Bucket=NAME, Key="incoming/last.png", Body=b"no image")
    assert deployment.ended("StateMachineArn")["status"] == "FAILED"
    assert deployment.executions("PipelineStateMachineArn") == []


def test_where_it_is_asked_for_new_data_becomes_a_model_in_service(deployment: Deployment) -> None:
    said = deployment.scones("deploy", PIPELINE_ON_NEW_DATA="yes", ACCURACY_AT_LEAST="0.7")
    assert "PipelineOnNewData: no → yes" in said
    put_manifest(NAME, "train")
    execution = deployment.ended("PipelineStateMachineArn")
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    given = json.loads(execution["input"])
    assert (given["image"], given["gate"]["accuracy_at_least"]) == (COLOUR_MODEL, 0.7)
    endpoint = boto3.client("sagemaker").describe_endpoint(EndpointName=NAME)
    assert endpoint["EndpointStatus"] == "InService"
    assert endpoint["EndpointConfigName"].startswith(f"{NAME}-run-")
