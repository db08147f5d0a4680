"""The monitor's definition is valid and complete, its calls have known members, and a drift is reported once."""

import json
import re
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from cfnlint import api
from cfnlint.config import ManualArgs

WORKFLOWS = Path(__file__).parents[2] / "local_stepfunctions"
TEXT = (WORKFLOWS / "monitor.asl.json").read_text()
DEFINITION: dict[str, Any] = json.loads(TEXT)
STATES: dict[str, Any] = DEFINITION["States"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
each_task = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS.keys())


def followers(state: dict[str, Any]) -> set[str]:
    rules = [state, *state.get("Catch", []), *state.get("Choices", [])]
    return {rule["Next"] for rule in rules if "Next" in rule} | {state[key] for key in ["Default"] if key in state}


def test_the_definition_is_valid_amazon_states_language() -> None:
    properties = {"RoleArn": "arn:aws:iam::123456789012:role/workflow", "Definition": DEFINITION}
    resource = {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}
    template = json.dumps({"Resources": {"Workflow": resource}})
    assert api.lint(template, config=ManualArgs(regions=["us-east-1"])) == []


def test_every_state_is_reached() -> None:
    assert {DEFINITION["StartAt"]}.union(*map(followers, STATES.values())) == set(STATES)


def test_the_definition_names_no_account_region_or_address() -> None:
    assert not re.search(r"\d{12}|[a-z]{2}-[a-z]+-\d|https?:|:function:", TEXT)


@each_task
def test_every_retry_backs_off_with_jitter(task: dict[str, Any]) -> None:
    assert all(rule["JitterStrategy"] == "FULL" and rule["BackoffRate"] > 1 for rule in task["Retry"])
    assert all("States.ALL" not in rule["ErrorEquals"] for rule in task["Retry"])


SERVICES = {"Analyze": "sagemaker", "ReadReport": "s3", "PutMetrics": "cloudwatch", "RememberState": "s3"}


@pytest.mark.parametrize(("name", "service"), SERVICES.items())
def test_a_call_has_fields_that_its_service_knows(name: str, service: str) -> None:
    operation = TASKS[name]["Resource"].split(":")[-1].removesuffix(".sync")
    model = botocore.session.get_session().get_service_model(service)
    shape = model.operation_model(operation[0].upper() + operation[1:]).input_shape
    parameters = {field.removesuffix(".$") for field in TASKS[name]["Parameters"]}
    assert set(shape.required_members) <= parameters <= set(shape.members)


def test_a_drift_sends_its_message_and_its_event_only_when_it_begins() -> None:
    (begins,) = STATES["DoesItBegin"]["Choices"]
    conditions = [
        {"Variable": "$.read.report.has_violations", "BooleanEquals": True},
        {"Variable": "$.chosen.window.since", "StringEquals": ""},
    ]
    assert begins == {"And": conditions, "Next": "Notify"}
    assert STATES["Notify"]["Next"] == "Announce"


def test_the_state_is_remembered_only_after_the_message_and_the_event() -> None:
    assert STATES["DoesItBegin"]["Default"] == STATES["Announce"]["Next"] == "RememberState"
    assert STATES["RememberState"]["End"] is True
    assert not any("Catch" in STATES[name] for name in ("Notify", "Announce"))


def test_the_event_tells_a_drift_from_a_fall_in_quality() -> None:
    (entry,) = STATES["Announce"]["Parameters"]["Entries"]
    assert entry["DetailType.$"] == "$.chosen.window.notice.detail_type"


def test_the_sample_input_has_the_fields_that_the_definition_reads() -> None:
    sample = json.loads((WORKFLOWS / "inputs" / "monitor.json").read_text())
    assert set(re.findall(r"\$\.input\.(\w+)", TEXT)) == set(sample)
