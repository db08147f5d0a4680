"""Changes: the question before them, the request that they send, and accounts that they leave alone."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from tests.unit.console.conftest import Console, Open
from tests.unit.console.doubles import NOW, PNG, Answers, bucket, machine_answers

from console.views.actions import CHANGES, stem_of

VALUES = {"name": "bikes", "machine": "decide", "number": "1", "verdict": "approve", "message": "m1"}
PATHS = [re.sub(r"\{(\w+)(?::[^}]*)?\}", lambda match: VALUES[match[1]], change.path) for change in CHANGES]
CHANGING = re.compile(r"\.(stop|delete|start|redrive|update|put|send|change|receive|create)_")
STACK: dict[str, Any] = {
    "StackName": "scones",
    "Parameters": [
        {"ParameterKey": "Classes", "ParameterValue": "bicycle,motorcycle"},
        {"ParameterKey": "EndpointName", "ParameterValue": "bikes"},
        {"ParameterKey": "Threshold", "ParameterValue": "0.93"},
    ],
    "Outputs": [
        {"OutputKey": "Bucket", "OutputValue": "images"},
        {"OutputKey": "ReviewQueueUrl", "OutputValue": "http://queue/review"},
        {
            "OutputKey": "StateMachineArn",
            "OutputValue": "arn:aws:states:eu-central-1:123456789012:stateMachine:decide",
        },
    ],
}
BODY = {"class": "bicycle", "confidence": 0.61, "s3_bucket": "images", "s3_key": "a.png", "execution": "first"} | {
    "time": "2026-01-30T23:59:59.123Z"
}
BODY_CLASSES = ("bicycle", "motorcycle")
BAYS = [
    {"OutputKey": "NearOrdersQueueUrl", "OutputValue": "http://queue/near"},
    {"OutputKey": "FarOrdersQueueUrl", "OutputValue": "http://queue/far"},
]
PICTURE = "\r\n".join(
    [
        "--border",
        'Content-Disposition: form-data; name="picture"; filename="my bike.png"',
        "Content-Type: image/png",
        "",
        "\x89PNG\r\n\x1a\nrest",
        "--border--",
        "",
    ]
)


def workflow_answers() -> Answers:
    """Return the answers of an account with the workflow's stack, and one image that waits for review."""
    return {
        **machine_answers(),
        "cloudformation.describe_stacks": {"Stacks": [STACK]},
        "sqs.get_queue_attributes": {"Attributes": {"ApproximateNumberOfMessages": "1"}},
        "sqs.receive_message": {"Messages": [{"MessageId": "m1", "ReceiptHandle": "r1", "Body": json.dumps(BODY)}]},
        "sqs.delete_message": {},
        "sqs.change_message_visibility": {},
        **bucket({"a.png": PNG}),
        "stepfunctions.start_execution": {"executionArn": "arn:aws:states:execution:decide:second"},
        "sagemaker.stop_training_job": {},
    }


def changes(console: Console) -> list[str]:
    return [name for name, _ in console.session.calls if CHANGING.search(name)]


@pytest.mark.parametrize("path", PATHS)
def test_an_account_elsewhere_is_never_changed(open_console: Open, path: str) -> None:
    console = open_console(workflow_answers(), endpoint_url="https://sagemaker.eu-central-1.amazonaws.com")
    answer = console.post(path, "confirmed=yes&decision=m1:0&input={}")
    assert answer.status == 403
    assert "--allow-changes" in answer.text
    console.get("/review")
    assert changes(console) == []


EXECUTION = "arn:aws:states:eu-central-1:123456789012:execution:decide:first"
PACKAGE = "arn:aws:sagemaker:eu-central-1:123456789012:model-package/bikes/1"
CARRIED_OUT = {
    "/training-jobs/bikes/delete": ("sagemaker.delete_training_job", {"TrainingJobName": "bikes"}, "/training-jobs"),
    "/endpoints/bikes/delete": ("sagemaker.delete_endpoint", {"EndpointName": "bikes"}, "/endpoints"),
    "/executions/decide/first/stop": (
        "stepfunctions.stop_execution",
        {"executionArn": EXECUTION},
        "/executions/decide/first",
    ),
    "/executions/decide/first/redrive": (
        "stepfunctions.redrive_execution",
        {"executionArn": EXECUTION},
        "/executions/decide/first",
    ),
    "/models/bikes/1/approve": (
        "sagemaker.update_model_package",
        {
            "ModelPackageArn": PACKAGE,
            "ModelApprovalStatus": "Approved",
            "ApprovalDescription": "decided in the console",
        },
        "/models/bikes/1",
    ),
    "/models/bikes/1/reject": (
        "sagemaker.update_model_package",
        {
            "ModelPackageArn": PACKAGE,
            "ModelApprovalStatus": "Rejected",
            "ApprovalDescription": "decided in the console",
        },
        "/models/bikes/1",
    ),
}


