"""Deploy and destroy: deploying twice changes nothing, a failure is rolled back, destroy leaves nothing behind."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError, WaiterError

from scones.deployment.deploy import compact

ROOT = Path(__file__).parents[2]
NAME = f"deployed-{uuid4().hex[:6]}"
LISTINGS = {
    "cloudwatch": ("describe_alarms", "MetricAlarms"),
    "events": ("list_rules", "Rules"),
    "iam": ("list_roles", "Roles"),
    "lambda": ("list_functions", "Functions"),
    "logs": ("describe_log_groups", "logGroups"),
    "s3": ("list_buckets", "Buckets"),
    "sagemaker": ("list_model_package_groups", "ModelPackageGroupSummaryList"),
    "sns": ("list_topics", "Topics"),
    "sqs": ("list_queues", "QueueUrls"),
    "stepfunctions": ("list_state_machines", "stateMachines"),
}


@pytest.fixture(scope="module")
def own(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    out = str(tmp_path_factory.mktemp("out"))
    return environment | {"STACK": NAME, "ENDPOINT_NAME": NAME, "BUCKET": f"{NAME}-data", "OUT": out}


def scones(command: str, environment: dict[str, str], **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scones", command],
        env=environment | settings, text=True, capture_output=True, timeout=300, stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.fixture(scope="module")
def deployed(own: dict[str, str]) -> Iterator[dict[str, str]]:
    first = scones("deploy", own)
    assert first.returncode == 0, first.stdout + first.stderr
    yield own
    scones("destroy", own)


def resources_of_the_stack() -> dict[str, list[str]]:
    """Return what each service lists with the stack's name in it."""
    resources = {}
    for service, (operation, items) in LISTINGS.items():
        listed = getattr(boto3.client(service), operation)().get(items, [])
        if named := [text for text in (json.dumps(item, default=str) for item in listed) if NAME in text]:
            resources[service] = named
    return resources


def test_deploying_again_changes_nothing(deployed: dict[str, str]) -> None:
    again = scones("deploy", deployed)
    assert (again.returncode, "nothing to change" in again.stdout) == (0, True)


def test_the_bucket_has_the_properties_of_the_template(deployed: dict[str, str]) -> None:
    s3, name = boto3.client("s3"), deployed["BUCKET"]
    assert set(s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"].values()) == {True}
    rules = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert {rule["ID"]: rule.get("Expiration") for rule in rules}["expire-captured-data"] == {"Days": 30}
    assert s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"] == [
        {"ObjectOwnership": "BucketOwnerEnforced"}
    ]
    assert "EventBridgeConfiguration" in s3.get_bucket_notification_configuration(Bucket=name)
    (statement,) = json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])["Statement"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_logs_have_the_retention_of_the_template(deployed: dict[str, str]) -> None:
    groups = boto3.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{NAME}-")["logGroups"]
    assert groups
    assert {group.get("retentionInDays") for group in groups} == {30}


def test_the_dashboard_shows_the_state_machine(deployed: dict[str, str]) -> None:
    body = json.loads(boto3.client("cloudwatch").get_dashboard(DashboardName=NAME)["DashboardBody"])
    assert f":stateMachine:{NAME}-classify" in json.dumps(body)


def test_a_changed_setting_updates_the_function_that_reads_it(deployed: dict[str, str]) -> None:
    changed = scones("deploy", deployed, THRESHOLD="0.5")
    assert "Modify  FilterFunction" in changed.stdout
    configuration = boto3.client("lambda").get_function_configuration(FunctionName=f"{NAME}-filter")
    assert configuration["Environment"]["Variables"]["THRESHOLD"] == "0.5"
    assert scones("deploy", deployed).returncode == 0


def test_an_update_that_fails_names_the_resource_and_is_rolled_back(deployed: dict[str, str]) -> None:
    """An endpoint that does not exist cannot be scaled, so turning on the scaling must fail."""
    parameters = {
        item["ParameterKey"]: item["ParameterValue"]
        for item in boto3.client("cloudformation").describe_stacks(StackName=NAME)["Stacks"][0]["Parameters"]
    }
    refused = change(parameters | {"EndpointScaling": "yes"})
    assert f"endpoint/{NAME}/variant/AllTraffic does not exist" in refused
    (stack,) = boto3.client("cloudformation").describe_stacks(StackName=NAME)["Stacks"]
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    again = scones("deploy", deployed)
    assert "nothing to change" in again.stdout, again.stdout + again.stderr


def test_a_function_deleted_by_hand_fails_the_update_and_the_next_deployment_works(deployed: dict[str, str]) -> None:
    boto3.client("lambda").delete_function(FunctionName=f"{NAME}-filter")
    failed = scones("deploy", deployed, THRESHOLD="0.4")
    assert failed.returncode == 1
    assert f"stack {NAME} is UPDATE_ROLLBACK_COMPLETE: FilterFunction (AWS::Lambda::Function): " in failed.stderr
    listed = boto3.client("cloudformation").list_stack_resources(StackName=NAME)["StackResourceSummaries"]
    assert {item["ResourceStatus"] for item in listed} <= {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
    assert "nothing to change" in scones("deploy", deployed).stdout


def change(parameters: dict[str, str]) -> str:
    """Deploy with CloudFormation's own operations, expect a rollback, and return the reasons of all events."""
    cloudformation = boto3.client("cloudformation")
    change_set = cloudformation.create_change_set(
        StackName=NAME, ChangeSetName=f"change-{uuid4().hex[:6]}", Capabilities=["CAPABILITY_IAM"],
        TemplateBody=compact((ROOT / "template.yaml").read_text()),
        Tags=[{"Key": "project", "Value": "scones-unlimited"}],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )["Id"]  # fmt: skip
    cloudformation.get_waiter("change_set_create_complete").wait(ChangeSetName=change_set, WaiterConfig={"Delay": 1})
    cloudformation.execute_change_set(ChangeSetName=change_set)
    with pytest.raises(WaiterError, match="ROLLBACK"):
        cloudformation.get_waiter("stack_update_complete").wait(StackName=NAME, WaiterConfig={"Delay": 1})
    events = cloudformation.describe_stack_events(StackName=NAME)["StackEvents"]
    return "\n".join(event.get("ResourceStatusReason") or "" for event in events)


def test_a_foreign_object_keeps_the_bucket_and_destroy_removes_everything_else(deployed: dict[str, str]) -> None:
    s3, name = boto3.client("s3"), deployed["BUCKET"]
    owner = deployed | {"AWS_PROFILE": "local"}  # local-mode shares the stack, and so keeps it
    s3.put_object(Bucket=name, Key="notes.txt", Body=b"theirs")
    destroyed = scones("destroy", owner)
    assert destroyed.returncode == 0, destroyed.stderr
    assert f"Kept bucket {name}: it holds 1 objects" in destroyed.stdout
    assert set(resources_of_the_stack()) == {"s3"}
    again = scones("deploy", owner)
    assert again.returncode == 0, again.stdout + again.stderr
    assert scones("destroy", owner).returncode == 0
    s3.delete_object(Bucket=name, Key="notes.txt")
    assert scones("destroy", owner).returncode == 0
    assert resources_of_the_stack() == {}
    with pytest.raises(ClientError, match="does not exist"):
        boto3.client("cloudformation").describe_stacks(StackName=NAME)
