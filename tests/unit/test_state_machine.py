"""The workflows' definitions, mocks and sample inputs are valid and complete, and catch only real errors."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from cfnlint import api
from cfnlint.config import ManualArgs

WORKFLOWS = Path(__file__).parents[2] / "local_stepfunctions"
FUNCTIONS = WORKFLOWS.parent / "src" / "functions"
DOCUMENTATION = (WORKFLOWS.parent / "docs" / "workflow.md").read_text()
TEXTS = {name: (WORKFLOWS / f"{name}.asl.json").read_text() for name in ("classify", "classify-batch")}
STATES: dict[str, Any] = json.loads(TEXTS["classify"])["States"]
BATCH_STATES: dict[str, Any] = json.loads(TEXTS["classify-batch"])["States"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
LAMBDA_TASKS = {name: task for name, task in TASKS.items() if ":lambda:" in task["Resource"]}
SENDING_TASKS = {name: task for name, task in TASKS.items() if name not in LAMBDA_TASKS}
MOCKS = json.loads((WORKFLOWS / "mocks" / "classify.json").read_text())
TRANSIENT_LAMBDA_ERRORS = {
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
}

each_workflow = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
each_task = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS.keys())
each_lambda_task = pytest.mark.parametrize("task", LAMBDA_TASKS.values(), ids=LAMBDA_TASKS.keys())


def errors_of_functions() -> set[str]:
    sources = "".join(path.read_text() for path in FUNCTIONS.glob("*/app.py"))
    return set(re.findall(r"^class (\w+)\(", sources, re.MULTILINE))


def errors_of_endpoints() -> set[str]:
    model = botocore.session.get_session().get_service_model("sagemaker-runtime")
    return {shape.name for shape in model.operation_model("InvokeEndpoint").error_shapes}


def names_in(rules: list[dict[str, Any]]) -> set[str]:
    return {name for rule in rules for name in rule["ErrorEquals"]}


def followers_of(state: dict[str, Any]) -> Iterator[str]:
    rules = [state, *state.get("Catch", []), *state.get("Choices", [])]
    yield from (rule["Next"] for rule in rules if "Next" in rule)
    if "Default" in state:
        yield state["Default"]


@each_workflow
def test_the_definition_is_valid_amazon_states_language(text: str) -> None:
    properties = {"RoleArn": "arn:aws:iam::123456789012:role/workflow", "Definition": json.loads(text)}
    resource = {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}
    template = json.dumps({"Resources": {"Workflow": resource}})
    assert api.lint(template, config=ManualArgs(regions=["us-east-1"])) == []


@each_workflow
def test_no_two_states_have_one_name(text: str) -> None:
    """AWS refuses a definition that has a name twice, even in the machines of two Map states."""
    definition = json.loads(text)
    machines = [definition, *(s["ItemProcessor"] for s in definition["States"].values() if s["Type"] == "Map")]
    names = [name for machine in machines for name in machine["States"]]
    assert len(names) == len(set(names))


@each_workflow
def test_every_state_exists_and_is_reached(text: str) -> None:
    definition = json.loads(text)
    machines = [definition, *(s["ItemProcessor"] for s in definition["States"].values() if s["Type"] == "Map")]
    for machine in machines:
        followers = [name for state in machine["States"].values() for name in followers_of(state)]
        assert {machine["StartAt"], *followers} == set(machine["States"])


@each_workflow
def test_the_definition_names_no_account_region_or_address(text: str) -> None:
    assert not re.search(r"\d{12}|[a-z]{2}-[a-z]+-\d|https?:|:function:", text)


@each_lambda_task
def test_every_function_is_retried_for_what_aws_calls_transient(task: dict[str, Any]) -> None:
    assert names_in(task["Retry"]) >= TRANSIENT_LAMBDA_ERRORS


@each_task
def test_every_retry_backs_off_with_jitter_and_ends(task: dict[str, Any]) -> None:
    assert all(rule["JitterStrategy"] == "FULL" and rule["BackoffRate"] > 1 for rule in task["Retry"])
    assert task["TimeoutSeconds"] < json.loads(TEXTS["classify"])["TimeoutSeconds"]


@each_lambda_task
def test_every_caught_error_can_be_raised(task: dict[str, Any]) -> None:
    named = names_in([*task["Retry"], *task["Catch"]]) - {"States.ALL"}
    assert named <= TRANSIENT_LAMBDA_ERRORS | errors_of_functions() | errors_of_endpoints()


def test_permanent_errors_are_not_retried() -> None:
    retried = set().union(*(names_in(task["Retry"]) for task in LAMBDA_TASKS.values()))
    assert not retried & {"ModelError", "NotAnImage", "ImageNotFound", "ThresholdConfidenceNotMet", "States.ALL"}


def end_of(name: str) -> dict[str, Any]:
    """Return the final state of a path without errors."""
    while "Next" in STATES[name]:
        name = STATES[name]["Next"]
    end: dict[str, Any] = STATES[name]
    return end


@each_task
def test_every_failure_is_announced_and_fails_the_execution_by_its_name(task: dict[str, Any]) -> None:
    assert names_in(task["Catch"][-1:]) == {"States.ALL"}
    for rule in task["Catch"]:
        assert end_of(rule["Next"])["Type"] == "Fail"
    assert STATES["NotifyFailure"]["Next"] == STATES["NotifyFailure"]["Catch"][0]["Next"] == "Failed"
    assert STATES["Failed"] == {"Type": "Fail", "ErrorPath": "$.Error", "CausePath": "$.Cause"}


def test_low_confidence_goes_to_review_and_fails_with_the_filters_error() -> None:
    assert STATES["Filter"]["Catch"][0] == {
        "ErrorEquals": ["ThresholdConfidenceNotMet"],
        "ResultPath": "$.error",
        "Next": "SendToReview",
    }
    assert STATES["SendToReview"]["Next"] == "NotifyReview"
    assert end_of("NotifyReview") == {"Type": "Fail", "ErrorPath": "$.error.Error", "CausePath": "$.error.Cause"}


def test_the_image_data_is_dropped_after_classify() -> None:
    assert STATES["Classify"]["ResultSelector"]["image_data"] == ""
    assert "$.image_data" not in json.dumps({name: state for name, state in STATES.items() if name != "Classify"})


def test_an_order_is_the_same_event_for_both_bays() -> None:
    near, far = (STATES[name]["Parameters"]["MessageBody"] for name in ("SendToNearBay", "SendToFarBay"))
    assert {**near, "event": ""} == {**far, "event": ""}


def documented(event: str) -> dict[str, Any]:
    """Return the example of an event in docs/workflow.md."""
    examples = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", DOCUMENTATION, re.DOTALL)]
    (documented_event,) = [example for example in examples if example.get("event") == event]
    return dict(documented_event)


@pytest.mark.parametrize("name", [*SENDING_TASKS, "batch"])
def test_every_event_has_the_fields_that_are_documented(name: str) -> None:
    parameters = (BATCH_STATES["NotifyFailure"] if name == "batch" else TASKS[name])["Parameters"]
    body = parameters.get("MessageBody") or parameters["Message"]
    fields = {field.removesuffix(".$") for field in body}
    example = documented("NearOrder" if body["event"] == "FarOrder" else body["event"])
    assert fields - {"reason"} == set(example) - {"reason"}


def test_a_subject_fits_into_an_email() -> None:
    for states in (STATES, BATCH_STATES):
        for state in states.values():
            subject = state.get("Parameters", {}).get("Subject", "")
            assert len(subject) <= 100
            assert subject.isascii()


def test_both_maps_process_an_image_in_the_same_way() -> None:
    prefix, manifest = BATCH_STATES["ClassifyPrefix"], BATCH_STATES["ClassifyManifest"]
    different = {"ItemReader", "ItemSelector", "Label"}
    same_names = json.loads(json.dumps(manifest).replace("OfManifest", ""))  # names are unique in the whole machine
    assert {k: v for k, v in prefix.items() if k not in different} == {
        k: v for k, v in same_names.items() if k not in different
    }


def test_the_mocks_name_existing_states_and_responses() -> None:
    for case in MOCKS["StateMachines"]["classify"]["TestCases"].values():
        assert set(case) <= set(TASKS)
        assert set(case.values()) <= set(MOCKS["MockedResponses"])


def test_the_mocks_answer_every_task_of_a_path() -> None:
    """A task without a mock would really run."""
    for name, case in MOCKS["StateMachines"]["classify"]["TestCases"].items():
        responses = [MOCKS["MockedResponses"][response] for response in case.values()]
        failed = any("Throw" in list(response.values())[-1] for response in responses)
        last = "NotifyReview" if "BelowThreshold" in case.values() else "NotifyFailure" if failed else "SendToNearBay"
        assert list(case)[-1] == last, name


def test_the_mocks_throw_only_errors_that_can_occur() -> None:
    steps = [step for response in MOCKS["MockedResponses"].values() for step in response.values()]
    thrown = {step["Throw"]["Error"] for step in steps if "Throw" in step}
    assert thrown <= TRANSIENT_LAMBDA_ERRORS | errors_of_functions() | errors_of_endpoints()


@pytest.mark.parametrize("name", ["bicycle", "missing-image"])
def test_a_sample_input_is_a_valid_event(name: str) -> None:
    event = json.loads((WORKFLOWS / "inputs" / f"{name}.json").read_text())
    assert set(event) == {"image_data", "s3_bucket", "s3_key", "inferences"}
    assert event["s3_bucket"]
    assert event["s3_key"].endswith(".png")


@pytest.mark.parametrize("name", ["batch-prefix", "batch-manifest"])
def test_a_batch_sample_input_has_every_member_that_the_definition_reads(name: str) -> None:
    sample = json.loads((WORKFLOWS / "inputs" / f"{name}.json").read_text())
    state = BATCH_STATES["ClassifyManifest" if "manifest" in sample else "ClassifyPrefix"]
    outside = {key: value for key, value in state.items() if key != "ItemProcessor"}
    assert set(re.findall(r'"\$\.(\w+)"', json.dumps(outside))) == set(sample)
