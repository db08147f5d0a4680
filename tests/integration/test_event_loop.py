"""The first execution of a definition has a thread, later ones are greenlets of the event loop: nobody sees which."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Any
from uuid import uuid4

import boto3
import pytest
from tests.integration.executions import end_of
from tests.integration.lambda_functions import ROLE, archive
from tests.waiting import until

CODE = """
import os, time

class NotNow(Exception):
    pass

def lambda_handler(event, context):
    if event == "refuse":
        raise NotNow("try again")
    if event == "exit":
        os._exit(3)
    if event == "large":
        return "x" * 300_000
    if event == "wait":
        time.sleep(1000)
    return event
"""
CHANGING = re.compile(
    r"[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}|Root=[\w;=-]+"
    r"|\d{4}-\d\d-\d\dT[\d:.]+Z|\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT"
)
RETRY = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1}
SEVERAL = 40


@pytest.fixture(scope="module")
def function() -> Iterator[str]:
    client, name = boto3.client("lambda"), f"event-loop-{uuid4().hex[:8]}"
    code, runtime = {"ZipFile": archive(CODE)}, "python3.11"
    client.create_function(
        FunctionName=name, Role=ROLE, Runtime=runtime, Handler="app.lambda_handler", Code=code, Timeout=60
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    yield name
    client.delete_function(FunctionName=name)


@pytest.fixture
def machine() -> Iterator[Callable[..., str]]:
    client, arns = boto3.client("stepfunctions"), []

    def create(states: dict[str, Any], **more: object) -> str:
        definition = json.dumps({"StartAt": next(iter(states)), "States": states, **more})
        name = f"event-loop-{uuid4().hex[:8]}"
        arns.append(client.create_state_machine(name=name, definition=definition, roleArn=ROLE)["stateMachineArn"])
        return str(arns[-1])

    yield create
    for arn in arns:
        client.delete_state_machine(stateMachineArn=arn)


def task(function: str, event: object, **more: object) -> dict[str, Any]:
    parameters = {"FunctionName": function, "Payload": event}
    state = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": parameters, **more}
    return state if "Next" in more else state | {"End": True}


def start(machine: str, value: object = None) -> str:
    client = boto3.client("stepfunctions")
    return str(client.start_execution(stateMachineArn=machine, input=json.dumps(value))["executionArn"])


def story(execution: str) -> list[Any]:
    """Return an execution's end and its history without what differs between any two."""
    end, client = end_of(execution), boto3.client("stepfunctions")
    events = client.get_execution_history(executionArn=execution, maxResults=1000)["events"]
    told = [{name: end.get(name) for name in ("status", "output", "error", "cause")}, *events]
    text = json.dumps(told, default=lambda value: "time" if isinstance(value, datetime) else str(value))
    return list(json.loads(CHANGING.sub("*", text)))


def test_a_story_leaves_out_what_differs() -> None:
    changing = "Sat, 28 Nov 2026 10:11:08 GMT 2026-11-28T10:11:08.123Z 01234567-89ab-cdef-0123-456789abcdef"
    assert CHANGING.sub("*", changing) == "* * *"


def learned(machine: str, value: object = None) -> list[Any]:
    """Return the story of a first execution, after which the next ones run on the loop."""
    return story(start(machine, value))


@pytest.mark.parametrize(
    "event",
    [{"a": [1, None, "ä"]}, "refuse", "exit", "large"],
    ids=["answers", "raises", "exits", "answers with too much"],
)
def test_an_invocation_has_the_same_history(function: str, machine: Callable[..., str], event: object) -> None:
    caught = {"ErrorEquals": ["NotNow"], "Next": "Caught", "ResultPath": "$.error"}
    states = {
        "Task": task(function, event, Retry=[RETRY], Catch=[caught], ResultPath="$.answer"),
        "Caught": {"Type": "Pass", "End": True},
    }
    arn = machine(states)
    first = learned(arn, {"b": 1})
    assert story(start(arn, {"b": 1})) == first


