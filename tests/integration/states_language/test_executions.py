"""Executions and the API: redrive, stop, descriptions, limits, and definitions of both query languages at once."""

import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from tests.integration.states_language.executions import DEADLINE_S, ROLE, Executions
from tests.integration.states_language.row import Definition, evaluated, invoking, jsonata, machine, one_pass, state

THREADS, THREADS_S = 16, float(os.environ.get("STATES_LANGUAGE_THREADS_S") or 5)
ENDS_WITH = {"SUCCEEDED": "ExecutionSucceeded", "ABORTED": "ExecutionAborted"}
ENDS = (*ENDS_WITH.values(), "ExecutionFailed", "ExecutionTimedOut")
REFUSED = jsonata(state("Pass", Output="{% ( %}"))


class Machines:
    """State machines of a test, which are deleted at its end."""

    def __init__(self, executions: Executions) -> None:
        self.states, self.names, self.arns = executions.states, executions.names, list[str]()

    def create(self, definition: Definition, kind: str = "STANDARD") -> str:
        text = json.dumps(definition).replace("${function}", self.names["function"])
        name = f"row-{uuid4().hex[:12]}"
        arn: str = self.states.create_state_machine(name=name, definition=text, roleArn=ROLE, type=kind)[
            "stateMachineArn"
        ]
        self.arns.append(arn)
        return arn

    def start(self, definition: Definition, **parameters: Any) -> str:
        started = self.states.start_execution(stateMachineArn=self.create(definition), **parameters)
        return str(started["executionArn"])

    def ended(self, execution: str) -> dict[str, Any]:
        deadline = time.monotonic() + DEADLINE_S
        while (described := self.states.describe_execution(executionArn=execution))["status"] == "RUNNING":
            assert time.monotonic() < deadline, described
            time.sleep(0.05)
        return dict(described)

    def history(self, execution: str) -> list[dict[str, Any]]:
        return list(self.states.get_execution_history(executionArn=execution, maxResults=1000)["events"])


@pytest.fixture
def machines(executions: Executions) -> Any:
    machines = Machines(executions)
    yield machines
    for arn in machines.arns:
        machines.states.delete_state_machine(stateMachineArn=arn)


def error_of(call: Callable[..., Any], **parameters: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**parameters)
    return str(error.value.response["Error"]["Code"])


@pytest.mark.parametrize("text", ['{ "a" : [1, 2] }', '"\\u00e9"', " 1 "])
def test_the_input_keeps_its_text(machines: Machines, text: str) -> None:
    execution = machines.start(machine(state("Pass")), input=text)
    assert machines.ended(execution)["input"] == text
    started, entered, *_ = machines.history(execution)
    assert started["executionStartedEventDetails"]["input"] == text
    assert entered["stateEnteredEventDetails"]["input"] == json.dumps(
        json.loads(text), separators=(",", ":"), ensure_ascii=False
    )
    express = machines.create(machine(state("Pass")), "EXPRESS")
    assert machines.states.start_sync_execution(stateMachineArn=express, input=text)["input"] == text


def test_the_history_has_assigned_variables_as_json(machines: Machines) -> None:
    execution = machines.start(machine(state("Pass", Assign={"text": 'say "hi"', "list": [1, None]})))
    machines.ended(execution)
    (variables,) = [
        event["stateExitedEventDetails"]["assignedVariables"]
        for event in machines.history(execution)
        if "stateExitedEventDetails" in event
    ]
    assert variables == {"text": r'"say \"hi\""', "list": "[1,null]"}


def test_an_alias_lists_the_executions_that_were_started_with_it(machines: Machines) -> None:
    states, arn = machines.states, machines.create(one_pass())
    version = states.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"]
    routing = [{"stateMachineVersionArn": version, "weight": 100}]
    alias = states.create_state_machine_alias(name="live", routingConfiguration=routing)["stateMachineAliasArn"]
    by_alias = {states.start_execution(stateMachineArn=alias)["executionArn"] for _ in range(3)}
    by_version = states.start_execution(stateMachineArn=version)["executionArn"]
    plain = states.start_execution(stateMachineArn=arn)["executionArn"]
    first = states.list_executions(stateMachineArn=alias, maxResults=2)
    rest = states.list_executions(stateMachineArn=alias, maxResults=2, nextToken=first["nextToken"])
    assert "nextToken" not in rest
    assert {one["executionArn"] for one in first["executions"] + rest["executions"]} == by_alias
    listed = states.get_paginator("list_executions").paginate(stateMachineArn=arn).search("executions[].executionArn")
    assert set(listed) == {*by_alias, by_version, plain}
    states.delete_state_machine_alias(stateMachineAliasArn=alias)
    assert error_of(states.list_executions, stateMachineArn=alias) == "StateMachineDoesNotExist"