@pytest.mark.parametrize("path", CARRIED_OUT)
@pytest.mark.parametrize("endpoint_url", ["http://127.0.0.1:4000", "https://sagemaker.eu-central-1.amazonaws.com"])
def test_a_confirmed_change_is_carried_out_here_and_where_changes_are_allowed(
    open_console: Open, path: str, endpoint_url: str
) -> None:
    operation, request, address = CARRIED_OUT[path]
    version = {"ModelPackageArn": PACKAGE, "ModelPackageVersion": 1, "ModelPackageGroupName": "bikes"} | {
        "ModelApprovalStatus": "PendingManualApproval",
        "ModelPackageStatus": "Completed",
        "CreationTime": NOW,
    }
    answers = workflow_answers() | {
        "sagemaker.list_model_packages": {"ModelPackageSummaryList": [version]},
        "sagemaker.describe_model_package": {},
        operation: {},
    }
    console = open_console(answers, "amazonaws" in endpoint_url, endpoint_url=endpoint_url)
    answer = console.post(path, "confirmed=yes")
    assert (answer.status, answer.headers.get("location")) == (303, address)
    assert console.session.asked(operation) == [request]
    assert changes(console) == [operation]


@pytest.mark.parametrize("path", [path for path in CARRIED_OUT if "/models/" not in path])
def test_what_takes_something_away_asks_first(open_console: Open, path: str) -> None:
    console = open_console(workflow_answers())
    assert 'name="confirmed"' in console.post(path).text
    assert changes(console) == []


@pytest.mark.parametrize(("path", "elsewhere"), [("/review", "s3"), ("/upload", "stepfunctions")])
def test_a_change_of_two_services_needs_both_on_this_machine(open_console: Open, path: str, elsewhere: str) -> None:
    console = open_console(workflow_answers(), elsewhere=[elsewhere])
    console.get("/review")
    before = changes(console)
    answer = send_picture(console, PICTURE) if path == "/upload" else console.post(path, "decision=m1:1")
    assert answer.status == 403
    assert changes(console) == before


def test_stopping_a_job_asks_first(open_console: Open) -> None:
    console = open_console(workflow_answers())
    answer = console.post("/training-jobs/bikes/stop")
    assert "Stop the training job bikes?" in answer.text
    assert changes(console) == []
    confirmed = console.post("/training-jobs/bikes/stop", "confirmed=yes")
    assert (confirmed.status, confirmed.headers["location"]) == (303, "/training-jobs/bikes")
    assert console.session.asked("sagemaker.stop_training_job") == [{"TrainingJobName": "bikes"}]


def test_an_execution_starts_with_the_input_of_the_form(open_console: Open) -> None:
    console = open_console(workflow_answers())
    answer = console.post("/state-machines/decide/start", "input=%7B%22a%22%3A1%7D")
    assert answer.headers["location"] == "/executions/decide/second"
    assert console.session.asked("stepfunctions.start_execution")[0]["input"] == '{"a":1}'


def test_an_input_that_is_not_json_is_not_sent(open_console: Open) -> None:
    console = open_console(workflow_answers())
    assert console.post("/state-machines/decide/start", "input=%7B").status == 400
    assert changes(console) == []


def test_an_uploaded_picture_is_put_into_the_bucket_and_classified(open_console: Open) -> None:
    console = open_console(workflow_answers())
    answer = send_picture(console, PICTURE)
    (put,) = console.session.asked("s3.put_object")
    (start,) = console.session.asked("stepfunctions.start_execution")
    assert put["Key"].startswith("uploads/my-bike-")
    assert json.loads(start["input"])["s3_key"] == put["Key"]
    assert answer.headers["location"] == f"/executions/decide/{start['name']}"


def test_a_file_that_is_not_a_picture_is_not_uploaded(open_console: Open) -> None:
    console = open_console(workflow_answers())
    answer = send_picture(console, PICTURE.replace("\x89PNG", "%PDF"))
    assert answer.status == 400
    assert "my bike.png is not a picture (12 bytes, which begin with &#39;%PDF" in answer.text
    assert '<a class="button" href="/upload">Back</a>' in answer.text
    assert changes(console) == []


def send_picture(console: Console, body: str) -> Any:
    kind = {"Content_Type": "multipart/form-data; boundary=border"}
    return console.send("POST", "/upload", body, kind)


@pytest.mark.parametrize(
    ("name", "stem"), [("a b/c d.png", "c-d"), ("?.png", "picture"), ("x" * 99 + ".png", "x" * 40)]
)
def test_the_name_of_a_picture_becomes_a_name_of_an_execution(name: str, stem: str) -> None:
    assert stem_of(name) == stem
