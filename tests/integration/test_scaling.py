"""Endpoints that scale, with the kit's own server as their container."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.integration.color_classifier import COLORS, model_archive, png
from tests.integration.red_and_blue import put_images, put_manifest
from tests.waiting import until

IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
ROLE = "arn:aws:iam::000000000000:role/any"


@pytest.fixture
def name() -> Iterator[str]:
    """Create a model of the kit's algorithm; after the test delete it and the endpoint, which have the same name."""
    name = f"scaling-{uuid4().hex[:8]}"
    s3, sagemaker = boto3.client("s3"), boto3.client("sagemaker")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="model.tar.gz", Body=model_archive(2))
    container = {"Image": IMAGE, "ModelDataUrl": f"s3://{name}/model.tar.gz"}
    sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE)
    yield name
    with suppress(ClientError):
        sagemaker.delete_endpoint(EndpointName=name)
        sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig={"Delay": 1})
    sagemaker.delete_endpoint_config(EndpointConfigName=name)
    sagemaker.delete_model(ModelName=name)
    bucket = boto3.resource("s3").Bucket(name)
    bucket.objects.delete()
    bucket.delete()


def create_endpoint(name: str, **variant: Any) -> dict[str, Any]:
    sagemaker = boto3.client("sagemaker")
    sagemaker.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=[{"VariantName": "AllTraffic", "ModelName": name, **variant}]
    )
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1})
    description: dict[str, Any] = sagemaker.describe_endpoint(EndpointName=name)
    return description


def classified(name: str, color: int) -> int:
    """Return the class that the endpoint gives a picture of one color."""
    answer = boto3.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=name, Body=png(COLORS[color]), ContentType="image/png"
    )
    probabilities = json.loads(answer["Body"].read())
    return int(probabilities.index(max(probabilities)))


def cold_starts(name: str) -> float:
    """Return how many cold starts of an endpoint CloudWatch has counted."""
    statistics = boto3.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName="ModelSetupTime",
        Dimensions=[{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": "AllTraffic"}],
        StartTime=time.time() - 3600,
        EndTime=time.time() + 60,
        Period=3600,
        Statistics=["SampleCount"],
    )
    return float(sum(point["SampleCount"] for point in statistics["Datapoints"]))


def test_a_serverless_endpoint_answers_from_zero_instances(name: str) -> None:
    limits = {"MemorySizeInMB": 2048, "MaxConcurrency": 2}
    endpoint = create_endpoint(name, ServerlessConfig=limits)
    assert endpoint["ProductionVariants"][0]["CurrentServerlessConfig"] == limits
    assert [classified(name, color) for color in (0, 1)] == [0, 1]
    until(lambda: cold_starts(name) == 1, "one cold start in CloudWatch")


@contextmanager
def load(name: str, environment: dict[str, str]) -> Iterator[None]:
    """Let `scones load` send requests to the endpoint while the block runs."""
    put_images(name)
    put_manifest(name, "test")
    command = [sys.executable, "-m", "scones", "load", "--endpoint", "--rate", "20", "--for", "10m"]
    with TemporaryDirectory() as out:
        own = environment | {"ENDPOINT_NAME": name, "BUCKET": name, "OUT": out}
        process = subprocess.Popen(command, env=own, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield
            assert process.poll() is None, "the load has ended early"
        finally:
            process.terminate()
            process.wait()


def scaled_variant(name: str) -> dict[str, str]:
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{name}/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }


def instances(name: str) -> tuple[str, int]:
    endpoint = boto3.client("sagemaker").describe_endpoint(EndpointName=name)
    return endpoint["EndpointStatus"], endpoint["ProductionVariants"][0]["CurrentInstanceCount"]


def test_auto_scaling_follows_the_load_of_scones_load(name: str, environment: dict[str, str]) -> None:
    """The stack's scalable target and policy reach the emulator through LocalStack's CloudFormation."""
    create_endpoint(name, InstanceType="ml.m5.large", InitialInstanceCount=1)
    limits = {"MinCapacity": "1", "MaxCapacity": "3"}  # as text, which a parameter is
    target = {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": {**scaled_variant(name), **limits}}
    configuration = {
        "TargetValue": 200,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
        "ScaleInCooldown": 60,
    }
    policy = {
        "Type": "AWS::ApplicationAutoScaling::ScalingPolicy",
        "Properties": {
            "PolicyName": "load",
            "PolicyType": "TargetTrackingScaling",
            "ScalingTargetId": {"Ref": "Target"},
            "TargetTrackingScalingPolicyConfiguration": configuration,
        },
    }
    cloudformation, scaling = boto3.client("cloudformation"), boto3.client("application-autoscaling")
    template = json.dumps({"Resources": {"Target": target, "Policy": policy}})
    cloudformation.create_stack(StackName=name, TemplateBody=template)
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    try:
        with load(name, environment):
            until(lambda: instances(name) == ("InService", 3), "three instances under load")
        until(lambda: instances(name) == ("InService", 1), "one instance without load")
        activities = scaling.describe_scaling_activities(**scaled_variant(name))["ScalingActivities"]
        assert activities[-1]["Description"].startswith("Setting desired instance count to ")
    finally:
        cloudformation.delete_stack(StackName=name)
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    assert scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []


def test_a_template_has_scheduled_actions(name: str) -> None:
    """An update of the stack deletes the actions that its template leaves out."""
    create_endpoint(name, InstanceType="ml.m5.large", InitialInstanceCount=1)
    cloudformation, scaling = boto3.client("cloudformation"), boto3.client("application-autoscaling")

    def template(*schedules: str) -> str:
        limits = {"MinCapacity": 1, "MaxCapacity": 3}
        actions = [
            {
                "ScheduledActionName": schedule.split("(")[0],
                "Schedule": schedule,
                "Timezone": "Europe/Berlin",
                "EndTime": "2099-01-01T00:00:00Z",
                "ScalableTargetAction": {"MinCapacity": "2"},  # as text, which a parameter is
            }
            for schedule in schedules
        ]
        properties = {**scaled_variant(name), **limits, "ScheduledActions": actions}
        target = {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": properties}
        return json.dumps({"Resources": {"Target": target}})

    def schedules() -> set[str]:
        actions = scaling.describe_scheduled_actions(**scaled_variant(name))["ScheduledActions"]
        assert all(one["ScalableTargetAction"] == {"MinCapacity": 2} for one in actions)
        return {one["Schedule"] for one in actions}

    cron, rate = "cron(0 8 ? * MON-FRI *)", "rate(1 day)"
    cloudformation.create_stack(StackName=name, TemplateBody=template(cron, rate))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    try:
        assert schedules() == {cron, rate}
        cloudformation.update_stack(StackName=name, TemplateBody=template(rate))
        cloudformation.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
        assert schedules() == {rate}
    finally:
        cloudformation.delete_stack(StackName=name)
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    assert scaling.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"] == []