def test_a_redriven_execution_goes_on_from_the_state_that_failed(machines: Machines) -> None:
    execution = machines.start(machine(state("Pass", Next="B"), B=state("Fail", Error="E", Cause="C")))
    first = machines.ended(execution)
    assert (first["status"], first["redriveCount"], first["redriveStatus"]) == ("FAILED", 0, "REDRIVABLE")

    redriven = machines.states.redrive_execution(executionArn=execution)
    second = machines.ended(execution)
    types = [event["type"] for event in machines.history(execution)]
    assert (second["redriveCount"], second["redriveDate"]) == (1, redriven["redriveDate"])
    assert types == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "FailStateEntered",
        "ExecutionFailed",
        "ExecutionRedriven",
        "FailStateEntered",
        "ExecutionFailed",
    ]
    assert [event["id"] for event in machines.history(execution)] == list(range(1, 9))


def test_a_redriven_execution_has_the_input_and_the_variables_of_the_state(machines: Machines) -> None:
    waiting = machine(
        state("Pass", Assign={"x": 7}, Result={"a": 1, "s": 60}, Next="B"),
        B={**invoking({"sleep.$": "States.MathAdd(0, $.s)", "return": {"a.$": "$.a", "x.$": "$x"}})},
    )
    execution = machines.start(waiting)
    wait_for_event(machines, execution, "TaskStarted")
    machines.states.stop_execution(executionArn=execution, error="Stopped", cause="by the test")
    stopped = machines.ended(execution)
    assert (stopped["status"], stopped["redriveStatus"]) == ("ABORTED", "REDRIVABLE")
    machines.states.redrive_execution(executionArn=execution)
    wait_for_event(machines, execution, "TaskStarted", count=2)
    scheduled = [event for event in machines.history(execution) if event["type"] == "TaskScheduled"]
    payloads = [json.loads(event["taskScheduledEventDetails"]["parameters"])["Payload"] for event in scheduled]
    assert payloads == [{"sleep": 60, "return": {"a": 1, "x": 7}}] * 2
    machines.states.stop_execution(executionArn=execution)


def wait_for_event(machines: Machines, execution: str, event_type: str, count: int = 1) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while [event["type"] for event in machines.history(execution)].count(event_type) < count:
        assert time.monotonic() < deadline, machines.history(execution)
        time.sleep(0.05)


def test_an_execution_that_succeeded_cannot_be_redriven(machines: Machines) -> None:
    execution = machines.start(one_pass())
    described = machines.ended(execution)
    assert described["redriveStatus"] == "NOT_REDRIVABLE"
    assert described["redriveStatusReason"] == "Execution is SUCCEEDED and cannot be redriven"
    assert error_of(machines.states.redrive_execution, executionArn=execution) == "ExecutionNotRedrivable"


def test_a_client_token_redrives_once(machines: Machines) -> None:
    execution = machines.start(machine(state("Fail", Error="E")))
    machines.ended(execution)
    machines.states.redrive_execution(executionArn=execution, clientToken="once")
    machines.ended(execution)
    machines.states.redrive_execution(executionArn=execution, clientToken="once")
    assert machines.ended(execution)["redriveCount"] == 1


def test_executions_are_listed_by_whether_they_were_redriven(machines: Machines) -> None:
    execution = machines.start(machine(state("Fail", Error="E")))
    machines.ended(execution)
    arn = machines.arns[0]
    listed = {
        wanted: machines.states.list_executions(stateMachineArn=arn, redriveFilter=wanted)["executions"]
        for wanted in ("REDRIVEN", "NOT_REDRIVEN")
    }
    assert (len(listed["REDRIVEN"]), len(listed["NOT_REDRIVEN"])) == (0, 1)
    machines.states.redrive_execution(executionArn=execution)
    machines.ended(execution)
    assert (
        machines.states.list_executions(stateMachineArn=arn, redriveFilter="REDRIVEN")["executions"][0]["redriveCount"]
        == 1
    )