@pytest.mark.parametrize("value", [{"n": 1}, {"n": 2}, {"n": "x"}, {}, []], ids=str)
def test_states_without_a_function_have_the_same_history(machine: Callable[..., str], value: object) -> None:
    states = {
        "Choice": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "Pass"}],
            "Default": "F",
        },
        "Pass": {"Type": "Pass", "Parameters": {"text.$": "States.Format('{}', $.n)"}, "Next": "Succeed"},
        "Succeed": {"Type": "Succeed"},
        "F": {"Type": "Fail", "Error": "No", "Cause": "none"},
    }
    arn = machine(states)
    first = learned(arn, value)
    assert story(start(arn, value)) == first


def test_a_function_that_does_not_exist_fails_as_in_a_thread(machine: Callable[..., str]) -> None:
    arn = machine({"Task": task("no-such-function", {})})
    first = learned(arn)
    assert story(start(arn)) == first


@pytest.mark.parametrize("is_timed_out", [True, False], ids=["timed out", "stopped"])
def test_an_execution_ends_while_its_function_goes_on(
    function: str, machine: Callable[..., str], is_timed_out: bool
) -> None:
    choice = {"Variable": "$", "IsNull": True, "Next": "Pass"}
    states = {
        "Choice": {"Type": "Choice", "Choices": [choice], "Default": "Task"},
        "Pass": {"Type": "Pass", "End": True},
        "Task": task(function, "wait"),
    }
    arn = machine(states, **({"TimeoutSeconds": 2} if is_timed_out else {}))
    learned(arn)
    waiting = [start(arn, 1) for _ in range(3)]
    assert story(start(arn))[0]["status"] == "SUCCEEDED"  # the loop goes on
    if not is_timed_out:
        client = boto3.client("stepfunctions")
        for execution in waiting:
            until(partial(is_in_its_task, execution), "the function to be invoked")
            client.stop_execution(executionArn=execution, error="Enough")
    assert {end_of(execution)["status"] for execution in waiting} == {"TIMED_OUT" if is_timed_out else "ABORTED"}


def story_so_far(execution: str) -> list[Any]:
    return list(boto3.client("stepfunctions").get_execution_history(executionArn=execution)["events"])


def is_in_its_task(execution: str) -> bool:
    return bool(story_so_far(execution)[-1]["type"] == "TaskStarted")


def test_executions_go_on_while_others_wait_for_another_attempt(function: str, machine: Callable[..., str]) -> None:
    retry = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 60, "MaxAttempts": 3}
    waiting, quick = machine({"Task": task(function, "refuse", Retry=[retry])}), machine({"Task": task(function, 1)})
    client = boto3.client("stepfunctions")
    first = start(waiting)
    until(lambda: len(story_so_far(first)) > 4, "the first attempt to fail")
    client.stop_execution(executionArn=first)
    learned(quick)
    executions = [start(waiting) for _ in range(SEVERAL)]
    assert story(start(quick))[0]["status"] == "SUCCEEDED"
    for execution in executions:
        client.stop_execution(executionArn=execution)


def test_a_long_row_of_states_lets_others_run(machine: Callable[..., str]) -> None:
    again = {"Variable": "$.never", "IsPresent": True, "Next": "Done"}
    endless = machine(
        {
            "Again": {
                "Type": "Choice",
                "Choices": [again, {"Variable": "$.stop", "IsPresent": True, "Next": "Done"}],
                "Default": "Pass",
            },
            "Pass": {"Type": "Pass", "Next": "Again"},
            "Done": {"Type": "Succeed"},
        }
    )
    quick = machine({"Pass": {"Type": "Pass", "End": True}})
    learned(endless, {"stop": 1})
    learned(quick)
    busy = [start(endless, {}) for _ in range(3)]
    client = boto3.client("stepfunctions")
    assert story(start(quick))[0]["status"] == "SUCCEEDED"
    for execution in busy:
        assert client.describe_execution(executionArn=execution)["status"] == "RUNNING"
        client.stop_execution(executionArn=execution)


def test_many_executions_at_once_all_end(function: str, machine: Callable[..., str]) -> None:
    arn = machine({"One": task(function, 1, Next="Two"), "Two": task(function, 2)})
    learned(arn)
    executions = [start(arn) for _ in range(SEVERAL)]
    assert {end_of(execution)["status"] for execution in executions} == {"SUCCEEDED"}
