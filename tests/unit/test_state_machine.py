"""The workflow's definition, mocks and sample inputs: legal, complete, and naming errors that there are."""

import json
import re
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from cfnlint import api
from cfnlint.config import ManualArgs

WORKFLOWS = Path(__file__).parents[2] / "local_stepfunctions"
FUNCTIONS = WORKFLOWS.parent / "src" / "functions"
TEXT = (WORKFLOWS / "classify.asl.json").read_text()
STATES: dict[str, Any] = json.loads(TEXT)["States"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
MOCKS = json.loads((WORKFLOWS / "mocks" / "classify.json").read_text())
TRANSIENT_LAMBDA_ERRORS = {
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
}

each_task = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS.keys())


def errors_of_functions() -> set[str]:
    sources = "".join(path.read_text() for path in FUNCTIONS.glob("*/app.py"))
    return set(re.findall(r"^class (\w+)\(", sources, re.MULTILINE))


def errors_of_endpoints() -> set[str]:
    model = botocore.session.get_session().get_service_model("sagemaker-runtime")
    return {shape.name for shape in model.operation_model("InvokeEndpoint").error_shapes}


def names_in(rules: list[dict[str, Any]]) -> set[str]:
    return {name for rule in rules for name in rule["ErrorEquals"]}


def test_the_definition_is_legal_amazon_states_language() -> None:
    properties = {"RoleArn": "arn:aws:iam::123456789012:role/workflow", "Definition": json.loads(TEXT)}
    resource = {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}
    template = json.dumps({"Resources": {"Workflow": resource}})
    assert api.lint(template, config=ManualArgs(regions=["us-east-1"])) == []


def test_every_state_is_there_and_is_reached() -> None:
    followers = [
        rule["Next"] for state in STATES.values() for rule in [state, *state.get("Catch", [])] if "Next" in rule
    ]
    assert {json.loads(TEXT)["StartAt"], *followers} == set(STATES)


def test_no_account_region_or_address_is_in_the_definition() -> None:
    assert not re.search(r"\d{12}|[a-z]{2}-[a-z]+-\d|https?:|:function:", TEXT)


@each_task
def test_every_task_retries_what_aws_calls_transient(task: dict[str, Any]) -> None:
    assert names_in(task["Retry"]) >= TRANSIENT_LAMBDA_ERRORS
    assert all(rule["JitterStrategy"] == "FULL" and rule["BackoffRate"] > 1 for rule in task["Retry"])


@each_task
def test_every_error_named_is_one_that_can_be_raised(task: dict[str, Any]) -> None:
    named = names_in([*task["Retry"], *task.get("Catch", [])])
    assert named <= TRANSIENT_LAMBDA_ERRORS | errors_of_functions() | errors_of_endpoints()


def test_what_will_fail_again_is_not_retried() -> None:
    retried = set().union(*(names_in(task["Retry"]) for task in TASKS.values()))
    assert not retried & {"ModelError", "NotAnImage", "ImageNotFound", "ThresholdConfidenceNotMet", "States.ALL"}


@each_task
def test_no_catch_turns_a_failure_into_success(task: dict[str, Any]) -> None:
    for rule in task.get("Catch", []):
        assert STATES[rule["Next"]] == {"Type": "Fail", "ErrorPath": "$.Error", "CausePath": "$.Cause"}


def test_only_low_confidence_is_caught() -> None:
    assert {name: names_in(task["Catch"]) for name, task in TASKS.items() if "Catch" in task} == {
        "Filter": {"ThresholdConfidenceNotMet"}
    }


def test_the_image_goes_no_further_than_classify() -> None:
    assert set(STATES["Classify"]["ResultSelector"]) == {"s3_bucket.$", "s3_key.$", "inferences.$"}


def test_the_mocks_name_states_and_responses_that_are_there() -> None:
    for case in MOCKS["StateMachines"]["classify"]["TestCases"].values():
        assert set(case) <= set(TASKS)
        assert set(case.values()) <= set(MOCKS["MockedResponses"])


def test_the_mocks_throw_what_can_be_raised() -> None:
    steps = [step for response in MOCKS["MockedResponses"].values() for step in response.values()]
    thrown = {step["Throw"]["Error"] for step in steps if "Throw" in step}
    assert thrown <= TRANSIENT_LAMBDA_ERRORS | errors_of_functions() | errors_of_endpoints()


@pytest.mark.parametrize("path", sorted((WORKFLOWS / "inputs").glob("*.json")), ids=lambda path: path.stem)
def test_a_sample_input_is_the_functions_event(path: Path) -> None:
    event = json.loads(path.read_text())
    assert set(event) == {"image_data", "s3_bucket", "s3_key", "inferences"}
    assert event["s3_bucket"]
    assert event["s3_key"].endswith(".png")