def test_a_state_machine_is_described_with_tracing_and_encryption(machines: Machines) -> None:
    described = machines.states.describe_state_machine(stateMachineArn=machines.create(one_pass()))
    assert described["tracingConfiguration"] == {"enabled": False}
    assert described["encryptionConfiguration"] == {"type": "AWS_OWNED_KEY"}


def test_the_state_machine_of_an_execution_is_described_with_tracing_and_encryption(machines: Machines) -> None:
    execution = machines.start(one_pass())
    described = machines.states.describe_state_machine_for_execution(executionArn=execution)
    assert described["tracingConfiguration"] == {"enabled": False}
    assert described["encryptionConfiguration"] == {"type": "AWS_OWNED_KEY"}


def test_an_activity_is_described_with_its_encryption(machines: Machines) -> None:
    activity = machines.states.create_activity(name="described")["activityArn"]
    described = machines.states.describe_activity(activityArn=activity)
    machines.states.delete_activity(activityArn=activity)
    assert described["encryptionConfiguration"] == {"type": "AWS_OWNED_KEY"}


def test_an_execution_can_be_stopped_as_soon_as_it_is_started(machines: Machines) -> None:
    arn = machines.create(machine(state("Wait", Seconds=60)))
    for _ in range(20):
        execution = machines.states.start_execution(stateMachineArn=arn)["executionArn"]
        machines.states.stop_execution(executionArn=execution)
        assert machines.ended(execution)["status"] == "ABORTED"


def test_a_stop_ends_the_wait_for_a_retry(machines: Machines) -> None:
    retrier = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 200}
    execution = machines.start(machine(invoking({"raise": "Custom"}, Retry=[retrier])))
    wait_for_event(machines, execution, "TaskFailed")
    begun = time.monotonic()
    machines.states.stop_execution(executionArn=execution)
    assert machines.ended(execution)["status"] == "ABORTED"
    assert time.monotonic() - begun < 100


def test_others_run_while_an_execution_waits_for_a_retry(machines: Machines) -> None:
    """Executions of a machine share a thread once it is known to wait for functions only."""
    retrier = {"ErrorEquals": ["Custom"], "IntervalSeconds": 200}
    parameters = {"FunctionName": "${function}", "Payload.$": "$"}
    task = state("Task", Resource="arn:aws:states:::lambda:invoke", Parameters=parameters, Retry=[retrier])
    arn = machines.create(machine(task))
    for _ in range(3):
        assert machines.ended(started(machines, arn, {"return": 1}))["status"] == "SUCCEEDED"
    begun = time.monotonic()
    waiting = started(machines, arn, {"raise": "Custom"})
    wait_for_event(machines, waiting, "TaskFailed")
    assert machines.ended(started(machines, arn, {"return": 1}))["status"] == "SUCCEEDED"
    machines.states.stop_execution(executionArn=waiting)
    assert machines.ended(waiting)["status"] == "ABORTED"
    assert time.monotonic() - begun < 100


def started(machines: Machines, arn: str, given: object) -> str:
    return str(machines.states.start_execution(stateMachineArn=arn, input=json.dumps(given))["executionArn"])


def test_a_stop_ends_an_execution_while_its_task_works_and_nothing_follows_in_the_history(machines: Machines) -> None:
    execution = machines.start(machine(invoking({"sleep": 2})))
    wait_for_event(machines, execution, "TaskStarted")
    machines.states.stop_execution(executionArn=execution, error="Stopped", cause="by the test")
    assert machines.ended(execution)["status"] == "ABORTED"
    following = machines.start(machine(invoking({"sleep": 3})))
    assert machines.ended(following)["status"] == "SUCCEEDED"
    assert [event["type"] for event in machines.history(execution)] == [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "ExecutionAborted",
    ]


def test_an_execution_that_is_stopped_at_any_moment_ends_once(machines: Machines) -> None:
    arn = machines.create(machine(invoking({"return": 1}, Next="B"), B=invoking({"return": 2})))

    def stopped_after(delay_s: float) -> str:
        execution = str(machines.states.start_execution(stateMachineArn=arn)["executionArn"])
        time.sleep(delay_s)  # not a wait for something, but the moment that is tried
        machines.states.stop_execution(executionArn=execution)
        return execution

    with ThreadPoolExecutor(8) as pool:
        executions = list(pool.map(stopped_after, [number / 400 for number in range(80)]))
    for execution in executions:
        status = machines.ended(execution)["status"]
        ends = [event["type"] for event in machines.history(execution) if event["type"] in ENDS]
        assert ends == [ENDS_WITH[status]]


