"""An application that does not know about the local AWS: plain boto3 code, as it would run on AWS."""

import json
import zipfile
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import boto3

BAYS = {"red": "near", "blue": "far"}
FUNCTION = """
def lambda_handler(event, context):
    if event["label"] not in {bays!r}:
        raise ValueError(f"no bay for {{event['label']!r}}")
    return {{"bay": {bays!r}[event["label"]]}}
"""


class NoSuchPhoto(Exception):
    """There is no photo with this key."""


def put_photo(bucket: str, driver: str, photo: bytes) -> str:
    """Store the photo of a driver's vehicle, and return its key."""
    key = f"photos/{driver}.png"
    boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=photo, ContentType="image/png")
    return key


def photo(bucket: str, key: str) -> bytes:
    s3 = boto3.client("s3")
    try:
        body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except s3.exceptions.NoSuchKey as error:
        raise NoSuchPhoto(key) from error
    return body


def drivers(bucket: str) -> list[str]:
    """Return the drivers who have a photo, in alphabetical order."""
    pages = boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="photos/")
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    return sorted(key.removeprefix("photos/").removesuffix(".png") for key in keys)


def label(endpoint: str, image: bytes, labels: tuple[str, ...]) -> str:
    """Return the label to which the endpoint gives the highest probability."""
    runtime = boto3.client("sagemaker-runtime")
    answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType="application/x-image", Body=image)
    probabilities = json.loads(answer["Body"].read())
    return str(labels[probabilities.index(max(probabilities))])


def announce(queue_url: str, driver: str, bay: str) -> None:
    boto3.client("sqs").send_message(QueueUrl=queue_url, MessageBody=json.dumps({"driver": driver, "bay": bay}))


@dataclass(frozen=True)
class Workflow:
    """The state machine that chooses the loading bay for a label."""

    arn: str

    def start(self, **order: Any) -> str:
        """Start an execution for an order, and return its ARN."""
        states = boto3.client("stepfunctions")
        arn: str = states.start_execution(stateMachineArn=self.arn, input=json.dumps(order))["executionArn"]
        return arn


def deploy_workflow(function_role: str, workflow_role: str, name: str = "choose-bay") -> Workflow:
    """Create the function and the state machine."""
    functions = boto3.client("lambda")
    function = functions.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Handler="app.lambda_handler",
        Role=function_role,
        Code={"ZipFile": _zipped(FUNCTION.format(bays=BAYS))},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    definition = {
        "StartAt": "Choose the bay",
        "States": {"Choose the bay": {"Type": "Task", "Resource": function["FunctionArn"], "End": True}},
    }
    states = boto3.client("stepfunctions")
    created = states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=workflow_role)
    return Workflow(created["stateMachineArn"])


def _zipped(code: str) -> bytes:
    body = BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("app.py", code)
    return body.getvalue()
