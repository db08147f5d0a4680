"""An account's requests reach its own SageMaker, directly, through the gateway, and from a state machine."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import boto3
import pytest
from tests.waiting import until

from local_cloud.settings import Settings

OTHER, REGION = "444455556666", "eu-west-1"


class Account:
    """The clients of one account, which send everything to the cloud's single endpoint."""

    def __init__(self, cloud: Settings, account_id: str, region: str) -> None:
        self._url, self._account_id, self._region = cloud.localstack_url, account_id, region

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": self._account_id, "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=self._url, region_name=self._region, **keys)


@pytest.fixture
def other(cloud: Settings) -> Account:
    return Account(cloud, OTHER, REGION)


@pytest.fixture
def group(other: Account) -> Iterator[str]:
    """Create a resource of the other account that needs nothing else."""
    name = f"group-{uuid4().hex[:8]}"
    sagemaker = other.client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    yield name
    sagemaker.delete_model_package_group(ModelPackageGroupName=name)


def groups_of(sagemaker: Any) -> list[str]:
    listed = sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
    return [item["ModelPackageGroupName"] for item in listed]


def test_the_gateway_passes_on_the_account(other: Account, group: str, cloud: Settings) -> None:
    assert group in groups_of(other.client("sagemaker"))
    assert group not in groups_of(boto3.client("sagemaker"))
    assert group not in groups_of(Account(cloud, OTHER, "us-east-1").client("sagemaker"))
    arn = f"arn:aws:sagemaker:{REGION}:{OTHER}:model-package-group/{group}"
    described = other.client("sagemaker").describe_model_package_group(ModelPackageGroupName=group)
    assert described["ModelPackageGroupArn"] == arn


def test_a_state_machine_uses_the_sagemaker_of_its_account(other: Account, group: str) -> None:
    iam, states = other.client("iam"), other.client("stepfunctions")
    trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName=group, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]["Arn"]
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sagemaker:listModelPackageGroups",
        "Parameters": {"NameContains": group},
        "End": True,
    }
    definition = json.dumps({"StartAt": "List", "States": {"List": state}})
    machine = states.create_state_machine(name=group, definition=definition, roleArn=role)["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=machine, input="{}")["executionArn"]

    def ended() -> dict[str, Any]:
        description: dict[str, Any] = states.describe_execution(executionArn=execution)
        return {} if description["status"] == "RUNNING" else description

    description = until(ended, "the execution")
    assert f"{REGION}:{OTHER}:model-package-group/{group}" in description.get("output", ""), description


def test_state_changes_reach_rules_of_the_account(other: Account) -> None:
    name = f"rule-{uuid4().hex[:8]}"
    events, sqs, sagemaker = other.client("events"), other.client("sqs"), other.client("sagemaker")
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name=name, EventPattern=json.dumps({"source": ["aws.sagemaker"]}))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    image = "000000000000.dkr.ecr.us-east-1.amazonaws.com/color-model:1"
    specification = {
        "Containers": [{"Image": image}],
        "SupportedContentTypes": ["image/png"],
        "SupportedResponseMIMETypes": ["application/json"],
    }
    sagemaker.create_model_package(ModelPackageGroupName=name, InferenceSpecification=specification)
    messages = until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"), "the event")
    event = json.loads(messages[0]["Body"])
    assert (event["account"], event["region"]) == (OTHER, REGION)
    assert event["resources"] == [f"arn:aws:sagemaker:{REGION}:{OTHER}:model-package/{name}/1"]