def test_an_execution_times_out_while_its_task_works(machines: Machines) -> None:
    execution = machines.start({**machine(invoking({"sleep": 20})), "TimeoutSeconds": 1})
    described = machines.ended(execution)
    assert described["status"] == "TIMED_OUT"
    assert (described["stopDate"] - described["startDate"]).total_seconds() < 19
    *_, last = machines.history(execution)
    assert (last["type"], last["previousEventId"]) == ("ExecutionTimedOut", last["id"] - 1)


def test_the_output_of_lambda_invoke_has_the_metadata_in_order(machines: Machines) -> None:
    execution = machines.start(machine({**invoking({"return": {"é": 1}}), "OutputPath": "$"}))
    output = machines.ended(execution)["output"]
    succeeded = next(event for event in machines.history(execution) if event["type"] == "TaskSucceeded")
    assert succeeded["taskSucceededEventDetails"]["output"] == output
    assert output.startswith('{"ExecutedVersion":"$LATEST","Payload":{"é":1},"SdkHttpMetadata":{"AllHttpHeaders":{')
    assert list(json.loads(output)) == [
        "ExecutedVersion",
        "Payload",
        "SdkHttpMetadata",
        "SdkResponseMetadata",
        "StatusCode",
    ]


def test_an_error_of_the_interpreter_has_no_event_of_a_task(machines: Machines) -> None:
    execution = machines.start(machine(invoking({"x.$": "$.absent"})))
    machines.ended(execution)
    assert [event["type"] for event in machines.history(execution)] == [
        "ExecutionStarted",
        "TaskStateEntered",
        "ExecutionFailed",
    ]


@pytest.mark.parametrize("text", ["a" * 262_143, "é" * 140_000])
def test_an_input_over_the_limit_is_refused(machines: Machines, text: str) -> None:
    arn, given = machines.create(one_pass(Result=1)), json.dumps(text, ensure_ascii=False)
    refusal = error_of(machines.states.start_execution, stateMachineArn=arn, input=given)
    assert refusal in ("ValidationException", "InvalidExecutionInput")


def test_an_execution_with_an_invalid_name_is_refused(machines: Machines) -> None:
    assert (
        error_of(machines.states.start_execution, stateMachineArn=machines.create(one_pass()), name="a b")
        == "InvalidName"
    )


def test_a_state_can_be_tested(machines: Machines) -> None:
    tested = machines.states.test_state(
        definition=json.dumps(state("Pass", Parameters={"é.$": "States.Format('\\{{}', $.a)"})),
        roleArn=ROLE,
        input='{"a": 1}',
    )
    assert (tested["status"], json.loads(tested["output"])) == ("SUCCEEDED", {"é": "{1"})


def test_a_refused_definition_does_not_disturb_the_next(machines: Machines) -> None:
    for _ in range(3):
        assert error_of(machines.create, definition=REFUSED) == "InvalidDefinition"
        assert (
            machines.ended(machines.start(one_pass(Parameters={"a.$": "$.b"}), input='{"b": 1}'))["output"] == '{"a":1}'
        )


def test_definitions_of_both_query_languages_run_at_once(machines: Machines) -> None:
    """Run in 16 threads for STATES_LANGUAGE_THREADS_S seconds: five, or sixty for the long form."""
    end = time.monotonic() + THREADS_S

    def work(number: int) -> int:
        runs = 0
        while time.monotonic() < end:
            definition = evaluated("$states.input.a + 1") if (number + runs) % 2 else one_pass(InputPath="$.a")
            if (number + runs) % 7 == 0:
                assert error_of(machines.create, definition=REFUSED) == "InvalidDefinition"
            described = machines.ended(machines.start(definition, input='{"a": 1}'))
            assert described["output"] == ("2" if (number + runs) % 2 else "1"), described
            runs += 1
        return runs

    with ThreadPoolExecutor(THREADS) as pool:
        runs = list(pool.map(work, range(THREADS)))
    assert all(runs)
